"""A page is read as a person meets it: what it says, where one can go, and what its form takes."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest

from deploy.local.stories.pages import CannotDoError, Page

PAGE = """<!doctype html><html><head><title>Tilmeld: <b>møde</b></title><style>p { x }</style></head><body>
<h1>Tilmeld</h1><script>var x = "<form>"</script>
<a href="/deltagere/abc/m1">Tilmeld deltagere<span> til 1. møde</span></a><a name="x">intet</a>
<form method="get"><input name="q"></form>
<form method="post" action="/deltagere/abc/m1">
  <input type="hidden" name="_key" value="k1"><input name="name" value="">
  <textarea name="note">gammel</textarea>
  <select name="kommune"><option value="">Vælg</option><option value="0751" selected>Aarhus</option></select>
  <input type="radio" name="level" value="Leder"><input type="radio" name="level" value="Chef" checked>
  <input type="checkbox" name="accepted" value="100000"><input type="checkbox" name="plain">
  <button name="go" value="1">Send</button>
</form>
<form method="post"><input name="another"></form></body></html>"""


@pytest.fixture
def page() -> Page:
    return Page("http://here.example/deltagere/abc", PAGE)


def test_a_page_has_a_title_a_text_and_links(page: Page) -> None:
    assert page.title == "Tilmeld: møde"
    assert page.text.startswith("Tilmeld Tilmeld deltagere til 1. møde")
    assert "var x" not in page.text
    assert page.link("til 1. møde") == "http://here.example/deltagere/abc/m1"
    with pytest.raises(CannotDoError, match=r"intet link «2. møde». Den har: Tilmeld deltagere til 1. møde."):
        page.link("2. møde")


def test_a_form_is_sent_with_what_it_has_and_what_is_filled_in(page: Page) -> None:
    assert page.form is not None
    assert page.form.action == "/deltagere/abc/m1"
    assert page.form.filled({}) == {
        "_key": ["k1"],
        "name": [""],
        "note": ["gammel"],
        "kommune": ["0751"],
        "level": ["Chef"],
        "go": ["1"],
    }
    sent = page.form.filled({"name": "Bo", "level": "Leder", "accepted": True, "plain": True, "kommune": ""})
    assert sent["accepted"] == ["100000"]
    assert (sent["name"], sent["level"], sent["plain"], sent["kommune"]) == (["Bo"], ["Leder"], ["on"], [""])
    assert "level" not in page.form.filled({"level": False})


def test_nobody_fills_in_what_is_not_on_the_page(page: Page) -> None:
    assert page.form is not None
    with pytest.raises(
        CannotDoError, match=r"ikke feltet navn. Den har: name, note, kommune, level, accepted, plain, go."
    ):
        page.form.filled({"navn": "Bo"})
    with pytest.raises(CannotDoError, match=r"I feltet level kan man ikke vælge Minister. Man kan vælge: Leder, Chef."):
        page.form.filled({"level": "Minister"})


LISTS = """<form method="post">
  <input type="checkbox" name="lines" value="c1" checked><input type="checkbox" name="lines" value="c2" checked>
  <input type="checkbox" name="lines" value="c3">
  <input name="ean" value="1"><input name="ean" value="2"><input name="off" value="x" disabled>
  <select name="roller" multiple><option>Leder<option selected>Chef <option value="s" selected>Stab</select>
  <select name="valg"><option value="" disabled selected>Vælg</option><option>Ja</option></select>
  <select name="sprog"><option disabled>Andet<option>Dansk<option>English</select>
  <textarea name="reason">
\nFor meget &amp; for\r\nlidt</textarea>
  <button type="button" name="hjaelp" value="1">?</button>
  <button>Send</button><button name="gem" value="kladde">Gem</button><input type="submit" name="gem" value="ny">
</form>"""


def test_all_of_a_name_are_sent_as_a_browser_sends_them() -> None:
    form = Page("http://here.example/", LISTS).form
    assert form is not None
    assert form.filled({}) == {
        "lines": ["c1", "c2"],
        "ean": ["1", "2"],
        "roller": ["Chef", "s"],
        "sprog": ["Dansk"],
        "reason": ["\r\nFor meget & for\r\nlidt"],
    }, "the first button has no name, and no other is pressed"
    sent = form.filled({"lines": ["c1", "c3"], "roller": [], "reason": "a\nb", "gem": "ny"})
    assert (sent["lines"], sent["reason"], sent["gem"]) == (["c1", "c3"], ["a\r\nb"], ["ny"])
    assert "roller" not in sent
    assert form.filled({"lines": "c3"})["lines"] == ["c3"]
    assert "lines" not in form.filled({"lines": False})


@pytest.mark.parametrize(
    ("wanted", "why"),
    [
        ({"lines": ["c1", "c4"]}, "I feltet lines kan man ikke vælge c4. Man kan vælge: c1, c2, c3."),
        ({"lines": True}, "Feltet lines har flere valg. Skriv hvilke: c1, c2, c3."),
        ({"valg": ["Ja", "Ja"]}, "Feltet valg tager én værdi, ikke 2."),
        ({"gem": "andet"}, "I feltet gem kan man ikke vælge andet. Man kan vælge: kladde, ny."),
        ({"hjaelp": True}, "Formularen har ikke feltet hjaelp."),
    ],
)
def test_what_a_field_does_not_take_is_said(wanted: dict[str, Any], why: str) -> None:
    form = Page("http://here.example/", LISTS).form
    assert form is not None
    with pytest.raises(CannotDoError, match=re.escape(why)):
        form.filled(wanted)


async def test_ticked_boxes_are_on_their_way_one_by_one() -> None:
    sent = httpx.Request("POST", "http://here.example/", data={"lines": ["c1", "c2"], "reason": ["x"]})
    assert sent.content == b"lines=c1&lines=c2&reason=x"


def test_a_page_without_a_form_and_one_that_is_no_html_are_pages_too() -> None:
    assert Page("http://x.example/", "<p>Intet</p>").form is None
    assert Page("http://x.example/", "<<<>&;").text
    itself = Page("http://x.example/a", "<form method=post></form>").form
    assert itself is not None
    assert itself.action == "http://x.example/a"
