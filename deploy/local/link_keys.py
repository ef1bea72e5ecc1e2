"""The key that signs links is changed in three steps, so that no link dies of it: begin, switch, end.

Two files hold the key that signs and the other one, whose links are good too. After each step every service is started
again. It needs nothing but Python.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Literal, get_args

Step = Literal["begin", "switch", "end"]
STEPS: tuple[Step, ...] = get_args(Step)
Write = Callable[[Path, str], None]


class NotNowError(Exception):
    """The sentence says which step comes first."""


def change(signing: Path, other: Path, step: Step, write: Write) -> None:
    """One step. `write` puts a text into a file whole or not at all; at no moment is a key in none of the files."""
    there = other.read_text().strip() if other.exists() else ""
    kept = other.with_suffix(".switching")
    if kept.exists():
        if step != "switch":
            raise NotNowError("a switch was cut short: switch first")
        _finish(signing, other, kept, write)
        return
    if step == "begin":
        if there:
            raise NotNowError("another key is there already: switch to it, or end")
        write(other, secrets.token_hex(32))
        return
    if not there:
        raise NotNowError("there is no other key: begin first")
    if step == "end":
        write(other, "")
        return
    write(kept, signing.read_text().strip())
    _finish(signing, other, kept, write)


def _finish(signing: Path, other: Path, kept: Path, write: Write) -> None:
    """`kept` is the key that signed until now; where the other file holds it, only the tidying was left."""
    before, there = kept.read_text().strip(), other.read_text().strip()
    if there != before:
        write(signing, there)
        write(other, before)
    kept.unlink()
