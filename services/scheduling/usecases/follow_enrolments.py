"""An organisation takes part in a programme, or does not any more: the steps of its tracks stand under its name."""

from __future__ import annotations

from collections.abc import Sequence

from services.scheduling.adapters import enrolled
from services.scheduling.adapters.enrolled import Enrolled
from shared.base.cloudevents import Received
from shared.contracts.enrollment import (
    EnrolmentFact,
    EnrolmentLapsed,
    EnrolmentWithdrawn,
    MunicipalityEnrolled,
    ReservationResolved,
)
from shared.storage.tx import Tx


async def follow_places(tx: Tx, events: Sequence[Received[MunicipalityEnrolled]]) -> None:
    await enrolled.save(tx, [_as_told(one.data, takes_part=True) for one in events])


async def follow_withdrawals(tx: Tx, events: Sequence[Received[EnrolmentWithdrawn]]) -> None:
    await enrolled.save(tx, [_as_told(one.data, takes_part=False) for one in events])


async def follow_lapses(tx: Tx, events: Sequence[Received[EnrolmentLapsed]]) -> None:
    await enrolled.save(tx, [_as_told(one.data, takes_part=False) for one in events])


async def follow_answers(tx: Tx, events: Sequence[Received[ReservationResolved]]) -> None:
    """A forbehold that is not approved ends the place; one that is leaves it as it was."""
    await enrolled.save(tx, [_as_told(one.data, takes_part=False) for one in events if not one.data.approved])


def _as_told(fact: EnrolmentFact, *, takes_part: bool) -> Enrolled:
    return Enrolled(fact.enrolment_id, fact.programme.id, fact.organisation, takes_part)
