"""Staff see all meetings of a programme, are told what a date would come to, and only then decide."""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, date, datetime

import httpx
import pytest

from services.scheduling.domain.meeting import meeting_id
from services.scheduling.usecases.plan_meeting import plan_meeting
from shared.contracts.enrollment import (
    EnrolmentWithdrawn,
    MunicipalityEnrolled,
    ProgrammeCancelled,
    ProgrammePublished,
    ReservationResolved,
)
from shared.contracts.parties import Organisation
from shared.contracts.programme import MeetingPlan, ProgrammeTerms
from shared.contracts.scheduling import (
    MeetingCancelled,
    MeetingHeld,
    MeetingPlanned,
    MeetingRescheduled,
    MeetingScheduled,
    PlanMeeting,
    StepCompleted,
)
from tests.integration.scheduling.test_steps import TRACKS
from tests.support.branch import Branch, done, looked, rows, text
from tests.support.facts import CONTACT, ENROLMENT_ID, FACT_EXAMPLES, MEETINGS_OWNER, OWNER, PROGRAMME, PROGRAMME_TERMS
from tests.support.workplace import typed

HERE = f"/scheduling/stab/forloeb/{PROGRAMME.id}"
MEETINGS = f"{HERE}/moeder"
PLANS = (
    MeetingPlan(key="sidst", title="Afslutning", kind="heldag", precision="undated", note="2. år"),
    MeetingPlan(key="april", title="Møde i april", kind="heldag", precision="day", date=date(2021, 4, 15)),
    MeetingPlan(key="marts", title="Møde i marts", kind="temamoede", group="vest", precision="month", month="2021-03"),
    MeetingPlan(
        key="digitalt", title="Digitalt møde", kind="temamoede", precision="day", date=date(2021, 3, 10), mode="virtual"
    ),
)
WITH_DATE = {"day": "2021-05-11", "starts": "09:30", "ends": "15:00", "place": "Salen", "link": ""}


def the_programme(*plans: MeetingPlan, owner: str = MEETINGS_OWNER) -> ProgrammeTerms:
    ref = PROGRAMME.model_copy(update={"meetings_owner": owner})
    return PROGRAMME_TERMS.model_copy(update={"ref": ref, "meetings": plans or PLANS, "tracks": TRACKS})


def place(key: str, rest: str = "") -> str:
    return f"{MEETINGS}/{meeting_id(PROGRAMME.id, key)}{rest}"


async def published(office: Branch, *plans: MeetingPlan, owner: str = MEETINGS_OWNER) -> httpx.AsyncClient:
    """A consultant comes to a programme that has just been published."""
    await office.room.hear(ProgrammePublished(owner=OWNER, terms=the_programme(*plans, owner=owner)))
    await office.room.told()
    return office.comes("consultant")


async def test_all_meetings_stand_in_the_order_in_which_they_are_planned_as_precisely_as_they_are(
    diary_office: Branch,
) -> None:
    browser = await published(diary_office)
    answer = await browser.get(MEETINGS)
    assert rows(answer) == ["Møde i marts", "Digitalt møde", "Møde i april", "Afslutning"]
    shown = text(answer)
    for said in (
        "4 møder 2 uden dato",
        "Marts 2021",
        "Uden dato (2. år)",
        "Onsdag den 10. marts 2021 (klokkeslæt følger)",
        "Vestdanmark",
        "Planlagt (uden dato)",
        "Dato fastsat",
        "Dato",
        "Sted",
        "Link",
    ):
        assert said in shown, said
    # From 11 January the month begins within 60 days; of the one without a month nobody knows when.
    row = shown.partition("Møde i marts")[2].partition("Digitalt møde")[0]
    assert row.rstrip().endswith("Planlagt (uden dato) Dato")
    assert rows(await browser.get(f"{MEETINGS}?gruppe=oest")) == ["Digitalt møde", "Møde i april", "Afslutning"]


async def test_pages_go_on_where_the_last_one_ended(diary_office: Branch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.scheduling.usecases.read_plan.ON_A_PAGE", 1)
    browser = await published(diary_office)
    path, found = MEETINGS, list[str]()
    while path:
        answer = await browser.get(path)
        found += rows(answer)
        path = answer.text.partition('rel="next" href="')[2].partition('"')[0]
    assert found == ["Møde i marts", "Digitalt møde", "Møde i april", "Afslutning"]
    assert (await browser.get(f"{MEETINGS}?fra=nonsens")).status_code == 422


async def test_the_list_is_fetched_as_a_table(diary_office: Branch) -> None:
    browser = await published(diary_office)
    answer = await browser.get(f"{MEETINGS}.csv")
    assert answer.headers["content-disposition"] == f'attachment; filename="moeder-{PROGRAMME.id}.csv"'
    found = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")), delimiter=";"))
    assert {one["Titel"] for one in found} == {one.title for one in PLANS}
    assert (await browser.get(f"{MEETINGS}.xlsx")).content.startswith(b"PK")


async def test_a_programme_that_nobody_has_told_of_and_a_meeting_of_another_one_are_not_there(
    diary_office: Branch,
) -> None:
    browser = diary_office.comes("consultant")
    nobody = await browser.get(MEETINGS)
    assert (nobody.status_code, "Tjenesten har ikke hørt om forløbet endnu" in nobody.text) == (404, True)
    await published(diary_office)
    other = PROGRAMME.model_copy(update={"id": "et-andet"})
    await diary_office.room.hear(
        ProgrammePublished(owner=OWNER, terms=the_programme().model_copy(update={"ref": other}))
    )
    for rest in ("", "/dato", "/sted", "/aflys", "/afholdt"):
        answer = await browser.get(f"{MEETINGS}/{meeting_id('et-andet', 'april')}{rest}")
        assert (answer.status_code, "Mødet findes ikke" in answer.text) == (404, True), rest


async def test_the_first_date_is_given_after_it_is_said_whom_it_reaches(diary_office: Branch) -> None:
    browser = await published(diary_office)
    said = text(await looked(browser, place("sidst", "/dato"), **WITH_DATE))
    assert "Mødet får datoen tirsdag den 11. maj 2021 kl. 9.30-15.00." in said
    assert "Alle, der skal med, får en invitation til deres kalender, og påmindelserne sættes op." in said
    assert "Mødet fik sin dato" in said
    assert "Se lige efter" not in said
    assert await diary_office.room.told() == [], "nothing is told before the button is pressed"
    answer = await done(browser, place("sidst", "/dato"), **WITH_DATE)
    assert answer.status_code == 303
    (fact,) = await diary_office.room.told()
    assert isinstance(fact, MeetingScheduled)
    assert (fact.meeting.place, fact.meeting.link) == ("Salen", None)
    assert fact.meeting.when is not None
    assert fact.meeting.when.starts_at == datetime(2021, 5, 11, 7, 30, tzinfo=UTC)
    shown = text(await browser.get(answer.headers["location"]))
    assert "Mødets dato og sted er gemt" in shown
    assert "Dato fastsat" in shown


async def test_a_meeting_is_moved_and_its_history_says_by_whom(diary_office: Branch) -> None:
    browser = await published(diary_office)
    said = text(await looked(browser, place("april", "/dato"), **WITH_DATE))
    assert "flyttes fra torsdag den 15. april 2021 (klokkeslæt følger) til tirsdag den 11. maj 2021" in said
    assert "Stedet bliver Salen." in said
    assert "får deres kalender opdateret, og påmindelserne stilles efter den nye tid" in said
    await done(browser, place("april", "/dato"), **WITH_DATE)
    assert [type(one) for one in await diary_office.room.told()] == [MeetingRescheduled]
    history = text(await browser.get(place("april"))).partition("Historik")[2]
    first, second = history.index("Flyttet"), history.index("Dato fastsat")
    assert first < second, "the newest stands first"
    assert "En medarbejder" in history[first:second]


@pytest.mark.parametrize(
    ("day", "warned"),
    [
        ("2021-04-02", "langfredag, som er en helligdag"),
        ("2021-03-13", "er en lørdag"),
        ("2021-10-19", "efterårsferie i uge 42"),
        ("2022-12-06", "efter forløbet slutter (november 2022)"),
        ("2021-03-10", "Forløbet har også dette samme dag: Digitalt møde."),
    ],
)
async def test_a_day_that_something_speaks_against_is_warned_of_and_taken(
    diary_office: Branch, day: str, warned: str
) -> None:
    browser = await published(diary_office)
    shown = await looked(browser, place("april", "/dato"), day=day, place="", link="")
    assert "Se lige efter" in text(shown)
    assert warned in text(shown)
    assert (await done(browser, place("april", "/dato"), day=day, place="", link="")).status_code == 303


async def test_a_day_that_is_over_is_refused_before_the_button_is_there(diary_office: Branch) -> None:
    browser = await published(diary_office)
    shown = await looked(browser, place("april", "/dato"), day="2021-01-10", place="Her", link="")
    assert shown.status_code == 422
    assert "Søndag den 10. januar 2021 er forbi." in text(shown)
    assert 'value="Her"' in shown.text, "what was typed is kept"
    for said in ({"day": ""}, {"day": "i morgen"}, {"starts": "9:30", "day": "2021-05-11"}, {"link": "ftp://x"}):
        assert (await looked(browser, place("april", "/dato"), **said)).status_code == 422, said


async def test_place_and_link_are_put_right_without_touching_the_date(diary_office: Branch) -> None:
    browser = await published(diary_office)
    await done(browser, place("april", "/dato"), **WITH_DATE)
    await diary_office.room.told()
    said = {"place": "", "link": "https://video.example/moede"}
    shown = text(await looked(browser, place("april", "/sted"), **said))
    assert "Stedet fjernes. Linket bliver https://video.example/moede." in shown
    await done(browser, place("april", "/sted"), **said)
    (fact,) = await diary_office.room.told()
    assert isinstance(fact, MeetingRescheduled)
    assert (fact.meeting.when, fact.meeting.place, fact.meeting.link) == (fact.previous, None, said["link"])
    assert "Sted og link skrives sammen med den" in text(await browser.get(place("sidst", "/sted")))
    same = text(await looked(browser, place("april", "/sted"), **said))
    assert "Intet bliver anderledes, end det er." in same


async def test_a_meeting_is_called_off_once_and_offers_nothing_then(diary_office: Branch) -> None:
    browser = await published(diary_office)
    said = text(await looked(browser, place("april", "/aflys"), reason="Ingen kan"))
    assert "får aflysningen i deres kalender" in said
    await done(browser, place("april", "/aflys"), reason="Ingen kan")
    (fact,) = await diary_office.room.told()
    assert isinstance(fact, MeetingCancelled)
    assert fact.reason == "Ingen kan"
    page = await browser.get(place("april"))
    assert "/dato" not in page.text
    assert "Aflyst: Ingen kan" in text(page)
    again = await browser.get(place("april", "/dato"))
    assert "det kan ikke tages tilbage" in text(again)
    refused = await browser.post(place("april", "/dato"), data=typed(again.text, day="2021-06-01", _key="k" * 20))
    assert refused.status_code in {400, 403}
    assert await diary_office.room.told() == []


async def test_a_meeting_is_said_to_be_held(diary_office: Branch) -> None:
    browser = await published(diary_office)
    assert "ikke kommet endnu" in text(await looked(browser, place("april", "/afholdt"), held_on="2021-01-12"))
    said = text(await looked(browser, place("april", "/afholdt"), held_on="2021-01-11"))
    assert "Mødet står som afholdt mandag den 11. januar 2021." in said
    await done(browser, place("april", "/afholdt"), held_on="2021-01-11")
    assert [type(one) for one in await diary_office.room.told()] == [MeetingHeld]


async def test_one_more_meeting_is_planned_once_however_often_the_button_is_pressed(diary_office: Branch) -> None:
    browser = await published(diary_office)
    wish = {"title": "Ekstra", "kind": "heldag", "group": "", "mode": "virtual"}
    shown = await looked(browser, f"{HERE}/nyt-moede", **wish)
    assert "Mødet blev planlagt (uden dato)" in text(shown)
    pressed = {**typed(shown.text), **wish}
    first, second = [await browser.post(f"{HERE}/nyt-moede", data=pressed) for _ in range(2)]
    assert first.headers["location"] == second.headers["location"]
    (fact,) = await diary_office.room.told()
    assert isinstance(fact, MeetingPlanned)
    assert (fact.meeting.title, fact.meeting.kind, fact.meeting.mode) == ("Ekstra", "heldag", "virtual")
    assert "Mødet er planlagt" in text(await browser.get(first.headers["location"]))
    empty = await looked(browser, f"{HERE}/nyt-moede", title="", kind="", mode="")
    assert empty.status_code == 422
    assert "Skriv, hvad mødet hedder." in text(empty)


async def test_what_another_system_tells_of_is_only_shown(diary_office: Branch) -> None:
    await diary_office.room.hear(ProgrammePublished(owner=OWNER, terms=the_programme()))
    await diary_office.room.pool.execute("UPDATE programmes SET ours = false")
    browser = diary_office.comes("consultant")
    page = await browser.get(place("april"))
    assert "styres af et andet system" in text(page)
    assert "/dato" not in page.text
    for path in (place("april", "/dato"), place("april", "/aflys"), f"{HERE}/nyt-moede"):
        assert "styres af et andet system" in text(await browser.get(path)), path


async def test_whoever_may_only_read_is_offered_nothing(diary_office: Branch) -> None:
    await published(diary_office)
    for role in ("reader", "finance"):
        browser = diary_office.comes(role)  # type: ignore[arg-type]  # a role
        page = await browser.get(place("april"))
        assert page.status_code == 200
        assert "/dato" not in page.text
        assert "/aflys" not in page.text
        assert (await browser.get(place("april", "/dato"))).status_code == 403
        assert "nyt-moede" not in (await browser.get(MEETINGS)).text


def takes_part(code: str, name: str, enrolment_id: str) -> MunicipalityEnrolled:
    (example,) = [one for one in FACT_EXAMPLES if isinstance(one, MunicipalityEnrolled)][:1]
    named = Organisation(code=code, name=name)
    return example.model_copy(update={"organisation": named, "enrolment_id": enrolment_id, "programme": PROGRAMME})


async def test_the_steps_of_those_who_take_part_stand_under_their_names(diary_office: Branch) -> None:
    browser = await published(diary_office)
    aarhus, gone = takes_part("0751", "Aarhus Kommune", "x-aarhus"), takes_part("0791", "Viborg Kommune", "x-viborg")
    await diary_office.room.hear(gone, aarhus, takes_part("0101", "Københavns Kommune", ENROLMENT_ID))
    about = {"owner": OWNER, "programme": PROGRAMME, "enrolment_id": "x-viborg", "organisation": gone.organisation}
    await diary_office.room.hear(EnrolmentWithdrawn(**about, contact=CONTACT))
    assert rows(await browser.get(f"{HERE}/spor")) == ["Københavns Kommune", "Aarhus Kommune"]
    assert "Analysen" in text(await browser.get(f"{HERE}/spor"))
    path = f"{HERE}/spor/x-aarhus/faerdigt?spor=kommunespor&fase=analyse&skridt=sagsgennemgang"
    said = text(await looked(browser, path, completed_on="2021-01-08"))
    assert "Aarhus Kommune er derefter igennem skridtet." in said
    assert "meldes det leveret" in said
    await done(browser, path, completed_on="2021-01-08")
    (fact,) = await diary_office.room.told()
    assert isinstance(fact, StepCompleted)
    assert (fact.enrolment_id, fact.step, fact.completed_on) == ("x-aarhus", "sagsgennemgang", date(2021, 1, 8))
    assert "Færdigt 8. januar 2021" in text(await browser.get(f"{HERE}/spor/x-aarhus"))
    assert "1 af 2" in text(await browser.get(f"{HERE}/spor")).partition("Aarhus")[2]
    assert "Skridtet blev færdigt" in text(await browser.get(path))
    for wrong in (f"{HERE}/spor/x-ingen", f"{HERE}/spor/x-aarhus/faerdigt?spor=kommunespor&fase=analyse&skridt=nej"):
        assert (await browser.get(wrong)).status_code == 404, wrong


async def test_a_forbehold_that_is_not_approved_ends_it_and_who_comes_back_takes_part_again(
    diary_office: Branch,
) -> None:
    browser = await published(diary_office)
    aarhus = takes_part("0751", "Aarhus Kommune", "x-aarhus")
    about = {"owner": OWNER, "programme": PROGRAMME, "enrolment_id": "x-aarhus", "organisation": aarhus.organisation}
    resolved = {"resolved_at": datetime(2021, 1, 1, tzinfo=UTC), "contact": CONTACT}
    for fact, there in (
        (aarhus, True),
        (ReservationResolved(**about, approved=True, **resolved), True),
        (ReservationResolved(**about, approved=False, **resolved), False),
        (aarhus, True),
    ):
        await diary_office.room.hear(fact)
        assert bool(rows(await browser.get(f"{HERE}/spor"))) == there, fact


async def test_a_programme_that_is_called_off_takes_no_step_and_no_meeting_more(diary_office: Branch) -> None:
    browser = await published(diary_office)
    await diary_office.room.hear(takes_part("0751", "Aarhus Kommune", "x-aarhus"))
    await diary_office.room.hear(ProgrammeCancelled(owner=OWNER, terms=the_programme(), reason="For få"))
    assert "Aflyst" in text(await browser.get(MEETINGS))
    assert "Meld færdigt" not in text(await browser.get(f"{HERE}/spor/x-aarhus"))
    assert "Forløbet er aflyst." in text(await browser.get(f"{HERE}/nyt-moede"))


async def test_a_meeting_that_was_planned_beside_the_file_says_so(diary_office: Branch) -> None:
    browser = await published(diary_office)
    wish = PlanMeeting(programme_id=PROGRAMME.id, key="ved-siden-af", title="Ved siden af", kind="heldag")
    await diary_office.room.ask(plan_meeting, wish)
    assert "planlagt ved siden af" in text(await browser.get(place("ved-siden-af")))


async def test_whoever_moves_a_meeting_that_was_moved_meanwhile_is_shown_to_when(diary_office: Branch) -> None:
    browser = await published(diary_office)
    other = diary_office.comes("administrator", PROGRAMME.id)
    path = place("april", "/dato")
    shown, beside = await other.get(path), await other.get(place("april", "/sted"))
    await done(browser, path, **WITH_DATE)
    mine = {
        "day": "2021-05-12",
        "last_day": "",
        "starts": "",
        "ends": "",
        "place": "",
        "link": "https://moede.example/a",
    }
    met = await other.post(path, data=typed(shown.text, _se="1", **mine))
    said = text(met)
    assert met.status_code == 409
    assert "En anden har rettet imens Det skete" in said
    assert "Før: torsdag den 15. april 2021" in said
    assert "Behold den andens: tirsdag den 11. maj 2021 Brug vores: onsdag den 12. maj 2021" in said
    assert "Begynder kl., Slutter kl. : (tom) → 09:30, 15:00. Det bliver stående." in said
    kept = {**mine, "starts": "09:30", "ends": "15:00", "place": "Salen", "imens.day": "deres"}
    seen = await other.post(path, data=typed(met.text, _se="1", **kept))
    assert "Linket bliver https://moede.example/a." in text(seen)
    assert "flyttes" not in text(seen)

    here = {"place": "Kantinen", "link": ""}
    met = await other.post(place("april", "/sted"), data=typed(beside.text, _se="1", **here))
    assert "Dag : torsdag den 15. april 2021 → tirsdag den 11. maj 2021. Det bliver stående." in text(met)
    seen = await other.post(place("april", "/sted"), data=typed(met.text, _se="1", **here, **{"imens.place": "mit"}))
    assert "Stedet bliver Kantinen." in text(seen)
    assert "flyttes" not in text(seen), "whoever puts the place right moves nothing back"
    assert (await other.post(place("april", "/sted"), data=typed(seen.text))).status_code == 303


async def test_a_move_is_undone_from_the_page_that_says_so(diary_office: Branch) -> None:
    browser = await published(diary_office)
    answer = await done(browser, place("april", "/dato"), **WITH_DATE)
    after = await browser.get(answer.headers["location"])
    (undo,) = re.findall(r'<a href="([^"]+)">Fortryd</a>', after.text)
    shown = await browser.get(undo)
    assert 'value="2021-04-15"' in shown.text
    seen = await browser.post(undo, data=typed(shown.text, _se="1", day="2021-04-15", place="", link=""))
    assert "Mødet flyttes fra tirsdag den 11. maj 2021" in text(seen)
    assert (await browser.post(undo, data=typed(seen.text))).status_code == 303
    first = await done(browser, place("sidst", "/dato"), **WITH_DATE)
    assert "fortryd" not in first.headers["location"], "a meeting that got its date keeps one"
