"""A text to many as whoever writes it sees it: whom it goes to, how it reads for one of them, and how many are gone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from services.notifications.adapters import writings
from services.notifications.adapters.composer import Composer
from services.notifications.adapters.mime import Attachment
from services.notifications.adapters.texts import Texts, Words
from services.notifications.adapters.writings import Listed
from services.notifications.domain.attachments import Kept
from services.notifications.domain.calendar.entry import Mailbox
from services.notifications.domain.message import queue
from services.notifications.domain.shown import CUT, without_own_links
from services.notifications.domain.writing import Addressed, Candidate, Writing, letter_to, require_known
from services.notifications.usecases.read_programme_mails import read_programme
from services.notifications.usecases.write_letters import as_written
from services.notifications.usecases.write_to_many import load_addressed
from shared.contracts.programme import ProgrammeRef
from shared.storage.tx import Tx

ON_A_PAGE = 50


@dataclass(frozen=True, slots=True)
class Offered:
    """Whom a text can be for: roles and meetings by id, with what they are called (and a meeting's first day)."""

    roles: Sequence[tuple[str, str]]
    meetings: Sequence[tuple[str, str, str | None]]
    team: bool
    chosen: Sequence[str]
    """What the chosen organisations are called; empty = all that have a place."""


async def read_offered(tx: Tx, programme_id: str, chosen: Sequence[str] | None) -> Offered:
    named = await writings.load_meant(tx, programme_id, chosen) if chosen else {}
    return Offered(
        await writings.load_roles(tx, programme_id),
        await writings.load_meetings(tx, programme_id),
        await writings.has_team(tx, programme_id),
        list(named.values()),
    )


@dataclass(frozen=True, slots=True)
class Shown:
    """`addressed` and `preview` are a draft's; `counts` are its mails by state, of one that went."""

    programme: ProgrammeRef
    writing: Writing
    files: Sequence[Kept]
    addressed: Addressed
    example: Candidate | None
    preview: Texts
    counts: Mapping[str, int]


async def read_writing(tx: Tx, programme_id: str, writing_id: str, public_url: str, example: int = 0) -> Shown | None:
    """`example` is whose copy is shown, by the place among those it goes to. None = the programme has no such text."""
    programme, writing = await read_programme(tx, programme_id), await writings.load(tx, writing_id)
    if programme is None or writing is None or writing.programme_id != programme_id:
        return None
    files = await writings.load_files(tx, writing.id)
    if writing.forgotten:
        return Shown(programme, writing, files, Addressed((), ()), None, Texts("", "", ""), {})
    addressed = await load_addressed(tx, writing) if writing.state == "draft" else Addressed((), ())
    to = addressed.to
    one = to[example if 0 <= example < len(to) else 0] if to else None
    return Shown(
        programme,
        writing,
        files,
        addressed,
        one,
        await _preview(tx, writing, one, programme, files, public_url),
        await writings.count_by_state(tx, writing.id) if writing.state != "draft" else {},
    )


async def _preview(
    tx: Tx,
    writing: Writing,
    one: Candidate | None,
    programme: ProgrammeRef,
    files: Sequence[Kept],
    public_url: str,
) -> Texts:
    """As the mail would be, without the link that is its reader's own."""
    reads = one or Candidate("", "{kommune}", "-", "{navn}", "")
    own = await writings.load_own_paths(tx, writing.programme_id, [reads.recipient])
    letter = letter_to(writing, reads, programme, files, own.get(reads.recipient))
    # Whoever is named is told what others are not: nobody is, of what has been sent.
    ((written, _),) = await as_written(tx, [(letter, tx.cause)]) if one else [(letter, tx.cause)]
    texts = Composer(Words(public_url, CUT), Mailbox("", "")).texts(queue(written, tx.source).after)
    return Texts(*(without_own_links(text, public_url) for text in (texts.subject, texts.plain, texts.html)))


async def read_writings(tx: Tx, programme_id: str, before: int | None) -> tuple[list[Listed], int | None]:
    """The newest first, and the number that the next page begins before."""
    found = await writings.load_of_programme(tx, programme_id, before, ON_A_PAGE + 1)
    shown = found[:ON_A_PAGE]
    return shown, shown[-1].number if len(found) > ON_A_PAGE else None


async def read_file(tx: Tx, programme_id: str, writing_id: str, place: int) -> Attachment | None:
    require_known(await writings.load(tx, writing_id), programme_id)
    return await writings.load_file(tx, writing_id, place)


@dataclass(frozen=True, slots=True)
class LastChange:
    at: datetime
    actor: str


async def read_last_change(tx: Tx, writing_id: str) -> LastChange | None:
    """Who has changed the text last, and when; None where that is not kept. Machine time."""
    found = await writings.load_last_change(tx, writing_id)
    return None if found is None else LastChange(*found)
