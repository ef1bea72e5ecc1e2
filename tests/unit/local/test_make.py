"""What the Makefile does for a person who has only just come."""

from __future__ import annotations

import re
import subprocess

from deploy.local.locations import ROOT

MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
REQUIREMENTS = ROOT / "requirements"


def would_do(target: str) -> str:
    """The commands of a target on a machine where nothing was done before."""
    command = ["make", "--dry-run", "--always-make", "--no-print-directory", target]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout


def test_whoever_fetches_the_official_rules_gets_what_runs_them() -> None:
    done = would_do("einvoice-rules")
    assert "install --require-hashes -r requirements/rules.txt" in done
    assert "-m deploy.local.einvoice_rules" in done
    assert "requirements/test.txt" not in done
    assert "saxonche==" in (REQUIREMENTS / "rules.txt").read_text(encoding="utf-8")


def test_what_looks_at_the_requirements_stands_beside_them() -> None:
    for target, runs in (("sbom", "-m deploy.sbom"), ("audit", "-m deploy.audit")):
        done = would_do(target)
        assert "tools/bin/python -m pip --disable-pip-version-check --quiet install --require-hashes" in done
        assert runs in done
        assert "requirements/run.txt" not in done
    assert "pip-audit" not in (REQUIREMENTS / "test.txt").read_text(encoding="utf-8")


def test_what_runs_the_rules_is_one_version_and_no_part_of_the_first_install() -> None:
    pinned = (REQUIREMENTS / "rules.txt").read_text(encoding="utf-8")
    assert pinned in (REQUIREMENTS / "test.txt").read_text(encoding="utf-8")
    assert "rules.txt" not in would_do("install")
    assert "saxonche" not in (REQUIREMENTS / "demo.txt").read_text(encoding="utf-8")


def times_as_many(comment: str) -> int:
    """What the Makefile says, as a number, before those words."""
    words = {"Twenty": 20}
    (said,) = re.findall(rf"# (\w+) times as many {comment}", MAKEFILE)
    return words[said] if said in words else int(said)


def by_default(file: str, variable: str) -> int:
    """What the tests take where nobody sets it."""
    (found,) = re.findall(rf'"{variable}", "(\d+)"', (ROOT / "tests" / file).read_text(encoding="utf-8"))
    return int(found)


def test_what_is_said_of_the_longer_forms_is_so() -> None:
    for target, variable, file, comment in (
        ("lives", "TOVHOLDER_LIVES", "integration/enrollment/test_every_command_in_any_order.py", "lives"),
        ("documents", "TOVHOLDER_DOCUMENTS", "support/documents.py", "random documents"),
    ):
        (asked,) = re.findall(rf"{variable}=(\d+)", would_do(target))
        assert int(asked) == times_as_many(comment) * by_default(file, variable), target
    handbook = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert "TOVHOLDER_DOCUMENTS=1000 " in would_do("documents")
    assert "1,000 random invoices and credit notes of each format" in handbook
    assert "TOVHOLDER_API_SECONDS=150 " in would_do("api")
    assert "two and a half minutes of it of each service" in MAKEFILE
