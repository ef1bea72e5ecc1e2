"""What docker-compose.yml says once the shell has filled it in."""

from __future__ import annotations

import re

_VARIABLE = re.compile(r"(?<!\$)\$\{(\w+):([-+])([^${}]*)\}")


def filled(value: str, **shell: str) -> str:
    """`${NAME:-otherwise}` and `${NAME:+if it is there}`, one in another; `$$` stays."""

    def said(found: re.Match[str]) -> str:
        name, which, word = found.groups()
        return (shell.get(name) or word) if which == "-" else (word if shell.get(name) else "")

    while (after := _VARIABLE.sub(said, value)) != value:
        value = after
    return value
