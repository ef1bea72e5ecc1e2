"""Invoices and credit notes to look at and to judge: an everyday one of each kind, a long one and hostile ones."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from deploy.local.locations import ROOT
from services.invoicing.adapters.einvoice import pdf
from services.invoicing.adapters.einvoice.formats import chosen
from services.invoicing.domain.document.model import (
    Address,
    Allowance,
    BankAccount,
    Contact,
    Credited,
    Document,
    DocumentLine,
    Endpoint,
    Fik,
    Party,
    Period,
    References,
)
from services.invoicing.domain.document.samples import INVOICE
from services.notifications.domain import letters
from shared.contracts.enrollment import Answered
from shared.contracts.parties import Billing
from shared.pdf.glyphs import drawable
from tests.support import facts
from tests.support.documents import a_line

SAMPLES = ROOT / "docs" / "samples"
ISSUED_ON = date(2021, 4, 15)
DUE_ON = date(2021, 5, 17)
EXEMPTION = "Undervisning, momsloven § 13, stk. 1, nr. 3"
RULED = "§!\"#¤%&/()=?`´|+-*'^~<>@£${[]}\\"


def invoice() -> Document:
    """Three lines, one of them with a discount."""
    return replace(
        INVOICE,
        series="K",
        number=1042,
        issued_on=ISSUED_ON,
        due_on=DUE_ON,
        terms="",
        exemption="",
        payment=Fik("71", "81234567", "000000000010421"),
        lines=(
            a_line(
                *(1, "Deltagergebyr, rate 1 af 2", "1950000", date(2021, 1, 1), date(2021, 6, 30)),
                description="Netværk om kommunal ungeindsats, foråret 2021",
            ),
            a_line(2, "Ekstra deltager: Søren Bæk – Netværksmøde 1", "195000", date(2021, 3, 18)),
            a_line(
                *(3, "Sparring mellem møderne", "120000", date(2021, 4, 9)),
                quantity=Decimal("2.5"),
                unit="HUR",
                allowances=(
                    Allowance(
                        reason="aftalt ved tilmeldingen", amount_ore=300_00, percent=Decimal(10), base_ore=3_000_00
                    ),
                ),
            ),
        ),
    )


def with_exempt_lines() -> Document:
    """Two rates, a discount and a charge of the whole document, rounding, a note and terms."""
    base = invoice()
    teaching = a_line(
        *(4, "Undervisningsforløb for ungevejledere", "800000", date(2021, 2, 1), date(2021, 2, 3)),
        quantity=Decimal(3),
        unit="DAY",
        vat_percent=0,
    )
    return replace(
        base,
        number=1043,
        payment=BankAccount("9999", "0012345678"),
        lines=(*base.lines, teaching),
        allowances=(
            Allowance(reason="mængderabat", amount_ore=500_00, vat_percent=25),
            Allowance(reason="forsendelse af materialer", amount_ore=89_50, vat_percent=25, charge=True),
        ),
        exemption=EXEMPTION,
        rounding_ore=12,
        note="Fakturaen omfatter det, der er leveret til og med 9. april 2021.\nSpørgsmål besvares af sekretariatet.",
        terms="Netto 30 dage. Ved forsinket betaling beregnes rente efter renteloven.",
    )


def credit_note() -> Document:
    base = invoice()
    return replace(
        base,
        kind="credit_note",
        series="KN",
        number=17,
        issued_on=date(2021, 5, 4),
        due_on=None,
        payment=None,
        lines=base.lines[1:2],
        credited=Credited(base.id, base.issued_on, in_part=True),
        note="Søren Bæk kom ikke med til mødet, fordi det blev flyttet.",
    )


def long_invoice(count: int = 40) -> Document:
    """A line for each participant; every fifth says more about itself."""
    first = date(2021, 1, 7)
    lines = tuple(
        DocumentLine(
            id=str(number),
            text=f"Ekstra deltager nr. {number}: Netværksmøde {1 + number % 4} om sammenhæng for børn og unge",
            description="Deltagelse en hel dag med forplejning og materialer" if number % 5 == 0 else "",
            quantity=Decimal(1 + number % 3),
            unit_price_ore=Decimal(1_950_00 + number * 25),
            vat_percent=0 if number % 9 == 0 else 25,
            period=Period(first + timedelta(days=number), first + timedelta(days=number)),
        )
        for number in range(1, count + 1)
    )
    return replace(invoice(), number=1044, lines=lines, exemption=EXEMPTION)


def everyday() -> dict[str, Document]:
    return {
        "invoice": invoice(),
        "exempt lines": with_exempt_lines(),
        "credit note": credit_note(),
        "forty lines": long_invoice(),
    }


def receipts() -> dict[str, dict[str, Any]]:
    return {
        "receipt": receipt(),
        "receipt with forbehold": receipt(forbehold_open=True),
        "receipt without a fee": receipt(fees=(), billing=Billing()),
        "receipt with answers": answered_receipt(by_form=True),
        "receipt of a waiting list": waiting_receipt(forbehold_open=True, forbehold_holds=False),
        "receipt before the deadline": waiting_receipt(allotted_after=date(2020, 8, 21), **ANSWERED),
    }


ANSWERED: dict[str, Any] = {
    "answers": (
        Answered(question="Hvorfor vil I gerne være med?", answer="Vi vil lære af de andre.\n\nOg vise, hvad vi kan."),
        Answered(question="Hvornår har I behandlet sagen?", answer="mandag den 3. maj 2020"),
    ),
    "declared": ("Der er politisk opbakning.", "Vi har udpeget en tovholder."),
}


def answered_receipt(**changes: Any) -> dict[str, Any]:
    """Of a programme that asks, and has something declared."""
    return receipt(**ANSWERED, **changes)


def hostile_receipt(text: str, *, waits: bool = False) -> dict[str, Any]:
    """The same text in every place that takes one."""
    return _replaced(waiting_receipt(**ANSWERED) if waits else answered_receipt(), text)


def _replaced(value: Any, text: str) -> Any:
    if isinstance(value, dict):
        kept = {"enrolled_at", "received_at", "deadline", "invoice_on", "forbehold_until"}
        return {name: item if name in kept else _replaced(item, text) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_replaced(item, text) for item in value]
    return text if isinstance(value, str) else value


def samples() -> dict[str, bytes]:
    """Beside the ones that the services make themselves: `python -m tests.support.papers` writes it."""
    long = long_invoice()
    form = chosen("oioubl", long.issued_on)
    return {
        "faktura-40-linjer.pdf": pdf.write(long, form.write(long), form.title),
    }


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def shown(text: str) -> str:
    """As a page shows it."""
    return drawable(text)


def receipt(*, forbehold_open: bool = False, **changes: Any) -> dict[str, Any]:
    """What the letter says that confirms a place."""
    letter = letters.place_confirmed(facts.an_enrolment(forbehold_open=forbehold_open, **changes), facts.RECEIVED)
    return {**letter.says, "programme": facts.PROGRAMME.model_dump(mode="json")}


def waiting_receipt(**changes: Any) -> dict[str, Any]:
    """What the letter says to whoever has signed up and has no place yet."""
    letter = letters.waitlisted(facts.a_waiting_enrolment(**changes), facts.RECEIVED)
    return {**letter.says, "programme": facts.PROGRAMME.model_dump(mode="json")}


HOSTILE = {
    "typst": '#read("/etc/passwd") #import "@preview/x:1.0.0": * $ sum $ *fed* _kur_ = Overskrift <mærke> @ref `kode`',
    "json": '", "attached": null, "title": "noget andet',
    "xml": "]]></cbc:Name><script>alert(1)</script>&amp;&lt;!--",
    "directions": "abc\u202etxt.exe\u202c \u200f\u2066skjult\u2069 \ufeffslut",
    "emoji": "Tak 🎉👩‍👩‍👧‍👦🇩🇰 for i dag ☕️",
    "scripts": "שלום עליכם · مرحبا · 東京 · Ελλάδα · Москва · naïve Ångström ﬁ e\u0301",
    "control": "a\x00b\x01c\x1bd\x7fe\x85f\u2028g\tH\r\nI\rJ",
    "calendar": "Møde\r\nBEGIN:VEVENT\r\nSUMMARY:falsk\r\nEND:VEVENT",
    "long word": "Donaudampskibsfartselskabskaptajnsuniformsknap" * 220,
    "long text": "Et langt afsnit med ord om sammenhæng for børn og unge. " * 180,
    "private": "\ue000\uf8ff\U000f0000\U0010fffe\ufffe",
    "zalgo": "Z" + "\u0300\u0301\u0489\u0336" * 50 + "algo",
    "ruled": RULED,
}
"""Texts that somebody may send."""


def hostile(text: str) -> Document:
    """The same text in every place that takes one."""
    contact = Contact(name=text, phone=text, email=text)
    address = Address(street=text, postcode=text, city=text)
    return replace(
        INVOICE,
        number=666,
        issued_on=ISSUED_ON,
        due_on=DUE_ON,
        seller=replace(INVOICE.seller, name=text, address=address, contact=contact),
        buyer=Party(name=text, address=address, cvr=text, endpoint=Endpoint("GLN", text), contact=contact),
        references=References(person=text, order=text, account_string=text),
        payment=BankAccount(text, text),
        lines=(
            DocumentLine(
                id="1",
                text=text,
                description=text,
                quantity=Decimal(1),
                unit_price_ore=Decimal(100_00),
                allowances=(Allowance(reason=text, amount_ore=1_00),),
            ),
            DocumentLine(id="2", text=text, quantity=Decimal(1), unit_price_ore=Decimal(100_00), vat_percent=0),
        ),
        exemption=text,
        note=text,
        terms=text,
    )


if __name__ == "__main__":
    for name, content in samples().items():
        (SAMPLES / name).write_bytes(content)
