"""What the organiser's people may do: administrators grant roles and take them back, and it holds within seconds."""

from __future__ import annotations

import asyncio
import re

import httpx

from shared.contracts.enrollment import SessionsRevoked
from tests.support.enrollment_desk import P1
from tests.support.workplace import Workplace, typed

ACCESS = "/stab/adgang"
ME = "/login/mig"


async def granted(browser: httpx.AsyncClient, email: str, role: str, programme_id: str = "") -> httpx.Response:
    page = (await browser.get(ACCESS)).text
    return await browser.post(ACCESS, data=typed(page, email=email, role=role, programme_id=programme_id))


async def taken_back(browser: httpx.AsyncClient, place: int = -1) -> httpx.Response:
    """The role that stands at this place of the list."""
    grants = re.findall(r'href="(/stab/adgang/\d+)"', (await browser.get(ACCESS)).text)
    return await browser.post(grants[place], data=typed((await browser.get(grants[place])).text))


async def test_a_role_is_granted_before_somebody_comes_for_the_first_time(workplace: Workplace) -> None:
    administrator = await workplace.signed_in("administrator")
    account = workplace.provider.accounts["konsulent"]
    assert (await granted(administrator, account.email.upper(), "finance")).status_code == 303
    assert "Har ikke logget ind endnu" in (await administrator.get(ACCESS)).text

    browser = await workplace.signed_in("consultant")
    assert "Konsulent, Økonomi" in (await browser.get(ME)).text
    shown = (await administrator.get(ACCESS)).text
    assert "Tove Eksempelsen" in shown
    assert "Har ikke logget ind endnu" not in shown


async def test_a_role_is_the_accounts_and_not_whoevers_address_it_was(workplace: Workplace) -> None:
    administrator = await workplace.signed_in("administrator")
    await granted(administrator, workplace.provider.accounts["konsulent"].email, "finance")
    await workplace.signed_in("consultant")
    held = await workplace.host.pool.fetchrow("SELECT account_id, granted_to FROM role_grants")
    assert held is not None
    assert (held["account_id"] is not None, held["granted_to"]) == (True, None)


async def test_a_role_that_is_taken_back_opens_nothing_from_then_on(workplace: Workplace) -> None:
    administrator = await workplace.signed_in("administrator")
    browser = await workplace.signed_in("consultant")
    email = workplace.provider.accounts["konsulent"].email
    await granted(administrator, email, "administrator")
    assert (await browser.get(ACCESS)).status_code == 200, "the next badge says so, at once"
    await granted(administrator, "en.anden@tovholder.example", "administrator")
    await workplace.desk.told()

    assert (await taken_back(administrator, 0)).status_code == 303
    assert (await browser.get(ACCESS)).status_code == 403
    assert [type(one) for one in await workplace.desk.told()] == [SessionsRevoked]
    refused = await workplace.host.pool.fetchval("SELECT command FROM audit WHERE status = 403")
    assert refused == "enrollment.staff"


async def test_a_role_in_one_programme_is_none_in_another(workplace: Workplace) -> None:
    await workplace.desk.publish()
    administrator = await workplace.signed_in("administrator")
    email = workplace.provider.accounts["drift"].email
    assert (await granted(administrator, email, "reader", P1)).status_code == 303
    unknown = await granted(administrator, email, "reader", "findes-ikke")
    assert (unknown.status_code, "findes ikke" in unknown.text) == (422, True)
    await workplace.signed_in("operator")
    (badge,) = [one for one in map(workplace.badge_of, workplace.browsers) if one is not None and P1 in one.roles]
    assert badge.may("enrollment.enrolments", P1)
    assert not badge.may("enrollment.enrolments", "et-andet")
    assert not badge.may("enrollment.enrolments")
    assert badge.programmes("enrollment.enrolments") == {P1}


async def test_granted_twice_a_role_is_granted_once(workplace: Workplace) -> None:
    administrator = await workplace.signed_in("administrator")
    for email in ("ny@tovholder.example", "NY@tovholder.example", workplace.provider.accounts["administrator"].email):
        for _ in range(2):
            assert (await granted(administrator, email, "reader")).status_code == 303
    assert await workplace.host.pool.fetchval("SELECT count(*) FROM role_grants") == 2


async def test_what_is_wrong_is_said_all_at_once_and_stays_typed(workplace: Workplace) -> None:
    administrator = await workplace.signed_in("administrator")
    answer = await granted(administrator, "ikke en adresse", "")
    assert answer.status_code == 422
    assert 'value="ikke en adresse"' in answer.text
    assert answer.text.count('<a class="function-link" href="#') == 2


async def test_the_last_administrators_role_is_not_taken_back_even_by_two_at_once(workplace: Workplace) -> None:
    """Two administrators take each other's role back at the same moment: one of them stays."""
    administrator = await workplace.signed_in("administrator")
    await granted(administrator, "a@tovholder.example", "administrator")
    alone = await taken_back(administrator)
    assert (alone.status_code, "Giv rollen til en anden først" in alone.text) == (409, True)

    await granted(administrator, "b@tovholder.example", "administrator")
    answers = await asyncio.gather(taken_back(administrator, 0), taken_back(administrator, 1))
    assert sorted(one.status_code for one in answers) == [303, 409]
    assert await workplace.host.pool.fetchval("SELECT count(*) FROM role_grants") == 1


async def test_only_administrators_say_who_may_do_what(workplace: Workplace) -> None:
    for role in ("consultant", "finance", "operator"):
        browser = await workplace.signed_in(role)
        shown = await browser.get(ACCESS)
        assert (shown.status_code, "Det har du ikke adgang til" in shown.text) == (403, True)
        sent = await browser.post(ACCESS, data=typed(shown.text, email="x@tovholder.example", role="administrator"))
        assert sent.status_code == 403
    assert await workplace.host.pool.fetchval("SELECT count(*) FROM role_grants") == 0


async def test_an_administrator_of_one_programme_says_who_does_what_there_and_nowhere_else(
    workplace: Workplace,
) -> None:
    await workplace.desk.publish()
    of_all = await workplace.signed_in("administrator")
    email = workplace.provider.accounts["drift"].email
    await granted(of_all, email, "administrator", P1)
    await granted(of_all, "en.anden@tovholder.example", "reader")
    of_one = await workplace.signed_in("operator")
    assert (await granted(of_one, "ny@tovholder.example", "consultant", P1)).status_code == 303
    for programme_id in ("", "et-andet"):
        refused = await granted(of_one, email, "administrator", programme_id)
        assert (refused.status_code, "I selv administrerer" in refused.text) == (403, True)
    page = (await of_one.get(ACCESS)).text
    assert ("ny@tovholder.example" in page, "en.anden@tovholder.example" in page) == (True, False)

    grant = await workplace.host.pool.fetchval(
        "SELECT id FROM role_grants WHERE granted_to = 'en.anden@tovholder.example'"
    )
    for answer in (await of_one.get(f"{ACCESS}/{grant}"), await of_one.post(f"{ACCESS}/{grant}", data=typed(page))):
        assert answer.status_code == 404
    assert (await taken_back(of_one)).status_code == 303
    assert await workplace.host.pool.fetchval("SELECT count(*) FROM role_grants WHERE granted_in = ''") == 1
