"""A link has come into the wrong hands: the contact, or staff, close all that were mailed, and new ones are mailed."""

from __future__ import annotations

import asyncio
import secrets
from html import unescape
from typing import Any
from uuid import uuid4

from services.enrollment.adapters import links
from services.enrollment.domain.mailbox_code import SAID
from services.enrollment.pages.confirming import CONFIRMED_COOKIE
from services.enrollment.usecases.confirm_mailbox import confirm_mailbox, draw_code, read_whose
from services.enrollment.usecases.revoke_links import revoke_links
from services.enrollment.usecases.withdraw_enrolment import withdraw_enrolment
from shared.base.cause import Cause, new_correlation
from shared.base.clock import machine_now
from shared.contracts.enrollment import LinksRevoked, MunicipalityEnrolled, RevokeLinks, WithdrawEnrolment
from shared.storage.tx import transaction
from tests.integration.enrollment.test_code_before_a_change import browser_of, newest, waits_for_a_lock
from tests.support.enrollment_desk import AARHUS, P1, Desk, sign_up
from tests.support.enrollment_web import Town
from tests.support.workplace import Workplace, a_browser, typed


async def the_contact(desk: Desk) -> MunicipalityEnrolled:
    await desk.publish()
    await desk.enrol(sign_up())
    return next(one for one in await desk.told() if isinstance(one, MunicipalityEnrolled))


async def closed(desk: Desk) -> LinksRevoked:
    (fact,) = [one for one in await desk.told() if isinstance(one, LinksRevoked)]
    return fact


def key() -> str:
    return secrets.token_hex(16)


async def test_the_contact_closes_its_links_and_only_the_new_ones_open_anything(town: Town) -> None:
    fact, client = await the_contact(town.desk), town.client
    page = await client.get(str(fact.standing_path))
    assert f"{fact.standing_path}/luk-links" in page.text
    assert (await client.get(f"{fact.standing_path}/luk-links")).status_code == 200
    done = await client.post(f"{fact.standing_path}/luk-links", data={"_key": key()}, follow_redirects=True)
    assert (done.status_code, "Jeres links er lukket" in done.text) == (200, True)
    new = await closed(town.desk)
    assert (new.generation, new.contact) == (1, fact.contact)
    for old in (fact.standing_path, f"{fact.standing_path}/faktura", fact.participants_path):
        gone = await client.get(str(old))
        assert (gone.status_code, "Linket er lukket" in gone.text) == (410, True), old
        assert fact.contact.name not in gone.text
        sent = await client.post(f"{old}/kontakt" if old == fact.standing_path else str(old), data={"_key": key()})
        assert sent.status_code in {405, 410}
    for path in (new.standing_path, new.participants_path):
        assert (await client.get(str(path))).status_code == 200
    # Whatever the page of the new link leads to is of its generation.
    page = await client.get(new.standing_path)
    assert str(new.participants_path) in page.text
    assert str(fact.participants_path) not in page.text
    # Once more, and it is the second generation.
    await client.post(f"{new.standing_path}/luk-links", data={"_key": key()})
    assert (await closed(town.desk)).generation == 2
    assert (await client.get(new.standing_path)).status_code == 410


async def test_a_link_that_says_nothing_of_a_generation_opens_until_it_is_closed(desk: Desk) -> None:
    fact = await the_contact(desk)
    token = str(fact.standing_path).removeprefix("/plads/")
    known = links.standing_of(desk.links, token, desk.now())
    assert known is not None
    assert (known.generation, known.turn) == (0, None)
    await desk.ask(revoke_links, RevokeLinks(enrolment_id=fact.enrolment_id))
    new = links.standing_of(desk.links, (await closed(desk)).standing_path.removeprefix("/plads/"), desk.now())
    assert new is not None
    assert (new.generation, new.person_id, new.number) == (1, fact.contact.person_id, 1)


async def test_no_browser_is_believed_for_the_mailbox_any_more(town: Town) -> None:
    fact = await the_contact(town.desk)
    await town.mailboxes.confirm(f"{fact.standing_path}/kontakt")
    await town.desk.ask(revoke_links, RevokeLinks(enrolment_id=fact.enrolment_id))
    new = await closed(town.desk)
    async with a_browser(town.url) as browser:
        browser.cookies.set(CONFIRMED_COOKIE, town.mailboxes.secret, domain="127.0.0.1")
        asked = await browser.post(
            f"{new.standing_path}/faktura", data={"billing.order_reference": "PO-1", "_key": key()}
        )
    assert (asked.status_code, "Skriv koden fra jeres mail" in asked.text) == (401, True)


async def test_no_code_that_is_under_way_is_any_good_any_more(town: Town) -> None:
    fact = await the_contact(town.desk)
    wish = {"billing.order_reference": "PO-1", "_key": key()}
    async with browser_of(town) as browser:
        assert (await browser.post(f"{fact.standing_path}/faktura", data=wish)).status_code == 401
        code = await newest(town)
        await town.desk.ask(revoke_links, RevokeLinks(enrolment_id=fact.enrolment_id))
        new = f"{(await closed(town.desk)).standing_path}/faktura"
        refused = await browser.post(new, data={**wish, "_kode": code})
        assert (refused.status_code, SAID["missing"] in unescape(refused.text)) == (422, True), refused.text
    assert await town.desk.pool.fetchval("SELECT count(*) FROM confirmed_mailboxes") == 0


async def test_a_code_that_is_typed_while_they_are_closed_opens_nothing_afterwards(desk: Desk) -> None:
    fact = await the_contact(desk)

    def begun() -> Any:
        return transaction(desk.pool, desk, desk.source, Cause(new_correlation(), None, None), desk.links)

    async with begun() as tx:
        whose = await read_whose(tx, fact.contact.person_id, enrolment_id=fact.enrolment_id)
        assert whose is not None
        await draw_code(tx, whose, "browser", str(uuid4()), "123456", machine_now())
    async with begun() as tx:
        assert await confirm_mailbox(tx, whose, "browser", "123456", None, key(), machine_now()) is None
        closing = asyncio.create_task(desk.ask(revoke_links, RevokeLinks(enrolment_id=fact.enrolment_id)))
        await waits_for_a_lock(desk)
    await closing
    assert await desk.pool.fetchval("SELECT count(*) FROM confirmed_mailboxes") == 0


async def test_whoever_has_no_links_has_none_to_close(desk: Desk) -> None:
    fact = await the_contact(desk)
    assert (await desk.refusal(revoke_links, RevokeLinks(enrolment_id="unknown"))).code == "unknown_enrolment"
    await desk.ask(withdraw_enrolment, WithdrawEnrolment(enrolment_id=fact.enrolment_id))
    assert (await desk.refusal(revoke_links, RevokeLinks(enrolment_id=fact.enrolment_id))).code == "no_links"


async def test_staff_close_them_after_they_have_read_what_it_comes_to(workplace: Workplace) -> None:
    fact, desk = await the_contact(workplace.desk), workplace.desk
    staff = await workplace.signed_in("consultant")
    place = f"/stab/forloeb/{P1}/tilmeldinger/{fact.enrolment_id}"
    assert f"{place}/luk-links" in (await staff.get(place)).text
    page = await staff.get(f"{place}/luk-links")
    assert "holder op med at virke med det samme" in page.text
    before: Any = await desk.pool.fetchval("SELECT link_generations::text FROM enrolments")
    assert before == "{}"
    done = await staff.post(f"{place}/luk-links", data=typed(page.text), follow_redirects=True)
    assert "De gamle links er lukket" in done.text, done.text
    assert (await closed(desk)).organisation.code == AARHUS
    assert (await staff.get(str(fact.standing_path))).status_code == 410
