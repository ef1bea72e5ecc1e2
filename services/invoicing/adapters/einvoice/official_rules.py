"""The official rules of Peppol BIS 3 and OIOUBL 2.1, run on a finished XML: the schema of UBL 2.1, then the Schematron.

They are not ours to ship, and what runs them (saxonche, not thread-safe and 100 MB) is optional: where either is
missing, the answer is that the check was left out, and why. They run in one warm process beside the service
(`rules_process`), which is started at the first document, replaced when it dies, takes too long or has checked
DOCUMENTS_PER_PROCESS, and ends with us.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import Enum
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from services.invoicing.adapters.einvoice.rules_protocol import (
    CHECK_DEADLINE_S,
    FILES,
    LARGEST_MESSAGE,
    READY_DEADLINE_S,
    Finding,
    receive,
    send,
)

__all__ = ["FOLDER", "Finding", "LeftOut", "OfficialRules", "Verdict"]

FOLDER = "TOVHOLDER_EINVOICE_RULES"
"""Names the folder with the rules; see `Settings.einvoice_rules`."""
PROCESS = f"{__package__}.rules_process"
_ROOT = Path(__file__).parents[4]
"""Where `services` lies: the process finds its module there."""
FITTING_SAXONCHE = "12."
"""Version 13 cannot compile the rules of OIOUBL."""
GRACE_S = 5.0
"""How much longer than the process's own deadline we wait; only one that is stopped altogether needs it."""
ATTEMPTS = 2
DOCUMENTS_PER_PROCESS = 2_000
"""Then a new process takes over, which compiles the rules again: three seconds, 1.5 ms a document. The heap of what
runs them (a native Java inside saxonche, which nothing from outside can sweep) grows by about 5 kB a document. So the
process has 265 MB at most, while it compiles, and 200-230 MB after 2,000 invoices.
"""


class LeftOut(Enum):
    """Why a document was not checked; the value is a sentence for people."""

    NO_RULES = "Den officielle kontrol er udeladt: reglerne er ikke hentet (make einvoice-rules)."
    NO_SAXONCHE = "Den officielle kontrol er udeladt: pakken saxonche i version 12 er ikke installeret."
    NO_ANSWER = "Den officielle kontrol er udeladt: den svarede ikke."


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the rules said of one document, or why they were not asked."""

    findings: tuple[Finding, ...] = ()
    left_out: LeftOut | None = None

    @property
    def errors(self) -> tuple[Finding, ...]:
        """What makes a receiver refuse the document."""
        return tuple(one for one in self.findings if one.severity == "fatal")

    @property
    def passed(self) -> bool:
        """It was asked, and nothing is wrong; warnings do not count."""
        return self.left_out is None and not self.errors


class OfficialRules:
    """One process with the rules; safe to call from any thread or task, which then wait for each other.

    `close` (or the end of a `with`) ends the process; without it, it ends when ours does.
    """

    def __init__(self, folder: Path | None) -> None:
        self.folder = None if folder is None else folder.absolute()
        self._lock = threading.Lock()
        self._waiting = ThreadPoolExecutor(1, "official-rules")
        self._process: subprocess.Popen[bytes] | None = None
        self._connection: socket.socket | None = None
        self._asked = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def process_id(self) -> int | None:
        """Of the process that runs now."""
        return None if self._process is None else self._process.pid

    def missing(self) -> LeftOut | None:
        """What stands in the way of checking at all."""
        if self.folder is None or not all((self.folder / name).is_file() for name in FILES):
            return LeftOut.NO_RULES
        try:
            fits = version("saxonche").startswith(FITTING_SAXONCHE)
        except PackageNotFoundError:
            fits = False
        return None if fits else LeftOut.NO_SAXONCHE

    def check(self, xml: bytes) -> Verdict:
        """Asks the schema, then the rules that the document's CustomizationID names. Blocks; a bad XML is a finding."""
        if len(xml) > LARGEST_MESSAGE:
            return Verdict((Finding("XML", "fatal", "", f"The document is larger than {LARGEST_MESSAGE} bytes."),))
        with self._lock:
            if self._asked >= DOCUMENTS_PER_PROCESS:
                self._stop()
            for _ in range(ATTEMPTS):
                if self._process is None and (missing := self.missing()):
                    return Verdict(left_out=missing)
                try:
                    return self._ask(xml)
                except (OSError, ValueError):
                    # It died, hung, or was killed by its alarm; ConnectionError and TimeoutError are OSErrors.
                    self._stop()
            return Verdict(left_out=LeftOut.NO_ANSWER)

    async def checked(self, xml: bytes) -> Verdict:
        """As `check`, without blocking the event loop."""
        return await asyncio.get_running_loop().run_in_executor(self._waiting, self.check, xml)

    def close(self) -> None:
        """Ends the process. Harmless twice; the next document would start another."""
        with self._lock:
            self._stop()

    def _ask(self, xml: bytes) -> Verdict:
        connection = self._connection or self._start()
        connection.settimeout(CHECK_DEADLINE_S + GRACE_S)
        send(connection, xml)
        self._asked += 1
        answer = _receive(connection)
        while "wait" in answer:
            connection.settimeout(READY_DEADLINE_S + GRACE_S)
            answer = _receive(connection)
        return Verdict(tuple(Finding(*one) for one in answer["findings"]))

    def _start(self) -> socket.socket:
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 # our own interpreter and module
                # Neither the environment nor the user's own packages count; the working directory, which is ours, does.
                [sys.executable, "-E", "-s", "-m", PROCESS, str(self.folder)],
                cwd=_ROOT,
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                # What the rules' machine has to say there may quote the document.
                stderr=subprocess.DEVNULL,
            )
        self._connection = ours
        ours.settimeout(READY_DEADLINE_S + GRACE_S)
        _receive(ours)
        return ours

    def _stop(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None
        self._asked = 0


def _receive(connection: socket.socket) -> dict[str, Any]:
    message = receive(connection)
    if message is None:
        raise ConnectionError("the process is gone")
    answer: dict[str, Any] = json.loads(message)
    return answer
