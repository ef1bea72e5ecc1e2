"""Browsers are told of no file that is not there."""

from __future__ import annotations

from pathlib import Path

from deploy.local.assets import keep_served_fonts

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
