"""`check FILE…`: says, in Danish or as JSON, what must be done before programme files can be published."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path, PurePath
from typing import Any

from rich.console import Console
from rich.text import Text

from services.enrollment.domain.programme_file.beside import Checked, Verdict
from services.enrollment.domain.programme_file.findings import Finding
from services.enrollment.usecases.check_programmes import check_programmes

EXIT: dict[Verdict, int] = {"publishable": 0, "blocked": 1, "unreadable": 2}

WORDS = {"error": "FEJL", "open": "ÅBEN", "warning": "OBS"}
COLOURS = {"error": "bold red", "open": "bold cyan", "warning": "yellow"}
VERDICTS: dict[Verdict, tuple[str, str]] = {
    "publishable": ("✓ kan udgives", "bold green"),
    "blocked": ("✗ kan ikke udgives endnu", "bold red"),
    "unreadable": ("✗ kan ikke læses", "bold red"),
}


def check(argv: Sequence[str]) -> int:
    """0 = every file can be published, 1 = findings block one, 2 = one cannot be read (or none is there)."""
    parser = argparse.ArgumentParser(prog="check", description="Tjek forløbsfiler.")
    parser.add_argument("files", nargs="+", type=Path, help="filer eller mapper")
    parser.add_argument("--json", action="store_true", help="skriv fundene som JSON")
    asked = parser.parse_args(argv)
    checked = check_programmes(asked.files)
    console = Console(soft_wrap=True, highlight=False)
    if asked.json:
        console.file.write(json.dumps([_as_json(one) for one in checked], ensure_ascii=False, indent=2) + "\n")
    else:
        for one in checked:
            _print(console, one)
        if not checked:
            console.print("Der er ingen forløb at læse.")
    return max((EXIT[one.verdict] for one in checked), default=EXIT["unreadable"])


def _as_json(checked: Checked) -> dict[str, Any]:
    result = checked.result
    programme = result.programme if result else None
    return {
        "file": str(checked.path),
        "readable": checked.verdict != "unreadable",
        "publishable": checked.verdict == "publishable",
        "trouble": checked.trouble or None,
        "id": programme.id if programme else None,
        "version": programme.version if programme else None,
        "findings": [{"severity": one.severity, **asdict(one)} for one in (result.findings if result else ())],
        "ours": [{"about": one.about, "why": one.why} for one in (result.ours if result else ())],
    }


def _print(console: Console, checked: Checked) -> None:
    result = checked.result
    console.print(Text.assemble((str(checked.path), "bold"), "  ", VERDICTS[checked.verdict]))
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


def _print_finding(console: Console, path: PurePath, finding: Finding) -> None:
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
