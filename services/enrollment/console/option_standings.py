"""What becomes of an option: every standing × everything that can happen to it, asked of the rules themselves.

The second table in `docs/enrolments.md` is written by this.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date

from services.enrollment.console.standings import (
    NOTHING,
    NOW,
    STANDINGS,
    Cell,
    made_up_programme,
    markdown,
    names_of,
)
from services.enrollment.domain.options import (
    Decided,
    Option,
    Order,
    OrderState,
    accept,
    bill,
    decline,
    deliver,
    end,
    lapse,
    order,
    quote,
    withdraw,
    word_of,
)
from shared.contracts.parties import Billing
from shared.contracts.programme import OptionTerm
from shared.contracts.refusal import Refused

_YESTERDAY, _LATER = date(2020, 5, 31), date(2020, 6, 30)
_PRICE = 100_00
_FIXED = OptionTerm(id="o", title="Tilkøbet", text="Tilkøbet", price_ore=_PRICE, vat_percent=25)
_BY_QUOTE = OptionTerm(id="o", title="Tilkøbet", text="Tilkøbet", vat_percent=25)


def _round(state: OrderState, good_until: date | None = _LATER) -> Order:
    agreed, is_delivered = state in {"ordered", "delivered", "withdrawn"}, state == "delivered"
    return Order(
        programme_id="p",
        enrolment_id="e",
        option_id="o",
        round=1,
        state=state,
        title="Tilkøbet",
        text="Tilkøbet",
        price_ore=_PRICE,
        vat_percent=25,
        good_until=good_until,
        agreed_at=NOW if agreed else None,
        delivered_on=NOW.date() if is_delivered else None,
    )


ROUNDS: Mapping[str, Order | None] = {
    "intet": None,
    "tilbud": _round("quoted"),
    "tilbud, dagen er gået": _round("quoted", _YESTERDAY),
    "bestilt": _round("ordered"),
    "leveret": _round("delivered"),
    "nej til tilbuddet": _round("declined"),
    "tilbud udløbet": _round("lapsed", _YESTERDAY),
    "trukket tilbage": _round("withdrawn"),
}


def _option(known: Order | None, term: OptionTerm = _BY_QUOTE, standing: str = "plads") -> Option:
    enrolment = STANDINGS[standing].enrolment
    if enrolment is None:
        raise ValueError("nobody has signed up")
    return Option(enrolment, made_up_programme(room=False), "o", term, known)


def _offered(known: Order | None, *, price_ore: int = _PRICE) -> Decided:
    return quote(_option(known), price_ore, "Det hele", _LATER, "", NOW)


HAPPENINGS: Mapping[str, Callable[[Order | None], Decided]] = {
    "bestiller til fast pris": lambda known: order(_option(known, _FIXED), _PRICE, "", NOW),
    "bestiller på venteliste": lambda known: order(
        _option(replace(known, state="withdrawn") if known else None, _FIXED, "venteliste"), _PRICE, "", NOW
    ),
    "får et tilbud": _offered,
    "siger ja": lambda known: accept(_option(known), 1, "", NOW),
    "siger ja til et ældre": lambda known: accept(_option(replace(known, round=2) if known else None), 1, "", NOW),
    "siger nej": lambda known: decline(_option(known), 1, NOW),
    "tilbuddets dag er gået": lambda known: lapse(_option(known), NOW),
    "trækker tilbage": lambda known: withdraw(_option(known), NOW),
    "får en anden betaler": lambda known: bill(_option(known), Billing(order_reference="4711")),
    "leveret": lambda known: deliver(_option(known), None, NOW),
    "tilmeldingen slutter": lambda known: end(_option(known), NOW),
}


def cell(standing: str, happening: str) -> Cell:
    known = ROUNDS[standing]
    try:
        decided = HAPPENINGS[happening](known)
    except Refused as refused:
        return Cell("", code=refused.code)
    if not decided.facts and happening in {"tilbuddets dag er gået", "tilmeldingen slutter"}:
        return Cell(NOTHING)
    return Cell(word_of(decided.after[-1], NOW), names_of(decided.facts))


def table() -> str:
    """As Markdown."""
    return markdown(ROUNDS, HAPPENINGS, cell)
