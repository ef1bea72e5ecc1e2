"""`python -m services.notifications mail …`, as an operator types it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from services.notifications.app import SERVICE
from services.notifications.entrypoints.kafka import SUBSCRIPTIONS
from services.notifications.entrypoints.timers import TIMERS
from shared.storage.pool import open_pool
from tests.support.facts import CONTACT, an_enrolment
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
    _, raw = await mail("show", message.id, "--eml")
    assert f"<{CONTACT.email}>" in raw
    assert await mail("settle", message.id) == (0, "")
    status, refused = await mail("resend", message.id)
    assert (status, refused) == (1, "Kun en mail, der er fejlet eller har ukendt skæbne, kan afgøres.\n")
    assert (await mail("list"))[1] == ""
    await desk.pool.close()
