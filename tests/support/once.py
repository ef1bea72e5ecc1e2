"""What every test would make alike is made once in a process of tests; nothing of it changes by being used.

A service's OpenAPI document, its compiled templates, and what a programme file holds: together a tenth of a second of
each test that starts one.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache, lru_cache
from typing import Any

import pytest
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket

from services.enrollment.domain.programme_file import check
from shared.web import api
from shared.web.pages import Pages
from shared.web.routes import Route

NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""For clients that speak to loopback alone: it believes nobody, and reads no file of authorities to say so."""


class Compiled(BytecodeCache):
    """Templates by their name, and by what stands in them."""

    def __init__(self) -> None:
        self._by_key: dict[tuple[str, str], bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        known = self._by_key.get((bucket.key, bucket.checksum))
        if known is not None:
            bucket.bytecode_from_string(known)

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._by_key[bucket.key, bucket.checksum] = bucket.bytecode_to_string()


@pytest.fixture(scope="session", autouse=True)
def _made_once() -> Iterator[None]:
    document, read = api.document, check.read

    @cache
    def document_of(service: str, routes: tuple[Route, ...]) -> dict[str, Any]:
        return document(service, routes)

    @lru_cache(maxsize=64)
    def held_by(text: str) -> check.Document:
        return read(text)

    def read_once(text: str) -> check.Document:
        held = held_by(text)
        return replace(held, findings=list(held.findings))

    def document_once(service: str, routes: Sequence[Route]) -> dict[str, Any]:
        return document_of(service, tuple(routes))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Pages, "compiled", Compiled())
        patch.setattr(api, "document", document_once)
        patch.setattr(check, "read", read_once)
        yield
