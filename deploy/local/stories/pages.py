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
_SILENT = {"script", "style", "svg", "head"}


class CannotDoError(Exception):
    """What a person could not do on this page; the sentence, in Danish, says why."""


@dataclass(slots=True)
class Form:
    """What is sent: each field with the value it has, and what boxes, radio buttons and lists offer."""

    action: str
    values: dict[str, str] = field(default_factory=dict)
    choices: dict[str, list[str]] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)

    def filled(self, wanted: Mapping[str, Any]) -> dict[str, str]:
        """The form with these values. Raises CannotDoError for a field or a choice that is not on the page."""
        sent = dict(self.values)
        for name, value in wanted.items():
            if name not in self.names:
                shown = ", ".join(one for one in self.names if not one.startswith("_"))
                raise CannotDoError(f"Formularen har ikke feltet {name}. Den har: {shown}.")
            offered = self.choices.get(name)
            if value is False or value is None:
                sent.pop(name, None)
            elif value is True:
                sent[name] = offered[0] if offered else "true"
            elif offered is not None and str(value) not in offered:
                raise CannotDoError(f"I feltet {name} kan man ikke vælge {value}. Man kan vælge: {', '.join(offered)}.")
            else:
                sent[name] = str(value)
        return sent


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
            self._option(about)
        elif self._in_form and tag in _FIELDS and about.get("name"):
            self._field(tag, about)

    def _field(self, tag: str, about: dict[str, str]) -> None:
        form, name = self.form, about["name"]
        if form is None:
            return
        if name not in form.names:
            form.names.append(name)
        value = about.get("value", "")
        if tag == "select":
            self._select = name
            form.choices.setdefault(name, [])
        elif about.get("type") in _CHOSEN_ONLY:
            form.choices.setdefault(name, []).append(value or "on")
            if "checked" in about:
                form.values.setdefault(name, value or "on")
        else:
            form.values.setdefault(name, value)

    def _option(self, about: dict[str, str]) -> None:
        if self.form is None:
            return
        offered = self.form.choices[self._select]
        offered.append(about.get("value", ""))
        if "selected" in about or len(offered) == 1:
            self.form.values[self._select] = offered[-1]

    def handle_endtag(self, tag: str) -> None:
        if self._inside and tag == self._inside[-1]:
            self._inside.pop()
        elif tag == "a" and self._link is not None:
            self.links.append((re.sub(r"\s+", " ", "".join(self._link[1])).strip(), self._link[0]))
            self._link = None
        elif tag == "form":
            self._in_form = False
        elif tag == "select":
            self._select = ""

    def handle_data(self, data: str) -> None:
        if "title" in self._inside:
            self.title += data
        elif not self._inside:
            self._texts.append(data)
            if self._link is not None:
                self._link[1].append(data)
