"""Whether what is there is what a story expects, and both side by side when it is not. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from deploy.local.stories.matching import Difference, differences, is_comparison, matches
from deploy.local.stories.paths import MISSING, may_lead, rows_at, select
from deploy.local.stories.story import ExpectAnswer, ExpectMails, Mail, Rows

MOST_SHOWN = 5
NO_MORE = "(ikke flere)"
_COMPARED = {
    "at_least": "mindst {}",
    "at_most": "højst {}",
    "contains": "indeholder {}",
    "one_of": "en af {}",
    "not": "ikke {}",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that was looked at."""

    what: str
    expected: str
    found: str
    holds: bool

    def as_dict(self) -> dict[str, Any]:
        return {"what": self.what, "expected": self.expected, "found": self.found, "holds": self.holds}


@dataclass(frozen=True, slots=True)
class Verdict:
    """On one expectation; `notes` are what else is there that may explain it."""

    lines: tuple[Line, ...]
    notes: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        return all(line.holds for line in self.lines)


@dataclass(frozen=True, slots=True)
class Row:
    """Something that may be expected: what it holds, and how a person would name it."""

    label: str
    value: Any


def shown(value: Any) -> str:
    """As a person reads it: comparisons in words, the rest as JSON."""
    if is_comparison(value):
        return " og ".join(_COMPARED[name].format(shown(limit)) for name, limit in value.items())
    if value is MISSING:
        return repr(MISSING)
    if isinstance(value, str):
        return value or '""'
    return json.dumps(value, ensure_ascii=False, default=str)


def sides(expected: Any, found: Any) -> tuple[str, str]:
    """Both as people read them, never alike: where only the type differs, it is said what is a text."""
    both = shown(expected), shown(found)
    return (_typed(expected), _typed(found)) if both[0] == both[1] else both


def _typed(value: Any) -> str:
    return f'"{value}" (tekst)' if isinstance(value, str) else shown(value)


def about(where: Mapping[str, Any]) -> str:
    """`organisation.code = 0751, extra = true`."""
    return ", ".join(f"{path} = {shown(value)}" for path, value in where.items())


def judge_rows(rows: Sequence[Row], said: Rows) -> Verdict:
    """`where` picks rows; the rest says what holds for them."""
    picked = [row for row in rows if matches(said.where, row.value)]
    lines: list[Line] = []
    if said.none:
        lines.append(Line("antal", "ingen", str(len(picked)), not picked))
    elif said.count is not None:
        lines.append(Line("antal", shown(said.count), str(len(picked)), matches(said.count, len(picked))))
    if not said.none and (said.count is None or said.each is not None) and not picked and said.count != 0:
        lines.append(Line("antal", "mindst 1", "0", holds=False))
    for path, expected in (said.sum or {}).items():
        total = _total(picked, path)
        lines.append(Line(f"summen af {path}", shown(expected), shown(total), matches(expected, total)))
    for row in picked if said.each is not None else ():
        lines += [_line(one, row.label) for one in differences(said.each, row.value)]
    holds = all(line.holds for line in lines)
    return Verdict(tuple(_once(lines)), () if holds else _notes(rows, picked, said.where))


def judge_value(value: Any, said: Mapping[str, Any]) -> Verdict:
    """Every path of `said` in one answer."""
    wrong = {one.path: one for one in differences(dict(said), value)}
    lines = [_line(one) for one in wrong.values()]
    return Verdict(tuple(lines), (f"svaret er {shown(value)[:2000]}",) if lines else ())


def judge_answer(body: Any, said: ExpectAnswer) -> Verdict:
    """What `answer` says of the whole, and what is said of the list that is `in` it."""
    whole = judge_value(body, said.answer or {})
    if said.rows is None:
        return whole
    listed = _judge_list(body, said.rows, said)
    return Verdict((*whole.lines, *listed.lines), (*listed.notes, *whole.notes))


def _judge_list(body: Any, path: str, said: Rows) -> Verdict:
    found = rows_at(body, path)
    if found is None:
        there = "intet" if MISSING in select(body, path) or not may_lead(body, path) else "ingen liste"
        return Verdict((Line(path, "en liste", there, holds=False),))
    verdict = judge_rows([Row(_name(one), one) for one in found], said)
    asked = dict.fromkeys([*said.where, *(said.sum or {}), *(said.each or {})])
    astray = [one for one in asked if found and not any(may_lead(row, one) for row in found)]
    lines = [Line(f"feltet {one}", "findes i listen", "findes ikke", holds=False) for one in astray]
    return Verdict((*lines, *verdict.lines), verdict.notes)


def _name(row: Any) -> str:
    named = row if isinstance(row, dict) else {}
    return next((str(named[name]) for name in ("id", "key", "code", "name") if name in named), str(row)[:80])


def judge_refusal(expected: str | None, found: str | None, detail: str = "") -> Verdict:
    """A "yes" is expected unless a code is named."""
    there = "accepteret" if found is None else f"afvist: {found}"
    wanted = "accepteret" if expected is None else f"afvist: {expected}"
    return Verdict((Line("svaret", wanted, there, expected == found),), (detail,) if detail else ())


# Mails


def fits(mail: Mapping[str, Any], wanted: Mail) -> bool:
    """Everything but the text, which is fetched for those that fit in all else."""
    return (
        (wanted.to is None or wanted.to.lower() in [one.lower() for one in mail["to"]])
        and (wanted.subject is None or wanted.subject in mail["subject"])
        and (wanted.calendar is None or wanted.calendar == mail["calendar"])
        and (wanted.attachment is None or any(fnmatchcase(one, wanted.attachment) for one in mail["attachments"]))
    )


def judge_mails(mails: Sequence[Mapping[str, Any]], picked: Sequence[Mapping[str, Any]], said: ExpectMails) -> Verdict:
    """`picked` are those that fit, in the order they came."""
    lines: list[Line] = []
    if said.none:
        lines.append(Line("antal", "ingen", str(len(picked)), not picked))
    elif said.count is not None:
        lines.append(Line("antal", shown(said.count), str(len(picked)), matches(said.count, len(picked))))
    elif said.order is None:
        lines.append(Line("antal", "mindst 1", str(len(picked)), bool(picked)))
    lines += _in_order(picked, said)
    if all(line.holds for line in lines):
        return Verdict(tuple(lines))
    if picked:
        notes = [] if said.order else [f"passer: {_mail(mail, said.mails)}" for mail in picked[:MOST_SHOWN]]
    else:
        others = [mail for mail in mails if fits(mail, Mail(to=said.mails.to))]
        notes = [f"fik også: {_mail(mail, said.mails)}" for mail in others[-MOST_SHOWN:]]
    return Verdict(tuple(lines), tuple(notes))


def _in_order(picked: Sequence[Mapping[str, Any]], said: ExpectMails) -> list[Line]:
    """As many mails as are said, each as it is said."""
    lines = []
    order = said.order or []
    for number in range(max(len(picked), len(order)) if order else 0):
        mail = picked[number] if number < len(picked) else None
        expected = shown(order[number]) if number < len(order) else NO_MORE
        there = NO_MORE if mail is None else _mail(mail, said.mails)
        holds = number < len(order) and mail is not None and _is_mail(order[number], mail)
        lines.append(Line(f"mail {number + 1}", expected, there, holds))
    return lines


def _is_mail(expected: Any, mail: Mapping[str, Any]) -> bool:
    return expected in mail["subject"] if isinstance(expected, str) else matches(expected, dict(mail))


def _mail(mail: Mapping[str, Any], wanted: Mail) -> str:
    """Its subject and calendar; recipient and files where somebody looks for them."""
    parts = [f"«{mail['subject']}»"]
    parts += [mail["calendar"]] if mail["calendar"] else []
    parts += [f"til {', '.join(mail['to'])}"] if wanted.to is None else []
    parts += [f"med {', '.join(mail['attachments']) or 'ingen filer'}"] if wanted.attachment is not None else []
    return " ".join(parts)


# Showing


def _line(one: Difference, label: str = "") -> Line:
    what = f"{label}: {one.path}" if label else one.path
    return Line(what, *sides(one.expected, one.found), holds=False)


def _once(lines: Sequence[Line]) -> list[Line]:
    return list(dict.fromkeys(lines))


def _total(rows: Sequence[Row], path: str) -> Any:
    """MISSING when anything on the way is no number."""
    found = [one for row in rows for one in select(row.value, path)]
    numbers = [one for one in found if isinstance(one, int | float) and not isinstance(one, bool)]
    return sum(numbers) if len(numbers) == len(found) else MISSING


def _notes(rows: Sequence[Row], picked: Sequence[Row], where: Mapping[str, Any]) -> tuple[str, ...]:
    """Those that fit, and those that come nearest with what differs."""
    notes = [f"passer: {row.label}" for row in picked[:MOST_SHOWN]]
    if len(picked) > MOST_SHOWN:
        notes.append(f"… og {len(picked) - MOST_SHOWN} til")
    others = [(differences(dict(where), row.value), row) for row in rows if row not in picked]
    for wrong, row in sorted(others, key=lambda one: len(one[0]))[:MOST_SHOWN]:
        both = [(one.path, *sides(one.expected, one.found)) for one in wrong]
        differs = "; ".join(f"{path} er {there}, ikke {wanted}" for path, wanted, there in both)
        notes.append(f"passer ikke: {row.label} ({differs})")
    if not rows:
        notes.append("der er ingen")
    return tuple(notes)


@dataclass(slots=True)
class Result:
    """What became of one step or expectation that says something can fail."""

    title: str
    where: str
    line: int
    at: str
    """Danish local time."""
    verdict: Verdict = field(default_factory=lambda: Verdict(()))
    place: tuple[Any, ...] = field(default=(), compare=False)
    """Where it stands in the story, and in which turns of its loops."""

    @property
    def holds(self) -> bool:
        return self.verdict.holds
