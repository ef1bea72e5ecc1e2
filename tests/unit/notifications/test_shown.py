"""What staff type to find a mail, and what they are never shown of one."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from services.notifications.adapters.texts import Words
from services.notifications.domain.message import lapse
from services.notifications.domain.shown import CUT, GROUPS, SoughtMail, sought_mail, standing, without_own_links
from shared.base.links import sign
from tests.unit.notifications.test_message import a_code_mail

URL = "https://tovholder.example"
TOKEN = sign(b"k" * 32, "standing", "e-1\np-1\n7")


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("", SoughtMail()),
        ("  <0f3d6a928e174c6da2b895e4c07d1b34@by.example> ", SoughtMail(digest="0f3d6a928e174c6da2b895e4c07d1b34")),
        ("0f3d6a928e174c6da2b895e4c07d1b34", SoughtMail(digest="0f3d6a928e174c6da2b895e4c07d1b34")),
        (
            "0f3d6a92-8e17-4c6d-a2b8-95e4c07d1b34",
            SoughtMail(message_id="0f3d6a92-8e17-4c6d-a2b8-95e4c07d1b34"),
        ),
        ("Karen@By.example", SoughtMail(address="karen@by.example")),
        ("Plads: bekræftet & (mere)", SoughtMail(words=("plads", "bekræftet", "mere"))),
        ("'; DROP | ! <-> *", SoughtMail(words=("drop",))),
    ],
)
def test_what_is_typed_is_an_address_an_id_or_words(typed: str, found: SoughtMail) -> None:
    asked = sought_mail(typed)
    assert (asked.digest, asked.message_id, asked.address, asked.words) == (
        found.digest,
        found.message_id,
        found.address,
        found.words,
    )
    assert asked.is_empty == (typed == "")


@pytest.mark.parametrize(
    "text",
    [
        f"Se {URL}/plads/{TOKEN}.",
        f"Se /plads/{TOKEN} eller {URL}/deltagere/{TOKEN}/hold?a=1",
        f'<a href="{URL}/plads/{TOKEN}">{URL}/plads/{TOKEN}</a>',
        TOKEN,
    ],
)
def test_no_address_of_ours_and_no_key_is_left(text: str) -> None:
    cut = without_own_links(text, URL)
    assert URL not in cut
    assert TOKEN.partition(".")[2] not in cut
    assert CUT in cut


def test_other_addresses_stay_as_they_are() -> None:
    text = f"Se https://example.org/a.html, {URL}.other.example/x og {URL}ly.example"
    assert without_own_links(text, URL) == text


def test_a_link_becomes_its_words_and_nothing_leads_anywhere() -> None:
    texts = Words(URL, CUT).write("note", "Hej", {"title": "T", "text": "x", "page": f"/plads/{TOKEN}", "over": False})
    cut = without_own_links(texts.html, URL)
    # Whoever reads it sees the button, in its own colours.
    assert re.search(r"<span [^>]*color:#ffffff[^>]*>Se jeres tilmelding, ret den eller meld fra</span>", cut)
    assert "href" not in cut
    assert f"rediger:\n{CUT}" in texts.plain or CUT in texts.plain


def test_an_address_in_a_text_to_many_is_a_link_without_what_stands_behind_it() -> None:
    says = {"title": "T", "text": "Se (https://example.org/a?b=c), og ikke javascript:x eller https://"}
    texts = Words(URL).write("written", "Hej", {**says, "organisation": "By"})
    assert (
        '<a class="link" href="https://example.org/a?b=c" style="color:#0059b3">https://example.org/a?b=c</a>),'
        in texts.html
    )
    assert texts.html.count("<a ") == 1


def test_nobody_is_said_to_have_decided_about_a_code_that_came_too_late() -> None:
    late = lapse(a_code_mail(), datetime(2100, 1, 1, tzinfo=UTC))
    assert late is not None
    assert standing(late.after) == "Ikke sendt: koden kunne ikke bruges længere"
    assert standing(replace(late.after, reply=None)) == "Afgjort: den bliver ikke sendt"
    assert [one.word for one in GROUPS if "settled" in one.states] == ["Sendes ikke"]
