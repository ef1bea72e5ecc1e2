"""python -m tests.support.toy."""

from __future__ import annotations

from shared.runtime.commands import main
from tests.support.toy import SERVICE

if __name__ == "__main__":
    main(SERVICE)
