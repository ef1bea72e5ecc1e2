"""HTTP for programs: the route table becomes an ASGI application that answers every mistake with problem details."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlencode

import structlog
from pydantic import ValidationError
from pydantic_core import to_json
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route as StarletteRoute
from starlette.types import Receive, Scope, Send

from shared.base.cause import Cause, new_correlation
from shared.base.failures import Failure, classify
from shared.base.listing import CURSOR, invalid_cursor
from shared.base.problems import MEDIA_TYPE, FieldError, Problem, field_errors, problem_of
from shared.contracts.event import Command
from shared.contracts.refusal import Refused
from shared.storage.tx import Transaction, Tx
from shared.web.bodies import idempotency_key, need_media_type, read_body, read_json
from shared.web.door import Door
from shared.web.exports import Format, format_of, whole_table
from shared.web.ledger import Reply
from shared.web.openapi import document
from shared.web.pages import Pages
from shared.web.routes import Read, Route, path_parameters
from shared.web.tokens import Keyring, Principal

_FOR_A_MINUTE = {"Cache-Control": "public, max-age=60"}
"""What is the same for everybody, until another version is started."""

_log = structlog.get_logger()
_PLACES = {CURSOR, "before"}
"""Parameters that say where a page begins; the second is what the list of messages had before cursors were."""


def problem_response(problem: Problem, correlation_id: str) -> Response:
    return Response(
        to_json(problem.as_dict(correlation_id)),
        status_code=problem.status,
        media_type=MEDIA_TYPE,
        headers={"Cache-Control": "no-store", **problem.headers},
    )


def reply_response(reply: Reply) -> Response:
    headers = {"Cache-Control": "no-store"}
    if reply.location:
        headers["Location"] = reply.location
    if reply.replayed:
        headers["Idempotency-Replayed"] = "true"
    return Response(
        reply.body,
        status_code=reply.status,
        media_type=MEDIA_TYPE if reply.refused else "application/json",
        headers=headers,
    )


async def known_bearer(request: Request, keyring: Keyring) -> Principal:
    """Who asks, which is said in the log as well; Problem 401 as RFC 6750 § 3 has it."""
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    principal = await keyring.principal(token.strip()) if kind.lower() == "bearer" and token.strip() else None
    if principal is None:
        raise Problem(401, "unauthorized", headers={"WWW-Authenticate": 'Bearer realm="tovholder"'})
    request.scope["principal"] = principal.name
    return principal


async def require_scopes(
    request: Request, keyring: Keyring, principal: Principal, scopes: Iterable[str], correlation_id: str
) -> None:
    """Problem 403, with the scopes that are missing, and a row in the audit."""
    if missing := sorted({scope for scope in scopes if not principal.may(scope)}):
        route = f"{request.method} {request.scope.get('template', request.scope['path'])}"
        await keyring.note_refused(principal, route, " ".join(missing), correlation_id)
        challenge = f'Bearer realm="tovholder", error="insufficient_scope", scope="{" ".join(missing)}"'
        raise Problem(403, "forbidden", headers={"WWW-Authenticate": challenge})


async def bearer(request: Request, keyring: Keyring, scope: str, correlation_id: str) -> Principal:
    """Who asks, with a token that opens `scope`; Problem 401 or 403."""
    principal = await known_bearer(request, keyring)
    await require_scopes(request, keyring, principal, [scope], correlation_id)
    return principal


def _in_path(command: type[Command], name: str, text: str) -> Any:
    """A path is text; a field that is an integer gets one if the text is one, else pydantic says what it is not."""
    whole = command.model_fields[name].annotation is int and text.isascii() and text.isdecimal()
    return int(text) if whole else text


def read_command(command: type[Command], body: bytes, path: dict[str, str]) -> Command:
    """Strict, in JSON mode: a date is a text, an integer is neither true nor 1.0. Problem 400 or 422 names fields."""
    parsed = read_json(body or b"{}")
    if not isinstance(parsed, dict):
        raise Problem(400, "not_an_object")
    twice = [name for name in path if name in parsed]
    merged = {**parsed, **{name: _in_path(command, name, text) for name, text in path.items()}}
    try:
        valid = command.model_validate_json(to_json(merged))
    except ValidationError as error:
        raise Problem(422, "validation_failed", errors=field_errors(error)) from None
    if twice:
        errors = tuple(FieldError(name, "unknown_field", "Feltet står i adressen og ikke her.") for name in twice)
        raise Problem(422, "validation_failed", errors=errors)
    return valid


def _no_control_characters(values: Sequence[str]) -> None:
    if any(ord(mark) < 32 or ord(mark) == 127 for value in values for mark in value):  # noqa: PLR2004  (ASCII control)
        raise Problem(400, "invalid_parameter")


class Endpoint:
    """All methods of one path, so that 405 names each of them (RFC 9110 § 10.2.1)."""

    def __init__(self, methods: dict[str, Route], door: Door, transaction: Transaction, keyring: Keyring) -> None:
        self._methods = methods
        self._door = door
        self._transaction = transaction
        self._keyring = keyring
        self.allow = ", ".join(sorted({*methods, *(["HEAD"] if "GET" in methods else [])}))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await answered(Request(scope, receive), self._answer)
        await response(scope, receive, send)

    async def _answer(self, request: Request, correlation_id: str) -> Response:
        method = "GET" if request.method == "HEAD" else request.method
        route = self._methods.get(method)
        if route is None:
            raise Problem(405, "method_not_allowed", headers={"Allow": self.allow})
        principal = await bearer(request, self._keyring, route.scope, correlation_id)
        cause = Cause(correlation_id, None, principal.actor)
        path = {name: str(request.path_params[name]) for name in path_parameters(route.path)}
        _no_control_characters(list(path.values()))
        if isinstance(route, Read):
            return await self._read(route, request, path, cause)
        self._door.check_room()
        need_media_type(request, "application/json")
        key = idempotency_key(request)
        command = read_command(route.act.command, await read_body(request), path)
        reply = await self._door.submit(
            route.act, command, key, actor=principal.actor, principal=principal.name, cause=cause, wish=route.name
        )
        return reply_response(reply)

    async def _read(self, route: Read, request: Request, path: dict[str, str], cause: Cause) -> Response:
        asked = request.query_params.multi_items()
        query = {**dict(asked), **path}
        if len(query) != len(asked) + len(path):
            raise Problem(400, "duplicate_parameter")
        _no_control_characters(list(query.values()))
        if any(not query.get(name) for name in route.required):
            raise Problem(400, "parameter_missing")
        try:
            if route.pages and (kind := format_of(query)) is not None:
                return await self._export(route, query, cause, kind)
            async with self._transaction(cause) as tx:
                found = await _found(route, tx, query)
        except Refused as refused:
            body = to_json(problem_of(refused, cause.correlation_id))
            return Response(body, status_code=refused.status, media_type=MEDIA_TYPE)
        headers = {"Cache-Control": "no-store"}
        if route.pages and found["next"] is not None:
            following = {name: value for name, value in asked if name not in _PLACES} | {CURSOR: str(found["next"])}
            headers["Link"] = f'<{quote(request.scope["path"])}?{urlencode(following)}>; rel="next"'
        return Response(to_json(found), media_type="application/json", headers=headers)

    async def _export(self, route: Read, query: Mapping[str, str], cause: Cause, kind: Format) -> Response:
        """All pages from where it begins, each read in a transaction of its own."""

        async def read(asked: Mapping[str, str]) -> Any:
            async with self._transaction(cause) as tx:
                return await _found(route, tx, asked)

        return await whole_table(read, query, kind, route.path.rsplit("/", 1)[1], route.unfolded)


async def _found(route: Read, tx: Tx, query: Mapping[str, str]) -> Any:
    try:
        return await route.usecase(tx, query)
    except Exception as error:
        # The place in a cursor is told by whoever asks: what cannot be one is theirs to put right.
        if route.pages and CURSOR in query and classify(error) is Failure.DATA:
            raise invalid_cursor() from error
        raise


async def answered(request: Request, answer: Callable[[Request, str], Awaitable[Response]]) -> Response:
    """What `answer` says, or its Problem; any other exception is an error of ours, told to operators and not shown."""
    correlation_id = new_correlation()
    with structlog.contextvars.bound_contextvars(correlation_id=correlation_id):
        try:
            response = await answer(request, correlation_id)
        except Problem as problem:
            if problem.status in {401, 403}:
                scope = request.scope
                _log.warning(
                    "access_refused", code=problem.code, route=scope.get("template"), who=scope.get("principal")
                )
            response = problem_response(problem, correlation_id)
        except Exception as error:  # noqa: BLE001  (the edge: everything gets an answer)
            if classify(error) is Failure.TRANSIENT:
                _log.warning("unavailable", error=type(error).__name__)
                response = problem_response(Problem(503, "unavailable", headers={"Retry-After": "2"}), correlation_id)
            else:
                _log.error("request_failed", exc_info=error)
                response = problem_response(Problem(500, "internal_error"), correlation_id)
    response.headers["X-Correlation-Id"] = correlation_id
    return response


def api_routes(
    service: str, routes: Sequence[Route], door: Door, transaction: Transaction, keyring: Keyring, pages: Pages
) -> list[StarletteRoute]:
    """One route per path, the OpenAPI document at `/api/<service>/openapi.json`, and it as a page at `docs`."""
    by_path: dict[str, dict[str, Route]] = {}
    for route in routes:
        methods = by_path.setdefault(route.path, {})
        if route.method in methods:
            raise ValueError(f"{route.name} is in the table twice")
        methods[route.method] = route
    described = document(service, routes)
    as_json = to_json(described)

    async def openapi(_request: Request) -> Response:
        return Response(as_json, media_type="application/json", headers=_FOR_A_MINUTE)

    async def docs(_request: Request) -> Response:
        return pages.render("web/api.html", document=described, headers=_FOR_A_MINUTE)

    return [
        StarletteRoute(f"/api/{service}/openapi.json", openapi, name="openapi"),
        StarletteRoute(f"/api/{service}/docs", docs, name="docs"),
        *(
            StarletteRoute(path, Endpoint(methods, door, transaction, keyring), name=path)
            for path, methods in sorted(by_path.items(), key=lambda item: "{" in item[0])
        ),
    ]
