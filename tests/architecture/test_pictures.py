"""The pictures of pages: all there, small, and in README with words for whoever cannot see them.

That the pages still have the headings that they had is seen to by the walk (`tests/browser/test_every_page.py`).
"""

from __future__ import annotations

import json
import re
import struct

from deploy.local.locations import ROOT

PICTURES = ROOT / "docs" / "pictures"
LARGEST_BYTES = 150_000
HELP = ROOT / "shared" / "web" / "static" / "hjaelp"
LARGEST_IN_HELP_BYTES = 60_000
NAMES = sorted(json.loads((PICTURES / "headings.json").read_text(encoding="utf-8")))


def test_each_page_is_there_on_a_desk_and_on_a_phone_and_no_picture_is_large() -> None:
    found = {path.name: path.stat().st_size for path in PICTURES.glob("*.png")}
    assert set(found) == {f"{name}-{width}.png" for name in NAMES for width in (1280, 390)}
    assert not {name: size for name, size in found.items() if size > LARGEST_BYTES}


def test_readme_shows_four_of_them_and_says_what_they_show() -> None:
    shown = re.findall(r"!\[([^\]]*)\]\(docs/pictures/([^)]+)\)", (ROOT / "README.md").read_text(encoding="utf-8"))
    assert len(shown) == 4
    for says, name in shown:
        assert (PICTURES / name).exists(), name
        assert len(says) > 20, name


def test_help_shows_what_the_walk_has_made_and_nothing_else_lies_there() -> None:
    """A picture that the walk makes anew is made anew for the help too; each says what it shows."""
    calls = [
        call
        for path in (ROOT / "services" / "enrollment" / "templates").glob("help_*.html")
        for call in re.findall(r'billede\("([^"]*)", "([^"]*)"\)', path.read_text(encoding="utf-8"))
    ]
    assert calls
    assert {path.name for path in HELP.iterdir()} == {f"{name}.png" for name, _ in calls}
    for name, says in calls:
        assert name in NAMES
        picture = (HELP / f"{name}.png").read_bytes()
        assert picture == (PICTURES / f"{name}-390.png").read_bytes(), name
        assert len(picture) <= LARGEST_IN_HELP_BYTES, name
        assert struct.unpack(">II", picture[16:24]) == (390, 844), name
        assert len(says) > 20, name
