"""The gateway lets go of whoever is slow, and takes nothing larger than a service would."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from deploy.local import caddy, process
from deploy.local.ports import HOST, free_ports
from shared.web.intake import MAX_BATCH_BYTES
from tests.support.eventually import eventually

PATIENCE_S = 20
SHORT_S = 3
LARGE = 100_000
"""Bytes of what a service answers to whoever asks for a stylesheet."""


@pytest.fixture
async def port(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[int]:
    """A gateway that soon gives up a head, before a service that answers how much it was sent, or 408."""
    monkeypatch.setattr(caddy, "HEAD_SECONDS", SHORT_S)
    (port,) = free_ports(1)
    async with counting() as upstream:
        command = caddy.command(tmp_path, port, HOST, {"enrollment": upstream}, tmp_path / "gateway.log")
        running = process.start(command)
        try:
            async with httpx.AsyncClient(trust_env=False) as client:
                await eventually(lambda: answers(client, port), PATIENCE_S)
            yield port
        finally:
            await asyncio.to_thread(process.stop, running, command)


async def answers(client: httpx.AsyncClient, port: int) -> bool:
    try:
        return (await client.get(f"http://{HOST}:{port}/readyz")).status_code == 404
    except httpx.TransportError:
        return False


@asynccontextmanager
async def counting() -> AsyncIterator[str]:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(SHORT_S / 10):
                await read(reader, writer)
        except TimeoutError:
            writer.write(b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
        except (asyncio.IncompleteReadError, OSError):
            pass
        finally:
            writer.close()

    async def read(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = int(head.partition(b"content-length: ")[2].split(b"\r\n")[0] or 0)
        said = b"%d" % len(await reader.readexactly(length))
        if b".css " in head:
            said = b"a" * LARGE
        kind = b"Content-Type: text/css\r\nConnection: close\r\nContent-Length: %d" % len(said)
        writer.write(b"HTTP/1.1 200 OK\r\n%b\r\n\r\n%b" % (kind, said))
        await writer.drain()

    server = await asyncio.start_server(answer, HOST, 0)
    async with server:
        yield f"{HOST}:{server.sockets[0].getsockname()[1]}"


async def test_whoever_sends_a_head_slowly_is_cut_off(port: int) -> None:
    assert not (await _told(port, b"POST / HTTP/1.1\r\nHost: x\r\nX-Slow: ")).startswith(b"HTTP/1.1 200")


async def test_whoever_sends_a_body_slowly_hears_when_the_service_has_had_enough_of_it(port: int) -> None:
    """Not when the gateway has, which is long after our patience is over."""
    assert caddy.BODY_SECONDS > PATIENCE_S
    told = await _told(port, b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\nhalf")
    assert told.startswith(b"HTTP/1.1 408")


async def _told(port: int, sent: bytes) -> bytes:
    """What begins the answer to what is never sent whole; nothing when it is cut off."""
    reader, writer = await asyncio.open_connection(HOST, port)
    try:
        writer.write(sent)
        async with asyncio.timeout(PATIENCE_S):
            return await reader.read(1024)
    finally:
        writer.close()


async def test_the_largest_that_a_service_takes_passes_and_no_larger_one(port: int) -> None:
    async with httpx.AsyncClient(base_url=f"http://{HOST}:{port}", trust_env=False, timeout=PATIENCE_S) as client:
        assert (await client.post("/events", content=bytes(MAX_BATCH_BYTES + 1))).text == str(MAX_BATCH_BYTES + 1)
        # Whoever is still sending when the connection is closed may hear that only, and not why.
        assert await _status(client.post("/events", content=bytes(2 * MAX_BATCH_BYTES))) in {413, None}
        assert await _status(client.get("/", headers={"X-Long": "x" * 64 * 1024})) in {431, None}


async def test_files_are_compressed_and_pages_are_not(port: int) -> None:
    """Of a page its length would tell whether what was typed stands in its secret as well."""
    async with httpx.AsyncClient(base_url=f"http://{HOST}:{port}", trust_env=False, timeout=PATIENCE_S) as client:
        for path, encoding in (("/static/a.css", "gzip"), ("/stab/a.css", None), ("/scheduling/static/a.css", None)):
            async with client.stream("GET", path) as answer:
                raw = b"".join([part async for part in answer.aiter_raw()])
            assert (answer.headers.get("content-encoding"), len(raw) < LARGE) == (encoding, encoding is not None), path


async def _status(asked: Awaitable[httpx.Response]) -> int | None:
    """None when the connection was closed before there was an answer."""
    try:
        return (await asked).status_code
    except (httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError):
        return None
