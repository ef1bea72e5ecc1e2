"""Enrolments: one organisation in one programme."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from pydantic import TypeAdapter

from services.enrollment.domain.enrolment import BEFORE, Agreed, Enrolment, Forbehold, Held, Late
from services.enrollment.domain.programme import Programme, holds_until
from services.enrollment.domain.waiting_list import Position, Waiting
from shared.base.cause import Cause
from shared.base.listing import Page, Placed
from shared.contracts.parties import Billing, Contact, Organisation
from shared.contracts.programme import WithdrawalTerm
from shared.contracts.time import day_of
from shared.storage.order import Order
from shared.storage.table import CAUSE, Table, cause_columns
from shared.storage.tx import Tx

_ENROLMENTS = Table(
    "enrolments",
    {
        "id": "text",
        "programme_id": "text",
        "organisation_code": "text",
        "state": "text",
        "forbehold_open": "boolean",
        "forbehold": "text",
        "committee": "text",
        "expected_on": "date",
        "group_id": "text",
        "contact": "jsonb",
        "billing": "jsonb",
        "answers": "jsonb",
        "asked": "jsonb",
        "late": "jsonb",
        "leaving": "jsonb",
        "forbehold_held": "jsonb",
        "agreed": "jsonb",
        "number": "integer",
        "linked_number": "integer",
        "received_at": "timestamptz",
        "enrolled_at": "timestamptz",
        "withdrawn_at": "timestamptz",
        "put_in_by": "text",
        "put_in_number": "integer",
        "billed_unit": "jsonb",
        "ad_hoc": "boolean",
        "called_off_at": "timestamptz",
        "link_generations": "jsonb",
        **CAUSE,
    },
    key=("id",),
    fixed=("programme_id", "organisation_code"),
)
_HISTORY = """
    INSERT INTO enrolment_history
        (enrolment_id, stood, forbehold_was, group_was, decided_at, correlation_id, causation_id, actor)
    SELECT new.id, new.state, new.forbehold, new.group_id, $5, new.correlation_id, new.causation_id, new.actor
    FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $6::text[], $7::text[], $8::text[])
        WITH ORDINALITY AS new (id, state, forbehold, group_id, correlation_id, causation_id, actor, number)
    LEFT JOIN LATERAL (
        SELECT stood, forbehold_was, group_was FROM enrolment_history h WHERE h.enrolment_id = new.id
        ORDER BY h.id DESC LIMIT 1
    ) old ON true
    WHERE (old.stood, old.forbehold_was, old.group_was) IS DISTINCT FROM (new.state, new.forbehold, new.group_id)
    ORDER BY new.number
"""
"""What was decided stays, whatever is decided later; that it stands as before is no decision."""
# A version before this one gives a place anew and leaves put_in_by as it was: it holds for its own number alone.
PUT_IN_BY = f"""CASE WHEN put_in_by IS NOT NULL AND put_in_number IS NOT DISTINCT FROM number
        THEN put_in_by ELSE '{BEFORE}' || actor END"""
# What a version before this one wrote of an open forbehold counts: it knows no answers.
IS_OURS = "put_in_number IS NOT DISTINCT FROM number"
_FORBEHOLD = f"""CASE WHEN forbehold_open THEN 'open' WHEN forbehold = 'open' OR NOT ({IS_OURS}) THEN 'none'
        ELSE coalesce(forbehold, 'none') END"""
_COLUMNS = f"""
    enrolments.id, programme_id, state, {_FORBEHOLD} AS forbehold, CASE WHEN {IS_OURS} THEN committee END AS committee,
    CASE WHEN {IS_OURS} THEN expected_on END AS expected_on, group_id,
    contact::text AS contact, billing::text AS billing,
    CASE WHEN {IS_OURS} THEN billed_unit END::text AS billed_unit, answers::text AS answers,
    CASE WHEN asked ->> 'number' = number::text THEN (asked -> 'words')::text END AS asked, agreed::text AS agreed,
    CASE WHEN late ->> 'number' = number::text THEN late::text END AS late,
    CASE WHEN leaving ->> 'number' = number::text THEN (leaving -> 'term')::text END AS leaving,
    CASE WHEN forbehold_held ->> 'number' = number::text THEN forbehold_held::text END AS forbehold_held, ad_hoc,
    number, linked_number, received_at, enrolled_at, withdrawn_at, {PUT_IN_BY} AS put_in_by, code, name, region, cvr,
    link_generations::text AS link_generations
"""
_WITH_FORBEHOLD = "state = 'enrolled' AND forbehold_open"
HELD_IS_OURS = "coalesce(forbehold_held ->> 'number' = number::text, false)"
_HELD_UNTIL = "coalesce((forbehold_held ->> 'until')::date, 'infinity')"
"""Of one that is ours."""
_FROM = "FROM enrolments JOIN organisations ON code = organisation_code"
_SELECT = f"SELECT {_COLUMNS} {_FROM}"
_IN_ORDER = Order({"programme_id": "text", "sort_key": "text", "code": "text"})
_IN_LINE = Order({"received_at": "timestamptz", "number": "integer"})
_AGREED = TypeAdapter(Agreed)
_OF_UNIT = {"unit", "unit_name", "cvr"}
"""What a version before this one knows nothing of, so that it leaves it out when it writes a billing anew."""


async def load(tx: Tx, enrolment_id: str) -> Enrolment | None:
    row = await tx.fetchrow(f"{_SELECT} WHERE enrolments.id = $1", enrolment_id)
    return None if row is None else _enrolment(row)


async def load_many(tx: Tx, enrolment_ids: Iterable[str]) -> dict[str, Enrolment]:
    """By id."""
    rows = await tx.fetch(f"{_SELECT} WHERE enrolments.id = ANY($1)", sorted(set(enrolment_ids)))
    return {row["id"]: _enrolment(row) for row in rows}


async def load_page(
    tx: Tx,
    page: Page,
    *,
    programme_id: str | None,
    state: str | None,
    organisation_code: str | None,
    put_in_by: Sequence[str] | None = None,
) -> list[Placed[Enrolment]]:
    """By programme, in Danish order of the organisations; None = any."""
    # The first condition says again what the order says of the programme alone: that much an index knows.
    rows = await tx.fetch(
        f"""
        SELECT {_COLUMNS}, {_IN_ORDER.place} {_FROM}
        WHERE ($4::text[] IS NULL OR programme_id >= ($4::text[])[1]) AND {_IN_ORDER.after(4)}
          AND ($1::text IS NULL OR programme_id = $1) AND ($2::text IS NULL OR state = $2)
          AND ($3::text IS NULL OR organisation_code = $3)
          AND ($6::text[] IS NULL OR {PUT_IN_BY} = ANY($6))
        ORDER BY {_IN_ORDER.by} LIMIT $5
        """,
        programme_id,
        state,
        organisation_code,
        page.after,
        page.wanted,
        None if put_in_by is None else list(put_in_by),
    )
    return [(row["stands_at"], _enrolment(row)) for row in rows]


async def lock(tx: Tx, enrolment_id: str) -> Enrolment | None:
    return (await lock_many(tx, [enrolment_id])).get(enrolment_id)


async def lock_many(tx: Tx, enrolment_ids: Iterable[str]) -> dict[str, Enrolment]:
    """By id, locked in the order of their ids."""
    rows = await tx.fetch(
        f"{_SELECT} WHERE enrolments.id = ANY($1) ORDER BY enrolments.id FOR UPDATE OF enrolments",
        sorted(set(enrolment_ids)),
    )
    return {row["id"]: _enrolment(row) for row in rows}


async def lock_shared(tx: Tx, enrolment_id: str) -> Enrolment | None:
    """Held as it stands until the transaction ends; others may hold it so too, but not change it."""
    row = await tx.fetchrow(f"{_SELECT} WHERE enrolments.id = $1 FOR SHARE OF enrolments", enrolment_id)
    return None if row is None else _enrolment(row)


async def lock_waiting(tx: Tx, programme_id: str, most: int, *, with_forbehold: bool) -> list[Enrolment]:
    """The first of a programme's waiting list, in their order; without those whose forbehold is open, if they wait on.

    The programme is locked, so that nobody else promotes them.
    """
    rows = await tx.fetch(
        f"""
        {_SELECT} WHERE programme_id = $1 AND state = 'waitlisted' AND ($3 OR NOT forbehold_open)
        ORDER BY received_at, number LIMIT $2 FOR UPDATE OF enrolments
        """,
        programme_id,
        most,
        with_forbehold,
    )
    return [_enrolment(row) for row in rows]


async def lock_lapsed(tx: Tx, programme: Programme, most: int) -> list[Enrolment]:
    """The first of those whose open forbehold holds their place no more, where the programme's own day is over, or it
    says none. The programme is locked.
    """
    rows = await tx.fetch(
        f"""
        {_SELECT} WHERE programme_id = $1 AND {_WITH_FORBEHOLD}
          AND CASE WHEN {HELD_IS_OURS} THEN {_HELD_UNTIL} < $2 ELSE $3 END
        ORDER BY enrolments.id LIMIT $4 FOR UPDATE OF enrolments
        """,
        programme.id,
        day_of(tx.now),
        holds_until(programme) is not None,
        most,
    )
    return [_enrolment(row) for row in rows]


async def load_agreed_forbehold(tx: Tx, programme: Programme) -> list[date]:
    """The last days up to which open forbehold hold their places, as was agreed with these, or as the programme says
    where that is not known; each once.
    """
    rows = await tx.fetch(
        f"""
        SELECT DISTINCT until FROM (
            SELECT CASE WHEN {HELD_IS_OURS} THEN {_HELD_UNTIL} ELSE coalesce($2::text::date, 'infinity') END AS until
            FROM enrolments WHERE programme_id = $1 AND {_WITH_FORBEHOLD}
        ) held WHERE until < 'infinity'
        """,
        programme.id,
        _last_day(programme),
    )
    return [row["until"] for row in rows]


async def keep_agreed_forbehold(tx: Tx, before: Programme, after: Programme) -> None:
    """Whoever has a place and an open forbehold keeps it as long as was agreed, or was said since: a version that gives
    more time adds to it, none takes any. Both programmes are the same one, locked.
    """
    await tx.execute(
        f"""
        WITH held AS (
            SELECT id, greatest(CASE WHEN {HELD_IS_OURS} THEN {_HELD_UNTIL} ELSE $2::text::date END, $3::text::date)
                AS until
            FROM enrolments WHERE programme_id = $1 AND {_WITH_FORBEHOLD} ORDER BY id FOR UPDATE
        )
        UPDATE enrolments
        SET forbehold_held = jsonb_build_object('number', number, 'until', nullif(held.until, 'infinity'))
        FROM held WHERE held.id = enrolments.id AND held.until IS NOT NULL
          AND (NOT ({HELD_IS_OURS}) OR held.until <> {_HELD_UNTIL})
        """,
        before.id,
        _last_day(before),
        _last_day(after),
    )


def _last_day(programme: Programme) -> str | None:
    """Up to which an open forbehold holds a place, as PostgreSQL reads it; None = it holds none."""
    until = holds_until(programme)
    return None if programme.forbehold.holds == "no" else "infinity" if until is None else until.isoformat()


async def lock_members(tx: Tx, programme_id: str) -> list[Enrolment]:
    """Of a programme's members, whether they still are or have left, in the order of their ids."""
    rows = await tx.fetch(
        f"{_SELECT} WHERE programme_id = $1 AND ad_hoc IS NOT NULL ORDER BY enrolments.id FOR UPDATE OF enrolments",
        programme_id,
    )
    return [_enrolment(row) for row in rows]


async def lock_of_group(tx: Tx, programme_id: str, group: str, most: int) -> list[Enrolment]:
    """The first of those of a group that are signed up, in the order of their ids."""
    rows = await tx.fetch(
        f"""
        {_SELECT} WHERE programme_id = $1 AND group_id = $2 AND state IN ('waitlisted', 'enrolled')
        ORDER BY enrolments.id LIMIT $3 FOR UPDATE OF enrolments
        """,
        programme_id,
        group,
        most,
    )
    return [_enrolment(row) for row in rows]


async def lock_to_call_off(tx: Tx, programme_id: str, most: int) -> list[Enrolment]:
    """The first of those that have not been told that their programme is called off, in the order of their ids."""
    rows = await tx.fetch(
        f"""
        {_SELECT} WHERE programme_id = $1 AND called_off_at IS NULL
            AND state IN ('invited', 'received', 'waitlisted', 'enrolled')
        ORDER BY enrolments.id LIMIT $2 FOR UPDATE OF enrolments
        """,
        programme_id,
        most,
    )
    return [_enrolment(row) for row in rows]


async def mark_called_off(tx: Tx, enrolment_ids: Iterable[str]) -> None:
    """Of enrolments that are locked; the cause of each stays who or what it goes back to."""
    await _ENROLMENTS.update(tx, [{"id": one, "called_off_at": tx.now} for one in enrolment_ids])


async def count_waiting(tx: Tx, programme_id: str) -> Waiting:
    row = await tx.fetchrow(
        """
        SELECT count(*) AS waiting, count(*) FILTER (WHERE forbehold_open) AS with_forbehold
        FROM enrolments WHERE programme_id = $1 AND state = 'waitlisted'
        """,
        programme_id,
    )
    return Waiting() if row is None else Waiting(row["waiting"], row["with_forbehold"])


async def load_positions(tx: Tx, enrolments: Iterable[Enrolment]) -> dict[str, Position]:
    """On their programmes' waiting lists, of those that wait, by id."""
    rows = await tx.fetch(
        """
        SELECT one.id, before.position, before.settled FROM enrolments one, LATERAL (
            SELECT count(*) AS position, count(*) FILTER (WHERE NOT forbehold_open) AS settled FROM enrolments other
            WHERE other.programme_id = one.programme_id AND other.state = 'waitlisted'
              AND (other.received_at, other.number) <= (one.received_at, one.number)
        ) before
        WHERE one.id = ANY($1) AND one.state = 'waitlisted'
        """,
        sorted({one.id for one in enrolments if one.waits}),
    )
    return {row["id"]: Position(row["position"], row["settled"]) for row in rows}


async def load_page_of_line(tx: Tx, page: Page, programme_id: str) -> list[Placed[Enrolment]]:
    """In the order in which they move up."""
    rows = await tx.fetch(
        f"""
        SELECT {_COLUMNS}, {_IN_LINE.place} {_FROM}
        WHERE programme_id = $1 AND state = 'waitlisted' AND {_IN_LINE.after(2)} ORDER BY {_IN_LINE.by} LIMIT $3
        """,
        programme_id,
        page.after,
        page.wanted,
    )
    return [(row["stands_at"], _enrolment(row)) for row in rows]


async def save(tx: Tx, enrolment: Enrolment, cause: Cause) -> None:
    await save_many(tx, [(enrolment, cause)])


async def save_many(tx: Tx, enrolments: Sequence[tuple[Enrolment, Cause]]) -> None:
    await _ENROLMENTS.upsert(
        tx,
        [
            {
                "id": one.id,
                "programme_id": one.programme_id,
                "organisation_code": one.organisation.code,
                "state": one.state,
                "forbehold_open": one.forbehold_open,
                "forbehold": one.forbehold.state,
                "committee": one.forbehold.committee or None,
                "expected_on": one.forbehold.expected_on,
                "group_id": one.group,
                "contact": one.contact.model_dump_json() if one.contact else None,
                "billing": one.billing.model_dump_json(),
                "answers": json.dumps(dict(one.answers)),
                "asked": json.dumps({"number": one.number, "words": dict(one.asked)}) if one.asked else None,
                "late": None if one.late is None else _late_json(one.late, one.number),
                "leaving": None if one.leaving is None else _leaving_json(one.leaving, one.number),
                "forbehold_held": None if one.held is None else _held_json(one.held, one.number),
                "agreed": _AGREED.dump_json(one.agreed).decode() if one.enrolled_at else None,
                "number": one.number,
                "linked_number": one.linked_number,
                "received_at": one.received_at,
                "enrolled_at": one.enrolled_at,
                "withdrawn_at": one.withdrawn_at,
                "put_in_by": one.put_in_by,
                "put_in_number": one.number,
                "billed_unit": one.billing.model_dump_json(include=_OF_UNIT),
                "ad_hoc": one.ad_hoc,
                "link_generations": json.dumps(dict(one.link_generations)),
                **cause_columns(cause),
            }
            for one, cause in enrolments
        ],
    )
    if enrolments:
        await tx.execute(
            _HISTORY,
            [one.id for one, _ in enrolments],
            [one.state for one, _ in enrolments],
            [one.forbehold.state for one, _ in enrolments],
            [one.group for one, _ in enrolments],
            tx.now,
            [cause.correlation_id for _, cause in enrolments],
            [cause.causation_id for _, cause in enrolments],
            [cause.actor for _, cause in enrolments],
        )


def _late_json(late: Late, number: int | None) -> str:
    return json.dumps({"number": number, "reason": late.reason, "by": late.by})


def _leaving_json(term: WithdrawalTerm, number: int | None) -> str:
    return json.dumps({"number": number, "term": term.model_dump(mode="json")})


def _held_json(held: Held, number: int | None) -> str:
    return json.dumps({"number": number, "until": held.until.isoformat() if held.until else None})


def _held(text: str | None) -> Held | None:
    until = None if text is None else json.loads(text)["until"]
    return None if text is None else Held(date.fromisoformat(until) if until else None)


def _late(text: str | None) -> Late | None:
    known = None if text is None else json.loads(text)
    return None if known is None else Late(known["reason"], known["by"])


def _enrolment(row: Any) -> Enrolment:
    contact = None if row["contact"] is None else Contact.model_validate_json(row["contact"])
    agreed = Agreed() if row["agreed"] is None else _AGREED.validate_json(row["agreed"])
    return Enrolment(
        id=row["id"],
        programme_id=row["programme_id"],
        organisation=Organisation(code=row["code"], name=row["name"], region=row["region"], cvr=row["cvr"]),
        state=row["state"],
        group=row["group_id"],
        contact=contact,
        billing=Billing.model_validate_json(row["billing"]).model_copy(
            update=json.loads(row["billed_unit"]) if row["billed_unit"] else {}
        ),
        answers=json.loads(row["answers"]),
        asked={} if row["asked"] is None else json.loads(row["asked"]),
        agreed=agreed,
        forbehold=Forbehold(row["forbehold"], row["committee"] or "", row["expected_on"]),
        ad_hoc=row["ad_hoc"],
        late=_late(row["late"]),
        held=_held(row["forbehold_held"]),
        leaving=None if row["leaving"] is None else WithdrawalTerm.model_validate_json(row["leaving"]),
        number=row["number"],
        linked_number=row["linked_number"],
        received_at=row["received_at"],
        enrolled_at=row["enrolled_at"],
        withdrawn_at=row["withdrawn_at"],
        put_in_by=row["put_in_by"],
        link_generations=json.loads(row["link_generations"]),
    )
