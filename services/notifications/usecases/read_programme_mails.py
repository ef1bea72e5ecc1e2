"""The mails of a programme as staff look for them, the newest first; and one of them as its recipient got it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from jinja2 import TemplateError

from services.notifications.adapters import decisions, messages, programmes
from services.notifications.adapters.composer import Composer
from services.notifications.adapters.decisions import Decided
from services.notifications.adapters.mime import Attachment, message_id
from services.notifications.adapters.texts import Texts, Words
from services.notifications.adapters.writings import load_attached
from services.notifications.domain.calendar.entry import Mailbox
from services.notifications.domain.letter import TITLES
from services.notifications.domain.message import Message
from services.notifications.domain.shown import CUT, SoughtMail, group_of, without_address, without_own_links
from shared.base.cause import Cause
from shared.base.listing import CURSOR, number
from shared.contracts.programme import ProgrammeRef
from shared.storage.tx import Tx

ON_A_PAGE = 50
_SUBJECTS = Composer(Words("", CUT), Mailbox("", ""))


@dataclass(frozen=True, slots=True)
class Listed:
    """`titles` are by template, of those that the programme has mails of; so are `organisations`."""

    programme: ProgrammeRef
    mails: Sequence[Message]
    following: int | None
    titles: Mapping[str, str]
    organisations: Sequence[str]


async def read_programme(tx: Tx, programme_id: str) -> ProgrammeRef | None:
    """As it was told last; None when nothing was told of it yet."""
    return (await programmes.load_many(tx, [programme_id])).get(programme_id)


async def read_programme_mails(tx: Tx, query: Mapping[str, str], sought: SoughtMail) -> Listed | None:
    """By `state` (a group's key), `template` and `organisation`, each if given, and what is sought."""
    programme = await read_programme(tx, query["programme_id"])
    if programme is None:
        return None
    group = group_of(query.get("state", ""))
    found = await messages.load_of_programme(
        tx,
        programme.id,
        states=group.states if group else None,
        bounced=group.bounced if group else None,
        template=query.get("template") or None,
        organisation=query.get("organisation") or None,
        address=sought.address or None,
        digest=sought.digest or None,
        message_id=sought.message_id or None,
        words=sought.words or None,
        before=number(query, CURSOR),
        limit=ON_A_PAGE + 1,
    )
    templates, organisations = await messages.load_kinds(tx, programme.id)
    shown = found[:ON_A_PAGE]
    return Listed(
        programme,
        [_with_subject(one) for one in shown],
        shown[-1].number if len(found) > ON_A_PAGE else None,
        {one: TITLES.get(one, one) for one in templates},
        organisations,
    )


@dataclass(frozen=True, slots=True)
class Shown:
    """A mail with all that staff are shown of it. `texts` and files have no link that is somebody's own."""

    programme: ProgrammeRef
    message: Message
    cause: Cause
    texts: Texts
    files: Sequence[Attachment]
    headers: Sequence[tuple[str, str]]
    decided: Sequence[Decided]


async def read_programme_mail(
    tx: Tx, programme_id: str, sought: str, public_url: str, *, sees_address: bool
) -> Shown | None:
    """None when the programme has no such mail. `sees_address`: whoever asks may see where it went."""
    programme, found = await read_programme(tx, programme_id), await messages.load(tx, sought)
    if programme is None or found is None or found.message.programme_id != programme_id:
        return None
    message, cause = found
    # A receipt takes some milliseconds to be set.
    texts, files = await asyncio.to_thread(_written, message if sees_address else without_address(message), public_url)
    files = [*files, *await load_attached(tx, message)]
    return Shown(
        programme,
        replace(message, subject=texts.subject),
        cause,
        texts,
        files,
        _headers(message, texts),
        await decisions.load(tx, message.id),
    )


def _written(message: Message, public_url: str) -> tuple[Texts, Sequence[Attachment]]:
    if message.forgotten:
        return Texts("", "", ""), ()
    composer = Composer(Words(public_url, CUT), Mailbox("", ""))
    try:
        texts = composer.texts(message)
        files = composer.attached(message, texts)
    except (ValueError, LookupError, TemplateError):
        return Texts(message.subject, "", ""), ()
    cut = Texts(*(without_own_links(one, public_url) for one in (texts.subject, texts.plain, texts.html)))
    return cut, [
        replace(one, content=without_own_links(one.content, public_url)) if isinstance(one.content, str) else one
        for one in files
    ]


def _headers(message: Message, texts: Texts) -> list[tuple[str, str]]:
    """Those that say something to people."""
    seller = (message.says.get("programme") or {}).get("seller")
    if not seller:
        return []
    return [
        ("Fra", f"{seller['sender_name']} <{seller['sender_email']}>"),
        ("Svar til", seller["organizer_email"]),
        ("Emne", texts.subject),
        ("Message-ID", message_id(message.key, seller["sender_email"])),
    ]


def _with_subject(message: Message) -> Message:
    """One that was written before subjects were kept has the one that it goes out with."""
    if message.subject or message.forgotten:
        return message
    return replace(message, subject=_SUBJECTS.subject(message))
