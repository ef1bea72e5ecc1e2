"""Files from Maven packages, exactly those of the committed locks.

None is put on a class path or opened unless its SHA-256 is its lock's: jgo fetches, and verifying is done here, because
jgo writes such sums and never reads them. One file lock per cache, so that two installations never write the same one.
`python -m deploy.local.jars NAME …` installs; with `--lock` it writes the locks anew (`make lock`).
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import tomllib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from jgo.maven import MavenContext, PythonResolver

from deploy.local.errors import StackError
from deploy.local.locations import cache_dir

FOLDER = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Lock:
    """What is wanted, and the file that says which files that is. Without `transitive` only what is named."""

    name: str
    wanted: tuple[str, ...]
    transitive: bool = True

    @property
    def file(self) -> Path:
        return FOLDER / f"{self.name}.lock.toml"


KAFKA = Lock(
    "kafka",
    (
        "org.apache.kafka:kafka_2.13:4.3.1",
        # `!` = raw: its bill of materials would otherwise replace Kafka's own versions.
        "org.apache.logging.log4j:log4j-slf4j-impl:2.25.3!",
    ),
)
EINVOICE_RULES = Lock(
    "einvoice-rules",
    (
        "com.helger.phive.rules:phive-rules-peppol:4.3.7",
        "com.helger.phive.rules:phive-rules-oioubl:4.2.3",
        "com.helger.ubl:ph-ubl21:10.2.0",
        # What the schemas of UBL 2.1 import without saying where it lies.
        "com.helger.xsd:ph-xsds-ccts-cct-schemamodule:4.1.0",
        "com.helger.xsd:ph-xsds-xmldsig:4.1.0",
    ),
    transitive=False,
)
"""The official rules of Peppol BIS 3 and OIOUBL, and the schemas of UBL 2.1. They are not ours to ship."""
VERAPDF = Lock("verapdf", ("org.verapdf.apps:greenfield-apps:1.28.2",), transitive=False)
"""A test tool: judges PDF/A and PDF/UA. Its jar holds all it needs."""
ICAL4J = Lock("ical4j", ("org.mnode.ical4j:ical4j:4.4.0",))
"""A test tool: judges calendar files."""
LOCKS = {lock.name: lock for lock in (KAFKA, EINVOICE_RULES, VERAPDF, ICAL4J)}
THREADS = 8
FETCH_TIMEOUT_S = 120


@dataclass(frozen=True, slots=True)
class Jar:
    """One entry of the lock."""

    group: str
    artifact: str
    version: str
    sha256: str

    def __str__(self) -> str:
        return f"{self.group}:{self.artifact}:{self.version}"


Fetch = Callable[[Jar, Path], Path]
"""Brings one jar into a cache folder, laid out as a Maven repository, and returns its path."""


def read_lock(lock: Lock = KAFKA) -> tuple[Jar, ...]:
    """The lock's entries, in its order."""
    return tuple(Jar(**entry) for entry in tomllib.loads(lock.file.read_text())["jar"])


def install(
    jars: tuple[Jar, ...] | None = None,
    cache: Path | None = None,
    fetch: Fetch | None = None,
) -> tuple[Path, ...]:
    """Every jar of the lock, present and checked. A jar with another sum is deleted and named in the error."""
    folder = (cache or cache_dir()) / "jars"
    folder.mkdir(parents=True, exist_ok=True)
    with _exclusive(folder / "lock"), ThreadPoolExecutor(THREADS) as pool:
        return tuple(pool.map(lambda jar: _install_one(jar, folder, fetch or _fetch), jars or read_lock()))


def class_path(paths: tuple[Path, ...]) -> str:
    """The `-cp` argument for java."""
    return ":".join(str(path) for path in paths)


def write_lock(lock: Lock, cache: Path | None = None) -> tuple[Jar, ...]:
    """Resolves what is wanted and records what the repository serves now; reviewed like any other change."""
    folder = (cache or cache_dir()) / "jars"
    folder.mkdir(parents=True, exist_ok=True)
    context = _context(folder)
    if lock.transitive:
        inputs, more = context.resolver.resolve([context.create_dependency(wanted) for wanted in lock.wanted])
        found = {(d.groupId, d.artifactId, d.version) for d in (*inputs, *more) if d.type == "jar"}
    else:
        found = {(group, artifact, version) for group, artifact, version in (one.split(":") for one in lock.wanted)}
    with _exclusive(folder / "lock"), ThreadPoolExecutor(THREADS) as pool:
        unsummed = [Jar(*coordinates, sha256="") for coordinates in sorted(found)]
        sums = pool.map(lambda jar: _sha256(_fetch(jar, folder)), unsummed)
        jars = tuple(Jar(j.group, j.artifact, j.version, s) for j, s in zip(unsummed, sums, strict=True))
    head = "# Written by `make lock`. Each file is checked against its sum before anything opens it.\n"
    lock.file.write_text(head + "".join(_entry(jar) for jar in jars))
    return jars


def _entry(jar: Jar) -> str:
    fields = (("group", jar.group), ("artifact", jar.artifact), ("version", jar.version), ("sha256", jar.sha256))
    return "\n[[jar]]\n" + "".join(f'{name} = "{value}"\n' for name, value in fields)


def _install_one(jar: Jar, folder: Path, fetch: Fetch) -> Path:
    path = folder.joinpath(*jar.group.split("."), jar.artifact, jar.version, f"{jar.artifact}-{jar.version}.jar")
    if not path.exists():
        path = fetch(jar, folder)
    found = _sha256(path)
    if found != jar.sha256:
        path.unlink()
        raise StackError(
            f"{path.name} is not the file of the lock ({jar}): SHA-256 {found}, expected {jar.sha256}. "
            "It was deleted; run the command again to fetch it anew."
        )
    return path


def _fetch(jar: Jar, folder: Path) -> Path:
    project = _context(folder).project(jar.group, jar.artifact)
    try:
        path: Path = project.at_version(jar.version).artifact().resolve()
    except Exception as error:
        raise StackError(f"{jar} could not be fetched: {error}") from error
    return path


def _context(folder: Path):  # type: ignore[no-untyped-def] # noqa: ANN202 # jgo has no types
    return MavenContext(repo_cache=folder, resolver=PythonResolver(), timeout=FETCH_TIMEOUT_S)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def _exclusive(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def main() -> None:
    """Installs the files of the locks that are named, or writes the locks."""
    parser = argparse.ArgumentParser(prog="python -m deploy.local.jars", description=main.__doc__)
    parser.add_argument("name", nargs="*", help=f"which locks ({', '.join(LOCKS)}); kafka if none is named")
    parser.add_argument("--lock", action="store_true", help="resolve anew and write the locks")
    options = parser.parse_args()
    if unknown := set(options.name) - set(LOCKS):
        parser.error(f"there is no lock named {', '.join(sorted(unknown))}")
    for lock in (LOCKS[name] for name in options.name or [KAFKA.name]):
        if options.lock:
            write_lock(lock)
        install(read_lock(lock))


if __name__ == "__main__":
    main()
