"""What a token may open: a scope for every command and every list, named by what they are called already.

`enrollment.EnrolMunicipality` is the command of that name, whichever door it comes through; `enrollment.enrolments` is
what lies at `/api/enrollment/enrolments`, all of it or one. So whatever is added has its scope by itself, and no token
opens it until somebody says so. A bundle is a name for several; `staff` opens everything.
"""

from __future__ import annotations

from collections.abc import Iterable

from shared.contracts import catalogue
from shared.contracts.event import COMMANDS, Command

STAFF = "staff"
"""The scope that may do everything."""

_PREFIX = "/api/"


def of_command(command: type[Command], service: str = "") -> str:
    """From the wire name, in every version; from the class and `service` where a command has none."""
    wire_name = getattr(command, "type", None)
    if wire_name is None:
        return f"{service}.{command.__name__}"
    _, owner, name, _ = wire_name.split(".")
    return f"{owner}.{name}"


def of_path(path: str) -> str:
    """From the words of a path, without its parameters: `/api/enrollment/enrolments/{enrolment_id}/participants`."""
    words = path.removeprefix(_PREFIX).split("/")
    return ".".join(word for word in words if word and not word.startswith("{"))


def service_of(path: str) -> str:
    return path.removeprefix(_PREFIX).partition("/")[0]


def opened(scopes: Iterable[str]) -> frozenset[str]:
    """The scopes themselves, and whatever the bundles among them stand for."""
    given = frozenset(scopes)
    return given.union(*(catalogue.BUNDLES.get(one, ()) for one in given))


def known_everywhere() -> frozenset[str]:
    """What can be named without asking a service: everything, the bundles and what is in them, each intake command."""
    bundled = {scope for bundle in catalogue.BUNDLES.values() for scope in bundle}
    return frozenset({STAFF, *catalogue.BUNDLES, *bundled, *map(of_command, COMMANDS.values())})
