"""A readable timeline, made from nothing but the events on the topics: what happened, day by day."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime
from types import TracebackType
from typing import Any, Self

from aiokafka import AIOKafkaConsumer, TopicPartition

from shared.contracts.catalogue import SERVICES
from shared.contracts.danish import kroner, short_day
from shared.contracts.event import PARTITIONS, topic_of
from shared.contracts.time import day_of

LABELS = {
    "ProgrammePublished": ("forløb offentliggjort", "forløb offentliggjort"),
    "MunicipalityInvited": ("kommune inviteret", "kommuner inviteret"),
    "InvitationReminderDue": ("påmindelse om invitationen", "påmindelser om invitationen"),
    "EnrolmentReceived": ("tilmelding modtaget, venter på bekræftelse", "tilmeldinger modtaget, venter på bekræftelse"),
    "MunicipalityEnrolled": ("plads bekræftet", "pladser bekræftet"),
    "EnrolmentRegrouped": ("kommune skifter netværk", "kommuner skifter netværk"),
    "EnrolmentWithdrawn": ("kommune afmeldt", "kommuner afmeldt"),
    "MeetingPlanned": ("møde planlagt uden dato", "møder planlagt uden dato"),
    "MeetingScheduled": ("møde har fået dato", "møder har fået dato"),
    "MeetingRescheduled": ("møde flyttet eller præciseret", "møder flyttet eller præciseret"),
    "MeetingCancelled": ("møde aflyst", "møder aflyst"),
    "MeetingHeld": ("møde afholdt", "møder afholdt"),
    "ParticipantRegistered": ("deltager tilmeldt", "deltagere tilmeldt"),
    "ParticipantReplaced": ("deltager skiftet", "deltagere skiftet"),
    "ParticipantCancelled": ("deltager afmeldt", "deltagere afmeldt"),
    "ExtraParticipantAdded": ("ekstra deltager", "ekstra deltagere"),
    "ExtraParticipantRemoved": ("ekstra deltager bortfaldet", "ekstra deltagere bortfaldet"),
    "InvoiceIssued": ("faktura udstedt", "fakturaer udstedt"),
    "CreditNoteIssued": ("kreditnota udstedt", "kreditnotaer udstedt"),
    "PaymentRegistered": ("betaling registreret", "betalinger registreret"),
    "InvoiceOverdue": ("betalingspåmindelse", "betalingspåmindelser"),
    "MessageSent": ("mail sendt", "mails sendt"),
    "MessageFailed": ("mail kunne ikke sendes", "mails kunne ikke sendes"),
    "IntakeRejected": ("anmodning afvist", "anmodninger afvist"),
}


@dataclass(slots=True)
class Day:
    """What one day held."""

    events: Counter[str] = field(default_factory=Counter)
    invoiced_net_ore: int = 0
    invoiced_gross_ore: int = 0
    meetings: list[str] = field(default_factory=list)

    def sentence(self) -> str:
        parts = []
        for name, labels in LABELS.items():
            count = self.events.get(name, 0)
            if count:
                parts.append(f"{count} {labels[0 if count == 1 else 1]}")
                if name == "InvoiceIssued":
                    net, gross = kroner(self.invoiced_net_ore), kroner(self.invoiced_gross_ore)
                    parts[-1] += f" ({net} ekskl. / {gross} inkl. moms)"
        return " · ".join(parts) + (f" [{'; '.join(self.meetings)}]" if self.meetings else "")


class Timeline:
    """Reads every topic from its beginning and hands out each day once it is over."""

    def __init__(self, bootstrap: str, prefix: str = "") -> None:
        self.counts: Counter[str] = Counter()
        self.days: dict[date, Day] = {}
        self._told: set[date] = set()
        self._prefix = prefix
        self._consumer = AIOKafkaConsumer(
            bootstrap_servers=bootstrap,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            fetch_max_wait_ms=100,
        )
        self._partitions: list[TopicPartition] = []
        self._read: dict[TopicPartition, int] = {}
        self._more = asyncio.Condition()

    async def __aenter__(self) -> Self:
        await self._consumer.start()
        for service in SERVICES:
            topic = self._prefix + topic_of(service)
            self._partitions += [TopicPartition(topic, part) for part in range(PARTITIONS)]
        self._consumer.assign(self._partitions)
        await self._consumer.seek_to_beginning(*self._partitions)
        self._reading = asyncio.create_task(self._read_on())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._reading.cancel()
        with suppress(asyncio.CancelledError):
            await self._reading
        await self._consumer.stop()

    async def read(self) -> None:
        """Wait until everything that stands on the topics now has been taken in."""
        ends = await self._consumer.end_offsets(self._partitions)
        async with self._more:
            await self._more.wait_for(lambda: all(self._read.get(part, 0) >= end for part, end in ends.items()))

    async def _read_on(self) -> None:
        while True:
            found = await self._consumer.getmany(timeout_ms=1000)
            for part, records in found.items():
                for record in records:
                    self._take(json.loads(record.value))
                self._read[part] = records[-1].offset + 1
            async with self._more:
                self._more.notify_all()

    def lines_before(self, day: date) -> list[str]:
        """The sentences of the days before `day` that have not been handed out yet, oldest first."""
        over = sorted(known for known in self.days if known < day and known not in self._told)
        self._told.update(over)
        return [f"{short_day(known):>18}  {self.days[known].sentence()}" for known in over]

    def _take(self, event: dict[str, Any]) -> None:
        name = event["type"].split(".")[2]
        self.counts[name] += 1
        day = self.days.setdefault(day_of(datetime.fromisoformat(event["time"])), Day())
        day.events[name] += 1
        data = event["data"]
        if name == "InvoiceIssued":
            day.invoiced_net_ore += data["invoice"]["net_ore"]
            day.invoiced_gross_ore += data["invoice"]["gross_ore"]
        if name in {"MeetingScheduled", "MeetingRescheduled", "MeetingCancelled", "MeetingHeld"}:
            day.meetings.append(data["meeting"]["title"])
