"""What an organisation comes to pay, as far as it is agreed by now, line by line: never a guess.

What is billed by now is not known here: it stands on the invoices.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from services.enrollment.domain.enrolment import Enrolment
from services.enrollment.domain.options import Option
from services.enrollment.domain.price_text import with_and_without_moms
from services.enrollment.domain.programme import Programme
from services.enrollment.domain.roster import Roster, seats_for
from shared.contracts.danish import kroner, long_day
from shared.contracts.money import with_moms


@dataclass(frozen=True, slots=True)
class Cost:
    """One line. `net_ore` without moms; moms is that of the line. `why`: how it comes to that, in Danish."""

    what: str
    why: str
    net_ore: int
    vat_percent: int

    @property
    def gross_ore(self) -> int:
        return with_moms(self.net_ore, self.vat_percent)

    @property
    def text(self) -> str:
        return with_and_without_moms(self.net_ore, self.vat_percent)


def costs(
    enrolment: Enrolment,
    programme: Programme,
    options: Iterable[Option],
    rosters: Iterable[Roster],
    left_late: Mapping[str, int],
) -> tuple[Cost, ...]:
    """Of its place: the fee as agreed, what was ordered, and who is beyond the included seats of a meeting. Of an
    enrolment that has none, or whose programme is called off, there is nothing to say: what is owed then stands on the
    invoices and credit notes alone.

    `left_late`: how many extra seats were left too late to cost nothing since it has its place, by roster. A meeting
    that is called off costs nothing; who came before it had this place, came by another agreement.
    """
    if not (programme.open and enrolment.has_place):
        return ()
    return (*_fees(enrolment), *_orders(options), *_extras(rosters, left_late))


def total(lines: Iterable[Cost]) -> str:
    """1.000,00 kr. ekskl. moms (1.250,00 kr. inkl. moms): the sum of the lines, whatever moms each has."""
    every = tuple(lines)
    net, gross = sum(one.net_ore for one in every), sum(one.gross_ore for one in every)
    return f"{kroner(net)} ekskl. moms ({kroner(gross)} inkl. moms)"


def is_free(enrolment: Enrolment, options: Iterable[Option], *, billed: bool) -> bool:
    """Whether nothing can cost anything: neither by the programme as it is (`billed`) nor as was agreed."""
    agreed = bool(enrolment.agreed.fees) or any(one.extra for one in enrolment.agreed.seats)
    return not (billed or agreed or any(True for _ in options))


def _fees(enrolment: Enrolment) -> Iterable[Cost]:
    for fee in enrolment.agreed.fees:
        yield Cost(fee.text, f"Faktureres {long_day(fee.invoice_on)}", fee.amount_ore, fee.vat_percent)


def _orders(options: Iterable[Option]) -> Iterable[Cost]:
    for order in (one.order for one in options):
        if order is not None and order.state in {"ordered", "delivered"} and order.price_ore:
            why = f"Leveret {_day(order.delivered_on)}" if order.state == "delivered" else "Bestilt"
            yield Cost(order.title, why.strip(), order.price_ore, order.vat_percent)


def _extras(rosters: Iterable[Roster], left_late: Mapping[str, int]) -> Iterable[Cost]:
    for roster in rosters:
        extra = roster.terms.extra if roster.terms else None
        if extra is None or roster.meeting_state == "cancelled":
            continue
        ours = set(seats_for(roster, client=True))
        come, left = sum(one in ours for one in roster.extras), left_late.get(roster.id, 0)
        if count := come + left:
            people = "1 ekstra deltager" if count == 1 else f"{count} ekstra deltagere"
            late = "" if not left else f", heraf {left} afmeldt for sent"
            why = f"{people} × {kroner(extra.price_ore)}{late}"
            yield Cost(roster.meeting.title, why, count * extra.price_ore, extra.vat_percent)


def _day(day: date | None) -> str:
    return long_day(day) if day else ""
