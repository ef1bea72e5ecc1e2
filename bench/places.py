"""500 municipalities wait, and there is a place for each: how long it takes until all of them have theirs."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from statistics import median

import asyncpg

from bench.harness import Row, Servers, step
from deploy.local.locations import ROOT
from services.enrollment.usecases.change_capacity import change_capacity
from services.enrollment.usecases.enrol_municipalities import enrol_municipalities
from services.enrollment.usecases.publish_programme import PublishProgramme, publish_programme
from shared.base.answers import Asked
from shared.base.cause import Cause
from shared.base.links import Links
from shared.contracts.enrollment import ChangeCapacity, EnrolMunicipality
from shared.storage.pool import open_pool
from shared.storage.tx import AT_ONCE, Pool, transaction

WAITING = AT_ONCE
TARGET_MS = 1_000
ROUNDS = 3
PROGRAMME = "netvaerk-kommunal-ungeindsats"
SOURCE = "/tovholder/enrollment"
BECAUSE = Cause("bench", None, "token/bench")
LINKS = Links(lambda: b"of a benchmark" * 4)
LEAST = """
    WITH placed AS (UPDATE enrolments SET enrolled_at = enrolled_at WHERE state = 'enrolled' RETURNING id)
    INSERT INTO told_again SELECT told.* FROM told WHERE (SELECT count(*) FROM placed) > 0
"""
"""The rows and the facts that follow from it, in two statements."""


class Now:
    def now(self) -> datetime:
        return datetime(2020, 6, 1, 8, tzinfo=UTC)


async def _round(servers: Servers) -> tuple[float, float]:
    """Milliseconds of ours, and of the least."""
    database = await servers.fresh("enrollment")
    pool = await open_pool(database.url, "bench", size=1)
    connection = await asyncpg.connect(database.admin_url)
    try:
        await _fill(pool, connection)
        started = time.perf_counter()
        async with transaction(pool, Now(), SOURCE, BECAUSE, LINKS) as tx:
            command = ChangeCapacity(programme_id=PROGRAMME, usual=WAITING + 1, hard=WAITING + 1)
            answer = await change_capacity(tx, command)
        ours = 1000 * (time.perf_counter() - started)
        assert len(answer.body["moved_up"]) == WAITING
        assert await pool.fetchval("SELECT count(*) FROM enrolments WHERE state = 'enrolled'") == WAITING + 1
        await connection.execute("CREATE TABLE told AS SELECT * FROM outbox WHERE type LIKE '%MunicipalityEnrolled%'")
        await connection.execute("CREATE TABLE told_again (LIKE outbox INCLUDING INDEXES)")
        started = time.perf_counter()
        await connection.execute(LEAST)
        return ours, 1000 * (time.perf_counter() - started)
    finally:
        await connection.close()
        await pool.close()


async def _fill(pool: Pool, connection: asyncpg.Connection) -> None:
    text = (ROOT / "programmes" / f"{PROGRAMME}.yaml").read_text(encoding="utf-8")
    text = text.replace("  contact_label:", "  capacity: {usual: 1, hard: 1}\n  contact_label:", 1)
    await connection.execute(
        """
        INSERT INTO organisations (code, kind, name, sort_key)
        SELECT 'x' || n, 'other', 'Organisation ' || n, n::text FROM generate_series(0, $1::integer) AS n
        """,
        WAITING,
    )
    async with transaction(pool, Now(), SOURCE, BECAUSE, LINKS) as tx:
        await publish_programme(tx, PublishProgramme(file=text))
        wishes = [
            EnrolMunicipality(
                programme_id=PROGRAMME,
                organisation_code=f"x{number}",
                contact_name="Karen",
                contact_email="k@k.example",
            )
            for number in range(WAITING + 1)
        ]
        await enrol_municipalities(tx, [Asked(one, BECAUSE) for one in wishes])
    await connection.execute("ANALYZE")


async def run(servers: Servers) -> list[Row]:
    rounds = []
    for number in range(ROUNDS):
        step(f"places: round {number + 1} of {ROUNDS}")
        rounds.append(await _round(servers))
    ours, least = (median(one[at] for one in rounds) for at in (0, 1))
    return [
        Row(
            f"{WAITING} on the waiting list get a place",
            ours,
            "ms",
            ours / least,
            "its rows and facts in two statements",
            f"≤ {TARGET_MS:,} ms",
            ours <= TARGET_MS,
            runs=[one for one, _ in rounds],
        )
    ]
