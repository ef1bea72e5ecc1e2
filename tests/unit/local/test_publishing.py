"""`tovholder publish` checks a file, says what it would come to, asks, publishes it, and says a "no" with its line."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from deploy.local import cli
from deploy.local.locations import ROOT
from deploy.local.publishing import AWAY, CannotPublishError, Installation, look, publish

FILE = ROOT / "programmes" / "flere-i-arbejde.yaml"
P2 = "flere-i-arbejde"
LOOK, PUBLISH = "/api/enrollment/programmes/rehearsal", "/api/enrollment/programmes"
MEETINGS = f"/api/scheduling/programmes/{P2}/rehearsal"
MAILS = f"/api/notifications/programmes/{P2}/rehearsal"
DONE = {"programme_id": P2, "version": 3, "outcome": "changed", "findings": [], "invites_at": None}
LOOKED = {
    **DONE,
    "before": 2,
    "changes": [{"about": "Betaling › I alt", "before": "1", "after": "2"}],
    "effects": ["Priser gælder fra nu af."],
    "facts": ["x"],
    "told": {},
}
PLANNED = {
    "meetings": [{"title": "Møde", "what": "moved", "before": "Torsdag", "after": "Fredag"}],
    "facts": ["y"],
}
MAILED = {
    "mails": 3,
    "mailboxes": 2,
    "failing": 0,
    "tomorrow": 0,
    "complete": True,
    "letters": [{"title": "Besked om flyttet møde", "meeting": "Møde", "mails": 3}],
}
NO = {
    "code": "programme_not_publishable",
    "detail": "Filen kan ikke udgives: 2 ting skal rettes først.",
    "errors": [
        {"field": "file:24:19", "code": "series_taken", "detail": "Vælg en anden serie."},
        {"field": "file:30:1", "code": "date_mismatch", "detail": "Vælg en dag."},
    ],
}
MEANWHILE = {"code": "published_meanwhile", "detail": "Version 4 er udgivet imens.", "version": 4}
ALL = {LOOK: (200, LOOKED), MEETINGS: (200, PLANNED), MAILS: (200, MAILED), PUBLISH: (200, DONE)}


@contextmanager
def answering(answers: Mapping[str, tuple[int, Any]]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """A gateway that says this at each path, and what it was asked."""
    asked: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name: self.headers[name] for name in ("Authorization", "Idempotency-Key")}
            asked.append({"path": self.path, **headers, **json.loads(content)})
            status, body = answers[self.path]
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


def tovholder(gateway: str, folder: Path, *words: str, said: str = "", token: str = "a-token") -> Result:  # noqa: S107
    """The command, asked of that gateway; what is typed when it asks."""
    (folder / "token").write_text(token)
    at = ("--at", gateway, "--token-file", str(folder / "token"))
    return CliRunner().invoke(cli.app, ["publish", str(FILE), *at, *words], said)


@pytest.fixture(autouse=True)
def fine(monkeypatch: pytest.MonkeyPatch) -> None:
    """The check on this machine finds nothing; it has tests of its own."""
    monkeypatch.setattr(cli, "_service", lambda *_, **__: 0)


def test_it_says_what_changes_for_whom_and_how_many_mails_and_then_asks(tmp_path: Path) -> None:
    with answering(ALL) as (gateway, asked):
        no = tovholder(gateway, tmp_path, said="n\n")
        nobody = tovholder(gateway, tmp_path)
        assert PUBLISH not in [one["path"] for one in asked]
        yes = tovholder(gateway, tmp_path, said="ja\n")
    for done in (no, nobody, yes):
        for said in (
            f"{P2}, version 3: i stedet for version 2",
            "Betaling › I alt: 1 → 2",
            "Priser gælder fra nu af.",
            "Mødet »Møde« flyttes eller får et andet sted: Torsdag → Fredag",
            "3 mails til 2 postkasser",
            "Besked om flyttet møde (Møde): 3",
            "Udgiv det? [j/N]",
        ):
            assert said in done.stdout
    assert (no.exit_code, nobody.exit_code, yes.exit_code) == (6, 6, 0)
    assert "Intet er udgivet" in no.stderr
    assert "version 3: udgivet i en ny version" in yes.stdout
    sent = asked[-1]
    assert (sent["path"], sent["seen"], sent["Authorization"]) == (PUBLISH, 2, "Bearer a-token")
    assert sent["file"] == FILE.read_text(encoding="utf-8")
    assert sent["Idempotency-Key"]
    carried = [one["facts"] for one in asked if one["path"] == MAILS]
    assert carried[0] == [*LOOKED["facts"], *PLANNED["facts"]]  # type: ignore[misc]  # both are lists


def test_with_yes_nobody_is_asked_and_machines_read_all_of_it(tmp_path: Path) -> None:
    with answering(ALL) as (gateway, _):
        done = tovholder(gateway, tmp_path, "--yes", "--json")
        both = tovholder(gateway, tmp_path, "--json")
    said = json.loads(done.stdout)
    assert (done.exit_code, said["outcome"], said["mails"]["mails"]) == (0, "changed", 3)
    assert both.exit_code == 2


def test_what_holds_already_is_said_and_not_asked_about(tmp_path: Path) -> None:
    with answering({**ALL, LOOK: (200, {**LOOKED, "outcome": "unchanged"})}) as (gateway, asked):
        done = tovholder(gateway, tmp_path)
    assert (done.exit_code, done.stdout) == (0, f"{P2}, version 3: uændret: det er den version, der gælder\n")
    assert [one["path"] for one in asked] == [LOOK]


def test_a_no_is_said_with_every_line_it_is_about(tmp_path: Path) -> None:
    with answering({LOOK: (422, NO)}) as (gateway, _):
        done = tovholder(gateway, tmp_path, "--yes")
        machine = tovholder(gateway, tmp_path, "--yes", "--json")
    assert done.exit_code == machine.exit_code == 1
    for said in ("[programme_not_publishable]", f"{FILE}:24:19 [series_taken]", f"{FILE}:30:1 [date_mismatch]"):
        assert said in done.stderr
    assert json.loads(machine.stdout)["code"] == "programme_not_publishable"


def test_whoever_was_overtaken_is_told_and_nothing_is_written_over(tmp_path: Path) -> None:
    with answering({**ALL, PUBLISH: (409, MEANWHILE)}) as (gateway, _):
        done = tovholder(gateway, tmp_path, "--yes")
    assert (done.exit_code, "Version 4 er udgivet imens. [published_meanwhile]" in done.stderr) == (5, True)


@pytest.mark.parametrize(
    ("status", "token", "ends"), [(401, "old", 3), (403, "little", 3), (500, "x", 4), (503, "x", 4), (200, "", 3)]
)
def test_how_it_ends_says_why(tmp_path: Path, status: int, token: str, ends: int) -> None:
    with answering({LOOK: (status, {"detail": "Derfor."})}) as (gateway, _):
        done = tovholder(gateway, tmp_path, "--yes", token=token)
    assert (done.exit_code, done.stdout) == (ends, "")
    assert done.stderr


def test_a_service_that_is_away_is_one_sentence_and_after_the_button_nobody_claims_to_know() -> None:
    nowhere = Installation("http://127.0.0.1:1", "a-token")
    with pytest.raises(CannotPublishError, match="Intet er udgivet") as away:
        look(nowhere, FILE, "x")
    assert away.value.status == AWAY
    with pytest.raises(CannotPublishError, match="Det vides ikke"):
        publish(nowhere, FILE, "x", 0)


def test_without_the_services_that_know_of_meetings_and_mails_that_is_said(tmp_path: Path) -> None:
    with answering({**ALL, MEETINGS: (503, {})}) as (gateway, _):
        done = tovholder(gateway, tmp_path, "--yes")
    assert done.exit_code == 0
    assert "Møderne kan ikke vises nu" in done.stdout
    assert "Hvor mange mails der sendes, kan ikke siges nu" in done.stdout


def test_what_the_check_finds_is_sent_nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    file.write_text("id: [", encoding="utf-8")
    monkeypatch.setattr(cli, "_service", lambda *_, **__: 2)
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(cli.app, ["publish", str(file)])
    assert (done.exit_code, done.output) == (2, "")
