"""Which tables a service keeps its own things in."""

from __future__ import annotations

import re

from deploy.local.locations import ROOT
from shared.storage.migrate import Stream


def own_tables(service: str) -> tuple[str, ...]:
    """Those of its own migrations, in the order in which they were made."""
    made = Stream.read(service, ROOT / "services" / service / "migrations").migrations
    return tuple(dict.fromkeys(name for one in made for name in re.findall(r"CREATE TABLE (\w+)", one.sql)))
