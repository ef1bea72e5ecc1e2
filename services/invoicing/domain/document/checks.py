"""What a document must keep to before it is issued and no official rule sees to (a wrong CVR number passes them all).

§ 58 is that of momsbekendtgørelsen (BEK 1435 of 29 November 2023). Each check has a stable code and yields, for each
thing that is wrong, the field and a sentence in Danish that says what to do.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple, TypeAlias

from services.invoicing.domain.document.identifiers import (
    FIK_DIGITS,
    is_bic,
    is_cvr,
    is_fik_creditor,
    is_fik_reference,
    is_gln,
    is_iban,
    is_p_number,
)
from services.invoicing.domain.document.model import (
    EXEMPT_PERCENT,
    HOME,
    STANDARD_PERCENT,
    Allowance,
    BankAccount,
    Document,
    DocumentLine,
    Fik,
    Iban,
    NemKonto,
    Party,
)
from shared.contracts.danish import kroner


class Finding(NamedTuple):
    """One thing that is wrong with a document."""

    code: str
    field: str
    message: str


@dataclass(frozen=True, slots=True)
class Demands:
    """What a customer's finance system refuses invoices without; all of it is a setting of the customer."""

    gln: bool = False
    order: bool = False
    person: bool = False
    account_string: bool = False
    contact: bool = False


NO_DEMANDS = Demands()
_DANISH_RATES = frozenset({EXEMPT_PERCENT, STANDARD_PERCENT})
_NO_REGISTRATION = "0000"
"""OIOUBL refuses it (F-LIB311), and no bank has it."""


class Given(NamedTuple):
    """What a check may know beside the document; `today` is the day in Denmark."""

    today: date
    demands: Demands = NO_DEMANDS


Wrong: TypeAlias = tuple[str, str]
"""Field and sentence."""
Check: TypeAlias = Callable[[Document, Given], Iterator[Wrong]]


def check(document: Document, today: date, demands: Demands = NO_DEMANDS) -> tuple[Finding, ...]:
    """Everything that is wrong, in the order of the table; empty = it may be issued."""
    given = Given(today, demands)
    return tuple(
        [Finding(code, field, message) for code, one in CHECKS.items() for field, message in one(document, given)]
    )


def _name_missing(document: Document, _: Given) -> Iterator[Wrong]:
    """§ 58 nr. 4."""
    for field, who, party in _parties(document):
        if not party.name:
            yield f"{field}.name", f"Skriv {who} navn."


def _address_missing(document: Document, _: Given) -> Iterator[Wrong]:
    """§ 58 nr. 4; the official rules are content with a country."""
    for field, who, party in _parties(document):
        address = party.address
        if address.street and address.postcode and address.city:
            continue
        parts = (("street", "vej og nummer"), ("postcode", "postnummer"), ("city", "by"))
        missing = [(name, title) for name, title in parts if not getattr(address, name)]
        what = " og ".join(title for _, title in missing) if len(missing) < len(parts) else "adresse"
        yield f"{field}.address.{missing[0][0]}", f"Skriv {who} {what}."


def _country_wrong(document: Document, _: Given) -> Iterator[Wrong]:
    for field, who, party in _parties(document):
        country = party.address.country
        if country != HOME and not re.fullmatch("[A-Z]{2}", country):
            yield f"{field}.address.country", f"Skriv {who} land med to store bogstaver, fx DK."


def _seller_cvr_missing(document: Document, _: Given) -> Iterator[Wrong]:
    """§ 58 nr. 3."""
    if not document.seller.cvr:
        yield "seller.cvr", "Skriv sælgerens CVR-nummer."


def _cvr_wrong(document: Document, _: Given) -> Iterator[Wrong]:
    for field, who, party in _parties(document):
        if party.cvr and not is_cvr(party.cvr):
            yield f"{field}.cvr", f"Ret {who} CVR-nummer: det har otte cifre, og det sidste skal passe med modulus 11."


def _endpoint_missing(document: Document, _: Given) -> Iterator[Wrong]:
    for field, who, party in _parties(document):
        if party.endpoint is None:
            yield f"{field}.endpoint", f"Skriv {who} EAN-nummer, P-nummer eller CVR-nummer, så fakturaen kan sendes."


def _endpoint_wrong(document: Document, _: Given) -> Iterator[Wrong]:
    """A number that is the party's own CVR number too is found there."""
    for field, who, party in _parties(document):
        at = party.endpoint
        if at is not None and at.scheme == "CVR" and at.id != party.cvr and not is_cvr(at.id):
            yield f"{field}.endpoint", f"Ret {who} CVR-nummer i den elektroniske adresse: det passer ikke (modulus 11)."
        if at is not None and at.scheme == "P" and not is_p_number(at.id):
            yield f"{field}.endpoint", f"Ret {who} P-nummer: det har ti cifre."


def _gln_wrong(document: Document, _: Given) -> Iterator[Wrong]:
    """Twelve digits with a fitting check digit pass the official rules of Peppol, any check digit those of OIOUBL."""
    for field, who, party in _parties(document):
        if party.endpoint is not None and party.endpoint.scheme == "GLN" and not is_gln(party.endpoint.id):
            yield (
                f"{field}.endpoint",
                f"Ret {who} EAN-nummer: det har 13 cifre, og det sidste skal passe med de andre.",
            )


def _issued_ahead(document: Document, given: Given) -> Iterator[Wrong]:
    if document.issued_on > given.today:
        yield "issued_on", "Datoen ligger ude i fremtiden: vælg i dag eller en tidligere dag."


def _due_before_issue(document: Document, _: Given) -> Iterator[Wrong]:
    if document.due_on is not None and document.due_on < document.issued_on:
        yield "due_on", "Betalingsfristen ligger før fakturaens dato: vælg en senere dag."


def _due_missing(document: Document, _: Given) -> Iterator[Wrong]:
    if _to_be_paid(document) and document.due_on is None and not document.terms:
        yield "due_on", "Skriv, hvornår fakturaen skal betales."


def _delivery_missing(document: Document, _: Given) -> Iterator[Wrong]:
    """§ 58 nr. 6. A credit note gives a delivery back that the invoice it names has told of."""
    told = document.delivered_on or document.period or any(line.period for line in document.lines)
    if document.kind == "invoice" and not told:
        yield (
            "delivered_on",
            "Skriv, hvornår det er leveret: en dag eller en periode, på fakturaen eller på linjerne.",
        )


def _line_text_missing(document: Document, _: Given) -> Iterator[Wrong]:
    """§ 58 nr. 5."""
    for at, line in enumerate(document.lines):
        if not line.text:
            yield f"lines[{at}].text", f"Skriv på linje {line.id}, hvad der er leveret."


def _vat_rate_not_danish(document: Document, _: Given) -> Iterator[Wrong]:
    """The official rules take any rate; Denmark has one, and exemption."""
    named: tuple[tuple[str, Sequence[DocumentLine | Allowance]], ...] = (
        ("lines", document.lines),
        ("allowances", document.allowances),
    )
    for name, parts in named:
        for at, part in enumerate(parts):
            if part.vat_percent not in _DANISH_RATES:
                yield (
                    f"{name}[{at}].vat_percent",
                    f"Ret momssatsen {part.vat_percent} %: den er 25 %, eller 0 % for det momsfrie.",
                )


def _allowance_alone(document: Document, _: Given) -> Iterator[Wrong]:
    """OIOUBL wants each rate of the sums on a line too (F-LIB404). A rate that is none is found above."""
    if not document.allowances:
        return
    alone = _DANISH_RATES - {line.vat_percent for line in document.lines}
    for at, one in enumerate(document.allowances):
        if one.vat_percent in alone:
            yield (
                f"allowances[{at}].vat_percent",
                f"»{one.reason}« har en momssats, som ingen linje har: skriv beløbet som en linje.",
            )


def _exemption_missing(document: Document, _: Given) -> Iterator[Wrong]:
    """§ 58 stk. 3 keeps what is exempt apart, and EN 16931 wants the reason (BR-E-10)."""
    if document.exempt and not document.exemption:
        yield "exemption", "Skriv, hvorfor der ikke er moms på det momsfri, fx med henvisning til momslovens § 13."


def _sums_differ(document: Document, _: Given) -> Iterator[Wrong]:
    """The official rules let the moms be a krone wrong, and those of OIOUBL never reckon it out."""
    told, totals = document.told, document.totals
    if told is None or told == totals:
        return
    for field, said, right in zip(totals._fields[:-1], told[:-1], totals[:-1], strict=True):
        if said != right:
            yield (
                f"totals.{field}",
                f"Beløbet {kroner(said)} passer ikke med linjerne, som giver {kroner(right)}: udsted dokumentet på ny.",
            )
            return
    yield "totals.rates", "Beløbene for hver momssats passer ikke med linjerne: udsted dokumentet på ny."


def _comes_to_nothing(document: Document, _: Given) -> Iterator[Wrong]:
    """OIOUBL's rules add in floating point and take such a nothing for less than nothing (F-INV128)."""
    totals = document.totals
    if totals.payable_ore == 0 and (document.rounding_ore or totals.charges_ore):
        yield "rounding_ore", "Der er intet at betale: fjern afrundingen, og træk rabatten fra på linjerne."


def _payment_missing(document: Document, _: Given) -> Iterator[Wrong]:
    """OIOUBL and Peppol both let it pass; nobody then knows where the money goes."""
    if _to_be_paid(document) and document.payment is None:
        yield "payment", "Vælg, hvordan fakturaen betales: bankkonto, IBAN, FIK eller NemKonto."


def _bank_account_wrong(document: Document, _: Given) -> Iterator[Wrong]:
    payment = document.payment
    if isinstance(payment, BankAccount):
        if not _digits(payment.registration, 4, 4) or payment.registration == _NO_REGISTRATION:
            yield "payment.registration", "Ret registreringsnummeret: det har fire cifre, og ikke kun nuller."
        if not _digits(payment.account, 4, 10):
            yield "payment.account", "Ret kontonummeret: det har fra fire til ti cifre."


def _iban_wrong(document: Document, _: Given) -> Iterator[Wrong]:
    if isinstance(document.payment, Iban) and not is_iban(document.payment.iban):
        yield "payment.iban", "Ret IBAN-nummeret: længden eller kontrolcifrene passer ikke."


def _bic_wrong(document: Document, _: Given) -> Iterator[Wrong]:
    payment = document.payment
    if isinstance(payment, Iban) and payment.bic and not is_bic(payment.bic):
        yield "payment.bic", "Ret bankens BIC (SWIFT): den har otte eller elleve tegn, fx DABADKKK."


def _fik_creditor_wrong(document: Document, _: Given) -> Iterator[Wrong]:
    if isinstance(document.payment, Fik) and not is_fik_creditor(document.payment.creditor):
        yield "payment.creditor", "Ret FIK-kreditornummeret: det har otte cifre og begynder med 8."


def _fik_reference_wrong(document: Document, _: Given) -> Iterator[Wrong]:
    payment = document.payment
    if isinstance(payment, Fik) and not is_fik_reference(payment.card, payment.reference):
        digits = FIK_DIGITS[payment.card]
        yield (
            "payment.reference",
            f"Ret betalings-id'et på +{payment.card}: det har {digits} cifre, og det sidste er et kontrolciffer.",
        )


def _credit_note_with_payment(document: Document, _: Given) -> Iterator[Wrong]:
    """Receivers' systems have paid such credit notes (payment means 30 passes the rules). NemKonto pays the buyer."""
    if document.kind == "credit_note" and not isinstance(document.payment, NemKonto | None):
        yield "payment", "Fjern betalingsmåden: en kreditnota skal ikke betales."


def _credited_missing(document: Document, _: Given) -> Iterator[Wrong]:
    """§ 58 stk. 2: a credit note refers specifically and unambiguously to the invoice that it changes."""
    if document.kind == "credit_note" and document.credited is None:
        yield "credited", "Skriv nummer og dato på den faktura, som krediteres."


def _credited_later(document: Document, _: Given) -> Iterator[Wrong]:
    if document.credited is not None and document.credited.issued_on > document.issued_on:
        yield "credited.issued_on", "Den faktura, som krediteres, har en senere dato end kreditnotaen: ret datoen."


def _credited_itself(document: Document, _: Given) -> Iterator[Wrong]:
    """§ 58 nr. 2: each document has its own number."""
    if document.credited is not None and document.credited.id == document.id:
        yield "credited.id", "Kreditnotaen har samme nummer som den faktura, den krediterer: ret det ene."


def _reference_missing(document: Document, given: Given) -> Iterator[Wrong]:
    """BEK 206 of 11 March 2011, and Peppol (R003): a person, or an order number."""
    asked = given.demands.person or given.demands.order
    if not asked and not document.references.person and not document.references.order:
        yield "references.person", "Skriv kundens personreference eller ordrenummer."


def _order_demanded(document: Document, given: Given) -> Iterator[Wrong]:
    if given.demands.order and not document.references.order:
        yield "references.order", "Skriv ordre- eller rekvisitionsnummeret: kunden afviser fakturaer uden."


def _person_demanded(document: Document, given: Given) -> Iterator[Wrong]:
    if given.demands.person and not document.references.person:
        yield "references.person", "Skriv personreferencen: kunden afviser fakturaer uden."


def _account_string_demanded(document: Document, given: Given) -> Iterator[Wrong]:
    if given.demands.account_string and not document.references.account_string:
        yield "references.account_string", "Skriv kontostrengen: kunden afviser fakturaer uden."


def _contact_demanded(document: Document, given: Given) -> Iterator[Wrong]:
    if given.demands.contact and not document.buyer.contact.name:
        yield "buyer.contact.name", "Skriv kundens kontaktperson: kunden afviser fakturaer uden."


def _gln_demanded(document: Document, given: Given) -> Iterator[Wrong]:
    endpoint = document.buyer.endpoint
    if given.demands.gln and endpoint is not None and endpoint.scheme != "GLN":
        yield "buyer.endpoint", "Skriv kundens EAN-nummer: kunden afviser fakturaer uden."


def _parties(document: Document) -> tuple[tuple[str, str, Party], tuple[str, str, Party]]:
    return (("seller", "sælgerens", document.seller), ("buyer", "kundens", document.buyer))


def _to_be_paid(document: Document) -> bool:
    return document.kind == "invoice" and document.totals.payable_ore > 0


def _digits(text: str, least: int, most: int) -> bool:
    return text.isascii() and text.isdigit() and least <= len(text) <= most


CHECKS: Mapping[str, Check] = {
    "name_missing": _name_missing,
    "address_missing": _address_missing,
    "country_wrong": _country_wrong,
    "seller_cvr_missing": _seller_cvr_missing,
    "cvr_wrong": _cvr_wrong,
    "endpoint_missing": _endpoint_missing,
    "endpoint_wrong": _endpoint_wrong,
    "gln_wrong": _gln_wrong,
    "issued_ahead": _issued_ahead,
    "due_before_issue": _due_before_issue,
    "due_missing": _due_missing,
    "delivery_missing": _delivery_missing,
    "line_text_missing": _line_text_missing,
    "vat_rate_not_danish": _vat_rate_not_danish,
    "allowance_alone": _allowance_alone,
    "exemption_missing": _exemption_missing,
    "sums_differ": _sums_differ,
    "comes_to_nothing": _comes_to_nothing,
    "payment_missing": _payment_missing,
    "bank_account_wrong": _bank_account_wrong,
    "iban_wrong": _iban_wrong,
    "bic_wrong": _bic_wrong,
    "fik_creditor_wrong": _fik_creditor_wrong,
    "fik_reference_wrong": _fik_reference_wrong,
    "credit_note_with_payment": _credit_note_with_payment,
    "credited_missing": _credited_missing,
    "credited_later": _credited_later,
    "credited_itself": _credited_itself,
    "reference_missing": _reference_missing,
    "order_demanded": _order_demanded,
    "person_demanded": _person_demanded,
    "account_string_demanded": _account_string_demanded,
    "contact_demanded": _contact_demanded,
    "gln_demanded": _gln_demanded,
}
"""Every check by its code. Codes never change; a check that is no longer made leaves its code unused."""
