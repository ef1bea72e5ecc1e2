"""One invoice or credit note as a document, whichever format it is written in.

A document that exists holds together: its sums are derived, never given; moms is taken of the sum per rate, half up.
What only a program can get wrong is a ValueError here that begins with the field; what people can get wrong (a
mistyped number, a missing reference) is let in and found by `checks`, which has a sentence for it.

Amounts are integer øre in Danish kroner without moms, unit prices Decimal øre, quantities Decimal; no float comes in.
Texts are cleaned when they come in: every one can stand in XML 1.0, names and numbers are one line each, nothing begins
or ends with a space. The terms in brackets (BT-1, BG-4 …) are those of EN 16931-1.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Literal, NamedTuple, TypeAlias

from shared.contracts.money import moms

Kind: TypeAlias = Literal["invoice", "credit_note"]
EndpointScheme: TypeAlias = Literal["GLN", "CVR", "P"]
FikCard: TypeAlias = Literal["71", "73", "75"]

CURRENCY = "DKK"
HOME = "DK"
STANDARD_PERCENT = 25
"""Moms in Denmark (momsloven § 33): this, or nothing."""
EXEMPT_PERCENT = 0
UNITS = {
    "EA": "stk.",
    "HUR": "time",
    "DAY": "dag",
    "WEE": "uge",
    "MON": "måned",
    "ANN": "år",
    "C62": "",
}
"""Units by their code in UN/ECE Recommendation 20, those OIOUBL knows as well; and how a Danish reader wants them."""
MOST_DECIMALS = 6
"""Of a quantity, and of a unit price in kroner."""
LARGEST_ROUNDING_ORE = 99

_EXACT = Context(prec=64, rounding=ROUND_HALF_UP)
_NOT_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]|[\x7f-\x9f]")
_BREAKS = re.compile("[\t\n\x0b\x0c\r\x1c-\x1e\x85\u2028\u2029]+")
_LINE_END = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")


def _is_clean(text: str) -> bool:
    """A quick look that most texts pass: of the white space, only the space between words is printable."""
    return text.isprintable() and text == text.strip(" ")


def one_line(text: str) -> str:
    """The text without what XML 1.0 cannot carry (control characters, lone surrogates), line breaks as spaces."""
    if _is_clean(text):
        return text
    return _NOT_XML.sub("", _BREAKS.sub(" ", text)).strip()


def several_lines(text: str) -> str:
    """As `one_line`, but line breaks stay; each is one line feed."""
    if _is_clean(text):
        return text
    return _NOT_XML.sub("", _LINE_END.sub("\n", text)).strip()


def half_up(ore: Decimal) -> int:
    """Whole øre, a half away from zero."""
    return int(ore.to_integral_value(ROUND_HALF_UP, _EXACT))


def percent_of(base_ore: int, percent: Decimal) -> int:
    """So many per cent of an amount, in øre, half up."""
    return half_up(_EXACT.divide(_EXACT.multiply(Decimal(base_ore), percent), Decimal(100)))


def _clean(part: object, *fields: str) -> None:
    for name in fields:
        text = getattr(part, name)
        cleaned = one_line(text)
        if cleaned is not text:
            object.__setattr__(part, name, cleaned)


def _ore(name: str, amount: int) -> None:
    if type(amount) is not int:
        raise ValueError(f"{name}: {amount!r} is no whole number of øre")


def _rate(name: str, percent: int) -> None:
    if type(percent) is not int or not 0 <= percent <= 100:  # noqa: PLR2004 # per cent
        raise ValueError(f"{name}: {percent!r} is no whole per cent from 0 to 100")


def _number(name: str, number: Decimal, decimals: int) -> None:
    """Not negative, and exact in so many decimals."""
    if not isinstance(number, Decimal) or not number.is_finite():
        raise ValueError(f"{name}: {number!r} is no Decimal number")
    if number < 0:
        raise ValueError(f"{name}: is negative")
    exponent = number.as_tuple().exponent
    if isinstance(exponent, int) and exponent < -decimals and number != round(number, decimals):
        raise ValueError(f"{name}: has more than {decimals} decimals")


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """What is not known is empty (BG-5, BG-8); `country` is an ISO 3166 code of two letters."""

    street: str = ""
    postcode: str = ""
    city: str = ""
    country: str = HOME

    def __post_init__(self) -> None:
        _clean(self, "street", "postcode", "city", "country")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where e-invoices to a party are delivered (BT-34, BT-49): a GLN (EAN), CVR or P number, digits only."""

    scheme: EndpointScheme
    id: str

    def __post_init__(self) -> None:
        _clean(self, "id")
        if not self.id:
            raise ValueError("endpoint: has no number")


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """A person or office to ask (BG-6, BG-9)."""

    name: str = ""
    phone: str = ""
    email: str = ""

    def __post_init__(self) -> None:
        _clean(self, "name", "phone", "email")


NO_CONTACT = Contact()


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """Seller or buyer (BG-4, BG-7). `cvr` is eight digits without DK, or empty when not known."""

    name: str
    address: Address
    cvr: str = ""
    endpoint: Endpoint | None = None
    contact: Contact = NO_CONTACT
    unit: str = ""
    """Which part of it is billed, or what it is a part of; empty = it is billed as a whole."""

    def __post_init__(self) -> None:
        _clean(self, "name", "cvr", "unit")


@dataclass(frozen=True, slots=True, kw_only=True)
class References:
    """What the buyer wants to find again; empty = not said."""

    person: str = ""
    """Person reference (BT-10)."""
    order: str = ""
    """Ordre- eller rekvisitionsnummer (BT-13)."""
    account_string: str = ""
    """Kontostreng (BT-19)."""

    def __post_init__(self) -> None:
        _clean(self, "person", "order", "account_string")


NO_REFERENCES = References()


@dataclass(frozen=True, slots=True)
class Fik:
    """Fælles indbetalingskort: +71 and +75 with a reference of 15 and 16 digits, +73 without one."""

    card: FikCard
    creditor: str
    reference: str = ""

    def __post_init__(self) -> None:
        _clean(self, "creditor", "reference")
        if (self.card == "73") == bool(self.reference):
            raise ValueError("payment.reference: +71 and +75 have one, +73 has none")


@dataclass(frozen=True, slots=True)
class BankAccount:
    """A Danish account: registreringsnummer and kontonummer."""

    registration: str
    account: str

    def __post_init__(self) -> None:
        _clean(self, "registration", "account")


@dataclass(frozen=True, slots=True)
class Iban:
    """`bic` may be empty inside the EEA."""

    iban: str
    bic: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "iban", one_line(self.iban).replace(" ", ""))
        object.__setattr__(self, "bic", one_line(self.bic).replace(" ", ""))


@dataclass(frozen=True, slots=True)
class NemKonto:
    """A public buyer pays to the account that the seller's CVR number has with the state."""


Payment: TypeAlias = Fik | BankAccount | Iban | NemKonto
"""One way of payment. A document names one or none: Peppol allows no more (UBL-SR-44, UBL-SR-47)."""


@dataclass(frozen=True, slots=True)
class Period:
    """From one day to another, both included (BG-14, BG-26); one day is a day of delivery."""

    starts: date
    ends: date

    def __post_init__(self) -> None:
        if self.ends < self.starts:
            raise ValueError("period.ends: is before the period starts")

    def __contains__(self, other: Period) -> bool:
        return self.starts <= other.starts and other.ends <= self.ends


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """A discount, or a charge, of a line (BG-27, BG-28) or of the whole document (BG-20, BG-21).

    `amount_ore` is never negative. Of the document it says which rate's sum it belongs to; of a line it follows the
    line, and `vat_percent` is None. With `percent` goes the amount it is taken of, and the three agree to the øre.
    """

    reason: str
    amount_ore: int
    charge: bool = False
    vat_percent: int | None = None
    percent: Decimal | None = None
    base_ore: int | None = None

    def __post_init__(self) -> None:
        _clean(self, "reason")
        if not self.reason:
            raise ValueError("allowance.reason: is empty")
        _ore("allowance.amount_ore", self.amount_ore)
        if self.amount_ore < 0:
            raise ValueError("allowance.amount_ore: is negative")
        if self.vat_percent is not None:
            _rate("allowance.vat_percent", self.vat_percent)
        if (self.percent is None) != (self.base_ore is None):
            raise ValueError("allowance.percent: percent and the amount it is taken of go together")
        if self.percent is not None and self.base_ore is not None:
            _number("allowance.percent", self.percent, MOST_DECIMALS)
            _ore("allowance.base_ore", self.base_ore)
            if percent_of(self.base_ore, self.percent) != self.amount_ore:
                raise ValueError("allowance.amount_ore: is not so many per cent of the base")

    @property
    def signed_ore(self) -> int:
        """A charge adds, a discount subtracts."""
        return self.amount_ore if self.charge else -self.amount_ore


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentLine:
    """One line (BG-25). `vat_percent` 0 = exempt, for the reason that the document gives.

    `text` says in one line what is sold, `description` more about it. `unit_price_ore` is without moms and discounts.
    """

    id: str
    text: str
    quantity: Decimal
    unit_price_ore: Decimal
    vat_percent: int = STANDARD_PERCENT
    unit: str = "EA"
    description: str = ""
    allowances: tuple[Allowance, ...] = ()
    period: Period | None = None
    net_ore: int = field(init=False, compare=False)
    """Quantity × unit price, rounded half up, with charges and without discounts (BT-131)."""

    def __post_init__(self) -> None:
        _clean(self, "id", "text")
        object.__setattr__(self, "description", several_lines(self.description))
        if not self.id:
            raise ValueError("line.id: is empty")
        _number("line.quantity", self.quantity, MOST_DECIMALS)
        if not self.quantity:
            raise ValueError("line.quantity: is zero")
        _number("line.unit_price_ore", self.unit_price_ore, MOST_DECIMALS - 2)
        _rate("line.vat_percent", self.vat_percent)
        if self.unit not in UNITS:
            raise ValueError(f"line.unit: {self.unit!r} is not one of {', '.join(UNITS)}")
        net = half_up(_EXACT.multiply(self.quantity, self.unit_price_ore))
        for one in self.allowances:
            if one.vat_percent is not None:
                raise ValueError("line.allowances: moms of a line's discount is the line's")
            net += one.signed_ore
        if net < 0:
            raise ValueError("line.allowances: the discounts are larger than the line")
        object.__setattr__(self, "net_ore", net)


@dataclass(frozen=True, slots=True)
class Credited:
    """What a credit note credits, all of it or a part (BG-3)."""

    id: str
    issued_on: date
    in_part: bool = False

    def __post_init__(self) -> None:
        _clean(self, "id")
        if not self.id:
            raise ValueError("credited.id: is empty")


class VatSum(NamedTuple):
    """What is owed at one rate (BG-23)."""

    vat_percent: int
    net_ore: int
    vat_ore: int


class Totals(NamedTuple):
    """The document's sums (BG-22)."""

    lines_ore: int
    allowances_ore: int
    charges_ore: int
    net_ore: int
    """Lines with charges and without discounts: what moms is taken of, and what is exempt."""
    vat_ore: int
    gross_ore: int
    payable_ore: int
    """Gross and rounding."""
    rates: tuple[VatSum, ...]
    """One for each rate that occurs, the lowest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """An invoice or a credit note in Danish kroner. Amounts of a credit note are positive: it gives them back.

    `told` is what another place says the sums are (the invoice as it was issued, an XML that was read); a check
    compares, and equality leaves it out.
    """

    kind: Kind
    series: str
    number: int
    issued_on: date
    seller: Party
    buyer: Party
    lines: tuple[DocumentLine, ...]
    due_on: date | None = None
    terms: str = ""
    """Terms of payment in words (BT-20)."""
    references: References = NO_REFERENCES
    payment: Payment | None = None
    allowances: tuple[Allowance, ...] = ()
    exemption: str = ""
    """Why no moms is taken of what is exempt (BT-120)."""
    rounding_ore: int = 0
    period: Period | None = None
    delivered_on: date | None = None
    note: str = ""
    credited: Credited | None = None
    told: Totals | None = field(default=None, compare=False, repr=False)
    totals: Totals = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        _clean(self, "series", "exemption")
        object.__setattr__(self, "note", several_lines(self.note))
        object.__setattr__(self, "terms", several_lines(self.terms))
        if type(self.number) is not int or self.number < 1:
            raise ValueError("number: begins with 1")
        if not self.lines:
            raise ValueError("lines: there are none")
        if len({line.id for line in self.lines}) != len(self.lines):
            raise ValueError("lines: two have the same id")
        _ore("rounding_ore", self.rounding_ore)
        if abs(self.rounding_ore) > LARGEST_ROUNDING_ORE:
            raise ValueError("rounding_ore: is a krone or more")
        if any(one.vat_percent is None for one in self.allowances):
            raise ValueError("allowances: each of the document's says its vat_percent")
        if self.kind == "invoice" and self.credited is not None:
            raise ValueError("credited: an invoice credits nothing")
        if self.kind == "credit_note" and self.due_on is not None:
            raise ValueError("due_on: a credit note is not to be paid")
        if self.period is not None and any(line.period and line.period not in self.period for line in self.lines):
            raise ValueError("period: a line's period is not within the document's")
        object.__setattr__(self, "totals", _totals(self))
        if self.exemption and not self.exempt:
            raise ValueError("exemption: nothing is exempt")

    @property
    def id(self) -> str:
        """Its number as people see it (BT-1)."""
        return f"{self.series}-{self.number}" if self.series else str(self.number)

    @property
    def exempt(self) -> bool:
        """Something of it carries no moms."""
        return self.totals.rates[0].vat_percent == EXEMPT_PERCENT


def _totals(document: Document) -> Totals:
    rates: dict[int, int] = {}
    lines = 0
    for line in document.lines:
        lines += line.net_ore
        rates[line.vat_percent] = rates.get(line.vat_percent, 0) + line.net_ore
    discounts = charges = 0
    for one in document.allowances:
        percent = one.vat_percent or EXEMPT_PERCENT
        rates[percent] = rates.get(percent, 0) + one.signed_ore
        if one.charge:
            charges += one.amount_ore
        else:
            discounts += one.amount_ore
    if min(rates.values()) < 0:
        raise ValueError("allowances: are larger than what the same rate's lines come to")
    sums = tuple([VatSum(percent, net, moms(net, percent)) for percent, net in sorted(rates.items())])
    net = lines + charges - discounts
    vat = sum([one.vat_ore for one in sums])
    payable = net + vat + document.rounding_ore
    if payable < 0:
        raise ValueError("rounding_ore: leaves less than nothing to be paid")
    return Totals(lines, discounts, charges, net, vat, net + vat, payable, sums)
