"""`python -m services.invoicing.console document check|samples …`: the commands that need nothing of the service.

Without it they start in a fraction of the time.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from services.invoicing.console import files
from shared.base.files import for_its_owner_alone


def main(argv: Sequence[str]) -> int:
    """The exit status."""
    parser = argparse.ArgumentParser(prog="python -m services.invoicing.console", allow_abbrev=False)
    document = parser.add_subparsers(required=True).add_parser("document", help="files judged and made")
    files.add_commands(document.add_subparsers(required=True))
    asked = parser.parse_args(argv)
    status: int = asked.carry_out(asked)
    return status


if __name__ == "__main__":
    for_its_owner_alone()
    sys.exit(main(sys.argv[1:]))
