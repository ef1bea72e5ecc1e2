"""What we send passes our own checks and ical4j's, and each check finds what it is there for."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deploy.local.locations import ROOT
from services.notifications.adapters.calendar import mail_checks
from services.notifications.adapters.calendar.mail_checks import check_file, check_mail
from services.notifications.app import SERVICE
from services.notifications.domain.calendar import checks
from services.notifications.domain.calendar.checks import check_calendar
from services.notifications.domain.samples import calendar_letters
from services.notifications.usecases.make_samples import make_calendar_samples
from tests.support.calendar_client import Client, Refusal
from tests.support.ical4j import Judge

SAMPLES = make_calendar_samples()
FOLDER = ROOT / "docs" / "samples" / "calendar"
KINDS = sorted(calendar_letters())
BO = "bo@kobenhavn.example"
INVITATION, CANCELLED, DAY = (SAMPLES[f"{kind}.ics"] for kind in ("invitation", "cancelled-for-all", "save-the-date"))
VIRTUAL = SAMPLES["virtual.ics"]
ATTENDEE = b"ATTENDEE:mailto:carl@k.example\r\n"
ALARM = b"BEGIN:VALARM\r\nACTION:DISPLAY\r\nTRIGGER:-PT15M\r\nDESCRIPTION:x\r\nEND:VALARM\r\n"
END = b"END:VEVENT\r\n"
EVENT = re.compile(rb"BEGIN:VEVENT.*END:VEVENT\r\n", re.DOTALL)
ZONE = re.compile(rb"BEGIN:VTIMEZONE.*END:VTIMEZONE\r\n", re.DOTALL)


def without(ics: bytes, name: bytes) -> bytes:
    return re.sub(rb"(?m)^" + name + rb"[;:].*\r\n(?: .*\r\n)*", b"", ics)


def test_the_samples_in_docs_are_the_current_ones() -> None:
    committed = {path.name: path.read_bytes() for path in FOLDER.iterdir() if path.suffix in {".ics", ".eml"}}
    assert committed == SAMPLES, "run `python -m services.notifications.console calendar samples docs/samples/calendar`"


def test_the_command_writes_and_checks_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    calendar = SERVICE.commands["calendar"]
    assert calendar(["samples", str(tmp_path)]) == 0
    files = sorted(str(path) for path in tmp_path.iterdir())
    assert calendar(["check", *files]) == 0
    assert capsys.readouterr().out == "".join(f"{file}: i orden\n" for file in files)
    broken = tmp_path / "broken.ics"
    broken.write_bytes(INVITATION.replace(b"METHOD:REQUEST", b"METHOD:PUBLISH"))
    assert calendar(["check", str(broken)]) == 65
    said = capsys.readouterr().out
    assert said.startswith(f"{broken}: method: METHOD skal være")
    assert said.endswith(" [METHOD]\n")
    assert calendar(["check", "--json", str(broken)]) == 65
    told = json.loads(capsys.readouterr().out)
    assert (told["file"], told["code"], told["field"]) == (str(broken), "method", "METHOD")
    assert told["message"].startswith("METHOD skal være")


def test_a_file_that_cannot_be_read_is_named_in_danish_and_the_others_are_judged(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good, none = tmp_path / "good.ics", tmp_path / "none.ics"
    good.write_bytes(INVITATION)
    assert SERVICE.commands["calendar"](["check", str(none), str(tmp_path), str(good)]) == 66
    out, err = capsys.readouterr()
    assert out == f"{good}: i orden\n"
    assert err == (
        f"cannot_read: {none}: Filen findes ikke. Se efter, om navnet er skrevet rigtigt.\n"
        f"cannot_read: {tmp_path}: Det er en mappe. Nævn filerne i den.\n"
    )


@pytest.mark.parametrize(
    ("code", "content"),
    [
        ("neither", b""),
        ("neither", b"hej"),
        ("neither", b"<?xml version='1.0'?><Invoice/>"),
        ("no_calendar_part", b"Subject: Tak\r\n\r\nVi kommer."),
        ("byte_order_mark", b"\xef\xbb\xbf" + CANCELLED),
        ("too_large", INVITATION + b" " * 1_048_577),
    ],
)
def test_a_file_that_is_something_else_is_called_what_it_is(code: str, content: bytes) -> None:
    (finding,) = check_file(content)
    assert finding.code == code


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(sorted(SAMPLES)),
    st.integers(0, 4000),
    st.integers(0, 40),
    st.binary(max_size=40)
    | st.sampled_from([b"\r\n", b'"', b"00010101T000000", b"99991231T235959", b"SEQUENCE:" + b"9" * 60 + b"\r\n "]),
)
def test_no_file_stops_the_check(name: str, at: int, gone: int, put: bytes) -> None:
    content = SAMPLES[name]
    for finding in check_file(content[:at] + put + content[at + gone :]):
        assert finding.detail.endswith(".")


@pytest.mark.parametrize(
    ("code", "before", "after"),
    [
        ("sequence", b"SEQUENCE:1\r\n", b"SEQUENCE:" + b"9" * 60 + b"\r\n" + (b" " + b"9" * 70 + b"\r\n") * 90),
        ("sequence", b"SEQUENCE:1\r\n", "SEQUENCE:١\r\n".encode()),
        ("not_a_time", b":20210415T093000", b":00010101T000000"),
        ("not_a_time", b":20210415T093000", ":٢٠٢١٠٤١٥T٠٩٣٠٠٠".encode()),
    ],
)  # fmt: skip
def test_numbers_that_only_a_computer_would_write_are_judged(code: str, before: bytes, after: bytes) -> None:
    assert before in INVITATION
    assert [finding.code for finding in check_calendar(INVITATION.replace(before, after))] == [code]


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_what_we_send_passes_our_own_checks(name: str) -> None:
    assert check_file(SAMPLES[name]) == []


@pytest.mark.parametrize("kind", KINDS)
def test_what_we_send_passes_ical4j_in_itip_mode(kind: str, ical4j: Judge) -> None:
    assert ical4j.findings(SAMPLES[f"{kind}.ics"]) == []


@pytest.mark.parametrize("kind", KINDS)
def test_what_we_send_is_taken_by_the_strict_client(kind: str) -> None:
    client = Client(BO)
    client.take_mail(SAMPLES[f"{kind}.eml"])
    assert len(client.seen) == 1


BROKEN_FOR_ICAL4J = {
    "request without organizer": without(INVITATION, b"ORGANIZER"),
    "request without attendee": without(INVITATION, b"ATTENDEE"),
    "request without summary": without(INVITATION, b"SUMMARY"),
    "request without uid": without(INVITATION, b"UID"),
    "request without dtstamp": without(INVITATION, b"DTSTAMP"),
    "request without dtstart": without(INVITATION, b"DTSTART"),
    "request of a status that is none": INVITATION.replace(b"STATUS:CONFIRMED", b"STATUS:MAYBE"),
    "request without method": without(INVITATION, b"METHOD"),
    "request without version": without(INVITATION, b"VERSION"),
    "request that does not end": INVITATION.replace(b"END:VEVENT", b"END:VTODO"),
    "day without attendee": without(DAY, b"ATTENDEE"),
    "virtual with two organizers": VIRTUAL.replace(END, b"ORGANIZER:mailto:x@y.example\r\n" + END),
    "cancel without sequence": without(CANCELLED, b"SEQUENCE"),
    "cancel without dtstart": without(CANCELLED, b"DTSTART"),
    "cancel without organizer": without(CANCELLED, b"ORGANIZER"),
    "cancel with an alarm": CANCELLED.replace(END, ALARM + END),
    "cancel for one without uid": without(SAMPLES["cancelled-for-one.ics"], b"UID"),
    "cancel of a day without dtstamp": without(SAMPLES["cancelled-day.ics"], b"DTSTAMP"),
    "update without organizer": without(SAMPLES["update.ics"], b"ORGANIZER"),
}


@pytest.mark.parametrize("name", BROKEN_FOR_ICAL4J)
def test_ical4j_does_judge(name: str, ical4j: Judge) -> None:
    assert ical4j.findings(BROKEN_FOR_ICAL4J[name])


ONE_HOUR_OFF = INVITATION.replace(b"DTSTART:19960331T020000", b"DTSTART:19960331T030000")
PASSES_ICAL4J = {
    "zone_missing": ZONE.sub(b"", INVITATION),
    "cancel_status": CANCELLED.replace(b"STATUS:CANCELLED", b"STATUS:CONFIRMED"),
    "ends_before_start": INVITATION.replace(b"20210415T160000", b"20210415T080000"),
    "one_event": EVENT.sub(lambda event: event[0] + event[0].replace(b"UID:", b"UID:2"), INVITATION),
    "attendee_mailbox": INVITATION.replace(b"mailto:b", b"b").replace(b"mailto:bo", b"bo"),
    "zone_wrong": ONE_HOUR_OFF,
}
"""What the judge of others lets through and calendars do not; by the code of the check of ours that finds it."""


@pytest.mark.parametrize("code", PASSES_ICAL4J)
def test_what_ical4j_lets_pass_is_found_by_our_checks_and_by_the_strict_client(code: str, ical4j: Judge) -> None:
    broken = PASSES_ICAL4J[code]
    assert broken not in SAMPLES.values()
    assert ical4j.findings(broken) == [], "ical4j finds it now: one gap less"
    assert [finding.code for finding in check_calendar(broken)] == [code]
    with pytest.raises(Refusal):
        Client(BO).take(broken, "CANCEL" if code == "cancel_status" else "REQUEST")


BROKEN = {
    "not_utf8": INVITATION.replace("ø".encode(), b"\xf8"),
    "byte_order_mark": b"\xef\xbb\xbf" + INVITATION,
    "bare_line_break": INVITATION.replace(b"STATUS:CONFIRMED\r\n", b"STATUS:CONFIRMED\n"),
    "long_line": INVITATION.replace(b"\r\n ", b""),
    "control_character": INVITATION.replace(b"SUMMARY:", b"SUMMARY:\x07"),
    "unreadable": INVITATION.replace(b"STATUS:CONFIRMED", b"STATUS CONFIRMED"),
    "one_event": EVENT.sub(b"", INVITATION),
    "not_once": INVITATION.replace(END, ATTENDEE.replace(b":", b";RSVP=TRUE;PARTSTAT=NEEDS-ACTION:", 1) + END),
    "more_than_once": INVITATION.replace(END, b"LOCATION:Vejle\r\n" + END),
    "method": INVITATION.replace(b"METHOD:REQUEST", b"METHOD:PUBLISH"),
    "version": INVITATION.replace(b"VERSION:2.0", b"VERSION:1.0"),
    "other_component": INVITATION.replace(b"END:VCALENDAR", b"BEGIN:VTODO\r\nEND:VTODO\r\nEND:VCALENDAR"),
    "alarm": INVITATION.replace(END, ALARM + END),
    "repeats": INVITATION.replace(END, b"RRULE:FREQ=WEEKLY\r\n" + END),
    "empty": re.sub(rb"UID:.*\r\n", b"UID: \r\n", INVITATION),
    "sequence": INVITATION.replace(b"SEQUENCE:1", b"SEQUENCE:2147483648"),
    "stamp_not_utc": INVITATION.replace(b"DTSTAMP:20210301T080000Z", b"DTSTAMP:20210301T080000"),
    "organizer_mailbox": INVITATION.replace(b"mailto:unge", b"unge"),
    "attendee_mailbox": PASSES_ICAL4J["attendee_mailbox"],
    "not_a_time": INVITATION.replace(b":20210415T093000", b":20210431T093000"),
    "floating_time": CANCELLED.replace(b"DTSTART:20210422T080000Z", b"DTSTART:20210422T080000"),
    "half_a_day": DAY.replace(b"DTEND;VALUE=DATE:20210416", b"DTEND:20210416T000000Z"),
    "ends_before_start": DAY.replace(b"DTEND;VALUE=DATE:20210416", b"DTEND;VALUE=DATE:20210415"),
    "zone_missing": PASSES_ICAL4J["zone_missing"],
    "zone_wrong": ONE_HOUR_OFF,
    "cancel_in_zone": INVITATION.replace(b":REQUEST", b":CANCEL").replace(b"STATUS:CONFIRMED", b"STATUS:CANCELLED"),
    "cancel_status": PASSES_ICAL4J["cancel_status"],
    "request_status": INVITATION.replace(b"STATUS:CONFIRMED", b"STATUS:CANCELLED"),
    "day_blocks": DAY.replace(b"TRANSP:TRANSPARENT", b"TRANSP:OPAQUE"),
    "hours_free": INVITATION.replace(b"TRANSP:OPAQUE", b"TRANSP:TRANSPARENT"),
    "no_answer_asked": INVITATION.replace(b"PARTSTAT=NEEDS-ACTION", b"PARTSTAT=ACCEPTED"),
    "link_lost": without(VIRTUAL, b"LOCATION"),
}  # fmt: skip


@pytest.mark.parametrize("code", BROKEN)
def test_every_check_finds_its_own_fault_and_nothing_else(code: str) -> None:
    assert BROKEN[code] not in SAMPLES.values()
    assert [finding.code for finding in check_calendar(BROKEN[code])] == [code]


def test_every_check_has_a_file_that_fails_it() -> None:
    known = {code for code, _, _ in checks.BYTES} | {code for code, *_ in checks.CHECKS}
    assert set(BROKEN) == known | {"unreadable", "one_event", "not_once", "more_than_once"}


def test_a_property_that_is_missing_is_named() -> None:
    for name in ("UID", "DTSTAMP", "SEQUENCE", "ORGANIZER", "ATTENDEE", "SUMMARY", "VERSION", "PRODID", "METHOD"):
        found = check_calendar(without(INVITATION, name.encode()))
        assert ("not_once", name) in {(finding.code, finding.field) for finding in found}


MAIL = SAMPLES["invitation.eml"]
PART = b"Content-Type: text/calendar; charset=utf-8; method=REQUEST\r\n"
BROKEN_MAILS = {
    "mail_line_break": MAIL.replace(b"MIME-Version: 1.0\r\n", b"MIME-Version: 1.0\n"),
    "header_not_once": MAIL.replace(b"MIME-Version: 1.0\r\n", b"MIME-Version: 1.0\r\nSubject: To\r\n"),
    "no_calendar_part": MAIL.replace(b"multipart/alternative", b"multipart/mixed"),
    "calendar_as_file": MAIL.replace(PART, PART + b"Content-Disposition: attachment\r\n"),
    "charset": MAIL.replace(b"text/calendar; charset=utf-8;", b"text/calendar;"),
    "method_differs": MAIL.replace(b"method=REQUEST", b"method=PUBLISH"),
    "attachment_differs": MAIL.replace(
        b'name="invitation.ics"\r\nContent-Disposition: attachment', b'name="invitation.ics"\r\nX: a'
    ),
    "recipient_differs": MAIL.replace(b"<bo@kobenhavn", b"<carl@kobenhavn"),
}


@pytest.mark.parametrize("code", BROKEN_MAILS)
def test_every_check_of_mails_finds_its_own_fault_and_nothing_else(code: str) -> None:
    assert BROKEN_MAILS[code] != MAIL
    assert [finding.code for finding in check_mail(BROKEN_MAILS[code])] == [code]


def test_every_check_of_mails_has_a_mail_that_fails_it() -> None:
    assert set(BROKEN_MAILS) == {code for code, *_ in mail_checks.CHECKS} | {"mail_line_break", "no_calendar_part"}


def test_a_mail_s_calendar_is_judged_too() -> None:
    calendar = base64.encodebytes(INVITATION.replace(b"TRANSP:OPAQUE", b"TRANSP:TRANSPARENT")).replace(b"\n", b"\r\n")
    before = base64.encodebytes(INVITATION).replace(b"\n", b"\r\n")
    assert before in MAIL
    assert [finding.code for finding in check_mail(MAIL.replace(before, calendar))] == ["hours_free"]


def test_a_mail_that_was_saved_with_other_line_breaks_is_judged_all_the_same() -> None:
    found = check_mail(BROKEN_MAILS["charset"].replace(b"\r\n", b"\n"))
    assert [finding.code for finding in found] == ["mail_line_break", "charset"]


def test_a_mail_that_came_through_other_servers_is_judged_alike() -> None:
    assert check_mail(b"Received: from a.example by b.example; Mon, 1 Mar 2021 08:00:01 +0000\r\n" + MAIL) == []


def test_the_documentation_explains_every_check() -> None:
    table = (ROOT / "docs" / "calendars.md").read_text(encoding="utf-8")
    explained = re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)
    assert len(explained) == len(set(explained))
    assert set(explained) == set(BROKEN) | set(BROKEN_MAILS) | {"neither", "too_large"}


def test_a_sentence_says_what_to_do_in_danish() -> None:
    sentences = [text for _, _, text, _ in (*checks.CHECKS, *mail_checks.CHECKS)]
    for text in (*sentences, *(text for _, text, _ in checks.BYTES)):
        assert re.fullmatch(r"[A-ZÆØÅ].*\.", text)
