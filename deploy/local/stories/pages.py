"""A page as a person meets it: its title, its text, its links, and the form that is sent by POST."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin

_FIELDS = {"input", "textarea", "select", "button"}
_CHOSEN_ONLY = {"checkbox", "radio"}
_LINE_END = re.compile(r"\r\n|\r|\n")
"""In a form that is sent it is CRLF, whatever was typed (HTML § 4.10.22)."""
_FIRST_LINE_END = re.compile(r"\A(\r\n|\r|\n)")
"""A text area's first one is of the page, not of the text."""
_SILENT = {"script", "style", "svg", "head"}


class CannotDoError(Exception):
    """What a person could not do on this page; the sentence, in Danish, says why."""


@dataclass(slots=True)
class Form:
    """What is sent: each field with the value it has, and what boxes, radio buttons and lists offer."""

    action: str
    values: dict[str, list[str]] = field(default_factory=dict)
    choices: dict[str, list[str]] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)
    several: set[str] = field(default_factory=set)
    """Fields of which more than one may be chosen."""
    buttons: list[tuple[str, str]] = field(default_factory=list)
    """Name and value of each that sends the form; the first is pressed when nobody names another."""

    def filled(self, wanted: Mapping[str, Any]) -> dict[str, list[str]]:
        """The form with these values. Raises CannotDoError for a field or a choice that is not on the page."""
        sent = dict(self.values)
        pressed = self.buttons[0] if self.buttons else ("", "")
        for name, value in wanted.items():
            if name not in self.names:
                shown = ", ".join(one for one in self.names if not one.startswith("_"))
                raise CannotDoError(f"Formularen har ikke feltet {name}. Den har: {shown}.")
            chosen = self._chosen(name, value)
            if all(one != name for one, _ in self.buttons):
                sent[name] = chosen
            elif chosen:
                pressed = name, chosen[0]
        if pressed[0]:
            sent[pressed[0]] = [*sent.get(pressed[0], ()), pressed[1]]
        return {name: [_LINE_END.sub("\r\n", value) for value in values] for name, values in sent.items() if values}

    def _chosen(self, name: str, value: Any) -> list[str]:
        """What a person who says this of the field puts there."""
        offered = self.choices.get(name)
        if value is False or value is None:
            return []
        if value is True and offered and len(set(offered)) > 1:
            raise CannotDoError(f"Feltet {name} har flere valg. Skriv hvilke: {', '.join(offered)}.")
        if value is True:
            return [offered[0] if offered else "true"]
        chosen = [str(one) for one in value] if isinstance(value, list) else [str(value)]
        if len(chosen) > 1 and name not in self.several:
            raise CannotDoError(f"Feltet {name} tager én værdi, ikke {len(chosen)}.")
        for one in chosen:
            if offered is not None and one not in offered:
                raise CannotDoError(f"I feltet {name} kan man ikke vælge {one}. Man kan vælge: {', '.join(offered)}.")
        return chosen


class Page(HTMLParser):
    """Read from HTML; total, whatever it is given."""

    def __init__(self, url: str, html: str) -> None:
        super().__init__()
        self.url = url
        self.title = ""
        self.links: list[tuple[str, str]] = []
        self.form: Form | None = None
        self._texts: list[str] = []
        self._inside: list[str] = []
        self._link: tuple[str, list[str]] | None = None
        self._in_form = False
        self._select = ""
        self._typed: tuple[str, list[str]] | None = None
        self._offered: tuple[dict[str, str], list[str]] | None = None
        self.feed(html)
        self.title = " ".join(self.title.split())
        self.text = re.sub(r"\s+", " ", " ".join(self._texts)).strip()

    def link(self, text: str) -> str:
        """The address of the first link whose text holds this. Raises CannotDoError."""
        for shown, address in self.links:
            if text in shown:
                return self.joined(address)
        there = "; ".join(shown for shown, _ in self.links)
        raise CannotDoError(f"Siden «{self.title}» har intet link «{text}». Den har: {there}.")

    def joined(self, address: str) -> str:
        """An address on the page, as a whole one."""
        return urljoin(self.url, address)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        about = {name: value or "" for name, value in attrs}
        if tag in {"title", *_SILENT}:
            self._inside.append(tag)
        elif tag == "a" and "href" in about:
            self._link = (about["href"], [])
        elif tag == "form" and self.form is None and about.get("method", "").lower() == "post":
            self._in_form = True
            self.form = Form(about.get("action") or self.url)
        elif self._in_form and tag == "option" and self._select:
            self._end_option()
            if "disabled" not in about:
                self._offered = about, []
            elif "selected" in about and self.form is not None:
                self.form.values[self._select] = []  # shown, and never sent
        elif self._in_form and tag in _FIELDS:
            self._field(tag, about)

    def _field(self, tag: str, about: dict[str, str]) -> None:
        form, name, kind = self.form, about.get("name", ""), about.get("type", "").lower()
        if form is None or "disabled" in about or kind in {"button", "reset"}:
            return
        sends = kind in {"submit", "image"} if tag == "input" else tag == "button"
        if sends:
            form.buttons.append((name, about.get("value", "")))
        if not name:
            return
        if name not in form.names:
            form.names.append(name)
        if sends:
            form.choices.setdefault(name, []).append(about.get("value", ""))
        elif tag == "select":
            self._select = name
            form.choices.setdefault(name, [])
            form.several |= {name} if "multiple" in about else set()
        elif tag == "textarea":
            self._typed = name, []
        elif kind in _CHOSEN_ONLY:
            self._box(form, name, kind, about)
        else:
            form.values.setdefault(name, []).append(about.get("value", ""))

    def _box(self, form: Form, name: str, kind: str, about: dict[str, str]) -> None:
        value = about.get("value", "on")
        form.choices.setdefault(name, []).append(value)
        if kind == "checkbox":
            form.several.add(name)
        if "checked" in about:
            form.values[name] = [*form.values.get(name, ()), value] if kind == "checkbox" else [value]

    def _end_option(self) -> None:
        """What it offers is known when its text is: that is its value when it has no other."""
        if self.form is None or self._offered is None:
            return
        (about, texts), self._offered = self._offered, None
        name = self._select
        value = about.get("value", " ".join("".join(texts).split()))
        self.form.choices[name].append(value)
        if name in self.form.several:
            self.form.values.setdefault(name, []).extend([value] if "selected" in about else [])
        elif "selected" in about or name not in self.form.values:
            self.form.values[name] = [value]

    def _end_textarea(self) -> None:
        if self.form is None or self._typed is None:
            return
        (name, texts), self._typed = self._typed, None
        self.form.values.setdefault(name, []).append(_FIRST_LINE_END.sub("", "".join(texts)))

    def handle_endtag(self, tag: str) -> None:
        if self._inside and tag == self._inside[-1]:
            self._inside.pop()
        elif tag == "a" and self._link is not None:
            self.links.append((re.sub(r"\s+", " ", "".join(self._link[1])).strip(), self._link[0]))
            self._link = None
        elif tag == "form":
            self._in_form = False
        elif tag in {"option", "select"}:
            self._end_option()
            self._select = "" if tag == "select" else self._select
        elif tag == "textarea":
            self._end_textarea()

    def handle_data(self, data: str) -> None:
        for _, texts in (one for one in (self._typed, self._offered) if one is not None):
            texts.append(data)
        if "title" in self._inside:
            self.title += data
        elif not self._inside:
            self._texts.append(data)
            if self._link is not None:
                self._link[1].append(data)
