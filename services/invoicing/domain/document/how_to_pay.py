"""How money gets to the seller, in the words of a Danish bank: the same on the PDF, the page and in the mails."""

from __future__ import annotations

import re
from typing import assert_never

from services.invoicing.domain.document.model import BankAccount, Fik, Iban, NemKonto, Payment

Rows = tuple[tuple[str, str], ...]
"""Title and value, each a text."""
_FOUR = re.compile(".{1,4}")


def how_to_pay(payment: Payment | None, invoice_id: str, seller_cvr: str) -> Rows:
    """Empty when the invoice does not say."""
    marked = ("Mærk betalingen", invoice_id)
    match payment:
        case None:
            return ()
        case Fik():
            return (("Indbetalingskort (FIK)", fik_line(payment)),)
        case BankAccount():
            return (("Reg.nr.", payment.registration), ("Kontonr.", payment.account), marked)
        case Iban():
            account = ("IBAN", " ".join(_FOUR.findall(payment.iban)))
            return (account, ("BIC", payment.bic), marked) if payment.bic else (account, marked)
        case NemKonto():
            return (("Betales til", f"NemKontoen for CVR-nr. {seller_cvr}" if seller_cvr else "sælgerens NemKonto"),)
        case _:
            assert_never(payment)


def fik_line(fik: Fik) -> str:
    """As it stands on the card and as a bank wants it typed: +71<000000000000018+81234567<."""
    return f"+{fik.card}<{fik.reference}+{fik.creditor}<"
