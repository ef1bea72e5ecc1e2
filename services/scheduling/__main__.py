"""python -m services.scheduling."""

from __future__ import annotations

from services.scheduling.app import SERVICE
from shared.runtime.commands import main

if __name__ == "__main__":
    main(SERVICE)
