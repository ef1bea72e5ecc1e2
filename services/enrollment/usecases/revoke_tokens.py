"""An administrator shuts a client out: none of its tokens opens anything from then on, in any service."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from services.enrollment.usecases.tell_client import done, tell_client
from shared.base.answers import Answer
from shared.contracts.event import Command
from shared.storage.tx import Tx
from shared.web import clients


class RevokeTokens(Command):
    """Its name and its sources stay its own."""

    service: ClassVar[str] = "enrollment"

    client: str = Field(max_length=100)


async def revoke_tokens(tx: Tx, command: RevokeTokens) -> Answer:
    """Refused 409 `no_token`."""
    with done(command.client):
        await clients.revoke_tokens(tx.connection, command.client, by=tx.cause.actor or clients.OPERATOR)
    await tell_client(tx, command.client)
    return Answer({"client": command.client})
