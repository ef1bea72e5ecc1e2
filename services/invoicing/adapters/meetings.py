"""How meetings ended, as far as invoicing has heard. Every function locks the meetings it names, in one order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

from services.invoicing.domain.claim import NOT_ENDED, MeetingEnd
from services.invoicing.domain.invoice import Held
from shared.contracts.scheduling import Meeting
from shared.storage.tx import Tx


async def ends(tx: Tx, meetings: Iterable[Meeting]) -> dict[str, MeetingEnd]:
    """How they ended; whoever ends one of them meanwhile waits, and then finds the claims made here."""
    titles = {meeting.id: meeting.title for meeting in meetings}
    ids = sorted(titles)
    await tx.execute(
        "INSERT INTO meetings (id, title) SELECT * FROM unnest($1::text[], $2::text[]) ON CONFLICT DO NOTHING",
        ids,
        [titles[meeting_id] for meeting_id in ids],
    )
    return await known_ends(tx, ids)


async def known_ends(tx: Tx, meeting_ids: Iterable[str]) -> dict[str, MeetingEnd]:
    ids = sorted(set(meeting_ids))
    found = dict.fromkeys(ids, NOT_ENDED)
    rows = await tx.fetch(
        "SELECT id, held_on, cancelled FROM meetings WHERE id = ANY($1::text[]) ORDER BY id FOR SHARE", ids
    )
    return found | {row["id"]: MeetingEnd(row["held_on"], row["cancelled"]) for row in rows}


async def end(tx: Tx, ended: Mapping[str, tuple[str, MeetingEnd]]) -> None:
    """Meeting id → (title, how it ended)."""
    ids = sorted(ended)
    titles: list[str] = [ended[meeting_id][0] for meeting_id in ids]
    held: list[date | None] = [ended[meeting_id][1].held_on for meeting_id in ids]
    await tx.execute(
        """
        INSERT INTO meetings (id, title, held_on, cancelled)
        SELECT * FROM unnest($1::text[], $2::text[], $3::date[], $4::boolean[])
        ON CONFLICT (id) DO UPDATE SET
            title = excluded.title, held_on = excluded.held_on, cancelled = excluded.cancelled
        """,
        ids,
        titles,
        held,
        [ended[meeting_id][1].cancelled for meeting_id in ids],
    )


async def held(tx: Tx, meeting_ids: Iterable[str]) -> dict[str, Held]:
    """For invoice lines; no lock, because the claims that wait for these meetings are locked already."""
    rows = await tx.fetch(
        "SELECT id, title, held_on FROM meetings WHERE id = ANY($1::text[]) AND held_on IS NOT NULL", list(meeting_ids)
    )
    return {row["id"]: Held(row["title"], row["held_on"]) for row in rows}
