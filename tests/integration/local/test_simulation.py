"""The hand that moves the simulated clock says plainly when what answers is not the service it asked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from deploy.local.errors import StackError
from deploy.local.ports import HOST, free_ports
from deploy.local.simulation import Simulation


@contextmanager
def a_program(status: int, body: bytes) -> Iterator[str]:
    """Some program that answers everything like that; its address."""

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Nothing."""

    with ThreadingHTTPServer((HOST, 0), Answers) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://{HOST}:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


async def what_is_said_of(address: str) -> str:
    simulation = Simulation({"invoicing": address}, f"{HOST}:1", token="x")  # noqa: S106 # of nobody
    try:
        with pytest.raises(StackError) as said:
            await simulation.quiet()
    finally:
        await simulation.__aexit__(None, None, None)
    return str(said.value)


@pytest.mark.parametrize(
    ("status", "body"),
    [(404, b"Not Found"), (500, b"{}"), (200, b"<html>"), (200, b"[]"), (200, b'{"service": "scheduling"}')],
)
async def test_another_program_on_the_port_of_a_service_is_named_as_such(status: int, body: bytes) -> None:
    with a_program(status, body) as address:
        said = await what_is_said_of(address)
    assert said.startswith(f"What answers at {address} is not invoicing with a simulated clock (HTTP status {status})")


async def test_a_service_that_is_away_is_named_with_its_log() -> None:
    address = f"http://{HOST}:{free_ports(1)[0]}"
    said = await what_is_said_of(address)
    assert f"invoicing does not answer at {address}" in said
    assert "logs/invoicing.log" in said
