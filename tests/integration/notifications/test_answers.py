"""Calendars answer, and their answers are kept, told and shown: by the command of a mail server, or over HTTP."""

from __future__ import annotations

import asyncio
import email
import hashlib
import io
import os
import sys
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from services.notifications.adapters import invitations
from services.notifications.adapters.composer import Composer
from services.notifications.adapters.texts import Words
from services.notifications.app import SERVICE
from services.notifications.domain.calendar.entry import Mailbox
from services.notifications.domain.calendar.replies import plus_address
from services.notifications.domain.text import address_key
from services.notifications.entrypoints.kafka import SUBSCRIPTIONS
from services.notifications.entrypoints.timers import TIMERS
from services.notifications.settings import Settings
from services.notifications.usecases.note_answer import note_answer
from services.notifications.usecases.read_answers import read_answers
from shared.contracts.enrollment import ParticipantCancelled, ParticipantRegistered
from shared.contracts.notifications import InvitationAnswered
from shared.contracts.scheduling import MeetingCancelled, MeetingRescheduled, MeetingScheduled
from shared.runtime.application import web_application
from shared.runtime.service import open_host
from shared.storage.pool import open_pool
from shared.storage.tx import transaction
from tests.support.calendar_client import read
from tests.support.eventually import eventually
from tests.support.facts import CONTACT, DAY, MEETING, MEETINGS_OWNER, ORGANISATION, OWNER, PERSON, PROGRAMME, a_meeting
from tests.support.letters import written
from tests.support.replies import FAMILIES, a_reply
from tests.support.room import BY_HAND, Room
from tests.support.servers import MakeDatabase

TOKEN = "of-the-mail-gateway"  # noqa: S105 # guards nothing
NARROW = "of-somebody-else"
PATH = "/api/notifications/calendar/replies"
AFTER = datetime(2021, 3, 3, 8, tzinfo=UTC)
ROSTER: dict[str, Any] = {
    "owner": OWNER,
    "programme": PROGRAMME,
    "enrolment_id": "e-1",
    "organisation": ORGANISATION,
    "contact": CONTACT,
    "meeting": MEETING,
    "person": PERSON,
}


def dated(**changes: Any) -> MeetingScheduled:
    return MeetingScheduled(owner=MEETINGS_OWNER, programme=PROGRAMME, meeting=a_meeting(**changes))


def moved(version: int) -> MeetingRescheduled:
    meeting = a_meeting(place=f"Sted {version}", date_version=version)
    return MeetingRescheduled(owner=MEETINGS_OWNER, programme=PROGRAMME, meeting=meeting, previous=DAY)


async def invited(desk: Room) -> str:
    """Bo is invited to the meeting; its UID. From now on it is the day after his reply."""
    await desk.hear(dated(), ParticipantRegistered(**ROSTER, extra=False))
    desk.time = AFTER
    (message,) = await written(desk, "participant_registered")
    assert message.calendar is not None
    return message.calendar.uid


async def answer(desk: Room, mail: bytes) -> str:
    outcome: str = (await desk.ask(note_answer, mail))["outcome"]  # type: ignore[type-var] # a mail is no Command
    return outcome


async def shown(desk: Room) -> list[str | None]:
    listed = await desk.read(read_answers, meeting_id=MEETING.id)
    return [one["answer"] for one in listed["invited"]]


async def test_an_answer_is_kept_shown_and_told_once(desk: Room) -> None:
    uid = await invited(desk)
    await desk.told()
    mail = a_reply("exchange", uid=uid, attendee=PERSON.email.upper())
    assert await answer(desk, mail) == "recorded"
    assert await answer(desk, mail) == "repeated"
    (fact,) = await desk.told()
    assert isinstance(fact, InvitationAnswered)
    assert (fact.meeting_id, fact.recipient, fact.answer) == (MEETING.id, PERSON.person_id, "accepted")
    assert fact.answered_at == datetime(2021, 3, 2, 9, 15, tzinfo=UTC)
    assert PERSON.email.split("@")[0] not in fact.model_dump_json()
    listed = await desk.read(read_answers, meeting_id=MEETING.id)
    assert listed["counts"] == {"accepted": 1, "declined": 0, "tentative": 0, "delegated": 0, "none": 0}
    assert [(one["name"], one["title"]) for one in listed["invited"]] == [(PERSON.name, "Ja")]


@pytest.mark.parametrize("plus_addresses", [False, True])
async def test_a_calendar_that_answers_with_what_stands_in_its_mail_is_heard(
    desk: Room,
    plus_addresses: bool,  # noqa: FBT001 # a case
) -> None:
    """The way round: the mail as it goes out, the reply made of nothing but its calendar part, and the answer kept."""
    await invited(desk)
    await desk.hear(moved(1))
    composer = Composer(Words("https://tovholder.example"), Mailbox("", ""), plus_addresses=plus_addresses)
    for number, partstat in enumerate(["TENTATIVE", "ACCEPTED"]):
        message = (await written(desk, "meeting_moved"))[0]
        mail = email.message_from_bytes(composer.mail(message).content)
        (part,) = (one for one in mail.walk() if one.get_content_type() == "text/calendar")
        said = {line.name: line.value for line in read(part.get_payload(decode=True))}  # type: ignore[arg-type] # bytes
        reply = a_reply(
            sorted(FAMILIES)[number],
            uid=said["UID"],
            attendee=said["ATTENDEE"].removeprefix("mailto:"),
            organizer=said["ORGANIZER"].removeprefix("mailto:"),
            sequence=said["SEQUENCE"],
            partstat=partstat,
            stamp=f"2021030{number + 2}T091500Z",
        )
        assert await answer(desk, reply) == "recorded"
        assert await shown(desk) == [partstat.lower()]


async def test_whoever_thinks_again_has_the_last_word_and_late_mails_do_not(desk: Room) -> None:
    uid = await invited(desk)
    assert await answer(desk, a_reply(uid=uid, attendee=PERSON.email)) == "recorded"
    no = a_reply(uid=uid, attendee=PERSON.email, partstat="DECLINED", stamp="20210302T100000Z")
    assert await answer(desk, no) == "recorded"
    late = a_reply(uid=uid, attendee=PERSON.email, partstat="TENTATIVE", stamp="20210302T093000Z")
    assert await answer(desk, late) == "stale"
    assert await shown(desk) == ["declined"]


async def test_another_date_asks_anew_and_answers_to_the_earlier_one_no_longer_count(desk: Room) -> None:
    uid = await invited(desk)
    await answer(desk, a_reply(uid=uid, attendee=PERSON.email))
    await desk.hear(moved(1))
    assert await shown(desk) == [None]
    assert await answer(desk, a_reply(uid=uid, attendee=PERSON.email, stamp="20210302T230000Z")) == "stale"
    assert await answer(desk, a_reply(uid=uid, attendee=PERSON.email, sequence=1, partstat="DECLINED")) == "recorded"
    assert await shown(desk) == ["declined"]


async def test_what_changes_nothing_for_a_calendar_keeps_the_answer(desk: Room) -> None:
    uid = await invited(desk)
    await answer(desk, a_reply(uid=uid, attendee=PERSON.email))
    await desk.hear(dated(), ParticipantRegistered(**ROSTER, extra=False))
    assert await shown(desk) == ["accepted"]


async def test_who_is_no_longer_invited_cannot_answer_and_begins_anew_when_invited_again(desk: Room) -> None:
    uid = await invited(desk)
    await answer(desk, a_reply(uid=uid, attendee=PERSON.email))
    await desk.hear(ParticipantCancelled(**ROSTER))
    assert await answer(desk, a_reply(uid=uid, attendee=PERSON.email, stamp="20210302T230000Z")) == "not_invited"
    assert await shown(desk) == []
    desk.time += timedelta(hours=1)
    await desk.hear(ParticipantRegistered(**ROSTER, extra=False))
    assert await shown(desk) == [None]


async def test_nobody_answers_for_a_cancelled_meeting(desk: Room) -> None:
    uid = await invited(desk)
    gone = MeetingCancelled(owner=MEETINGS_OWNER, programme=PROGRAMME, meeting=a_meeting(date_version=1), reason="")
    await desk.hear(gone)
    assert await answer(desk, a_reply(uid=uid, attendee=PERSON.email, sequence=1)) == "not_invited"


async def test_a_stranger_or_another_meeting_changes_nothing(desk: Room) -> None:
    uid = await invited(desk)
    await desk.told()
    assert await answer(desk, a_reply(uid=uid, attendee="x@y.example")) == "not_invited"
    assert await answer(desk, a_reply(uid=f"\0{uid}", attendee=PERSON.email)) == "recorded"
    assert await answer(desk, a_reply(uid="another@forening.example", attendee=PERSON.email)) == "unknown_meeting"
    assert len(await desk.told()) == 1


async def test_an_alias_is_known_by_the_token_in_the_organizer_s_address(desk: Room) -> None:
    uid = await invited(desk)
    organizer = plus_address(PROGRAMME.seller.organizer_email, uid, PERSON.email)
    assert await answer(desk, a_reply("exchange", uid=uid, attendee="b@kk.example", organizer=organizer)) == "recorded"
    assert await shown(desk) == ["accepted"]


async def test_a_reply_sets_the_answer_and_nothing_else(desk: Room) -> None:
    uid = await invited(desk)
    before = {
        table: await desk.pool.fetch(f"SELECT * FROM {table}") for table in ("participants", "messages", "meetings")
    }
    await answer(desk, a_reply("google", uid=uid, attendee=PERSON.email, partstat="DECLINED"))
    assert before == {table: await desk.pool.fetch(f"SELECT * FROM {table}") for table in before}


async def test_two_replies_at_once_are_taken_one_after_the_other(desk: Room) -> None:
    uid = await invited(desk)
    await desk.told()
    mails = [
        a_reply(uid=uid, attendee=PERSON.email, partstat=said, stamp=f"20210302T09{minute:02}00Z")
        for minute, said in enumerate(["ACCEPTED", "DECLINED"] * 10)
    ]
    await asyncio.gather(*(answer(desk, mail) for mail in mails))
    assert await shown(desk) == ["declined"]
    *_, last = await desk.told()
    assert isinstance(last, InvitationAnswered)
    assert last.answer == "declined"


async def test_an_answer_that_comes_while_the_mailbox_is_told_something_waits_and_is_kept(desk: Room) -> None:
    uid = await invited(desk)
    async with transaction(desk.pool, desk, desk.source, BY_HAND) as tx:
        pair = (MEETING.id, address_key(PERSON.email))
        told = await invitations.lock_told(tx, [pair])
        answering = asyncio.create_task(answer(desk, a_reply(uid=uid, attendee=PERSON.email)))
        await eventually(lambda: somebody_waits(desk), because="the answer waits for the lock")
        assert not answering.done()
        await invitations.save(tx, told)
    assert await answering == "recorded"
    assert await shown(desk) == ["accepted"]


async def somebody_waits(desk: Room) -> bool:
    waits: bool = await desk.pool.fetchval(
        "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock')"
    )
    return waits


async def test_a_meeting_that_is_none_has_no_answers(desk: Room) -> None:
    async def read(meeting_id: str) -> Any:
        return await desk.read(read_answers, meeting_id=meeting_id)

    with pytest.raises(Exception, match="unknown_meeting"):
        await read("none")


@pytest.fixture
async def web(desk: Room) -> AsyncIterator[httpx.AsyncClient]:
    """The service behind HTTP, on the desk's database, with its clock where the desk's is."""
    await invited(desk)
    where = desk.pool._connect_args[0]  # type: ignore[attr-defined] # asyncpg keeps the address there
    tokens = f"gateway:{hashlib.sha256(TOKEN.encode()).hexdigest()}:calendar"
    tokens += f",other:{hashlib.sha256(NARROW.encode()).hexdigest()}:look"
    host = await open_host(SERVICE, Settings(database_url=SecretStr(where), api_tokens=SecretStr(tokens)))
    transport = httpx.ASGITransport(app=web_application(host))
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "message/rfc822"}
    async with httpx.AsyncClient(transport=transport, base_url="http://n.example", headers=headers) as client:
        yield client
    await host.door.close()
    await host.pool.close()


async def uid_of(desk: Room) -> str:
    uid: str = await desk.pool.fetchval("SELECT uid FROM meetings")
    return uid


async def test_a_mail_gateway_brings_the_mail_as_it_is(desk: Room, web: httpx.AsyncClient) -> None:
    mail = a_reply(uid=await uid_of(desk), attendee=PERSON.email)
    said = await web.post(PATH, content=mail)
    assert (said.status_code, said.json()["outcome"], said.json()["meeting_id"]) == (200, "recorded", MEETING.id)
    assert (await web.post(PATH, content=mail)).json()["outcome"] == "repeated"
    assert await shown(desk) == ["accepted"]


@pytest.mark.parametrize(
    ("status", "code", "changed"),
    [
        (401, "unauthorized", {"headers": {"Authorization": "Bearer none"}}),
        (403, "forbidden", {"headers": {"Authorization": f"Bearer {NARROW}"}}),
        (415, "unsupported_media_type", {"headers": {"Content-Type": "application/json"}}),
        (413, "body_too_large", {"content": b"x" * 1_048_577}),
        (422, "no_calendar", {"content": b"Subject: Tak\r\n\r\nVi kommer."}),
        (422, "unreadable_mail", {"content": b""}),
        (405, "method_not_allowed", {"method": "GET"}),
    ],
)
async def test_whatever_is_no_reply_gets_its_code(
    desk: Room, web: httpx.AsyncClient, status: int, code: str, changed: dict[str, Any]
) -> None:
    mail = a_reply(uid=await uid_of(desk), attendee=PERSON.email)
    said = await web.request(**{"method": "POST", "url": PATH, "content": mail, **changed})
    assert (said.status_code, said.json()["code"]) == (status, code)
    assert await shown(desk) == [None]


Run = Callable[..., Any]


@pytest.fixture
async def command(
    database: MakeDatabase, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> AsyncIterator[tuple[Room, Run]]:
    """A desk, and the command line on its database; what is run answers (status, stdout, stderr)."""
    where = await database("notifications")
    monkeypatch.setenv("TOVHOLDER_DATABASE_URL", where.url)
    desk = Room("notifications", await open_pool(where.url, "test"), SUBSCRIPTIONS, TIMERS)

    async def run(*arguments: str) -> tuple[int | None, str, str]:
        status = await asyncio.to_thread(SERVICE.commands["calendar"], arguments)
        printed = capfd.readouterr()
        return status, printed.out, printed.err

    yield desk, run
    await desk.pool.close()


async def test_a_mail_server_s_pipe_takes_a_reply(
    command: tuple[Room, Run], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk, run = command
    uid = await invited(desk)
    mail = a_reply("exchange", uid=uid, attendee=PERSON.email)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(mail)))
    assert await run("reply", "-") == (os.EX_OK, "recorded: Svaret er noteret.\n", "")
    file = tmp_path / "svar.eml"
    file.write_bytes(mail)
    assert await run("reply", str(file)) == (os.EX_OK, "repeated: Svaret var noteret i forvejen.\n", "")
    assert await run("answers", MEETING.id) == (0, f"{'Ja':<16} {ORGANISATION.name}: {PERSON.name}\n", "")
    assert await run("answers", "none") == (1, "", "Mødet findes ikke.\n")


async def test_a_mail_that_is_no_reply_is_refused_for_good_and_one_that_cannot_be_kept_for_now(
    command: tuple[Room, Run], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk, run = command
    uid = await invited(desk)
    file = tmp_path / "mail.eml"
    file.write_bytes(b"Subject: Tak\r\n\r\nVi kommer.")
    status, out, err = await run("reply", str(file))
    assert (status, out, err.split(":")[0]) == (os.EX_DATAERR, "", "no_calendar")
    status, _, err = await run("reply", str(tmp_path / "none.eml"))
    assert (status, err.split(":")[0]) == (os.EX_NOINPUT, "cannot_read")
    file.write_bytes(a_reply(uid=uid, attendee=PERSON.email))
    monkeypatch.setenv("TOVHOLDER_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    status, out, err = await run("reply", str(file))
    assert (status, out, err.split(":")[0]) == (os.EX_TEMPFAIL, "", "unavailable")


async def test_an_installation_that_is_not_set_up_keeps_the_mail_and_shows_no_trace(
    command: tuple[Room, Run], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, run = command
    file = tmp_path / "svar.eml"
    file.write_bytes(a_reply(uid="x", attendee=PERSON.email))
    monkeypatch.delenv("TOVHOLDER_DATABASE_URL")
    status, out, err = await run("reply", str(file))
    assert (status, err.split(":")[0]) == (os.EX_TEMPFAIL, "not_set_up")
    assert "Traceback" not in out + err


async def test_nothing_personal_is_printed_or_logged(command: tuple[Room, Run], tmp_path: Path) -> None:
    desk, run = command
    uid = await invited(desk)
    file = tmp_path / "svar.eml"
    for mail in (
        a_reply(uid=uid, attendee=PERSON.email),
        a_reply(uid="x", attendee="x@y.example"),
        b"Subject: x\r\n\r\n",
    ):
        file.write_bytes(mail)
        _, out, err = await run("reply", str(file))
        assert (out + err).count("\n") == 1
        assert not any(personal in (out + err).lower() for personal in ("@", "bo ", "prøvesen"))
