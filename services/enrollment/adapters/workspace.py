"""What waits for the organiser's people in the programmes that go on: a few of each kind, and how many there are.

Every statement names its programmes, and finds what is theirs by an index.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import date
from typing import Any

from services.enrollment.adapters.enrolments import HELD_IS_OURS, IS_OURS
from services.enrollment.domain.status import ANSWERED
from services.enrollment.domain.waiting_list import Waiting
from services.enrollment.domain.workspace import Counts, Current, Found, One
from shared.contracts.time import day_of
from shared.storage.tx import Tx

# The terms are unpacked once for each programme, whatever is asked of them.
_CURRENT = """
    SELECT p.id, p.published_at, p.taken, ref ->> 'title' AS title, coalesce(t.starts, '') AS starts,
        coalesce(t.ends, '') AS ends, (t.terms ->> 'deadline')::date AS deadline,
        CASE WHEN p.hard_capacity IS NOT NULL
             THEN least(p.hard_capacity, (enrolment #>> '{capacity,hard}')::integer) END AS places,
        (enrolment #>> '{capacity,usual}')::integer AS usual, coalesce(enrolment #>> '{forbehold,holds}', 'always')
            AS holds, (enrolment #>> '{forbehold,until}')::date AS until,
        coalesce(jsonb_array_length(t.terms -> 'options'), 0) > 0 AS has_options,
        coalesce(jsonb_array_length(t.terms -> 'fees'), 0) > 0
            OR jsonb_path_exists(t.terms, '$.seats[*].extra ? (@ != null)') AS has_fees,
        m.next_day, m.last_day, m.undated
    FROM programmes p
    CROSS JOIN LATERAL jsonb_to_record(p.terms)
        AS t (ref jsonb, terms jsonb, enrolment jsonb, starts text, ends text)
    CROSS JOIN LATERAL (
        SELECT min(first_day) FILTER (WHERE state = 'scheduled' AND first_day >= $2) AS next_day,
            max(coalesce((meeting #>> '{when,last_day}')::date, first_day)) AS last_day,
            count(*) FILTER (WHERE state = 'planned') AS undated
        FROM meetings WHERE programme_id = p.id AND state <> 'cancelled'
    ) m
    WHERE p.state = 'open' AND ($1::text[] IS NULL OR p.id = ANY($1))
    ORDER BY p.id
"""
_WAITS_FOR_STAFF = "shown_at IS NOT NULL AND confirmed_at IS NULL AND dismissed_at IS NULL"
_OF_ALL = "count(*) OVER () AS total, count(*) OVER (PARTITION BY programme_id) AS there"


async def load_current(tx: Tx, programme_ids: Collection[str] | None) -> list[Current]:
    """Those of these programmes that are not called off, whether they have ended or not; None = of all there are."""
    rows = await tx.fetch(_CURRENT, None if programme_ids is None else sorted(programme_ids), day_of(tx.now))
    return [_current(row) for row in rows]


async def load_forms(tx: Tx, programme_ids: Collection[str], most: int) -> Found:
    """Those that wait for staff to say who their contact is, the one that came first at first; `since`: it came in."""
    rows = await tx.fetch(
        f"""
        SELECT first.*, name FROM (
            SELECT programme_id, id, organisation_code, received_at AS since, number, {_OF_ALL} FROM sign_ups
            WHERE programme_id = ANY($1) AND {_WAITS_FOR_STAFF} ORDER BY number LIMIT $2
        ) first JOIN organisations ON code = organisation_code ORDER BY number
        """,
        sorted(programme_ids),
        most,
    )
    return _found(rows, lambda row: {"since": row["since"]})


async def load_forbehold(tx: Tx, programmes: Collection[Current], by: date, most: int) -> Found:
    """The open ones that are expected to be answered up to that day (`day`), or lapse when it is over (`until`)."""
    known = sorted(programmes, key=lambda one: one.id)
    rows = await tx.fetch(
        f"""
        SELECT first.*, name FROM (
            SELECT *, {_OF_ALL} FROM (
                SELECT e.programme_id, e.id, organisation_code,
                    CASE WHEN {IS_OURS} THEN expected_on END AS expected,
                    CASE WHEN p.always OR state <> 'enrolled'
                            OR ({HELD_IS_OURS} AND forbehold_held ->> 'until' IS NULL) THEN NULL
                         WHEN {HELD_IS_OURS} THEN greatest((forbehold_held ->> 'until')::date, p.until)
                         ELSE p.until END AS lapses
                FROM unnest($1::text[], $2::boolean[], $3::date[]) AS p (programme_id, always, until)
                JOIN enrolments e ON e.programme_id = p.programme_id
                WHERE e.programme_id = ANY($1) AND state IN ('enrolled', 'waitlisted') AND forbehold_open
            ) waiting WHERE least(expected, lapses) <= $4
            ORDER BY least(expected, lapses), id LIMIT $5
        ) first JOIN organisations ON code = organisation_code ORDER BY least(expected, lapses), id
        """,
        [one.id for one in known],
        [one.holds_always for one in known],
        [one.holds_until for one in known],
        by,
        most,
    )
    return _found(rows, lambda row: {"day": row["expected"], "until": row["lapses"]})


async def load_short_teams(tx: Tx, programme_ids: Collection[str], most: int) -> Found:
    """Fewer are named than was agreed, the one that lacks most at first; `count`: so many are, of at least so many.

    A member that may come to no meeting, or is written to nowhere, is none of them.
    """
    rows = await tx.fetch(
        f"""
        SELECT first.*, name FROM (
            SELECT *, {_OF_ALL} FROM (
                SELECT programme_id, id, organisation_code, enrolled_at AS since, ad_hoc IS NOT NULL AS is_member,
                    coalesce(size, 0) AS size, (
                        SELECT max((term ->> 'minimum')::integer) FROM jsonb_array_elements(agreed -> 'seats') AS term
                        WHERE term ->> 'attendance' IN ('team', 'members')
                    ) AS minimum
                FROM enrolments LEFT JOIN teams ON enrolment_id = id
                WHERE programme_id = ANY($1) AND state = 'enrolled' AND ad_hoc IS NOT TRUE AND contact IS NOT NULL
                    AND (agreed @> '{{"seats": [{{"attendance": "team"}}]}}'
                         OR agreed @> '{{"seats": [{{"attendance": "members"}}]}}')
            ) teams WHERE minimum > size ORDER BY minimum - size DESC, since, id LIMIT $2
        ) first JOIN organisations ON code = organisation_code ORDER BY minimum - size DESC, since, id
        """,
        sorted(programme_ids),
        most,
    )
    return _found(
        rows,
        lambda row: {
            "since": row["since"],
            "count": (row["size"], row["minimum"]),
            "is_member": row["is_member"],
        },
    )


async def load_without_mailbox(tx: Tx, programme_ids: Collection[str], most: int) -> Found:
    """Members that nobody knows where to write to; `since`: they have their place."""
    rows = await tx.fetch(
        f"""
        SELECT first.*, name FROM (
            SELECT programme_id, id, organisation_code, enrolled_at AS since, {_OF_ALL} FROM enrolments
            WHERE programme_id = ANY($1) AND ad_hoc IS NOT NULL AND state = 'enrolled' AND contact IS NULL
            ORDER BY enrolled_at, id LIMIT $2
        ) first JOIN organisations ON code = organisation_code ORDER BY since, id
        """,
        sorted(programme_ids),
        most,
    )
    return _found(rows, lambda row: {"since": row["since"], "is_member": True})


def _check_digit(weights: Sequence[int], column: str) -> str:
    return " + ".join(
        f"{weight} * substr({column}, {place}, 1)::integer" for place, weight in enumerate(weights, start=1)
    )


_GLN = (
    f"CASE WHEN said.ean ~ '^[0-9]{{13}}$' THEN ({_check_digit((1, 3) * 6 + (1,), 'said.ean')}) % 10 = 0 ELSE false END"
)
_CVR = f"""CASE WHEN said.cvr ~ '^[1-9][0-9]{{7}}$' THEN ({_check_digit((2, 7, 6, 5, 4, 3, 2, 1), "said.cvr")}) % 11 = 0
           ELSE false END"""
# As `domain.billing.missing`; a test compares them.
_LACKS = f"""
    (CASE WHEN said.ean <> '' THEN NOT {_GLN} WHEN wants ? 'gln' THEN true
          WHEN said.p_number <> '' THEN said.p_number !~ '^[1-9][0-9]{{9}}$' ELSE said.cvr = '' END)
    OR (said.cvr <> '' AND NOT {_CVR})
    OR coalesce(btrim(b #>> '{{address,street}}'), '') = '' OR coalesce(btrim(b #>> '{{address,postcode}}'), '') = ''
    OR coalesce(btrim(b #>> '{{address,city}}'), '') = ''
    OR coalesce(b #>> '{{address,country}}', 'DK') !~ '^[A-Z]{{2}}$'
    OR (wants ? 'order' AND by_order = '') OR (wants ? 'person' AND by_person = '')
    OR (NOT wants ?| ARRAY['order', 'person'] AND by_order = '' AND by_person = '' AND contact_name = '')
    OR (wants ? 'account_string' AND coalesce(b ->> 'account_string', '') = '')
    OR (wants ? 'contact' AND contact_name = '')
"""


async def load_without_billing(tx: Tx, programmes: Collection[Current], most: int) -> Found:
    """Who has signed up, may come to owe something, and could not be sent an invoice; `since`: it came in."""
    rows = await tx.fetch(
        f"""
        SELECT programme_id, id, name, since, {_OF_ALL} FROM (
            SELECT e.programme_id, e.id, o.name, e.received_at AS since
            FROM enrolments e JOIN organisations o ON o.code = e.organisation_code
            CROSS JOIN LATERAL (
                SELECT billing AS b, coalesce(billing -> 'demands', '[]') AS wants,
                    coalesce(billing ->> 'ean', '') AS ean, coalesce(billing ->> 'p_number', '') AS p_number,
                    coalesce(CASE WHEN {IS_OURS} AND billed_unit IS NOT NULL THEN billed_unit ->> 'cvr'
                                  ELSE billing ->> 'cvr' END, o.cvr, '') AS cvr,
                    coalesce(billing ->> 'order_reference', '') AS by_order,
                    coalesce(billing ->> 'person_reference', '') AS by_person,
                    btrim(coalesce(contact ->> 'name', '')) AS contact_name
            ) said
            WHERE e.programme_id = ANY($1) AND state IN ('enrolled', 'waitlisted') AND (
                e.programme_id = ANY($3) OR CASE WHEN state = 'waitlisted' THEN e.programme_id = ANY($4)
                ELSE coalesce(agreed -> 'fees', '[]') <> '[]' OR agreed @? '$.seats[*].extra ? (@ != null)' END)
                AND ({_LACKS})
        ) billed ORDER BY since, id LIMIT $2
        """,
        sorted(one.id for one in programmes),
        most,
        sorted(one.id for one in programmes if one.has_options),
        sorted(one.id for one in programmes if one.costs),
    )
    return _found(rows, lambda row: {"since": row["since"]})


async def count_enrolments(tx: Tx, programme_ids: Collection[str]) -> dict[str, Counts]:
    """By programme, of those that anybody waits in, or has an open forbehold in."""
    rows = await tx.fetch(
        """
        SELECT programme_id, count(*) FILTER (WHERE state = 'waitlisted') AS waiting,
            count(*) FILTER (WHERE state = 'waitlisted' AND forbehold_open) AS waiting_with_forbehold,
            count(*) FILTER (WHERE forbehold_open) AS with_forbehold
        FROM enrolments WHERE programme_id = ANY($1) AND state IN ('waitlisted', 'enrolled')
            AND (state = 'waitlisted' OR forbehold_open)
        GROUP BY programme_id
        """,
        sorted(programme_ids),
    )
    return {
        row["programme_id"]: Counts(Waiting(row["waiting"], row["waiting_with_forbehold"]), row["with_forbehold"])
        for row in rows
    }


async def count_silent(tx: Tx, programme_ids: Collection[str]) -> dict[str, int]:
    """How many were invited and have not answered, by programme; those that all have answered in are none of them."""
    rows = await tx.fetch(
        """
        SELECT programme_id, count(*) AS silent FROM enrolments
        WHERE programme_id = ANY($1) AND state <> ALL($2)
            AND EXISTS (SELECT FROM invitations WHERE enrolment_id = enrolments.id)
        GROUP BY programme_id
        """,
        sorted(programme_ids),
        sorted(ANSWERED),
    )
    return {row["programme_id"]: row["silent"] for row in rows}


def _found(rows: Sequence[Any], more: Callable[[Any], dict[str, Any]]) -> Found:
    named = tuple(
        One(programme_id=row["programme_id"], id=row["id"], organisation=row["name"], there=row["there"], **more(row))
        for row in rows
    )
    return Found(named, rows[0]["total"] if rows else 0)


def _current(row: Any) -> Current:
    return Current(
        id=row["id"],
        title=row["title"],
        published_on=day_of(row["published_at"]),
        starts=row["starts"],
        ends=row["ends"],
        deadline=row["deadline"],
        next_meeting=row["next_day"],
        last_meeting=row["last_day"],
        undated=row["undated"],
        taken=row["taken"],
        places=row["places"],
        usual=row["usual"],
        holds_always=row["holds"] == "always",
        holds_until=row["until"] if row["holds"] == "until" else None,
        costs=row["has_fees"] or row["has_options"],
        has_options=row["has_options"],
    )
