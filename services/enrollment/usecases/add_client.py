"""An administrator lets another system in: a client with its first token, of which only the SHA-256 comes here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from services.enrollment.usecases.tell_client import done, tell_client
from shared.base.answers import Answer
from shared.contracts.catalogue import OPENS
from shared.contracts.event import Command
from shared.contracts.refusal import Refused, Together
from shared.storage.tx import Tx
from shared.web import clients
from shared.web.scopes import STAFF
from shared.web.tokens import NAME, OF_INSTALLATIONS

Days = Literal[30, 90, 365]
OfferedDays = Annotated[Days, Field(json_schema_extra={"maximum": 365})]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", max_length=64)]
"""SHA-256 in hex, of a token that whoever asks has made of 256 random bits."""
MOST = 300
_LONGEST_SOURCE = 255
_Word = Annotated[str, Field(max_length=1000)]


class AddClient(Command):
    """What its token opens, whose events it may send (CloudEvents sources), and for how many days."""

    service: ClassVar[str] = "enrollment"

    client: str = Field(max_length=100)
    scopes: tuple[_Word, ...] = Field(max_length=MOST)
    sources: tuple[_Word, ...] = Field(default=(), max_length=MOST)
    days: OfferedDays
    sha256: Digest


async def add_client(tx: Tx, command: AddClient) -> Answer:
    """Refused 422 `invalid_client_name`, `no_scopes`, `unknown_scope`, `invalid_source`; 409 `name_in_environment`,
    `name_of_another`, `client_has_token`, `source_taken`.
    """
    _check(command)
    by, scopes, sources = tx.cause.actor or clients.OPERATOR, sorted(set(command.scopes)), sorted(set(command.sources))
    digest, until = bytes.fromhex(command.sha256), await clients.ends_in(tx.connection, command.days)

    with done(command.client):
        await clients.insert_token(tx.connection, command.client, digest, scopes, sources, until, by)
    await tell_client(tx, command.client)
    return Answer({"client": command.client, "expires_at": until.isoformat()})


def _check(command: AddClient) -> None:
    """All that is wrong with it at once."""
    look = Together()
    look.look(_require_name, command.client)
    look.look(_require_scopes, command.scopes)
    for source in command.sources:
        look.look(_require_source, source)
    look.require()


def _require_name(name: str) -> None:
    if not NAME.fullmatch(name):
        text = "Et navn begynder med et lille bogstav (a-z) eller et tal og har ellers kun dem og . _ -; højst 63 tegn."
        raise Refused("invalid_client_name", text, status=422, field="client")
    if name in OF_INSTALLATIONS:
        raise Refused(
            "name_in_environment", "Det hedder installationens egen nøgle. Find et andet navn.", field="client"
        )


def _require_scopes(scopes: Sequence[str]) -> None:
    if not scopes:
        raise Refused("no_scopes", "Vælg mindst én ting, som nøglen må.", status=422, field="may_bundles")
    if unknown := sorted(set(scopes) - {STAFF, *OPENS}):
        raise Refused("unknown_scope", f"Det kendes ikke: {unknown[0]}.", status=422, field="may_bundles")


def _require_source(source: str) -> None:
    if not 0 < len(source) <= _LONGEST_SOURCE or any(ord(mark) <= ord(" ") for mark in source):
        text = f"En afsender er en adresse (CloudEvents source) uden mellemrum, højst {_LONGEST_SOURCE} tegn."
        raise Refused("invalid_source", text, status=422, field="sources")
