"""python -m services.notifications."""

from __future__ import annotations

import sys

if __name__ == "__main__":
    if sys.argv[1:3] == ["calendar", "check"]:
        from services.notifications.entrypoints.calendar_check import calendar_check

        sys.exit(calendar_check(sys.argv[2:]))
    from services.notifications.app import SERVICE
    from shared.runtime.commands import main

    main(SERVICE)
