"""The OpenAPI 3.1 document of a service, from its route table and its command models; nothing is written by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from shared.base.listing import CURSOR, LIMIT, MOST
from shared.base.problems import MEDIA_TYPE, TITLES
from shared.contracts.event import COMMANDS
from shared.web.exports import FORMAT, MEDIA_TYPES, MOST_ROWS
from shared.web.routes import Read, Route, Write, path_parameters

_PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "In Danish, for people."},
        "code": {"type": "string", "description": "Stable, for machines."},
        "instance": {"type": "string", "format": "uri", "description": "The correlation id."},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "code", "detail"],
                "properties": {name: {"type": "string"} for name in ("field", "code", "detail")},
            },
        },
    },
}
_READ_ANSWERS = (400, 401, 403, 404, 503)
WRITE_ANSWERS = (400, 401, 403, 404, 409, 410, 413, 415, 422, 500, 503)
"""Whatever a use case refuses has one of these."""


_PAGE: list[dict[str, Any]] = [
    {
        "name": CURSOR,
        "in": "query",
        "required": False,
        "description": "Where the page begins: `next` of the page before it, as it is. Without one, the first page.",
        "schema": {"type": "string"},
    },
    {
        "name": LIMIT,
        "in": "query",
        "required": False,
        "description": f"Rows of the page: {MOST} unless said otherwise here, and never more.",
        "schema": {"type": "integer", "minimum": 1, "maximum": MOST},
    },
]
_FORMAT: dict[str, Any] = {
    "name": FORMAT,
    "in": "query",
    "required": False,
    "description": f"All of the list, from there on, as a table for people: at most {MOST_ROWS} rows.",
    "schema": {"type": "string", "enum": ["json", *MEDIA_TYPES], "default": "json"},
}
_NEXT_PAGE: dict[str, Any] = {
    "description": "A page. `next` is the cursor of the next one, null on the last; the same as a link (RFC 8288).",
    "headers": {
        "Link": {"description": 'The next page, as `rel="next"`; none on the last.', "schema": {"type": "string"}}
    },
}


def _answers(status: int, problems: tuple[int, ...]) -> dict[str, Any]:
    answers: dict[str, Any] = {
        str(status): {
            "description": "Done" if status != 200 else "The answer",  # noqa: PLR2004  (HTTP's OK)
            "content": {"application/json": {"schema": {}}},
        }
    }
    for problem in problems:
        answers[str(problem)] = {
            "description": TITLES[problem],
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
    return answers


def _operation(route: Route, schemas: dict[tuple[type[BaseModel], str], Any]) -> dict[str, Any]:
    inside = path_parameters(route.path)
    usecase = route.usecase if isinstance(route, Read) else route.act.usecase
    operation: dict[str, Any] = {
        "operationId": usecase.__name__,
        "summary": usecase.__name__.replace("_", " ").capitalize(),
        "security": [{"token": [route.scope]}],
        # The scope that a token needs, for those who read no roles of `http` schemes.
        "x-scope": route.scope,
        "parameters": [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in inside],
    }
    if isinstance(route, Read):
        operation["parameters"] += [
            {"name": name, "in": "query", "required": True, "schema": {"type": "string"}} for name in route.required
        ]
        operation["parameters"] += [
            {"name": name, "in": "query", "required": False, "schema": {"type": "string"}} for name in route.filters
        ]
        operation["responses"] = _answers(200, _READ_ANSWERS)
        if route.pages:
            operation["parameters"] += [*_PAGE, _FORMAT]
            operation["responses"] |= _answers(200, (422,))
            operation["responses"]["200"] |= _NEXT_PAGE
            operation["responses"]["200"]["content"] |= {
                kind.partition(";")[0]: {"schema": {"type": "string"}} for kind in MEDIA_TYPES.values()
            }
        return operation
    operation["parameters"].append(
        {
            "name": "Idempotency-Key",
            "in": "header",
            "required": True,
            "description": "New for each new wish; the same again gets the stored answer.",
            "schema": {"type": "string", "minLength": 1, "maxLength": 255},
        }
    )
    if route.act.name in COMMANDS:
        # What the same wish is called over the intake.
        operation["x-command"] = route.act.name
    schema = schemas[(route.act.command, "validation")]
    operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    operation["responses"] = _answers(route.act.status, WRITE_ANSWERS)
    for status in route.act.also:
        operation["responses"] |= _answers(status, ())
    return operation


def _without(schema: dict[str, Any], fields: tuple[str, ...]) -> dict[str, Any]:
    kept = {name: value for name, value in schema["properties"].items() if name not in fields}
    required = [name for name in schema.get("required", []) if name not in fields]
    return {**schema, "properties": kept, "required": required}


def document(service: str, routes: Sequence[Route]) -> dict[str, Any]:
    """Path parameters are left out of the bodies: a body that repeats one is refused."""
    models = list({route.act.command: None for route in routes if isinstance(route, Write)})
    schemas, defined = models_json_schema(
        [(model, "validation") for model in models], ref_template="#/components/schemas/{model}"
    )
    components: dict[str, Any] = {"Problem": _PROBLEM, **defined.get("$defs", {})}
    paths: dict[str, Any] = {}
    for route in routes:
        operation = _operation(route, schemas)  # type: ignore[arg-type]  # the mode is a Literal there
        inside = path_parameters(route.path)
        if inside and "requestBody" in operation:
            name = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].rsplit("/", 1)[1]
            operation["requestBody"]["content"]["application/json"]["schema"] = _without(components[name], inside)
        paths.setdefault(route.path, {})[route.method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {"title": f"Tovholder: {service}", "version": "1"},
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }
