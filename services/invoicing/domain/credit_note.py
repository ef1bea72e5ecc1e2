"""What of an issued invoice is given back. Amounts in øre; days are Danish; the number is drawn by the caller.

Moms is taken of the sum per rate of each credit note, half up, as on every other document, so that each is right by
itself. Several of them may then differ by an øre or so from the moms of the invoice, which was rounded once. The
difference is on the note where it arises, as øreafrunding, outside the moms: after each credit note, what has been
given back in all is the net sum of each rate and the moms of *that* sum. So whoever credits an invoice in parts, in
whichever order and however many, ends at its gross amount to the øre, and what is left meanwhile is what an invoice of
only the rest would come to. One note differs by an øre per rate at most, and never comes to less than its net sum.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from services.invoicing.domain.document.model import several_lines
from services.invoicing.domain.standing import Standing
from services.invoicing.domain.vat import vat_sums
from shared.contracts.danish import kroner
from shared.contracts.decision import Decision
from shared.contracts.event import natural_id
from shared.contracts.invoicing import (
    CreditInvoice,
    CreditNoteIssued,
    DocumentLink,
    Invoice,
    InvoiceLine,
    LineToCredit,
)
from shared.contracts.money import moms
from shared.contracts.refusal import Refused

LONGEST_REASON = 1000
"""Characters. It stands on the credit note, and in a field of the e-invoice that people read."""


@dataclass(frozen=True, slots=True)
class Credit:
    """What is given back, for want of a number not a credit note yet. `done`: claims of which nothing is left."""

    reason: str
    lines: tuple[InvoiceLine, ...]
    net_ore: int
    vat_ore: int
    rounding_ore: int
    done: tuple[str, ...]

    @property
    def gross_ore(self) -> int:
        return self.net_ore + self.vat_ore

    @property
    def credited_ore(self) -> int:
        return self.gross_ore + self.rounding_ore


def check_name(asked: CreditInvoice) -> None:
    """Refused for a wish that has no name of its own."""
    if not asked.credit_id.strip():
        raise Refused("required", "Feltet skal udfyldes.", status=422, field="credit_id")


def crediting_fees(invoice: Invoice, claim_ids: Sequence[str]) -> CreditInvoice:
    """The wish that a programme's end makes of itself: these lines, once."""
    fees = sorted(claim_ids)
    return CreditInvoice(
        invoice_id=invoice.id,
        credit_id=natural_id("credit", invoice.id, *fees),
        reason="Forløbet er aflyst.",
        lines=tuple(LineToCredit(claim_id=one) for one in fees),
    )


def carried_out(known: tuple[CreditNoteIssued, CreditInvoice] | None, asked: CreditInvoice) -> CreditNoteIssued | None:
    """The credit note of this wish, if it has one; refused when it is another wish that has its name."""
    if known is None:
        return None
    issued, before = known
    if before != asked:
        raise credit_differs()
    return issued


def left_of(invoice: Invoice, credited: Mapping[str, int]) -> dict[str, int]:
    """Claim id → net øre of each line that can still be credited. `credited`: what earlier credit notes gave back."""
    return {line.claim_id: line.net_ore - credited.get(line.claim_id, 0) for line in invoice.lines}


def to_credit(invoice: Invoice, credited: Mapping[str, int], asked: CreditInvoice) -> Credit:
    """`credited`: claim id → net øre that earlier credit notes gave back. Raises Refused for what cannot be credited.

    Without lines it is all that is left of each. A line of which only a part is credited is one piece at that price.
    """
    reason = several_lines(asked.reason)
    if not reason:
        raise Refused("required", "Skriv, hvorfor fakturaen krediteres.", status=422, field="reason")
    if len(reason) > LONGEST_REASON:
        raise Refused("too_long", f"Begrundelsen må højst fylde {LONGEST_REASON} tegn.", status=422, field="reason")
    left = left_of(invoice, credited)
    if not any(left.values()):
        raise Refused("nothing_left", f"Hele faktura {invoice.id} er krediteret i forvejen.", field="invoice_id")
    if asked.lines is None:
        chosen = {claim_id: ore for claim_id, ore in left.items() if ore}
    else:
        chosen = _chosen(invoice, left, asked.lines)
    lines = tuple([_line(line, chosen[line.claim_id]) for line in invoice.lines if line.claim_id in chosen])
    sums = vat_sums(lines)
    return Credit(
        reason=reason,
        lines=lines,
        net_ore=sum([one.net_ore for one in sums]),
        vat_ore=sum([one.vat_ore for one in sums]),
        rounding_ore=_rounding(invoice, credited, lines),
        done=tuple([claim_id for claim_id, ore in chosen.items() if ore == left[claim_id]]),
    )


def issue_credit_note(
    standing: Standing,
    credit: Credit,
    asked: CreditInvoice,
    *,
    number: int,
    issued_on: date,
    owner: str,
    document_path: str,
    document_links: tuple[DocumentLink, ...] = (),
) -> Decision[CreditNoteIssued]:
    """The credit note of an invoice as it stands; what is left of that to be paid is less, or too much has been."""
    issued = CreditNoteIssued(
        owner=owner,
        invoice_id=standing.id,
        number=number,
        issued_on=issued_on,
        lines=credit.lines,
        net_ore=credit.net_ore,
        vat_ore=credit.vat_ore,
        gross_ore=credit.gross_ore,
        reason=credit.reason,
        invoice=standing.invoice,
        credit_id=asked.credit_id,
        rounding_ore=credit.rounding_ore,
        outstanding_ore=standing.outstanding_ore - credit.credited_ore,
        document_path=document_path,
        document_links=document_links,
    )
    return Decision(issued, (issued,))


def as_told(issued: CreditNoteIssued) -> dict[str, Any]:
    """The credit note as JSON: the fields of CreditNoteIssued without the secrets, with its id and each rate's moms."""
    sums = [one._asdict() for one in vat_sums(issued.lines)]
    shown = issued.model_dump(mode="json", exclude={"owner", "document_path", "document_links"})
    return {"id": issued.id, **shown, "vat_sums": sums}


def not_found() -> Refused:
    return Refused("unknown_credit_note", "Kreditnotaen findes ikke.", status=404)


def credit_differs() -> Refused:
    return Refused("credit_differs", "Noget andet er krediteret under det navn.", field="credit_id")


def _chosen(invoice: Invoice, left: Mapping[str, int], lines: tuple[LineToCredit, ...]) -> dict[str, int]:
    """Claim id → net øre to credit."""
    if not lines:
        raise Refused("no_lines", "Vælg mindst én linje.", status=422, field="lines")
    texts = {line.claim_id: line.text for line in invoice.lines}
    chosen: dict[str, int] = {}
    for line in lines:
        text = texts.get(line.claim_id)
        if text is None:
            raise Refused("unknown_line", f"Linjen står ikke på faktura {invoice.id}.", status=422, field="lines")
        if line.claim_id in chosen:
            raise Refused("line_twice", f"Linjen »{text}« er nævnt to gange.", status=422, field="lines")
        rest = left[line.claim_id]
        if not rest:
            raise Refused("line_credited", f"Linjen »{text}« er krediteret i forvejen.", field="lines")
        ore = rest if line.net_ore is None else line.net_ore
        if ore <= 0:
            raise Refused("not_positive", "Beløbet skal være større end 0.", status=422, field="lines")
        if ore > rest:
            said = f"Der er kun {kroner(rest)} ekskl. moms tilbage at kreditere af linjen »{text}«."
            raise Refused("more_than_left", said, field="lines")
        chosen[line.claim_id] = ore
    return chosen


def _line(line: InvoiceLine, net_ore: int) -> InvoiceLine:
    if net_ore == line.net_ore:
        return line
    return line.model_copy(update={"quantity": 1, "unit_price_ore": net_ore, "net_ore": net_ore})


def _rounding(invoice: Invoice, credited: Mapping[str, int], lines: tuple[InvoiceLine, ...]) -> int:
    """By how much more, or less, moms the invoice comes to with these lines credited than these come to alone."""
    before: dict[int, int] = {}
    for line in invoice.lines:
        before[line.vat_percent] = before.get(line.vat_percent, 0) + credited.get(line.claim_id, 0)
    rounding = 0
    for percent, net, vat in vat_sums(lines):
        rounding += moms(before[percent] + net, percent) - moms(before[percent], percent) - vat
    return rounding
