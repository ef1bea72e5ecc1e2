"""A program that says where it is and how it was started; the environment tells it to wait or to fail."""

from __future__ import annotations

import json
import os
import signal
import sys

from tests.integration.local import forged_library

if __name__ == "__main__":
    if "FORGED_FAILS" in os.environ:
        raise ValueError("as asked")
    said = {
        "name": __name__,
        "argv": sys.argv,
        "FORGED": os.environ.get("FORGED"),
        "cwd": str(os.getcwd()),  # noqa: PTH109
        "pid": os.getpid(),
        "group": os.getpgid(0),
        "library": forged_library.READ_BY,
        "stdin": sys.stdin.read(),
    }
    sys.stdout.write(json.dumps(said) + "\n")
    sys.stdout.flush()
    if "FORGED_WAITS" in os.environ:
        signal.pause()
    sys.exit(7)
