"""Staff are told what a thing would come to before they ask for it; being told changes nothing."""

from __future__ import annotations

from services.enrollment.domain.enrolment import enrolment_id
from services.enrollment.entrypoints import acts
from shared.contracts.enrollment import EnrolmentWithdrawn, WithdrawEnrolment
from shared.contracts.refusal import Refused
from tests.support.enrollment_desk import AARHUS, P1
from tests.support.workplace import Workplace

WITHDRAWAL = WithdrawEnrolment(enrolment_id=enrolment_id(P1, AARHUS))


async def test_what_would_be_told_is_said_and_nothing_of_it_is(workplace: Workplace) -> None:
    await workplace.desk.has_enrolled()
    found = await workplace.host.door.rehearse(acts.WITHDRAW, WITHDRAWAL, actor="staff/somebody")
    assert found.refused is None
    assert found.told[EnrolmentWithdrawn.type] == 1
    assert found.body["state"] == "withdrawn"
    assert await workplace.desk.told() == []
    state = await workplace.host.pool.fetchval("SELECT state FROM enrolments")
    counts = [
        await workplace.host.pool.fetchval(f"SELECT count(*) FROM {table} WHERE {of}")
        for table, of in (("http_requests", "true"), ("audit", "command LIKE '%Withdraw%'"))
    ]
    assert (state, counts) == ("enrolled", [0, 0])


async def test_what_would_be_refused_is_said_with_its_reason(workplace: Workplace) -> None:
    await workplace.desk.publish()
    found = await workplace.host.door.rehearse(acts.WITHDRAW, WITHDRAWAL, actor="staff/somebody")
    assert isinstance(found.refused, Refused)
    assert (found.refused.status, dict(found.told)) == (404, {})
