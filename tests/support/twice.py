"""Forms that come a second time, and forms whose sender is signed out meanwhile: what each page is walked through."""

from __future__ import annotations

import asyncio
import itertools
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from html import unescape
from typing import Any

import asyncpg
import httpx

from shared.web.forms import LOOK, STOOD
from tests.support.hostile import digest_of, form_of

Sent = Mapping[str, str]
FACTS = "FROM outbox WHERE type <> 'tovholder.enrollment.MailboxCodeDrawn.v1'"
"""All but the codes that the tests' own browser asks for (`tests.support.mailboxes`)."""
SEES_ONLY = frozenset({200, 303})
SAID = ("Det er allerede gjort", "besked=vaek", "besked=vist")
"""What whoever presses twice reads, where they do not come to the same page."""


@dataclass(frozen=True)
class Ready:
    """A form that is filled in: what its button sends; with a file, by its field."""

    path: str
    body: Sent
    file: str = ""

    def otherwise(self) -> Ready | None:
        """As somebody fills it in who has thought better of it; None = there is nothing to type."""
        typed = [name for name, text in self.body.items() if not name.startswith("_") and name in OTHER]
        same = [name for name in typed if self.body[name] == OTHER[name]]
        if not (found := [name for name in OTHER if name in typed and name not in same]):
            return None
        return Ready(self.path, {**self.body, found[0]: OTHER[found[0]]}, self.file)

    def changed(self, other: Ready) -> str:
        """What is typed otherwise there."""
        return next(text for name, text in other.body.items() if self.body.get(name) != text)


OTHER: Mapping[str, str] = {
    "reason": "Af en anden grund",
    "why_not": "Af en anden grund",
    "headline": "Noget andet",
    "title": "En anden titel",
    "contact_name": "Karla",
    "name": "Ib Prøvesen",
    "place": "Loftet",
    "committee": "Økonomiudvalget",
    "level": "Medarbejder",
    "diet_text": "Ingen mælk",
    "includes": "To dage",
    "main_email": "en-anden@aarhus.example",
    "roles.faktura.name": "Ib Prøvesen",
    "answers.baggrund": "Derfor.",
    "billing.order_reference": "4712",
    "email": "ib@k0751.example",
    "client": "et-andet-system",
    "amount": "2",
    "price": "1.100,00",
    "hard": "4",
    "day": "2021-05-12",
    "held_on": "2021-01-10",
    "completed_on": "2021-01-10",
    "into": "oest",
    "group": "vest",
    "days": "90",
    "forbehold_committee": "Økonomiudvalget",
}
"""What is typed instead, of the first of these that a form has."""


@dataclass
class Desk:
    """Where forms are sent from. `anew` makes what a page needs, and says its path; `leaves` ends the session of
    whoever sends them, in one of the three ways, and `enters` signs the same person in again.
    """

    browser: httpx.AsyncClient
    pool: asyncpg.Pool[Any]
    tables: Iterable[str]
    anew: Callable[[str], Awaitable[str]]
    usual: Mapping[str, str]
    leaves: Callable[[str], Awaitable[None]] | None = None
    enters: Callable[[], Awaitable[None]] | None = None
    content: bytes = b""
    """Of a file that goes with the form."""
    sent: int = field(default=0)

    async def post(self, form: Ready) -> httpx.Response:
        """From an address of its own, so that nobody counts as one who sends too much."""
        self.sent += 1
        headers = {"X-Forwarded-For": f"198.51.{self.sent // 200 % 200}.{self.sent % 200 + 1}"}
        if form.file and self.content:
            parts: Any = [(name, (None, text)) for name, text in form.body.items() if name != form.file]
            parts.append((form.file, ("x.pdf", self.content)))
            return await self.browser.post(form.path, files=parts, headers=headers)
        return await self.browser.post(form.path, data=dict(form.body), headers=headers)

    def read(self, page: httpx.Response, path: str) -> tuple[Ready, frozenset[str]]:
        """The form of a page, filled in, and its buttons."""
        seen = form_of(page.text, path)
        files = re.findall(r'<input type="file"[^>]* name="([^"]+)"', page.text)
        files += re.findall(r'<input class="form-input" type="file"[^>]* name="([^"]+)"', page.text)
        return Ready(seen.action, {**seen.fields, **seen.filled(self.usual)}, next(iter(files), "")), seen.buttons

    async def typed(self, path: str) -> tuple[Ready, bool]:
        """As somebody has filled it in; and whether it is shown first what would come of it."""
        page = await self.browser.get(path)
        assert page.status_code == 200, (path, page.status_code, said(page))
        form, buttons = self.read(page, path)
        return form, LOOK in buttons

    async def shown(self, form: Ready) -> Ready:
        """What would come of it has been looked at: now there is the button that does it."""
        page = await self.post(Ready(form.path, {**form.body, LOOK: "1"}, form.file))
        assert page.status_code == 200, said(page)
        return self.read(page, form.path)[0]

    async def ready(self, path: str) -> Ready:
        form, looks = await self.typed(path)
        return await self.shown(form) if looks else form

    async def kept(self) -> dict[str, str]:
        facts = f"SELECT 'facts', string_agg(id::text, ' ' ORDER BY id) {FACTS}"
        return {row[0]: row[1] for row in await self.pool.fetch(f"{digest_of(self.tables)} UNION ALL {facts}")}

    async def counts(self) -> dict[str, int]:
        tables = " UNION ALL ".join(f"SELECT '{one}', count(*) FROM {one}" for one in self.tables)
        found = await self.pool.fetch(f"{tables} UNION ALL SELECT 'facts', count(*) {FACTS}")
        return {row[0]: row[1] for row in found}

    async def signed_out(self, template: str, how: str) -> Ready:
        """The session ends while the form is filled in. Nothing is done, all that was typed comes back, and it is sent
        again by whoever has signed in. Answers with the form whose button does it.
        """
        assert self.leaves is not None
        assert self.enters is not None
        form, looks = await self.typed(await self.anew(template))
        sent = Ready(form.path, {**form.body, LOOK: "1"} if looks else form.body, form.file)
        await self.leaves(how)
        before = await self.kept()
        stopped = await self.post(sent)
        assert stopped.status_code == 401, said(stopped)
        assert "Du er logget ud" in stopped.text
        assert await self.kept() == before, "nothing is done for somebody who is signed out"
        carried = form_of(stopped.text, form.path)
        is_file = form.file if self.content else ""
        own = {name: text for name, text in sent.body.items() if name not in {"_csrf", "_key", is_file}}
        lost = {name: text for name, text in own.items() if carried.fields.get(name, "").strip() != text.strip()}
        assert not lost, "what was typed is still there"
        assert not is_file or ("Vælg filen igen" in stopped.text and is_file in carried.fields), "a file is chosen anew"
        await self.enters()
        again = Ready(form.path, carried.fields, form.file)
        if not looks:
            return again
        page = await self.post(again)
        assert page.status_code == 200, said(page)
        return self.read(page, form.path)[0]

    async def pressed_twice(self, form: Ready) -> dict[str, int]:
        """One after the other; and then somebody goes back, and sends the same page with something else in it."""
        before = await self.counts()
        first = await self.post(form)
        assert is_done(first), said(first)
        kept, after = await self.kept(), await self.counts()
        second = await self.post(form)
        assert is_same(first, second), (second.status_code, second.headers.get("location"), said(second))
        assert not (more := differs(kept, await self.kept())), f"it is done once: {more}"
        if (other := form.otherwise()) is not None:
            await self.gone_back(other, form.changed(other), kept)
        return {name: after[name] - before[name] for name in after if after[name] != before[name]}

    async def gone_back(self, other: Ready, text: str, kept: Mapping[str, str]) -> None:
        """Nothing happens unseen, and what they typed is on the page that says so: it can be sent from there."""
        answer = await self.post(other)
        assert answer.status_code in {409, 410, 422}, (answer.status_code, answer.headers.get("location"))
        assert await self.kept() == kept, "what was done stays as it was"
        if "er her ikke længere" in answer.text:
            return
        assert text in unescape(answer.text), said(answer)
        if "Det er allerede gjort" in answer.text:
            onward = await self.post(Ready(other.path, form_of(answer.text, other.path).fields, other.file))
            assert onward.status_code < 500, said(onward)
            assert "Det er allerede gjort" not in onward.text, "it is a new wish"

    async def pressed_at_once(self, template: str) -> dict[str, int]:
        form = await self.ready(await self.anew(template))
        before = await self.counts()
        answers = await asyncio.gather(self.post(form), self.post(form))
        after = await self.counts()
        first = next((one for one in answers if is_done(one)), None)
        assert first is not None, [said(one) for one in answers]
        for one in answers:
            same = is_same(first, one) or is_same(one, first)
            assert same, (one.status_code, one.headers.get("location"), said(one))
        return {name: after[name] - before[name] for name in after if after[name] != before[name]}

    async def two_tabs(self, template: str) -> str:
        """What becomes of the second: `told` why not, `same` (it changes nothing), or done as `another`."""
        path = await self.anew(template)
        one, two = await self.ready(path), await self.ready(path)
        two = two.otherwise() or two
        assert one.body.get("_key") != two.body.get("_key")
        first = await self.post(one)
        assert is_done(first), said(first)
        kept = await self.kept()
        second = await self.post(two)
        assert second.status_code in {200, 303, 403, 404, 409, 410, 422}, (second.status_code, said(second))
        now = await self.kept()
        if not is_done(second):
            assert now == kept, "a no changes nothing"
            return "told"
        if now == kept:
            return "same"
        assert STOOD not in two.body, "what the first has changed is written over unseen"
        return "another"


def differs(one: Mapping[str, str], other: Mapping[str, str]) -> list[str]:
    """The tables in which something is otherwise."""
    return [name for name in one if one[name] != other[name]]


def is_done(answer: httpx.Response) -> bool:
    """A page leads on; or it shows a token, once."""
    return answer.status_code == 303 or (answer.is_success and 'id="noegle"' in answer.text)


def is_same(first: httpx.Response, second: httpx.Response) -> bool:
    if second.headers.get("location") == first.headers.get("location") and second.status_code == first.status_code:
        return True
    where = second.headers.get("location", "")
    return any(one in second.text or one in where for one in SAID)


def said(answer: httpx.Response) -> str:
    """What the page says, on one line."""
    body = answer.text.partition("<main")[2] or answer.text
    return f"{answer.status_code} " + " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).split())[:500]


WAYS = ("idle", "over", "revoked")
"""How a session ends: nobody has seen it for an hour, it has lasted a day's work, or it was ended elsewhere."""


async def every_form(desk: Desk, pages: Iterable[str], another: Mapping[str, str]) -> None:
    """Each of these, in all four ways; all that go wrong are told together."""
    wrong: list[str] = []
    for number, page in enumerate(pages):
        try:
            await _one(desk, page, WAYS[number % len(WAYS)], another)
        except AssertionError as error:
            wrong.append(f"{page}: {error}")
    assert not wrong, "\n\n".join(wrong)


async def _one(desk: Desk, page: str, how: str, another: Mapping[str, str]) -> None:
    if desk.leaves is None:
        form = await desk.ready(await desk.anew(page))
    else:
        form = await desk.signed_out(page, how)
    once = await desk.pressed_twice(form)
    at_once = await desk.pressed_at_once(page)
    # What was there already is no row more: a person, a series of invoices.
    more = {name: rows for name, rows in at_once.items() if rows > max(once.get(name, 0), 1)}
    assert not more, f"what is pressed twice at once is done once: {more}"
    second = await desk.two_tabs(page)
    assert (second == "another") == (page in another), f"a second tab: {second}"


async def looked_for(desk: Desk, pages: Mapping[str, Mapping[str, str]]) -> None:
    """What only looks for something keeps what was typed, too, when its session has ended."""
    usual = desk.usual
    for (page, typed), how in zip(pages.items(), itertools.cycle(WAYS), strict=False):
        desk.usual = typed
        answer = await desk.post(await desk.signed_out(page, how))
        assert answer.status_code in SEES_ONLY, (page, said(answer))
    desk.usual = usual
