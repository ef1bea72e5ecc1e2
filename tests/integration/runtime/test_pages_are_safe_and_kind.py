"""Pages: the form keeps what was typed, says in Danish what is wrong, and takes nothing from another website."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from shared.base import clock
from shared.base.links import sign
from shared.web import gate
from tests.support.servers import Database
from tests.support.toy import Desk, a_desk


async def filled_in(desk: Desk, age: float = 10, **typed: str) -> dict[str, str]:
    """The hidden fields of a form that was shown `age` seconds ago, and what was typed."""
    page = await desk.nobody.get("/ting")
    (key,) = re.findall(r'name="_key" value="([^"]+)"', page.text)
    shown = str(int((clock.machine_now() - timedelta(seconds=age)).timestamp()))
    return {"_key": key, "_started": sign(desk.host.settings.link_key, "form", shown), "_website": "", **typed}


async def post(desk: Desk, typed: dict[str, str], **headers: str) -> httpx.Response:
    return await desk.nobody.post("/ting", data=typed, headers={"Sec-Fetch-Site": "same-origin", **headers})


async def test_a_form_is_carried_out_once_however_often_it_is_sent(desk: Desk) -> None:
    typed = await filled_in(desk, name="kurv", n="3")
    answers = [await post(desk, typed) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [303] * 3
    assert await desk.count() == 1
    assert await desk.host.pool.fetchval("SELECT actor FROM outbox") == "form"


async def test_what_is_wrong_is_said_beside_the_field_and_on_top_and_nothing_typed_is_lost(desk: Desk) -> None:
    answer = await post(desk, await filled_in(desk, name="", n="tre", note="Det <b>haster</b>", colour="b"))

    assert answer.status_code == 422
    page = answer.text
    assert '<a class="function-link" href="#name">Navn: Feltet skal udfyldes.</a>' in page
    assert '<a class="function-link" href="#n">Antal: Skal være et helt tal.</a>' in page
    assert 'tabindex="-1" data-focus' in page
    assert 'id="n-fejl"' in page
    assert 'aria-invalid="true"' in page
    assert 'value="tre"' in page
    assert "Det &lt;b&gt;haster&lt;/b&gt;" in page
    assert 'value="b" class="form-radio radio-large" checked' in page
    assert await desk.count() == 0


async def test_a_corrected_form_goes_through_with_the_same_key(desk: Desk) -> None:
    typed = await filled_in(desk, name="kurv", n="")
    wrong = await post(desk, typed)
    assert typed["_key"] in wrong.text

    assert (await post(desk, {**typed, "n": "3"})).status_code == 303


async def test_a_no_is_shown_in_the_form_and_the_next_try_is_a_new_wish(desk: Desk) -> None:
    typed = await filled_in(desk, name="taken", n="1")
    answer = await post(desk, typed)

    assert answer.status_code == 409
    assert "Navn: Navnet er taget." in answer.text
    assert 'value="taken"' in answer.text
    (key,) = re.findall(r'name="_key" value="([^"]+)"', answer.text)
    assert key != typed["_key"]
    assert (await post(desk, {**typed, "_key": key, "name": "kurv"})).status_code == 303


async def test_a_form_that_was_sent_and_changed_says_so(desk: Desk) -> None:
    typed = await filled_in(desk, name="kurv", n="1")
    await post(desk, typed)
    answer = await post(desk, {**typed, "name": "spand"})

    assert answer.status_code == 409
    assert "Formularen er allerede sendt" in answer.text
    assert "Idempotency" not in answer.text


@pytest.mark.parametrize("path", ["/ting?navn=a%00b", "/ting/%00", "/findes-ikke/%00"])
async def test_an_address_with_what_no_text_of_ours_has_is_no_page(desk: Desk, path: str) -> None:
    answer = await desk.nobody.get(path)
    assert (answer.status_code, answer.headers["content-type"].partition(";")[0]) == (404, "text/html")
    assert (await desk.nobody.get("/ting?navn=a%2500b")).status_code == 200, "which says %00, and is text"


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://toy.example"},
        {"Sec-Fetch-Site": "", "Origin": "http://evil.example"},
        {"Sec-Fetch-Site": "", "Origin": "null"},
    ],
)
async def test_another_website_cannot_send_our_form(desk: Desk, headers: dict[str, str]) -> None:
    typed = await filled_in(desk, name="kurv", n="1")
    sent = {name: value for name, value in headers.items() if value}
    answer = await desk.nobody.post("/ting", data=typed, headers=sent)

    assert answer.status_code == 403
    assert "et andet websted" in answer.text
    assert await desk.count() == 0


@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "none"}, {"Origin": "http://toy.example"}, {}])
async def test_our_own_form_and_a_plain_client_may(desk: Desk, headers: dict[str, str]) -> None:
    typed = await filled_in(desk, name="kurv", n="1")

    assert (await desk.nobody.post("/ting", data=typed, headers=headers)).status_code == 303


async def test_a_robot_is_slowed_down(desk: Desk) -> None:
    trap = await filled_in(desk, name="kurv", n="1") | {"_website": "http://spam.example"}
    forged = await filled_in(desk, name="kurv", n="1") | {"_started": "x"}
    for typed in (
        trap,
        forged,
        await filled_in(desk, 0, name="kurv", n="1"),
        await filled_in(desk, 90_000, name="k", n="1"),
    ):
        answer = await post(desk, typed)
        assert answer.status_code == 422
        assert f'value="{typed["name"]}"' in answer.text
    assert await desk.count() == 0


async def test_a_person_who_is_told_to_wait_can_send_the_very_page_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = await post(desk, await filled_in(desk, 0, name="kurv", n="1"))
    (started,) = re.findall(r'name="_started" value="([^"]+)"', answer.text)
    (key,) = re.findall(r'name="_key" value="([^"]+)"', answer.text)
    later = clock.machine_now() + timedelta(seconds=5)
    monkeypatch.setattr(gate, "machine_now", lambda: later)

    again = await post(desk, {"_key": key, "_started": started, "_website": "", "name": "kurv", "n": "1"})
    assert again.status_code == 303


async def test_too_many_attempts_are_counted_for_all_instances(desk: Desk) -> None:
    answers = [await desk.nobody.get("/begraenset") for _ in range(5)]

    assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
    assert 0 < int(answers[-1].headers["retry-after"]) <= 3600
    assert "forsøgt for mange gange" in answers[-1].text
    assert "somebody" not in str([dict(row) for row in await desk.host.pool.fetch("SELECT * FROM attempts")])


async def test_what_no_form_of_ours_sends_is_refused(desk: Desk) -> None:
    typed = await filled_in(desk, name="kurv", n="1")
    ours = {"Sec-Fetch-Site": "same-origin"}
    assert (await desk.nobody.post("/ting", json=typed, headers=ours)).status_code == 415
    assert (await post(desk, {**typed, "_key": "x"})).status_code == 400
    assert (await post(desk, {**typed, "name": "a\0b"})).status_code == 400
    assert (await post(desk, {**typed, "note": "x" * 300_000})).status_code == 413
    many = {f"f{i}": "1" for i in range(600)}
    assert (await post(desk, {**typed, **many})).status_code == 400
    assert await desk.count() == 0


async def test_every_answer_carries_the_security_headers(desk: Desk) -> None:
    for path in ("/ting", "/nowhere", "/fejl", "/livez", "/api/toy/things", "/static/tovholder/tovholder.css"):
        headers = (await desk.nobody.get(path)).headers
        assert headers["content-security-policy"].startswith("default-src 'self'; script-src 'self'"), path
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"


async def test_nothing_about_anybody_is_kept_by_a_browser(desk: Desk) -> None:
    sent = await desk.nobody.post("/ting", data=await filled_in(desk, name="kurv", n="1"))
    answers = [sent, await desk.nobody.post("/ting", data=await filled_in(desk, name="taken", n="1"))]
    answers += [await desk.nobody.get(path) for path in ("/ting", "/nowhere", "/fejl", "/ting/hemmelig/x", "/readyz")]
    answers += [await client.get("/api/toy/things") for client in (desk.staff, desk.nobody)]
    assert {answer.status_code for answer in answers} >= {200, 303, 401, 404, 409, 500}
    for answer in answers:
        assert answer.headers["cache-control"] == "no-store", answer.url
    for path in ("/static/tovholder/tovholder.css", "/api/toy/openapi.json", "/api/toy/docs"):
        assert (await desk.nobody.get(path)).headers["cache-control"].startswith("public, max-age="), path


async def test_no_page_has_anything_that_the_policy_forbids(desk: Desk) -> None:
    for path in ("/ting", "/nowhere", "/fejl", "/api/toy/docs"):
        page = (await desk.nobody.get(path)).text
        assert not re.search(r"<script(?![^>]* src=\"/static/)", page), path
        assert not re.search(r"\sstyle=|\son[a-z]+=|<style", page), path
        assert page.count("<h1>") == 1
        assert '<html lang="da">' in page
        assert 'href="#hovedindhold"' in page


async def test_a_missing_page_and_an_error_of_ours_are_told_kindly(desk: Desk) -> None:
    missing = await desk.nobody.get("/tilmeld/findes-ikke")
    assert (missing.status_code, "Siden findes ikke" in missing.text) == (404, True)

    broken = await desk.nobody.get("/fejl")
    assert (broken.status_code, "Der skete en fejl hos os" in broken.text) == (500, True)
    assert "kommune.example" not in broken.text
    assert "ZeroDivision" not in broken.text


async def test_nothing_but_static_files_is_served_as_such(desk: Desk) -> None:
    assert (await desk.nobody.get("/static/tovholder/tovholder.js")).status_code == 200
    assert (await desk.nobody.get("/static/tovholder/../pages.py")).status_code == 404
    assert (await desk.nobody.get("/static/tovholder/%2e%2e/pages.py")).status_code == 404


async def test_only_who_came_by_https_is_told_to_come_by_https_alone(
    toy_database: Database, link_key_file: Path
) -> None:
    async with a_desk(toy_database, link_key_file, hsts_seconds=31_536_000, trusted_proxies="127.0.0.1") as desk:
        for path in ("/ting", "/nowhere", "/api/toy/things", "/static/tovholder/tovholder.css"):
            assert "strict-transport-security" not in (await desk.nobody.get(path)).headers, path
            by_https = await desk.nobody.get(path, headers={"X-Forwarded-Proto": "https"})
            assert by_https.headers["strict-transport-security"] == "max-age=31536000", path


async def test_nobody_but_a_gateway_says_that_it_was_https_and_unless_it_is_set_nothing_is_said(
    toy_database: Database, link_key_file: Path
) -> None:
    choices: tuple[dict[str, Any], ...] = ({"hsts_seconds": 60}, {"trusted_proxies": "127.0.0.1"})
    for settings in choices:
        async with a_desk(toy_database, link_key_file, **settings) as desk:
            answer = await desk.nobody.get("/ting", headers={"X-Forwarded-Proto": "https"})
            assert "strict-transport-security" not in answer.headers


async def test_a_form_that_was_open_while_the_key_was_changed_is_taken(
    toy_database: Database, link_key_file: Path, tmp_path: Path
) -> None:
    async with a_desk(toy_database, link_key_file) as desk:
        typed = await filled_in(desk, name="kurv", n="1")
    changed = tmp_path / "link_key"
    changed.write_text("n" * 64)
    async with a_desk(toy_database, changed) as desk:
        assert (await post(desk, typed)).status_code == 422
    async with a_desk(toy_database, changed, other_link_key_file=link_key_file) as desk:
        assert (await post(desk, typed)).status_code == 303
