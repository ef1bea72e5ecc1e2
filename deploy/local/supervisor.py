"""Keeps processes running: one that ends by itself is started again after a pause, and never stops the others.

The pause doubles from 0.2 s to 15 s while a process keeps falling, or cannot be started again, and starts over once it
has run for half a minute. What a process says goes through a pipe of ours into its log, which is kept within bounds.
Everything is safe to call from any thread. Processes are started by one thread of the supervisor's own, because they
are signalled by the kernel when the thread that started them ends (`process.start`).
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from deploy.local import process
from deploy.local.errors import StackError
from deploy.local.forge import Forge, Process
from deploy.local.logfile import LogFile, Pump
from deploy.local.process import Command

FIRST_PAUSE_S = 0.2
LONGEST_PAUSE_S = 15.0
STEADY_S = 30.0


@dataclass(frozen=True, slots=True)
class State:
    """How one process is doing."""

    name: str
    running: bool
    pid: int | None
    falls: int
    """How often it ended by itself."""
    last_status: int | None
    """Exit status of its last end; negative = the signal that killed it."""


@dataclass(slots=True)
class _Child:
    command: Command
    running: Process | None = None
    pump: Pump | None = None
    wanted: bool = True
    falls: int = 0
    pause_s: float = FIRST_PAUSE_S
    started_at: float = 0.0
    last_status: int | None = None


class Supervisor:
    """A set of named processes. `close` stops what is left."""

    def __init__(self) -> None:
        self._children: dict[str, _Child] = {}
        self._lock = threading.RLock()
        self._changed = threading.Condition(self._lock)
        self._starter = ThreadPoolExecutor(1, thread_name_prefix="starter")
        self._closed = threading.Event()
        self._forges: list[Forge] = []
        self._logs: dict[Path, LogFile] = {}

    def run(self, name: str, command: Command) -> None:
        """Starts it and keeps it running. A name that was stopped may be run again, also with another command."""
        with self._lock:
            child = self._children.get(name)
            if child is not None and child.wanted:
                raise StackError(f"{name} runs already.")
            child = self._children[name] = _Child(command, falls=child.falls if child else 0)
        self._starter.submit(self._start, name, child).result()

    def open(self, forge: Forge) -> None:
        """Starts a forge that commands will name, so that it is ready when they are run; it ends with this."""
        self._forges.append(forge)
        self._starter.submit(forge.open, process.opened).result()

    def command(self, name: str) -> Command:
        """What it was started with."""
        return self._child(name).command

    def state(self, name: str) -> State:
        """How it is doing now."""
        with self._lock:
            child = self._child(name)
            running = child.running
            alive = running is not None and running.poll() is None
            pid = running.pid if running is not None and alive else None
            return State(name, alive, pid, child.falls, child.last_status)

    def states(self) -> tuple[State, ...]:
        """Of all, in the order they were first run."""
        with self._lock:
            return tuple(self.state(name) for name in self._children)

    def signal(self, name: str, number: signal.Signals) -> None:
        """Sends it a signal; one that kills it is followed by a restart, as any fall."""
        with self._lock:
            running = self._child(name).running
        if running is None or running.poll() is not None:
            raise StackError(f"{name} is not running.")
        running.send_signal(number)

    def wait_for_fall(self, name: str, falls: int, deadline_s: float = 30.0) -> None:
        """Returns when it has ended by itself at least `falls` times."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._child(name).falls >= falls, deadline_s):
                raise StackError(f"{name} did not fall within {deadline_s} s.")

    def stop(self, *names: str) -> None:
        """Stops them at the same time, each in its own orderly way, and leaves them stopped."""
        self._end(names, process.stop)

    def kill(self, *names: str) -> None:
        """SIGKILL, and they are left stopped; nothing of them runs when this returns."""
        self._end(names, lambda running, _command: process.kill(running))

    def _end(self, names: Iterable[str], how: Callable[[Process, Command], object]) -> None:
        with self._changed:
            children = [self._child(name) for name in names]
            for child in children:
                child.wanted = False
            self._changed.notify_all()
        # Whatever the starter thread was doing for these has now been done, and it starts no more of them.
        self._starter.submit(bool).result()
        ending = [(child.running, child.command) for child in children if child.running is not None]
        if ending:
            with ThreadPoolExecutor(len(ending)) as pool:
                list(pool.map(lambda pair: how(*pair), ending))
        for child in children:
            if child.pump is not None:
                child.pump.join()
        with self._lock:
            for child in children:
                # Forgotten, so that a later stop never signals a process id that has a new owner.
                child.running = None

    def restart(self, name: str, env: Mapping[str, str] | None = None) -> None:
        """Stops it orderly and starts it, with `env` on top of what it had."""
        command = self.command(name)
        self.stop(name)
        self.run(name, replace(command, env={**command.env, **(env or {})}))

    def close(self, order: Iterable[Iterable[str]] = ()) -> None:
        """Stops group after group, then the rest, then itself; harmless when closed."""
        if self._closed.is_set():
            return
        for group in (*order, tuple(self._children)):
            self.stop(*(name for name in group if name in self._children))
        self._closed.set()
        for forge in self._forges:
            forge.close()
        self._starter.shutdown()

    def _child(self, name: str) -> _Child:
        try:
            return self._children[name]
        except KeyError:
            raise StackError(f"There is no process {name!r}; there are: {', '.join(self._children)}.") from None

    def _start(self, name: str, child: _Child) -> None:
        self._begin(child)
        threading.Thread(target=self._watch, args=(name, child), name=f"watch-{name}", daemon=True).start()

    def _begin(self, child: _Child) -> bool:
        """In the starter's thread. False when nobody wants it any more; OSError when it cannot be started now."""
        command = child.command
        with self._lock:
            if not child.wanted:
                return False
            if command.forge is not None:
                child.running = process.start(command)
            else:
                child.pump = self._log(command.log).pump()
                try:
                    child.running = process.start_into(child.pump.entrance, command)
                finally:
                    child.pump.close()
            child.started_at = time.monotonic()
        return True

    def _log(self, path: Path) -> LogFile:
        with self._lock:
            return self._logs.setdefault(path, LogFile(path))

    def _begin_again(self, name: str, child: _Child) -> bool | None:
        """As `_begin`, in the thread that watches; None when it has to be tried again."""
        try:
            return self._starter.submit(self._begin, child).result()
        except OSError as error:
            # No room, no memory, no process ids: that passes, and nobody else would start it then.
            self._log(child.command.log).write(f"{name} could not be started again: {error.strerror}\n".encode())
            return None
        except RuntimeError:
            # The starter has gone home: all of it is being closed.
            return False

    def _watch(self, name: str, child: _Child) -> None:
        began: bool | None = True
        while began is not False:
            if began:
                self._bury(child)
            with self._changed:
                if not child.wanted:
                    return
                pause, child.pause_s = child.pause_s, min(child.pause_s * 2, LONGEST_PAUSE_S)
                if self._changed.wait_for(lambda: not child.wanted, pause):
                    return
            began = self._begin_again(name, child)

    def _bury(self, child: _Child) -> None:
        """Returns when it has ended and all that it said is in its log; unless it was asked to end, that is counted."""
        running = child.running
        if running is None:
            return
        status = running.wait()
        with self._lock:
            unasked = child.wanted
        if unasked:
            # What it started itself would otherwise live on beside its successor.
            process.kill_group(running)
            if child.pump is not None:
                child.pump.join()
        with self._changed:
            child.last_status = status
            if child.wanted:
                if time.monotonic() - child.started_at > STEADY_S:
                    child.pause_s = FIRST_PAUSE_S
                child.falls += 1
            self._changed.notify_all()
