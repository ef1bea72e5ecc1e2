"""One HTTP connection, with a time for each step of it: who sends or takes byte by byte holds a place that others want.

uvicorn itself ends only a connection that says nothing between two requests. Here a request's head has HEAD_SECONDS
from its first byte (the first one from the connection on), its body BODY_SECONDS from the head on, and an answer must
be taken within TAKE_SECONDS whenever it has filled the buffers. A head of more than 16 KiB is no request (h11 says so).
"""

from __future__ import annotations

import asyncio
from typing import Literal

import h11
import structlog
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from shared.web.metrics import TOO_SLOW

HEAD_SECONDS = 10.0
BODY_SECONDS = 30.0
"""The largest body of ours (a batch of 4 MiB) takes 1.1 Mbit/s then. The gateway's time is longer; see there."""
TAKE_SECONDS = 60.0

_TIMEOUT = b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
"""RFC 9110 § 15.5.9."""
Step = Literal["head", "body"]

_log = structlog.get_logger()


class Connection(H11Protocol):
    """What uvicorn makes of each connection; `Config(http=Connection)`."""

    _step: tuple[Step, RequestResponseCycle | None] | None = None
    _ends: asyncio.TimerHandle | None = None
    _taking: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        self._look()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._look()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._look()

    def connection_lost(self, exc: Exception | None) -> None:
        for timer in (self._ends, self._taking):
            if timer is not None:
                timer.cancel()
        self._step = self._ends = self._taking = None
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._taking = self.loop.call_later(TAKE_SECONDS, self._too_slow, "answer")

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._taking is not None:
            self._taking.cancel()
            self._taking = None

    def _look(self) -> None:
        """Which step it is in now; a new one has its time from now on."""
        step = self._now()
        if step == self._step:
            return
        self._step = step
        if self._ends is not None:
            self._ends.cancel()
            self._ends = None
        if step is not None:
            seconds = HEAD_SECONDS if step[0] == "head" else BODY_SECONDS
            self._ends = self.loop.call_later(seconds, self._too_slow, step[0])

    def _now(self) -> tuple[Step, RequestResponseCycle | None] | None:
        if self.transport.is_closing():
            return None
        if self.conn.their_state is h11.SEND_BODY:
            return "body", self.cycle
        begun = self.cycle is None or bool(self.conn.trailing_data[0])
        return ("head", self.cycle) if begun and self.conn.their_state is h11.IDLE else None

    def _too_slow(self, what: Step | Literal["answer"]) -> None:
        TOO_SLOW.labels(what).inc()
        _log.info("connection_too_slow", step=what)
        if what == "answer":
            # What it did not take is in the buffers, and `close` would wait for it.
            self.transport.abort()
            return
        answering = self.cycle is not None and self.cycle.response_started and not self.cycle.response_complete
        if not answering and (self.conn.trailing_data[0] or what == "body"):
            self.transport.write(_TIMEOUT)
        self.transport.close()
