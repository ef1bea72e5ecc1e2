"""`python -m services.notifications mail …`, as an operator types it."""

from __future__ import annotations

import asyncio
import email
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from services.notifications.adapters.calendar.mail_checks import check_file
from services.notifications.app import SERVICE
from services.notifications.entrypoints.kafka import SUBSCRIPTIONS
from services.notifications.entrypoints.timers import TIMERS
from shared.contracts.scheduling import MeetingScheduled
from shared.storage.pool import open_pool
from tests.support.facts import CONTACT, MEETING, MEETINGS_OWNER, PROGRAMME, a_waiting_enrolment, an_enrolment
from tests.support.filled import fill
from tests.support.letters import written
from tests.support.room import Room
from tests.support.servers import MakeDatabase


async def test_an_operator_lists_shows_and_decides_about_mails(
    database: MakeDatabase, monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    where = await database("notifications")
    monkeypatch.setenv("TOVHOLDER_DATABASE_URL", where.url)
    monkeypatch.setenv("TOVHOLDER_PUBLIC_URL", "https://tovholder.example")
    desk = Room("notifications", await open_pool(where.url, "test"), SUBSCRIPTIONS, TIMERS)
    desk.time = datetime(2020, 6, 15, 8, tzinfo=UTC)
    await desk.hear(an_enrolment())
    (message,) = await written(desk)
    await desk.pool.execute("UPDATE messages SET state = 'unknown', reply = 'no_answer'")

    async def mail(*arguments: str) -> tuple[int | None, str]:
        status = await asyncio.to_thread(SERVICE.commands["mail"], arguments)
        printed = capsysbinary.readouterr()
        return status, (printed.out + printed.err).decode()

    status, listed = await mail("list")
    assert (status, listed.split()) == (
        0,
        [message.id, "unknown", "no_answer", "2020-06-15", *["Bekræftelse", "af", "pladsen:", "Københavns", "Kommune"]],
    )
    _, shown = await mail("show", message.id)
    assert shown.startswith("Plads bekræftet: Københavns Kommune")
    assert "https://tovholder.example/deltagere/eksempel" in shown
    _, raw = await mail("show", message.id, "--as", "eml")
    assert f"<{CONTACT.email}>" in raw
    assert await mail("settle", message.id) == (0, "")
    status, refused = await mail("resend", message.id)
    assert (status, refused) == (1, "Kun en mail, der er fejlet eller har ukendt skæbne, kan afgøres.\n")
    assert (await mail("list"))[1] == ""
    await desk.pool.close()


async def test_an_operator_reads_a_long_list_of_mails_a_page_at_a_time(
    database: MakeDatabase, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    where = await database("notifications")
    await fill(where.admin_url, "notifications", 20)
    monkeypatch.setenv("TOVHOLDER_DATABASE_URL", where.url)
    listed: list[str] = []
    more = ["--limit", "7"]
    while more:
        command = ("list", "--state", "sent", "--state", "pending", *more)
        assert await asyncio.to_thread(SERVICE.commands["mail"], command) == 0
        printed = capsys.readouterr()
        listed += [line.split()[0] for line in printed.out.splitlines()]
        more = [*printed.err.split()[-2:], "--limit", "7"] if printed.err else []
    assert listed == [f"m{number}" for number in range(20, 0, -1)]


async def test_what_is_in_a_mail_is_written_to_files_that_pass_their_checks(
    database: MakeDatabase,
    monkeypatch: pytest.MonkeyPatch,
    capsysbinary: pytest.CaptureFixture[bytes],
    tmp_path: Path,
) -> None:
    where = await database("notifications")
    monkeypatch.setenv("TOVHOLDER_DATABASE_URL", where.url)
    desk = Room("notifications", await open_pool(where.url, "test"), SUBSCRIPTIONS, TIMERS)
    desk.time = datetime(2020, 6, 15, 8, tzinfo=UTC)
    await desk.hear(an_enrolment(), MeetingScheduled(owner=MEETINGS_OWNER, programme=PROGRAMME, meeting=MEETING))
    place, invitation = sorted(await written(desk), key=lambda one: one.template != "place_confirmed")
    assert (place.template, invitation.calendar is not None) == ("place_confirmed", True)

    async def show(*arguments: str) -> tuple[int | None, str]:
        status = await asyncio.to_thread(SERVICE.commands["mail"], ("show", *arguments))
        return status, capsysbinary.readouterr().err.decode()

    whole, calendar, receipt = tmp_path / "mail.eml", tmp_path / "meeting.ics", tmp_path / "receipt.pdf"
    assert await show(invitation.id, "--out", str(whole)) == (0, "")
    seen = email.message_from_bytes(whole.read_bytes())["Message-ID"]
    assert await show(seen, "--out", str(calendar)) == (0, "")
    assert await show(place.id, "--out", str(receipt)) == (0, "")
    assert check_file(whole.read_bytes()) == check_file(calendar.read_bytes()) == []
    assert receipt.read_bytes().startswith(b"%PDF-")

    # Whoever waits has signed up as well; what a version before told of them says nothing to make it of.
    await desk.hear(a_waiting_enrolment(enrolment_id="waits"), a_waiting_enrolment(enrolment_id="old", billing=None))
    waits, old = sorted(await written(desk, "waitlisted"), key=lambda one: "receipt" not in one.says)
    assert await show(waits.id, "--out", str(receipt)) == (0, "")
    assert receipt.read_bytes().startswith(b"%PDF-")
    assert await show(old.id, "--as", "pdf") == (1, "not_in_the_mail: Mailen har ingen PDF.\n")

    assert await show(invitation.id, "--as", "pdf") == (1, "not_in_the_mail: Mailen har ingen PDF.\n")
    assert (await show("<unknown@tovholder.example>"))[0] == 1
    assert (await show(place.id, "--out", str(tmp_path / "receipt.doc")))[0] == os.EX_USAGE
    assert (await show(place.id, "--out", str(tmp_path / "none" / "receipt.pdf")))[0] == os.EX_CANTCREAT
    await desk.pool.close()
