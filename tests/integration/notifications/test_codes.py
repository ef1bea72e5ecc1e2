"""The mail with a code: ahead of all others, not when it is too late, and the code is not kept."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from deploy.local.mailsink import body, parse
from services.notifications.adapters import messages, outgoing
from services.notifications.domain.message import HIDDEN, TOO_LATE, lapse
from services.notifications.usecases.read_code_mail import read_code_mail
from services.notifications.usecases.read_messages import read_message, read_messages
from services.notifications.usecases.send_message import send_message
from shared.base.cause import Cause
from shared.base.clock import machine_now
from shared.contracts.enrollment import MailboxCodeDrawn
from shared.contracts.notifications import SendMessage
from shared.storage.tx import transaction
from tests.support import facts
from tests.support.letters import COMPOSER, written
from tests.support.room import Room

CODE = next(one for one in facts.FACT_EXAMPLES if isinstance(one, MailboxCodeDrawn))
MAILER = "a/1/b"


def drawn(name: str, **changes: Any) -> MailboxCodeDrawn:
    to = CODE.to.model_copy(update={"email": f"{name}@by.example"})
    good_until = machine_now() + timedelta(minutes=10)
    return CODE.model_copy(update={"code_id": f"code-{name}", "to": to, "good_until": good_until, **changes})


async def note(desk: Room, name: str, occasion: str) -> None:
    wish = {"recipient": f"p-{name}", "email": f"{name}@by.example", "about": "programme/p", "title": "T", "text": "X"}
    await desk.ask(send_message, SendMessage(**wish, occasion=occasion))


async def fate(desk: Room, name: str) -> str:
    async with transaction(desk.pool, desk, desk.source, Cause("c", None, None)) as tx:
        return await read_code_mail(tx, f"code-{name}")


async def leased(desk: Room, most: int) -> list[str]:
    return [one.message.email for one in await outgoing.lease(desk.pool, MAILER, 30.0, most)]


async def test_a_code_goes_out_before_everything_that_waits(desk: Room) -> None:
    for number in range(30):
        await note(desk, f"w{number}", "1")
    await desk.hear(drawn("anna"), drawn("bo"))
    assert await leased(desk, 1) == ["anna@by.example"]
    assert await leased(desk, 5) == ["bo@by.example"]
    assert await leased(desk, 2) == ["w0@by.example", "w1@by.example"]


async def test_a_code_waits_for_no_letter_to_its_mailbox(desk: Room) -> None:
    await note(desk, "anna", "1")
    await desk.pool.execute("UPDATE messages SET not_before = now() + interval '1 day'")
    await note(desk, "anna", "2")
    assert await leased(desk, 5) == []
    await desk.hear(drawn("anna"))
    assert await leased(desk, 5) == ["anna@by.example"]


async def test_a_code_that_is_too_late_is_not_sent_and_is_kept_without_the_code(desk: Room) -> None:
    await desk.hear(drawn("anna"), drawn("bo", good_until=datetime(2020, 1, 1, tzinfo=UTC)))
    anna, bo = await written(desk)
    assert anna.says["code"] == CODE.code
    assert await fate(desk, "anna") == await fate(desk, "nobody") == "on_its_way"
    assert lapse(anna, machine_now()) is None
    late = lapse(bo, machine_now())
    assert late is not None
    assert (late.after.state, late.after.reply, late.after.says["code"]) == ("settled", TOO_LATE, HIDDEN)
    async with transaction(desk.pool, desk, desk.source, Cause("c", None, None)) as tx:
        await messages.save(tx, [late.after])
    assert await fate(desk, "bo") == "late"
    assert {one.email: one.says["code"] for one in await written(desk)}["bo@by.example"] == HIDDEN
    # Nobody but the mailbox is shown a code, also while it waits.
    assert f"Koden er: {CODE.code}" in (body(parse(COMPOSER.mail(anna).content), "plain") or "")
    assert CODE.code not in COMPOSER.texts(anna).plain
    assert CODE.code not in str(await desk.read(read_messages))
    assert CODE.code not in str(await desk.read(read_message, message_id=anna.id))
