"""Mails as bytes: nothing gets out of its header, and the same letter is the same mail."""

from __future__ import annotations

import email
import email.policy
import re
from dataclasses import replace
from datetime import UTC, datetime
from email.header import decode_header, make_header
from email.message import EmailMessage, Message

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.notifications.adapters import mime
from services.notifications.adapters.mime import Attachment, Mail, UnsafeHeaderError, check, compose, message_id
from services.notifications.adapters.texts import Texts
from services.notifications.domain.calendar.entry import Mailbox
from services.notifications.domain.text import lines, one_line
from shared.contracts.addresses import is_mail_address
from shared.contracts.bounds import is_link

TEXTS = Texts("Emne", "Hej\nmed jer\n", "<p>Hej</p>\n")
AT = datetime(2020, 6, 15, 9, 30, tzinfo=UTC)
ICS = b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n"


# Halves of characters included: no JSON brings them here, but nobody should have to know that.
ANY = st.text(st.characters(exclude_categories=()) | st.sampled_from("=?\r\n\u0301\u202e\u2028"), max_size=400)


def a_mail(name: str = "Bo Prøvesen", subject: str = "Emne", **changes: object) -> Mail:
    values: dict[str, object] = {
        "key": "t\np\na\n1",
        "sender": Mailbox(name, "fra@forening.example"),
        "answer_to": "moeder@forening.example",
        "recipient": Mailbox(name, "bo@k.example"),
        "written_at": AT,
        "texts": replace(TEXTS, subject=subject),
        "calendar": ("REQUEST", ICS),
    }
    return compose(**(values | changes))  # type: ignore[arg-type] # a bag of arguments


def parsed(mail: Mail) -> EmailMessage:
    return email.message_from_bytes(mail.content, policy=email.policy.default)  # type: ignore[return-value] # what the policy makes


def raw_headers(mail: Mail) -> Message:
    """As they stand, unfolded: what a mail program that decodes for itself begins with."""
    unfolded = mail.content.partition(b"\r\n\r\n")[0].replace(b"\r\n ", b" ")
    return email.message_from_bytes(unfolded, policy=email.policy.compat32)


HEADERS = {
    "From", "To", "Reply-To", "Subject", "Date", "Message-ID", "Auto-Submitted", "Content-Language", "MIME-Version",
    "Content-Type",
}  # fmt: skip


@given(ANY, ANY)
@example("a\r\nBcc: x@y.example", "=?utf-8?q?hi=0ABcc:_evil@x.example?=")
@example("=?utf-8?q?hi=0D=0ABcc:_evil@x.example?= <x@y>", "ø" * 10_000)
@example("=\x00?utf-8?b?CkJjYzogeA==?=", "=?utf-8?q??==?utf-8?q?=0ABcc:x?=")
@example("\u202eelpmaxe\u2028Bcc: x", "😀" * 300)
@example('"; <x@y.example>, z', '\\" <')
@example(" ", "\r\n")
@example("Bo", "a" * 200)
def test_no_text_gets_out_of_its_header(name: str, subject: str) -> None:
    mail = a_mail(name, subject)
    message = parsed(mail)
    assert set(message.keys()) == HEADERS
    assert len(message.keys()) == len(HEADERS)
    assert [box.addr_spec for box in message["To"].addresses] == ["bo@k.example"]
    assert [box.addr_spec for box in message["From"].addresses] == ["fra@forening.example"]
    assert all(len(line) <= 998 for line in mail.content.split(b"\r\n"))
    assert mail.content.isascii()
    head = mail.content.partition(b"\r\n\r\n")[0].decode()
    assert all(len(line) <= 78 for line in head.split("\r\n") if line.startswith("Subject")), "RFC 5322 § 2.1.1"
    assert all(len(line) <= 76 for line in head.split("\r\n") if "=?" in line), "RFC 2047 § 2"
    for header in ("From", "To", "Reply-To", "Subject"):
        shown = str(make_header(decode_header(str(raw_headers(mail)[header]))))
        assert not re.search("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]", shown)
        assert str(make_header(decode_header(shown))) == shown, "whoever decodes twice reads the same"
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)", mail.content)


def test_a_subject_comes_back_as_it_was() -> None:
    subject = "Reservér datoen: 1. heldagsmøde i netværk om den kommunale ungeindsats, 15. april 2021 – æøå ÆØÅ é 😀"
    assert parsed(a_mail(subject=subject))["Subject"] == subject


def test_the_same_letter_is_the_same_bytes() -> None:
    assert a_mail() == a_mail()
    assert a_mail().content != a_mail(key="another").content


def test_a_calendar_lies_beside_the_texts_and_once_more_as_a_file() -> None:
    message = parsed(a_mail())
    assert message.get_content_type() == "multipart/mixed"
    alternative, file = message.iter_parts()
    assert [part.get_content_type() for part in alternative.iter_parts()] == [
        "text/plain",
        "text/html",
        "text/calendar",
    ]
    calendar = list(alternative.iter_parts())[-1]
    assert (calendar.get_param("method"), calendar.get_param("charset")) == ("REQUEST", "utf-8")
    assert calendar.get_content_disposition() is None
    assert calendar.get_payload(decode=True) == ICS
    assert (file.get_content_type(), file.get_filename()) == ("application/ics", "invitation.ics")
    assert file.get_param("name") == "invitation.ics"
    assert file.get_payload(decode=True) == ICS
    (_, cancelled) = parsed(a_mail(calendar=("CANCEL", ICS))).iter_parts()
    assert cancelled.get_filename() == "aflysning.ics"
    assert [part.get_content().replace("\r\n", "\n") for part in list(alternative.iter_parts())[:2]] == [
        TEXTS.plain,
        TEXTS.html,
    ]


def test_a_file_that_is_no_text_comes_out_byte_for_byte() -> None:
    content = b"%PDF-1.7\r\n\x00\xff\n.\r\n"
    mail = a_mail(calendar=None, attachment=Attachment("Kvittering.pdf", content, "application/pdf"))
    (file,) = parsed(mail).iter_attachments()
    assert (file.get_content_type(), file.get_filename()) == ("application/pdf", "Kvittering.pdf")
    assert file.get_payload(decode=True) == content


def test_a_file_name_is_harmless() -> None:
    mail = a_mail(calendar=None, attachment=Attachment('../"x\r\nBcc: y/Faktura N-1.txt', "æ"))
    (_, file) = parsed(mail).iter_parts()
    assert re.fullmatch(r"[A-Za-z0-9._-]+", str(file.get_filename()))


@pytest.mark.parametrize(
    "content",
    [
        b"Subject: a\r\nBcc: x@y.example\r\n\r\nhej",
        b"Subject: a\nBcc: x@y.example\r\n\r\nhej",
        b"Subject: a\r\nSubject: b\r\n\r\nhej",
        b"Subject: \xc3\xb8\r\n\r\nhej",
        b"Subject: a\r\n\r\nhej\n.\nhej",
        b"Subject: a",
        b" Subject: a\r\n\r\nhej",
        b"Subject: " + b"a" * 1000 + b"\r\n\r\nhej",
    ],
)
def test_the_last_look_refuses_bytes_that_nobody_wrote(content: bytes) -> None:
    with pytest.raises(UnsafeHeaderError):
        check(content)


def test_every_mail_gets_the_last_look(monkeypatch: pytest.MonkeyPatch) -> None:
    """Were a text ever put into a header as it came, the mail would not go out."""
    monkeypatch.setattr(mime, "one_line", str)
    monkeypatch.setattr(mime, "_words", str)
    with pytest.raises(UnsafeHeaderError):
        a_mail(subject="Emne\r\nBcc: x@y.example")


@pytest.mark.parametrize("email_address", ["bo@k.example", "a.b+c@k-k.example", "o'hara@k.example"])
def test_an_address_is_an_address(email_address: str) -> None:
    assert is_mail_address(email_address)


@pytest.mark.parametrize(
    "text",
    [
        "", "bo", "bo@", "@k.example", "bo@k", "bo@@k.example", "bo@k..example", ".bo@k.example", "b o@k.example",
        "bo@k.example\r\nBcc: x@y.example", "bo@k.example\n", "bø@k.example", "bo@-k.example", '"bo"@k.example',
        "<bo@k.example>", "=?utf-8?q?bo?=@k.example", "bo@[127.0.0.1]", "b" * 65 + "@k.example",
        "bo@" + "k" * 64 + ".example",        "bo@k.example,x@y.example", "bo@k.example;", "bo%x\x00@k.example",
    ],
)  # fmt: skip
def test_and_nothing_else_is(text: str) -> None:
    assert not is_mail_address(text)
    if text:
        with pytest.raises(ValueError, match="address"):
            a_mail(recipient=Mailbox("Bo", text))


@pytest.mark.parametrize("who", ["sender", "answer_to", "recipient"])
@pytest.mark.parametrize("wrong", ["bo@k.example\r\nBcc: x@y.example", "bo@k.example\n", "bo@k.example, x@y.example"])
def test_no_mail_is_made_with_an_address_that_is_none(who: str, wrong: str) -> None:
    with pytest.raises(ValueError, match="address"):
        a_mail(**{who: wrong if who == "answer_to" else Mailbox("Bo", wrong)})  # type: ignore[arg-type] # a bag of arguments


@pytest.mark.parametrize(
    "text", ["javascript:alert(1)", "https://", "https://x y", 'https://x.example/"', "http://x\n.example", ""]
)
def test_a_link_leads_to_the_web_or_nowhere(text: str) -> None:
    assert not is_link(text)


@given(ANY)
def test_cleaned_text_stays_clean_when_cleaned_again(text: str) -> None:
    assert one_line(one_line(text)) == one_line(text)
    assert lines(lines(text)) == lines(text)
    assert len(one_line(text)) <= 200
    assert lines(text).encode().decode() == lines(text)


@pytest.mark.parametrize("mark", list("\n\v\f\r\x1c\x1d\x1e\x85\u2028\u2029"))
def test_whatever_breaks_a_line_is_a_blank_in_one_line_and_a_break_in_several(mark: str) -> None:
    assert one_line(f"a{mark}b") == "a b"
    assert lines(f"a{mark}b") == "a\nb"


@pytest.mark.parametrize("mark", list("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"))
def test_no_mark_turns_the_direction_of_the_text_around_it(mark: str) -> None:
    assert one_line(f"a{mark}b") == lines(f"a{mark}b") == "ab"


@pytest.mark.parametrize("mark", list("\0\x01\x07\x08\x1b\x7f\x80\x9b\ud800\udfff\ue000\ufeff"))
def test_no_control_character_half_or_private_character_is_kept(mark: str) -> None:
    assert one_line(f"a{mark}b") == lines(f"a{mark}b") == "ab"


def test_a_mark_that_is_not_to_be_seen_does_not_hide_another_from_being_composed() -> None:
    assert one_line("e\u202e\u0301") == lines("e\u202e\u0301") == "\u00e9"


def test_an_emoji_that_this_python_has_never_heard_of_stays_and_what_will_never_be_a_character_goes() -> None:
    for emoji in ("\U0001fae8", "\U0001fadc", "\U0001faff"):
        assert one_line(f"Fest {emoji}") == lines(f"Fest {emoji}") == f"Fest {emoji}"
    never = "".join(map(chr, (0xFDD0, 0xFDEF, 0xFFFE, 0xFFFF, 0x1FFFE, 0x10FFFF)))
    assert one_line(f"a{never}b") == lines(f"a{never}b") == "ab"


def test_a_text_that_is_half_a_character_does_not_stop_the_mail() -> None:
    message = parsed(a_mail("Bo\ud83d Prøvesen", "Emne \udc00!"))
    assert message["To"].addresses[0].display_name == "Bo Prøvesen"
    assert message["Subject"] == "Emne !"


def test_the_message_id_depends_on_what_is_told_and_not_on_when() -> None:
    assert message_id("a", "x@forening.example") == message_id("a", "y@forening.example")
    assert message_id("a", "x@forening.example") != message_id("b", "x@forening.example")
