"""Names, titles, places and notes from outside are text wherever they come out: calendar, mail, HTML, headers."""

from __future__ import annotations

import email
import email.policy
import re
from dataclasses import replace
from datetime import UTC, datetime
from email.message import EmailMessage

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from services.notifications.adapters.calendar.mail_checks import check_mail
from services.notifications.adapters.mime import Attachment, Mail
from services.notifications.domain import letters
from services.notifications.domain.calendar.entry import ics
from services.notifications.domain.invitations import Guest, Standing, Step
from services.notifications.domain.letter import Letter
from services.notifications.domain.message import queue
from services.notifications.domain.text import lines, one_line
from shared.contracts.addresses import is_mail_address
from shared.contracts.notifications import SendMessage
from tests.support import facts
from tests.support.calendar_client import Client, Slot
from tests.support.ical4j import Judge
from tests.support.letters import COMPOSER
from tests.unit.notifications.test_texts import LETTERS, Outline

AT = datetime(2021, 3, 1, 8, tzinfo=UTC)
BO = "bo@kobenhavn.example"
PLAIN = "Ordinært"
HOSTILE = (
    "A\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nUID:x\r\nSUMMARY:y",
    "A\nATTENDEE:mailto:x@y.example",
    "a\r\nBcc: x@y.example\r\n\r\n<script>alert(1)</script>",
    "=?utf-8?q?hi=0D=0ABcc:_evil@x.example?=",
    "=\x00?utf-8?b?CkJjYzogeA==?=",
    'Anna "Ann" O\'Hara; CEO, "^n" <x@y.example>, z',
    "</td></tr></table><script>alert(1)</script><img src=x onerror=y>",
    "{{ 7 * 7 }}{% for a in b %}{# c #}${jndi:x}#set page(width: 1cm)",
    "\u202egnirts\u202c \u200f\u2067abc\u2069",
    "Tom\x00\x07\x1b[31m\x7f\x9b",
    "\u2028\u2029\x85\v\f\x1c",
    "😀👩‍👩‍👧🇩🇰" * 60,
    "e\u0301\u0328\u200d" * 100,
    "ø" * 10_000,
    "lang tekst med ord " * 600,
    "x" * 10_000,
    "\\n\\,\\;\\\\",
    "--=7448bc6ccf781ecdd7e4619dcd08041e=\r\n",
    "\r\n.\r\nQUIT\r\n",
    " ",
    "",
)
TEXT = (
    st.sampled_from(HOSTILE) | st.text(max_size=300) | st.text(alphabet='\r\n:;,\\"^=?<>&{}%\0\u202eAø😀', max_size=80)
)


def a_letter(text: str, method: str = "REQUEST") -> Letter:
    """An invitation, or a cancellation, with this text everywhere where others write."""
    seller = facts.SELLER.model_copy(update={"sender_name": text, "name": text})
    programme = facts.a_programme(title=text, noun=text, seller=seller)
    meeting = facts.a_meeting(title=text, place=text, link=text, kind=text, group=text)
    standing = Standing(programme, meeting, "dated", "uid@forening.example", AT, text)
    guest = Guest("p", text, BO, "participant", text, AT, text)
    template = "invitation" if method == "REQUEST" else "meeting_cancelled"
    step = Step(template, method, guest, 0, AT, 1, whole=True, previous=meeting)  # type: ignore[arg-type] # one of the two
    return letters.calendar_letter(standing, step)


def sent(letter: Letter) -> Mail:
    """With the files that it names, which are kept beside it."""
    files = [Attachment(one["file"], b"%PDF-1.7", "application/pdf") for one in letter.says.get("files", ())]
    return COMPOSER.mail(queue(letter, "/x").after, files)


def parsed(mail: Mail) -> EmailMessage:
    return email.message_from_bytes(mail.content, policy=email.policy.default)  # type: ignore[return-value] # what the policy makes


def body(mail: Mail, kind: str) -> str:
    part = parsed(mail).get_body((kind,))
    assert part is not None
    content: str = part.get_content()
    return content.replace("\r\n", "\n")


def tags(html: str) -> Outline:
    outline = Outline()
    outline.feed(html)
    assert outline.open == []
    return outline


UNSEEN = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
BENIGN = {method: sent(a_letter(PLAIN, method)) for method in ("REQUEST", "CANCEL")}


@settings(deadline=None, max_examples=50)
@given(TEXT, st.sampled_from(sorted(BENIGN)))
@example(HOSTILE[0], "REQUEST")
@example(HOSTILE[2], "REQUEST")
@example(HOSTILE[4], "CANCEL")
@example(HOSTILE[5], "REQUEST")
@example(HOSTILE[8], "REQUEST")
@example(HOSTILE[13], "REQUEST")
def test_an_invitation_says_what_was_said_and_nothing_more(text: str, method: str) -> None:
    mail, benign = sent(a_letter(text, method)), BENIGN[method]
    assert parsed(mail).keys() == parsed(benign).keys()
    assert [part.get_content_type() for part in parsed(mail).walk()] == [
        part.get_content_type() for part in parsed(benign).walk()
    ]
    assert check_mail(mail.content) == []
    client = Client(BO)
    client.take_mail(mail.content)
    ((_, _, slot),) = client.seen.values()
    if method == "REQUEST":
        assert isinstance(slot, Slot)
        assert slot.title == one_line(f"{text} – {text}")
        assert slot.where.startswith(one_line(text))
        assert slot.link == ""
    for kind in ("plain", "html"):
        assert not UNSEEN.search(body(mail, kind))
    found, ordinary = tags(body(mail, "html")), tags(body(benign, "html"))
    assert found.tags <= ordinary.tags
    assert found.links == ordinary.links
    assert one_line(text, 400) in " ".join(body(mail, "plain").split()) or "…" in body(mail, "plain")


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize("method", sorted(BENIGN))
def test_each_known_trick_is_only_text(text: str, method: str) -> None:
    test_an_invitation_says_what_was_said_and_nothing_more.hypothesis.inner_test(text, method)  # type: ignore[attr-defined] # Hypothesis's


@pytest.mark.parametrize("method", sorted(BENIGN))
def test_ical4j_reads_all_of_it_as_the_text_it_is(method: str, ical4j: Judge) -> None:
    for text in HOSTILE:
        entry = a_letter(text, method).calendar
        assert entry is not None
        assert ical4j.findings(ics(entry)) == [], repr(text[:60])


@settings(deadline=None, max_examples=50)
@given(TEXT, TEXT)
@example("x" * 10_000, "x" * 10_000)
def test_a_note_from_another_system_arrives_whole(title: str, text: str) -> None:
    # Taken in by an earlier version, perhaps: the door takes less today.
    said = SendMessage.model_construct(recipient="p", email=BO, about="a", occasion="1", title=title, text=text)
    mail = sent(letters.note(said, facts.PROGRAMME, AT))
    message = parsed(mail)
    assert set(message.keys()) == set(parsed(BENIGN["REQUEST"]).keys())
    assert message["Subject"].split() == (one_line(one_line(title, 400)) or "-").split()
    assert " ".join(lines(text).split()) in " ".join(body(mail, "plain").split())
    assert not UNSEEN.search(body(mail, "plain") + body(mail, "html"))
    assert tags(body(mail, "html")).tags <= tags(body(BENIGN["REQUEST"], "html")).tags | {"p", "br"}


def test_a_note_of_ten_thousand_characters_keeps_every_one_of_them() -> None:
    text = "\n\n".join(f"Afsnit {number}: " + "ord " * 90 for number in range(25))
    assert len(text) > 9_000
    said = SendMessage(recipient="p", email=BO, about="a", occasion="1", title="Nyt", text=text)
    assert " ".join(text.split()) in " ".join(body(sent(letters.note(said, None, AT)), "plain").split())


def spoilt(value: object, text: str) -> object:
    """The same, every text in it replaced; days, instants, addresses and what says nothing are left as they are."""
    if isinstance(value, str):
        return (
            value
            if not value
            or re.fullmatch(r"\d{4}-\d\d-\d\d(T.*)?", value)
            or value in {"virtual", "physical", "hybrid"}
            or is_mail_address(value)
            else text
        )
    if isinstance(value, dict):
        return {key: spoilt(item, text) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [spoilt(item, text) for item in value]
    return value


@settings(deadline=None, max_examples=40)
@given(TEXT, st.sampled_from(sorted(LETTERS)))
def test_no_letter_lets_a_text_out(text: str, name: str) -> None:
    letter = LETTERS[name]
    says = spoilt(letter.says, text)
    assert isinstance(says, dict)
    hostile = replace(letter, says=says, to=replace(letter.to, name=text))
    # The same places are filled in: an answer that may be empty has a line of its own where it is not.
    mail, ordinary = sent(hostile), sent(replace(letter, says=spoilt(letter.says, "Ord")))
    assert set(parsed(mail).keys()) == set(parsed(ordinary).keys())
    assert tags(body(mail, "html")).tags <= tags(body(ordinary, "html")).tags | {"p", "br", "li", "ul", "tr", "td", "a"}
    assert all(link.startswith("https://tovholder.example") for link in tags(body(mail, "html")).links)
    for kind in ("plain", "html"):
        assert not UNSEEN.search(body(mail, kind))


@pytest.mark.parametrize(("number", "name"), list(enumerate(sorted(LETTERS))))
def test_each_letter_keeps_a_known_trick_in(number: int, name: str) -> None:
    kept_in = test_no_letter_lets_a_text_out.hypothesis.inner_test  # type: ignore[attr-defined] # Hypothesis's
    kept_in(HOSTILE[number % len(HOSTILE)], name)
