"""What a PDF from anywhere says of itself, and the e-invoice in it.

That it is PDF/A-3a and PDF/UA-1 is read and not proved: what proves it (veraPDF) is not part of the product.
"""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared.pdf.typesetting import clipped

PROCESS = Path(__file__).with_name("pdf_process.py")
DEADLINE_S = 60
"""Of one file; the process ends itself long before, unless it is kept from running."""
PDF_A, PDF_UA = "3a", "1"
RELATIONSHIP = "Alternative"
"""ISO 19005-3, 6.8: the file is the same document in another form."""
MEDIA_TYPE = "application/xml"
_RECEIPT = "Kvittering for tilmelding"
"""How the title of a receipt begins, which is no invoice and holds none."""

SENTENCES = {
    "pdf_unreadable": "PDF'en kan ikke læses: den er afkortet eller beskadiget. Bed om at få den igen.",
    "pdf_encrypted": "PDF'en er krypteret, og det tillader PDF/A ikke. Gem den uden adgangskode.",
    "pdf_too_much": "PDF'en pakker sig ud til mere, end noget dokument har brug for; læsningen er afbrudt.",
    "pdf_without_xml": "PDF'en har ingen e-faktura (XML-fil) vedhæftet. Vedhæft den, eller send XML-filen for sig.",
    "pdf_several_xml": "PDF'en har {count} XML-filer vedhæftet; intet siger, hvilken der er fakturaen. Vedhæft én.",
    "pdf_a_not_claimed": "PDF'en siger ikke, at den er PDF/A-3a{instead}. Gem den som PDF/A-3a, så den kan arkiveres.",
    "pdf_ua_not_claimed": "PDF'en siger ikke, at den er PDF/UA-1, som alle kan læse. Gem den som PDF/UA-1.",
    "xml_not_listed": "XML-filen står ikke på listen over vedhæftede filer (EmbeddedFiles), så læsere viser den ikke.",
    "xml_not_associated": "XML-filen er ikke knyttet til dokumentet (AF i kataloget), som PDF/A-3 kræver.",
    "xml_relationship_wrong": f"XML-filen er vedhæftet som {{said}}; AFRelationship skal være {RELATIONSHIP}.",
    "xml_media_type_wrong": f"XML-filen er vedhæftet som {{said}}; typen skal være {MEDIA_TYPE}.",
}
_EVERY_TYPE = frozenset({MEDIA_TYPE, "text/xml"})

Wrong = tuple[str, str, str]
"""Code, field or place in the file, and a sentence."""


@dataclass(frozen=True, slots=True)
class Taken:
    """`xml` is what is attached, byte for byte; None when there is not exactly one, or the file cannot be read."""

    found: tuple[Wrong, ...]
    xml: bytes | None = None
    note: str = ""
    """What was not checked."""


def is_pdf(name: str, content: bytes) -> bool:
    return content.startswith(b"%PDF-") or name.lower().endswith(".pdf")


def take_apart(content: bytes) -> Taken:
    """Whatever the file is made to do, it does to another process, which has limits. Blocks for 0.3 s at least."""
    said = _read(content)
    if "failed" in said:
        return Taken((_wrong(said["failed"], ""),))
    found = tuple(_unlike_ours(said))
    note = _claim(said)
    if len(said["attached"]) != 1:
        return Taken(found, note=note)
    (one,) = said["attached"]
    note = f"{note} Vedhæftet er {clipped(one['name'])}; siderne er ikke sammenholdt med den."
    return Taken(found, base64.b64decode(one["content"]), note)


def _read(content: bytes) -> dict[str, Any]:
    command = [sys.executable, "-I", str(PROCESS)]
    try:
        done = subprocess.run(  # noqa: S603 # our own interpreter and file
            command,
            input=content,
            stdout=subprocess.PIPE,
            # What the reader has to say there may quote the document.
            stderr=subprocess.DEVNULL,
            timeout=DEADLINE_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return {"failed": "pdf_too_much"}
    if done.returncode < 0:  # a signal: the kernel ended it
        return {"failed": "pdf_too_much"}
    if done.returncode > 0:
        return {"failed": "pdf_unreadable"}
    said: dict[str, Any] = json.loads(done.stdout)
    return said


def _claim(said: dict[str, Any]) -> str:
    claims = [f"{name}-{part}" for name, part in (("PDF/A", said["pdf_a"]), ("PDF/UA", said["pdf_ua"])) if part]
    if not claims:
        return "PDF'en siger hverken, at den er PDF/A eller PDF/UA."
    return f"PDF'en siger selv, at den er {' og '.join(map(clipped, claims))}; det er læst og ikke efterprøvet."


def _unlike_ours(said: dict[str, Any]) -> Iterator[Wrong]:
    if said["pdf_a"] != PDF_A:
        instead = f", men PDF/A-{clipped(said['pdf_a'])}" if said["pdf_a"] else ""
        yield _wrong("pdf_a_not_claimed", "Metadata/pdfaid", instead=instead)
    if said["pdf_ua"] != PDF_UA:
        yield _wrong("pdf_ua_not_claimed", "Metadata/pdfuaid")
    attached = said["attached"]
    if not attached and not said["title"].startswith(_RECEIPT):
        yield _wrong("pdf_without_xml", "Names/EmbeddedFiles")
    if len(attached) > 1:
        yield _wrong("pdf_several_xml", "Names/EmbeddedFiles", count=len(attached))
    for one in attached:
        if not one["listed"]:
            yield _wrong("xml_not_listed", "Names/EmbeddedFiles")
        if not one["associated"]:
            yield _wrong("xml_not_associated", "AF")
        if one["relationship"] != RELATIONSHIP:
            yield _wrong("xml_relationship_wrong", "AF/AFRelationship", said=clipped(one["relationship"]))
        if one["media_type"] not in _EVERY_TYPE:
            yield _wrong("xml_media_type_wrong", "AF/EF/Subtype", said=clipped(one["media_type"]) or "en fil uden type")


def _wrong(code: str, field: str, **told: object) -> Wrong:
    return code, field, SENTENCES[code].format(**told)
