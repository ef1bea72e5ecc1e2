"""A municipality is through a step of its track: the option that the step is for is delivered, and so due.

Whichever comes first, the order or the word of the step, it ends in the same state: both ask `load_due`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from services.enrollment.adapters import enrolments, orders, programmes, steps
from services.enrollment.adapters.steps import Step
from services.enrollment.domain.enrolment import Enrolment
from services.enrollment.domain.options import Decided, Option, Order, deliver_by_step, option_of_step
from services.enrollment.domain.programme import Programme
from services.enrollment.usecases.change_option import answer_of, change_option
from shared.base.answers import Answer
from shared.base.cloudevents import Received
from shared.contracts.scheduling import StepCompleted
from shared.storage.tx import Tx


async def follow_steps(tx: Tx, events: Sequence[Received[StepCompleted]]) -> None:
    """A step of an enrolment that is not known here yet, or that has ordered nothing yet, waits for that."""
    await steps.lock_steps(tx, [event.data.enrolment_id for event in events])
    terms = await steps.load_terms(tx, {_version_of(event.data) for event in events if event.data.option is None})
    told = [
        Step(
            one.programme.id,
            one.enrolment_id,
            one.track,
            one.phase,
            one.step,
            delivers,
            one.completed_on,
            event.time,
            event.cause,
        )
        for event in events
        if (
            delivers := (one := event.data).option
            or option_of_step(terms.get(_version_of(one)), one.track, one.phase, one.step)
        )
    ]
    await steps.insert_new(tx, told)
    known = await enrolments.lock_many(tx, [one.enrolment_id for one in told])
    offered = await programmes.lock_many_going_on(tx, [one.programme_id for one in known.values()])
    await _deliver_due(tx, known, offered)


async def deliver_and_answer(tx: Tx, option: Option, decided: Decided) -> Answer:
    """Whoever has ordered what a step has delivered already owes it from now on. The enrolment is held and locked."""
    enrolment, programme = option.enrolment, option.programme
    delivered = await _deliver_due(tx, {enrolment.id: enrolment}, {programme.id: programme})
    ordered = decided.after[-1]
    return answer_of(delivered.get(ordered.id, ordered))


async def _deliver_due(tx: Tx, known: Mapping[str, Enrolment], offered: Mapping[str, Programme]) -> dict[str, Order]:
    """What is delivered now, by id."""
    due = await steps.load_due(tx, known)
    ordered = await orders.load_many(tx, [one.order_id for one in due])
    delivered = {}
    for one in due:
        order, enrolment = ordered[one.order_id], known[one.enrolment_id]
        option = Option(enrolment, offered[enrolment.programme_id], order.option_id, None, order)

        decided = deliver_by_step(option, one.completed_on)

        await change_option(tx, option, decided, one.cause)
        delivered[order.id] = decided.after[-1]
    return delivered


def _version_of(fact: StepCompleted) -> tuple[str, int]:
    return fact.programme.id, fact.programme.version
