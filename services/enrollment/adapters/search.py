"""What staff look for, in the programmes that they may see: by id, number, address, or the beginnings of words."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from services.enrollment.domain.search import Hit, Hits
from shared.storage.tx import Tx

_CANDIDATES = 1000
"""So many of one name are looked at; whoever looks for more has to say more."""
_SEEN = "($1::text[] IS NULL OR {0}programme_id = ANY($1))"
_WORDS = "to_tsvector('simple', lower({0})) @@ to_tsquery('simple', $2)"
_TITLE = "p.terms #>> '{ref,title}'"
_WAITS = "shown_at IS NOT NULL AND confirmed_at IS NULL AND dismissed_at IS NULL"
_TOTAL = "count(*) OVER () AS total"
_ENROLMENT = f"""
    'organisation' AS kind, coalesce(e.programme_id, '') AS programme_id, coalesce({_TITLE}, '') AS programme,
    coalesce(e.id, '') AS id, o.name, o.name AS organisation, coalesce(e.state, '') AS state,
    coalesce(e.forbehold_open, false) AS forbehold_open
"""


def query_of(words: Sequence[str]) -> str:
    """As `to_tsquery` reads it: each is the beginning of a word, and has only letters and digits."""
    return " & ".join(f"'{one}':*" for one in words)


async def load_by_id(tx: Tx, programme_ids: Collection[str] | None, sought_id: str) -> Hits:
    """An enrolment, a programme or a meeting."""
    rows = await tx.fetch(
        f"""
        SELECT 'enrolment' AS kind, e.programme_id, {_TITLE} AS programme, e.id, o.name, o.name AS organisation,
            e.state, e.forbehold_open
        FROM enrolments e
        JOIN organisations o ON o.code = e.organisation_code JOIN programmes p ON p.id = e.programme_id
        WHERE e.id = $2 AND {_SEEN.format("e.")}
        UNION ALL
        SELECT 'programme', p.id, {_TITLE}, p.id, {_TITLE}, '', '', false FROM programmes p
        WHERE p.id = $2 AND ($1::text[] IS NULL OR p.id = ANY($1))
        UNION ALL
        SELECT 'meeting', m.programme_id, {_TITLE}, m.id, m.meeting ->> 'title', '', '', false
        FROM meetings m JOIN programmes p ON p.id = m.programme_id
        WHERE m.id = $2 AND {_SEEN.format("m.")}
        """,
        _listed(programme_ids),
        sought_id,
    )
    return Hits(tuple(map(_hit, rows)), len(rows))


async def load_programmes(tx: Tx, programme_ids: Collection[str] | None, words: Sequence[str], most: int) -> Hits:
    """By their titles."""
    rows = await tx.fetch(
        f"""
        SELECT 'programme' AS kind, p.id AS programme_id, {_TITLE} AS programme, p.id, {_TITLE} AS name,
            '' AS organisation, '' AS state, false AS forbehold_open, {_TOTAL}
        FROM programmes p WHERE {_WORDS.format(_TITLE)} AND ($1::text[] IS NULL OR p.id = ANY($1))
        ORDER BY {_TITLE}, p.id LIMIT $3
        """,
        _listed(programme_ids),
        query_of(words),
        most,
    )
    return _hits(rows)


async def load_organisations(
    tx: Tx, programme_ids: Collection[str] | None, code: str, words: Sequence[str], most: int
) -> Hits:
    """By code or name: each with its enrolments, or as one that has none; those that have some come first. Another
    programme's members are nobody's.
    """
    codes = await tx.fetch(
        f"""
        SELECT code FROM organisations
        WHERE code = $3 AND (member_of IS NULL OR $1::text[] IS NULL OR member_of = ANY($1))
        UNION
        SELECT code FROM organisations WHERE $2 <> '' AND {_WORDS.format("name")}
            AND (member_of IS NULL OR $1::text[] IS NULL OR member_of = ANY($1))
        LIMIT {_CANDIDATES}
        """,
        _listed(programme_ids),
        query_of(words),
        code,
    )
    rows = await tx.fetch(
        f"""
        SELECT {_ENROLMENT}, {_TOTAL} FROM organisations o
        LEFT JOIN (enrolments e JOIN programmes p ON p.id = e.programme_id)
            ON e.organisation_code = o.code AND e.organisation_code = ANY($2) AND {_SEEN.format("e.")}
        WHERE o.code = ANY($2)
        ORDER BY e.id IS NULL, o.sort_key, o.code, e.received_at DESC NULLS LAST, e.id LIMIT $3
        """,
        _listed(programme_ids),
        [row["code"] for row in codes],
        most,
    )
    return _hits(rows)


async def load_billed(tx: Tx, programme_ids: Collection[str] | None, number: str, most: int) -> Hits:
    """The enrolments that are billed by this CVR or EAN number, or whose organisation or one of its units has it."""
    whose = await tx.fetch(
        """
        SELECT code FROM organisations WHERE cvr = $1 UNION SELECT code FROM organisations WHERE ean = $1
        UNION SELECT organisation_code FROM organisation_units WHERE cvr = $1
        UNION SELECT organisation_code FROM organisation_units WHERE ean = $1
        """,
        number,
    )
    ids = await tx.fetch(
        f"""
        SELECT id FROM enrolments WHERE billing ->> 'ean' = $1
        UNION ALL SELECT id FROM enrolments WHERE billed_unit ->> 'cvr' = $1
        UNION ALL SELECT id FROM enrolments WHERE organisation_code = ANY($2) LIMIT {_CANDIDATES}
        """,
        number,
        [row["code"] for row in whose],
    )
    rows = await tx.fetch(
        f"""
        SELECT {_ENROLMENT}, {_TOTAL} FROM enrolments e
        JOIN organisations o ON o.code = e.organisation_code JOIN programmes p ON p.id = e.programme_id
        WHERE e.id = ANY($2) AND {_SEEN.format("e.")} ORDER BY o.sort_key, o.code, e.id LIMIT $3
        """,
        _listed(programme_ids),
        sorted({row["id"] for row in ids}),
        most,
    )
    return _hits(rows)


async def load_people(
    tx: Tx, programme_ids: Collection[str] | None, words: Sequence[str], email: str, most: int
) -> Hits:
    """By name, or by the whole address: whoever is the contact, on the team or at a meeting of an enrolment. Each
    enrolment is a hit of its own. Who was erased is nobody.
    """
    people = await tx.fetch(
        f"""
        SELECT person_id FROM people
        WHERE {"email_key = $1" if email else _WORDS.format("name").replace("$2", "$1")}
            AND email_key NOT LIKE '%@slettet.example' LIMIT {_CANDIDATES}
        """,
        email or query_of(words),
    )
    places = await tx.fetch(
        """
        SELECT id AS enrolment_id, contact ->> 'person_id' AS person_id FROM enrolments
        WHERE contact ->> 'person_id' = ANY($1)
        UNION SELECT enrolment_id, person_id FROM team_members WHERE person_id = ANY($1)
        UNION SELECT r.enrolment_id, s.person_id FROM seats s JOIN rosters r ON r.id = s.roster_id
        WHERE s.person_id = ANY($1)
        """,
        [row["person_id"] for row in people],
    )
    rows = await tx.fetch(
        f"""
        SELECT 'person' AS kind, e.programme_id, {_TITLE} AS programme, e.id, w.name, o.name AS organisation, e.state,
            e.forbehold_open, {_TOTAL}
        FROM unnest($2::text[], $3::text[]) AS place (enrolment_id, person_id)
        JOIN people w ON w.person_id = place.person_id AND w.person_id = ANY($3)
        JOIN enrolments e ON e.id = place.enrolment_id AND e.id = ANY($2)
        JOIN organisations o ON o.code = e.organisation_code JOIN programmes p ON p.id = e.programme_id
        WHERE {_SEEN.format("e.")} ORDER BY w.name, o.sort_key, e.id LIMIT $4
        """,
        _listed(programme_ids),
        [row["enrolment_id"] for row in places],
        [row["person_id"] for row in places],
        most,
    )
    return _hits(rows)


async def load_guests(
    tx: Tx, programme_ids: Collection[str] | None, words: Sequence[str], email: str, most: int
) -> Hits:
    """Of single meetings, as people are found."""
    by_email = bool(email)
    rows = await tx.fetch(
        f"""
        SELECT 'guest' AS kind, m.programme_id, {_TITLE} AS programme, m.id, guest_name AS name,
            m.meeting ->> 'title' AS organisation, '' AS state, false AS forbehold_open, {_TOTAL}
        FROM guests g JOIN meetings m ON m.id = g.meeting_id JOIN programmes p ON p.id = m.programme_id
        WHERE {"lower(guest_email) = $2" if by_email else _WORDS.format("guest_name")} AND {_SEEN.format("m.")}
        ORDER BY guest_name, m.id LIMIT $3
        """,
        _listed(programme_ids),
        email if by_email else query_of(words),
        most,
    )
    return _hits(rows)


async def load_forms(
    tx: Tx, programme_ids: Collection[str] | None, words: Sequence[str], email: str, most: int
) -> Hits:
    """That wait for staff, by who sent them, as people are found."""
    by_email = bool(email)
    rows = await tx.fetch(
        f"""
        SELECT 'form' AS kind, f.programme_id, {_TITLE} AS programme, f.id, command ->> 'contact_name' AS name,
            o.name AS organisation, '' AS state, false AS forbehold_open, {_TOTAL}
        FROM sign_ups f JOIN organisations o ON o.code = f.organisation_code JOIN programmes p ON p.id = f.programme_id
        WHERE {"contact_key = $2" if by_email else _WORDS.format("command ->> 'contact_name'")} AND {_WAITS}
            AND {_SEEN.format("f.")}
        ORDER BY number LIMIT $3
        """,
        _listed(programme_ids),
        email if by_email else query_of(words),
        most,
    )
    return _hits(rows)


def _listed(programme_ids: Collection[str] | None) -> list[str] | None:
    return None if programme_ids is None else sorted(programme_ids)


def _hits(rows: Sequence[Any]) -> Hits:
    return Hits(tuple(map(_hit, rows)), rows[0]["total"] if rows else 0)


def _hit(row: Any) -> Hit:
    return Hit(
        kind=row["kind"],
        programme_id=row["programme_id"],
        programme=row["programme"],
        id=row["id"],
        name=row["name"],
        organisation=row["organisation"],
        state=row["state"],
        forbehold_open=row["forbehold_open"],
    )
