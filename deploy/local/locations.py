"""Where the checkout and the cache lie.

The cache (`.cache/` of the checkout, or `TOVHOLDER_CACHE`) holds what can be fetched again: jars and browser assets.
It is safe to delete while nothing runs.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from deploy.local.errors import StackError

ROOT = Path(__file__).resolve().parents[2]
"""The checkout: the folder with `services/` in it."""

DEFAULT_DATA_DIR = Path("var")
"""Of an installation, from where the command is given."""

DEMO_DATA_DIR = Path("demo-data")
"""Of the demo, from where the command is given."""


def cache_dir() -> Path:
    """The cache folder; made if missing."""
    path = Path(os.environ.get("TOVHOLDER_CACHE") or ROOT / ".cache").absolute()
    path.mkdir(parents=True, exist_ok=True)
    return path


def service_names(root: Path = ROOT) -> tuple[str, ...]:
    """The services, sorted: each is a folder with an `__init__.py` under `services/`, and nothing else names them."""
    return tuple(sorted(init.parent.name for init in (root / "services").glob("*/__init__.py")))


def python_module(service: str) -> tuple[str, ...]:
    """How a service, or its console (`<name>.console`), is run: `python -m services.<name>`."""
    main = Path("services", *service.split("."), "__main__.py")
    if not (ROOT / main).exists():
        raise StackError(f"{main} is missing, so it can't be started.")
    return (sys.executable, "-m", f"services.{service}")


def where_it_runs(named: Path | None) -> Path:
    """The data directory that was named; else the ordinary one, or the demo's if that is the one in use."""
    if named is not None:
        return named
    runs = [folder for folder in (DEFAULT_DATA_DIR, DEMO_DATA_DIR) if _running_file(folder).exists()]
    return runs[0] if runs else DEFAULT_DATA_DIR


def read_running(data_dir: Path) -> dict[str, Any]:
    """The public addresses of the installation that runs on this data directory. Raises StackError when none does."""
    file = _running_file(data_dir)
    if not file.exists():
        start = "demo --look" if made_by(data_dir) == "demo" else "up"
        said = f"Nothing runs on {file.parent}. Start it with `tovholder {start} --data-dir {data_dir}`."
        if data_dir == DEFAULT_DATA_DIR and made_by(DEMO_DATA_DIR) == "demo":
            said += " What the demo played is started with `tovholder demo --look`."
        raise StackError(said)
    found: dict[str, Any] = json.loads(file.read_text())
    return found


def made_by(data_dir: Path) -> str | None:
    """`up` or `demo`; None for a folder of nobody's."""
    try:
        return str(json.loads((data_dir / "tovholder.json").read_text())["made_by"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _running_file(data_dir: Path) -> Path:
    return data_dir.absolute() / "running.json"
