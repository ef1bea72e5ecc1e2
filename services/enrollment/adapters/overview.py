"""A programme's enrolments as staff look for them: counted, filtered, and in the order that they are sorted by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal

from services.enrollment.domain.overview import Link, MayLack
from services.enrollment.domain.status import State
from shared.base.listing import Page, Placed
from shared.storage.order import Order
from shared.storage.tx import Tx

Sort = Literal["name", "received", "state", "invited", "opened"]

# A value of each row, and no join: that would read all invitations there are.
_INVITED_AT = "(SELECT min(i.invited_at) FROM invitations i WHERE i.enrolment_id = e.id)"
_OPENED_AT = "(SELECT min(i.opened_at) FROM invitations i WHERE i.enrolment_id = e.id)"
_BY_NAME = Order({"o.sort_key": "text", "o.code": "text"})
_ORDERS: Mapping[Sort, Order] = {
    "name": _BY_NAME,
    "received": Order({"coalesce(e.received_at, 'infinity')": "timestamptz", "e.id": "text"}),
    "invited": Order({f"coalesce({_INVITED_AT}, 'infinity')": "timestamptz", "e.id": "text"}),
    "opened": Order({f"coalesce({_OPENED_AT}, 'infinity')": "timestamptz", "e.id": "text"}),
    "state": Order(
        {
            """CASE e.state WHEN 'enrolled' THEN 1 WHEN 'waitlisted' THEN 2 WHEN 'invited' THEN 3 WHEN 'received' THEN 3
                WHEN 'declined' THEN 4 WHEN 'withdrawn' THEN 5 WHEN 'not_approved' THEN 6 ELSE 7 END""": "integer",
            "o.sort_key": "text",
            "o.code": "text",
        }
    ),
}
# Whose invoices may lack something, by the domain's `missing` but for check digits: no stored number is wrong in them.
_BILLING = """(
    coalesce(e.billing #>> '{address,street}', '') = '' OR coalesce(e.billing #>> '{address,postcode}', '') = ''
    OR coalesce(e.billing #>> '{address,city}', '') = '' OR e.billing #>> '{address,country}' !~ '^[A-Z]{2}$'
    OR coalesce(e.billing ->> 'ean', e.billing ->> 'p_number', o.cvr, '') = ''
    OR coalesce(e.billing ->> 'order_reference', e.billing ->> 'person_reference', e.contact ->> 'name', '') = ''
    OR coalesce(jsonb_array_length(e.billing -> 'demands'), 0) > 0
)"""
_UNNAMED = """EXISTS (
    SELECT FROM unnest($7::text[], $8::text[]) AS next (group_id, meeting_id)
    WHERE next.group_id = coalesce(e.group_id, '') AND NOT EXISTS (
        SELECT FROM rosters r JOIN seats s ON s.roster_id = r.id
        WHERE r.enrolment_id = e.id AND r.meeting_id = next.meeting_id
    )
)"""
_SHORT = "(coalesce((SELECT t.size FROM teams t WHERE t.enrolment_id = e.id), 0) < $9 AND e.ad_hoc IS NOT TRUE)"
_SILENT = "e.state IN ('invited', 'received')"
_LINKS: Mapping[Link, str] = {
    "inviteret": f"{_INVITED_AT} IS NOT NULL",
    "ikke-aabnet": f"{_SILENT} AND {_INVITED_AT} IS NOT NULL AND {_OPENED_AT} IS NULL",
    "aabnet": f"{_SILENT} AND {_OPENED_AT} IS NOT NULL",
}
_NO_MAILBOX = "(e.ad_hoc IS NOT NULL AND e.contact IS NULL)"


async def load_ids(
    tx: Tx,
    page: Page,
    programme_id: str,
    *,
    sort: Sort,
    states: Sequence[State] | None = None,
    forbehold: bool | None = None,
    named: str | None = None,
    lacking: MayLack | None = None,
    link: Link | None = None,
) -> list[Placed[str]]:
    """Of the enrolments of a programme. `named` is a part of the organisation's sort key; `lacking` leaves out those
    that surely lack nothing. None = any.
    """
    order, more, given = _ORDERS[sort], f"AND {_LINKS[link]}" if link else "", []
    if lacking is not None:
        more += f""" AND e.state = 'enrolled'
            AND ({_UNNAMED} OR {_SHORT} OR {_NO_MAILBOX} OR {_BILLING if lacking.billed else "false"})"""
        given = [list(lacking.meetings), list(lacking.meetings.values()), lacking.minimum]
    rows = await tx.fetch(
        f"""
        SELECT e.id, {order.place} FROM enrolments e JOIN organisations o ON o.code = e.organisation_code
        WHERE e.programme_id = $1 AND {order.after(2)} AND ($4::text[] IS NULL OR e.state = ANY($4))
          AND ($5::boolean IS NULL OR e.forbehold_open = $5)
          AND ($6::text IS NULL OR position($6 IN o.sort_key) > 0) {more}
        ORDER BY {order.by} LIMIT $3
        """,
        programme_id,
        page.after,
        page.wanted,
        None if states is None else list(states),
        forbehold,
        named,
        *given,
    )
    return [(row["stands_at"], row["id"]) for row in rows]


async def count_standings(tx: Tx, programme_id: str) -> dict[tuple[State, bool], int]:
    """By state and whether a forbehold is open."""
    rows = await tx.fetch(
        """
        SELECT state, forbehold_open, count(*) AS number FROM enrolments WHERE programme_id = $1
        GROUP BY state, forbehold_open
        """,
        programme_id,
    )
    return {(row["state"], row["forbehold_open"]): row["number"] for row in rows}


async def load_registered(
    tx: Tx, enrolment_ids: Sequence[str], meeting_ids: Sequence[str]
) -> dict[tuple[str, str], int]:
    """How many are registered, by enrolment and meeting; of those with anybody."""
    rows = await tx.fetch(
        """
        SELECT r.enrolment_id, r.meeting_id, count(*) AS number FROM rosters r JOIN seats s ON s.roster_id = r.id
        WHERE r.enrolment_id = ANY($1) AND r.meeting_id = ANY($2) GROUP BY r.enrolment_id, r.meeting_id
        """,
        list(enrolment_ids),
        list(meeting_ids),
    )
    return {(row["enrolment_id"], row["meeting_id"]): row["number"] for row in rows}


async def load_beginning(tx: Tx, programme_id: str) -> tuple[datetime | None, datetime | None]:
    """When it was published first, and when somebody was invited to it first; None = not yet."""
    row = await tx.fetchrow(
        """
        SELECT (SELECT min(published_at) FROM programme_versions WHERE programme_id = $1) AS published_at,
            (SELECT min(started_at) FROM invitation_rounds WHERE programme_id = $1) AS invited_at
        """,
        programme_id,
    )
    return (None, None) if row is None else (row["published_at"], row["invited_at"])


async def load_attending(
    tx: Tx, page: Page, programme_id: str, *, meeting_id: str, group: str | None = None, nobody: bool | None = None
) -> list[Placed[str]]:
    """The enrolments that have a place and belong to the group (None = any), in Danish order of the organisations;
    `nobody`: only those that have registered nobody for the meeting.
    """
    rows = await tx.fetch(
        f"""
        SELECT e.id, {_BY_NAME.place} FROM enrolments e JOIN organisations o ON o.code = e.organisation_code
        WHERE e.programme_id = $1 AND e.state = 'enrolled' AND {_BY_NAME.after(2)}
          AND ($4::text IS NULL OR e.group_id = $4)
          AND ($6::boolean IS NULL OR NOT EXISTS (
              SELECT FROM rosters r JOIN seats s ON s.roster_id = r.id
              WHERE r.enrolment_id = e.id AND r.meeting_id = $5
          ))
        ORDER BY {_BY_NAME.by} LIMIT $3
        """,
        programme_id,
        page.after,
        page.wanted,
        group,
        meeting_id,
        nobody,
    )
    return [(row["stands_at"], row["id"]) for row in rows]


async def load_seats(tx: Tx, enrolment_ids: Sequence[str], meeting_id: str) -> dict[str, tuple[int, int]]:
    """How many are registered for a meeting, and how many of them stay extra; of those with anybody."""
    rows = await tx.fetch(
        """
        SELECT r.enrolment_id, count(*) AS number, count(*) FILTER (WHERE s.stays_extra) AS extra
        FROM rosters r JOIN seats s ON s.roster_id = r.id
        WHERE r.enrolment_id = ANY($1) AND r.meeting_id = $2 GROUP BY r.enrolment_id
        """,
        list(enrolment_ids),
        meeting_id,
    )
    return {row["enrolment_id"]: (row["number"], row["extra"]) for row in rows}


async def count_seats(tx: Tx, meeting_id: str) -> int:
    found: int = await tx.fetchval(
        "SELECT count(*) FROM rosters r JOIN seats s ON s.roster_id = r.id WHERE r.meeting_id = $1", meeting_id
    )
    return found
