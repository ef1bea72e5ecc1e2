"""Small builders and readers of UBL 2.1, for every format that is written in it.

Texts come from a `Document`, which has none that XML cannot carry. Amounts are integer øre and are written in kroner
with two decimals. The same tree gives the same bytes.
"""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from lxml import etree

from services.invoicing.domain.document import CURRENCY, Address, Contact, Credited, Period

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lxml.etree import _Element as Element

    from services.invoicing.domain.document import Document, Kind

CAC = "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
CBC = "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2"
ROOTS: dict[Kind, str] = {
    "invoice": "{urn:oasis:names:specification:ubl:schema:xsd:Invoice-2}Invoice",
    "credit_note": "{urn:oasis:names:specification:ubl:schema:xsd:CreditNote-2}CreditNote",
}
NAMESPACES = {"cac": CAC, "cbc": CBC}
LINES: dict[Kind, str] = {"invoice": "InvoiceLine", "credit_note": "CreditNoteLine"}
QUANTITIES: dict[Kind, str] = {"invoice": "InvoicedQuantity", "credit_note": "CreditedQuantity"}
LARGEST_BYTES = 20_000_000
"""Of a document that is read."""

_AMOUNT = {"currencyID": CURRENCY}
_CAC = f"{{{CAC}}}"
_CBC = f"{{{CBC}}}"
_DECIMAL = re.compile(r"[+-]?[0-9]{1,30}(?:\.[0-9]{1,30})?")
_SubElement = etree.SubElement


class UnreadableError(ValueError):
    """The bytes are no document that the model can hold; the sentence says where."""


def start(kind: Kind) -> Element:
    """The root, with the prefixes cac and cbc."""
    tag = ROOTS[kind]
    return etree.Element(tag, nsmap={None: tag[1 : tag.index("}")], "cac": CAC, "cbc": CBC})


def group(parent: Element, name: str) -> Element:
    """An aggregate (cac)."""
    return _SubElement(parent, _CAC + name)


def put(parent: Element, name: str, text: str, attributes: dict[str, str] | None = None) -> None:
    """A basic component (cbc); an empty text writes nothing, because no format allows empty elements."""
    if text:
        _SubElement(parent, _CBC + name, attributes).text = text


def put_ore(parent: Element, name: str, ore: int) -> None:
    """An amount with its currency."""
    _SubElement(parent, _CBC + name, currencyID=CURRENCY).text = kroner(ore)


def put_price(parent: Element, name: str, ore: Decimal) -> None:
    """A unit price with its currency: two decimals, or as many as it has."""
    _SubElement(parent, _CBC + name, _AMOUNT).text = price(ore)


def put_period(parent: Element, period: Period | None) -> None:
    if period is not None:
        node = group(parent, "InvoicePeriod")
        put(node, "StartDate", period.starts.isoformat())
        put(node, "EndDate", period.ends.isoformat())


def put_place(address: Element, place: Address) -> None:
    """What every postal address has, in the schema's order."""
    put(address, "StreetName", place.street)
    put(address, "CityName", place.city)
    put(address, "PostalZone", place.postcode)
    put(group(address, "Country"), "IdentificationCode", place.country)


def put_credited(root: Element, credited: Credited | None) -> None:
    """What is credited, by number and day."""
    if credited is not None:
        node = group(group(root, "BillingReference"), "InvoiceDocumentReference")
        put(node, "ID", credited.id)
        put(node, "IssueDate", credited.issued_on.isoformat())


def kroner(ore: int) -> str:
    """-12.05: an amount as XML writes it."""
    digits = f"{abs(ore):03d}"
    return f"{'-' if ore < 0 else ''}{digits[:-2]}.{digits[-2:]}"


def price(ore: Decimal) -> str:
    """Kroner of a unit price in Decimal øre, with at least two decimals and none of them lost."""
    whole, _, rest = plain(ore.scaleb(-2)).partition(".")
    return f"{whole}.{rest:0<2}"


def plain(number: Decimal) -> str:
    """A number without exponent and without zeros that say nothing."""
    text = f"{number:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return text or "0"


def to_bytes(root: Element) -> bytes:
    """UTF-8 with a declaration and no white space between elements."""
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + etree.tostring(root, encoding="UTF-8", xml_declaration=False)


def from_bytes(xml: bytes) -> tuple[Kind, Element]:
    """The root and the kind it says; nothing outside the bytes is read and no entity is expanded."""
    if len(xml) > LARGEST_BYTES:
        raise UnreadableError("the file is too large")
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(xml, parser)
    except etree.XMLSyntaxError as error:
        raise UnreadableError(f"no XML: {error}") from error
    if root.getroottree().docinfo.doctype:
        raise UnreadableError("a document type is not allowed")
    for kind, tag in ROOTS.items():
        if root.tag == tag:
            return kind, root
    raise UnreadableError(f"{root.tag!r} is neither an invoice nor a credit note")


def found(parent: Element, path: str) -> Element | None:
    """The first element at a path such as `cac:Party/cbc:EndpointID`."""
    return parent.find(path, NAMESPACES)


def every(parent: Element, path: str) -> Iterator[Element]:
    """Every element at the path, in order."""
    yield from parent.iterfind(path, NAMESPACES)


def text(parent: Element, path: str) -> str:
    """The text at the path, or empty."""
    element = found(parent, path)
    return "" if element is None else element.text or ""


def day(parent: Element, path: str) -> date | None:
    """The day at the path; None when there is none."""
    said = text(parent, path)
    if not said:
        return None
    try:
        return date.fromisoformat(said)
    except ValueError as error:
        raise UnreadableError(f"{path}: {said!r} is no day") from error


def number(parent: Element, path: str) -> Decimal | None:
    """The number at the path; None when there is none."""
    said = text(parent, path)
    if not said:
        return None
    if not _DECIMAL.fullmatch(said.strip()):
        raise UnreadableError(f"{path}: {said!r} is no number")
    return Decimal(said.strip())


def ore(parent: Element, path: str) -> int | None:
    """The amount at the path in øre; None when there is none."""
    element = found(parent, path)
    if element is None:
        return None
    if element.get("currencyID") != CURRENCY:
        raise UnreadableError(f"{path}: {element.get('currencyID')} is not {CURRENCY}")
    amount = number(parent, path)
    if amount is None or amount.scaleb(2) != int(amount.scaleb(2)):
        raise UnreadableError(f"{path}: no whole øre")
    return int(amount.scaleb(2))


def ore_there(parent: Element, path: str) -> int:
    """As `ore`, of what has to be there."""
    amount = ore(parent, path)
    if amount is None:
        raise UnreadableError(f"{path}: is missing")
    return amount


def rate(parent: Element, path: str) -> int:
    """Per cent of moms in the tax category at the path; a category that names none has none."""
    percent = number(parent, f"{path}/cbc:Percent") or Decimal(0)
    if percent != int(percent):
        raise UnreadableError(f"{path}/cbc:Percent: {percent} is no whole per cent")
    return int(percent)


def period(node: Element) -> Period | None:
    starts = day(node, "cac:InvoicePeriod/cbc:StartDate")
    ends = day(node, "cac:InvoicePeriod/cbc:EndDate")
    if starts is None or ends is None:
        return None
    return Period(starts, ends)


def address(party: Element) -> Address:
    return Address(
        street=text(party, "cac:PostalAddress/cbc:StreetName"),
        postcode=text(party, "cac:PostalAddress/cbc:PostalZone"),
        city=text(party, "cac:PostalAddress/cbc:CityName"),
        country=text(party, "cac:PostalAddress/cac:Country/cbc:IdentificationCode"),
    )


def contact(party: Element) -> Contact:
    return Contact(
        name=text(party, "cac:Contact/cbc:Name"),
        phone=text(party, "cac:Contact/cbc:Telephone"),
        email=text(party, "cac:Contact/cbc:ElectronicMail"),
    )


def credited(root: Element, *, in_part: bool = False) -> Credited | None:
    """What is credited; whether in part stands elsewhere or nowhere."""
    node = found(root, "cac:BillingReference/cac:InvoiceDocumentReference")
    if node is None:
        return None
    issued_on = day(node, "cbc:IssueDate")
    if issued_on is None:
        raise UnreadableError("cac:BillingReference: names no date")
    return Credited(text(node, "cbc:ID"), issued_on, in_part)


def series_and_number(document_id: str) -> tuple[str, int]:
    """P1 and 7 of `P1-7`; as `Document.id` puts them together."""
    series, _, digits = document_id.rpartition("-")
    if not digits.isascii() or not digits.isdigit() or digits.startswith("0"):
        raise UnreadableError(f"{document_id!r} does not end in a number")
    return series, int(digits)


def payment_text(document: Document) -> str:
    """What the payer writes beside a transfer, so that the payment is known again: the document's number."""
    return document.id
