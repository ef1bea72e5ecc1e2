"""The process that takes a PDF from outside apart; `pdf_files` starts it by this file's path, one for each file.

It imports nothing of the service, and nobody else loads it. Standard input is the PDF, standard output is JSON. A file
made to take memory or time for ever gets so much of both and no more: the file, and whatever one of its streams unpacks
to, may have LARGEST_BYTES, and the kernel ends what goes on after CPU_SECONDS. Whatever a broken file makes the reader
raise ends the process, and nothing but the process.
"""

from __future__ import annotations

import base64
import contextlib
import io
import json
import resource
import sys
from collections.abc import Iterator
from typing import Any

import pypdf
from lxml import etree
from pypdf import errors

LARGEST_BYTES = 32 * 1024 * 1024
"""Of the file, and of whatever one of its streams unpacks to."""
MEMORY_BYTES = 1024 * 1024 * 1024
CPU_SECONDS = 20
_LIMITS = pypdf.Configuration(
    maximum_declared_stream_length=LARGEST_BYTES,
    array_based_stream_maximum_output_length=LARGEST_BYTES,
    lzw_maximum_output_length=LARGEST_BYTES,
    run_length_maximum_output_length=LARGEST_BYTES,
    zlib_maximum_output_length=LARGEST_BYTES,
    brotli_maximum_output_length=LARGEST_BYTES,
)
_XML_TYPES = frozenset({"application/xml", "text/xml"})
_PDFA = "{http://www.aiim.org/pdfa/ns/id/}"
_PDFUA = "{http://www.aiim.org/pdfua/ns/id/}"


def read(content: bytes) -> dict[str, Any]:
    """`{"failed": code}`, or what the file says of itself and the XML files attached to it."""
    if len(content) > LARGEST_BYTES:
        return {"failed": "pdf_too_much"}
    pypdf.overwrite_configuration(_LIMITS)
    try:
        # Strict: a file that has to be repaired first is cut short or damaged, and no PDF/A.
        reader = pypdf.PdfReader(io.BytesIO(content), strict=True)
        if reader.is_encrypted:
            return {"failed": "pdf_encrypted"}
        part, conformance, universal = _claims(reader)
        return {
            "title": str(reader.metadata.title or "") if reader.metadata else "",
            "pdf_a": part + conformance.lower(),
            "pdf_ua": universal,
            "attached": list(_attached(reader)),
        }
    except (errors.LimitReachedError, MemoryError):
        return {"failed": "pdf_too_much"}
    except (errors.DependencyError, RuntimeError):
        # The reader does not know every way of encrypting, nor every filter; a file that is encrypted says so in clear.
        return {"failed": "pdf_encrypted" if b"/Encrypt" in content else "pdf_unreadable"}
    except errors.PyPdfError:
        return {"failed": "pdf_unreadable"}


def _claims(reader: pypdf.PdfReader) -> tuple[str, str, str]:
    """Part and level of PDF/A, and part of PDF/UA, as the metadata name them (ISO 19005-3 6.6.4, ISO 14289-1 5)."""
    stream = reader.root_object.get("/Metadata")
    if stream is None:
        return "", "", ""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        root = etree.fromstring(stream.get_object().get_data(), parser)
    except etree.XMLSyntaxError:
        return "", "", ""
    return _said(root, f"{_PDFA}part"), _said(root, f"{_PDFA}conformance"), _said(root, f"{_PDFUA}part")


def _said(root: etree._Element, name: str) -> str:
    """RDF writes a property as an element or as an attribute."""
    for element in root.iter():
        said = element.text if element.tag == name else element.get(name)
        if said:
            return said.strip()
    return ""


def _attached(reader: pypdf.PdfReader) -> Iterator[dict[str, Any]]:
    """Each XML file, whether readers list it (EmbeddedFiles), or the document only points to it (AF), or both."""
    associated = [one.get_object() for one in reader.root_object.get("/AF", ())]
    listed = list(reader.attachment_list)
    specifications = [one.pdf_object for one in listed]
    others = [
        pypdf.generic.EmbeddedFile(str(one.get("/F", "")), one)
        for one in associated
        if not any(one is other for other in specifications)
    ]
    for one in (*listed, *others):
        name, media_type = one.alternative_name or one.name, (one.subtype or "").removeprefix("/")
        if media_type in _XML_TYPES or name.lower().endswith(".xml"):
            yield {
                "name": name,
                "media_type": media_type,
                "relationship": one.associated_file_relationship.removeprefix("/"),
                "associated": any(one.pdf_object is other for other in associated),
                "listed": one not in others,
                "content": base64.b64encode(one.content).decode(),
            }


def limit() -> None:
    """Ours from now on; no system that refuses to limit memory keeps us from reading."""
    for what, most in ((resource.RLIMIT_AS, MEMORY_BYTES), (resource.RLIMIT_CPU, CPU_SECONDS)):
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(what, (most, most))


if __name__ == "__main__":
    limit()
    sys.stdout.write(json.dumps(read(sys.stdin.buffer.read(LARGEST_BYTES + 1))))
