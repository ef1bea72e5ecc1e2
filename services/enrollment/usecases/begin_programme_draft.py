"""Staff begin a programme in the editor: from an earlier one, a template, a file, or nothing."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from services.enrollment.adapters import programme_drafts, programme_files, programmes
from services.enrollment.domain.programme_draft import (
    begun,
    blank,
    copy_of,
    data_of,
    next_version,
    require_id,
)
from services.enrollment.domain.programme_file.moving import Moved
from shared.base.answers import Answer
from shared.base.ids import new_id
from shared.contracts.bounds import FIRST_DAY, LAST_DAY, LONGEST_FILE, Id, Line
from shared.contracts.event import Command
from shared.contracts.refusal import Refused
from shared.contracts.time import day_of
from shared.storage.tx import Tx

BLANK, TEMPLATE, PUBLISHED, VERSION, FILE = "tom", "skabelon", "forloeb", "version", "fil"


class BeginProgrammeDraft(Command):
    """`source` is `tom`, `skabelon:<name>`, `forloeb:<id>`, `version:<id>` (the next one of it) or `fil`, with the text
    as `file`. A copy has an id and a title of its own, and its days in `year` (without one, where they are).
    """

    source: Id
    programme_id: Id = ""
    title: Line = ""
    year: Annotated[int, Field(ge=FIRST_DAY.year, le=LAST_DAY.year)] | None = None
    file: str = Field(default="", max_length=LONGEST_FILE)


async def begin_programme_draft(tx: Tx, command: BeginProgrammeDraft) -> Answer:
    """Refused 422 for a source that is not there or cannot be read, and 409 `draft_there` or `programme_there`."""
    kind, _, name = command.source.partition(":")
    moved: list[Moved] = []
    if kind == FILE:
        text = command.file
        programme_id = require_id(str(data_of(text).get("id") or ""))
    elif kind == VERSION:
        programme_id, text = name, await _next_version(tx, name)
    else:
        programme_id = require_id(command.programme_id)
        if not command.title.strip():
            raise Refused("required", "Skriv en titel.", status=422, field="title")
        if await programmes.load(tx, programme_id) is not None:
            raise Refused(
                "programme_there",
                "Der er et forløb med det navn. Vælg et andet, eller lav en ny version af det.",
                field="programme_id",
            )
        year = command.year or day_of(tx.now).year
        if kind == BLANK:
            text = blank(programme_id, command.title.strip(), year)
        else:
            text, moved = copy_of(await _earlier(tx, kind, name), programme_id, command.title.strip(), command.year)
    if await programme_drafts.lock_id_of(tx, programme_id) is not None:
        raise Refused("draft_there", "Der er en kladde til det forløb. Åbn den i stedet.", field="programme_id")

    draft = begun(new_id(), programme_id, text, moved, now=tx.now, by=tx.cause.actor or "")

    await programme_drafts.save(tx, draft, tx.cause)
    return Answer({"draft_id": draft.id, "edition": draft.edition, "moved": len(draft.proposals)})


async def _earlier(tx: Tx, kind: str, name: str) -> str:
    text = None
    if kind == TEMPLATE:
        text = programme_files.templates().get(name)
    elif kind == PUBLISHED:
        text, _ = await programmes.load_newest_file(tx, name)
    if text is None:
        raise Refused("unknown_source", "Vælg, hvad der begyndes med.", status=422, field="source")
    return text


async def _next_version(tx: Tx, programme_id: str) -> str:
    text, _ = await programmes.load_newest_file(tx, programme_id)
    current = await programmes.load(tx, programme_id)
    if text is None or current is None:
        raise Refused("unknown_source", "Forløbets fil er ikke gemt her.", status=422, field="source")
    capacity = current.terms.enrolment.capacity
    return next_version(text, current.ref.version + 1, (capacity.usual, capacity.hard) if capacity else None)
