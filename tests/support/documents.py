"""Invoices and credit notes as documents: ordinary ones, and random ones that keep to every check.

Random texts are hostile: control characters, lone surrogates, XML, calendar and typesetting syntax, right-to-left
marks, line breaks, 10,000 characters.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeAlias, get_args

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from stdnum import ean
from stdnum.iban import calc_check_digits

from services.invoicing.domain.document.identifiers import fik_reference, is_cvr
from services.invoicing.domain.document.model import (
    LARGEST_ROUNDING_ORE,
    UNITS,
    Address,
    Allowance,
    BankAccount,
    Contact,
    Credited,
    Document,
    DocumentLine,
    Endpoint,
    Fik,
    FikCard,
    Iban,
    Kind,
    NemKonto,
    Party,
    Payment,
    Period,
    References,
    one_line,
    percent_of,
    several_lines,
)
from services.invoicing.domain.document.samples import CREDIT_NOTE, INVOICE

EXAMPLES = int(os.environ.get("TOVHOLDER_DOCUMENTS", "50"))
"""How many random documents of each format a test makes; `make documents` says 1,000."""
SECONDS = 180 + EXAMPLES
"""How long such a test may take."""

TODAY = date(2026, 11, 22)
"""No random document is issued later."""
ISSUED_ON = INVOICE.issued_on
SELLER = replace(
    INVOICE.seller,
    contact=Contact(name="Sekretariatet", phone="33 00 00 00", email="moeder@forening.example"),
)
BUYER = INVOICE.buyer


def a_line(
    number: int, text: str, unit_price_ore: str, starts: date, ends: date | None = None, **more: Any
) -> DocumentLine:
    """One piece of it, delivered on a day or from one to another."""
    values: dict[str, Any] = {"quantity": Decimal(1), "period": Period(starts, ends or starts)} | more
    return DocumentLine(id=str(number), text=text, unit_price_ore=Decimal(unit_price_ore), **values)


THREE_LINES = (
    a_line(1, "Deltagergebyr, første rate", "1950000", ISSUED_ON, date(2027, 8, 31)),
    a_line(2, "Ekstra deltager: Bo Prøvesen – 1. heldagsmøde, 27. august 2026", "125000", date(2026, 8, 27)),
    a_line(
        *(3, "Konsulentbistand", "98533.5", date(2026, 8, 3), date(2026, 8, 28)),
        description="Lokal proces:\nforberedelse og efterbehandling",
        quantity=Decimal("7.5"),
        unit="HUR",
        allowances=(
            Allowance(reason="Medlemsrabat", amount_ore=73_900, percent=Decimal(10), base_ore=739_001),
            Allowance(reason="Kørsel", amount_ore=45_000, charge=True),
        ),
    ),
)


def an_invoice(**changes: Any) -> Document:
    """Three lines, to be paid to a bank account."""
    values: dict[str, Any] = {"series": "P1", "seller": SELLER, "exemption": "", "lines": THREE_LINES}
    return replace(INVOICE, **values | changes)


def a_credit_note(**changes: Any) -> Document:
    """The second line of `an_invoice` given back."""
    credited = Credited("P1-7", ISSUED_ON, in_part=True)
    values: dict[str, Any] = {"series": "P1", "seller": SELLER, "lines": (THREE_LINES[1],), "credited": credited}
    return replace(CREDIT_NOTE, **values | changes)


def is_as_ever(file: Path, content: bytes) -> None:
    """Byte for byte what the file has; with TOVHOLDER_WRITE_GOLDEN set, the file gets it first."""
    if os.environ.get("TOVHOLDER_WRITE_GOLDEN"):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    assert content == file.read_bytes()


_BAIT = (
    "</cbc:Name><cbc:ID>1</cbc:ID>",
    "]]>&amp;&#0;<!-- --><?xml?>",
    '<!DOCTYPE x [<!ENTITY y SYSTEM "file:///etc/hostname">]>&y;',
    "Møde\r\nBEGIN:VEVENT\r\nSUMMARY:Falsk",
    "Emne\r\nBcc: alle@kommune.example",
    '#eval("1") $x$ *fed* @kilde \\ #let',
    "\u202eabc\u202c \u200f\u2066",
    "\ud800 \udfff",
    "\x00\x01\x08\x0b\x0c\x1b\x7f\x85\ufffe\uffff",
    "👩‍👩‍👧‍👦 🇩🇰 e\u0301 ﷽",
    "  a\t\tb\u00a0 c\u2028d\u2029e  ",
    "'\"`´%s{}{{}}\\n",
    "æøåÆØÅ" * 1667,
)
_CHARACTERS = st.characters(exclude_categories=()) | st.sampled_from("abcæøåÆØÅ <>&\"'\r\n\t-,.0")

texts = st.text(_CHARACTERS, max_size=30) | st.sampled_from(_BAIT)
"""Any text at all."""
names = st.builds(lambda text: text if one_line(text) else f"{text}Navn", texts)
"""Any text that is not empty once it has been cleaned."""
_days = st.dates(date(2020, 1, 1), TODAY)
_digits = st.integers(0, 10**12 - 1)
_ore = st.integers(0, 10_000_000)


def _number(most: int, decimals: int) -> st.SearchStrategy[Decimal]:
    return st.decimals(min_value=0, max_value=most, places=decimals, allow_nan=False, allow_infinity=False)


def _cvr(at_least: int) -> str:
    return next(text for text in map(str, range(at_least, at_least + 100)) if is_cvr(text))


cvrs = st.integers(10_000_000, 99_999_000).map(_cvr)
glns = _digits.map(lambda digits: f"{digits:012d}{ean.calc_check_digit(f'{digits:012d}')}")
p_numbers = st.integers(10**9, 10**10 - 1).map(str)
endpoints = (
    glns.map(lambda gln: Endpoint("GLN", gln))
    | cvrs.map(lambda cvr: Endpoint("CVR", cvr))
    | p_numbers.map(lambda number: Endpoint("P", number))
)
addresses = st.builds(Address, street=names, postcode=names, city=names)
abroad = st.builds(Address, street=names, postcode=names, city=names, country=st.sampled_from(("SE", "DE", "GL")))
contacts = st.builds(Contact, name=texts, phone=texts, email=texts)
sellers = st.builds(Party, name=names, cvr=cvrs, endpoint=endpoints, address=addresses, contact=contacts)
buyers = st.builds(
    Party,
    name=names,
    cvr=cvrs | st.just(""),
    endpoint=endpoints,
    address=addresses | addresses | abroad,
    contact=contacts,
    unit=st.just("") | names,
)
ibans = st.integers(0, 10**14 - 1).map(lambda digits: f"DK{calc_check_digits(f'DK00{digits:014d}')}{digits:014d}")
bics = st.from_regex("[A-Z]{4}DK[A-Z0-9]{2}([A-Z0-9]{3})?", fullmatch=True)


@st.composite
def references(draw: st.DrawFn) -> References:
    """Always a person or an order number."""
    person, order = draw(texts), draw(texts)
    if not one_line(person) and not one_line(order):
        person = "ASTAP"
    return References(person=person, order=order, account_string=draw(texts))


@st.composite
def periods(draw: st.DrawFn) -> Period:
    """A day, or up to two years."""
    starts = draw(_days)
    return Period(starts, starts + timedelta(draw(st.integers(0, 730))))


Way: TypeAlias = Literal["71", "73", "75", "bank", "iban and bic", "iban", "nemkonto", "none"]


class Plan(NamedTuple):
    """What a random document has for certain; everything else about it is drawn."""

    kind: Kind
    way: Way
    in_part: bool
    rates: tuple[int, ...]
    lines: tuple[int, int]
    of_line: str
    of_whole: str
    rounding: int
    period: str
    bait: str


_WAYS: tuple[tuple[Kind, Way, bool], ...] = (
    ("invoice", "71", False),
    ("invoice", "73", False),
    ("invoice", "75", False),
    ("invoice", "bank", False),
    ("invoice", "iban and bic", False),
    ("invoice", "iban", False),
    ("invoice", "nemkonto", False),
    ("invoice", "none", False),
    ("credit_note", "none", False),
    ("credit_note", "none", True),
    ("credit_note", "nemkonto", True),
)
_RATES: tuple[tuple[int, ...], ...] = ((25,), (0, 25), (0,))
_LINES = ((1, 1), (2, 9), (10, 199), (2, 4), (1, 3), (200, 200), (2, 6))
_OF_LINE = ("", "discount", "charge", "discount of %", "charge of %", "all of it", "half an øre")
_OF_WHOLE = ("discount", "charge", "", "discount of %", "charge of %")
_ROUNDINGS = (0, 1, -1)
_PERIODS = ("line", "document", "", "day")
PLANS = tuple(
    Plan(
        *_WAYS[at % len(_WAYS)],
        _RATES[at % len(_RATES)],
        _LINES[at % len(_LINES)],
        _OF_LINE[at % len(_OF_LINE)],
        _OF_WHOLE[at // 2 % len(_OF_WHOLE)],
        _ROUNDINGS[at // 3 % len(_ROUNDINGS)],
        _PERIODS[at // 2 % len(_PERIODS)],
        _BAIT[at % len(_BAIT)],
    )
    for at in range(2 * len(_WAYS))
)
"""Each choice is in several of them, beside different others."""
KINDS = (
    *(f"invoice paid by {way}" for way in get_args(Way)),
    *("credit_note paid by none", "credit_note paid by nemkonto"),
    *("credit of all", "credit of a part"),
    *("moms", "exempt", "moms and exempt"),
    *("1 line", "2-9 lines", "10-199 lines", "200 lines"),
    *(f"{whose} {what}" for whose in ("line's", "document's") for what in _OF_LINE[1:5]),
    *("line discounted to nothing", "half an øre of a line", "half an øre of moms"),
    *("quantity with decimals", "price in less than an øre"),
    *("rounded up", "rounded down", "nothing to pay"),
    *("period of a line", "period of the document", "day of delivery"),
    *(f"{who} at {scheme}" for who in ("seller", "buyer") for scheme in ("GLN", "CVR", "P")),
    *(
        "buyer without CVR",
        "buyer abroad",
        "unit of the buyer",
        "person",
        "no person",
        "order",
        "no order",
        "account string",
    ),
    *(f"hostile {text!r:.20}" for text in map(several_lines, _BAIT) if text),
)
"""What the random documents of a run have to be among them, whatever was drawn."""


def kinds_of(document: Document) -> Iterator[str]:
    """Which of KINDS it is."""
    way = document.payment
    yield f"{document.kind} paid by " + (
        way.card
        if isinstance(way, Fik)
        else ("iban and bic" if way.bic else "iban")
        if isinstance(way, Iban)
        else {BankAccount: "bank", NemKonto: "nemkonto", type(None): "none"}[type(way)]
    )
    if document.credited is not None:
        yield f"credit of {'a part' if document.credited.in_part else 'all'}"
    yield {(25,): "moms", (0,): "exempt", (0, 25): "moms and exempt"}[
        tuple(one.vat_percent for one in document.totals.rates)
    ]
    count = len(document.lines)
    yield next(f"{name} line{'s' if most > 1 else ''}" for most, name in _COUNTS if count <= most)
    for whose, allowances_of in (
        ("line's", [one for line in document.lines for one in line.allowances]),
        ("document's", document.allowances),
    ):
        for one in allowances_of:
            yield f"{whose} {'charge' if one.charge else 'discount'}{' of %' if one.percent is not None else ''}"
    for line in document.lines:
        exact = line.quantity * line.unit_price_ore
        yield from (
            kind
            for kind, is_so in (
                ("line discounted to nothing", exact >= 1 and not line.net_ore),
                ("half an øre of a line", exact % 1 == Decimal("0.5")),
                ("quantity with decimals", line.quantity % 1),
                ("price in less than an øre", line.unit_price_ore % 1),
                ("period of a line", line.period),
            )
            if is_so
        )
    totals, references_to = document.totals, document.references
    yield from (
        kind
        for kind, is_so in (
            ("half an øre of moms", any(one.vat_percent == 25 and one.net_ore % 4 == 2 for one in totals.rates)),
            ("rounded up", document.rounding_ore > 0),
            ("rounded down", document.rounding_ore < 0),
            ("nothing to pay", not totals.payable_ore),
            ("period of the document", document.period),
            ("day of delivery", document.delivered_on),
            ("buyer without CVR", not document.buyer.cvr),
            ("buyer abroad", document.buyer.address.country != "DK"),
            ("unit of the buyer", document.buyer.unit),
            ("person" if references_to.person else "no person", True),
            ("order" if references_to.order else "no order", True),
            ("account string", references_to.account_string),
            (f"hostile {document.note!r:.20}", document.note),
        )
        if is_so
    )
    for who, party in (("seller", document.seller), ("buyer", document.buyer)):
        if party.endpoint is not None:
            yield f"{who} at {party.endpoint.scheme}"


_COUNTS = ((1, "1"), (9, "2-9"), (199, "10-199"), (200, "200"))


def try_on_random_documents(test: Callable[[Document], None]) -> None:
    """So many random documents as EXAMPLES says, or a few more; among them all of KINDS."""
    seen: Counter[str] = Counter()
    for plan in PLANS:

        @settings(
            max_examples=-(-EXAMPLES // len(PLANS)),
            deadline=None,
            # 200 lines are drawn on purpose.
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
        )
        @given(document=documents(plan))
        def one_of_them(document: Document) -> None:
            test(document)
            seen.update({"documents", *kinds_of(document)})

        one_of_them()
    assert seen["documents"] >= EXAMPLES
    missing = sorted(set(KINDS) - set(seen))
    assert not missing, f"there was none among them: {missing}"


def _payment(draw: st.DrawFn, way: Way, series: str, number: int) -> Payment | None:
    """With the reference that the invoice's number gives."""
    if way in {"71", "73", "75"}:
        card: FikCard = way
        return Fik(card, f"8{draw(st.integers(0, 9_999_999)):07d}", fik_reference(card, one_line(series), number))
    if way == "bank":
        return BankAccount(f"{draw(st.integers(1, 9999)):04d}", str(draw(st.integers(1000, 9_999_999_999))))
    if way == "iban":
        return Iban(draw(ibans))
    if way == "iban and bic":
        return Iban(draw(ibans), draw(bics))
    return NemKonto() if way == "nemkonto" else None


@st.composite
def allowances(draw: st.DrawFn, most_ore: int, vat_percent: int | None, what: str = "") -> Allowance:
    """A charge, or a discount of at most so much; some as per cent of an amount. `what` may say which of them."""
    charge = what.startswith("charge") if what else draw(st.booleans())
    reason = draw(names)
    if what.endswith("%") or (not what and draw(st.booleans())):
        percent = draw(_number(100, draw(st.integers(0, 2))))
        base = draw(st.integers(0, most_ore))
        return Allowance(
            reason=reason,
            amount_ore=percent_of(base, percent),
            charge=charge,
            vat_percent=vat_percent,
            percent=percent,
            base_ore=base,
        )
    amount = draw(_ore if charge else st.integers(0, most_ore))
    return Allowance(reason=reason, amount_ore=amount, charge=charge, vat_percent=vat_percent)


@st.composite
def lines(draw: st.DrawFn, plan: Plan) -> DocumentLine:
    """One line; its discounts leave something, or nothing, of it."""
    quantity = draw(_number(1000, draw(st.integers(0, 6)))) or Decimal(1)
    price = draw(_number(10_000_000, draw(st.integers(0, 4))))
    if plan.of_line == "half an øre":
        quantity, price = Decimal("0.5"), Decimal(2 * int(price) + 1)
    line = DocumentLine(
        id="1",
        text=draw(names),
        description=draw(texts),
        quantity=quantity,
        unit=draw(st.sampled_from(sorted(UNITS))),
        unit_price_ore=price,
        vat_percent=draw(st.sampled_from(plan.rates)),
        period=draw(periods()) if plan.period == "line" else draw(st.none() | periods()),
    )
    if plan.of_line == "all of it":
        all_of_it = Allowance(reason=draw(names), amount_ore=line.net_ore)
        return replace(line, allowances=(all_of_it,))
    if plan.of_line in _OF_LINE[1:5]:
        line = replace(line, allowances=(draw(allowances(line.net_ore, None, plan.of_line)),))
    for _ in range(draw(st.sampled_from((0, 0, 0, 1, 2)))):
        line = replace(line, allowances=(*line.allowances, draw(allowances(line.net_ore, None))))
    return line


@st.composite
def documents(draw: st.DrawFn, plan: Plan | None = None, most_lines: int = 200) -> Document:
    """Any document that keeps to every check of ours on TODAY; one of the plan, or of any.

    Many lines repeat a few that differ: what 200 drawn ones would add is only time.
    """
    plan = plan or draw(st.sampled_from(PLANS))
    series, number, issued_on = (
        draw(st.sampled_from(("", "P1", "F-2026", "ÆØÅ"))),
        draw(st.integers(1, 10**9 - 1)),
        draw(_days),
    )
    few = draw(st.lists(lines(plan), min_size=1, max_size=4))
    if len(plan.rates) > 1:
        few = [*(replace(few[0], vat_percent=rate) for rate in plan.rates), *few[1:]]
    least, most = plan.lines
    count = max(draw(st.integers(min(least, most_lines), min(most, most_lines))), len(plan.rates))
    document = Document(
        kind=plan.kind,
        series=series,
        number=number,
        issued_on=issued_on,
        due_on=issued_on + timedelta(draw(st.integers(0, 60))) if plan.kind == "invoice" else None,
        terms=draw(texts),
        seller=draw(sellers),
        buyer=draw(buyers),
        references=draw(references()),
        payment=_payment(draw, plan.way, series, number),
        lines=tuple([replace(few[at % len(few)], id=str(at + 1)) for at in range(count)]),
        exemption="Undervisning, momslovens § 13, stk. 1, nr. 3" if 0 in plan.rates else "",
        note=plan.bait,
        delivered_on=draw(_days) if plan.period in {"", "day"} else draw(st.none() | _days),
    )
    document = _in_the_whole(draw, document, plan)
    if plan.kind == "credit_note":
        earlier = issued_on - timedelta(draw(st.integers(0, 400)))
        credited = Credited(f"{series or 'F'}-{number + 1}", earlier, in_part=plan.in_part)
        document = replace(document, credited=credited)
    return document


def _in_the_whole(draw: st.DrawFn, document: Document, plan: Plan) -> Document:
    """Discounts and charges of the document, rounding, and a period around those of the lines."""
    if plan.period == "document":
        said = [line.period for line in document.lines if line.period] or [Period(TODAY, TODAY)]
        around = Period(min(one.starts for one in said), max(one.ends for one in said))
        document = replace(document, period=around)
    if document.kind == "invoice" and document.payment is None:
        gifts = [
            Allowance(reason=draw(names), amount_ore=one.net_ore, vat_percent=one.vat_percent)
            for one in document.totals.rates
        ]
        return replace(document, allowances=tuple(gifts))
    for what in ([plan.of_whole] if plan.of_whole else []) + [""] * draw(st.sampled_from((0, 0, 1, 2))):
        rate = draw(st.sampled_from(document.totals.rates))
        one = draw(allowances(rate.net_ore, rate.vat_percent, what))
        document = replace(document, allowances=(*document.allowances, one))
    if plan.rounding * document.totals.gross_ore > 0 or document.totals.gross_ore > LARGEST_ROUNDING_ORE:
        rounding = plan.rounding * draw(st.integers(1, LARGEST_ROUNDING_ORE))
        document = replace(document, rounding_ore=rounding)
    if document.totals.payable_ore == 0:
        discounts = () if document.totals.charges_ore else document.allowances
        document = replace(document, rounding_ore=0, allowances=discounts)
    return document
