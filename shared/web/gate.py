"""Forms that anybody may send: slower than a robot, and not too often. Machine time throughout.

A hidden field that people do not see, a signed time at which the form was shown, and counters in PostgreSQL that all
instances share. A bucket's name is a keyed hash: no address and no e-mail lies in the table.
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime, timedelta

from starlette.requests import Request

from shared.base.clock import machine_now
from shared.base.links import sign, verify
from shared.base.problems import Problem
from shared.storage.tx import Pool
from shared.web.forms import Form

_PURPOSE = "form"
FASTEST_SECONDS = 2
LONGEST = timedelta(hours=24)


class Gate:
    """`key` signs and hashes; it is the one that signs links."""

    def __init__(self, key: bytes, pool: Pool) -> None:
        self._key = key
        self._pool = pool

    def open(self, form: Form) -> Form:
        """The form as it is shown: knows when."""
        form.started = sign(self._key, _PURPOSE, str(int(machine_now().timestamp())))
        return form

    def passes(self, form: Form) -> bool:
        """Whether a person can have filled it in; else the form says what to do, and is ready to be shown again."""
        shown = verify(self._key, _PURPOSE, form.own.get("_started", ""), machine_now())
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

    async def admit(self, kind: str, who: str, *, limit: int, seconds: int) -> None:
        """Count an attempt of `who`; Problem 429 when there were `limit` in this window of `seconds` already."""
        bucket = hmac.digest(self._key, f"attempt\0{kind}\0{who}".encode(), hashlib.sha256).hex()
        row = await self._pool.fetchrow(
            """
            INSERT INTO attempts AS a (bucket, since, made)
            VALUES ($1, to_timestamp(floor(extract(epoch FROM clock_timestamp()) / $2) * $2), 1)
            ON CONFLICT (bucket, since) DO UPDATE SET made = a.made + 1
            RETURNING made, ceil(extract(epoch FROM since) + $2 - extract(epoch FROM clock_timestamp()))::int AS wait
            """,
            bucket,
            seconds,
        )
        if row is not None and row["made"] > limit:
            raise Problem(429, "too_many_attempts", headers={"Retry-After": str(max(row["wait"], 1))})


def caller(request: Request) -> str:
    """The address that a request came from; behind our own gateway that is what the gateway says."""
    return request.client.host if request.client else "unknown"
