"""What staff should read about goes into the next morning's digest."""

from __future__ import annotations

from collections.abc import Sequence

from services.notifications.adapters import digest_items
from services.notifications.domain.digest import DIGEST, EVERYBODY, DigestLine, next_digest
from shared.base.cause import Cause
from shared.storage.tx import Tx


async def tell_staff(tx: Tx, lines: Sequence[tuple[DigestLine, Cause]]) -> None:
    """Each line once; a digest goes out if one of them is new."""
    if await digest_items.insert_new(tx, lines):
        tx.arm(DIGEST, EVERYBODY, next_digest(tx.now), because=lines[0][1])
