"""The key that signs badges is changed in three steps, so that nobody is signed out by it: begin, switch, end.

Three files: the key that signs, the public ones whose badges are good, and, between begin and switch, the key to come.
After each step every service is started again. It needs nothing but Python.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from deploy.local.ed25519 import public_key

Step = Literal["begin", "switch", "end"]
STEPS: tuple[Step, ...] = get_args(Step)
Write = Callable[[Path, str], None]
_KEY_BYTES = 32
IN_ENGLISH = {
    "begin": "The session key is being changed: the new one is known. Start every service again, then switch.",
    "switch": "The session key is being changed: the new one signs. Start every service again, and a quarter of an "
    "hour later end.",
}
IN_DANISH = {
    "begin": "Nøglen bag login skiftes: den nye er kendt. Start Tovholder om, og tag så skridtet switch.",
    "switch": "Nøglen bag login skiftes: den nye skriver under. Start Tovholder om, og tag end et kvarter efter.",
}
"""What comes next, by the step that was taken last."""


class NotNowError(Exception):
    """The sentence says which step comes first."""


@dataclass(frozen=True, slots=True)
class KeyFiles:
    """`signing` and `coming` hold a private key in hex, `public` a public one on each line."""

    signing: Path
    public: Path
    coming: Path


def standing(files: KeyFiles) -> Literal["", "begin", "switch"]:
    """The step that was taken last; "" = the key is not being changed."""
    if files.coming.exists():
        return "begin"
    return "switch" if len(_lines(files.public)) > 1 else ""


def change(files: KeyFiles, step: Step, write: Write) -> None:
    """One step; one that was cut short is finished by taking it again.

    `write` puts a text into a file whole or not at all; at no moment does a key sign that is not known.
    """
    there, signing = standing(files), _public_of(files.signing)
    if step == "begin":
        if there == "switch":
            raise NotNowError("the key before is known still: end first")
        if there == "begin" and _public_of(files.coming) in _lines(files.public):
            raise NotNowError("the new key is known already: switch to it")
        if there != "begin":
            write(files.coming, secrets.token_hex(_KEY_BYTES))
        _write(files, [signing, _public_of(files.coming)], write)
    elif step == "switch":
        if there != "begin" or _public_of(files.coming) not in _lines(files.public):
            raise NotNowError("there is no new key that is known: begin first")
        write(files.signing, files.coming.read_text().strip())
        files.coming.unlink()
    else:
        if there != "switch":
            raise NotNowError("the new key does not sign yet: switch first" if there else "begin first")
        _write(files, [signing], write)


def _public_of(file: Path) -> str:
    return public_key(bytes.fromhex(file.read_text().strip())).hex()


def _lines(file: Path) -> list[str]:
    return file.read_text().split()


def _write(files: KeyFiles, keys: Sequence[str], write: Write) -> None:
    write(files.public, "".join(f"{one}\n" for one in keys))
