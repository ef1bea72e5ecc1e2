"""Who has changed something of an enrolment last, and when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from services.enrollment.adapters import accounts, audit
from services.enrollment.domain.enrolment import Enrolment
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


async def read_last_change(
    tx: Tx, enrolment: Enrolment, command: type[Command], role_id: str | None = None
) -> LastChange | None:
    """None where something else has been changed since, so that it is not known any more. Machine time."""
    found = await audit.load_last(tx, enrolment.id, getattr(command, "type", command.__name__), role_id)
    if found is None:
        return None
    at, actor = found
    if not actor.startswith(STAFF):
        return LastChange(at, actor)
    known = await accounts.load_known(tx, [actor.removeprefix(STAFF)], enrolment.programme_id)
    name, roles = known.get(actor.removeprefix(STAFF), ("", ()))
    words = ", ".join(IN_DANISH[role].lower() for role in roles)
    return LastChange(at, actor, f"{name} ({words})" if name and words else name)
