"""What this service is told by its environment."""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Self, get_args

from pydantic import BeforeValidator, Field, SecretStr, field_validator, model_validator

from shared.contracts.staff import Role
from shared.runtime.settings import OptionalPath, ServiceSettings, none_if_blank, read_keys

LONGEST_KEPT = 2191
"""Six years: whatever day it ended on, five have passed since the end of its financial year (bogføringsloven)."""
SHORTEST_KEPT = 365
"""As long as a contact sees who came, and invoices are asked about."""
OptionalText = Annotated[str | None, BeforeValidator(none_if_blank)]


class Settings(ServiceSettings):
    """What an enrollment process is told beside what every service is."""

    keep_people_days: int = Field(default=LONGEST_KEPT, ge=SHORTEST_KEPT, le=LONGEST_KEPT)
    """So many days after the end of the last thing that somebody is part of they are forgotten, by domain time. The
    first mail to them says that it is after little more than six years at the latest."""
    oidc_issuer: OptionalText = None
    """The organiser's identity provider (OpenID Connect), as it calls itself; unset = nobody signs in."""
    oidc_client_id: OptionalText = None
    oidc_client_secret: Annotated[SecretStr | None, BeforeValidator(none_if_blank)] = None
    session_key_file: OptionalPath = None
    """File with the Ed25519 key that signs badges, 32 bytes in hex; no other service has it."""
    staff_roles: str = ""
    """`role=address,address role=…`: roles in all programmes that hold as long as the process does, so that there is
    somebody to grant the others. Addresses are as the provider vouches for them."""

    @model_validator(mode="after")
    def _oidc_is_whole(self) -> Self:
        said = (self.oidc_issuer, self.oidc_client_id, self.oidc_client_secret)
        if any(said) and not all(said):
            raise ValueError("TOVHOLDER_OIDC_ISSUER, _CLIENT_ID and _CLIENT_SECRET belong together")
        return self

    @field_validator("staff_roles")
    @classmethod
    def _readable_roles(cls, value: str) -> str:
        _read_roles(value)
        return value

    @property
    def oidc_secrets(self) -> tuple[str, str, str] | None:
        """Issuer, our id there and our secret; None = nobody signs in."""
        if self.oidc_issuer is None or self.oidc_client_id is None or self.oidc_client_secret is None:
            return None
        return self.oidc_issuer, self.oidc_client_id, self.oidc_client_secret.get_secret_value()

    @cached_property
    def session_key(self) -> bytes:
        """ValueError without a file, or where it holds anything else."""
        if self.session_key_file is None:
            raise ValueError("TOVHOLDER_SESSION_KEY_FILE is not set: nobody can sign in")
        (key,) = read_keys(self.session_key_file, "TOVHOLDER_SESSION_KEY_FILE")
        return key

    @cached_property
    def _roles(self) -> dict[str, frozenset[Role]]:
        return _read_roles(self.staff_roles)

    def roles_of(self, email: str) -> frozenset[Role]:
        """Those that whoever has this address has without being granted them."""
        return self._roles.get(email.lower(), frozenset()) if email else frozenset()


def _read_roles(text: str) -> dict[str, frozenset[Role]]:
    found: dict[str, set[Role]] = {}
    for part in text.split():
        role, _, addresses = part.partition("=")
        known: tuple[Role, ...] = get_args(Role)
        which = next((one for one in known if one == role), None)
        if which is None or not addresses:
            raise ValueError(f"TOVHOLDER_STAFF_ROLES is not role=address,address …, with roles {', '.join(known)}")
        for address in filter(None, addresses.split(",")):
            found.setdefault(address.lower(), set()).add(which)
    return {address: frozenset(roles) for address, roles in found.items()}
