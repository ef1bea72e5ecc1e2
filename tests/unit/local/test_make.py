"""What the Makefile does for a person who has only just come."""

from __future__ import annotations

import subprocess

from deploy.local.locations import ROOT

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
