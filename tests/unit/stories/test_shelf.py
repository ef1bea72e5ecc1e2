"""A programme's whole life is a file in `stories/`, or a program there that writes it while it is played."""

from __future__ import annotations

from datetime import date, time
from pathlib import Path

import pytest
from rich.console import Console

from deploy.local.demo import play
from deploy.local.demo.play import PROGRAMME
from deploy.local.errors import StackError
from deploy.local.locations import ROOT
from deploy.local.stories import shelf
from deploy.local.stories.story import STEP, Together
from shared.contracts.time import local


def test_the_programme_of_the_demo_has_a_story_that_begins_with_sign_ups() -> None:
    assert PROGRAMME in shelf.programmes()
    tale = shelf.of_programme(PROGRAMME)
    assert tale.checked.story.until == local(date(2022, 12, 1), time(9))
    assert [published.at for published in tale.checked.published] == [local(date(2020, 6, 2), time(9))]
    telling = tale.begin()
    assert telling is not None
    first = STEP.validate_python(next(telling))
    assert isinstance(first, Together)
    assert first.at == local(date(2020, 6, 17), time(9, 30))
    again = tale.begin()
    assert again is not None
    assert STEP.validate_python(next(again)) == first, "from the same seed the same story"


def test_every_programme_that_comes_with_the_product_has_a_story() -> None:
    shipped = {file.stem for file in (ROOT / "programmes").glob("*.yaml")}
    assert set(shelf.programmes()) == shipped
    for one in shipped:
        published = shelf.of_programme(one).checked.published
        assert any(f"\nid: {one}\n" in f"\n{told.text}" for told in published), one


def test_a_file_is_a_story_too_and_is_told_by_its_own_steps(tmp_path: Path) -> None:
    (tmp_path / "flere-i-arbejde.yaml").write_text("story: x\nclock: 2016-09-01 08:00\n", encoding="utf-8")
    (tmp_path / "not-a-programme.yaml").write_text("story: y\nclock: 2016-09-01 08:00\n", encoding="utf-8")
    assert shelf.programmes(tmp_path) == ["flere-i-arbejde"]
    tale = shelf.of_programme("flere-i-arbejde", tmp_path)
    assert (tale.checked.story.story, tale.begin()) == ("x", None)


def test_who_does_something_is_known_before_a_programme_is_played(tmp_path: Path) -> None:
    head = "story: x\nclock: 2016-09-01 08:00\nsteps:\n"
    steps = "  - {by: Åse, call: GET /a}\n  - {by: Bo, kill: invoicing}\n"
    (tmp_path / "flere-i-arbejde.yaml").write_text(head + steps, encoding="utf-8")
    tale = shelf.of_programme("flere-i-arbejde", tmp_path)
    running = play.stack(tmp_path / "d", "auto", tale.checked.story.clock, Console(), callers=tale.callers)
    assert running.callers == ["aase", "bo"]
    (tmp_path / "gode_overgange.py").write_text(
        "from deploy.local.stories.story import Story\n"
        "STORY = Story(story='x', clock='2016-09-01 08:00')\n"
        "CALLERS = ('Fie', 'Gorm')\n"
        "def telling():\n"
        "    yield from ()\n",
        encoding="utf-8",
    )
    assert shelf.of_programme("gode-overgange", tmp_path).callers == ("Fie", "Gorm")


def test_a_programme_without_a_story_is_said_with_those_that_have_one(tmp_path: Path) -> None:
    with pytest.raises(StackError, match=f"ingen historie om uden-historie i .*Der er: .*{PROGRAMME}"):
        shelf.of_programme("uden-historie")
    with pytest.raises(StackError, match="Der er: ingen"):
        shelf.of_programme("uden-historie", tmp_path)
