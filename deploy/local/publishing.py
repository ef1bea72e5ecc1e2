"""`tovholder publish FILE`: a programme file becomes a published programme, or a later version of one.

It is checked on this machine first. What the service says no to besides is said with the line of the file it is about.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from deploy.local.errors import StackError
from deploy.local.staff import answer_of

ANSWER_S = 60.0
_OUTCOMES = {
    "published": "udgivet",
    "changed": "udgivet i en ny version",
    "unchanged": "uændret: det er den version, der gælder",
}
_REFUSED = 400


class Published(NamedTuple):
    """What came of it, in lines; `done` is False when it was refused."""

    done: bool
    lines: tuple[str, ...]
    answer: Mapping[str, Any]


def publish(gateway: str, token: str, file: Path) -> Published:
    """Raises StackError where the file cannot be read, or the service is silent."""
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise StackError(f"{file} kan ikke læses.") from error
    path = "enrollment/programmes"
    with answer_of(gateway, token, "POST", path, {"file": text}, ANSWER_S) as answer:
        try:
            said: dict[str, Any] = json.loads(answer.read())
        except ValueError as error:
            raise StackError(f"enrollment: {answer.status}") from error
        status = answer.status
    if status >= _REFUSED:
        return Published(done=False, lines=tuple(_why(file, said, status)), answer=said)
    return Published(done=True, lines=tuple(_done(file, said)), answer=said)


def _done(file: Path, said: Mapping[str, Any]) -> Iterator[str]:
    yield f"{said['programme_id']}, version {said['version']}: {_OUTCOMES[said['outcome']]}"
    for one in said["findings"]:
        yield f"  OBS {file.name}, {one}"
    if said["invites_at"]:
        yield f"  Kommunerne inviteres {said['invites_at']}"


def _why(file: Path, said: Mapping[str, Any], status: int) -> Iterator[str]:
    yield str(said.get("detail") or said.get("title") or f"enrollment: {status}")
    for one in said.get("errors", ()):
        place = str(one["field"]).removeprefix("file:")
        yield f"  FEJL {file}:{place} [{one['code']}]"
        yield f"       {one['detail']}"
