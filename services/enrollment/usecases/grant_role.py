"""An administrator says what somebody at the organiser may do."""

from __future__ import annotations

from typing import ClassVar

from services.enrollment.adapters import accounts, programmes
from services.enrollment.domain.address_book import require_email
from services.enrollment.usecases.sign_out import revoke
from shared.base.answers import Answer
from shared.contracts.bounds import Email, Id
from shared.contracts.event import Command
from shared.contracts.refusal import Refused
from shared.contracts.staff import EVERYWHERE, Role
from shared.storage.tx import Tx


class GrantRole(Command):
    """To whoever signs in with this address; without a programme in all of them. Granted twice it is granted once."""

    service: ClassVar[str] = "enrollment"

    email: Email
    role: Role
    programme_id: Id | None = None


async def grant_role(tx: Tx, command: GrantRole) -> Answer:
    """Refused 422 `unknown_programme`."""
    email, granted_in = require_email(command.email, "email"), command.programme_id or EVERYWHERE
    if granted_in != EVERYWHERE and await programmes.load(tx, granted_in) is None:
        raise Refused("unknown_programme", "Forløbet findes ikke.", status=422, field="programme_id")

    known = await accounts.load_by_email(tx, email)
    for one in known:
        await accounts.grant(tx, one.id, email, granted_in, command.role, tx.cause)
        await revoke(tx, one.id)
    if not known:
        await accounts.grant(tx, None, email, granted_in, command.role, tx.cause)
    return Answer({"role": command.role, "programme_id": command.programme_id, "known": bool(known)})
