"""What the organiser's people may do: roles that administrators grant and take back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from shared.contracts.refusal import Refused
from shared.contracts.staff import EVERYWHERE, Role


@dataclass(frozen=True, slots=True)
class Grant:
    """A role, in one programme or EVERYWHERE. Without an account nobody has signed in with the address yet."""

    id: int
    account_id: str | None
    name: str | None
    email: str
    programme_id: str
    role: Role
    granted_at: datetime
    granted_by: str | None

    @property
    def administers_all(self) -> bool:
        return self.role == "administrator" and self.programme_id == EVERYWHERE


def require_grant(grant: Grant | None) -> Grant:
    if grant is None:
        raise Refused("unknown_grant", "Rollen er allerede taget tilbage.", status=404, field="grant_id")
    return grant


def require_another(grant: Grant, administrators: int) -> None:
    """Somebody is left who can grant roles: the last role of an administrator of everything is not taken back."""
    if grant.administers_all and administrators <= 1:
        raise Refused(
            "last_administrator",
            "Der skal altid være en administrator. Giv rollen til en anden først.",
            field="grant_id",
        )
