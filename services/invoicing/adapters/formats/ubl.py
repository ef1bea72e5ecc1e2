"""Small builders and readers of UBL 2.1, for every format that is written in it.

Texts come from a `Document`, which has none that XML cannot carry. Amounts are integer øre and are written in kroner
with two decimals. The same tree gives the same bytes.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from lxml import etree

from services.invoicing.domain.document import CURRENCY

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
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True)
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
    try:
        return Decimal(said)
    except InvalidOperation as error:
        raise UnreadableError(f"{path}: {said!r} is no number") from error


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


def series_and_number(document_id: str) -> tuple[str, int]:
    """P1 and 7 of `P1-7`; as `Document.id` puts them together."""
    series, _, digits = document_id.rpartition("-")
    if not digits.isascii() or not digits.isdigit() or digits.startswith("0"):
        raise UnreadableError(f"{document_id!r} does not end in a number")
    return series, int(digits)


def payment_text(document: Document) -> str:
    """What the payer writes beside a transfer, so that the payment is known again: the document's number."""
    return document.id
