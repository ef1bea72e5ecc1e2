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
