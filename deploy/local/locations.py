"""Where the checkout and the cache lie.

The cache (`.cache/` of the checkout, or `TOVHOLDER_CACHE`) holds what can be fetched again: jars and browser assets.
It is safe to delete while nothing runs.
"""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
"""The checkout: the folder with `services/` in it."""


def cache_dir() -> Path:
    """The cache folder; made if missing."""
    path = Path(os.environ.get("TOVHOLDER_CACHE") or ROOT / ".cache").absolute()
    path.mkdir(parents=True, exist_ok=True)
    return path


def service_names(root: Path = ROOT) -> tuple[str, ...]:
    """The services, sorted: each is a folder with an `__init__.py` under `services/`, and nothing else names them."""
    return tuple(sorted(init.parent.name for init in (root / "services").glob("*/__init__.py")))
