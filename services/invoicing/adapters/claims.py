"""Claims as PostgreSQL keeps them: written in whole batches, by columns, one statement each."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from services.invoicing.domain.claim import Claim
from shared.base.cause import Cause
from shared.base.listing import Page, Placed
from shared.contracts.event import Frozen
from shared.contracts.parties import Billing, Contact, Organisation
from shared.storage.columns import Columns
from shared.storage.order import Order
from shared.storage.table import CAUSE, Table, cause_of
from shared.storage.tx import Tx

_CLAIMS = Table(
    "claims",
    {
        "id": "text",
        "kind": "text",
        "state": "text",
        "due_at": "timestamptz",
        "organiser": "text",
        "series": "text",
        "programme_id": "text",
        "programme_version": "integer",
        "enrolment_id": "text",
        "meeting_id": "text",
        "item": "text",
        "text": "text",
        "person_name": "text",
        "amount_ore": "bigint",
        "vat_percent": "smallint",
        "earliest": "timestamptz",
        "told_at": "timestamptz",
        "wanted": "boolean",
        "on_hold": "boolean",
        "waived_because": "text",
        "reason": "text",
        "finding": "text",
        "invoice_id": "text",
        "credited": "boolean",
        "delivered_on": "date",
        "own_billing": "boolean",
        "at_end": "text",
        "buyer": "jsonb",
        "billing": "jsonb",
        "contact": "jsonb",
        "organisation_code": "text",
        **CAUSE,
    },
    key=("id",),
    fixed=("kind", "enrolment_id", "meeting_id", "item"),
)
_PARTIES = ("buyer", "billing", "contact")
"""Fields of a claim that are JSON in its row: the last ones."""
_COLUMNS = f"""
    {", ".join(f"{name}::text AS {name}" if name in _PARTIES else name for name in Claim._fields)}, {", ".join(CAUSE)}
"""
_SELECT = f"SELECT {_COLUMNS} FROM claims"
_IN_ORDER = Order(
    {
        "organisation_code": "text",
        "enrolment_id": "text",
        "(kind = 'extra')": "boolean",
        "coalesce(earliest, 'infinity')": "timestamptz",
        "id": "text",
    }
)
_TO_BILL = "enrolment_id = ANY($1::text[]) AND invoice_id IS NULL AND NOT own_billing"
_SELECT_PLACED = f"SELECT {_COLUMNS}, {_IN_ORDER.place} FROM claims"

# Past the methods that every model has: a batch calls these thousands of times.
_organisation = Organisation.__pydantic_validator__.validate_json
_billing = Billing.__pydantic_validator__.validate_json
_contact = Contact.__pydantic_validator__.validate_json


class Place(NamedTuple):
    """A claim of a meeting, or of a programme: how far somebody has come who goes through all of them in this order."""

    whose: str
    claim_id: str


async def insert_new(tx: Tx, claims: Sequence[Claim], causes: Mapping[str, Cause]) -> bool:
    """Whether all of them were new; the ones that are known already are left as they are. `causes` by claim id."""
    return not claims or await _CLAIMS.insert_new(tx, _columns(claims, causes)) == len(claims)


async def save(tx: Tx, claims: Sequence[Claim], causes: Mapping[str, Cause]) -> None:
    """Write claims that are locked, or that are new. `causes` by claim id: what changed each of them."""
    if claims:
        await _CLAIMS.upsert(tx, _columns(claims, causes))


async def save_settled(tx: Tx, claims: Sequence[Claim]) -> None:
    """Write what became of claims that are locked; the cause of each stays who or what it goes back to."""
    await _update(tx, claims, "state", "due_at", "wanted", "on_hold", "waived_because", "reason", "at_end")


async def mark_delivered(tx: Tx, claims: Sequence[Claim]) -> None:
    """Claims that are locked; the cause of each stays who or what it goes back to: the order."""
    await _update(tx, claims, "state", "due_at", "wanted", "reason", "delivered_on")


async def mark_invoiced(tx: Tx, claims: Sequence[Claim]) -> None:
    """Claims that `lock_due` has locked; the cause of each stays who or what it goes back to."""
    await _update(tx, claims, "state", "due_at", "invoice_id")


async def mark_credited(tx: Tx, claims: Sequence[Claim]) -> None:
    """Claims that are locked; the cause of each stays who or what it goes back to."""
    await _update(tx, claims, "state", "credited")


async def lock(tx: Tx, claim_ids: Iterable[str]) -> dict[str, Claim]:
    """By id, as all that are locked here: in the order of their ids."""
    return await _lock(tx, "id = ANY($1::text[])", list(claim_ids))


async def lock_older(tx: Tx, causes: Mapping[str, Cause]) -> dict[str, Claim]:
    """Of these claims, by id, those that go back to something else than the cause named: they were there before."""
    rows = await tx.fetch(f"{_SELECT} WHERE id = ANY($1::text[]) ORDER BY id FOR UPDATE", list(causes))
    return {row["id"]: claim_of(row) for row in rows if cause_of(row) != causes[row["id"]]}


async def lock_of_enrolment(tx: Tx, enrolment_id: str) -> dict[str, Claim]:
    return await _lock(tx, "enrolment_id = $1", enrolment_id)


async def lock_held_back(tx: Tx, enrolment_ids: Iterable[str]) -> dict[str, Claim]:
    """Those in which something is wrong that keeps them from being invoiced."""
    held_back = "enrolment_id = ANY($1::text[]) AND finding <> '' AND invoice_id IS NULL"
    return await _lock(tx, held_back, list(enrolment_ids))


class HeldBack(NamedTuple):
    """What an enrolment owes and is not invoiced for (øre, without moms), since when that is known (domain time), and
    what is wrong with one of its claims.
    """

    enrolment_id: str
    programme_id: str
    programme: str
    buyer: str
    amount_ore: int
    since: datetime
    finding: str


async def load_held_back(tx: Tx, programme_ids: Collection[str] | None, most: int) -> tuple[list[HeldBack], int]:
    """Enrolments of these programmes (None = of all) with claims in which something is wrong that keeps them from being
    invoiced, the one that has waited longest at first; and how many there are in all.
    """
    rows = await tx.fetch(
        """
        SELECT held.*, p.ref ->> 'title' AS programme FROM (
            SELECT enrolment_id, programme_id, min(buyer ->> 'name') AS buyer, sum(amount_ore)::bigint AS amount_ore,
                min(told_at) AS since, min(finding) AS finding, count(*) OVER () AS total
            FROM claims
            WHERE state = 'waiting' AND wanted AND finding <> '' AND ($1::text[] IS NULL OR programme_id = ANY($1))
            GROUP BY enrolment_id, programme_id ORDER BY min(told_at), enrolment_id LIMIT $2
        ) held LEFT JOIN programmes p ON p.id = programme_id ORDER BY since, enrolment_id
        """,
        None if programme_ids is None else sorted(programme_ids),
        most,
    )
    found = [
        HeldBack(
            row["enrolment_id"],
            row["programme_id"],
            row["programme"] or row["programme_id"],
            row["buyer"],
            row["amount_ore"],
            row["since"],
            row["finding"],
        )
        for row in rows
    ]
    return found, rows[0]["total"] if rows else 0


async def load_meetings_to_bill(tx: Tx, enrolment_ids: Iterable[str]) -> set[str]:
    """The meetings of those that `lock_to_bill` locks."""
    rows = await tx.fetch(
        f"SELECT DISTINCT meeting_id FROM claims WHERE {_TO_BILL} AND meeting_id IS NOT NULL", list(enrolment_ids)
    )
    return {row["meeting_id"] for row in rows}


async def lock_to_bill(tx: Tx, enrolment_ids: Iterable[str]) -> dict[str, Claim]:
    """Those that are not invoiced, and billed as their enrolment is."""
    return await _lock(tx, _TO_BILL, list(enrolment_ids))


async def lock_fees_and_options(tx: Tx, enrolment_ids: Iterable[str]) -> dict[str, Claim]:
    """What may fall away with an enrolment."""
    return await _lock(tx, "enrolment_id = ANY($1::text[]) AND kind <> 'extra'", list(enrolment_ids))


async def load_ids_of_meetings(tx: Tx, after: tuple[str, str], meeting_ids: Iterable[str], most: int) -> list[Place]:
    """The first `most` of these meetings' claims that come after that place."""
    rows = await tx.fetch(
        """
        SELECT meeting_id, id FROM claims
        WHERE meeting_id COLLATE "C" = ANY($1::text[]) AND (meeting_id COLLATE "C", id) > ($2, $3)
        ORDER BY meeting_id COLLATE "C", id LIMIT $4
        """,
        sorted(meeting_ids),
        *after,
        most,
    )
    return [Place(row["meeting_id"], row["id"]) for row in rows]


async def load_ids_of_fees_and_options(
    tx: Tx, after: tuple[str, str], programme_ids: Iterable[str], most: int
) -> list[Place]:
    """The first `most` of these programmes' that come after that place."""
    rows = await tx.fetch(
        """
        SELECT programme_id, id FROM claims
        WHERE programme_id COLLATE "C" = ANY($1::text[]) AND kind <> 'extra'
          AND (programme_id COLLATE "C", id) > ($2, $3)
        ORDER BY programme_id COLLATE "C", id LIMIT $4
        """,
        sorted(programme_ids),
        *after,
        most,
    )
    return [Place(row["programme_id"], row["id"]) for row in rows]


async def lock_due(
    tx: Tx, series: str, organiser: str, now: datetime, at_most: int
) -> tuple[list[Claim], dict[str, Cause]]:
    """What is to be invoiced now, with the cause of each by claim id; those of one invoice stand together.

    Waits for whoever is changing one of them, so that none is left behind.
    """
    rows = await tx.fetch(
        f"""
        {_SELECT}
        WHERE series = $1 AND organiser = $2 AND state = 'ready' AND due_at <= $3
        ORDER BY organisation_code, enrolment_id, meeting_id, id LIMIT $4 FOR UPDATE
        """,
        series,
        organiser,
        now,
        at_most,
    )
    return [claim_of(row) for row in rows], {row["id"]: cause_of(row) for row in rows}


async def load(tx: Tx, claim_id: str) -> tuple[Claim, Cause] | None:
    """With what it goes back to."""
    row = await tx.fetchrow(f"{_SELECT} WHERE id = $1", claim_id)
    return None if row is None else (claim_of(row), cause_of(row))


async def load_page(tx: Tx, page: Page, *, programme_id: str | None, state: str | None) -> list[Placed[Claim]]:
    """By organisation and enrolment, fees first; None = any."""
    rows = await tx.fetch(
        f"""
        {_SELECT_PLACED}
        WHERE ($1::text IS NULL OR programme_id = $1) AND ($2::text IS NULL OR state = $2) AND {_IN_ORDER.after(3)}
        ORDER BY {_IN_ORDER.by} LIMIT $4
        """,
        programme_id,
        state,
        page.after,
        page.wanted,
    )
    return [(row["stands_at"], claim_of(row)) for row in rows]


async def lock_of_invoice(tx: Tx, invoice_id: str) -> dict[str, Claim]:
    return await _lock(tx, "invoice_id = $1", invoice_id)


async def load_of_invoice(tx: Tx, invoice_id: str) -> list[Claim]:
    rows = await tx.fetch(f"{_SELECT} WHERE invoice_id = $1 ORDER BY {_IN_ORDER.by}", invoice_id)
    return [claim_of(row) for row in rows]


def claim_of(row: Any) -> Claim:
    """The row's first columns are the claim's fields, in their order."""
    *fields, buyer, billing, contact = tuple(row)[: len(Claim._fields)]
    return Claim._make((*fields, _organisation(buyer), _billing(billing), _contact(contact)))


async def _lock(tx: Tx, which: str, wanted: object) -> dict[str, Claim]:
    rows = await tx.fetch(f"{_SELECT} WHERE {which} ORDER BY id FOR UPDATE", wanted)
    return {row["id"]: claim_of(row) for row in rows}


async def _update(tx: Tx, claims: Sequence[Claim], *names: str) -> None:
    """Some fields of claims that are locked."""
    await _CLAIMS.update(tx, {name: [getattr(claim, name) for claim in claims] for name in ("id", *names)})


def _columns(claims: Sequence[Claim], causes: Mapping[str, Cause]) -> Columns:
    because = [causes[claim.id] for claim in claims]
    columns: dict[str, Sequence[Any]] = dict(zip(Claim._fields, zip(*claims, strict=True), strict=True))
    for name in _PARTIES:
        columns[name] = [_json(party) for party in columns[name]]
    columns["organisation_code"] = [claim.buyer.code for claim in claims]
    columns["correlation_id"] = [cause.correlation_id for cause in because]
    columns["causation_id"] = [cause.causation_id for cause in because]
    columns["actor"] = [cause.actor for cause in because]
    return columns


def _json(model: Frozen) -> str:
    return model.__pydantic_serializer__.to_json(model).decode()
