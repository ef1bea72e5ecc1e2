"""Messages as staff see them: who was told what and when; one at a time with its words.

A client is shown those that it asked for, and those that speak of what it put in elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.notifications.adapters import messages
from services.notifications.adapters.composer import Composer
from services.notifications.adapters.texts import Texts, Words
from services.notifications.domain.calendar.entry import Mailbox, ics
from services.notifications.domain.letter import TITLES
from services.notifications.domain.message import STATES, Message, require_known, unknown_message, without_links
from shared.base.listing import CURSOR, LIMIT, MOST, number, page_of
from shared.contracts.refusal import Refused
from shared.storage.tx import Tx

_USUAL = 100
# Links are left out here: one may be the key to what only its recipient may do.
_PREVIEW = Composer(Words(""), Mailbox("", ""))


async def read_messages(tx: Tx, query: Mapping[str, str]) -> dict[str, Any]:
    """The newest first, without their words; by state, about, recipient, template and programme.

    `next` is a number here, as it was before cursors were; `before` takes it too.
    """
    states = tuple(filter(None, query.get("state", "").split(",")))
    if unknown := [state for state in states if state not in STATES]:
        raise Refused("unknown_state", f"»{unknown[0]}« er ikke en tilstand.", status=422, field="state")
    limit = min(number(query, LIMIT) or _USUAL, MOST)
    found = await messages.load_newest(
        tx,
        states=states,
        about=query.get("about"),
        recipient=query.get("recipient"),
        template=query.get("template"),
        programme_id=query.get("programme"),
        client=tx.cause.client,
        before=number(query, CURSOR) or number(query, "before"),
        limit=limit + 1,
    )
    shown = found[:limit]
    return {
        "messages": [_shown(message) for message in shown],
        "next": shown[-1].number if len(found) > limit else None,
    }


async def read_sent(tx: Tx, query: Mapping[str, str]) -> dict[str, Any]:
    """What was sent of a programme, with its words, for its archive. Links are left out: one may be a key."""
    page = page_of(query, "mails")
    return page.answer(await messages.load_page_of_sent(tx, page, query["programme_id"]), _as_sent)


def _as_sent(message: Message) -> dict[str, Any]:
    texts = Texts("", "", "") if message.forgotten else _PREVIEW.texts(message)
    return {
        "number": message.number,
        "sent_at": message.sent_at.isoformat() if message.sent_at else None,
        "title": TITLES.get(message.template, message.template),
        "name": message.name or None,
        "email": message.email or None,
        "subject": texts.subject or None,
        "text": texts.plain or None,
        "forgotten": message.forgotten,
    }


async def read_message(tx: Tx, query: Mapping[str, str]) -> dict[str, Any]:
    found = await messages.load(tx, query["message_id"])
    if found is None:
        raise unknown_message()
    message, cause = require_known(found.message, tx.cause.client), found.cause
    if tx.cause.client is not None:
        message = without_links(message)
    texts = Texts("", "", "") if message.forgotten else _PREVIEW.texts(message)
    return {
        **_shown(message),
        "name": message.name,
        "email": message.email,
        "subject": texts.subject,
        "text": texts.plain,
        "html": texts.html,
        "calendar": None if message.calendar is None else ics(message.calendar).decode(),
        "attempts": message.attempts,
        "reply": message.reply,
        "correlation_id": cause.correlation_id,
        "causation_id": cause.causation_id,
        "actor": cause.actor,
    }


def _shown(message: Message) -> dict[str, Any]:
    return {
        "id": message.id,
        "number": message.number,
        "template": message.template,
        "title": TITLES.get(message.template, message.template),
        "recipient": message.recipient,
        "organisation": message.says.get("organisation"),
        "programme": message.programme_id,
        "about": message.about,
        "occasion": message.occasion,
        "state": message.state,
        "written_at": message.written_at.isoformat(),
        "sent_at": message.sent_at.isoformat() if message.sent_at else None,
        "calendar_method": message.calendar.method if message.calendar else None,
        "calendar_sequence": message.calendar.sequence if message.calendar else None,
        "reply": message.reply,
        "forgotten": message.forgotten,
    }
