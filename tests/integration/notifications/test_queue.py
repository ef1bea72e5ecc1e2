"""What a mailer takes next from a queue in which much waits for a later try."""

from __future__ import annotations

import pytest

from services.notifications.adapters import outgoing
from services.notifications.usecases.send_message import send_message
from shared.contracts.notifications import SendMessage
from tests.support.room import Room

MAILER = "a/1/b"


async def queued(desk: Room, *addresses: str) -> list[str]:
    """The ids, in the order in which they stand in the queue."""
    known = await desk.pool.fetchval("SELECT coalesce(max(number), 0) FROM messages")
    for at, address in enumerate(addresses):
        await desk.ask(
            send_message,
            SendMessage(
                recipient=f"p-{address}",
                email=f"{address}@by.example",
                about="programme/p",
                occasion=f"{known}-{at}",
                title="T",
                text="X",
            ),
        )
    rows = await desk.pool.fetch("SELECT id FROM messages WHERE number > $1 ORDER BY number", known)
    return [row["id"] for row in rows]


async def leased(desk: Room, most: int = 50) -> list[str]:
    return [one.message.id for one in await outgoing.lease(desk.pool, MAILER, 30.0, most)]


async def postpone(desk: Room, *ids: str) -> None:
    await desk.pool.execute("UPDATE messages SET not_before = now() + interval '1 day' WHERE id = ANY($1)", list(ids))


@pytest.fixture(params=[1, 3, 200], autouse=True)
def few(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether what is due is named, or found in its order."""
    monkeypatch.setattr(outgoing, "FEW", request.param)


async def test_what_is_due_is_found_behind_whatever_waits_and_passes_nobody_in_its_own_mailbox(desk: Room) -> None:
    waiting = await queued(desk, *(f"w{number}" for number in range(20)))
    first, other, second, third = await queued(desk, "a", "b", "a", "c")
    await postpone(desk, *waiting, first)
    assert await outgoing.load_to_do(desk.pool, MAILER) == (False, True)
    assert await leased(desk) == [other, third]
    assert second not in await leased(desk)
    await desk.pool.execute("UPDATE messages SET not_before = now() WHERE id = $1", first)
    assert await leased(desk) == [first, second]


async def test_the_oldest_go_first_however_many_are_due(desk: Room) -> None:
    ids = await queued(desk, *(f"w{number % 3}" for number in range(12)))
    assert await leased(desk, 5) == ids[:5]
    await outgoing.give_back(desk.pool, ids[:5], MAILER)
    assert await leased(desk, 7) == ids[:7]


async def test_nothing_is_to_do_when_all_of_it_waits(desk: Room) -> None:
    await postpone(desk, *await queued(desk, "a", "b"))
    assert await outgoing.load_to_do(desk.pool, MAILER) == (False, False)
    assert await leased(desk) == []


async def test_a_lease_that_ran_out_is_seen(desk: Room) -> None:
    (one,) = await queued(desk, "a")
    assert await leased(desk) == [one]
    assert await outgoing.load_to_do(desk.pool, "b/2/c") == (False, False)
    await desk.pool.execute("UPDATE messages SET lease_until = now() - interval '1 s'")
    assert await outgoing.load_to_do(desk.pool, "b/2/c") == (False, True)
    await desk.pool.execute("UPDATE messages SET state = 'sending'")
    assert await outgoing.load_to_do(desk.pool, "b/2/c") == (True, False)
