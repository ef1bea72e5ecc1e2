"""A PDF from anywhere: what it says of itself, the e-invoice in it, and files that are made to do harm."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from deploy.local.locations import ROOT
from services.invoicing.adapters.einvoice import pdf_files, pdf_process
from services.invoicing.adapters.einvoice.pdf_files import SENTENCES, is_pdf, take_apart
from tests.support import broken_pdfs
from tests.support.imported import imported

pytestmark = pytest.mark.timeout(120)  # each file starts a process
SAMPLES = ROOT / "docs" / "samples"
INVOICE = (SAMPLES / "faktura.pdf").read_bytes()
XML = (SAMPLES / "faktura-peppol-bis-3.xml").read_bytes()
Change = Callable[[bytes], bytes]

BROKEN: dict[str, list[Change]] = {
    # What is found, and it alone.
    "pdf_encrypted": [
        broken_pdfs.encrypted,
        broken_pdfs.encrypted_for_nobody,
        broken_pdfs.encrypted_in_no_known_way,
    ],
    "pdf_without_xml": [broken_pdfs.without_xml],
    "pdf_several_xml": [broken_pdfs.with_another_xml],
    "xml_not_listed": [broken_pdfs.not_listed],
    "xml_not_associated": [broken_pdfs.not_associated],
    "xml_relationship_wrong": [broken_pdfs.as_source],
    "xml_media_type_wrong": [broken_pdfs.of_another_type, broken_pdfs.of_no_type],
    "pdf_a_not_claimed": [
        partial(broken_pdfs.with_metadata, replacements=[(b"<pdfaid:conformance>A", b"<pdfaid:conformance>B")]),
        partial(broken_pdfs.with_metadata, replacements=[(b"<pdfaid:part>3", b"<pdfaid:part>2")]),
        partial(broken_pdfs.with_metadata, replacements=[(b"<pdfaid:part>3</pdfaid:part>", b"")]),
    ],
    "pdf_ua_not_claimed": [
        partial(broken_pdfs.with_metadata, replacements=[(b"<pdfuaid:part>1", b"<pdfuaid:part>2")]),
        partial(broken_pdfs.with_metadata, replacements=[(b"<pdfuaid:part>1</pdfuaid:part>", b"")]),
    ],
    "pdf_unreadable": [
        broken_pdfs.cut_short,
        lambda content: content[:-30],
        lambda content: content[4000:],
        lambda _: b"",
        lambda _: b"%PDF-1.7\n",
        lambda _: b"not a PDF" * 1000,
    ],
}
HARMFUL: dict[str, Callable[[], bytes]] = {
    "pdf_too_much: attached": broken_pdfs.bomb,
    "pdf_too_much: packed twice": broken_pdfs.bomb_in_a_bomb,
    "pdf_too_much: metadata": broken_pdfs.bomb_of_metadata,
    "pdf_too_much: runs": broken_pdfs.bomb_of_runs,
    "pdf_too_much: itself": lambda: b"%PDF-1.7" + bytes(pdf_process.LARGEST_BYTES),
    "pdf_unreadable: deep": broken_pdfs.deep,
    "pdf_unreadable: refers to itself": broken_pdfs.catalog_of_itself,
    "pdf_unreadable: no such filter": broken_pdfs.filtered_in_no_known_way,
    "pdf_unreadable: nothing": broken_pdfs.attachment_of_nothing,
    "pdf_unreadable: wrong kinds": broken_pdfs.wrong_kinds,
    "pdf_a_not_claimed: entities": broken_pdfs.bomb_of_entities,
    "pdf_a_not_claimed: in circles": broken_pdfs.around_in_circles,
}


def codes(content: bytes) -> list[str]:
    return [code for code, _, _ in take_apart(content).found]


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("*.pdf")), ids=lambda path: path.name)
def test_our_samples_are_as_they_should_be(path: Path) -> None:
    taken = take_apart(path.read_bytes())
    assert taken.found == ()
    assert taken.note.startswith("PDF'en siger selv, at den er PDF/A-3a og PDF/UA-1; det er læst og ikke efterprøvet.")
    assert (taken.xml is None) == path.name.startswith("kvittering")


def test_the_e_invoice_comes_out_byte_for_byte() -> None:
    taken = take_apart(INVOICE)
    assert taken.xml == XML
    assert taken.note.endswith(" Vedhæftet er Faktura-ungenetvaerk-7.xml; siderne er ikke sammenholdt med den.")


@pytest.mark.parametrize(("code", "change"), [(code, change) for code, changes in BROKEN.items() for change in changes])
def test_what_is_wrong_with_a_file_is_found_and_nothing_else(code: str, change: Change) -> None:
    assert codes(change(INVOICE)) == [code]


def test_every_sentence_has_a_file_that_gets_it() -> None:
    assert set(SENTENCES) == {*BROKEN, *(name.partition(":")[0] for name in HARMFUL)}


@pytest.mark.parametrize("name", HARMFUL)
def test_a_harmful_file_gets_a_sentence(name: str) -> None:
    content = HARMFUL[name]()
    assert codes(content)[0] == name.partition(":")[0]


def test_claims_may_stand_in_attributes() -> None:
    content = broken_pdfs.with_metadata(
        INVOICE,
        replacements=[
            (b"<pdfaid:part>3</pdfaid:part><pdfaid:conformance>A</pdfaid:conformance>", b""),
            (b'<rdf:Description rdf:about=""', b'<rdf:Description pdfaid:part="3" pdfaid:conformance="A" rdf:about=""'),
        ],
    )
    assert codes(content) == []


def test_what_it_claims_instead_is_said_and_a_missing_claim_as_well() -> None:
    (wrong,) = take_apart(BROKEN["pdf_a_not_claimed"][1](INVOICE)).found
    assert wrong[2].startswith("PDF'en siger ikke, at den er PDF/A-3a, men PDF/A-2a.")
    bare = take_apart(broken_pdfs.without_metadata(INVOICE))
    assert [code for code, _, _ in bare.found] == ["pdf_a_not_claimed", "pdf_ua_not_claimed"]
    assert bare.note.startswith("PDF'en siger hverken, at den er PDF/A eller PDF/UA.")
    assert bare.xml == XML


def test_other_attachments_are_let_be() -> None:
    taken = take_apart(broken_pdfs.with_a_picture_beside(INVOICE))
    assert (taken.found, taken.xml) == ((), XML)


def test_a_name_cannot_write_to_the_terminal() -> None:
    note = take_apart(broken_pdfs.named(INVOICE, "a\x1b[2J\n\u202efdp.exe.xml" + "x" * 500)).note
    assert note.isprintable()
    assert len(note) < 400


def test_a_file_that_keeps_the_reader_busy_for_ever_is_given_up(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    busy = tmp_path / "busy.py"
    original = Path(pdf_process.__file__).read_text(encoding="utf-8")
    reading = "reader = pypdf.PdfReader(io.BytesIO(content), strict=True)"
    assert reading in original
    changed = original.replace(reading, "while True: pass").replace("CPU_SECONDS = 20", "CPU_SECONDS = 1")
    busy.write_text(changed, encoding="utf-8")
    monkeypatch.setattr(pdf_files, "PROCESS", busy)
    assert codes(INVOICE) == ["pdf_too_much"]
    done = subprocess.run([sys.executable, str(busy)], input=INVOICE, capture_output=True, check=False)
    assert done.returncode in {-signal.SIGXCPU, -signal.SIGKILL}


def test_a_file_that_takes_memory_for_ever_is_given_up(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    greedy = tmp_path / "greedy.py"
    original = Path(pdf_process.__file__).read_text(encoding="utf-8")
    reading = "reader = pypdf.PdfReader(io.BytesIO(content), strict=True)"
    greedy.write_text(original.replace(reading, "held = [bytes(1 << 20) for _ in range(1 << 12)]"), encoding="utf-8")
    monkeypatch.setattr(pdf_files, "PROCESS", greedy)
    assert codes(INVOICE) == ["pdf_too_much"]


def test_a_process_that_does_not_answer_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf_files, "DEADLINE_S", 0.001)
    assert codes(INVOICE) == ["pdf_too_much"]


def test_a_pdf_is_known_by_its_content_or_by_its_name() -> None:
    assert is_pdf("faktura.xml", INVOICE)
    assert is_pdf("faktura.PDF", b"")
    assert not is_pdf("faktura.xml", XML)


def test_the_process_loads_nothing_of_the_service() -> None:
    assert imported(pdf_process) == {"lxml", "pypdf"}
