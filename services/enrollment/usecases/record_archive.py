"""The papers of a programme were written out for its organiser's archive; and what that begins with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.enrollment.adapters import archives, programmes
from services.enrollment.domain.archive import Archived, reading_begins, record
from services.enrollment.domain.programme import unknown_programme
from shared.base.answers import Answer
from shared.contracts.enrollment import RecordArchive
from shared.storage.tx import Tx

SHOWN = 100
"""Of those who were erased before the archive had the papers, the newest."""


async def record_archive(tx: Tx, command: RecordArchive) -> Answer:
    """Whoever records another one of the same programme is waited for."""
    programme = await programmes.lock(tx, command.programme_id)
    if programme is None:
        raise unknown_programme()
    known = await archives.load(tx, programme.id)

    wanted = Archived(command.read_at, command.sha256, command.files)
    decided = record(programme, wanted, known, tx.source, tx.now)

    if decided.after is not None:
        await archives.insert(tx, programme.id, decided.after, tx.cause)
    tx.tell(decided)
    return Answer({"programme_id": programme.id, "changed": decided.after is not None})


async def read_archive(tx: Tx, query: Mapping[str, str]) -> dict[str, Any]:
    """`read_at` is what whoever reads the papers after this says when they are done, by the clock of the service."""
    programme = await programmes.load(tx, query["programme_id"])
    if programme is None:
        raise unknown_programme()
    return {
        "programme_id": programme.id,
        "title": programme.ref.title,
        "organiser": programme.ref.seller.name,
        "archive": programme.terms.archive,
        "read_at": reading_begins(tx.now).isoformat(),
        "archived": [
            {"read_at": one.read_at.isoformat(), "sha256": one.sha256, "files": one.files}
            for one in await archives.load(tx, programme.id)
        ],
        "erased_before": [
            {"at": one.at.isoformat(), "reason": one.because, "by": one.by}
            for one in await archives.load_unarchived(tx, programme.id, SHOWN)
        ],
    }
