"""`tovholder up --json` with stand-ins for the services: `run_up.py DATA_DIR PORTS`."""

from __future__ import annotations

import functools
import sys
from pathlib import Path

from deploy.local import up
from deploy.local.errors import StackError
from deploy.local.stack import Stack

STANDIN = Path(__file__).with_name("standin.py")


def standin(_service: str) -> list[str]:
    return [sys.executable, str(STANDIN)]


if __name__ == "__main__":
    up.Stack = functools.partial(Stack, service_command=standin)  # type: ignore[misc,assignment] # the real `up`, other services
    try:
        up.up(Path(sys.argv[1]), up.parse_ports(sys.argv[2]), as_json=True)
    except StackError as error:
        sys.exit(str(error))
