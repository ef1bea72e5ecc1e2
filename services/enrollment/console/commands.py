"""What this service does on the command line without running: by its name, given what stands after it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from services.enrollment.console.check import check
from services.enrollment.console.schema import schema

COMMANDS: Mapping[str, Callable[[Sequence[str]], int]] = {"check": check, "schema": schema}
