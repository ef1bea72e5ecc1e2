"""Browsers are told of no file that is not there."""

from __future__ import annotations

import re
from pathlib import Path

from deploy.local.assets import OTHER_LETTERS, keep_served_fonts
from deploy.local.locations import ROOT

FACE = "@font-face{font-family:Plex;src:%s}body{src:url(a.woff)}"


def test_only_the_kind_of_font_that_is_served_is_named(tmp_path: Path) -> None:
    style = tmp_path / "style.css"
    style.write_text(FACE % 'url(a.eot),url(a.woff) format("woff"),url(a.woff2) format("woff2"),url(a.ttf) format("t")')
    keep_served_fonts(style)
    assert style.read_text() == FACE % 'url(a.woff2) format("woff2")'


def test_a_font_of_another_kind_alone_is_left_as_it_is(tmp_path: Path) -> None:
    style = tmp_path / "style.css"
    style.write_text(FACE % "url(a.ttf)")
    keep_served_fonts(style)
    assert style.read_text() == FACE % "url(a.ttf)"


def letters(text: str) -> set[int]:
    found: set[int] = set()
    for first, last in re.findall(r"U\+([0-9A-F]+)(?:-([0-9A-F]+))?", text):
        found |= set(range(int(first, 16), int(last or first, 16) + 1))
    return found


def test_every_letter_is_in_the_small_font_or_in_the_whole_one_and_the_image_says_the_same(tmp_path: Path) -> None:
    style = tmp_path / "style.css"
    style.write_text(
        '@font-face{font-family:IBM Plex Sans;font-style:normal;font-weight:700;src:url(a.woff2) format("woff2")}'
    )
    keep_served_fonts(style)
    assert f"font-weight:700;unicode-range:{OTHER_LETTERS};src:" in style.read_text()
    ours = (ROOT / "shared" / "web" / "static" / "tovholder.css").read_text(encoding="utf-8")
    (small,) = set(re.findall(r"unicode-range: ([^;]+);", ours))
    assert letters(small) & letters(OTHER_LETTERS) == set()
    assert letters(small) | letters(OTHER_LETTERS) == set(range(0x110000))
    assert f"unicode-range:{OTHER_LETTERS};" in (ROOT / "deploy" / "Dockerfile").read_text(encoding="utf-8")
