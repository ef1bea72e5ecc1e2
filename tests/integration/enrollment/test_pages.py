"""What the pages show to those who come to them, and to those whose link is not good any more."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from services.enrollment.adapters import links
from services.enrollment.app import SERVICE
from services.enrollment.domain.enrolment import enrolment_id
from services.enrollment.usecases import read_front_page
from services.enrollment.usecases.change_group import change_group
from services.enrollment.usecases.decline_invitation import DeclineInvitation, decline_invitation
from services.enrollment.usecases.invite_municipalities import invite_municipalities
from services.enrollment.usecases.put_organisation import PutOrganisation, put_organisation
from services.enrollment.usecases.withdraw_enrolment import withdraw_enrolment
from shared.contracts.enrollment import ChangeGroup, InviteMunicipalities, MunicipalityInvited, WithdrawEnrolment
from shared.web.pages import Accessibility, Pages
from tests.support.enrollment_desk import AARHUS, P1, Desk, programme_text, sign_up
from tests.support.enrollment_web import Town

AFTER_THE_DEADLINE = datetime(2020, 8, 21, 22, tzinfo=UTC)
NEVER = "AAAA.AAAA"


async def an_invitation(desk: Desk) -> str:
    """The path in Aarhus' mail."""
    await desk.publish()
    await desk.ask(put_organisation, PutOrganisation(code=AARHUS, main_email="post@aarhus.example"))
    await desk.ask(invite_municipalities, InviteMunicipalities(programme_id=P1, round_id="foraar"))
    (fact,) = [one for one in await desk.told() if isinstance(one, MunicipalityInvited)]
    return fact.sign_up_path


async def test_the_front_page_offers_what_is_open_and_a_closed_programme_still_tells_of_itself(town: Town) -> None:
    assert "Der er ingen åbne forløb lige nu" in (await town.client.get("/")).text
    await town.desk.publish()
    assert "Læs mere og tilmeld" in (await town.client.get("/")).text
    assert "Send tilmeldingen" in (await town.client.get(f"/tilmeld/{P1}")).text
    await town.move_to(AFTER_THE_DEADLINE)
    assert "Der er ingen åbne forløb lige nu" in (await town.client.get("/")).text
    closed = (await town.client.get(f"/tilmeld/{P1}")).text
    assert "Fristen var fredag den 21. august 2020" in closed
    assert "Send tilmeldingen" not in closed


async def test_the_front_page_has_pages_and_whoever_closes_first_comes_first(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read_front_page, "ON_A_PAGE", 2)
    await town.desk.publish()
    await town.desk.pool.execute(
        """
        INSERT INTO programmes (id, version, terms, published_at, correlation_id)
        SELECT 'p' || n, 1, jsonb_set(jsonb_set(jsonb_set(terms, '{ref,id}', to_jsonb('p' || n)),
               '{ref,title}', to_jsonb('Forløb ' || n)), '{terms,deadline}', coalesce(to_jsonb(d), 'null')),
               published_at, correlation_id
        FROM programmes, (VALUES (1, '2020-08-03'), (2, '2021-01-01'), (3, NULL), (4, '2020-01-01')) AS new (n, d)
        """
    )
    seen, address = [], "/"
    while True:
        page = (await town.client.get(address)).text
        seen.append(re.findall(r'href="/tilmeld/([^"]+)"', page))
        following = re.search(r'rel="next" href="([^"]+)"', page)
        if following is None:
            break
        address = following[1].replace("&amp;", "&")
    assert seen == [["p1", P1], ["p2", "p3"]]
    assert (await town.client.get("/?fra=noget-andet")).status_code == 422


async def test_a_programme_that_invites_by_name_has_no_form(town: Town) -> None:
    await town.desk.publish(programme_text("hvidovre-ungepartnerskab"))
    assert (await town.client.get("/tilmeld/hvidovre-ungepartnerskab")).status_code == 404
    assert (await town.client.get("/tilmeld/hvidovre-ungepartnerskab/modtaget")).status_code == 404
    assert "hvidovre-ungepartnerskab" not in (await town.client.get("/")).text


async def test_who_has_answered_is_not_asked_for_a_no(town: Town) -> None:
    path = await an_invitation(town.desk)
    assert "Sig nej tak" in (await town.client.get(path)).text
    assert f'value="{AARHUS}" selected' in (await town.client.get(path)).text
    await town.desk.ask(decline_invitation, DeclineInvitation(enrolment_id=enrolment_id(P1, AARHUS)))
    assert "Sig nej tak" not in (await town.client.get(path)).text


async def test_a_no_that_comes_too_late_says_so(town: Town) -> None:
    token = (await an_invitation(town.desk)).rpartition("=")[2]
    await town.desk.enrol(sign_up(AARHUS))
    answer = await town.client.post(f"/tilmeld/nej/{token}", data={"_key": "k" * 32})
    assert answer.status_code == 409
    assert "Kommunen har allerede svaret på invitationen." in answer.text
    assert await town.desk.pool.fetchval("SELECT state FROM enrolments") == "enrolled"


@pytest.mark.parametrize("path", ["/tilmeld/bekraeft", "/tilmeld/nej", "/deltagere"])
async def test_a_link_that_nobody_was_given_leads_nowhere(town: Town, path: str) -> None:
    answer = await town.client.get(f"{path}/{NEVER}")
    assert (answer.status_code, "Linket virker ikke" in answer.text) == (404, True)


async def test_the_link_of_a_contact_who_is_none_any_more_is_dead(town: Town) -> None:
    enrolment = await town.desk.has_enrolled()
    guest = await town.desk.guest()
    own = links.participants_path(town.desk.links, guest)
    former = links.participants_path(town.desk.links, guest._replace(person_id="somebody-else"))
    assert (await town.client.get(own)).status_code == 200
    assert (await town.client.get(f"{own}/unknown-meeting")).status_code == 404
    assert (await town.client.get(former)).status_code == 410
    await town.desk.ask(withdraw_enrolment, WithdrawEnrolment(enrolment_id=enrolment))
    gone = await town.client.get(own)
    assert (gone.status_code, "Aarhus Kommune er ikke tilmeldt" in gone.text) == (410, True)


def as_before(town: Town, enrolment: str, person_id: str) -> str:
    """The link as a version before this one signs it, for whichever place."""
    return f"/deltagere/{town.desk.links.sign('participants', f'{enrolment} {person_id}')}"


async def comes_back(town: Town, enrolment: str) -> str:
    """It has left, and signs up again with the same contact; the link of its new place."""
    await town.desk.ask(withdraw_enrolment, WithdrawEnrolment(enrolment_id=enrolment))
    await town.desk.enrol(sign_up(AARHUS))
    return await town.mailed_path()


async def test_a_link_ends_with_the_place_it_was_given_with_also_when_the_same_contact_signs_up_again(
    town: Town,
) -> None:
    enrolment = await town.desk.has_enrolled()
    guest = await town.desk.guest()
    first, before = links.participants_path(town.desk.links, guest), as_before(town, enrolment, guest.person_id)
    assert [(await town.client.get(path)).status_code for path in (first, before)] == [200, 410]
    again = await comes_back(town, enrolment)
    assert (await town.client.get(again)).status_code == 200
    assert (await town.desk.guest()).person_id == guest.person_id
    for path in (first, before):
        gone = await town.client.get(path)
        assert (gone.status_code, "Linket virker ikke" in gone.text) == (410, True)
        withdrawn = await town.client.post(f"{path}/afmeld-kommunen", data={"_key": "k" * 32, "reason": "fordi"})
        assert withdrawn.status_code == 410
    assert await town.desk.pool.fetchval("SELECT state FROM enrolments") == "enrolled"


async def test_a_link_of_the_version_before_leads_to_the_place_that_version_gave_and_to_no_later_one(
    town: Town,
) -> None:
    enrolment = await town.desk.has_enrolled()
    await town.desk.pool.execute("UPDATE enrolments SET linked_number = NULL")
    guest = await town.desk.guest()
    before = as_before(town, enrolment, guest.person_id)
    for path in (before, links.participants_path(town.desk.links, guest)):
        assert (await town.client.get(path)).status_code == 200
    # A change of it by this version is no new place.
    await town.desk.ask(change_group, ChangeGroup(enrolment_id=enrolment, group="oest"))
    assert (await town.client.get(before)).status_code == 200
    await comes_back(town, enrolment)
    assert (await town.client.get(before)).status_code == 410
    # The version before, beside this one, gives the place anew: it writes what it knows of.
    await town.desk.pool.execute("UPDATE enrolments SET number = number + 1")
    assert (await town.client.get(before)).status_code == 200


async def test_every_page_leads_to_what_is_known_of_its_accessibility_and_to_whoever_hears_of_a_barrier(
    town: Town,
) -> None:
    await town.desk.publish()
    for path in ("/", f"/tilmeld/{P1}", "/findes-ikke", f"/plads/{NEVER}", "/tilgaengelighed"):
        page = (await town.client.get(path)).text
        assert '<a href="/tilgaengelighed">Tilgængelighedserklæring</a>' in page, path
        assert '<a href="/tilgaengelighed#barriere">Meld en barriere</a>' in page, path
    assert "Skriv til arrangøren af forløbet" in (await town.client.get("/tilgaengelighed")).text


def test_an_installation_names_its_own_statement_and_who_hears_of_a_barrier() -> None:
    about = Accessibility("https://kl.example/erklaering", "hjaelp@kl.example")
    pages = Pages("enrollment", SERVICE.folder / "templates", public_url="http://x.example", accessibility=about)
    page = pages.render("enrollment/accessibility.html").body.decode()
    assert page.count('href="https://kl.example/erklaering"') == 2
    assert page.count('href="mailto:hjaelp@kl.example"') == 2
    assert "Skriv til arrangøren" not in page
