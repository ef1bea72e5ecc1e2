"""What an organisation buys beside the fee: at a fixed price, or by a quote that it says yes to until a day.

Each quote and each order is a round of the option; one of them at a time is open. What holds follows from the day the
quote is good until and from now, so that no timer that is late lets anybody in. Nothing is owed that was not accepted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Literal, overload

from services.enrollment.domain.billing import missing
from services.enrollment.domain.enrolment import Enrolment, about
from services.enrollment.domain.price_text import with_and_without_moms
from services.enrollment.domain.programme import OFFICE_OPENS, Programme, require_going_on
from shared.contracts.danish import kroner, long_day
from shared.contracts.decision import Alarm, Decision
from shared.contracts.enrollment import (
    OptionBillingChanged,
    OptionDelivered,
    OptionOrdered,
    OptionWithdrawn,
    QuoteDeclined,
    QuoteGiven,
    QuoteLapsed,
    QuoteReminderDue,
)
from shared.contracts.event import natural_id
from shared.contracts.parties import Billing
from shared.contracts.programme import OptionTerm, ProgrammeTerms
from shared.contracts.refusal import Refused
from shared.contracts.time import day_after, day_of, days_after, local, start_of_day

OrderState = Literal["quoted", "ordered", "delivered", "declined", "lapsed", "replaced", "withdrawn"]
QUOTE_LAPSE = "quote_lapse"
"""The timer of an open quote; its key is the round's id."""
QUOTE_ANSWER = "quote_answer"
"""The timer of a quote whose answer is awaited; its key is the round's id."""

_WORDS: dict[OrderState, str] = {
    "quoted": "Tilbud givet",
    "ordered": "Bestilt",
    "delivered": "Leveret",
    "declined": "Tilbud afslået",
    "lapsed": "Tilbud udløbet",
    "replaced": "Tilbud erstattet",
    "withdrawn": "Trukket tilbage",
}


@dataclass(frozen=True, slots=True)
class Order:
    """One round: a quote, or an order, on the terms that stand here whatever the programme says later.

    `good_until` is the last day of a quote; None = at the programme's fixed price. Price in øre without moms.
    """

    programme_id: str
    enrolment_id: str
    option_id: str
    round: int
    state: OrderState
    title: str
    text: str
    price_ore: int
    vat_percent: int
    includes: str = ""
    good_until: date | None = None
    agreed_at: datetime | None = None
    delivered_on: date | None = None
    billing: Billing | None = None
    """Who pays for it, where that was said; None = as the enrolment's."""

    @property
    def id(self) -> str:
        return natural_id("option", self.enrolment_id, self.option_id, str(self.round))

    @property
    def by_quote(self) -> bool:
        return self.good_until is not None

    @property
    def price(self) -> str:
        return with_and_without_moms(self.price_ore, self.vat_percent)


@dataclass(frozen=True, slots=True)
class Option:
    """One option of one enrolment: what the programme offers now, if it still does, and its newest round."""

    enrolment: Enrolment
    programme: Programme
    option_id: str
    term: OptionTerm | None
    order: Order | None = None

    @property
    def title(self) -> str:
        return self.order.title if self.order else self.term.title if self.term else self.option_id

    @property
    def next_round(self) -> int:
        return self.order.round + 1 if self.order else 1

    @property
    def price(self) -> str | None:
        """The fixed one; None = by quote, or no longer offered."""
        if self.term is None or self.term.price_ore is None:
            return None
        return with_and_without_moms(self.term.price_ore, self.term.vat_percent)


Decided = Decision[tuple[Order, ...]]
"""The rounds as they are to be written, one after the other; the last one is the newest."""


def options_of(enrolment: Enrolment, programme: Programme, orders: Iterable[Order]) -> tuple[Option, ...]:
    """All there are, as the programme lists them; then those it offers no longer and the enrolment has."""
    newest: Mapping[str, Order] = {one.option_id: one for one in orders}
    terms = {term.id: term for term in programme.terms.terms.options}
    ids = dict.fromkeys((*terms, *newest))
    return tuple(Option(enrolment, programme, one, terms.get(one), newest.get(one)) for one in ids)


def orders_for(enrolment: Enrolment, orders: Iterable[Order], *, client: bool) -> list[Order]:
    """As they are shown: to a client, and to whoever may be one, those that are open or were agreed since the place."""
    since = enrolment.enrolled_at
    return [
        one
        for one in orders
        if not client
        or one.state in {"quoted", "ordered"}
        or (since is not None and one.agreed_at is not None and one.agreed_at >= since)
    ]


@overload
def as_it_stands(order: Order, now: datetime) -> Order: ...
@overload
def as_it_stands(order: Order | None, now: datetime) -> Order | None: ...
def as_it_stands(order: Order | None, now: datetime) -> Order | None:
    """A quote whose last day is over has lapsed, whether anybody has been told so or not."""
    if order is None or order.state != "quoted" or order.good_until is None:
        return order
    return order if now < start_of_day(day_after(order.good_until)) else replace(order, state="lapsed")


def wording(option: Option, now: datetime) -> str:
    """Where it stands, as people read it."""
    if option.order is None:
        return "Kan bestilles" if option.price else "Pris efter tilbud"
    return word_of(option.order, now)


def word_of(order: Order, now: datetime) -> str:
    return _WORDS[as_it_stands(order, now).state]


def may_order(option: Option, now: datetime) -> bool:
    """Whether it can be ordered at its fixed price now."""
    order = as_it_stands(option.order, now)
    is_free = order is None or order.state not in {"quoted", "ordered", "delivered"}
    return option.enrolment.has_place and option.programme.open and option.price is not None and is_free


def may_answer(option: Option, now: datetime) -> bool:
    """Whether its quote can be accepted now."""
    order = as_it_stands(option.order, now)
    return option.enrolment.has_place and option.programme.open and order is not None and order.state == "quoted"


def order(
    option: Option, accepted_price_ore: int | None, standing_path: str, now: datetime, billing: Billing | None = None
) -> Decided:
    """Ordered at the price that was shown; in force already, it changes nothing. `billing`: who pays for it, if that
    was said.
    """
    known = as_it_stands(option.order, now)
    if known is not None and known.state == "ordered":
        _require_price(known.title, known.price_ore, known.vat_percent, accepted_price_ore)
        _require_payer(option, known, billing)
        return Decision((known,))
    if known is not None and known.state == "delivered":
        raise _delivered(known)
    if known is not None and known.state == "quoted":
        raise Refused("quote_open", f"Der er givet et tilbud på {known.title}. Svar på tilbuddet.")
    term = _require_offer(option)
    if term.price_ore is None:
        raise Refused("no_fixed_price", f"{term.title} har ingen fast pris. Bed om et tilbud.", field="option_id")
    _require_price(term.title, term.price_ore, term.vat_percent, accepted_price_ore)
    fresh = _fresh(option, term, "ordered", price_ore=term.price_ore, agreed_at=now)
    fresh = _paid_as_said(option, fresh, billing)
    before = _before(option, known)
    return Decision((*before.after, fresh), (*before.facts, _ordered(option, fresh, standing_path)), before.alarms)


def quote_fields(known: Order | None) -> dict[str, str]:
    """What a form about a quote has in it, of the one that is open."""
    if known is None or known.state != "quoted" or known.good_until is None:
        return {}
    price = kroner(known.price_ore).removesuffix(" kr.")
    return {"price": price, "includes": known.includes, "good_until": known.good_until.isoformat()}


def quote(option: Option, price_ore: int, includes: str, good_until: date, quote_path: str, now: datetime) -> Decided:
    """Offered, up to and with that day; in place of the quote that is open. The same once more changes nothing."""
    known, includes = as_it_stands(option.order, now), includes.strip()
    if known is not None and known.state == "ordered":
        raise _ordered_already(known)
    term = _require_offer(option)
    if term.price_ore is not None:
        raise Refused("fixed_price", f"{term.title} har en fast pris: {option.price}.", field="option_id")
    if price_ore < 0:
        raise Refused("negative_price", "Prisen kan ikke være under 0 kr.", status=422, field="price_ore")
    if not includes:
        raise Refused("required", "Skriv, hvad tilbuddet omfatter.", status=422, field="includes")
    if known is not None and known.state == "quoted" and _offers(known) == (price_ore, includes, good_until):
        return Decision((known,))
    if good_until < day_of(now):
        raise Refused(
            "day_has_passed", f"{long_day(good_until).capitalize()} er forbi.", status=422, field="good_until"
        )
    fresh = _fresh(option, term, "quoted", price_ore=price_ore, includes=includes, good_until=good_until)
    before = _before(option, known)
    fact = QuoteGiven(
        **_about(option, fresh),
        includes=includes,
        price_ore=price_ore,
        vat_percent=fresh.vat_percent,
        good_until=good_until,
        replaces=known.round if known is not None and known.state == "quoted" else None,
        quote_path=quote_path,
    )
    alarms = (*before.alarms, _lapsing(fresh), _reminding(option, fresh, now))
    return Decision((*before.after, fresh), (*before.facts, fact), alarms)


def accept(option: Option, round_: int, standing_path: str, now: datetime, billing: Billing | None = None) -> Decided:
    """Yes to the quote that was read: it is an order from now on. Said again it changes nothing. `billing` as in
    `order`.
    """
    known = _require_quote(option, round_, now)
    if known.state in {"ordered", "delivered"}:
        _require_payer(option, known, billing)
        return Decision((known,))
    if known.state == "declined":
        raise Refused("quote_declined", "I har sagt nej til tilbuddet. Bed om et nyt, hvis I har ombestemt jer.")
    _require_open(known)
    if not option.enrolment.has_place:
        raise no_place(option)
    require_going_on(option.programme)
    after = _paid_as_said(option, replace(known, state="ordered", agreed_at=now), billing)
    return Decision((after,), (_ordered(option, after, standing_path),), _settled(after))


def decline(option: Option, round_: int, now: datetime) -> Decided:
    """No to the quote that was read. Said again it changes nothing."""
    known = _require_quote(option, round_, now)
    if known.state == "declined":
        return Decision((known,))
    if known.state == "ordered":
        raise _ordered_already(known)
    if known.state == "delivered":
        raise _delivered(known)
    _require_open(known)
    after = replace(known, state="declined")
    return Decision((after,), (QuoteDeclined(**_about(option, after)),), _settled(after))


def withdraw(option: Option, now: datetime) -> Decided:
    """An order that is not delivered, or an open quote, is off. Said again it changes nothing."""
    known = as_it_stands(option.order, now)
    if known is None or known.state in {"declined", "lapsed"}:
        raise _not_ordered(option)
    if known.state == "withdrawn":
        return Decision((known,))
    if known.state == "delivered":
        raise _delivered(known)
    return _withdrawn(option, known, "withdrawn")


def deliver(option: Option, delivered_on: date | None, now: datetime) -> Decided:
    """What was ordered is delivered, and so due. Said again it changes nothing; nothing accepted, nothing delivered."""
    known, today = as_it_stands(option.order, now), day_of(now)
    if known is None or known.state in {"declined", "lapsed"}:
        raise _not_ordered(option)
    if known.state == "withdrawn":
        raise _is_withdrawn(known)
    if known.state == "quoted":
        raise Refused("quote_not_accepted", f"Kommunen har ikke sagt ja til tilbuddet på {known.title}.")
    if known.state == "delivered":
        if delivered_on not in {None, known.delivered_on}:
            raise _delivered(known)
        return Decision((known,))
    if not option.enrolment.has_place:
        # A version before this one ended the enrolment, and left what it had ordered.
        raise no_place(option)
    day = delivered_on or today
    if day > today:
        detail = f"{long_day(day).capitalize()} er ikke kommet endnu."
        raise Refused("day_to_come", detail, status=422, field="delivered_on")
    return _handed_over(option, known, day)


def deliver_by_step(option: Option, completed_on: date) -> Decided:
    """A step of its track that delivers it was completed then: what is ordered is delivered, and so due. Nothing else
    changes, and nothing is refused: there is nobody to answer.
    """
    known = option.order
    if known is None:
        return Decision(())
    if known.state != "ordered" or not option.enrolment.has_place or not option.programme.open:
        return Decision((known,))
    return _handed_over(option, known, completed_on)


def option_of_step(terms: ProgrammeTerms | None, track: str, phase: str, step: str) -> str | None:
    """The option that the step of that track delivers, as these terms say; None = none, or there is no such step."""
    steps = (
        one
        for of_track in (terms.tracks if terms else ())
        for of_phase in of_track.phases
        for one in of_phase.steps
        if (of_track.id, of_phase.id, one.id) == (track, phase, step)
    )
    return next((one.option for one in steps), None)


def bill(option: Option, billing: Billing | None) -> Decided:
    """Who pays for what was ordered from now on, also when it is delivered; what is invoiced stays. The same again, or
    nothing, changes nothing. Refused `not_ordered`, and `nothing_to_pay` of what is free.
    """
    known = option.order
    if known is None or known.state not in {"ordered", "delivered"}:
        raise _not_ordered(option)
    if not known.price_ore:
        raise Refused("nothing_to_pay", f"{known.title} koster ikke noget, så der kommer ingen faktura.")
    if billing in {None, paid_by(option, known)}:
        return Decision((known,))
    after = replace(known, billing=billing)
    fact = OptionBillingChanged(**_about(option, after), billing=billing, billing_missing=lacking_for(option, after))
    return Decision((after,), (fact,))


def paid_by(option: Option, order: Order | None = None) -> Billing:
    """How an order is billed; without one, how it would be where nothing else is said."""
    return (order and order.billing) or option.enrolment.billing


def lacking_for(option: Option, order: Order) -> tuple[str, ...]:
    """What the invoice for an order lacks, by BILLING_DETAILS; nothing where there is none."""
    if not order.price_ore or order.state not in {"ordered", "delivered"}:
        return ()
    enrolment = option.enrolment
    return missing(paid_by(option, order), enrolment.organisation, enrolment.known_contact.name)


def remind(option: Option, quote_path: str, since: datetime, now: datetime) -> Decided:
    """A quote has no answer yet: the reminder of the newest day that has come, and the alarm of the next.

    Of days that went by unseen the newest counts; none from before `since`, when the alarm was set.
    """
    known = as_it_stands(option.order, now)
    if known is None or not may_answer(option, now) or known.good_until is None:
        return Decision(())
    come = [days for days, at in _reminders(option, known) if since < at <= now]
    alarms = (_reminding(option, known, now),)
    if not come:
        return Decision((known,), (), alarms)
    fact = QuoteReminderDue(
        **_about(option, known),
        includes=known.includes,
        price_ore=known.price_ore,
        vat_percent=known.vat_percent,
        good_until=known.good_until,
        days=min(come),
        quote_path=quote_path,
    )
    return Decision((known,), (fact,), alarms)


def lapse(option: Option, now: datetime) -> Decided:
    """The last day of an open quote is over. Else nothing changes."""
    known, after = option.order, as_it_stands(option.order, now)
    if known is None or after is None or after == known:
        return Decision(() if known is None else (known,))
    return _before(option, after)


def end(option: Option, now: datetime) -> Decided:
    """The enrolment has ended: what is open ends with it. What is delivered stays due."""
    known = as_it_stands(option.order, now)
    if known is None or known.state in {"quoted", "ordered"}:
        return Decision(()) if known is None else _withdrawn(option, known, "enrolment_ended")
    return lapse(option, now)


def unknown_option() -> Refused:
    return Refused("unknown_option", "Forløbet har ikke det tilkøb.", status=404, field="option_id")


def no_place(option: Option) -> Refused:
    return Refused("no_place", f"{option.enrolment.organisation.name} har ikke en bekræftet plads.")


def _before(option: Option, known: Order | None) -> Decided:
    """The newest round as it is left behind: a quote whose day is over has lapsed, an open one is replaced."""
    if known is None or option.order is None or option.order.state != "quoted":
        return Decision(())
    if known.state == "lapsed" and known.good_until is not None:
        fact = QuoteLapsed(**_about(option, known), good_until=known.good_until)
        return Decision((known,), (fact,), _settled(known))
    return Decision((replace(known, state="replaced"),), (), _settled(known))


def _fresh(option: Option, term: OptionTerm, state: OrderState, *, price_ore: int, **more: Any) -> Order:
    return Order(
        programme_id=option.programme.id,
        enrolment_id=option.enrolment.id,
        option_id=option.option_id,
        round=option.next_round,
        state=state,
        title=term.title,
        text=term.text,
        price_ore=price_ore,
        vat_percent=term.vat_percent,
        **more,
    )


def _offers(known: Order) -> tuple[int, str, date | None]:
    return known.price_ore, known.includes, known.good_until


def _withdrawn(option: Option, known: Order, reason: Literal["withdrawn", "enrolment_ended"]) -> Decided:
    after = replace(known, state="withdrawn")
    fact = OptionWithdrawn(**_about(option, after), reason=reason, ordered=known.state == "ordered")
    return Decision((after,), (fact,), _settled(after))


def _ordered(option: Option, order: Order, standing_path: str) -> OptionOrdered:
    return OptionOrdered(
        **_about(option, order),
        text=order.text,
        price_ore=order.price_ore,
        vat_percent=order.vat_percent,
        includes=order.includes,
        by_quote=order.by_quote,
        agreed_at=order.agreed_at,
        billing=paid_by(option, order),
        own_billing=order.billing is not None,
        billing_missing=lacking_for(option, order),
        standing_path=standing_path,
    )


def _handed_over(option: Option, known: Order, day: date) -> Decided:
    after = replace(known, state="delivered", delivered_on=day)
    fact = OptionDelivered(
        **_about(option, after), price_ore=after.price_ore, vat_percent=after.vat_percent, delivered_on=day
    )
    return Decision((after,), (fact,))


def _about(option: Option, order: Order) -> dict[str, Any]:
    return {
        **about(option.enrolment, option.programme),
        "option_id": order.option_id,
        "round": order.round,
        "title": order.title,
        "contact": option.enrolment.contact,
    }


def _lapsing(order: Order) -> Alarm:
    """At 00:00 in Denmark after its last day."""
    due = None if order.good_until is None else start_of_day(day_after(order.good_until))
    return Alarm(QUOTE_LAPSE, order.id, due, {"enrolment_id": order.enrolment_id})


def _reminding(option: Option, order: Order, now: datetime) -> Alarm:
    """When its answer is asked for next; not at all when there is no day left for it."""
    due = min((at for _, at in _reminders(option, order) if at > now), default=None)
    return Alarm(QUOTE_ANSWER, order.id, due, {"enrolment_id": order.enrolment_id, "since": now.isoformat()})


def _reminders(option: Option, order: Order) -> list[tuple[int, datetime]]:
    """By days before its last one, and when they are due: at nine in Denmark."""
    if option.term is None or order.good_until is None:
        return []
    return [(one, local(days_after(order.good_until, -one), OFFICE_OPENS)) for one in option.term.remind_before]


def _settled(order: Order) -> tuple[Alarm, ...]:
    """Nothing is awaited of it any more."""
    return Alarm(QUOTE_LAPSE, order.id, None), Alarm(QUOTE_ANSWER, order.id, None)


def _require_offer(option: Option) -> OptionTerm:
    """What the programme offers now, to whoever has a place in it."""
    if option.term is None:
        raise unknown_option()
    if not option.enrolment.has_place:
        raise no_place(option)
    require_going_on(option.programme)
    return option.term


def _require_price(title: str, price_ore: int, vat_percent: int, accepted_price_ore: int | None) -> None:
    if accepted_price_ore != price_ore:
        raise Refused(
            "option_price_not_accepted",
            f"{title} koster {with_and_without_moms(price_ore, vat_percent)}. Bekræft prisen for at bestille.",
            field="accepted_price_ore",
            price_ore=price_ore,
            vat_percent=vat_percent,
        )


def _paid_as_said(option: Option, order: Order, billing: Billing | None) -> Order:
    """Kept where it costs something, and is another than the enrolment's."""
    own = billing if order.price_ore and billing != option.enrolment.billing else None
    return replace(order, billing=own)


def _require_payer(option: Option, known: Order, billing: Billing | None) -> None:
    """Whoever says once more that it is ordered names nobody else than whoever pays."""
    if billing is not None and known.price_ore and billing != paid_by(option, known):
        raise Refused(
            "another_payer",
            f"{known.title} er bestilt, og en anden betaler. Ret det under Hvem betaler.",
            field="billing",
        )


def _require_quote(option: Option, round_: int, now: datetime) -> Order:
    """The newest one, and the one that was read."""
    known = as_it_stands(option.order, now)
    if known is None or not known.by_quote:
        raise Refused("no_quote", f"Der er ikke givet et tilbud på {option.title}.", field="round")
    if known.round != round_:
        raise Refused("other_quote", "Tilbuddet er et andet nu. Læs det nye, før I svarer.", field="round")
    if known.state == "withdrawn":
        raise _is_withdrawn(known)
    return known


def _require_open(known: Order) -> None:
    if known.state == "lapsed" and known.good_until is not None:
        raise Refused("quote_lapsed", f"Tilbuddet gjaldt til og med {long_day(known.good_until)}. Bed om et nyt.")


def _ordered_already(known: Order) -> Refused:
    return Refused("option_ordered", f"{known.title} er bestilt. Træk bestillingen tilbage først.")


def _delivered(known: Order) -> Refused:
    day = f" {long_day(known.delivered_on)}" if known.delivered_on else ""
    return Refused("option_delivered", f"{known.title} er leveret{day}. Skriv til os, hvis noget skal ændres.")


def _is_withdrawn(known: Order) -> Refused:
    return Refused("option_withdrawn", f"{known.title} er trukket tilbage. Bestil det igen, eller bed om et tilbud.")


def _not_ordered(option: Option) -> Refused:
    return Refused("not_ordered", f"{option.title} er ikke bestilt.")
