"""What the pages for people say about the tree is so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from deploy.local.locations import ROOT

PAGES = (
    "CONTRIBUTING.md",
    "README.md",
    "SECURITY.md",
    *sorted(str(one.relative_to(ROOT)) for one in ROOT.glob("docs/*.md")),
)
NAMED = re.compile(r"`((?:services|shared|deploy|docs|tests|bench|programmes)/[a-z0-9_./<>-]*|[a-z0-9_/-]+\.py)`")


def missing(text: str) -> list[str]:
    """Files that are named and not there. Within a paragraph a path may go on from a folder named before it."""
    lost = []
    for paragraph in text.split("\n\n"):
        folders = [ROOT]
        for name in NAMED.findall(paragraph):
            pattern = name.replace("<name>", "*").replace("<id>", "*").rstrip("/")
            found = [one for folder in folders for one in folder.glob(pattern)]
            if found:
                folders += {part for one in found for part in (one, *one.parents) if ROOT in part.parents}
            else:
                lost.append(name)
    return lost


@pytest.mark.parametrize("page", PAGES)
def test_every_file_that_is_named_is_there(page: str) -> None:
    assert missing((ROOT / page).read_text(encoding="utf-8")) == []


def test_a_file_that_is_not_there_is_seen() -> None:
    there = "In `services/scheduling/`: `usecases/hold_meetings.py` → `domain/meeting.py`, and `usecases/no_such.py`."
    assert missing(there + "\n\n`domain/meeting.py`") == ["usecases/no_such.py", "domain/meeting.py"]
    assert Path(__file__).is_relative_to(ROOT)


ASK_THE_DOOR = {"own_link", "sign_up", "mailed_links", "book_edit", "book_import"}
"""Of the pages of `enrollment`: what is behind a link of somebody's own asks for a code first, and the others are forms
that anybody may send, links that are the answer of a mailbox, and staff's.
"""


def test_nothing_behind_a_link_of_ones_own_is_changed_without_a_code() -> None:
    pages = ROOT / "services" / "enrollment" / "pages"
    asking = {path.stem for path in pages.glob("*.py") if "door.submit(" in path.read_text(encoding="utf-8")}
    assert {one for one in asking if not one.startswith("staff_")} <= ASK_THE_DOOR
    routes = (ROOT / "services" / "enrollment" / "entrypoints" / "pages.py").read_text(encoding="utf-8")
    table = routes.split("def _for_people_outside")[1]
    behind = r"_(STANDING|OPTION|QUOTE|PARTICIPANTS|TEAM|MEETING|SEAT|PLACE|GUEST)\b|/fakturaoplysninger/"
    own = [line for line in table.splitlines() if re.search(behind, line)]
    lines = [line for line in own if "(" in line and " = " not in line]
    assert len(lines) > 30
    assert [line for line in lines if not line.strip().startswith("own(")] == []
