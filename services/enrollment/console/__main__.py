"""python -m services.enrollment.console: commands that need no service, and do not wait for one to be imported."""

from __future__ import annotations

import argparse
import sys

from services.enrollment.console.commands import COMMANDS

if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m services.enrollment.console", allow_abbrev=False)
    parser.add_argument("command", choices=COMMANDS)
    asked = parser.parse_args(sys.argv[1:2])
    sys.exit(COMMANDS[asked.command](sys.argv[2:]))
