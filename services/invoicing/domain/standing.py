"""What becomes of an issued invoice: it is paid, credited, or not paid in time. Amounts in øre; days are Danish."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from functools import lru_cache

from services.invoicing.domain.from_invoice import payment_rows
from shared.contracts.decision import Alarm, Decision
from shared.contracts.invoicing import DocumentLink, Invoice, InvoiceOverdue, PaymentRegistered, RegisterPayment
from shared.contracts.refusal import Refused
from shared.contracts.time import day_after, days_after, local

REMIND_OVERDUE = "remind_overdue"
"""Timer, keyed by series, due day and level: invoices that fall due together share one."""
REMINDERS = 3
"""A claim is reminded of at most three times (renteloven § 9 b)."""
DAYS_BETWEEN_REMINDERS = 10
"""At least ten days apart (renteloven § 9 b)."""
REMINDED_FROM = time(8)
ORDERED_AHEAD = timedelta(days=90)
"""A transfer may be ordered for its due date; a day further ahead is a slip of the pen."""


@dataclass(frozen=True, slots=True)
class Standing:
    """An invoice with what has been paid and credited of it, and how often it was reminded of.

    Outstanding is negative when that is too much.
    """

    invoice: Invoice
    paid_ore: int = 0
    credited_ore: int = 0
    reminders: int = 0

    @property
    def id(self) -> str:
        return self.invoice.id

    @property
    def outstanding_ore(self) -> int:
        return self.invoice.gross_ore - self.credited_ore - self.paid_ore


def word(standing: Standing, today: date) -> str:
    """How it stands, in Danish, for whoever is to pay it."""
    left, invoice = standing.outstanding_ore, standing.invoice
    if standing.credited_ore >= invoice.gross_ore:
        return "Krediteret" if standing.paid_ore <= 0 else "Krediteret, og betalt for meget"
    partly = ", delvist krediteret" if standing.credited_ore else ""
    if left < 0:
        return f"Betalt for meget{partly}"
    if left == 0:
        return f"Betalt{partly}"
    if today > invoice.due_on:
        return f"Forfalden{partly}"
    return f"Delvist betalt{partly}" if standing.paid_ore else f"Ikke betalt endnu{partly}"


def payer(invoice: Invoice) -> str | None:
    """Who else than the enrolment's contact it is sent to: its unit, or the mailbox that was given for invoices.

    None = to the contact, and to whoever has the billing role.
    """
    if not invoice.billing.email:
        return None
    return invoice.billing.unit_name or "den mailadresse, der er opgivet til fakturaer"


def pay(
    standing: Standing | None, known: RegisterPayment | None, asked: RegisterPayment, today: date, owner: str
) -> Decision[Standing]:
    """Money has come in. The bank's reference names the payment; `known` has the same: then nothing changes."""
    if not asked.payment_id.strip():
        raise Refused("required", "Feltet skal udfyldes.", status=422, field="payment_id")
    if asked.amount_ore <= 0:
        raise Refused("not_positive", "Beløbet skal være større end 0.", status=422, field="amount_ore")
    if asked.paid_on > today + ORDERED_AHEAD:
        raise Refused("day_far_ahead", "Betalingsdagen ligger for langt ude i fremtiden.", status=422, field="paid_on")
    standing = require(standing, "invoice_id")
    if known is not None:
        if known != asked:
            raise paid_by_another()
        return Decision(standing)
    after = replace(standing, paid_ore=standing.paid_ore + asked.amount_ore)
    fact = PaymentRegistered(
        owner=owner,
        invoice_id=asked.invoice_id,
        payment_id=asked.payment_id,
        amount_ore=asked.amount_ore,
        paid_on=asked.paid_on,
        outstanding_ore=after.outstanding_ore,
    )
    return Decision(after, (fact,))


def remind(
    standing: Standing,
    level: int,
    today: date,
    owner: str,
    document_path: str,
    document_links: tuple[DocumentLink, ...] = (),
) -> Decision[Standing]:
    """It is told that an invoice is not paid in full, once per level; the next level is ten days later."""
    if standing.outstanding_ore <= 0 or standing.reminders != level - 1:
        return Decision(standing)
    fact = InvoiceOverdue(
        owner=owner,
        invoice_id=standing.id,
        level=level,
        outstanding_ore=standing.outstanding_ore,
        invoice=standing.invoice,
        how_to_pay=payment_rows(standing.invoice),
        document_path=document_path,
        document_links=document_links,
    )
    after = replace(standing, reminders=level)
    if level >= REMINDERS:
        return Decision(after, (fact,))
    again = _reminder(standing.invoice.series, standing.invoice.due_on, level + 1, next_reminder_at(today))
    return Decision(after, (fact,), (again,))


@lru_cache(maxsize=256)
def first_reminder(series: str, due_on: date) -> Alarm:
    """The day after the due day. Thousands of invoices share a few of these."""
    return _reminder(series, due_on, 1, first_reminder_at(due_on))


def first_reminder_at(due_on: date) -> datetime:
    """08:00 in Denmark on the day after the due date."""
    return local(day_after(due_on), REMINDED_FROM)


def next_reminder_at(told_on: date) -> datetime:
    return local(days_after(told_on, DAYS_BETWEEN_REMINDERS), REMINDED_FROM)


def require(standing: Standing | None, field: str | None = None) -> Standing:
    """Refused when there is no such invoice; `field` named it, if it stood in one."""
    if standing is None:
        raise Refused("unknown_invoice", "Fakturaen findes ikke.", status=404, field=field)
    return standing


def paid_by_another() -> Refused:
    return Refused("payment_differs", "En anden betaling har allerede den reference.", field="payment_id")


def _reminder(series: str, due_on: date, level: int, at: datetime) -> Alarm:
    data = {"series": series, "due_on": due_on.isoformat(), "level": level}
    return Alarm(REMIND_OVERDUE, f"{series}/{due_on}/{level}", at, data)


def what_stays(invoices: int, credit_notes: int) -> list[str]:
    """What erasing somebody leaves behind who stands on so many of them, and why, in Danish."""
    counted = [
        "én faktura" if invoices == 1 else f"{invoices} fakturaer" if invoices else "",
        "én kreditnota" if credit_notes == 1 else f"{credit_notes} kreditnotaer" if credit_notes else "",
    ]
    issued = " og ".join(one for one in counted if one)
    if not issued:
        return []
    why = "bogføringsloven kræver dem i fem år efter regnskabsårets udløb, og ingen sletter dem af sig selv bagefter."
    return [f"{issued[0].upper()}{issued[1:]}, som personen står på eller har fået, bliver, som de er udstedt: {why}"]
