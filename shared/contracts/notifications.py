"""What `notifications` tells: who was told what and who answered what; no address and no text, only references."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Literal

from shared.contracts.event import Command, Event, IntakeRejected, command, fact, natural_id

SERVICE = "notifications"

InvitationAnswer = Literal["accepted", "declined", "tentative", "delegated"]
"""PARTSTAT of a calendar's reply (RFC 5545 § 3.2.12)."""


class MessageFact(Event):
    """`recipient` is a person_id or `<organisation code>/<role>`; `occasion` the version of the fact it speaks of."""

    service: ClassVar[str] = SERVICE

    message_id: str
    template: str
    recipient: str
    about: str
    """Subject of the aggregate the message is about."""
    occasion: str

    @property
    def subject(self) -> str:
        return f"message/{self.message_id}"

    @property
    def scope(self) -> str:
        return "messages"


@fact
class MessageSent(MessageFact):
    type: ClassVar[str] = "tovholder.notifications.MessageSent.v1"

    sent_at: datetime


@fact
class MessageFailed(MessageFact):
    type: ClassVar[str] = "tovholder.notifications.MessageFailed.v1"

    reason: str
    """Stable code, such as `smtp_550`."""


@fact
class AddressBounced(Event):
    type: ClassVar[str] = "tovholder.notifications.AddressBounced.v1"
    service: ClassVar[str] = SERVICE

    recipient: str
    message_id: str
    status: str
    """Enhanced status code (RFC 3463)."""

    @property
    def subject(self) -> str:
        return f"message/{self.message_id}"

    @property
    def scope(self) -> str:
        return "messages"


@fact
class InvitationAnswered(Event):
    """Somebody's calendar has answered an invitation, or changed its answer. Anyone can forge such a reply."""

    type: ClassVar[str] = "tovholder.notifications.InvitationAnswered.v1"
    service: ClassVar[str] = SERVICE

    programme_id: str
    meeting_id: str
    recipient: str
    """A person_id."""
    answer: InvitationAnswer
    date_version: int
    """Of the meeting, as this person was told of it last."""
    answered_at: datetime
    """As the reply says; never later than when it came in."""

    @property
    def subject(self) -> str:
        return f"invitation/{natural_id('invitation', self.meeting_id, self.recipient)}"

    @property
    def scope(self) -> str:
        return "messages"


@fact
class NotificationsIntakeRejected(IntakeRejected):
    type: ClassVar[str] = "tovholder.notifications.IntakeRejected.v1"
    service: ClassVar[str] = SERVICE


@command
class SendMessage(Command):
    """Have somebody told, once per (recipient, about, occasion)."""

    type: ClassVar[str] = "tovholder.notifications.SendMessage.v1"
    service: ClassVar[str] = SERVICE

    recipient: str
    email: str
    about: str
    occasion: str
    title: str
    text: str


@command
class ArmReminder(Command):
    """As SendMessage, at `due`; armed again under the same (recipient, about, occasion) it moves."""

    type: ClassVar[str] = "tovholder.notifications.ArmReminder.v1"
    service: ClassVar[str] = SERVICE

    recipient: str
    email: str
    about: str
    occasion: str
    title: str
    text: str
    due: datetime
