"""Whatever goes round and round asks ever more rarely while its work fails, and says nothing new about it."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NoReturn, cast

import pytest

from services.invoicing.workers.document_writer import DocumentWriter
from services.notifications.usecases.deliver_message import Post
from services.notifications.workers.mailer import Mailer
from shared.base.activity import Activity
from shared.base.clock import DomainClock
from shared.base.tasks import Part
from shared.messaging.partitions import Partitions
from shared.messaging.relay import Relay
from shared.runtime.health import OutboxWatch
from shared.runtime.housekeeping import Housekeeping
from shared.runtime.service import Host
from shared.runtime.timers import Timers
from shared.storage.tx import Pool

ROUNDS = 12


class Away:
    """A database that refuses every connection, and whatever else one may ask of it."""

    def __getattr__(self, _name: str) -> Any:
        return self._refuse

    def _refuse(self, *_args: object, **_named: object) -> NoReturn:
        raise ConnectionRefusedError


AWAY = cast("Pool", Away())


def refused(*_args: object, **_named: object) -> NoReturn:
    raise ConnectionRefusedError


def host() -> Host:
    log = SimpleNamespace(warning=lambda *_args, **_named: None)
    return cast("Host", SimpleNamespace(transaction=refused, pool=AWAY, activity=Activity(), log=log))


def loops() -> dict[str, Part]:
    post = Post(AWAY, refused, cast("Any", None), [], "m", lease_s=3600, retry_s=1)
    return {
        "mailer": Mailer(post, Activity()).run,
        "documents": DocumentWriter(host(), Path("/nowhere"), None).run,
        "outbox watch": OutboxWatch(AWAY).run,
        "housekeeping": Housekeeping(host()).run,
        "partitions": Partitions("s", AWAY).run,
        "timers": Timers([], refused, DomainClock(), Activity()).run,
        "relay": Relay("s", dsn="postgresql://nobody@127.0.0.1:1/none", kafka="127.0.0.1:1", topics=[]).run,
    }


@pytest.mark.parametrize("name", loops())
async def test_while_its_work_fails_it_comes_back_ever_more_rarely(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Counted by the pauses that it asks for; none is taken."""
    monkeypatch.setattr("random.uniform", lambda low, high: (low + high) / 2)
    run, stop = loops()[name], asyncio.Event()
    pauses: list[float] = []

    async def at_once(*_events: asyncio.Event, seconds: float) -> bool:
        pauses.append(seconds)
        if len(pauses) == ROUNDS:
            stop.set()
        return False

    monkeypatch.setattr(sys.modules[run.__self__.__module__], "first_of", at_once)  # type: ignore[attr-defined]
    await asyncio.wait_for(run(stop), 30)

    assert len(pauses) == ROUNDS
    assert sum(pauses[-3:]) > 3 * sum(pauses[:3])
