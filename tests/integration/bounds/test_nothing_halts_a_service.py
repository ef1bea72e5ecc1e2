"""Every fact and every command at its bounds and past them, through every reader: none of them halts a service.

Each is taken in, refused, or kept aside as a dead letter, whatever stands in it. What the good ones leave behind is
read as well: timers ring, mails and documents are made, lists are shown.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count, product
from pathlib import Path
from typing import Any

import pytest
from pydantic_core import to_json

from services.enrollment.adapters.papers import PAPERS
from services.enrollment.app import SERVICE as ENROLLMENT
from services.enrollment.usecases.publish_programme import PublishProgramme, publish_programme
from services.invoicing.adapters.einvoice.official_rules import OfficialRules
from services.invoicing.app import SERVICE as INVOICING
from services.invoicing.usecases.write_documents import write_documents
from services.notifications.adapters.mime import NotAnAddressError
from services.notifications.app import SERVICE as NOTIFICATIONS
from services.scheduling.app import SERVICE as SCHEDULING
from shared.base.failures import Failure, classify
from shared.base.links import Links
from shared.contracts.event import COMMANDS, FACTS, INTAKE_TOPIC, topic_of
from shared.contracts.refusal import Refused
from shared.messaging.consumer import Consumer
from shared.messaging.inbox import Inbox
from shared.messaging.records import StoredRecord
from shared.messaging.subscriptions import Intake, On
from shared.runtime.service import Service
from shared.storage.pool import open_pool
from shared.storage.tx import transaction
from shared.web.routes import Read, path_parameters
from tests.support.edges import Deck, as_json
from tests.support.enrollment_desk import programme_text
from tests.support.facts import COMMAND_EXAMPLES, FACT_EXAMPLES, cloud_event
from tests.support.hostile import EVERY_TEXT
from tests.support.letters import COMPOSER, written
from tests.support.room import BY_HAND, Room
from tests.support.servers import MakeDatabase

SERVICES = {one.name: one for one in (ENROLLMENT, SCHEDULING, INVOICING, NOTIFICATIONS)}
EXAMPLES = {one.type: cloud_event(one, sequence=None) for one in (*FACT_EXAMPLES, *COMMAND_EXAMPLES)}
AT = datetime(2020, 6, 15, 10, tzinfo=UTC)
LATER = {
    f"tovholder.{name}.v1"
    for name in (
        "enrollment.ProgrammeCancelled",
        "enrollment.EnrolmentWaitlisted",
        "enrollment.EnrolmentLapsed",
        "enrollment.EnrolmentWithdrawn",
        "enrollment.WithdrawEnrolment",
        "enrollment.EnrolmentRegrouped",
        "enrollment.ParticipantCancelled",
        "enrollment.CancelParticipant",
        "scheduling.MeetingCancelled",
        "scheduling.MeetingHeld",
        "scheduling.CancelMeeting",
        "scheduling.MarkMeetingHeld",
    )
}
"""Ends of something: before them there is more to go wrong."""
A_YEAR_LATER, FAR_AHEAD = datetime(2021, 6, 15, 10, tzinfo=UTC), datetime(2290, 1, 1, tzinfo=UTC)
AT_ONCE = 100
TRIES = 5
OWN, SHARED = (12, 2) if EVERY_TEXT else (3, 1)
"""Odd values at each place that only one type has, and at those that many have; `make lives` takes more of them."""


@dataclass
class Fuzzed:
    """One service with its real handlers on a database of its own."""

    room: Room
    consumer: Consumer
    service: Service
    numbers: Iterable[int] = field(default_factory=count)
    halts: dict[str, str] = field(default_factory=dict)
    """What would have stopped the service, with one event that does it."""

    def record(self, event: dict[str, Any]) -> StoredRecord:
        wire_type = event["type"]
        topic = INTAKE_TOPIC if wire_type in COMMANDS else topic_of(FACTS[wire_type].service)
        return StoredRecord(topic, 0, next(iter(self.numbers)), 1_590_000_000_000, b"k", as_json(event), ())

    def odd(self, deck: Deck, draw: random.Random) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """Events of every type it reads, each with an oddity and about a subject of its own: none waits for another.

        The second ones end something.
        """
        types = [entry.fact.type if isinstance(entry, On) else entry.act.name for entry in self.service.subscriptions]
        dealt = [(one, data) for one in types for data in deck.deal(one, EXAMPLES[one]["data"], own=OWN, shared=SHARED)]
        draw.shuffle(dealt)
        events = [self._event(wire_type, data, number) for number, (wire_type, data) in enumerate(dealt, 10)]
        return [one for one in events if one["type"] not in LATER], [one for one in events if one["type"] in LATER]

    def _event(self, wire_type: str, data: dict[str, Any], number: int) -> dict[str, Any]:
        usual, name = EXAMPLES[wire_type], f"{wire_type}-{number}"
        _as_news(data, usual["data"], name, number, fresh=number % 4 == 0)
        source = data.get("owner", usual["source"]) if wire_type in FACTS else usual["source"]
        source = source if isinstance(source, str) and source.isprintable() and 0 < len(source) < 256 else "/x"
        return {**usual, "id": name, "source": source, "subject": f"odd/{name}", "data": data}

    async def take_all(self, events: Sequence[dict[str, Any]]) -> None:
        for start in range(0, len(events), AT_ONCE):
            await self.take([self.record(event) for event in events[start : start + AT_ONCE]])

    async def take(self, records: Sequence[StoredRecord]) -> None:
        """As the consumer does; a batch that would halt it is taken event by event, and those at fault are noted."""
        error = await self._attempt(records)
        if error is None:
            return
        if len(records) == 1:
            self.halts.setdefault(error, (records[0].value or b"").decode()[:3_000])
            return
        middle = len(records) // 2
        await self.take(records[:middle])
        await self.take(records[middle:])

    async def _attempt(self, records: Sequence[StoredRecord]) -> str | None:
        again = ""
        for _ in range(TRIES):
            try:
                await self.consumer._take(records)
            except Exception as error:  # noqa: BLE001  (whatever it is, it is what the test is about)
                if classify(error) is Failure.TRANSIENT:
                    self.consumer._backoff.failed()
                    again = f"{error!r} because of {error.__cause__!r}"[:200]
                    continue
                where = error.__traceback__
                while where is not None and where.tb_next is not None and "/services/" not in _file(where.tb_next):
                    where = where.tb_next
                while where is not None and where.tb_next is not None:
                    where = where.tb_next
                return f"{type(error).__name__}: {str(error)[:120]} in {_file(where)}:{where.tb_lineno if where else 0}"
            return None
        return f"tried again without end: {again}"


def _as_news(data: Any, usual: Any, name: str, number: int, *, fresh: bool) -> None:
    """Later than all that was told before, and (fresh) about something new, where that is not what is odd."""
    for key, was in usual.items():
        if key not in data or data[key] is None:
            continue
        if key in {"date_version", "version"} and data[key] == was:
            data[key] = number
        elif fresh and data[key] == was and key in {"enrolment_id", "claim_id"}:
            data[key] = name
        elif key == "id" and data[key] == was and "when" in data and data["when"] != usual["when"]:
            # One that was cancelled or held has no days any more.
            data[key] = name
        elif isinstance(was, dict) and isinstance(data[key], dict):
            _as_news(data[key], was, name, number, fresh=fresh)


def _file(where: Any) -> str:
    return str(where.tb_frame.f_code.co_filename) if where is not None else ""


@asynccontextmanager
async def fuzzed(service: Service, database: MakeDatabase, links: Links) -> AsyncIterator[Fuzzed]:
    where = await database(service.name)
    pool = await open_pool(where.url, "test")
    room = Room(service.name, pool, service.subscriptions, service.timers, time=AT, links=links)
    inbox = Inbox(service.name, service.subscriptions, room, doorkeeper=True, links=links)
    consumer = Consumer(inbox, dsn=where.url, kafka="", topics=[])
    try:
        yield Fuzzed(room, consumer, service)
    finally:
        await consumer._disconnect()
        await pool.close()


async def _ordinary_life(one: Fuzzed) -> None:
    """What the odd events meet: a programme with a municipality, a meeting and people in it."""
    if one.service is ENROLLMENT:
        await one.room.ask(publish_programme, PublishProgramme(file=programme_text()))
    heard = {entry.fact.type for entry in one.service.subscriptions if isinstance(entry, On)}
    asked = {entry.act.name for entry in one.service.subscriptions if isinstance(entry, Intake)}
    first = [event for name, event in EXAMPLES.items() if name in (heard | asked) - LATER]
    await one.take([one.record({**event, "id": f"first-{number}"}) for number, event in enumerate(first)])


async def _is_accounted_for(one: Fuzzed, sent: int) -> None:
    """Each has an inbox row, or is a dead letter; nothing waits."""
    taken, dead, unread, parked = await one.room.pool.fetchrow(
        """
        SELECT (SELECT count(*) FROM inbox), (SELECT count(*) FROM dead_letters),
               (SELECT count(*) FROM dead_letters d
                WHERE NOT EXISTS (SELECT FROM inbox i WHERE i.event_id = d.event_id)),
               (SELECT count(*) FROM parked_events)
        """
    )
    assert (taken + unread, parked) == (sent, 0)
    assert dead < sent / 2, "most of them are ordinary but for one thing, and are taken in"


async def _letters_are_made(one: Fuzzed) -> None:
    """But to and from what is no address: that becomes a MessageFailed. Of what is forgotten nothing is made."""
    for message in await written(one.room):
        if message.forgotten:
            continue
        with suppress(NotAnAddressError):
            await asyncio.to_thread(COMPOSER.mail, message)


async def _documents_are_made(one: Fuzzed, folder: Path) -> None:
    def open_transaction() -> Any:
        return transaction(one.room.pool, one.room, one.room.source, BY_HAND)

    with OfficialRules(None) as rules:
        while await write_documents(open_transaction, folder, rules):
            pass


PLACES = {
    "meeting_id": "SELECT id FROM meetings",
    "programme_id": "SELECT id FROM programmes",
    "enrolment_id": "SELECT id FROM enrolments",
    "claim_id": "SELECT id FROM claims",
    "invoice_id": "SELECT id FROM invoices",
    "credit_note_id": "SELECT id FROM credit_notes",
    "message_id": "SELECT id FROM messages",
    "code": "SELECT code FROM organisations",
    "paper": f"SELECT unnest('{{{','.join(('enrolments', *PAPERS))}}}'::text[])",
    "version": "SELECT DISTINCT version::text FROM programme_versions",
    "person_id": "SELECT person_id FROM erased_persons",
}


async def _everything_is_shown(one: Fuzzed) -> None:
    for route in one.service.routes:
        if not isinstance(route, Read):
            continue
        places = [{}] if not (names := path_parameters(route.path)) else await _places(one, *names)
        for place in places:
            with suppress(Refused):
                to_json(await one.room.read(route.usecase, **place))


async def _places(one: Fuzzed, *names: str) -> list[dict[str, str]]:
    """A hundred, or ten of each where a path has several."""
    most = 100 if len(names) == 1 else 10
    found = [await one.room.pool.fetch(f"{PLACES[name]} ORDER BY 1 LIMIT {most}") for name in names]
    return [dict(zip(names, (row[0] for row in rows), strict=True)) for rows in product(*found)]


@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", sorted(SERVICES))
async def test_no_fact_and_no_command_at_its_bounds_halts(
    name: str, database: MakeDatabase, links: Links, tmp_path: Path
) -> None:
    async with fuzzed(SERVICES[name], database, links) as one:
        await _ordinary_life(one)
        before_the_end, at_the_end = one.odd(Deck(name), random.Random(name))  # noqa: S311  (chance, not secrecy)
        await one.take_all(before_the_end)
        await one.room.ring(A_YEAR_LATER)
        await one.take_all(at_the_end)
        assert not one.halts, "\n".join(f"{error}\n    {event}" for error, event in one.halts.items())
        await _is_accounted_for(one, next(iter(one.numbers)))
        await one.room.ring(FAR_AHEAD)
        if one.service is NOTIFICATIONS:
            await _letters_are_made(one)
        if one.service is INVOICING:
            await _documents_are_made(one, tmp_path)
        await _everything_is_shown(one)
