"""Documents from the command line: samples to look at, and e-invoices from anywhere to be checked."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from deploy.local.einvoice_rules import install
from deploy.local.locations import ROOT
from services.invoicing.adapters.document_files import samples
from services.invoicing.adapters.official_rules import FOLDER, LeftOut

SAMPLES = ROOT / "docs" / "samples"


def document(*arguments: str, rules: Path | None = None) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, FOLDER: str(rules or "")}
    command = [sys.executable, "-m", "services.invoicing", "document", *arguments]
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)


def test_the_samples_in_the_repository_are_what_the_command_makes(tmp_path: Path) -> None:
    assert document("samples", str(tmp_path)).returncode == 0
    made = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert made == samples()
    assert made == {name: (SAMPLES / name).read_bytes() for name in made}
    assert {Path(name).suffix for name in made} == {".xml", ".pdf"}


def test_what_is_in_order_is_said_to_be() -> None:
    files = [str(path) for path in sorted(SAMPLES.glob("*.xml"))]
    checked = document("check", *files, rules=install())
    assert (checked.returncode, checked.stderr) == (0, "")
    assert checked.stdout.splitlines() == [f"{file}: i orden" for file in files]


def test_our_own_checks_find_what_the_official_rules_let_pass_and_these_the_rest(tmp_path: Path) -> None:
    good = (SAMPLES / "faktura-peppol-bis-3.xml").read_bytes()
    own, theirs = tmp_path / "own.xml", tmp_path / "theirs.xml"
    own.write_bytes(good.replace(b"29189978", b"29189979"))
    theirs.write_bytes(good.replace(b"<cbc:InvoiceTypeCode>380<", b"<cbc:InvoiceTypeCode>999<"))
    checked = document("check", "--json", str(own), str(theirs), rules=install())
    assert checked.returncode == os.EX_DATAERR
    found = [json.loads(line) for line in checked.stdout.splitlines()]
    assert ("own.xml", "cvr_wrong") in {(Path(one["file"]).name, one["code"]) for one in found}
    assert {one["code"] for one in found if one["file"] == str(theirs)} & {"PEPPOL-EN16931-P0100", "BR-CL-01"}


def test_without_the_official_rules_the_own_checks_are_made_and_that_is_said(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.xml"
    wrong.write_bytes((SAMPLES / "kreditnota-oioubl-2.1.xml").read_bytes().replace(b"62532424", b"62532425"))
    checked = document("check", str(wrong))
    assert checked.returncode == os.EX_DATAERR
    assert ": cvr_wrong: " in checked.stdout
    assert LeftOut.NO_RULES.value in checked.stderr


def test_a_file_that_is_no_invoice_gets_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "letter.xml").write_text("<letter/>")
    checked = document("check", str(tmp_path / "letter.xml"))
    assert checked.returncode == os.EX_DATAERR
    assert "unreadable: Dokumentet kan ikke læses" in checked.stdout
    assert document("check", str(tmp_path / "none.xml")).returncode == os.EX_NOINPUT
