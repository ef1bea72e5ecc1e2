"""Which TCP ports of the loopback address are used.

Between choosing a port and listening on it somebody else may take it: another installation that is started at the same
time, or the system, which hands out ports of its ephemeral range to whatever connects. Ports are therefore chosen
outside that range, and whoever chooses one holds the UDP port of the same number, which nothing else here uses, until
its process ends.
"""

from __future__ import annotations

import random
import socket
from collections.abc import Collection, Iterator
from pathlib import Path

HOST = "127.0.0.1"
UNPRIVILEGED = Path("/proc/sys/net/ipv4/ip_unprivileged_port_start")
EPHEMERAL = Path("/proc/sys/net/ipv4/ip_local_port_range")
IANA_EPHEMERAL = (49152, 65535)
"""What systems use that do not say (RFC 6335 §6)."""
LAST_PORT = 65535
FIRST_CHOSEN = 10_000
"""Those below are the ones that people choose for their own servers."""
_HELD: dict[int, int] = {}
"""By port the descriptor, which the system closes with the process."""


def free_ports(count: int, besides: Collection[int] = ()) -> list[int]:
    """So many different ports, none of them among `besides`, that nobody listens on and that are this process's now."""
    chosen: list[int] = []
    for port in _in_turn():
        if len(chosen) == count:
            return chosen
        if port not in besides and port not in _HELD and claim(port):
            chosen.append(port)
    raise OSError(f"only {len(chosen)} of {count} ports are free")


def claim(port: int) -> bool:
    """Whether the port is free and no other process has chosen it; then it is this process's until that ends."""
    if port in _HELD:
        return is_free(port)
    twin = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        twin.bind((HOST, port))
    except OSError:
        twin.close()
        return False
    if not is_free(port):
        twin.close()
        return False
    _HELD[port] = twin.detach()
    return True


def ephemeral_ports() -> tuple[int, int]:
    """The first and the last of the ports that the system gives to whoever names none."""
    try:
        first, last = map(int, EPHEMERAL.read_text().split())
    except (OSError, ValueError):
        return IANA_EPHEMERAL
    return first, last


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


def _in_turn() -> Iterator[int]:
    """Every port there is, beginning anywhere; first those that the system gives to nobody by itself."""
    first, last = ephemeral_ports()
    ours = [port for port in range(max(FIRST_CHOSEN, lowest_port()), LAST_PORT + 1) if not first <= port <= last]
    for ports in (ours, range(first, last + 1)):
        start = random.randrange(len(ports)) if ports else 0  # noqa: S311  (chance, not secrecy)
        yield from ports[start:]
        yield from ports[:start]
