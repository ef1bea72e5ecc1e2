"""The papers of a programme in one file, for the public archive of its organiser.

The services are asked for what they hold, list by list, and each is written on as it comes. Same data, same bytes: the
entries have a fixed order and a fixed time, and no list depends on the day on which it is read. Under its name the file
is whole or not there.
"""

from __future__ import annotations

import csv
import hashlib
import html
import io
import json
import os
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path
from typing import IO, Any, NamedTuple, Protocol
from urllib.parse import quote, urlencode

from deploy.local.errors import StackError
from deploy.local.staff import answer_of, silent

ANSWER_S = 600.0
"""A list is whole before its first byte comes."""
CHUNK = 64 * 1024
EPOCH = (1980, 1, 1, 0, 0, 0)
"""The first moment that a ZIP file can say: an entry's time tells nothing here."""
CONTENTS, MANIFEST = "indhold.html", "manifest.csv"
EMPTY_CSV = 5
"""Bytes of a table without rows: the mark of its encoding and the end of a line."""


class Door(Protocol):
    """What the services answer through the gateway, as staff. Raises StackError with the reason of a "no"."""

    def stream(self, path: str) -> AbstractContextManager[IO[bytes]]: ...

    def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]: ...


class List(NamedTuple):
    """A list of a service that is taken as a table: below `/api/`, with the programme's id in it."""

    file: str
    path: str
    what: str


_PAPERS = "enrollment/programmes/{}/papers"
LISTS = (
    List("lister/forloeb.csv", f"{_PAPERS}/programme/rows", "Forløbet, og om det er aflyst"),
    List(
        "lister/programfilens-versioner.csv", f"{_PAPERS}/versions/rows", "Programfilens versioner: hvornår og af hvem"
    ),
    List("lister/invitationer.csv", f"{_PAPERS}/invitations/rows", "Hvem der blev inviteret og mindet om det"),
    List(
        "lister/tilmeldinger.csv",
        f"{_PAPERS}/enrolments/rows",
        "Tilmeldingerne: tilstand, forbehold, kontakt, fakturaoplysninger, og hvem der kom for sent med og hvorfor",
    ),
    List("lister/svar.csv", f"{_PAPERS}/answers/rows", "Svar og erklæringer, med spørgsmålene, som de blev stillet"),
    List(
        "lister/afgoerelser.csv",
        f"{_PAPERS}/decisions/rows",
        "Afgørelserne om tilmeldingerne: venteliste, plads, forbehold, afmelding og bortfald, hvornår og af hvem",
    ),
    List(
        "lister/kontakter.csv", f"{_PAPERS}/contacts/rows", "Hvem der har haft hvilken rolle, fra hvornår til hvornår"
    ),
    List("lister/hold.csv", f"{_PAPERS}/teams/rows", "De faste hold"),
    List("lister/deltagere.csv", f"{_PAPERS}/seats/rows", "Deltagerne på hvert møde"),
    List(
        "lister/deltagernes-historik.csv", f"{_PAPERS}/moves/rows", "Hvem der kom til, overtog en plads eller gik fra"
    ),
    List("lister/gaester.csv", f"{_PAPERS}/guests/rows", "Gæsterne på hvert møde"),
    List("lister/tilkoeb.csv", f"{_PAPERS}/options/rows", "Tilkøb og tilbud, og hvad der blev af dem"),
    List("lister/moeder.csv", "scheduling/meetings?programme_id={}", "Møderne, som de står"),
    List("lister/moedernes-aendringer.csv", "scheduling/programmes/{}/meeting-changes", "Hver dato, møderne har haft"),
    List("lister/skridt.csv", "scheduling/programmes/{}/steps", "Hvilke skridt af sporene hver kommune er igennem"),
    List("lister/krav.csv", "invoicing/claims?programme_id={}", "Det, der er faktureret eller skal faktureres"),
    List("lister/fakturaer.csv", "invoicing/invoices?programme_id={}", "Fakturaerne, som de er udstedt og betalt"),
    List("lister/kreditnotaer.csv", "invoicing/credit-notes?programme_id={}", "Kreditnotaerne"),
    List(
        "lister/mails.csv",
        "notifications/programmes/{}/mails",
        "Mails, der er sendt: til hvem, hvornår og med hvilken tekst",
    ),
    *(
        List(f"lister/handlinger-{name}.csv", f"{service}/programmes/{{}}/audit", f"Hvem der bad om hvad: {what}")
        for name, service, what in (
            ("tilmelding", "enrollment", "tilmeldingen"),
            ("moeder", "scheduling", "møderne"),
            ("fakturering", "invoicing", "faktureringen"),
            ("mails", "notifications", "mails"),
        )
    ),
)
DOCUMENTS = (
    ("invoices", "invoices", "fakturaer", "Faktura"),
    ("credit-notes", "credit_notes", "kreditnotaer", "Kreditnota"),
)
"""Lists of invoicing and what their rows stand under, the folder of what is in them, and what each is."""
SUFFIXES = (("xml", "som e-faktura"), ("pdf", "som PDF"))


class Entry(NamedTuple):
    path: str
    sha256: str
    size: int
    what: str


class Written(NamedTuple):
    """`files` are those that the file holds, its list of contents and its manifest among them."""

    sha256: str
    files: int


@dataclass
class Parcel:
    """The file while it is written; of what is in it no more is kept than a line each."""

    book: zipfile.ZipFile
    entries: list[Entry] = field(default_factory=list)

    def add(self, path: str, what: str, parts: Iterable[bytes]) -> None:
        digest, size = hashlib.sha256(), 0
        entry = zipfile.ZipInfo(path, EPOCH)
        entry.compress_type, entry.create_system, entry.external_attr = zipfile.ZIP_DEFLATED, 3, 0o644 << 16
        with self.book.open(entry, "w", force_zip64=True) as file:
            for part in parts:
                digest.update(part)
                size += len(part)
                file.write(part)
        self.entries.append(Entry(path, digest.hexdigest(), size, what))


class Gateway:
    """The services over HTTP."""

    def __init__(self, gateway: str, token: str) -> None:
        self._gateway, self._token = gateway, token

    @contextmanager
    def stream(self, path: str) -> Iterator[IO[bytes]]:
        with self._answer("GET", path, None) as answer:
            yield answer

    def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        with self._answer(method, path, body) as answer:
            said: dict[str, Any] = json.loads(b"".join(_parts(answer, path)))
            return said

    @contextmanager
    def _answer(self, method: str, path: str, body: Mapping[str, Any] | None) -> Iterator[Any]:
        with answer_of(self._gateway, self._token, method, path, body, ANSWER_S) as answer:
            if answer.status >= 400:  # noqa: PLR2004  (HTTP's errors begin there)
                raise StackError(f"{path.partition('/')[0]}: {_reason(answer.read()) or answer.status}")
            yield answer


def archive(door: Door, programme_id: str, out: Path) -> Written:
    """Writes the file, looks it through, gives it its name, and has that recorded. Raises StackError."""
    if out.exists():
        raise StackError(f"{out} findes allerede. Et arkiv skrives aldrig over; vælg et andet navn.")
    place = quote(programme_id, safe="")
    begun = door.ask("GET", f"enrollment/programmes/{place}/archive")
    with _unfinished(out) as (file, finish):
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as book:
            parcel = Parcel(book)
            _fill(parcel, door, place, begun)
        _look_through(file, parcel.entries)
        file.seek(0)
        written = Written(_sha256(file), len(parcel.entries))
        finish()
    try:
        door.ask(
            "POST",
            f"enrollment/programmes/{place}/archive",
            {"read_at": begun["read_at"], "sha256": written.sha256, "files": written.files},
        )
    except StackError as error:
        raise StackError(
            f"{out} er skrevet, men det er ikke noteret, så personer i papirerne kan ikke slettes endnu: {error} "
            "Skriv papirerne ud igen."
        ) from error
    return written


def _fill(parcel: Parcel, door: Door, place: str, begun: Mapping[str, Any]) -> None:
    for one in LISTS:
        with door.stream(_as_table(one.path.format(place))) as answer:
            parcel.add(one.file, one.what, _parts(answer, one.path))
    for version in _rows(door, f"{_PAPERS.format(place)}/versions/rows", "versions"):
        number = version["version"]
        said = door.ask("GET", f"enrollment/programmes/{place}/versions/{number}")
        if said["yaml"] is not None:
            parcel.add(f"programfil/version-{number}.yaml", f"Programfilen, version {number}", [said["yaml"].encode()])
        terms = json.dumps(said["terms"], ensure_ascii=False, indent=2, sort_keys=True) + "\n"
        parcel.add(f"programfil/version-{number}.json", f"Det, version {number} aftaler", [terms.encode()])
    for path, rows, folder, what in DOCUMENTS:
        for issued in _rows(door, f"invoicing/{path}?{urlencode({'programme_id': begun['programme_id']})}", rows):
            name = quote(issued["id"], safe="")
            for suffix, form in SUFFIXES:
                with door.stream(f"invoicing/{path}/{name}.{suffix}") as answer:
                    parcel.add(
                        f"{folder}/{name}.{suffix}", f"{what} {issued['id']} {form}", _parts(answer, "invoicing")
                    )
    parcel.add(CONTENTS, "Hvad der er i filen", [contents(begun, parcel.entries).encode()])
    parcel.add(MANIFEST, "Hver fils kontrolsum", [manifest(parcel.entries)])


def _as_table(path: str) -> str:
    return f"{path}{'&' if '?' in path else '?'}format=csv"


def _rows(door: Door, path: str, name: str) -> Iterator[Mapping[str, Any]]:
    """Of all pages of a list, where they stand under this name."""
    cursor = ""
    while True:
        more = {"cursor": cursor} if cursor else {}
        answer = door.ask("GET", f"{path}{'&' if '?' in path else '?'}{urlencode(more)}" if more else path)
        yield from answer[name]
        if not (cursor := answer["next"] or ""):
            return


def _parts(answer: IO[bytes], path: str) -> Iterator[bytes]:
    """All of it. Raises StackError where the service went away on the way."""
    try:
        while part := answer.read(CHUNK):
            yield part
    except (ConnectionError, TimeoutError, HTTPException) as error:
        raise silent(path) from error
    # What was announced and did not come (http.client ends without a word).
    if getattr(answer, "length", None):
        raise silent(path)


def _reason(body: bytes) -> str:
    with suppress(ValueError):
        said = json.loads(body)
        return str(said.get("detail") or said.get("title") or "")
    return ""


def manifest(entries: Iterable[Entry]) -> bytes:
    """In the form of the tables: semicolons, and read as Excel in Denmark reads it. It does not speak of itself."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=";")
    writer.writerow(("Fil", "SHA-256", "Størrelse i byte", "Indhold"))
    writer.writerows((one.path, one.sha256, one.size, one.what) for one in entries)
    return text.getvalue().encode("utf-8-sig")


def contents(begun: Mapping[str, Any], entries: Iterable[Entry]) -> str:
    """A page for people that loads nothing, in any browser, without the system."""
    rows = "\n".join(
        f'<tr><td><a href="{html.escape(quote(one.path))}">{html.escape(one.path)}</a></td>'
        f"<td>{html.escape(one.what)}{' (ingen)' if one.size <= EMPTY_CSV else ''}</td><td>{one.size}</td></tr>"
        for one in entries
    )
    title, organiser = html.escape(begun["title"]), html.escape(begun["organiser"])
    return f"""<!DOCTYPE html>
<html lang="da">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Papirer fra {title}</title>
</head>
<body>
<h1>Papirer fra {title}</h1>
<p>Arrangør: {organiser}. Papirerne er skrevet ud til arrangørens arkiv og kan læses uden systemet.</p>
<p>Listerne er tabeller (CSV, UTF-8, semikolon mellem felterne), som et regneark kan åbne. Tidspunkter er dansk tid.
Hvad nogen har skrevet om kost og adgang, er ikke med. Navnet »slettet« står for en person, der var slettet, da
papirerne blev skrevet ud. Filen {MANIFEST} har hver fils kontrolsum.</p>
<table>
<caption>Indhold</caption>
<thead><tr><th scope="col">Fil</th><th scope="col">Hvad det er</th><th scope="col">Byte</th></tr></thead>
<tbody>
{rows}
</tbody>
</table>
</body>
</html>
"""


@contextmanager
def _unfinished(out: Path) -> Iterator[tuple[IO[bytes], Callable[[], None]]]:
    """A file under a name that nobody reads, which gets its own once it is whole; never a half one."""
    try:
        file = tempfile.NamedTemporaryFile(  # noqa: SIM115  (it outlives this block, and is closed below)
            "w+b", dir=out.parent, prefix=f".{out.name}.", suffix=".part", delete=False
        )
    except OSError as error:
        raise StackError(f"{out.parent}: der kan ikke skrives her ({error.strerror}).") from error
    part = Path(file.name)

    def finish() -> None:
        file.flush()
        os.fsync(file.fileno())
        try:
            # A link refuses a name that somebody took meanwhile; a rename would write over it.
            os.link(part, out)
        except FileExistsError:
            raise
        except OSError:
            # A disk that knows no links.
            part.rename(out)
        folder = os.open(out.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    try:
        with file:
            yield file, finish
    except FileExistsError as error:
        raise StackError(f"{out} findes allerede. Et arkiv skrives aldrig over; vælg et andet navn.") from error
    finally:
        part.unlink(missing_ok=True)


def _look_through(file: IO[bytes], entries: Iterable[Entry]) -> None:
    """What was written is read again. Raises StackError where it is something else."""
    with zipfile.ZipFile(file) as book:
        for one in entries:
            with book.open(one.path) as kept:
                try:
                    found = _sha256(kept)
                except zipfile.BadZipFile:
                    found = ""
            if found != one.sha256:
                raise StackError(f"{one.path} er ikke, som det blev skrevet. Er disken fuld eller i stykker?")


def _sha256(file: IO[bytes]) -> str:
    """Of what is left to read of it."""
    digest = hashlib.sha256()
    while part := file.read(CHUNK):
        digest.update(part)
    return digest.hexdigest()
