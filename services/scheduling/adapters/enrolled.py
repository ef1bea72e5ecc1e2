"""Who takes part in a programme, by the name of the organisation; nothing of a person."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from shared.base.listing import Page, Placed
from shared.contracts.danish import danish_sort_key
from shared.contracts.parties import Organisation
from shared.storage.order import Order
from shared.storage.table import Table
from shared.storage.tx import Tx

_ENROLLED = Table(
    "enrolled",
    {
        "enrolment_id": "text",
        "programme_id": "text",
        "organisation_code": "text",
        "organisation_name": "text",
        "sorts_as": "text",
        "takes_part": "boolean",
    },
    key=("enrolment_id",),
)
_IN_ORDER = Order({"sorts_as": "text", "enrolment_id": "text"})


LONGEST_SORTED = 100
"""Characters of a name that it is sorted by: an index entry has no room for more."""


class Enrolled(NamedTuple):
    enrolment_id: str
    programme_id: str
    organisation: Organisation
    takes_part: bool


async def save(tx: Tx, enrolled: Iterable[Enrolled]) -> None:
    """Of several of one enrolment the last one stands."""
    last = {one.enrolment_id: one for one in enrolled}
    rows = [
        {
            "enrolment_id": one.enrolment_id,
            "programme_id": one.programme_id,
            "organisation_code": one.organisation.code,
            "organisation_name": one.organisation.name,
            "sorts_as": danish_sort_key(one.organisation.name)[:LONGEST_SORTED],
            "takes_part": one.takes_part,
        }
        for one in last.values()
    ]
    await _ENROLLED.upsert(tx, rows)


async def load(tx: Tx, programme_id: str, enrolment_id: str) -> Enrolled | None:
    """None where nobody has told of it, or it is another programme's."""
    row = await tx.fetchrow(
        """
        SELECT enrolment_id, programme_id, organisation_code, organisation_name, takes_part FROM enrolled
        WHERE enrolment_id = $1 AND programme_id = $2
        """,
        enrolment_id,
        programme_id,
    )
    if row is None:
        return None
    named = Organisation(code=row["organisation_code"], name=row["organisation_name"])
    return Enrolled(row["enrolment_id"], row["programme_id"], named, row["takes_part"])


async def load_page(tx: Tx, page: Page, programme_id: str) -> list[Placed[Enrolled]]:
    """Those that take part, in the Danish order of their names."""
    rows = await tx.fetch(
        f"""
        SELECT enrolment_id, programme_id, organisation_code, organisation_name, {_IN_ORDER.place} FROM enrolled
        WHERE programme_id = $1 AND takes_part AND {_IN_ORDER.after(2)} ORDER BY {_IN_ORDER.by} LIMIT $3
        """,
        programme_id,
        page.after,
        page.wanted,
    )
    return [
        (
            row["stands_at"],
            Enrolled(
                row["enrolment_id"],
                row["programme_id"],
                Organisation(code=row["organisation_code"], name=row["organisation_name"]),
                takes_part=True,
            ),
        )
        for row in rows
    ]
