"""OIOUBL 2.1 (Danish rules 1.17.1 on UBL 2.1): what NemHandel carries beside Peppol until its own BIS 4 replaces it.

Where it differs from EN 16931, by the rule that says so: TaxExclusiveAmount is the moms (F-INV127), TaxInclusiveAmount
includes the rounding (F-INV128), every line says its moms (F-INV138), the terms of payment repeat what is to be paid
(F-INV134), and a line's sum is quantity times price whatever discounts stand beside it (F-INV348): they only inform,
the price is the one after them, and the price before them is the alternative condition price. Exempt is ZeroRated.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from decimal import ROUND_HALF_UP, Context, Decimal
from functools import cache, lru_cache

from lxml.etree import _Element as Element

from services.invoicing.adapters.einvoice.formats import ubl
from services.invoicing.adapters.einvoice.formats.ubl import group, put, put_ore, put_price
from services.invoicing.domain.document.model import (
    CURRENCY,
    EXEMPT_PERCENT,
    Allowance,
    BankAccount,
    Contact,
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
    VatSum,
    half_up,
)
from shared.contracts.money import moms

NAME = "oioubl-2.1"
CUSTOMIZATION = "OIOUBL-2.1"
UBL_VERSION = "2.1"
PROFILE = "Procurement-BilSim-1.0"
INVOICE_TYPE = "380"
NOT_SAID = "n/a"
"""Stands where OIOUBL demands a person reference (F-INV051) and there is none."""
IN_FULL, IN_PART = "Kreditering af hele fakturaen", "Kreditering af en del af fakturaen"
LONGEST_PAYMENT_NOTE = 20
"""What a Danish bank transfer has room for (F-LIB133)."""

_AGENCY = {"schemeAgencyID": "320"}
_LIST_AGENCY = {"listAgencyID": "320"}
_PROFILE = {"schemeID": "urn:oioubl:id:profileid-1.6", **_AGENCY}
_INVOICE_TYPE = {"listID": "urn:oioubl:codelist:invoicetypecode-1.2", **_LIST_AGENCY}
_ADDRESS_FORMAT = {"listID": "urn:oioubl:codelist:addressformatcode-1.1", **_LIST_AGENCY}
_CHANNEL = {"listID": "urn:oioubl:codelist:paymentchannelcode-1.1", **_LIST_AGENCY}
_PAYMENT_ID = {"schemeID": "urn:oioubl:id:paymentid-1.1", **_AGENCY}
_CATEGORY = {"schemeID": "urn:oioubl:id:taxcategoryid-1.4", **_AGENCY}
_SCHEME = {"schemeID": "urn:oioubl:id:taxschemeid-1.5", **_AGENCY}
_SCHEMES: dict[EndpointScheme, dict[str, str]] = {
    "GLN": {"schemeID": "GLN"},
    "CVR": {"schemeID": "DK:CVR"},
    "P": {"schemeID": "DK:P"},
}
_SCHEME_OF: dict[str, EndpointScheme] = {"GLN": "GLN", "DK:CVR": "CVR", "DK:P": "P"}
_VAT_ID = {"schemeID": "DK:SE"}
_COUNTRY_PREFIX = "DK"
"""Before a CVR or SE number, also where it is an endpoint (F-LIB180, F-LIB190, F-LIB196)."""
_UNDEFINED, _SWIFT, _BANK, _SEPA, _FIK, _NEMKONTO = "1", "31", "42", "58", "93", "97"
_CARDS: dict[str, FikCard] = {"71": "71", "73": "73", "75": "75"}
_EXACT = Context(prec=64, rounding=ROUND_HALF_UP)


def write(document: Document) -> bytes:
    """The document as OIOUBL. Asks for endpoints of both parties; the document checks see to that."""
    kind = document.kind
    root = ubl.start(kind)
    put(root, "UBLVersionID", UBL_VERSION)
    put(root, "CustomizationID", CUSTOMIZATION)
    put(root, "ProfileID", PROFILE, _PROFILE)
    put(root, "ID", document.id)
    put(root, "IssueDate", document.issued_on.isoformat())
    if kind == "invoice":
        put(root, "InvoiceTypeCode", INVOICE_TYPE, _INVOICE_TYPE)
    put(root, "Note", document.note)
    put(root, "DocumentCurrencyCode", CURRENCY)
    put(root, "AccountingCost", document.references.account_string)
    ubl.put_period(root, document.period)
    if document.credited is not None:
        response = group(root, "DiscrepancyResponse")
        put(response, "ReferenceID", document.credited.id)
        put(response, "Description", IN_PART if document.credited.in_part else IN_FULL)
    if document.references.order:
        put(group(root, "OrderReference"), "ID", document.references.order)
    ubl.put_credited(root, document.credited)
    root.append(deepcopy(_seller(document.seller)))
    _put_buyer(root, document)
    if document.delivered_on is not None:
        put(group(root, "Delivery"), "ActualDeliveryDate", document.delivered_on.isoformat())
    _put_payment(root, document)
    if kind == "invoice" or document.terms:
        terms = group(root, "PaymentTerms")
        put(terms, "Note", document.terms)
        put_ore(terms, "Amount", document.totals.payable_ore)
    for one in document.allowances:
        if one.amount_ore:
            _put_allowance(root, one, one.vat_percent or EXEMPT_PERCENT)
    _put_totals(root, document)
    return ubl.finish(root, document, _put_line)


def read(xml: bytes) -> Document:
    """The document that the bytes say; `told` holds the sums they say. Refuses what the model cannot hold."""
    return ubl.read(xml, CUSTOMIZATION, _read)


def carried(document: Document) -> Document:
    """What is left of the document once it has been written and read: no charge or discount of nothing.

    Nor a person reference that reads as if there were none.
    """
    references = document.references
    if references.person == NOT_SAID:
        references = replace(references, person="")
    lines = tuple([replace(one, allowances=_of_something(one.allowances)) for one in document.lines])
    return replace(document, references=references, lines=lines, allowances=_of_something(document.allowances))


def _of_something(allowances: tuple[Allowance, ...]) -> tuple[Allowance, ...]:
    return tuple([one for one in allowances if one.amount_ore])


@lru_cache(maxsize=16)
def _seller(seller: Party) -> Element:
    """To be copied: a run of invoices has one seller."""
    role = group(ubl.start("invoice"), "AccountingSupplierParty")
    node = _put_party(role, seller, "seller")
    if seller.cvr:
        tax = group(node, "PartyTaxScheme")
        put(tax, "CompanyID", _COUNTRY_PREFIX + seller.cvr, _VAT_ID)
        _put_scheme(tax)
    _put_entity(node, seller)
    contact = seller.contact
    if contact.name or contact.phone or contact.email:
        _put_contact(node, "", contact)
    return role


def _put_buyer(root: Element, document: Document) -> None:
    node = _put_party(group(root, "AccountingCustomerParty"), document.buyer, "buyer")
    _put_entity(node, document.buyer)
    _put_contact(node, document.references.person or NOT_SAID, document.buyer.contact)


def _put_party(role: Element, party: Party, name: str) -> Element:
    if party.endpoint is None:
        raise ValueError(f"{name}.endpoint: is missing")
    node = group(role, "Party")
    scheme = party.endpoint.scheme
    number = _COUNTRY_PREFIX + party.endpoint.id if scheme == "CVR" else party.endpoint.id
    put(node, "EndpointID", number, _SCHEMES[scheme])
    put(group(node, "PartyName"), "Name", party.name)
    address = group(node, "PostalAddress")
    put(address, "AddressFormatCode", "StructuredLax", _ADDRESS_FORMAT)
    ubl.put_place(address, party.address, department=party.unit)
    return node


def _put_entity(node: Element, party: Party) -> None:
    if party.cvr:
        entity = group(node, "PartyLegalEntity")
        put(entity, "RegistrationName", party.name)
        put(entity, "CompanyID", _COUNTRY_PREFIX + party.cvr, _SCHEMES["CVR"])


def _put_contact(node: Element, reference: str, contact: Contact) -> None:
    element = group(node, "Contact")
    put(element, "ID", reference)
    put(element, "Name", contact.name)
    put(element, "Telephone", contact.phone)
    put(element, "ElectronicMail", contact.email)


def _put_payment(root: Element, document: Document) -> None:
    payment = document.payment
    if payment is None:
        if document.due_on is not None:
            _put_means(root, document, _UNDEFINED, "")
        return
    match payment:
        case Fik():
            means = _put_means(root, document, _FIK, "DK:FIK")
            put(means, "InstructionID", payment.reference)
            put(means, "PaymentID", payment.card, _PAYMENT_ID)
            put(group(means, "CreditAccount"), "AccountID", payment.creditor)
        case BankAccount():
            account = _put_account(_put_means(root, document, _BANK, "DK:BANK"), payment.account, document)
            put(group(account, "FinancialInstitutionBranch"), "ID", payment.registration)
        case Iban():
            means = _put_means(root, document, _SWIFT if payment.bic else _SEPA, "IBAN")
            account = _put_account(means, payment.iban, document)
            if payment.bic:
                bank = group(group(account, "FinancialInstitutionBranch"), "FinancialInstitution")
                put(bank, "ID", payment.bic)
        case NemKonto():
            _put_means(root, document, _NEMKONTO, "DK:NEMKONTO")


def _put_means(root: Element, document: Document, code: str, channel: str) -> Element:
    means = group(root, "PaymentMeans")
    put(means, "PaymentMeansCode", code)
    if document.due_on is not None:
        put(means, "PaymentDueDate", document.due_on.isoformat())
    put(means, "PaymentChannelCode", channel, _CHANNEL)
    return means


def _put_account(means: Element, number: str, document: Document) -> Element:
    account = group(means, "PayeeFinancialAccount")
    put(account, "ID", number)
    note = ubl.payment_text(document)
    if len(note) <= LONGEST_PAYMENT_NOTE:
        put(account, "PaymentNote", note)
    return account


def _put_allowance(parent: Element, allowance: Allowance, vat_percent: int) -> None:
    node = group(parent, "AllowanceCharge")
    put(node, "ChargeIndicator", "true" if allowance.charge else "false")
    put(node, "AllowanceChargeReason", allowance.reason)
    if allowance.percent is not None and allowance.base_ore is not None:
        # A factor and not per cent as in Peppol (F-LIB228).
        put(node, "MultiplierFactorNumeric", ubl.plain(allowance.percent.scaleb(-2)))
        put_ore(node, "Amount", allowance.amount_ore)
        put_ore(node, "BaseAmount", allowance.base_ore)
    else:
        put_ore(node, "Amount", allowance.amount_ore)
    _put_category(node, vat_percent)


@cache
def _subtotal(percent: int) -> Element:
    """A subtotal of this rate without its amounts, to be copied: six times as fast as building it for every line."""
    holder = group(ubl.start("invoice"), "TaxTotal")
    part = group(holder, "TaxSubtotal")
    put_ore(part, "TaxableAmount", 0)
    put_ore(part, "TaxAmount", 0)
    _put_category(part, percent)
    return part


def _put_category(parent: Element, percent: int) -> None:
    category = group(parent, "TaxCategory")
    put(category, "ID", "ZeroRated" if percent == EXEMPT_PERCENT else "StandardRated", _CATEGORY)
    put(category, "Percent", f"{percent}.00")
    _put_scheme(category)


def _put_scheme(parent: Element) -> None:
    scheme = group(parent, "TaxScheme")
    put(scheme, "ID", "63", _SCHEME)
    put(scheme, "Name", "Moms")


def _put_tax(parent: Element, rates: tuple[VatSum, ...], exemption: str) -> None:
    tax = group(parent, "TaxTotal")
    put_ore(tax, "TaxAmount", sum([rate.vat_ore for rate in rates]))
    for rate in rates:
        part = deepcopy(_subtotal(rate.vat_percent))
        tax.append(part)
        taxable, vat, category = part
        taxable.text = ubl.kroner(rate.net_ore)
        vat.text = ubl.kroner(rate.vat_ore)
        if exemption and rate.vat_percent == EXEMPT_PERCENT:
            put(category, "TaxExemptionReason", exemption)
            # The order of the schema: the scheme is last.
            category.append(category[-2])


def _put_totals(root: Element, document: Document) -> None:
    totals = document.totals
    _put_tax(root, totals.rates, document.exemption)
    sums = group(root, "LegalMonetaryTotal")
    put_ore(sums, "LineExtensionAmount", totals.lines_ore)
    put_ore(sums, "TaxExclusiveAmount", totals.vat_ore)
    put_ore(sums, "TaxInclusiveAmount", totals.payable_ore)
    if totals.allowances_ore:
        put_ore(sums, "AllowanceTotalAmount", totals.allowances_ore)
    if totals.charges_ore:
        put_ore(sums, "ChargeTotalAmount", totals.charges_ore)
    if document.rounding_ore:
        put_ore(sums, "PayableRoundingAmount", document.rounding_ore)
    put_ore(sums, "PayableAmount", totals.payable_ore)


def _put_line(root: Element, line: DocumentLine, kind: Kind) -> None:
    node = group(root, ubl.LINES[kind])
    unit = {"unitCode": line.unit}
    put(node, "ID", line.id)
    put(node, ubl.QUANTITIES[kind], ubl.plain(line.quantity), unit)
    put_ore(node, "LineExtensionAmount", line.net_ore)
    ubl.put_period(node, line.period)
    allowances = _of_something(line.allowances)
    if allowances:
        before = group(group(node, "PricingReference"), "AlternativeConditionPrice")
        put_price(before, "PriceAmount", line.unit_price_ore)
    rates = (VatSum(line.vat_percent, line.net_ore, moms(line.net_ore, line.vat_percent)),)
    if kind == "credit_note":
        # The schema wants the two in another order there.
        _put_tax(node, rates, "")
    for one in allowances:
        _put_allowance(node, one, line.vat_percent)
    if kind == "invoice":
        _put_tax(node, rates, "")
    item = group(node, "Item")
    put(item, "Description", line.description)
    put(item, "Name", line.text)
    price = group(node, "Price")
    put_price(price, "PriceAmount", _price_after(line) if allowances else line.unit_price_ore)
    put(price, "BaseQuantity", "1", unit)


def _price_after(line: DocumentLine) -> Decimal:
    """Øre for one, after the line's charges and discounts, in as few decimals as give the line's sum again."""
    exact = _EXACT.divide(Decimal(line.net_ore), line.quantity)
    for decimals in range(20):
        price = exact.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP, _EXACT)
        if half_up(_EXACT.multiply(price, line.quantity)) == line.net_ore:
            return price
    return exact


def _read(kind: Kind, root: Element) -> Document:
    series, number = ubl.series_and_number(ubl.text(root, "cbc:ID"))
    person = ubl.text(root, "cac:AccountingCustomerParty/cac:Party/cac:Contact/cbc:ID")
    return Document(
        kind=kind,
        series=series,
        number=number,
        issued_on=ubl.issued_on(root),
        due_on=ubl.day(root, "cac:PaymentMeans/cbc:PaymentDueDate"),
        note=ubl.text(root, "cbc:Note"),
        references=References(
            person="" if person == NOT_SAID else person,
            order=ubl.text(root, "cac:OrderReference/cbc:ID"),
            account_string=ubl.text(root, "cbc:AccountingCost"),
        ),
        period=ubl.period(root),
        credited=ubl.credited(root, in_part=ubl.text(root, "cac:DiscrepancyResponse/cbc:Description") == IN_PART),
        seller=_party(root, "cac:AccountingSupplierParty/cac:Party"),
        buyer=_party(root, "cac:AccountingCustomerParty/cac:Party"),
        delivered_on=ubl.day(root, "cac:Delivery/cbc:ActualDeliveryDate"),
        payment=_payment(root),
        terms=ubl.text(root, "cac:PaymentTerms/cbc:Note"),
        allowances=tuple(
            [_allowance(node, ubl.rate(node, "cac:TaxCategory")) for node in ubl.every(root, "cac:AllowanceCharge")]
        ),
        exemption=ubl.text(root, "cac:TaxTotal/cac:TaxSubtotal/cac:TaxCategory/cbc:TaxExemptionReason"),
        rounding_ore=ubl.ore(root, "cac:LegalMonetaryTotal/cbc:PayableRoundingAmount") or 0,
        lines=tuple([_line(node, kind) for node in ubl.every(root, f"cac:{ubl.LINES[kind]}")]),
        told=_told(root),
    )


def _party(root: Element, path: str) -> Party:
    node = ubl.party(root, path)
    return Party(
        name=ubl.text(node, "cac:PartyName/cbc:Name"),
        cvr=_without_prefix(ubl.text(node, "cac:PartyLegalEntity/cbc:CompanyID")),
        endpoint=_endpoint(node, path),
        address=ubl.address(node),
        contact=ubl.contact(node),
        unit=ubl.text(node, "cac:PostalAddress/cbc:Department"),
    )


def _endpoint(node: Element, path: str) -> Endpoint | None:
    found = ubl.found(node, "cbc:EndpointID")
    if found is None:
        return None
    scheme = _SCHEME_OF.get(found.get("schemeID", ""))
    if scheme is None:
        raise ubl.unknown_endpoint(path, found.get("schemeID", ""))
    number = found.text or ""
    return Endpoint(scheme, _without_prefix(number) if scheme == "CVR" else number)


def _without_prefix(number: str) -> str:
    return number.removeprefix(_COUNTRY_PREFIX)


def _payment(root: Element) -> Payment | None:
    node = ubl.only(root, "cac:PaymentMeans")
    if node is None:
        return None
    account = ubl.text(node, "cac:PayeeFinancialAccount/cbc:ID")
    branch = "cac:PayeeFinancialAccount/cac:FinancialInstitutionBranch"
    match ubl.text(node, "cbc:PaymentMeansCode"):
        case "1":
            return None
        case "93":
            card = ubl.text(node, "cbc:PaymentID")
            if card not in _CARDS:
                raise ubl.unknown_card(card)
            creditor = ubl.text(node, "cac:CreditAccount/cbc:AccountID")
            return Fik(_CARDS[card], creditor, ubl.text(node, "cbc:InstructionID"))
        case "42":
            return BankAccount(ubl.text(node, f"{branch}/cbc:ID"), account)
        case "31" | "58":
            return Iban(account, ubl.text(node, f"{branch}/cac:FinancialInstitution/cbc:ID"))
        case "97":
            return NemKonto()
        case code:
            raise ubl.unknown_means(code)


def _allowance(node: Element, vat_percent: int | None) -> Allowance:
    factor = ubl.number(node, "cbc:MultiplierFactorNumeric")
    return Allowance(
        reason=ubl.text(node, "cbc:AllowanceChargeReason"),
        amount_ore=ubl.ore_there(node, "cbc:Amount"),
        charge=ubl.text(node, "cbc:ChargeIndicator") == "true",
        vat_percent=vat_percent,
        percent=None if factor is None else factor.scaleb(2),
        base_ore=ubl.ore(node, "cbc:BaseAmount"),
    )


def _line(node: Element, kind: Kind) -> DocumentLine:
    quantity = ubl.found(node, f"cbc:{ubl.QUANTITIES[kind]}")
    before = ubl.number(node, "cac:PricingReference/cac:AlternativeConditionPrice/cbc:PriceAmount")
    price = before if before is not None else ubl.number(node, "cac:Price/cbc:PriceAmount")
    line = DocumentLine(
        id=ubl.text(node, "cbc:ID"),
        text=ubl.text(node, "cac:Item/cbc:Name"),
        description=ubl.text(node, "cac:Item/cbc:Description"),
        quantity=ubl.number(node, f"cbc:{ubl.QUANTITIES[kind]}") or Decimal(0),
        unit="" if quantity is None else quantity.get("unitCode", ""),
        unit_price_ore=(price or Decimal(0)).scaleb(2),
        vat_percent=ubl.rate(node, "cac:TaxTotal/cac:TaxSubtotal/cac:TaxCategory"),
        allowances=tuple([_allowance(one, None) for one in ubl.every(node, "cac:AllowanceCharge")]),
        period=ubl.period(node),
    )
    return ubl.agreed(line, node)


def _told(root: Element) -> Totals:
    sums = ubl.sums(root)
    lines = ubl.ore_there(sums, "cbc:LineExtensionAmount")
    allowances = ubl.ore(sums, "cbc:AllowanceTotalAmount") or 0
    charges = ubl.ore(sums, "cbc:ChargeTotalAmount") or 0
    rounding = ubl.ore(sums, "cbc:PayableRoundingAmount") or 0
    return Totals(
        lines_ore=lines,
        allowances_ore=allowances,
        charges_ore=charges,
        net_ore=lines + charges - allowances,
        vat_ore=ubl.ore_there(sums, "cbc:TaxExclusiveAmount"),
        gross_ore=ubl.ore_there(sums, "cbc:TaxInclusiveAmount") - rounding,
        payable_ore=ubl.ore_there(sums, "cbc:PayableAmount"),
        rates=ubl.rates(root),
    )
