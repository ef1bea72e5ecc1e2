"""The command line, in surroundings that lack something or do not need it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from deploy.local.locations import ROOT
from services.notifications.app import SERVICE
from services.notifications.console.__main__ import main

SAMPLE = str(ROOT / "docs" / "samples" / "calendar" / "invitation.ics")


def test_a_missing_setting_is_named_and_the_mail_server_keeps_the_mail(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("TOVHOLDER_DATABASE_URL", raising=False)
    mail = tmp_path / "mail.eml"
    mail.write_bytes(b"Subject: ja\r\n\r\n")
    assert SERVICE.commands["calendar"](["reply", str(mail)]) == os.EX_TEMPFAIL
    said = capsys.readouterr().err.splitlines()[-1]
    assert said.startswith("not_set_up: ")
    assert "TOVHOLDER_DATABASE_URL" in said
    assert "Prøv igen om lidt" not in said


SERVER = ("faststream", "aiokafka", "asyncpg", "uvicorn", "structlog", "services.notifications.app")


@pytest.mark.parametrize(
    ("words", "unread"),
    [
        (["calendar", "check", SAMPLE], [*SERVER, "jinja2", "typst"]),
        (["calendar", "samples"], SERVER),
        (["document", "samples"], SERVER),
    ],
)
def test_what_needs_no_service_reads_none(tmp_path: Path, words: list[str], unread: Sequence[str]) -> None:
    argv = words if SAMPLE in words else [*words, str(tmp_path)]
    look = "import json, sys; from services.notifications.console.__main__ import main; "
    look += "argv, names = map(json.loads, sys.argv[1:]); status = main(argv); "
    look += "sys.exit(f'{status} {[name for name in names if name in sys.modules]}')"
    asked = [json.dumps(argv), json.dumps(unread)]
    done = subprocess.run([sys.executable, "-c", look, *asked], capture_output=True, text=True, check=False)
    assert done.stderr == "0 []\n"


def test_a_command_that_is_none_is_answered_with_those_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    for argv in ([], ["calendar"], ["calendar", "reply", "x"]):
        with pytest.raises(SystemExit) as ended:
            main(argv)
        assert ended.value.code == 2
        assert "calendar check | calendar samples | document samples" in capsys.readouterr().err
