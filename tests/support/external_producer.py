"""Another system that tells facts: it knows Kafka, JSON and what is written in docs/events.md, and shares no code.

Its facts are plain dicts written out here. `source` is its own name, and the programme names it as the owner of both
enrolments and meetings, so that it may stand in for `enrollment` and `scheduling`.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from typing import Any, Self

from aiokafka import AIOKafkaProducer

NAME, SOURCE = "kommune-crm", "/kommune-crm"
PROGRAMME_ID = "ungenetvaerk-2020"

SELLER = {
    "name": "Foreningen Ungenetværk",
    "cvr": "62532416",
    "street": "Eksempelgade 10",
    "postcode": "2300",
    "city": "København S",
    "bank_registration": "0216",
    "bank_account": "4069031234",
    "sender_name": "Foreningen Ungenetværk",
    "sender_email": "netvaerk@forening.example",
    "organizer_email": "moeder@forening.example",
    "phone": "33 00 00 00",
    "payment_days": 30,
    "series": "crm",
}
PROGRAMME = {
    "id": PROGRAMME_ID,
    "version": 1,
    "title": "Netværk om unge",
    "noun": "netværk",
    "owner": SOURCE,
    "meetings_owner": SOURCE,
    "language": "da",
    "seller": SELLER,
    "staff_email": "stab@forening.example",
    # A field that the readers do not know yet.
    "colour": "grøn",
}
MEETING_ID = "crm-moede-1"


def organisation(code: str) -> dict[str, Any]:
    return {"code": code, "name": f"Kommune {code}", "region": "Region Sjælland", "cvr": "29189919"}


def contact(code: str) -> dict[str, Any]:
    return {
        "person_id": f"crm-person-{code}",
        "name": "Asta Eksempelsen",
        "email": f"asta@kommune{code}.example",
        "role": "kontaktperson",
    }


def meeting(meeting_id: str = MEETING_ID, **changes: Any) -> dict[str, Any]:
    return {
        "id": meeting_id,
        "key": meeting_id,
        "title": "1. heldagsmøde",
        "kind": "heldag",
        "group": None,
        "mode": "physical",
        "when": {
            "first_day": "2020-11-12",
            "last_day": "2020-11-12",
            "starts_at": "2020-11-12T08:30:00Z",
            "ends_at": "2020-11-12T14:30:00Z",
        },
        "place": "Mødehuset, Køge",
        "link": None,
        "date_version": 0,
        "roles": [],
        **changes,
    }


def billing(code: str) -> dict[str, Any]:
    return {
        "ean": "5798009800015",
        "order_reference": f"CRM-{code}",
        "address": {"street": "Torvet 1", "postcode": "4600", "city": "Køge"},
    }


def municipality_enrolled(code: str) -> dict[str, Any]:
    return {
        "owner": SOURCE,
        "programme": PROGRAMME,
        "enrolment_id": f"crm-enrolment-{code}",
        "organisation": organisation(code),
        "contact": contact(code),
        "billing": billing(code),
        "group": None,
        "fees": [
            {
                "id": "gebyr",
                "text": "Deltagergebyr",
                "amount_ore": 1950000,
                "vat_percent": 25,
                "invoice_on": "2020-09-01",
            }
        ],
        "seats": [
            {
                "kind": "heldag",
                "title": "Heldagsmøde",
                "attendance": "registered",
                "included": 3,
                "extra": {"price_ore": 100000, "vat_percent": 25, "text": "Ekstra deltager"},
                "full_day": True,
            }
        ],
        "deadline": "2020-08-21",
        "forbehold_open": False,
        "received_at": "2020-06-02T08:00:00Z",
        "enrolled_at": "2020-06-02T08:00:00Z",
    }


def meeting_scheduled(meeting_id: str = MEETING_ID) -> dict[str, Any]:
    return {"owner": SOURCE, "programme": PROGRAMME, "meeting": meeting(meeting_id)}


def meeting_held(meeting_id: str = MEETING_ID) -> dict[str, Any]:
    return {"owner": SOURCE, "programme": PROGRAMME, "meeting": meeting(meeting_id), "held_on": "2020-11-12"}


def extra_participant_added(code: str, meeting_id: str = MEETING_ID) -> dict[str, Any]:
    return {
        "owner": SOURCE,
        "programme": PROGRAMME,
        "enrolment_id": f"crm-enrolment-{code}",
        "organisation": organisation(code),
        "contact": contact(code),
        "meeting": meeting(meeting_id),
        "person": {"person_id": f"crm-extra-{code}", "name": "Bo Prøvesen", "email": f"bo@kommune{code}.example"},
        "billing": billing(code),
        "terms": {"price_ore": 100000, "vat_percent": 25, "text": "Ekstra deltager"},
    }


def event(
    name: str, subject: str, data: dict[str, Any], *, sequence: int | None = None, event_id: str | None = None
) -> dict[str, Any]:
    """A CloudEvent in structured JSON; `name` as in `enrollment.MunicipalityEnrolled`."""
    made = {
        "specversion": "1.0",
        "id": event_id or str(uuid.uuid4()),
        "source": SOURCE,
        "type": f"tovholder.{name}.v1",
        "subject": subject,
        "time": "2020-06-02T08:00:00Z",
        "datacontenttype": "application/json",
        "data": data,
    }
    if sequence is not None:
        made["sequence"] = str(sequence)
    return made


def enrolled(code: str, **more: Any) -> dict[str, Any]:
    subject = f"enrolment/crm-enrolment-{code}"
    return event("enrollment.MunicipalityEnrolled", subject, municipality_enrolled(code), **more)


def with_extra(code: str, meeting_id: str = MEETING_ID, **more: Any) -> dict[str, Any]:
    subject = f"roster/crm-{code}-{meeting_id}"
    return event("enrollment.ExtraParticipantAdded", subject, extra_participant_added(code, meeting_id), **more)


def scheduled(meeting_id: str = MEETING_ID, **more: Any) -> dict[str, Any]:
    return event("scheduling.MeetingScheduled", f"meeting/{meeting_id}", meeting_scheduled(meeting_id), **more)


def held(meeting_id: str = MEETING_ID, **more: Any) -> dict[str, Any]:
    return event("scheduling.MeetingHeld", f"meeting/{meeting_id}", meeting_held(meeting_id), **more)


class Producer:
    """`async with Producer(kafka, prefix, NAME) as producer: await producer.tell(event)`.

    `kafka` is a broker's address, or all that a client needs to log in. By its name, it tells on topics of its own;
    without one on the plain ones, as nobody may where they are closed.
    """

    def __init__(self, kafka: str | Mapping[str, Any], prefix: str = "", name: str | None = None) -> None:
        self._prefix = prefix
        self._own = "" if name is None else f".from.{name}"
        at = {"bootstrap_servers": kafka} if isinstance(kafka, str) else kafka
        self._kafka = AIOKafkaProducer(**at, max_request_size=4 * 1024 * 1024)

    async def __aenter__(self) -> Self:
        await self._kafka.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._kafka.stop()

    async def tell(self, *events: dict[str, Any]) -> None:
        """Each to the topic in its type's name or ours beside it, keyed by its subject; acknowledged on return."""
        for one in events:
            topic = "tovholder." + one["type"].split(".")[1] + self._own
            await self.put(topic, json.dumps(one).encode(), key=one["subject"].encode())

    async def send(self, topic: str, value: bytes, *, key: bytes) -> None:
        """Without waiting for the acknowledgement; `flush` does."""
        await self._kafka.send(self._prefix + topic, value, key=key)

    async def flush(self) -> None:
        await self._kafka.flush()

    async def put(
        self,
        topic: str,
        value: bytes | None,
        *,
        key: bytes | None = None,
        headers: list[tuple[str, bytes | None]] | None = None,
        partition: int | None = None,
    ) -> None:
        """A record just as it is, on `topic` without the prefix."""
        await self._kafka.send_and_wait(
            self._prefix + topic, value, key=key, headers=headers or [], partition=partition
        )
