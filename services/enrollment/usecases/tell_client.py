"""How a client of the API stands now is told, all of it; the other services end where this one is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from shared.contracts.enrollment import ClientChanged
from shared.contracts.refusal import Refused
from shared.storage.tx import Tx
from shared.web import clients
from shared.web.clients import NotDoneError

_WHY_NOT = {
    "name_in_environment": ("client", "Navnet {0} står i tjenestens indstillinger. Find et andet."),
    "name_of_another": (
        "client",
        "Navnet {0} er brugt: et navn er for altid enten personalets eller et andet systems.",
    ),
    "client_has_token": ("client", "{0} har en nøgle, der virker. Byt den, eller spær den først."),
    "source_taken": ("sources", "En af afsenderne er en anden klients eller installationens egen."),
    "no_token": ("client", "{0} har ingen nøgle, der virker."),
}


async def tell_client(tx: Tx, name: str) -> None:
    """ClientChanged, with a version after every one before."""
    if (found := await clients.stands(tx.connection, name)) is not None:
        tx.publish(ClientChanged(owner=tx.source, **found))


@contextmanager
def done(name: str) -> Iterator[None]:
    """What cannot be done is Refused, 409, in a sentence for people."""
    try:
        yield
    except NotDoneError as why:
        field, text = _WHY_NOT[why.code]
        raise Refused(why.code, text.format(name), field=field) from None
