"""What invoicing is told by its environment."""

from __future__ import annotations

from shared.runtime.settings import OptionalPath, ServiceSettings


class Settings(ServiceSettings):
    """`TOVHOLDER_*` of the environment, as for every service, and:"""

    einvoice_rules: OptionalPath = None
    """Folder with the official rules of e-invoices, unpacked; unset = the official check is left out and said to be."""
