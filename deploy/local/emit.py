"""`tovholder emit`: events from a file to Kafka, as another system would send them.

Everything is read and checked before the first event is sent. A fact goes to the producer's own topic beside the one
in its type's name and must come from its owner, as readers would otherwise make a dead letter of it; a command goes to
`tovholder.intake`, or the producer's own beside it. The key is the subject and the partition is murmur2 of it, so that
every producer agrees on it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, SaslAuthenticationFailed, TopicAuthorizationFailedError
from pydantic import ValidationError

from deploy.local.errors import StackError
from shared.base.cloudevents import Defect, Reader
from shared.base.problems import field_errors
from shared.contracts import catalogue
from shared.contracts.event import (
    COMMANDS,
    FACTS,
    INTAKE_TOPIC,
    MAX_EVENT_BYTES,
    Command,
    Event,
    event_uid,
    other_version,
    topic_of,
)
from shared.messaging.grants import topic_from
from shared.messaging.kafka import Address, client_options
from shared.messaging.records import StoredRecord

OWNERS = catalogue.SERVICES
"""With the catalogue every fact and command is in the registries."""

MOST_ERRORS = 20


@dataclass(frozen=True, slots=True)
class Outgoing:
    """An event that was checked, and where it goes; `topic` without the installation's prefix."""

    topic: str
    source: str
    subject: str
    type: str
    id: str
    value: bytes


@dataclass(frozen=True, slots=True)
class Sent:
    """Where Kafka put it."""

    event: Outgoing
    partition: int
    offset: int


def read_events(text: str, producer: str | None = None) -> list[Outgoing]:
    """One CloudEvent, a JSON list of them, or one a line, as `producer` sends them; None = as nobody in particular.

    Raises StackError that names every event that is wrong.
    """
    wrong: list[str] = []
    found: list[Outgoing] = []
    for place, event in _split(text):
        outgoing, errors = check(event, producer)
        wrong += [f"{place}: {error}" for error in errors]
        if outgoing is not None:
            found.append(outgoing)
    if wrong:
        more = f"\n… og {len(wrong) - MOST_ERRORS} fejl til" if len(wrong) > MOST_ERRORS else ""
        raise StackError("Intet er sendt.\n" + "\n".join(wrong[:MOST_ERRORS]) + more)
    if not found:
        raise StackError("Der er ingen hændelser at sende.")
    return found


def _split(text: str) -> Iterator[tuple[str, Any]]:
    """Each event with the place it stands in, as a person counts."""
    try:
        whole = json.loads(text)
    except ValueError:
        yield from _lines(text)
        return
    if isinstance(whole, list):
        yield from ((f"Hændelse {number}", event) for number, event in enumerate(whole, start=1))
    else:
        yield "Hændelse 1", whole


def _lines(text: str) -> Iterator[tuple[str, Any]]:
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            event = json.loads(line)
        except ValueError as error:
            raise StackError(f"Intet er sendt.\nLinje {number} er ikke JSON: {error.args[0]}") from None
        yield f"Linje {number}", event


def check_that_nobody_tells(events: Sequence[Outgoing]) -> None:
    """Raises StackError for a fact: who tells one is somebody with a topic of its own, where Kafka asks who we are."""
    if any(event.type in FACTS for event in events):
        raise StackError(
            "Intet er sendt. Et faktum har en afsender med egen topic: lav den med `tovholder producer add NAVN "
            "--may TYPE`, og skriv --as NAVN."
        )


def check(event: Any, producer: str | None = None) -> tuple[Outgoing | None, list[str]]:
    """The event as it is sent, or what is wrong with it, in Danish; fields are named, values are not repeated."""
    if not isinstance(event, dict):
        return None, ["er ikke et JSON-objekt."]
    model = _model(event.get("type"))
    if model is None:
        return None, ["type: Den type kendes ikke her."]
    try:
        data = model.model_validate_json(json.dumps(event.get("data")))
    except ValidationError as error:
        return None, [f"data.{item.field}: {item.detail}".replace("data.:", "data:") for item in field_errors(error)]
    event = {"specversion": "1.0", **event}
    errors = _complete(event, data)
    value = json.dumps(event, ensure_ascii=False).encode()
    if len(value) >= MAX_EVENT_BYTES:
        errors.append(f"fylder {len(value)} bytes; højst {MAX_EVENT_BYTES - 1} er tilladt.")
    # The services' own reader has the last word on the envelope.
    arrival = Reader({model.type: model}).read(StoredRecord("", 0, 0, 0, None, value, ()))
    if arrival.defect is not None and not errors:
        errors.append(_sentence(arrival.defect))
    if errors:
        return None, errors
    topic = topic_of(data.service) if isinstance(data, Event) else INTAKE_TOPIC
    if producer is not None:
        topic = topic_from(topic, producer)
    return Outgoing(topic, event["source"], event["subject"], event["type"], event["id"], value), []


def of_other_version(event: dict[str, Any]) -> Outgoing | None:
    """A fact in a version that no contract of ours describes, as its producer sends it; None when it is none.

    Its subject is that of the version we know: a producer does not move what it tells to another place.
    """
    known = other_version(event.get("type"))
    if known is None:
        return None
    event = {"subject": known.model_construct(**event["data"]).subject, **event} if "subject" not in event else event
    value = json.dumps(event, ensure_ascii=False).encode()
    return Outgoing(topic_of(known.service), event["source"], event["subject"], event["type"], event["id"], value)


def _model(name: object) -> type[Event | Command] | None:
    return (FACTS.get(name) or COMMANDS.get(name)) if isinstance(name, str) else None


def _complete(event: dict[str, Any], data: Event | Command) -> list[str]:
    """Fills in the subject where the contract gives it; what does not agree with the contract."""
    errors = [f"{name}: mangler." for name in ("id", "source") if not event.get(name)]
    if errors:
        return errors
    if not isinstance(data, Event):
        event.setdefault("subject", f"intake/{event_uid(str(event['source']), str(event['id']))}")
        return []
    if event.setdefault("subject", data.subject) != data.subject:
        errors.append("subject: passer ikke til indholdet.")
    if event["source"] != data.owner:
        errors.append("source: et faktum sendes af sin ejer; source og data.owner skal være ens.")
    return errors


def _sentence(defect: Defect) -> str:
    return f"konvolutten kan ikke læses ({defect.detail})."


async def send(kafka: Address, events: Sequence[Outgoing], prefix: str = "") -> list[Sent]:
    """Sends them in order, each acknowledged by all replicas. Raises StackError when Kafka does not take one."""
    producer = AIOKafkaProducer(
        **client_options(kafka),
        client_id="tovholder-emit",
        acks="all",
        enable_idempotence=True,
        max_request_size=MAX_EVENT_BYTES + 100_000,
    )
    try:
        await producer.start()
        acknowledged = [
            await producer.send(prefix + event.topic, event.value, key=event.subject.encode()) for event in events
        ]
        placed = [await future for future in acknowledged]
    except (TopicAuthorizationFailedError, SaslAuthenticationFailed):
        raise StackError(
            "Kafka tog ikke imod alt: afsenderen må ikke sende det. `tovholder producer list` viser, hvad hver må;"
            " `tovholder producer add NAVN --may …` giver lov (kommandoer: --may intake)."
        ) from None
    except (KafkaError, OSError) as error:
        raise StackError(
            f"Kafka tog ikke imod alt: {type(error).__name__}. Send det samme igen; intet sker to gange."
        ) from None
    finally:
        await producer.stop()
    return [Sent(event, where.partition, where.offset) for event, where in zip(events, placed, strict=True)]
