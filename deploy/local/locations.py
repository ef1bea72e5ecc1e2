"""Where the checkout and the cache lie.

The cache (`.cache/` of the checkout, or `TOVHOLDER_CACHE`) holds what can be fetched again: jars and browser assets.
It is safe to delete while nothing runs.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from deploy.local.errors import StackError

ROOT = Path(__file__).resolve().parents[2]
"""The checkout: the folder with `services/` in it."""

DEFAULT_DATA_DIR = Path("var")
"""Of an installation, from where the command is given."""


def cache_dir() -> Path:
    """The cache folder; made if missing."""
    path = Path(os.environ.get("TOVHOLDER_CACHE") or ROOT / ".cache").absolute()
    path.mkdir(parents=True, exist_ok=True)
    return path


def service_names(root: Path = ROOT) -> tuple[str, ...]:
    """The services, sorted: each is a folder with an `__init__.py` under `services/`, and nothing else names them."""
    return tuple(sorted(init.parent.name for init in (root / "services").glob("*/__init__.py")))


def read_running(data_dir: Path) -> dict[str, Any]:
    """The public addresses of the installation that runs on this data directory. Raises StackError when none does."""
    path = data_dir.absolute()
    file = path / "running.json"
    if not file.exists():
        raise StackError(f"Nothing runs on {path}. Start it with `tovholder up --data-dir {data_dir}`.")
    found: dict[str, Any] = json.loads(file.read_text())
    return found
