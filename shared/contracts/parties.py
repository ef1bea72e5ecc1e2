"""Who takes part: organisations, people and how an organisation wants its invoices."""

from __future__ import annotations

from typing import Literal

from shared.contracts.event import Frozen

EInvoiceFormat = Literal["peppol", "oioubl"]
"""A family of formats; which version of it holds goes by the invoice's date."""
InvoiceDemand = Literal["gln", "order", "person", "account_string", "contact"]
"""Something that a customer's finance system refuses invoices without."""


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


class Contact(Person):
    """The person an organisation is written to about a programme; the label of the role is data."""

    role: str = "kontaktperson"


class Billing(Frozen):
    """How the organisation wants its invoices; what it did not say is None and never guessed."""

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
