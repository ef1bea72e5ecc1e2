"""Who takes part: organisations, people and how an organisation wants its invoices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import Field, GetCoreSchemaHandler, GetPydanticSchema
from pydantic_core.core_schema import (
    CoreSchema,
    json_or_python_schema,
    no_info_after_validator_function,
    no_info_before_validator_function,
)

from shared.contracts.addresses import ERASED_DOMAIN
from shared.contracts.bounds import MOST_DEMANDS, Email, Id, Line
from shared.contracts.danish import listed
from shared.contracts.event import Frozen, natural_id

ERASED_NAME = "slettet"
"""Stands where the name of an erased person stood."""

EInvoiceFormat = Literal["peppol", "oioubl"]
"""A family of formats; which version of it holds goes by the invoice's date."""
InvoiceDemand = Literal["gln", "order", "person", "account_string", "contact"]
"""Something that a customer's finance system refuses invoices without."""


BILLING_DETAILS: Mapping[str, str] = {
    "e_address": "EAN-nummer eller P-nummer",
    "ean": "EAN-nummer",
    "cvr": "CVR-nummer",
    "p_number": "P-nummer",
    "address": "adresse",
    "order_reference": "ordre-/rekvisitionsnummer",
    "person_reference": "personreference",
    "account_string": "kontostreng",
    "contact": "kontaktperson",
}
"""What can be missing before an invoice can be issued → what it is called in a sentence. Facts name it by these words;
a reader passes over one that it does not know.
"""


def billing_details(details: Sequence[str]) -> str:
    """adresse, EAN-nummer og kontostreng: those that are known, in a sentence."""
    return listed([BILLING_DETAILS[one] for one in details if one in BILLING_DETAILS])


class Address(Frozen):
    street: str
    postcode: str
    city: str
    country: str = "DK"


class Organisation(Frozen):
    """What enrols: a municipality (code = its four-digit municipality code) or another organisation."""

    code: str
    name: str
    """The official name, as on letters: "Københavns Kommune"."""
    region: str | None = None
    cvr: str | None = None


class Person(Frozen):
    """`person_id` is opaque and the only thing of a person that may stand in a key."""

    person_id: str
    name: str
    email: str


def erased_email(person_id: str, number: int = 0) -> str:
    """An address that is nobody's: another one for each person, and for each address that they had. So where addresses
    are keys, no two fall together.
    """
    return f"{natural_id('erased', person_id, *([str(number)] if number else []))}@{ERASED_DOMAIN}"


def erased(person_id: str) -> Person:
    """What is said of somebody who was erased."""
    return Person(person_id=person_id, name=ERASED_NAME, email=erased_email(person_id))


class Contact(Person):
    """The person an organisation is written to about a programme; the label of the role is data."""

    role: str = "kontaktperson"


def _not_said(value: object) -> bool:
    return value is None


class Billing(Frozen):
    """How the organisation wants its invoices; what it did not say is None and never guessed.

    The debtor is the organisation, or the unit of it that is named here; a person is only ever a reference.
    """

    ean: str | None = None
    """GLN of 13 digits."""
    order_reference: str | None = None
    person_reference: str | None = None
    account_string: str | None = None
    email: str | None = None
    address: Address | None = None
    p_number: str | None = None
    """P number of ten digits: where e-invoices go when there is no EAN."""
    format: EInvoiceFormat | None = None
    """None = the one that is usual on the invoice's date."""
    demands: tuple[InvoiceDemand, ...] = ()
    unit: str | None = Field(default=None, exclude_if=_not_said)
    """Id of the organisation's unit that pays, in the address book of whoever told it; None = the organisation."""
    unit_name: str | None = Field(default=None, exclude_if=_not_said)
    """What the unit is called on the invoice, below the organisation's name."""
    cvr: str | None = Field(default=None, exclude_if=_not_said)
    """CVR number of the legal unit that pays, where it is another than the organisation's own."""


class AddressSaid(Address):
    """As a door takes it."""

    street: Line
    postcode: Line
    city: Line
    country: Line = "DK"


class BillingSaid(Billing):
    """As a door takes it; what is made of it is a Billing."""

    ean: Id | None = None
    order_reference: Line | None = None
    person_reference: Line | None = None
    account_string: Line | None = None
    email: Email | None = None
    address: AddressSaid | None = None
    p_number: Id | None = None
    demands: tuple[InvoiceDemand, ...] = Field(default=(), max_length=MOST_DEMANDS)
    unit: Id | None = Field(default=None, exclude_if=_not_said)
    """Empty = none of the organisation's units, where None leaves it as it is."""
    unit_name: Line | None = Field(default=None, exclude_if=_not_said)
    cvr: Id | None = Field(default=None, exclude_if=_not_said)


def _as_said(given: Any) -> Any:
    return given.model_dump() if isinstance(given, Billing) else given


def _as_kept(said: BillingSaid) -> Billing:
    return Billing.model_validate(said.model_dump())


def _said(_: Any, schema_of: GetCoreSchemaHandler) -> CoreSchema:
    kept = no_info_after_validator_function(_as_kept, schema_of(BillingSaid))
    return json_or_python_schema(kept, no_info_before_validator_function(_as_said, kept))


BillingWish = Annotated[Billing, GetPydanticSchema(_said)]
"""A Billing within the bounds of BillingSaid."""
