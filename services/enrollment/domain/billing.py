"""How an organisation wants its invoices: what is wrong with what was said, what goes before what, and what is missing.

Everything that is wrong is found at once, each at its field with a code of its own. Nothing is guessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple, get_args

from shared.contracts.addresses import mail_address, sendable
from shared.contracts.parties import Address, Billing, InvoiceDemand, Organisation
from shared.contracts.refusal import Refused, together

HOME = "DK"
_GLN_DIGITS = 13
_CVR_DIGITS = 8
_CVR_WEIGHTS = (2, 7, 6, 5, 4, 3, 2, 1)
_LONGEST = 200
_POSTCODE_DIGITS = 4
_DEMANDS: tuple[InvoiceDemand, ...] = get_args(InvoiceDemand)
_REFERENCES = ("order_reference", "person_reference", "account_string", "unit_name")
_ADDRESS = ("street", "postcode", "city")


class Fault(NamedTuple):
    """One thing that is wrong: the field of the billing, a stable code, and a sentence in Danish."""

    field: str
    code: str
    detail: str


def is_gln(text: str) -> bool:
    """An EAN/GLN number of 13 digits whose last one is right (GS1 General Specifications § 7.9)."""
    if len(text) != _GLN_DIGITS or not (text.isascii() and text.isdigit()):
        return False
    return sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(text)) % 10 == 0


def is_cvr(number: str) -> bool:
    """Eight digits of which the last one is right by modulus 11 (Erhvervsstyrelsen)."""
    if len(number) != _CVR_DIGITS or not (number.isascii() and number.isdigit()) or number[0] == "0":
        return False
    return sum(weight * int(digit) for weight, digit in zip(_CVR_WEIGHTS, number, strict=True)) % 11 == 0


def is_p_number(text: str) -> bool:
    """Ten digits; there is no check digit (Erhvervsstyrelsen)."""
    return re.fullmatch("[1-9][0-9]{9}", text) is not None


def cleaned(said: Billing) -> Billing:
    """As it is kept: numbers without the blanks that people write in them, texts on one line, and nothing for empty."""
    at = said.address
    return said.model_copy(
        update={
            **{name: _packed(getattr(said, name)) for name in ("ean", "cvr", "p_number")},
            **{name: _on_one_line(getattr(said, name)) for name in _REFERENCES},
            "email": _on_one_line(sendable(said.email or "") or said.email),
            "address": at and at.model_copy(update={name: _on_one_line(getattr(at, name)) or "" for name in _ADDRESS}),
            "demands": tuple(one for one in _DEMANDS if one in said.demands),
        }
    )


def faults(billing: Billing) -> Iterator[Fault]:
    """Everything that is wrong with a billing, `cleaned` before."""
    if billing.ean is not None and not is_gln(billing.ean):
        yield Fault("ean", "invalid_ean", "EAN-nummeret skal være på 13 cifre, og det sidste skal passe med de andre.")
    if billing.cvr is not None and not is_cvr(billing.cvr):
        yield Fault("cvr", "invalid_cvr", "CVR-nummeret skal være på otte cifre, og de skal passe med modulus 11.")
    if billing.p_number is not None and not is_p_number(billing.p_number):
        yield Fault("p_number", "invalid_p_number", "P-nummeret skal være på ti cifre og kan ikke begynde med 0.")
    if billing.email is not None:
        try:
            mail_address(billing.email)
        except ValueError as error:
            yield Fault("email", "invalid_email", str(error))
    for name in _REFERENCES:
        yield from text_faults(name, getattr(billing, name))
    if billing.address is not None:
        yield from _address_faults(billing.address)


def text_faults(field: str, text: str | None) -> Iterator[Fault]:
    if text is not None and len(text) > _LONGEST:
        yield Fault(field, "too_long", f"Må højst være {_LONGEST} tegn.")
    if text is not None and not text.isprintable():
        yield Fault(field, "control_character", "Teksten har et tegn, som ikke er tilladt.")


def require_billing(said: Billing, field: str = "billing") -> Billing:
    """The billing as it is kept, or Refused 422 with every fault: `invalid_ean`, `invalid_cvr`, …, at its field."""
    billing = cleaned(said)
    wrong = [Refused(one.code, one.detail, status=422, field=f"{field}.{one.field}") for one in faults(billing)]
    if wrong:
        raise together(wrong)
    return billing


def over(base: Billing, said: Billing) -> Billing:
    """What was said, and what stood before for the rest; demands come together.

    Where an e-invoice goes is one thing, EAN number or P number. Another legal unit takes over neither that nor
    anything else of the one before it.
    """
    if said.cvr is not None and said.cvr != base.cvr:
        base = Billing(unit=base.unit, unit_name=base.unit_name)
    where = said if said.ean or said.p_number else base
    return Billing(
        ean=where.ean,
        p_number=where.p_number,
        order_reference=said.order_reference or base.order_reference,
        person_reference=said.person_reference or base.person_reference,
        account_string=said.account_string or base.account_string,
        email=said.email or base.email,
        address=said.address or base.address,
        format=said.format or base.format,
        demands=tuple(one for one in _DEMANDS if one in {*said.demands, *base.demands}),
        unit=base.unit,
        unit_name=base.unit_name if base.unit else said.unit_name or base.unit_name,
        cvr=said.cvr or base.cvr,
    )


def missing(billing: Billing, organisation: Organisation, contact_name: str) -> tuple[str, ...]:
    """What an invoice could not be issued without, by BILLING_DETAILS.

    Empty exactly where the checks of documents find nothing wrong with the buyer; a test compares them.
    """
    return tuple(dict.fromkeys(_missing(billing, organisation, contact_name)))


def _missing(billing: Billing, organisation: Organisation, contact_name: str) -> Iterator[str]:
    cvr, asked = billing.cvr or organisation.cvr, set(billing.demands)
    if (billing.ean and not is_gln(billing.ean)) or (not billing.ean and "gln" in asked):
        yield "ean"
    elif not billing.ean and billing.p_number and not is_p_number(billing.p_number):
        yield "p_number"
    elif not (billing.ean or billing.p_number or cvr):
        yield "e_address"
    if cvr and not is_cvr(cvr):
        yield "cvr"
    at = billing.address
    if at is None or not all(getattr(at, name).strip() for name in _ADDRESS) or not _is_country(at.country):
        yield "address"
    if "order" in asked and not billing.order_reference:
        yield "order_reference"
    reference = billing.order_reference or billing.person_reference or contact_name.strip()
    if ("person" in asked and not billing.person_reference) or not ({"order", "person"} & asked or reference):
        yield "person_reference"
    if "account_string" in asked and not billing.account_string:
        yield "account_string"
    if "contact" in asked and not contact_name.strip():
        yield "contact"


def _address_faults(address: Address) -> Iterator[Fault]:
    for name in _ADDRESS:
        text = getattr(address, name)
        if not text.strip():
            yield Fault(f"address.{name}", "address_incomplete", "Adressen skal have både vej, postnummer og by.")
        yield from text_faults(f"address.{name}", text)
    if not _is_country(address.country):
        yield Fault("address.country", "invalid_country", "Skriv landet med to store bogstaver, fx DK.")
    elif address.country == HOME and address.postcode.strip() and not _is_danish_postcode(address.postcode):
        yield Fault("address.postcode", "invalid_postcode", "Postnummeret skal være på fire cifre.")


def _is_country(text: str) -> bool:
    return re.fullmatch("[A-Z]{2}", text) is not None


def _is_danish_postcode(text: str) -> bool:
    return len(text) == _POSTCODE_DIGITS and text.isascii() and text.isdigit()


def _packed(text: str | None) -> str | None:
    return "".join(text.split()) or None if text else None


def _on_one_line(text: str | None) -> str | None:
    return " ".join(text.split()) or None if text else None
