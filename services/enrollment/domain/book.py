"""The address book as staff look at it: what each organisation lacks, and entries that may be one organisation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from services.enrollment.domain.address_book import COLUMNS, MAIN, ROLE_HEADING, Entry, columns_of
from services.enrollment.domain.status import State
from shared.contracts.danish import danish_sort_key
from shared.contracts.notifications import AddressBounced, MessageFailed
from shared.contracts.parties import Contact

Lack = Literal["missing", "bounced", "silent", "no_role", "no_ean"]
Sort = Literal["name", "code", "programmes"]
LACKS: tuple[tuple[Lack, str, str], ...] = (
    ("missing", "uden-postkasse", "Uden hovedpostkasse"),
    ("bounced", "kommet-retur", "Kommet retur"),
    ("silent", "aldrig-svaret", "Aldrig svaret"),
    ("no_role", "ingen-rolle", "Ingen rolle"),
    ("no_ean", "uden-ean", "Uden EAN"),
)
"""What may be looked for: its word in an address, and on the page."""
SILENT_IN = 2
"""Whoever was invited to the last so many programmes and answered none of them never answers."""
_LONGEST_SOUGHT = 100


@dataclass(frozen=True, slots=True)
class Line:
    """An organisation in the list. `programmes`: in how many that go on it has a place or waits for one."""

    code: str
    name: str
    member_of: str | None
    main_email: str | None
    lacks: frozenset[Lack]
    units: int
    programmes: int


@dataclass(frozen=True, slots=True)
class Sought:
    """What somebody typed, as it is looked for: a part of a name, or a whole code, number or domain."""

    text: str
    name: str
    exact: str

    @property
    def is_empty(self) -> bool:
        return not self.text


@dataclass(frozen=True, slots=True)
class Refusal:
    """A mailbox that refused a mail, and when that was told."""

    role: str
    address: str
    because: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Part:
    """The organisation in one programme, and who stands for it there."""

    enrolment_id: str
    programme_id: str
    programme: str
    code: str
    state: State
    forbehold_open: bool
    contact: Contact | None
    others: tuple[Contact, ...]


@dataclass(frozen=True, slots=True)
class Noted:
    """What was changed of an entry, in its columns; `unit` = of that unit."""

    columns: tuple[str, ...]
    unit: str | None
    at: datetime
    actor: str | None


@dataclass(frozen=True, slots=True)
class Twins:
    """Two entries that may be one organisation, and why: `cvr`, `ean` or `name`."""

    one: str
    one_name: str
    other: str
    other_name: str
    because: frozenset[str]


@dataclass(frozen=True, slots=True)
class Refused:
    """A mailbox of the book that mails come back from, by the organisation and the role that it is known by."""

    code: str
    role: str
    because: str


def refused_mailbox(fact: AddressBounced | MessageFailed) -> Refused | None:
    """None for what was sent to a person, and for what failed for another reason than its address."""
    code, slash, role = fact.recipient.partition("/")
    because = fact.status if isinstance(fact, AddressBounced) else fact.reason
    if not slash or not code or not role:
        return None
    if isinstance(fact, MessageFailed) and not because.startswith(("smtp_5", "invalid_address")):
        return None
    # Of an enhanced status code the class says whether it is for good (RFC 3463 § 3.1).
    if isinstance(fact, AddressBounced) and not because.startswith("5"):
        return None
    return Refused(code, role, because)


def sought(text: str) -> Sought:
    plain = " ".join(text.split())[:_LONGEST_SOUGHT]
    name = danish_sort_key(plain)
    packed = plain.replace(" ", "").casefold()
    return Sought(plain if name or packed else "", name, packed)


def lack_of(word: str) -> Lack | None:
    return next((lack for lack, known, _ in LACKS if known == word), None)


def health(entry: Entry, refused: Sequence[Refusal], *, silent: bool) -> frozenset[Lack]:
    """What an organisation lacks; the same as the list finds."""
    found: dict[Lack, bool] = {
        "missing": entry.main_email is None,
        "bounced": bool(refused),
        "silent": silent,
        "no_role": not entry.roles,
        "no_ean": entry.billing.ean is None and all(one.billing.ean is None for one in entry.units),
    }
    return frozenset(lack for lack, there in found.items() if there)


def address_of(entry: Entry, role: str) -> str | None:
    """Of a mailbox that mails are sent to."""
    return entry.main_email if role == MAIN else (entry.roles or {}).get(role)


def rows_of_sheet(entry: Entry) -> Iterator[dict[str, str]]:
    """The entry as a spreadsheet has it: a row of its own, and one of each unit. Imported again they change nothing."""
    for unit in (None, *(one.id for one in entry.units)):
        written = columns_of(entry, unit)
        yield {
            "kommunekode": entry.organisation.code,
            "navn": entry.organisation.name,
            **({"enhed": unit} if unit else {}),
            **written,
        }


def headings_of_sheet(roles: Sequence[str]) -> list[str]:
    """Every column that an entry may fill in, in the order of COLUMNS; these roles last."""
    first = ["kommunekode", "navn"]
    return [*first, *(one for one in COLUMNS if one not in first), *(f"{ROLE_HEADING} {one}" for one in roles)]


def whole_rows(rows: Sequence[Mapping[str, str]], headings: Sequence[str]) -> list[dict[str, str]]:
    return [{one: row.get(one, "") for one in headings} for row in rows]
