"""From the lists of a programme staff write to many, send themselves a trial, and ask why something is as it is."""

from __future__ import annotations

from services.enrollment.domain.enrolment import enrolment_id
from shared.base.clock import machine_now
from shared.web.own_mailbox import own_mailbox
from tests.support.enrollment_desk import AARHUS, KOEBENHAVN, P1, programme_text, sign_up
from tests.support.workplace import Workplace, hidden


async def test_why_stands_in_one_place_and_each_service_says_its_part(workplace: Workplace) -> None:
    desk = workplace.desk
    await desk.publish(programme_text())
    await desk.enrol(sign_up(AARHUS))
    here = enrolment_id(P1, AARHUS)
    browser = await workplace.signed_in("consultant")
    page = (await browser.get(f"/stab/hvorfor/{here}")).text
    assert "Tilmelding: Aarhus Kommune" in page
    for service in ("scheduling", "invoicing", "notifications"):
        assert f'hx-get="/{service}/stab/hvorfor/{here}"' in page
        assert f'<a href="/{service}/stab/hvorfor/{here}"' in page, "also without scripts"
    assert f"/stab/hvorfor/{here}" in (await browser.get(f"/stab/forloeb/{P1}/tilmeldinger/{here}")).text
    unknown = await browser.get("/stab/hvorfor/K-1/2")
    assert (unknown.status_code, "Her kendes det ikke" in unknown.text) == (200, True)


async def test_the_address_of_an_account_is_signed_for_its_own_badge_and_shown_before(workplace: Workplace) -> None:
    browser = await workplace.signed_in("consultant")
    til = f"/notifications/stab/forloeb/{P1}/skriv/0190f0a4-7c1e-7b22-8c77-3f4a9d2b6e10/proeve"
    page = (await browser.get("/login/postkasse", params={"til": til})).text
    account = workplace.provider.accounts["konsulent"]
    assert f"Prøven sendes til {account.email}" in page
    assert f'action="{til}"' in page
    badge = workplace.badge_of(browser)
    assert badge is not None
    links, token = workplace.host.settings.links, hidden(page)["_postkasse"]
    assert own_mailbox(links, token, badge.subject, machine_now()) == account.email
    assert own_mailbox(links, token, "somebody else", machine_now()) is None
    for wrong in ("https://x9.example/", "//x9.example", "/stab", f"{til}/../../x", ""):
        assert (await browser.get("/login/postkasse", params={"til": wrong})).status_code == 404


async def test_some_or_all_that_are_shown_are_written_to(workplace: Workplace) -> None:
    desk = workplace.desk
    await desk.publish(programme_text())
    await desk.enrol(sign_up(AARHUS), sign_up(KOEBENHAVN))
    consultant, reader = await workplace.signed_in("consultant"), await workplace.signed_in("finance")
    page = (await consultant.get(f"/stab/forloeb/{P1}")).text
    assert f'action="/notifications/stab/forloeb/{P1}/skriv"' in page
    assert set(hidden(page)["viste"].split()) == {enrolment_id(P1, one) for one in (AARHUS, KOEBENHAVN)}
    assert "Skriv til alle 2, der vises" in page
    assert "Vælg Aarhus Kommune" in page
    assert "/skriv" not in (await reader.get(f"/stab/forloeb/{P1}")).text
