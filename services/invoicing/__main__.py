"""python -m services.invoicing."""

from __future__ import annotations

import sys

from services.invoicing.entrypoints.commands import document
from shared.runtime.service import Host


async def _open_host() -> Host:
    """Read only by the commands that need the service: the others judge and make files in a third of the time."""
    from services.invoicing.app import open_own_host  # noqa: PLC0415  (as said)

    return await open_own_host()


if __name__ == "__main__":
    if sys.argv[1:2] == ["document"]:
        sys.exit(document(sys.argv[2:], _open_host))
    from services.invoicing.app import SERVICE
    from shared.runtime.commands import main

    main(SERVICE)
