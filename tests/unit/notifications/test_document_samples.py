"""What `document samples` writes is what lies in the repository."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from deploy.local.locations import ROOT
from services.notifications.app import SERVICE
from services.notifications.console.__main__ import main
from services.notifications.usecases.make_samples import make_samples

SAMPLES = ROOT / "docs" / "samples"


def test_the_samples_in_the_repository_are_what_the_command_makes(tmp_path: Path) -> None:
    assert main(["document", "samples", str(tmp_path)]) == 0
    made = {str(path.relative_to(tmp_path)): path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert made == make_samples()
    assert {"kvittering.pdf", "kvittering-venteliste.pdf"} <= set(made)
    assert made == {name: (SAMPLES / name).read_bytes() for name in made}


def test_a_folder_that_cannot_be_made_is_said_in_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").touch()
    for noun in ("document", "calendar"):
        for command in (SERVICE.commands[noun], lambda argv: main([noun, *argv])):  # noqa: B023  (called at once)
            assert command(["samples", str(tmp_path / "file")]) == os.EX_CANTCREAT
        assert capsys.readouterr().err.startswith(f"cannot_write: {tmp_path / 'file'}: Der kan ikke skrives her (")
