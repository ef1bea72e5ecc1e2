"""Staff find a thing by whatever they know of it, among what they may see; what they typed stands in no address."""

from __future__ import annotations

import re
from urllib.parse import quote, urlencode

import httpx
import pytest

from services.enrollment.domain.enrolment import enrolment_id
from services.enrollment.domain.search import HITS, sought
from services.enrollment.usecases.invite_guest import invite_guest
from services.enrollment.usecases.name_team_member import name_team_member
from services.enrollment.usecases.put_organisation import PutOrganisation, put_organisation
from shared.contracts.enrollment import InviteGuest, NameTeamMember
from shared.contracts.parties import Billing
from tests.integration.enrollment.test_staff_roles import granted
from tests.integration.enrollment.test_team import DECLARED, chosen
from tests.integration.enrollment.test_vouching import waits
from tests.integration.enrollment.test_workspace import TEAMS, WHOLE
from tests.support.enrollment_desk import AARHUS, HVIDOVRE, KOEBENHAVN, P1, sign_up
from tests.support.hostile import MARK, TEXTS
from tests.support.workplace import Workplace, typed

SEARCH = "/stab/soeg"
OF_P1 = f"/stab/forloeb/{P1}"
AT_HOME = f"{OF_P1}/tilmeldinger/{enrolment_id(P1, AARHUS)}"


async def searched(browser: httpx.AsyncClient, what: str) -> str:
    page = (await browser.get(SEARCH)).text
    answer = await browser.post(SEARCH, data=typed(page, q=what))
    assert (answer.status_code, answer.url.query) == (200, b""), answer.text
    return answer.text


async def found(browser: httpx.AsyncClient, what: str) -> list[str]:
    """Where the hits lead."""
    return re.findall(r'<li><a href="(/stab/forloeb/[^"]+)"', await searched(browser, what))


async def arranged(workplace: Workplace) -> None:
    desk = workplace.desk
    await desk.publish()
    await desk.publish(chosen())
    await desk.ask(put_organisation, PutOrganisation(code=HVIDOVRE, billing=Billing(ean="5798009800015")))
    await desk.enrol(
        sign_up(AARHUS, contact_name="Karen Kontakt-Ørsted", billing=WHOLE),
        sign_up(KOEBENHAVN, programme_id=TEAMS, answers=DECLARED, contact_name="Bo Underviser"),
    )
    await desk.ask(
        name_team_member,
        NameTeamMember(enrolment_id=enrolment_id(TEAMS, KOEBENHAVN), name="Ida Holdmedlem", email="ida@k0101.example"),
    )


@pytest.mark.parametrize(
    "what",
    [
        enrolment_id(P1, AARHUS), "aarhus", "0751", "kommune aar", "5798009800015", "5798 0098 0001 5", "karen", "ørst",
        "KAREN@k0751.example", "kontakt karen",
    ],
)  # fmt: skip
async def test_an_enrolment_is_found_by_whatever_is_known_of_it(workplace: Workplace, what: str) -> None:
    await arranged(workplace)
    browser = await workplace.signed_in("consultant")
    assert AT_HOME in await found(browser, what)


async def test_programmes_meetings_teams_guests_and_waiting_forms_are_found(workplace: Workplace) -> None:
    await arranged(workplace)
    desk = workplace.desk
    meeting = await desk.has_meeting()
    await desk.ask(
        invite_guest,
        InviteGuest(programme_id=P1, meeting_id=meeting.id, name="Gerda Gæst", email="gerda@elsewhere.example"),
    )
    await waits(desk, HVIDOVRE)
    browser = await workplace.signed_in("consultant")
    assert await found(browser, P1) == [OF_P1]
    assert await found(browser, "netværk ungeind") == [OF_P1]
    assert await found(browser, meeting.id) == [f"{OF_P1}/deltagere"]
    on_team = f"/stab/forloeb/{TEAMS}/tilmeldinger/{enrolment_id(TEAMS, KOEBENHAVN)}"
    assert await found(browser, "ida hold") == [on_team]
    assert await found(browser, "gerda") == await found(browser, "gerda@elsewhere.example") == [f"{OF_P1}/deltagere"]
    assert await found(browser, "frode@elsewhere.example") == [f"{OF_P1}/formularer"]
    assert await found(browser, "karen") == [AT_HOME, f"{OF_P1}/formularer"], "who waits is called Karen too"


async def test_nobody_finds_what_their_role_does_not_show(workplace: Workplace) -> None:
    await arranged(workplace)
    administrator = await workplace.signed_in("administrator")
    await granted(administrator, workplace.provider.accounts["drift"].email, "reader", P1)
    theirs = await workplace.signed_in("operator")
    for what in ("ida", "bo underviser", "ida@k0101.example", TEAMS, enrolment_id(TEAMS, KOEBENHAVN), "gode overgange"):
        assert await found(administrator, what) != [], what
        page = await searched(theirs, what)
        assert "/stab/forloeb/" not in page.partition("</form>")[2], what
        assert "Holdmedlem" not in page
    assert await found(theirs, "karen") == [AT_HOME]
    in_book = await searched(theirs, "københavn")
    assert "er ikke med i jeres forløb" in in_book


async def test_no_more_than_twenty_are_shown_and_the_rest_is_counted(workplace: Workplace) -> None:
    browser = await workplace.signed_in("consultant")
    page = await searched(browser, "kommune")
    assert page.partition("<h2")[2].partition("</main>")[0].count("<li>") == HITS
    named = await workplace.host.pool.fetchval("SELECT count(*) FROM organisations WHERE name LIKE '% Kommune'")
    assert f"der er {named - HITS} til" in page


async def test_whoever_finds_nothing_is_told_what_can_be_looked_for_and_where_else(workplace: Workplace) -> None:
    browser = await workplace.signed_in("consultant")
    assert "Det kan du søge efter" in (await browser.get(SEARCH)).text
    nothing = await searched(browser, "findes slet ikke")
    assert "Intet passer med »findes slet ikke«" in nothing
    assert "Det kan du søge efter" in nothing
    for what, where in (
        ("KOM-12", "invoicing"),
        ("<0f3d6a928e174c6da2b895e4c07d1b34@kommune.example>", "notifications"),
        ("0f3d6a92-8e17-4c6d-a2b8-95e4c07d1b34", "en af tjenesterne"),
    ):
        page = await searched(browser, what)
        assert where in page.partition("I en anden tjeneste")[2]
        assert f"/stab/hvorfor/{quote(what, safe='')}" in page


async def test_whatever_is_typed_is_only_looked_for(workplace: Workplace) -> None:
    """What no form can carry is refused as a form; nothing of it becomes a part of the page or of a statement."""
    browser = await workplace.signed_in("consultant")
    page = (await browser.get(SEARCH)).text
    for what in (*TEXTS.values(), "'", "a' | 'bc", "((", "&", ":*", "\\", "%", "__", "aa:*", "a", "zz' & 'yy"):
        body = urlencode(typed(page, q=what), errors="surrogatepass")
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        answer = await browser.post(SEARCH, content=body.encode(), headers=headers)
        assert answer.status_code in {200, 400}, what
        assert f"<{MARK}" not in answer.text, what


def test_a_number_is_one_however_it_is_written_and_words_are_taken_apart() -> None:
    assert sought("DK 64 94 22 12").number == "64942212"
    assert sought("5798 0098 0001 5").number == "5798009800015"
    assert sought("Karen@K0751.example").email == "karen@k0751.example"
    assert sought("  Ida \t  HOLD ").words == ("ida", "hold")
    assert (sought("a").words, sought("").is_empty) == ((), True)


async def test_the_number_of_an_invoice_leads_to_where_invoices_are_found(workplace: Workplace) -> None:
    """The number is sent, and stands in no address."""
    browser = await workplace.signed_in("consultant")
    page = await searched(browser, "T-1042")
    form = page.partition('action="/invoicing/stab/soeg"')[2].partition("</form>")[0]
    assert 'name="_csrf"' in form
    assert 'name="q" value="T-1042"' in form
    assert "Find faktura T-1042" in form
    assert "/invoicing/stab/soeg" not in await searched(browser, "0f3d6a92-8e17-4c6d-a2b8-95e4c07d1b34")
