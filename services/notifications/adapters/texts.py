"""The Danish words of a letter: one template each, read once as plain text and once as HTML."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from services.notifications.domain.colours import HOUSE, Colours, shown_in
from services.notifications.domain.text import lines, one_line
from shared.contracts.bounds import is_link
from shared.contracts.danish import clock, clock_span, day_and_clock, day_span, kroner, long_day, short_day
from shared.contracts.time import COPENHAGEN

TEMPLATES = Path(__file__).parent.parent / "templates"
_WIDTH = 76
_ADDRESS = re.compile(r"https?://[^\s<>\"]+")
_BEHIND = ".,;:!?)]}'»"
_SEVERAL_LINES = frozenset({"text"})
_WHOLE = frozenset({"path", "page", "seat_path", "own_path", "link"})  # of no use when cut
_SENTENCE = re.compile(r"(?<![0-9])[.?!] (?=[A-ZÆØÅ])")
_FIRST, _MOST = 40, 160
"""Characters of what a list of mails shows beside the subject: whole sentences until so many, and at most so many."""
_CAME_LATER: Mapping[str, Mapping[str, Any]] = {"sign_up_received": {"contact": None, "confirmation": None}}
"""What a template reads that letters stored by an earlier version do not say."""


@dataclass(frozen=True, slots=True)
class Texts:
    subject: str
    plain: str
    html: str


class Words:
    """Every template of this service. `public_url` is where people reach the installation; links begin with it.

    A letter is written once, in layout/letter.j2 and mail/: what text and HTML are made of (layout/*_parts.j2) says
    nothing of its own.

    `instead` stands where a link would: for whoever reads a mail that is somebody else's.
    """

    def __init__(self, public_url: str, instead: str | None = None) -> None:
        self._public_url = public_url
        self._instead = instead
        self._plain = self._environment(html=False)
        self._html = self._environment(html=True)

    def write(self, template: str, greeting: str, says: Mapping[str, Any]) -> Texts:
        """The same letter gives the same words on every machine."""
        values = {"greeting": one_line(greeting), **_values(template, says)}
        subject = _subject(self._plain.get_template(f"mail/{template}.j2"), values)
        values |= {"subject": subject, "first": ""}
        plain = _tidy(self._read(self._plain, "text", template, values, HOUSE))
        values["first"] = _first_words(plain)
        look = shown_in(says.get("look"))
        return Texts(subject, plain, _tidy(self._read(self._html, "html", template, values, look)))

    def subject(self, template: str, says: Mapping[str, Any]) -> str:
        """As `write` has it."""
        return _subject(self._plain.get_template(f"mail/{template}.j2"), {"greeting": "", **_values(template, says)})

    def _read(self, environment: Environment, medium: str, template: str, values: dict[str, Any], look: Colours) -> str:
        parts = environment.get_template(f"layout/{medium}_parts.j2").make_module({"look": look})
        return environment.get_template(f"mail/{template}.j2").render({**values, "m": parts})

    def _environment(self, *, html: bool) -> Environment:
        environment = Environment(
            loader=FileSystemLoader(TEMPLATES),
            autoescape=html,  # noqa: S701  (plain text is not HTML; the other one escapes everything)
            undefined=StrictUndefined,
            trim_blocks=False,
            keep_trailing_newline=True,
            auto_reload=False,
        )
        environment.filters.update(
            day=_long_day,
            short=_short_day,
            moment=_moment,
            amount=kroner,
            when=meeting_time,
            where=meeting_place,
            link=self._link,
            flow=_flow,
            point=_point,
            row=_row,
            broken=_broken,
            leading=_leading,
        )
        environment.globals["layout"] = "layout/letter.j2"
        return environment

    def _link(self, path: str) -> str:
        """A path of ours, as a full address. Anything that could lead elsewhere leads to the front page."""
        if self._instead is not None:
            return self._instead
        whole = f"{self._public_url}{path}"
        return whole if path.startswith("/") and not path.startswith("//") and is_link(whole) else self._public_url


def _values(template: str, says: Mapping[str, Any]) -> dict[str, Any]:
    clean = {name: _cleaned(name, value) for name, value in says.items() if name != "look"}
    return {"programme": None, "answerable": True, **_shown(template, clean)}


def _subject(plain: Template, values: Mapping[str, Any]) -> str:
    return one_line("".join(plain.blocks["subject"](plain.new_context({**values, "subject": ""}))))


def meeting_time(meeting: Mapping[str, Any]) -> str:
    """Torsdag den 15. april 2021 kl. 9.30-15.00, the day alone, or days and hours over several; "" without one."""
    when = meeting["when"]
    if when is None:
        return ""
    first, last = date.fromisoformat(when["first_day"]), date.fromisoformat(when["last_day"])
    if when["starts_at"] is None or when["ends_at"] is None:
        return day_span(first, last)
    starts = datetime.fromisoformat(when["starts_at"]).astimezone(COPENHAGEN)
    ends = datetime.fromisoformat(when["ends_at"]).astimezone(COPENHAGEN)
    if starts.date() == ends.date():
        return f"{long_day(starts.date())} {clock_span(starts.time(), ends.time())}"
    return f"{day_and_clock(starts.date(), starts.time())} til {day_and_clock(ends.date(), ends.time())}"


def meeting_place(meeting: Mapping[str, Any]) -> str:
    """Place and link; empty where neither is known yet. What somebody called a link and is none is not shown."""
    link = meeting["link"] or ""
    where = [text for text in (meeting["place"], link if is_link(link) else "") if text]
    return " · ".join(where) if where else ("Online" if meeting["mode"] == "virtual" else "")


def _long_day(day: str) -> str:
    return long_day(date.fromisoformat(day))


def _short_day(day: str) -> str:
    return short_day(date.fromisoformat(day))


def _moment(instant: str) -> str:
    shown = datetime.fromisoformat(instant).astimezone(COPENHAGEN)
    return f"{long_day(shown.date())} kl. {clock(shown.time())}"


def _flow(text: str) -> str:
    return _wrapped(" ".join(text.split()))


def _point(text: str) -> str:
    return _wrapped(text, first="- ", rest="  ")


def _row(text: str) -> str:
    return _wrapped(text, rest="  ")


def _broken(text: str) -> str:
    """The lines that somebody wrote; those that are too long go on beneath."""
    return "\n".join(_wrapped(line) if len(line) > _WIDTH else line for line in text.split("\n"))


def _wrapped(text: str, *, first: str = "", rest: str = "") -> str:
    return textwrap.fill(
        text, _WIDTH, initial_indent=first, subsequent_indent=rest, break_long_words=False, break_on_hyphens=False
    )


def _first_words(plain: str) -> str:
    """What a list of mails shows beside the subject: how the letter begins, after its greeting."""
    _, _, after = plain.partition("\n\n")
    words = " ".join(after.partition("\n\n")[0].split())
    for found in _SENTENCE.finditer(words):
        if found.end() > _FIRST:
            return one_line(words[: found.start() + 1], _MOST)
    return one_line(words, _MOST)


def _leading(line: str) -> list[tuple[str, bool]]:
    """A line in parts, and which of them are links; a full stop behind one ends the sentence."""
    parts: list[tuple[str, bool]] = []
    at = 0
    for found in _ADDRESS.finditer(line):
        link = found[0].rstrip(_BEHIND)
        if is_link(link):
            parts += [(line[at : found.start()], False), (link, True)]
            at = found.start() + len(link)
    return [one for one in (*parts, (line[at:], False)) if one[0]]


def _tidy(text: str) -> str:
    """No blank lines in a row, none at the ends, one line break at the end."""
    kept: list[str] = []
    for line in text.splitlines():
        if line.strip() or (kept and kept[-1]):
            kept.append(line.rstrip())
    return "\n".join(kept).strip("\n") + "\n"


def _cleaned(name: str, value: Any) -> Any:
    if isinstance(value, str):
        return lines(value) if name in _SEVERAL_LINES else one_line(value, 2000 if name in _WHOLE else 400)
    if isinstance(value, Mapping):
        return {key: _cleaned(key, item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_cleaned(name, item) for item in value]
    return value


def _shown(template: str, says: dict[str, Any]) -> dict[str, Any]:
    """All that the template reads, and lists of rows under names that it can put into its parts as they are."""
    named = {
        "place_confirmed": {"fees": "fee_rows", "seats": "seat_lines", "next": "next_lines"},
        "invoice": {"lines": "line_rows", "pay": "pay_rows"},
        "credit_note": {"lines": "line_rows", "sums": "sum_rows"},
        "payment_reminder": {"lines": "line_rows", "pay": "pay_rows"},
    }.get(template, {})
    return {**_CAME_LATER.get(template, {}), **says, **{new: says[old] for old, new in named.items()}}
