"""One message's way to the mail server: what is committed before, and what the answer makes of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

import structlog
from jinja2 import TemplateError

from services.notifications.adapters import digest_items, outgoing
from services.notifications.adapters.composer import Composer
from services.notifications.adapters.messages import Message
from services.notifications.adapters.mime import Mail
from services.notifications.adapters.smtp import Conversation, No, NoAnswer, Unreachable
from services.notifications.domain import digest_lines
from services.notifications.domain.delivery import GIVE_UP_AFTER, is_final, is_server_trouble, pause_s
from shared.base.cause import Cause
from shared.base.failpoints import failpoint
from shared.base.failures import Failure, classify
from shared.contracts.notifications import MessageFailed, MessageSent
from shared.storage.tx import Pool, Tx

_log = structlog.get_logger()
UNSENDABLE = "unsendable"
_ATTEMPTS = 40
"""Of writing down what a server has answered; more than a minute in all."""


@dataclass(frozen=True, slots=True)
class Post:
    """What delivering needs. `mailer` is this process's name in the queue; seconds are machine time.

    Each of the conversations carries one message at a time.
    """

    pool: Pool
    transaction: Callable[[Cause], AbstractAsyncContextManager[Tx]]
    composer: Composer
    conversations: Sequence[Conversation]
    mailer: str
    lease_s: float
    retry_s: float


async def deliver(post: Post, conversation: Conversation, message: Message) -> bool:
    """Take a claimed message as far as it gets; False = it waits, and so do later ones to the same mailbox.

    Raises Unreachable when the server is not there: the message was not begun, and stays claimed.
    """
    try:
        mail = await asyncio.to_thread(post.composer.mail, message)
    except (ValueError, LookupError, TemplateError) as error:
        # A letter that cannot be written is an alarm, and no reason to stop the others.
        _log.error("message_unsendable", alarm=True, message_id=message.id, error=type(error).__name__)
        await _fail(post, message, UNSENDABLE)
        return True
    no = await conversation.address(mail)
    if no is None:
        if not await _begin(post, message):
            await conversation.forget()
            return False
        await failpoint("mailer.before_data")
        no = await _hand_over(post, conversation, message, mail)
    if no is None:
        return True
    return await _take_no(post, message, no)


async def _begin(post: Post, message: Message) -> bool:
    try:
        return await outgoing.begin(post.pool, message.id, post.mailer, post.lease_s)
    except Exception as error:
        if classify(error) is Failure.TRANSIENT:
            # Whether it was committed is not known, but that nothing was sent is.
            await _persist(lambda: outgoing.not_begun(post.pool, message.id, post.mailer))
        raise


async def _hand_over(post: Post, conversation: Conversation, message: Message, mail: Mail) -> No | None:
    try:
        no = await conversation.hand_over(mail)
    except NoAnswer:
        await _persist(lambda: note_unknown(post, message_id=message.id))
        return None
    if no is None:
        await failpoint("mailer.after_data")
        await _persist(lambda: _note_sent(post, message))
    return no


async def _note_sent(post: Post, message: Message) -> None:
    async with post.transaction(message.cause) as tx:
        if await outgoing.sent(tx, message.id):
            tx.publish(
                MessageSent(
                    owner=tx.source,
                    message_id=message.id,
                    template=message.template,
                    recipient=message.recipient,
                    about=message.about,
                    occasion=message.occasion,
                    sent_at=tx.now,
                )
            )


async def _persist(write: Callable[[], Awaitable[None]]) -> None:
    """Write down what is known, through a restart of the database: forgotten, the message's fate would be unknown."""
    for attempt in range(_ATTEMPTS):
        try:
            return await write()
        except Exception as error:
            if classify(error) is not Failure.TRANSIENT or attempt == _ATTEMPTS - 1:
                raise
        await asyncio.sleep(min(2.0, 0.05 * 2**attempt))
    return None


async def _take_no(post: Post, message: Message, no: No) -> bool:
    if is_server_trouble(no.code):
        # Back to claimed's beginning: nothing was taken, and the next try is as good as the first.
        await outgoing.postpone(post.pool, message.id, post.mailer, no.name, post.retry_s)
        raise Unreachable(no.name)
    if is_final(no.code) or await outgoing.too_old(post.pool, message.id, GIVE_UP_AFTER.total_seconds()):
        await _persist(lambda: _fail(post, message, no.name))
        return True
    pause = pause_s(message.attempts + 1, post.retry_s)
    await _persist(lambda: outgoing.postpone(post.pool, message.id, post.mailer, no.name, pause))
    return False


async def _fail(post: Post, message: Message, reason: str) -> None:
    _log.warning("message_failed", alarm=True, message_id=message.id, reason=reason)
    async with post.transaction(message.cause) as tx:
        if await outgoing.refused(tx, message.id, reason):
            tx.publish(
                MessageFailed(
                    owner=tx.source,
                    message_id=message.id,
                    template=message.template,
                    recipient=message.recipient,
                    about=message.about,
                    occasion=message.occasion,
                    reason=reason,
                )
            )
            await _tell_staff(tx, "failed", message, reason)


async def note_unknown(post: Post, message_id: str | None = None) -> None:
    """The message just being sent, or (None) what was being sent and no longer is: a person decides."""
    async with post.transaction(Cause(post.mailer, None, "mailer")) as tx:
        for message in await outgoing.lost(tx, post.mailer, message_id):
            _log.error("message_unknown", alarm=True, message_id=message.id)
            await _tell_staff(tx, "unknown", message, "intet svar fra mailserveren")


async def _tell_staff(tx: Tx, kind: str, message: Message, reply: str) -> None:
    if message.template == "digest":
        return  # the digest would be about itself
    line = digest_lines.undelivered(
        kind,
        message.id,
        message.attempts,
        message.programme_id,
        message.template,
        message.says.get("organisation", ""),
        reply,
        tx.now,
    )
    await digest_items.add(tx, [(line, message.cause)])
