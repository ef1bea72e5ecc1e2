"""python -m services.toy."""

from __future__ import annotations

from services.toy.app import SERVICE

from shared.runtime.commands import main

if __name__ == "__main__":
    main(SERVICE)
