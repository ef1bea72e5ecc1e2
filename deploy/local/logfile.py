"""The log of one process, kept within bounds while the process writes it.

The process writes into a pipe and never knows of files; here its lines are appended to one, and a file that is full
is put aside: `x.log` is the newest, `x.1.log` the one before it. A line is never cut in two by that. What cannot be
written (a full disk) is dropped, so that the process goes on; the file says how much it was when it can be written.
"""

from __future__ import annotations

import fcntl
import os
import threading
from contextlib import suppress
from pathlib import Path

LARGEST_BYTES = 20_000_000
KEPT = 4
"""Files beside the newest; so a process has 100 MB of log at most."""
CHUNK = 65_536
PIPE_BYTES = 1_048_576
"""As much as anybody may have (pipe(7))."""
LONGEST_LINE = 1_000_000
"""What is longer is written as it comes."""
END_S = 5.0


class LogFile:
    """Safe to call from several threads: for a moment an old process and its successor both have something to say."""

    def __init__(self, path: Path, *, largest: int = LARGEST_BYTES, kept: int = KEPT) -> None:
        self.path = path
        self._largest = largest
        self._kept = kept
        self._lock = threading.Lock()
        self._lost = 0
        self._torn = False

    def write(self, lines: bytes) -> None:
        """Whole lines. Never raises."""
        with self._lock:
            if self._lost and self._append(b"%d lines could not be written here\n" % self._lost):
                self._lost = 0
            if self._lost or not self._append(lines):
                self._lost += lines.count(b"\n")

    def pump(self) -> Pump:
        """A pipe into it."""
        return Pump(self)

    def _append(self, lines: bytes) -> bool:
        try:
            self._make_room(len(lines))
            self.path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
            try:
                left = memoryview(b"\n" + lines if self._torn else lines)
                while left:
                    count = os.write(descriptor, left)
                    self._torn = count < len(left)
                    left = left[count:]
            finally:
                os.close(descriptor)
        except OSError:
            return False
        return True

    def _make_room(self, more: int) -> None:
        if not self.path.exists() or self.path.stat().st_size + more <= self._largest:
            return
        for number in range(self._kept, 0, -1):
            newer = self._aside(number - 1) if number > 1 else self.path
            if newer.exists():
                newer.replace(self._aside(number))

    def _aside(self, number: int) -> Path:
        return self.path.with_suffix(f".{number}.log")


class Pump:
    """Carries what is written into `entrance` to the file, until everybody who has the entrance has closed it."""

    def __init__(self, file: LogFile) -> None:
        self._file = file
        self._exit, self.entrance = os.pipe2(os.O_CLOEXEC)
        with suppress(OSError):
            # A service drops what does not go in at once; so much is said in a few seconds of its busiest.
            fcntl.fcntl(self._exit, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        self._thread = threading.Thread(target=self._carry, name=f"log-{file.path.stem}", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Our own end; whoever inherited it goes on."""
        os.close(self.entrance)

    def join(self) -> None:
        """Returns when all is in the file, or somebody keeps the entrance open for no good reason."""
        self._thread.join(END_S)

    def _carry(self) -> None:
        begun = b""
        with open(self._exit, "rb", buffering=0) as coming:  # noqa: PTH123 # a descriptor
            while chunk := coming.read(CHUNK):
                lines, newline, begun = (begun + chunk).rpartition(b"\n")
                if newline:
                    self._file.write(lines + newline)
                elif len(begun) > LONGEST_LINE:
                    self._file.write(begun + b"\n")
                    begun = b""
        if begun:
            self._file.write(begun + b"\n")
