"""The mailer and a real mail server: what is sent once, tried again, given up, and never known."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from services.notifications.adapters import outgoing
from services.notifications.adapters.calendar.mail_checks import check_mail
from services.notifications.adapters.mime import Mail as MailSent
from services.notifications.adapters.mime import message_id
from services.notifications.adapters.smtp import Conversation, Server, Unreachable
from services.notifications.domain.letters import introduce, may_introduce
from services.notifications.domain.message import HIDDEN, queue
from services.notifications.domain.samples import calendar_letters
from services.notifications.usecases.deliver_message import Post, deliver, note_sent, note_unknown
from services.notifications.usecases.send_message import send_message
from services.notifications.usecases.settle_message import ResendMessage, SettleMessage, resend_message, settle_message
from services.notifications.usecases.write_letters import write_letters
from services.notifications.usecases.write_to_many import (
    AttachFile,
    BeginWriting,
    WriteToMany,
    attach_file,
    begin_writing,
    write_to_many,
)
from services.notifications.workers.mailer import Mailer
from shared.base.activity import Activity
from shared.base.cause import Cause
from shared.base.clock import machine_now
from shared.contracts.enrollment import MailboxCodeDrawn
from shared.contracts.notifications import MessageFailed, MessageSent, SendMessage
from shared.contracts.parties import Contact
from shared.storage.tx import Tx, transaction
from tests.support.calendar_client import Client
from tests.support.eventually import eventually
from tests.support.facts import FACT_EXAMPLES, PROGRAMME, an_enrolment
from tests.support.letters import COMPOSER, written
from tests.support.room import BY_HAND, Room
from tests.support.servers import Mail

LEASE_S = 5.0
SHORT_S = 0.3


@dataclass(slots=True)
class PostOffice:
    """A desk, a mail server of this test's own folder of recipients, and a mailer that runs on request."""

    desk: Room
    mail: Mail
    server: Server
    http: httpx.AsyncClient

    def post(self, name: str = "mailer-1", lease_s: float = LEASE_S) -> Post:
        return Post(
            pool=self.desk.pool,
            transaction=lambda cause: transaction(self.desk.pool, self.desk, self.desk.source, cause),
            composer=COMPOSER,
            conversations=[Conversation(self.server) for _ in range(2)],
            mailer=name,
            lease_s=lease_s,
            retry_s=0.05,
        )

    @asynccontextmanager
    async def running(self, name: str = "mailer-1") -> AsyncIterator[Mailer]:
        stop, mailer = asyncio.Event(), Mailer(self.post(name), Activity())
        task = asyncio.create_task(mailer.run(stop))
        try:
            yield mailer
        finally:
            stop.set()
            await task

    async def write(self, email: str, occasion: str = "1") -> str:
        command = SendMessage(
            recipient=f"person-{email}",
            email=email,
            about="programme/p",
            occasion=occasion,
            title="Emne æøå",
            text="Hej",
        )
        return str((await self.desk.ask(send_message, command))["message_id"])

    async def states(self) -> dict[str, str]:
        return {f"{message.email} {message.occasion}": message.state for message in await written(self.desk)}

    async def settled(self) -> dict[str, str]:
        """States once nothing is under way any more."""

        async def quiet() -> bool:
            return await outgoing.count_waiting(self.desk.pool) == 0

        await eventually(quiet, because="no mail is under way")
        return await self.states()

    async def rules(self, *rules: dict[str, object]) -> None:
        (await self.http.put(f"{self.mail.http}/control/rules", json=list(rules))).raise_for_status()

    async def kept(self, email: str) -> list[dict[str, object]]:
        found: list[dict[str, object]] = (await self.http.get(f"{self.mail.http}/api/messages?to={email}")).json()
        return found


@pytest.fixture
async def office(desk: Room, mail: Mail) -> AsyncIterator[PostOffice]:
    host, _, port = mail.smtp.rpartition(":")
    async with httpx.AsyncClient(trust_env=False, verify=False, headers=mail.headers) as http:  # noqa: S501  (plain HTTP on this machine)
        office = PostOffice(desk, mail, Server(host, int(port), timeout_s=1.5), http)
        yield office
        await office.rules()


def address(name: str) -> str:
    """Another one for each test, for they share the mail server."""
    return f"{name}@{datetime.now(UTC):%H%M%S%f}.example"  # noqa: TID251 # only to be another one


async def test_of_a_code_nothing_is_kept_once_it_is_sent_and_none_is_sent_too_late(office: PostOffice) -> None:
    example = next(one for one in FACT_EXAMPLES if isinstance(one, MailboxCodeDrawn))
    bo, eva = address("bo"), address("eva")
    soon = machine_now() + timedelta(minutes=10)
    for email, until in ((bo, soon), (eva, example.good_until)):
        to = example.to.model_copy(update={"email": email})
        await office.desk.hear(example.model_copy(update={"code_id": email, "to": to, "good_until": until}))
    async with office.running():
        await office.settled()
    (kept,) = await office.kept(bo)
    assert str(kept["subject"]).startswith("Koden til ")
    assert example.code not in str(kept["subject"])
    assert await office.kept(eva) == []
    found = {message.email: (message.state, message.says["code"]) for message in await written(office.desk)}
    assert found == {bo: ("sent", HIDDEN), eva: ("settled", HIDDEN)}


async def test_a_letter_is_sent_once_and_told(office: PostOffice) -> None:
    bo = address("bo")
    written_id = await office.write(bo)
    async with office.running():
        assert await office.settled() == {f"{bo} 1": "sent"}
    (kept,) = await office.kept(bo)
    (message,) = await written(office.desk)
    assert kept["subject"] == "Emne æøå"
    assert kept["message_id"] == message_id(message.key, "post@tovholder.example")
    (told,) = await office.desk.told()
    assert isinstance(told, MessageSent)
    assert told.message_id == written_id


def received(raw: bytes) -> bytes:
    """The mail as it was given to the server, which puts its own lines before it."""
    while raw.startswith((b"Return-Path:", b"Delivered-To:")):
        raw = raw.partition(b"\r\n")[2]
    return raw


@pytest.mark.parametrize("kind", sorted(calendar_letters()))
async def test_every_calendar_mail_comes_out_of_a_mail_server_byte_for_byte(office: PostOffice, kind: str) -> None:
    bo = address("bo")
    letter = calendar_letters()[kind]
    assert letter.calendar is not None
    entry = replace(letter.calendar, attendee=replace(letter.calendar.attendee, email=bo))
    hers = replace(letter, to=replace(letter.to, email=bo), calendar=entry)
    async with transaction(office.desk.pool, office.desk, office.desk.source, BY_HAND) as tx:
        await write_letters(tx, [(hers, BY_HAND)])
    async with office.running():
        await office.settled()
    (kept,) = await office.kept(bo)
    raw = received((await office.http.get(f"{office.mail.http}/messages/{kept['number']}/raw")).content)
    # It is the first that is written to the person.
    told = introduce(hers) if may_introduce(hers) else hers
    assert raw == COMPOSER.mail(queue(told, "/x").after).content
    assert check_mail(raw) == []
    client = Client(bo)
    client.take_mail(raw)
    assert len(client.seen) == 1
    assert bool(client.calendar) == (entry.method == "REQUEST")


async def test_a_body_with_dots_and_odd_line_breaks_comes_out_byte_for_byte(office: PostOffice) -> None:
    bo = address("bo")
    content = b"Subject: x\r\n\r\n.\r\n..\r\n.Fra\r\n\r\nQUIT\r\n.\r\n"
    conversation = Conversation(office.server)
    await conversation.open()
    sent = MailSent("fra@forening.example", bo, content)
    assert await conversation.address(sent) is None
    assert await conversation.hand_over(sent) is None
    await conversation.close()
    (kept,) = await office.kept(bo)
    assert received((await office.http.get(f"{office.mail.http}/messages/{kept['number']}/raw")).content) == content


async def test_a_server_that_says_later_is_asked_again_and_nobody_overtakes_in_the_same_mailbox(
    office: PostOffice,
) -> None:
    bo, asta = address("bo"), address("asta")
    await office.rules({"recipient": bo, "action": "refuse_for_now", "times": 2})
    for occasion in ("1", "2"):
        await office.write(bo, occasion)
    await office.write(asta)
    async with office.running():
        await office.settled()
    assert set((await office.states()).values()) == {"sent"}
    got = [mail["message_id"] for mail in await office.kept(bo)]
    first, second = (message for message in await written(office.desk) if message.email == bo)
    assert got == [message_id(one.key, "post@tovholder.example") for one in (first, second)]


async def test_a_refusal_is_final_told_and_in_the_digest(office: PostOffice) -> None:
    bo = address("bo")
    await office.rules({"recipient": bo, "action": "refuse"})
    await office.write(bo)
    async with office.running():
        assert await office.settled() == {f"{bo} 1": "failed"}
    (told,) = await office.desk.told()
    assert isinstance(told, MessageFailed)
    assert told.reason == "smtp_550"
    assert await office.desk.pool.fetchval("SELECT kind FROM digest_items") == "failed"
    assert await office.kept(bo) == []


@pytest.mark.parametrize(("action", "copies"), [("hang", 0), ("accept_and_drop", 1)])
async def test_without_an_answer_the_fate_is_unknown_and_only_a_person_sends_again(
    office: PostOffice, action: str, copies: int
) -> None:
    bo = address("bo")
    await office.rules({"recipient": bo, "action": action, "times": 1})
    unsure = await office.write(bo)
    async with office.running() as mailer:
        assert await office.settled() == {f"{bo} 1": "unknown"}
        asta = address("asta")
        await office.write(asta)
        assert await office.settled() == {f"{bo} 1": "unknown", f"{asta} 1": "sent"}
        assert len(await office.kept(bo)) == copies
        assert await mailer.pending() == 0
        assert [fact for fact in await office.desk.told() if fact.subject == f"message/{unsure}"] == []
        await office.desk.ask(resend_message, ResendMessage(message_id=unsure))
        await office.settled()
    kept = await office.kept(bo)
    assert len(kept) == copies + 1
    assert len({mail["message_id"] for mail in kept}) == 1


async def test_a_person_may_settle_what_is_unknown(office: PostOffice) -> None:
    bo = address("bo")
    await office.rules({"recipient": bo, "action": "hang", "times": 1})
    unsure = await office.write(bo)
    async with office.running():
        await office.settled()
        await office.desk.ask(settle_message, SettleMessage(message_id=unsure))
        assert await office.settled() == {f"{bo} 1": "settled"}
    refused = await office.desk.refusal(resend_message, ResendMessage(message_id=unsure))
    assert refused.code == "nothing_to_decide"


async def test_a_line_that_breaks_after_the_answer_loses_nothing(office: PostOffice) -> None:
    addresses = [address("bo"), address("asta"), address("carl")]
    await office.rules({"recipient": addresses[0], "action": "answer_and_drop"})
    for one in addresses:
        await office.write(one)
    async with office.running():
        assert set((await office.settled()).values()) == {"sent"}
    assert [len(await office.kept(one)) for one in addresses] == [1, 1, 1]


async def test_a_mailer_that_dies_leaves_one_unknown_and_the_rest_to_the_next(office: PostOffice) -> None:
    addresses = [address(f"a{number}") for number in range(5)]
    for one in addresses:
        await office.write(one)
    dead = office.post("dead", SHORT_S)
    leased = await outgoing.lease(dead.pool, dead.mailer, dead.lease_s, 10)
    assert len(leased) == 5
    assert await outgoing.begin(dead.pool, leased[0].message.id, dead.mailer, dead.lease_s)
    async with office.running("next"):
        states = await office.settled()
    assert list(states.values()) == ["unknown", "sent", "sent", "sent", "sent"]
    assert [len(await office.kept(one)) for one in addresses] == [0, 1, 1, 1, 1]


async def test_a_mailer_that_was_held_up_does_not_send_what_another_has_taken(office: PostOffice) -> None:
    bo = address("bo")
    await office.write(bo)
    slow = office.post("slow", SHORT_S)
    (leased,) = await outgoing.lease(slow.pool, slow.mailer, slow.lease_s, 10)
    async with office.running("quick"):
        await office.settled()
    assert not await outgoing.begin(slow.pool, leased.message.id, slow.mailer, slow.lease_s)
    assert len(await office.kept(bo)) == 1


async def test_a_late_answer_still_counts(office: PostOffice) -> None:
    """A process that was stopped while it sent comes back after its message was given up as unknown."""
    await office.write(address("bo"))
    slow = office.post("slow")
    (leased,) = await outgoing.lease(slow.pool, slow.mailer, 0.0, 10)
    assert not await outgoing.begin(slow.pool, leased.message.id, slow.mailer, 1.0)
    (leased,) = await outgoing.lease(slow.pool, slow.mailer, 5.0, 10)
    assert await outgoing.begin(slow.pool, leased.message.id, slow.mailer, 0.0)
    await note_unknown(office.post("other"))
    assert set((await office.states()).values()) == {"unknown"}
    await note_sent(slow, leased)
    assert set((await office.states()).values()) == {"sent"}


async def test_two_mailers_share_the_work(office: PostOffice) -> None:
    addresses = [address(f"a{number}") for number in range(12)]
    for one in addresses:
        await office.write(one)
    async with office.running("one"), office.running("two"):
        assert set((await office.settled()).values()) == {"sent"}
    assert [len(await office.kept(one)) for one in addresses] == [1] * 12


async def test_no_server_fails_no_letter(office: PostOffice) -> None:
    bo = address("bo")
    await office.write(bo)
    with pytest.raises(Unreachable):
        await Conversation(Server("127.0.0.1", 9, timeout_s=0.5)).open()
    gone = replace(office, server=Server("127.0.0.1", 9, timeout_s=0.5))
    async with gone.running() as mailer:
        await eventually(lambda: mailer._backoff.failures >= 2, because="it has tried twice")
        assert await mailer.pending() == 1
    assert await office.states() == {f"{bo} 1": "pending"}
    async with office.running():
        assert await office.settled() == {f"{bo} 1": "sent"}


async def test_an_address_that_is_none_fails_before_anything_is_sent(office: PostOffice) -> None:
    refused = await office.desk.refusal(
        send_message,
        SendMessage(recipient="p", email="bo@x\r\nRCPT TO:<y@z>", about="a/1", occasion="1", title="t", text="t"),
    )
    assert (refused.code, refused.field) == ("invalid_address", "email")


async def test_what_the_server_has_answered_survives_a_database_that_is_away_for_a_moment(office: PostOffice) -> None:
    """The first tries to write it down fail; the letter is sent all the same, and not unknown."""
    bo = address("bo")
    await office.write(bo)
    post, failures = office.post(), iter([True, True])

    def transaction_after_two_failures(cause: Cause) -> AbstractAsyncContextManager[Tx]:
        if next(failures, False):
            raise ConnectionResetError
        return post.transaction(cause)

    shaky = replace(post, transaction=transaction_after_two_failures)
    (leased,) = await outgoing.lease(shaky.pool, shaky.mailer, LEASE_S, 10)
    conversation = shaky.conversations[0]
    await conversation.open()
    assert await deliver(shaky, conversation, leased)
    await conversation.close()
    assert await office.states() == {f"{bo} 1": "sent"}


async def test_a_beginning_that_may_not_have_been_stored_is_taken_back(
    office: PostOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    bo, begin = address("bo"), outgoing.begin
    await office.write(bo)

    async def stored_but_not_heard(*args: Any) -> bool:
        await begin(*args)
        raise ConnectionResetError

    post = office.post()
    (leased,) = await outgoing.lease(post.pool, post.mailer, LEASE_S, 10)
    conversation = post.conversations[0]
    await conversation.open()
    monkeypatch.setattr(outgoing, "begin", stored_but_not_heard)
    with pytest.raises(ConnectionResetError):
        await deliver(post, conversation, leased)
    await conversation.close()
    assert await office.states() == {f"{bo} 1": "pending"}
    assert await office.kept(bo) == []


async def test_what_staff_attached_goes_out_with_each_mail_and_a_file_that_is_gone_stops_no_other(
    office: PostOffice,
) -> None:
    bo = address("bo")
    contact = Contact(person_id="p-bo", name="Bo", email=bo, role="tovholder")
    await office.desk.hear(an_enrolment(contact=contact))
    await office.desk.pool.execute("DELETE FROM messages")
    for content in (b"%PDF-1.7 kept", b"%PDF-1.7 gone"):
        wish = BeginWriting(programme_id=PROGRAMME.id, headline="Nyt", body="Hej", audience="contacts")
        begun = await office.desk.ask(begin_writing, wish)
        of = {"programme_id": PROGRAMME.id, "writing_id": begun["writing_id"]}
        file = AttachFile(called="Plan.pdf", content=base64.b64encode(content).decode(), access="yes", **of)
        await office.desk.ask(attach_file, file)
        await office.desk.ask(write_to_many, WriteToMany(**of))
    await office.desk.ring()
    await office.desk.pool.execute("DELETE FROM writing_files WHERE content = $1", b"%PDF-1.7 gone")
    async with office.running():
        await office.settled()
    states = await office.desk.pool.fetch(
        "SELECT state, reply FROM messages WHERE template = 'written' ORDER BY number"
    )
    assert sorted((row["state"], row["reply"]) for row in states) == [("failed", "unsendable"), ("sent", None)]
    (one,) = await office.kept(bo)
    assert one["attachments"] == ["Plan.pdf"]
