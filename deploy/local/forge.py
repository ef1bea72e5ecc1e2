"""Starts the same program again and again without reading its libraries anew: each start is a copy of one that has.

A forge is a process that imports what a program needs and then waits; for each start it forks, and the copy runs the
program as `python -m` would. So a service that is started for every story costs a tenth of a second instead of one.

`python -m deploy.local.forge PROGRAM MODULE…` is the process: one JSON object a line comes in (env, cwd, log), and the
copies' process ids and ends go out. A copy has a process group of its own and dies with the forge.
"""

from __future__ import annotations

import ctypes
import importlib
import json
import os
import runpy
import selectors
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotYet
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn, Protocol

PR_SET_PDEATHSIG = 1
Opens = Callable[[Sequence[str], Path], "subprocess.Popen[bytes]"]
"""Starts a process that dies with its starter, and appends what it says on standard error to a log."""


class Process(Protocol):
    """What a supervisor needs of a process, as `subprocess.Popen` has it."""

    @property
    def pid(self) -> int: ...

    def poll(self) -> int | None: ...

    def wait(self, timeout: float | None = None) -> int: ...

    def send_signal(self, number: int, /) -> None: ...


class Forged:
    """A copy that runs. Its end is told by the forge; when that has died, so has the copy."""

    def __init__(self, pid: int, ended: Future[int]) -> None:
        self._pid = pid
        self._ended = ended

    @property
    def pid(self) -> int:
        return self._pid

    def poll(self) -> int | None:
        return self._ended.result() if self._ended.done() else None

    def wait(self, timeout: float | None = None) -> int:
        try:
            return self._ended.result(timeout)
        except NotYet:
            raise subprocess.TimeoutExpired("forged", timeout or 0.0) from None

    def send_signal(self, number: int, /) -> None:
        if not self._ended.done():
            os.kill(self._pid, number)


class Forge:
    """The hand of a forge. `open` starts it, `start` makes a copy; both from the thread that it is to live with."""

    def __init__(self, program: str, modules: Sequence[str], log: Path) -> None:
        """`modules` are imported beforehand."""
        self._words = ("-m", "deploy.local.forge", program, *modules)
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None
        self._listener: threading.Thread | None = None
        self._started: Future[Forged] = Future()
        self._listening = False
        self._lock = threading.Lock()
        """So that whoever asks is answered, or knows that nobody listens any more."""

    def open(self, opens: Opens) -> None:
        """Harmless when open."""
        # What has ended can be heard before the system says so of the process.
        if self._process is None or not self._listening:
            # Whatever is still heard of a forge before this one is no answer to who asks next.
            self.close()
            process = self._process = opens((sys.executable, *self._words), self._log)
            self._listening = True
            self._listener = threading.Thread(target=self._listen, args=(process,), name="forge", daemon=True)
            self._listener.start()

    def start(self, opens: Opens, env: Mapping[str, str], cwd: Path, log: Path) -> Forged:
        """Waits until the forge has read what it needs."""
        self.open(opens)
        process = self._process
        if process is None or process.stdin is None:
            raise OSError("the forge is not open")
        started: Future[Forged] = Future()
        with self._lock:
            self._started = started
            if not self._listening:
                raise OSError(self._why())
        wanted = {"env": dict(env), "cwd": str(cwd), "log": str(log)}
        with suppress(BrokenPipeError):
            process.stdin.write(json.dumps(wanted).encode() + b"\n")
            process.stdin.flush()
        return started.result()

    def _why(self) -> str:
        return f"a forge ended; its log says why: {self._log}"

    def close(self) -> None:
        """Ends it, and with it what is left of its copies."""
        process, self._process = self._process, None
        if process is not None and process.stdin is not None and self._listener is not None:
            process.kill()
            process.wait()
            with suppress(BrokenPipeError):
                process.stdin.close()
            self._listener.join()

    def _listen(self, process: subprocess.Popen[bytes]) -> None:
        if process.stdout is None:
            return
        ends: dict[int, Future[int]] = {}
        with process.stdout as lines:
            for line in lines:
                told = json.loads(line)
                if "status" in told:
                    ends.pop(told["pid"]).set_result(told["status"])
                else:
                    ended = ends[told["pid"]] = Future()
                    self._started.set_result(Forged(told["pid"], ended))
        # The forge is gone, and its copies with it.
        with self._lock:
            self._listening = False
        for ended in ends.values():
            ended.set_result(-signal.SIGKILL)
        if not self._started.done():
            self._started.set_exception(OSError(self._why()))


# The process


def main(program: str, modules: Sequence[str]) -> None:
    """Until standard input ends."""
    for module in modules:
        importlib.import_module(module)
    forge = os.getpid()
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    # Unbuffered, so that the selector sees what has not been read.
    asked = os.fdopen(0, "rb", buffering=0)
    selector = selectors.DefaultSelector()
    selector.register(asked, selectors.EVENT_READ)
    selector.register(woken, selectors.EVENT_READ)
    while True:
        ready = [key.fileobj for key, _ in selector.select()]
        if woken in ready:
            os.read(woken, 4096)
            _tell_ends()
        if asked in ready:
            line = asked.readline()
            if not line:
                return
            pid = os.fork()
            if pid == 0:
                _become(program, json.loads(line), forge)
            with suppress(OSError):
                # Here too, so that it is a group of its own before anybody is told of it.
                os.setpgid(pid, pid)
            _tell({"pid": pid})


def _tell_ends() -> None:
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        _tell({"pid": pid, "status": os.waitstatus_to_exitcode(status)})


def _tell(what: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


def _become(program: str, wanted: Mapping[str, Any], forge: int) -> NoReturn:
    """In the copy: the program, as if it had been started by itself. `forge` is the process id it must not outlive."""
    os.setpgid(0, 0)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    if os.getppid() != forge:
        sys.exit(1)
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    log = os.open(wanted["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(source, target)
    os.chdir(wanted["cwd"])
    os.environ.update(wanted["env"])
    sys.argv = [program]
    runpy.run_module(program, run_name="__main__", alter_sys=True)
    sys.exit(0)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
