"""What the organiser's own people may do, by their roles in a programme, or in all of them.

A role opens scopes (`shared.web.scopes`), by the names that commands and lists have already: what is added has its
scope by itself, and is the consultants' until somebody says otherwise here.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal, get_args

Role = Literal["reader", "consultant", "finance", "administrator", "operator"]
ROLES: tuple[Role, ...] = get_args(Role)
EVERYWHERE = ""
"""Instead of a programme's id: a role in all programmes, those to come among them."""

IN_DANISH: dict[Role, str] = {
    "reader": "Læser",
    "consultant": "Konsulent",
    "finance": "Økonomi",
    "administrator": "Administrator",
    "operator": "Drift",
}

ADMINISTERED = frozenset(
    {
        *("ErasePerson", "FindPeople", "ForgetPerson", "people"),
        *("GrantRole", "RevokeRole", "EndSession", "staff", "sessions"),
        *("PutOrganisation", "ImportAddresses", "MergeOrganisations", "AcceptMailbox"),
        *("AddClient", "RenewToken", "RevokeTokens", "clients"),
    }
)
"""Only administrators', in whichever service: who may do what, people and programs, and what is about one person
everywhere, and changes of the address book, which belongs to no programme. They are commands, and the first words of
lists.
"""
OPERATED = frozenset({"KeepErased"})
"""Only operators', in whichever service: what keeps the installation running, and shows nothing of what it holds."""
FINANCED = frozenset({"invoicing", "enrollment.ChangeBilling", "enrollment.ChangeExtraBilling"})
"""Finance's: all of that service, and single commands of others."""


def is_write(scope: str) -> bool:
    """Whether it names a command; the words of a path are written small."""
    return scope.rpartition(".")[2][:1].isupper()


def opens(role: Role, scope: str) -> bool:
    """Whether somebody with this role may ask for it, in a programme in which they have it."""
    service, _, named = scope.partition(".")
    first = named.partition(".")[0]
    if first in ADMINISTERED:
        return role == "administrator"
    if first in OPERATED:
        return role == "operator"
    if role == "operator":
        return False
    if role == "administrator" or not is_write(scope):
        return True
    financial = scope in FINANCED or service in FINANCED
    if role == "finance":
        return financial
    return role == "consultant" and service != "invoicing"


def any_opens(roles: Collection[Role], scope: str) -> bool:
    return any(opens(role, scope) for role in roles)
