"""Documents from the command line: samples to look at, and e-invoices from anywhere to be checked."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple, Protocol

import pytest

from deploy.local.einvoice_rules import install
from deploy.local.locations import ROOT
from services.invoicing.adapters.einvoice.document_files import samples
from services.invoicing.adapters.einvoice.official_rules import FOLDER, LeftOut
from services.invoicing.adapters.einvoice.pdf_files import SENTENCES
from services.invoicing.console.__main__ import main
from tests.support import broken_pdfs

SAMPLES = ROOT / "docs" / "samples"


class Done(NamedTuple):
    returncode: int
    stdout: str
    stderr: str


class Document(Protocol):
    def __call__(self, *arguments: str, rules: Path | None = None) -> Done: ...


@pytest.fixture
def document(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Document:
    """The command in this process; the official rules have one of their own, as always."""

    def carry_out(*arguments: str, rules: Path | None = None) -> Done:
        monkeypatch.setenv(FOLDER, str(rules or ""))
        status = main(["document", *arguments])
        said = capsys.readouterr()
        return Done(status, said.out, said.err)

    return carry_out


def by_itself(*arguments: str, of: str) -> Done:
    """The command in a process of its own, without official rules."""
    command = [sys.executable, "-m", of, "document", *arguments]
    env = {**os.environ, FOLDER: ""}
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    return Done(done.returncode, done.stdout, done.stderr)


def test_the_samples_in_the_repository_are_what_the_command_makes(document: Document, tmp_path: Path) -> None:
    assert document("samples", str(tmp_path)).returncode == 0
    made = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert made == samples()
    assert made == {name: (SAMPLES / name).read_bytes() for name in made}
    assert {Path(name).suffix for name in made} == {".xml", ".pdf"}


def test_what_is_in_order_is_said_to_be(document: Document) -> None:
    files = [str(path) for path in sorted(SAMPLES.glob("*.xml"))]
    checked = document("check", *files, rules=install())
    assert (checked.returncode, checked.stderr) == (0, "")
    assert checked.stdout.splitlines() == [f"{file}: i orden" for file in files]


def test_the_service_judges_files_as_its_console_does_whatever_process_it_is(document: Document) -> None:
    files = [str(SAMPLES / name) for name in ("faktura.pdf", "kreditnota-oioubl-2.1.xml")]
    ours = by_itself("check", *files, of="services.invoicing")
    console = by_itself("check", *files, of="services.invoicing.console")
    assert ours == (0, console.stdout, console.stderr)
    assert console == document("check", *files)


def test_our_own_checks_find_what_the_official_rules_let_pass_and_these_the_rest(
    document: Document, tmp_path: Path
) -> None:
    good = (SAMPLES / "faktura-peppol-bis-3.xml").read_bytes()
    own, theirs = tmp_path / "own.xml", tmp_path / "theirs.xml"
    own.write_bytes(good.replace(b"29189978", b"29189979"))
    theirs.write_bytes(good.replace(b"<cbc:InvoiceTypeCode>380<", b"<cbc:InvoiceTypeCode>999<"))
    checked = document("check", "--json", str(own), str(theirs), rules=install())
    assert checked.returncode == os.EX_DATAERR
    found = [json.loads(line) for line in checked.stdout.splitlines()]
    assert ("own.xml", "cvr_wrong") in {(Path(one["file"]).name, one["code"]) for one in found}
    assert {one["code"] for one in found if one["file"] == str(theirs)} & {"PEPPOL-EN16931-P0100", "BR-CL-01"}


def test_without_the_official_rules_the_own_checks_are_made_and_that_is_said(
    document: Document, tmp_path: Path
) -> None:
    wrong = tmp_path / "wrong.xml"
    wrong.write_bytes((SAMPLES / "kreditnota-oioubl-2.1.xml").read_bytes().replace(b"62532424", b"62532425"))
    checked = document("check", str(wrong))
    assert checked.returncode == os.EX_DATAERR
    assert ": cvr_wrong: " in checked.stdout
    assert LeftOut.NO_RULES.value in checked.stderr


def test_a_file_that_is_no_invoice_gets_a_sentence(document: Document, tmp_path: Path) -> None:
    (tmp_path / "letter.xml").write_text("<letter/>")
    checked = document("check", str(tmp_path / "letter.xml"))
    assert checked.returncode == os.EX_DATAERR
    assert "unreadable: Dokumentet kan ikke læses" in checked.stdout


def test_what_cannot_be_read_is_said_and_the_other_files_are_judged(document: Document, tmp_path: Path) -> None:
    good = tmp_path / "good.xml"
    good.write_bytes(samples()["faktura-peppol-bis-3.xml"])
    checked = document("check", str(tmp_path / "none.xml"), str(tmp_path), str(good))
    assert checked.returncode == os.EX_NOINPUT
    assert "none.xml: Filen findes ikke." in checked.stderr
    assert f"{tmp_path}: Det er en mappe." in checked.stderr
    assert checked.stdout == f"{good}: i orden\n"


def test_a_pdf_is_judged_by_the_e_invoice_in_it(document: Document) -> None:
    files = [str(path) for path in sorted(SAMPLES.glob("*.pdf"))]
    checked = document("check", *files, rules=install())
    assert checked.returncode == 0
    assert checked.stdout.splitlines() == [f"{file}: i orden" for file in files]
    notes = checked.stderr.splitlines()
    assert len(notes) == len(files)
    claim = "PDF'en siger selv, at den er PDF/A-3a og PDF/UA-1; det er læst og ikke efterprøvet."
    assert all(note.startswith(f"{file}: {claim}") for file, note in zip(files, notes, strict=True))


def test_what_is_wrong_inside_a_pdf_and_with_the_pdf_itself_is_found_together(
    document: Document, tmp_path: Path
) -> None:
    good = (SAMPLES / "faktura-peppol-bis-3.xml").read_bytes()
    xml = good.replace(b"29189978", b"29189979").replace(b"<cbc:InvoiceTypeCode>380<", b"<cbc:InvoiceTypeCode>999<")
    wrong = tmp_path / "wrong.pdf"
    wrong.write_bytes(broken_pdfs.with_xml(broken_pdfs.as_source((SAMPLES / "faktura.pdf").read_bytes()), xml))
    checked = document("check", "--json", str(wrong), rules=install())
    assert checked.returncode == os.EX_DATAERR
    found = {json.loads(line)["code"] for line in checked.stdout.splitlines()}
    assert found >= {"xml_relationship_wrong", "cvr_wrong"}
    assert found & {"PEPPOL-EN16931-P0100", "BR-CL-01"}
    without = document("check", str(wrong))
    assert without.returncode == os.EX_DATAERR
    assert ": cvr_wrong: " in without.stdout
    assert LeftOut.NO_RULES.value in without.stderr


def test_a_pdf_that_cannot_be_judged_gets_a_sentence_and_the_others_are_judged(
    document: Document, tmp_path: Path
) -> None:
    good = (SAMPLES / "faktura.pdf").read_bytes()
    (tmp_path / "locked.pdf").write_bytes(broken_pdfs.encrypted(good))
    (tmp_path / "short.pdf").write_bytes(broken_pdfs.cut_short(good))
    (tmp_path / "bomb.pdf").write_bytes(broken_pdfs.bomb())
    (tmp_path / "good.xml").write_bytes(good)  # it is what it is, whatever it is called
    files = [str(tmp_path / name) for name in ("locked.pdf", "short.pdf", "bomb.pdf", "good.xml")]
    checked = document("check", *files, rules=install())
    assert checked.returncode == os.EX_DATAERR
    locked, short, bomb, whole = checked.stdout.splitlines()
    assert locked == f"{files[0]}: pdf_encrypted: {SENTENCES['pdf_encrypted']}"
    assert short == f"{files[1]}: pdf_unreadable: {SENTENCES['pdf_unreadable']}"
    assert ": pdf_too_much: " in bomb
    assert whole == f"{files[3]}: i orden"
