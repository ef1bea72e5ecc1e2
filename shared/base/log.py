"""Logs: one JSON object a line on stderr, for machines. No secrets, no e-mail addresses, no forged lines.

A line that cannot be written (a full disk, nobody at the other end) is counted, and breaks nothing: whoever logs is in
the middle of something that must go on.

Whoever handles a request, an event or a timer binds `correlation_id` (and `event_id`) once; every line then has them.
"""

from __future__ import annotations

import json
import logging
import os
import re
import stat
import sys
import threading
import traceback
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, TextIO

import structlog
from structlog.typing import EventDict, Processor

_HIDDEN = "[hidden]"
_SECRET_NAME = re.compile(
    r"token|secret|password|passwd|authorization|cookie|api_?key|link_key|database_url|dsn", re.IGNORECASE
)
_EMAIL = re.compile(r"[^\s@<>\"'(),:;]{1,64}@[^\s@<>\"'(),:;]{1,255}")
_BEARER = re.compile(r"\b(bearer|basic)\s+[^\s,;\"']+", re.IGNORECASE)
_PASSWORD_IN_URL = re.compile(r"(?<=://)[^/\s@]+@")
_SIGNED = re.compile(r"(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{2,}\.[A-Za-z0-9_-]{43}(?![A-Za-z0-9_-])")
_QUERY_SECRET = re.compile(r"(?i)\b((?:access_|api_)?(?:token|key|password|secret|code)=)[^\s&\"']+")
# A newline would forge a line elsewhere, an escape sequence would act on a terminal (ASVS 16.4.1).
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_LONGEST = 20_000


def redact(text: str) -> str:
    """`text` without e-mail addresses, tokens, passwords in URLs, and control characters but newlines (as \\n)."""
    text = _PASSWORD_IN_URL.sub(_HIDDEN + "@", text)
    text = _BEARER.sub(lambda found: f"{found[1]} {_HIDDEN}", text)
    text = _SIGNED.sub(_HIDDEN, text)
    text = _QUERY_SECRET.sub(lambda found: found[1] + _HIDDEN, text)
    text = _EMAIL.sub(lambda found: found[0] if found[0].startswith(_HIDDEN) else _HIDDEN, text)
    return _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}" if found[0] != "\n" else "\n", text)[:_LONGEST]


def _clean(name: str, value: Any) -> Any:
    if _SECRET_NAME.search(name):
        return _HIDDEN
    if isinstance(value, str):
        return redact(value)
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Mapping):
        return {str(key): _clean(str(key), item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_clean(name, item) for item in value]
    return redact(str(value))


def keep_secrets(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """The last processor before rendering: nothing secret or personal passes, whatever somebody logged."""
    return {name: _clean(name, value) for name, value in event.items()}


def describe_exception(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """`exc_info` as type and place. Never its text: PostgreSQL and pydantic repeat values, maybe personal data."""
    given = event.pop("exc_info", None)
    error = sys.exc_info()[1] if given is True else given[1] if isinstance(given, tuple) else given
    if isinstance(error, BaseException):
        event["error"] = type(error).__name__
        state = getattr(error, "sqlstate", None)
        if state:
            event["sqlstate"] = f"{state} {getattr(error, 'constraint_name', None) or ''}".strip()
        event["where"] = "".join(traceback.format_tb(error.__traceback__)[-12:])
        if error.__cause__ is not None:
            event["caused_by"] = type(error.__cause__).__name__
    return event


class _Handler(logging.Handler):
    """Lines of libraries take the same way out as ours."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            message = record.getMessage()
        except Exception:  # noqa: BLE001  (it formats whatever it was given, which may raise anything)
            message = str(record.msg)
        structlog.get_logger().log(record.levelno, message, logger_name=record.name, exc_info=record.exc_info or None)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  (logging's name)
        """Nothing: logging's own way is to print the record, with its values, on stderr."""


class _Out:
    """Where lines go. `write` never raises; a line that was cut off in its middle is ended before the next one."""

    def __init__(self, file: TextIO | None) -> None:
        self._file = file
        self._lock = threading.Lock()
        self._torn = False
        self._untold = 0
        self.lost = 0

    def write(self, line: str) -> None:
        with self._lock:
            written = self._try(line)
            if not written:
                self.lost += 1
                self._untold += 1
            elif self._untold:
                told = json.dumps({"event": "log_lines_lost", "level": "error", "alarm": True, "count": self._untold})
                self._untold = 0 if self._try(told) else self._untold + 1

    debug = info = warning = warn = error = critical = fatal = exception = msg = log = write

    def _try(self, line: str) -> bool:
        if self._file is None:
            return False
        text = f"\n{line}\n" if self._torn else f"{line}\n"
        try:
            try:
                descriptor = self._file.fileno()
            except OSError:
                # In memory.
                self._file.write(text)
            else:
                self._send(descriptor, text.encode(errors="backslashreplace"))
        except (OSError, ValueError):
            return False
        self._torn = False
        return True

    def _send(self, descriptor: int, raw: bytes) -> None:
        # Not through Python's buffer, which keeps what it could not write, and a full one refuses all that follows.
        left = memoryview(raw)
        while left:
            count = os.write(descriptor, left)
            self._torn = count < len(left)
            left = left[count:]


_out = _Out(None)


def never_wait() -> None:
    """From now on a line that nobody takes from a pipe (a reader that was paused, say) is dropped as well.

    For a process that must go on. Whatever else it writes to the same pipe is not waited for either.
    """
    with suppress(OSError, ValueError):
        descriptor = sys.stderr.fileno()
        if stat.S_ISFIFO(os.fstat(descriptor).st_mode):
            os.set_blocking(descriptor, False)


def lost() -> int:
    """How many lines of this process could not be written."""
    return _out.lost


def _safely(processors: Sequence[Processor]) -> Processor:
    """One processor out of several; what it cannot make a line of is a line that says so."""

    def render(logger: Any, method: str, event: EventDict) -> str:
        try:
            made: Any = event
            for processor in processors:
                made = processor(logger, method, made)
            return str(made)
        except Exception as error:  # noqa: BLE001  (logging never breaks what it tells about)
            return json.dumps({"event": "log_line_unreadable", "level": method, "error": type(error).__name__})

    return render


def configure(service: str, *, level: int = logging.INFO) -> None:
    """Once per process, before anything is logged."""
    global _out  # noqa: PLW0603  (there is one stderr)
    out = _out = _Out(sys.stderr)
    processors: Sequence[Processor] = (
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        describe_exception,
        keep_secrets,
        structlog.processors.JSONRenderer(ensure_ascii=False),
    )
    structlog.configure(
        processors=[_safely(processors)],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_: out,
        cache_logger_on_first_use=False,
    )
    structlog.contextvars.bind_contextvars(service=service)
    logging.basicConfig(level=logging.WARNING, handlers=[_Handler()], force=True)


def bound(**names: Any) -> Any:
    """Context manager: these names stand on every line logged inside."""
    return structlog.contextvars.bound_contextvars(**names)
