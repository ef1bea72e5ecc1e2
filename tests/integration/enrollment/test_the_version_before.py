"""The version before asks the tables as they are after an upgrade, as long as it runs beside this one."""

from __future__ import annotations

from services.enrollment.domain.enrolment import enrolment_id
from tests.support.enrollment_desk import AARHUS, P1, Desk


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
