"""An operator asks a running service what it knows about an id."""

from __future__ import annotations

from tests.support.toy import Desk

WHY = "/api/toy/why"


async def test_a_service_says_what_an_id_is_who_caused_it_and_what_it_told(desk: Desk) -> None:
    assert (await desk.put("kurv")).status_code == 201
    answer = await desk.staff.get(WHY, params={"id": "kurv"})
    assert answer.status_code == 200
    assert answer.json()["effect"]["title"] == "Tingen kurv"
    assert answer.json()["told"] == []

    event_id = await desk.host.pool.fetchval("SELECT event_id FROM outbox")
    known = (await desk.staff.get(WHY, params={"id": event_id})).json()
    assert known["effect"] is None
    (told,) = known["told"]
    assert (told["id"], told["actor"]) == (event_id, "token/staff")
    assert " kl. " in told["when"]


async def test_an_id_is_known_as_mails_and_events_show_it(desk: Desk) -> None:
    assert (await desk.put("kurv")).status_code == 201
    for shown in ("kurv", "ting/kurv", "<kurv@forening.example>", "kurv@forening.example", " <kurv> "):
        known = (await desk.staff.get(WHY, params={"id": shown})).json()
        assert known["effect"]["title"] == "Tingen kurv", shown
        assert known["id"] == shown
    for other in ("K-1/kurv", "ting/", "kurv/1"):
        assert (await desk.staff.get(WHY, params={"id": other})).json()["effect"] is None, other


async def test_an_id_nobody_knows_is_no_mistake(desk: Desk) -> None:
    answer = await desk.staff.get(WHY, params={"id": "2021-1/1"})
    assert answer.status_code == 200
    known = answer.json()
    assert (known["effect"], known["told"], known["heard"], known["followed"]) == (None, [], [], [])


async def test_why_is_for_staff_and_needs_an_id(desk: Desk) -> None:
    assert (await desk.nobody.get(WHY, params={"id": "kurv"})).status_code == 401
    assert (await desk.reader.get(WHY, params={"id": "kurv"})).status_code == 403
    for asked in ({}, {"id": ""}):
        answer = await desk.staff.get(WHY, params=asked)
        assert (answer.status_code, answer.json()["code"]) == (400, "parameter_missing")
