"""The address book: where an organisation is written to, and how it wants its invoices.

A spreadsheet of it is read as text, cell by cell. Everything that is wrong is found in one go, each with its row and
column, so that nobody has to try five times.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from services.enrollment.domain.billing import HOME, Fault, cleaned, faults, is_cvr, over, require_billing, text_faults
from services.enrollment.domain.sheet import Cell, texts
from services.enrollment.domain.speakers import domain_key, domain_of, mailbox_key, require_domain, speaks
from shared.contracts.addresses import mail_address
from shared.contracts.decision import Decision
from shared.contracts.enrollment import Mailbox
from shared.contracts.event import natural_id
from shared.contracts.parties import Address, Billing, EInvoiceFormat, InvoiceDemand, Organisation
from shared.contracts.refusal import Refused, together

MAIN = "hovedpostkasse"
_LONGEST_NAME = 120
_FIRST_ROW = 2

COLUMNS: Mapping[str, str] = {
    "kommunekode": "code",
    "hovedpostkasse": "main_email",
    "enhed": "unit",
    "enhedens navn": "unit_name",
    "cvr-nummer": "cvr",
    "ean-nummer": "ean",
    "p-nummer": "p_number",
    "ordre-/rekvisitionsnummer": "order_reference",
    "personreference": "person_reference",
    "kontostreng": "account_string",
    "faktura-e-mail": "invoice_email",
    "adresse": "street",
    "postnummer": "postcode",
    "by": "city",
    "land": "country",
    "fakturakrav": "demands",
    "fakturaformat": "format",
    "postkasser": "mailboxes",
    "domæner": "domains",
}
"""Heading (in any case) → field. A heading `rolle: borgmester` is the address of that role.

`postkasser` and `domæner` hold several, with blanks or commas between them: they speak for the organisation; so does
`fakturakrav`, by the words of DEMANDS. A row with an `enhed` is that unit's: code and unit are what it is known by.
"""
DEMANDS: Mapping[str, InvoiceDemand] = {
    "ean": "gln",
    "ordre": "order",
    "person": "person",
    "kontostreng": "account_string",
    "kontakt": "contact",
}
"""What stands in a cell → what the customer's finance system refuses invoices without."""
FORMATS: Mapping[str, EInvoiceFormat] = {"peppol": "peppol", "oioubl": "oioubl"}
_LONGEST_UNIT = 200
_OF_THE_WHOLE = ("main_email", "mailboxes", "domains")

ROLE_HEADING = "rolle:"
_ADDRESS = ("street", "postcode", "city")
_EMAILS = frozenset({"main_email", "invoice_email", "mailboxes"})


@dataclass(frozen=True, slots=True)
class Unit:
    """A part of an organisation that invoices go to. What its `billing` does not say is the organisation's, unless it
    is a legal unit of its own (it has a CVR number): then nothing of the organisation's is.
    """

    id: str
    name: str
    billing: Billing


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
    units: tuple[Unit, ...] = ()
    """By their ids, in that order."""
    member_of: str | None = None
    """The programme that it is a member of; None = a municipality."""
    merged_into: str | None = None
    """Code of the entry that stays, whose addresses these are then: nobody changes them here."""

    def unit(self, unit_id: str) -> Unit | None:
        return next((one for one in self.units if one.id == unit_id), None)

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
    unit: str | None = None
    unit_name: str | None = None
    billing: Billing = field(default_factory=Billing)
    roles: tuple[tuple[str, str], ...] = ()
    mailboxes: frozenset[str] = frozenset()
    domains: frozenset[str] = frozenset()
    row: int = field(default=0, compare=False)
    """As the spreadsheet counts."""


@dataclass(frozen=True, slots=True)
class Difference:
    """What becomes of a column of an organisation, or of a unit, by its heading; empty = nothing stands there."""

    column: str
    was: str
    becomes: str

    def __str__(self) -> str:
        return f"{self.column}: {self.was or '(tom)'} → {self.becomes or '(tom)'}"


@dataclass(frozen=True, slots=True)
class WrongCell:
    """`row` as the spreadsheet counts (the heading is 1), `column` as it is headed; `detail` in Danish."""

    row: int
    column: str
    detail: str
    code: str = "wrong_cell"

    def __str__(self) -> str:
        return f"Række {self.row}, kolonne »{self.column}«: {self.detail}"


def main_mailbox(entry: Entry) -> Mailbox | None:
    return Mailbox(role=MAIN, email=entry.main_email) if entry.main_email else None


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


def billing_of(entry: Entry, said: Billing, now: Billing | None = None, *, by_name: bool = True) -> Billing:
    """Who pays from what was said, `require_billing` before: the unit that is named, or whose EAN number it is.

    What is not said is as `now`; where that is nothing, or another unit's, it is the unit's, and then the
    organisation's. Refused 422 `unknown_unit`; it names those that there are if that is for whoever asks (`by_name`).
    """
    unit_id = said.unit
    if unit_id is None and said.ean is not None:
        whose = [one.id for one in entry.units if one.billing.ean == said.ean]
        unit_id = whose[0] if len(whose) == 1 else None
    if said.cvr is not None and said.cvr == entry.organisation.cvr:
        said = said.model_copy(update={"cvr": None})
    if now is not None and (unit_id is None or unit_id == (now.unit or "")):
        return over(now, said)
    unit = entry.unit(unit_id) if unit_id else None
    if unit_id and unit is None:
        raise _unknown_unit(entry, unit_id, by_name=by_name)
    return over(_of_book(entry, unit), said)


def _of_book(entry: Entry, unit: Unit | None) -> Billing:
    if unit is None:
        return entry.billing
    named = unit.billing.model_copy(update={"unit": unit.id, "unit_name": unit.name})
    whole = entry.billing if unit.billing.cvr is None else Billing()
    billed = over(whole.model_copy(update={"unit": unit.id, "unit_name": unit.name}), named)
    return billed.model_copy(update={"demands": named.demands or whole.demands})


def _unknown_unit(entry: Entry, unit_id: str, *, by_name: bool) -> Refused:
    there = ", ".join(f"{one.id} ({one.name})" for one in entry.units[:20]) or "ingen"
    known = f" Der er: {there}." if by_name else " Skriv enhedens EAN-nummer i stedet."
    detail = f"Enheden »{unit_id[:60]}« findes ikke hos {entry.organisation.name}.{known}"
    return Refused("unknown_unit", detail, status=422, field="billing.unit")


def unknown_organisation() -> Refused:
    return Refused("unknown_organisation", "Organisationen er ikke i adressebogen.", status=404, field="code")


def require_entry(entry: Entry | None) -> Entry:
    if entry is None:
        raise unknown_organisation()
    return entry


def require_own(entry: Entry, field: str = "code") -> Entry:
    """Refused 409 `organisation_merged` where another entry says how the organisation is reached."""
    if entry.merged_into is not None:
        raise Refused("organisation_merged", merged_away(entry.organisation.name, entry.merged_into), field=field)
    return entry


def merged_away(name: str, into: str) -> str:
    return f"{name} er lagt sammen med organisationen {into}. Brug den kode i stedet."


def unit_key(unit_id: str) -> str:
    """Stands for a unit's id where that may hold any character, such as in an address."""
    return natural_id("unit", unit_id)[:8]


def version_of(entry: Entry) -> str:
    """Another one for every content of the entry, and the same for the same."""
    organisation, own = entry.organisation, columns_of(entry, None)
    units = [(one.id, sorted(columns_of(entry, one.id).items())) for one in entry.units]
    return natural_id("entry", organisation.code, repr(sorted(own.items())), repr(units))


def require_unchanged(entry: Entry, seen: str | None) -> Entry:
    """Refused 409 `entry_changed` when it is not as somebody has seen it; None = they did not say."""
    if seen is not None and seen != version_of(entry):
        detail = f"{entry.organisation.name} er rettet af en anden i mellemtiden."
        raise Refused("entry_changed", detail, field="seen")
    return entry


def all_differences(before: Entry, after: Entry) -> list[tuple[str | None, tuple[Difference, ...]]]:
    """By unit (None = the organisation's own); of a unit that is gone, all that stood there is."""
    ids = sorted({one.id for one in (*before.units, *after.units)})
    found = [(one, differences(before, after, one)) for one in (None, *ids)]
    return [(unit, changed) for unit, changed in found if changed]


def rewritten(
    entry: Entry | None,
    main_email: str | None,
    roles: Mapping[str, str],
    billing: Billing,
    mailboxes: Iterable[str] | None = None,
    domains: Iterable[str] | None = None,
    units: Sequence[Unit] | None = None,
    cvr: str | None = None,
) -> Decision[Entry]:
    """The whole entry anew: what is not said is not in the book afterwards, except who speaks, the units and the CVR
    number (None = as before).
    """
    entry = require_own(require_entry(entry))
    wrong: list[Refused] = []
    if mailboxes is not None:
        mailboxes = {mailbox_key(require_email(one, "mailboxes")) for one in mailboxes}
    if domains is not None:
        domains = {require_domain(one, "domains") for one in domains}
    kept, told = _tried(wrong, billing, "billing"), cleaned(Billing(cvr=cvr)).cvr
    if told is not None and not is_cvr(told):
        wrong.append(Refused("invalid_cvr", _WRONG_CVR, status=422, field="cvr"))
    if any((billing.unit, billing.unit_name, billing.cvr)):
        wrong.append(Refused("unit_of_the_whole", _NO_UNIT, status=422, field="billing.unit"))
    of_units = entry.units if units is None else _units(units, wrong)
    if wrong or kept is None:
        raise together(wrong)
    if main_email is None and entry.main_email is not None and entry.member_of is not None:
        raise Refused(
            "mailbox_missing", "Et medlem skrives til på sin postkasse: skriv den.", status=422, field="main_email"
        )
    after = Entry(
        organisation=entry.organisation if told is None else entry.organisation.model_copy(update={"cvr": told}),
        main_email=None if main_email is None else require_email(main_email, "main_email"),
        roles={
            require_name(role, "roles").casefold(): require_email(email, f"roles.{role}")
            for role, email in roles.items()
        },
        billing=kept,
        mailboxes=entry.mailboxes if mailboxes is None else frozenset(mailboxes),
        domains=entry.domains if domains is None else frozenset(domains),
        units=of_units,
        member_of=entry.member_of,
    )
    return Decision(after)


_WRONG_CVR = "CVR-nummeret skal være på otte cifre, og de skal passe med modulus 11."
_NO_UNIT = "Organisationens egne oplysninger har ingen enhed: skriv dem under units."


def _units(said: Sequence[Unit], wrong: list[Refused]) -> tuple[Unit, ...]:
    """Those that are in order, by their ids; what is wrong with the others is added to `wrong`."""
    kept: dict[str, Unit] = {}
    seen: set[str] = set()
    for at, one in enumerate(said):
        billing = _tried(wrong, _own(one.billing), f"units.{at}.billing")
        unit_id, name = " ".join(one.id.split()), " ".join(one.name.split())
        for field_name, text in (("id", unit_id), ("name", name)):
            if not text or len(text) > _LONGEST_UNIT or not text.isprintable():
                detail = f"Skriv en tekst på højst {_LONGEST_UNIT} tegn."
                wrong.append(Refused("invalid_unit", detail, status=422, field=f"units.{at}.{field_name}"))
        if unit_id in seen:
            detail = f"Enheden »{unit_id}« står der to gange."
            wrong.append(Refused("unit_twice", detail, status=422, field=f"units.{at}.id"))
        seen.add(unit_id)
        if billing is not None:
            kept[unit_id] = Unit(unit_id, name, billing)
    return tuple(kept[one] for one in sorted(kept))


def _own(billing: Billing) -> Billing:
    """A unit's name and id stand beside its billing."""
    return billing.model_copy(update={"unit": None, "unit_name": None})


def _tried(wrong: list[Refused], said: Billing, field: str) -> Billing | None:
    try:
        return require_billing(said, field)
    except Refused as refused:
        wrong.append(refused)
        return None


def vouched_for(entry: Entry | None, email: str, *, whole_domain: bool) -> Decision[Entry]:
    """Staff say that this address speaks for the organisation: its mailbox, and its whole domain if they say that.

    Refused 422 `public_domain` for the domain of a provider where anybody gets a mailbox.
    """
    entry = require_own(require_entry(entry))
    mailbox = mailbox_key(require_email(email, "email"))
    domains = {require_domain(domain_of(mailbox), "whole_domain")} if whole_domain else set()
    return Decision(replace(entry, mailboxes=entry.mailboxes | {mailbox}, domains=entry.domains | domains))


def changed(entry: Entry, change: Change) -> Decision[Entry]:
    """What a row says anew, of the organisation or of a unit; what it is silent about stays."""
    if change.unit is not None:
        was = entry.unit(change.unit) or Unit(change.unit, change.unit, Billing())
        after = Unit(was.id, change.unit_name or was.name, _anew(was.billing, change.billing))
        others = {one.id: one for one in entry.units} | {after.id: after}
        return Decision(replace(entry, units=tuple(others[one] for one in sorted(others))))
    cvr, billing = change.billing.cvr, change.billing.model_copy(update={"cvr": None})
    after_all = replace(
        entry,
        organisation=entry.organisation.model_copy(update={"cvr": cvr}) if cvr else entry.organisation,
        main_email=change.main_email or entry.main_email,
        roles={**(entry.roles or {}), **dict(change.roles)},
        billing=_anew(entry.billing, billing),
        mailboxes=entry.mailboxes | change.mailboxes,
        domains=entry.domains | change.domains,
    )
    return Decision(after_all)


def differences(before: Entry, after: Entry, unit: str | None) -> tuple[Difference, ...]:
    """By the headings of a spreadsheet, of the organisation or of this unit."""
    was, becomes = columns_of(before, unit), columns_of(after, unit)
    # Also of a role, or a unit, that is there no more.
    columns = [*becomes, *(one for one in was if one not in becomes)]
    return tuple(
        Difference(one, was.get(one, ""), becomes.get(one, ""))
        for one in columns
        if becomes.get(one, "") != was.get(one, "")
    )


@dataclass(frozen=True, slots=True)
class Said:
    """What a row changes, in the order of the rows: nothing where there are no `differences`."""

    change: Change
    name: str
    is_new: bool
    """A unit that was not in the book."""
    differences: tuple[Difference, ...]


def in_turn(book: Mapping[str, Entry], changes: Sequence[Change]) -> tuple[dict[str, Entry], tuple[Said, ...]]:
    """The entries as all the rows have it, one after the other, and what each of them changes."""
    after, said = dict(book), []
    for one in changes:
        before = after[one.code]
        after[one.code] = changed(before, one).after
        is_new = one.unit is not None and before.unit(one.unit) is None
        found = differences(before, after[one.code], one.unit)
        said.append(Said(one, before.organisation.name, is_new, found))
    return after, tuple(said)


def seen_as(said: Sequence[Said]) -> str:
    """Another one for everything else that somebody may have been shown."""
    return natural_id("shown", *(f"{one.change.row}/{one.change.code}/{one.differences!r}" for one in said))


def require_seen(said: Sequence[Said], seen: str | None) -> None:
    """Refused 409 `book_changed` when it is not what somebody was shown; None = they were shown nothing."""
    if seen is not None and seen != seen_as(said):
        detail = "Adressebogen er rettet af en anden i mellemtiden. Se, hvad der sker nu, og tryk igen."
        raise Refused("book_changed", detail, field="content")


def columns_of(entry: Entry, unit_id: str | None) -> dict[str, str]:
    """As they would be written in a spreadsheet."""
    unit = None if unit_id is None else entry.unit(unit_id)
    if unit_id is not None and unit is None:
        return {}
    billing = entry.billing if unit is None else unit.billing
    formats = {one: word for word, one in FORMATS.items()}
    demands = {one: word for word, one in DEMANDS.items()}
    address = billing.address
    shown: dict[str, str | None] = {
        "unit_name": None if unit is None else unit.name,
        "cvr": entry.organisation.cvr if unit is None else billing.cvr,
        "ean": billing.ean,
        "p_number": billing.p_number,
        "order_reference": billing.order_reference,
        "person_reference": billing.person_reference,
        "account_string": billing.account_string,
        "invoice_email": billing.email,
        "street": address.street if address else None,
        "postcode": address.postcode if address else None,
        "city": address.city if address else None,
        "country": address.country if address else None,
        "demands": " ".join(demands[one] for one in billing.demands),
        "format": formats[billing.format] if billing.format else None,
    }
    of_the_whole: dict[str, str | None] = {
        "main_email": entry.main_email,
        "mailboxes": " ".join(sorted(entry.mailboxes)),
        "domains": " ".join(sorted(entry.domains)),
        **{f"{ROLE_HEADING}{role}": email for role, email in sorted((entry.roles or {}).items())},
    }
    titles = {field: title for title, field in COLUMNS.items()}
    written = {**(of_the_whole if unit is None else {}), **shown}
    return {
        titles.get(name, name.replace(ROLE_HEADING, f"{ROLE_HEADING} ", 1)): text or ""
        for name, text in written.items()
    }


def _anew(was: Billing, said: Billing) -> Billing:
    """Field by field; an address is whole."""
    told = {name: value for name in Billing.model_fields if (value := getattr(said, name))}
    return was.model_copy(update=told)


def require_rows(
    heading: Sequence[str], rows: Sequence[Sequence[Cell]], known: Mapping[str, str]
) -> tuple[Change, ...]:
    """The changes a table asks for; Refused 422 `address_book_wrong` with every error at its row and column."""
    changes, wrong = read_rows(heading, rows, known)
    if wrong:
        raise Refused(
            "address_book_wrong",
            f"Intet er indlæst: {len(wrong)} fejl skal rettes først.",
            status=422,
            errors=[
                {"field": f"content:{one.row}:{one.column}", "code": one.code, "detail": str(one)} for one in wrong
            ],
        )
    return changes


def read_rows(
    heading: Sequence[str], rows: Sequence[Sequence[Cell]], known: Mapping[str, str]
) -> tuple[tuple[Change, ...], tuple[WrongCell, ...]]:
    """The changes that the rows in order ask for, and everything that is wrong with the others; with a finding nothing
    is to be imported.

    An empty cell says nothing about its field. `known`: code of the address book → what it was merged into, or "".
    """
    fields, findings = _headings(heading)
    if findings:
        return (), tuple(findings)
    changes: list[Change] = []
    seen: dict[tuple[str, str], int] = {}
    titles = {field: title for field, title in zip(fields, heading, strict=False) if field}
    order = {field: place for place, field in enumerate(fields) if field}
    for number, row in enumerate(rows, start=_FIRST_ROW):
        cells, odd = texts(fields, [_undone(one) for one in row])
        if not cells and not odd:
            continue
        unread = [Fault(field, one.code, str(one)) for field, one in odd]
        code, unit = cells.get("code", "").zfill(4), " ".join(cells.get("unit", "").split())
        wrong = sorted(
            [*_addresses(cells), *_wrong(cells, known, seen, {one.field for one in unread}), *unread],
            key=lambda one: order.get(one.field, 0),
        )
        seen.setdefault((code, unit), number)
        findings.extend(WrongCell(number, titles.get(one.field, one.field), one.detail, one.code) for one in wrong)
        if not wrong:
            changes.append(_change(number, code, unit, cells))
    if not changes and not findings:
        findings.append(WrongCell(_FIRST_ROW, heading[0], "Der er ingen rækker under overskrifterne."))
    return tuple(changes), tuple(findings)


def _undone(cell: Cell) -> Cell:
    """As it was before an export kept it from being a formula (`shared.web.exports`): one taken out comes in again."""
    if isinstance(cell, str) and cell.startswith("'") and cell[1:].lstrip().startswith(("=", "+", "-", "@")):
        return cell[1:]
    return cell


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


def _addresses(cells: dict[str, str]) -> list[Fault]:
    """Each is written as it can be mailed; what is wrong with those that cannot."""
    wrong: list[Fault] = []
    for name in [one for one in cells if one in _EMAILS or one.startswith(ROLE_HEADING)]:
        several = _several(cells, name) if name == "mailboxes" else [cells[name]]
        written = []
        for one in several:
            try:
                written.append(mail_address(one))
            except ValueError as error:
                wrong.append(Fault(name, "invalid_email", f"»{one}«: {error}"))
        cells[name] = " ".join(written)
        if not written:
            del cells[name]
    return wrong


def _wrong(
    cells: Mapping[str, str], known: Mapping[str, str], seen: Mapping[tuple[str, str], int], unread: Collection[str]
) -> list[Fault]:
    """`unread` are the fields whose cells are no texts, which is said already."""
    wrong = [one for one in _wrong_row(cells, known, seen) if one.field not in unread]
    for one in _several(cells, "domains"):
        try:
            require_domain(one, "domains")
        except Refused as refused:
            wrong.append(Fault("domains", refused.code, f"»{one}«: {refused.detail}"))
    wrong.extend(
        Fault("demands", "unknown_demand", f"»{one}« er ikke et af kravene: {', '.join(DEMANDS)}.")
        for one in _several(cells, "demands")
        if one.casefold() not in DEMANDS
    )
    if "format" in cells and cells["format"].casefold() not in FORMATS:
        wrong.append(Fault("format", "unknown_format", f"Skriv {' eller '.join(FORMATS)}."))
    missing = [field for field in _ADDRESS if field not in cells and field not in unread]
    if 0 < len(missing) < len(_ADDRESS) or ("country" in cells and missing):
        wrong.extend(
            Fault(field, "address_incomplete", "Adressen skal have både vej, postnummer og by.") for field in missing
        )
    for fault in faults(_billing(cells)):
        field = _CELL_OF.get(fault.field, fault.field.removeprefix("address."))
        said = f"»{cells[field][:60]}«: {fault.detail}" if field in cells else fault.detail
        hint = " Lad kolonnen være tekst i Excel." if field in _NUMBERS else ""
        wrong.append(Fault(field, fault.code, said + hint))
    return wrong


def _wrong_row(
    cells: Mapping[str, str], known: Mapping[str, str], seen: Mapping[tuple[str, str], int]
) -> Iterator[Fault]:
    """Whom a row is about, and whether it may say what it does of them."""
    code, unit = cells.get("code", "").zfill(4), " ".join(cells.get("unit", "").split())
    if "code" not in cells:
        yield Fault("code", "wrong_cell", "Kommunekoden mangler.")
    elif code not in known:
        yield Fault("code", "wrong_cell", f"»{cells['code']}« er ikke en kommunekode i adressebogen.")
    elif known[code]:
        yield Fault("code", "organisation_merged", merged_away(f"»{cells['code']}«", known[code]))
    elif (code, unit) in seen and unit:
        yield Fault("unit", "unit_twice", f"Enheden står allerede i række {seen[code, unit]}.")
    elif (code, unit) in seen:
        yield Fault("code", "wrong_cell", f"Kommunen står allerede i række {seen[code, unit]}.")
    if unit:
        yield from text_faults("unit", unit)
        yield from (
            Fault(field, "unit_of_the_whole", "Det er kommunens: lad cellen være tom i en række med en enhed.")
            for field in cells
            if field in _OF_THE_WHOLE or field.startswith(ROLE_HEADING)
        )
    elif "unit_name" in cells:
        yield Fault("unit_name", "unit_missing", "Skriv også enheden i kolonnen »enhed«.")


_CELL_OF = {"email": "invoice_email"}
_NUMBERS = frozenset({"ean", "cvr", "p_number", "postcode"})


def _billing(cells: Mapping[str, str]) -> Billing:
    """What a row says of it, as it is kept. Half an address is none."""
    address = None
    if all(field in cells for field in _ADDRESS):
        country = cells.get("country", HOME).upper()
        address = Address(street=cells["street"], postcode=cells["postcode"], city=cells["city"], country=country)
    words = [one.casefold() for one in _several(cells, "demands")]
    said = Billing(
        ean=cells.get("ean"),
        order_reference=cells.get("order_reference"),
        person_reference=cells.get("person_reference"),
        account_string=cells.get("account_string"),
        email=cells.get("invoice_email"),
        address=address,
        p_number=cells.get("p_number"),
        format=FORMATS.get(cells.get("format", "").casefold()),
        demands=tuple(DEMANDS[one] for one in words if one in DEMANDS),
        unit_name=cells.get("unit_name"),
        cvr=cells.get("cvr"),
    )
    return cleaned(said)


def _change(row: int, code: str, unit: str, cells: Mapping[str, str]) -> Change:
    billing = _billing(cells)
    return Change(
        row=row,
        code=code,
        main_email=cells.get("main_email"),
        unit=unit or None,
        unit_name=billing.unit_name,
        billing=billing.model_copy(update={"unit_name": None}),
        roles=tuple(
            (field.removeprefix(ROLE_HEADING), text) for field, text in cells.items() if field.startswith(ROLE_HEADING)
        ),
        mailboxes=frozenset(map(mailbox_key, _several(cells, "mailboxes"))),
        domains=frozenset(filter(None, map(domain_key, _several(cells, "domains")))),
    )


def _several(cells: Mapping[str, str], field: str) -> list[str]:
    """What stands in one cell, with blanks, commas or semicolons between."""
    return re.split(r"[\s,;]+", cells[field]) if field in cells else []
