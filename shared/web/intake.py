"""`POST /events`: commands of other systems over HTTP, on their way to `tovholder.intake`.

CloudEvents 1.0.2 HTTP binding: structured, batch and binary mode. Only commands that somebody owns are taken; facts are
told over Kafka by their owners. (source, id) is the idempotency key: 202 once it is committed here, the same again is
202 and one event, something else under it is 422. A batch is taken whole or not at all.

A token opens the commands that it opens over the API. A source is one client's: the one it was granted to, or the
first that used it where none was granted. To everybody else it is closed (403): whoever uses a source takes its ids.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from pydantic import ValidationError
from pydantic_core import to_json
from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from shared.base.cause import Cause
from shared.base.cloudevents import (
    BATCH,
    JSON,
    STRUCTURED,
    RepeatedAttributeError,
    Sent,
    attributes_in,
    binary_over_http,
    is_binary,
    passed_on,
    sent,
)
from shared.base.failpoints import failpoint
from shared.base.problems import DETAILS, FieldError, Problem, field_errors
from shared.contracts import catalogue
from shared.contracts.event import COMMANDS, FACTS, INTAKE_TOPIC, MAX_EVENT_BYTES, Command, event_uid
from shared.storage.tx import Tx
from shared.web.api import answered, known_bearer, require_scopes
from shared.web.bodies import media_type, need_media_type, read_body, read_json
from shared.web.clients import bind_sources
from shared.web.door import Door
from shared.web.ledger import Reply, Request, begin, store
from shared.web.scopes import of_command
from shared.web.tokens import Keyring, Principal

OWNERS = catalogue.SERVICES
"""Of the commands: with the catalogue all of them are in the registry, whichever service this is."""

ROUTE = "POST /events"
_SCOPES = tuple(sorted(map(of_command, COMMANDS.values())))
"""Any of them makes it worth reading what was sent."""
MAX_BATCH = 500
MAX_BATCH_BYTES = 4 * 1024 * 1024
ROOM_FOR_ENVELOPE = 4_000


@dataclass(frozen=True, slots=True)
class _Taken:
    """A command that was checked: the event as it is passed on, but for what is known only when it is taken in."""

    event: dict[str, Any]
    command: Command

    def request(self, cause: Cause) -> Request:
        event = self.event
        said = json.dumps(event, sort_keys=True, ensure_ascii=False)
        digest = hashlib.sha256(said.encode()).digest()
        return Request(f"source/{event['source']}", event["id"], digest, ROUTE, self.command, cause, 202)


def _read_event(found: Any, place: str) -> tuple[_Taken | None, list[FieldError]]:
    """One event in structured form. Errors name the field, `place` before it."""
    if not isinstance(found, dict):
        return None, [FieldError(place.rstrip("."), "not_an_object", "Skal være et objekt.")]
    attributes = attributes_in(found)
    try:
        read = sent(attributes)
    except ValidationError as error:
        return None, [FieldError(place + item.field, item.code, item.detail) for item in field_errors(error)]
    command, wrong = _read_data(read.type, found, place)
    errors = [
        *(
            FieldError(place + name, "bad_extension", "Er ikke en gyldig CloudEvents-attribut.")
            for name in read.bad_extensions()
        ),
        *_no_json(read, place),
        *wrong,
    ]
    event = {name: value for name, value in attributes.items() if value is not None and name != "actor"}
    event |= {"datacontenttype": JSON, "data": found.get("data")}
    if len(to_json(event)) > MAX_EVENT_BYTES - ROOM_FOR_ENVELOPE:
        errors.append(FieldError(f"{place}data", "too_large", "Indholdet er større, end vi tager imod."))
    return (_Taken(event, command), []) if command is not None and not errors else (None, errors)


def _no_json(read: Sent, place: str) -> list[FieldError]:
    if read.datacontenttype is None or _is_json(read.datacontenttype):
        return []
    return [FieldError(f"{place}datacontenttype", "not_json", "Indholdet skal være JSON.")]


def _read_data(wire_type: str, found: dict[str, Any], place: str) -> tuple[Command | None, list[FieldError]]:
    model = COMMANDS.get(wire_type)
    if model is None and wire_type in FACTS:
        detail = "Fakta tager vi kun imod over Kafka, fra den, der ejer dem."
        return None, [FieldError(f"{place}type", "fact_refused", detail)]
    if model is None:
        return None, [FieldError(f"{place}type", "unknown_type", "Den type kender ingen her.")]
    if "data" not in found:
        return None, [FieldError(f"{place}data", "required", "Feltet skal udfyldes, og som JSON.")]
    try:
        return model.model_validate_json(to_json(found["data"])), []
    except ValidationError as error:
        return None, [
            FieldError(f"{place}data.{item.field}".rstrip("."), item.code, item.detail) for item in field_errors(error)
        ]


def _is_json(content_type: str) -> bool:
    found = content_type.partition(";")[0].strip().lower()
    return found == JSON or found.endswith("+json")


async def _read(request: HttpRequest) -> tuple[list[Any], bool]:
    """The events of a request, and whether it is a batch."""
    found = media_type(request)
    if found == BATCH:
        need_media_type(request, BATCH)
        events = read_json(await read_body(request, MAX_BATCH_BYTES))
        if not isinstance(events, list):
            raise Problem(400, "not_a_list", "Indholdet skal være en liste af hændelser.")
        if len(events) > MAX_BATCH:
            raise Problem(413, "body_too_large", f"Højst {MAX_BATCH} hændelser ad gangen.")
        return events, True
    if found == STRUCTURED:
        need_media_type(request, STRUCTURED)
        return [read_json(await read_body(request, MAX_EVENT_BYTES))], False
    if is_binary(request.headers) and _is_json(found):
        need_media_type(request, found)
        data = read_json(await read_body(request, MAX_EVENT_BYTES))
        try:
            return [binary_over_http(request.headers.items(), request.headers["content-type"], data)], False
        except RepeatedAttributeError:
            raise Problem(400, "duplicate_parameter") from None
        except UnicodeDecodeError:
            raise Problem(400, "invalid_parameter") from None
    need_media_type(request, STRUCTURED, BATCH)
    raise AssertionError("unreachable: one of them was handled above")


def _check(events: Sequence[Any], *, batch: bool) -> list[_Taken]:
    """All of them, each (source, id) once; or Problem 422 with what is wrong with each."""
    taken: dict[tuple[str, str], _Taken] = {}
    errors: list[FieldError] = []
    for index, found in enumerate(events):
        place = f"{index}." if batch else ""
        one, wrong = _read_event(found, place)
        errors += wrong
        if one is None:
            continue
        name = (one.event["source"], one.event["id"])
        if taken.setdefault(name, one).event != one.event:
            errors.append(
                FieldError(f"{place}id", "used_twice", "Samme source og id står ved to forskellige hændelser.")
            )
    if errors:
        raise Problem(422, "validation_failed", errors=tuple(errors))
    return list(taken.values())


async def take_in(
    door: Door, taken: Sequence[_Taken], principal: Principal, cause: Cause, *, batch: bool, first_use: bool
) -> None:
    """Into the outbox, in their order, in one transaction. What was taken before is passed over.

    Raises Problem 403 for a source that is not the principal's, and 409 or 422 for the whole of it when one is in
    flight or its id stands for something else.
    """
    requests = [one.request(cause) for one in taken]

    async def work(tx: Tx) -> None:
        foreign = await bind_sources(tx, principal, {one.event["source"] for one in taken}, first_use=first_use)
        if foreign:
            code = "source_not_yours"
            where = [index for index, one in enumerate(taken) if one.event["source"] in foreign]
            names = [f"{index}.source" if batch else "source" for index in where]
            raise Problem(403, code, errors=tuple(FieldError(name, code, DETAILS[code]) for name in names))
        known = await begin(tx, requests)
        refused = [(index, answer) for index, answer in enumerate(known) if isinstance(answer, Problem)]
        if refused:
            first = refused[0][1]
            place = [FieldError(f"{index}.id" if batch else "id", no.code, DETAILS[no.code]) for index, no in refused]
            raise Problem(first.status, first.code, errors=tuple(place), headers=first.headers)
        new = [(one, request) for one, request, answer in zip(taken, requests, known, strict=True) if answer is None]
        for one, request in new:
            _forward(tx, one.event, request.cause)
        await store(tx, [(request, Reply(202, "{}", cause.correlation_id)) for _, request in new])

    await door.in_transaction(work, cause)
    await failpoint("api.after_commit")


def _forward(tx: Tx, event: dict[str, Any], cause: Cause) -> None:
    source, event_id = event["source"], event["id"]
    why = Cause(event.get("correlationid") or cause.correlation_id, event.get("causationid"), cause.actor)
    subject = event.get("subject") or f"intake/{event_uid(source, event_id)}"
    tx.forward(
        INTAKE_TOPIC,
        passed_on(event, subject, tx.now, why),
        source=source,
        event_id=event_id,
        wire_type=event["type"],
        subject=subject,
        cause=why,
    )


def intake_routes(door: Door, keyring: Keyring, *, first_use: bool) -> list[Route]:
    """`POST /events`, for a token that opens what is asked for.

    `first_use`: a source that is nobody's is whose token of the environment uses it first. So it is in one service
    alone, as no other hears of it.
    """

    async def answer(request: HttpRequest, correlation_id: str) -> Response:
        if request.method != "POST":
            raise Problem(405, "method_not_allowed", headers={"Allow": "POST"})
        principal = await known_bearer(request, keyring)
        if not any(principal.may(scope) for scope in _SCOPES):
            await require_scopes(request, keyring, principal, _SCOPES, correlation_id)
        door.check_room()
        events, batch = await _read(request)
        taken = _check(events, batch=batch)
        wanted = {of_command(type(one.command)) for one in taken}
        await require_scopes(request, keyring, principal, wanted, correlation_id)
        try:
            cause = Cause(correlation_id, None, principal.actor)
            await take_in(door, taken, principal, cause, batch=batch, first_use=first_use)
        except Problem as problem:
            if problem.status == HTTPStatus.FORBIDDEN:
                await keyring.note_refused(principal, ROUTE, problem.code, correlation_id)
            raise
        accepted = [{"source": one.event["source"], "id": one.event["id"]} for one in taken]
        return Response(to_json({"accepted": accepted}), status_code=202, media_type=JSON)

    class Events:
        """An ASGI application, so that every method reaches it and gets its answer."""

        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            response = await answered(HttpRequest(scope, receive), answer)
            await response(scope, receive, send)

    return [Route("/events", Events(), name="events")]
