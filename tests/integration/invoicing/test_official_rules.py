"""The official rules run beside the service, and their absence is said."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import psutil
import pytest

from deploy.local.locations import ROOT
from services.invoicing.adapters.einvoice import official_rules as adapter
from services.invoicing.adapters.einvoice import rules_process, rules_protocol
from services.invoicing.adapters.einvoice.formats import FORMATS, Format, oioubl21, peppol_bis3, ubl
from services.invoicing.adapters.einvoice.official_rules import LeftOut, OfficialRules
from services.invoicing.domain.document.model import Document
from tests.support.documents import a_credit_note, an_invoice
from tests.support.eventually import eventually
from tests.support.imported import imported
from tests.support.official_rules import MustPass

FOREIGN = f'<Invoice xmlns:c="{ubl.CBC}"><c:CustomizationID>mine</c:CustomizationID></Invoice>'.encode()

BOMB = b"""<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;">]>
<x>&c;&c;&c;&c;&c;</x>"""


BROKEN_OIOUBL = {
    # What is broken, as a regular expression, what stands there instead, and the rule that sees it.
    "F-INV127": (r"(<cbc:TaxExclusiveAmount[^>]*>)[0-9.]+", r"\g<1>1.00"),
    "F-INV128": (r"(<cbc:TaxInclusiveAmount[^>]*>)[0-9.]+", r"\g<1>1.00"),
    "F-INV134": (r"(<cac:PaymentTerms>.*?<cbc:Amount[^>]*>)[0-9.]+", r"\g<1>1.00"),
    "F-INV138": (r"(<cac:InvoiceLine>(?:(?!<cac:TaxTotal>).)*)<cac:TaxTotal>.*?</cac:TaxTotal>", r"\g<1>"),
    "F-INV340": (r"(<cac:Price><cbc:PriceAmount[^>]*>)[0-9.]+", r"\g<1>1.00"),
    "F-INV051": (r"<cbc:ID>ASTAP</cbc:ID>", ""),
    "F-LIB179": (r'schemeID="GLN"', 'schemeID="EAN"'),
    "F-LIB180": (r'(<cbc:EndpointID schemeID="DK:CVR">)DK', r"\g<1>"),
    "F-LIB132": (r"<cbc:ID>0216</cbc:ID>", "<cbc:ID>02160</cbc:ID>"),
    "F-LIB404": (r"StandardRated(?!.*StandardRated)", "ReverseCharge"),
}
BROKEN_PEPPOL = {
    "PEPPOL-EN16931-R003": (
        r"<cbc:BuyerReference>.*?</cbc:BuyerReference>|<cac:OrderReference>.*?</cac:OrderReference>",
        "",
    ),
    "PEPPOL-COMMON-R040": (r'(schemeID="0088">)[0-9]+', r"\g<1>1234567890123"),
    "BR-CO-16": (r"(<cbc:PayableAmount[^>]*>)[0-9.]+", r"\g<1>1.00"),
    "BR-CO-09": (r"DK(\d{8})", r"\g<1>"),
    "DK-R-014": (r'(<cbc:CompanyID schemeID=")0184', r"\g<1>0088"),
    "DK-R-006": (r"<cac:FinancialInstitutionBranch>.*?</cac:FinancialInstitutionBranch>", ""),
}


def rules_of(xml: bytes, rules: OfficialRules) -> set[str]:
    return {one.rule for one in rules.check(xml).errors}


def broken(xml: bytes, what: str, instead: str) -> bytes:
    text, count = re.subn(what, instead, xml.decode(), flags=re.DOTALL)
    assert count
    return text.encode()


@pytest.mark.parametrize("document", [an_invoice(), a_credit_note()], ids=lambda one: one.kind)
@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.name)
def test_a_whole_document_passes(form: Format, document: Document, must_pass: MustPass) -> None:
    must_pass(form.write(document))


@pytest.mark.parametrize("rule", BROKEN_OIOUBL)
def test_an_invoice_in_oioubl_that_is_broken_by_hand_is_found(rule: str, official_rules: OfficialRules) -> None:
    assert rule in rules_of(broken(oioubl21.write(an_invoice()), *BROKEN_OIOUBL[rule]), official_rules)


@pytest.mark.parametrize("rule", BROKEN_PEPPOL)
def test_an_invoice_in_peppol_that_is_broken_by_hand_is_found(rule: str, official_rules: OfficialRules) -> None:
    assert rule in rules_of(broken(peppol_bis3.write(an_invoice()), *BROKEN_PEPPOL[rule]), official_rules)


def test_a_credit_note_that_is_broken_by_hand_is_found(official_rules: OfficialRules) -> None:
    negative = (r"(<cbc:PayableAmount[^>]*>)", r"\g<1>-")
    assert "F-LIB016" in rules_of(broken(oioubl21.write(a_credit_note()), *negative), official_rules)
    assert "DK-R-016" in rules_of(broken(peppol_bis3.write(a_credit_note()), *negative), official_rules)


def test_an_element_in_the_wrong_place_is_found_by_the_schema(official_rules: OfficialRules) -> None:
    moved = broken(oioubl21.write(an_invoice()), r"(<cbc:UBLVersionID>.*?</cbc:UBLVersionID>)(.*?</cbc:ID>)", r"\2\1")
    assert rules_of(moved, official_rules) == {"XSD"}


def test_a_finding_says_where(official_rules: OfficialRules) -> None:
    verdict = official_rules.check(broken(oioubl21.write(an_invoice()), *BROKEN_OIOUBL["F-INV051"]))
    (found,) = verdict.errors
    assert found.location == "/Invoice/AccountingCustomerParty/Party/Contact"
    assert found.text == "Invalid AccountingCustomerParty/Contact/ID. Must contain a value."


@pytest.mark.parametrize("xml", [b"", b"not XML", b"<x>", b"\xff\xfe\x00", b"<x>&nbsp;</x>"])
def test_what_is_not_xml_is_a_finding(official_rules: OfficialRules, xml: bytes) -> None:
    assert rules_of(xml, official_rules) == {"XML"}


def test_a_document_type_is_refused_and_no_file_of_ours_is_read(official_rules: OfficialRules, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("the secret")
    external = f'<!DOCTYPE x [<!ENTITY a SYSTEM "{secret.as_uri()}">]><x>&a;</x>'.encode()
    for xml in (BOMB, external, f'<!DOCTYPE x SYSTEM "{secret.as_uri()}"><x/>'.encode()):
        verdict = official_rules.check(xml)
        assert {one.rule for one in verdict.errors} == {"XML"}
        assert "the secret" not in str(verdict)


def test_a_document_of_no_known_format_is_a_finding_and_not_a_pass(official_rules: OfficialRules) -> None:
    assert rules_of(FOREIGN, official_rules) == {"FORMAT"}


def test_without_the_rules_the_check_is_left_out_and_said_to_be(tmp_path: Path) -> None:
    for folder in (None, tmp_path):
        with OfficialRules(folder) as rules:
            verdict = rules.check(FOREIGN)
        assert verdict.left_out is LeftOut.NO_RULES
        assert not verdict.passed


@pytest.mark.parametrize("installed", [None, "13.1.1"])
def test_without_a_fitting_saxonche_the_check_is_left_out_and_said_to_be(
    official_rules: OfficialRules, monkeypatch: pytest.MonkeyPatch, installed: str | None
) -> None:
    def version(_name: str) -> str:
        if installed is None:
            raise PackageNotFoundError
        return installed

    monkeypatch.setattr(adapter, "version", version)
    with OfficialRules(official_rules.folder) as rules:
        assert rules.check(FOREIGN).left_out is LeftOut.NO_SAXONCHE


def test_a_process_that_was_killed_is_replaced(official_rules: OfficialRules) -> None:
    official_rules.check(FOREIGN)
    killed = official_rules.process_id
    assert killed is not None
    os.kill(killed, signal.SIGKILL)
    assert rules_of(FOREIGN, official_rules) == {"FORMAT"}
    assert official_rules.process_id != killed


async def test_a_process_is_replaced_before_its_memory_grows_and_no_answer_is_lost(
    official_rules: OfficialRules, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adapter, "DOCUMENTS_PER_PROCESS", 4)
    asked = [FOREIGN.replace(b"mine", f"mine {number}".encode()) for number in range(11)]
    ids: list[int | None] = []
    with OfficialRules(official_rules.folder) as rules:
        for number, xml in enumerate(asked):
            assert f"'mine {number}'" in rules.check(xml).findings[0].text
            ids.append(rules.process_id)
            assert rules.process_id is not None
            assert psutil.Process(rules.process_id).is_running()
        together = await asyncio.gather(*[rules.checked(xml) for xml in asked])
    assert [ids.count(one) for one in dict.fromkeys(ids)] == [4, 4, 3]
    assert all(f"'mine {number}'" in together[number].findings[0].text for number in range(11))
    assert not any(one is not None and psutil.pid_exists(one) for one in ids)


def test_a_process_that_does_not_answer_is_replaced_after_its_deadline(
    official_rules: OfficialRules, monkeypatch: pytest.MonkeyPatch
) -> None:
    with OfficialRules(official_rules.folder) as rules:
        rules.check(FOREIGN)
        stuck = rules.process_id
        assert stuck is not None
        os.kill(stuck, signal.SIGSTOP)
        monkeypatch.setattr(adapter, "CHECK_DEADLINE_S", 0)
        monkeypatch.setattr(adapter, "GRACE_S", 2.0)
        assert rules_of(FOREIGN, rules) == {"FORMAT"}
        assert not psutil.pid_exists(stuck)


def test_a_process_that_cannot_start_leaves_the_check_out(
    official_rules: OfficialRules, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with OfficialRules(official_rules.folder) as rules:
        assert rules.check(FOREIGN).left_out is LeftOut.NO_ANSWER


async def test_many_tasks_at_once_each_get_their_own_answer(official_rules: OfficialRules) -> None:
    asked = [FOREIGN.replace(b"mine", f"mine {number}".encode()) for number in range(50)]
    answers = await asyncio.gather(*[official_rules.checked(xml) for xml in asked])
    assert all(f"'mine {number}'" in answers[number].findings[0].text for number in range(50))


async def test_the_process_ends_when_ours_is_killed(official_rules: OfficialRules) -> None:
    program = (
        "import sys, pathlib\n"
        "from services.invoicing.adapters.einvoice.official_rules import OfficialRules\n"
        "rules = OfficialRules(pathlib.Path(sys.argv[1]))\n"
        "rules.check(b'<x/>')\n"
        "print(rules.process_id, flush=True)\n"
        "sys.stdin.read()\n"
    )
    command = [sys.executable, "-c", program, str(official_rules.folder)]
    ours = await asyncio.create_subprocess_exec(*command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert ours.stdout is not None
    started = int(await ours.stdout.readline())
    assert psutil.pid_exists(started)
    ours.kill()
    await ours.communicate()

    def gone() -> bool:
        return not psutil.pid_exists(started) or psutil.Process(started).status() == psutil.STATUS_ZOMBIE

    await eventually(gone)


def test_a_process_that_hangs_is_ended_by_its_own_alarm_though_nobody_is_left_to_end_it() -> None:
    program = (
        "import socket, pathlib\n"
        "from services.invoicing.adapters.einvoice import rules_process as rules\n"
        "class Hanging:\n"
        "    def __init__(self, *_): pass\n"
        "    def check(self, xml):\n"
        "        while True: pass\n"
        "rules.Rules, rules.CHECK_DEADLINE_S = Hanging, 1\n"
        "rules.serve(socket.socket(fileno=0), pathlib.Path())\n"
    )
    ours, theirs = socket.socketpair()
    with ours, theirs, subprocess.Popen([sys.executable, "-c", program], stdin=theirs.fileno()) as hanging:
        rules_protocol.send(ours, FOREIGN)
        assert hanging.wait(30) == -signal.SIGALRM


def test_a_document_beyond_all_measure_is_not_even_sent(official_rules: OfficialRules) -> None:
    assert rules_of(b" " * (rules_protocol.LARGEST_MESSAGE + 1), official_rules) == {"XML"}


def test_the_process_loads_nothing_of_the_service_but_how_they_talk() -> None:
    assert imported(rules_process) == {"lxml", "saxonche", "services"}
    assert imported(rules_protocol) == set()
    look = "import sys; from services.invoicing.adapters.einvoice import rules_process; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", look], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = {
        Path(name.replace(".", "/")).name for name in done.stdout.split() if name.startswith(("services", "shared"))
    }
    assert loaded == {"services", "invoicing", "adapters", "einvoice", "rules_process", "rules_protocol"}


def test_the_service_loads_neither_the_rules_machine_nor_the_reader_of_pdfs() -> None:
    look = "import sys, services.invoicing.app; print({'saxonche', 'pypdf'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", look], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
