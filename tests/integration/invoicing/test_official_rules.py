"""The official rules run beside the service, and their absence is said."""

from __future__ import annotations

import ast
import asyncio
import os
import signal
import subprocess
import sys
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import psutil
import pytest

from services.invoicing.adapters import official_rules as adapter
from services.invoicing.adapters import rules_process
from services.invoicing.adapters.formats import ubl
from services.invoicing.adapters.official_rules import LeftOut, OfficialRules
from tests.support.eventually import eventually

FOREIGN = f'<Invoice xmlns:c="{ubl.CBC}"><c:CustomizationID>mine</c:CustomizationID></Invoice>'.encode()

BOMB = b"""<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;">]>
<x>&c;&c;&c;&c;&c;</x>"""


def rules_of(xml: bytes, rules: OfficialRules) -> set[str]:
    return {one.rule for one in rules.check(xml).errors}


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
        "import sys, pathlib, time\n"
        "from services.invoicing.adapters.official_rules import OfficialRules\n"
        "rules = OfficialRules(pathlib.Path(sys.argv[1]))\n"
        "rules.check(b'<x/>')\n"
        "print(rules.process_id, flush=True)\n"
        "time.sleep(600)\n"
    )
    command = [sys.executable, "-c", program, str(official_rules.folder)]
    ours = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE)
    assert ours.stdout is not None
    started = int(await ours.stdout.readline())
    assert psutil.pid_exists(started)
    ours.kill()
    await ours.communicate()

    async def gone() -> bool:
        return not psutil.pid_exists(started) or psutil.Process(started).status() == psutil.STATUS_ZOMBIE

    await eventually(gone)


def test_the_process_loads_nothing_of_the_service() -> None:
    tree = ast.parse(Path(rules_process.__file__).read_text())
    imported = {
        name.split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in ([node.module or ""] if isinstance(node, ast.ImportFrom) else [one.name for one in node.names])
    }
    assert imported - set(sys.stdlib_module_names) == {"lxml", "saxonche"}
