"""A forge starts a program again and again without reading its libraries anew, and nothing outlives it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import psutil
import pytest

from deploy.local import process
from deploy.local.forge import Forge
from deploy.local.process import Command

PROGRAM = "tests.integration.local.forged"
BY_ITSELF = (sys.executable, "-m", PROGRAM)


@pytest.fixture
def forge(tmp_path: Path) -> Iterator[Forge]:
    made = Forge(PROGRAM, ("tests.integration.local.forged_library",), tmp_path / "forge.log")
    yield made
    made.close()
    made.close()


def command(forge: Forge, folder: Path, **env: str) -> Command:
    return Command(argv=BY_ITSELF, log=folder / "log.txt", env=env, cwd=folder, forge=forge)


def test_each_copy_is_a_process_of_its_own_with_its_own_surroundings(forge: Forge, tmp_path: Path) -> None:
    os.environ.pop("FORGED", None)
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        copy = process.start(command(forge, tmp_path / name, FORGED=name))
        assert copy.wait(20) == 7
        said = json.loads((tmp_path / name / "log.txt").read_text())
        argv = said.pop("argv")
        assert said == {
            "name": "__main__",
            "FORGED": name,
            "cwd": str(tmp_path / name),
            "pid": copy.pid,
            "group": copy.pid,
            "library": said["library"],
            "stdin": "",
        }
        assert (argv[0].endswith("forged.py"), argv[1:]) == (True, []), "as with python -m"
        assert said["library"] != copy.pid, "the library was read by the forge, once"
        assert copy.poll() == 7
        copy.send_signal(signal.SIGTERM)


def test_one_that_is_killed_is_told_of_and_one_that_stops_in_order_too(forge: Forge, tmp_path: Path) -> None:
    waits = command(forge, tmp_path, FORGED_WAITS="yes")
    copy = process.start(waits)
    assert copy.poll() is None
    assert process.kill(copy) == -signal.SIGKILL
    copy = process.start(waits)
    assert process.stop(copy, waits) == -signal.SIGTERM


def test_a_program_that_fails_says_why_in_its_log(forge: Forge, tmp_path: Path) -> None:
    copy = process.start(command(forge, tmp_path, FORGED_FAILS="yes"))
    assert copy.wait(20) == 1
    assert "ValueError: as asked" in (tmp_path / "log.txt").read_text()


def test_nothing_outlives_the_forge(forge: Forge, tmp_path: Path) -> None:
    copy = process.start(command(forge, tmp_path, FORGED_WAITS="yes"))
    living = psutil.Process(copy.pid)
    forge.close()
    assert copy.wait(20) == -signal.SIGKILL
    living.wait(20)


def test_a_forge_that_cannot_read_its_libraries_says_so(tmp_path: Path) -> None:
    broken = Forge(PROGRAM, ("no_such_library",), tmp_path / "forge.log")
    began = time.monotonic()
    with pytest.raises(OSError, match=r"forge\.log"):
        process.start(command(broken, tmp_path))
    assert time.monotonic() - began < 20
    assert "No module named 'no_such_library'" in (tmp_path / "forge.log").read_text()
    broken.close()


def test_a_forge_that_was_killed_is_opened_again(forge: Forge, tmp_path: Path) -> None:
    copy = process.start(command(forge, tmp_path, FORGED_WAITS="yes"))
    (killed,) = (one for one in psutil.Process().children() if "deploy.local.forge" in one.cmdline())
    killed.kill()
    assert copy.wait(20) == -signal.SIGKILL
    assert process.start(command(forge, tmp_path)).wait(20) == 7


ENDS_AT_ONCE = """
import sys
for _ in sys.stdin:
    sys.stdout.write('{"pid": 1}\\n{"pid": 1, "status": 3}\\n')
    sys.stdout.flush()
"""


def test_the_end_of_a_copy_that_ends_before_anybody_looks_is_seen(tmp_path: Path) -> None:
    def opens(_words: Sequence[str], _log: Path) -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, "-c", ENDS_AT_ONCE], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    hasty = Forge(PROGRAM, (), tmp_path / "forge.log")
    try:
        for _ in range(50):
            assert hasty.start(opens, {}, tmp_path, tmp_path / "log.txt").wait(5) == 3
    finally:
        hasty.close()
