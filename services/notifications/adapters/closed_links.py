"""Whose own links were closed last."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from services.notifications.domain.closed_links import Closed, Whose
from services.notifications.domain.text import storable
from shared.base.cloudevents import Received
from shared.contracts.enrollment import OwnLinksRevoked
from shared.storage.table import CAUSE, Table, cause_columns
from shared.storage.tx import Tx

_CLOSED = Table(
    "closed_links",
    {
        "enrolment_id": "text",
        "person_id": "text",
        "links_generation": "integer",
        "closed_at": "timestamptz",
        "own_page_path": "text",
        "place_path": "text",
        "seat_paths": "jsonb",
        **CAUSE,
    },
    key=("enrolment_id", "person_id"),
)


async def keep(tx: Tx, told: Sequence[Received[OwnLinksRevoked]]) -> None:
    """Of one person in an enrolment one fact at most; an earlier closing that is heard of late changes nothing."""
    rows = [
        {
            "enrolment_id": storable(event.data.enrolment_id),
            "person_id": storable(event.data.person.person_id),
            "links_generation": event.data.generation,
            "closed_at": event.time,
            "own_page_path": storable(event.data.own_page_path),
            "place_path": storable(event.data.place_path),
            "seat_paths": json.dumps({storable(one.meeting_id): storable(one.path) for one in event.data.seats}),
            **cause_columns(event.cause),
        }
        for event in told
    ]
    await _CLOSED.upsert(tx, rows, when="old.links_generation < excluded.links_generation")


async def load(tx: Tx, whose: Iterable[Whose]) -> dict[Whose, Closed]:
    """Nothing of those whose links never were."""
    sought = sorted(set(whose))
    rows = await tx.fetch(
        """
        SELECT c.enrolment_id, c.person_id, c.closed_at, c.own_page_path, c.place_path, c.seat_paths::text AS seat_paths
        FROM unnest($1::text[], $2::text[]) AS u (enrolment_id, person_id)
        JOIN closed_links c USING (enrolment_id, person_id)
        """,
        [enrolment for enrolment, _ in sought],
        [person for _, person in sought],
    )
    return {
        (row["enrolment_id"], row["person_id"]): Closed(
            row["closed_at"], row["own_page_path"], row["place_path"], json.loads(row["seat_paths"])
        )
        for row in rows
    }
