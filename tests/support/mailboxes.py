"""Whoever changes something by a mailed link shows that they read the mailbox: the one place that does it for tests of
other things.

A browser of the tests is known by a secret of its own, and before a form is sent the mailbox of whoever has its link is
confirmed by the real use cases, with a code that was really drawn. What it is like to be asked:
`tests/integration/enrollment/test_code_before_a_change.py`.
"""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass, field
from uuid import uuid4

import asyncpg
import httpx
from playwright.async_api import BrowserContext, Route

from services.enrollment.adapters import links as mailed
from services.enrollment.pages.confirming import CONFIRMED_COOKIE
from services.enrollment.usecases.confirm_mailbox import Whose, confirm_mailbox, draw_code, is_confirmed, read_whose
from shared.base.cause import Cause, new_correlation
from shared.base.clock import DomainClock, machine_now
from shared.base.links import Links
from shared.storage.tx import Tx, transaction

_OPENERS = {
    "plads": mailed.standing_of,
    "deltagere": mailed.participants_of,
    "moedeplads": mailed.seat_of,
    "holdplads": mailed.place_of,
    "fakturaoplysninger": mailed.billing_of,
}


@dataclass(slots=True)
class Mailboxes:
    """Of one browser; `secret` is what its cookie holds."""

    pool: asyncpg.Pool[asyncpg.Record]
    links: Links
    secret: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    _one: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def confirm(self, path: str) -> bool:
        """The mailbox that the link of this page went to; False = the page is behind no such link."""
        kind, _, rest = path.removeprefix("/").partition("/")
        nobody = Cause(new_correlation(), None, None)
        async with self._one, transaction(self.pool, DomainClock(), "/tovholder/enrollment", nobody, self.links) as tx:
            whose = await self._whose(tx, kind, rest.partition("/")[0])
            if whose is None:
                return False
            now = machine_now()
            if not await is_confirmed(tx, whose, self.secret, now):
                browser, digits = secrets.token_urlsafe(32), f"{secrets.randbelow(10**6):06d}"
                await draw_code(tx, whose, browser, str(uuid4()), digits, now)
                assert await confirm_mailbox(tx, whose, browser, digits, None, self.secret, now) is None
            return True

    async def _whose(self, tx: Tx, kind: str, token: str) -> Whose | None:
        if kind == "gaest":
            invited = mailed.guest_of(self.links, token, tx.now)
            if invited is None:
                return None
            programme = await tx.fetchval("SELECT programme_id FROM meetings WHERE id = $1", invited.meeting_id)
            return await read_whose(tx, invited.guest_id, programme_id=programme)
        opener = _OPENERS.get(kind)
        guest = opener(self.links, token, tx.now) if opener else None
        return await read_whose(tx, guest.person_id, enrolment_id=guest.enrolment_id) if guest else None

    async def before(self, request: httpx.Request) -> None:
        """An event hook of httpx, which sends no secure cookie to this machine."""
        if request.method == "POST" and await self.confirm(request.url.path):
            others = request.headers.get("Cookie")
            own = f"{CONFIRMED_COOKIE}={self.secret}"
            request.headers["Cookie"] = f"{others}; {own}" if others else own

    async def follow(self, context: BrowserContext, url: str) -> None:
        """The same for a browser's context."""
        await context.add_cookies(
            [
                {
                    "name": CONFIRMED_COOKIE,
                    "value": self.secret,
                    "url": url.replace("http://", "https://"),
                    "httpOnly": True,
                    "secure": True,
                    "sameSite": "Lax",
                }
            ]
        )

        async def confirmed(route: Route) -> None:
            if route.request.method == "POST":
                await self.confirm(httpx.URL(route.request.url).path)
            await route.fallback()

        await context.route("**/*", confirmed)
