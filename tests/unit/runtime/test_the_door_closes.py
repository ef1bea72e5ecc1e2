"""A web server that is told to stop lets every connection go, also one that was being made at that moment."""

from __future__ import annotations

import asyncio
import socket
from contextlib import ExitStack

import uvicorn
from starlette.responses import PlainTextResponse
from uvicorn.protocols.http.h11_impl import H11Protocol

from shared.runtime.running import Server

PATIENCE_S = 20


async def test_who_comes_in_as_the_door_closes_does_not_hold_up_the_end() -> None:
    comes_in: asyncio.Future[tuple[Half, asyncio.Transport]] = asyncio.get_running_loop().create_future()

    class Half(H11Protocol):
        """A connection that the loop has accepted and uvicorn has not been told of."""

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            comes_in.set_result((self, transport))

    class Met(Server):
        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            late.enter_context(socket.create_connection(("127.0.0.1", port)))
            half, transport = await asyncio.wait_for(comes_in, PATIENCE_S)
            # It is told when whoever shuts down has looked who is there, and waits for the first time.
            asyncio.get_running_loop().call_soon(H11Protocol.connection_made, half, transport)
            await super().shutdown(sockets)

    server = Met(
        uvicorn.Config(
            PlainTextResponse(""), host="127.0.0.1", port=0, lifespan="off", ws="none", log_config=None, http=Half,
            timeout_graceful_shutdown=None, timeout_keep_alive=10 * PATIENCE_S,
        )
    )  # fmt: skip
    stop = asyncio.Event()
    running = asyncio.create_task(server.run_until(stop))
    port = await server.port()
    with ExitStack() as late:
        stop.set()
        await asyncio.wait_for(running, PATIENCE_S)
