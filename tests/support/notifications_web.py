"""`notifications` as people outside meet it: a branch that mails lead to at an address of the organiser's."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from shared.base.links import Links
from shared.base.passes import Reader, pass_path
from tests.support.branch import Branch, open_branch
from tests.support.room import Room
from tests.support.servers import MakeDatabase

START = datetime(2020, 6, 1, 8, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class CalendarOffice:
    branch: Branch
    client: httpx.AsyncClient

    @property
    def url(self) -> str:
        return self.branch.url

    @property
    def desk(self) -> Room:
        return self.branch.room

    @property
    def links(self) -> Links:
        return self.desk.links

    def calendar_of(self, reader: Reader) -> str:
        """The path that a page leads this reader to."""
        return pass_path(self.links, "calendar", reader, self.desk.time)

    async def move_to(self, now: datetime) -> None:
        """Domain time of the service, and of the room."""
        self.desk.time = now
        await self.branch.move_clock()


@pytest.fixture
async def calendar_office(database: MakeDatabase, link_key_file: Path, tmp_path: Path) -> AsyncIterator[CalendarOffice]:
    public = {"public_url": "https://tovholder.example"}
    async with open_branch("notifications", database, link_key_file, tmp_path, start=START, **public) as branch:
        yield CalendarOffice(branch, branch.nobody())
