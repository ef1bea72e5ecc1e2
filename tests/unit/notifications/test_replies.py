"""What calendars answer: read from the mails they really write, and ordered as RFC 5546 has it."""

from __future__ import annotations

import base64
import email
import quopri
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.notifications.adapters.calendar.mail_checks import check_mail
from services.notifications.adapters.calendar.reply_mail import LARGEST_MAIL, read_mail
from services.notifications.adapters.composer import Composer
from services.notifications.adapters.texts import Words
from services.notifications.domain.calendar.entry import Mailbox, uid
from services.notifications.domain.calendar.replies import (
    OUTCOMES,
    REFUSALS,
    Given,
    Invited,
    Outcome,
    Reply,
    follow_reply,
    outcome_of,
    plus_address,
    read_reply,
    token,
    whose,
)
from services.notifications.domain.message import queue
from services.notifications.domain.samples import OWNER, calendar_letters
from shared.contracts.addresses import is_mail_address
from shared.contracts.notifications import InvitationAnswered
from shared.contracts.refusal import Refused
from tests.support.replies import EXCHANGE, FAMILIES, ROMANCE, a_reply, ics

UID = uid("0b6c5f7e-0000-5000-8000-000000000001", "moeder@forening.example")
BO = "bo@kobenhavn.example"
AT = datetime(2021, 3, 2, 9, 15, tzinfo=UTC)
NOW = AT + timedelta(hours=1)
INVITED = Invited("m-1", "p-1", BO, "person-bo", "REQUEST", 1, 1, None)
REPLY = Reply(UID, BO, "accepted", 1, AT)


def read(mail: bytes) -> Reply:
    found = read_mail(mail)
    return read_reply(found.ics, found.addressed)


def tried(reading: Callable[[], Reply]) -> Reply | str:
    """The reply, or the code of its refusal."""
    try:
        return reading()
    except Refused as refused:
        return refused.code


def code_of(mail: bytes) -> str:
    with pytest.raises(Refused) as refused:
        read(mail)
    return refused.value.code


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize(
    ("partstat", "answer"),
    [("ACCEPTED", "accepted"), ("DECLINED", "declined"), ("TENTATIVE", "tentative"), ("delegated", "delegated")],
)
def test_every_program_s_reply_is_read(family: str, partstat: str, answer: str) -> None:
    reply = read(a_reply(family, uid=UID, partstat=partstat, sequence=3, attendee="Bo@Kobenhavn.EXAMPLE"))
    assert (reply.uid, reply.address, reply.answer, reply.sequence, reply.stamped) == (UID, BO, answer, 3, AT)


def test_exchange_names_no_organizer_and_its_own_time_zone() -> None:
    assert "ORGANIZER" not in EXCHANGE
    assert "Romance Standard Time" in ROMANCE


def test_outlook_com_s_calendar_part_outside_the_alternatives_is_found() -> None:
    mail = a_reply("exchange", uid=UID).replace(b"multipart/alternative", b"multipart/mixed")
    assert read(mail).answer == "accepted"


def test_a_reply_that_comes_only_as_a_file_is_found() -> None:
    mail = a_reply("apple", uid=UID).replace(
        b"text/calendar; charset=utf-8; method=REPLY", b'application/octet-stream; name="Svar.ICS"'
    )
    assert read(mail).uid == UID


HEAD = "From: bo@kobenhavn.example\r\nTo: moeder@forening.example\r\nSubject: Ja\r\nMIME-Version: 1.0\r\n"
PART = 'Content-Type: text/calendar; charset="UTF-8"; method=REPLY\r\n'


def quoted(calendar: str) -> bytes:
    text = quopri.encodestring(calendar.encode()).replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    return f"{HEAD}{PART}Content-Transfer-Encoding: quoted-printable\r\n\r\n".encode() + text


def within_parts(calendar: str) -> bytes:
    """As Exchange sends it with a signature's picture: mixed( related( alternative( text, calendar ), picture ) )."""
    return (
        HEAD.encode() + b'Content-Type: multipart/mixed; boundary="o"\r\n\r\n--o\r\n'
        b'Content-Type: multipart/related; boundary="r"\r\n\r\n--r\r\n'
        b'Content-Type: multipart/alternative; boundary="a"\r\n\r\n--a\r\nContent-Type: text/plain\r\n\r\nJa\r\n--a\r\n'
        + PART.encode() + b"Content-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(calendar.encode())
        + b"--a--\r\n--r\r\nContent-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        + b"iVBORw0=\r\n--r--\r\n--o--\r\n"
    )  # fmt: skip


WRAPPED: dict[str, Callable[[str], bytes]] = {
    "quoted-printable": quoted,
    "8bit": lambda calendar: f"{HEAD}{PART}Content-Transfer-Encoding: 8bit\r\n\r\n{calendar}".encode(),
    "no encoding named": lambda calendar: f"{HEAD}Content-Type: TEXT/Calendar\r\n\r\n{calendar}".encode(),
    "latin-1": lambda calendar: f"{HEAD}{PART.replace('UTF-8', 'iso-8859-1')}\r\n{calendar}".encode("latin-1"),
    "within parts": within_parts,
    "folded with tabs": lambda calendar: f"{HEAD}{PART}\r\n{calendar}".replace("\r\n ", "\r\n\t").encode(),
    "with a mark at its beginning": lambda calendar: f"{HEAD}{PART}\r\n\ufeff{calendar}".encode(),
    "with a footer below": lambda calendar: f"{HEAD}{PART}\r\n{calendar}\r\n-- \r\nSendt fra min telefon\r\n".encode(),
}  # fmt: skip


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("wrapped", WRAPPED)
def test_a_reply_is_read_however_it_is_wrapped(wrapped: str, family: str) -> None:
    reply = read(WRAPPED[wrapped](ics(family, uid=UID, sequence=2, partstat="TENTATIVE")))
    assert (reply.uid, reply.address, reply.answer, reply.sequence, reply.stamped) == (UID, BO, "tentative", 2, AT)


@pytest.mark.parametrize(
    ("before", "after", "answer"),
    [
        ("PARTSTAT=ACCEPTED", 'PARTSTAT=DELEGATED;DELEGATED-TO="mailto:x@y.example"', "delegated"),
        ("X-NUM-GUESTS=0", 'SENT-BY="mailto:sekretaer@kobenhavn.example"', "accepted"),
        ("mailto:bo", "MAILTO:Bo", "accepted"),
        ("END:VEVENT", "BEGIN:VALARM\r\nUID:x\r\nATTENDEE:mailto:x@y.example\r\nEND:VALARM\r\nEND:VEVENT", "accepted"),
    ],
)  # fmt: skip
def test_what_else_stands_in_a_reply_does_not_change_who_answers_what(before: str, after: str, answer: str) -> None:
    calendar = ics(uid=UID)
    assert before in calendar
    reply = read_reply(calendar.replace(before, after))
    assert (reply.uid, reply.address, reply.answer) == (UID, BO, answer)


@pytest.mark.parametrize("breaks", [b"\n", b"\r\n"])
def test_lines_may_end_either_way(breaks: bytes) -> None:
    assert read(a_reply(uid=UID).replace(b"\r\n", breaks)).uid == UID


def test_a_reply_without_sequence_answers_the_first_date() -> None:
    calendar = ics(uid=UID).replace("SEQUENCE:0\r\n", "")
    assert read_reply(calendar).sequence == 0


def test_a_calendar_in_another_charset_is_read() -> None:
    mail = a_reply("apple", uid=UID)
    for charset in (b"windows-1252", b"ISO-8859-1", b"unicode_escape", b"rot13", b"\xff"):
        assert read(mail.replace(b"charset=utf-8", b"charset=" + charset)).address == BO


BREAKS = {
    "not_a_reply": ("METHOD:REPLY", "METHOD:COUNTER"),
    "no_event": ("VEVENT", "VTODO"),
    "no_uid": (f"UID:{UID}", "UID: "),
    "bad_sequence": ("SEQUENCE:0", "SEQUENCE:-1"),
    "bad_stamp": ("DTSTAMP:20210302T091500Z", "DTSTAMP:20210302T091500"),
    "no_answer": ("PARTSTAT=ACCEPTED", "PARTSTAT=NEEDS-ACTION"),
    "broken_calendar": ("END:VEVENT", "END:VALARM"),
    "one_attendee": ("CREATED:20210301T080000Z", "ATTENDEE;PARTSTAT=DECLINED:mailto:carl@k.example"),
}


@pytest.mark.parametrize("code", BREAKS)
def test_what_is_no_reply_is_refused_with_its_code(code: str) -> None:
    before, after = BREAKS[code]
    calendar = ics(uid=UID)
    assert before in calendar
    assert read_reply(calendar).answer == "accepted"
    with pytest.raises(Refused) as refused:
        read_reply(calendar.replace(before, after))
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("code", "mail"),
    [
        ("mail_too_large", b"Subject: x\r\n\r\n" + b"x" * LARGEST_MAIL),
        ("unreadable_mail", b""),
        ("unreadable_mail", b"\x00\xff" * 100),
        ("no_calendar", b"Subject: Tak\r\n\r\nVi kommer."),
        ("outlook_rich_text", b'Subject: x\r\nContent-Type: application/ms-tnef; name="winmail.dat"\r\n\r\nx'),
        ("no_calendar", b"Subject: Fwd\r\nContent-Type: message/rfc822\r\n\r\n" + a_reply("apple", uid=UID)),
        ("calendar_too_large", b"Subject: x\r\nContent-Type: text/calendar\r\n\r\n" + b"X-A:b\r\n" * 40_000),
        ("broken_calendar", b"Subject: x\r\nContent-Type: text/calendar\r\n\r\nBEGIN:VCALENDAR\r\n"),
        ("not_a_reply", b"Subject: x\r\nContent-Type: text/calendar\r\n\r\nhej"),
        ("broken_calendar", a_reply("apple", uid=f"{UID}\r\nUID:another")),
    ],
)  # fmt: skip
def test_a_mail_without_a_reply_is_refused_with_its_code(code: str, mail: bytes) -> None:
    assert code_of(mail) == code


def test_parts_within_parts_without_end_are_refused() -> None:
    deep = b"Subject: x\r\n" + b"".join(
        b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (one, one) for one in range(5000)
    )
    assert code_of(deep) in {"unreadable_mail", "no_calendar"}
    wide = b'Subject: x\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n' + b"--b\r\n\r\nx\r\n" * 5000
    assert code_of(wide) == "unreadable_mail"


@pytest.mark.parametrize(
    "header",
    [
        b"Content-Type: text/calendar" + b";" * 50_000,
        b"Content-Type: text/calendar" + b";\r\n a*0*=b" * 2_000,
        b"CONTENT-DISPOSITION: attachment" + b"; filename=a" * 1_000,
        b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\nContent-Type: text/calendar' + b";" * 50_000,
        b"To: " + b"a@b.example, " * 5_000,
    ],
    ids=["type", "folded", "disposition", "of a part", "to"],
)
def test_a_header_that_would_take_minutes_to_read_is_refused(header: bytes) -> None:
    assert code_of(b"Subject: x\r\n" + header + b"\r\n\r\n" + ics(uid=UID).encode()) == "unreadable_mail"


@given(st.binary(max_size=2000), st.integers(0, 2000), st.integers(0, 200), st.sampled_from(sorted(FAMILIES)))
@example(b"\r\n\r\n", 0, 0, "apple")
def test_any_bytes_are_a_reply_or_a_refusal_with_a_known_code(raw: bytes, at: int, gone: int, family: str) -> None:
    mail = a_reply(family, uid=UID)
    for content in (raw, mail[:at] + raw + mail[at + gone :]):
        found = tried(lambda: read(content))  # noqa: B023  (called at once)
        assert found in REFUSALS or isinstance(found, Reply)


@given(st.text(max_size=300), st.integers(0, 700), st.integers(0, 100), st.sampled_from(sorted(FAMILIES)))
def test_any_calendar_text_is_a_reply_or_a_refusal_with_a_known_code(text: str, at: int, gone: int, kind: str) -> None:
    calendar = ics(kind, uid=UID)
    for content in (text, calendar[:at] + text + calendar[at + gone :]):
        found = tried(lambda: read_reply(content, text))  # noqa: B023  (called at once)
        if isinstance(found, Reply):
            assert found.address == "" or is_mail_address(found.address)
            assert "\0" not in found.uid
        else:
            assert found in REFUSALS


def test_every_refusal_and_outcome_is_a_danish_sentence() -> None:
    assert all(text.endswith(".") for text in (*REFUSALS.values(), *OUTCOMES.values()))


def answered(reply: Reply, invited: Invited, now: datetime = NOW) -> tuple[Outcome, Given | None]:
    """What becomes of the reply, and the answer that counts from then on; only another one is told."""
    outcome, decided = outcome_of(reply, invited, now), follow_reply(reply, invited, now, OWNER)
    assert decided.after == replace(invited, given=decided.after.given)
    assert [fact.type for fact in decided.facts] == [InvitationAnswered.type] * (outcome == "recorded")
    return outcome, decided.after.given


def test_the_first_answer_counts_and_is_told() -> None:
    assert answered(REPLY, INVITED) == ("recorded", Given("accepted", AT, NOW))
    (fact,) = follow_reply(REPLY, INVITED, NOW, OWNER).facts
    assert fact == InvitationAnswered(
        owner=OWNER,
        programme_id=INVITED.programme_id,
        meeting_id=INVITED.meeting_id,
        recipient=INVITED.person_id,
        answer="accepted",
        date_version=INVITED.date_version,
        answered_at=AT,
    )


def test_a_later_answer_replaces_it_and_an_older_one_does_not() -> None:
    given = Given("accepted", AT, AT)
    yes = replace(INVITED, given=given)
    no = replace(REPLY, answer="declined")
    later = AT + timedelta(seconds=1)
    assert answered(replace(no, stamped=later), yes) == ("recorded", Given("declined", later, NOW))
    assert answered(replace(no, stamped=AT - timedelta(seconds=1)), yes) == ("stale", given)


def test_the_same_mail_again_changes_nothing() -> None:
    given = Given("accepted", AT, AT)
    assert answered(REPLY, replace(INVITED, given=given)) == ("repeated", given)


def test_an_answer_that_is_given_again_stands_since_the_first_time() -> None:
    later = AT + timedelta(seconds=1)
    again = answered(replace(REPLY, stamped=later), replace(INVITED, given=Given("accepted", AT, AT)))
    assert again == ("repeated", Given("accepted", later, AT))


def test_an_answer_to_an_earlier_date_does_not_count() -> None:
    assert answered(replace(REPLY, sequence=0), INVITED) == ("stale", None)


def test_only_who_is_invited_now_can_answer() -> None:
    assert answered(REPLY, replace(INVITED, method="CANCEL")) == ("not_invited", None)


def test_a_forged_reply_from_the_future_does_not_shut_out_the_true_one() -> None:
    forged = replace(REPLY, answer="declined", sequence=2_000_000_000, stamped=datetime(9999, 1, 1, tzinfo=UTC))
    outcome, given = answered(forged, INVITED)
    assert (outcome, given) == ("recorded", Given("declined", NOW, NOW))
    later = NOW + timedelta(minutes=1)
    true = replace(REPLY, stamped=later)
    assert answered(true, replace(INVITED, given=given), later) == ("recorded", Given("accepted", later, later))


@given(st.permutations([("accepted", 0), ("declined", 1), ("tentative", 2), ("accepted", 3), ("declined", 4)]))
def test_replies_in_any_order_end_in_the_latest_answer(replies: list[tuple[str, int]]) -> None:
    invited = INVITED
    for answer, minute in [*replies, *replies]:
        reply = replace(REPLY, answer=answer, stamped=AT + timedelta(minutes=minute))  # type: ignore[arg-type] # one of the four
        invited = replace(invited, given=answered(reply, invited)[1])
    assert invited.given == Given("declined", AT + timedelta(minutes=4), NOW)


def test_who_answers_from_another_address_is_known_by_the_token_in_the_organizer_s() -> None:
    organizer = plus_address("moeder@forening.example", UID, BO)
    assert organizer == f"moeder+{token(UID, BO)}@forening.example"
    for mail in (
        a_reply("exchange", uid=UID, attendee="bo.proevesen@kk.example", organizer=organizer.upper()),
        a_reply("google", uid=UID, attendee="invalid:nomail", organizer=organizer),
    ):
        assert whose(read(mail), ["carl@k.example", BO]) == BO
    without = read(a_reply("exchange", uid=UID, attendee="bo.proevesen@kk.example"))
    assert whose(without, ["carl@k.example", BO]) is None


def test_an_invitation_carries_the_token_where_the_installation_wants_it_and_its_cancellation_too() -> None:
    composer = Composer(Words("https://tovholder.example"), Mailbox("", ""), plus_addresses=True)
    organizers = set()
    for kind in ("invitation", "update", "cancelled-for-all"):
        message = queue(calendar_letters()[kind], OWNER).after
        assert message.calendar is not None
        mail = composer.mail(message).content
        assert check_mail(mail) == []
        (part,) = [one for one in email.message_from_bytes(mail).walk() if one.get_content_type() == "text/calendar"]
        calendar = str(part.get_payload(decode=True), "utf-8")  # type: ignore[arg-type] # bytes
        organizers |= {line for line in calendar.replace("\r\n ", "").split("\r\n") if line.startswith("ORGANIZER")}
    (only,) = organizers
    assert f":mailto:ungenetvaerk+{token(message.calendar.uid, message.calendar.attendee.email)}@" in only


def test_a_token_of_another_meeting_names_nobody() -> None:
    organizer = plus_address("moeder@forening.example", "another@forening.example", BO)
    assert whose(read(a_reply(uid=UID, attendee="x@y.example", organizer=organizer)), [BO]) is None


def test_the_address_that_is_invited_goes_before_a_token() -> None:
    organizer = plus_address("moeder@forening.example", UID, "carl@k.example")
    assert whose(read(a_reply(uid=UID, organizer=organizer)), ["carl@k.example", BO]) == BO


@pytest.mark.parametrize("organizer", [f"{'m' * 60}@forening.example", "none"])
def test_an_address_that_would_be_too_long_stays_as_it_is(organizer: str) -> None:
    assert plus_address(organizer, UID, BO) == organizer
