"""What came of stories is shown to people side by side, and told to programs as JUnit and JSON."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Self
from xml.etree import ElementTree as ET

import httpx
import pytest
from rich.console import Console

from deploy.local.errors import StackError
from deploy.local.simulation import NeverQuietError
from deploy.local.stories import playing, report
from deploy.local.stories.checking import Checked, check_text
from deploy.local.stories.expectations import Line, Result, Verdict
from deploy.local.stories.player import Played, StopStory, broken
from deploy.local.stories.theatre import NotEmptiedError

CHECKED = check_text("story: En prøve\nclock: 2020-06-02 08:00\n", "s.yaml", Path())
FINE = Result(
    "EnrolMunicipality", "s.yaml:3", 3, "2020-06-02 08:00", Verdict((Line("svaret", "ja", "ja", holds=True),))
)
WRONG = Result(
    "mails: to = bo@k.example",
    "s.yaml:9",
    9,
    "2020-06-03 08:00",
    Verdict((Line("antal", "2", "1", holds=False),), ("passer: «Tilmeldt\x07 <b>»",)),
)
FACTS = [{"type": "tovholder.a.B.v1"}, {"type": "tovholder.a.B.v1"}]
HELD = Played(CHECKED, [FINE], FACTS, 1.25, 4)
FAILED = Played(CHECKED, [FINE, WRONG], [], 0.5, 1)
CUT_SHORT = Played(CHECKED, [FINE], [], 0.5, 1, "not quiet after 120 s")


def printed(played: Played) -> str:
    out = io.StringIO()
    report.show(Console(file=out, width=100), played)
    return out.getvalue()


def test_what_held_is_one_line_and_what_did_not_shows_both_sides() -> None:
    assert printed(HELD) == "✓ En prøve  s.yaml: 1 svar og forventninger, 4 spring, 1.2 s\n"
    lines = printed(FAILED).splitlines()
    assert lines[0].startswith("✗ En prøve")
    assert lines[1].split() == ["s.yaml:9", "2020-06-03", "08:00", "mails:", "to", "=", "bo@k.example"]
    assert lines[2].split() == ["Ventet", "Fundet"]
    assert lines[3].split() == ["antal", "2", "1"]
    assert "passer: «Tilmeldt" in lines[4]
    assert "Historien stopper her. not quiet after 120 s" in printed(CUT_SHORT)


def test_the_last_line_counts() -> None:
    assert report.sentence([HELD]) == "1 historie spillet, alle som ventet."
    assert report.sentence([HELD, FAILED, CUT_SHORT]) == "3 historier spillet, 2 ikke som ventet."


def test_junit_has_a_suite_a_story_and_a_failure_with_both_sides() -> None:
    root = ET.fromstring(report.as_junit([HELD, FAILED, CUT_SHORT]))  # noqa: S314  (our own)
    held, failed, cut_short = root
    assert (held.get("tests"), held.get("failures"), held.get("time")) == ("1", "0", "1.250")
    assert (failed.get("tests"), failed.get("failures")) == ("2", "1")
    failure = failed[1].find("failure")
    assert failure is not None
    assert failure.get("message") == "antal: 1"
    assert failure.text is not None
    assert "       Ventet  Fundet\nantal  2       1\npasser: «Tilmeldt� <b>»" in failure.text
    assert failed[1].get("file") == "s.yaml"
    assert failed[1].get("line") == "9"
    assert cut_short.get("errors") == "1"
    assert cut_short[1][0].get("message") == "not quiet after 120 s"


def test_json_says_all_of_it() -> None:
    held, failed, cut_short = json.loads(report.as_json([HELD, FAILED, CUT_SHORT]))
    assert (held["holds"], held["facts"]) == (True, {"tovholder.a.B.v1": 2})
    assert failed["results"][1]["lines"] == [{"what": "antal", "expected": "2", "found": "1", "holds": False}]
    assert (failed["holds"], cut_short["holds"], cut_short["ended"]) == (False, False, "not quiet after 120 s")


def test_nothing_is_started_for_stories_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(playing, "Theatre", None)
    (tmp_path / "good.yaml").write_text("story: x\nclock: 2020-06-02 08:00\n", encoding="utf-8")
    (tmp_path / "wrong.yaml").write_text("story: x\nclok: 2020-06-02 08:00\n", encoding="utf-8")
    (tmp_path / "worse.yaml").write_text("- x\n", encoding="utf-8")
    out = io.StringIO()
    assert playing.run([tmp_path, tmp_path / "none.yaml"], Console(file=out, width=80)) == 2
    said = out.getvalue()
    assert f"{tmp_path / 'wrong.yaml'}:2:1: clok: Feltet kendes ikke. Mente du clock?" in said
    assert f"{tmp_path / 'worse.yaml'}:1:1: Filen skal bestå af felter" in said
    assert f"{tmp_path / 'none.yaml'}:1:1: Filen kan ikke læses" in said


def test_a_folder_without_stories_is_said_with_what_was_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(playing, "Theatre", None)
    (tmp_path / "notes.txt").write_text("x", encoding="utf-8")
    out = io.StringIO()
    assert playing.run([tmp_path], Console(file=out, width=80)) == 2
    assert f"{tmp_path}: I mappen ligger ingen historier. Der er ledt efter filer, der ender på .yaml" in out.getvalue()


class House:
    """Plays stories by what they are called."""

    def __init__(self, *_: object, **__: object) -> None:
        self.started = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        pass

    async def play(self, story: Checked, **_: object) -> Played:
        self.started = story.story.story != "uden"
        errors: dict[str, Exception] = {
            "straks": StackError("gateway does not answer"),
            "brudt": httpx.ReadError("cut"),
            "sidst": NotEmptiedError("Installationen kunne ikke begynde forfra: no servers"),
            "uden": StackError("Port 1 is taken."),
        }
        if story.story.story in errors:
            raise errors[story.story.story]
        return Played(story, [FINE])


def stories(folder: Path, *names: str) -> list[Path]:
    files = [folder / f"{name}.yml" for name in names]
    for file, name in zip(files, names, strict=True):
        file.write_text(f"story: {name.partition('-')[0]}\nclock: 2020-06-02 08:00\n", encoding="utf-8")
    return files


def test_what_other_stories_came_to_is_told_whatever_happens_to_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(playing, "Theatre", House)
    files = stories(tmp_path, "straks", "fin-1", "brudt", "fin-2", "sidst", "fin-3")
    out = io.StringIO()
    told = tmp_path / "r.json"
    assert playing.run(files, Console(file=out, width=200), as_json=told) == 1
    assert [one["ended"] for one in json.loads(told.read_text(encoding="utf-8"))] == [
        "Installationen svarer ikke, som den skal: gateway does not answer",
        None,
        "Installationen svarer ikke, som den skal: ReadError: cut",
        None,
        *["Den blev ikke spillet. Installationen kunne ikke begynde forfra: no servers"] * 2,
    ]
    assert [line[0] for line in out.getvalue().splitlines() if line[:1] in ("✓", "✗")] == list("✗✓✗✓✗✗")
    assert "6 historier spillet, 4 ikke som ventet." in out.getvalue()


def test_an_installation_that_never_started_has_nothing_to_tell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(playing, "Theatre", House)
    with pytest.raises(StackError, match="Port 1"):
        playing.run(stories(tmp_path, "uden", "fin"), Console(file=io.StringIO()))


def test_why_a_story_ended_begins_with_a_danish_sentence() -> None:
    assert broken(NeverQuietError("not quiet after 120 s: invoicing is busy")) == (
        "Systemet faldt ikke til ro, så resten kunne ikke spilles: not quiet after 120 s: invoicing is busy"
    )
    assert broken(StackError("enrollment does not answer")).startswith("Installationen svarer ikke, som den skal: enr")
    assert broken(ConnectionResetError("x")) == "Installationen svarer ikke, som den skal: ConnectionResetError: x"
    assert broken(StopStory("s.yaml:3: nej")) == "s.yaml:3: nej"
