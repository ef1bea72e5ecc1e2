"""python -m services.enrollment."""

from __future__ import annotations

from services.enrollment.app import SERVICE
from shared.runtime.commands import main

if __name__ == "__main__":
    main(SERVICE)
