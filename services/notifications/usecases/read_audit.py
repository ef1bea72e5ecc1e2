"""Who asked for what, of the mails of one programme."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.notifications.adapters.audit import CAUSES
from shared.storage import audit
from shared.storage.tx import Tx


async def read_audit(tx: Tx, query: Mapping[str, str]) -> dict[str, Any]:
    return await audit.read(tx, query, CAUSES)
