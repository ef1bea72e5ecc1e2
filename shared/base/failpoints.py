"""Exact places where a test lets a process die, stop or fail: `FAILPOINT=<name>:kill|exit|sleep|raise[:nth]`.

Several are separated by commas. `kill` is SIGKILL of the process itself (nothing is cleaned up), `exit` ends it at once
with status 70, `sleep` stays there for an hour (the test kills it or pauses it), `raise` raises FailpointReached.
`nth` counts from 1, default 1, and acts once. Without the variable a failpoint costs one look into an empty dict.
"""

from __future__ import annotations

import asyncio
import os
import signal
from dataclasses import dataclass

NAMES = frozenset(
    {
        "relay.before_send",
        "relay.between_ack_and_move",
        "relay.after_move",
        "consumer.before_commit",
        "consumer.after_commit",
        "api.after_commit",
        "mailer.before_data",
        "mailer.after_data",
    }
)
ACTIONS = frozenset({"kill", "exit", "sleep", "raise"})
EXIT_STATUS = 70


class FailpointReached(Exception):  # noqa: N818  (it is asked for, not an error)
    """What `raise` raises; no code of the product knows it, so it stands for any bug."""


@dataclass(slots=True)
class _Armed:
    action: str
    left: int


def read(text: str) -> dict[str, _Armed]:
    """The armed failpoints of `text`; an unknown name or action is a ValueError, for a typo would prove nothing."""
    armed: dict[str, _Armed] = {}
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        name, _, rest = part.partition(":")
        action, _, count = rest.partition(":")
        nth = count or "1"
        if name not in NAMES or action not in ACTIONS or not nth.isdigit() or nth == "0":
            raise ValueError(f"FAILPOINT {part!r}: expected <name>:kill|exit|sleep|raise[:nth] with a known name")
        armed[name] = _Armed(action, int(nth))
    return armed


_armed = read(os.environ.get("FAILPOINT", ""))


async def failpoint(name: str) -> None:
    """Do what FAILPOINT says about this place; nothing when it says nothing."""
    armed = _armed.get(name)
    if armed is None:
        return
    armed.left -= 1
    if armed.left:
        return
    if armed.action == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if armed.action == "exit":
        os._exit(EXIT_STATUS)
    if armed.action == "sleep":
        await asyncio.sleep(3600)
    raise FailpointReached(name)
