"""python -m services.invoicing."""

from __future__ import annotations

from services.invoicing.app import SERVICE
from shared.runtime.commands import main

if __name__ == "__main__":
    main(SERVICE)
