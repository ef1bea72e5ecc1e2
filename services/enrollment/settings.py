"""What this service is told by its environment."""

from __future__ import annotations

from pydantic import Field

from shared.runtime.settings import ServiceSettings

LONGEST_KEPT = 2191
"""Six years: whatever day it ended on, five have passed since the end of its financial year (bogføringsloven)."""
SHORTEST_KEPT = 365
"""As long as a contact sees who came, and invoices are asked about."""


class Settings(ServiceSettings):
    """What an enrollment process is told beside what every service is."""

    keep_people_days: int = Field(default=LONGEST_KEPT, ge=SHORTEST_KEPT, le=LONGEST_KEPT)
    """So many days after the end of the last thing that somebody is part of they are forgotten, by domain time. The
    first mail to them says that it is after little more than six years at the latest."""
