"""What a programme and one more participant cost, as people read it before they say yes."""

from __future__ import annotations

from collections.abc import Sequence

from shared.contracts.danish import kroner, long_day
from shared.contracts.money import with_moms
from shared.contracts.programme import ExtraTerm, FeeTerm, Owes, ProgrammeTerms, SeatTerm, WithdrawalTerm


def with_and_without_moms(amount_ore: int, vat_percent: int) -> str:
    """1.000,00 kr. ekskl. moms (1.250,00 kr. inkl. moms)."""
    return f"{kroner(amount_ore)} ekskl. moms ({kroner(with_moms(amount_ore, vat_percent))} inkl. moms)"


def price(terms: ExtraTerm) -> str:
    return with_and_without_moms(terms.price_ore, terms.vat_percent)


def fee_lines(programme: ProgrammeTerms) -> tuple[str, ...]:
    """As `instalment_lines`, of whoever signs up now."""
    return instalment_lines(programme.terms.fees)


def instalment_lines(fees: Sequence[FeeTerm]) -> tuple[str, ...]:
    """One line per instalment, excluding and including moms; says so when it is free."""
    if not fees:
        return ("Det koster ikke noget at deltage.",)
    many = len(fees)
    return tuple(
        (f"Rate {number} af {many}: " if many > 1 else "Deltagergebyr: ")
        + f"{with_and_without_moms(one.amount_ore, one.vat_percent)}, faktureres {long_day(one.invoice_on)}"
        for number, one in enumerate(fees, start=1)
    )


def seat_lines(programme: ProgrammeTerms) -> tuple[str, ...]:
    """As `included_lines`, of whoever signs up now."""
    return included_lines(programme.terms.seats)


def included_lines(seats: Sequence[SeatTerm]) -> tuple[str, ...]:
    """What is included per kind of meeting, and the price of one more."""
    return tuple(_seat_line(one) for one in seats if one.attendance in {"registered", "team"})


def free_until_lines(seats: Sequence[SeatTerm]) -> tuple[str, ...]:
    """Until when one person beyond the included seats is left without being billed, per kind of meeting."""
    return tuple(
        f"{one.title}: en ekstra deltager kan afmeldes uden betaling {_free_until(one.extra.free_until_days)}"
        for one in seats
        if one.extra is not None
    )


def withdrawal_line(term: WithdrawalTerm | None) -> str:
    """What whoever leaves owes of the fee, and until when nothing, as agreed; None = what was billed."""
    owed = {
        "nothing": "skylder I ikke noget af gebyret",
        "billed": "betaler I det, der er faktureret til den tid, og ikke resten",
        "all": "skylder I hele gebyret, også det, der ikke er faktureret endnu",
    }[term.owes if term else "billed"]
    free = f". Til og med {long_day(term.free_until)} skylder I ikke noget" if term and term.free_until else ""
    return f"Melder I jer fra, {owed}{free}"


def leaving_line(owes: Owes) -> str:
    """What whoever leaves now owes of the fee."""
    match owes:
        case "nothing":
            return "I skylder ikke noget af gebyret. Er noget faktureret, giver vi det tilbage med en kreditnota."
        case "all":
            return "I skylder stadig hele gebyret, også det, der ikke er faktureret endnu."
        case "billed":
            return "Det, der allerede er faktureret, skal stadig betales."


def is_billed(programme: ProgrammeTerms) -> bool:
    """Whether a municipality can come to owe anything."""
    terms = programme.terms
    return bool(terms.fees or terms.options) or any(one.extra for one in terms.seats)


def _free_until(days: int | None) -> str:
    if days is None:
        return "indtil mødet begynder"
    if days == 0:
        return "til og med mødets første dag"
    return f"til og med {'dagen' if days == 1 else f'{days} dage'} før mødets første dag"


def _seat_line(term: SeatTerm) -> str:
    if term.attendance == "team":
        return f"{term.title}: ét fast hold fra hver kommune{_size(term)}"
    if term.included is None:
        return f"{term.title}: så mange deltagere, I vil"
    places = "1 deltager" if term.included == 1 else f"{term.included} deltagere"
    more = "" if term.extra is None else f"; flere koster {price(term.extra)} for hver til hvert møde"
    return f"{term.title}: {places} fra hver kommune{more}"


def _size(term: SeatTerm) -> str:
    if term.included is None:
        return f", mindst {term.minimum} personer" if term.minimum else ""
    return f", {term.minimum} til {term.included} personer" if term.minimum else f", højst {term.included} personer"
