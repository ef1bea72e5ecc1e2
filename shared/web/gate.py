"""Forms that anybody may send: slower than a robot, and not too often. Machine time throughout.

A hidden field that people do not see, a signed time at which the form was shown, and counters in PostgreSQL that all
instances share: one of the caller, and a larger one of the network that may be all of one caller's. A bucket's name
is a keyed hash: no address and no e-mail lies in the table. What was refused is counted in a bucket of its own, so that
nobody's mistakes use up what others behind the same address may send.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from starlette.requests import Request

from shared.base.clock import machine_now
from shared.base.links import Links
from shared.base.problems import Problem
from shared.storage.tx import Pool
from shared.web.forms import Form
from shared.web.metrics import FORMS
from shared.web.proxies import as_caller, as_site

_PURPOSE = "form"
FASTEST_SECONDS = 2
LONGEST = timedelta(hours=24)


SITE_TIMES = 10
"""So many times as much as one caller may send a whole site: others may be in it."""


class Caller(NamedTuple):
    """Whom a request counts for, and the network it is in that may be all of one caller's (`shared.web.proxies`)."""

    who: str
    site: str | None = None


@dataclass(frozen=True, slots=True)
class Admitted:
    """Where one was counted."""

    bucket: str
    since: datetime


@dataclass(slots=True)
class Counted:
    """Whether what is counted was sent in the end."""

    sent: bool = False


class Gate:
    """`links` signs when a form was shown, and `key`, the one that signs them, hashes whose a bucket is.

    When the key is changed, forms that are open go on, and every count begins anew, once.
    """

    def __init__(self, key: bytes, links: Links, pool: Pool) -> None:
        self._key = key
        self._links = links
        self._pool = pool

    def open(self, form: Form) -> Form:
        """The form as it is shown: knows when."""
        form.started = self._links.sign(_PURPOSE, str(int(machine_now().timestamp())))
        return form

    def passes(self, form: Form) -> bool:
        """Whether a person can have filled it in; else the form says what to do, and is ready to be shown again."""
        shown = self._links.verify(_PURPOSE, form.own.get("_started", ""), machine_now())
        if shown is None or form.own.get("_website"):
            form.add_error("", "not_a_person", "Formularen kunne ikke læses. Send den igen.")
        else:
            age = machine_now() - datetime.fromtimestamp(int(shown), UTC)
            if timedelta(seconds=FASTEST_SECONDS) <= age <= LONGEST:
                form.started = form.own["_started"]
                return True
            if age > LONGEST:
                form.add_error("", "form_too_old", "Siden har stået åben for længe. Se felterne igennem, og send igen.")
            else:
                form.add_error("", "form_too_fast", "Det gik hurtigere, end vi kan følge med til. Send igen.")
        self.open(form)
        return False

    async def admit(self, kind: str, caller: Caller, *, limit: int, seconds: int) -> Sequence[Admitted]:
        """Count one of the caller's; Problem 429 when there are `limit` in this window of `seconds` already, or
        SITE_TIMES as many of its site's.
        """
        admitted = [await self._admit(kind, caller.who, limit, seconds)]
        if caller.site is not None:
            try:
                admitted.append(await self._admit(kind, caller.site, limit * SITE_TIMES, seconds))
            except Problem:
                await self._give_back(admitted)
                raise
        return admitted

    async def _admit(self, kind: str, who: str, limit: int, seconds: int) -> Admitted:
        bucket = hmac.digest(self._key, f"attempt\0{kind}\0{who}".encode(), hashlib.sha256).hex()
        since = await self._pool.fetchval(
            """
            INSERT INTO attempts AS a (bucket, since, made)
            VALUES ($1, to_timestamp(floor(extract(epoch FROM clock_timestamp()) / $2) * $2), 1)
            ON CONFLICT (bucket, since) DO UPDATE SET made = a.made + 1 WHERE a.made < $3
            RETURNING since
            """,
            bucket,
            seconds,
            limit,
        )
        if since is None:
            FORMS.labels(kind, "limited").inc()
            wait = seconds - int(machine_now().timestamp()) % seconds
            raise Problem(429, "too_many_attempts", headers={"Retry-After": str(wait)})
        return Admitted(bucket, since)

    async def _give_back(self, admitted: Sequence[Admitted]) -> None:
        for one in admitted:
            await self._pool.execute(
                "UPDATE attempts SET made = made - 1 WHERE bucket = $1 AND since = $2 AND made > 0",
                one.bucket,
                one.since,
            )

    async def refuse(self, kind: str, caller: Caller, *, limit: int, seconds: int) -> None:
        """Count one that was refused, beside those that are sent; Problem 429 when that is too many too."""
        FORMS.labels(kind, "refused").inc()
        await self.admit(f"{kind} refused", caller, limit=limit, seconds=seconds)

    @asynccontextmanager
    async def counted(self, kind: str, caller: Caller, *, limit: int, seconds: int) -> AsyncIterator[Counted]:
        """Count as `admit` does, for as long as it may still be `sent`; one that is not is given back."""
        admitted = await self.admit(kind, caller, limit=limit, seconds=seconds)
        counted = Counted()
        try:
            yield counted
        finally:
            if counted.sent:
                FORMS.labels(kind, "taken").inc()
            else:
                await self._give_back(admitted)


def caller_of(request: Request) -> Caller:
    """By its address, as `shared.web.proxies` found it; of IPv6 the subscriber's network."""
    return Caller(as_caller(request.client.host), as_site(request.client.host)) if request.client else Caller("unknown")
