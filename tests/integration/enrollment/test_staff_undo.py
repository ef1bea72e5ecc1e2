"""What staff have just done is undone from the page that says so, and leaves what stood before."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from html import unescape
from urllib.parse import quote

import httpx
import pytest

from services.enrollment.pages import staff_deeds
from services.enrollment.pages.staff_deeds import Deed
from tests.integration.enrollment.test_members import P3, SOSU, has_meeting, here, published
from tests.integration.enrollment.test_staff_deeds import ANNA, BO, ENROLMENT, HERE, LEVEL, PLACE, enrolled, links
from tests.integration.enrollment.test_staff_programme import QUOTE, busy, done, page_of, text
from tests.support.enrollment_desk import AARHUS, KOEBENHAVN
from tests.support.workplace import Workplace, typed

SEATS = f"{ENROLMENT}/moeder/m-heldag-vest"
GUESTS = f"{HERE}/deltagere/m-heldag-vest"
STANDS = """
    SELECT jsonb_build_object(
        'enrolments', (SELECT jsonb_agg(jsonb_build_array(e.id, state, group_id, committee, expected_on, billing,
            contact -> 'name', contact -> 'email') ORDER BY e.id) FROM enrolments e),
        'seats', (SELECT jsonb_agg(jsonb_build_array(roster_id, name, own_billing) ORDER BY name)
            FROM seats JOIN people USING (person_id)),
        'team', (SELECT jsonb_agg(name ORDER BY name) FROM team_members JOIN people USING (person_id)),
        'roles', (SELECT jsonb_agg(jsonb_build_array(role_id, holder -> 'name') ORDER BY role_id)
            FROM contact_history WHERE held_until IS NULL AND role_id <> 'main'),
        'options', (SELECT jsonb_agg(jsonb_build_array(option_id, order_billing) ORDER BY option_id)
            FROM option_orders WHERE state IN ('quoted', 'ordered')),
        'called', (SELECT jsonb_agg(meeting_id) FROM member_meetings),
        'guests', (SELECT count(*) FROM guests)
    )::text
"""
"""What stands, as far as a deed with an undo changes it."""


async def stands(place: Workplace) -> str:
    return str(await place.desk.pool.fetchval(STANDS))


async def undone(browser: httpx.AsyncClient, answer: httpx.Response, **more: str) -> None:
    """As somebody does it: the link that stands beside what was done, and then the button, with `more` typed."""
    assert answer.status_code == 303, text(answer)
    after = await browser.get(answer.headers["location"])
    (path,) = links(after, "Fortryd")
    shown = await browser.get(path)
    assert shown.status_code == 200, path
    fields = prefilled(shown) | more
    if 'name="_se"' in shown.text:
        shown = await browser.post(path, data=typed(shown.text, _se="1", **fields))
        assert shown.status_code == 200, text(shown)
    assert (await browser.post(path, data=typed(shown.text))).status_code == 303


def prefilled(page: httpx.Response) -> dict[str, str]:
    """What stands in a page's fields, as it would be sent."""
    found = {}
    for tag in page.text.partition("<main")[2].split("<input")[1:]:
        tag = tag.partition(">")[0]  # noqa: PLW2901
        name, value = (tag.partition(f'{one}="')[2].partition('"')[0] for one in ("name", "value"))
        if 'type="hidden"' in tag or ('type="radio"' in tag and " checked" not in tag):
            continue
        found[name] = unescape(value)
    return found


@pytest.mark.parametrize(
    ("code", "rest", "said"),
    [
        (AARHUS, "/gruppe", {"group": "oest"}),
        (AARHUS, "/kontakt", {"name": "Ny", "email": "ny@k0751.example"}),
        (KOEBENHAVN, "/forbehold", {"committee": "Byrådet", "expected_on": "2020-10-01"}),
        (AARHUS, "/tilkoeb/analyse/tilbud", QUOTE),
    ],
)
async def test_what_is_changed_is_changed_back_to_what_stood(
    workplace: Workplace, code: str, rest: str, said: Mapping[str, str]
) -> None:
    browser = await busy(workplace)
    before = await stands(workplace)
    answer = await done(browser, page_of(code, rest), **said)
    assert await stands(workplace) != before
    for name in ("Ny", "Byr", "@"):
        assert name not in answer.headers["location"], "nothing of anybody stands in an address"
    await undone(browser, answer)
    assert await stands(workplace) == before


async def test_billing_is_written_back_and_a_field_that_was_empty_stays_as_was_said(workplace: Workplace) -> None:
    browser, path = await busy(workplace), page_of(AARHUS, "/faktura")
    await done(browser, path, **{"billing.order_reference": "A-1"})
    before = await stands(workplace)
    answer = await done(browser, path, **{"billing.order_reference": "B-2"})
    await undone(browser, answer)
    assert await stands(workplace) == before


async def test_people_options_and_guests_are_as_before(workplace: Workplace) -> None:
    browser = await enrolled(workplace)
    empty = await stands(workplace)
    await undone(browser, await done(browser, f"{SEATS}/tilmeld", **ANNA, **LEVEL))
    assert await stands(workplace) == empty
    await done(browser, f"{SEATS}/tilmeld", **ANNA, **LEVEL)
    with_anna = await stands(workplace)
    (swap,), (leave,) = [links(await browser.get(SEATS), label) for label in ("Skift", "Afmeld")]
    await undone(browser, await done(browser, swap, **BO, **LEVEL), **LEVEL)
    assert await stands(workplace) == with_anna
    await undone(browser, await done(browser, leave), **LEVEL)
    assert await stands(workplace) == with_anna

    await done(browser, f"{SEATS}/tilmeld", **BO, **LEVEL)
    (payer,) = links(await browser.get(SEATS), "Hvem betaler")
    await done(browser, payer, **{"billing.order_reference": "A-1"})
    paid = await stands(workplace)
    await undone(browser, await done(browser, payer, **{"billing.order_reference": "B-2"}))
    assert await stands(workplace) == paid

    await undone(browser, await done(browser, f"{ENROLMENT}/hold/ny", **ANNA))
    assert await stands(workplace) == paid
    await done(browser, f"{ENROLMENT}/hold/ny", **ANNA)
    team = await stands(workplace)
    (swap,), (off,) = [links(await browser.get(f"{ENROLMENT}/hold"), label) for label in ("Skift", "Tag af holdet")]
    await undone(browser, await done(browser, swap, **BO))
    assert await stands(workplace) == team
    await undone(browser, await done(browser, off))
    assert await stands(workplace) == team

    (order,) = links(await browser.get(ENROLMENT), "Bestil")
    await undone(browser, await done(browser, order))
    assert await stands(workplace) == team
    await done(browser, order)
    (option,), (back,) = [links(await browser.get(ENROLMENT), label) for label in ("Hvem betaler", "Træk tilbage")]
    bought = await stands(workplace)
    await undone(browser, await done(browser, back))
    assert await stands(workplace) == bought
    await done(browser, option, **{"billing.order_reference": "A-1"})
    paid = await stands(workplace)
    await undone(browser, await done(browser, option, **{"billing.order_reference": "B-2"}))
    assert await stands(workplace) == paid

    role = f"{ENROLMENT}/roller/faktura"
    await undone(browser, await done(browser, role, **ANNA))
    assert await stands(workplace) == paid, "nobody held it before, and nobody does"
    await done(browser, role, **ANNA)
    held = await stands(workplace)
    await undone(browser, await done(browser, role, **BO))
    assert await stands(workplace) == held
    await undone(browser, await done(browser, f"{GUESTS}/gaester/ny", **BO))
    assert await stands(workplace) == held


async def test_a_member_is_called_and_called_off_and_back(workplace: Workplace) -> None:
    await published(workplace.desk, SOSU)
    meeting = await has_meeting(workplace.desk)
    browser = await workplace.signed_in("consultant")
    roster = f"/stab/forloeb/{P3}/tilmeldinger/{here(SOSU)}/moeder/{meeting.id}"
    before = await stands(workplace)
    await undone(browser, await done(browser, f"{roster}/inviter"))
    assert await stands(workplace) == before
    await done(browser, f"{roster}/inviter")
    called = await stands(workplace)
    await undone(browser, await done(browser, f"{roster}/ikke-med"))
    assert await stands(workplace) == called


async def test_an_address_leads_to_no_page_but_the_programmes_own(workplace: Workplace) -> None:
    browser = await enrolled(workplace)
    for path in ("https://elsewhere.example/", "//elsewhere.example", f"{HERE}x/y", f"{HERE}/../../ud", "/login/ud"):
        shown = await browser.get(f"{ENROLMENT}?besked=gruppe&fortryd={quote(path)}")
        assert "Gruppen er skiftet" in shown.text
        assert links(shown, "Fortryd") == [], path
    assert PLACE in ENROLMENT


async def test_what_another_did_is_not_read_by_its_key(workplace: Workplace) -> None:
    browser, path = await busy(workplace), page_of(AARHUS, "/gruppe")
    answer = await done(browser, path, group="oest")
    (undo,) = links(await browser.get(answer.headers["location"]), "Fortryd")
    mine, theirs = await browser.get(undo), await (await workplace.signed_in("administrator")).get(undo)
    assert (prefilled(mine)["group"], prefilled(theirs)["group"]) == ("vest", "oest")


def test_whatever_says_that_it_can_be_undone_has_the_deed_that_does_it() -> None:
    deeds = {name: one for name, one in inspect.getmembers(staff_deeds) if isinstance(one, Deed)}
    can = {name for name, one in deeds.items() if one.undo.startswith("Fortrydes")}
    assert can == {name for name, one in deeds.items() if one.undone is not None}
