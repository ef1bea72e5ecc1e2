"""One message's way to the mail server: what is committed before, and what the answer makes of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

import structlog
from jinja2 import TemplateError

from services.notifications.adapters import messages, outgoing
from services.notifications.adapters.composer import Composer
from services.notifications.adapters.messages import Stored
from services.notifications.adapters.mime import Mail
from services.notifications.adapters.smtp import Conversation, No, NoAnswer, Unreachable
from services.notifications.adapters.writings import load_attached
from services.notifications.domain import digest_lines
from services.notifications.domain.delivery import is_final, is_given_up, is_server_trouble, pause_s
from services.notifications.domain.digest import DigestLine
from services.notifications.domain.message import UNSENDABLE, fail, lapse, lose, require_known, take
from services.notifications.usecases.tell_staff import tell_staff
from shared.base.cause import Cause
from shared.base.clock import machine_now
from shared.base.failpoints import failpoint
from shared.base.failures import Failure, classify
from shared.base.waiting import Backoff
from shared.storage.tx import Pool, Tx

_log = structlog.get_logger()
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


async def deliver(post: Post, conversation: Conversation, leased: Stored) -> bool:
    """Take a leased message as far as it gets; False = it waits, and so do later ones to the same mailbox.

    Raises Unreachable when the server is not there: the message was not begun, and its lease stands.
    """
    message = leased.message
    if lapse(message, machine_now()) is not None:
        await _let_lapse(post, leased)
        return True
    files = await load_attached(post.pool, message)
    try:
        mail = await asyncio.to_thread(post.composer.mail, message, files)
    except (ValueError, LookupError, TemplateError) as error:
        # A letter that cannot be written is an alarm, and no reason to stop the others.
        _log.error("message_unsendable", alarm=True, message_id=message.id, error=type(error).__name__)
        await _fail(post, leased, UNSENDABLE)
        return True
    no = await conversation.address(mail)
    if no is None:
        if not await _begin(post, message.id):
            await conversation.forget()
            return False
        await failpoint("mailer.before_data")
        no = await _hand_over(post, conversation, leased, mail)
    if no is None:
        return True
    return await _take_no(post, leased, no)


async def _let_lapse(post: Post, leased: Stored) -> None:
    async with post.transaction(leased.cause) as tx:
        before = require_known(await messages.lock(tx, leased.message.id))

        decided = lapse(before, machine_now())

        if decided is not None:
            await messages.save(tx, [decided.after])


async def _begin(post: Post, message_id: str) -> bool:
    try:
        return await outgoing.begin(post.pool, message_id, post.mailer, post.lease_s)
    except Exception as error:
        if classify(error) is Failure.TRANSIENT:
            # Whether it was committed is not known, but that nothing was sent is.
            await _persist(lambda: outgoing.mark_not_begun(post.pool, message_id, post.mailer))
        raise


async def _hand_over(post: Post, conversation: Conversation, leased: Stored, mail: Mail) -> No | None:
    try:
        no = await conversation.hand_over(mail)
    except NoAnswer:
        await _persist(lambda: note_unknown(post, message_id=leased.message.id))
        return None
    if no is None:
        await failpoint("mailer.after_data")
        await _persist(lambda: note_sent(post, leased))
    return no


async def note_sent(post: Post, leased: Stored) -> None:
    """The server has taken it."""
    async with post.transaction(leased.cause) as tx:
        before = require_known(await messages.lock(tx, leased.message.id))

        decided = take(before, tx.source, tx.now)

        if decided.after != before:
            await messages.save(tx, [decided.after])
        tx.tell(decided)


async def _persist(write: Callable[[], Awaitable[None]]) -> None:
    """Write down what is known, through a restart of the database: forgotten, the message's fate would be unknown."""
    backoff = Backoff(0.05, 2.0)
    while True:
        try:
            return await write()
        except Exception as error:
            pause = backoff.failed()
            if classify(error) is not Failure.TRANSIENT or backoff.failures == _ATTEMPTS:
                raise
        await asyncio.sleep(pause)


async def _take_no(post: Post, leased: Stored, no: No) -> bool:
    message = leased.message
    if is_server_trouble(no.code):
        # Back to the lease's beginning: nothing was taken, and the next try is as good as the first.
        await outgoing.postpone(post.pool, message.id, post.mailer, no.name, post.retry_s)
        raise Unreachable(no.name)
    if is_final(no.code) or is_given_up(await outgoing.load_waited(post.pool, message.id)):
        await _persist(lambda: _fail(post, leased, no.name))
        return True
    pause = pause_s(message.attempts + 1, post.retry_s)
    await _persist(lambda: outgoing.postpone(post.pool, message.id, post.mailer, no.name, pause))
    return False


async def _fail(post: Post, leased: Stored, reason: str) -> None:
    message, cause = leased
    _log.warning("message_failed", alarm=True, message_id=message.id, reason=reason)
    async with post.transaction(cause) as tx:
        before = require_known(await messages.lock(tx, message.id))

        decided = fail(before, reason, tx.source)

        if decided.after != before:
            await messages.save(tx, [decided.after])
            tx.tell(decided)
            await _tell_staff(tx, digest_lines.undelivered("failed", message, reason, tx.now), cause)


async def note_unknown(post: Post, message_id: str | None = None) -> None:
    """The message just being sent, or (None) what was being sent and no longer is: a person decides."""
    async with post.transaction(Cause(post.mailer, None, "mailer")) as tx:
        found = await outgoing.lock_lost(tx, post.mailer, message_id)
        await messages.save(tx, [lose(message).after for message, _ in found])
        for message, cause in found:
            _log.error("message_unknown", alarm=True, message_id=message.id)
            line = digest_lines.undelivered("unknown", message, "intet svar fra mailserveren", tx.now)
            await _tell_staff(tx, line, cause)


async def _tell_staff(tx: Tx, line: DigestLine | None, cause: Cause) -> None:
    if line is not None:
        await tell_staff(tx, [(line, cause)])
