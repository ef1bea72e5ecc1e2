"""`document show`: which of a document's files, and where it goes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any, NoReturn

import pytest

from services.invoicing.console import documents
from services.invoicing.console.__main__ import main

FILES = {"html": b"<p>K-1</p>", "json": b"{}", "xml": b"<K-1/>", "pdf": b"%PDF-1.7"}


async def nobody() -> NoReturn:
    raise AssertionError("the service was opened")


@pytest.fixture
def at_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """The files of an invoice, without the database that they come from."""

    async def file(_number: str, kind: str, _open: Any) -> bytes:
        return FILES[kind]

    monkeypatch.setattr(documents, "_file", file)


def show(*words: str) -> int:
    return documents.document(["show", *words, "--", "K-1"], nobody)


@pytest.mark.usefixtures("at_hand")
@pytest.mark.parametrize(
    ("out", "form", "kind"),
    [("k.pdf", None, "pdf"), ("k.XML", None, "xml"), ("k", "json", "json"), ("k.pdf", "xml", "xml")],
)
def test_a_file_is_what_its_name_says_unless_another_kind_was_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], out: str, form: str | None, kind: str
) -> None:
    file = tmp_path / out
    assert show("--out", str(file), *(("--as", form) if form else ())) == os.EX_OK
    assert file.read_bytes() == FILES[kind]
    assert capsys.readouterr().out == f"K-1 er skrevet som {kind} i {file} ({len(FILES[kind])} bytes)\n"


@pytest.mark.usefixtures("at_hand")
@pytest.mark.parametrize(("terminal", "kind"), [(True, "json"), (False, "html")])
def test_a_terminal_gets_something_to_read(
    monkeypatch: pytest.MonkeyPatch,
    capfdbinary: pytest.CaptureFixture[bytes],
    terminal: bool,  # noqa: FBT001  (a parameter of the example)
    kind: str,
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: terminal)
    assert show() == os.EX_OK
    assert capfdbinary.readouterr().out == FILES[kind]


def test_nothing_binary_goes_to_a_terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    assert show("--as", "pdf") == os.EX_USAGE
    printed = capsys.readouterr()
    assert (printed.out, printed.err.partition(":")[0]) == ("", "binary_to_terminal")


def test_a_file_whose_name_says_nothing_is_asked_about(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert show("--out", str(tmp_path)) == os.EX_USAGE
    assert capsys.readouterr().err.startswith("kind_unknown: ")


@pytest.mark.usefixtures("at_hand")
@pytest.mark.parametrize("place", ["away/k.pdf", ""])
def test_where_nothing_can_be_written_is_said_in_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], place: str
) -> None:
    assert show("--as", "pdf", "--out", str(tmp_path / place)) == os.EX_CANTCREAT
    printed = capsys.readouterr()
    assert printed.err.startswith(f"cannot_write: {tmp_path / place}: Der kan ikke skrives her (")
    assert printed.err.count("\n") == 1


def test_samples_in_a_file_are_refused_in_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "file"
    file.touch()
    for give in (main, lambda words: documents.document(words[1:], nobody)):
        assert give(["document", "samples", str(file)]) == os.EX_CANTCREAT
        assert capsys.readouterr().err == f"cannot_write: {file}: Der kan ikke skrives her (File exists).\n"


def test_files_are_judged_without_reading_the_whole_service() -> None:
    look = "import sys, services.invoicing.console.__main__ as _; print([n for n in sys.argv[1:] if n in sys.modules])"
    heavy = ("faststream", "aiokafka", "asyncpg", "uvicorn", "jinja2", "structlog", "services.invoicing.app")
    done = subprocess.run([sys.executable, "-c", look, *heavy], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
