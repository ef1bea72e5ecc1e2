"""Texts that staff write to many, whom they may be for, and what is attached to them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import asyncpg

from services.notifications.adapters.mime import Attachment
from services.notifications.domain.attachments import Kept, Said, Taken
from services.notifications.domain.message import Message
from services.notifications.domain.text import address_key
from services.notifications.domain.writing import Candidate, Wanted, Writing
from shared.base.cause import Cause
from shared.contracts.enrollment import SECRETARY_ROLE
from shared.storage.table import CAUSE, Table, cause_columns, cause_of
from shared.storage.tx import Pool, Tx

_WRITINGS = Table(
    "writings",
    {
        "id": "text",
        "programme_id": "text",
        "headline": "text",
        "body": "text",
        "audience": "text",
        "audience_of": "text",
        "writing_state": "text",
        "begun_at": "timestamptz",
        "went_at": "timestamptz",
        "written_to": "integer",
        "unreached": "integer",
        "changed_in": "text",
        **CAUSE,
    },
    key=("id",),
)
_RECIPIENTS = Table(
    "writing_recipients",
    {
        "writing_id": "text",
        "address_key": "text",
        "recipient": "text",
        "name": "text",
        "email": "text",
        "organisation_name": "text",
    },
    key=("writing_id", "address_key"),
)
_COLUMNS = """
    w.id, w.programme_id, w.headline, w.body, w.audience, w.audience_of, w.chosen, w.writing_state, w.begun_at,
    w.went_at, w.written_to, w.unreached, w.forgotten
"""
_CANDIDATE = "e.id AS enrolment_id, e.organisation_name AS organisation"


def _writing(row: asyncpg.Record) -> Writing:
    chosen = row["chosen"]
    return Writing(
        id=row["id"],
        programme_id=row["programme_id"],
        wanted=Wanted(
            row["headline"],
            row["body"],
            row["audience"],
            row["audience_of"],
            None if chosen is None else tuple(chosen),
        ),
        begun_at=row["begun_at"],
        state=row["writing_state"],
        went_at=row["went_at"],
        written_to=row["written_to"],
        unreached=row["unreached"],
        forgotten=row["forgotten"],
    )


async def load(tx: Tx, writing_id: str) -> Writing | None:
    row = await tx.fetchrow(f"SELECT {_COLUMNS} FROM writings w WHERE w.id = $1", writing_id)
    return None if row is None else _writing(row)


async def lock(tx: Tx, writing_id: str) -> Writing | None:
    row = await tx.fetchrow(f"SELECT {_COLUMNS} FROM writings w WHERE w.id = $1 FOR UPDATE", writing_id)
    return None if row is None else _writing(row)


async def load_cause(tx: Tx, writing_id: str) -> Cause | None:
    row = await tx.fetchrow("SELECT correlation_id, causation_id, actor FROM writings WHERE id = $1", writing_id)
    return None if row is None else cause_of(row)


class Listed(NamedTuple):
    """A writing, its place in the order in which they were begun, and the actor behind it."""

    writing: Writing
    number: int
    actor: str | None


async def load_of_programme(tx: Tx, programme_id: str, before: int | None = None, limit: int = 100) -> list[Listed]:
    """The newest first; `before` is the number of the last one seen."""
    rows = await tx.fetch(
        f"""
        SELECT {_COLUMNS}, w.number, w.actor FROM writings w
        WHERE w.programme_id = $1 AND ($3::bigint IS NULL OR w.number < $3) ORDER BY w.number DESC LIMIT $2
        """,
        programme_id,
        limit,
        before,
    )
    return [Listed(_writing(row), row["number"], row["actor"]) for row in rows]


async def insert(tx: Tx, one: Writing) -> None:
    await _WRITINGS.insert(tx, [{**_row(one), **cause_columns(tx.cause)}])
    await _save_chosen(tx, one)


async def save(tx: Tx, one: Writing) -> None:
    """One that is locked. Whoever began it stays behind it."""
    await _WRITINGS.update(tx, [_row(one)])
    await _save_chosen(tx, one)


async def save_text(tx: Tx, one: Writing, cause: Cause) -> None:
    """The same, and by which request."""
    await save(tx, one)
    await _WRITINGS.update(tx, [{"id": one.id, "changed_in": cause.correlation_id}])


async def load_last_change(tx: Tx, writing_id: str) -> tuple[datetime, str] | None:
    """When its text was changed last, and the actor; None where that is not kept. Machine time."""
    row = await tx.fetchrow(
        """
        SELECT a.at, coalesce(a.actor, '') AS actor FROM writings w JOIN audit a ON a.correlation_id = w.changed_in
        WHERE w.id = $1 AND a.status < 400 ORDER BY a.id DESC LIMIT 1
        """,
        writing_id,
    )
    return None if row is None else (row["at"], row["actor"])


async def _save_chosen(tx: Tx, one: Writing) -> None:
    chosen = one.wanted.chosen
    await tx.execute("UPDATE writings SET chosen = $2 WHERE id = $1", one.id, None if chosen is None else list(chosen))


def _row(one: Writing) -> dict[str, Any]:
    return {
        "id": one.id,
        "programme_id": one.programme_id,
        "headline": one.wanted.headline,
        "body": one.wanted.body,
        "audience": one.wanted.audience,
        "audience_of": one.wanted.audience_of,
        "writing_state": one.state,
        "begun_at": one.begun_at,
        "went_at": one.went_at,
        "written_to": one.written_to,
        "unreached": one.unreached,
    }


async def load_meant(tx: Tx, programme_id: str, chosen: Sequence[str] | None = None) -> dict[str, str]:
    """The enrolments that a text is for, by name: those that are chosen, or all with a place. By id what each
    organisation is called; one that was only invited is called as in its invitation.
    """
    if chosen is None:
        rows = await tx.fetch(
            "SELECT id, organisation_name AS name FROM enrolments WHERE programme_id = $1 AND has_place"
            " ORDER BY organisation_name, id",
            programme_id,
        )
    else:
        rows = await tx.fetch(
            """
            SELECT u.id, coalesce(e.organisation_name, asked.name) AS name
            FROM unnest($2::text[]) AS u (id)
            LEFT JOIN enrolments e ON e.id = u.id AND e.programme_id = $1
            LEFT JOIN LATERAL (
                SELECT m.says ->> 'organisation' AS name FROM messages m
                WHERE e.id IS NULL AND m.about = 'enrolment/' || u.id AND m.programme_id = $1
                ORDER BY m.number DESC LIMIT 1
            ) asked ON true
            WHERE coalesce(e.organisation_name, asked.name) <> '' ORDER BY 2, 1
            """,
            programme_id,
            list(dict.fromkeys(chosen)),
        )
    return {row["id"]: row["name"] for row in rows}


async def load_contacts(tx: Tx, meant: Collection[str]) -> list[Candidate]:
    """Of these enrolments; the mailboxes that the invitation went to, of those that nobody has answered for."""
    rows = await tx.fetch(
        f"""
        SELECT {_CANDIDATE}, e.person_id AS recipient, e.contact_name AS name, e.email
        FROM enrolments e WHERE e.id = ANY($1::text[])
        UNION ALL
        SELECT u.id, asked.says ->> 'organisation', asked.recipient, asked.name, asked.email
        FROM unnest($1::text[]) AS u (id) CROSS JOIN LATERAL (
            SELECT m.says, m.recipient, m.name, m.email FROM messages m
            WHERE m.about = 'enrolment/' || u.id AND m.template = 'invited' AND NOT m.forgotten
            ORDER BY m.number DESC LIMIT 5
        ) asked
        WHERE NOT EXISTS (SELECT FROM enrolments e WHERE e.id = u.id)
        ORDER BY 2, 1, 3
        """,
        list(meant),
    )
    return [_candidate(row) for row in rows]


async def load_holders(tx: Tx, meant: Collection[str], role: str) -> list[Candidate]:
    rows = await tx.fetch(
        f"""
        SELECT {_CANDIDATE}, h.person_id AS recipient, h.name, h.email
        FROM enrolments e JOIN role_holders h ON h.enrolment_id = e.id AND h.role_id = $2
        WHERE e.id = ANY($1::text[]) ORDER BY 2, 1
        """,
        list(meant),
        role,
    )
    return [_candidate(row) for row in rows]


async def load_participants(
    tx: Tx, programme_id: str, meeting_id: str, chosen: Sequence[str] | None = None
) -> list[Candidate]:
    """Those who take part in this meeting of the programme, guests among them; of the chosen enrolments, if any are."""
    rows = await tx.fetch(
        """
        SELECT p.enrolment_id, p.organisation_name AS organisation, p.person_id AS recipient, p.name, p.email
        FROM participants p WHERE p.meeting_id = $2 AND p.programme_id = $3 AND p.takes_part
            AND ($1::text[] IS NULL OR p.enrolment_id = ANY($1::text[]))
        ORDER BY 2, 4, 3
        """,
        None if chosen is None else list(chosen),
        meeting_id,
        programme_id,
    )
    return [_candidate(row) for row in rows]


async def load_teams(tx: Tx, meant: Collection[str], programme_id: str) -> list[Candidate]:
    rows = await tx.fetch(
        """
        SELECT t.enrolment_id, t.organisation_name AS organisation, t.person_id AS recipient, t.name, t.email
        FROM team_members t WHERE t.programme_id = $2 AND t.takes_part AND t.enrolment_id = ANY($1::text[])
        ORDER BY 2, 4, 3
        """,
        list(meant),
        programme_id,
    )
    return [_candidate(row) for row in rows]


async def load_own_paths(tx: Tx, programme_id: str, person_ids: Sequence[str]) -> dict[str, str]:
    """By person, of those who take part in the programme: where all that is theirs is, by links that are open."""
    rows = await tx.fetch(
        """
        SELECT DISTINCT ON (person_id) person_id, own_path FROM (
            SELECT person_id, own_path, since FROM participants
            WHERE person_id = ANY($2::text[]) AND programme_id = $1 AND takes_part
            UNION ALL
            SELECT person_id, member_page_path AS own_path, since FROM team_members
            WHERE person_id = ANY($2::text[]) AND programme_id = $1 AND takes_part
        ) AS theirs WHERE own_path IS NOT NULL ORDER BY person_id, since DESC
        """,
        programme_id,
        list(person_ids),
    )
    return {row["person_id"]: row["own_path"] for row in rows}


def _candidate(row: asyncpg.Record) -> Candidate:
    return Candidate(row["enrolment_id"], row["organisation"] or "", row["recipient"], row["name"], row["email"])


async def load_roles(tx: Tx, programme_id: str) -> list[tuple[str, str]]:
    """The roles that somebody has in the programme, and what they are called there; a contact's secretary has none."""
    rows = await tx.fetch(
        """
        SELECT h.role_id, min(h.role_label) AS label FROM enrolments e JOIN role_holders h ON h.enrolment_id = e.id
        WHERE e.programme_id = $1 AND e.has_place AND h.role_id <> $2 GROUP BY h.role_id ORDER BY 2, 1
        """,
        programme_id,
        SECRETARY_ROLE,
    )
    return [(row["role_id"], row["label"]) for row in rows]


async def load_meetings(tx: Tx, programme_id: str) -> list[tuple[str, str, str | None]]:
    """Those that somebody takes part in: id, title, and the first day (ISO) if it has one."""
    rows = await tx.fetch(
        """
        SELECT m.id, m.meeting ->> 'title' AS title, m.meeting -> 'when' ->> 'first_day' AS day FROM meetings m
        WHERE m.programme_id = $1 AND m.state <> 'cancelled'
          AND EXISTS (SELECT FROM participants p WHERE p.meeting_id = m.id AND p.takes_part)
        ORDER BY 3 NULLS LAST, 2, 1
        """,
        programme_id,
    )
    return [(row["id"], row["title"], row["day"]) for row in rows]


async def has_team(tx: Tx, programme_id: str) -> bool:
    found: bool = await tx.fetchval(
        "SELECT EXISTS (SELECT FROM team_members WHERE programme_id = $1 AND takes_part)", programme_id
    )
    return found


async def insert_recipients(tx: Tx, writing_id: str, to: Sequence[Candidate]) -> None:
    """Whose letters are to be written; each mailbox once."""
    rows = [
        {
            "writing_id": writing_id,
            "address_key": address_key(one.email),
            "recipient": one.recipient,
            "name": one.name,
            "email": one.email,
            "organisation_name": one.organisation,
        }
        for one in to
    ]
    await _RECIPIENTS.insert_new(tx, rows)


async def take_recipients(tx: Tx, writing_id: str, most: int) -> tuple[list[Candidate], int]:
    """So many of them, which are not to be written to any more; and how many are left after them."""
    rows = await tx.fetch(
        """
        DELETE FROM writing_recipients WHERE writing_id = $1 AND address_key = ANY (ARRAY (
            SELECT address_key FROM writing_recipients WHERE writing_id = $1 ORDER BY address_key LIMIT $2
        )) RETURNING organisation_name, recipient, name, email
        """,
        writing_id,
        most,
    )
    left: int = await tx.fetchval("SELECT count(*) FROM writing_recipients WHERE writing_id = $1", writing_id)
    taken = [Candidate("", row["organisation_name"], row["recipient"], row["name"], row["email"]) for row in rows]
    return sorted(taken, key=lambda one: (one.organisation, one.recipient)), left


async def count_by_state(tx: Tx, writing_id: str) -> dict[str, int]:
    """Its mails by where they stand, without those that its writer sent to themselves."""
    rows = await tx.fetch(
        "SELECT state, count(*) AS count FROM messages WHERE about = $1 AND occasion = '' GROUP BY state",
        f"writing/{writing_id}",
    )
    return {row["state"]: row["count"] for row in rows}


async def load_files(tx: Tx, writing_id: str) -> list[Kept]:
    rows = await tx.fetch(
        "SELECT place, file_name, media_type, octet_length(content) AS size, accessible, beside, why_not"
        " FROM writing_files WHERE writing_id = $1 ORDER BY place",
        writing_id,
    )
    return [Kept(row["place"], row["file_name"], row["media_type"], row["size"], _said(row)) for row in rows]


def _said(row: asyncpg.Record) -> Said | None:
    return None if row["accessible"] is None else Said(row["accessible"], row["beside"], row["why_not"])


async def load_file(tx: Tx, writing_id: str, file_place: int) -> Attachment | None:
    row = await tx.fetchrow(
        "SELECT file_name, media_type, content FROM writing_files WHERE writing_id = $1 AND place = $2",
        writing_id,
        file_place,
    )
    return None if row is None else Attachment(row["file_name"], row["content"], row["media_type"])


async def insert_file(tx: Tx, writing_id: str, one: Taken) -> int:
    """Of a writing that is locked; its place."""
    place: int = await tx.fetchval(
        """
        INSERT INTO writing_files (writing_id, place, file_name, media_type, content, accessible, beside, why_not)
        SELECT $1::text, coalesce(max(place), -1) + 1, $2::text, $3::text, $4::bytea, $5::text, $6::integer, $7::text
        FROM writing_files WHERE writing_id = $1::text RETURNING place
        """,
        writing_id,
        one.name,
        one.media_type,
        one.content,
        None if one.said is None else one.said.access,
        None if one.said is None else one.said.beside,
        "" if one.said is None else one.said.why_not,
    )
    return place


async def remove_file(tx: Tx, writing_id: str, place: int) -> None:
    await tx.execute("DELETE FROM writing_files WHERE writing_id = $1 AND place = $2", writing_id, place)


async def load_attached(pool: Pool | Tx, message: Message) -> list[Attachment]:
    """What the message says is attached, of what is still kept."""
    said = message.says.get("files") or []
    if not said or message.template != "written":
        return []
    rows = await pool.fetch(
        "SELECT file_name, media_type, content FROM writing_files"
        " WHERE writing_id = $1 AND place = ANY($2::integer[]) ORDER BY place",
        message.says.get("writing"),
        [one["place"] for one in said],
    )
    return [Attachment(row["file_name"], row["content"], row["media_type"]) for row in rows]
