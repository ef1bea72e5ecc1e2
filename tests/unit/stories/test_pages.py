"""A page is read as a person meets it: what it says, where one can go, and what its form takes."""

from __future__ import annotations

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
        "_key": "k1",
        "name": "",
        "note": "",
        "kommune": "0751",
        "level": "Chef",
        "go": "1",
    }
    sent = page.form.filled({"name": "Bo", "level": "Leder", "accepted": True, "plain": True, "kommune": ""})
    assert sent["accepted"] == "100000"
    assert (sent["name"], sent["level"], sent["plain"], sent["kommune"]) == ("Bo", "Leder", "on", "")
    assert "level" not in page.form.filled({"level": False})


def test_nobody_fills_in_what_is_not_on_the_page(page: Page) -> None:
    assert page.form is not None
    with pytest.raises(
        CannotDoError, match=r"ikke feltet navn. Den har: name, note, kommune, level, accepted, plain, go."
    ):
        page.form.filled({"navn": "Bo"})
    with pytest.raises(CannotDoError, match=r"I feltet level kan man ikke vælge Minister. Man kan vælge: Leder, Chef."):
        page.form.filled({"level": "Minister"})


def test_a_page_without_a_form_and_one_that_is_no_html_are_pages_too() -> None:
    assert Page("http://x.example/", "<p>Intet</p>").form is None
    assert Page("http://x.example/", "<<<>&;").text
    itself = Page("http://x.example/a", "<form method=post></form>").form
    assert itself is not None
    assert itself.action == "http://x.example/a"
