"""What each mailbox was told of each meeting, and who the meeting is for now."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

import asyncpg

from services.notifications.adapters.meetings import meeting_json
from services.notifications.domain.calendar.replies import Given
from services.notifications.domain.invitations import Guest, Told
from services.notifications.domain.text import storable
from shared.contracts.scheduling import Meeting
from shared.storage.table import Table
from shared.storage.tx import Tx

Pair = tuple[str, str]
"""(meeting id, address key): one mailbox's calendar, as far as one meeting is concerned."""

INVITATIONS = Table(
    "invitations",
    {
        "address_key": "text",
        "meeting_id": "text",
        "person_id": "text",
        "name": "text",
        "email": "text",
        "part": "text",
        "organisation_name": "text",
        "method": "text",
        "told": "jsonb",
        "turn": "integer",
        "stamped": "timestamptz",
        "answer": "text",
        "answer_stamped": "timestamptz",
        "answered_at": "timestamptz",
    },
    key=("address_key", "meeting_id"),
)

# A contact is meant unless the meeting is another group's, another role's, or of a kind nobody is invited to.
_CONTACT_IS_MEANT = """
    e.has_place AND (m.group_id IS NULL OR m.group_id = e.group_id)
    AND (m.roles = '{}' OR e.contact_role = ANY(m.roles))
    AND coalesce(e.attendance ->> m.kind, 'registered') <> 'none'
"""
_PARTICIPANT_IS_MEANT = """
    p.takes_part AND (e.id IS NULL OR ((e.has_place OR e.withdrawn_at IS NULL)
                                       AND (e.withdrawn_at IS NULL OR p.since > e.withdrawn_at)))
"""


async def load_guests(tx: Tx, pairs: Collection[Pair]) -> dict[Pair, list[Guest]]:
    """Everybody at these addresses whom these meetings are for."""
    rows = await tx.fetch(
        f"""
        WITH pair AS (SELECT * FROM unnest($1::text[], $2::text[]) AS u (meeting_id, address_key))
        SELECT pair.meeting_id, pair.address_key, p.person_id, p.name, p.email, 'participant' AS part,
               p.organisation_name, p.since, e.participants_path
        FROM pair JOIN participants p USING (meeting_id, address_key) LEFT JOIN enrolments e ON e.id = p.enrolment_id
        WHERE {_PARTICIPANT_IS_MEANT}
        UNION ALL
        SELECT pair.meeting_id, pair.address_key, e.person_id, e.contact_name, e.email, 'contact',
               e.organisation_name, e.since, e.participants_path
        FROM pair JOIN meetings m ON m.id = pair.meeting_id
        JOIN enrolments e ON e.address_key = pair.address_key AND e.programme_id = m.programme_id
        WHERE {_CONTACT_IS_MEANT}
        """,
        *_columns(pairs),
    )
    found: dict[Pair, list[Guest]] = {}
    for row in rows:
        found.setdefault((row["meeting_id"], row["address_key"]), []).append(_guest(row))
    return found


async def lock_told(tx: Tx, pairs: Collection[Pair]) -> dict[Pair, Told]:
    """Until the transaction ends, so that an answer that comes at the same moment is not lost."""
    rows = await tx.fetch(
        """
        SELECT i.address_key, i.meeting_id, i.person_id, i.name, i.email, i.part, i.organisation_name, i.method,
               i.told::text AS told, i.turn, i.stamped, i.answer, i.answer_stamped, i.answered_at
        FROM unnest($1::text[], $2::text[]) AS u (meeting_id, address_key)
        JOIN invitations i USING (meeting_id, address_key)
        ORDER BY i.address_key, i.meeting_id FOR UPDATE OF i
        """,
        *_columns(pairs),
    )
    return {
        (row["meeting_id"], row["address_key"]): Told(
            person_id=row["person_id"],
            name=row["name"],
            email=row["email"],
            part=row["part"],
            organisation=row["organisation_name"],
            method=row["method"],
            meeting=Meeting.model_validate_json(row["told"]),
            turn=row["turn"],
            stamped=row["stamped"],
            given=given(row),
        )
        for row in rows
    }


async def load_pairs(tx: Tx, meeting_ids: Iterable[str]) -> list[Pair]:
    """Every mailbox that a change of these meetings could concern."""
    rows = await tx.fetch(
        f"""
        SELECT m.id, e.address_key FROM meetings m JOIN enrolments e ON e.programme_id = m.programme_id
        WHERE m.id = ANY($1::text[]) AND {_CONTACT_IS_MEANT}
        UNION SELECT meeting_id, address_key FROM participants WHERE meeting_id = ANY($1::text[]) AND takes_part
        UNION SELECT meeting_id, address_key FROM invitations WHERE meeting_id = ANY($1::text[])
        """,
        sorted(set(meeting_ids)),
    )
    return [(row["id"], row["address_key"]) for row in rows]


async def save(tx: Tx, told: Mapping[Pair, Told]) -> None:
    rows = [
        {
            "address_key": address,
            "meeting_id": meeting_id,
            "person_id": storable(one.person_id),
            "name": storable(one.name),
            "email": storable(one.email),
            "part": one.part,
            "organisation_name": storable(one.organisation),
            "method": one.method,
            "told": meeting_json(one.meeting),
            "turn": one.turn,
            "stamped": one.stamped,
            **given_columns(one.given),
        }
        for (meeting_id, address), one in told.items()
    ]
    await INVITATIONS.upsert(tx, rows)


def given_columns(given: Given | None) -> dict[str, str | datetime | None]:
    return {
        "answer": given.answer if given else None,
        "answer_stamped": given.stamped if given else None,
        "answered_at": given.at if given else None,
    }


def given(row: asyncpg.Record) -> Given | None:
    return None if row["answer"] is None else Given(row["answer"], row["answer_stamped"], row["answered_at"])


async def load_participants(tx: Tx, meeting_id: str) -> list[Guest]:
    """Who is going there: everybody registered who was told, in a fixed order."""
    rows = await tx.fetch(
        f"""
        SELECT DISTINCT ON (p.address_key) p.person_id, p.name, p.email, 'participant' AS part, p.organisation_name,
               p.since, NULL AS participants_path
        FROM participants p LEFT JOIN enrolments e ON e.id = p.enrolment_id
        WHERE p.meeting_id = $1 AND {_PARTICIPANT_IS_MEANT}
        ORDER BY p.address_key, p.person_id
        """,
        meeting_id,
    )
    return [_guest(row) for row in rows]


async def load_contacts_without_participants(tx: Tx, meeting_id: str) -> list[Guest]:
    """Contacts of organisations that have a place and have registered nobody where people are registered."""
    rows = await tx.fetch(
        f"""
        SELECT DISTINCT ON (e.address_key) e.person_id, e.contact_name AS name, e.email, 'contact' AS part,
               e.organisation_name, e.since, e.participants_path
        FROM meetings m JOIN enrolments e ON e.programme_id = m.programme_id
        WHERE m.id = $1 AND {_CONTACT_IS_MEANT} AND coalesce(e.attendance ->> m.kind, 'registered') = 'registered'
          AND NOT EXISTS (
              SELECT FROM participants p WHERE p.enrolment_id = e.id AND p.meeting_id = m.id AND p.takes_part)
        ORDER BY e.address_key, e.person_id
        """,
        meeting_id,
    )
    return [_guest(row) for row in rows]


def _columns(pairs: Collection[Pair]) -> tuple[list[str], list[str]]:
    ordered = sorted(pairs)
    return [meeting for meeting, _ in ordered], [address for _, address in ordered]


def _guest(row: asyncpg.Record) -> Guest:
    return Guest(
        person_id=row["person_id"],
        name=row["name"],
        email=row["email"],
        part=row["part"],
        organisation=row["organisation_name"],
        since=row["since"],
        path=row["participants_path"],
    )
