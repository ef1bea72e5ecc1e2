"""The receipt of a sign-up as a PDF beside the letter that confirms the place, or says that there is none yet.

It is made from what that letter says.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

from services.notifications.domain.text import lines, one_line
from shared.contracts.danish import day_and_clock, kroner, short_day
from shared.contracts.time import COPENHAGEN
from shared.pdf.typesetting import Layout, clipped

TEMPLATE = Path(__file__).parents[1] / "templates" / "pdf" / "receipt.typ"
_LONGEST = 400
_LONGEST_DECLARED = 2_000
FILE_NAME = "Kvittering-for-tilmelding.pdf"


@cache
def _layout() -> Layout:
    return Layout(TEMPLATE)


def write(contact: str, says: Mapping[str, Any]) -> bytes | None:
    """For the contact of that name, from what the letter says; None for a letter from before there were receipts.

    The same letter gives the same bytes. The link to the page where participants are registered is a secret, and does
    not stand in it. Takes 10-20 ms.
    """
    if "receipt" not in says:
        return None
    return _layout().pdf(shown(contact, says), title=_title(says), dated=_dated(says["receipt"]))


def pictures(contact: str, says: Mapping[str, Any]) -> list[bytes]:
    """Its pages as PNG."""
    return _layout().pictures(shown(contact, says), title=_title(says), dated=_dated(says["receipt"]))


def _dated(receipt: Mapping[str, Any]) -> date:
    """The day of the place, or of the sign-up that has none yet."""
    return _day(receipt["enrolled_at"] if "enrolled_at" in receipt else receipt["received_at"])


def _title(says: Mapping[str, Any]) -> str:
    return f"Kvittering for tilmelding – {says['programme']['title']}"


def shown(contact: str, says: Mapping[str, Any]) -> dict[str, Any]:
    """What stands in it."""
    receipt, programme, seller = says["receipt"], says["programme"], says["programme"]["seller"]
    organisation = one_line(says["organisation"])
    status, sentence = (_waiting if waits(says) else _placed)(organisation, one_line(programme["title"]), says)
    return {
        "running": clipped(f"Kvittering for tilmelding · {seller['name']}", 90),
        "foot": clipped(f"{seller['name']} · CVR-nr. {seller['cvr']}", 90),
        "seller": {"name": one_line(seller["name"]), "lines": _seller(seller)},
        "organisation": organisation,
        "contact": [f"{one_line(receipt['role']).capitalize()}: {one_line(contact)}"],
        "facts": [
            (one_line(programme["noun"]).capitalize() or "Forløb", one_line(programme["title"])),
            *([("Modtaget", _moment(receipt["received_at"]))] if "received_at" in receipt else []),
            *([("Tilmeldt", short_day(_day(receipt["enrolled_at"])))] if "enrolled_at" in receipt else []),
            ("Status", status),
        ],
        "sentence": sentence,
        "priced": "Prisen, hvis I får en plads" if waits(says) else "Det er aftalt",
        "fees": [_fee(fee) for fee in receipt["fees"]],
        "seats": [one_line(text, _LONGEST) for text in says["seats"]],
        "billing": [(label, one_line(value)) for label, value in receipt["billing"]],
        "answers": [(one_line(question), lines(answer).split("\n")) for question, answer in receipt.get("answers", ())],
        "declared": [one_line(text, _LONGEST_DECLARED) for text in receipt.get("declared", ())],
        "declared_by": _declared_by(organisation, contact, says),
        "terms": _terms(receipt, programme),
        "next": [one_line(text, _LONGEST) for text in says["next"]],
    }


def waits(says: Mapping[str, Any]) -> bool:
    """Whether it is the receipt of somebody who has no place yet."""
    return bool(says["receipt"].get("waits"))


def _placed(organisation: str, title: str, says: Mapping[str, Any]) -> tuple[str, str]:
    """Its status, and the sentence that says it."""
    if says["forbehold_open"]:
        return "Plads reserveret – med forbehold for politisk godkendelse", (
            f"{organisation} har fået en plads i {title} med forbehold for politisk godkendelse. "
            "Giv os besked, når sagen er behandlet."
        )
    return "Plads bekræftet", f"{organisation} har fået en plads i {title}. Tak for tilmeldingen."


def _waiting(organisation: str, title: str, says: Mapping[str, Any]) -> tuple[str, str]:
    """As `_placed`; no place is promised."""
    status, where = "På venteliste", f"{organisation} står på ventelisten"
    if says["allotted_after"]:
        status, where = "Modtaget", "pladserne er ikke givet endnu"
    if says["forbehold_open"]:
        status += " – med forbehold for politisk godkendelse"
    return status, (
        f"Vi har modtaget tilmeldingen af {organisation} til {title}, og {where}. Kvitteringen gælder kun "
        "tilmeldingen: den giver ikke en plads, og der er ikke lovet nogen."
    )


def _declared_by(organisation: str, contact: str, says: Mapping[str, Any]) -> str:
    """When, and by whom; a letter of a version before this one has no declarations."""
    receipt = says["receipt"]
    if not receipt.get("declared"):
        return ""
    at = _moment(receipt["received_at"])
    if receipt["by_form"]:
        return f"{organisation} erklærede ved tilmeldingen {at}, ved {one_line(contact)}, {one_line(receipt['role'])}:"
    seller = one_line(says["programme"]["seller"]["name"])
    return f"{organisation} erklærede ved tilmeldingen, som {seller} modtog {at} og førte ind:"


def _terms(receipt: Mapping[str, Any], programme: Mapping[str, Any]) -> list[str]:
    """What the place was given on, beside fees and seats."""
    if "version" not in receipt:
        return []
    leaving = receipt.get("withdrawal")
    deadline, payment_days = receipt["deadline"], receipt["payment_days"]
    return [
        *([f"Tilmeldingsfrist: {short_day(date.fromisoformat(deadline))}."] if deadline else []),
        *([f"En faktura betales inden for {payment_days} dage."] if payment_days is not None else []),
        *([_held_until(held)] if (held := receipt.get("forbehold_until")) else []),
        *(_free_until(title, days) for title, days in receipt.get("extras", ())),
        *([_leaving(leaving, receipt)] if leaving else []),
        _which(receipt, programme["version"]),
    ]


def _which(receipt: Mapping[str, Any], version: int) -> str:
    """Of what time these terms are."""
    if receipt.get("waits"):
        return (
            f"Priser og vilkår er dem, der gælder nu (forløbets version {version}). Der er ikke aftalt noget, før I "
            "får en plads: da gælder de vilkår, der gælder til den tid, og de står i kvitteringen for pladsen."
        )
    return (
        f"Vilkårene er dem, der gjaldt, da pladsen blev givet (forløbets version {version}). Senere ændringer af "
        "forløbet ændrer ikke priser og pladser, der er aftalt her."
    )


def _held_until(day: str) -> str:
    until = short_day(date.fromisoformat(day))
    return f"Forbeholdet holder pladsen til og med {until}. Er der ikke svaret til den tid, går pladsen videre."


def _free_until(title: str, days: int | None) -> str:
    """Until when one person beyond the included seats costs nothing; None = until the meeting begins."""
    if days is None:
        until = "indtil mødet begynder"
    elif days == 0:
        until = "til og med mødets første dag"
    else:
        until = f"til og med {'dagen' if days == 1 else f'{days} dage'} før mødets første dag"
    return f"{one_line(title)}: en ekstra deltager kan afmeldes uden betaling {until}."


def _leaving(term: Mapping[str, Any], receipt: Mapping[str, Any]) -> str:
    free = term["free_until"]
    owed = {
        "nothing": "skylder den ikke noget af gebyret",
        "billed": "betaler den det, der er faktureret til den tid, og ikke resten",
        "all": "skylder den hele gebyret, også det, der ikke er faktureret endnu",
    }[term["owes"]]
    until = f" Til og med {short_day(date.fromisoformat(free))} kan den gøre det uden at skylde noget." if free else ""
    leaves = "Får kommunen en plads, og melder den sig så fra" if receipt.get("waits") else "Melder kommunen sig fra"
    return f"{leaves}, {owed}.{until}"


def _seller(seller: Mapping[str, Any]) -> list[str]:
    lines = [
        seller["street"],
        f"{seller['postcode']} {seller['city']}",
        f"CVR-nr. {seller['cvr']}",
        f"Telefon {seller['phone']}" if seller["phone"] else "",
        seller["organizer_email"],
    ]
    return [shown for shown in map(one_line, lines) if shown]


def _fee(fee: Mapping[str, Any]) -> tuple[str, ...]:
    amounts = (fee["net"], fee["gross"] - fee["net"], fee["gross"])
    shown = [kroner(amount).removesuffix(" kr.") for amount in amounts]
    return one_line(fee["text"]), short_day(date.fromisoformat(fee["invoice_on"])), *shown


def _moment(instant: str) -> str:
    there = datetime.fromisoformat(instant).astimezone(COPENHAGEN)
    return day_and_clock(there.date(), there.time())


def _day(instant: str) -> date:
    return datetime.fromisoformat(instant).astimezone(COPENHAGEN).date()
