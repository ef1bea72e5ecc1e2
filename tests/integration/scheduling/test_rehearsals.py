"""What a version would make of its meetings is said before it is published, and changes nothing."""

from __future__ import annotations

import json
from datetime import date, time
from html import unescape
from urllib.parse import urlencode

import httpx

from services.scheduling.domain.meeting import meeting_id
from services.scheduling.usecases.rehearse_version import RehearseMeetings, rehearse_version
from services.scheduling.usecases.set_meeting_date import set_meeting_date
from shared.contracts.enrollment import ProgrammeChanged
from shared.contracts.programme import MeetingPlan, ProgrammeTerms
from shared.contracts.scheduling import MeetingCancelled, MeetingRescheduled, MeetingScheduled, SetMeetingDate
from tests.integration.scheduling.test_staff_meetings import PLANS, published, the_programme
from tests.support.branch import TOKEN, Branch, text
from tests.support.facts import OWNER, PROGRAMME, cloud_event
from tests.support.hostile import TEXTS, must_be_escaped

HERE = "/scheduling/stab/udgivelse"
_, APRIL, MARCH, ONLINE = PLANS
MOVED = APRIL.model_copy(update={"date": date(2021, 4, 22), "place": "Salen"})
DATED = MARCH.model_copy(update={"precision": "timed", "date": date(2021, 3, 18), "starts": time(9), "ends": time(12)})


def later(*plans: MeetingPlan) -> ProgrammeTerms:
    terms = the_programme(*plans)
    return terms.model_copy(update={"ref": terms.ref.model_copy(update={"version": PROGRAMME.version + 1})})


def told(terms: ProgrammeTerms) -> str:
    return json.dumps(cloud_event(ProgrammeChanged(owner=OWNER, terms=terms), sequence=None))


async def brought(
    office: Branch, browser: httpx.AsyncClient, facts: str, programme_id: str = PROGRAMME.id
) -> httpx.Response:
    """As the editor's form brings it."""
    own = {"_key": "k" * 16, "_csrf": office.host.settings.links.sign("form of staff", "who-is-consultant")}
    body = urlencode({**own, "programme_id": programme_id, "facts": facts}, errors="surrogatepass")
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    return await browser.post(HERE, content=body.encode(), headers=form)


async def test_what_moves_is_dated_and_called_off_is_said_and_stays_as_it_is(diary_office: Branch) -> None:
    browser = await published(diary_office)
    before = await diary_office.room.pool.fetch("SELECT * FROM meetings ORDER BY id")
    page = await brought(diary_office, browser, json.dumps([told(later(MOVED, DATED))]))
    assert page.status_code == 200
    shown = text(page)
    for said in (
        "Møde i april Flyttes eller får et andet sted Torsdag den 15. april 2021",
        "Torsdag den 22. april 2021 (klokkeslæt følger), Salen",
        "Møde i marts Får sin første dato – Torsdag den 18. marts 2021 kl. 9.00-12.00",
        "Digitalt møde Aflyses Onsdag den 10. marts 2021",
    ):
        assert said in shown, shown
    assert await diary_office.room.pool.fetch("SELECT * FROM meetings ORDER BY id") == before
    assert await diary_office.room.told() == []
    onward = unescape(page.text.partition('action="/notifications/stab/udgivelse"')[2].partition("<textarea")[2])
    carried = json.loads(onward.partition(">")[2].partition("</textarea>")[0])
    kinds = [json.loads(one)["type"] for one in carried]
    assert kinds[0] == ProgrammeChanged.type
    assert set(kinds[1:]) >= {MeetingRescheduled.type, MeetingScheduled.type, MeetingCancelled.type}


async def test_a_date_that_staff_have_set_stands_and_is_not_said_to_move(diary_office: Branch) -> None:
    await published(diary_office)
    april = meeting_id(PROGRAMME.id, APRIL.key)
    await diary_office.room.ask(set_meeting_date, SetMeetingDate(meeting_id=april, day=date(2021, 4, 29)))
    wish = RehearseMeetings(programme_id=PROGRAMME.id, facts=(told(later(*PLANS)),))
    assert (await diary_office.room.ask(rehearse_version, wish))["meetings"] == []


async def test_what_a_program_asks_about_is_answered_and_not_kept(diary_office: Branch) -> None:
    await published(diary_office)
    await diary_office.room.told()
    client = diary_office.nobody()
    client.headers["Authorization"] = f"Bearer {TOKEN}"
    asked = {"facts": [told(later(MOVED))]}
    for _ in range(2):
        answer = await client.post(
            f"/api/scheduling/programmes/{PROGRAMME.id}/rehearsal", json=asked, headers={"Idempotency-Key": "the-same"}
        )
        assert answer.status_code == 200, answer.text
        assert answer.json()["meetings"]
        assert "idempotency-replayed" not in answer.headers
    assert await diary_office.room.pool.fetchval("SELECT count(*) FROM http_requests") == 0
    assert await diary_office.room.told() == []


async def test_of_another_systems_meetings_it_is_said_that_they_are_led_there(diary_office: Branch) -> None:
    browser = await published(diary_office, owner="/kalender")
    terms = later(MOVED)
    theirs = terms.model_copy(update={"ref": terms.ref.model_copy(update={"meetings_owner": "/kalender"})})
    page = await brought(diary_office, browser, json.dumps([told(theirs)]))
    assert "styres af et andet system" in text(page)
    assert "Ingen møder" not in text(page)


async def test_what_is_no_fact_or_about_another_programme_is_not_heard_and_texts_are_texts(
    diary_office: Branch,
) -> None:
    browser = await published(diary_office)
    fact = told(later(MOVED))
    for odd in (
        "",
        "{}",
        "[1]",
        "x",
        "[" * 5000,
        '["x"]',
        *TEXTS.values(),
        *(json.dumps([one]) for one in TEXTS.values()),
    ):
        refused = await brought(diary_office, browser, odd)
        assert refused.status_code in {400, 422}, odd
        must_be_escaped(refused.text)
    assert (await brought(diary_office, browser, json.dumps([fact]), "et-andet")).status_code == 422
    for odd in TEXTS.values():
        event = json.loads(told(later(MOVED)))
        event["data"]["terms"]["meetings"][0]["title"] = odd
        shown = await brought(diary_office, browser, json.dumps([json.dumps(event)]))
        assert shown.status_code in {200, 400, 422}, odd
        must_be_escaped(shown.text)


async def test_whoever_has_no_role_in_the_programme_is_told_nothing_of_it(diary_office: Branch) -> None:
    await published(diary_office)
    browser = diary_office.comes("consultant", "et-andet")
    page = await brought(diary_office, browser, json.dumps([told(later(MOVED))]))
    assert (page.status_code, "april" in page.text) == (403, False)
