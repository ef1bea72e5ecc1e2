"""An invoice or a credit note as a PDF for people, with the same document for programs inside.

It says what momsbekendtgørelsen § 58 demands, in Danish; sums come from the model and are only written out here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from decimal import Context, Decimal
from functools import cache
from pathlib import Path
from typing import Any

from services.invoicing.domain.document.how_to_pay import how_to_pay
from services.invoicing.domain.document.model import (
    EXEMPT_PERCENT,
    UNITS,
    Allowance,
    Document,
    DocumentLine,
    Party,
    Period,
    VatSum,
)
from shared.contracts.danish import kroner, short_day
from shared.pdf.typesetting import AttachedFile, Layout, clipped

TEMPLATE = Path(__file__).parents[2] / "templates" / "invoice.typ"
_UNSAFE_IN_NAMES = re.compile(r"[^A-Za-z0-9ÆØÅæøå._-]+")
_LONGEST_NAME = 80
_LONG_TEXT = 600
_EXACT = Context(prec=64)

_SEVERAL = {"time": "timer", "dag": "dage", "uge": "uger", "måned": "måneder"}
_NOUN = {"invoice": "Faktura", "credit_note": "Kreditnota"}


@cache
def _layout() -> Layout:
    return Layout(TEMPLATE)


def write(document: Document, xml: bytes, format_title: str) -> bytes:
    """PDF/A-3a and PDF/UA-1, with `xml` (the document as e-invoice, in that format) attached byte for byte.

    The same document and XML give the same bytes. Takes 10-20 ms of a core, without the GIL: call it in a thread.
    """
    attached = AttachedFile(
        name=f"{file_stem(document)}.xml",
        content=xml,
        media_type="application/xml",
        description=f"{_NOUN[document.kind]} som {format_title}",
    )
    return _layout().pdf(_shown(document), title=title(document), dated=document.issued_on, attached=attached)


def pictures(document: Document) -> list[bytes]:
    """Its pages as PNG."""
    return _layout().pictures(_shown(document), title=title(document), dated=document.issued_on)


def title(document: Document) -> str:
    """What readers show of the file. It names no buyer and no person."""
    return f"{_NOUN[document.kind]} {clipped(document.id, 60)} – {document.seller.name}"


def file_stem(document: Document) -> str:
    """`Faktura-K-1`: a name for its files that leads nowhere and that every system takes."""
    number = _UNSAFE_IN_NAMES.sub("-", document.id).strip("-.")[:_LONGEST_NAME]
    return f"{_NOUN[document.kind]}-{number or document.number}"


def _shown(document: Document) -> dict[str, Any]:
    seller, noun = document.seller, _NOUN[document.kind]
    delivered = any(line.period for line in document.lines)
    groups = [_group(document, sums, delivered=delivered) for sums in _taxed_first(document.totals.rates)]
    return {
        "heading": f"{noun} {document.id}",
        "running": clipped(f"{noun} {document.id} · {seller.name}", 90),
        "foot": clipped(" · ".join(_given(seller.name, _cvr(seller))), 90),
        "seller": {"name": seller.name, "lines": _given(*_address(seller), _cvr(seller), *_contact(seller))},
        "buyer": {
            "heading": "Faktureres til" if document.kind == "invoice" else "Krediteres",
            "name": document.buyer.name,
            "lines": _given(
                document.buyer.unit, *_address(document.buyer), _cvr(document.buyer), *_attention(document.buyer)
            ),
        },
        "facts": _facts(document),
        "note": document.note,
        "delivered": delivered,
        "widths": _widths(groups),
        "groups": groups,
        "rates": [_rate_row(document, sums) for sums in _taxed_first(document.totals.rates)],
        "totals": _total_rows(document),
        "payable": [
            "At betale inkl. moms" if document.kind == "invoice" else "Krediteret inkl. moms",
            kroner(document.totals.payable_ore),
        ],
        "payment": _how_to_pay(document),
    }


def _given(*texts: str) -> list[str]:
    return [text for text in texts if text]


def _rows(*rows: tuple[str, str]) -> list[tuple[str, str]]:
    return [row for row in rows if row[1]]


def _cvr(party: Party) -> str:
    return f"CVR-nr. {party.cvr}" if party.cvr else ""


def _address(party: Party) -> tuple[str, str, str]:
    address = party.address
    place = " ".join(_given(address.postcode, address.city))
    return address.street, place, "" if address.country == "DK" else address.country


def _contact(party: Party) -> tuple[str, str, str]:
    contact = party.contact
    return (
        f"Kontakt: {contact.name}" if contact.name else "",
        f"Telefon {contact.phone}" if contact.phone else "",
        contact.email,
    )


def _attention(party: Party) -> tuple[str, str, str]:
    _, phone, email = _contact(party)
    return f"Att.: {party.contact.name}" if party.contact.name else "", phone, email


def _facts(document: Document) -> list[tuple[str, str]]:
    noun, references, endpoint = _NOUN[document.kind], document.references, document.buyer.endpoint
    credited = ""
    if document.credited is not None:
        part = "en del af " if document.credited.in_part else ""
        day = short_day(document.credited.issued_on).replace(" ", "\u00a0")
        credited = f"{part}{document.credited.id} af {day}"
    period = document.period
    return _rows(
        (f"{noun}nummer", document.id),
        (f"{noun}dato", short_day(document.issued_on)),
        ("Betalingsfrist", short_day(document.due_on) if document.due_on else ""),
        ("Krediterer faktura", credited),
        ("Leveret", short_day(document.delivered_on) if document.delivered_on else ""),
        ("Periode", f"{short_day(period.starts)} – {short_day(period.ends)}" if period else ""),
        ("EAN-nummer", endpoint.id if endpoint and endpoint.scheme == "GLN" else ""),
        ("P-nummer", endpoint.id if endpoint and endpoint.scheme == "P" else ""),
        ("Personreference", references.person),
        ("Ordre-/rekvisitionsnr.", references.order),
        ("Kontostreng", references.account_string),
    )


def _taxed_first(rates: Iterable[VatSum]) -> list[VatSum]:
    """What is exempt stands apart, and last."""
    return sorted(rates, key=lambda sums: -sums.vat_percent)


def _group(document: Document, sums: VatSum, *, delivered: bool) -> dict[str, Any]:
    percent = sums.vat_percent
    lines = [line for line in document.lines if line.vat_percent == percent]
    allowances = [one for one in document.allowances if one.vat_percent == percent]
    rows = []
    if allowances:
        rows.append(("Linjer i alt", _amount(sum(line.net_ore for line in lines))))
        rows += [(_allowance(one), _signed(one)) for one in allowances]
    exempt = percent == EXEMPT_PERCENT
    rows.append(("Momsfrit i alt" if exempt else f"I alt med {percent} % moms", _amount(sums.net_ore)))
    return {
        "heading": "Momsfri ydelser" if exempt else f"Ydelser med {percent} % moms",
        "lines": [_line(line, delivered=delivered) for line in lines],
        "sums": rows,
    }


def _line(line: DocumentLine, *, delivered: bool) -> dict[str, Any]:
    discounts = [f"{_allowance(one)}: {_signed(one)}" for one in line.allowances]
    return {
        "id": line.id,
        "text": line.text,
        "description": line.description,
        "discounts": discounts,
        "long": len("".join([line.text, line.description, *discounts])) > _LONG_TEXT,
        "delivered": _days(line.period) if delivered and line.period else "",
        "quantity": f"{_number(line.quantity)} {_unit(line)}".rstrip(),
        "price": _number(line.unit_price_ore.scaleb(-2, _EXACT), 2),
        "net": _amount(line.net_ore),
    }


def _widths(groups: list[dict[str, Any]]) -> list[float]:
    """Of the columns with quantity, price and amount, in mm: room for their longest figure, the same in each table."""
    lines = [line for group in groups for line in group["lines"]]
    least = {"quantity": 18.0, "price": 27.0, "net": 30.0}
    return [max(least[name], 4 + 1.85 * max(len(line[name]) for line in lines)) for name in least]


def _unit(line: DocumentLine) -> str:
    one = UNITS[line.unit]
    return one if line.quantity == 1 else _SEVERAL.get(one, one)


def _allowance(one: Allowance) -> str:
    noun = "Tillæg" if one.charge else "Rabat"
    if one.percent is None or one.base_ore is None:
        return f"{noun} ({one.reason})"
    return f"{noun} {_number(one.percent)} % af {_amount(one.base_ore)} ({one.reason})"


def _rate_row(document: Document, sums: VatSum) -> tuple[str, str, str]:
    name = f"{sums.vat_percent} %"
    if sums.vat_percent == EXEMPT_PERCENT:
        name = f"Momsfri: {document.exemption}" if document.exemption else "Momsfri"
    return name, _amount(sums.net_ore), _amount(sums.vat_ore)


def _total_rows(document: Document) -> list[tuple[str, str]]:
    totals = document.totals
    rows = [("I alt ekskl. moms", _amount(totals.net_ore)), ("Moms i alt", _amount(totals.vat_ore))]
    if document.rounding_ore:
        rows.append(("I alt inkl. moms", _amount(totals.gross_ore)))
        rows.append(("Øreafrunding", _amount(document.rounding_ore)))
    return rows


def _how_to_pay(document: Document) -> dict[str, Any] | None:
    terms = document.terms.split("\n") if document.terms else []
    if document.kind == "credit_note":
        return {"heading": "Sådan får I beløbet", "facts": [], "texts": [*_given_back(document), *terms]}
    rows = _rows(
        ("Beløb", kroner(document.totals.payable_ore)),
        ("Betales senest", short_day(document.due_on) if document.due_on else ""),
        *how_to_pay(document.payment, document.id, document.seller.cvr),
    )
    return {"heading": "Sådan betaler I", "facts": rows, "texts": terms}


def _given_back(document: Document) -> list[str]:
    if document.credited is None:
        return []
    return [
        f"Beløbet trækkes fra faktura {document.credited.id}. Er fakturaen allerede betalt, betaler vi beløbet tilbage."
    ]


def _days(period: Period) -> str:
    if period.starts == period.ends:
        return _day(period.starts)
    return f"{_day(period.starts)} –\n{_day(period.ends)}"


def _day(day: date) -> str:
    return f"{day.day:02d}.{day.month:02d}.{day.year}"


def _amount(ore: int) -> str:
    """24.375,00; the column or the row says that it is kroner."""
    return kroner(ore).removesuffix(" kr.").replace("-", "−")


def _signed(one: Allowance) -> str:
    return _amount(one.signed_ore)


def _number(number: Decimal, decimals: int = 0) -> str:
    """Danish, with at least so many decimals and none beyond those that count."""
    whole, _, part = f"{number:f}".partition(".")
    part = part.rstrip("0").ljust(decimals, "0")
    grouped = f"{int(whole):,}".replace(",", ".")
    return f"{grouped},{part}" if part else grouped
