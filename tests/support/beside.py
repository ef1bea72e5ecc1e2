"""`scheduling` beside a workplace of `enrollment`, over Kafka: what the one tells, the other hears."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from pydantic import SecretStr

from deploy.local.topics import ensure_topics
from services.scheduling.settings import Settings
from tests.support.oidc import Provider
from tests.support.servers import Database, MakeDatabase
from tests.support.workplace import Workplace, open_workplace


@dataclass(frozen=True, slots=True)
class Beside:
    """`front` runs; scheduling can be started with these settings, on its own database."""

    front: Workplace
    where: Database
    settings: Settings


@pytest.fixture
async def beside(
    database: MakeDatabase, link_key_file: Path, oidc_provider: Provider, tmp_path: Path, kafka: str, prefix: str
) -> AsyncIterator[Beside]:
    await ensure_topics(kafka, prefix)
    where = await database("scheduling")
    async with open_workplace(database, link_key_file, oidc_provider, tmp_path, kafka=kafka, prefix=prefix) as front:
        settings = Settings(
            database_url=SecretStr(where.url),
            http_port=0,
            link_key_file=link_key_file,
            session_public_keys_file=front.public_keys_file,
            kafka=kafka,
            prefix=prefix,
        )
        yield Beside(front, where, settings)
