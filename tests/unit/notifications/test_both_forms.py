"""A letter says the same as text and as HTML, and both are made so that every mail program shows them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.notifications.adapters.composer import Composer
from services.notifications.adapters.texts import TEMPLATES, Texts
from services.notifications.domain import letters
from services.notifications.domain.calendar.entry import Mailbox
from services.notifications.domain.colours import HOUSE
from services.notifications.domain.digest import (
    MOST_LINES,
    MOST_PROGRAMMES,
    SECTIONS,
    Line,
    Section,
    general_part,
    most_of_each,
    part,
)
from services.notifications.domain.letter import Letter
from services.notifications.domain.message import queue
from services.notifications.domain.samples import OWNER, calendar_letters, receipt_letter, waiting_letter
from services.notifications.domain.text import one_line
from shared.contracts.colours import ENOUGH, contrast
from shared.contracts.danish import MONTHS
from shared.contracts.notifications import SendMessage
from tests.support import facts
from tests.unit.notifications.test_hostile_texts import TEXT, spoilt
from tests.unit.notifications.test_texts import AT, LETTERS, LONGEST_LINE, STORED_BEFORE, WORDS, texts_of

HOST = "https://tovholder.example"
SAMPLES = {**calendar_letters(), "receipt": receipt_letter(), "waiting": waiting_letter()}
GMAIL_CUTS_AT = 100_000
PREVIEWED = 160


class Mail(HTMLParser):
    """What a mail program shows of the body, and what it is made of."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.preheader = ""
        self.styles: list[str] = []
        self.tags: list[tuple[str, dict[str, str]]] = []
        self._open: list[tuple[str, bool]] = []
        self._in_body = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.tags.append((tag, given))
        self._in_body |= tag == "body"
        if tag not in {"meta", "br"}:
            self._open.append((tag, "hidden" in given))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop()[0] == tag

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1][0] == "style":
            self.styles.append(data)
        elif any(hidden for _, hidden in self._open):
            self.preheader += data
        elif self._in_body:
            self.words.append(data)

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attrs for name, attrs in self.tags if name == tag]

    @property
    def buttons(self) -> int:
        return sum(attrs.get("class") == "button" for attrs in self.all("td"))


def spoken(text: str) -> list[str]:
    """The words, whatever marks a heading, a point of a list or a label in one of the forms."""
    words = (word.rstrip(":").casefold() for word in text.split())
    return [word for word in words if word not in {"", "-", "--"}]


def sender_of(says: dict[str, Any]) -> str:
    programme = says.get("programme")
    return programme["seller"]["sender_name"] if programme else ""


def says_of(letter: Letter) -> dict[str, Any]:
    return {**letter.says, "programme": letter.programme.model_dump(mode="json") if letter.programme else None}


def assert_both_say_the_same(texts: Texts, sender: str) -> None:
    """The mail says in its headers who it is from and what about; both stand above the letter as HTML."""
    assert spoken(" ".join(Mail(texts.html).words)) == spoken(f"{sender}\n{texts.subject}\n{texts.plain}")


def written() -> Iterator[tuple[str, Texts, dict[str, Any]]]:
    for name, letter in LETTERS.items():
        yield name, texts_of(letter), says_of(letter)
    composer = Composer(WORDS, Mailbox("", ""))
    for name, letter in SAMPLES.items():
        message = queue(letter, OWNER).after
        yield f"sample-{name}", composer.texts(message), message.says
    for number, stored in enumerate(STORED_BEFORE):
        texts = WORDS.write(stored["template"], stored["greeting"], stored["says"])
        yield f"released-{number}-{stored['letter']}", texts, stored["says"]


ALL = {name: (texts, says) for name, texts, says in written()}


@pytest.mark.parametrize("name", ALL)
def test_the_html_says_word_for_word_what_the_text_says(name: str) -> None:
    texts, says = ALL[name]
    assert_both_say_the_same(texts, sender_of(says))


@settings(deadline=None, max_examples=40)
@given(TEXT, st.sampled_from(sorted(LETTERS)))
def test_both_say_the_same_whatever_was_typed(text: str, name: str) -> None:
    letter = LETTERS[name]
    says = spoilt(says_of(letter), text)
    assert isinstance(says, dict)
    texts = WORDS.write(letter.template, f"Kære {text}", {**says, "name": text})
    assert_both_say_the_same(texts, one_line(sender_of(says), 400))


@pytest.mark.parametrize("name", ALL)
def test_a_list_of_mails_shows_how_the_letter_begins(name: str) -> None:
    texts, _ = ALL[name]
    shown = Mail(texts.html).preheader
    _, _, after = texts.plain.partition("\n\n")
    beginning = " ".join(after.split())
    assert 0 < len(shown) <= PREVIEWED
    assert beginning.startswith(shown.removesuffix("…"))
    assert shown[-1] in ".?…" or "note" in name


@pytest.mark.parametrize("name", ALL)
def test_a_letter_has_one_button_and_the_address_beneath_each_link(name: str) -> None:
    mail = Mail(ALL[name][0].html)
    links = [attrs["href"] for attrs in mail.all("a")]
    assert mail.buttons == min(1, len(links))
    shown = " ".join(mail.words).split()
    for link in links:
        assert link in shown


@pytest.mark.parametrize("name", ALL)
def test_nothing_is_fetched_and_nothing_leads_elsewhere(name: str) -> None:
    texts, says = ALL[name]
    mail = Mail(texts.html)
    for tag, attrs in mail.tags:
        assert not attrs.keys() & {"src", "srcset", "background", "poster", "data", "action", "id", "onclick"}, tag
        assert "url(" not in attrs.get("style", "")
    (sheet,) = mail.styles
    assert "url(" not in sheet
    assert "@import" not in sheet
    assert texts.html.index("</style>") < texts.html.index("</head>")
    for link in mail.all("a"):
        assert link["href"].startswith(f"{HOST}/")
    # Where a meeting is held online is a text beside its time, and no link of ours.
    online = {(says.get(meeting) or {}).get("link") for meeting in ("meeting", "previous", "told")}
    for address in re.findall(r"[a-z]+://\S+", texts.plain):
        assert address.startswith(f"{HOST}/") or address in online, address


@pytest.mark.parametrize("name", ALL)
def test_every_mail_program_can_show_it(name: str) -> None:
    texts, _ = ALL[name]
    mail = Mail(texts.html)
    assert [attrs["lang"] for attrs in mail.all("html")] == ["da"]
    assert len(mail.all("h1")) == len(mail.all("title")) == 1
    named = {attrs.get("name"): attrs.get("content") for attrs in mail.all("meta")}
    assert named["color-scheme"] == named["supported-color-schemes"] == "light dark"
    data = sum(attrs.get("role") != "presentation" for attrs in mail.all("table"))
    assert bool(data) == bool(mail.all("th"))
    assert all(attrs["scope"] == "row" for attrs in mail.all("th"))
    # Whatever the sheet of styles says beyond dark mode would be lost where it is taken away.
    sheet = mail.styles[0]
    assert sheet.index("@media (prefers-color-scheme: dark)") < sheet.index(".page")
    assert all(attrs.get("style") for tag, attrs in mail.tags if tag in {"p", "a", "h1", "h2", "ul", "td", "th"})
    assert len(texts.html.encode()) <= GMAIL_CUTS_AT


@pytest.mark.parametrize("name", ALL)
def test_no_line_of_the_text_is_longer_than_a_screen(name: str) -> None:
    for line in ALL[name][0].plain.splitlines():
        assert len(line) <= LONGEST_LINE or " " not in line.strip(), line
        assert line == line.rstrip()


RAW = re.compile(
    r"\{\{|\{%|\}\}|%\}|\bNone\b|\bTrue\b|\bFalse\b|\bundefined\b|Undefined|<[a-z/]|&[a-z#0-9]+;|\[\]|datetime"
)
ISO = re.compile(r"\b\d{4}-\d\d(-\d\d)?\b|\b\d\d?:\d\d\b")
AMOUNT = re.compile(r"-?\d{1,3}(\.\d{3})*,\d\d kr\.")
DAY = re.compile(rf"([1-9]|[12]\d|3[01])\. ({'|'.join(MONTHS)}) \d{{4}}")


@pytest.mark.parametrize("name", ALL)
def test_amounts_and_days_are_written_as_the_danish_write_them(name: str) -> None:
    texts, _ = ALL[name]
    said = re.sub(r"https://\S+", "", f"{texts.subject} {' '.join(texts.plain.split())}")
    assert not RAW.search(said), RAW.search(said)
    assert not ISO.search(said), ISO.search(said)
    assert said.count(" kr.") == sum(1 for _ in AMOUNT.finditer(said))
    assert len(re.findall(rf"\b({'|'.join(MONTHS)})\b", said)) == sum(1 for _ in DAY.finditer(said))


ORDINARY = {"title": "Netværk om unge", "organisation": "Vejle Kommune"}


@pytest.mark.parametrize("name", LETTERS)
def test_a_subject_fits_into_a_list_of_mails_where_its_names_do(name: str) -> None:
    letter = LETTERS[name]
    says = {key: ORDINARY.get(key, value) for key, value in letter.says.items()}
    programme = None if letter.programme is None else letter.programme.model_copy(update={"title": ORDINARY["title"]})
    subject = texts_of(replace(letter, says=says, programme=programme)).subject
    assert len(subject) <= LONGEST_LINE, subject


def test_the_layout_of_neither_form_has_words_of_its_own() -> None:
    for form in ("text", "html"):
        source = (TEMPLATES / "layout" / f"{form}_parts.j2").read_text(encoding="utf-8")
        bare = re.sub(r"\{[{%#].*?[}%#]\}|<style>.*?</style>|<!--.*?-->|<[^>]*>", " ", source, flags=re.DOTALL)
        assert re.findall(r"\w{2,}", bare) == [], form


def test_the_fullest_letters_are_not_cut_short() -> None:
    text = "\n\n".join(["lang tekst med ord " * 20] * 25)[:10_000]
    said = SendMessage(recipient="p", email="p@k.example", about="a", occasion="1", title="Nyt", text=text)
    assert len(texts_of(letters.note(said, facts.PROGRAMME, AT)).html.encode()) <= GMAIL_CUTS_AT
    kinds = list(SECTIONS)[:4]
    most = most_of_each(MOST_PROGRAMMES * (len(kinds) + 1))
    line = Line("Københavns Kommune: med forbehold for politisk godkendelse, svar ventes 1. februar 2021", 1)
    parts = [
        part(
            f"Netværk om den kommunale ungeindsats {number}",
            [Section(str(number), kind, 900) for kind in kinds],
            {(str(number), kind): [line] * most for kind in kinds},
        )
        for number in range(MOST_PROGRAMMES)
    ]
    general = general_part(
        [Section(None, kind, 900) for kind in ("failed",)],
        {(None, kind): [line] * MOST_LINES for kind in ("failed",)},
    )
    says = {
        "day": "2021-02-01",
        "parts": [general, *parts],
        "answerable": False,
        "programme": says_of(LETTERS["note"])["programme"],
    }
    texts = WORDS.write("digest", "Godmorgen", says)
    assert texts.plain.count("svar ventes") > MOST_PROGRAMMES * len(kinds)
    assert len(texts.html.encode()) <= GMAIL_CUTS_AT


LOOKS: dict[str, tuple[Any, str]] = {
    "none": (None, HOUSE.colour),
    "own": ({"colour": "#005a8c", "text": "white"}, "#005a8c"),
    "light, with black": ({"colour": "#ffcc00", "text": "black"}, "#ffcc00"),
    "light, with white": ({"colour": "#ffcc00", "text": "white"}, HOUSE.colour),
    "one that breaks out": ({"colour": '#005a8c;background:url(//x)"><script>', "text": "white"}, HOUSE.colour),
    "no colour": ({"colour": "red"}, HOUSE.colour),
    "no look": ("#005a8c", HOUSE.colour),
    "of a later version": ({"colour": "#005a8c", "text": "white", "logo": "x"}, "#005a8c"),
}


@pytest.mark.parametrize("name", LOOKS)
def test_a_letter_has_the_colours_of_its_programme_where_they_can_be_read(name: str) -> None:
    look, colour = LOOKS[name]
    letter = LETTERS["invited"]
    mail = Mail(WORDS.write(letter.template, "Goddag", {**says_of(letter), "look": look}).html)
    (button,) = [attrs["style"] for attrs in mail.all("td") if attrs.get("class") == "button"]
    (link,) = [attrs["style"] for attrs in mail.all("a")]
    assert f"background-color:{colour};" in button
    ink = re.search(r";color:(#[0-9a-f]{6})", link)
    assert ink is not None
    assert contrast(colour, ink[1]) >= ENOUGH
    (bar,) = [attrs["style"] for attrs in mail.all("td") if attrs.get("class") == "sender"]
    assert f"border-bottom:4px solid {colour};" in bar
    assert "script" not in {tag for tag, _ in mail.tags}


def test_the_look_changes_no_word() -> None:
    letter = LETTERS["invited"]
    plain, coloured = (
        WORDS.write(letter.template, "Goddag", {**says_of(letter), "look": look})
        for look in (None, {"colour": "#ffcc00", "text": "black"})
    )
    assert (plain.subject, plain.plain) == (coloured.subject, coloured.plain)
    assert Mail(plain.html).words == Mail(coloured.html).words
    assert plain.html != coloured.html
