"""What a large database costs: each look against the same one on a small database, and letters against few of them.

10,000 programmes, a million sent events, 100,000 messages, a tenth of them waiting for a later try; a batch that gives
500 meetings a date, for 98 contacts each; and a morning on which staff of 100 mailboxes have 50,000 lines to read. The
data are made in the database itself.
"""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import asyncpg

from bench.harness import Row, Servers, median, step
from services.enrollment.usecases.read_front_page import read_front_page
from services.enrollment.usecases.read_programmes import read_programmes
from services.notifications.adapters import outgoing
from services.notifications.adapters import programmes as programmes_of_notifications
from services.notifications.domain.digest import DIGEST, EVERYBODY
from services.notifications.domain.looks import CALENDARS, CALENDARS_AT_ONCE
from services.notifications.entrypoints.timers import TIMERS
from services.notifications.usecases.announce_meeting import announce_meeting
from services.notifications.usecases.follow_enrolment import follow_enrolments
from services.notifications.usecases.read_messages import read_messages
from shared.base.activity import Activity
from shared.base.cause import Cause
from shared.base.cloudevents import Received
from shared.base.listing import Page
from shared.contracts.scheduling import MeetingScheduled
from shared.messaging import replay
from shared.runtime.timers import Timers
from shared.runtime.why import explain
from shared.storage.pool import open_pool
from shared.storage.tx import Pool, Tx, transaction
from tests.support.facts import (
    MEETINGS_OWNER,
    PROGRAMME,
    a_meeting,
    a_programme,
    an_enrolment,
    an_organisation,
    enrolment_id_of,
)
from tests.support.filled import messages_of_notifications, programmes_of_enrollment, sent

PROGRAMMES, EVENTS, MESSAGES = 10_000, 1_000_000, 100_000
SMALL = 100
"""Programmes and messages of the small database; of events it has ten thousand."""
MEETINGS, FEW_MEETINGS, CONTACTS = 500, 5, 98
LINES, FEW_LINES, MAILBOXES = 50_000, 5_000, 100
LOOKS = 15
TARGET = 3.0
"""A look takes at most so many times what it takes on the small database."""
LETTERS_TARGET = 1.5
LONGEST_STRETCH_MS = 100.0
_BECAUSE = Cause("bench", None, "bench")


class _Now:
    """The time of it all."""

    simulated, held = True, False

    def now(self) -> datetime:
        return datetime(2020, 6, 1, 8, tzinfo=UTC)

    def wakes(self, _event: asyncio.Event) -> None:
        pass


NOW = _Now()
Look = Callable[[Pool], Awaitable[object]]


async def _in_a_transaction(pool: Pool, usecase: Callable[[Tx], Awaitable[Any]]) -> Any:
    async with transaction(pool, NOW, "/tovholder/any", _BECAUSE) as tx:  # as much of a clock
        return await usecase(tx)


async def front_page(pool: Pool) -> None:
    await _in_a_transaction(pool, lambda tx: read_front_page(tx, {}))


async def programmes(pool: Pool) -> None:
    """A page from the middle."""
    cursor = Page("programmes").cursor(["2020-01-01", "p5"])
    await _in_a_transaction(pool, lambda tx: read_programmes(tx, {"cursor": cursor, "limit": "50"}))


async def why(pool: Pool) -> None:
    await _in_a_transaction(pool, lambda tx: explain(tx, "enrollment", None, "e50"))


async def first_record(pool: Pool) -> None:
    async with pool.acquire() as connection, connection.transaction(readonly=True, isolation="repeatable_read"):
        await connection.execute(replay.AS_IT_IS_READ)
        told = connection.cursor(replay.SENT, datetime(2020, 1, 1, tzinfo=UTC), prefetch=10)
        async for _ in replay.in_order(told, connection.cursor(replay.UNSENT, prefetch=10)):
            return


async def messages(pool: Pool) -> None:
    """A page from the middle; the counts stand beside the first one."""
    await _in_a_transaction(
        pool, lambda tx: read_messages(tx, {"cursor": "60", "limit": "50", "template": "invitation"})
    )


async def mailer(pool: Pool) -> None:
    assert await outgoing.load_to_do(pool, "bench/1/a") == (False, False)


LOOKED_AT: tuple[tuple[str, str, Look], ...] = (
    ("front page, 10,000 programmes", "enrollment", front_page),
    ("list of programmes, a page", "enrollment", programmes),
    ("why, 1 M sent events", "enrollment", why),
    ("replay, its first record", "enrollment", first_record),
    ("list of messages, a page", "notifications", messages),
    ("mailer's look, 10,000 waiting", "notifications", mailer),
)


async def fill(servers: Servers, service: str, *, large: bool) -> Pool:
    database = await servers.fresh(service)
    connection = await asyncpg.connect(database.admin_url)
    try:
        await connection.execute("SET synchronous_commit = off; SET session_replication_role = replica")
        if service == "enrollment":
            await programmes_of_enrollment(connection, PROGRAMMES if large else SMALL)
            await sent(connection, EVENTS if large else EVENTS // 100)
        else:
            many = MESSAGES if large else SMALL
            await messages_of_notifications(connection, many, pending=many // 10)
        await connection.execute("VACUUM ANALYZE")
    finally:
        await connection.close()
    return await open_pool(database.url, "bench", size=2)


async def _milliseconds(look: Look, pool: Pool) -> float:
    taken = []
    for _ in range(LOOKS):
        started = time.perf_counter()
        await look(pool)
        taken.append(1000 * (time.perf_counter() - started))
    return median(taken[2:])


async def looks(servers: Servers) -> list[Row]:
    rows = []
    for service in ("enrollment", "notifications"):
        step(f"growth: filling {service}")
        large, small = await fill(servers, service, large=True), await fill(servers, service, large=False)
        step(f"growth: looking at {service}")
        for name, where, look in LOOKED_AT:
            if where == service:
                few, many = await _milliseconds(look, small), await _milliseconds(look, large)
                rows.append(
                    Row(
                        *(name, many, "ms", many / few, "the same on a small database"),
                        target=f"≤ {TARGET}", reached=many / few <= TARGET,
                    )
                )  # fmt: skip
        await large.close()
        await small.close()
    return rows


@asynccontextmanager
async def _stretches(longest: list[float]) -> Any:
    """How much the loop's thread computed between two of its turns; what others on the machine do does not count.

    Nor does what was there before: the collector does not go over it, as in a process of ours (`running.serve`).
    """
    gc.collect()
    gc.freeze()

    async def tick() -> None:
        before = time.thread_time()
        while True:
            await asyncio.sleep(0.001)
            after = time.thread_time()
            longest[0] = max(longest[0], 1000 * (after - before))
            before = after

    ticking = asyncio.create_task(tick())
    try:
        yield
    finally:
        ticking.cancel()
        gc.unfreeze()


async def _ring_all(pool: Pool) -> float:
    """Every timer that is due, and those that they set; the longest transaction, in milliseconds."""

    @asynccontextmanager
    async def opened(cause: Cause) -> Any:
        async with transaction(pool, NOW, "/tovholder/notifications", cause) as tx:  # a clock
            yield tx

    timers = Timers(TIMERS, opened, NOW, Activity())  # type: ignore[arg-type]  # as much of a clock as it needs
    slowest, going = 0.0, True
    while going:
        before = time.perf_counter()
        going = await timers.round()
        slowest = max(slowest, 1000 * (time.perf_counter() - before))
    assert timers.failing == {}
    return slowest


async def digest(servers: Servers, lines: int) -> tuple[float, float, float, float]:
    """Lines a second, of no programme, so that every mailbox reads of them; the longest stretch on the loop and the
    longest transaction, in milliseconds; the longest mail, in kB.
    """
    database = await servers.fresh("notifications")
    pool = await open_pool(database.url, "bench", size=4)
    refs = [a_programme(f"p{number}", staff_email=f"stab{number}@by.example") for number in range(MAILBOXES)]
    await _in_a_transaction(pool, lambda tx: programmes_of_notifications.lock(tx, refs))
    await pool.execute(
        """
        INSERT INTO digest_items (id, programme_id, kind, line, happened_at, correlation_id)
        SELECT 'd' || n, NULL, 'rejected', 'EnrolMunicipality fra /crm: deadline_passed ' || n, $2, 'c'
        FROM generate_series(1, $1::integer) AS n
        """,
        lines,
        NOW.now(),
    )

    async def due(tx: Tx) -> None:
        tx.arm(DIGEST, EVERYBODY, NOW.now())

    await _in_a_transaction(pool, due)
    longest = [0.0]
    started = time.perf_counter()
    async with _stretches(longest):
        slowest = await _ring_all(pool)
    seconds = time.perf_counter() - started
    assert await pool.fetchval("SELECT count(*) FROM messages WHERE template = 'digest'") == MAILBOXES
    assert await pool.fetchval("SELECT count(*) FROM digest_items WHERE told_on IS NULL") == 0
    size = await pool.fetchval("SELECT max(octet_length(says::text)) FROM messages") / 1000
    await pool.close()
    return lines / seconds, longest[0], slowest, size


async def letters(servers: Servers, meetings: int) -> tuple[float, float, float]:
    """Letters a second; the longest stretch on the loop and the longest transaction, in milliseconds."""
    database = await servers.fresh("notifications")
    pool = await open_pool(database.url, "bench", size=4)
    at = NOW.now()

    def heard(fact: Any, number: int) -> Received[Any]:
        cause = Cause(f"c{number}", f"{fact.subject} {number}", "bench")
        return Received(fact, fact.owner, cause.causation_id or "", fact.type, fact.subject, None, at, cause)

    enrolled = []
    for number in range(CONTACTS):
        code = f"{number + 1:04}"
        contact = an_enrolment().contact.model_copy(
            update={"person_id": f"p{number}", "email": f"k{number}@by.example"}
        )
        enrolled.append(
            an_enrolment(
                enrolment_id=enrolment_id_of(PROGRAMME.id, code),
                organisation=an_organisation(code),
                contact=contact,
                group="oest",
            )
        )
    await _in_a_transaction(pool, lambda tx: follow_enrolments(tx, [heard(one, n) for n, one in enumerate(enrolled)]))
    facts = [
        heard(
            MeetingScheduled(
                owner=MEETINGS_OWNER, programme=PROGRAMME, meeting=a_meeting(f"oest-{number}", title=f"Møde {number}")
            ),
            number,
        )
        for number in range(meetings)
    ]
    assert any(entry.timer == CALENDARS and entry.at_once == CALENDARS_AT_ONCE for entry in TIMERS)

    longest = [0.0]
    started = time.perf_counter()
    async with _stretches(longest):
        await _in_a_transaction(pool, lambda tx: announce_meeting(tx, facts))
        slowest = max(1000 * (time.perf_counter() - started), await _ring_all(pool))
    seconds = time.perf_counter() - started
    assert await pool.fetchval("SELECT count(*) FROM messages WHERE calendar IS NOT NULL") == meetings * CONTACTS
    await pool.close()
    return meetings * CONTACTS / seconds, longest[0], slowest


async def run(servers: Servers) -> list[Row]:
    rows = await looks(servers)
    step(f"growth: letters of {FEW_MEETINGS} meetings, then of {MEETINGS}")
    few, _, _ = await letters(servers, FEW_MEETINGS)
    many, stretch, slowest = await letters(servers, MEETINGS)
    step(f"growth: a digest of {FEW_LINES} lines, then of {LINES}")
    few_lines, _, _, few_size = await digest(servers, FEW_LINES)
    many_lines, digest_stretch, digest_slowest, size = await digest(servers, LINES)
    return [
        *rows,
        Row(
            f"letters of {MEETINGS} meetings × {CONTACTS}",
            many,
            "letters/s",
            few / many,
            f"of {FEW_MEETINGS} meetings",
            f"≤ {LETTERS_TARGET}",
            few / many <= LETTERS_TARGET,
        ),
        Row(
            "their longest stretch on the loop",
            stretch,
            "ms",
            stretch / LONGEST_STRETCH_MS,
            "100 ms",
            "≤ 1",
            stretch <= LONGEST_STRETCH_MS,
            f"longest transaction {slowest:,.0f} ms",
        ),
        Row(
            f"digest of {LINES:,} lines × {MAILBOXES} mailboxes",
            many_lines,
            "lines/s",
            few_lines / many_lines,
            f"of {FEW_LINES:,} lines",
            f"≤ {LETTERS_TARGET}",
            few_lines / many_lines <= LETTERS_TARGET,
            f"longest mail {size:,.0f} kB, of {FEW_LINES:,} lines {few_size:,.0f} kB",
        ),
        Row(
            "its longest stretch on the loop",
            digest_stretch,
            "ms",
            digest_stretch / LONGEST_STRETCH_MS,
            "100 ms",
            "≤ 1",
            digest_stretch <= LONGEST_STRETCH_MS,
            f"longest transaction {digest_slowest:,.0f} ms",
        ),
    ]
