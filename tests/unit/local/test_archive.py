"""`tovholder archive` writes one file, the same of the same data; under its name it is whole, or not there."""

from __future__ import annotations

import csv
import hashlib
import io
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from html.parser import HTMLParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import IO, Any

import pytest

from deploy.local import archive as archiving
from deploy.local.archive import CHUNK, CONTENTS, LISTS, MANIFEST, Gateway, archive
from deploy.local.errors import StackError
from deploy.local.locations import ROOT

P3 = "et-partnerskab"
HOSTILE = '<script>alert("Ø")</script> & "co"'


class Killed(BaseException):
    pass


@dataclass
class Services:
    """As they answer; `cut` is the path at which `by` happens."""

    title: str = "Partnerskabet"
    cut: str = ""
    by: BaseException = field(default_factory=Killed)
    recorded: list[Mapping[str, Any]] = field(default_factory=list)
    streamed: list[str] = field(default_factory=list)
    invoices: tuple[str, ...] = ("K-1", "K-2", "K/3 æ")

    @contextmanager
    def stream(self, path: str) -> Iterator[IO[bytes]]:
        self.streamed.append(path)
        self._at(path)
        # More than one read takes, so that it goes on part by part.
        yield io.BytesIO(f"\ufeffNavn\r\n{path}\r\n".encode() * 20_000)

    def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        self._at(f"{method} {path}")
        if method == "POST":
            self.recorded.append(body or {})
        return next(answer for part, answer in self._answers(path) if part in path)

    def _answers(self, path: str) -> Iterator[tuple[str, dict[str, Any]]]:
        read_at = "2021-06-01T08:00:00+00:00"
        yield "/archive", {"programme_id": P3, "title": self.title, "organiser": HOSTILE, "read_at": read_at}
        yield "/versions/rows", {"versions": [{"version": 1}, {"version": 2}], "next": None}
        yield "/versions/", {"yaml": "id: et\n" if path.endswith("/2") else None, "terms": {"b": "æ", "a": 1}}
        yield "cursor=", {"invoices": [{"id": self.invoices[-1]}], "next": None}
        yield "invoicing/invoices", {"invoices": [{"id": one} for one in self.invoices[:-1]], "next": "more+/="}
        yield "", {"credit_notes": [], "next": None}

    def _at(self, path: str) -> None:
        if self.cut and self.cut in path:
            raise self.by


def test_the_same_data_give_the_same_bytes_and_the_manifest_knows_each_file(tmp_path: Path) -> None:
    services = Services()
    first, second = tmp_path / "a.zip", tmp_path / "b.zip"
    written = archive(services, P3, first)
    assert archive(Services(), P3, second) == written
    assert first.read_bytes() == second.read_bytes()
    assert hashlib.sha256(first.read_bytes()).hexdigest() == written.sha256
    assert services.recorded == [
        {"read_at": "2021-06-01T08:00:00+00:00", "sha256": written.sha256, "files": written.files}
    ]
    with zipfile.ZipFile(first) as book:
        names = book.namelist()
        known = list(csv.DictReader(io.StringIO(book.read(MANIFEST).decode("utf-8-sig"), newline=""), delimiter=";"))
        assert [one["Fil"] for one in known] == names[:-1], "all but the manifest itself, in their order"
        for one in known:
            content = book.read(one["Fil"])
            assert (one["SHA-256"], one["Størrelse i byte"]) == (hashlib.sha256(content).hexdigest(), str(len(content)))
    assert len(names) == written.files == len(set(names))
    assert names[-2:] == [CONTENTS, MANIFEST]
    assert {one.file for one in LISTS} <= set(names)
    assert "programfil/version-2.yaml" in names
    assert "programfil/version-1.yaml" not in names, "its text was not kept"
    assert [one for one in names if one.startswith("fakturaer/")] == [
        f"fakturaer/{name}.{suffix}" for name in ("K-1", "K-2", "K%2F3%20%C3%A6") for suffix in ("xml", "pdf")
    ]


def test_another_word_anywhere_gives_another_file(tmp_path: Path) -> None:
    one = archive(Services(), P3, tmp_path / "a.zip")
    assert archive(Services(title="Partnerskabet!"), P3, tmp_path / "b.zip").sha256 != one.sha256


class Page(HTMLParser):
    """Every tag that is opened is closed, and what the page links to."""

    def __init__(self) -> None:
        super().__init__()
        self.opened: list[str] = []
        self.links: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag != "meta":
            self.opened.append(tag)
        self.links += [value or "" for name, value in attrs if name in {"href", "src"}]

    def handle_endtag(self, tag: str) -> None:
        assert self.opened.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_list_of_contents_is_a_page_that_loads_nothing_whatever_somebody_is_called(tmp_path: Path) -> None:
    archive(Services(title=HOSTILE), P3, tmp_path / "a.zip")
    with zipfile.ZipFile(tmp_path / "a.zip") as book:
        text, names = book.read(CONTENTS).decode(), book.namelist()
    page = Page()
    page.feed(text)
    page.close()
    assert page.opened == []
    assert "<script" not in text
    assert HOSTILE in page.text
    assert len(page.links) == len(names) - 2
    assert not [link for link in page.links if ":" in link or link.startswith("/")]


@pytest.mark.parametrize("by", [Killed(), StackError("invoicing svarer ikke."), OSError(28, "No space left on device")])
@pytest.mark.parametrize("cut", ["papers/seats", "papers/moves", "invoices/K-2.pdf", "versions/2"])
def test_whatever_happens_on_the_way_there_is_no_half_file_and_nothing_is_recorded(
    tmp_path: Path, cut: str, by: BaseException
) -> None:
    services = Services(cut=cut, by=by)
    with pytest.raises(type(by)):
        archive(services, P3, tmp_path / "a.zip")
    assert list(tmp_path.iterdir()) == []
    assert services.recorded == []


STOPS = """
import sys
from pathlib import Path
from deploy.local.archive import archive
from tests.unit.local.test_archive import P3, Services

class Stops(Services):
    def _at(self, path):
        if "credit-notes" in path:
            print("there", flush=True)
            sys.stdin.read()

archive(Stops(), P3, Path(sys.argv[1]))
"""


def test_killed_in_the_middle_it_leaves_nothing_under_its_name(tmp_path: Path) -> None:
    out = tmp_path / "a.zip"
    command = [sys.executable, "-c", STOPS, str(out)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT) as half:
        assert half.stdout is not None
        assert half.stdout.readline() == b"there\n"
        half.kill()
    assert not out.exists()
    assert archive(Services(), P3, out).files > len(LISTS), "and the next time it is written as if nothing had been"


def test_what_is_not_what_was_written_gets_no_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Forgetful(archiving.Parcel):
        def add(self, path: str, what: str, parts: Any) -> None:
            super().add(path, what, parts)
            if path.endswith("moeder.csv"):
                self.entries[-1] = self.entries[-1]._replace(sha256="0" * 64)

    monkeypatch.setattr(archiving, "Parcel", Forgetful)
    services = Services()
    with pytest.raises(StackError, match=r"moeder\.csv er ikke, som det blev skrevet"):
        archive(services, P3, tmp_path / "a.zip")
    assert (list(tmp_path.iterdir()), services.recorded) == ([], [])


def test_an_archive_is_never_written_over(tmp_path: Path) -> None:
    out = tmp_path / "a.zip"
    out.write_bytes(b"the one of last year")
    with pytest.raises(StackError, match="findes allerede"):
        archive(Services(), P3, out)

    class Meanwhile(Services):
        def _at(self, path: str) -> None:
            if "credit-notes" in path:
                late.write_bytes(b"somebody else's")

    late = tmp_path / "b.zip"
    services = Meanwhile()
    with pytest.raises(StackError, match="findes allerede"):
        archive(services, P3, late)
    assert (out.read_bytes(), late.read_bytes()) == (b"the one of last year", b"somebody else's")
    assert (len(list(tmp_path.iterdir())), services.recorded) == (2, [])


def test_where_it_cannot_be_recorded_that_is_said(tmp_path: Path) -> None:
    with pytest.raises(StackError, match="ikke noteret"):
        archive(Services(cut="POST", by=StackError("enrollment svarer ikke.")), P3, tmp_path / "a.zip")
    assert [one.name for one in tmp_path.iterdir()] == ["a.zip"], "it is whole, and there"


def test_no_list_holds_what_anybody_eats_or_how_they_get_in() -> None:
    assert not [one.path for one in LISTS if "needs" in one.path]


class Gone(BaseHTTPRequestHandler):
    """A list that ends before it is there, and a refusal; whoever asks is staff."""

    def do_GET(self) -> None:
        assert self.headers["Authorization"] == "Bearer key"
        refused = "/programmes/" in self.path
        self.send_response(404 if refused else 200)
        said = b'{"code": "unknown_programme", "detail": "Forl\xc3\xb8bet findes ikke."}' if refused else b"Navn"
        self.send_header("Content-Length", str(len(said) + (0 if refused else 100)))
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, *_: object) -> None:
        pass


def test_a_list_that_ends_before_it_is_there_is_no_list_and_a_refusal_is_said_in_its_words(tmp_path: Path) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Gone) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        door = Gateway(f"http://127.0.0.1:{server.server_port}", "key")
        with door.stream("scheduling/meetings") as answer, pytest.raises(StackError, match="scheduling svarer ikke"):
            list(archiving._parts(answer, "scheduling"))
        with pytest.raises(StackError, match="enrollment: Forløbet findes ikke"):
            archive(door, "nej", tmp_path / "a.zip")
        server.shutdown()
    with pytest.raises(StackError, match="enrollment svarer ikke"):
        archive(door, "nej", tmp_path / "a.zip")
    assert list(tmp_path.iterdir()) == []


def test_no_more_of_a_list_is_held_than_a_part_of_it(tmp_path: Path) -> None:
    class Long(io.RawIOBase):
        left = 40 * CHUNK

        def read(self, size: int = -1) -> bytes:
            assert 0 < size <= CHUNK
            self.left -= size
            return b"x" * size if self.left >= 0 else b""

    class Many(Services):
        @contextmanager
        def stream(self, path: str) -> Iterator[IO[bytes]]:
            self.streamed.append(path)
            yield Long()  # type: ignore[misc]  # what is asked of it here

    archive(Many(), P3, tmp_path / "a.zip")
    with zipfile.ZipFile(tmp_path / "a.zip") as book:
        assert book.getinfo("lister/mails.csv").file_size == 40 * CHUNK
