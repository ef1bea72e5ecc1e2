"""`python -m services.notifications.console …`: what needs no service, so that nothing of one is read to start it."""

from __future__ import annotations

import argparse
import pkgutil
import sys
from collections.abc import Sequence

from shared.base.files import for_its_owner_alone

COMMANDS = {
    "calendar check": "calendar_check:calendar",
    "calendar samples": "samples:calendar",
    "document samples": "samples:document",
}
"""Each is read when it is asked for: judging files takes less than the letters' templates do."""


def main(argv: Sequence[str]) -> int:
    """The exit status."""
    command = COMMANDS.get(" ".join(argv[:2]))
    if command is None:
        known = " | ".join(COMMANDS)
        parser = argparse.ArgumentParser(
            prog="python -m services.notifications.console", usage=f"%(prog)s {{{known}}} ...", allow_abbrev=False
        )
        parser.parse_known_args(argv)
        parser.error(f"choose between {known}")
    status: int = pkgutil.resolve_name(f"services.notifications.console.{command}")(argv[1:])
    return status


if __name__ == "__main__":
    for_its_owner_alone()
    sys.exit(main(sys.argv[1:]))
