"""What is looked at stands in the order of the story, and dead letters that nobody spoke of are found at its end."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from deploy.local.stories.checking import check_text
from deploy.local.stories.client import Answer
from deploy.local.stories.player import Played, Player
from deploy.local.stories.stage import Stage

HEAD = "story: En prøve\nclock: 2020-06-02 08:00\naddresses: []\n"
NOT_OWNER = {
    "service": "invoicing",
    "id": 1,
    "reason": "not_owner",
    "detail": "the scope has another owner",
    "type": "tovholder.enrollment.PersonErased.v1",
    "source": "/en-anden",
    "subject": "person/1",
}
GAP = {"service": "notifications", "reason": "gap", "subject": "person/2", "source": "/crm"}


class Quiet:
    """A clock that stands still."""

    now = datetime(2020, 6, 2, 6, tzinfo=UTC)
    jumps = 0

    async def quiet(self) -> None:
        pass


class Backwards:
    """Of those who ask at once, whoever asked last is answered first."""

    def __init__(self) -> None:
        self._waiting: list[asyncio.Future[None]] = []

    async def ask(self, _method: str, path: str, *_: object, **__: object) -> Answer:
        loop = asyncio.get_running_loop()
        answered: asyncio.Future[None] = loop.create_future()
        self._waiting.append(answered)
        loop.call_soon(lambda: self._waiting.pop().set_result(None))
        await answered
        return Answer({"path": path})

    async def read(self, path: str, **_: object) -> Answer:
        return await self.ask("GET", path)


class Stand:
    """As much of a stage as these stories need."""

    def __init__(self, *dead: Mapping[str, Any]) -> None:
        self.simulation, self.client, self.dead = Quiet(), Backwards(), dead

    async def events(self) -> list[Any]:
        return []

    async def dead_letters(self) -> list[dict[str, Any]]:
        return [dict(one) for one in self.dead]


async def played(body: str, stage: object) -> Played:
    return await Player(cast(Stage, stage), check_text(HEAD + body, "s.yaml", Path())).play()


async def test_what_happens_at_once_is_told_in_the_order_of_the_story() -> None:
    came = await played(
        "steps:\n"
        "  - together:\n"
        "      - {call: GET /1}\n"
        "      - {for_each: {k: [2, 4, 3]}, call: 'GET /{k}'}\n"
        "      - steps: [{call: GET /5}, {call: GET /9}]\n",
        Stand(),
    )
    assert [(one.line, one.title) for one in came.results[:-1]] == [
        (6, "GET /1"),
        (7, "GET /{k} 1"),
        (7, "GET /{k} 2"),
        (7, "GET /{k} 3"),
        (8, "GET /5"),
        (8, "GET /9"),
    ]


async def test_dead_letters_that_no_expectation_was_about_are_found_at_the_end() -> None:
    expected = "expect:\n  - {dead_letters: {reason: not_owner}, count: 1}\n"
    assert (await played(expected, Stand(NOT_OWNER))).holds
    assert (await played("", Stand())).holds
    for body, dead in (("", [NOT_OWNER]), (expected, [NOT_OWNER, GAP]), ("", [GAP])):
        came = await played(body, Stand(*dead))
        assert [one.title for one in came.results if not one.holds] == ["ingen andre dead letters"], dead
        assert "id =" not in str(came.results[-1].verdict.notes)


async def test_a_connection_that_breaks_ends_the_story_and_keeps_what_was_seen() -> None:
    class Cut(Stand):
        async def dead_letters(self) -> list[dict[str, Any]]:
            raise ConnectionResetError("cut")

    came = await played("steps:\n  - {call: GET /1}\n", Cut())
    assert came.ended == "Installationen svarer ikke, som den skal: ConnectionResetError: cut"
    assert [one.title for one in came.results] == ["GET /1"]
