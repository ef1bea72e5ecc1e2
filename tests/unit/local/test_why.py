"""From anything that came of it back to the person behind it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from rich.console import Console

from deploy.local import words
from deploy.local.why import Event, Installation, NoAnswer, chain, draw, over_http
from shared.contracts.catalogue import IN_DANISH
from shared.contracts.event import COMMANDS, FACTS

TOLD = {
    "invoice": ("tovholder.invoicing.InvoiceIssued.v1", "invoice/2021-1", "enrolled", None),
    "enrolled": ("tovholder.enrollment.MunicipalityEnrolled.v1", "enrolment/lejre", "request-7", "token/crm"),
    "egg": ("tovholder.test.Egg.v1", "farm/1", "hen", None),
    "hen": ("tovholder.test.Hen.v1", "farm/1", "egg", None),
}


def find(sought: str) -> Event | None:
    if sought not in TOLD:
        return None
    kind, subject, causation_id, actor = TOLD[sought]
    return {
        "id": sought,
        "type": kind,
        "subject": subject,
        "when": "4. januar 2021 kl. 9.30",
        "causation_id": causation_id,
        "actor": actor,
    }


def shown(known: list[dict[str, Any]], chains: list[list[Event]]) -> str:
    console = Console(width=200)
    with console.capture() as captured:
        console.print(draw("invoice-1", known, chains))
    return captured.get()


def test_the_chain_ends_at_the_request_that_began_it() -> None:
    assert [event["id"] for event in chain("invoice", find)] == ["invoice", "enrolled"]


def test_a_circle_of_causes_ends() -> None:
    assert [event["id"] for event in chain("egg", find)] == ["egg", "hen"]


def test_the_story_names_the_thing_its_causes_the_person_and_what_followed() -> None:
    effect = {"kind": "faktura", "title": "nr. 2021-1", "correlation_id": "c", "causation_id": "invoice", "actor": None}
    mail = {"id": "sent", "type": "tovholder.notifications.MessageSent.v1", "subject": "message/9"}
    known = [{"effect": effect, "told": [], "heard": [], "followed": [mail]}]
    story = shown(known, [chain("invoice", find)])
    assert "faktura: nr. 2021-1" in story
    assert "4. januar 2021 kl. 9.30  kommunen fik sin plads  (enrolment/lejre, enrolled)" in story
    assert "bag det står  API-nøglen crm" in story
    assert "message/9" in story


def knowing(service: str, sought: str) -> dict[str, Any] | None:
    """Enrollment told it, invoicing heard it, scheduling never did, and notifications cannot be asked."""
    if service == "notifications":
        return None
    event = find(sought)
    told = [event] if event and service == "enrollment" else []
    heard = [event] if event and service == "invoicing" else []
    return {"effect": None, "told": told, "heard": heard, "followed": []}


def test_an_event_is_found_with_whoever_knows_it_though_one_service_is_away() -> None:
    installation = Installation(("enrollment", "invoicing", "notifications", "scheduling"), knowing)
    story = installation.explain("enrolled")
    assert story is not None
    assert installation.explain("nobody") is None
    assert len(installation.answers("nobody")) == 3


@contextmanager
def a_service(status: int, body: bytes) -> Iterator[tuple[str, list[str]]]:
    """Answers every question like that; its address, and what was asked with which token."""
    asked: list[str] = []

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(f"{self.path} {self.headers['Authorization']}")
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", asked
        finally:
            server.shutdown()
            thread.join()


def test_a_service_is_asked_with_the_token_and_an_id_that_may_have_a_slash() -> None:
    with a_service(200, b'{"effect": null}') as (address, asked):
        assert over_http(address, "hemmelig", "invoicing", "2021-1/1") == {"effect": None}
    assert asked == ["/api/invoicing/why?id=2021-1%2F1 Bearer hemmelig"]


def test_a_service_that_is_away_or_unwilling_or_babbles_has_not_answered() -> None:
    for status, body in ((503, b"{}"), (401, b"{}"), (200, b"<html>"), (200, b"\xff")):
        with a_service(status, body) as (address, _), pytest.raises(NoAnswer):
            over_http(address, "hemmelig", "invoicing", "1")
    with pytest.raises(NoAnswer):
        over_http(address, "hemmelig", "invoicing", "1")


def test_what_a_deadline_did_has_nobody_behind_it() -> None:
    known = [{"effect": None, "told": [], "heard": [], "followed": []}]
    assert "ingen person" in shown(known, [])


def test_every_event_is_told_in_danish() -> None:
    assert set(IN_DANISH) == set(FACTS) | set(COMMANDS)
    assert words.happened("dk.crm.Something.v1") == "dk.crm.Something.v1"


def test_every_actor_is_told_in_danish() -> None:
    told = [
        words.behind(actor)
        for actor in (
            *("client/crm", "client/~crm", "person/p-1", "source/https://crm.example/x", "clock", "form", "odd"),
            None,
        )
    ]
    assert told == [
        "systemet crm med sin API-nøgle",
        "systemet crm, over Kafka",
        "personen p-1",
        "systemet https://crm.example/x",
        "uret: en dato eller en frist",
        "en person, der udfyldte en formular",
        "odd",
        words.NOBODY,
    ]
