"""The version before asks the tables as they are after an upgrade, as long as it runs beside this one."""

from __future__ import annotations

from services.enrollment.adapters import needs
from services.enrollment.domain.enrolment import enrolment_id
from shared.storage.tx import transaction
from tests.integration.enrollment.test_needs import seated
from tests.support.enrollment_desk import AARHUS, CAUSE, P1, Desk


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
