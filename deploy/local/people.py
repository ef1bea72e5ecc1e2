"""A person, asked of all services at once: what each holds of them, and to forget them everywhere; and, after one of
them was restored from a backup, whoever was erased since.

The address stands in bodies only: a path would stand in logs.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any
from urllib.parse import quote

from deploy.local.errors import StackError
from deploy.local.staff import answer_of, silent

OWNER = "enrollment"
"""Erases: the others hear of it."""
ANSWER_S = 30.0
HEARD_S = 60.0
"""Until every service has heard of an erasure."""
AGAIN_S = 0.2
AT_ONCE = 100
"""Ids that one request asks a service to forget."""

Ask = Callable[[str, str, str, Mapping[str, Any] | None], tuple[int, Any]]
"""(service, method, path below `/api/<service>/people`, body) → (status, answer)."""


@dataclass(frozen=True, slots=True)
class Erased:
    """`left` is what each service still holds of each id, by service and table; `stays` says what stays, and why."""

    person_ids: Sequence[str]
    stays: Sequence[str]
    left: Mapping[str, Mapping[str, int]]


@dataclass(frozen=True, slots=True)
class ErasedAgain:
    """`listed` is how many ids are on any list; `done` is who was missing and is erased again, by service; `refused`
    is who was not, by id, and why.
    """

    listed: int
    done: Mapping[str, Sequence[str]]
    refused: Mapping[str, str]


def over_http(gateway: str, token: str) -> Ask:
    """Through the gateway, as staff."""

    def ask(service: str, method: str, path: str, body: Mapping[str, Any] | None) -> tuple[int, Any]:
        with answer_of(gateway, token, method, f"{service}/people{path}", body, ANSWER_S) as answer:
            try:
                return answer.status, json.loads(answer.read() or b"null")
            except (OSError, HTTPException, ValueError) as error:
                raise silent(service) from error

    return ask


def export(ask: Ask, services: Sequence[str], address: str) -> dict[str, Any]:
    """What every service holds of everybody with the address, and under the address where no id is beside it."""
    found = _search(ask, services, address)
    person_ids = _known(found)
    held = {
        service: [
            *(read["held"] for one in person_ids if (read := _read(ask, service, one))["held"]),
            *([found[service]["held"]] if found[service]["held"] and not found[service]["person_ids"] else []),
        ]
        for service in services
    }
    return {"person_ids": person_ids, "held": {service: rows for service, rows in held.items() if rows}}


def _search(ask: Ask, services: Sequence[str], address: str) -> dict[str, dict[str, Any]]:
    return {service: _done(service, *ask(service, "POST", "/search", {"email": address})) for service in services}


def _known(found: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Whom any of them knows."""
    return sorted({one for answer in found.values() for one in answer["person_ids"]})


def erase(
    ask: Ask,
    services: Sequence[str],
    address: str,
    pause: Callable[[float], None] = time.sleep,
    *,
    unarchived_because: str = "",
) -> Erased:
    """Raises StackError with the reason when it is refused. What was erased before that stays so: said again it goes on
    from there. `unarchived_because`: why also what an archive has not got yet; empty = that is refused.
    """
    known = _known(_search(ask, services, address))
    # Before they are erased: a service may know less of them afterwards.
    stays = [line for service in services for one in known for line in _read(ask, service, one).get("stays", ())]
    all_the_same = {"also_unarchived": True, "reason": unarchived_because} if unarchived_because else {}
    status, answer = ask(OWNER, "POST", "/erase", {"email": address, **all_the_same})
    if answer.get("code") == "unknown_person":
        if not known:
            raise StackError("Ingen af tjenesterne kender adressen.")
        status, answer = ask(OWNER, "POST", "/erase", {"person_id": known[0], "email": address, **all_the_same})
    answer = _done(OWNER, status, answer)
    person_ids = list(answer["erased"])
    for one in known:
        if one not in person_ids:
            # Known by a service that was told by somebody else, or by a form that is forgotten at its owner's.
            person_ids += _done(OWNER, *ask(OWNER, "POST", "/erase", {"person_id": one, **all_the_same}))["erased"]
    person_ids = sorted(set(person_ids))
    for service in services:
        if service != OWNER:
            _forget(ask, service, person_ids, address, pause)
    left = {service: _left(ask, service, person_ids) for service in services}
    said = list(dict.fromkeys([*answer["stays"], *stays]))
    return Erased(person_ids, said, {service: tables for service, tables in left.items() if tables})


_ALL_THE_SAME = {"also_unarchived": True, "reason": "Er slettet før; tjenesten er hentet fra en backup."}


def erase_again(ask: Ask, services: Sequence[str]) -> ErasedAgain:
    """Whoever is erased in one service and not in another is erased there too: that one was restored to a time before.

    At its owner they are erased anew, by id, so that seats that came back are free again; somebody who is a contact
    there again is refused, and keeps none of the others. Elsewhere nothing has to be heard of it. Said again it changes
    nothing.
    """
    lists = {service: _erased(ask, service) for service in services}
    everybody = sorted(set().union(*lists.values()))
    done: dict[str, list[str]] = {}
    refused: dict[str, str] = {}
    for service, known in lists.items():
        missing = [one for one in everybody if one not in known]
        if service == OWNER:
            for one in missing:
                if one in done.get(OWNER, ()):
                    # With another one of theirs: all persons with an address are erased together.
                    continue
                # It was asked before they were erased whether an archive comes first.
                status, answer = ask(OWNER, "POST", "/erase", {"person_id": one, **_ALL_THE_SAME})
                if answer.get("code") == "still_contact":
                    refused[one] = answer["detail"]
                else:
                    done.setdefault(OWNER, []).extend(_done(OWNER, status, answer)["erased"])
            continue
        for at in range(0, len(missing), AT_ONCE):
            wish = {"person_ids": missing[at : at + AT_ONCE]}
            done.setdefault(service, []).extend(_done(service, *ask(service, "POST", "/erased", wish))["erased"])
    again = {service: sorted(set(found)) for service, found in done.items() if found}
    return ErasedAgain(len(everybody), again, refused)


def _erased(ask: Ask, service: str) -> set[str]:
    """A service's erasure list, page by page."""
    found: set[str] = set()
    after = ""
    while True:
        page = _done(service, *ask(service, "GET", f"/erased{after}", None))
        found |= {one["person_id"] for one in page["erased"]}
        if page["next"] is None:
            return found
        after = f"?cursor={quote(page['next'], safe='')}"


def _forget(ask: Ask, service: str, person_ids: Sequence[str], address: str, pause: Callable[[float], None]) -> None:
    """By the address too, once the service has heard who is erased."""
    until = time.monotonic() + HEARD_S
    while True:
        status, answer = ask(service, "POST", "/forget", {"person_ids": person_ids, "email": address})
        if answer.get("code") != "not_erased" or time.monotonic() > until:
            _done(service, status, answer)
            return
        pause(AGAIN_S)


def _left(ask: Ask, service: str, person_ids: Sequence[str]) -> dict[str, int]:
    """How many rows are still about them, by table: without their names."""
    count: dict[str, int] = {}
    for one in person_ids:
        for table, rows in _read(ask, service, one)["held"].items():
            count[table] = count.get(table, 0) + len(rows)
    return count


def _read(ask: Ask, service: str, person_id: str) -> dict[str, Any]:
    found: dict[str, Any] = _done(service, *ask(service, "GET", f"/{quote(person_id, safe='')}", None))
    return found


def _done(service: str, status: int, answer: Any) -> dict[str, Any]:
    if status >= 400:  # noqa: PLR2004  (HTTP's errors begin there)
        raise StackError(f"{service}: {answer.get('detail') or answer.get('title') or status}")
    done: dict[str, Any] = answer
    return done
