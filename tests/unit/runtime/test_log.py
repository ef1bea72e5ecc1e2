"""Nothing secret, personal or forged gets into the log, whatever somebody logs."""

from __future__ import annotations

import io
import json
import logging
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from shared.base import log as logs
from shared.base.links import sign


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    out = io.StringIO()
    monkeypatch.setattr(sys, "stderr", out)
    handlers, configured = logging.getLogger().handlers[:], structlog.get_config()
    logs.configure("toy")
    yield out
    structlog.configure(**configured)
    structlog.contextvars.clear_contextvars()
    logging.getLogger().handlers[:] = handlers


def written(lines: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in lines.getvalue().splitlines()]


def test_a_line_is_one_json_object_with_service_and_correlation(lines: io.StringIO) -> None:
    with logs.bound(correlation_id="c-1", event_id="e-1"):
        structlog.get_logger().info("enrolled", municipality="Københavns Kommune")
    structlog.get_logger().info("later")

    first, second = written(lines)
    assert first["event"] == "enrolled"
    assert (first["service"], first["correlation_id"], first["event_id"]) == ("toy", "c-1", "e-1")
    assert first["municipality"] == "Københavns Kommune"
    assert datetime.fromisoformat(first["timestamp"]).tzinfo == UTC
    assert "correlation_id" not in second


SECRETS = [
    "asta.eksempelsen@kommune.example",
    "Bearer abc.def-ghi",
    "postgresql://role:hemmeligt@127.0.0.1/db",
    sign(b"k" * 32, "confirm", "e-1"),
    "/bekraeft?token=hemmeligt&x=1",
]


@pytest.mark.parametrize("secret", SECRETS)
def test_a_secret_is_hidden_wherever_it_stands(lines: io.StringIO, secret: str) -> None:
    structlog.get_logger().info(
        f"it was {secret}", value=secret, deep={"list": [secret, {"x": secret}]}, other=[secret]
    )
    logging.getLogger("library").warning("it was %s", secret)

    text = lines.getvalue()
    for part in ("hemmeligt", "asta", "abc.def", SECRETS[3]):
        assert part not in text
    assert len(written(lines)) == 2


def test_a_field_that_is_named_like_a_secret_is_hidden(lines: io.StringIO) -> None:
    structlog.get_logger().info("x", api_token="a", password="b", Authorization="c", cookie="d", database_url="e")  # noqa: S106  (the point)

    (line,) = written(lines)
    assert {line[name] for name in ("api_token", "password", "Authorization", "cookie", "database_url")} == {"[hidden]"}


def test_an_exception_is_told_by_type_and_place_and_never_by_its_text(lines: io.StringIO) -> None:
    personal = f"{'As'}ta Eksempelsen"
    try:
        int(personal)
    except ValueError:
        structlog.get_logger().exception("failed")
        logging.getLogger("library").exception("failed")
    error = asyncpg.UniqueViolationError("duplicate: Asta Eksempelsen")
    structlog.get_logger().error("failed", exc_info=error)

    assert "Asta" not in lines.getvalue()
    ours, theirs, database = written(lines)
    assert ours["error"] == theirs["error"] == "ValueError"
    assert "test_log.py" in ours["where"]
    assert database["sqlstate"] == "23505"


@given(st.text())
def test_no_text_forges_a_line_or_commands_a_terminal(text: str) -> None:
    line = structlog.processors.JSONRenderer(ensure_ascii=False)(
        None, "info", logs.keep_secrets(None, "info", {"event": text})
    )

    assert isinstance(line, str)
    assert not any(ord(mark) < 32 or 127 <= ord(mark) < 160 or mark in "\u2028\u2029" for mark in line)


def test_ids_and_numbers_are_left_alone() -> None:
    for text in (
        "0192f6c4-0000-7000-8000-000000000000",
        "tovholder.enrollment.MunicipalityEnrolled.v1",
        "24.375,00 kr.",
    ):
        assert logs.redact(text) == text
