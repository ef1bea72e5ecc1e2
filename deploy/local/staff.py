"""The services, asked through the gateway as staff."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from deploy.local.errors import StackError


@contextmanager
def answer_of(
    gateway: str, token: str, method: str, path: str, body: Mapping[str, Any] | None, seconds: float
) -> Iterator[HTTPResponse]:
    """What a service says to one request, a "no" too; `path` is below `/api/`. Raises StackError where it is silent for
    so long. A wish (`body`) is a new one each time.
    """
    at = urlsplit(gateway)
    kind = HTTPSConnection if at.scheme == "https" else HTTPConnection
    connection = kind(at.hostname or "", at.port, timeout=seconds)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    if body is not None:
        headers["Idempotency-Key"] = str(uuid4())
    try:
        try:
            connection.request(method, f"/api/{path}", body=None if body is None else json.dumps(body), headers=headers)
            answer = connection.getresponse()
        except (OSError, HTTPException) as error:
            raise silent(path) from error
        yield answer
    finally:
        connection.close()


def silent(path: str) -> StackError:
    return StackError(f"{path.partition('/')[0]} svarer ikke. Se tovholder status.")
