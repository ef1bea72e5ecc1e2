"""Before something is changed by a mailed link, whoever has it shows by a code that they read the mailbox."""

from __future__ import annotations

import asyncio
import json
import re
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from html import unescape
from typing import Any
from uuid import uuid4

import httpx
import pytest

from services.enrollment.adapters import links as mailed
from services.enrollment.adapters import mailbox_codes
from services.enrollment.domain.mailbox_code import SAID, masked
from services.enrollment.pages.confirming import ASKED_COOKIE, CODES_TO_A_MAILBOX, CONFIRMED_COOKIE
from services.enrollment.usecases.confirm_mailbox import confirm_mailbox, draw_code, read_whose
from services.enrollment.usecases.invite_guest import invite_guest
from shared.base.cause import Cause, new_correlation
from shared.base.clock import machine_now
from shared.contracts.enrollment import (
    InviteGuest,
    MailboxCodeDrawn,
    MunicipalityEnrolled,
    ParticipantRegistered,
)
from shared.contracts.parties import erased
from shared.storage.tx import Tx, transaction
from tests.support.enrollment_desk import P1, Desk, sign_up
from tests.support.enrollment_web import Town
from tests.support.eventually import eventually
from tests.support.hostile import must_be_escaped
from tests.support.workplace import a_browser

ASKS = "Skriv koden fra jeres mail"


def key() -> str:
    return secrets.token_hex(16)


@asynccontextmanager
async def browser_of(town: Town) -> AsyncIterator[httpx.AsyncClient]:
    """Of somebody who has shown nothing yet."""
    async with a_browser(town.url, {"Sec-Fetch-Site": "same-origin"}) as browser:
        yield browser


async def the_contact(town: Town) -> MunicipalityEnrolled:
    """A municipality has its place; as its receipt says it."""
    await town.desk.publish()
    await town.desk.enrol(sign_up())
    (fact,) = [one for one in await town.desk.told() if isinstance(one, MunicipalityEnrolled)]
    return fact


async def codes(town: Town) -> list[MailboxCodeDrawn]:
    """All that were mailed, in their order."""
    rows = await town.desk.pool.fetch("SELECT payload FROM outbox WHERE type = $1 ORDER BY id", MailboxCodeDrawn.type)
    return [MailboxCodeDrawn.model_validate_json(json.dumps(json.loads(row["payload"])["data"])) for row in rows]


async def newest(town: Town) -> str:
    return (await codes(town))[-1].code


def kept(page: str) -> dict[str, str]:
    """What the page that asks for a code sends besides the code."""
    hidden = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page)
    typed = re.findall(r'<textarea name="([^"]+)" hidden>\n?(.*?)</textarea>', page, re.DOTALL)
    return {name: unescape(value) for name, value in [*hidden, *typed]}


def wrong_for(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06d}"


NEW = {"name": "Ny Kontakt", "email": "ny@aarhus.example", "reason": "Skift & <b>tak</b>\nog mere", "confirmed": "true"}
ANNA = {"name": "Anna", "email": "anna@k.example", "level": "Leder af ledere"}


async def handed_over(town: Town, fact: MunicipalityEnrolled) -> str:
    email: str = await town.desk.pool.fetchval(
        "SELECT contact ->> 'email' FROM enrolments WHERE id = $1", fact.enrolment_id
    )
    return email


async def test_a_change_waits_for_the_code_keeps_what_was_typed_and_is_done_once(town: Town) -> None:
    fact = await the_contact(town)
    path = f"{fact.standing_path}/kontakt"
    async with browser_of(town) as browser:
        for _ in range(2):
            assert (await browser.get(path)).status_code == 200
        assert await codes(town) == []
        asked = await browser.post(path, data={**NEW, "_key": "k" * 32})
        assert (asked.status_code, ASKS in asked.text) == (401, True), asked.text
        assert masked(fact.contact.email) in asked.text
        assert fact.contact.email not in asked.text
        assert "no-store" in asked.headers["cache-control"]
        assert await handed_over(town, fact) == fact.contact.email
        (drawn,) = await codes(town)
        assert (drawn.to.email, drawn.programme.id) == (fact.contact.email, fact.programme.id)
        assert re.fullmatch(r"\d{6}", drawn.code)
        assert drawn.code not in asked.text
        assert kept(asked.text) == {**NEW, "_key": "k" * 32}
        typed = {**kept(asked.text), "_kode": f" {drawn.code[:3]} {drawn.code[3:]} "}
        done = await browser.post(path, data=typed)
        assert done.status_code == 303, done.text
        assert await handed_over(town, fact) == NEW["email"]
        cookie = done.headers["set-cookie"]
        assert CONFIRMED_COOKIE in cookie
        for asks in ("HttpOnly", "Secure", "SameSite=lax", "Path=/"):
            assert asks in cookie
        # Sent once more it is the same wish, and its answer is the stored one.
        again = await browser.post(path, data=typed)
        assert (again.status_code, "Det er allerede gjort" in again.text) == (409, True)
        assert len(await town.desk.pool.fetch("SELECT 1 FROM http_requests WHERE key = $1", "k" * 32)) == 1


async def test_the_browser_is_asked_once_for_a_mailbox_and_all_its_links(town: Town) -> None:
    fact = await the_contact(town)
    meeting = (await town.desk.has_meeting()).id
    async with browser_of(town) as browser:
        path = f"{fact.standing_path}/faktura"
        asked = await browser.post(path, data={"billing.order_reference": "PO-1", "_key": key()})
        done = await browser.post(path, data={**kept(asked.text), "_kode": await newest(town)})
        assert done.status_code == 303, done.text
        page = await browser.get(str(fact.standing_path))
        assert f"Denne browser er bekræftet for {masked(fact.contact.email)} til kl." in page.text
        registered = await browser.post(f"{fact.participants_path}/{meeting}", data={**ANNA, "_key": key()})
        assert registered.status_code == 303, registered.text
        assert len(await codes(town)) == 1
        (seat,) = [one for one in await town.desk.told() if isinstance(one, ParticipantRegistered)]
        # Another mailbox, at the same browser: asked for its own, and both are known afterwards.
        path = f"{seat.seat_path}/skift"
        asked = await browser.post(path, data={**ANNA, "email": "bo@k.example", "_key": key()})
        assert (asked.status_code, masked("anna@k.example") in asked.text) == (401, True)
        assert (await browser.post(path, data={**kept(asked.text), "_kode": await newest(town)})).status_code == 303
        both = (await browser.get("/bekraeftet")).text
        assert masked("anna@k.example") in both
        assert masked(fact.contact.email) in both
        # It is forgotten: whoever sits there then is asked, whatever cookie they have kept.
        held = browser.cookies[CONFIRMED_COOKIE]
        forgot = await browser.post("/bekraeftet", data={"_key": key()}, follow_redirects=True)
        assert "Browseren er glemt" in forgot.text
        assert CONFIRMED_COOKIE not in browser.cookies
        browser.cookies.set(CONFIRMED_COOKIE, held, domain="127.0.0.1")
        path = f"{fact.standing_path}/faktura"
        asked = await browser.post(path, data={"billing.order_reference": "PO-2", "_key": key()})
        assert (asked.status_code, "bekræftet for" in asked.text) == (401, False)


async def test_whatever_was_typed_is_text_on_the_page_that_asks_and_goes_on_as_it_was(town: Town) -> None:
    fact = await the_contact(town)
    async with browser_of(town) as browser:
        for text in ("</textarea><script>x9()</script>", "\n\n  a\tb  \n", '" onfocus="x9()', "{{ 7 * 7 }}", "æøå €"):
            wish = {**NEW, "reason": text, "_key": key()}
            page = (await browser.post(f"{fact.standing_path}/kontakt", data=wish)).text
            must_be_escaped(page)
            assert kept(page) == {**wish, "reason": text.strip()}


async def said(browser: httpx.AsyncClient, path: str, page: str, **more: str) -> tuple[str, str]:
    """What is wrong with a code, and the page that says so."""
    answer = await browser.post(path, data={**kept(page), **more})
    assert answer.status_code in {422, 429}, answer.text
    assert 'id="fejlopsummering"' in answer.text
    (found,) = [one for one, text in SAID.items() if text in unescape(answer.text)]
    return found, answer.text


async def test_a_code_that_is_no_good_says_why_and_what_to_do(town: Town) -> None:
    fact = await the_contact(town)
    path, pool = f"{fact.standing_path}/faktura", town.desk.pool
    wish = {"billing.order_reference": "PO-1", "_key": key()}
    async with browser_of(town) as browser:
        page = (await browser.post(path, data=wish)).text
        code = await newest(town)
        # Whoever sends the form again meanwhile is sent no other.
        assert (await browser.post(path, data=wish)).status_code == 401
        assert len(await codes(town)) == 1
        assert (await said(browser, path, page, _ny_kode="1", _kode=""))[0] == "too_soon"
        for _ in range(5):
            assert (await said(browser, path, page, _kode=wrong_for(code)))[0] == "wrong"
        why, page = await said(browser, path, page, _kode=code)
        assert why == "too_many_tries"
        assert kept(page)["billing.order_reference"] == "PO-1"
        await pool.execute("UPDATE mailbox_codes SET asked_at = asked_at - interval '1 minute'")
        again = await browser.post(path, data={**kept(page), "_kode": "", "_ny_kode": "1"})
        assert (again.status_code, len(await codes(town))) == (401, 2)
        assert (await said(browser, path, page, _kode=code))[0] == "wrong"
        await pool.execute("UPDATE mailbox_codes SET asked_at = asked_at - interval '10 minutes'")
        assert (await said(browser, path, page, _kode=await newest(town)))[0] == "too_old"
        await browser.post(path, data={**kept(page), "_ny_kode": "1"})
        good = await newest(town)
        assert (await browser.post(path, data={**kept(page), "_kode": good})).status_code == 303
        await browser.post("/bekraeftet", data={"_key": key()})
    async with browser_of(town) as other:
        # Another browser has no use for it, and one that keeps no cookies is told so.
        assert (await said(other, path, page, _kode=good))[0] == "no_cookie"
        asked = await other.post(path, data={**wish, "_key": key()})
        assert asked.status_code == 401
        assert (await said(other, path, page, _kode=good))[0] == "wrong"
        other.cookies.set(ASKED_COOKIE, "x" * 43, domain="127.0.0.1")
        assert (await said(other, path, page, _kode=await newest(town)))[0] == "missing"


async def test_a_button_that_is_pressed_twice_before_there_is_a_cookie_asks_for_one_code(town: Town) -> None:
    fact = await the_contact(town)
    path = f"{fact.standing_path}/faktura"
    wish = {"billing.order_reference": "PO-1", "_key": key()}

    async def pressed() -> tuple[str, str]:
        """The page that answers, and the cookie that comes with it."""
        async with browser_of(town) as browser:
            page = await browser.post(path, data=wish)
            assert (page.status_code, ASKS in page.text) == (401, True), page.text
            return page.text, browser.cookies[ASKED_COOKIE]

    answers = [*await asyncio.gather(*(pressed() for _ in range(4))), await pressed()]
    assert len({cookie for _, cookie in answers}) == 1
    (drawn,) = await codes(town)
    page, cookie = answers[0]
    # It is a moment: whoever sends the same form later, with no cookie, is another browser.
    await town.desk.pool.execute("UPDATE mailbox_codes SET asked_at = asked_at - interval '11 seconds'")
    assert (await pressed())[1] != cookie
    assert len(await codes(town)) == 2
    async with browser_of(town) as browser:
        browser.cookies.set(ASKED_COOKIE, cookie, domain="127.0.0.1")
        assert (await browser.post(path, data={**kept(page), "_kode": drawn.code})).status_code == 303


async def test_a_form_names_no_browser_once_something_was_typed_at_one(town: Town) -> None:
    fact = await the_contact(town)
    path = f"{fact.standing_path}/faktura"
    wish = {"billing.order_reference": "PO-1", "_key": key()}
    async with browser_of(town) as browser:
        page = (await browser.post(path, data=wish)).text
        assert (await said(browser, path, page, _kode=wrong_for(await newest(town))))[0] == "wrong"
        cookie = browser.cookies[ASKED_COOKIE]
    async with browser_of(town) as other:
        assert (await other.post(path, data=wish)).status_code == 401
        assert other.cookies[ASKED_COOKIE] != cookie
    assert len(await codes(town)) == 2


async def test_two_forms_that_are_sent_at_once_by_a_browser_that_is_known_ask_for_one_code(town: Town) -> None:
    fact = await the_contact(town)
    path = f"{fact.standing_path}/faktura"
    async with browser_of(town) as browser:
        browser.cookies.set(ASKED_COOKIE, "x" * 43, domain="127.0.0.1")
        wishes = [{"billing.order_reference": f"PO-{number}", "_key": key()} for number in range(4)]
        for answer in await asyncio.gather(*(browser.post(path, data=wish) for wish in wishes)):
            assert answer.status_code == 401
    assert len(await codes(town)) == 1


async def test_a_used_code_is_used_whoever_types_it_again(town: Town) -> None:
    fact = await the_contact(town)
    path = f"{fact.standing_path}/faktura"
    async with browser_of(town) as browser:
        page = (await browser.post(path, data={"billing.order_reference": "PO-1", "_key": key()})).text
        typed = {**kept(page), "_kode": await newest(town)}
        asked_by = browser.cookies[ASKED_COOKIE]
        assert "intet er ændret" in page
        assert (await browser.post(path, data=typed)).status_code == 303
    async with browser_of(town) as thief:
        thief.cookies.set(ASKED_COOKIE, asked_by, domain="127.0.0.1")
        why, page = await said(thief, path, page, _kode=typed["_kode"])
        # Perhaps a second press, whose first has done it: the page does not say that nothing has changed.
        assert (why, "intet er ændret" in page) == ("used", False)
        assert f'<a href="{fact.standing_path}">se efter på jeres side</a>' in page


async def test_a_mailbox_is_sent_ten_codes_an_hour_from_whichever_browsers(town: Town) -> None:
    fact = await the_contact(town)
    path = f"{fact.standing_path}/faktura"
    wish = {"billing.order_reference": "PO-1"}
    for _ in range(CODES_TO_A_MAILBOX["limit"]):
        async with browser_of(town) as browser:
            assert (await browser.post(path, data={**wish, "_key": key()})).status_code == 401
    async with browser_of(town) as browser:
        answer = await browser.post(path, data={**wish, "_key": key()})
        assert (answer.status_code, SAID["too_often"] in unescape(answer.text)) == (429, True)
        assert kept(answer.text)["billing.order_reference"] == "PO-1"
    assert len(await codes(town)) == CODES_TO_A_MAILBOX["limit"]


async def test_an_hour_unused_or_twelve_in_all_is_the_end_of_it(town: Town) -> None:
    fact = await the_contact(town)
    path, pool = f"{fact.standing_path}/faktura", town.desk.pool

    def a_wish() -> dict[str, str]:
        return {"billing.order_reference": f"PO-{key()[:6]}", "_key": key()}

    async with browser_of(town) as browser:

        async def confirmed() -> None:
            await pool.execute("UPDATE mailbox_codes SET asked_at = asked_at - interval '1 hour', used_at = now()")
            page = (await browser.post(path, data=a_wish())).text
            assert (await browser.post(path, data={**kept(page), "_kode": await newest(town)})).status_code == 303

        await confirmed()
        late = "UPDATE confirmed_mailboxes SET confirmed_at = confirmed_at - $1::interval, seen_at = seen_at - $1"
        for _ in range(3):
            await pool.execute(late, timedelta(minutes=59))
            assert (await browser.post(path, data=a_wish())).status_code == 303
        await pool.execute(late, timedelta(minutes=60))
        assert (await browser.post(path, data=a_wish())).status_code == 401
        await confirmed()
        await pool.execute("UPDATE confirmed_mailboxes SET confirmed_at = confirmed_at - interval '12 hours'")
        assert (await browser.post(path, data=a_wish())).status_code == 401


async def test_each_kind_of_link_asks_whoever_it_was_mailed_to(town: Town) -> None:
    fact = await the_contact(town)
    meeting, desk = (await town.desk.has_meeting()).id, town.desk
    await desk.told()
    person = (await desk.register(fact.enrolment_id, meeting, "Anna", None))["person_id"]
    (seat,) = [one for one in await desk.told() if isinstance(one, ParticipantRegistered)]
    pages: dict[str, tuple[str, dict[str, str]]] = {
        f"{fact.standing_path}/kontakt": (fact.contact.email, NEW),
        f"{fact.participants_path}/{meeting}": (fact.contact.email, {**ANNA, "email": "bo@k.example"}),
        f"{fact.participants_path}/{meeting}/afmeld/{person}": (fact.contact.email, {}),
        f"{seat.seat_path}/afmeld": ("anna@kommune.example", {}),
    }
    before = await _everything(desk)
    for path, (mailbox, form) in pages.items():
        async with browser_of(town) as browser:
            asked = await browser.post(path, data={**form, "_key": key()})
            assert (asked.status_code, ASKS in asked.text) == (401, True), (path, asked.text)
        assert (await codes(town))[-1].to.email == mailbox
    assert await _everything(desk) == before


async def _everything(desk: Desk) -> list[Any]:
    return [
        await desk.pool.fetch(f"SELECT t::text FROM {table} t ORDER BY 1")
        for table in ("enrolments", "seats", "seat_moves", "contact_history", "people", "http_requests", "audit")
    ]


async def test_of_two_who_type_the_same_code_at_once_one_has_it(town: Town) -> None:
    fact, desk = await the_contact(town), town.desk

    def begun() -> Any:
        return transaction(desk.pool, desk, desk.source, Cause(new_correlation(), None, None), desk.links)

    async with begun() as tx:
        whose = await read_whose(tx, fact.contact.person_id, enrolment_id=fact.enrolment_id)
        assert whose is not None
        code = await draw_code(tx, whose, "browser", str(uuid4()), "123456", machine_now())
    first: asyncio.Event = asyncio.Event()

    async def one(tx: Tx) -> str | None:
        return await confirm_mailbox(tx, whose, "browser", "123456", None, key(), machine_now())

    async def waits() -> str | None:
        await first.wait()
        async with begun() as tx:
            return await one(tx)

    waiting = asyncio.create_task(waits())
    async with begun() as tx:
        assert await one(tx) is None
        first.set()
        await waits_for_a_lock(desk)
    assert await waiting == "used"
    async with begun() as tx:
        assert not await mailbox_codes.use_up(tx, code.id, machine_now())
    assert await desk.pool.fetchval("SELECT count(*) FROM confirmed_mailboxes") == 1


async def waits_for_a_lock(desk: Desk) -> None:
    waits = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    await eventually(lambda: desk.pool.fetchval(waits))


async def test_nothing_secret_stands_in_the_tables_the_audit_or_an_answer(
    town: Town, capsys: pytest.CaptureFixture[str]
) -> None:
    fact = await the_contact(town)
    path = f"{fact.standing_path}/kontakt"
    async with browser_of(town) as browser:
        page = (await browser.post(path, data={**NEW, "_key": key()})).text
        code, asked_by = await newest(town), browser.cookies[ASKED_COOKIE]
        assert (await browser.post(path, data={**kept(page), "_kode": code})).status_code == 303
        secret = browser.cookies[CONFIRMED_COOKIE]
    tables = await town.desk.pool.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    for table in sorted({row["tablename"] for row in tables} - {"outbox"}):
        rows = await town.desk.pool.fetch(f"SELECT t::text AS row FROM {table} t")
        whole = "\n".join(row["row"] for row in rows)
        for one in (asked_by, secret):
            assert one not in whole, table
        if table in {"mailbox_codes", "confirmed_mailboxes", "audit", "http_requests"}:
            assert not re.search(rf"(?<![0-9a-f.]){code}(?![0-9a-f])", whole), table
            assert fact.contact.email not in whole, table
    audit = await town.desk.pool.fetchrow("SELECT principal, status FROM audit WHERE command = 'ConfirmMailbox'")
    assert dict(audit) == {"principal": f"person/{fact.contact.person_id}", "status": 200}
    written = capsys.readouterr()
    for one in (f"={code}", f'"{code}"', f"'{code}'", f" {code} ", asked_by, secret):
        assert one not in written.out + written.err


async def test_whoever_was_erased_is_asked_the_same_and_written_to_no_more(town: Town) -> None:
    fact, desk = await the_contact(town), town.desk
    async with transaction(desk.pool, desk, desk.source, Cause(new_correlation(), None, None), desk.links) as tx:
        whose = await read_whose(tx, fact.contact.person_id, enrolment_id=fact.enrolment_id)
        assert whose is not None
        for one in (whose, replace(whose, person=erased(fact.contact.person_id), mailbox=b"x" * 32)):
            code = await draw_code(tx, one, "browser", str(uuid4()), "123456", machine_now())
            assert await mailbox_codes.load_newest(tx, "browser", one.mailbox) == code
    (drawn,) = await codes(town)
    assert drawn.to.email == fact.contact.email


async def test_a_guest_is_asked_too(town: Town) -> None:
    desk = town.desk
    await desk.publish()
    meeting = (await desk.has_meeting()).id
    guest = await desk.ask(
        invite_guest,
        InviteGuest(programme_id=P1, meeting_id=meeting, name="Gitte Gæst", email="gitte@g.example"),
    )
    path = mailed.guest_path(desk.links, mailed.Invited(guest["person_id"], meeting))
    async with browser_of(town) as browser:
        asked = await browser.post(f"{path}/afmeld", data={"_key": key()})
        assert (asked.status_code, masked("gitte@g.example") in asked.text) == (401, True), asked.text
        done = await browser.post(f"{path}/afmeld", data={**kept(asked.text), "_kode": await newest(town)})
        assert done.status_code == 303, done.text
    assert await desk.pool.fetchval("SELECT count(*) FROM guests") == 0
