"""Whom a text to many goes to, and how it reads for each of them."""

from __future__ import annotations

import io
import zipfile
from datetime import UTC, datetime

import pytest

from services.notifications.domain.attachments import Kept, take_in
from services.notifications.domain.writing import (
    Addressed,
    Candidate,
    Wanted,
    address,
    begin,
    change,
    go_on,
    letter_to,
    send,
)
from shared.contracts.parties import erased_email
from shared.contracts.refusal import Refused
from tests.support.facts import PROGRAMME

AT = datetime(2020, 6, 1, 8, tzinfo=UTC)
WANTED = Wanted("Emne", "Tekst", "contacts")
DRAFT = begin("w", PROGRAMME.id, WANTED, AT).after


def candidate(number: int, **changes: str) -> Candidate:
    values = {
        "enrolment_id": f"e{number}", "organisation": f"By {number}", "recipient": f"p{number}", "name": f"N {number}",
        "email": f"n{number}@by.example",
    }  # fmt: skip
    return Candidate(**(values | changes))


def test_each_mailbox_and_each_person_once_and_whoever_is_left_out_is_named() -> None:
    meant = {f"e{number}": f"By {number}" for number in range(6)}
    found = address(
        [
            candidate(1),
            candidate(2, email="N1@BY.example"),
            candidate(3, recipient="p1"),
            candidate(4, email="no address"),
            candidate(5, email=erased_email("p5")),
        ],
        meant,
    )
    assert [one.recipient for one in found.to] == ["p1"]
    assert found.unreached == ("By 0", "By 4", "By 5"), "what is read at a mailbox of another's is reached"


def test_what_stands_for_something_is_put_in_once() -> None:
    wanted = Wanted("{navn}", "{kommune} {Forløb} {}", "contacts")
    one = candidate(1, name="{kommune}", organisation="By\r\nBcc: x@y.example")
    letter = letter_to(
        begin("w", PROGRAMME.id, wanted, AT).after, one, PROGRAMME, [Kept(0, "a.pdf", "application/pdf", 9)]
    )
    assert letter.says["title"] == "{kommune}", "nothing in a name is looked up"
    assert letter.says["text"] == f"By\nBcc: x@y.example {PROGRAMME.title} {{}}"
    assert letter.says["files"] == [{"place": 0, "file": "a.pdf"}]


@pytest.mark.parametrize(
    ("wanted", "field", "code"),
    [
        (WANTED._replace(headline=" \u200e "), "headline", "missing"),
        (WANTED._replace(body="\n\n"), "body", "missing"),
        (WANTED._replace(headline="x" * 201), "headline", "too_long"),
        (WANTED._replace(body="x" * 20_001), "body", "too_long"),
        (WANTED._replace(body="Hej {by}"), "body", "unknown_placeholder"),
        (WANTED._replace(audience="role"), "to", "missing"),
        (WANTED._replace(audience_of="faktura"), "to", "missing"),
    ],
)
def test_what_no_mail_can_be_made_of_is_refused_at_its_field(wanted: Wanted, field: str, code: str) -> None:
    with pytest.raises(Refused) as refused:
        change(DRAFT, wanted)
    assert (refused.value.field, refused.value.code) == (field, code)


def test_it_goes_once_and_to_somebody() -> None:
    with pytest.raises(Refused, match="nobody_to_write_to"):
        send(DRAFT, Addressed((), ("By",)), "/o", AT)
    decided = send(DRAFT, Addressed((candidate(1),), ("By",)), "/o", AT)
    assert (decided.after.state, decided.after.written_to, decided.after.unreached) == ("going", 1, 1)
    with pytest.raises(Refused, match="already_written"):
        send(decided.after, Addressed((candidate(1),), ()), "/o", AT)
    with pytest.raises(Refused, match="already_written"):
        change(decided.after, WANTED)
    assert go_on(decided.after, 1, AT).after.state == "going"
    over = go_on(decided.after, 0, AT)
    assert (over.after.state, over.facts, over.alarms) == ("written", (), ())


@pytest.mark.parametrize(
    ("called", "content", "name"),
    [
        ("C:\\mappe\\Årsplan 2021.PDF", b"%PDF-1.4", "Aarsplan-2021.pdf"),
        ("../../etc/passwd", b"\x89PNG\r\n\x1a\n", "passwd.png"),
        ('x"\r\nBcc: y.exe', b"\xff\xd8\xff", "x-Bcc-y.jpg"),
        ("....", b"%PDF-1.4", "bilag.pdf"),
        ("日本", b"%PDF-1.4", "bilag.pdf"),
    ],
)
def test_a_file_is_called_in_ascii_and_is_what_its_content_says(called: str, content: bytes, name: str) -> None:
    assert take_in(called, content, []).name == name


@pytest.mark.parametrize("content", [b"MZ\x90", b"<svg onload=x()>", b"<html>", b"PK\x03\x04 no zip", b"{}"])
def test_what_is_no_document_is_refused(content: bytes) -> None:
    with pytest.raises(Refused, match="unknown_file_type"):
        take_in("a.pdf", content, [])


def test_there_are_few_files_and_they_are_not_large() -> None:
    three = [Kept(place, f"{place}.pdf", "application/pdf", 1) for place in range(3)]
    with pytest.raises(Refused, match="too_many_files"):
        take_in("a.pdf", b"%PDF-", three)
    with pytest.raises(Refused, match="file_there_already"):
        take_in("0.pdf", b"%PDF-", three[:1])
    with pytest.raises(Refused, match="files_too_large"):
        take_in("a.pdf", b"%PDF-" + bytes(2_000_000), [Kept(0, "b.pdf", "application/pdf", 4_500_000)])
    with pytest.raises(Refused, match="file_too_large"):
        take_in("a.pdf", b"%PDF-" + bytes(3_000_000), [])


def a_document(*, reader: int = 20) -> bytes:
    """Of Word, that says which version of a zip reader it takes, in tenths."""
    found = io.BytesIO()
    with zipfile.ZipFile(found, "w") as zipped:
        zipped.writestr("word/document.xml", "x")
    content = bytearray(found.getvalue())
    place = content.index(b"PK\x01\x02") + 6
    content[place : place + 2] = reader.to_bytes(2, "little")
    return bytes(content)


@pytest.mark.parametrize("content", [a_document(reader=990), a_document()[:-30], b"PK\x03\x04" + b"\xff" * 60])
def test_a_zip_that_nobody_can_read_is_no_file_of_a_kind_that_is_taken(content: bytes) -> None:
    assert take_in("dagsorden.docx", a_document(), ()).name == "dagsorden.docx"
    with pytest.raises(Refused) as refused:
        take_in("dagsorden.docx", content, ())
    assert refused.value.code == "unknown_file_type"
