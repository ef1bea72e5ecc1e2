"""`make audit`: whether a fault is known in what the locks name, as pip-audit asks for it.

An auditor that knows nothing also finds nothing: a mirror without advisories answers "not found", and pip-audit passes.
So it is asked first about a version that has known faults, and if it finds none there, what it says of ours is not
taken for an answer. Ends with 0 (none is known), 1 (some are) or 69 (nobody could be asked; EX_UNAVAILABLE).

It runs where `requirements/tools.txt` is installed. Jars and npm packages are not its business: give the file of
`make sbom` to a scanner that reads CycloneDX.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
LOCKS = ("test", "tools", "mailsink")
"""Of requirements/: `test` holds all that `run`, `demo` and `rules` do."""
KNOWN_TO_BE_BAD = "jinja2==2.10.1"
"""CVE-2020-28493 and CVE-2024-22195, among others."""

Run = Callable[[Sequence[str]], "subprocess.CompletedProcess[str]"]


class UnansweredError(Exception):
    """Nobody could be asked; the sentence says what to do."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What is known of one version."""

    name: str
    version: str
    number: str
    mended_in: str

    def __str__(self) -> str:
        return f"{self.name} {self.version}: {self.number}, mended in {self.mended_in or 'no version yet'}"


def pip_audit(arguments: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """The tool, in this environment."""
    command = [sys.executable, "-m", "pip_audit", "--format", "json", "--progress-spinner", "off", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)  # noqa: S603 # our own words


def known_faults(run: Run, *arguments: str) -> list[Fault]:
    """Sorted. Raises UnansweredError when it could not be asked about every one of them."""
    done = run(arguments)
    try:
        asked = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError, TypeError):
        last = (done.stderr.strip() or done.stdout.strip() or "it said nothing").splitlines()[-1]
        raise UnansweredError(f"The service that knows of faults could not be asked: {last}") from None
    left_out = [one["name"] for one in asked if "vulns" not in one]
    if left_out or not asked:
        raise UnansweredError(f"The service that knows of faults does not know {', '.join(left_out) or 'any of it'}.")
    return sorted(
        (
            Fault(one["name"], one["version"], found["id"], ", ".join(found["fix_versions"]))
            for one in asked
            for found in one["vulns"]
        ),
        key=str,
    )


def audit(run: Run, asked: Sequence[str] = ()) -> list[Fault]:
    """What is known of all locks. `asked` goes to pip-audit as it is. Raises UnansweredError."""
    with tempfile.TemporaryDirectory(prefix="tovholder-audit-") as folder:
        bad = Path(folder) / "known.txt"
        bad.write_text(f"{KNOWN_TO_BE_BAD}\n", encoding="utf-8")
        if not known_faults(run, *asked, "--disable-pip", "--no-deps", "--requirement", str(bad)):
            raise UnansweredError(
                f"The service that was asked knows of no fault in {KNOWN_TO_BE_BAD}, which has several, "
                "so its silence about ours says nothing."
            )
    found: dict[Fault, None] = {}
    for name in LOCKS:
        lock = str(ROOT / "requirements" / f"{name}.txt")
        wanted = ("--strict", "--disable-pip", "--require-hashes", "--requirement", lock)
        found |= dict.fromkeys(known_faults(run, *asked, *wanted))
    return list(found)


def main(argv: Sequence[str], run: Run = pip_audit) -> int:
    """The exit status. `argv` goes to pip-audit as it is (`--vulnerability-service osv`)."""
    try:
        found = audit(run, argv)
    except UnansweredError as error:
        sys.stderr.write(f"Not audited. {error}\n")
        return os.EX_UNAVAILABLE
    for fault in found:
        sys.stdout.write(f"{fault}\n")
    sys.stdout.write(f"{len(found)} known faults in what the locks name.\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
