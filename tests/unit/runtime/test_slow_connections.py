"""Who sends or takes byte by byte is let go of, whatever step of a request it is; who is quick enough is not."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from shared.base.problems import Problem
from shared.runtime.running import Server
from shared.web import connections
from shared.web.bodies import read_body
from shared.web.connections import Connection
from tests.support.eventually import eventually

LARGE = 64 * 1024 * 1024
PATIENCE_S = 20
SHORT_S = 0.2
NEVER_S = 3600.0
Drip = Callable[[asyncio.StreamWriter], Awaitable[None]]


class Met:
    """What the application saw."""

    def __init__(self) -> None:
        self.outcomes: list[str] = []
        self.callers: list[object] = []
        self.routes = [
            Route("/", self.echo, methods=["POST"]),
            Route("/unread", self.unread, methods=["POST"]),
            Route("/large", self.large),
        ]

    async def echo(self, request: Request) -> Response:
        self.callers.append(request.client)
        try:
            body = await read_body(request)
        except Problem as problem:
            self.outcomes.append(problem.code)
            return Response(status_code=problem.status)
        self.outcomes.append("read")
        return Response(body)

    async def unread(self, _request: Request) -> Response:
        return PlainTextResponse("no")

    async def large(self, _request: Request) -> Response:
        return Response(bytes(LARGE))


@pytest.fixture
async def met() -> Met:
    return Met()


@asynccontextmanager
async def serving(met: Met) -> AsyncIterator[int]:
    server = Server(
        uvicorn.Config(
            Starlette(routes=met.routes), host="127.0.0.1", port=0, lifespan="off", ws="none", log_config=None,
            http=Connection, access_log=False, timeout_graceful_shutdown=1,
        )
    )  # fmt: skip
    stop = asyncio.Event()
    running = asyncio.create_task(server.run_until(stop))
    try:
        yield await server.port()
    finally:
        stop.set()
        await asyncio.wait_for(running, PATIENCE_S)


async def what_comes(port: int, sent: bytes, drip: bytes = b"") -> bytes:
    """All that comes until the other side lets go; meanwhile `drip` is sent again and again."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent)

    async def dripping() -> None:
        drops = asyncio.Event()
        while drip and not writer.is_closing():
            writer.write(drip)
            # One drop before each time is over, and many of them in the whole of it.
            with_time = asyncio.wait_for(drops.wait(), connections.HEAD_SECONDS / 8)
            await asyncio.gather(with_time, return_exceptions=True)

    dropping = asyncio.create_task(dripping())
    try:
        async with asyncio.timeout(PATIENCE_S):
            return await reader.read()
    except ConnectionResetError:
        return b""
    finally:
        dropping.cancel()
        writer.close()
        await asyncio.gather(dropping, return_exceptions=True)


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HEAD_SECONDS", "BODY_SECONDS", "TAKE_SECONDS"):
        monkeypatch.setattr(connections, name, SHORT_S)


HEAD = b"POST / HTTP/1.1\r\nHost: x\r\n"
WITH_BODY = HEAD + b"Content-Length: 100000\r\n\r\n"
WHOLE = HEAD + b"Content-Length: 2\r\n\r\nok"


@pytest.mark.usefixtures("short")
@pytest.mark.parametrize(
    ("sent", "drip", "answer"),
    [
        (b"", b"", b""),
        (HEAD, b"", b"HTTP/1.1 408"),
        (HEAD + b"X-Slow: ", b"a", b"HTTP/1.1 408"),
        (WITH_BODY, b"", b"HTTP/1.1 408"),
        (WITH_BODY, b"a", b"HTTP/1.1 408"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\na\r\n", b"HTTP/1.1 408"),
    ],
    ids=["nothing", "half a head", "a head by drops", "no body", "a body by drops", "chunks by drops"],
)
async def test_a_request_that_does_not_come_is_not_waited_for(
    met: Met, sent: bytes, drip: bytes, answer: bytes
) -> None:
    async with serving(met) as port:
        assert (await what_comes(port, sent, drip)).startswith(answer)
        if WITH_BODY in sent:
            await eventually(lambda: met.outcomes == ["body_incomplete"])


@pytest.mark.usefixtures("short")
async def test_neither_is_the_second_one_of_a_connection(met: Met) -> None:
    async with serving(met) as port:
        for second in (HEAD, WITH_BODY):
            answers = await what_comes(port, WHOLE + second)
            assert answers.startswith(b"HTTP/1.1 200")
            assert b"HTTP/1.1 408" in answers


@pytest.mark.usefixtures("short")
async def test_a_body_that_nobody_reads_is_not_waited_for_either(met: Met) -> None:
    async with serving(met) as port:
        sent = b"POST /unread HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n"
        assert (await what_comes(port, sent, b"a")).startswith(b"HTTP/1.1 200")


@pytest.mark.usefixtures("short")
async def test_an_answer_that_nobody_takes_is_given_up(met: Met) -> None:
    loop = asyncio.get_running_loop()
    slow = connections.TOO_SLOW.labels("answer")._value
    before = slow.get()
    async with serving(met) as port:
        with socket.create_connection(("127.0.0.1", port)) as idle:
            idle.settimeout(0)
            await loop.sock_sendall(idle, b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n")
            await eventually(lambda: slow.get() == before + 1, PATIENCE_S)


async def test_whoever_is_quick_enough_and_whoever_rests_between_two_requests_is_left_alone(
    met: Met, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "HEAD_SECONDS", SHORT_S)
    monkeypatch.setattr(connections, "BODY_SECONDS", NEVER_S)
    async with serving(met) as port, httpx.AsyncClient(trust_env=False) as client:
        over = asyncio.get_running_loop().time() + 3 * SHORT_S
        url = f"http://127.0.0.1:{port}/"

        async def answers() -> bool:
            assert (await client.post(url, content=b"x" * 200_000)).status_code == 200
            # Longer than a head may take, on one connection.
            return asyncio.get_running_loop().time() > over

        await eventually(answers, PATIENCE_S, every=SHORT_S * 1.5)
        assert len(met.callers) > len(set(met.callers)) == 1
