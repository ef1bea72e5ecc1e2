"""`make audit` never takes silence for health: who could not be asked, or knows nothing, is said to be so."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from deploy import audit

BAD = {"name": "jinja2", "version": "2.10.1", "vulns": [{"id": "CVE-2020-28493", "fix_versions": ["2.11.3"]}]}
FINE = {"name": "starlette", "version": "9.0", "vulns": []}


class Service:
    """Stands for pip-audit and whoever it asks: its answers by file, and what it was asked."""

    def __init__(self, *, canary: Any = (BAD,), ours: Any = (FINE,), error: str = "") -> None:
        self.answers = {"known.txt": canary, **dict.fromkeys((f"{name}.txt" for name in audit.LOCKS), ours)}
        self.error = error
        self.asked: list[Sequence[str]] = []

    def __call__(self, arguments: Sequence[str]) -> subprocess.CompletedProcess[str]:
        self.asked.append(arguments)
        found = self.answers[Path(arguments[-1]).name]
        said = "" if self.error else json.dumps({"dependencies": list(found), "fixes": []})
        return subprocess.CompletedProcess(["pip-audit"], 0, said, self.error)


def test_what_is_known_of_a_version_is_said_with_what_mends_it(capsys: pytest.CaptureFixture[str]) -> None:
    service = Service(ours=(FINE, BAD))
    assert audit.main(["--vulnerability-service", "osv"], service) == 1
    said = capsys.readouterr().out.splitlines()
    assert said == ["jinja2 2.10.1: CVE-2020-28493, mended in 2.11.3", "1 known faults in what the locks name."]
    assert all(asked[:2] == ("--vulnerability-service", "osv") for asked in service.asked)
    assert [Path(asked[-1]).stem for asked in service.asked] == ["known", *audit.LOCKS]


def test_it_is_well_when_nothing_is_known_of_ours_by_somebody_who_knows_of_the_bad_one() -> None:
    assert audit.main([], Service()) == 0


@pytest.mark.parametrize(
    ("service", "why"),
    [
        pytest.param(Service(error="ConnectionError: api.osv.dev"), "could not be asked: ConnectionError", id="away"),
        pytest.param(Service(error="Traceback\n  x\nOSError: no"), "could not be asked: OSError: no", id="a trace"),
        pytest.param(
            Service(canary=({**BAD, "vulns": []},)), "its silence about ours says nothing", id="knows nothing"
        ),
        pytest.param(Service(canary=({"name": "jinja2", "skip_reason": "not found"},)), "know jinja2", id="a mirror"),
        pytest.param(Service(ours=(FINE, {"name": "lxml", "skip_reason": "x"})), "not know lxml", id="one is left out"),
        pytest.param(Service(ours=()), "any of it", id="nothing was read"),
    ],
)
def test_who_could_not_be_asked_is_no_good_news(service: Service, why: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert audit.main([], service) == os.EX_UNAVAILABLE
    said = capsys.readouterr().err
    assert said.startswith("Not audited. ")
    assert said.count("\n") == 1
    assert why in said


def test_every_lock_is_audited() -> None:
    requirements = audit.ROOT / "requirements"
    audited = "\n".join((requirements / f"{name}.txt").read_text(encoding="utf-8") for name in audit.LOCKS)
    for lock in requirements.glob("*.txt"):
        for line in lock.read_text(encoding="utf-8").splitlines():
            assert not line or line.startswith(" ") or line in audited, f"{lock.name}: {line}"
