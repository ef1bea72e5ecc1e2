"""The checkers that every line passes, run as tests so that one command says it all."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    "command",
    [
        pytest.param(["ruff", "check", "."], id="ruff check"),
        pytest.param(["ruff", "format", "--check", "."], id="ruff format"),
        pytest.param(["mypy"], id="mypy"),
        pytest.param(["lint-imports", "--no-cache"], id="imports"),
    ],
)
def test_the_checker_has_nothing_to_say(command: list[str]) -> None:
    tool = Path(sys.executable).with_name(command[0])
    environment = {**os.environ, "PYTHONWARNINGS": "", "NO_COLOR": "1"}
    done = subprocess.run([tool, *command[1:]], cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}{done.stderr}"
