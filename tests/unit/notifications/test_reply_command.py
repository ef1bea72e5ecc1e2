"""`calendar reply` and `calendar check` in surroundings that lack something, or do not need it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from services.notifications.app import SERVICE


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


def test_files_are_judged_without_reading_the_whole_service() -> None:
    look = "import sys, services.notifications.entrypoints.calendar_check as _; "
    look += "print([name for name in sys.argv[1:] if name in sys.modules])"
    heavy = ("faststream", "aiokafka", "asyncpg", "uvicorn", "jinja2", "structlog", "services.notifications.app")
    done = subprocess.run([sys.executable, "-c", look, *heavy], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
