"""`make bench`: all benchmarks in one run, a table with the ratio beside each figure, and the same as JSON."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import sys
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench import consume, documents, growth, invoice_run, latency, pages, paint, places, relay, sign_ups, stories
from bench.harness import Row, servers

NAMES = (
    *("consume", "invoices", "relay", "places", "pages", "paint"),
    *("sign-ups", "growth", "latency", "documents", "stories"),
)


def measure(names: list[str]) -> list[Row]:
    rows: list[Row] = []
    alone = {
        "consume": consume,
        "invoices": invoice_run,
        "relay": relay,
        "places": places,
        "pages": pages,
        "paint": paint,
        "sign-ups": sign_ups,
        "growth": growth,
    }
    if alone.keys() & set(names):
        with servers() as running:
            for name, bench in alone.items():
                if name in names:
                    rows += asyncio.run(bench.run(running))
    if "latency" in names:
        rows += asyncio.run(latency.run())
    if "documents" in names:
        rows += documents.run()
    if "stories" in names:
        rows += stories.run()
    return rows


def show(rows: list[Row]) -> None:
    table = Table()
    for heading in ("what", "figure", "ratio", "against", "target", "reached", "note"):
        table.add_column(heading, justify="right" if heading in {"figure", "ratio"} else "left")
    for row in rows:
        table.add_row(
            row.name,
            f"{row.value:,.0f} {row.unit}",
            "" if row.ratio is None else f"{row.ratio:.2f}",
            row.against,
            row.target,
            {True: "yes", False: "NO", None: ""}[row.reached],
            row.note,
        )
    Console(width=160).print(table)


def main(argv: list[str] | None = None) -> int:
    """1 when a figure that has a target did not reach it."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=NAMES, default=list(NAMES))
    parser.add_argument("--json", type=Path, default=Path("build/bench.json"))
    options = parser.parse_args(argv)
    rows = measure(options.only)
    show(rows)
    machine = {"cores": os.cpu_count(), "python": platform.python_version(), "load": os.getloadavg()}
    options.json.parent.mkdir(parents=True, exist_ok=True)
    told = {"machine": machine, "figures": [asdict(row) for row in rows]}
    options.json.write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
    return int(any(row.reached is False for row in rows))


if __name__ == "__main__":
    sys.exit(main())
