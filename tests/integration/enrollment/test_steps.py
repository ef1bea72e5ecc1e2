"""A step of a track delivers the option that it is for, whichever is heard of first: the step, or the order."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from services.enrollment.domain.enrolment import enrolment_id
from services.enrollment.usecases.accept_quote import accept_quote
from services.enrollment.usecases.cancel_programme import cancel_programme
from services.enrollment.usecases.deliver_by_steps import follow_steps
from services.enrollment.usecases.deliver_option import deliver_option
from services.enrollment.usecases.explain import explain
from services.enrollment.usecases.order_option import order_option
from services.enrollment.usecases.quote_option import quote_option
from services.enrollment.usecases.withdraw_enrolment import withdraw_enrolment
from services.enrollment.usecases.withdraw_option import withdraw_option
from shared.base.cause import Cause
from shared.base.cloudevents import Received
from shared.contracts.enrollment import (
    CancelProgramme,
    OptionDelivered,
    OptionOrdered,
    WithdrawEnrolment,
)
from shared.contracts.refusal import Refused
from shared.contracts.scheduling import StepCompleted
from shared.storage.tx import transaction
from tests.integration.enrollment.test_options import (
    PRICE,
    accepting,
    delivering,
    ordering,
    quoting,
    with_options,
    withdrawing,
)
from tests.integration.enrollment.test_waiting_list import codes_of, enrolled
from tests.support.enrollment_desk import CAUSE, P1, Desk, sign_up
from tests.support.facts import MEETINGS_OWNER, a_programme
from tests.support.meeting_point import FIRST, meet, meet_now

DAY, LATER = date(2020, 5, 28), date(2020, 5, 29)
TRACKS = """
tracks:
  - id: kommunespor
    title: Kommunens spor
    per: organisation
    phases:
      - id: analysefase
        title: Analysen
        steps:
          - {id: dialog, title: Dialog}
          - {id: gennemgang, title: Sagsgennemgang, option: sagsgennemgang, holds_up: false}
          - {id: analyse, title: Analyse, option: analyse, holds_up: false}
"""


async def buyer(desk: Desk) -> str:
    """The enrolment of somebody with a place in a programme with tracks; told so far is forgotten."""
    await desk.publish(with_options() + TRACKS)
    (code,) = await codes_of(desk, 1)
    await enrolled(desk, sign_up(code))
    await desk.told()
    return enrolment_id(P1, code)


def a_step(enrolment: str, step: str = "gennemgang", on: date = DAY, **more: Any) -> StepCompleted:
    said: dict[str, Any] = {"track": "kommunespor", "phase": "analysefase", "step": step, "completed_on": on}
    programme = more.pop("programme", None) or a_programme(P1)
    return StepCompleted(owner=MEETINGS_OWNER, programme=programme, enrolment_id=enrolment, **(said | more))


_numbers = itertools.count(1)


def received(fact: StepCompleted, now: datetime = datetime(2020, 6, 1, 8, tzinfo=UTC)) -> Received[StepCompleted]:
    """As the reader hands it over, told at `now`: what follows is caused by this event."""
    event_id = f"step-{next(_numbers)}"
    cause = Cause("step", event_id, "token/spor")
    return Received(fact, fact.owner, event_id, fact.type, fact.subject, 1, now, cause)


async def hear(desk: Desk, *facts: StepCompleted) -> list[str]:
    """One batch; the ids of its events."""
    events = [received(one) for one in facts]
    await follow(desk, *events)
    return [one.id for one in events]


async def follow(desk: Desk, *events: Received[StepCompleted]) -> None:
    async with transaction(desk.pool, desk, desk.source, CAUSE, desk.links) as tx:
        await follow_steps(tx, events)


async def kept(desk: Desk) -> list[tuple[Any, ...]]:
    """Each round, and what its state goes back to."""
    rows = await desk.pool.fetch(
        "SELECT option_id, round, state, delivered_on, correlation_id FROM option_orders ORDER BY option_id, round"
    )
    return [tuple(row) for row in rows]


async def begin_again(desk: Desk) -> None:
    """As if nothing had been bought, and no step completed."""
    for table in ("option_orders", "completed_steps", "timers"):
        await desk.pool.execute(f"DELETE FROM {table}")


ORDERED = ("sagsgennemgang", 1, "ordered", None, CAUSE.correlation_id)
DELIVERED = ("sagsgennemgang", 1, "delivered", DAY, "step")


async def test_what_is_ordered_is_delivered_by_its_step(desk: Desk) -> None:
    enrolment = await buyer(desk)
    await desk.ask(order_option, ordering(enrolment))
    (event,) = await hear(desk, a_step(enrolment, option="sagsgennemgang"))

    ordered, delivered = await desk.told()
    assert isinstance(ordered, OptionOrdered)
    assert isinstance(delivered, OptionDelivered)
    assert (delivered.option_id, delivered.round, delivered.price_ore) == ("sagsgennemgang", 1, PRICE)
    assert delivered.delivered_on == DAY
    assert await kept(desk) == [DELIVERED]
    row = await desk.pool.fetchrow("SELECT causation_id, actor FROM outbox ORDER BY id DESC LIMIT 1")
    assert tuple(row or ()) == (event, "token/spor")


async def test_what_is_ordered_after_its_step_is_delivered_as_it_is_ordered(desk: Desk) -> None:
    enrolment = await buyer(desk)
    (event,) = await hear(desk, a_step(enrolment, option="sagsgennemgang"))
    assert await desk.told() == []

    answer = await desk.ask(order_option, ordering(enrolment))
    assert answer["state"] == "delivered"
    assert [type(one) for one in await desk.told()] == [OptionOrdered, OptionDelivered]
    assert await kept(desk) == [DELIVERED]
    row = await desk.pool.fetchrow("SELECT causation_id, actor FROM outbox ORDER BY id DESC LIMIT 1")
    assert tuple(row or ()) == (event, "token/spor")


async def test_a_quote_is_delivered_once_it_is_accepted_whichever_comes_first(desk: Desk) -> None:
    enrolment = await buyer(desk)
    await desk.ask(quote_option, quoting(enrolment))
    await hear(desk, a_step(enrolment, "analyse", option="analyse"))
    assert [one[2] for one in await kept(desk)] == ["quoted"]
    assert (await desk.ask(accept_quote, accepting(enrolment)))["state"] == "delivered"
    assert (await desk.ask(accept_quote, accepting(enrolment)))["state"] == "delivered", "said again"
    assert [type(one).__name__ for one in await desk.told()] == ["QuoteGiven", "OptionOrdered", "OptionDelivered"]


async def test_the_same_step_again_changes_nothing(desk: Desk) -> None:
    enrolment = await buyer(desk)
    await desk.ask(order_option, ordering(enrolment))
    told = a_step(enrolment, option="sagsgennemgang")
    await hear(desk, told, told)
    await hear(desk, told.model_copy(update={"completed_on": LATER}))
    assert [type(one) for one in await desk.told()] == [OptionOrdered, OptionDelivered]
    assert await kept(desk) == [DELIVERED]


async def test_a_step_that_says_no_option_delivers_the_one_that_its_version_of_the_programme_says(desk: Desk) -> None:
    enrolment = await buyer(desk)
    await desk.ask(order_option, ordering(enrolment))
    later = with_options(version=2) + TRACKS.replace(
        "dialog, title: Dialog", "dialog, title: Dialog, option: sagsgennemgang"
    )
    await desk.publish(later)
    await desk.told()
    for silent in (
        a_step(enrolment, "dialog"),
        a_step(enrolment, phase="another"),
        a_step(enrolment, programme=a_programme(P1, version=7)),
        a_step(enrolment, programme=a_programme("nowhere"), option="sagsgennemgang"),
        a_step(enrolment, "analyse"),
    ):
        await hear(desk, silent)
    assert await desk.told() == []
    await hear(desk, a_step(enrolment))
    assert [type(one) for one in await desk.told()] == [OptionDelivered]
    assert await kept(desk) == [DELIVERED]


async def test_what_is_not_ordered_is_not_delivered_and_that_is_no_error(desk: Desk) -> None:
    enrolment = await buyer(desk)
    await desk.ask(order_option, ordering(enrolment))
    await desk.ask(withdraw_option, withdrawing(enrolment))
    await desk.ask(quote_option, quoting(enrolment))
    await desk.told()
    before = await kept(desk)
    await hear(
        desk,
        a_step(enrolment, option="sagsgennemgang"),
        a_step(enrolment, "analyse", option="analyse"),
        a_step(enrolment, "dialog", option="findes-ikke"),
        a_step("nobody", option="sagsgennemgang"),
    )
    assert await desk.told() == []
    assert await kept(desk) == before


async def test_whoever_has_left_or_whose_programme_is_called_off_is_delivered_nothing(desk: Desk) -> None:
    enrolment = await buyer(desk)
    await desk.ask(order_option, ordering(enrolment))
    await desk.ask(cancel_programme, CancelProgramme(programme_id=P1))
    await desk.told()
    await hear(desk, a_step(enrolment, option="sagsgennemgang"))
    assert await desk.told() == []
    assert await kept(desk) == [ORDERED]


async def test_an_order_that_ended_with_the_place_is_not_delivered(desk: Desk) -> None:
    enrolment = await buyer(desk)
    await desk.ask(order_option, ordering(enrolment))
    await desk.ask(withdraw_enrolment, WithdrawEnrolment(enrolment_id=enrolment))
    await desk.told()
    await hear(desk, a_step(enrolment, option="sagsgennemgang"))
    assert await desk.told() == []
    assert [one[2] for one in await kept(desk)] == ["withdrawn"]


async def comes_back(desk: Desk, enrolment: str, days: int) -> None:
    """It leaves, and signs up again so many days later. Told so far is forgotten."""
    await desk.ask(withdraw_enrolment, WithdrawEnrolment(enrolment_id=enrolment))
    desk.time += timedelta(days=days, hours=1)
    (code,) = await codes_of(desk, 1)
    await enrolled(desk, sign_up(code))
    await desk.told()


@pytest.mark.parametrize("days", [0, 12], ids=["on the same day", "later"])
async def test_a_step_delivers_nothing_to_whoever_left_after_it_and_came_back(desk: Desk, days: int) -> None:
    """Whichever is heard of first: what comes late is known by when it was told."""
    enrolment = await buyer(desk)
    today, told_at = desk.time.date(), desk.time - timedelta(minutes=5)
    early = a_step(enrolment, on=today, option="sagsgennemgang")
    late = a_step(enrolment, "analyse", on=today, option="analyse")
    await follow(desk, received(early, told_at))
    await comes_back(desk, enrolment, days)
    await follow(desk, received(late, told_at))
    assert (await desk.ask(order_option, ordering(enrolment)))["state"] == "ordered"
    await desk.ask(quote_option, quoting(enrolment))
    assert (await desk.ask(accept_quote, accepting(enrolment)))["state"] == "ordered"
    assert OptionDelivered not in {type(one) for one in await desk.told()}

    assert (await desk.ask(deliver_option, delivering(enrolment)))["state"] == "delivered", "by staff"
    again = a_step(enrolment, "analyse 2", on=desk.time.date(), option="analyse")
    await follow(desk, received(again, desk.time))
    assert [one[:3] for one in await kept(desk)] == [("analyse", 1, "delivered"), ("sagsgennemgang", 1, "delivered")]


async def test_a_step_of_a_day_before_they_left_delivers_nothing_however_late_it_is_told(desk: Desk) -> None:
    enrolment = await buyer(desk)
    before = desk.time.date() - timedelta(days=1)
    await comes_back(desk, enrolment, 12)
    await desk.ask(order_option, ordering(enrolment))
    await follow(desk, received(a_step(enrolment, on=before, option="sagsgennemgang"), desk.time))
    assert [one[2] for one in await kept(desk)] == ["ordered"]


async def test_a_step_that_a_version_before_this_one_wrote_is_told_as_its_day_began(desk: Desk) -> None:
    enrolment = await buyer(desk)
    await follow(desk, received(a_step(enrolment, on=desk.time.date(), option="sagsgennemgang")))
    await desk.pool.execute("UPDATE completed_steps SET told_at = NULL")
    await comes_back(desk, enrolment, 0)
    assert (await desk.ask(order_option, ordering(enrolment)))["state"] == "ordered"


async def test_any_order_of_what_is_bought_twice_and_one_step_ends_the_same(desk: Desk) -> None:
    """The step is once; staff delivered what was bought first, and what is bought again is theirs to deliver too."""
    enrolment = await buyer(desk)
    acts: list[Callable[[], Awaitable[Any]]] = [
        lambda: desk.ask(quote_option, quoting(enrolment)),
        lambda: desk.ask(accept_quote, accepting(enrolment)),
        lambda: desk.ask(deliver_option, delivering(enrolment, "analyse", None)),
        lambda: desk.ask(quote_option, quoting(enrolment, price_ore=7_000_000)),
        lambda: desk.ask(accept_quote, accepting(enrolment, 2)),
    ]
    ends = []
    for heard in range(len(acts) + 1):
        for number, act in enumerate((*acts, None)):
            if number == heard:
                await hear(desk, a_step(enrolment, "analyse", option="analyse"))
            if act is not None:
                await act()
        ends.append([one[:3] for one in await kept(desk)])
        await begin_again(desk)
    assert ends == [[("analyse", 1, "delivered"), ("analyse", 2, "ordered")]] * len(ends)


async def test_of_two_steps_for_one_option_the_one_that_was_told_first_delivers_it_whenever_it_is_ordered(
    desk: Desk,
) -> None:
    enrolment = await buyer(desk)
    steps = [
        a_step(enrolment, "gennemgang", DAY, option="sagsgennemgang"),
        a_step(enrolment, "dialog", date(2020, 5, 1), option="sagsgennemgang"),
    ]
    for at in range(3):
        for one in steps[:at]:
            await hear(desk, one)
        await desk.ask(order_option, ordering(enrolment))
        for one in steps[at:]:
            await hear(desk, one)
        assert await kept(desk) == [DELIVERED]
        await begin_again(desk)


async def test_a_step_is_heard_of_before_there_is_the_enrolment(desk: Desk) -> None:
    await desk.publish(with_options() + TRACKS)
    (code,) = await codes_of(desk, 1)
    enrolment = enrolment_id(P1, code)
    await hear(desk, a_step(enrolment))
    await enrolled(desk, sign_up(code))
    await desk.ask(order_option, ordering(enrolment))
    assert await kept(desk) == [DELIVERED]


async def test_what_a_step_is_known_by_may_be_as_long_as_a_fact_can_say(desk: Desk) -> None:
    await buyer(desk)
    longest = "🙂" * 255
    told = a_step(longest, longest, track=longest, phase=longest, option=longest)
    await hear(desk, told, told)
    assert await desk.pool.fetchval("SELECT count(*) FROM completed_steps") == 1


# At once -------------------------------------------------------------------------------------------------------------


async def test_a_step_and_an_order_at_the_same_moment_end_as_one_after_the_other(desk: Desk) -> None:
    enrolment = await buyer(desk)
    event = received(a_step(enrolment))
    await meet(desk, lambda tx: follow_steps(tx, [event]), lambda tx: order_option(tx, ordering(enrolment)))
    assert await kept(desk) == [DELIVERED]
    await begin_again(desk)
    await meet(desk, lambda tx: order_option(tx, ordering(enrolment)), lambda tx: follow_steps(tx, [event]))
    assert await kept(desk) == [DELIVERED]


async def test_an_enrolment_that_comes_as_its_step_is_heard_of_orders_after_that(desk: Desk) -> None:
    """The step does not know the enrolment, and locks no row of it; whoever orders waits for it all the same."""
    await desk.publish(with_options() + TRACKS)
    (code,) = await codes_of(desk, 1)
    enrolment = enrolment_id(P1, code)
    async with transaction(desk.pool, desk, desk.source, FIRST, desk.links) as tx:
        await follow_steps(tx, [received(a_step(enrolment))])
        await tx.flush()
        await enrolled(desk, sign_up(code))
        other = await meet_now(desk, lambda tx: order_option(tx, ordering(enrolment)))
        assert not other.done()
    assert not isinstance(await other, Refused)
    assert await kept(desk) == [DELIVERED]


async def test_steps_of_several_enrolments_and_their_orders_wait_for_each_other_without_a_deadlock(desk: Desk) -> None:
    await desk.publish(with_options(9, 9) + TRACKS)
    codes = await codes_of(desk, 4)
    await enrolled(desk, *map(sign_up, codes))
    ids = [enrolment_id(P1, code) for code in codes]

    async def heard(order: list[str]) -> None:
        await hear(desk, *(a_step(one) for one in order))

    async def bought(one: str) -> None:
        await desk.ask(order_option, ordering(one))

    await asyncio.gather(heard(ids), heard(ids[::-1]), *map(bought, ids), heard(ids[2:] + ids[:2]))
    assert await kept(desk) == [DELIVERED] * 4


# By whom -------------------------------------------------------------------------------------------------------------


async def test_why_an_order_is_delivered_leads_to_the_step(desk: Desk) -> None:
    enrolment = await buyer(desk)
    ordered = await desk.ask(order_option, ordering(enrolment))
    (event,) = await hear(desk, a_step(enrolment))
    async with transaction(desk.pool, desk, desk.source, Cause("c", None, None), desk.links) as tx:
        found = await explain(tx, ordered["order_id"])
    assert found is not None
    assert found.title.endswith(": Leveret")
    assert found.cause == Cause("step", event, "token/spor")
