"""Nothing secret, personal or forged gets into the log, whatever somebody logs."""

from __future__ import annotations

import errno
import io
import json
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO, TypeVar

import asyncpg
import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from shared.base import log as logs
from shared.base.links import sign

Out = TypeVar("Out", bound=TextIO | None)


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    with configured_for(io.StringIO()) as out:
        logs.configure("toy")
        yield out


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


@pytest.mark.timeout(10)
@pytest.mark.parametrize("unit", ["a", "a.", "a@", "-", "://", "token=", "bearer ", "x/", "aA1_"])
def test_a_text_of_any_length_is_cleaned_in_time(unit: str) -> None:
    """Half a million characters: what took the square of them would take minutes."""
    assert len(logs.redact(unit * (500_000 // len(unit)))) <= 20_000


def test_a_link_is_hidden_in_the_middle_of_other_letters() -> None:
    token = sign(b"k" * 32, "confirm", "e-1")
    for text in (f"x{token}", f"/bekraeft/{token}/", f"a.b.{token}", f"({token})"):
        assert token[-20:] not in logs.redact(text)


def test_ids_and_numbers_are_left_alone() -> None:
    for text in (
        "0192f6c4-0000-7000-8000-000000000000",
        "tovholder.enrollment.MunicipalityEnrolled.v1",
        "24.375,00 kr.",
    ):
        assert logs.redact(text) == text


def test_a_line_that_cannot_be_written_is_counted_and_told_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a full disk: for a while nothing goes in, and the line in which it began went in by half."""
    file = tmp_path / "log"
    with file.open("a") as out, configured_for(out):
        logs.configure("toy")
        write, room = os.write, iter([5])

        def full(descriptor: int, data: bytes) -> int:
            if descriptor != out.fileno():
                return write(descriptor, data)
            if left := next(room, 0):
                return write(descriptor, data[:left])
            raise OSError(errno.ENOSPC, "")

        with monkeypatch.context() as patch:
            patch.setattr(os, "write", full)
            structlog.get_logger().info("torn")
            structlog.get_logger().info("lost")
            logging.getLogger("library").warning("lost too")
        assert logs.lost() == 3
        structlog.get_logger().info("after")
        structlog.get_logger().info("later")
    torn, *whole = file.read_text().splitlines()
    assert len(torn) == 5
    assert [json.loads(line)["event"] for line in whole] == ["after", "log_lines_lost", "later"]
    assert json.loads(whole[1])["count"] == 3


def test_nobody_at_the_other_end_of_a_pipe_breaks_nothing() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as out, configured_for(out):
        logs.configure("toy")
        structlog.get_logger().critical("x")
        assert logs.lost() == 1


def test_a_reader_that_takes_nothing_stops_nobody() -> None:
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as taken, os.fdopen(writing, "w") as out, configured_for(out):
        logs.configure("toy")
        logs.never_wait()
        for number in range(2_000):
            structlog.get_logger().info("x" * 100, number=number)
        lost = logs.lost()
        assert lost > 0
        os.set_blocking(reading, False)
        before = taken.read().splitlines()
        structlog.get_logger().info("after")
        *_, after, told = taken.read().splitlines()
    assert [json.loads(line)["number"] for line in before[: 2_000 - lost]] == list(range(2_000 - lost))
    assert (json.loads(after)["event"], json.loads(told)["count"]) == ("after", lost)


def test_a_closed_stderr_and_none_at_all_break_nothing(tmp_path: Path) -> None:
    with (tmp_path / "log").open("w") as out:
        pass
    for gone in (out, None):
        with configured_for(gone):
            logs.configure("toy")
            structlog.get_logger().info("x")
            assert logs.lost() == 1


def test_what_no_line_can_be_made_of_is_told_as_that(lines: io.StringIO) -> None:
    class Unprintable:
        def __repr__(self) -> str:
            raise ZeroDivisionError

    structlog.get_logger().error("failed", value=Unprintable())
    (ours,) = (handler for handler in logging.getLogger().handlers if isinstance(handler, logs._Handler))
    ours.handle(logging.makeLogRecord({"msg": "%d", "args": (Unprintable(),), "levelno": logging.ERROR}))

    first, second = written(lines)
    assert second["event"] == "%d"
    assert first == {"event": "log_line_unreadable", "level": "error", "error": "ZeroDivisionError"}


@contextmanager
def configured_for(file: Out) -> Iterator[Out]:
    """With this as stderr; all is as before afterwards."""
    handlers, configured = logging.getLogger().handlers[:], structlog.get_config()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stderr", file)
        try:
            yield file
        finally:
            structlog.configure(**configured)
            structlog.contextvars.clear_contextvars()
            logging.getLogger().handlers[:] = handlers
