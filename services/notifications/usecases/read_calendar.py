"""A calendar to subscribe to: its page, for whom another page has let in, and the calendar that programs fetch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from services.notifications.adapters import subscriptions
from services.notifications.adapters.subscriptions import Address
from services.notifications.domain.calendar import feed
from services.notifications.domain.subscription import Subscription, feed_of
from shared.base.passes import Reader
from shared.storage.tx import Tx


@dataclass(frozen=True, slots=True)
class Calendar:
    """`path` is the reader's page of it, `feed_path` where programs fetch it: secrets of the reader."""

    reader: Reader
    subscription: Subscription
    path: str
    feed_path: str
    address: str
    """The whole address of it, as people outside reach it."""


async def read_calendar(tx: Tx, token: str) -> Calendar | None:
    """None for a pass that is no good any more, and for a calendar that is over."""
    reader = subscriptions.reader_in(tx.links, token, tx.now)
    found = await subscriptions.load_let_in(tx, reader) if reader else None
    if reader is None or found is None or found.over(tx.now):
        return None
    path = subscriptions.feed_path(tx.links, Address(reader, found.generation))
    page = subscriptions.page_path(tx.links, reader, tx.now)
    return Calendar(reader, found, page, path, tx.links.address(path))


async def read_feed(tx: Tx, token: str) -> bytes | Literal["closed"] | None:
    """The calendar; `closed`: it was renewed, is over, or is somebody else's by now. None = no address of ours."""
    address = subscriptions.address_of(tx.links, token, tx.now)
    if address is None:
        return None
    found = await subscriptions.load(tx, address.reader)
    if found is None or found.over(tx.now) or found.generation != address.generation:
        return "closed"
    meetings = await subscriptions.load_meetings(tx, address.reader, found.programme.id)
    undated = await subscriptions.load_undated(tx, address.reader, found.programme.id)
    source = tx.links.address(subscriptions.feed_path(tx.links, address))
    return feed.ics(feed_of(found, meetings, undated, source))
