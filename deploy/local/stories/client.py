"""The hands of a story: the HTTP API as another system uses it, pages as a browser does, and what was mailed."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any, Self

import httpx

from deploy.local.errors import StackError
from deploy.local.mail_guard import bearer
from deploy.local.stories.pages import CannotDoError, Form, Page

PATIENCE_S = 60.0
"""How long a service that is away is asked again, under the same key."""
AGAIN_S = 0.2
FILLING_IN_S = 2.0
"""A form that anybody may send comes from a person only after so long (machine time)."""
_CODE_FIELD = "_kode"
_MASKED = re.compile(r"(\S)\*\*\*(@\S+)")
_CODE = re.compile(r"^Koden er: (\d{6})\s*$", re.MULTILINE)
_LINK = re.compile(r"https?://[^\s<>\"]+")


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered: the body, and the code of a "no"."""

    body: dict[str, Any]
    refused: str | None = None

    @property
    def detail(self) -> str:
        """What a "no" says, with each field's error."""
        errors = "".join(f"\n{one.get('field')}: {one.get('detail')}" for one in self.body.get("errors", ()))
        return f"{self.body.get('detail', '')}{errors}" if self.refused else ""


class Problem(Exception):  # noqa: N818  (an answer, not an error)
    """A refusal that was not expected: its stable code and the whole problem details."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(f"{answer.refused}: {answer.detail}")
        self.code = str(answer.refused)
        self.status = int(answer.body.get("status", 0))
        self.details = answer.body


class Client:
    """Whoever the story is about, as HTTP sees them."""

    def __init__(
        self, gateway: str, mail: str, token: str, tokens: Mapping[str, str] | None = None, *, mail_key: str
    ) -> None:
        """`token` is the installation's own; `tokens` are those of single callers, by name. `mail_key` is that of the
        caught mails.
        """
        self._token = token
        self._tokens = dict(tokens or {})
        limits = httpx.Limits(max_connections=64, max_keepalive_connections=64)
        self._api = httpx.AsyncClient(base_url=gateway, timeout=30.0, trust_env=False, limits=limits)
        self._browser = _a_browser(gateway)
        self._typed: set[int] = set()
        """The mails whose codes have been typed."""
        self._mail = httpx.AsyncClient(base_url=mail, timeout=30.0, trust_env=False, headers=bearer(mail_key))
        self._gateway = gateway
        self._mails: list[dict[str, Any]] = []
        self._keys = 0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        for http in (self._api, self._browser, self._mail):
            await http.aclose()

    # The API

    async def ask(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, *, key: str = "", caller: str = ""
    ) -> Answer:
        """The answer, whichever it is. A write that a service could not take now is repeated under its key."""
        headers = {"Authorization": f"Bearer {self._tokens.get(caller, self._token)}"}
        if method != "GET":
            headers["Idempotency-Key"] = key
        until = time.monotonic() + PATIENCE_S
        while True:
            try:
                sent = None if method == "GET" else dict(body or {})
                found = await self._api.request(method, path, json=sent, headers=headers)
            except httpx.TransportError as error:
                why = type(error).__name__
            else:
                if found.status_code != httpx.codes.SERVICE_UNAVAILABLE:
                    return _answer(found)
                why = str(found.status_code)
            if time.monotonic() > until:
                raise StackError(f"{method} {path.partition('?')[0]} fik intet svar ({why}).")
            await asyncio.sleep(AGAIN_S)

    async def read(self, path: str, *, caller: str = "") -> Answer:
        """What a GET is answered: of a list all pages as one, unless a page is asked for."""
        url = httpx.URL(path)
        answer = await self.ask("GET", path, caller=caller)
        if answer.refused or not {"cursor", "before", "limit"}.isdisjoint(url.params):
            return answer
        while following := answer.body.get("next"):
            more = await self.ask("GET", str(url.copy_merge_params({"cursor": following})), caller=caller)
            if more.refused:
                return more
            rows = {name: [*answer.body[name], *value] for name, value in more.body.items() if isinstance(value, list)}
            answer = replace(answer, body={**answer.body, **rows, "next": more.body["next"]})
        return answer

    async def get(self, path: str, **query: str) -> dict[str, Any]:
        """As `read`, of what is meant to succeed. Raises Problem."""
        answer = await self.read(str(httpx.URL(path, params=query)) if query else path)
        if answer.refused:
            raise Problem(answer)
        return answer.body

    async def send(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """A write that is meant to succeed, under the next key. Raises Problem."""
        self._keys += 1
        answer = await self.ask(method, path, body, key=f"send-{self._keys}")
        if answer.refused:
            raise Problem(answer)
        return answer.body

    # Pages

    async def open(self, address: str) -> tuple[Answer, Page]:
        """A page of ours, by its path or its whole address."""
        return await self._browse("GET", address.removeprefix(self._gateway))

    async def submit(self, page: Page, wanted: Mapping[str, Any], *, code: str = "mailed") -> tuple[Answer, Page]:
        """The page's form, filled in and sent as a browser does; where a code is asked for, it is read from its mail
        and typed (`code`: as a story says it). Raises CannotDoError.
        """
        answer, after = await self._send(page, wanted)
        if after.form is None or _CODE_FIELD not in after.form.names or code == "none":
            return answer, after
        digits = await self._mailed_code(after.text)
        if code == "wrong":
            return await self._send(after, {_CODE_FIELD: f"{(int(digits[1]) + 1) % 10**6:06d}"})
        self._typed.add(digits[0])
        return await self._send(after, {_CODE_FIELD: digits[1]})

    async def _mailed_code(self, page: str) -> tuple[int, str]:
        """The number of the newest mail to the mailbox that the page names, and the code in it."""
        named = _MASKED.search(page)
        if named is None:
            raise CannotDoError("Siden, der beder om en kode, nævner ingen postkasse.")
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            for one in reversed(await self.mails()):
                to = [email for email in one["to"] if email[:1] == named[1] and email.endswith(named[2].rstrip("."))]
                if not to or one["number"] in self._typed:
                    continue
                found = _CODE.search(str((await self.mail(one["number"]))["text"]))
                if found is not None:
                    return int(one["number"]), found[1]
            await asyncio.sleep(AGAIN_S)
        raise CannotDoError(f"Mailen med koden til {named[0]} kom ikke.")

    async def _send(self, page: Page, wanted: Mapping[str, Any]) -> tuple[Answer, Page]:
        if page.form is None:
            raise CannotDoError(f"Siden «{page.title}» har ingen formular.")
        sent = page.form.filled(wanted)
        if _for_anybody(page.form):
            await asyncio.sleep(FILLING_IN_S)
        action = page.joined(page.form.action)
        return await self._browse("POST", action, data=sent, headers={"Sec-Fetch-Site": "same-origin"})

    async def _browse(self, method: str, address: str, **sent: Any) -> tuple[Answer, Page]:
        try:
            found = await self._browser.request(method, address, **sent)
        except httpx.TransportError as error:
            raise StackError(f"Siden {address} svarer ikke ({type(error).__name__}).") from error
        page = Page(str(found.url), found.text)
        body = {"status": found.status_code, "title": page.title, "text": page.text}
        return Answer(body, str(found.status_code) if found.is_error else None), page

    # Mails

    async def mails(self) -> list[dict[str, Any]]:
        """All that have come, oldest first."""
        last = self._mails[-1]["number"] if self._mails else 0
        found = await self._mail.get("/api/messages", params={"after": last})
        found.raise_for_status()
        self._mails += found.json()
        return list(self._mails)

    async def mail(self, number: int) -> dict[str, Any]:
        """One mail with its text."""
        found = await self._mail.get(f"/api/messages/{number}")
        found.raise_for_status()
        return dict(found.json())

    def links_in(self, text: str) -> list[str]:
        """The addresses in a mail's text that lead to us."""
        return [one.rstrip(".,)") for one in _LINK.findall(text) if one.startswith(self._gateway)]


def _a_browser(gateway: str) -> httpx.AsyncClient:
    """As a real one it takes this machine for safe, which httpx does not."""
    jar = CookieJar(DefaultCookiePolicy(secure_protocols=("http", "https")))

    async def as_safe(request: httpx.Request) -> None:
        known = [one for one in jar if request.url.path.startswith(one.path)]
        if known:
            request.headers["Cookie"] = "; ".join(f"{one.name}={one.value}" for one in known)

    return httpx.AsyncClient(
        base_url=gateway,
        timeout=30.0,
        follow_redirects=True,
        trust_env=False,
        cookies=jar,
        event_hooks={"request": [as_safe]},
    )


def _for_anybody(form: Form) -> bool:
    return "_started" in form.names


def _answer(found: httpx.Response) -> Answer:
    try:
        body = found.json()
    except ValueError:
        body = {"text": found.text[:500]}
    if not isinstance(body, dict):
        body = {"items": body}
    return Answer(body, str(body.get("code", found.status_code)) if found.is_error else None)
