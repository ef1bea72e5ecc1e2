"""Guests at single meetings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from services.enrollment.domain.guest import Guest
from shared.base.cause import Cause
from shared.base.listing import Page, Placed
from shared.contracts.parties import Person
from shared.storage.order import Order
from shared.storage.table import CAUSE, Table, cause_columns
from shared.storage.tx import Tx

_GUESTS = Table(
    "guests",
    {
        "guest_id": "text",
        "meeting_id": "text",
        "guest_name": "text",
        "guest_email": "text",
        "track": "text",
        "invited_at": "timestamptz",
        "guest_generation": "integer",
        **CAUSE,
    },
    key=("guest_id",),
)
_COLUMNS = "guest_id, meeting_id, guest_name, guest_email, track, invited_at, guest_generation"
_IN_ORDER = Order({"invited_at": "timestamptz", "guest_id": "text"})


async def load_by_email(tx: Tx, meeting_id: str, email: str) -> Guest | None:
    """It stays so while the meeting is locked."""
    row = await tx.fetchrow(
        f"SELECT {_COLUMNS} FROM guests WHERE meeting_id = $1 AND lower(guest_email) = lower($2)", meeting_id, email
    )
    return None if row is None else _guest(row)


async def load(tx: Tx, meeting_id: str, guest_id: str) -> Guest | None:
    row = await tx.fetchrow(
        f"SELECT {_COLUMNS} FROM guests WHERE guest_id = $2 AND meeting_id = $1", meeting_id, guest_id
    )
    return None if row is None else _guest(row)


async def load_page(tx: Tx, page: Page, meeting_id: str) -> list[Placed[Guest]]:
    """In the order in which they were invited."""
    rows = await tx.fetch(
        f"SELECT {_COLUMNS}, {_IN_ORDER.place} FROM guests WHERE meeting_id = $1 AND {_IN_ORDER.after(2)} "
        f"ORDER BY {_IN_ORDER.by} LIMIT $3",
        meeting_id,
        page.after,
        page.wanted,
    )
    return [(row["stands_at"], _guest(row)) for row in rows]


async def load_in_programme(tx: Tx, programme_id: str, guest_id: str) -> Guest | None:
    """Who is a guest of that id, at a meeting of this programme."""
    row = await tx.fetchrow(
        f"SELECT {_COLUMNS} FROM guests JOIN meetings m ON m.id = guests.meeting_id "
        "WHERE guest_id = $2 AND m.programme_id = $1",
        programme_id,
        guest_id,
    )
    return None if row is None else _guest(row)


async def load_of_mailbox(tx: Tx, programme_id: str, email: str) -> list[Guest]:
    """All that somebody with this address is invited to in the programme."""
    rows = await tx.fetch(
        f"SELECT {_COLUMNS} FROM meetings m JOIN guests ON guests.meeting_id = m.id "
        "WHERE m.programme_id = $1 AND lower(guest_email) = lower($2) ORDER BY m.id",
        programme_id,
        email,
    )
    return [_guest(row) for row in rows]


async def lock_of_mailbox(tx: Tx, programme_id: str, email: str) -> list[Guest]:
    """The same, in the order of their ids."""
    rows = await tx.fetch(
        f"SELECT {_COLUMNS} FROM meetings m JOIN guests ON guests.meeting_id = m.id "
        "WHERE m.programme_id = $1 AND lower(guest_email) = lower($2) ORDER BY guest_id FOR UPDATE OF guests",
        programme_id,
        email,
    )
    return [_guest(row) for row in rows]


async def lock(tx: Tx, meeting_id: str, guest_id: str) -> Guest | None:
    row = await tx.fetchrow(
        f"SELECT {_COLUMNS} FROM guests WHERE guest_id = $2 AND meeting_id = $1 FOR UPDATE", meeting_id, guest_id
    )
    return None if row is None else _guest(row)


async def save_generations(tx: Tx, closed: Sequence[Guest]) -> None:
    """Of guests that are locked; who invited them stays."""
    await _GUESTS.update(tx, [{"guest_id": one.person.person_id, "guest_generation": one.generation} for one in closed])


async def insert(tx: Tx, guest: Guest, cause: Cause) -> None:
    row = {
        "guest_id": guest.person.person_id,
        "meeting_id": guest.meeting_id,
        "guest_name": guest.person.name,
        "guest_email": guest.person.email,
        "track": guest.track,
        "invited_at": guest.invited_at,
        "guest_generation": guest.generation,
        **cause_columns(cause),
    }
    await _GUESTS.insert(tx, [row])


async def remove(tx: Tx, guest: Guest) -> None:
    """Nothing of them is kept."""
    await tx.execute("DELETE FROM guests WHERE guest_id = $1", guest.person.person_id)


def _guest(row: Any) -> Guest:
    person = Person(person_id=row["guest_id"], name=row["guest_name"], email=row["guest_email"])
    return Guest(person, row["meeting_id"], row["track"], row["invited_at"], row["guest_generation"])
