"""Somebody subscribes to their meetings: the calendar follows them, its address is theirs alone, and can be renewed."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import pytest
from icalendar import Calendar

from services.notifications.domain.calendar.checks import check_feed
from shared.base.passes import PATHS, Reader, pass_path
from shared.contracts.enrollment import (
    GuestInvited,
    OwnLinksRevoked,
    ParticipantRegistered,
    PersonErased,
    ProgrammePublished,
    TeamMemberNamed,
)
from shared.contracts.programme import MeetingPlan
from shared.contracts.scheduling import MeetingCancelled, MeetingPlanned, MeetingRescheduled, MeetingScheduled, When
from tests.integration.notifications.test_handover import handed_over
from tests.support import facts
from tests.support.facts import CONTACT, MEETINGS_OWNER, OWNER, PERSON, PROGRAMME, PROGRAMME_TERMS, a_meeting
from tests.support.notifications_web import CalendarOffice

EXAMPLES: dict[str, Any] = {type(fact).__name__: fact for fact in facts.FACT_EXAMPLES}
OF: dict[str, Any] = {"owner": MEETINGS_OWNER, "programme": PROGRAMME}
ENROLMENT = facts.an_enrolment().enrolment_id
THEIRS = Reader("contact", ENROLMENT, CONTACT.person_id)
FIRST, SECOND = a_meeting("1", group=None), a_meeting("2", group="oest", kind="heldag")
OTHERS = a_meeting("3", group="vest", title="Kun for Vest")
LATER = a_meeting("4", when=None, place=None, group=None, title="Møde om økonomi")


async def begun(office: CalendarOffice) -> None:
    """An enrolment with a place, two meetings that are for it, one of another group, one without a date."""
    plan = MeetingPlan(key="4", title=LATER.title, kind="heldag", precision="month", month="2021-11")
    terms = PROGRAMME_TERMS.model_copy(update={"meetings": (plan,), "ends": "2021-12"})
    await office.desk.hear(
        ProgrammePublished(owner=OWNER, terms=terms),
        facts.an_enrolment(group="oest"),
        *(MeetingScheduled(**OF, meeting=one) for one in (FIRST, SECOND, OTHERS)),
        MeetingPlanned(**OF, meeting=LATER),
    )


def feed_in(page: httpx.Response) -> str:
    """The path of the calendar that the page offers, which it offers by webcal too."""
    (address,) = set(re.findall(r'href="https://tovholder\.example(/notifications/kalender/[^"]+\.ics)"', page.text))
    assert f'href="webcal://tovholder.example{address}"' in page.text
    return str(address)


async def subscribed(office: CalendarOffice, reader: Reader = THEIRS) -> str:
    page = await office.client.get(office.calendar_of(reader))
    assert page.status_code == 200, page.text
    return feed_in(page)


async def fetched(office: CalendarOffice, path: str) -> Calendar:
    answer = await office.client.get(path)
    assert answer.status_code == 200, answer.text
    assert check_feed(answer.content) == []
    return Calendar.from_ical(answer.content)


def titles(calendar: Calendar) -> dict[str, str]:
    """STATUS by title, without the programme's."""
    return {str(one["SUMMARY"]).partition(" – ")[0]: str(one["STATUS"]) for one in calendar.walk("VEVENT")}


async def test_a_contact_has_what_its_organisation_is_invited_to_and_reads_months_in_the_description(
    calendar_office: CalendarOffice,
) -> None:
    await begun(calendar_office)
    calendar = await fetched(calendar_office, await subscribed(calendar_office))
    assert len(calendar.walk("VEVENT")) == 2
    assert "Kun for Vest" not in str(calendar)
    assert "Endnu uden dato: Møde om økonomi (november 2021)." in str(calendar["DESCRIPTION"])
    # A calendar that has the invitation too knows them for one meeting.
    known = {row["uid"] for row in await calendar_office.desk.pool.fetch("SELECT uid FROM meetings")}
    assert {str(one["UID"]) for one in calendar.walk("VEVENT")} < known


async def test_it_moves_and_is_cancelled_with_the_meeting(calendar_office: CalendarOffice) -> None:
    await begun(calendar_office)
    path = await subscribed(calendar_office)
    moved = FIRST.model_copy(
        update={"date_version": 1, "when": When(first_day=date(2021, 5, 3), last_day=date(2021, 5, 3))}
    )
    cancelled = SECOND.model_copy(update={"date_version": 1})
    calendar_office.desk.time += timedelta(hours=1)
    await calendar_office.desk.hear(
        MeetingRescheduled(**OF, meeting=moved, previous=facts.TIMED),
        MeetingCancelled(**OF, meeting=cancelled, reason="Syg."),
    )
    events = {str(one["SUMMARY"]): one for one in (await fetched(calendar_office, path)).walk("VEVENT")}
    day = next(one for title, one in events.items() if title.startswith("Reservér datoen: "))
    gone = next(one for title, one in events.items() if title.startswith("Aflyst: "))
    assert (day["DTSTART"].dt, day["SEQUENCE"]) == (date(2021, 5, 3), 1)
    assert (gone["STATUS"], gone["SEQUENCE"]) == ("CANCELLED", 1)


async def test_it_names_nobody_and_is_kept_by_nobody_else(calendar_office: CalendarOffice) -> None:
    await begun(calendar_office)
    await calendar_office.desk.hear(EXAMPLES["ParticipantRegistered"].model_copy(update={"meeting": FIRST}))
    answer = await calendar_office.client.get(await subscribed(calendar_office))
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    assert answer.headers["cache-control"] == "private, no-cache"
    assert answer.headers["referrer-policy"] == "strict-origin"
    for name in (CONTACT.name, CONTACT.email, PERSON.name, PERSON.email, "ATTENDEE", "Københavns Kommune <"):
        assert name not in answer.text


async def test_whoever_has_it_by_its_etag_is_told_that_nothing_has_changed(calendar_office: CalendarOffice) -> None:
    await begun(calendar_office)
    path = await subscribed(calendar_office)
    etag = (await calendar_office.client.get(path)).headers["etag"]
    for known in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        same = await calendar_office.client.get(path, headers={"If-None-Match": known})
        assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", etag)
    assert (await calendar_office.client.get(path, headers={"If-None-Match": '"other"'})).status_code == 200
    await calendar_office.desk.hear(MeetingScheduled(**OF, meeting=LATER.model_copy(update={"when": facts.TIMED})))
    assert (await calendar_office.client.get(path, headers={"If-None-Match": etag})).status_code == 200


async def test_a_new_address_closes_the_one_before_it_also_for_whoever_has_its_etag(
    calendar_office: CalendarOffice,
) -> None:
    await begun(calendar_office)
    page, path = calendar_office.calendar_of(THEIRS), await subscribed(calendar_office)
    etag = (await calendar_office.client.get(path)).headers["etag"]
    asked = await calendar_office.client.get(f"{page}/nyt")
    assert "den gamle holder op med at virke med det samme" in asked.text
    assert (await calendar_office.client.get(path)).status_code == 200
    (key,) = re.findall(r'name="_key" value="(\w+)"', asked.text)
    for _ in range(2):
        done = await calendar_office.client.post(f"{page}/nyt", data={"_key": key})
        assert done.status_code == 303, done.text
    after = await calendar_office.client.get(done.headers["location"])
    assert "Abonnementet har fået en ny adresse" in after.text
    new = feed_in(after)
    assert new != path
    closed = await calendar_office.client.get(path, headers={"If-None-Match": etag})
    assert closed.status_code == 410
    assert "Kalenderen er lukket" in closed.text
    assert len((await fetched(calendar_office, new)).walk("VEVENT")) == 2
    # Twice pressed is once renewed, and the page leads to the newest from now on.
    assert await calendar_office.desk.pool.fetchval("SELECT generation FROM calendar_subscriptions") == 1
    assert await subscribed(calendar_office) == new


async def test_two_who_renew_it_at_the_same_moment_do_so_one_after_the_other(calendar_office: CalendarOffice) -> None:
    await begun(calendar_office)
    page = calendar_office.calendar_of(THEIRS)
    keys = ["a" * 32, "b" * 32]
    answers = await asyncio.gather(*(calendar_office.client.post(f"{page}/nyt", data={"_key": key}) for key in keys))
    assert [one.status_code for one in answers] == [303, 303]
    assert await calendar_office.desk.pool.fetchval("SELECT generation FROM calendar_subscriptions") == 2


async def test_a_participant_has_what_they_are_registered_for_and_what_is_for_their_team(
    calendar_office: CalendarOffice,
) -> None:
    await begun(calendar_office)
    theirs = Reader("participant", ENROLMENT, PERSON.person_id)
    registered: ParticipantRegistered = EXAMPLES["ParticipantRegistered"].model_copy(update={"meeting": FIRST})
    assert registered.enrolment_id == ENROLMENT
    await calendar_office.desk.hear(registered)
    path = await subscribed(calendar_office, theirs)
    assert len((await fetched(calendar_office, path)).walk("VEVENT")) == 1
    named: TeamMemberNamed = EXAMPLES["TeamMemberNamed"].model_copy(update={"kinds": ("temamoede",)})
    team = a_meeting("5", kind="temamoede", group=None, title="For holdet")
    await calendar_office.desk.hear(named, MeetingScheduled(**OF, meeting=team))
    assert "For holdet" in titles(await fetched(calendar_office, path))
    calendar_office.desk.time += timedelta(hours=1)
    await calendar_office.desk.hear(EXAMPLES["ParticipantCancelled"].model_copy(update={"meeting": FIRST}))
    assert set(titles(await fetched(calendar_office, path))) == {"For holdet"}


async def test_what_a_mailbox_is_a_guest_at_comes_with_it_only_where_the_pass_says_so(
    calendar_office: CalendarOffice,
) -> None:
    await begun(calendar_office)
    visit = a_meeting("6", group="vest", title="Besøg")
    guest = PERSON.model_copy(update={"person_id": "a-guest"})
    await calendar_office.desk.hear(
        EXAMPLES["ParticipantRegistered"].model_copy(update={"meeting": FIRST}),
        MeetingScheduled(**OF, meeting=visit),
        GuestInvited(owner=OWNER, programme=PROGRAMME, meeting=visit, guest=guest, track="unge"),
    )
    for reader, both in (
        (Reader("participant", ENROLMENT, PERSON.person_id), False),
        (Reader("mailbox", ENROLMENT, PERSON.person_id), True),
    ):
        found = titles(await fetched(calendar_office, await subscribed(calendar_office, reader)))
        assert ("Besøg" in found, len(found)) == (both, 2 if both else 1)
    only = titles(
        await fetched(calendar_office, await subscribed(calendar_office, Reader("guest", PROGRAMME.id, "a-guest")))
    )
    assert set(only) == {"Besøg"}


async def test_whoever_is_not_the_contact_any_more_or_is_erased_has_no_calendar(
    calendar_office: CalendarOffice,
) -> None:
    await begun(calendar_office)
    path = await subscribed(calendar_office)
    calendar_office.desk.time += timedelta(hours=1)
    await calendar_office.desk.hear(handed_over())
    assert (await calendar_office.client.get(path)).status_code == 410
    assert (await calendar_office.client.get(calendar_office.calendar_of(THEIRS))).status_code == 404
    new = Reader("contact", ENROLMENT, "p-eva")
    of_the_new = await subscribed(calendar_office, new)
    await calendar_office.desk.hear(PersonErased(owner=OWNER, person_id="p-eva"))
    await calendar_office.desk.ring(calendar_office.desk.time)
    assert (await calendar_office.client.get(of_the_new)).status_code == 410


async def test_whoever_gives_up_the_place_has_an_empty_calendar_that_says_why(calendar_office: CalendarOffice) -> None:
    await begun(calendar_office)
    path = await subscribed(calendar_office)
    calendar_office.desk.time += timedelta(hours=1)
    await calendar_office.desk.hear(EXAMPLES["EnrolmentWithdrawn"])
    calendar = await fetched(calendar_office, path)
    assert calendar.walk("VEVENT") == []
    assert "pladsen er opgivet" in str(calendar["DESCRIPTION"])


async def test_it_ends_a_year_after_the_programme(calendar_office: CalendarOffice) -> None:
    await begun(calendar_office)
    path = await subscribed(calendar_office)
    for day, status in ((datetime(2022, 12, 31, 12, tzinfo=UTC), 200), (datetime(2023, 1, 2, 12, tzinfo=UTC), 410)):
        await calendar_office.move_to(day)
        assert (await calendar_office.client.get(path)).status_code == status
    page = calendar_office.calendar_of(THEIRS)
    assert (await calendar_office.client.get(page)).status_code == 404
    # And whoever had it open until then reads so, and nothing of ours is wrong.
    assert (await calendar_office.client.post(f"{page}/nyt", data={"_key": "a" * 32})).status_code == 404


async def test_the_way_to_the_page_is_good_for_twelve_hours_and_for_this_page_alone(
    calendar_office: CalendarOffice,
) -> None:
    await begun(calendar_office)
    page, path = calendar_office.calendar_of(THEIRS), await subscribed(calendar_office)
    for token in (
        path.rpartition("/")[2].removesuffix(".ics"),
        page.rpartition("/")[2][:-1] + ("A" if page[-1] != "A" else "B"),
        calendar_office.links.sign("pass to invoices", THEIRS.subject),
        calendar_office.links.sign("pass to calendar", "somebody x y"),
    ):
        assert (await calendar_office.client.get(f"{PATHS['calendar']}/{token}")).status_code == 404, token
    of_a_page = page.rpartition("/")[2]
    assert (await calendar_office.client.get(f"{PATHS['calendar']}/abonnement/{of_a_page}.ics")).status_code == 404
    await calendar_office.move_to(calendar_office.desk.time + timedelta(hours=13))
    assert (await calendar_office.client.get(page)).status_code == 404
    assert (await calendar_office.client.get(path)).status_code == 200


@pytest.mark.parametrize("part", [True, False], ids=["part", "page"])
async def test_another_page_shows_a_part_of_it_and_without_scripts_it_is_a_page(
    calendar_office: CalendarOffice, *, part: bool
) -> None:
    await begun(calendar_office)
    headers = {"HX-Request": "true"} if part else {}
    answer = await calendar_office.client.get(calendar_office.calendar_of(THEIRS), headers=headers)
    assert (answer.text.count("<h1>"), "<html" in answer.text) == ((0, False) if part else (1, True))
    assert "Abonnér på kalenderen" in answer.text
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "strict-origin"
    assert "HX-Request" in answer.headers["vary"]


async def test_a_secretary_has_the_contacts_calendar_by_an_address_of_their_own_until_the_access_is_closed(
    calendar_office: CalendarOffice,
) -> None:
    desk, client = calendar_office.desk, calendar_office.client
    await begun(calendar_office)
    given = facts.a_secretary()
    assert given.person is not None
    theirs = Reader("secretary", ENROLMENT, given.person.person_id)
    assert (await client.get(calendar_office.calendar_of(theirs))).status_code == 404
    await desk.hear(given)
    path, contacts = await subscribed(calendar_office, theirs), await subscribed(calendar_office)
    assert titles(await fetched(calendar_office, path)) == titles(await fetched(calendar_office, contacts))
    assert path != contacts
    closed = facts.a_secretary(person=None, before=given.person, standing_path=None)
    desk.time += timedelta(hours=1)
    await desk.hear(closed)
    assert (await client.get(path)).status_code == 410
    assert (await client.get(calendar_office.calendar_of(theirs))).status_code == 404
    assert (await client.get(contacts)).status_code == 200
    # Given again it has another address, and the one of before stays closed.
    await desk.hear(given)
    again = await subscribed(calendar_office, theirs)
    assert again != path
    assert [(await client.get(one)).status_code for one in (path, again)] == [410, 200]


async def test_a_secretary_whose_access_went_to_another_has_no_calendar(calendar_office: CalendarOffice) -> None:
    await begun(calendar_office)
    first = facts.a_secretary()
    assert first.person is not None
    theirs = Reader("secretary", ENROLMENT, first.person.person_id)
    await calendar_office.desk.hear(first)
    path = await subscribed(calendar_office, theirs)
    await calendar_office.desk.hear(facts.a_secretary(person=facts.PERSON, before=first.person))
    assert (await calendar_office.client.get(path)).status_code == 410


async def test_closed_links_close_the_calendar_and_every_way_to_it_that_was_given_by_them(
    calendar_office: CalendarOffice,
) -> None:
    desk, client = calendar_office.desk, calendar_office.client
    await begun(calendar_office)
    registered = EXAMPLES["ParticipantRegistered"].model_copy(update={"enrolment_id": ENROLMENT, "person": PERSON})
    await desk.hear(registered)
    theirs = Reader("participant", ENROLMENT, PERSON.person_id)
    participants, contacts = await subscribed(calendar_office, theirs), await subscribed(calendar_office)
    closed = EXAMPLES["OwnLinksRevoked"].model_copy(update={"enrolment_id": ENROLMENT, "person": PERSON})
    await desk.hear(closed)
    assert [(await client.get(one)).status_code for one in (participants, contacts)] == [410, 200]
    assert (await client.get(calendar_office.calendar_of(theirs))).status_code == 404
    again = await subscribed(calendar_office, theirs._replace(generation=1))
    assert (await client.get(again)).status_code == 200
    # And so of the contact's, with its own links.
    await desk.hear(EXAMPLES["LinksRevoked"].model_copy(update={"enrolment_id": ENROLMENT, "contact": CONTACT}))
    assert [(await client.get(one)).status_code for one in (contacts, again)] == [410, 200]
    assert (await client.get(calendar_office.calendar_of(THEIRS))).status_code == 404
    assert (await client.get(await subscribed(calendar_office, THEIRS._replace(generation=1)))).status_code == 200


async def test_later_mails_lead_by_the_new_link_of_a_seat_alone(calendar_office: CalendarOffice) -> None:
    desk = calendar_office.desk
    registered = EXAMPLES["ParticipantRegistered"].model_copy(update={"seat_path": "/moedeplads/gammel"})
    await desk.hear(registered)
    seats = ({"meeting_id": registered.meeting.id, "path": "/moedeplads/ny"},)
    closed = EXAMPLES["OwnLinksRevoked"].model_dump(mode="json") | {
        "enrolment_id": registered.enrolment_id,
        "person": registered.person.model_dump(),
        "seats": seats,
    }
    await desk.hear(OwnLinksRevoked.model_validate(closed))
    assert await desk.pool.fetchval("SELECT seat_path FROM participants") == "/moedeplads/ny"


async def test_a_guests_calendar_is_closed_with_the_guests_links_and_the_page_of_a_receipt_with_the_contacts(
    calendar_office: CalendarOffice,
) -> None:
    desk, client = calendar_office.desk, calendar_office.client
    await begun(calendar_office)
    visit = EXAMPLES["GuestInvited"]
    await desk.hear(visit)
    theirs = Reader("guest", PROGRAMME.id, visit.guest.person_id)
    feed, page = await subscribed(calendar_office, theirs), calendar_office.calendar_of(theirs)
    assert [(await client.get(one)).status_code for one in (feed, page)] == [200, 200]
    closed = EXAMPLES["GuestLinksRevoked"]
    await desk.hear(closed.model_copy(update={"generation": 2}), closed)
    earlier = calendar_office.calendar_of(theirs._replace(generation=1))
    assert [(await client.get(one)).status_code for one in (feed, page, earlier)] == [410, 404, 404]
    again = theirs._replace(generation=2)
    assert (await client.get(await subscribed(calendar_office, again))).status_code == 200
    receipt = pass_path(calendar_office.links, "receipt", THEIRS, desk.time)
    assert (await client.get(receipt)).status_code == 200
    await desk.hear(EXAMPLES["LinksRevoked"].model_copy(update={"enrolment_id": ENROLMENT, "contact": CONTACT}))
    assert (await client.get(receipt)).status_code == 404
