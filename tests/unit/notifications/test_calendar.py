"""Calendar objects: their bytes, and what calendars make of them."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from icalendar import Calendar

from services.notifications.domain.calendar.checks import check_calendar
from services.notifications.domain.calendar.entry import Entry, Mailbox, ics, uid
from services.notifications.domain.text import one_line
from shared.contracts.time import COPENHAGEN
from tests.support.calendar_client import Client, Slot, read
from tests.support.ical4j import Judge

GOLDEN = Path(__file__).parent / "golden"
BO = "bo@kobenhavn.example"
ENTRY = Entry(
    method="REQUEST",
    uid=uid("0b6c5f7e-0000-5000-8000-000000000001", "moeder@forening.example"),
    sequence=1,
    stamped=datetime(2021, 3, 1, 8, 0, tzinfo=UTC),
    title="1. heldagsmøde – Netværk om den kommunale ungeindsats",
    first_day=date(2021, 4, 15),
    last_day=date(2021, 4, 15),
    starts_at=datetime(2021, 4, 15, 7, 30, tzinfo=UTC),
    ends_at=datetime(2021, 4, 15, 14, 0, tzinfo=UTC),
    place="Mødehuset, København",
    link="",
    organizer=Mailbox("Foreningen af Kommuner", "moeder@forening.example"),
    attendee=Mailbox("Bo Prøvesen", BO),
    note="Netværk om den kommunale ungeindsats\nForeningen af Kommuner",
)
DAY_ONLY = replace(ENTRY, sequence=0, starts_at=None, ends_at=None)
EXAMPLES = {
    "invitation": ENTRY,
    "save-the-date": DAY_ONLY,
    "virtual": replace(ENTRY, place="", link="https://video.example/m/1?k=2"),
    "cancelled": replace(ENTRY, method="CANCEL", sequence=2, whole=True),
    "uninvited": replace(ENTRY, method="CANCEL"),
    "day-cancelled": replace(DAY_ONLY, method="CANCEL", sequence=1, whole=True),
}


def taken(entry: Entry) -> dict[str, Slot]:
    client = Client(BO)
    client.take(ics(entry), entry.method)
    return client.calendar


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_bytes_are_the_golden_ones(name: str) -> None:
    assert ics(EXAMPLES[name]) == (GOLDEN / f"{name}.ics").read_bytes()


def test_an_invitation_stands_at_its_hours_and_blocks_them() -> None:
    slot = taken(ENTRY)[ENTRY.uid]
    assert (slot.starts, slot.ends) == (ENTRY.starts_at, ENTRY.ends_at)
    assert slot.blocks
    assert slot.where == "Mødehuset, København"


def test_a_day_without_clock_times_is_a_whole_day_that_blocks_nothing() -> None:
    slot = taken(DAY_ONLY)[DAY_ONLY.uid]
    assert (slot.starts, slot.ends) == (date(2021, 4, 15), date(2021, 4, 16))
    assert not slot.blocks
    assert slot.title.startswith("Reservér datoen: ")


def test_a_reserved_day_becomes_the_timed_meeting_under_the_same_uid() -> None:
    client = Client(BO)
    client.take(ics(DAY_ONLY), "REQUEST")
    client.take(ics(ENTRY), "REQUEST")
    assert [slot.blocks for slot in client.calendar.values()] == [True]


def test_a_cancelled_meeting_leaves_the_calendar_and_does_not_come_back_when_mails_overtake_each_other() -> None:
    client = Client(BO)
    client.take(ics(EXAMPLES["cancelled"]), "CANCEL")
    client.take(ics(ENTRY), "REQUEST")
    assert client.calendar == {}


@pytest.mark.parametrize(
    ("starts", "ends"),
    [
        ("2026-03-28 22:00", "2026-03-29 12:00"),
        ("2026-03-28 20:00", "2026-03-30 06:00"),
        ("2026-03-29 00:59", "2026-03-29 01:00"),
        ("2026-03-29 00:30", "2026-03-29 01:30"),
        ("2026-03-29 07:30", "2026-03-29 13:00"),
        ("2026-10-24 22:00", "2026-10-25 12:00"),
        ("2026-10-24 20:00", "2026-10-26 06:00"),
        ("2026-10-25 00:59", "2026-10-25 01:00"),
        ("2026-10-25 00:30", "2026-10-25 01:30"),
        ("2026-10-25 01:15", "2026-10-25 01:45"),
        ("2026-10-25 08:30", "2026-10-25 14:00"),
    ],
)
def test_hours_are_right_on_the_days_the_clocks_change(starts: str, ends: str) -> None:
    first, last = (datetime.fromisoformat(text).replace(tzinfo=UTC) for text in (starts, ends))
    entry = replace(
        ENTRY,
        starts_at=first,
        ends_at=last,
        first_day=first.astimezone(COPENHAGEN).date(),
        last_day=last.astimezone(COPENHAGEN).date(),
    )
    slot = taken(entry)[entry.uid]
    assert (slot.starts, slot.ends) == (first, last)


CHANGES = (datetime(2026, 3, 29, 1, tzinfo=UTC), datetime(2026, 10, 25, 1, tzinfo=UTC))
MINUTES = st.integers(-3 * 24 * 60, 3 * 24 * 60)


@settings(deadline=None)
@given(change=st.sampled_from(CHANGES), before=MINUTES, long=st.integers(1, 3 * 24 * 60))
@example(change=CHANGES[0], before=0, long=1)
@example(change=CHANGES[0], before=-1, long=2)
@example(change=CHANGES[1], before=0, long=1)
@example(change=CHANGES[1], before=-60, long=60)
@example(change=CHANGES[1], before=-1, long=2)
@example(change=CHANGES[1], before=59, long=1)
def test_every_minute_around_the_change_of_the_clocks_is_itself(
    ical4j: Judge, change: datetime, before: int, long: int
) -> None:
    starts = change + timedelta(minutes=before)
    ends = starts + timedelta(minutes=long)
    for method in ("REQUEST", "CANCEL"):
        entry = replace(ENTRY, method=method, starts_at=starts, ends_at=ends)  # type: ignore[arg-type] # one of the two
        assert check_calendar(ics(entry)) == []
        assert ical4j.findings(ics(entry)) == []
        if method == "REQUEST":
            slot = taken(entry)[entry.uid]
            assert (slot.starts, slot.ends) == (starts, ends)
        else:
            lines = {line.name: line.value for line in read(ics(entry))}
            assert lines["DTSTART"] == f"{starts:%Y%m%dT%H%M%SZ}"


def test_a_long_link_is_whole_in_the_place_too() -> None:
    link = "https://video.example/l/meetup-join/" + "19%3ameeting_x" * 40
    lines = {line.name: line for line in read(ics(replace(ENTRY, place="Mødehuset; sal 2", link=link)))}
    assert lines["CONFERENCE"].value == link
    assert lines["LOCATION"].value == rf"Mødehuset\; sal 2 · {link}"


@pytest.mark.parametrize("meeting_id", ["a b", "møde-1", "m;1", "m\r\nBEGIN:VEVENT", "m" * 500, "", "m@x"])
def test_an_id_that_a_calendar_could_change_is_replaced_by_one_that_it_keeps(meeting_id: str) -> None:
    identity = uid(meeting_id, "moeder@forening.example")
    assert re.fullmatch(r"[0-9a-f-]{36}@forening\.example", identity)
    assert identity == uid(meeting_id, "moeder@forening.example") != uid(f"{meeting_id}x", "moeder@forening.example")


def test_the_meeting_is_held_where_its_link_leads() -> None:
    lines = {line.name: line for line in read(ics(EXAMPLES["virtual"]))}
    assert lines["CONFERENCE"].value == "https://video.example/m/1?k=2"
    assert lines["LOCATION"].value == "https://video.example/m/1?k=2"


@pytest.mark.parametrize(
    "link", ["javascript:alert(1)\r\nATTENDEE:mailto:x@y", "ftp://video.example/m", "//video.example"]
)
def test_a_link_that_is_not_on_the_web_stands_nowhere(link: str) -> None:
    lines = {line.name: line for line in read(ics(replace(ENTRY, link=link)))}
    assert "CONFERENCE" not in lines
    assert lines["LOCATION"].value == r"Mødehuset\, København"


@pytest.mark.parametrize(
    "text",
    [
        "A\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nUID:x",
        "A\nATTENDEE:mailto:x@y.example",
        'Anna "Ann" O\'Hara; CEO, "^n"',
        "\u202egnirts\u202c \u200f",
        "Tom\x00\x07\x1b[31m",
        "😀👩‍👩‍👧" * 50,
        "ø" * 10_000,
        "\\n\\,\\;\\\\",
        "Bo\\",
        'Bo";PARTSTAT=ACCEPTED;X="',
        "Bo\ud800\udfff",
        "\u2066Bo\u2069\u2028Carl\u2029\x85\v\fDorte",
        "",
        "   ",
    ],
)
def test_hostile_text_stays_text(text: str) -> None:
    entry = replace(ENTRY, title=text, place=text, note=text, attendee=Mailbox(text, BO), organizer=Mailbox(text, BO))
    (slot,) = taken(entry).values()
    assert "\n" not in slot.title
    lines = read(ics(entry))
    assert [line.name for line in lines].count("UID") == 1
    texts = [text for line in lines for text in (line.value, *line.parameters.values())]
    hidden = "\u202e\u202c\u200f\u2066\u2069\u2028\u2029\x7f\x85"
    assert not any(ord(mark) < 32 or mark in hidden for text in texts for mark in text)
    (attendee,) = (line for line in lines if line.name == "ATTENDEE")
    assert (attendee.value, attendee.parameters["PARTSTAT"]) == (f"mailto:{BO}", "NEEDS-ACTION")
    assert attendee.parameters.get("CN", "") == one_line(text).replace('"', "'").replace("\\", "/").replace("^", "")
    (read_elsewhere,) = Calendar.from_ical(ics(entry)).walk("VEVENT")
    assert sorted(read_elsewhere["ATTENDEE"].params) == sorted(attendee.parameters)


def test_the_longest_address_stands_whole() -> None:
    longest = f"{'b' * 64}@{'k' * 60}.{'o' * 60}.{'m' * 60}.example"[:254]
    assert len(longest) == 254
    entry = replace(ENTRY, attendee=Mailbox("Bo", longest))
    assert check_calendar(ics(entry)) == []
    assert [line.value for line in read(ics(entry)) if line.name == "ATTENDEE"] == [f"mailto:{longest}"]


def test_a_cancellation_for_one_says_nothing_of_the_meeting_and_one_for_all_does() -> None:
    said = {name: {line.name: line.value for line in read(ics(entry))} for name, entry in EXAMPLES.items()}
    assert "STATUS" not in said["uninvited"], "RFC 5546 § 3.2.5"
    assert said["cancelled"]["STATUS"] == said["day-cancelled"]["STATUS"] == "CANCELLED"


def test_everybody_is_told_of_nobody_but_themselves() -> None:
    assert sum(line.name == "ATTENDEE" for line in read(ics(ENTRY))) == 1
