"""Requests that arrive together share one transaction, and each fails alone."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import httpx
import pytest

from shared.base.acts import act_together
from shared.base.answers import Answer, Asked
from shared.base.problems import Problem
from shared.contracts.refusal import Refused
from shared.storage.tx import Tx
from shared.web import coalesce
from shared.web.ledger import Reply
from tests.support.eventually import eventually
from tests.support.toy import Desk, PutThing, put_things


async def together(desk: Desk, *asked: tuple[str, int, str]) -> list[httpx.Response]:
    return list(await asyncio.gather(*(desk.put(name, n, key=key, path="/api/toy/many") for name, n, key in asked)))


async def test_a_hundred_at_once_are_one_transaction(desk: Desk) -> None:
    answers = await together(desk, *((f"t{i}", i, f"k{i}") for i in range(100)))

    assert {answer.status_code for answer in answers} == {201}
    assert await desk.count() == await desk.count("outbox") == await desk.count("audit") == 100
    assert await desk.host.pool.fetchval("SELECT count(DISTINCT xmin::text) FROM things") <= 3
    assert await desk.host.pool.fetchval("SELECT count(DISTINCT correlation_id) FROM outbox") == 100


@pytest.mark.parametrize(
    ("name", "n", "status", "code"),
    [("bad", 1001, 500, "internal_error"), ("bug", 1, 500, "internal_error"), ("taken", 1, 409, "name_taken")],
)
async def test_one_bad_of_a_hundred_fails_alone(desk: Desk, name: str, n: int, status: int, code: str) -> None:
    good = [(f"t{i}", 1, f"k{i}") for i in range(99)]
    answers = await together(desk, *good[:42], (name, n, "bad"), *good[42:])

    assert [answer.status_code for answer in answers].count(201) == 99
    assert answers[42].status_code == status
    assert answers[42].json()["code"] == code
    assert await desk.count() == await desk.count("outbox") == 99


async def test_what_is_refused_only_at_commit_fails_alone(desk: Desk) -> None:
    # A deferred rule: the statement passes and COMMIT does not.
    await desk.host.pool.execute("INSERT INTO things (name, n, twin) VALUES ('elder', 1, 'x')")

    async def with_twins(tx: Tx, asked: Sequence[Asked[PutThing]]) -> Sequence[Answer | Refused]:
        outcomes = await put_things(tx, asked)
        await tx.execute("UPDATE things SET twin = 'x' WHERE name = 'twin'")
        return outcomes

    twins = act_together(PutThing, with_twins)
    asked = [
        desk.host.door.submit(twins, PutThing(name=name, n=1), name, actor="form") for name in ("a", "twin", "b", "c")
    ]
    outcomes = await asyncio.gather(*asked, return_exceptions=True)

    assert [outcome.status for outcome in outcomes if isinstance(outcome, Reply | Problem)] == [200, 500, 200, 200]
    assert await desk.host.pool.fetchval("SELECT array_agg(name ORDER BY name) FROM things") == ["a", "b", "c", "elder"]


async def test_a_request_that_is_in_the_batch_twice_is_done_once(desk: Desk) -> None:
    first, second, other = await together(desk, ("kurv", 1, "k"), ("kurv", 1, "k"), ("spand", 1, "k"))

    assert first.status_code == second.status_code == 201
    assert first.content == second.content
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert await desk.count() == 1


async def test_a_request_of_an_earlier_batch_gets_its_answer_again(desk: Desk) -> None:
    (first,) = await together(desk, ("kurv", 1, "k"))
    again, new = await together(desk, ("kurv", 1, "k"), ("spand", 1, "l"))

    assert again.content == first.content
    assert new.status_code == 201
    assert await desk.count() == 2


async def test_whoever_comes_alone_does_not_wait_for_others(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coalesce, "COLLECT_SECONDS", 3600.0)
    async with asyncio.timeout(30):
        for number in range(3):
            assert (await desk.put(f"t{number}", key=f"k{number}", path="/api/toy/many")).status_code == 201


async def test_those_who_come_while_another_is_decided_share_the_next_transaction_and_are_waited_for_after_it(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(coalesce, "COLLECT_SECONDS", 60.0)
    monkeypatch.setattr(coalesce, "COLLECT_REQUESTS", 20)
    async with desk.host.pool.acquire() as held, held.transaction():
        await held.execute("LOCK TABLE things IN EXCLUSIVE MODE")
        first = asyncio.create_task(desk.put("first", key="first", path="/api/toy/many"))
        await eventually(lambda: any(one._in_hand for one in desk.host.door._coalescers.values()))
        others = asyncio.create_task(together(desk, *((f"a{i}", i, f"a{i}") for i in range(20))))
        await eventually(lambda: any(len(one._queue) == 20 for one in desk.host.door._coalescers.values()))
    answers = [await first, *await others]
    early = asyncio.create_task(desk.put("b0", key="b0", path="/api/toy/many"))
    await eventually(lambda: any(one._queue for one in desk.host.door._coalescers.values()), every=0)
    answers += [*await together(desk, *((f"b{i}", i, f"b{i}") for i in range(1, 20))), await early]

    assert {answer.status_code for answer in answers} == {201}
    shared = "SELECT left(name, 1), count(DISTINCT xmin::text) FROM things GROUP BY 1 ORDER BY 1"
    assert [tuple(row) for row in await desk.host.pool.fetch(shared)] == [("a", 1), ("b", 1), ("f", 1)]


async def test_a_full_queue_says_come_back(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coalesce, "CAPACITY", 10)
    monkeypatch.setattr(coalesce, "COLLECT_REQUESTS", 5)
    answers = await together(desk, *((f"t{i}", 1, f"k{i}") for i in range(60)))

    turned_away = [answer for answer in answers if answer.status_code == 503]
    assert turned_away
    assert {answer.json()["code"] for answer in turned_away} == {"overloaded"}
    assert all(int(answer.headers["retry-after"]) >= 1 for answer in turned_away)
    assert await desk.count() == 60 - len(turned_away)


@pytest.mark.parametrize("path", ["/api/toy/many", "/api/toy/things"])
async def test_an_outbox_that_nobody_empties_stops_new_writes(desk: Desk, path: str) -> None:
    assert (await desk.put("kurv", key="k", path=path)).status_code == 201
    await desk.host.pool.execute("UPDATE outbox SET created_at = created_at - interval '61 seconds'")
    await desk.host.outbox.look()

    answer = await desk.put("spand", key="l", path=path)
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "5"
    assert (await desk.staff.get("/api/toy/things")).status_code == 200

    await desk.host.pool.execute("DELETE FROM outbox")
    await desk.host.outbox.look()
    assert (await desk.put("spand", key="l", path=path)).status_code == 201


async def test_a_caller_that_goes_away_does_not_undo_what_it_asked_for(desk: Desk) -> None:
    asking = asyncio.create_task(desk.put("kurv", key="k", path="/api/toy/many"))
    await eventually(lambda: desk.host.door._coalescers, every=0)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)

    again = await desk.put("kurv", key="k", path="/api/toy/many")
    assert again.status_code == 201
    assert await desk.count() == 1


async def test_what_waits_when_the_service_stops_is_answered(desk: Desk) -> None:
    asking = [asyncio.create_task(desk.put(f"t{i}", key=f"k{i}", path="/api/toy/many")) for i in range(20)]
    await eventually(lambda: desk.host.door._coalescers, every=0)
    await desk.host.door.close()

    answers = await asyncio.gather(*asking)
    assert {answer.status_code for answer in answers} <= {201, 503}
    assert [answer.status_code for answer in answers].count(201) == await desk.count()
