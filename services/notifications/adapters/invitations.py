"""What each mailbox was told of each meeting, and who the meeting is for now."""

from __future__ import annotations

from collections.abc import Collection, Iterable

import asyncpg

from services.notifications.adapters.meetings import meeting_json
from services.notifications.domain.invitations import Guest, Step, Told
from services.notifications.domain.text import address_key, storable
from shared.contracts.scheduling import Meeting
from shared.storage.tx import Tx

Pair = tuple[str, str]
"""(meeting id, address key): one mailbox's calendar, as far as one meeting is concerned."""

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


async def guests(tx: Tx, pairs: Collection[Pair]) -> dict[Pair, list[Guest]]:
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


async def told(tx: Tx, pairs: Collection[Pair]) -> dict[Pair, Told]:
    rows = await tx.fetch(
        """
        SELECT i.address_key, i.meeting_id, i.person_id, i.name, i.email, i.part, i.organisation_name, i.method,
               i.told::text AS told, i.turn, i.stamped
        FROM unnest($1::text[], $2::text[]) AS u (meeting_id, address_key)
        JOIN invitations i USING (meeting_id, address_key)
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
        )
        for row in rows
    }


async def pairs_of_meetings(tx: Tx, meeting_ids: Iterable[str]) -> list[Pair]:
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


async def save(tx: Tx, steps: Iterable[tuple[Meeting, Step]]) -> None:
    """Remember what is being told, once per mailbox and meeting. An answer goes with the invitation it was given to."""
    rows = sorted(steps, key=lambda one: (address_key(one[1].guest.email), one[0].id))
    await tx.execute(
        """
        INSERT INTO invitations (address_key, meeting_id, person_id, name, email, part, organisation_name, method, told,
                                 turn, stamped)
        SELECT address_key, meeting_id, person_id, name, email, part, organisation_name, method, told::jsonb, turn,
               stamped
        FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
                    $9::text[], $10::integer[], $11::timestamptz[])
             AS u (address_key, meeting_id, person_id, name, email, part, organisation_name, method, told, turn,
                   stamped)
        ORDER BY address_key, meeting_id
        ON CONFLICT (address_key, meeting_id) DO UPDATE SET
            person_id = excluded.person_id, name = excluded.name, email = excluded.email, part = excluded.part,
            organisation_name = excluded.organisation_name, method = excluded.method, told = excluded.told,
            turn = excluded.turn, stamped = excluded.stamped,
            (answer, answer_stamped, answered_at) = (
                SELECT invitations.answer, invitations.answer_stamped, invitations.answered_at
                WHERE (invitations.method, invitations.person_id, invitations.told ->> 'date_version')
                    = (excluded.method, excluded.person_id, excluded.told ->> 'date_version')
                  AND excluded.method = 'REQUEST')
        """,
        [address_key(step.guest.email) for _, step in rows],
        [meeting.id for meeting, _ in rows],
        [storable(step.guest.person_id) for _, step in rows],
        [storable(step.guest.name) for _, step in rows],
        [storable(step.guest.email) for _, step in rows],
        [step.guest.part for _, step in rows],
        [storable(step.guest.organisation) for _, step in rows],
        [step.method for _, step in rows],
        [meeting_json(meeting) for meeting, _ in rows],
        [step.turn for _, step in rows],
        [step.stamped for _, step in rows],
    )


async def participants(tx: Tx, meeting_id: str) -> list[Guest]:
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


async def contacts_without_participants(tx: Tx, meeting_id: str) -> list[Guest]:
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
