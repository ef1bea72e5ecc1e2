"""Small builders and readers of UBL 2.1, for every format that is written in it.

Texts come from a `Document`, which has none that XML cannot carry. Amounts are integer øre and are written in kroner
with two decimals. The same tree gives the same bytes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal

from lxml import etree
from lxml.etree import _Element as Element

from services.invoicing.domain.document.model import (
    CURRENCY,
    Address,
    Contact,
    Credited,
    Document,
    DocumentLine,
    Kind,
    Period,
    VatSum,
    one_line,
)

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
LONGEST_QUOTE = 60

_AMOUNT = {"currencyID": CURRENCY}
_CAC = f"{{{CAC}}}"
_CBC = f"{{{CBC}}}"
_DECIMAL = re.compile(r"[+-]?[0-9]{1,30}(?:\.[0-9]{1,30})?")
_COUNT = re.compile("[1-9][0-9]{0,17}")
_SubElement = etree.SubElement


class UnreadableError(ValueError):
    """The bytes are no document that the model can hold: where, and a Danish sentence without its full stop."""

    def __init__(self, place: str, sentence: str) -> None:
        super().__init__(sentence)
        self.place = place


REFUSED = {
    "number": "nummeret skal være mindst 1",
    "lines": "der skal være mindst én linje, og hver linje skal have sit eget nummer",
    "rounding_ore": "afrundingen skal være under en krone og må ikke gøre beløbet negativt",
    "allowances": "hver rabat og hvert gebyr skal have en momssats, og rabatten må ikke overstige satsens linjer",
    "exemption": "der står en grund til momsfritagelse, men intet er momsfrit",
    "credited": "en faktura kan ikke kreditere en anden",
    "credited.id": "nummeret på den faktura, som krediteres, mangler",
    "due_on": "en kreditnota må ikke have en betalingsfrist",
    "period": "linjernes perioder skal ligge inden for dokumentets",
    "period.ends": "en periode må ikke slutte, før den begynder",
    "endpoint": "den elektroniske adresse skal have et nummer",
    "payment.reference": "+71 og +75 skal have et betalings-id, og +73 må ikke",
    "line.id": "hver linje skal have et nummer",
    "line.quantity": "et antal skal være større end nul og have højst seks decimaler",
    "line.unit": "en linje har en enhed, som vi ikke kender",
    "line.unit_price_ore": "en pris må ikke være negativ og skal have højst seks decimaler",
    "line.vat_percent": "en momssats skal være et helt tal fra 0 til 100",
    "line.allowances": "rabatten på en linje må ikke overstige linjens beløb",
    "allowance.reason": "en rabat eller et gebyr skal have en tekst",
    "allowance.amount_ore": "en rabat eller et gebyr må ikke være negativt og skal svare til sin procent",
    "allowance.percent": "en procent må ikke være negativ og skal stå sammen med det beløb, den tages af",
    "allowance.vat_percent": "en momssats skal være et helt tal fra 0 til 100",
}
"""What the model does not hold, by the field that its ValueError begins with, said to the one who wrote the file."""
NOT_OURS = "noget i den kan ikke stå på en dansk faktura"


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


def put_place(address: Element, place: Address, *, department: str = "") -> None:
    """What every postal address has, in the schema's order."""
    put(address, "StreetName", place.street)
    put(address, "Department", department)
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
    return text


def to_bytes(root: Element) -> bytes:
    """UTF-8 with a declaration and no white space between elements."""
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + etree.tostring(root, encoding="UTF-8", xml_declaration=False)


def finish(root: Element, document: Document, put_line: Callable[[Element, DocumentLine, Kind], None]) -> bytes:
    """The lines, which every format has last, and the bytes of it all."""
    for line in document.lines:
        put_line(root, line, document.kind)
    return to_bytes(root)


def read(xml: bytes, customization: str, build: Callable[[Kind, Element], Document]) -> Document:
    """The document of that format that the bytes say. Raises UnreadableError, also for what the model refuses."""
    kind, root = from_bytes(xml)
    said = text(root, "cbc:CustomizationID")
    if said != customization:
        raise UnreadableError("cbc:CustomizationID", f"{quoted(said)} er et andet format end {customization}")
    try:
        return build(kind, root)
    except UnreadableError:
        raise
    except ValueError as error:
        field, _, _ = str(error).partition(":")
        known = field in REFUSED
        raise UnreadableError(field if known else "", REFUSED[field] if known else NOT_OURS) from error


def quoted(said: str) -> str:
    """What a file says, short enough for a sentence and without what could break its line."""
    line = one_line(said)
    return f"»{line if len(line) <= LONGEST_QUOTE else line[:LONGEST_QUOTE] + '…'}«"


def from_bytes(xml: bytes) -> tuple[Kind, Element]:
    """The root and the kind it says; nothing outside the bytes is read and no entity is expanded."""
    if len(xml) > LARGEST_BYTES:
        raise UnreadableError("", f"filen fylder mere end {LARGEST_BYTES // 10**6} MB")
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(xml, parser)
    except etree.XMLSyntaxError as error:
        raise UnreadableError("", f"filen er ikke XML ({one_line(str(error))})") from error
    if root.getroottree().docinfo.doctype:
        raise UnreadableError("", "filen har en dokumenttype (DOCTYPE), og det må den ikke")
    for kind, tag in ROOTS.items():
        if root.tag == tag:
            return kind, root
    raise UnreadableError("", f"{quoted(etree.QName(root).localname)} er hverken en faktura eller en kreditnota i UBL")


def found(parent: Element, path: str) -> Element | None:
    """The first element at a path such as `cac:Party/cbc:EndpointID`."""
    return parent.find(path, NAMESPACES)


def every(parent: Element, path: str) -> Iterator[Element]:
    """Every element at the path, in order."""
    yield from parent.iterfind(path, NAMESPACES)


def only(parent: Element, path: str) -> Element | None:
    """The one element at the path. Two are refused: a check of the first would say nothing of the other."""
    elements = parent.findall(path, NAMESPACES)
    if len(elements) > 1:
        raise UnreadableError(path, "det står der mere end én gang, og vi læser kun én")
    return elements[0] if elements else None


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
        raise UnreadableError(path, f"{quoted(said)} er ikke en dato") from error


def number(parent: Element, path: str) -> Decimal | None:
    """The number at the path; None when there is none."""
    said = text(parent, path)
    if not said:
        return None
    if not _DECIMAL.fullmatch(said.strip()):
        raise UnreadableError(path, f"{quoted(said)} er ikke et tal")
    return Decimal(said.strip())


def ore(parent: Element, path: str) -> int | None:
    """The amount at the path in øre; None when there is none."""
    element = found(parent, path)
    if element is None:
        return None
    if element.get("currencyID") != CURRENCY:
        raise UnreadableError(path, f"beløbet er i {quoted(element.get('currencyID', ''))} og ikke i {CURRENCY}")
    amount = number(parent, path)
    if amount is None or amount.scaleb(2) != int(amount.scaleb(2)):
        raise UnreadableError(path, "beløbet er ikke hele øre")
    return int(amount.scaleb(2))


def ore_there(parent: Element, path: str) -> int:
    """As `ore`, of what has to be there."""
    amount = ore(parent, path)
    if amount is None:
        raise UnreadableError(path, "beløbet mangler")
    return amount


def rate(parent: Element, path: str) -> int:
    """Per cent of moms in the tax category at the path; a category that names none has none."""
    percent = number(parent, f"{path}/cbc:Percent") or Decimal(0)
    if percent != int(percent):
        raise UnreadableError(f"{path}/cbc:Percent", f"momssatsen {quoted(str(percent))} er ikke et helt tal")
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
    node = only(root, "cac:BillingReference/cac:InvoiceDocumentReference")
    if node is None:
        return None
    issued_on = day(node, "cbc:IssueDate")
    if issued_on is None:
        raise UnreadableError("cac:BillingReference", "datoen på den faktura, som krediteres, mangler")
    return Credited(text(node, "cbc:ID"), issued_on, in_part)


def issued_on(root: Element) -> date:
    """The day of issue."""
    said = day(root, "cbc:IssueDate")
    if said is None:
        raise UnreadableError("cbc:IssueDate", "datoen mangler")
    return said


def party(root: Element, path: str) -> Element:
    """Seller or buyer."""
    node = found(root, path)
    if node is None:
        raise UnreadableError(path, "sælgeren eller kunden mangler")
    return node


def unknown_endpoint(path: str, scheme: str) -> UnreadableError:
    """For an endpoint that is neither GLN, CVR nor P number."""
    return UnreadableError(f"{path}/cbc:EndpointID", f"{quoted(scheme)} er hverken EAN-, CVR- eller P-nummer")


def unknown_card(said: str) -> UnreadableError:
    """For a FIK card that nobody makes any more, or never did."""
    return UnreadableError("cac:PaymentMeans/cbc:PaymentID", f"{quoted(said)} er hverken +71, +73 eller +75")


def unknown_means(code: str) -> UnreadableError:
    """For a way of payment that the model does not have."""
    return UnreadableError("cac:PaymentMeans/cbc:PaymentMeansCode", f"betalingsmåden {quoted(code)} kender vi ikke")


def sums(root: Element) -> Element:
    """Where the sums stand."""
    node = found(root, "cac:LegalMonetaryTotal")
    if node is None:
        raise UnreadableError("cac:LegalMonetaryTotal", "summerne mangler")
    return node


def rates(root: Element) -> tuple[VatSum, ...]:
    """What the document says is owed at each rate, the lowest first."""
    return tuple(
        sorted(
            [
                VatSum(
                    rate(part, "cac:TaxCategory"),
                    ore_there(part, "cbc:TaxableAmount"),
                    ore_there(part, "cbc:TaxAmount"),
                )
                for part in every(root, "cac:TaxTotal/cac:TaxSubtotal")
            ]
        )
    )


def agreed(line: DocumentLine, node: Element) -> DocumentLine:
    """The line, if its sum is what the file says."""
    if line.net_ore != ore_there(node, "cbc:LineExtensionAmount"):
        what = "beløbet er ikke antal gange pris med gebyrer og rabatter"
        raise UnreadableError("cbc:LineExtensionAmount", f"linje {quoted(line.id)}: {what}")
    return line


def series_and_number(document_id: str) -> tuple[str, int]:
    """P1 and 7 of `P1-7`; as `Document.id` puts them together."""
    series, _, digits = document_id.rpartition("-")
    if not _COUNT.fullmatch(digits):
        raise UnreadableError("cbc:ID", f"nummeret {quoted(document_id)} ender ikke i et løbenummer")
    return series, int(digits)


def payment_text(document: Document) -> str:
    """What the payer writes beside a transfer, so that the payment is known again: the document's number."""
    return document.id
