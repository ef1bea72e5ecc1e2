"""`tovholder publish` checks a file, publishes it, and says a "no" with the line that it is about."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from deploy.local import cli
from deploy.local.errors import StackError
from deploy.local.locations import ROOT
from deploy.local.publishing import publish

FILE = ROOT / "programmes" / "flere-i-arbejde.yaml"
DONE = {"programme_id": "flere-i-arbejde", "version": 1, "outcome": "published", "findings": [], "invites_at": None}
NO = {
    "detail": "Filen kan ikke udgives: 1 ting skal rettes først.",
    "errors": [{"field": "file:24:19", "code": "series_taken", "detail": "Vælg en anden serie."}],
}


@contextmanager
def answering(status: int, body: dict[str, Any]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """A gateway that always says this, and what it was asked."""
    asked: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name: self.headers[name] for name in ("Authorization", "Idempotency-Key")}
            asked.append({"path": self.path, **headers, **json.loads(content)})
            said = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *_: object) -> None:
            """It says nothing of itself."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_file_is_sent_as_it_is_with_the_token_and_what_came_of_it_is_said() -> None:
    with answering(201, DONE) as (gateway, asked):
        made = publish(gateway, "a-token", FILE)
    assert (made.done, made.lines) == (True, ("flere-i-arbejde, version 1: udgivet",))
    (one,) = asked
    assert (one["path"], one["Authorization"]) == ("/api/enrollment/programmes", "Bearer a-token")
    assert one["file"] == FILE.read_text(encoding="utf-8")
    assert one["Idempotency-Key"]


def test_a_no_is_said_with_its_line() -> None:
    with answering(422, NO) as (gateway, _):
        made = publish(gateway, "a-token", FILE)
    assert not made.done
    assert made.lines[0] == NO["detail"]
    assert f"{FILE}:24:19 [series_taken]" in made.lines[1]
    assert made.lines[2].strip() == "Vælg en anden serie."


def test_a_service_that_is_away_is_one_sentence() -> None:
    with pytest.raises(StackError, match="svarer ikke"):
        publish("http://127.0.0.1:1", "a-token", FILE)


def test_what_the_check_finds_is_sent_nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    file.write_text("id: [", encoding="utf-8")
    monkeypatch.setattr(cli, "_service", lambda *_, **__: 2)
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(cli.app, ["publish", str(file)])
    assert (done.exit_code, done.output) == (2, "")
