"""What a contact's secretary asks for: only what a secretary may, and only as long as they have the access."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from services.enrollment.adapters import contacts, enrolments
from services.enrollment.domain.secretary import require_may, require_secretary
from shared.base.acts import Act
from shared.base.answers import Answer
from shared.contracts.event import Command
from shared.storage.tx import Tx


def as_secretary(act: Act) -> Act:
    """The same act, asked for by a cause's `secretary_id`. Refused 403 `only_the_contact` or `access_closed`."""

    async def usecase(tx: Tx, command: Any) -> Answer:
        require_may(act.command.__name__, command)
        answer = await act.do(tx, command)
        await _require_access(tx, command)
        return answer

    return replace(act, usecase=usecase, together=False)


async def _require_access(tx: Tx, command: Command) -> None:
    """Afterwards, when whoever closes the access meanwhile has been waited for, or waits: nothing is locked the other
    way round. What was done is undone with the refusal.
    """
    enrolment_id: str = getattr(command, "enrolment_id", "")
    await contacts.lock_secretary(tx, enrolment_id)
    enrolment = await enrolments.load(tx, enrolment_id)
    require_secretary(enrolment, await contacts.load_history(tx, enrolment_id), tx.cause.secretary_id or "")
