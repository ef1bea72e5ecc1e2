"""The address book: where an organisation is written to, and how it wants its invoices.

A spreadsheet of it is read as text, cell by cell. Everything that is wrong is found in one go, each with its row and
column, so that nobody has to try five times.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from services.enrollment.domain.sheet import Cell, texts
from services.enrollment.domain.speakers import domain_key, domain_of, mailbox_key, require_domain, speaks
from shared.contracts.addresses import mail_address
from shared.contracts.decision import Decision
from shared.contracts.enrollment import Mailbox
from shared.contracts.parties import Address, Billing, Organisation
from shared.contracts.refusal import Refused

MAIN = "hovedpostkasse"
_LONGEST_NAME = 120
_GLN_DIGITS = 13
_FIRST_ROW = 2

COLUMNS: Mapping[str, str] = {
    "kommunekode": "code",
    "hovedpostkasse": "main_email",
    "ean-nummer": "ean",
    "ordre-/rekvisitionsnummer": "order_reference",
    "personreference": "person_reference",
    "kontostreng": "account_string",
    "faktura-e-mail": "invoice_email",
    "adresse": "street",
    "postnummer": "postcode",
    "by": "city",
    "postkasser": "mailboxes",
    "domæner": "domains",
}
"""Heading (in any case) → field. A heading `rolle: borgmester` is the address of that role.

`postkasser` and `domæner` hold several, with blanks or commas between them: they speak for the organisation.
"""

ROLE_HEADING = "rolle:"
_ADDRESS = ("street", "postcode", "city")
_EMAILS = frozenset({"main_email", "invoice_email", "mailboxes"})


@dataclass(frozen=True, slots=True)
class Entry:
    """One organisation in the address book. `roles` maps a role to its address, never to a person's.

    `mailboxes` and `domains`, by their keys, speak for it besides those: whoever has such an address is its own.
    """

    organisation: Organisation
    main_email: str | None = None
    roles: Mapping[str, str] | None = None
    billing: Billing = field(default_factory=Billing)
    mailboxes: frozenset[str] = frozenset()
    domains: frozenset[str] = frozenset()

    @property
    def all_mailboxes(self) -> frozenset[str]:
        """Those that speak for it, by their keys, whatever its domains are."""
        return self.mailboxes | {mailbox_key(one) for one in (self.main_email, *(self.roles or {}).values()) if one}

    def knows(self, email: str) -> bool:
        """Whether this address speaks for the organisation."""
        return speaks(email, self.all_mailboxes, self.domains)


@dataclass(frozen=True, slots=True)
class Change:
    """What a row says about an organisation; None leaves what stands in the book."""

    code: str
    main_email: str | None = None
    ean: str | None = None
    order_reference: str | None = None
    person_reference: str | None = None
    account_string: str | None = None
    invoice_email: str | None = None
    street: str | None = None
    postcode: str | None = None
    city: str | None = None
    roles: tuple[tuple[str, str], ...] = ()
    mailboxes: frozenset[str] = frozenset()
    domains: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class WrongCell:
    """`row` as the spreadsheet counts (the heading is 1), `column` as it is headed; `detail` in Danish."""

    row: int
    column: str
    detail: str

    def __str__(self) -> str:
        return f"Række {self.row}, kolonne »{self.column}«: {self.detail}"


def main_mailbox(entry: Entry) -> Mailbox | None:
    return Mailbox(role=MAIN, email=entry.main_email) if entry.main_email else None


def is_gln(text: str) -> bool:
    """An EAN/GLN number of 13 digits whose last one is right (GS1 General Specifications § 7.9)."""
    if len(text) != _GLN_DIGITS or not (text.isascii() and text.isdigit()):
        return False
    return sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(text)) % 10 == 0


def require_email(text: str, field: str) -> str:
    """The address as it can be mailed; Refused 422 `invalid_email` with the reason if it is none."""
    try:
        return mail_address(text)
    except ValueError as error:
        raise Refused("invalid_email", str(error), status=422, field=field) from None


def require_name(text: str, field: str) -> str:
    """The name on one line; Refused 422 `invalid_name` with the reason when nobody can be called that."""
    trimmed = " ".join(text.split())
    unseen = next((one for one in trimmed if not one.isprintable()), None)
    if not trimmed:
        reason = "Skriv et navn."
    elif unseen is not None:
        reason = f"Der er et tegn i navnet, som ikke kan ses (U+{ord(unseen):04X}). Slet navnet, og skriv det igen."
    elif len(trimmed) > _LONGEST_NAME:
        reason = f"Navnet må højst være på {_LONGEST_NAME} tegn; der er {len(trimmed)}."
    else:
        return trimmed
    raise Refused("invalid_name", reason, status=422, field=field)


def require_billing(billing: Billing, field: str = "billing") -> Billing:
    """The same billing, or Refused 422 `invalid_ean` / `invalid_email` naming the field."""
    if billing.ean is not None and not is_gln(billing.ean):
        raise Refused(
            "invalid_ean",
            "EAN-nummeret skal være på 13 cifre, og det sidste skal passe med de andre.",
            status=422,
            field=f"{field}.ean",
        )
    if billing.email is not None:
        require_email(billing.email, f"{field}.email")
    return billing


def billing_of(defaults: Billing, said: Billing) -> Billing:
    """What was said when enrolling, and the address book's for the rest."""
    return Billing(
        ean=said.ean or defaults.ean,
        order_reference=said.order_reference or defaults.order_reference,
        person_reference=said.person_reference or defaults.person_reference,
        account_string=said.account_string or defaults.account_string,
        email=said.email or defaults.email,
        address=said.address or defaults.address,
    )


def unknown_organisation() -> Refused:
    return Refused("unknown_organisation", "Organisationen er ikke i adressebogen.", status=404, field="code")


def rewritten(
    entry: Entry | None,
    main_email: str | None,
    roles: Mapping[str, str],
    billing: Billing,
    mailboxes: Iterable[str] | None = None,
    domains: Iterable[str] | None = None,
) -> Decision[Entry]:
    """The whole entry anew: what is not said is not in the book afterwards, except who speaks (None = as before)."""
    if entry is None:
        raise unknown_organisation()
    if mailboxes is not None:
        mailboxes = {mailbox_key(require_email(one, "mailboxes")) for one in mailboxes}
    if domains is not None:
        domains = {require_domain(one, "domains") for one in domains}
    after = Entry(
        organisation=entry.organisation,
        main_email=None if main_email is None else require_email(main_email, "main_email"),
        roles={
            require_name(role, "roles").casefold(): require_email(email, f"roles.{role}")
            for role, email in roles.items()
        },
        billing=require_billing(billing),
        mailboxes=entry.mailboxes if mailboxes is None else frozenset(mailboxes),
        domains=entry.domains if domains is None else frozenset(domains),
    )
    return Decision(after)


def vouched_for(entry: Entry | None, email: str, *, whole_domain: bool) -> Decision[Entry]:
    """Staff say that this address speaks for the organisation: its mailbox, and its whole domain if they say that.

    Refused 422 `public_domain` for the domain of a provider where anybody gets a mailbox.
    """
    if entry is None:
        raise unknown_organisation()
    mailbox = mailbox_key(require_email(email, "email"))
    domains = {require_domain(domain_of(mailbox), "whole_domain")} if whole_domain else set()
    return Decision(replace(entry, mailboxes=entry.mailboxes | {mailbox}, domains=entry.domains | domains))


def changed(entry: Entry, change: Change) -> Decision[Entry]:
    """What a row says anew; what it is silent about stays."""
    was = entry.billing
    address = was.address
    if change.street and change.postcode and change.city:
        address = Address(street=change.street, postcode=change.postcode, city=change.city)
    after = Entry(
        organisation=entry.organisation,
        main_email=change.main_email or entry.main_email,
        roles={**(entry.roles or {}), **dict(change.roles)},
        billing=Billing(
            ean=change.ean or was.ean,
            order_reference=change.order_reference or was.order_reference,
            person_reference=change.person_reference or was.person_reference,
            account_string=change.account_string or was.account_string,
            email=change.invoice_email or was.email,
            address=address,
        ),
        mailboxes=entry.mailboxes | change.mailboxes,
        domains=entry.domains | change.domains,
    )
    return Decision(after)


def require_rows(heading: Sequence[str], rows: Sequence[Sequence[Cell]], known: frozenset[str]) -> tuple[Change, ...]:
    """The changes a table asks for; Refused 422 `address_book_wrong` with every error at its row and column."""
    changes, wrong = read_rows(heading, rows, known)
    if wrong:
        raise Refused(
            "address_book_wrong",
            f"Intet er indlæst: {len(wrong)} fejl skal rettes først.",
            status=422,
            errors=[
                {"field": f"content:{one.row}:{one.column}", "code": "wrong_cell", "detail": str(one)} for one in wrong
            ],
        )
    return changes


def read_rows(
    heading: Sequence[str], rows: Sequence[Sequence[Cell]], known: frozenset[str]
) -> tuple[tuple[Change, ...], tuple[WrongCell, ...]]:
    """The changes a table asks for and everything that is wrong with it; with a finding nothing is to be imported.

    An empty cell says nothing about its field. `known` are the codes of the address book.
    """
    fields, findings = _headings(heading)
    if findings:
        return (), tuple(findings)
    changes: list[Change] = []
    seen: dict[str, int] = {}
    for number, row in enumerate(rows, start=_FIRST_ROW):
        titles = {field: title for field, title in zip(fields, heading, strict=False) if field}
        cells, odd = texts(fields, row)
        odd += _addresses(cells)
        if not cells and not odd:
            continue
        wrong = [*_wrong(cells, known, seen), *odd] if "code" not in dict(odd) else odd
        code = cells.get("code", "").zfill(4)
        seen.setdefault(code, number)
        findings.extend(WrongCell(number, titles.get(field, field), detail) for field, detail in wrong)
        changes.append(_change(code, cells))
    if not changes and not findings:
        findings.append(WrongCell(_FIRST_ROW, heading[0], "Der er ingen rækker under overskrifterne."))
    return (tuple(changes), ()) if not findings else ((), tuple(findings))


def _headings(heading: Sequence[str]) -> tuple[list[str | None], list[WrongCell]]:
    fields: list[str | None] = []
    findings: list[WrongCell] = []
    for place, title in enumerate(heading, start=1):
        plain = " ".join(title.casefold().split())
        if plain.startswith(ROLE_HEADING) and plain.removeprefix(ROLE_HEADING).strip():
            field: str | None = f"{ROLE_HEADING}{plain.removeprefix(ROLE_HEADING).strip()}"
        else:
            field = COLUMNS.get(plain)
        if plain and field is None and plain not in {"navn", "kommune"}:
            known = ", ".join([*COLUMNS, "rolle: …"])
            findings.append(WrongCell(1, title, f"Overskriften er ukendt. De kendte er: {known}."))
        if field is not None and field in fields:
            findings.append(WrongCell(1, title, f"Overskriften står to gange (også før kolonne {place})."))
        fields.append(field)
    if "code" not in fields:
        findings.append(WrongCell(1, "kommunekode", "Kolonnen mangler; den siger, hvilken kommune rækken handler om."))
    return fields, findings


def _addresses(cells: dict[str, str]) -> list[tuple[str, str]]:
    """Each is written as it can be mailed; what is wrong with those that cannot."""
    wrong: list[tuple[str, str]] = []
    for name in [one for one in cells if one in _EMAILS or one.startswith(ROLE_HEADING)]:
        several = _several(cells, name) if name == "mailboxes" else [cells[name]]
        written = []
        for one in several:
            try:
                written.append(mail_address(one))
            except ValueError as error:
                wrong.append((name, f"»{one}«: {error}"))
        cells[name] = " ".join(written)
    return wrong


def _wrong(cells: Mapping[str, str], known: frozenset[str], seen: Mapping[str, int]) -> list[tuple[str, str]]:
    wrong: list[tuple[str, str]] = []
    code = cells.get("code", "").zfill(4)
    if "code" not in cells:
        wrong.append(("code", "Kommunekoden mangler."))
    elif code not in known:
        wrong.append(("code", f"»{cells['code']}« er ikke en kommunekode i adressebogen."))
    elif code in seen:
        wrong.append(("code", f"Kommunen står allerede i række {seen[code]}."))
    for one in _several(cells, "domains"):
        try:
            require_domain(one, "domains")
        except Refused as refused:
            wrong.append(("domains", f"»{one}«: {refused.detail}"))
    if "ean" in cells and not is_gln(cells["ean"]):
        wrong.append(("ean", f"»{cells['ean']}« er ikke et EAN-nummer på 13 cifre. Lad kolonnen være tekst i Excel."))
    if "postcode" in cells and not (cells["postcode"].isdigit() and len(cells["postcode"]) == len("2300")):
        wrong.append(("postcode", f"»{cells['postcode']}« er ikke et postnummer på fire cifre."))
    missing = [field for field in _ADDRESS if field not in cells]
    if 0 < len(missing) < len(_ADDRESS):
        wrong.extend((field, "Adressen skal have både vej, postnummer og by.") for field in missing)
    return wrong


def _change(code: str, cells: Mapping[str, str]) -> Change:
    roles = tuple(
        (field.removeprefix(ROLE_HEADING), text) for field, text in cells.items() if field.startswith(ROLE_HEADING)
    )
    mailboxes = frozenset(map(mailbox_key, _several(cells, "mailboxes")))
    domains = frozenset(filter(None, map(domain_key, _several(cells, "domains"))))
    own = {"code", "mailboxes", "domains"}
    plain = {field: text for field, text in cells.items() if field not in own and not field.startswith(ROLE_HEADING)}
    return Change(code=code, roles=roles, mailboxes=mailboxes, domains=domains, **plain)


def _several(cells: Mapping[str, str], field: str) -> list[str]:
    """What stands in one cell, with blanks, commas or semicolons between."""
    return re.split(r"[\s,;]+", cells[field]) if field in cells else []
