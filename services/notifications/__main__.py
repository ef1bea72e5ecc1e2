"""python -m services.notifications."""

from __future__ import annotations

from services.notifications.app import SERVICE
from shared.runtime.commands import main

if __name__ == "__main__":
    main(SERVICE)
