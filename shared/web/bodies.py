"""Reading what came in, with limits: size, depth, numbers and characters that nothing behind the door could store."""

from __future__ import annotations

import re
from typing import Any

from pydantic_core import from_json
from starlette.requests import ClientDisconnect, Request

from shared.base.problems import FieldError, Problem

MAX_BODY = 256 * 1024
MAX_DEPTH = 20
_SAFE_INTEGER = 2**53
"""Beyond it JSON readers disagree about integers (RFC 8259 § 6)."""
_STRUCTURED_STRING = re.compile(r'"((?:[\x20-\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"')
_TOKEN = re.compile(r"[\x21-\x7e]{1,255}")
_LONGEST_KEY = 255


def media_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def need_media_type(request: Request, *allowed: str) -> str:
    """The media type if it is allowed and, for text, in UTF-8; else Problem 415 (RFC 9110 § 15.5.16)."""
    found = media_type(request)
    charset = re.search(r'charset="?([^";\s]+)', request.headers.get("content-type", ""), re.IGNORECASE)
    if found not in allowed or (charset and charset[1].lower() not in {"utf-8", "utf8", "us-ascii"}):
        raise Problem(415, "unsupported_media_type", headers={"Accept-Post": ", ".join(allowed)})
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise Problem(415, "unsupported_media_type", headers={"Accept-Encoding": "identity"})
    return found


async def read_body(request: Request, limit: int = MAX_BODY) -> bytes:
    """All of it, or Problem 413 as soon as it is known to be too large, 408 when its sender went or took too long."""
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > limit:
        raise Problem(413, "body_too_large", headers={"Connection": "close"})
    read = bytearray()
    try:
        async for chunk in request.stream():
            read += chunk
            if len(read) > limit:
                raise Problem(413, "body_too_large", headers={"Connection": "close"})
    except ClientDisconnect:
        # Nobody reads this answer; it is counted, and no error of ours.
        raise Problem(408, "body_incomplete", headers={"Connection": "close"}) from None
    return bytes(read)


def read_json(body: bytes) -> Any:
    """Parsed JSON of bounded depth; Problem 400 or 422 names what cannot be stored."""
    try:
        parsed = from_json(body, allow_inf_nan=False, allow_partial=False)
    except ValueError as error:
        code = "too_deep" if "recursion" in str(error) else "invalid_json"
        raise Problem(400, code) from None
    bad = check_json(parsed)
    if bad:
        raise Problem(422, "validation_failed", errors=tuple(bad))
    return parsed


def check_json(value: Any) -> list[FieldError]:
    """What no field may hold: U+0000, an integer beyond 2^53, infinity; Problem 400 when it is nested too deeply."""
    bad: list[FieldError] = []
    todo: list[tuple[str, Any, int]] = [("", value, 0)]
    while todo:
        path, item, depth = todo.pop()
        if depth > MAX_DEPTH:
            raise Problem(400, "too_deep")
        if isinstance(item, dict):
            todo += [(f"{path}.{key}" if path else key, inner, depth + 1) for key, inner in item.items()]
            if any("\0" in key for key in item):
                bad.append(FieldError(path, "control_character", "Et feltnavn har et tegn, som ikke er tilladt."))
        elif isinstance(item, list):
            todo += [(f"{path}.{index}" if path else str(index), inner, depth + 1) for index, inner in enumerate(item)]
        elif isinstance(item, str):
            if "\0" in item:
                bad.append(FieldError(path, "control_character", "Teksten har et tegn, som ikke er tilladt."))
        elif isinstance(item, bool) or item is None:
            pass
        elif abs(item) > _SAFE_INTEGER:
            bad.append(FieldError(path, "too_large", "Tallet er for stort."))
    return bad


def idempotency_key(request: Request) -> str:
    """The header's value: a structured string (draft-ietf-httpapi-idempotency-key-header § 2.1), or bare, as often."""
    values = request.headers.getlist("idempotency-key")
    if not values or not values[0].strip():
        raise Problem(400, "idempotency_key_missing")
    if len(values) > 1:
        raise Problem(400, "idempotency_key_malformed")
    value = values[0].strip()
    quoted = _STRUCTURED_STRING.fullmatch(value)
    if quoted:
        key = re.sub(r"\\(.)", r"\1", quoted[1])
    elif value.startswith('"') or not _TOKEN.fullmatch(value):
        raise Problem(400, "idempotency_key_malformed")
    else:
        key = value
    if not key.strip() or len(key) > _LONGEST_KEY:
        raise Problem(400, "idempotency_key_malformed")
    return key
