"""An entry of the address book as a form has it, field by field; and what becomes of it when two people change it.

Fields are called as `PutOrganisation` calls them; a role's address is `roles.<role>`. What is not there is
not filled in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.enrollment.domain.address_book import Entry, Unit
from services.enrollment.domain.form import BETWEEN
from shared.contracts.parties import Billing

ROLE = "roles."
BILLING: Mapping[str, str] = {
    "billing.ean": "EAN-nummer",
    "billing.p_number": "P-nummer",
    "billing.order_reference": "Ordre-/rekvisitionsnummer",
    "billing.person_reference": "Personreference",
    "billing.account_string": "Kontostreng",
    "billing.email": "E-mail til fakturaer",
    "billing.address.street": "Vej og nummer",
    "billing.address.postcode": "Postnummer",
    "billing.address.city": "By",
    "billing.address.country": "Land",
    "billing.format": "Fakturaformat",
    "billing.demands": "Fakturaer afvises uden",
}
"""Field → what it is called on the page."""
OF_ORGANISATION: Mapping[str, str] = {
    "main_email": "Hovedpostkasse",
    "cvr": "CVR-nummer",
    **BILLING,
    "mailboxes": "Postkasser, der taler for organisationen",
    "domains": "Domæner, der taler for organisationen",
}
OF_UNIT: Mapping[str, str] = {"name": "Enhedens navn", "billing.cvr": "CVR-nummer", **BILLING}
DEMANDS: Mapping[str, str] = {
    "gln": "EAN-nummer",
    "order": "ordre-/rekvisitionsnummer",
    "person": "personreference",
    "account_string": "kontostreng",
    "contact": "kontaktperson",
}
"""What invoices are refused without."""
FORMATS: Mapping[str, str] = {"peppol": "Peppol BIS", "oioubl": "OIOUBL"}
_ADDRESS = ("street", "postcode", "city", "country")


@dataclass(frozen=True, slots=True)
class Clash:
    """A field that somebody else has changed meanwhile. `both`: so has whoever sends the form, to something else."""

    field: str
    before: str
    theirs: str
    mine: str
    both: bool


@dataclass(frozen=True, slots=True)
class Merged:
    """What holds when both are heard: `mine` where I changed something, and else what stands there now."""

    values: Mapping[str, str]
    clashes: tuple[Clash, ...]


def fields_of(entry: Entry) -> dict[str, str]:
    whole = {
        "main_email": entry.main_email,
        "cvr": entry.organisation.cvr,
        **_billing_fields(entry.billing),
        "mailboxes": "\n".join(sorted(entry.mailboxes)),
        "domains": "\n".join(sorted(entry.domains)),
        **{f"{ROLE}{role}": email for role, email in (entry.roles or {}).items()},
    }
    return {name: text for name, text in whole.items() if text}


def fields_of_unit(unit: Unit) -> dict[str, str]:
    whole = {"name": unit.name, "billing.cvr": unit.billing.cvr, **_billing_fields(unit.billing)}
    return {name: text for name, text in whole.items() if text}


def label_of(field: str) -> str:
    if field.startswith(ROLE):
        return f"Rolle: {field.removeprefix(ROLE)}"
    return OF_ORGANISATION.get(field) or OF_UNIT.get(field) or field


def said_of(field: str, text: str) -> str:
    """As it is shown to somebody who reads it."""
    if field == "billing.demands":
        return ", ".join(DEMANDS[one] for one in demands_of(text) if one in DEMANDS)
    if field == "billing.format":
        return FORMATS.get(text, text)
    return text.replace("\n", ", ")


def merged(base: Mapping[str, str], now: Mapping[str, str], typed: Mapping[str, str]) -> Merged:
    """`base`: as the form was shown; `now`: as it stands in the book; `typed`: as it was sent."""
    order = [*OF_ORGANISATION, *OF_UNIT]
    names = sorted({*base, *now, *typed}, key=lambda one: (order.index(one) if one in order else len(order), one))
    values, clashes = {}, []
    for one in names:
        was, stands, mine = base.get(one, ""), now.get(one, ""), typed.get(one, "")
        values[one] = stands if mine == was else mine
        if stands not in {was, mine}:
            clashes.append(Clash(one, was, stands, mine, both=mine != was))
    return Merged({name: text for name, text in values.items() if text}, tuple(clashes))


def several(text: str) -> tuple[str, ...]:
    """What stands in a field that holds several, with blanks, line ends, commas or semicolons between."""
    return tuple(text.replace(",", " ").replace(";", " ").split())


def demands_of(text: str) -> Sequence[str]:
    return [one for one in text.split(BETWEEN) if one]


def _billing_fields(billing: Billing) -> dict[str, str | None]:
    address = billing.address
    return {
        "billing.ean": billing.ean,
        "billing.p_number": billing.p_number,
        "billing.order_reference": billing.order_reference,
        "billing.person_reference": billing.person_reference,
        "billing.account_string": billing.account_string,
        "billing.email": billing.email,
        **{f"billing.address.{one}": getattr(address, one) if address else None for one in _ADDRESS},
        "billing.format": billing.format,
        "billing.demands": BETWEEN.join(billing.demands),
    }
