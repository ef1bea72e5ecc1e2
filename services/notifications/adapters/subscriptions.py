"""Calendars that somebody subscribes to: their addresses, and which meetings are in them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from services.notifications.adapters.invitations import CONTACT_IS_MEANT, MEMBER_IS_MEANT, PARTICIPANT_IS_MEANT
from services.notifications.adapters.meetings import standing_of
from services.notifications.domain.invitations import Standing
from services.notifications.domain.subscription import MOST_MEETINGS, Subscription, months_of
from services.notifications.domain.text import storable
from shared.base.links import Links
from shared.base.passes import PATHS, Reader, Role, pass_path, reader_from, reader_of
from shared.contracts.enrollment import SECRETARY_ROLE
from shared.contracts.programme import ProgrammeRef
from shared.storage.table import CAUSE, Table, cause_columns
from shared.storage.tx import Tx

_FEED = "calendar feed"
_SUBSCRIPTIONS = Table(
    "calendar_subscriptions",
    {
        "role": "text",
        "of_id": "text",
        "person_id": "text",
        "generation": "integer",
        "renewed_at": "timestamptz",
        **CAUSE,
    },
    key=("of_id", "person_id", "role"),
)


class Address(NamedTuple):
    """Of a calendar: whose it is, and how often it had been renewed when the address was made."""

    reader: Reader
    generation: int


def feed_path(links: Links, address: Address) -> str:
    """Good until it is renewed, and until a year after the programme."""
    token = links.sign(_FEED, " ".join((str(address.generation), *address.reader[:3])))
    return f"{PATHS['calendar']}/abonnement/{token}.ics"


def address_of(links: Links, token: str, now: datetime) -> Address | None:
    subject = links.verify(_FEED, token, now)
    if subject is None:
        return None
    generation, _, rest = subject.partition(" ")
    reader = reader_from(rest)
    return None if reader is None else Address(reader, int(generation))


def reader_in(links: Links, token: str, now: datetime) -> Reader | None:
    """Whom a page has let in that leads here."""
    return reader_of(links, "calendar", token, now)


def receipt_reader_in(links: Links, token: str, now: datetime) -> Reader | None:
    """Likewise of the receipt of a sign-up, which is its contact's."""
    reader = reader_of(links, "receipt", token, now)
    return reader if reader is not None and reader.role == "contact" else None


def page_path(links: Links, reader: Reader, now: datetime) -> str:
    """Of the page of this calendar."""
    return pass_path(links, "calendar", reader, now)


# $1 is what the reader is of, $2 their id, $3 the programme. Whoever is erased reads nothing.
_NOT_ERASED = "NOT EXISTS (SELECT FROM erased_persons gone WHERE gone.person_id = $2)"
_OF = {
    "contact": "SELECT programme_id, organisation_name, has_place AS meant FROM enrolments"
    f" WHERE id = $1 AND person_id = $2 AND {_NOT_ERASED}",
    "secretary": f"""
        SELECT e.programme_id, e.organisation_name, e.has_place AS meant
        FROM enrolments e JOIN role_holders h ON h.enrolment_id = e.id AND h.role_id = '{SECRETARY_ROLE}'
        WHERE e.id = $1 AND h.person_id = $2 AND {_NOT_ERASED}
    """,
    "participant": f"""
        SELECT programme_id, organisation_name, bool_or(takes_part) AS meant FROM (
            SELECT programme_id, organisation_name, takes_part FROM participants
            WHERE enrolment_id = $1 AND person_id = $2
            UNION ALL SELECT programme_id, organisation_name, takes_part FROM team_members
            WHERE enrolment_id = $1 AND person_id = $2
        ) AS sent WHERE {_NOT_ERASED} GROUP BY programme_id, organisation_name ORDER BY meant DESC LIMIT 1
    """,
    "guest": f"""
        SELECT programme_id, '' AS organisation_name, bool_or(takes_part) AS meant FROM participants
        WHERE programme_id = $1 AND person_id = $2 AND as_guest AND {_NOT_ERASED} GROUP BY programme_id
    """,
}
_SENT = f"""
    SELECT m.id FROM participants p JOIN meetings m ON m.id = p.meeting_id
    LEFT JOIN enrolments e ON e.id = p.enrolment_id
    WHERE p.person_id = $2 AND p.enrolment_id = $1 AND {PARTICIPANT_IS_MEANT}
    UNION SELECT m.id FROM team_members t JOIN meetings m ON m.programme_id = t.programme_id
    LEFT JOIN enrolments e ON e.id = t.enrolment_id
    WHERE t.person_id = $2 AND t.enrolment_id = $1 AND {MEMBER_IS_MEANT}
"""
_INVITED = """
    SELECT meeting_id AS id FROM participants WHERE programme_id = $3 AND as_guest AND takes_part AND address_key IN (
        SELECT address_key FROM participants WHERE person_id = $2
        UNION SELECT address_key FROM team_members WHERE person_id = $2 AND takes_part
    )
"""
_MEETINGS = {
    "contact": f"""
        SELECT m.id FROM enrolments e JOIN meetings m ON m.programme_id = e.programme_id
        WHERE e.id = $1 AND e.person_id = $2 AND {CONTACT_IS_MEANT}
    """,
    "secretary": f"""
        SELECT m.id FROM enrolments e JOIN meetings m ON m.programme_id = e.programme_id
        WHERE e.id = $1 AND $2::text <> '' AND {CONTACT_IS_MEANT}
    """,
    "participant": _SENT,
    "mailbox": f"{_SENT} UNION {_INVITED}",
    "guest": _INVITED,
}


async def load(tx: Tx, reader: Reader) -> Subscription | None:
    """None for a reader whom nothing here is known of, or who is somebody else by now: the contact has changed."""
    row = await tx.fetchrow(
        f"""
        SELECT known.organisation_name, known.meant, p.ref::text AS ref, p.ends_on,
               coalesce(s.generation, 0) AS generation, coalesce(s.links_generation, 0) AS links_generation,
               (SELECT max((meeting #>> '{{when,last_day}}')::date) FROM meetings m
                WHERE m.programme_id = p.id AND m.state <> 'planned') AS last_meeting
        FROM ({_OF["participant" if reader.role == "mailbox" else reader.role]}) AS known
        JOIN programmes p ON p.id = known.programme_id
        LEFT JOIN calendar_subscriptions s ON s.of_id = $1 AND s.person_id = $2 AND s.role = $3
        """,
        reader.of,
        reader.person_id,
        reader.role,
    )
    if row is None:
        return None
    return Subscription(
        programme=ProgrammeRef.model_validate_json(row["ref"]),
        organisation=row["organisation_name"],
        generation=row["generation"],
        links_generation=row["links_generation"],
        meant=row["meant"],
        ends_on=row["ends_on"],
        last_meeting=row["last_meeting"],
    )


async def load_let_in(tx: Tx, reader: Reader) -> Subscription | None:
    """As `load`, for whom a pass has let in; None as well for one that came by links which are closed by now."""
    found = await load(tx, reader)
    return None if found is None or reader.generation < found.links_generation else found


async def load_meetings(tx: Tx, reader: Reader, programme_id: str) -> list[Standing]:
    """Those that have a day, by their ids; the latest, where there are very many."""
    rows = await _load(
        tx,
        reader,
        programme_id,
        "m.state <> 'planned' AND m.meeting -> 'when' <> 'null'",
        "m.meeting #>> '{when,first_day}' DESC",
    )
    return sorted(map(standing_of, rows), key=lambda one: one.meeting.id)


async def load_undated(tx: Tx, reader: Reader, programme_id: str) -> Sequence[tuple[str, str | None]]:
    """The titles of those that still want a date, each with the month that it is planned in."""
    rows = await _load(tx, reader, programme_id, "m.state = 'planned'", "m.id")
    titles = [(row["meeting_key"], row["title"]) for row in rows]
    return months_of(titles, json.loads(rows[0]["planned"]) if rows else {})


async def _load(tx: Tx, reader: Reader, programme_id: str, which: str, order: str) -> Sequence[Any]:
    return await tx.fetch(
        f"""
        SELECT m.id, m.state, m.meeting::text AS meeting, m.uid, m.changed_at, m.reason, m.with_programme,
               p.ref::text AS ref, p.planned::text AS planned,
               m.meeting ->> 'key' AS meeting_key, m.meeting ->> 'title' AS title
        FROM ({_MEETINGS[reader.role]}) AS theirs JOIN meetings m ON m.id = theirs.id
        JOIN programmes p ON p.id = m.programme_id
        WHERE $3 = p.id AND $1::text <> '' AND {which} ORDER BY {order} LIMIT {MOST_MEETINGS}
        """,
        reader.of,
        reader.person_id,
        programme_id,
    )


async def lock(tx: Tx, reader: Reader) -> None:
    """Two who renew it at the same moment do so one after the other."""
    await tx.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 17))", " ".join(reader[:3]))


async def close_of_secretaries(tx: Tx, closed: Sequence[tuple[str, str]]) -> None:
    """Of enrolment and person, each of whom has the access no more: whoever gets it again gets another address."""
    await tx.execute(
        """
        INSERT INTO calendar_subscriptions AS s
            (role, of_id, person_id, generation, renewed_at, correlation_id, causation_id, actor)
        SELECT 'secretary', u.of_id, u.person_id, 1, $3, $4, $5, $6
        FROM (SELECT DISTINCT * FROM unnest($1::text[], $2::text[]) AS u (of_id, person_id) ORDER BY 1, 2) AS u
        ON CONFLICT (of_id, person_id, role) DO UPDATE
            SET generation = least(s.generation + 1, 1000000), renewed_at = excluded.renewed_at
        """,
        [storable(of) for of, _ in closed],
        [storable(person_id) for _, person_id in closed],
        tx.now,
        tx.cause.correlation_id,
        tx.cause.causation_id,
        tx.cause.actor,
    )


async def close_of(tx: Tx, roles: Sequence[Role], closed: Sequence[tuple[str, str, int]]) -> None:
    """Of enrolment, person and generation: whatever they subscribed to in these roles, and each pass of an earlier
    generation. Nobody stands there twice.
    """
    await tx.execute(
        """
        INSERT INTO calendar_subscriptions AS s
            (role, of_id, person_id, generation, links_generation, renewed_at, correlation_id, causation_id, actor)
        SELECT role, u.of_id, u.person_id, 1, u.generation, $4, $5, $6, $7
        FROM unnest($1::text[], $2::text[], $3::integer[]) AS u (of_id, person_id, generation),
             unnest($8::text[]) AS r (role)
        ORDER BY 2, 3, 1
        ON CONFLICT (of_id, person_id, role) DO UPDATE
            SET generation = least(s.generation + 1, 1000000), renewed_at = excluded.renewed_at,
                links_generation = greatest(s.links_generation, excluded.links_generation)
        """,
        [storable(of) for of, _, _ in closed],
        [storable(person_id) for _, person_id, _ in closed],
        [generation for _, _, generation in closed],
        tx.now,
        tx.cause.correlation_id,
        tx.cause.causation_id,
        tx.cause.actor,
        list(roles),
    )


async def save(tx: Tx, reader: Reader, generation: int) -> None:
    row = {
        "role": reader.role,
        "of_id": reader.of,
        "person_id": reader.person_id,
        "generation": generation,
        "renewed_at": tx.now,
        **cause_columns(tx.cause),
    }
    await _SUBSCRIPTIONS.upsert(tx, [row])
