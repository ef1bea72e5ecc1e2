"""The key that signs links, for use cases that run in the process of the tests."""

from __future__ import annotations

import os
import secrets
import tempfile
from pathlib import Path

import pytest


@pytest.fixture(scope="session", autouse=True)
def link_key() -> None:
    folder = Path(tempfile.mkdtemp(prefix="tovholder-test-key-"))
    (folder / "links.key").write_text(secrets.token_hex(32), encoding="ascii")
    os.environ["TOVHOLDER_LINK_KEY_FILE"] = str(folder / "links.key")
    os.environ.setdefault("TOVHOLDER_DATABASE_URL", "postgresql://nobody@127.0.0.1/none")
