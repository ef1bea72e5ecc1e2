"""Staff find everybody in a programme, see all of one of them, and are told what a thing will do before they do it."""

from __future__ import annotations

import csv
import io
import re
from datetime import date
from html import unescape

import httpx
import pytest

from services.enrollment.domain.enrolment import enrolment_id
from services.enrollment.usecases.invite_municipalities import invite_municipalities
from services.enrollment.usecases.order_option import order_option
from services.enrollment.usecases.put_organisation import PutOrganisation, put_organisation
from shared.contracts.enrollment import (
    BillingChanged,
    EnrolmentRegrouped,
    EnrolmentWithdrawn,
    InviteMunicipalities,
    LinksRevoked,
    MunicipalityEnrolled,
    MunicipalityInvited,
    OptionDelivered,
    OrderOption,
    QuoteGiven,
    ReservationChanged,
    ReservationResolved,
    TovholderAppointed,
)
from shared.contracts.event import Event
from tests.integration.enrollment.test_options import OPTIONS
from tests.integration.enrollment.test_waiting_list import enrolled, with_places
from tests.support.enrollment_desk import AARHUS, HVIDOVRE, KOEBENHAVN, P1, sign_up
from tests.support.workplace import Workplace, typed

HERE = f"/stab/forloeb/{P1}"
BY_COUNCIL = {"committee": "Byrådet", "expected_on": "2020-10-01"}
NEW_CONTACT = {"name": "Ny", "email": "ny@k0751.example"}
QUOTE = {"price": "12.500,50", "includes": "Alt", "good_until": "2020-12-01"}


def page_of(code: str, rest: str = "") -> str:
    return f"{HERE}/tilmeldinger/{enrolment_id(P1, code)}{rest}"


def text(answer: httpx.Response) -> str:
    """As it is read: without tags, with single blanks."""
    body = answer.text.partition("<main")[2]
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).split())


def names(answer: httpx.Response) -> list[str]:
    """Of the organisations, in the order of the rows."""
    return re.findall(r'<th scope="row"><a [^>]+>([^<]+)</a>', answer.text)


async def busy(place: Workplace) -> httpx.AsyncClient:
    """Aarhus has a place, Copenhagen one with a forbehold, Hvidovre waits; a consultant is signed in."""
    await place.desk.publish(with_places(2, 2, forbehold="holds: always") + OPTIONS)
    about = {"forbehold": True, "forbehold_committee": "Ungeudvalget", "forbehold_expected_on": date(2020, 9, 1)}
    states = await enrolled(place.desk, sign_up(AARHUS), sign_up(KOEBENHAVN, **about), sign_up(HVIDOVRE))
    assert states == ["enrolled", "enrolled", "waitlisted"]
    await place.desk.told()
    return await place.signed_in("consultant")


async def looked(browser: httpx.AsyncClient, path: str, **said: str) -> httpx.Response:
    """What the page says would come of it: at once where it asks for nothing."""
    shown = await browser.get(path)
    if not said:
        return shown
    return await browser.post(path, data=typed(shown.text, _se="1", **said))


async def done(browser: httpx.AsyncClient, path: str, **said: str) -> httpx.Response:
    """The button is pressed on the page that says what will come of it."""
    shown = await looked(browser, path, **said)
    assert shown.status_code == 200, text(shown)
    return await browser.post(path, data={**typed(shown.text), **said})


async def test_everybody_is_found_by_where_they_stand_by_name_and_by_what_is_missing(workplace: Workplace) -> None:
    browser = await busy(workplace)
    everybody = await browser.get(HERE)
    assert names(everybody) == ["Hvidovre Kommune", "Københavns Kommune", "Aarhus Kommune"]
    shown = text(everybody)
    for said in (
        "2 af 2 pladser er taget",
        "Plads bekræftet 1",
        "Venter på plads 1",
        "Ungeudvalget, svar 1. september",
    ):
        assert said in shown, said
    assert "På venteliste (nr. 1)" in shown, "the words are those of every other page"

    assert names(await browser.get(f"{HERE}?stilling=forbehold")) == ["Københavns Kommune"]
    assert names(await browser.get(f"{HERE}?soeg=ÅRHUS")) == ["Aarhus Kommune"], "aa is å"
    assert names(await browser.get(f"{HERE}?soeg=%25")) == [], "and a sign is a sign"
    assert names(await browser.get(f"{HERE}?efter=modtaget")) == [
        "Aarhus Kommune",
        "Københavns Kommune",
        "Hvidovre Kommune",
    ]
    assert names(await browser.get(f"{HERE}?efter=tilstand"))[-1] == "Hvidovre Kommune"
    lacking = await browser.get(f"{HERE}?mangler=ja")
    assert names(lacking) == ["Københavns Kommune", "Aarhus Kommune"], "whoever waits owes nothing yet"
    assert "Adresse" in text(lacking)


async def test_whoever_names_nobody_for_the_next_meeting_lacks_that_until_they_do(workplace: Workplace) -> None:
    browser = await busy(workplace)
    meeting = await workplace.desk.has_meeting()
    assert "Deltagere til 15. april 2021" in text(await browser.get(f"{HERE}?soeg=aarhus"))
    await workplace.desk.register(enrolment_id(P1, AARHUS), meeting.id, "Anna Andersen")
    assert "Deltagere til" not in text(await browser.get(f"{HERE}?soeg=aarhus"))


@pytest.mark.parametrize(
    ("filters", "looked_at"),
    [
        ("", 1),
        ("&mangler=ja", 1),
        ("&mangler=ja", 9),
        ("&efter=modtaget", 1),
        ("&efter=tilstand", 1),
        ("&efter=inviteret", 1),
        ("&efter=aabnet", 1),
    ],
)
async def test_pages_go_on_where_the_last_one_ended(
    workplace: Workplace, monkeypatch: pytest.MonkeyPatch, filters: str, looked_at: int
) -> None:
    monkeypatch.setattr("services.enrollment.usecases.read_standings.ON_A_PAGE", 1)
    monkeypatch.setattr("services.enrollment.usecases.read_standings.LOOKED_AT", looked_at)
    browser = await busy(workplace)
    found, path, pages = [], f"{HERE}?{filters}", 0
    while path:
        answer = await browser.get(path)
        assert answer.status_code == 200, answer.text
        found += names(answer)
        following = re.search(r'rel="next" href="([^"]+)"|href="([^"]+)">Se videre', answer.text)
        path, pages = unescape(following[1] or following[2]) if following else "", pages + 1
    assert len(found) == len(set(found)) == (2 if "mangler" in filters else 3)
    assert pages >= len(found)
    assert (await browser.get(f"{HERE}?fra=nonsens")).status_code == 422


async def test_the_list_is_fetched_as_a_table_in_which_no_text_is_a_formula(workplace: Workplace) -> None:
    await workplace.desk.has_enrolled(contact_name="=1+1")
    browser = await workplace.signed_in("consultant")
    answer = await browser.get(f"{HERE}/tilmeldinger.csv")
    assert answer.headers["content-disposition"] == f'attachment; filename="tilmeldinger-{P1}.csv"'
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")), delimiter=";"))
    assert [(one["Kommune"], one["Kontakt"]) for one in rows] == [("Aarhus Kommune", "'=1+1")]
    assert (await browser.get(f"{HERE}/tilmeldinger.xlsx")).content.startswith(b"PK")


async def test_an_enrolment_of_another_programme_is_not_found_below_this_one(workplace: Workplace) -> None:
    browser = await busy(workplace)
    other = (
        with_places(1, 1).replace(f"id: {P1}", "id: et-andet", 1).replace("invoice_series: unge", "invoice_series: x")
    )
    await workplace.desk.publish(other)
    assert (await browser.get(page_of(AARHUS))).status_code == 200
    elsewhere = page_of(AARHUS).replace(P1, "et-andet")
    for rest in ("", "/afmeld", "/kontakt", "/hold", "/moeder/m", "/tilkoeb/analyse/tilbud"):
        assert (await browser.get(f"{elsewhere}{rest}")).status_code == 404, rest
    assert (await browser.get(page_of(AARHUS, "/tilkoeb/findes-ikke/tilbud"))).status_code == 404


async def test_an_enrolment_shows_all_that_is_known_of_it(workplace: Workplace) -> None:
    browser = await busy(workplace)
    meeting = await workplace.desk.has_meeting()
    for name in ("Anna", "Bo", "Carl", "Dorte"):
        await workplace.desk.register(enrolment_id(P1, AARHUS), meeting.id, name, 100_000)
    shown = text(await browser.get(page_of(AARHUS)))
    for said in (
        "Plads bekræftet",
        "Karen Kontakt karen@k0751.example",
        "Mangler: adresse",
        "Anna, Bo, Carl, Dorte (ekstra)",
        "3 af 3 + 1 ekstra",
        "Analyse Pris efter tilbud",
    ):
        assert said in shown, said
    why = text(await browser.get(page_of(AARHUS, f"/moeder/{meeting.id}")))
    assert "Dorte (ekstra)" in why
    waiting = text(await browser.get(page_of(KOEBENHAVN)))
    for said in ("Plads reserveret – med forbehold", "Ungeudvalget", "Svar ventes tirsdag den 1. september 2020"):
        assert said in waiting, said


@pytest.mark.parametrize(
    ("code", "rest", "said", "expected", "fact"),
    [
        (AARHUS, "/afmeld", {"reason": "Ingen tid"}, "Hvidovre Kommune får plads fra ventelisten.", EnrolmentWithdrawn),
        (KOEBENHAVN, "/godkendt", {}, "Plads bekræftet", ReservationResolved),
        (KOEBENHAVN, "/ikke-godkendt", {}, "Hvidovre Kommune får plads fra ventelisten.", ReservationResolved),
        (KOEBENHAVN, "/forbehold", BY_COUNCIL, "torsdag den 1. oktober 2020", ReservationChanged),
        (AARHUS, "/kontakt", NEW_CONTACT, "Kommunen fik en ny tovholder", TovholderAppointed),
        (AARHUS, "/luk-links", {}, "holder op med at virke med det samme", LinksRevoked),
        (AARHUS, "/gruppe", {"group": "oest"}, "Gruppen er derefter Netværk Østdanmark.", EnrolmentRegrouped),
        (AARHUS, "/tilkoeb/analyse/tilbud", QUOTE, "Kommunen fik et tilbud", QuoteGiven),
    ],
    ids=lambda one: one if isinstance(one, str) and one.startswith("/") else "",
)  # fmt: skip
async def test_it_is_said_what_will_happen_then_it_happens_and_not_before(
    workplace: Workplace, code: str, rest: str, said: dict[str, str], expected: str, fact: type[Event]
) -> None:
    browser = await busy(workplace)
    before = await workplace.host.pool.fetch("SELECT id, state, group_id, contact FROM enrolments ORDER BY id")
    shown = await looked(browser, page_of(code, rest), **said)
    assert shown.status_code == 200
    assert expected in text(shown)
    assert re.search("(Fortrydes ved|Kan ikke fortrydes)", text(shown)), "how it is undone, before it is done"
    assert await workplace.desk.told() == []
    assert await workplace.host.pool.fetch("SELECT id, state, group_id, contact FROM enrolments ORDER BY id") == before

    answer = await done(browser, page_of(code, rest), **said)
    assert (answer.status_code, answer.headers["location"].partition("?")[0]) == (303, page_of(code))
    told = await workplace.desk.told()
    assert fact in [type(one) for one in told]
    assert 'role="status"' in (await browser.get(answer.headers["location"])).text
    by = await workplace.host.pool.fetchval("SELECT actor FROM audit ORDER BY id DESC LIMIT 1")
    assert by.startswith("staff/")


async def test_who_pays_is_put_right_and_it_is_said_what_is_missing_then(workplace: Workplace) -> None:
    await busy(workplace)
    finance = await workplace.signed_in("finance")
    said = {
        "billing.address.street": "Rådhuspladsen 2",
        "billing.address.postcode": "8000",
        "billing.address.city": "Aarhus C",
    }
    shown = await looked(finance, page_of(AARHUS, "/faktura"), **said)
    assert "Så mangler der intet." in text(shown)
    assert (await done(finance, page_of(AARHUS, "/faktura"), **said)).status_code == 303
    assert BillingChanged in [type(one) for one in await workplace.desk.told()]


async def test_an_option_that_was_ordered_is_said_to_be_delivered(workplace: Workplace) -> None:
    browser = await busy(workplace)
    one = enrolment_id(P1, AARHUS)
    await workplace.desk.ask(
        order_option, OrderOption(enrolment_id=one, option_id="sagsgennemgang", accepted_price_ore=9_500_000)
    )
    await workplace.desk.told()
    path = page_of(AARHUS, "/tilkoeb/sagsgennemgang/leveret")
    ahead = await looked(browser, path, delivered_on="2020-07-01")
    assert (ahead.status_code, "er ikke kommet endnu" in ahead.text) == (422, True)
    assert (await done(browser, path, delivered_on="2020-06-01")).status_code == 303
    assert OptionDelivered in [type(fact) for fact in await workplace.desk.told()]


async def test_a_no_is_said_before_anybody_presses(workplace: Workplace) -> None:
    browser = await busy(workplace)
    answered = await looked(browser, page_of(AARHUS, "/godkendt"))
    assert answered.status_code == 200
    assert "Det sker, når I trykker" not in answered.text
    assert 'role="alert"' in answered.text
    wrong = await looked(
        browser, page_of(AARHUS, "/tilkoeb/analyse/tilbud"), price="gratis", includes="", good_until="x"
    )
    assert (wrong.status_code, wrong.text.count('<a class="function-link" href="#')) == (422, 3)
    assert 'value="gratis"' in wrong.text
    for code, rest in ((KOEBENHAVN, "/forbehold"), (AARHUS, "/faktura")):
        page = (await browser.get(page_of(code, rest))).text
        nothing = {name: "" for name in typed(page) if not name.startswith("_")}
        empty = await browser.post(page_of(code, rest), data={**typed(page, _se="1"), **nothing})
        assert (empty.status_code, "Udfyld mindst ét felt." in text(empty)) == (422, True), rest


async def test_whoever_only_reads_sees_everything_and_does_nothing(workplace: Workplace) -> None:
    await busy(workplace)
    finance = await workplace.signed_in("finance")
    shown = await finance.get(page_of(AARHUS))
    assert shown.status_code == 200
    assert "/afmeld" not in shown.text
    assert (await finance.get(page_of(AARHUS, "/afmeld"))).status_code == 403
    sent = await finance.post(page_of(AARHUS, "/afmeld"), data=typed(shown.text))
    assert sent.status_code == 403
    assert MunicipalityEnrolled not in [type(one) for one in await workplace.desk.told()]


async def test_who_was_invited_and_opened_the_link_is_shown_sorted_and_filtered(workplace: Workplace) -> None:
    desk = workplace.desk
    await desk.publish(with_places(2, 2))
    for code in (AARHUS, HVIDOVRE, KOEBENHAVN):
        await desk.ask(put_organisation, PutOrganisation(code=code, main_email=f"post@k{code}.example"))
    await desk.told()
    wish = InviteMunicipalities(programme_id=P1, round_id="r", organisation_codes=(AARHUS, HVIDOVRE))
    await desk.ask(invite_municipalities, wish)
    paths = {
        one.organisation.code: one.sign_up_path for one in await desk.told() if isinstance(one, MunicipalityInvited)
    }
    assert set(paths) == {AARHUS, HVIDOVRE}
    await desk.enrol(sign_up(KOEBENHAVN))
    browser = await workplace.signed_in("consultant")
    assert names(await browser.get(f"{HERE}?link=inviteret")) == ["Hvidovre Kommune", "Aarhus Kommune"]
    assert names(await browser.get(f"{HERE}?link=aabnet")) == []

    visitor = workplace.browser()
    assert (await visitor.head(paths[AARHUS])).status_code in {200, 405}
    assert names(await browser.get(f"{HERE}?link=aabnet")) == [], "a look at its head opens nothing"
    for _ in range(3):
        assert (await visitor.get(paths[AARHUS])).status_code == 200
    assert (await visitor.get(f"{paths[HVIDOVRE]}x")).status_code == 200, "a link that is none of ours"
    kept = await desk.pool.fetch("SELECT opened_at FROM invitations WHERE opened_at IS NOT NULL")
    assert len(kept) == 1
    assert names(await browser.get(f"{HERE}?link=aabnet")) == ["Aarhus Kommune"]
    assert names(await browser.get(f"{HERE}?link=ikke-aabnet")) == ["Hvidovre Kommune"]
    assert names(await browser.get(f"{HERE}?efter=aabnet"))[0] == "Aarhus Kommune"
    assert names(await browser.get(f"{HERE}?efter=inviteret"))[-1] == "Københavns Kommune"
    assert "Det kan også være et program" in text(await browser.get(HERE))
    await desk.enrol(sign_up(AARHUS))
    assert names(await browser.get(f"{HERE}?link=aabnet")) == [], "whoever has answered is not waited for"
