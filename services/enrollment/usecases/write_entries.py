"""Entries of the address book are as they were decided: stored, with who changed what, and acted on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from services.enrollment.adapters import organisations
from services.enrollment.domain.address_book import Entry, all_differences
from services.enrollment.usecases.let_in import let_waiting_in
from services.enrollment.usecases.write_to_members import write_to_members
from shared.storage.tx import Tx


async def write_entries(
    tx: Tx, changed: Sequence[tuple[Entry, Entry]], vouched: str | None = None
) -> list[dict[str, Any]]:
    """Before and after, of entries that are locked. Whoever was merged into one of them is reached as it says, too.

    What became of the forms that waited for staff to say who their contact is (`vouched`: what was said just now).
    """
    after = [one for _, one in changed]
    codes = [one.organisation.code for one in after]
    noted = [
        (now.organisation.code, unit, [one.column for one in found])
        for before, now in changed
        for unit, found in all_differences(before, now)
    ]
    await organisations.save(tx, [one for before, one in changed if one != before])
    await organisations.insert_changes(tx, noted)
    reached = [*after, *(await organisations.load_merged_into(tx, codes)).values()]
    admitted = await let_waiting_in(tx, reached, vouched)
    await write_to_members(tx, reached)
    return admitted
