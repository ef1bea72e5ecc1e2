"""Which ports an installation chooses: what was chosen is still free when somebody listens on it."""

from __future__ import annotations

import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

from deploy.local.locations import ROOT
from deploy.local.ports import HOST, LAST_PORT, claim, ephemeral_ports, free_ports

CHOOSES = """
from deploy.local import ports
ports._in_turn = lambda: iter(range({first}, {first} + 200))
print(*ports.free_ports(10), flush=True)
input()
"""


def test_what_is_chosen_is_none_of_those_that_the_system_gives_to_whoever_connects() -> None:
    first, last = ephemeral_ports()
    with socket.socket() as anyone:
        anyone.bind((HOST, 0))
        given = anyone.getsockname()[1]
    assert first <= given <= last, "the range that the system says is the one that it gives from"
    assert not [port for port in free_ports(50) if first <= port <= last]


def test_processes_that_choose_at_once_choose_different_ones_and_what_one_leaves_is_free_again() -> None:
    first = min(free_ports(1)[0], LAST_PORT - 200)
    command = [sys.executable, "-c", CHOOSES.format(first=first)]
    with ExitStack() as at_last, ThreadPoolExecutor(3) as hands:
        asked = [
            at_last.enter_context(
                subprocess.Popen(command, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            )
            for _ in range(3)
        ]

        def chosen_by(one: subprocess.Popen[str]) -> list[int]:
            assert one.stdout is not None
            return [int(port) for port in one.stdout.readline().split()]

        chosen = list(hands.map(chosen_by, asked))
        assert all(len(ten) == 10 for ten in chosen)
        assert len({port for ten in chosen for port in ten}) == 30
        assert not claim(chosen[0][0])
        asked[0].communicate("\n", timeout=30)
        assert claim(chosen[0][0])
        for one in asked[1:]:
            one.communicate("\n", timeout=30)
