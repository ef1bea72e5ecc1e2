"""What schemathesis (`SCHEMATHESIS_HOOKS`) asks with: as often as not what is there, and what is right but for a part.

Chosen by what it had made itself, so that what was found is found again.
"""

from __future__ import annotations

import json
import os
import zlib
from pathlib import Path
from typing import Any

import schemathesis

KNOWN = json.loads(Path(os.environ["TOVHOLDER_KNOWN_IDS"]).read_text(encoding="utf-8"))
"""`ids`: name → values that are there. `bodies`: method and path → one that is taken."""


def _chance(value: Any) -> int:
    return zlib.crc32(repr(value).encode("utf-8", "surrogatepass"))


def _known(name: str, value: Any, seed: Any = None) -> Any:
    chance, ids = _chance((seed, value)), KNOWN["ids"].get(name)
    return ids[chance // 2 % len(ids)] if ids and chance % 2 else value


@schemathesis.hook
def map_path_parameters(_context: Any, path_parameters: Any) -> Any:
    if not isinstance(path_parameters, dict):
        return path_parameters
    return {name: _known(name, value) for name, value in path_parameters.items()}


@schemathesis.hook
def map_body(context: Any, body: Any) -> Any:
    usual = KNOWN["bodies"].get(context.operation.label)
    if usual is None or not isinstance(body, dict):
        return body
    chance = _chance(body)
    if chance % 4 == 0:
        return body
    odd = sorted(body, key=lambda name: _chance((chance, name)))[: chance // 4 % 3]
    there = {name: _known(name, value, body) for name, value in usual.items() if name in KNOWN["ids"]}
    return {**usual, **there, **{name: _known(name, body[name]) for name in odd}}
