"""How meetings ended, as far as invoicing has heard."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from services.invoicing.domain.claim import NOT_ENDED, MeetingEnd
from services.invoicing.domain.invoice import Held
from shared.contracts.scheduling import Meeting
from shared.storage.table import Table
from shared.storage.tx import Tx

_MEETINGS = Table("meetings", {"id": "text", "title": "text", "held_on": "date", "cancelled": "boolean"}, key=("id",))


async def insert_new(tx: Tx, meetings: Iterable[Meeting]) -> None:
    """Those nobody has told of, so that their ends can be locked before they have any."""
    titles = {meeting.id: meeting.title for meeting in meetings}
    await _MEETINGS.insert_new(tx, {"id": list(titles), "title": list(titles.values())})


async def lock_ends(tx: Tx, meeting_ids: Iterable[str]) -> dict[str, MeetingEnd]:
    """How they ended; whoever ends one that is known meanwhile waits, and then finds the claims made here."""
    ids = sorted(set(meeting_ids))
    rows = await tx.fetch(
        "SELECT id, held_on, cancelled FROM meetings WHERE id = ANY($1::text[]) ORDER BY id FOR SHARE", ids
    )
    return dict.fromkeys(ids, NOT_ENDED) | {row["id"]: MeetingEnd(row["held_on"], row["cancelled"]) for row in rows}


async def load_held(tx: Tx, meeting_ids: Iterable[str]) -> dict[str, Held]:
    """For invoice lines; no lock, because the claims that wait for these meetings are locked already."""
    rows = await tx.fetch(
        "SELECT id, title, held_on FROM meetings WHERE id = ANY($1::text[]) AND held_on IS NOT NULL", list(meeting_ids)
    )
    return {row["id"]: Held(row["title"], row["held_on"]) for row in rows}


async def save_ends(tx: Tx, ended: Mapping[str, tuple[str, MeetingEnd]]) -> None:
    """Meeting id → (title, how it ended)."""
    rows = [
        {"id": meeting_id, "title": title, "held_on": end.held_on, "cancelled": end.cancelled}
        for meeting_id, (title, end) in ended.items()
    ]
    await _MEETINGS.upsert(tx, rows)
