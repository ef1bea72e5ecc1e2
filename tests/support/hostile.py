"""Texts that somebody may send on purpose, and forms as whoever sends them sees them: any field may hold anything."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

import httpx
from lxml import html

from tests.support import papers

OK, SEE_OTHER, BAD = 200, 303, 400
MARK = "x9"
"""An element and a call that no page of ours has."""
TEXTS: Mapping[str, str] = {
    **papers.HOSTILE,
    "element": f"</textarea></select></title></script>\"'><{MARK} onclick={MARK}()>",
    "attribute": f'" onfocus="{MARK}()" x=\'',
    "single quotes": f"' onfocus='{MARK}()' x=\"",
    "script": f"<script>{MARK}()</script><img src=x onerror={MARK}()>",
    "template": "{{ 7 * 7 }}{% for a in b %}{# c #}${jndi:ldap://x9.example}",
    "sql": "'; DROP TABLE enrolments; --",
    "sheet": '=HYPERLINK("http://x9.example","klik")',
    "header": "a\r\nBcc: x@y.example\r\n\r\n.\r\nQUIT",
    "path": "../../../etc/passwd%00",
    "address": f"javascript:{MARK}()",
    "number": "9" * 400,
    "not a number": "NaN",
    "negative": "-1",
    "exponent": "1e999999",
    "day": "31/02/20210",
    "digits": "\u0661\u0662\u0663\uff11\u00b2",
    "blank": " \u3000\u2028\u200b",
    "nothing": "",
    "half a pair": "a\ud83db",
    "json": '{"a": [1, null]}',
}


UNREAD = "control"
"""A form with it is refused before anybody looks at the rest."""
EVERY_TEXT = "TOVHOLDER_EVERY_TEXT" in os.environ
"""The long form: each text in each field, beside others that are odd and by itself."""
APART = 3
"""In the short form a text comes to every third field of a form: each still comes to each form."""
ALONE = list(TEXTS.values()) if EVERY_TEXT else [TEXTS["element"], TEXTS["scripts"]]
"""For one field beside others that are as they should be."""
NOBODYS = ("_ukendt", "billing.address.street", "contact_name.x")
"""Fields that not every form has, one inside another, and one of the form's own."""


@dataclass(frozen=True)
class Seen:
    """A form on a page: where it goes, what is in it before somebody types, and what can be ticked in it."""

    action: str
    fields: Mapping[str, str]
    offered: Mapping[str, str]
    buttons: frozenset[str]

    def body(self, changes: Mapping[str, str]) -> bytes:
        """As a browser sends it; what is no text at all goes as the bytes that it would be."""
        return urlencode({**self.fields, **changes}, errors="surrogatepass").encode()

    def filled(self, usual: Mapping[str, str]) -> dict[str, str]:
        """As somebody fills it in who means well."""
        found = {**self.offered, **usual}
        return {name: found[name] for name in self.fields if name in found}

    def oddly(self) -> Iterator[dict[str, str]]:
        """Every text in fields of the form (`EVERY_TEXT`: in every one), and some of them in each field alone."""
        names, texts = [*self.typed, *NOBODYS], [text for name, text in TEXTS.items() if name != UNREAD]
        yield {names[-1]: TEXTS[UNREAD]}
        if not self.typed:
            yield {f"{names[number % len(names)]}{number}": text for number, text in enumerate(texts)}
            return
        step = 1 if EVERY_TEXT else min(APART, len(self.typed))
        for number in range(0, len(texts), step):
            yield {name: texts[(at + number) % len(texts)] for at, name in enumerate(names)}
        for name in self.typed:
            for text in ALONE:
                yield {name: text}

    @property
    def typed(self) -> list[str]:
        """Without the form's own."""
        return [name for name in self.fields if not name.startswith("_")]


def form_of(page: str, path: str) -> Seen:
    """The first of the page's own that is sent, and does not only narrow a list: above it one can sign out, and a part
    of another service's has its own.
    """
    form = html.fromstring(page).xpath("//main//form[@method = 'post' and not(ancestor::*[@data-part])]")[0]
    typed = dict(form.form_values())
    ticked = reversed(form.xpath(".//input[@type='checkbox' or @type='radio']"))
    return Seen(
        form.get("action") or path,
        {name: str(typed.get(name, "")) for name in form.fields},
        {one.get("name"): one.get("value", "on") for one in ticked},
        frozenset(form.xpath(".//button/@name")),
    )


@dataclass
class Walk:
    """Sends what nobody should to one page after the other; each is taken as text or refused, and then nothing changes.

    `anew` makes what a page needs, and says its path; `kept` tells all that is kept; `taken` says whether something was
    taken, and `look` looks at it.
    """

    client: httpx.AsyncClient
    kept: Callable[[], Awaitable[Mapping[str, str]]]
    look: Callable[[httpx.Response], Awaitable[None]]
    taken: Callable[[httpx.Response], bool] = lambda answer: answer.status_code == SEE_OTHER
    sent: int = 0
    file: tuple[str, bytes] | None = None
    """The field and the content of a file that goes with each form, as the usual one has it."""

    async def over(
        self, page: str, anew: Callable[[], Awaitable[str]], usual: Mapping[str, str], draft: Mapping[str, str]
    ) -> None:
        """`draft`: what a form has to say that is put aside, where it can be."""
        outcomes: Counter[bool] = Counter()
        form = await self._form(await anew())
        asked = [{}, *form.oddly()]
        if "_gem" in form.buttons:
            asked += [
                {**dict.fromkeys(form.typed, text), **draft, "_gem": "1"} for text in (*ALONE, TEXTS["long text"])
            ]
        before = await self.kept()
        for changes in asked:
            try:
                answer = await self._send(form, {**form.filled(usual), **changes})
                taken = self.taken(answer)
                outcomes[taken] += 1
                assert taken or answer.status_code in {400, 409, 410, 422}, answer.text
                must_be_escaped(answer.text)
                if answer.status_code >= BAD:
                    assert await self.kept() == before, "a no changes nothing"
                if taken:
                    await self.look(answer)
            except AssertionError as error:
                error.add_note(f"{page}: {changes}")
                raise
            if taken or answer.status_code in {409, 410}:
                form = await self._form(await anew())
                before = await self.kept()
        assert 0 < outcomes[True] < outcomes.total(), (page, outcomes)

    async def _form(self, path: str) -> Seen:
        page = await self.client.get(path)
        assert page.status_code == OK, (path, page.text)
        return form_of(page.text, path)

    async def _send(self, form: Seen, changes: Mapping[str, str]) -> httpx.Response:
        """From an address of its own, so that nobody counts as one who sends too much."""
        self.sent += 1
        headers = {"X-Forwarded-For": f"198.{self.sent // 40_000}.{self.sent // 200 % 200}.{self.sent % 200 + 1}"}
        changes = {"_key": f"{self.sent:032d}", **changes}
        if self.file is None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            return await self.client.post(form.action, content=form.body(changes), headers=headers)
        name, content = self.file
        parts: list[tuple[str, tuple[str | None, bytes]]] = [
            (field, (None, text.encode("utf-8", "surrogatepass")))
            for field, text in {**form.fields, **changes}.items()
            if field != name
        ]
        return await self.client.post(form.action, files=[*parts, (name, ("x.pdf", content))], headers=headers)


def digest_of(tables: Iterable[str]) -> str:
    """A query for a digest of each table."""
    return " UNION ALL ".join(
        f"SELECT '{one}', md5(string_agg(row, '' ORDER BY row)) FROM (SELECT to_jsonb(t)::text AS row FROM {one} t)"
        for one in tables
    )


def must_be_escaped(page: str) -> None:
    """Nothing that was typed is a part of the page itself."""
    if not page:
        return
    for element in html.fromstring(page).iter():
        if isinstance(element.tag, str):
            assert element.tag != MARK
            odd = [name for name in element.attrib if name.startswith("on") or MARK in name]
            assert not odd, html.tostring(element)
            assert element.tag != "script" or MARK not in (element.text or "")
            assert not str(element.get("href", "")).startswith("javascript:")
