"""PDFs that somebody may send: each differs from one of ours in one thing, or is made to take time or memory."""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable, Iterable

import pypdf
from pypdf.generic import ArrayObject, DecodedStreamObject, NameObject, StreamObject, TextStringObject

from services.invoicing.adapters.einvoice import pdf_process

MEGABYTE = 1024 * 1024
BOMB = pdf_process.LARGEST_BYTES * 3 // 2 // MEGABYTE
PASSWORD = "hemmelig"  # noqa: S105 # of a file that holds nothing


def rewritten(content: bytes, change: Callable[[pypdf.PdfWriter], None]) -> bytes:
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(content))
    change(writer)
    file = io.BytesIO()
    writer.write(file)
    return file.getvalue()


def encrypted(content: bytes) -> bytes:
    return rewritten(content, lambda writer: writer.encrypt(user_password=PASSWORD, algorithm="AES-256"))


def encrypted_for_nobody(content: bytes) -> bytes:
    """It opens without a password, and is encrypted all the same."""
    return rewritten(
        content, lambda writer: writer.encrypt(user_password="", owner_password=PASSWORD, algorithm="AES-256")
    )


def encrypted_in_no_known_way(content: bytes) -> bytes:
    return content.replace(b"trailer\n<<", b"trailer\n<< /Encrypt << /Filter /Eget /V 9 >> ", 1)


def without_xml(content: bytes) -> bytes:
    def change(writer: pypdf.PdfWriter) -> None:
        del writer.root_object["/Names"], writer.root_object["/AF"]

    return rewritten(content, change)


def with_another_xml(content: bytes) -> bytes:
    def change(writer: pypdf.PdfWriter) -> None:
        added = writer.add_attachment("en-mere.XML", b"<Invoice/>")
        added.associated_file_relationship = NameObject("/Alternative")
        added.subtype = NameObject("/text/xml")
        associated = writer.root_object["/AF"]
        assert isinstance(associated, ArrayObject)
        associated.append(added.pdf_object.indirect_reference)

    return rewritten(content, change)


def with_a_picture_beside(content: bytes) -> bytes:
    """Allowed: it is no XML."""

    def change(writer: pypdf.PdfWriter) -> None:
        writer.add_attachment("billede.png", b"\x89PNG")

    return rewritten(content, change)


def not_listed(content: bytes) -> bytes:
    def change(writer: pypdf.PdfWriter) -> None:
        del writer.root_object["/Names"]

    return rewritten(content, change)


def not_associated(content: bytes) -> bytes:
    def change(writer: pypdf.PdfWriter) -> None:
        del writer.root_object["/AF"]

    return rewritten(content, change)


def as_source(content: bytes) -> bytes:
    def change(writer: pypdf.PdfWriter) -> None:
        for one in writer.attachment_list:
            one.associated_file_relationship = NameObject("/Source")

    return rewritten(content, change)


def of_another_type(content: bytes) -> bytes:
    def change(writer: pypdf.PdfWriter) -> None:
        for one in writer.attachment_list:
            one.subtype = NameObject("/text/plain")

    return rewritten(content, change)


def of_no_type(content: bytes) -> bytes:
    """Its name still says what it is."""

    def change(writer: pypdf.PdfWriter) -> None:
        for one in writer.attachment_list:
            one.subtype = None

    return rewritten(content, change)


def named(content: bytes, name: str) -> bytes:
    def change(writer: pypdf.PdfWriter) -> None:
        for one in writer.attachment_list:
            one.alternative_name = TextStringObject(name)

    return rewritten(content, change)


def with_xml(content: bytes, xml: bytes) -> bytes:
    def change(writer: pypdf.PdfWriter) -> None:
        for one in writer.attachment_list:
            one.content = xml

    return rewritten(content, change)


def without_metadata(content: bytes) -> bytes:
    def change(writer: pypdf.PdfWriter) -> None:
        del writer.root_object["/Metadata"]

    return rewritten(content, change)


def with_metadata(content: bytes, replacements: Iterable[tuple[bytes, bytes]]) -> bytes:
    def change(writer: pypdf.PdfWriter) -> None:
        stream = writer.root_object["/Metadata"].get_object()
        assert isinstance(stream, StreamObject)
        said = stream.get_data()
        for old, new in replacements:
            assert old in said
            said = said.replace(old, new)
        plain = DecodedStreamObject()
        plain.update({NameObject("/Type"): NameObject("/Metadata"), NameObject("/Subtype"): NameObject("/XML")})
        plain.set_data(said)
        writer.root_object[NameObject("/Metadata")] = writer._add_object(plain)

    return rewritten(content, change)


def cut_short(content: bytes) -> bytes:
    return content[: len(content) * 2 // 3]


def _pdf(objects: Iterable[bytes], root: int = 1) -> bytes:
    """By hand, so that it may be as wrong as it likes."""
    file, places = bytearray(b"%PDF-1.7\n"), []
    for number, one in enumerate(objects, 1):
        places.append(len(file))
        file += b"%d 0 obj\n%b\nendobj\n" % (number, one)
    table = len(file)
    file += b"xref\n0 %d\n0000000000 65535 f \n" % (len(places) + 1)
    file += b"".join(b"%010d 00000 n \n" % place for place in places)
    file += b"trailer\n<< /Size %d /Root %d 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(places) + 1, root, table)
    return bytes(file)


def _stream(entries: bytes, content: bytes) -> bytes:
    return b"<< %b /Length %d >>\nstream\n%b\nendstream" % (entries, len(content), content)


def _packed(megabytes: int, times: int = 1) -> bytes:
    """Zeros, a thousandth as long; packed again, a millionth."""
    content = zlib.compress(bytes(megabytes * MEGABYTE), 1)
    for _ in range(times - 1):
        content = zlib.compress(content, 9)
    return content


def _with_attachment(stream: bytes) -> bytes:
    return _pdf(
        [
            b"<< /Type /Catalog /Pages 2 0 R /AF [3 0 R] >>",
            b"<< /Type /Pages /Kids [] /Count 0 >>",
            b"<< /Type /Filespec /F (x.xml) /EF << /F 4 0 R >> /AFRelationship /Alternative >>",
            stream,
        ]
    )


def filtered_in_no_known_way() -> bytes:
    return _with_attachment(_stream(b"/Filter /Nonesuch", b"<Invoice/>"))


def bomb() -> bytes:
    """It unpacks to half as much again as it may; the reader itself would go on for longer."""
    return _with_attachment(_stream(b"/Filter /FlateDecode", _packed(BOMB)))


def bomb_in_a_bomb() -> bytes:
    return _with_attachment(_stream(b"/Filter [/FlateDecode /FlateDecode]", _packed(BOMB, 2)))


def bomb_of_metadata() -> bytes:
    metadata = _stream(b"/Type /Metadata /Subtype /XML /Filter /FlateDecode", _packed(BOMB))
    return _pdf(
        [b"<< /Type /Catalog /Pages 2 0 R /Metadata 3 0 R >>", b"<< /Type /Pages /Kids [] /Count 0 >>", metadata]
    )


def bomb_of_runs() -> bytes:
    return _with_attachment(
        _stream(b"/Filter [/FlateDecode /RunLengthDecode]", zlib.compress(b"\x81\0" * (BOMB * MEGABYTE // 128)))
    )


def bomb_of_entities() -> bytes:
    """Metadata in XML that would unfold to a billion letters."""
    grown = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 9))
    xml = f'<!DOCTYPE x [<!ENTITY a0 "aaaaaaaaaa">{grown}]><x>&a8;</x>'.encode()
    metadata = _stream(b"/Type /Metadata /Subtype /XML", xml)
    return _pdf(
        [b"<< /Type /Catalog /Pages 2 0 R /Metadata 3 0 R >>", b"<< /Type /Pages /Kids [] /Count 0 >>", metadata]
    )


def deep() -> bytes:
    """An array in an array in an array …"""
    return _pdf([b"<< /Type /Catalog /Pages 2 0 R /AF %b >>" % (b"[" * 100_000 + b"]" * 100_000), b"<< >>"])


def around_in_circles() -> bytes:
    """The table of contents names itself as the one before it."""
    content = _pdf([b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [] /Count 0 >>"])
    place = content.index(b"xref\n")
    return content.replace(b"/Size", b"/Prev %d /Size" % place)


def catalog_of_itself() -> bytes:
    return _pdf([b"1 0 R"])


def attachment_of_nothing() -> bytes:
    return _with_attachment(b"null")


def wrong_kinds() -> bytes:
    """Numbers where names, and texts where lists belong."""
    return _pdf([b"<< /Type /Catalog /Pages 2 0 R /AF (x) /Names 7 /Metadata (y) >>", b"<< >>"])
