"""From a command's wire name to a request: every service's OpenAPI document says which of its routes carries it out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

_PARAMETER = re.compile(r"\{([a-z_]+)\}")


@dataclass(frozen=True, slots=True)
class Route:
    """Where a command is carried out; path parameters are fields of its data."""

    method: str
    path: str

    def request(self, data: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        """The path and the body. A field of the path that the data lack is left as it is, and refused by the API."""
        inside = _PARAMETER.findall(self.path)
        path = _PARAMETER.sub(lambda found: quote(str(data.get(found[1], found[0])), safe=""), self.path)
        return path, {name: value for name, value in data.items() if name not in inside}


def routes_of(documents: Iterable[Mapping[str, Any]]) -> dict[str, Route]:
    """By wire name, from the `x-command` of OpenAPI documents. One that is not here is asked for over the intake."""
    return {
        operation["x-command"]: Route(method.upper(), path)
        for document in documents
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        if "x-command" in operation
    }
