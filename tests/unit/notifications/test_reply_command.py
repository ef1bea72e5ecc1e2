"""`calendar reply` where the mail server calls it without what it needs."""

from __future__ import annotations

import os
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
