"""What a desk of notifications has written so far, as its recipients would read it."""

from __future__ import annotations

from collections import defaultdict

from services.notifications.adapters import messages
from services.notifications.adapters.composer import Composer
from services.notifications.adapters.texts import Words
from services.notifications.domain.calendar.entry import Mailbox
from services.notifications.domain.message import Message
from shared.storage.tx import transaction
from tests.support.calendar_client import Client
from tests.support.room import BY_HAND, Room

COMPOSER = Composer(Words("https://tovholder.example"), Mailbox("Tovholder", "post@tovholder.example"))


async def written(room: Room, template: str | None = None) -> list[Message]:
    """In the order in which they go out."""
    async with transaction(room.pool, room, room.source, BY_HAND) as tx:
        return (await messages.load_newest(tx, template=template, limit=10_000))[::-1]


async def templates(room: Room) -> list[tuple[str, str]]:
    """(template, address) of everything written."""
    return [(message.template, message.email) for message in await written(room)]


async def text(room: Room, template: str) -> str:
    """Subject and words of the only letter of this kind."""
    (only,) = await written(room, template)
    texts = COMPOSER.texts(only)
    return f"{texts.subject}\n\n{texts.plain}"


async def calendars(room: Room) -> dict[str, Client]:
    """Every calendar after its mails, by address in lower case."""
    found: dict[str, Client] = {}
    for message in await written(room):
        if message.calendar is not None:
            client = found.setdefault(message.email.lower(), Client(message.email))
            client.take_mail(COMPOSER.mail(message).content)
    return found


async def contents(room: Room) -> dict[str, list[str]]:
    """What stands in each calendar: titles, sorted."""
    shown: dict[str, list[str]] = defaultdict(list)
    for address, client in (await calendars(room)).items():
        shown[address] = sorted(slot.title for slot in client.calendar.values())
    return dict(shown)
