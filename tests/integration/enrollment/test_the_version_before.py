"""The version before asks the tables as they are after an upgrade, as long as it runs beside this one."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import asyncpg

import services.enrollment
from services.enrollment.adapters import needs
from services.enrollment.domain.enrolment import enrolment_id
from services.enrollment.usecases.withdraw_enrolment import withdraw_enrolment
from shared.base.links import Links
from shared.contracts.enrollment import WithdrawEnrolment
from shared.storage.pool import open_pool
from shared.storage.tx import transaction
from tests.integration.enrollment.test_needs import seated
from tests.integration.enrollment.test_places import on_team
from tests.integration.enrollment.test_team_needs import ASKS, FORGOTTEN, has_meeting, kept, says
from tests.support.enrollment_desk import AARHUS, CAUSE, HVIDOVRE, P1, Desk, programme_text, sign_up
from tests.support.servers import MakeDatabase

MIGRATIONS = Path(services.enrollment.__file__).parent / "migrations"


async def test_it_still_counts_the_forms_of_a_municipality_before_it_takes_in_another(desk: Desk) -> None:
    await desk.publish()
    await desk.knows()
    await desk.form(AARHUS)
    row = await desk.pool.fetchrow(
        """
        SELECT count(*) FILTER (WHERE received_at > $2) AS lately,
            coalesce(bool_or(confirmed_at IS NULL AND email_key <> lower($3)), false) AS another
        FROM sign_ups JOIN people USING (person_id) WHERE enrolment_id = $1
        """,
        enrolment_id(P1, AARHUS),
        desk.time,
        "karen@k0751.example",
    )
    assert row is not None
    assert (row["lately"], row["another"]) == (0, False)


async def test_what_a_participant_says_to_it_is_the_participants_here(desk: Desk) -> None:
    there = await seated(desk, "Anna", "Bo")
    for name, actor in (("Anna", f"person/{there.people['Anna']}"), ("Bo", "token/test")):
        await desk.pool.execute(
            """
            INSERT INTO needs (roster_id, person_id, diet, diet_text, access, access_text, consent, consented_at,
                               keep_days, correlation_id, causation_id, actor)
            SELECT id, $1, '{vegetar}', '', '{}', '', 'Ja', now(), 14, 'c', NULL, $2 FROM rosters
            """,
            there.people[name],
            actor,
        )
    roster_id = await desk.pool.fetchval("SELECT id FROM rosters")
    async with transaction(desk.pool, desk, desk.source, CAUSE, desk.links) as tx:
        found = {name: await needs.load(tx, roster_id, one) for name, one in there.people.items()}
    assert {name: one.own for name, one in found.items() if one} == {"Anna": True, "Bo": False}


async def test_whom_it_takes_off_a_team_and_puts_on_it_anew_has_said_nothing(desk: Desk) -> None:
    await on_team(desk, "Anna", "Bo", file=ASKS)
    await has_meeting(desk)
    for name in ("Anna", "Bo"):
        await says(desk, name, diet_text=name)
    (anna,) = await desk.pool.fetch(
        "DELETE FROM team_members WHERE person_id = (SELECT person_id FROM people WHERE name = 'Anna') RETURNING *"
    )
    columns = ("enrolment_id", "person_id", "number", "named_at", "correlation_id", "causation_id", "actor")
    await desk.pool.execute(
        f"INSERT INTO team_members ({', '.join(columns)}) VALUES ($1, $2, $3, $4, $5, $6, $7)",
        *(anna[column] for column in columns),
    )
    assert await kept(desk) == ["Bo"]


async def test_what_it_forgets_on_its_days_is_not_what_teams_and_guests_wait_for(desk: Desk) -> None:
    """It carries out the timers that it knows, and knows of nobody but those who are registered."""
    await on_team(desk, "Anna", file=ASKS)
    await has_meeting(desk)
    await says(desk, "Anna", diet_text="Anna")
    await desk.pool.execute("DELETE FROM timers WHERE timer = 'needs_forget'")
    desk.time = FORGOTTEN
    while await desk.ring():
        pass
    assert await kept(desk) == []


async def test_what_it_left_to_be_forgotten_is_forgotten_here(desk: Desk) -> None:
    await on_team(desk, "Anna", file=ASKS)
    await has_meeting(desk)
    await says(desk, "Anna", diet_text="Anna")
    await desk.pool.execute("UPDATE timers SET timer = 'needs_forget' WHERE timer = 'needs_end'")
    desk.time = FORGOTTEN
    while await desk.ring():
        pass
    assert await kept(desk) == []


async def test_what_it_left_is_where_the_history_of_an_enrolment_begins(database: MakeDatabase, links: Links) -> None:
    where = await database("enrollment")
    pool = await open_pool(where.url, "test")
    desk = Desk(pool, links)
    await desk.publish(programme_text().replace("  contact_label:", "  reservation_allowed: true\n  contact_label:", 1))
    await desk.enrol(sign_up(AARHUS, forbehold=True), sign_up(HVIDOVRE))
    desk.time += timedelta(days=1)
    await desk.ask(withdraw_enrolment, WithdrawEnrolment(enrolment_id=enrolment_id(P1, HVIDOVRE)))
    await pool.close()
    owner = await asyncpg.connect(where.owner_url)
    try:
        await owner.execute("DROP TABLE programme_versions, enrolment_history, programme_archives, unarchived_erasures")
        await owner.execute((MIGRATIONS / "0029_archives.sql").read_text(encoding="utf-8"))
        begun = await owner.fetch(
            "SELECT stood, forbehold_was, decided_at, h.actor FROM enrolment_history h"
            " JOIN enrolments e ON e.id = enrolment_id ORDER BY organisation_code DESC"
        )
        assert [tuple(row) for row in begun] == [
            ("enrolled", "open", desk.time - timedelta(days=1), "token/test"),
            ("withdrawn", "none", desk.time, "token/test"),
        ]
        (version,) = await owner.fetch("SELECT version, yaml, published_at, actor FROM programme_versions")
        assert tuple(version) == (1, None, desk.time - timedelta(days=1), "token/test")
    finally:
        await owner.close()
