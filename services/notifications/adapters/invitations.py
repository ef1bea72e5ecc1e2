"""What each mailbox was told of each meeting, and who the meeting is for now."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby, islice
from typing import NamedTuple

import asyncpg

from services.notifications.adapters.meetings import meeting_json
from services.notifications.domain.calendar.replies import Given
from services.notifications.domain.invitations import Guest, Told
from services.notifications.domain.looks import Found, Look
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
        "told_as_guest": "boolean",
        "organisation_name": "text",
        "method": "text",
        "told": "jsonb",
        "turn": "integer",
        "stamped": "timestamptz",
        "sent_sequence": "integer",
        "answer": "text",
        "answer_stamped": "timestamptz",
        "answered_at": "timestamptz",
    },
    key=("address_key", "meeting_id"),
)

# Since when a member is invited to just this meeting, whose kind is not for it; NULL = it is not.
_CALLED = "(SELECT c.since FROM member_meetings c WHERE c.enrolment_id = e.id AND c.meeting_id = m.id)"
# A contact is meant unless the meeting is another group's, another role's, or of a kind nobody is invited to.
CONTACT_IS_MEANT = f"""
    e.has_place AND (m.group_id IS NULL OR m.group_id = e.group_id)
    AND (m.roles = '{{}}' OR e.contact_role = ANY(m.roles))
    AND (coalesce(e.attendance ->> m.kind, 'registered') <> 'none' OR {_CALLED} IS NOT NULL)
"""
PARTICIPANT_IS_MEANT = """
    p.takes_part AND (e.id IS NULL OR ((e.has_place OR e.withdrawn_at IS NULL)
                                       AND (e.withdrawn_at IS NULL OR p.since > e.withdrawn_at)))
"""
# What the newest fact about a member says goes before what its people were named for.
_KIND_IS_MEANT = f"""
    CASE e.attendance ->> m.kind WHEN 'members' THEN true WHEN 'none' THEN {_CALLED} IS NOT NULL
        ELSE m.kind = ANY(t.kinds) END
"""
MEMBER_IS_MEANT = f"""
    t.takes_part AND {_KIND_IS_MEANT} AND m.roles = '{{}}' AND (m.group_id IS NULL OR m.group_id = e.group_id)
    AND (e.id IS NULL OR ((e.has_place OR e.withdrawn_at IS NULL)
                          AND (e.withdrawn_at IS NULL OR t.since > e.withdrawn_at)))
"""
_OF_MEMBER = f"(coalesce(e.attendance ->> m.kind, '') = 'members' OR {_CALLED} IS NOT NULL)"
_ASKS = "EXISTS (SELECT FROM programmes a WHERE a.id = {}.programme_id AND a.asks_needs)"
_BY_TEAM = f"(coalesce(e.attendance ->> m.kind, '') = 'team' OR {_OF_MEMBER})"


SEQUENCE = "greatest(i.sent_sequence, (i.told ->> 'date_version')::integer, 0)"
"""The highest that the mailbox was sent. The version before wrote no number: it sent the date version."""


async def load_guests(tx: Tx, pairs: Collection[Pair]) -> dict[Pair, list[Guest]]:
    """Everybody at these addresses whom these meetings are for."""
    rows = await tx.fetch(
        f"""
        WITH pair AS (SELECT * FROM unnest($1::text[], $2::text[]) AS u (meeting_id, address_key))
        SELECT pair.meeting_id, pair.address_key, p.person_id, p.name, p.email, 'participant' AS part,
               p.organisation_name, p.since, e.participants_path, p.seat_path, p.own_path,
               false AS by_team, false AS of_member,
               p.as_guest, p.seat_quiet_since IS NOT DISTINCT FROM p.since AS quiet, false AS on_team,
               {_ASKS.format("p")} AS asks_needs
        FROM pair JOIN participants p USING (meeting_id, address_key) LEFT JOIN enrolments e ON e.id = p.enrolment_id
        WHERE {PARTICIPANT_IS_MEANT}
        UNION ALL
        SELECT pair.meeting_id, pair.address_key, t.person_id, t.name, t.email, 'participant',
               t.organisation_name, greatest(t.since, {_CALLED}), e.participants_path, t.place_path,
               t.member_page_path, false, false, false, t.member_quiet_since IS NOT DISTINCT FROM t.since, true,
               {_ASKS.format("t")}
        FROM pair JOIN meetings m ON m.id = pair.meeting_id
        JOIN team_members t ON t.address_key = pair.address_key AND t.programme_id = m.programme_id
        LEFT JOIN enrolments e ON e.id = t.enrolment_id
        WHERE {MEMBER_IS_MEANT}
        UNION ALL
        SELECT pair.meeting_id, pair.address_key, e.person_id, e.contact_name, e.email, 'contact',
               e.organisation_name, greatest(e.since, {_CALLED}), e.participants_path, NULL, NULL,
               {_BY_TEAM}, {_OF_MEMBER}, false, e.contact_quiet_since IS NOT DISTINCT FROM e.since, false, false
        FROM pair JOIN meetings m ON m.id = pair.meeting_id
        JOIN enrolments e ON e.address_key = pair.address_key AND e.programme_id = m.programme_id
        WHERE {CONTACT_IS_MEANT}
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
        f"""
        SELECT i.address_key, i.meeting_id, i.person_id, i.name, i.email, i.part, i.organisation_name, i.method,
               i.told_as_guest, i.told::text AS told, i.turn, i.stamped, {SEQUENCE} AS sequence,
               i.answer, i.answer_stamped, i.answered_at
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
            as_guest=row["told_as_guest"],
            stamped=row["stamped"],
            sequence=row["sequence"],
            given=given(row),
        )
        for row in rows
    }


# Of a meeting: every mailbox that a change of it could concern. Of an enrolment: its contact's, those of whoever was
# the contact before, those of everybody it has registered, and those of its team, as it is and as it was.
_CONCERNED = {
    "meeting": f"""
        SELECT m.id AS meeting_id, e.address_key FROM meetings m JOIN enrolments e ON e.programme_id = m.programme_id
        WHERE m.id = look.id AND {CONTACT_IS_MEANT}
        UNION SELECT meeting_id, address_key FROM participants WHERE meeting_id = look.id AND takes_part
        UNION SELECT m.id, t.address_key FROM meetings m JOIN team_members t ON t.programme_id = m.programme_id
        LEFT JOIN enrolments e ON e.id = t.enrolment_id
        WHERE m.id = look.id AND t.takes_part AND {_KIND_IS_MEANT}
        UNION SELECT meeting_id, address_key FROM invitations WHERE meeting_id = look.id
    """,
    "enrolment": """
        SELECT m.id AS meeting_id, e.address_key FROM enrolments e JOIN meetings m ON m.programme_id = e.programme_id
        WHERE e.id = look.id AND m.state <> 'planned'
        UNION SELECT m.id, f.address_key FROM former_contacts f JOIN enrolments e ON e.id = f.enrolment_id
        JOIN meetings m ON m.programme_id = e.programme_id WHERE f.enrolment_id = look.id AND m.state <> 'planned'
        UNION SELECT meeting_id, address_key FROM participants WHERE enrolment_id = look.id
        UNION SELECT m.id, t.address_key FROM team_members t JOIN meetings m ON m.programme_id = t.programme_id
        WHERE t.enrolment_id = look.id AND m.state <> 'planned'
    """,
}
_LOOKS_AT_ONCE = 50
"""In one statement, which sorts what all of them concern; it gives at most what was asked for."""


async def load_concerned(tx: Tx, looks: Sequence[Look], most: int) -> list[Found]:
    """The first `most` mailboxes of these looks that come after each one's place, look by look."""
    found: list[Found] = []
    for subject, together in groupby(looks, key=lambda look: look.subject):
        for some in batched(together, _LOOKS_AT_ONCE):
            if len(found) == most:
                return found
            rows = await tx.fetch(
                f"""
                SELECT look.number, pair.meeting_id, pair.address_key, pair.place
                FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS look (id, place, number)
                CROSS JOIN LATERAL (
                    SELECT meeting_id, address_key, md5(meeting_id || ' ' || address_key) AS place
                    FROM ({_CONCERNED[subject]}) AS concerned
                    WHERE md5(meeting_id || ' ' || address_key) > look.place ORDER BY place LIMIT $3
                ) AS pair
                ORDER BY look.number, pair.place LIMIT $3
                """,
                [look.id for look in some],
                [look.place for look in some],
                most - len(found),
            )
            found += [
                Found(some[row["number"] - 1], (row["meeting_id"], row["address_key"]), row["place"]) for row in rows
            ]
    return found


def batched(looks: Iterable[Look], size: int) -> Iterator[list[Look]]:
    left = iter(looks)
    while some := list(islice(left, size)):
        yield some


async def save(tx: Tx, told: Mapping[Pair, Told]) -> None:
    rows = [
        {
            "address_key": address,
            "meeting_id": meeting_id,
            "person_id": storable(one.person_id),
            "name": storable(one.name),
            "email": storable(one.email),
            "part": one.part,
            "told_as_guest": one.as_guest,
            "organisation_name": storable(one.organisation),
            "method": one.method,
            "told": meeting_json(one.meeting),
            "turn": one.turn,
            "stamped": one.stamped,
            "sent_sequence": one.sequence,
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


class Reminded(NamedTuple):
    """Somebody to remind of a meeting; `silent`: the contact of an organisation that has registered nobody."""

    guest: Guest
    silent: bool
    place: str


async def load_reminded(tx: Tx, meeting_id: str, place: str, most: int) -> list[Reminded]:
    """Everybody registered or on a team, and the contacts of organisations that have a place and have registered nobody
    where people are registered. The first `most` after that place, which is a hash: no address has to be kept.
    """
    rows = await tx.fetch(
        f"""
        SELECT * FROM (
            SELECT reminded.*, md5(silent::text || address_key) AS place FROM (
                (SELECT DISTINCT ON (address_key) * FROM (
                     SELECT p.address_key, p.person_id, p.name, p.email, 'participant' AS part,
                            p.organisation_name, p.since, NULL AS participants_path, p.seat_path,
                            p.own_path, false AS by_team,
                            false AS of_member, p.as_guest, false AS quiet, false AS on_team, false AS silent,
                            false AS asks_needs
                     FROM participants p LEFT JOIN enrolments e ON e.id = p.enrolment_id
                     WHERE p.meeting_id = $1 AND {PARTICIPANT_IS_MEANT}
                     UNION ALL
                     SELECT t.address_key, t.person_id, t.name, t.email, 'participant',
                            t.organisation_name, t.since, NULL, t.place_path, t.member_page_path,
                            false, false, false, false, true, false, false
                     FROM meetings m JOIN team_members t ON t.programme_id = m.programme_id
                     LEFT JOIN enrolments e ON e.id = t.enrolment_id
                     WHERE m.id = $1 AND {MEMBER_IS_MEANT}
                 ) AS expected ORDER BY address_key, person_id)
                UNION ALL
                (SELECT DISTINCT ON (e.address_key) e.address_key, e.person_id, e.contact_name, e.email, 'contact',
                        e.organisation_name, e.since, e.participants_path, NULL, NULL,
                        false, false, false, false, false, true, false
                 FROM meetings m JOIN enrolments e ON e.programme_id = m.programme_id
                 WHERE m.id = $1 AND {CONTACT_IS_MEANT}
                   AND coalesce(e.attendance ->> m.kind, 'registered') = 'registered'
                   AND NOT EXISTS (SELECT FROM participants p
                                   WHERE p.enrolment_id = e.id AND p.meeting_id = m.id AND p.takes_part)
                 ORDER BY e.address_key, e.person_id)
            ) AS reminded
        ) AS placed WHERE place > $2 ORDER BY place LIMIT $3
        """,
        meeting_id,
        place,
        most,
    )
    return [Reminded(_guest(row), row["silent"], row["place"]) for row in rows]


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
        seat_path=row["seat_path"],
        own_path=row["own_path"],
        by_team=row["by_team"],
        of_member=row["of_member"],
        as_guest=row["as_guest"],
        quiet=row["quiet"],
        on_team=row["on_team"],
        asks_needs=row["asks_needs"],
    )
