"""Who is known, when what they are part of ended, and whom nothing concerns any more."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from services.enrollment.domain.keeping import Ending
from shared.contracts.parties import Person
from shared.storage.tx import Tx

# As the index has it.
_KNOWN = "email_key NOT LIKE '%@slettet.example'"
_ENDINGS = """
    SELECT p.id, p.state, p.cancelled_at, p.terms ->> 'ends' AS ends, p.terms #>> '{terms,deadline}' AS deadline,
        m.last_meeting, coalesce(m.waits_for_date, false) AS waits_for_date,
        coalesce((p.terms ->> 'archive')::boolean, false) AS archives, (
            SELECT max(a.read_at) FROM programme_archives a WHERE a.programme_id = p.id AND NOT EXISTS (
                SELECT FROM enrolments e JOIN enrolment_history h ON h.enrolment_id = e.id
                WHERE e.programme_id = p.id AND h.decided_at > a.read_at
            )
        ) AS archived_at
    FROM programmes p LEFT JOIN LATERAL (
        SELECT max(coalesce((meeting #>> '{when,last_day}')::date, first_day)) AS last_meeting,
            bool_or(state = 'planned' AND first_day IS NULL) AS waits_for_date
        FROM meetings WHERE programme_id = p.id AND state <> 'cancelled'
    ) m ON true
"""


class Known(NamedTuple):
    """Everybody with one address, in whichever organisations, and as a guest."""

    address: str
    persons: tuple[Person, ...]
    guest_ids: tuple[str, ...]


async def load_endings(tx: Tx) -> list[Ending]:
    """Of all programmes; what a night begins with."""
    return [_ending(row) for row in await tx.fetch(f"{_ENDINGS} ORDER BY p.id")]


async def load_endings_of(tx: Tx, programme_ids: Iterable[str]) -> list[Ending]:
    rows = await tx.fetch(f"{_ENDINGS} WHERE p.id = ANY($1) ORDER BY p.id", sorted(set(programme_ids)))
    return [_ending(row) for row in rows]


async def load_addresses(tx: Tx, beyond: str, most: int) -> list[str]:
    """The next addresses by which anybody is known, each once, in lower case and in their order."""
    rows = await tx.fetch(
        f"""
        SELECT address FROM (
            (SELECT DISTINCT email_key AS address FROM people WHERE {_KNOWN} AND email_key > $1
             ORDER BY email_key LIMIT $2)
            UNION
            (SELECT DISTINCT lower(guest_email) FROM guests WHERE lower(guest_email) > $1
             ORDER BY lower(guest_email) LIMIT $2)
        ) known ORDER BY address LIMIT $2
        """,
        beyond,
        most,
    )
    return [row["address"] for row in rows]


async def load_concerned(
    tx: Tx, addresses: Sequence[str], past: Sequence[str], kept_since: datetime
) -> dict[str, datetime | None]:
    """Those of them whom something concerns that is not over: of a programme that is not among the `past` ones, or
    that came after its end and not before `kept_since`; the first such instant beside the address.

    A seat, one that was left too; a standing team; a role, the contact's too, also one that was given on; a place as a
    guest; a form of their own, one that names them, or one that was begun.
    """
    known = await tx.fetch("SELECT person_id, email_key FROM people WHERE email_key = ANY($1)", list(addresses))
    rows = await tx.fetch(
        """
        WITH known AS (
            SELECT person_id, address FROM unnest($4::text[], $5::text[]) AS known (person_id, address)
        ), places AS (
            SELECT address, enrolment_id, registered_at AS since
            FROM known JOIN seats USING (person_id) JOIN rosters ON rosters.id = roster_id
            UNION ALL
            SELECT address, enrolment_id, named_at FROM known JOIN team_members USING (person_id)
            UNION ALL
            SELECT address, coalesce(r.enrolment_id, list_id), moved_at
            FROM known JOIN seat_moves USING (person_id) LEFT JOIN rosters r ON r.id = list_id
            UNION ALL
            SELECT address, enrolment_id, coalesce(held_until, held_from)
            FROM known JOIN contact_history ON holder ->> 'person_id' = person_id
            WHERE holder ->> 'person_id' = ANY($4)
            UNION ALL
            SELECT address, e.id, greatest(received_at, enrolled_at, withdrawn_at, called_off_at)
            FROM known JOIN enrolments e ON contact ->> 'person_id' = person_id
            WHERE contact ->> 'person_id' = ANY($4)
        ), concerns AS (
            SELECT address, e.programme_id, since FROM places JOIN enrolments e ON e.id = enrolment_id
            UNION ALL
            SELECT lower(guest_email), m.programme_id, invited_at FROM guests JOIN meetings m ON m.id = meeting_id
            WHERE lower(guest_email) = ANY($1)
            UNION ALL
            SELECT address, s.programme_id, received_at
            FROM known JOIN sign_ups s ON coalesce(s.applicant_id, s.person_id) = known.person_id
            WHERE coalesce(s.applicant_id, s.person_id) = ANY($4)
            UNION ALL
            SELECT contact_key, programme_id, received_at FROM sign_ups WHERE contact_key = ANY($1)
            UNION ALL
            SELECT address, programme_id, received_at FROM unnest($1::text[]) AS asked (address) JOIN sign_ups
                ON lower(jsonb_path_query_array(command, '$.roles.*.email')::text)::jsonb ? address
            UNION ALL
            SELECT mailbox, programme_id, saved_at FROM drafts WHERE mailbox = ANY($1)
        )
        SELECT address, min(since) FILTER (WHERE programme_id = ANY($2)) AS late
        FROM concerns WHERE programme_id <> ALL($2) OR since >= $3 GROUP BY address
        """,
        list(addresses),
        list(past),
        kept_since,
        [row["person_id"] for row in known],
        [row["email_key"] for row in known],
    )
    return {row["address"]: row["late"] for row in rows}


async def lock_known(tx: Tx, addresses: Sequence[str]) -> list[Known]:
    """Everybody with these addresses; those are left out of whom somebody has a row at this moment, to register them
    or for whatever else: they are there in the next night too. Nobody is waited for.
    """
    people = await tx.fetch(
        """
        SELECT email_key AS address, person_id, name, email FROM people WHERE email_key = ANY($1)
        ORDER BY person_id FOR UPDATE SKIP LOCKED
        """,
        list(addresses),
    )
    guests = await tx.fetch(
        """
        SELECT lower(guest_email) AS address, guest_id, guest_name, guest_email FROM guests
        WHERE lower(guest_email) = ANY($1) ORDER BY guest_id FOR UPDATE SKIP LOCKED
        """,
        list(addresses),
    )
    # Asked once they are locked.
    held = await tx.fetch(
        """
        SELECT email_key AS address FROM people WHERE email_key = ANY($1) AND person_id <> ALL($2)
        UNION SELECT lower(guest_email) FROM guests WHERE lower(guest_email) = ANY($1) AND guest_id <> ALL($3)
        """,
        list(addresses),
        [row["person_id"] for row in people],
        [row["guest_id"] for row in guests],
    )
    left_out = {row["address"] for row in held}
    persons: dict[str, list[Person]] = {}
    guest_ids: dict[str, list[str]] = {}
    for row in people:
        one = Person(person_id=row["person_id"], name=row["name"], email=row["email"])
        persons.setdefault(row["address"], []).append(one)
    for row in guests:
        guest_ids.setdefault(row["address"], []).append(row["guest_id"])
    return [
        Known(address, tuple(persons.get(address, ())), tuple(guest_ids.get(address, ())))
        for address in sorted((persons.keys() | guest_ids.keys()) - left_out)
    ]


async def load_applicants(tx: Tx, addresses: Sequence[str]) -> list[str]:
    """The ids of those who sent forms from these addresses, whether anything became of them or not."""
    rows = await tx.fetch(
        """
        SELECT DISTINCT coalesce(applicant_id, person_id) AS applicant FROM sign_ups
        WHERE contact_key = ANY($1) AND coalesce(applicant_id, person_id) IS NOT NULL ORDER BY applicant
        """,
        list(addresses),
    )
    return [row["applicant"] for row in rows]


async def forget_mailboxes(tx: Tx, addresses: Sequence[str]) -> None:
    """Nobody vouches for them any more, and nothing that was begun from them goes on."""
    await tx.execute("DELETE FROM speakers WHERE kind = 'mailbox' AND value = ANY($1)", list(addresses))
    await tx.execute("DELETE FROM drafts WHERE mailbox = ANY($1)", list(addresses))


def _ending(row: Any) -> Ending:
    return Ending(
        programme_id=row["id"],
        open=row["state"] == "open",
        ends=row["ends"],
        deadline=None if row["deadline"] is None else date.fromisoformat(row["deadline"]),
        last_meeting=row["last_meeting"],
        waits_for_date=row["waits_for_date"],
        cancelled_at=row["cancelled_at"],
        archives=row["archives"],
        archived_at=row["archived_at"],
    )
