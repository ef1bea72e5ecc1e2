"""Which TCP ports of the loopback address are used."""

from __future__ import annotations

import socket
from collections.abc import Collection
from contextlib import ExitStack
from pathlib import Path

HOST = "127.0.0.1"
UNPRIVILEGED = Path("/proc/sys/net/ipv4/ip_unprivileged_port_start")


def free_ports(count: int, besides: Collection[int] = ()) -> list[int]:
    """So many different ports that nobody listens on now, none of them among `besides`; the system chooses."""
    chosen: list[int] = []
    with ExitStack() as held:
        while len(chosen) < count:
            one = held.enter_context(socket.socket())
            one.bind((HOST, 0))
            port = int(one.getsockname()[1])
            if port not in besides:
                chosen.append(port)
    return chosen


def lowest_port() -> int:
    """The lowest that those without the administrator's rights may listen on, as PostgreSQL always is."""
    try:
        return int(UNPRIVILEGED.read_text())
    except (OSError, ValueError):
        return 1024


def is_free(port: int) -> bool:
    """Whether a server could listen on it now. A port that only waits for old connections to fade is free."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True
