"""The toy service, ready to be asked."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import structlog

from shared.runtime import log as logs
from tests.support.servers import MakeDatabase
from tests.support.toy import Desk, a_desk


@pytest.fixture(scope="session", autouse=True)
def _plain_log() -> None:
    """structlog's own way draws every local variable of every frame, which takes seconds."""
    structlog.configure(processors=[logs.describe_exception, logs.keep_secrets, structlog.processors.JSONRenderer()])


@pytest.fixture
def link_key_file(tmp_path: Path) -> Path:
    file = tmp_path / "link-key"
    file.write_text(secrets.token_hex(32))
    return file


@pytest.fixture
async def desk(database: MakeDatabase, link_key_file: Path) -> AsyncIterator[Desk]:
    async with a_desk(await database(), link_key_file) as open_desk:
        yield open_desk
