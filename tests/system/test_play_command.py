"""`tovholder play` as a person gives it: the example of the docs, and a story that expects too much."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from deploy.local.locations import ROOT
from tests.support.modes import open_to_others

EXAMPLE = re.compile(r"```yaml\n(# yaml-language-server.*?)```", re.DOTALL)
TOO_MUCH = """\
story: Der skulle være kommet en mail
clock: 2020-08-17 08:00
addresses: []
expect:
  - {mails: {to: bo@aarhus.example}, count: 1}
"""


def play(*words: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "deploy.local.cli", "play", *map(str, words)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.timeout(300)
def test_the_example_of_the_docs_goes_as_it_says_and_one_that_does_not_fails(tmp_path: Path) -> None:
    example = EXAMPLE.search((ROOT / "docs" / "stories.md").read_text(encoding="utf-8"))
    assert example is not None
    stories = tmp_path / "stories"
    stories.mkdir()
    (stories / "1-example.yaml").write_text(example[1], encoding="utf-8")
    (stories / "2-too-much.yml").write_text(TOO_MUCH, encoding="utf-8")
    reports = {"--junit": tmp_path / "out" / "r.xml", "--json": tmp_path / "out" / "r.json"}

    done = play(stories, *(word for pair in reports.items() for word in pair), "--data-dir", tmp_path / "data")

    assert done.returncode == 1, done.stdout + done.stderr
    lines = [line.split() for line in done.stdout.splitlines()]
    assert [words[0] for words in lines if words[:1] in (["✓"], ["✗"])] == ["✓", "✗"], done.stdout
    assert ["antal", "1", "0"] in lines
    assert "2 historier spillet, 1 ikke som ventet." in done.stdout
    assert "\x1b" not in done.stdout, "nothing moves where nobody watches"
    assert done.stderr == ""
    held, failed = ET.fromstring(reports["--junit"].read_text(encoding="utf-8"))  # noqa: S314  (our own)
    assert (held.get("failures"), failed.get("failures")) == ("0", "1")
    assert [one["holds"] for one in json.loads(reports["--json"].read_text(encoding="utf-8"))] == [True, False]
    assert open_to_others(tmp_path / "data") == open_to_others(tmp_path / "out") == []
    # What is kept is the last story's, in which nothing was mailed.
    assert list((tmp_path / "data" / "mails").iterdir()) == list((tmp_path / "data" / "invoices").iterdir()) == []


def test_a_story_that_cannot_be_read_is_said_at_once(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("story: x\nclock: snart\n", encoding="utf-8")
    done = play(tmp_path / "a.yaml", "--data-dir", tmp_path / "data")
    assert done.returncode == 2
    assert done.stdout.startswith(f"{tmp_path / 'a.yaml'}:2:1: clock: Skal være dag og klokkeslæt i Danmark")
    assert not (tmp_path / "data").exists()


def test_a_folder_without_stories_is_no_success(tmp_path: Path) -> None:
    done = play(tmp_path)
    assert done.returncode == 2
    assert done.stdout.startswith(f"{tmp_path}: I mappen ligger ingen historier. ")
