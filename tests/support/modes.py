"""Who may see what lies in a folder."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from shared.base.files import OTHERS


def open_to_others(folder: Path) -> list[str]:
    """The folder itself and everything in it that anybody but its owner may read, write or enter; links apart."""
    found = [folder, *(Path(where, name) for where, folders, files in os.walk(folder) for name in (*folders, *files))]
    modes = [(path, path.lstat().st_mode) for path in found]
    return [f"{stat.filemode(mode)} {path}" for path, mode in modes if mode & OTHERS and not stat.S_ISLNK(mode)]
