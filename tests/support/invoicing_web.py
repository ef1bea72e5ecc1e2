"""`invoicing` as whoever has a link of its meets it: a branch, and the links that staff are given."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from tests.support.branch import TOKEN, Branch, open_branch
from tests.support.room import Room
from tests.support.servers import MakeDatabase

START = datetime(2020, 6, 1, 8, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class CountingHouse:
    branch: Branch
    client: httpx.AsyncClient

    @property
    def url(self) -> str:
        return self.branch.url

    @property
    def books(self) -> Room:
        return self.branch.room

    async def page_of(self, invoice_id: str) -> str:
        """The path that staff are given for this invoice."""
        asked = f"/api/invoicing/invoices/{invoice_id}/page"
        answer = await self.client.get(asked, headers={"Authorization": f"Bearer {TOKEN}"})
        assert answer.status_code == 200, answer.text
        return urlsplit(str(answer.json()["url"])).path

    async def move_clock(self) -> None:
        """Domain time of the service, to that of the room."""
        await self.branch.move_clock()


@pytest.fixture
async def counting_house(database: MakeDatabase, link_key_file: Path, tmp_path: Path) -> AsyncIterator[CountingHouse]:
    async with open_branch("invoicing", database, link_key_file, tmp_path, start=START) as branch:
        yield CountingHouse(branch, branch.nobody())
