"""Toys that were told of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from services.toy.adapters import toys
from shared.contracts.toy import ToyGiven

from shared.base.cloudevents import Received
from shared.storage.tx import Tx


async def count_toys(tx: Tx, events: Sequence[Received[ToyGiven]]) -> None:
    await toys.save_counted(tx, [event.data.toy_id for event in events])


async def read_counted(tx: Tx, _query: Mapping[str, str]) -> dict[str, Any]:
    return {"counted": await toys.load_counted(tx)}
