"""The toy service, ready to be asked."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.servers import MakeDatabase
from tests.support.toy import Desk, a_desk


@pytest.fixture
def link_key_file(tmp_path: Path) -> Path:
    file = tmp_path / "link-key"
    file.write_text(secrets.token_hex(32))
    return file


@pytest.fixture
async def desk(database: MakeDatabase, link_key_file: Path) -> AsyncIterator[Desk]:
    async with a_desk(await database(), link_key_file) as open_desk:
        yield open_desk
