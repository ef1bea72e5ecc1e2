"""The formats that documents are written in, and from when until when each of them holds.

A new format is one file beside this one and one row of the table. A customer names a family and not a version, so that
it moves to the next version on its day.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from services.invoicing.adapters.einvoice.formats import oioubl21, peppol_bis3, ubl
from services.invoicing.domain.document.model import Document
from shared.contracts.parties import EInvoiceFormat


@dataclass(frozen=True, slots=True)
class Format:
    """`customization` is what such a file calls itself; `carried` what is left of a document written and read back."""

    name: str
    title: str
    customization: str
    family: EInvoiceFormat
    valid_from: date
    valid_until: date | None
    write: Callable[[Document], bytes]
    read: Callable[[bytes], Document]
    carried: Callable[[Document], Document]

    def valid_on(self, day: date) -> bool:
        return self.valid_from <= day and (self.valid_until is None or day <= self.valid_until)


FORMATS: tuple[Format, ...] = (
    Format(
        name=peppol_bis3.NAME,
        title="Peppol BIS Billing 3.0",
        customization=peppol_bis3.CUSTOMIZATION,
        family="peppol",
        valid_from=date(2019, 4, 18),
        valid_until=None,
        write=peppol_bis3.write,
        read=peppol_bis3.read,
        carried=peppol_bis3.carried,
    ),
    Format(
        name=oioubl21.NAME,
        title="OIOUBL 2.1",
        customization=oioubl21.CUSTOMIZATION,
        family="oioubl",
        valid_from=date(2005, 2, 1),
        # NemHandel BIS 4 replaces it by July 2029.
        valid_until=date(2029, 6, 30),
        write=oioubl21.write,
        read=oioubl21.read,
        carried=oioubl21.carried,
    ),
)
DEFAULT_FAMILY: EInvoiceFormat = "peppol"
"""For a customer who has not said."""
BY_NAME = {one.name: one for one in FORMATS}


class NoFormatError(LookupError):
    """No format holds on that day."""


def chosen(family: EInvoiceFormat | None, issued_on: date) -> Format:
    """The newest version of the customer's family that holds on the day; of the default family when it has none.

    A family that has gone out of use, or is not in use yet, is replaced by the default one, and that by another that
    holds, so that the customer still gets an invoice: in 2016 it was OIOUBL alone.
    """
    for wanted in dict.fromkeys((family, DEFAULT_FAMILY, *(one.family for one in FORMATS))):
        holding = [one for one in FORMATS if one.family == wanted and one.valid_on(issued_on)]
        if holding:
            return max(holding, key=lambda one: one.valid_from)
    raise NoFormatError(f"no format of documents holds on {issued_on}")


def read(xml: bytes) -> Document:
    """A document in the format that it says it is in. Raises UnreadableError with the place and what is wrong there."""
    _, root = ubl.from_bytes(xml)
    said = ubl.text(root, "cbc:CustomizationID")
    for one in FORMATS:
        if one.customization == said:
            return one.read(xml)
    raise ubl.UnreadableError("cbc:CustomizationID", f"formatet {ubl.quoted(said)} kender vi ikke")
