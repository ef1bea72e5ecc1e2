"""Tilkøb: ordered at the price that was shown, or offered and accepted in time; nothing accepted, nothing owed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from typing import Any

import asyncpg
import pytest

from services.enrollment.domain.options import QUOTE_ANSWER, QUOTE_LAPSE
from services.enrollment.usecases.accept_quote import accept_quote
from services.enrollment.usecases.decline_quote import decline_quote
from services.enrollment.usecases.deliver_option import deliver_option
from services.enrollment.usecases.explain import explain
from services.enrollment.usecases.invite_municipalities import invite_municipalities
from services.enrollment.usecases.lapse_quotes import lapse_quotes
from services.enrollment.usecases.lapse_reservations import lapse_reservations
from services.enrollment.usecases.order_option import order_option
from services.enrollment.usecases.quote_option import quote_option
from services.enrollment.usecases.read_orders import read_orders
from services.enrollment.usecases.resolve_reservation import resolve_reservation
from services.enrollment.usecases.withdraw_enrolment import withdraw_enrolment
from services.enrollment.usecases.withdraw_option import withdraw_option
from shared.base.answers import Answer
from shared.base.cause import Cause
from shared.contracts.enrollment import (
    AcceptQuote,
    DeclineQuote,
    DeliverOption,
    InviteMunicipalities,
    MunicipalityEnrolled,
    OptionDelivered,
    OptionFact,
    OptionOrdered,
    OptionWithdrawn,
    OrderOption,
    QuoteDeclined,
    QuoteGiven,
    QuoteLapsed,
    QuoteOption,
    QuoteReminderDue,
    ResolveReservation,
    WithdrawEnrolment,
    WithdrawOption,
)
from shared.contracts.event import Event
from shared.contracts.refusal import Refused
from shared.runtime.timers import Timer
from shared.storage.tx import Tx, transaction
from tests.integration.enrollment.test_waiting_list import codes_of, enrolled, id_of, with_places
from tests.support.enrollment_desk import CAUSE, P1, Desk, sign_up
from tests.support.enrollment_web import OTHER, SCOPED, TOKEN, Town
from tests.support.meeting_point import meet

PRICE = 9_500_000
OPTIONS = """
options:
  - {id: sagsgennemgang, title: Gennemgang af 25 sager, text: Sagsgennemgang af 25 sager, price: 95000}
  - {id: analyse, title: Analyse, text: Analyse efter tilbud}
"""
LAST_DAY = date(2020, 9, 30)
MIDNIGHT = datetime(2020, 9, 30, 22, tzinfo=UTC)
JUST_BEFORE = datetime(2020, 9, 30, 21, 59, tzinfo=UTC)


def with_options(usual: int = 2, hard: int = 2, *, version: int = 1, price: int = 95_000, **more: Any) -> str:
    return with_places(usual, hard, version=version, **more) + OPTIONS.replace("95000", str(price))


async def buyer(desk: Desk, count: int = 1, **wish: Any) -> str:
    """The enrolment of somebody with a place; told so far is forgotten."""
    await desk.publish(with_options())
    codes = await codes_of(desk, count)
    await enrolled(desk, *(sign_up(code, **wish) for code in codes))
    await desk.told()
    return await id_of(desk, codes[0])


def ordering(enrolment: str, **changes: Any) -> OrderOption:
    values: dict[str, Any] = {"option_id": "sagsgennemgang", "accepted_price_ore": PRICE}
    return OrderOption(enrolment_id=enrolment, **(values | changes))


def quoting(enrolment: str, **changes: Any) -> QuoteOption:
    values: dict[str, Any] = {
        "option_id": "analyse",
        "price_ore": 6_000_000,
        "includes": " To grupper.\nOg en rapport. ",
        "good_until": LAST_DAY,
    }
    return QuoteOption(enrolment_id=enrolment, **(values | changes))


def accepting(enrolment: str, round_: int = 1) -> AcceptQuote:
    return AcceptQuote(enrolment_id=enrolment, option_id="analyse", round=round_)


def declining(enrolment: str, round_: int = 1) -> DeclineQuote:
    return DeclineQuote(enrolment_id=enrolment, option_id="analyse", round=round_)


def withdrawing(enrolment: str, option: str = "sagsgennemgang") -> WithdrawOption:
    return WithdrawOption(enrolment_id=enrolment, option_id=option)


def delivering(enrolment: str, option: str = "sagsgennemgang", on: date | None = None) -> DeliverOption:
    return DeliverOption(enrolment_id=enrolment, option_id=option, delivered_on=on)


def names(told: list[Event]) -> list[str]:
    return [type(one).__name__ for one in told]


def bought(told: list[Event]) -> list[str]:
    """Of options alone."""
    return names([one for one in told if isinstance(one, OptionFact)])


async def rounds(desk: Desk) -> list[tuple[str, int, str]]:
    return [(one["option_id"], one["round"], one["status"]) for one in (await desk.read(read_orders))["orders"]]


async def timers(desk: Desk) -> list[datetime]:
    rows = await desk.pool.fetch("SELECT due FROM timers WHERE timer = $1 ORDER BY due", QUOTE_LAPSE)
    return [row["due"] for row in rows]


# Fixed price ---------------------------------------------------------------------------------------------------------


async def test_it_is_ordered_once_at_the_price_that_was_shown_and_delivered_once(desk: Desk) -> None:
    enrolment = await buyer(desk)
    for _ in range(2):
        answer = await desk.ask(order_option, ordering(enrolment))
        assert (answer["state"], answer["round"], answer["price_ore"]) == ("ordered", 1, PRICE)
    (ordered,) = await desk.told()
    assert isinstance(ordered, OptionOrdered)
    assert (ordered.text, ordered.price_ore, ordered.vat_percent, ordered.by_quote, ordered.agreed_at) == (
        "Sagsgennemgang af 25 sager",
        PRICE,
        25,
        False,
        desk.time,
    )
    assert ordered.contact is not None
    assert ordered.billing is not None
    desk.time = datetime(2020, 7, 1, 8, tzinfo=UTC)
    for on in (date(2020, 6, 30), None, date(2020, 6, 30)):
        assert (await desk.ask(deliver_option, delivering(enrolment, on=on)))["state"] == "delivered"
    (delivered,) = await desk.told()
    assert isinstance(delivered, OptionDelivered)
    assert (delivered.round, delivered.delivered_on) == (1, date(2020, 6, 30))
    for usecase, command in (
        (deliver_option, delivering(enrolment, on=date(2020, 7, 1))),
        (withdraw_option, withdrawing(enrolment)),
        (order_option, ordering(enrolment)),
    ):
        assert (await desk.refusal(usecase, command)).code == "option_delivered"


@pytest.mark.parametrize("accepted", [None, 0, PRICE - 1])
async def test_nobody_orders_at_a_price_that_was_not_shown(desk: Desk, accepted: int | None) -> None:
    enrolment = await buyer(desk)
    refused = await desk.refusal(order_option, ordering(enrolment, accepted_price_ore=accepted))
    assert (refused.code, refused.field, refused.extra["price_ore"]) == (
        "option_price_not_accepted",
        "accepted_price_ore",
        PRICE,
    )
    assert "95.000,00 kr. ekskl. moms (118.750,00 kr. inkl. moms)" in refused.detail
    await desk.ask(order_option, ordering(enrolment))
    again = await desk.refusal(order_option, ordering(enrolment, accepted_price_ore=accepted))
    assert again.code == "option_price_not_accepted"


async def test_what_was_agreed_holds_whatever_a_later_version_says(desk: Desk) -> None:
    enrolment = await buyer(desk)
    await desk.ask(order_option, ordering(enrolment))
    await desk.ask(quote_option, quoting(enrolment))
    await desk.publish(with_options(version=2, price=120_000).replace("text: Analyse efter", "text: Andet"))
    await desk.ask(order_option, ordering(enrolment))
    await desk.ask(accept_quote, accepting(enrolment))
    ordered = [one for one in await desk.told() if isinstance(one, OptionOrdered)]
    assert [(one.price_ore, one.text) for one in ordered] == [
        (PRICE, "Sagsgennemgang af 25 sager"),
        (6_000_000, "Analyse efter tilbud"),
    ]
    assert (await desk.ask(deliver_option, delivering(enrolment)))["price_ore"] == PRICE


async def test_what_was_ordered_meanwhile_is_no_conflict_between_two_who_offer(desk: Desk) -> None:
    enrolment = await buyer(desk)
    await desk.ask(quote_option, quoting(enrolment))
    await desk.ask(accept_quote, accepting(enrolment))
    again = await desk.refusal(quote_option, quoting(enrolment, seen="x" * 16))
    assert again.code == "option_ordered"


async def test_an_option_that_is_offered_no_longer_can_still_be_taken_back_and_delivered(desk: Desk) -> None:
    enrolment = await buyer(desk)
    await desk.ask(order_option, ordering(enrolment))
    await desk.ask(quote_option, quoting(enrolment))
    await desk.publish(with_places(2, 2, version=2))
    assert (await desk.ask(accept_quote, accepting(enrolment)))["state"] == "ordered"
    assert (await desk.ask(deliver_option, delivering(enrolment, "analyse")))["state"] == "delivered"
    assert (await desk.ask(withdraw_option, withdrawing(enrolment)))["state"] == "withdrawn"
    assert (await desk.refusal(order_option, ordering(enrolment))).code == "unknown_option"


async def test_what_was_taken_back_can_be_ordered_again_as_another_round(desk: Desk) -> None:
    enrolment = await buyer(desk)
    await desk.ask(order_option, ordering(enrolment))
    for _ in range(2):
        assert (await desk.ask(withdraw_option, withdrawing(enrolment)))["state"] == "withdrawn"
    assert (await desk.ask(order_option, ordering(enrolment)))["round"] == 2
    told = await desk.told()
    assert [(type(one), one.round) for one in told if isinstance(one, OptionOrdered | OptionWithdrawn)] == [
        (OptionOrdered, 1),
        (OptionWithdrawn, 1),
        (OptionOrdered, 2),
    ]
    assert await rounds(desk) == [("sagsgennemgang", 1, "Trukket tilbage"), ("sagsgennemgang", 2, "Bestilt")]


@pytest.mark.parametrize(
    ("usecase", "command", "code", "status"),
    [
        (order_option, ordering("x"), "unknown_enrolment", 404),
        (order_option, ordering("e", option_id="x"), "unknown_option", 404),
        (order_option, ordering("e", option_id="analyse"), "no_fixed_price", 409),
        (quote_option, quoting("e", option_id="sagsgennemgang"), "fixed_price", 409),
        (quote_option, quoting("e", price_ore=-1), "negative_price", 422),
        (quote_option, quoting("e", includes=" \n "), "required", 422),
        (quote_option, quoting("e", good_until=date(2020, 5, 31)), "day_has_passed", 422),
        (accept_quote, accepting("e"), "no_quote", 409),
        (decline_quote, declining("e"), "no_quote", 409),
        (withdraw_option, withdrawing("e"), "not_ordered", 409),
        (deliver_option, delivering("e"), "not_ordered", 409),
    ],
)
async def test_a_no_says_why_and_nothing_is_told(
    desk: Desk, usecase: Callable[[Tx, Any], Awaitable[Answer]], command: Any, code: str, status: int
) -> None:
    enrolment = await buyer(desk)
    asked = command.model_copy(update={"enrolment_id": enrolment} if command.enrolment_id == "e" else {})
    refused = await desk.refusal(usecase, asked)
    assert (refused.code, refused.status) == (code, status)
    assert refused.detail.endswith(".")
    assert await desk.told() == []


async def test_whoever_waits_orders_nothing_and_is_offered_nothing(desk: Desk) -> None:
    await desk.publish(with_options(1, 1))
    first, second = await codes_of(desk, 2)
    await enrolled(desk, sign_up(first), sign_up(second))
    waits = await id_of(desk, second)
    assert (await desk.refusal(order_option, ordering(waits))).code == "no_place"
    assert (await desk.refusal(quote_option, quoting(waits))).code == "no_place"


async def test_whoever_is_only_invited_has_nothing_to_do_with_options(desk: Desk) -> None:
    await desk.publish(with_options())
    (code,) = await codes_of(desk, 1)
    await desk.knows(code, main_email=f"post@k{code}.example")
    everybody = InviteMunicipalities(programme_id=P1, round_id="r", organisation_codes=(code,))
    assert (await desk.ask(invite_municipalities, everybody))["invited"] == 1
    invited = await id_of(desk, code)
    for usecase, command in (
        (order_option, ordering(invited)),
        (quote_option, quoting(invited)),
        (accept_quote, accepting(invited)),
        (decline_quote, declining(invited)),
        (withdraw_option, withdrawing(invited)),
        (deliver_option, delivering(invited)),
    ):
        assert (await desk.refusal(usecase, command)).code == "no_place"


async def test_a_day_to_come_is_no_day_of_delivery(desk: Desk) -> None:
    enrolment = await buyer(desk)
    await desk.ask(order_option, ordering(enrolment))
    refused = await desk.refusal(deliver_option, delivering(enrolment, on=date(2020, 6, 3)))
    assert (refused.code, refused.field) == ("day_to_come", "delivered_on")


async def test_another_owners_programme_is_that_owners(desk: Desk) -> None:
    enrolment = await buyer(desk)
    other = "jsonb_set(terms, '{ref,owner}', '\"/crm\"')"
    await desk.pool.execute(f"UPDATE programmes SET terms = {other}")
    assert (await desk.refusal(order_option, ordering(enrolment))).code == "other_owner"


async def test_nothing_is_bought_in_a_programme_that_was_cancelled(desk: Desk) -> None:
    enrolment = await buyer(desk)
    await desk.ask(quote_option, quoting(enrolment))
    await desk.pool.execute("UPDATE programmes SET state = 'cancelled', cancelled_at = now(), cancelled_because = ''")
    for usecase, command in (
        (order_option, ordering(enrolment)),
        (accept_quote, accepting(enrolment)),
        (quote_option, quoting(enrolment, price_ore=1)),
    ):
        assert (await desk.refusal(usecase, command)).code == "programme_cancelled"


# By quote ------------------------------------------------------------------------------------------------------------


async def test_a_quote_is_told_with_its_link_and_accepted_once(desk: Desk) -> None:
    enrolment = await buyer(desk)
    for _ in range(2):
        assert (await desk.ask(quote_option, quoting(enrolment)))["state"] == "quoted"
    (given,) = await desk.told()
    assert isinstance(given, QuoteGiven)
    assert (given.includes, given.price_ore, given.good_until, given.replaces) == (
        "To grupper.\nOg en rapport.",
        6_000_000,
        LAST_DAY,
        None,
    )
    assert given.quote_path is not None
    assert given.quote_path.endswith("/tilkoeb/analyse/tilbud/1")
    assert (await desk.refusal(deliver_option, delivering(enrolment, "analyse"))).code == "quote_not_accepted"
    for _ in range(2):
        assert (await desk.ask(accept_quote, accepting(enrolment)))["state"] == "ordered"
    (ordered,) = await desk.told()
    assert isinstance(ordered, OptionOrdered)
    assert (ordered.by_quote, ordered.price_ore, ordered.includes) == (True, 6_000_000, "To grupper.\nOg en rapport.")
    assert await timers(desk) == []
    assert (await desk.refusal(decline_quote, declining(enrolment))).code == "option_ordered"
    assert (await desk.refusal(quote_option, quoting(enrolment, price_ore=1))).code == "option_ordered"


async def test_a_changed_quote_is_not_accepted_unseen(desk: Desk) -> None:
    enrolment = await buyer(desk)
    await desk.ask(quote_option, quoting(enrolment))
    assert (await desk.ask(quote_option, quoting(enrolment, price_ore=7_000_000)))["round"] == 2
    assert [one.replaces for one in await desk.told() if isinstance(one, QuoteGiven)] == [None, 1]
    assert (await desk.refusal(accept_quote, accepting(enrolment, 1))).code == "other_quote"
    assert (await desk.refusal(decline_quote, declining(enrolment, 1))).code == "other_quote"
    assert len(await timers(desk)) == 1
    assert (await desk.ask(accept_quote, accepting(enrolment, 2)))["price_ore"] == 7_000_000
    assert await rounds(desk) == [("analyse", 1, "Tilbud erstattet"), ("analyse", 2, "Bestilt")]


async def test_a_no_costs_nothing_and_a_new_quote_may_be_given(desk: Desk) -> None:
    enrolment = await buyer(desk)
    await desk.ask(quote_option, quoting(enrolment))
    for _ in range(2):
        assert (await desk.ask(decline_quote, declining(enrolment)))["state"] == "declined"
    assert names(await desk.told()) == ["QuoteGiven", "QuoteDeclined"]
    assert (await desk.refusal(accept_quote, accepting(enrolment))).code == "quote_declined"
    assert await timers(desk) == []
    assert (await desk.ask(quote_option, quoting(enrolment)))["round"] == 2


async def test_it_lapses_at_midnight_in_denmark_and_is_told_once(desk: Desk) -> None:
    enrolment = await buyer(desk)
    await desk.ask(quote_option, quoting(enrolment))
    assert await timers(desk) == [MIDNIGHT]
    desk.time = JUST_BEFORE
    await desk.ring()
    assert bought(await desk.told()) == ["QuoteGiven"]
    desk.time = MIDNIGHT
    await desk.ring()
    (lapsed,) = [one for one in await desk.told() if isinstance(one, QuoteLapsed)]
    assert (lapsed.round, lapsed.good_until) == (1, LAST_DAY)
    assert await timers(desk) == []
    assert (await desk.ask(quote_option, quoting(enrolment, good_until=date(2020, 10, 31))))["round"] == 2
    assert bought(await desk.told()) == ["QuoteGiven"]


async def test_a_timer_that_is_late_lets_no_acceptance_through(desk: Desk) -> None:
    enrolment = await buyer(desk)
    await desk.ask(quote_option, quoting(enrolment))
    desk.time = MIDNIGHT
    assert (await desk.refusal(accept_quote, accepting(enrolment))).code == "quote_lapsed"
    assert (await desk.refusal(decline_quote, declining(enrolment))).code == "quote_lapsed"
    assert await rounds(desk) == [("analyse", 1, "Tilbud udløbet")]
    desk.time = JUST_BEFORE
    assert (await desk.ask(accept_quote, accepting(enrolment)))["state"] == "ordered"
    assert await timers(desk) == []


async def test_a_new_quote_before_the_timer_tells_that_the_old_one_lapsed(desk: Desk) -> None:
    enrolment = await buyer(desk)
    await desk.ask(quote_option, quoting(enrolment))
    desk.time = MIDNIGHT
    await desk.ask(quote_option, quoting(enrolment, good_until=date(2020, 10, 31)))
    told = await desk.told()
    assert names(told) == ["QuoteGiven", "QuoteLapsed", "QuoteGiven"]
    assert [one.replaces for one in told if isinstance(one, QuoteGiven)] == [None, None]
    assert await timers(desk) == [datetime(2020, 10, 31, 23, tzinfo=UTC)]
    assert await rounds(desk) == [("analyse", 1, "Tilbud udløbet"), ("analyse", 2, "Tilbud givet")]


async def test_its_answer_is_asked_for_on_the_days_the_programme_says_and_no_more_once_it_has_one(desk: Desk) -> None:
    enrolment = await buyer(desk)
    days = with_options(version=2).replace("efter tilbud}", "efter tilbud, remind_before: [3, 7, 200]}")
    await desk.publish(days)
    await desk.ask(quote_option, quoting(enrolment))
    (given,) = [one for one in await desk.told() if isinstance(one, QuoteGiven)]
    asked = []
    for _ in range(2):
        desk.time = await desk.pool.fetchval("SELECT due FROM timers WHERE timer = $1", QUOTE_ANSWER)
        await desk.ring()
        for one in await desk.told():
            if isinstance(one, QuoteReminderDue):
                assert one.quote_path == given.quote_path
                asked.append((one.days, desk.time))
    assert asked == [(7, datetime(2020, 9, 23, 7, tzinfo=UTC)), (3, datetime(2020, 9, 27, 7, tzinfo=UTC))]
    assert await desk.pool.fetchval("SELECT count(*) FROM timers WHERE timer = $1", QUOTE_ANSWER) == 0


async def test_a_reminder_that_is_too_late_is_not_sent_and_the_quote_lapses_as_it_should(desk: Desk) -> None:
    enrolment = await buyer(desk)
    await desk.publish(with_options(version=2).replace("efter tilbud}", "efter tilbud, remind_before: [3, 7]}"))
    await desk.ask(quote_option, quoting(enrolment))
    desk.time = MIDNIGHT
    await desk.pool.execute("UPDATE timers SET due = due + interval '1 second' WHERE timer = $1", QUOTE_LAPSE)
    await desk.ring()
    desk.time = MIDNIGHT.replace(second=1)
    await desk.ring()
    assert bought(await desk.told()) == ["QuoteGiven", "QuoteLapsed"]


@pytest.mark.parametrize("how", ["accepted", "declined", "withdrawn", "replaced", "left"])
async def test_nobody_is_reminded_of_a_quote_that_is_settled(desk: Desk, how: str) -> None:
    enrolment = await buyer(desk)
    await desk.publish(with_options(version=2).replace("efter tilbud}", "efter tilbud, remind_before: [3, 7]}"))
    await desk.ask(quote_option, quoting(enrolment))
    steps: dict[str, tuple[Any, Any]] = {
        "accepted": (accept_quote, accepting(enrolment)),
        "declined": (decline_quote, declining(enrolment)),
        "withdrawn": (withdraw_option, withdrawing(enrolment, "analyse")),
        "replaced": (quote_option, quoting(enrolment, price_ore=1)),
        "left": (withdraw_enrolment, WithdrawEnrolment(enrolment_id=enrolment)),
    }
    await desk.ask(*steps[how])
    left = await desk.pool.fetchval("SELECT count(*) FROM timers WHERE timer = $1", QUOTE_ANSWER)
    assert left == (how == "replaced")
    desk.time = datetime(2020, 9, 29, 8, tzinfo=UTC)
    await desk.ring()
    assert [one.days for one in await desk.told() if isinstance(one, QuoteReminderDue)] == ([3] if left else [])


async def test_a_quote_for_nothing_may_be_accepted_and_delivered(desk: Desk) -> None:
    enrolment = await buyer(desk)
    await desk.ask(quote_option, quoting(enrolment, price_ore=0))
    await desk.ask(accept_quote, accepting(enrolment))
    assert (await desk.ask(deliver_option, delivering(enrolment, "analyse")))["price_ore"] == 0


# With the enrolment --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["withdrawn", "not approved", "lapsed"])
async def test_what_is_open_ends_with_the_enrolment_and_what_is_delivered_stays(desk: Desk, how: str) -> None:
    await desk.publish(with_options(forbehold="holds: until, until: 2020-09-30"))
    (code,) = await codes_of(desk, 1)
    await enrolled(desk, sign_up(code, forbehold=True))
    enrolment = await id_of(desk, code)
    await desk.ask(order_option, ordering(enrolment))
    await desk.ask(quote_option, quoting(enrolment, good_until=date(2020, 12, 1)))
    if how == "withdrawn":
        await desk.ask(deliver_option, delivering(enrolment))
        await desk.ask(withdraw_enrolment, WithdrawEnrolment(enrolment_id=enrolment))
    elif how == "not approved":
        await desk.ask(resolve_reservation, ResolveReservation(enrolment_id=enrolment, approved=False))
    else:
        desk.time = datetime(2020, 9, 30, 22, tzinfo=UTC)
        async with transaction(desk.pool, desk, desk.source, CAUSE, desk.links) as tx:
            programme = await desk.pool.fetchval("SELECT id FROM programmes")
            await lapse_reservations(tx, [Timer("x", programme, desk.time, {"programme_id": programme}, CAUSE)])
    off = [one for one in await desk.told() if isinstance(one, OptionWithdrawn)]
    assert {(one.option_id, one.reason, one.ordered) for one in off} == {
        ("analyse", "enrolment_ended", False),
        *([] if how == "withdrawn" else [("sagsgennemgang", "enrolment_ended", True)]),
    }
    assert await timers(desk) == []
    assert [state for _, _, state in await rounds(desk)] == [
        "Trukket tilbage",
        "Leveret" if how == "withdrawn" else "Trukket tilbage",
    ]
    assert (await desk.refusal(order_option, ordering(enrolment))).code in {"no_place", "option_delivered"}
    assert (await desk.refusal(accept_quote, accepting(enrolment))).code == "option_withdrawn"


async def test_what_the_version_before_left_of_an_enrolment_that_it_ended_is_not_delivered(desk: Desk) -> None:
    enrolment = await buyer(desk)
    await desk.ask(order_option, ordering(enrolment))
    await desk.pool.execute("UPDATE enrolments SET state = 'withdrawn'")
    assert (await desk.refusal(deliver_option, delivering(enrolment))).code == "no_place"
    assert (await desk.ask(withdraw_option, withdrawing(enrolment)))["state"] == "withdrawn"


async def test_whoever_comes_back_orders_anew(desk: Desk) -> None:
    enrolment = await buyer(desk)
    await desk.ask(order_option, ordering(enrolment))
    await desk.ask(withdraw_enrolment, WithdrawEnrolment(enrolment_id=enrolment))
    (code,) = await codes_of(desk, 1)
    await enrolled(desk, sign_up(code))
    assert (await desk.ask(order_option, ordering(enrolment)))["round"] == 2


# At the same moment --------------------------------------------------------------------------------------------------


async def test_two_orders_at_once_are_one(desk: Desk) -> None:
    enrolment = await buyer(desk)
    order: Callable[[Tx], Awaitable[Answer]] = lambda tx: order_option(tx, ordering(enrolment))  # noqa: E731
    first, second = await meet(desk, order, order)
    assert isinstance(second, Answer)
    assert first.body == second.body
    assert names(await desk.told()) == ["OptionOrdered"]


async def test_a_yes_in_time_stands_although_the_timer_rings_before_it_is_stored(desk: Desk) -> None:
    enrolment = await buyer(desk)
    given = await desk.ask(quote_option, quoting(enrolment))
    desk.time = JUST_BEFORE

    async def accept(tx: Tx) -> Answer:
        answer = await accept_quote(tx, accepting(enrolment))
        desk.time = MIDNIGHT
        return answer

    timer = Timer(QUOTE_LAPSE, given["order_id"], MIDNIGHT, {"enrolment_id": enrolment}, CAUSE)
    await meet(desk, accept, lambda tx: lapse_quotes(tx, [timer]))
    assert names(await desk.told()) == ["QuoteGiven", "OptionOrdered"]
    assert await rounds(desk) == [("analyse", 1, "Bestilt")]


async def test_a_yes_that_waits_for_the_timer_is_too_late(desk: Desk) -> None:
    enrolment = await buyer(desk)
    given = await desk.ask(quote_option, quoting(enrolment))
    desk.time = MIDNIGHT
    timer = Timer(QUOTE_LAPSE, given["order_id"], MIDNIGHT, {"enrolment_id": enrolment}, CAUSE)

    async def lapse(tx: Tx) -> None:
        await lapse_quotes(tx, [timer])
        # A web process whose clock is behind.
        desk.time = JUST_BEFORE

    _, second = await meet(desk, lapse, lambda tx: accept_quote(tx, accepting(enrolment)))
    assert isinstance(second, Refused)
    assert second.code == "quote_lapsed"
    assert names(await desk.told()) == ["QuoteGiven", "QuoteLapsed"]


async def test_a_yes_and_the_end_of_the_enrolment_come_one_after_the_other(desk: Desk) -> None:
    enrolment = await buyer(desk)
    await desk.ask(quote_option, quoting(enrolment))
    leaving = WithdrawEnrolment(enrolment_id=enrolment)
    await meet(desk, lambda tx: accept_quote(tx, accepting(enrolment)), lambda tx: withdraw_enrolment(tx, leaving))
    told = await desk.told()
    assert names(told) == ["QuoteGiven", "OptionOrdered", "OptionWithdrawn", "EnrolmentWithdrawn"]
    assert [one.ordered for one in told if isinstance(one, OptionWithdrawn)] == [True]
    assert await rounds(desk) == [("analyse", 1, "Trukket tilbage")]


async def test_the_end_of_the_enrolment_leaves_no_yes_behind(desk: Desk) -> None:
    enrolment = await buyer(desk)
    await desk.ask(quote_option, quoting(enrolment))
    leaving = WithdrawEnrolment(enrolment_id=enrolment)
    _, second = await meet(
        desk, lambda tx: withdraw_enrolment(tx, leaving), lambda tx: accept_quote(tx, accepting(enrolment))
    )
    assert isinstance(second, Refused)
    assert "OptionOrdered" not in names(await desk.told())


async def test_a_quote_that_is_being_changed_is_not_accepted(desk: Desk) -> None:
    enrolment = await buyer(desk)
    await desk.ask(quote_option, quoting(enrolment))
    _, second = await meet(
        desk,
        lambda tx: quote_option(tx, quoting(enrolment, price_ore=7_000_000)),
        lambda tx: accept_quote(tx, accepting(enrolment)),
    )
    assert isinstance(second, Refused)
    assert second.code == "other_quote"


# What cannot be ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "broken"),
    [
        ("state = 'delivered'", "delivered_means_on_a_day"),
        ("delivered_on = '2020-07-01'", "delivered_means_on_a_day"),
        ("agreed_at = NULL, good_until = '2020-07-01'", "ordered_means_agreed"),
        ("agreed_at = NULL, state = 'withdrawn'", "what_was_not_agreed_was_a_quote"),
        ("state = 'quoted', good_until = '2020-07-01'", "what_came_to_nothing_was_not_agreed"),
        ("price_ore = 0", "only_a_quote_is_free"),
        ("price_ore = -1, good_until = '2020-07-01'", "option_orders_price_ore_check"),
        ("state = 'paid'", "option_orders_state_check"),
        ("round = 0", "option_orders_round_check"),
        ("vat_percent = 101", "option_orders_vat_percent_check"),
    ],
)
async def test_what_cannot_be_is_not_stored(desk: Desk, change: str, broken: str) -> None:
    enrolment = await buyer(desk)
    await desk.ask(order_option, ordering(enrolment))
    with pytest.raises(asyncpg.CheckViolationError) as error:
        await desk.pool.execute(f"UPDATE option_orders SET {change}")
    assert error.value.constraint_name == broken
    with pytest.raises(asyncpg.NotNullViolationError):
        await desk.pool.execute("UPDATE option_orders SET price_ore = NULL")


async def test_an_option_is_open_once_at_a_time(desk: Desk) -> None:
    enrolment = await buyer(desk)
    await desk.ask(order_option, ordering(enrolment))
    await desk.ask(withdraw_option, withdrawing(enrolment))
    await desk.ask(order_option, ordering(enrolment))
    with pytest.raises(asyncpg.UniqueViolationError) as error:
        await desk.pool.execute("UPDATE option_orders SET state = 'ordered'")
    assert error.value.constraint_name == "one_open_round_of_an_option"


# By whom -------------------------------------------------------------------------------------------------------------


async def test_why_says_who_ordered_it(desk: Desk) -> None:
    enrolment = await buyer(desk)
    ordered = await desk.ask(order_option, ordering(enrolment))
    async with transaction(desk.pool, desk, desk.source, Cause("c", None, None), desk.links) as tx:
        found = await explain(tx, ordered["order_id"])
    assert found is not None
    assert (found.kind, found.title, found.cause) == (
        "tilkøb",
        "Gennemgang af 25 sager til Københavns Kommune: Bestilt",
        CAUSE,
    )


async def ask_by_api(town: Town, path: str, body: dict[str, Any], token: str = TOKEN) -> dict[str, Any]:
    answer = await town.api("POST", path, body, Authorization=f"Bearer {token}")
    assert answer.status_code == 200, answer.text
    made: dict[str, Any] = answer.json()
    return made


TOLD = [
    "OptionOrdered",
    "QuoteGiven",
    "QuoteDeclined",
    "QuoteGiven",
    "OptionOrdered",
    "OptionWithdrawn",
    "OptionDelivered",
]
LEFT = [("analyse", 1, "Tilbud afslået"), ("analyse", 2, "Leveret"), ("sagsgennemgang", 1, "Trukket tilbage")]
STEPS: dict[str, tuple[str, dict[str, Any]]] = {
    "OrderOption": ("sagsgennemgang/order", {"accepted_price_ore": PRICE}),
    "QuoteOption": ("analyse/quote", {"price_ore": 6_000_000, "includes": "Det hele.", "good_until": "2020-09-30"}),
    "DeclineQuote": ("analyse/refusal", {"round": 1}),
    "AcceptQuote": ("analyse/acceptance", {"round": 2}),
    "WithdrawOption": ("sagsgennemgang/withdrawal", {}),
    "DeliverOption": ("analyse/delivery", {"delivered_on": "2020-06-01"}),
}
IN_TURN = (
    "OrderOption",
    "QuoteOption",
    "DeclineQuote",
    "QuoteOption",
    "AcceptQuote",
    "WithdrawOption",
    "DeliverOption",
)


async def test_all_of_it_is_asked_for_by_the_api_and_is_listed(town: Town) -> None:
    enrolment = await buyer(town.desk)
    for step in IN_TURN:
        path, body = STEPS[step]
        await ask_by_api(town, f"/enrolments/{enrolment}/options/{path}", body)
    assert names(await town.desk.told()) == TOLD
    assert await rounds(town.desk) == LEFT
    for filters, count in (
        ("state=delivered", 1),
        (f"enrolment_id={enrolment}&state=declined", 1),
        ("programme_id=x", 0),
    ):
        assert len((await town.api("GET", f"/orders?{filters}")).json()["orders"]) == count


async def test_a_client_buys_for_what_it_put_in_and_sees_nothing_of_others(town: Town) -> None:
    await town.desk.publish(with_options())
    (code,) = await codes_of(town.desk, 1)
    wish = sign_up(code).model_dump(mode="json", exclude_none=True, exclude_defaults=True)
    made = await town.api("POST", "/enrolments", wish, Authorization=f"Bearer {SCOPED}")
    assert made.status_code == 201, made.text
    path = f"/enrolments/{made.json()['enrolment_id']}/options/sagsgennemgang"
    price = {"accepted_price_ore": PRICE}
    refused = await town.api("POST", f"{path}/order", price, Authorization=f"Bearer {OTHER}")
    assert (refused.status_code, refused.json()["code"]) == (404, "unknown_enrolment")
    assert (await ask_by_api(town, f"{path}/order", price, SCOPED))["state"] == "ordered"
    for token, count in ((SCOPED, 1), (OTHER, 0), (TOKEN, 1)):
        listed = await town.api("GET", "/orders", Authorization=f"Bearer {token}")
        assert len(listed.json()["orders"]) == count
    for staffs in ("delivery", "quote"):
        no = await town.api("POST", f"{path}/{staffs}", {}, Authorization=f"Bearer {SCOPED}")
        assert (no.status_code, no.json()["code"]) == (403, "forbidden")


async def test_a_client_is_not_shown_what_was_offered_before_it_put_the_enrolment_in(town: Town) -> None:
    enrolment = await buyer(town.desk)
    await town.desk.ask(quote_option, quoting(enrolment))
    await town.desk.ask(order_option, ordering(enrolment))
    await town.desk.ask(withdraw_enrolment, WithdrawEnrolment(enrolment_id=enrolment))
    (code,) = await codes_of(town.desk, 1)
    town.desk.time = datetime(2020, 6, 2, 8, tzinfo=UTC)
    await town.move_to(town.desk.time)
    wish = sign_up(code).model_dump(mode="json", exclude_none=True, exclude_defaults=True)
    made = await town.api("POST", "/enrolments", wish, Authorization=f"Bearer {SCOPED}")
    assert made.status_code == 201, made.text
    for token, count in ((SCOPED, 0), (TOKEN, 2)):
        listed = await town.api("GET", f"/orders?enrolment_id={enrolment}", Authorization=f"Bearer {token}")
        assert len(listed.json()["orders"]) == count
    page = (await town.client.get(made.json()["standing_path"])).text
    assert "Trukket tilbage" not in page
    assert "Kan bestilles" in page


# Pages ---------------------------------------------------------------------------------------------------------------


async def shop(town: Town) -> tuple[str, str, str]:
    """Of somebody with a place: the page where it stands, that of its participants, and the enrolment."""
    await town.desk.publish(with_options())
    (code,) = await codes_of(town.desk, 1)
    await enrolled(town.desk, sign_up(code))
    (place,) = [one for one in await town.desk.told() if isinstance(one, MunicipalityEnrolled)]
    assert place.standing_path is not None
    assert place.participants_path is not None
    return place.standing_path, place.participants_path, await id_of(town.desk, code)


async def test_an_option_is_ordered_and_taken_back_on_the_pages_and_looking_changes_nothing(town: Town) -> None:
    path, participants, _ = await shop(town)
    assert f'href="{path}#tilkoeb"' in (await town.client.get(participants)).text
    for _ in range(3):
        page = await town.client.get(f"{path}/tilkoeb/sagsgennemgang/bestil")
        assert "95.000,00 kr. ekskl. moms (118.750,00 kr. inkl. moms)" in page.text
    assert (await town.client.get(f"{path}/tilkoeb/sagsgennemgang/fortryd")).status_code == 200
    assert await town.desk.told() == []
    order = f"{path}/tilkoeb/sagsgennemgang/bestil"
    without = await town.client.post(order, data={"_key": "k" * 32})
    assert without.status_code == 409
    assert "Bekræft prisen" in without.text
    said = await town.client.post(order, data={"_key": "l" * 32, "accepted_price_ore": str(PRICE)})
    assert (said.status_code, said.headers["location"]) == (303, f"{path}#tilkoeb")
    page = (await town.client.get(path)).text
    assert "Bestilt" in page
    assert "Træk bestillingen tilbage" in page
    assert "Der er ikke noget at bestille her nu." in (await town.client.get(order)).text
    (ordered,) = await town.desk.told()
    assert isinstance(ordered, OptionOrdered)
    off = await town.client.post(f"{path}/tilkoeb/sagsgennemgang/fortryd", data={"_key": "m" * 32})
    assert off.status_code == 303
    assert "Trukket tilbage" in (await town.client.get(path)).text


async def test_a_quote_is_read_and_answered_by_its_link(town: Town) -> None:
    path, _, enrolment = await shop(town)
    await town.desk.ask(quote_option, quoting(enrolment))
    (given,) = await town.desk.told()
    assert isinstance(given, QuoteGiven)
    assert given.quote_path is not None
    assert given.quote_path.startswith(path)
    for _ in range(3):
        page = (await town.client.get(given.quote_path)).text
        assert "Og en rapport." in page
        assert "60.000,00 kr. ekskl. moms (75.000,00 kr. inkl. moms)" in page
        assert "onsdag den 30. september 2020" in page
        assert "Nej tak til tilbuddet?" in (await town.client.get(f"{given.quote_path}/nej")).text
    assert await town.desk.told() == []
    await town.desk.ask(quote_option, quoting(enrolment, price_ore=7_000_000))
    late = await town.client.post(given.quote_path, data={"_key": "k" * 32})
    assert late.status_code == 409
    assert f'href="{path}/tilkoeb/analyse/tilbud/2"' in late.text
    said = await town.client.post(f"{path}/tilkoeb/analyse/tilbud/2", data={"_key": "l" * 32})
    assert said.status_code == 303
    assert names(await town.desk.told()) == ["QuoteGiven", "OptionOrdered"]
    assert "Bestilt" in (await town.client.get(path)).text


async def test_a_no_is_said_by_the_link_and_a_quote_that_has_lapsed_says_so(town: Town) -> None:
    path, _, enrolment = await shop(town)
    await town.desk.ask(quote_option, quoting(enrolment))
    quote = f"{path}/tilkoeb/analyse/tilbud"
    assert (await town.client.post(f"{quote}/1/nej", data={"_key": "k" * 32})).status_code == 303
    assert [type(one) for one in await town.desk.told()] == [QuoteGiven, QuoteDeclined]
    assert "Tilbud afslået" in (await town.client.get(f"{quote}/1")).text
    await town.desk.ask(quote_option, quoting(enrolment))
    await town.move_to(MIDNIGHT)
    page = (await town.client.get(f"{quote}/2")).text
    assert "Tilbud udløbet" in page
    assert "Ja tak" not in page
    late = await town.client.post(f"{quote}/2", data={"_key": "l" * 32})
    assert late.status_code == 409
    assert "Tilbuddet gjaldt til og med onsdag den 30. september 2020." in late.text


@pytest.mark.parametrize("wrong", ["analyse/tilbud/0", "analyse/tilbud/x", "analyse/tilbud/²", "noget/bestil"])
async def test_what_is_not_there_is_not_found(town: Town, wrong: str) -> None:
    path, _, _ = await shop(town)
    assert (await town.client.get(f"{path}/tilkoeb/{wrong}")).status_code == 404
    assert (await town.client.get(f"{path}x/tilkoeb/analyse/tilbud/1")).status_code == 404
