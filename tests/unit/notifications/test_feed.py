"""A calendar that programs fetch: in order to others' judge and our own, with the UIDs of invitations, and nobody."""

from __future__ import annotations

import dataclasses
import re
import time
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from icalendar import Calendar

from deploy.local.locations import ROOT
from services.notifications.domain.calendar import checks
from services.notifications.domain.calendar.checks import check_calendar, check_feed
from services.notifications.domain.calendar.entry import Mailbox
from services.notifications.domain.calendar.feed import Feed, Published, ics
from services.notifications.usecases.make_samples import make_calendar_samples
from tests.support.ical4j import Judge

SELLER = Mailbox('Ungeforløb; "Vest", et', "unge@arrangoer.example")
STARTS = datetime(2021, 4, 15, 7, 30, tzinfo=UTC)
TIMED = Published(
    uid="m1@arrangoer.example", sequence=1, stamped=datetime(2021, 3, 1, 8, tzinfo=UTC), title="Heldag – Unge",
    first_day=date(2021, 4, 15), last_day=date(2021, 4, 15), starts_at=STARTS, ends_at=STARTS + timedelta(hours=6),
    place="Vejle, Nord; sal 2", link="https://moede.example/rum/1", note="Unge\nArrangøren",
)  # fmt: skip
DAY = dataclasses.replace(TIMED, uid="m2@arrangoer.example", starts_at=None, ends_at=None, link="")
OFF = dataclasses.replace(TIMED, uid="m3@arrangoer.example", sequence=2, cancelled=True)
SOURCE = "https://tovholder.example/notifications/kalender/abonnement/" + "a" * 200 + ".ics"
ABOUT = "Møder i Unge. Endnu uden dato: Møde 4 (marts 2022), Møde 5."
FEED = Feed("Unge i by og på land", ABOUT, SOURCE, SELLER, (TIMED, DAY, OFF))
WHOLE = ics(FEED)
EMPTY = ics(dataclasses.replace(FEED, meetings=()))
END = b"END:VEVENT\r\n"


@pytest.mark.parametrize("content", [WHOLE, ics(dataclasses.replace(FEED, meetings=(TIMED,)))], ids=["three", "one"])
def test_it_passes_the_judge_of_others_and_our_own(content: bytes, ical4j: Judge) -> None:
    assert ical4j.findings(content) == []
    assert check_calendar(content) == check_feed(content) == []


def test_one_without_meetings_is_a_calendar_too() -> None:
    assert check_feed(EMPTY) == []
    assert Calendar.from_ical(EMPTY)["METHOD"] == "PUBLISH"


def test_each_meeting_is_the_one_that_was_invited_to_and_names_nobody() -> None:
    events = {str(one["UID"]): one for one in Calendar.from_ical(WHOLE).walk("VEVENT")}
    timed, day, off = (events[f"m{n}@arrangoer.example"] for n in (1, 2, 3))
    assert (timed["SEQUENCE"], timed["STATUS"], timed["TRANSP"]) == (1, "CONFIRMED", "OPAQUE")
    assert timed["DTSTART"].dt == STARTS
    assert str(timed["LOCATION"]) == "Vejle, Nord; sal 2 · https://moede.example/rum/1"
    assert str(timed["CONFERENCE"]) == "https://moede.example/rum/1"
    assert (day["STATUS"], day["TRANSP"]) == ("TENTATIVE", "TRANSPARENT")
    assert (day["DTSTART"].dt, day["DTEND"].dt) == (date(2021, 4, 15), date(2021, 4, 16))
    assert str(day["SUMMARY"]).startswith("Reservér datoen: ")
    assert (off["STATUS"], off["TRANSP"]) == ("CANCELLED", "TRANSPARENT")
    assert str(off["SUMMARY"]) == "Aflyst: Heldag – Unge"
    assert b"ATTENDEE" not in WHOLE


def test_it_says_what_it_is_called_where_it_is_and_how_often_to_ask() -> None:
    read = Calendar.from_ical(WHOLE)
    assert str(read["NAME"]) == str(read["X-WR-CALNAME"]) == "Unge i by og på land"
    assert str(read["DESCRIPTION"]) == ABOUT
    # Which is read as the others are, and kept as it is written by this library.
    assert str(read["X-WR-CALDESC"]).replace("\\,", ",") == ABOUT
    assert str(read["SOURCE"]) == SOURCE
    assert b"REFRESH-INTERVAL;VALUE=DURATION:PT4H\r\n" in WHOLE


def test_in_the_hour_that_comes_twice_it_is_utc() -> None:
    late = datetime(2021, 10, 31, 1, 30, tzinfo=UTC)
    content = ics(
        dataclasses.replace(
            FEED, meetings=(dataclasses.replace(TIMED, starts_at=late, ends_at=late + timedelta(hours=2)),)
        )
    )
    assert b"DTSTART:20211031T013000Z\r\n" in content
    assert check_feed(content) == []


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=200), st.text(max_size=80))
def test_whatever_is_written_stays_text_and_lines_stay_short(long: str, short: str) -> None:
    hostile = dataclasses.replace(TIMED, title=long, place=short, note=long, link=short)
    content = ics(dataclasses.replace(FEED, name=short, about=long, meetings=(hostile,)))
    assert [one.code for one in check_feed(content) if one.code != "not_once"] == []
    assert len(Calendar.from_ical(content).walk("VEVENT")) == 1


BROKEN = {
    "attendee_named": WHOLE.replace(END, b"ATTENDEE:mailto:bo@by.example\r\n" + END, 1),
    "not_published": make_calendar_samples()["invitation.ics"].replace(b"ATTENDEE", b"X-ATTENDEE"),
    "same_uid": WHOLE.replace(b"UID:m2@", b"UID:m1@"),
    "published_status": WHOLE.replace(b"STATUS:CONFIRMED", b"STATUS:MAYBE"),
    "cancelled_blocks": WHOLE.replace(b"STATUS:CANCELLED\r\nTRANSP:TRANSPARENT", b"STATUS:CANCELLED\r\nTRANSP:OPAQUE"),
    "alarm": WHOLE.replace(END, b"BEGIN:VALARM\r\nEND:VALARM\r\n" + END, 1),
    "zone_missing": re.sub(rb"BEGIN:VTIMEZONE.*END:VTIMEZONE\r\n", b"", WHOLE, flags=re.DOTALL),
    "not_once": WHOLE.replace(b"DTSTAMP:20210301T080000Z\r\n", b"", 1),
    "more_than_once": WHOLE.replace(END, b"TRANSP:OPAQUE\r\n" + END, 1),
}


@pytest.mark.parametrize("code", BROKEN)
def test_every_check_finds_its_own_fault_and_nothing_else(code: str) -> None:
    assert BROKEN[code] != WHOLE
    assert [finding.code for finding in check_feed(BROKEN[code])] == [code]


def test_every_check_has_a_file_that_fails_it_and_its_line_in_the_handbook() -> None:
    own = {code for code, *_ in checks.PUBLISHED} | {"attendee_named", "not_published", "same_uid"}
    assert own <= set(BROKEN)
    table = (ROOT / "docs" / "calendars.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| published: `(\w+)` \|", table, re.MULTILINE)) == own


def test_two_hundred_meetings_are_written_in_no_time() -> None:
    many = [dataclasses.replace(TIMED, uid=f"m{n}@arrangoer.example") for n in range(200)]
    feed = dataclasses.replace(FEED, meetings=many)
    spent = min(_seconds(feed) for _ in range(5))
    assert spent < 0.02, f"{1000 * spent:.1f} ms"


def _seconds(feed: Feed) -> float:
    started = time.process_time()
    ics(feed)
    return time.process_time() - started
