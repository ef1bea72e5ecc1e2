"""Claims as PostgreSQL keeps them: written in whole batches, one statement each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from services.invoicing.domain.claim import Claim
from shared.base.cause import Cause
from shared.contracts.event import Frozen
from shared.contracts.parties import Billing, Contact, Organisation
from shared.storage.tx import Tx

INVOICE_RUN = "invoice_run"
"""Timer, keyed by series, organiser and due instant: claims that fall due together share one."""

_PLAIN = {
    "id": "text",
    "kind": "text",
    "state": "text",
    "due_at": "timestamptz",
    "organiser": "text",
    "series": "text",
    "programme_id": "text",
    "programme_version": "int",
    "enrolment_id": "text",
    "meeting_id": "text",
    "item": "text",
    "text": "text",
    "person_name": "text",
    "amount_ore": "bigint",
    "vat_percent": "int",
    "earliest": "timestamptz",
    "told_at": "timestamptz",
    "wanted": "boolean",
    "on_hold": "boolean",
    "waived_because": "text",
    "reason": "text",
    "finding": "text",
    "invoice_id": "text",
    "credited": "boolean",
}
"""Columns that hold a field of the claim as it is."""
_PARTIES = ("buyer", "billing", "contact")
"""Columns that hold one as JSON. Together these are the claim's fields, in their order."""
_CAUSE = ("correlation_id", "causation_id", "actor")
_NEVER_REPLACED = {"id", "kind", "enrolment_id", "meeting_id", "item"}

_TYPES = {**_PLAIN, "organisation_code": "text", **dict.fromkeys((*_PARTIES, *_CAUSE), "text")}
_INSERT = f"""
    INSERT INTO claims ({", ".join(_TYPES)})
    SELECT {", ".join(f"{name}::jsonb" if name in _PARTIES else name for name in _TYPES)}
    FROM unnest({", ".join(f"${n}::{kind}[]" for n, kind in enumerate(_TYPES.values(), 1))})
        AS new ({", ".join(_TYPES)})
    ON CONFLICT (id) DO """
_INSERT_NEW = f"{_INSERT} NOTHING"
_UPSERT = f"""{_INSERT} UPDATE SET
    {", ".join(f"{name} = excluded.{name}" for name in _TYPES if name not in _NEVER_REPLACED)}
"""
_SELECT = f"""
    SELECT {", ".join(_PLAIN)}, {", ".join(f"{name}::text AS {name}" for name in _PARTIES)}, {", ".join(_CAUSE)}
    FROM claims """

# Past the methods that every model has: a batch calls these thousands of times.
_organisation = Organisation.__pydantic_validator__.validate_json
_billing = Billing.__pydantic_validator__.validate_json
_contact = Contact.__pydantic_validator__.validate_json


async def insert_new(tx: Tx, claims: Sequence[Claim], causes: Mapping[str, Cause]) -> bool:
    """Whether all of them were new; the ones that are known already are left as they are."""
    if not claims:
        return True
    told: str = await tx.execute(_INSERT_NEW, *_arrays(claims, causes))
    return told == f"INSERT 0 {len(claims)}"


async def save(tx: Tx, claims: Sequence[Claim], causes: Mapping[str, Cause]) -> None:
    """Write claims that `load` has locked, or that are new. `causes` by claim id: what changed each of them."""
    if claims:
        await tx.execute(_UPSERT, *_arrays(claims, causes))


async def save_settled(tx: Tx, claims: Sequence[Claim]) -> None:
    """Write what became of claims that are locked; the cause of each stays who or what it goes back to."""
    if claims:
        await tx.execute(
            """
            UPDATE claims SET state = new.state, due_at = new.due_at, wanted = new.wanted, on_hold = new.on_hold,
                waived_because = new.waived_because, reason = new.reason
            FROM unnest($1::text[], $2::text[], $3::timestamptz[], $4::boolean[], $5::boolean[], $6::text[],
                        $7::text[]) AS new (id, state, due_at, wanted, on_hold, waived_because, reason)
            WHERE claims.id = new.id
            """,
            [claim.id for claim in claims],
            [claim.state for claim in claims],
            [claim.due_at for claim in claims],
            [claim.wanted for claim in claims],
            [claim.on_hold for claim in claims],
            [claim.waived_because for claim in claims],
            [claim.reason for claim in claims],
        )


async def load(tx: Tx, claim_ids: Iterable[str]) -> dict[str, Claim]:
    """By id, locked in the order of their ids."""
    rows = await tx.fetch(_SELECT + "WHERE id = ANY($1::text[]) ORDER BY id FOR UPDATE", list(claim_ids))
    return {row["id"]: claim_of(row) for row in rows}


async def load_of_enrolment(tx: Tx, enrolment_id: str) -> list[Claim]:
    rows = await tx.fetch(_SELECT + "WHERE enrolment_id = $1 ORDER BY id FOR UPDATE", enrolment_id)
    return [claim_of(row) for row in rows]


async def load_held_back(tx: Tx, enrolment_ids: Iterable[str]) -> list[Claim]:
    """Those in which something is wrong that keeps them from being invoiced."""
    rows = await tx.fetch(
        _SELECT
        + "WHERE enrolment_id = ANY($1::text[]) AND finding <> '' AND invoice_id IS NULL ORDER BY id FOR UPDATE",
        list(enrolment_ids),
    )
    return [claim_of(row) for row in rows]


async def load_fees(tx: Tx, enrolment_ids: Iterable[str]) -> dict[str, Claim]:
    rows = await tx.fetch(
        _SELECT + "WHERE enrolment_id = ANY($1::text[]) AND kind = 'fee' ORDER BY id FOR UPDATE", list(enrolment_ids)
    )
    return {row["id"]: claim_of(row) for row in rows}


async def load_fees_of_programmes(tx: Tx, programme_ids: Iterable[str]) -> dict[str, Claim]:
    rows = await tx.fetch(
        _SELECT + "WHERE programme_id = ANY($1::text[]) AND kind = 'fee' ORDER BY id FOR UPDATE", list(programme_ids)
    )
    return {row["id"]: claim_of(row) for row in rows}


async def load_of_meetings(tx: Tx, meeting_ids: Iterable[str]) -> dict[str, Claim]:
    rows = await tx.fetch(_SELECT + "WHERE meeting_id = ANY($1::text[]) ORDER BY id FOR UPDATE", list(meeting_ids))
    return {row["id"]: claim_of(row) for row in rows}


async def load_due(
    tx: Tx, series: str, organiser: str, now: datetime, at_most: int
) -> tuple[list[Claim], dict[str, Cause]]:
    """What is to be invoiced now, with the cause of each by claim id; those of one invoice stand together.

    Waits for whoever is changing one of them, so that none is left behind.
    """
    rows = await tx.fetch(
        _SELECT
        + """
        WHERE series = $1 AND organiser = $2 AND state = 'ready' AND due_at <= $3
        ORDER BY organisation_code, enrolment_id, meeting_id, id LIMIT $4 FOR UPDATE
        """,
        series,
        organiser,
        now,
        at_most,
    )
    return [claim_of(row) for row in rows], {row["id"]: cause_of(row) for row in rows}


async def mark_invoiced(tx: Tx, invoice_of: Mapping[str, str]) -> None:
    """Claim id → invoice id, for claims that `load_due` has locked."""
    await tx.execute(
        """
        UPDATE claims SET state = 'invoiced', due_at = NULL, invoice_id = billed.invoice_id
        FROM unnest($1::text[], $2::text[]) AS billed (id, invoice_id) WHERE claims.id = billed.id
        """,
        list(invoice_of),
        list(invoice_of.values()),
    )


async def mark_credited(tx: Tx, claims: Sequence[Claim]) -> None:
    """Claims that `load` has locked; the cause of each stays who or what it goes back to."""
    await tx.execute(
        """
        UPDATE claims SET state = new.state, credited = new.credited
        FROM unnest($1::text[], $2::text[], $3::boolean[]) AS new (id, state, credited) WHERE claims.id = new.id
        """,
        [claim.id for claim in claims],
        [claim.state for claim in claims],
        [claim.credited for claim in claims],
    )


async def read(
    tx: Tx,
    *,
    claim_id: str | None = None,
    programme_id: str | None = None,
    state: str | None = None,
    invoice_id: str | None = None,
) -> list[tuple[Claim, Cause]]:
    """For people who look; by organisation."""
    rows = await tx.fetch(
        _SELECT
        + """
        WHERE ($1::text IS NULL OR id = $1) AND ($2::text IS NULL OR programme_id = $2)
          AND ($3::text IS NULL OR state = $3) AND ($4::text IS NULL OR invoice_id = $4)
        ORDER BY organisation_code, enrolment_id, kind DESC, due_at, id
        """,
        claim_id,
        programme_id,
        state,
        invoice_id,
    )
    return [(claim_of(row), cause_of(row)) for row in rows]


def arm_runs(tx: Tx, claims: Iterable[Claim], causes: Mapping[str, Cause]) -> None:
    """One timer for all claims of a series that fall due at the same instant."""
    due: dict[tuple[str, str, datetime], Cause] = {}
    for claim in claims:
        if claim.due_at is not None:
            due.setdefault((claim.series, claim.organiser, claim.due_at), causes[claim.id])
    for (series, organiser, due_at), cause in due.items():
        arm_run(tx, series, organiser, due_at, cause)


def arm_run(tx: Tx, series: str, organiser: str, due_at: datetime, cause: Cause) -> None:
    key = f"{series}/{organiser}/{due_at:%Y-%m-%dT%H:%MZ}"
    tx.arm(INVOICE_RUN, key, due_at, {"series": series, "organiser": organiser}, because=cause)


def claim_of(row: Any) -> Claim:
    """The row's first columns are the claim's fields, in their order."""
    *fields, buyer, billing, contact = tuple(row)[: len(_PLAIN) + len(_PARTIES)]
    return Claim._make((*fields, _organisation(buyer), _billing(billing), _contact(contact)))


def cause_of(row: Any) -> Cause:
    return Cause(row["correlation_id"], row["causation_id"], row["actor"])


def _arrays(claims: Sequence[Claim], causes: Mapping[str, Cause]) -> list[list[Any]]:
    """One list per column, in the order of `_TYPES`."""
    because = [causes[claim.id] for claim in claims]
    *plain, buyers, billings, contacts = zip(*claims, strict=True)
    return [
        *map(list, plain),
        [claim.buyer.code for claim in claims],
        [_json(buyer) for buyer in buyers],
        [_json(billing) for billing in billings],
        [_json(contact) for contact in contacts],
        [cause.correlation_id for cause in because],
        [cause.causation_id for cause in because],
        [cause.actor for cause in because],
    ]


def _json(model: Frozen) -> str:
    return model.__pydantic_serializer__.to_json(model).decode()
