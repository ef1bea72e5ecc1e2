"""What a module asks for from outside, read from its source and not by loading it."""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from types import ModuleType


def imported(module: ModuleType) -> set[str]:
    """The first names of all that it imports anywhere in it, Python's own left out."""
    assert module.__file__ is not None
    found: set[str] = set()
    for node in ast.walk(ast.parse(Path(module.__file__).read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            found.add((node.module or "").split(".")[0])
        elif isinstance(node, ast.Import):
            found |= {one.name.split(".")[0] for one in node.names}
    return found - set(sys.stdlib_module_names)
