"""A web server that is told to stop lets every connection go, also one that was being made at that moment."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
import uvicorn
from starlette.responses import PlainTextResponse

from shared.runtime.running import Server

PATIENCE_S = 20


@pytest.fixture
def visitors() -> Iterator[Callable[[int], socket.socket]]:
    with ExitStack() as stack:

        def visit(port: int) -> socket.socket:
            return stack.enter_context(socket.create_connection(("127.0.0.1", port)))

        yield visit


# With two, asyncio drops a connection that it has half made, and says so when the memory is collected.
@pytest.mark.parametrize("turns", [0, 3, 4])
async def test_who_comes_in_as_the_door_closes_does_not_hold_up_the_end(
    turns: int, visitors: Callable[[int], socket.socket]
) -> None:
    class Met(Server):
        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            visitors(port)
            for _ in range(turns):
                # One step of the loop on the way from the kernel's queue to uvicorn's set of connections.
                await asyncio.sleep(0)
            await super().shutdown(sockets)

    server = Met(
        uvicorn.Config(
            PlainTextResponse(""), host="127.0.0.1", port=0, lifespan="off", ws="none", log_config=None,
            timeout_graceful_shutdown=None, timeout_keep_alive=10 * PATIENCE_S,
        )
    )  # fmt: skip
    stop = asyncio.Event()
    running = asyncio.create_task(server.run_until(stop))
    port = await server.port()
    stop.set()
    await asyncio.wait_for(running, PATIENCE_S)
