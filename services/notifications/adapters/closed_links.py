"""Whose own links were closed last."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from services.notifications.domain.closed_links import Closed, Whose
from services.notifications.domain.text import storable
from shared.base.cloudevents import Received
from shared.contracts.enrollment import GuestLinksRevoked, OwnLinksRevoked
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


def whose_of(fact: OwnLinksRevoked | GuestLinksRevoked) -> Whose:
    if isinstance(fact, GuestLinksRevoked):
        return storable(fact.subject), storable(fact.guest.person_id)
    return storable(fact.enrolment_id), storable(fact.person.person_id)


async def keep(tx: Tx, told: Sequence[Received[Any]]) -> None:
    """OwnLinksRevoked and GuestLinksRevoked. Of one person in an enrolment one fact at most; an earlier closing that is
    heard of late changes nothing.
    """
    rows = [
        {
            **_of(event.data),
            "links_generation": event.data.generation,
            "closed_at": event.time,
            **cause_columns(event.cause),
        }
        for event in told
    ]
    await _CLOSED.upsert(tx, rows, when="old.links_generation < excluded.links_generation")


def _of(fact: OwnLinksRevoked | GuestLinksRevoked) -> dict[str, str | None]:
    of, person_id = whose_of(fact)
    own: str | None
    if isinstance(fact, GuestLinksRevoked):
        own, place, seats = fact.own_path, None, {fact.meeting.id: fact.guest_path}
    else:
        own, place = fact.own_page_path, fact.place_path
        seats = {one.meeting_id: one.path for one in fact.seats}
    return {
        "enrolment_id": of,
        "person_id": person_id,
        "own_page_path": storable(own),
        "place_path": storable(place),
        "seat_paths": json.dumps({storable(meeting): storable(path) for meeting, path in seats.items()}),
    }


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
