"""Where somebody who is erased stands: by which ids, and with which enrolments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from services.enrollment.adapters.forgetting import HOLDINGS
from shared.base.ids import random_id
from shared.contracts.parties import Person
from shared.storage import erasure
from shared.storage.tx import Tx


class Places(NamedTuple):
    """`seats`: enrolment, meeting and person; `teams`: enrolment and person; `guests`: programme, meeting and guest;
    `roles`: the enrolments beside whose contact they hold something, or are the contact.
    """

    enrolment_ids: list[str]
    seats: list[tuple[str, str, str]]
    teams: list[tuple[str, str]]
    guests: list[tuple[str, str, str]]
    roles: list[str]


async def load_ids(tx: Tx, person_id: str | None, known: Sequence[Person], email: str | None) -> list[str]:
    """All that they are known by, forms included; of whoever stands only where nobody has an id, one that is drawn."""
    found = {one.person_id for one in known} | ({person_id} if person_id else set())
    for address in {one.email for one in known} | ({email} if email else set()):
        found |= set(await erasure.load_ids(tx, address, HOLDINGS))
    if not found and email and await erasure.has(tx, email, HOLDINGS):
        return [random_id()]
    return sorted(found)


async def load_places(tx: Tx, person_ids: Sequence[str]) -> Places:
    """Enrolments whose contact they are among them, whatever became of those."""
    seats = await tx.fetch(
        """
        SELECT enrolment_id, meeting_id, person_id FROM seats JOIN rosters ON rosters.id = roster_id
        WHERE person_id = ANY($1) ORDER BY enrolment_id, meeting_id, person_id
        """,
        list(person_ids),
    )
    teams = await tx.fetch(
        "SELECT enrolment_id, person_id FROM team_members WHERE person_id = ANY($1) ORDER BY enrolment_id, person_id",
        list(person_ids),
    )
    guests = await tx.fetch(
        """
        SELECT programme_id, meeting_id, guest_id FROM guests JOIN meetings ON meetings.id = meeting_id
        WHERE guest_id = ANY($1) ORDER BY meeting_id, guest_id
        """,
        list(person_ids),
    )
    contacts = await tx.fetch("SELECT id FROM enrolments WHERE contact ->> 'person_id' = ANY($1)", list(person_ids))
    roles = await tx.fetch(
        """
        SELECT DISTINCT enrolment_id FROM contact_history
        WHERE holder ->> 'person_id' = ANY($1) AND held_until IS NULL ORDER BY enrolment_id
        """,
        list(person_ids),
    )
    enrolment_ids = {row["enrolment_id"] for row in (*seats, *teams, *roles)} | {row["id"] for row in contacts}
    return Places(
        sorted(enrolment_ids),
        [(row["enrolment_id"], row["meeting_id"], row["person_id"]) for row in seats],
        [(row["enrolment_id"], row["person_id"]) for row in teams],
        [(row["programme_id"], row["meeting_id"], row["guest_id"]) for row in guests],
        [row["enrolment_id"] for row in roles],
    )
