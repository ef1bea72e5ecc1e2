"""Who has changed something last, and when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from services.enrollment.adapters import accounts, audit
from shared.contracts.event import Command
from shared.contracts.staff import IN_DANISH
from shared.storage.tx import Tx

STAFF = "staff/"


@dataclass(frozen=True, slots=True)
class LastChange:
    """`name`: of somebody with an account, and what they are here; empty = `actor` is nobody with one."""

    at: datetime
    actor: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Wrote:
    """What was written by it: one row, of those of `adapters.audit.WROTE`, by its key."""

    what: str
    key: tuple[str, ...]

    @staticmethod
    def enrolment(enrolment_id: str) -> Wrote:
        return Wrote("enrolment", (enrolment_id,))

    @staticmethod
    def role(enrolment_id: str, role_id: str) -> Wrote:
        return Wrote("role", (enrolment_id, role_id))

    @staticmethod
    def order(enrolment_id: str, option_id: str) -> Wrote:
        return Wrote("order", (enrolment_id, option_id))

    @staticmethod
    def seat(enrolment_id: str, meeting_id: str, person_id: str) -> Wrote:
        """Who pays for it."""
        return Wrote("seat", (enrolment_id, meeting_id, person_id))

    @staticmethod
    def needs(enrolment_id: str, meeting_id: str, person_id: str) -> Wrote:
        return Wrote("needs", (enrolment_id, meeting_id, person_id))

    @staticmethod
    def team_needs(enrolment_id: str, person_id: str) -> Wrote:
        return Wrote("team_needs", (enrolment_id, person_id))

    @staticmethod
    def guest_needs(guest_id: str) -> Wrote:
        return Wrote("guest_needs", (guest_id,))

    @staticmethod
    def programme(programme_id: str) -> Wrote:
        return Wrote("programme", (programme_id,))


async def read_last_change(tx: Tx, programme_id: str, command: type[Command], wrote: Wrote) -> LastChange | None:
    """None where something else has been changed since, so that it is not known any more. Machine time."""
    found = await audit.load_last(tx, getattr(command, "type", command.__name__), wrote.what, *wrote.key)
    if found is None:
        return None
    at, actor = found
    if not actor.startswith(STAFF):
        return LastChange(at, actor)
    known = await accounts.load_known(tx, [actor.removeprefix(STAFF)], programme_id)
    name, roles = known.get(actor.removeprefix(STAFF), ("", ()))
    words = ", ".join(IN_DANISH[role].lower() for role in roles)
    return LastChange(at, actor, f"{name} ({words})" if name and words else name)
