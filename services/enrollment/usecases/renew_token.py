"""An administrator gives a client another token, which opens the same; the one before goes on for a day."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from services.enrollment.usecases.add_client import Digest, OfferedDays
from services.enrollment.usecases.tell_client import done, tell_client
from shared.base.answers import Answer
from shared.contracts.event import Command
from shared.storage.tx import Tx
from shared.web import clients


class RenewToken(Command):
    """`sha256` is the new one's."""

    service: ClassVar[str] = "enrollment"

    client: str = Field(max_length=100)
    days: OfferedDays
    sha256: Digest


async def renew_token(tx: Tx, command: RenewToken) -> Answer:
    """Refused 409 `no_token`."""
    by, until = tx.cause.actor or clients.OPERATOR, await clients.ends_in(tx.connection, command.days)
    with done(command.client):
        await clients.renew_token(tx.connection, command.client, bytes.fromhex(command.sha256), until, by)
    await tell_client(tx, command.client)
    return Answer({"client": command.client, "expires_at": until.isoformat()})
