"""Peppol BIS Billing 3.0 (EN 16931-1 in UBL 2.1, with the Danish rules DK-R-002 … DK-R-017), release 2026.5.

What it does not carry: whether a credit note credits in part.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from decimal import Decimal
from functools import lru_cache

from lxml.etree import _Element as Element

from services.invoicing.adapters.einvoice.formats import ubl
from services.invoicing.adapters.einvoice.formats.ubl import group, put, put_ore, put_price
from services.invoicing.domain.document.model import (
    CURRENCY,
    EXEMPT_PERCENT,
    NO_CONTACT,
    Allowance,
    BankAccount,
    Document,
    DocumentLine,
    Endpoint,
    EndpointScheme,
    Fik,
    FikCard,
    Iban,
    Kind,
    NemKonto,
    Party,
    Payment,
    References,
    Totals,
)

NAME = "peppol-bis-3"
CUSTOMIZATION = "urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0"
PROFILE = "urn:fdc:peppol.eu:2017:poacc:billing:01:1.0"
TYPE_CODES: dict[Kind, tuple[str, str]] = {
    "invoice": ("InvoiceTypeCode", "380"),
    "credit_note": ("CreditNoteTypeCode", "381"),
}
SCHEMES: dict[EndpointScheme, str] = {"GLN": "0088", "CVR": "0184", "P": "0096"}
"""Electronic Address Scheme codes of the endpoints; a CVR number stands without DK."""

_CVR = {"schemeID": SCHEMES["CVR"]}
_FIK, _BANK, _IBAN, _NEMKONTO = "93", "42", "58", "97"
_SCHEME_OF = {code: scheme for scheme, code in SCHEMES.items()}
_CARDS: dict[str, FikCard] = {"71": "71", "73": "73", "75": "75"}


def write(document: Document) -> bytes:
    """The document as UBL. Asks for endpoints of both parties; the document checks see to that."""
    kind = document.kind
    root = ubl.start(kind)
    put(root, "CustomizationID", CUSTOMIZATION)
    put(root, "ProfileID", PROFILE)
    put(root, "ID", document.id)
    put(root, "IssueDate", document.issued_on.isoformat())
    if document.due_on is not None:
        put(root, "DueDate", document.due_on.isoformat())
    put(root, *TYPE_CODES[kind])
    put(root, "Note", document.note)
    put(root, "DocumentCurrencyCode", CURRENCY)
    references = document.references
    put(root, "AccountingCost", references.account_string)
    put(root, "BuyerReference", references.person)
    ubl.put_period(root, document.period)
    if references.order:
        put(group(root, "OrderReference"), "ID", references.order)
    ubl.put_credited(root, document.credited)
    root.append(deepcopy(_seller(document.seller)))
    _put_party(group(root, "AccountingCustomerParty"), document.buyer, sells=False)
    if document.delivered_on is not None:
        put(group(root, "Delivery"), "ActualDeliveryDate", document.delivered_on.isoformat())
    _put_payment(root, document)
    if document.terms:
        put(group(root, "PaymentTerms"), "Note", document.terms)
    for one in document.allowances:
        _put_allowance(root, one)
    _put_totals(root, document)
    return ubl.finish(root, document, _put_line)


def read(xml: bytes) -> Document:
    """The document that the bytes say; `told` holds the sums they say. Refuses what the model cannot hold."""
    return ubl.read(xml, CUSTOMIZATION, _read)


def carried(document: Document) -> Document:
    """What is left of the document once it has been written and read."""
    if document.credited is None:
        return document
    return replace(document, credited=replace(document.credited, in_part=False))


@lru_cache(maxsize=16)
def _seller(seller: Party) -> Element:
    """To be copied: a run of invoices has one seller."""
    role = group(ubl.start("invoice"), "AccountingSupplierParty")
    _put_party(role, seller, sells=True)
    return role


def _put_party(role: Element, party: Party, *, sells: bool) -> None:
    node = group(role, "Party")
    if party.endpoint is None:
        raise ValueError("seller.endpoint: is missing" if sells else "buyer.endpoint: is missing")
    put(node, "EndpointID", party.endpoint.id, {"schemeID": SCHEMES[party.endpoint.scheme]})
    if party.unit:
        # What it is known by beside its registered name (BT-45).
        put(group(node, "PartyName"), "Name", party.unit)
    ubl.put_place(group(node, "PostalAddress"), party.address)
    if sells and party.cvr:
        tax = group(node, "PartyTaxScheme")
        put(tax, "CompanyID", f"DK{party.cvr}")
        put(group(tax, "TaxScheme"), "ID", "VAT")
    entity = group(node, "PartyLegalEntity")
    put(entity, "RegistrationName", party.name)
    put(entity, "CompanyID", party.cvr, _CVR)
    if party.contact != NO_CONTACT:
        contact = group(node, "Contact")
        put(contact, "Name", party.contact.name)
        put(contact, "Telephone", party.contact.phone)
        put(contact, "ElectronicMail", party.contact.email)


def _put_payment(root: Element, document: Document) -> None:
    payment = document.payment
    if payment is None:
        return
    means = group(root, "PaymentMeans")
    match payment:
        case Fik():
            put(means, "PaymentMeansCode", _FIK)
            put(means, "PaymentID", f"{payment.card}#{payment.reference}")
            put(group(means, "PayeeFinancialAccount"), "ID", payment.creditor)
        case BankAccount():
            put(means, "PaymentMeansCode", _BANK)
            put(means, "PaymentID", document.id)
            account = group(means, "PayeeFinancialAccount")
            put(account, "ID", payment.account)
            put(group(account, "FinancialInstitutionBranch"), "ID", payment.registration)
        case Iban():
            put(means, "PaymentMeansCode", _IBAN)
            put(means, "PaymentID", document.id)
            account = group(means, "PayeeFinancialAccount")
            put(account, "ID", payment.iban)
            if payment.bic:
                put(group(account, "FinancialInstitutionBranch"), "ID", payment.bic)
        case NemKonto():
            put(means, "PaymentMeansCode", _NEMKONTO)


def _put_allowance(parent: Element, allowance: Allowance) -> None:
    node = group(parent, "AllowanceCharge")
    put(node, "ChargeIndicator", "true" if allowance.charge else "false")
    put(node, "AllowanceChargeReason", allowance.reason)
    if allowance.percent is not None and allowance.base_ore is not None:
        put(node, "MultiplierFactorNumeric", ubl.plain(allowance.percent))
        put_ore(node, "Amount", allowance.amount_ore)
        put_ore(node, "BaseAmount", allowance.base_ore)
    else:
        put_ore(node, "Amount", allowance.amount_ore)
    if allowance.vat_percent is not None:
        _put_category(node, "TaxCategory", allowance.vat_percent)


def _put_category(parent: Element, name: str, percent: int, exemption: str = "") -> None:
    parent.append(deepcopy(_category(name, percent, exemption)))


@lru_cache(maxsize=64)
def _category(name: str, percent: int, exemption: str) -> Element:
    """To be copied: each line has one, and they differ little."""
    node = group(ubl.start("invoice"), name)
    put(node, "ID", "E" if percent == EXEMPT_PERCENT else "S")
    put(node, "Percent", str(percent))
    put(node, "TaxExemptionReason", exemption)
    put(group(node, "TaxScheme"), "ID", "VAT")
    return node


def _put_totals(root: Element, document: Document) -> None:
    totals = document.totals
    tax = group(root, "TaxTotal")
    put_ore(tax, "TaxAmount", totals.vat_ore)
    for rate in totals.rates:
        part = group(tax, "TaxSubtotal")
        put_ore(part, "TaxableAmount", rate.net_ore)
        put_ore(part, "TaxAmount", rate.vat_ore)
        exemption = document.exemption if rate.vat_percent == EXEMPT_PERCENT else ""
        _put_category(part, "TaxCategory", rate.vat_percent, exemption)
    sums = group(root, "LegalMonetaryTotal")
    put_ore(sums, "LineExtensionAmount", totals.lines_ore)
    put_ore(sums, "TaxExclusiveAmount", totals.net_ore)
    put_ore(sums, "TaxInclusiveAmount", totals.gross_ore)
    # Also when they come to nothing (BR-CO-11, BR-CO-12).
    if any(not one.charge for one in document.allowances):
        put_ore(sums, "AllowanceTotalAmount", totals.allowances_ore)
    if any(one.charge for one in document.allowances):
        put_ore(sums, "ChargeTotalAmount", totals.charges_ore)
    if document.rounding_ore:
        put_ore(sums, "PayableRoundingAmount", document.rounding_ore)
    put_ore(sums, "PayableAmount", totals.payable_ore)


def _put_line(root: Element, line: DocumentLine, kind: Kind) -> None:
    node = group(root, ubl.LINES[kind])
    put(node, "ID", line.id)
    put(node, ubl.QUANTITIES[kind], ubl.plain(line.quantity), {"unitCode": line.unit})
    put_ore(node, "LineExtensionAmount", line.net_ore)
    ubl.put_period(node, line.period)
    for one in line.allowances:
        _put_allowance(node, one)
    item = group(node, "Item")
    put(item, "Description", line.description)
    put(item, "Name", line.text)
    _put_category(item, "ClassifiedTaxCategory", line.vat_percent)
    put_price(group(node, "Price"), "PriceAmount", line.unit_price_ore)


def _read(kind: Kind, root: Element) -> Document:
    series, number = ubl.series_and_number(ubl.text(root, "cbc:ID"))
    return Document(
        kind=kind,
        series=series,
        number=number,
        issued_on=ubl.issued_on(root),
        due_on=ubl.day(root, "cbc:DueDate"),
        note=ubl.text(root, "cbc:Note"),
        references=References(
            person=ubl.text(root, "cbc:BuyerReference"),
            order=ubl.text(root, "cac:OrderReference/cbc:ID"),
            account_string=ubl.text(root, "cbc:AccountingCost"),
        ),
        period=ubl.period(root),
        credited=ubl.credited(root),
        seller=_party(root, "cac:AccountingSupplierParty/cac:Party"),
        buyer=_party(root, "cac:AccountingCustomerParty/cac:Party"),
        delivered_on=ubl.day(root, "cac:Delivery/cbc:ActualDeliveryDate"),
        payment=_payment(root),
        terms=ubl.text(root, "cac:PaymentTerms/cbc:Note"),
        allowances=tuple(_allowance(node) for node in ubl.every(root, "cac:AllowanceCharge")),
        exemption=ubl.text(root, "cac:TaxTotal/cac:TaxSubtotal/cac:TaxCategory/cbc:TaxExemptionReason"),
        rounding_ore=ubl.ore(root, "cac:LegalMonetaryTotal/cbc:PayableRoundingAmount") or 0,
        lines=tuple(_line(node, kind) for node in ubl.every(root, f"cac:{ubl.LINES[kind]}")),
        told=_told(root),
    )


def _party(root: Element, path: str) -> Party:
    node = ubl.party(root, path)
    endpoint = ubl.found(node, "cbc:EndpointID")
    scheme = "" if endpoint is None else endpoint.get("schemeID", "")
    if endpoint is not None and scheme not in _SCHEME_OF:
        raise ubl.unknown_endpoint(path, scheme)
    return Party(
        name=ubl.text(node, "cac:PartyLegalEntity/cbc:RegistrationName"),
        cvr=ubl.text(node, "cac:PartyLegalEntity/cbc:CompanyID"),
        endpoint=None if endpoint is None else Endpoint(_SCHEME_OF[scheme], endpoint.text or ""),
        address=ubl.address(node),
        contact=ubl.contact(node),
        unit=ubl.text(node, "cac:PartyName/cbc:Name"),
    )


def _payment(root: Element) -> Payment | None:
    node = ubl.only(root, "cac:PaymentMeans")
    if node is None:
        return None
    account = ubl.text(node, "cac:PayeeFinancialAccount/cbc:ID")
    branch = ubl.text(node, "cac:PayeeFinancialAccount/cac:FinancialInstitutionBranch/cbc:ID")
    match ubl.text(node, "cbc:PaymentMeansCode"):
        case "93":
            card, _, reference = ubl.text(node, "cbc:PaymentID").partition("#")
            if card not in _CARDS:
                raise ubl.unknown_card(card)
            return Fik(_CARDS[card], account, reference)
        case "31" | "42":
            return BankAccount(branch, account)
        case "58":
            return Iban(account, branch)
        case "97":
            return NemKonto()
        case code:
            raise ubl.unknown_means(code)


def _allowance(node: Element) -> Allowance:
    return Allowance(
        reason=ubl.text(node, "cbc:AllowanceChargeReason"),
        amount_ore=ubl.ore_there(node, "cbc:Amount"),
        charge=ubl.text(node, "cbc:ChargeIndicator") == "true",
        vat_percent=None if ubl.found(node, "cac:TaxCategory") is None else ubl.rate(node, "cac:TaxCategory"),
        percent=ubl.number(node, "cbc:MultiplierFactorNumeric"),
        base_ore=ubl.ore(node, "cbc:BaseAmount"),
    )


def _line(node: Element, kind: Kind) -> DocumentLine:
    quantity = ubl.found(node, f"cbc:{ubl.QUANTITIES[kind]}")
    line = DocumentLine(
        id=ubl.text(node, "cbc:ID"),
        text=ubl.text(node, "cac:Item/cbc:Name"),
        description=ubl.text(node, "cac:Item/cbc:Description"),
        quantity=ubl.number(node, f"cbc:{ubl.QUANTITIES[kind]}") or Decimal(0),
        unit="" if quantity is None else quantity.get("unitCode", ""),
        unit_price_ore=(ubl.number(node, "cac:Price/cbc:PriceAmount") or Decimal(0)).scaleb(2),
        vat_percent=ubl.rate(node, "cac:Item/cac:ClassifiedTaxCategory"),
        allowances=tuple(_allowance(one) for one in ubl.every(node, "cac:AllowanceCharge")),
        period=ubl.period(node),
    )
    return ubl.agreed(line, node)


def _told(root: Element) -> Totals:
    sums = ubl.sums(root)
    return Totals(
        lines_ore=ubl.ore_there(sums, "cbc:LineExtensionAmount"),
        allowances_ore=ubl.ore(sums, "cbc:AllowanceTotalAmount") or 0,
        charges_ore=ubl.ore(sums, "cbc:ChargeTotalAmount") or 0,
        net_ore=ubl.ore_there(sums, "cbc:TaxExclusiveAmount"),
        vat_ore=ubl.ore_there(root, "cac:TaxTotal/cbc:TaxAmount"),
        gross_ore=ubl.ore_there(sums, "cbc:TaxInclusiveAmount"),
        payable_ore=ubl.ore_there(sums, "cbc:PayableAmount"),
        rates=ubl.rates(root),
    )
