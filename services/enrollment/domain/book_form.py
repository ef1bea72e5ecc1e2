"""An entry of the address book as a form has it, field by field; and what becomes of it when two people change it.

Fields are called as `PutOrganisation` calls them; a role's address is `roles.<role>`. What is not there is
not filled in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from services.enrollment.domain.address_book import Entry, Unit
from services.enrollment.domain.form import BETWEEN
from shared.contracts.parties import Billing
from shared.contracts.seen import Fields, Merged, billing_fields, merged, said

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


def fields_of(entry: Entry) -> dict[str, str]:
    whole = {
        "main_email": entry.main_email,
        "cvr": entry.organisation.cvr,
        **_billing_fields(entry.billing),
        "mailboxes": "\n".join(sorted(entry.mailboxes)),
        "domains": "\n".join(sorted(entry.domains)),
        **{f"{ROLE}{role}": email for role, email in (entry.roles or {}).items()},
    }
    return said(whole)


def fields_of_unit(unit: Unit) -> dict[str, str]:
    whole = {"name": unit.name, "billing.cvr": unit.billing.cvr, **_billing_fields(unit.billing)}
    return said(whole)


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


def both_heard(base: Fields, now: Fields, typed: Fields) -> Merged:
    """`base`: as the form was shown; `now`: as it stands in the book; `typed`: as it was sent. In the form's order."""
    order = [*OF_ORGANISATION, *OF_UNIT]
    names = sorted({*base, *now, *typed}, key=lambda one: (order.index(one) if one in order else len(order), one))
    return merged(base, now, typed, [(one,) for one in names])


def several(text: str) -> tuple[str, ...]:
    """What stands in a field that holds several, with blanks, line ends, commas or semicolons between."""
    return tuple(text.replace(",", " ").replace(";", " ").split())


def demands_of(text: str) -> Sequence[str]:
    return [one for one in text.split(BETWEEN) if one]


def _billing_fields(billing: Billing) -> dict[str, str | None]:
    """With what an invoice's own form does not ask for, and without the unit, which has an entry of its own."""
    return {
        **{name: text for name, text in billing_fields(billing).items() if name != "billing.unit"},
        "billing.address.country": billing.address.country if billing.address else None,
        "billing.format": billing.format,
        "billing.demands": BETWEEN.join(billing.demands),
    }
