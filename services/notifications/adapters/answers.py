"""What the people who are invited have answered; one row per mailbox and meeting, beside what it was told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import asyncpg

from services.notifications.adapters.invitations import INVITATIONS, SEQUENCE, given, given_columns
from services.notifications.domain.calendar.entry import Part
from services.notifications.domain.calendar.replies import Invited
from shared.base.listing import Page, Placed
from shared.contracts.notifications import InvitationAnswer
from shared.storage.tx import Tx


@dataclass(frozen=True, slots=True)
class Asked:
    """Somebody who is invited now, and the answer to that invitation."""

    person_id: str
    name: str
    organisation: str
    part: Part
    date_version: int
    answer: InvitationAnswer | None
    answered_at: datetime | None


async def load_meeting_id(tx: Tx, uid: str) -> str | None:
    """The id of the meeting that has this UID in calendars."""
    found: str | None = await tx.fetchval("SELECT id FROM meetings WHERE uid = $1 ORDER BY id LIMIT 1", uid)
    return found


async def load_addresses(tx: Tx, meeting_id: str) -> list[str]:
    """The keys of all addresses that were ever told of the meeting."""
    rows = await tx.fetch("SELECT address_key FROM invitations WHERE meeting_id = $1", meeting_id)
    return [row["address_key"] for row in rows]


async def lock(tx: Tx, meeting_id: str, address: str) -> Invited | None:
    """As it stands, until the end of the transaction: two replies at once are taken one after the other."""
    row = await tx.fetchrow(
        f"""
        SELECT i.meeting_id, m.programme_id, i.address_key, i.person_id, i.method,
               (i.told ->> 'date_version')::integer AS date_version, {SEQUENCE} AS sequence,
               i.answer, i.answer_stamped, i.answered_at
        FROM invitations i JOIN meetings m ON m.id = i.meeting_id
        WHERE i.meeting_id = $1 AND i.address_key = $2
        FOR UPDATE OF i
        """,
        meeting_id,
        address,
    )
    return None if row is None else _invited(row)


async def save(tx: Tx, invited: Invited) -> None:
    row = {"address_key": invited.address_key, "meeting_id": invited.meeting_id, **given_columns(invited.given)}
    await INVITATIONS.update(tx, [row])


async def count_by_answer(tx: Tx, meeting_id: str) -> dict[str, int] | None:
    """Of everybody who is invited now; `none` of those who have not answered. None = no such meeting."""
    if await tx.fetchval("SELECT id FROM meetings WHERE id = $1", meeting_id) is None:
        return None
    rows = await tx.fetch(
        """
        SELECT coalesce(answer, 'none') AS answer, count(*) AS count FROM invitations
        WHERE meeting_id = $1 AND method = 'REQUEST' GROUP BY 1
        """,
        meeting_id,
    )
    return {row["answer"]: row["count"] for row in rows}


async def load_asked(tx: Tx, page: Page, meeting_id: str) -> list[Placed[Asked]]:
    """Everybody who is invited now, by organisation and name.

    A place is the hash of the address: names and addresses do not stand in a cursor, which is part of addresses.
    """
    rows = await tx.fetch(
        """
        SELECT person_id, name, organisation_name, part, (told ->> 'date_version')::integer AS date_version, answer,
               answered_at, ARRAY[md5(address_key)] AS place
        FROM invitations WHERE meeting_id = $1 AND method = 'REQUEST' AND (
            $2::text[] IS NULL OR (organisation_name, name, address_key) > (
                SELECT i.organisation_name, i.name, i.address_key FROM invitations i
                WHERE i.meeting_id = $1 AND md5(i.address_key) = ($2::text[])[1]))
        ORDER BY organisation_name, name, address_key LIMIT $3
        """,
        meeting_id,
        page.after,
        page.wanted,
    )
    return [
        (
            row["place"],
            Asked(
                person_id=row["person_id"],
                name=row["name"],
                organisation=row["organisation_name"],
                part=row["part"],
                date_version=row["date_version"],
                answer=row["answer"],
                answered_at=row["answered_at"],
            ),
        )
        for row in rows
    ]


def _invited(row: asyncpg.Record) -> Invited:
    return Invited(
        meeting_id=row["meeting_id"],
        programme_id=row["programme_id"],
        address_key=row["address_key"],
        person_id=row["person_id"],
        method=row["method"],
        date_version=row["date_version"],
        sequence=row["sequence"],
        given=given(row),
    )
