"""From claims that are due to invoices. Amounts in øre; days are Danish; numbers are drawn by the caller.

A fee is an invoice of its own, and so is an option. The extra participants of one enrolment at one meeting share an
invoice, a line each, unless they are to be billed under different order references, or to different payers: one
order = one invoice.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from services.invoicing.domain.claim import Claim
from services.invoicing.domain.from_invoice import payment_rows
from services.invoicing.domain.standing import first_reminder
from services.invoicing.domain.vat import vat_sums
from shared.contracts.danish import short_day
from shared.contracts.decision import Decision
from shared.contracts.invoicing import DocumentLink, Invoice, InvoiceIssued, InvoiceLine
from shared.contracts.programme import ProgrammeRef

LONGEST_CREDIT_DAYS = 3650
"""A seller's payment days beyond this are a slip of the pen, which is not to stop the other invoices."""


@dataclass(frozen=True, slots=True)
class Held:
    """A meeting that took place, as an invoice line names it."""

    title: str
    held_on: date


def series_taken(series: str) -> str:
    """Why claims are held that another organiser's series would be invoiced under."""
    return f"Fakturaserien »{series}« tilhører en anden sælger."


def whole_groups(due: Sequence[Claim]) -> list[Claim]:
    """Without the last ones that stand together: more of them may be on the other side of the limit."""
    last = (due[-1].enrolment_id, due[-1].meeting_id)
    return [claim for claim in due if (claim.enrolment_id, claim.meeting_id) != last] or list(due)


def group(claims: Iterable[Claim]) -> list[list[Claim]]:
    """The claims of each invoice, in the order in which numbers are given: organisation code, then claim id."""
    groups: dict[tuple[str, ...], list[Claim]] = defaultdict(list)
    for claim in sorted(claims, key=lambda claim: claim.id):
        if claim.meeting_id is None:
            groups[(claim.id,)].append(claim)
        else:
            order = claim.billing.order_reference or ""
            groups[(claim.enrolment_id, claim.meeting_id, order, *_payer(claim))].append(claim)
    return sorted(groups.values(), key=lambda claims: (claims[0].buyer.code, claims[0].id))


def _payer(claim: Claim) -> tuple[str, ...]:
    """Nothing where the enrolment pays, as the newest of its claims says."""
    if not claim.own_billing:
        return ()
    said = claim.billing
    told = (said.unit, said.unit_name, said.cvr, said.ean, said.p_number, said.person_reference, said.account_string)
    return tuple([one or "" for one in told])


def line(claim: Claim, held: Held | None) -> InvoiceLine:
    """What is owed in words, and the day it was delivered where that is another than the invoice's (§ 58)."""
    text = claim.text
    if held is not None:
        text = f"{claim.text}: {claim.person_name} – {held.title}, {short_day(held.held_on)}"
    return InvoiceLine(
        claim_id=claim.id,
        text=text,
        quantity=1,
        unit_price_ore=claim.amount_ore,
        net_ore=claim.amount_ore,
        vat_percent=claim.vat_percent,
        delivered_on=held.held_on if held is not None else claim.delivered_on,
    )


def issue(
    claims: Sequence[Claim],
    number: int,
    issued_on: date,
    programmes: Mapping[tuple[str, int], ProgrammeRef],
    meetings: Mapping[str, Held],
) -> Invoice:
    """The invoice of one group; who is billed, and how, is as the newest of its claims says."""
    newest = claims[0] if len(claims) == 1 else max(claims, key=lambda claim: (claim.told_at, claim.id))
    programme = programmes[newest.programme_id, newest.programme_version]
    lines = tuple([line(claim, meetings.get(claim.meeting_id or "")) for claim in claims])
    sums = vat_sums(lines)
    net = sum([one.net_ore for one in sums])
    vat = sum([one.vat_ore for one in sums])
    return Invoice(
        number=number,
        series=newest.series,
        issued_on=issued_on,
        due_on=issued_on + timedelta(days=min(programme.seller.payment_days, LONGEST_CREDIT_DAYS)),
        programme=programme,
        enrolment_id=newest.enrolment_id,
        buyer=newest.buyer,
        billing=newest.billing,
        contact=newest.contact,
        lines=lines,
        net_ore=net,
        vat_ore=vat,
        gross_ore=net + vat,
    )


def announce(
    invoice: Invoice, owner: str, document_path: str, document_links: tuple[DocumentLink, ...] = ()
) -> Decision[Invoice]:
    """It is told, and looked at again on the day after it was to be paid."""
    fact = InvoiceIssued(
        owner=owner,
        invoice_id=invoice.id,
        invoice=invoice,
        how_to_pay=payment_rows(invoice),
        document_path=document_path,
        document_links=document_links,
    )
    return Decision(invoice, (fact,), (first_reminder(invoice.series, invoice.due_on),))


def as_told(invoice: Invoice) -> dict[str, Any]:
    """The invoice as JSON: the fields of InvoiceIssued, with its id and the moms of each rate."""
    sums = [one._asdict() for one in vat_sums(invoice.lines)]
    return {"id": invoice.id, **invoice.model_dump(mode="json"), "vat_sums": sums}
