"""The invoice, or the credit note, that was issued, as a document. Nothing is guessed: what is wrong in it is let in.

The sums as they were told come along, for the checks to compare with those that follow from the lines.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from functools import lru_cache

from services.invoicing.domain.document.checks import Demands, Finding, check
from services.invoicing.domain.document.how_to_pay import Rows, how_to_pay
from services.invoicing.domain.document.identifiers import fik_reference
from services.invoicing.domain.document.model import (
    EXEMPT_PERCENT,
    Address,
    BankAccount,
    Contact,
    Credited,
    Document,
    DocumentLine,
    Endpoint,
    Fik,
    FikCard,
    Iban,
    NemKonto,
    Party,
    Payment,
    Period,
    References,
    Totals,
    one_line,
)
from services.invoicing.domain.vat import vat_sums
from shared.contracts.invoicing import CreditNoteIssued, Invoice, InvoiceLine
from shared.contracts.parties import Billing, Person
from shared.contracts.programme import Seller

Issued = Invoice | CreditNoteIssued
"""What has a number of the series, and files of its own."""

_ANY_DAY = date(2000, 1, 1)
_CARDS: dict[str, FikCard] = {"fik71": "71", "fik73": "73", "fik75": "75"}


def invoice_document(invoice: Invoice) -> Document:
    """The invoice. Where no line says when it was delivered, that was on the invoice's own date (§ 58 nr. 6)."""
    seller = invoice.programme.seller
    return Document(
        kind="invoice",
        series=invoice.series,
        number=invoice.number,
        issued_on=invoice.issued_on,
        due_on=invoice.due_on,
        terms=f"Netto {(invoice.due_on - invoice.issued_on).days} dage",
        seller=_seller(seller),
        buyer=_buyer(invoice.buyer.name, invoice.buyer.cvr, invoice.billing, invoice.contact),
        references=_references(invoice.billing, invoice.contact.name),
        payment=payment_of(seller, invoice.series, invoice.number),
        lines=_lines(invoice.lines),
        exemption=_exemption(seller, invoice.lines),
        delivered_on=None if any(line.delivered_on for line in invoice.lines) else invoice.issued_on,
        told=_told(invoice.lines, invoice.net_ore, invoice.vat_ore, invoice.gross_ore),
    )


def credit_note_document(issued: CreditNoteIssued, credited: Invoice) -> Document:
    """The credit note, which shares the series of what it credits; less than all of it is a part."""
    seller = credited.programme.seller
    return Document(
        kind="credit_note",
        series=credited.series,
        number=issued.number,
        issued_on=issued.issued_on,
        seller=_seller(seller),
        buyer=_buyer(credited.buyer.name, credited.buyer.cvr, credited.billing, credited.contact),
        references=_references(credited.billing, credited.contact.name),
        lines=_lines(issued.lines),
        exemption=_exemption(seller, issued.lines),
        note=issued.reason,
        rounding_ore=issued.rounding_ore,
        credited=Credited(credited.id, credited.issued_on, in_part=issued.credited_ore < credited.gross_ore),
        told=_told(issued.lines, issued.net_ore, issued.vat_ore, issued.gross_ore, issued.rounding_ore),
    )


def payment_rows(invoice: Invoice) -> Rows:
    """What stands on the invoice about how it is paid."""
    seller = invoice.programme.seller
    return how_to_pay(payment_of(seller, invoice.series, invoice.number), invoice.id, seller.cvr)


@lru_cache(maxsize=256)
def faults(
    seller: Seller, buyer_name: str, cvr: str | None, billing: Billing, contact: Person, vat_percent: int, text: str
) -> tuple[Finding, ...]:
    """What would keep an invoice between these two from being issued, whatever this costs and whenever it is sold.

    Lines that are in order one by one are so together: an invoice of claims without faults passes every check.
    """
    exempt = vat_percent == EXEMPT_PERCENT
    line = DocumentLine(id="1", text=text, quantity=Decimal(1), unit_price_ore=Decimal(1), vat_percent=vat_percent)
    prospect = Document(
        kind="invoice",
        series=seller.series,
        number=1,
        issued_on=_ANY_DAY,
        due_on=_ANY_DAY,
        delivered_on=_ANY_DAY,
        seller=_seller(seller),
        buyer=_buyer(buyer_name, cvr, billing, contact),
        references=_references(billing, contact.name),
        payment=payment_of(seller, seller.series, 1),
        lines=(line,),
        exemption=seller.vat_exemption if exempt else "",
    )
    return check(prospect, _ANY_DAY, demands_of(billing))


def demands_of(billing: Billing) -> Demands:
    """What this customer's finance system refuses invoices without."""
    return Demands(*(demand in billing.demands for demand in ("gln", "order", "person", "account_string", "contact")))


def _seller(seller: Seller) -> Party:
    return Party(
        name=seller.name,
        cvr=seller.cvr,
        endpoint=Endpoint("CVR", seller.cvr),
        address=Address(street=seller.street, postcode=seller.postcode, city=seller.city),
        contact=Contact(name=seller.sender_name, phone=seller.phone, email=seller.organizer_email),
    )


def _buyer(name: str, cvr: str | None, billing: Billing, contact: Person) -> Party:
    at, number = billing.address, billing.cvr or cvr
    name, unit = debtor(name, billing)
    return Party(
        name=name,
        unit=unit,
        cvr=number or "",
        endpoint=_endpoint(billing, number),
        address=Address(street=at.street, postcode=at.postcode, city=at.city, country=at.country) if at else Address(),
        contact=Contact(name=contact.name, email=contact.email),
    )


def debtor(name: str, billing: Billing) -> tuple[str, str]:
    """Who owes it, and what stands below: the organisation, and which part of it; or the part, where that is a legal
    unit of its own (it has a CVR number), and whose it is. Never a person.
    """
    unit = billing.unit_name or ""
    return (unit, name) if billing.cvr and unit else (name, unit)


def _endpoint(billing: Billing, cvr: str | None) -> Endpoint | None:
    """EAN before P number before CVR number: the narrowest that was said."""
    if ean := one_line(billing.ean or ""):
        return Endpoint("GLN", ean)
    if p_number := one_line(billing.p_number or ""):
        return Endpoint("P", p_number)
    if number := one_line(cvr or ""):
        return Endpoint("CVR", number)
    return None


def _references(billing: Billing, contact_name: str) -> References:
    """A receiver needs an order number or a person; without either the contact's name is the person reference.

    Not where the customer demands one: its finance system wants an id of its own there.
    """
    asked = billing.order_reference or "person" in billing.demands
    return References(
        person=billing.person_reference or ("" if asked else contact_name),
        order=billing.order_reference or "",
        account_string=billing.account_string or "",
    )


def payment_of(seller: Seller, series: str, number: int) -> Payment | None:
    """The one way of payment that the seller chose; None when it has not said the account."""
    match seller.payment:
        case "nemkonto":
            return NemKonto()
        case "iban":
            return Iban(seller.iban, seller.bic) if seller.iban else None
        case "bank":
            return BankAccount(seller.bank_registration, seller.bank_account) if seller.bank_account else None
        case way:
            card = _CARDS[way]
            return Fik(card, seller.fik_creditor, fik_reference(card, series, number)) if seller.fik_creditor else None


def _lines(lines: Sequence[InvoiceLine]) -> tuple[DocumentLine, ...]:
    return tuple(
        [
            DocumentLine(
                id=str(at),
                text=line.text,
                quantity=Decimal(line.quantity),
                unit_price_ore=Decimal(line.unit_price_ore),
                vat_percent=line.vat_percent,
                period=Period(line.delivered_on, line.delivered_on) if line.delivered_on else None,
            )
            for at, line in enumerate(lines, 1)
        ]
    )


def _exemption(seller: Seller, lines: Sequence[InvoiceLine]) -> str:
    return seller.vat_exemption if any(line.vat_percent == EXEMPT_PERCENT for line in lines) else ""


def _told(lines: Sequence[InvoiceLine], net_ore: int, vat_ore: int, gross_ore: int, rounding_ore: int = 0) -> Totals:
    return Totals(
        lines_ore=sum([line.net_ore for line in lines]),
        allowances_ore=0,
        charges_ore=0,
        net_ore=net_ore,
        vat_ore=vat_ore,
        gross_ore=gross_ore,
        payable_ore=gross_ore + rounding_ore,
        rates=tuple(vat_sums(lines)),
    )
