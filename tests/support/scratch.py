"""Tests write to memory where there is room for it: every test's databases are hundreds of small files.

TMPDIR decides, where it is set. What a failed test left stays to be looked at, until the next run.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

MEMORY = Path("/dev/shm")  # noqa: S108  (a folder of this user's own is made in it)
ROOM = 6 * 1024**3
"""Bytes: three times what a whole run leaves."""


def pytest_configure(config: pytest.Config) -> None:
    """Before anything is written; the workers of xdist and every process that a test starts inherit it."""
    if hasattr(config, "workerinput") or "TMPDIR" in os.environ or not _has_room(MEMORY):
        return
    folder = MEMORY / f"tovholder-tests-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.stat().st_uid == os.getuid():
        os.environ["TMPDIR"] = str(folder)
        tempfile.tempdir = None


def _has_room(folder: Path) -> bool:
    if not os.access(folder, os.W_OK):
        return False
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize >= ROOM
