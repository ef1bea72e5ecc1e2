"""The data directory: everything an installation on one machine keeps, and the lock that lets one process use it.

All of it is its owner's alone: a process that opens one makes files for nobody else from then on (umask), so do those
that it starts, and what an earlier version left readable is closed before anything is started.

`lock` is held (flock) from before anything is written until the last server has ended; the broker inherits it, so that
even an orphan keeps others out. `tovholder.json` says that the folder is ours and what made it: a folder with anything
else in it is never touched, and only what a demo made may be emptied.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import secrets
import shutil
import stat
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Literal, Self

from deploy.local import session_keys as badge_keys
from deploy.local.databases import roles
from deploy.local.ed25519 import public_key
from deploy.local.errors import StackError
from deploy.local.link_keys import NotNowError, Step, change
from deploy.local.ports import LAST_PORT, claim, free_ports, is_free, lowest_port
from shared.base.files import OTHERS, for_its_owner_alone

MadeBy = Literal["up", "demo"]
Ports = Literal["auto"] | int
SERVERS = ("gateway", "mail", "smtp", "kafka", "kafka_controller", "postgres", "oidc")
FIRST_SERVICE_OFFSET = 10
ORPHAN_DEADLINE_S = 15.0
RETRY_S = 0.1
ADMIN_PASSWORD = "postgres-admin"  # noqa: S105 # a file's name
API_TOKEN = "api-token"  # noqa: S105 # as above
MAIL_KEY = "mail-key"
SESSION_KEY = "session-key"
SESSION_PUBLIC_KEYS = "session-public-keys"
NEXT_SESSION_KEY = "next-session-key"
OTHER_LINK_KEY = "other-link-key"


class DataDir:
    """An opened data directory; `close` gives the lock back."""

    def __init__(self, path: Path, made_by: MadeBy) -> None:
        self.path = path.absolute()
        self.made_by = made_by
        self._lock_fd: int | None = None

    @classmethod
    def open(cls, path: Path, made_by: MadeBy = "up") -> Self:
        """Locks and marks the folder, making it if need be. Raises StackError when it is another's or in use."""
        self = cls(path, made_by)
        foreign = not self.marker.exists() and self._strangers()
        if foreign:
            raise StackError(f"{self.path} holds {foreign[0]} and was not made by Tovholder. Choose an empty folder.")
        for_its_owner_alone()
        self.path.mkdir(parents=True, exist_ok=True)
        self._take_lock()
        try:
            self._check_marker()
            self._close_to_others()
            self._make_folders()
        except BaseException:
            self.close()
            raise
        return self

    @property
    def marker(self) -> Path:
        return self.path / "tovholder.json"

    @property
    def logs(self) -> Path:
        return self.path / "logs"

    @property
    def mails(self) -> Path:
        """Each mail as `.eml`."""
        return self.path / "mails"

    @property
    def calendar(self) -> Path:
        """Each mail's calendar part as `.ics`."""
        return self.path / "calendar"

    @property
    def documents(self) -> Path:
        """Invoices and credit notes as files."""
        return self.path / "invoices"

    @property
    def prefix(self) -> str:
        """Before the names of the topics and groups that belong to what lies here."""
        file = self.path / "prefix"
        return file.read_text() if file.exists() else ""

    @prefix.setter
    def prefix(self, prefix: str) -> None:
        write_atomically(self.path / "prefix", prefix)

    @property
    def lock_fd(self) -> int:
        """For processes that must keep others out for as long as they live."""
        if self._lock_fd is None:
            raise StackError(f"{self.path} is not open.")
        return self._lock_fd

    def close(self) -> None:
        """Gives the lock back; harmless when closed."""
        if self._lock_fd is not None:
            os.close(self._lock_fd)
            self._lock_fd = None

    def empty(self) -> None:
        """Removes everything but the lock and the marker. Only a demo's folder may be emptied."""
        if self.made_by != "demo":
            raise StackError(f"{self.path} was not made by a demo and is not emptied.")
        for child in self.path.iterdir():
            if child.name in ("lock", self.marker.name):
                continue
            if child.is_dir() and not child.is_symlink():
                shutil.rmtree(child)
            else:
                child.unlink()
        self._make_folders()

    def forget_documents(self) -> None:
        """Removes invoices and credit notes. As with `empty`, only in a demo's folder."""
        if self.made_by != "demo":
            raise StackError(f"{self.path} was not made by a demo and is not emptied.")
        shutil.rmtree(self.documents)
        self._make_folders()

    def ports(self, wanted: Ports, services: Iterable[str]) -> dict[str, int]:
        """A port per server and service.

        No two have the same. "auto" keeps what was stored, so that links in mails stay good, and chooses anew for a
        port that is taken. A number is the gateway's, the others follow it, and one that is taken is an error.
        """
        names = (*SERVERS, *services)
        if wanted == "auto":
            chosen = self._auto_ports(names)
        else:
            offsets = (*range(len(SERVERS)), *range(FIRST_SERVICE_OFFSET, FIRST_SERVICE_OFFSET + len(names)))
            chosen = {name: wanted + offset for name, offset in zip(names, offsets, strict=False)}
            if not 0 < wanted <= max(chosen.values()) <= LAST_PORT:
                raise StackError(f"--ports {wanted}: the ports {wanted}–{max(chosen.values())} are needed.")
            if wanted < lowest_port():
                raise StackError(f"--ports {wanted}: only an administrator may use ports below {lowest_port()}.")
            taken = [f"{port} ({name})" for name, port in chosen.items() if not is_free(port)]
            if taken:
                raise StackError(f"These ports are taken: {', '.join(taken)}. Choose another --ports.")
        write_atomically(self.path / "ports.json", json.dumps(chosen, indent=1))
        return chosen

    def _auto_ports(self, names: tuple[str, ...]) -> dict[str, int]:
        stored: dict[str, int] = {}
        file = self.path / "ports.json"
        if file.exists():
            try:
                stored = {name: int(port) for name, port in json.loads(file.read_text()).items()}
            except (ValueError, AttributeError):
                stored = {}
        kept: dict[str, int] = {}
        for name in names:
            port = stored.get(name)
            if port is not None and port not in kept.values() and claim(port):
                kept[name] = port
        missing = [name for name in names if name not in kept]
        chosen = {**kept, **dict(zip(missing, free_ports(len(missing), kept.values()), strict=True))}
        return {name: chosen[name] for name in names}

    def secret(self, name: str) -> str:
        """A secret of this installation: 32 random bytes as hex, made when first asked for; only its owner reads it."""
        return secret_in(self.secrets, name)

    def secret_file(self, name: str) -> Path:
        """Where a secret lies."""
        return self.secrets / name

    def session_keys(self) -> tuple[Path, Path]:
        """The files with the key that signs badges, and with the public ones that read them."""
        key, public = self.secrets / SESSION_KEY, self.secrets / SESSION_PUBLIC_KEYS
        self.secret(SESSION_KEY)
        if not public.exists():
            write_atomically(public, public_key(bytes.fromhex(key.read_text())).hex() + "\n")
        return key, public

    def link_key_file(self, seed: int | None) -> Path:
        """The file with the key that signs links. With a seed the key follows from it: a demo repeats itself."""
        file = self.secrets / "link-key"
        if seed is not None:
            write_atomically(file, hashlib.sha256(f"tovholder demo link key {seed}".encode()).hexdigest())
        else:
            self.secret(file.name)
        return file

    def change_link_key(self, step: Step) -> None:
        """A step of `deploy.local.link_keys`; takes effect when the services are started again."""
        self.secret("link-key")
        try:
            change(self.secrets / "link-key", self.secret_file(OTHER_LINK_KEY), step, write_atomically)
        except NotNowError as why_not:
            raise StackError(f"Nøglen er ikke ændret: {why_not}.") from None

    def change_session_key(self, step: badge_keys.Step) -> None:
        """A step of `deploy.local.session_keys`; takes effect when the services are started again."""
        try:
            badge_keys.change(self._session_key_files(), step, write_atomically)
        except badge_keys.NotNowError as why_not:
            raise StackError(f"Nøglen er ikke ændret: {why_not}.") from None

    def session_key_step(self) -> str:
        """The step that was taken last; empty = the key is not being changed."""
        return badge_keys.standing(self._session_key_files())

    def _session_key_files(self) -> badge_keys.KeyFiles:
        return badge_keys.KeyFiles(*self.session_keys(), self.secrets / NEXT_SESSION_KEY)

    def passwords(self, services: Iterable[str]) -> dict[str, str]:
        """Of each database role, by its name."""
        return {role: self.secret(f"postgres-{role}") for service in services for role in roles(service)}

    @property
    def secrets(self) -> Path:
        """The folder of `secret`, for its owner alone."""
        return self.path / "secrets"

    def _make_folders(self) -> None:
        for folder in (self.logs, self.mails, self.calendar, self.documents, self.path / "caddy", self.secrets):
            folder.mkdir(mode=0o700, exist_ok=True)

    def _close_to_others(self) -> None:
        """Nobody but their owner may read or write what lies here, whatever made it; links are not followed."""
        self._close(str(self.path))
        for folder, folders, files in os.walk(self.path):
            for name in (*folders, *files):
                with contextlib.suppress(FileNotFoundError):
                    self._close(os.path.join(folder, name))  # noqa: PTH118 # half the time of a Path, for each of all files

    def _close(self, path: str) -> None:
        mode = os.lstat(path).st_mode
        if mode & OTHERS and not stat.S_ISLNK(mode):
            try:
                os.chmod(path, stat.S_IMODE(mode) & ~OTHERS)  # noqa: PTH101 # as above
            except PermissionError:
                raise StackError(f"{path} belongs to somebody else and can be read by others. Remove it.") from None

    def _strangers(self) -> list[str]:
        if not self.path.exists():
            return []
        if not self.path.is_dir():
            return [self.path.name]
        ours = {"lock", self.marker.with_suffix(".new").name}
        return sorted(child.name for child in self.path.iterdir() if child.name not in ours)

    def _take_lock(self) -> None:
        """Waits for the orphans of a process that was killed, which end by themselves; never for a living one."""
        file_descriptor = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        until = time.monotonic() + ORPHAN_DEADLINE_S
        while True:
            try:
                fcntl.flock(file_descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                holder = os.pread(file_descriptor, 20, 0).decode(errors="replace").strip()
                alive = holder.isdecimal() and _is_alive(int(holder))
                if alive or time.monotonic() > until:
                    os.close(file_descriptor)
                    raise StackError(
                        f"{self.path} is in use by process {holder or '?'}"
                        + ("." if alive else ", which is gone, but a server that it started still runs.")
                        + " Stop it, or choose another --data-dir."
                    ) from None
                time.sleep(RETRY_S)
        os.ftruncate(file_descriptor, 0)
        os.pwrite(file_descriptor, str(os.getpid()).encode(), 0)
        self._lock_fd = file_descriptor

    def _check_marker(self) -> None:
        if not self.marker.exists():
            write_atomically(self.marker, json.dumps({"tovholder": 1, "made_by": self.made_by}))
            return
        try:
            found = json.loads(self.marker.read_text())
            made_by, version = found["made_by"], found["tovholder"]
        except (ValueError, KeyError, TypeError):
            raise StackError(f"{self.marker} can't be read, so nothing in its folder is touched.") from None
        if version != 1:
            raise StackError(f"{self.path} was made by another version of Tovholder (format {version}).")
        if made_by != self.made_by:
            refusal = f"{self.path} was made by `tovholder {made_by}` and is not used for `{self.made_by}`."
            if made_by == "demo":
                refusal += f" To look at what was played: `tovholder demo --look --data-dir {self.path}`."
            raise StackError(f"{refusal} Choose another folder.")


def secret_in(folder: Path, name: str) -> str:
    """See `DataDir.secret`."""
    file = folder / name
    if not file.exists():
        write_atomically(file, secrets.token_hex(32))
    return file.read_text()


def write_atomically(path: Path, text: str) -> None:
    """The whole text or what was there before, never half of it, also after a power cut; for its owner alone."""
    unfinished = path.with_suffix(".new")
    with open(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:  # noqa: PTH123 # a descriptor: the mode must hold from the first byte
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
