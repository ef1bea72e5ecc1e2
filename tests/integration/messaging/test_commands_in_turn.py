"""Commands of one subject: one that the database refuses waits for a person, and later ones wait behind it."""

from __future__ import annotations

from typing import Any

import pytest

from shared.base.acts import act
from shared.base.answers import Answer
from shared.contracts.event import INTAKE_TOPIC
from shared.contracts.notifications import ArmReminder, SendMessage
from shared.messaging.subscriptions import intake
from shared.storage.tx import Tx
from tests.integration.messaging.harness import Reader, event


def command(
    about: str, occasion: str, *, kind: type[SendMessage | ArmReminder] = SendMessage, **given: Any
) -> dict[str, Any]:
    data = {"recipient": "461", "email": "post@kommune.example", "about": about, "occasion": occasion} | {
        "title": "Hej",
        "text": "Tekst",
    }
    if kind is ArmReminder:
        data["due"] = "2020-06-02T12:00:00Z"
    named = {"event_id": f"{about}.{occasion}", "source": "/crm"} | given
    return event(about, None, wire_type=kind.type, data=data, **named)


@pytest.fixture
def desk(reader: Reader) -> Reader:
    async def note(tx: Tx, asked: SendMessage | ArmReminder) -> Answer:
        await tx.execute("INSERT INTO effects (subject, said) VALUES ($1, $2)", asked.about, asked.occasion)
        return Answer()

    reader.build(intake(act(SendMessage, note)), intake(act(ArmReminder, note)))
    return reader


async def told(desk: Reader) -> list[str]:
    return [row[0] for row in await desk.pool.fetch("SELECT said FROM effects ORDER BY id")]


@pytest.mark.parametrize("halved", [False, True], ids=["at once", "by halves"])
async def test_behind_a_dead_command_later_ones_of_its_subject_wait(desk: Reader, halved: bool) -> None:  # noqa: FBT001
    topic = f"{desk.prefix}{INTAKE_TOPIC}"
    said = ["1", "poison", "3", "5"]
    batch = [desk.record(command("a", one), topic=topic) for one in said]
    batch[2:2] = [
        desk.record(command("b", "b1"), topic=topic),
        desk.record(command("a", "2", kind=ArmReminder), topic=topic),
        desk.record(event("x", 1, "poison" if halved else "fine")),
        desk.record(command("a", "other", source="/erp"), topic=topic),
    ]
    await desk.take(*batch)
    assert await desk.dead() == ["data_error"] * (2 if halved else 1)
    done = set(await told(desk)) - {"fine"}
    assert done == {"1", "b1", "other"}
    assert await desk.count("parked_events") == 3
