"""What processes say is kept whole and within bounds, and one that could not be started again is, later."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local import process, supervisor
from deploy.local.logfile import LogFile
from deploy.local.process import Command
from deploy.local.supervisor import Supervisor
from tests.support.eventually import eventually

LINES = 20_000
TALKS = f"""
import os, sys
for n in range({LINES}):
    os.write(1 + n % 2, b"%d %s\\n" % (n, b"x" * (n % 97)))
sys.stdout.write("the end, without a newline")
sys.stdout.flush()
sys.stdin.read()
os.kill(os.getpid(), 19)
"""


@pytest.fixture
def watched() -> Iterator[Supervisor]:
    made = Supervisor()
    yield made
    made.close()


def running(program: str, folder: Path) -> Command:
    return Command(argv=(sys.executable, "-c", program), log=folder / "talks.log")


def aside(log: Path) -> list[Path]:
    """The files put aside, oldest first."""
    return sorted(log.parent.glob("talks.*.log"), key=lambda file: -int(file.name.split(".")[1]))


async def test_a_log_is_put_aside_while_it_is_written_and_no_line_is_lost(watched: Supervisor, tmp_path: Path) -> None:
    """The process that writes it is the same one all the time."""
    log = tmp_path / "talks.log"
    watched._logs[log] = LogFile(log, largest=100_000, kept=1_000)
    watched.run("talks", running(TALKS, tmp_path))
    pid = watched.state("talks").pid

    def said() -> list[bytes]:
        try:
            return b"".join(file.read_bytes() for file in [*aside(log), log]).splitlines()
        except FileNotFoundError:
            # It was put aside between the list and the look; there is another look.
            return []

    await eventually(lambda: log.exists() and len(said()) == LINES)
    assert [int(line.split()[0]) for line in said()] == list(range(LINES))
    assert len(aside(log)) > 5
    assert all(file.stat().st_size <= 100_000 for file in [*aside(log), log])
    assert watched.state("talks").pid == pid
    watched.kill("talks")
    assert said()[-1] == b"the end, without a newline"


async def test_so_many_are_kept_and_no_more(tmp_path: Path) -> None:
    log = tmp_path / "talks.log"
    file = LogFile(log, largest=100, kept=2)
    for number in range(50):
        file.write(b"%d\n" % (10**18 + number))
    assert [one.name for one in aside(log)] == ["talks.2.log", "talks.1.log"]
    whole = b"".join(one.read_bytes() for one in [*aside(log), log]).split()
    assert [int(one) - 10**18 for one in whole] == list(range(50 - len(whole), 50))


def test_what_cannot_be_written_is_dropped_and_counted_and_stops_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "talks.log"
    file = LogFile(log)
    file.write(b"before\n")
    write, room = os.write, iter([3])

    def full(descriptor: int, data: bytes) -> int:
        if left := next(room, 0):
            return write(descriptor, data[:left])
        raise OSError(errno.ENOSPC, "")

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        file.write(b"torn\n")
        file.write(b"lost\nlost too\n")
    file.write(b"after\n")
    assert log.read_text().splitlines() == ["before", "tor", "3 lines could not be written here", "after"]


async def test_a_process_that_cannot_be_started_again_is_tried_again(
    watched: Supervisor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "FIRST_PAUSE_S", 0.01)
    start, refusals = process.start_into, iter([errno.ENOSPC, errno.EAGAIN, errno.ENOMEM])

    def refused(output: int, command: Command) -> process.Process:
        for number in refusals:
            raise OSError(number, os.strerror(number))
        return start(output, command)

    watched.run("talks", running("import sys; sys.stdin.read(); input()", tmp_path))
    falls = watched.state("talks").falls
    monkeypatch.setattr(process, "start_into", refused)
    watched.wait_for_fall("talks", falls + 2)
    log = (tmp_path / "talks.log").read_text()
    for number in (errno.ENOSPC, errno.EAGAIN, errno.ENOMEM):
        assert f"talks could not be started again: {os.strerror(number)}" in log


async def test_one_that_cannot_be_started_at_all_is_an_error_at_once(watched: Supervisor, tmp_path: Path) -> None:
    with pytest.raises(OSError, match="nowhere"):
        watched.run("talks", Command(argv=("true",), log=tmp_path / "talks.log", cwd=tmp_path / "nowhere"))
    assert not watched.state("talks").running
