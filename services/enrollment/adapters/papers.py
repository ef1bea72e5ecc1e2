"""What a public archive is handed of a programme, list by list; nothing of what anybody needs to eat or to get in."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shared.base.listing import Page, Placed
from shared.storage.order import Order
from shared.storage.tx import Tx

_ORGANISATION = "o.code AS organisation_code, o.name AS organisation_name"
_NAMED = "coalesce({0}.written_name, p.name) AS name, coalesce({0}.written_email, p.email) AS email"

# A version before this one keeps none of those that it publishes: the newest is known all the same.
_VERSIONS = """
    SELECT version, published_at, actor, yaml, terms FROM programme_versions WHERE programme_id = $1
    UNION ALL
    SELECT version, published_at, CASE WHEN state = 'open' THEN actor END, NULL, terms FROM programmes p
    WHERE id = $1 AND NOT EXISTS (
        SELECT FROM programme_versions w WHERE w.programme_id = p.id AND w.version = p.version
    )
"""


@dataclass(frozen=True, slots=True)
class Paper:
    """`select` names what stands in it, of the programme `$1`, without its order; `json` are columns with JSON text."""

    select: str
    order: Order
    source: str
    json: Sequence[str] = ()

    @property
    def sql(self) -> str:
        return (
            f"SELECT {self.select}, {self.order.place} {self.source} AND {self.order.after(2)} "
            f"ORDER BY {self.order.by} LIMIT $3"
        )


PAPERS: Mapping[str, Paper] = {
    "programme": Paper(
        "v.id, v.version, v.terms #>> '{ref,title}' AS title, v.terms #>> '{ref,seller,name}' AS organiser,"
        " v.terms #>> '{ref,seller,cvr}' AS organiser_cvr, v.taken AS places_taken, v.cancelled_at,"
        " v.cancelled_because, v.merged_groups::text AS merged_groups",
        Order({"v.id": "text"}),
        "FROM programmes v WHERE v.id = $1",
        json=("merged_groups",),
    ),
    "versions": Paper(
        "v.version, v.published_at, v.actor AS by, v.yaml IS NOT NULL AS file_kept",
        Order({"v.version": "integer"}),
        f"FROM ({_VERSIONS}) v WHERE true",
    ),
    "invitations": Paper(
        f"{_ORGANISATION}, i.round_id, i.invited_at, i.reminded_at",
        Order({"i.round_id": "text", "i.enrolment_id": "text"}),
        "FROM invitations i JOIN enrolments e ON e.id = i.enrolment_id"
        " JOIN organisations o ON o.code = e.organisation_code WHERE i.programme_id = $1",
    ),
    "answers": Paper(
        f"{_ORGANISATION}, a.key AS question, CASE WHEN e.asked ->> 'number' = e.number::text"
        " THEN e.asked -> 'words' ->> a.key END AS asked, a.value AS answer",
        Order({"e.id": "text", "a.key": "text"}),
        "FROM enrolments e JOIN organisations o ON o.code = e.organisation_code,"
        " LATERAL jsonb_each_text(e.answers) a WHERE e.programme_id = $1",
    ),
    "decisions": Paper(
        f"{_ORGANISATION}, h.stood AS state, h.forbehold_was AS forbehold, h.group_was AS group,"
        " h.decided_at, h.actor AS by",
        Order({"h.id": "bigint"}),
        "FROM enrolments e JOIN enrolment_history h ON h.enrolment_id = e.id"
        " JOIN organisations o ON o.code = e.organisation_code WHERE e.programme_id = $1",
    ),
    "contacts": Paper(
        f"{_ORGANISATION}, h.role_id AS role, h.holder ->> 'name' AS name, h.holder ->> 'email' AS email,"
        " h.held_from, h.held_until, h.because AS reason, h.actor AS by",
        Order({"h.enrolment_id": "text", "h.role_id": "text", "h.turn": "integer"}),
        "FROM enrolments e JOIN contact_history h ON h.enrolment_id = e.id"
        " JOIN organisations o ON o.code = e.organisation_code WHERE e.programme_id = $1",
    ),
    "seats": Paper(
        f"{_ORGANISATION}, m.meeting ->> 'title' AS meeting, m.first_day, {_NAMED.format('s')}, s.level,"
        " s.registered_at, s.walked_in, s.actor AS by",
        Order({"s.roster_id": "text", "s.number": "integer"}),
        "FROM enrolments e JOIN rosters r ON r.enrolment_id = e.id JOIN seats s ON s.roster_id = r.id"
        " JOIN people p ON p.person_id = s.person_id JOIN meetings m ON m.id = r.meeting_id"
        " JOIN organisations o ON o.code = e.organisation_code WHERE e.programme_id = $1",
    ),
    "teams": Paper(
        f"{_ORGANISATION}, {_NAMED.format('t')}, t.named_at, t.actor AS by",
        Order({"t.enrolment_id": "text", "t.number": "integer"}),
        "FROM enrolments e JOIN team_members t ON t.enrolment_id = e.id JOIN people p ON p.person_id = t.person_id"
        " JOIN organisations o ON o.code = e.organisation_code WHERE e.programme_id = $1",
    ),
    "moves": Paper(
        f"{_ORGANISATION}, g.meeting ->> 'title' AS meeting, m.move, m.seat_number,"
        " coalesce(m.written_name, p.name) AS name, m.moved_at, m.still_billed, m.actor AS by",
        Order({"m.id": "bigint"}),
        """
        FROM (
            SELECT id AS list_id, id AS enrolment_id, NULL AS meeting_id FROM enrolments WHERE programme_id = $1
            UNION ALL
            SELECT r.id, r.enrolment_id, r.meeting_id FROM rosters r JOIN enrolments ON enrolments.id = r.enrolment_id
            WHERE programme_id = $1
        ) list JOIN seat_moves m ON m.list_id = list.list_id JOIN people p ON p.person_id = m.person_id
        JOIN enrolments e ON e.id = list.enrolment_id JOIN organisations o ON o.code = e.organisation_code
        LEFT JOIN meetings g ON g.id = list.meeting_id WHERE true
        """,
    ),
    "guests": Paper(
        "m.meeting ->> 'title' AS meeting, m.first_day, g.guest_name AS name, g.guest_email AS email, g.track,"
        " g.invited_at, g.actor AS by",
        Order({"g.meeting_id": "text", "g.guest_id": "text"}),
        "FROM meetings m JOIN guests g ON g.meeting_id = m.id WHERE m.programme_id = $1",
    ),
    "options": Paper(
        f"{_ORGANISATION}, q.title, q.text, q.includes, q.round, q.state AS order, q.price_ore, q.vat_percent,"
        " q.good_until, q.agreed_at, q.delivered_on, q.actor AS by",
        Order({"q.enrolment_id": "text", "q.option_id": "text", "q.round": "integer"}),
        "FROM option_orders q JOIN enrolments e ON e.id = q.enrolment_id"
        " JOIN organisations o ON o.code = e.organisation_code WHERE q.programme_id = $1",
    ),
}
"""By name. Those of the enrolments themselves: `enrolments.load_page`."""


async def load_page(tx: Tx, page: Page, programme_id: str) -> list[Placed[dict[str, Any]]]:
    """A page of the paper that it is called by; the columns by their names."""
    paper = PAPERS[page.of]
    rows = await tx.fetch(paper.sql, programme_id, page.after, page.wanted)
    return [(row["stands_at"], _row(row, paper.json)) for row in rows]


async def load_file(tx: Tx, programme_id: str, version: int) -> tuple[str | None, str] | None:
    """The text of the file as it was published (None = it was not kept), and the terms as JSON."""
    row = await tx.fetchrow(
        f"SELECT yaml, terms::text AS terms FROM ({_VERSIONS}) v WHERE version = $2",
        programme_id,
        version,
    )
    return None if row is None else (row["yaml"], row["terms"])


def _row(row: Any, texts: Sequence[str]) -> dict[str, Any]:
    found = {name: value for name, value in row.items() if name != "stands_at"}
    return {**found, **{name: json.loads(found[name]) for name in texts}}
