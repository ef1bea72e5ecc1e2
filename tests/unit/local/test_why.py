"""From anything that came of it back to the person behind it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from rich.console import Console

from deploy.local import words
from deploy.local.why import Event, chain, draw
from shared.contracts import enrollment, invoicing, notifications, scheduling
from shared.contracts.event import COMMANDS, FACTS

TOLD = {
    "invoice": ("tovholder.invoicing.InvoiceIssued.v1", "invoice/2021-1", "enrolled", None),
    "enrolled": ("tovholder.enrollment.MunicipalityEnrolled.v1", "enrolment/lejre", "request-7", "token/crm"),
    "egg": ("tovholder.test.Egg.v1", "farm/1", "hen", None),
    "hen": ("tovholder.test.Hen.v1", "farm/1", "egg", None),
}


async def find(sought: str) -> Event | None:
    if sought not in TOLD:
        return None
    kind, subject, causation_id, actor = TOLD[sought]
    at = datetime(2021, 1, 4, 8, 30, tzinfo=UTC)
    return {
        "event_id": sought,
        "type": kind,
        "subject": subject,
        "occurred_at": at,
        "causation_id": causation_id,
        "actor": actor,
    }


def shown(known: list[dict[str, Any]], chains: list[list[Event]]) -> str:
    console = Console(width=200)
    with console.capture() as captured:
        console.print(draw("invoice-1", known, chains))
    return captured.get()


async def test_the_chain_ends_at_the_request_that_began_it() -> None:
    assert [event["event_id"] for event in await chain("invoice", find)] == ["invoice", "enrolled"]


async def test_a_circle_of_causes_ends() -> None:
    assert [event["event_id"] for event in await chain("egg", find)] == ["egg", "hen"]


async def test_the_story_names_the_thing_its_causes_the_person_and_what_followed() -> None:
    effect = {"kind": "faktura", "title": "nr. 2021-1", "correlation_id": "c", "causation_id": "invoice", "actor": None}
    mail = {"id": "sent", "type": "tovholder.notifications.MessageSent.v1", "subject": "message/9"}
    known = [{"effect": effect, "told": [], "heard": [], "followed": [mail]}]
    story = shown(known, [await chain("invoice", find)])
    assert "faktura: nr. 2021-1" in story
    assert "4. januar 2021 kl. 9.30  kommunen fik sin plads  (enrolment/lejre, enrolled)" in story
    assert "bag det står  API-nøglen crm" in story
    assert "message/9" in story


async def test_what_a_deadline_did_has_nobody_behind_it() -> None:
    known = [{"effect": None, "told": [], "heard": [], "followed": []}]
    assert "ingen person" in shown(known, [])


def test_every_event_is_told_in_danish() -> None:
    assert all((enrollment, invoicing, notifications, scheduling))
    assert set(words.HAPPENED) == set(FACTS) | set(COMMANDS)
    assert words.happened("dk.crm.Something.v1") == "dk.crm.Something.v1"


def test_every_actor_is_told_in_danish() -> None:
    told = [
        words.behind(actor) for actor in ("person/p-1", "source/https://crm.example/x", "clock", "form", "odd", None)
    ]
    assert told == [
        "personen p-1",
        "systemet https://crm.example/x",
        "uret: en dato eller en frist",
        "en person, der udfyldte en formular",
        "odd",
        words.NOBODY,
    ]
