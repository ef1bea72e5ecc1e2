"""Check programme files and say, in Danish or as JSON, what must be done before they can be published."""

from __future__ import annotations

import json as jsonlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from services.enrollment.adapters.programme_files import (
    UnreadableError,
    municipalities_beside,
    programme_paths,
    read_text,
)
from services.enrollment.domain.findings import Finding
from services.enrollment.domain.municipality import MunicipalityFileError
from services.enrollment.domain.programme_check import CheckResult, SeriesOwner, check

PUBLISHABLE, BLOCKED, UNREADABLE = 0, 1, 2

WORDS = {"error": "FEJL", "open": "ÅBEN", "warning": "OBS"}
COLOURS = {"error": "bold red", "open": "bold cyan", "warning": "yellow"}


@dataclass(frozen=True, slots=True)
class Checked:
    """One file's result. `trouble` says in Danish why there is none."""

    path: Path
    result: CheckResult | None
    trouble: str = ""

    @property
    def exit_code(self) -> int:
        if self.result is None or not self.result.readable:
            return UNREADABLE
        return PUBLISHABLE if self.result.publishable else BLOCKED


def run(files: Iterable[str | Path], json: bool = False) -> int:  # noqa: FBT001, FBT002 # named by the command line
    """Print the check of every file (of a folder: every *.yaml in it).

    Returns 0 when each can be published, 1 when findings block one, 2 when one cannot be read (or none is there).
    """
    checked = _compare([_check(path) for path in programme_paths(Path(file) for file in files)])
    console = Console(soft_wrap=True, highlight=False)
    if json:
        console.file.write(jsonlib.dumps([_as_json(one) for one in checked], ensure_ascii=False, indent=2) + "\n")
    else:
        for one in checked:
            _print(console, one)
        if not checked:
            console.print("Der er ingen forløb at læse.")
    return max((one.exit_code for one in checked), default=UNREADABLE)


def _compare(checked: list[Checked]) -> list[Checked]:
    """Checked again beside each other: where two sellers use one invoice series, both files say so."""
    sellers = [
        (one.path, programme.organiser.invoice_series, programme.organiser.cvr)
        for one in checked
        if one.result and (programme := one.result.programme) and programme.organiser.invoice_series
    ]
    again = []
    for one in checked:
        mine = next(((series, cvr) for path, series, cvr in sellers if path == one.path), None)
        taken = {
            series: SeriesOwner(cvr, path.name)
            for path, series, cvr in reversed(sellers)
            if mine and series == mine[0] and cvr != mine[1]
        }
        again.append(_check(one.path, taken) if taken else one)
    return again


def _check(path: Path, series: Mapping[str, SeriesOwner] | None = None) -> Checked:
    try:
        text, municipalities = read_text(path), municipalities_beside(path)
        result = check(text, file_name=path.name, municipalities=municipalities, series=series)
    except UnreadableError as error:
        return Checked(path, None, str(error))
    except MunicipalityFileError as error:
        return Checked(path, None, f"Kommunelisten ved siden af kan ikke bruges: {error}")
    return Checked(path, result)


def _as_json(checked: Checked) -> dict[str, Any]:
    result = checked.result
    programme = result.programme if result else None
    return {
        "file": str(checked.path),
        "readable": checked.exit_code != UNREADABLE,
        "publishable": checked.exit_code == PUBLISHABLE,
        "trouble": checked.trouble or None,
        "id": programme.id if programme else None,
        "version": programme.version if programme else None,
        "findings": [{"severity": one.severity, **asdict(one)} for one in (result.findings if result else ())],
        "ours": [{"about": one.about, "why": one.why} for one in (result.ours if result else ())],
    }


def _print(console: Console, checked: Checked) -> None:
    result = checked.result
    verdict = {
        PUBLISHABLE: ("✓ kan udgives", "bold green"),
        BLOCKED: ("✗ kan ikke udgives endnu", "bold red"),
        UNREADABLE: ("✗ kan ikke læses", "bold red"),
    }[checked.exit_code]
    console.print(Text.assemble((str(checked.path), "bold"), "  ", verdict))
    if result is None:
        console.print(Text(f"  {checked.trouble}"))
        return
    for finding in result.findings:
        _print_finding(console, checked.path, finding)
    if result.ours:
        console.print(Text("  Vores egne tilføjelser (kilden siger det ikke):", "dim"))
        for one in result.ours:
            console.print(Text.assemble(("    · ", "dim"), (one.about, "dim"), (f": {one.why}", "dim")))
    console.print()


def _print_finding(console: Console, path: Path, finding: Finding) -> None:
    severity = finding.severity
    console.print(
        Text.assemble(
            "  ",
            (WORDS[severity], COLOURS[severity]),
            f" {path}:{finding.line}:{finding.column} ",
            (f"{finding.path} [{finding.code}]" if finding.path else f"[{finding.code}]", "dim"),
        )
    )
    console.print(Text(f"       {finding.message}"))
    for reading in finding.readings:
        mark = "●" if reading.chosen else "○"
        console.print(Text(f"       {mark} {reading.value}: {reading.text}{' (valgt)' if reading.chosen else ''}"))
