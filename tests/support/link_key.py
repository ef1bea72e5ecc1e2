"""The key that signs links in the tests, and what signs with it."""

from __future__ import annotations

import secrets
from pathlib import Path

import pytest

from shared.base.links import Links


@pytest.fixture(scope="session")
def link_key_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One for the whole process."""
    file = tmp_path_factory.mktemp("key") / "links.key"
    file.write_text(secrets.token_hex(32), encoding="ascii")
    return file


@pytest.fixture(scope="session")
def links(link_key_file: Path) -> Links:
    """For use cases that run in the process of the tests."""
    key = link_key_file.read_bytes()
    return Links(lambda: key)
