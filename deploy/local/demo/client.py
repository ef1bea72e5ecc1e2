"""The demo's hands: the HTTP API as another system uses it, and the pages as a browser does."""

from __future__ import annotations

import itertools
from html.parser import HTMLParser
from typing import Any, Self

import httpx


class AnswerError(RuntimeError):
    """The API said something the demo did not expect."""


class Problem(Exception):  # noqa: N818  (an answer, not an error)
    """A refusal: its status, stable code and the whole problem details."""

    def __init__(self, status: int, details: dict[str, Any]) -> None:
        super().__init__(f"{status} {details.get('code')}: {details.get('detail')}")
        self.status = status
        self.code = str(details.get("code"))
        self.details = details


class Form(HTMLParser):
    """The fields of the first form on a page that is sent by POST, with the values they have."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.action = ""
        self.fields: dict[str, str] = {}
        self._inside = False
        self._found = False
        self.feed(page)
        if not self._found:
            raise AnswerError("the page has no form")

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        if tag == "form" and not self._found and (attributes.get("method") or "").lower() == "post":
            self._inside = self._found = True
            self.action = attributes.get("action") or ""
        elif self._inside and tag in {"input", "textarea", "select", "button"} and (name := attributes.get("name")):
            chosen = attributes.get("type") not in {"checkbox", "radio"} or "checked" in attributes
            if chosen and name not in self.fields:
                self.fields[name] = attributes.get("value") or ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._inside = False


class Client:
    """One caller. Every write has an Idempotency-Key of its own, the same ones in every run."""

    def __init__(self, gateway: str, mail: str, token: str) -> None:
        self._api = httpx.AsyncClient(
            base_url=gateway, headers={"Authorization": f"Bearer {token}"}, timeout=30.0, trust_env=False
        )
        self._browser = httpx.AsyncClient(base_url=gateway, timeout=30.0, follow_redirects=True, trust_env=False)
        self._mail = httpx.AsyncClient(base_url=mail, timeout=30.0, trust_env=False)
        self._gateway = gateway
        self._numbers = itertools.count(1)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        for http in (self._api, self._browser, self._mail):
            await http.aclose()

    async def get(self, path: str, **query: str) -> dict[str, Any]:
        return _answer(await self._api.get(path, params=query))

    async def send(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """A write. Raises Problem when it is refused."""
        key = f"demo-{next(self._numbers)}"
        return _answer(await self._api.request(method, path, json=body or {}, headers={"Idempotency-Key": key}))

    async def page(self, path: str) -> Form:
        answer = await self._browser.get(path.removeprefix(self._gateway))
        answer.raise_for_status()
        form = Form(answer.text)
        form.action = form.action or path.removeprefix(self._gateway)
        return form

    async def submit(self, form: Form, **filled: str) -> str:
        """Send a form as a browser would; the page that comes back. Raises AnswerError when it is shown again."""
        answer = await self._browser.post(
            form.action, data={**form.fields, **filled}, headers={"Sec-Fetch-Site": "same-origin"}
        )
        if answer.is_error:
            raise AnswerError(f"{form.action} answered {answer.status_code}")
        return answer.text

    async def mails(self) -> list[dict[str, Any]]:
        answer = await self._mail.get("/api/messages")
        answer.raise_for_status()
        found = answer.json()
        return list(found["messages"] if isinstance(found, dict) else found)

    async def mail(self, message_id: str) -> dict[str, Any]:
        answer = await self._mail.get(f"/api/messages/{message_id}")
        answer.raise_for_status()
        return dict(answer.json())


def _answer(answer: httpx.Response) -> dict[str, Any]:
    if answer.headers.get("content-type", "").startswith("application/problem+json"):
        raise Problem(answer.status_code, answer.json())
    if answer.is_error:
        raise AnswerError(f"{answer.request.method} {answer.request.url.path} answered {answer.status_code}")
    return dict(answer.json())
