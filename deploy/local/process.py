"""Starting a server so that it can't outlive whoever started it, and stopping it.

A process started here has a session of its own (a terminal's Ctrl-C reaches the supervisor only, which stops things
in order) and gets its death signal when the *thread* that started it ends: so start only from a thread that lives as
long as the process should.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from deploy.local.forge import Forge, Process
from deploy.local.locations import ROOT

LARGEST_LOG_BYTES = 50_000_000
"""Of a log that the process itself has opened: it is looked at when the next one starts."""
LAUNCHER = Path(__file__).with_name("_launch.py")


@dataclass(frozen=True, slots=True)
class Command:
    """What to run and how to stop it.

    `prefix` changes identity (`unshare …`) and comes before the launcher. `stop_signal` asks for an orderly end,
    which is given `stop_timeout_s` seconds before SIGKILL to the whole process group. `death_signal` is what it gets
    when its starter is gone; a service needs no orderly end for its data to be right.
    """

    argv: Sequence[str]
    log: Path
    env: Mapping[str, str] = field(default_factory=dict)
    cwd: Path | None = None
    prefix: Sequence[str] = ()
    user: str | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    stop_timeout_s: float = 10.0
    death_signal: signal.Signals = signal.SIGKILL
    pass_fds: tuple[int, ...] = ()
    forge: Forge | None = None
    """Starts it instead, as a copy of a process that has read all of `argv`'s libraries."""


def start(command: Command) -> Process:
    """Starts it. Standard output and error are appended to its log; standard input is empty."""
    command.log.parent.mkdir(parents=True, exist_ok=True)
    if command.log.exists() and command.log.stat().st_size > LARGEST_LOG_BYTES:
        command.log.replace(command.log.with_suffix(".1.log"))
    if command.forge is not None:
        return command.forge.start(opened, command.env, command.cwd or Path.cwd(), command.log)
    with command.log.open("ab") as log:
        return start_into(log.fileno(), command)


def start_into(output: int, command: Command) -> Process:
    """Starts it, with this descriptor as its standard output and error."""
    return subprocess.Popen(
        [*command.prefix, *_launch(command.death_signal, command.user), *command.argv],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        env={**os.environ, **command.env},
        cwd=command.cwd,
        start_new_session=True,
        pass_fds=command.pass_fds,
    )


def opened(argv: Sequence[str], log: Path) -> subprocess.Popen[bytes]:
    """Starts a process that is talked to over its standard input and output."""
    with log.open("ab") as errors:
        return subprocess.Popen(
            [*_launch(signal.SIGKILL), *argv],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            cwd=ROOT,
            start_new_session=True,
        )


def _launch(death_signal: signal.Signals, user: str | None = None) -> list[str]:
    return [sys.executable, "-I", "-S", str(LAUNCHER), str(int(death_signal)), str(os.getpid()), user or ""]


def stop(process: Process, command: Command) -> int:
    """Asks, waits, then kills the group. Returns the exit status; a process that had ended already is no error."""
    if process.poll() is None:
        process.send_signal(command.stop_signal)
        # A paused process can't act on the signal above.
        process.send_signal(signal.SIGCONT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(command.stop_timeout_s)
    kill_group(process)
    return process.wait()


def kill(process: Process) -> int:
    """SIGKILL to it and its group, and waits for its end."""
    kill_group(process)
    return process.wait()


def kill_group(process: Process) -> None:
    """SIGKILL to the process and whatever it left in its group."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


def last_lines(log: Path, count: int = 15) -> str:
    """The end of a log, for an error message."""
    if not log.exists():
        return ""
    return "\n".join(log.read_text(errors="replace").splitlines()[-count:])
