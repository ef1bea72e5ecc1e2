"""An administrator signs somebody else out: at one browser or at all, in every service within seconds."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from services.enrollment.adapters import sessions
from services.enrollment.domain.session import require_going_on
from services.enrollment.usecases.sign_out import revoke
from shared.base.answers import Answer
from shared.contracts.event import Command
from shared.storage.audit import SESSION_ENDED, note
from shared.storage.tx import Tx


class EndSession(Command):
    """`session_id`: as the list of those who are signed in has it. `everywhere`: all of that account's."""

    service: ClassVar[str] = "enrollment"

    session_id: str = Field(max_length=100)
    everywhere: bool = False


async def end_session(tx: Tx, command: EndSession) -> Answer:
    """Refused 410 `session_ended`."""
    session = require_going_on(await sessions.load(tx, command.session_id))
    ending = await sessions.load_going_on(tx, session.account_id) if command.everywhere else [session]

    await sessions.end(tx, ending, await sessions.load_machine_time(tx))
    await revoke(tx, session.account_id)
    await note(
        tx, principal=tx.cause.actor or "", route=SESSION_ENDED, command=f"staff/{session.account_id}", status=200
    )
    return Answer({"account_id": session.account_id, "ended": len(ending)})
