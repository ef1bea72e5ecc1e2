"""The key that signs links, for use cases that run in the process of the tests."""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest


@cache
def _file() -> str:
    """One for the whole process: what signs links reads it once."""
    file = Path(tempfile.mkdtemp(prefix="tovholder-test-key-")) / "links.key"
    file.write_text(secrets.token_hex(32), encoding="ascii")
    return str(file)


@pytest.fixture(scope="module", autouse=True)
def link_key() -> Iterator[None]:
    """The environment is as it was after each module: others read it as well."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TOVHOLDER_LINK_KEY_FILE", _file())
        patch.setenv(
            "TOVHOLDER_DATABASE_URL", os.environ.get("TOVHOLDER_DATABASE_URL", "postgresql://nobody@127.0.0.1/none")
        )
        yield
