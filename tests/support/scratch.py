"""Tests write to memory where there is room for it: every test's databases are hundreds of small files.

TMPDIR decides, where it is set. What a failed test left stays to be looked at, until the next run.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from pathlib import Path

import psutil
import pytest

MEMORY = Path("/dev/shm")  # noqa: S108  (a folder of this user's own is made in it)
ROOM = 6 * 1024**3
"""Bytes: three times what a whole run leaves."""
OLD_S = 24 * 3600


def pytest_configure(config: pytest.Config) -> None:
    """Before anything is written; the workers of xdist and every process that a test starts inherit it."""
    if hasattr(config, "workerinput") or "TMPDIR" in os.environ or not _has_room(MEMORY):
        return
    folder = MEMORY / f"tovholder-tests-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.stat().st_uid == os.getuid():
        _sweep(folder)
        os.environ["TMPDIR"] = str(folder)
        tempfile.tempdir = None


def _sweep(folder: Path) -> None:
    """What runs that were killed have left is memory that nobody gives back."""
    for left in folder.iterdir():
        if time.time() - left.stat().st_mtime > OLD_S:
            shutil.rmtree(left, ignore_errors=True)


def _has_room(folder: Path) -> bool:
    if not os.access(folder, os.W_OK):
        return False
    found = os.statvfs(folder)
    return min(found.f_bavail * found.f_frsize, psutil.virtual_memory().available) >= ROOM
