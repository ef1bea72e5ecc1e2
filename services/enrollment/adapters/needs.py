"""What people need at meetings; and what stays of it: numbers."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from services.enrollment.domain.needs import Count, Needs
from shared.base.cause import Cause
from shared.storage.table import CAUSE, Table, cause_columns
from shared.storage.tx import Tx

_SAID = {
    "diet": "text[]",
    "diet_text": "text",
    "access": "text[]",
    "access_text": "text",
    "consent": "text",
    "consented_at": "timestamptz",
    "keep_days": "integer",
    "own": "boolean",
    **CAUSE,
}
_NEEDS = Table("needs", {"roster_id": "text", "person_id": "text", **_SAID}, key=("roster_id", "person_id"))
_OF_TEAMS = Table(
    "team_needs", {"enrolment_id": "text", "person_id": "text", **_SAID}, key=("enrolment_id", "person_id")
)
_OF_GUESTS = Table("guest_needs", {"guest_id": "text", **_SAID}, key=("guest_id",))
_COUNTS = Table(
    "needs_counts",
    {
        "meeting_id": "text",
        "part": "text",
        "choice": "text",
        "title": "text",
        "number_of": "integer",
        "place": "integer",
    },
    key=("meeting_id", "part", "choice"),
)
# Whether the meeting is for the team, as domain/team_meetings.py has it; and whether anybody comes.
_IS_FOR_TEAM = """
    m.programme_id = e.programme_id AND m.state <> 'cancelled' AND e.state = 'enrolled'
    AND coalesce(m.meeting -> 'roles', '[]') = '[]' AND (m.group_id IS NULL OR m.group_id = e.group_id)
    AND EXISTS (SELECT FROM jsonb_array_elements(e.agreed -> 'seats') AS seat
                WHERE seat ->> 'kind' = m.meeting ->> 'kind' AND seat ->> 'attendance' IN ('team', 'members'))
    AND (e.ad_hoc IS NOT TRUE OR EXISTS (SELECT FROM member_meetings c
                                         WHERE c.enrolment_id = e.id AND c.meeting_id = m.id))
"""
_ON_TEAMS = f"""
    SELECT t.enrolment_id, t.person_id FROM meetings m JOIN enrolments e ON {_IS_FOR_TEAM}
    JOIN team_members t ON t.enrolment_id = e.id WHERE m.id = $1
"""
_WHAT = "diet, diet_text, access, access_text"
_OF_TEAMS_AT = f"SELECT {_WHAT} FROM ({_ON_TEAMS}) AS invited JOIN team_needs USING (enrolment_id, person_id)"
_SAID_AT = f"""
    SELECT {_WHAT} FROM rosters JOIN needs ON needs.roster_id = rosters.id WHERE meeting_id = $1
    UNION ALL SELECT {_WHAT} FROM guests JOIN guest_needs USING (guest_id) WHERE meeting_id = $1
    UNION ALL {_OF_TEAMS_AT}
"""


_MARK = "needs"


def kept_mark(tx: Tx, needs: Needs | None, *key: str) -> str:
    """Of what is kept of one person (`key`: where, and who), or that nothing is: another one whenever it was said
    otherwise. Nobody reads out of it what it says. That nothing is kept has one mark of each person: whoever has that
    one knows whether something is kept by now, as they do from being told that it was changed.
    """
    saved = f"{needs.saved_in} {needs.consented_at.isoformat()}" if needs else ""
    return tx.links.sign(_MARK, " ".join([*key, saved])).rpartition(".")[2]


async def load(tx: Tx, roster_id: str, person_id: str) -> Needs | None:
    row = await tx.fetchrow("SELECT * FROM needs WHERE roster_id = $1 AND person_id = $2", roster_id, person_id)
    return None if row is None else _needs(row, person_id)


async def load_of_team(tx: Tx, enrolment_id: str, person_id: str) -> Needs | None:
    row = await tx.fetchrow(
        "SELECT * FROM team_needs WHERE enrolment_id = $1 AND person_id = $2", enrolment_id, person_id
    )
    return None if row is None else _needs(row, person_id)


async def load_of_guest(tx: Tx, guest_id: str) -> Needs | None:
    row = await tx.fetchrow("SELECT * FROM guest_needs WHERE guest_id = $1", guest_id)
    return None if row is None else _needs(row, guest_id)


async def save(tx: Tx, roster_id: str, needs: Needs, cause: Cause) -> None:
    """Of a locked roster."""
    await _NEEDS.upsert(tx, [{"roster_id": roster_id, "person_id": needs.person_id, **_said(needs, cause)}])


async def save_of_team(tx: Tx, enrolment_id: str, needs: Needs, cause: Cause) -> None:
    """Of a locked team."""
    await _OF_TEAMS.upsert(tx, [{"enrolment_id": enrolment_id, "person_id": needs.person_id, **_said(needs, cause)}])


async def save_of_guest(tx: Tx, needs: Needs, cause: Cause) -> None:
    """Of somebody at a locked meeting."""
    await _OF_GUESTS.upsert(tx, [{"guest_id": needs.person_id, **_said(needs, cause)}])


async def remove(tx: Tx, roster_id: str, person_id: str) -> None:
    await tx.execute("DELETE FROM needs WHERE roster_id = $1 AND person_id = $2", roster_id, person_id)


async def remove_of_team(tx: Tx, enrolment_id: str, person_id: str) -> None:
    await tx.execute("DELETE FROM team_needs WHERE enrolment_id = $1 AND person_id = $2", enrolment_id, person_id)


async def remove_of_guest(tx: Tx, guest_id: str) -> None:
    await tx.execute("DELETE FROM guest_needs WHERE guest_id = $1", guest_id)


async def remove_of_enrolments(tx: Tx, enrolment_ids: Iterable[str]) -> None:
    """What their teams have said."""
    await tx.execute("DELETE FROM team_needs WHERE enrolment_id = ANY($1)", sorted(enrolment_ids))


async def load_kept(tx: Tx, meeting_ids: Iterable[str]) -> dict[str, int]:
    """Of meetings at which somebody has said what they need, or whose programme has a team of whom somebody has: how
    many days after it that is kept at most.
    """
    rows = await tx.fetch(
        """
        WITH wanted AS MATERIALIZED (SELECT id, programme_id FROM meetings WHERE id = ANY($1)),
        kept AS (
            SELECT meeting_id, keep_days FROM rosters JOIN needs ON needs.roster_id = rosters.id
            WHERE meeting_id = ANY($1)
            UNION ALL SELECT meeting_id, keep_days FROM guests JOIN guest_needs USING (guest_id)
            WHERE meeting_id = ANY($1)
            UNION ALL SELECT wanted.id, by_teams.keep_days FROM wanted JOIN (
                SELECT e.programme_id, min(keep_days) AS keep_days
                FROM enrolments e JOIN team_needs n ON n.enrolment_id = e.id
                WHERE e.programme_id IN (SELECT programme_id FROM wanted) GROUP BY e.programme_id
            ) AS by_teams USING (programme_id)
        )
        SELECT meeting_id, min(keep_days) AS kept FROM kept GROUP BY meeting_id ORDER BY meeting_id
        """,
        sorted(set(meeting_ids)),
    )
    return {row["meeting_id"]: row["kept"] for row in rows}


async def load_kept_of_teams(tx: Tx, programme_id: str) -> int | None:
    """For how many days at most what any team of the programme has said is kept; None = nobody has said anything."""
    found: int | None = await tx.fetchval(
        """
        SELECT min(keep_days) FROM enrolments e JOIN team_needs n ON n.enrolment_id = e.id WHERE e.programme_id = $1
        """,
        programme_id,
    )
    return found


async def count_people(tx: Tx, meeting_id: str) -> dict[str, int]:
    """How many come, by how; how many of all of them have said anything, and of those who do so `by_team`."""
    row = await tx.fetchrow(
        f"""
        SELECT (SELECT count(*) FROM rosters JOIN seats ON seats.roster_id = rosters.id WHERE meeting_id = $1)
                   AS registered,
               (SELECT count(*) FROM ({_ON_TEAMS}) AS invited) AS team,
               (SELECT count(*) FROM guests WHERE meeting_id = $1) AS guests,
               (SELECT count(*) FROM ({_SAID_AT}) AS said) AS answered,
               (SELECT count(*) FROM ({_OF_TEAMS_AT}) AS said) AS by_team
        """,
        meeting_id,
    )
    return dict(row) if row is not None else {}


async def count_chosen(tx: Tx, meeting_id: str) -> dict[tuple[str, str], int]:
    """By part and choice."""
    rows = await tx.fetch(
        f"""
        WITH said AS ({_SAID_AT})
        SELECT part, choice, count(*) AS number_of FROM (
            SELECT 'diet' AS part, unnest(diet) AS choice FROM said UNION ALL SELECT 'access', unnest(access) FROM said
        ) AS chosen GROUP BY part, choice
        """,
        meeting_id,
    )
    return {(row["part"], row["choice"]): row["number_of"] for row in rows}


async def load_texts(tx: Tx, meeting_id: str) -> list[Count]:
    """What was written, and by how many; by nobody's name."""
    rows = await tx.fetch(
        f"""
        WITH said AS ({_SAID_AT})
        SELECT part, written, count(*) AS number_of FROM (
            SELECT 'diet' AS part, diet_text AS written FROM said UNION ALL SELECT 'access', access_text FROM said
        ) AS texts WHERE written <> '' GROUP BY part, written
        """,
        meeting_id,
    )
    return [Count(row["part"], "", "", row["number_of"], row["written"]) for row in rows]


async def load_counts(tx: Tx, meeting_id: str) -> list[Count]:
    """What has stayed of a meeting whose needs are forgotten."""
    rows = await tx.fetch("SELECT * FROM needs_counts WHERE meeting_id = $1 ORDER BY place", meeting_id)
    return [Count(row["part"], row["choice"], row["title"], row["number_of"]) for row in rows]


async def save_counts(tx: Tx, meeting_id: str, counts: Sequence[Count]) -> None:
    """Instead of those there are."""
    await tx.execute("DELETE FROM needs_counts WHERE meeting_id = $1", meeting_id)
    rows: list[dict[str, Any]] = [
        {
            "meeting_id": meeting_id,
            "part": one.part,
            "choice": one.choice,
            "title": one.title,
            "number_of": one.number_of,
            "place": place,
        }
        for place, one in enumerate(counts)
    ]
    await _COUNTS.insert(tx, rows)


async def load_counted(tx: Tx, meeting_ids: Iterable[str]) -> set[str]:
    """Those of whom numbers have stayed."""
    rows = await tx.fetch(
        "SELECT DISTINCT meeting_id FROM needs_counts WHERE meeting_id = ANY($1)", sorted(set(meeting_ids))
    )
    return {row["meeting_id"] for row in rows}


async def remove_counts(tx: Tx, meeting_ids: Iterable[str]) -> None:
    await tx.execute("DELETE FROM needs_counts WHERE meeting_id = ANY($1)", sorted(meeting_ids))


async def forget(tx: Tx, meeting_id: str, most: int) -> int:
    """How many people's needs at the one meeting are gone: of those who are registered, and of guests."""
    gone = await tx.execute(
        """
        DELETE FROM needs WHERE (roster_id, person_id) IN (
            SELECT roster_id, person_id FROM rosters JOIN needs ON needs.roster_id = rosters.id WHERE meeting_id = $1
            ORDER BY roster_id, person_id LIMIT $2
        )
        """,
        meeting_id,
        most,
    )
    of_guests = await tx.execute(
        """
        DELETE FROM guest_needs WHERE guest_id IN (
            SELECT guest_id FROM guests JOIN guest_needs USING (guest_id) WHERE meeting_id = $1
            ORDER BY guest_id LIMIT $2
        )
        """,
        meeting_id,
        most - _number(gone),
    )
    return _number(gone) + _number(of_guests)


async def forget_of_teams(tx: Tx, programme_id: str, kept_from: date, most: int) -> int:
    """How many people's needs are gone whose team is invited to no meeting of that last day or later."""
    gone = await tx.execute(
        f"""
        DELETE FROM team_needs WHERE (enrolment_id, person_id) IN (
            SELECT n.enrolment_id, n.person_id FROM enrolments e JOIN team_needs n ON n.enrolment_id = e.id
            WHERE e.programme_id = $1 AND NOT EXISTS (
                SELECT FROM meetings m WHERE m.programme_id = $1 AND {_IS_FOR_TEAM}
                AND coalesce((m.meeting #>> '{{when,last_day}}')::date, m.first_day) >= $2
            ) ORDER BY n.enrolment_id, n.person_id LIMIT $3
        )
        """,
        programme_id,
        kept_from,
        most,
    )
    return _number(gone)


def _number(tag: str) -> int:
    return int(tag.rpartition(" ")[2])


def _said(needs: Needs, cause: Cause) -> dict[str, Any]:
    return {
        "diet": json.dumps(needs.diet),
        "diet_text": needs.diet_text,
        "access": json.dumps(needs.access),
        "access_text": needs.access_text,
        "consent": needs.consent,
        "consented_at": needs.consented_at,
        "keep_days": needs.keep_days,
        "own": needs.own,
        **cause_columns(cause),
    }


def _needs(row: Any, person_id: str) -> Needs:
    return Needs(
        person_id=person_id,
        diet=tuple(row["diet"]),
        diet_text=row["diet_text"],
        access=tuple(row["access"]),
        access_text=row["access_text"],
        consent=row["consent"],
        keep_days=row["keep_days"],
        consented_at=row["consented_at"],
        # The version before, beside this one, says it by the actor alone.
        own=row["own"] or row["actor"] == f"person/{person_id}",
        saved_in=row["correlation_id"],
    )
