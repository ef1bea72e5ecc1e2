"""Whoever signs people up does not wait for the checker of programme files, and the checker for no service."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
HEAVY = ("faststream", "aiokafka", "asyncpg", "uvicorn", "structlog", "jinja2", "services.enrollment.app")


def loaded(code: str, *arguments: str) -> set[str]:
    """The modules that are there after a new process has run `code`."""
    script = f"{code}\nimport sys\nsys.stderr.write(' '.join(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return set(done.stderr.split())


def test_registering_a_participant_loads_nothing_of_programme_files() -> None:
    modules = loaded("import services.enrollment.usecases.register_participant")
    assert "services.enrollment.domain.roster" in modules
    assert not {name for name in modules if name.startswith("services.enrollment.domain.programme_file")}
    assert "yaml" not in modules


@pytest.mark.parametrize("arguments", [("check", "programmes/netvaerk-kommunal-ungeindsats.yaml"), ("schema",)])
def test_the_console_loads_no_service(arguments: tuple[str, ...]) -> None:
    run = (
        "import runpy, contextlib\n"
        "with contextlib.suppress(SystemExit):\n"
        "    runpy.run_module('services.enrollment.console', run_name='__main__', alter_sys=True)"
    )
    modules = loaded(run, *arguments)
    assert "services.enrollment.domain.programme_file.format" in modules
    assert not modules.intersection(HEAVY)
