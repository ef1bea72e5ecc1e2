"""Staff do for an organisation what it can do by its links: each page says what it comes to, and then does it."""

from __future__ import annotations

import re
from datetime import date
from html import unescape

import httpx
import pytest

from services.enrollment.adapters import meeting_papers
from services.enrollment.domain.attendees import Attendee, by_name
from services.enrollment.domain.enrolment import enrolment_id
from services.enrollment.usecases import read_attendees
from services.enrollment.usecases.invite_guest import invite_guest
from services.enrollment.usecases.quote_option import quote_option
from services.enrollment.usecases.register_participant import register_participant
from shared.contracts.enrollment import (
    GuestInvited,
    GuestRemoved,
    InviteGuest,
    MemberInvited,
    MemberUninvited,
    OptionBillingChanged,
    OptionOrdered,
    OptionWithdrawn,
    ParticipantCancelled,
    ParticipantRegistered,
    ParticipantReplaced,
    QuoteDeclined,
    QuoteOption,
    RegisterParticipant,
    RoleAppointed,
    TeamMemberNamed,
    TeamMemberRemoved,
    TeamMemberReplaced,
)
from tests.integration.enrollment.test_hostile_texts import with_form
from tests.integration.enrollment.test_members import P3, SOSU, has_meeting, here, published
from tests.integration.enrollment.test_staff_programme import done, looked, text
from tests.support.enrollment_desk import AARHUS, P1, sign_up
from tests.support.workplace import Workplace, typed

HERE = f"/stab/forloeb/{P1}"
PLACE = enrolment_id(P1, AARHUS)
ENROLMENT = f"{HERE}/tilmeldinger/{PLACE}"
LEVEL = {"level": "Leder af ledere"}
ANNA, BO = {"name": "Anna Andersen", "email": "anna@k0751.example"}, {"name": "Bo Bang", "email": "bo@k0751.example"}

NAMES = ("Åse Ågård", "Zenia Zeuthen", "Anna Andersen")


async def enrolled(place: Workplace) -> httpx.AsyncClient:
    """Aarhus has a place in a programme with a team, options, roles and needs; one seat at a meeting is included."""
    await place.desk.publish(with_form())
    await place.desk.knows()
    await place.desk.has_meeting()
    await place.desk.has_meeting(kind="temadag")
    await place.desk.enrol(sign_up(AARHUS, answers={"opbakning": "ja"}))
    await place.desk.told()
    return await place.signed_in("consultant")


async def test_names_are_in_danish_order_on_what_is_printed() -> None:
    people = [Attendee("e", "Kommune", str(number), name, "") for number, name in enumerate(NAMES)]
    about = {"meeting": "Temadag", "when": "1. juni 2020", "where": "", "programme": "Forløb", "seller": "Os"}
    said = meeting_papers.shown(about, by_name(people * 3))
    assert [row[0] for row in said["rows"]][::3] == ["Anna Andersen", "Zenia Zeuthen", "Åse Ågård"]
    assert [len(sheet) for sheet in said["sheets"]] == [8, 1]


def landed(answer: httpx.Response) -> str:
    """Where one is afterwards, and what it says there; but for the page that undoes it."""
    return answer.headers["location"].partition("&fortryd=")[0]


def links(answer: httpx.Response, label: str) -> list[str]:
    """Where the links of this label lead."""
    return [
        unescape(path)
        for path, said in re.findall(r'<a [^>]*href="([^"]+)"[^>]*>(.*?)</a>', answer.text, re.DOTALL)
        if re.sub(r"<[^>]+>.*", "", said).strip() == label
    ]


async def test_a_participant_is_registered_replaced_and_cancelled(workplace: Workplace) -> None:
    browser = await enrolled(workplace)
    roster = f"{ENROLMENT}/moeder/m-heldag-vest"
    shown = await browser.get(roster)
    (register,) = links(shown, "Tilmeld en deltager")
    seen = await looked(browser, register, **ANNA, **LEVEL)
    assert "0 af 1 pladser, der er med i prisen, er brugt" in text(seen)
    assert "Fortrydes ved at afmelde deltageren" in text(seen), "before it is done"
    assert await workplace.desk.told() == [], "it was a rehearsal"
    assert landed(await done(browser, register, **ANNA, **LEVEL)) == f"{roster}?besked=tilmeldt"
    assert isinstance((await workplace.desk.told())[-1], ParticipantRegistered)

    shown = await browser.get(f"{roster}?besked=tilmeldt")
    assert "Deltageren er tilmeldt" in text(shown)
    (swap,), (leave,) = links(shown, "Skift"), links(shown, "Afmeld")
    assert (await done(browser, swap, **BO, **LEVEL)).status_code == 303
    assert any(isinstance(fact, ParticipantReplaced) for fact in await workplace.desk.told())
    gone = await browser.get(leave)
    assert gone.status_code == 303, "Anna has no seat any more"
    (leave,) = links(await browser.get(roster), "Afmeld")
    asked = await browser.get(leave)
    assert "Afmeld Bo Bang" in text(asked)
    form = typed(asked.text)
    assert (await browser.post(leave, data=form)).status_code == 303
    assert (await browser.post(leave, data=form)).status_code == 303, "pressed twice it is the same wish"
    assert sum(isinstance(fact, ParticipantCancelled) for fact in await workplace.desk.told()) == 1


async def test_an_extra_one_is_registered_at_the_price_that_was_shown(workplace: Workplace) -> None:
    browser = await enrolled(workplace)
    await workplace.desk.register(PLACE, "m-heldag-vest", "Anna Andersen")
    await workplace.desk.told()
    path = f"{ENROLMENT}/moeder/m-heldag-vest/tilmeld"
    seen = await looked(browser, path, **BO, **LEVEL)
    assert "En til er ekstra og koster 1.000,00 kr." in text(seen)
    without = {name: value for name, value in typed(seen.text).items() if name != "accepted_price_ore"}
    refused = await browser.post(path, data=without)
    assert refused.status_code == 409, "whoever saw no price accepts none"
    assert "Bo Bang" in refused.text, "nothing that was typed is lost"
    again = await browser.post(path, data=typed(refused.text, _se="1", **BO, **LEVEL))
    assert (await browser.post(path, data=typed(again.text))).status_code == 303
    (payer,) = links(await browser.get(f"{ENROLMENT}/moeder/m-heldag-vest"), "Hvem betaler")
    assert (await done(browser, payer, **{"billing.order_reference": "PO-7"})).status_code == 303


async def test_who_came_without_being_registered_is_written_down_once_it_has_begun(workplace: Workplace) -> None:
    browser = await enrolled(workplace)
    path = f"{ENROLMENT}/moeder/m-heldag-vest/moedt-op"
    early = await looked(browser, path, **ANNA, **LEVEL)
    assert early.status_code == 422
    assert "Mødet er ikke begyndt" in text(early)


async def test_a_team_is_named_changed_and_left(workplace: Workplace) -> None:
    browser = await enrolled(workplace)
    team = f"{ENROLMENT}/hold"
    (name,) = links(await browser.get(team), "Sæt en på holdet")
    assert landed(await done(browser, name, **ANNA)) == f"{team}?besked=paa-holdet"
    shown = await browser.get(team)
    (swap,), (needs,) = links(shown, "Skift"), links(shown, "Kost og adgang")
    said = await done(browser, needs, diet_text="Ingen nødder", consent="true")
    assert said.status_code == 303
    assert (await done(browser, swap, **BO)).status_code == 303
    (leave,) = links(await browser.get(team), "Tag af holdet")
    assert "er slettet" in text(await browser.get(leave)), "what cannot be undone is said before"
    assert (await done(browser, leave)).status_code == 303
    kinds = [type(fact) for fact in await workplace.desk.told()]
    assert [one for one in kinds if one in {TeamMemberNamed, TeamMemberReplaced, TeamMemberRemoved}] == [
        TeamMemberNamed,
        TeamMemberReplaced,
        TeamMemberRemoved,
    ]


async def test_an_option_is_ordered_at_its_price_paid_by_another_and_withdrawn(workplace: Workplace) -> None:
    browser = await enrolled(workplace)
    shown = await browser.get(ENROLMENT)
    (order,) = links(shown, "Bestil")
    assert "95.000,00 kr." in text(await browser.get(order))
    assert landed(await done(browser, order)) == f"{ENROLMENT}?besked=bestilt"
    shown = await browser.get(ENROLMENT)
    (payer,), (withdraw,) = links(shown, "Hvem betaler"), links(shown, "Træk tilbage")
    assert (await done(browser, payer, **{"billing.order_reference": "PO-7"})).status_code == 303
    assert (await done(browser, withdraw)).status_code == 303
    kinds = [type(fact) for fact in await workplace.desk.told()]
    assert [one for one in kinds if one in {OptionOrdered, OptionBillingChanged, OptionWithdrawn}] == [
        OptionOrdered,
        OptionBillingChanged,
        OptionWithdrawn,
    ]


async def test_a_quote_is_answered_for_the_organisation_in_the_round_that_was_read(workplace: Workplace) -> None:
    browser = await enrolled(workplace)
    wish = QuoteOption(
        enrolment_id=PLACE, option_id="analyse", price_ore=100, includes="En dag", good_until=date(2020, 6, 30)
    )
    await workplace.desk.ask(quote_option, wish)
    (no,) = links(await browser.get(ENROLMENT), "Kommunen siger nej")
    assert (await browser.get(no.replace("/tilbud/1/", "/tilbud/2/"))).status_code == 404
    assert (await done(browser, no)).status_code == 303
    assert any(isinstance(fact, QuoteDeclined) for fact in await workplace.desk.told())


async def test_a_role_is_given_to_somebody_and_to_nobody(workplace: Workplace) -> None:
    browser = await enrolled(workplace)
    path = f"{ENROLMENT}/roller/faktura"
    assert path in (await browser.get(ENROLMENT)).text
    assert landed(await done(browser, path, **BO)) == f"{ENROLMENT}?besked=rolle"
    assert "Bo Bang" in (await browser.get(path)).text
    assert any(isinstance(fact, RoleAppointed) for fact in await workplace.desk.told())


async def test_a_member_is_invited_to_a_single_meeting_and_not_after_all(workplace: Workplace) -> None:
    await published(workplace.desk, SOSU)
    meeting = await has_meeting(workplace.desk)
    browser = await workplace.signed_in("consultant")
    roster = f"/stab/forloeb/{P3}/tilmeldinger/{here(SOSU)}/moeder/{meeting.id}"
    for label, word in (("Invitér til mødet", "inviteret-moede"), ("Tag invitationen tilbage", "ikke-inviteret")):
        (path,) = links(await browser.get(roster), label)
        assert landed(await done(browser, path)) == f"{roster}?besked={word}"
    kinds = [type(fact) for fact in await workplace.desk.told()]
    assert [one for one in kinds if one in {MemberInvited, MemberUninvited}] == [MemberInvited, MemberUninvited]


async def test_a_guest_is_invited_and_taken_off_the_list(workplace: Workplace) -> None:
    browser = await enrolled(workplace)
    meeting = f"{HERE}/deltagere/m-heldag-vest"
    (invite,) = links(await browser.get(meeting), "Invitér en gæst")
    assert landed(await done(browser, invite, **BO)) == f"{meeting}?besked=gaest"
    shown = await browser.get(meeting)
    assert "Bo Bang" in text(shown)
    (needs,), (remove,) = links(shown, "Kost og adgang"), links(shown, "Fjern")
    assert (await done(browser, needs, diet_text="Ingen nødder", consent="true")).status_code == 303
    assert (await done(browser, remove)).status_code == 303
    kinds = [type(fact) for fact in await workplace.desk.told()]
    assert [one for one in kinds if one in {GuestInvited, GuestRemoved}] == [GuestInvited, GuestRemoved]
    assert (await browser.get(remove)).status_code == 303, "who is gone leads back"


async def test_all_guests_of_a_meeting_are_shown_a_page_at_a_time(
    workplace: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read_attendees, "ON_A_PAGE", 2)
    browser = await enrolled(workplace)
    meeting = f"{HERE}/deltagere/m-heldag-vest"
    for number in range(5):
        wish = InviteGuest(
            programme_id=P1, meeting_id="m-heldag-vest", name=f"Gæst {number}", email=f"g{number}@x.example"
        )
        await workplace.desk.ask(invite_guest, wish)
    found, path = [], meeting
    for _ in range(3):
        shown = await browser.get(path)
        found += re.findall(r"<strong>(Gæst \d)</strong>", shown.text)
        path = next(iter(links(shown, "Vis flere gæster")), "")
    assert sorted(found) == [f"Gæst {number}" for number in range(5)], "each once"
    assert path == "", "and there are no more"
    assert (await browser.get(f"{meeting}?gaester=nonsense")).status_code in {400, 422}
    assert (await browser.get(f"{meeting}/deltagerliste.pdf")).content[:5] == b"%PDF-"


@pytest.mark.parametrize(
    "rest",
    [
        f"/tilmeldinger/{PLACE}/moeder/nope/tilmeld",
        f"/tilmeldinger/{PLACE}/tilkoeb/nope/bestil",
        f"/tilmeldinger/{PLACE}/roller/nope",
        "/tilmeldinger/nope/hold/ny",
        "/deltagere/nope/gaester/ny",
        "/deltagere/nope/navneskilte.pdf",
        "/deltagere/nope/deltagere.csv",
        "/deltagere/m%00/gaester/ny",
    ],
)
async def test_what_does_not_belong_together_is_not_there(workplace: Workplace, rest: str) -> None:
    browser = await enrolled(workplace)
    assert (await browser.get(f"{HERE}{rest}")).status_code == 404


async def test_a_reader_sees_who_comes_and_can_do_nothing_about_it(workplace: Workplace) -> None:
    await enrolled(workplace)
    browser = await workplace.signed_in("finance")
    shown = await browser.get(f"{ENROLMENT}/moeder/m-heldag-vest")
    assert (shown.status_code, links(shown, "Tilmeld en deltager")) == (200, [])
    assert (await browser.get(f"{ENROLMENT}/moeder/m-heldag-vest/tilmeld")).status_code == 403


async def test_a_meeting_is_printed_as_name_tags_and_a_list_and_fetched_as_a_table(workplace: Workplace) -> None:
    browser = await enrolled(workplace)
    for number, name in enumerate(NAMES):
        wish = RegisterParticipant(
            enrolment_id=PLACE,
            meeting_id="m-heldag-vest",
            name=name,
            email=f"n{number}@k0751.example",
            accepted_price_ore=100_000 if number else None,
        )
        await workplace.desk.ask(register_participant, wish)
    here = f"{HERE}/deltagere/m-heldag-vest"
    for paper in ("navneskilte.pdf", "deltagerliste.pdf"):
        answer = await browser.get(f"{here}/{paper}")
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf")
        assert answer.content.startswith(b"%PDF-")
    table = (await browser.get(f"{here}/deltagere.csv")).text
    assert all(name in table for name in NAMES)
    assert "Åse Ågård" in text(await browser.get(here))
