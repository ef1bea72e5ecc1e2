"""What came of stories, for people in Danish, and as JUnit XML and JSON for programs."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any
from xml.etree import ElementTree as ET

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from deploy.local.stories.expectations import Result
from deploy.local.stories.player import Played

_NO_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def show(console: Console, played: Played) -> None:
    """One line when all is well; else what was expected and what is there, side by side."""
    mark = Text("✓ ", style="green") if played.holds else Text("✗ ", style="red")
    seen = f"{len(played.results)} svar og forventninger, {played.jumps} spring, {played.seconds:.1f} s"
    line = mark + Text(played.checked.story.story, style="bold")
    console.print(line + Text(f"  {played.checked.file}: {seen}", style="dim"), soft_wrap=True)
    for result in played.results:
        if not result.holds:
            console.print(Padding(_side_by_side(result), (0, 0, 1, 2)))
    if played.ended is not None:
        console.print(Padding(Text(f"Historien stopper her. {played.ended}", style="red"), (0, 0, 1, 2)))


def _side_by_side(result: Result) -> RenderableType:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for title in ("", "Ventet", "Fundet"):
        table.add_column(title, overflow="fold")
    for line in result.verdict.lines:
        style = None if line.holds else "red"
        table.add_row(Text(line.what), Text(line.expected), Text(line.found), style=style)
    notes = [Text(f"  {note}", style="dim") for note in result.verdict.notes]
    return Group(Text(f"{result.where}  {result.at}  {result.title}"), table, *notes)


def sentence(played: Sequence[Played]) -> str:
    """The last line: how many held."""
    wrong = sum(not one.holds for one in played)
    told = "1 historie" if len(played) == 1 else f"{len(played)} historier"
    return f"{told} spillet, alle som ventet." if not wrong else f"{told} spillet, {wrong} ikke som ventet."


def as_text(result: Result) -> str:
    """The same side by side in plain text."""
    rows = [("", "Ventet", "Fundet"), *((line.what, line.expected, line.found) for line in result.verdict.lines)]
    widths = [max(len(row[place]) for row in rows) for place in range(2)]
    table = [f"{what:<{widths[0]}}  {expected:<{widths[1]}}  {found}".rstrip() for what, expected, found in rows]
    return "\n".join([f"{result.where} {result.at} {result.title}", *table, *result.verdict.notes])


# For programs


def as_json(played: Iterable[Played]) -> str:
    """One object a story, in the order they were played."""
    return json.dumps([_story(one) for one in played], ensure_ascii=False, indent=2) + "\n"


def _story(played: Played) -> dict[str, Any]:
    return {
        "story": played.checked.story.story,
        "file": played.checked.file,
        "holds": played.holds,
        "ended": played.ended,
        "seconds": round(played.seconds, 3),
        "jumps": played.jumps,
        "facts": dict(sorted(Counter(fact["type"] for fact in played.facts).items())),
        "results": [
            {
                "title": result.title,
                "where": result.where,
                "at": result.at,
                "holds": result.holds,
                "lines": [line.as_dict() for line in result.verdict.lines],
                "notes": list(result.verdict.notes),
            }
            for result in played.results
        ],
    }


def as_junit(played: Iterable[Played]) -> str:
    """A suite a story, a case for each step that is answered and each expectation."""
    root = ET.Element("testsuites", name="tovholder play")
    for one in played:
        wrong = [result for result in one.results if not result.holds]
        cut_short = one.ended is not None and not wrong
        suite = ET.SubElement(
            root,
            "testsuite",
            name=_xml(one.checked.story.story),
            tests=str(len(one.results) + cut_short),
            failures=str(len(wrong)),
            errors=str(int(cut_short)),
            time=f"{one.seconds:.3f}",
        )
        for result in one.results:
            case = _case(suite, one, result.title, result.line)
            if not result.holds:
                told = " ".join(f"{line.what}: {line.found}" for line in result.verdict.lines if not line.holds)
                ET.SubElement(case, "failure", message=_xml(told)).text = _xml(as_text(result))
        if cut_short:
            ET.SubElement(_case(suite, one, "til enden", 1), "error", message=_xml(one.ended or ""))
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _case(suite: ET.Element, played: Played, title: str, line: int) -> ET.Element:
    name = f"{title} (linje {line})"
    return ET.SubElement(
        suite, "testcase", name=_xml(name), classname=_xml(played.checked.file), file=_xml(played.checked.file),
        line=str(line),
    )  # fmt: skip


def _xml(text: str) -> str:
    return _NO_XML.sub("�", text)
