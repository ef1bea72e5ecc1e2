"""New identifiers, where no natural key exists; in a simulation the same ones every time.

UUIDv7 (RFC 9562 § 5.7), or where an id may not tell its age UUIDv4 (§ 5.4).
"""

from __future__ import annotations

import os
import threading
import time
from uuid import uuid4, uuid5

from shared.contracts.event import NAMESPACE

_VERSION_7 = 0x7 << 76
_VARIANT = 0b10 << 62


class _Ids:
    """UUIDv7 whose 12 bits after the millisecond count up, so that the ids of one process sort as they were made."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = 0
        self._seed: str | None = None
        self._drawn = 0

    def seed(self, text: str | None) -> None:
        with self._lock:
            self._seed = text
            self._drawn = 0

    def random(self) -> str:
        with self._lock:
            return self._seeded() or str(uuid4())

    def _seeded(self) -> str | None:
        if self._seed is None:
            return None
        self._drawn += 1
        return str(uuid5(NAMESPACE, f"seed\n{self._seed}\n{self._drawn}"))

    def new(self) -> str:
        with self._lock:
            if (seeded := self._seeded()) is not None:
                return seeded
            # 60 bits: milliseconds and a counter below them, which never goes back even if the clock does.
            self._last = stamp = max(self._last + 1, (time.time_ns() // 1_000_000) << 12)
        random = int.from_bytes(os.urandom(8)) & (_VARIANT - 1 >> 1)
        value = (stamp >> 12) << 80 | _VERSION_7 | (stamp & 0xFFF) << 64 | _VARIANT | random
        digits = f"{value:032x}"
        return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


_ids = _Ids()


def new_id() -> str:
    """A new UUID as text. Prefer `natural_id(...)` wherever a natural key exists."""
    return _ids.new()


def random_id() -> str:
    """As `new_id`, of what others see: it tells neither when it was made nor what was made before it (UUIDv4)."""
    return _ids.random()


def seed_ids(text: str | None) -> None:
    """From now on ids follow from `text` alone (a simulation); None = UUIDs again.

    Equal texts give equal ids, and an id that was used before is dropped by readers as known. So `text` must differ
    between services and between starts of one service on the same data (see `shared.storage.pool.count_start`).
    """
    _ids.seed(text)
