"""Programme files are checked before anybody publishes them, each by itself and beside the others."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from services.enrollment.adapters import programme_files
from services.enrollment.domain.programme_file.beside import Checked, check_together


def check_programmes(named: Iterable[Path]) -> list[Checked]:
    """The files named; of a folder, every *.yaml in it."""
    return check_together(programme_files.load_all(named))
