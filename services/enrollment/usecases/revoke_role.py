"""An administrator takes a role back: whoever has it may do no more of it, in any service, within seconds."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from services.enrollment.adapters import accounts
from services.enrollment.domain.staff import require_another, require_grant
from services.enrollment.usecases.sign_out import revoke
from shared.base.answers import Answer
from shared.contracts.event import Command
from shared.storage.tx import Tx


class RevokeRole(Command):
    """`grant_id`: as the list of roles has it."""

    service: ClassVar[str] = "enrollment"

    grant_id: int = Field(ge=1, le=2**63 - 1)


async def revoke_role(tx: Tx, command: RevokeRole) -> Answer:
    """Refused 404 `unknown_grant`, 409 `last_administrator`."""
    administrators = await accounts.count_administrators(tx)
    grant = require_grant(await accounts.load_grant(tx, command.grant_id))

    require_another(grant, administrators)

    await accounts.revoke(tx, grant.id)
    if grant.account_id is not None:
        await revoke(tx, grant.account_id)
    return Answer({"grant_id": grant.id})
