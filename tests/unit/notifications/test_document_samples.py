"""What `document samples` writes is what lies in the repository."""

from __future__ import annotations

from pathlib import Path

from deploy.local.locations import ROOT
from services.notifications.entrypoints.document_commands import document, samples

SAMPLES = ROOT / "docs" / "samples"


def test_the_samples_in_the_repository_are_what_the_command_makes(tmp_path: Path) -> None:
    assert document(["samples", str(tmp_path)]) == 0
    made = {str(path.relative_to(tmp_path)): path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert made == samples()
    assert "kvittering.pdf" in made
    assert made == {name: (SAMPLES / name).read_bytes() for name in made}
