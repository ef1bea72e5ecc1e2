"""`schema`: the JSON Schema of programme files, for editors."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from services.enrollment.domain.programme_file.schema import schema_text


def schema(argv: Sequence[str]) -> int:
    argparse.ArgumentParser(prog="schema", description="Skriv forløbsfilernes JSON Schema.").parse_args(argv)
    sys.stdout.write(schema_text())
    return 0
