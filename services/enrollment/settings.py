"""What this service is told by its environment."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import BeforeValidator, Field, SecretStr, model_validator

from shared.runtime.settings import ServiceSettings, none_if_blank

LONGEST_KEPT = 2191
"""Six years: whatever day it ended on, five have passed since the end of its financial year (bogføringsloven)."""
SHORTEST_KEPT = 365
"""As long as a contact sees who came, and invoices are asked about."""


class Settings(ServiceSettings):
    """What an enrollment process is told beside what every service is."""

    keep_people_days: int = Field(default=LONGEST_KEPT, ge=SHORTEST_KEPT, le=LONGEST_KEPT)
    """So many days after the end of the last thing that somebody is part of they are forgotten, by domain time. The
    first mail to them says that it is after little more than six years at the latest."""
    oidc_issuer: Annotated[str | None, BeforeValidator(none_if_blank)] = None
    """The OpenID Connect provider that staff sign in at, as its tokens name it. Unset = nobody signs in."""
    oidc_client_id: Annotated[str | None, BeforeValidator(none_if_blank)] = None
    """What the provider knows this installation by; `oidc_client_secret` goes with it."""
    oidc_client_secret: Annotated[SecretStr | None, BeforeValidator(none_if_blank)] = None

    @model_validator(mode="after")
    def _provider_is_named_in_full(self) -> Self:
        named = {one is not None for one in (self.oidc_issuer, self.oidc_client_id, self.oidc_client_secret)}
        if len(named) > 1:
            raise ValueError("TOVHOLDER_OIDC_ISSUER, _CLIENT_ID and _CLIENT_SECRET belong together")
        return self
