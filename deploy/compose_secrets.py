"""`python3 -m deploy.compose_secrets` writes what docker-compose.yml mounts as secrets; it needs nothing but Python.

What is there stays as it is, so a second run only adds what a new service needs. The folder is for its owner alone. The
files in it can be read by all, because a container mounts a file with its mode and its user is none of the host's.
"""

from __future__ import annotations

import argparse
import hashlib
import secrets
import sys
from pathlib import Path

from deploy.local import session_keys
from deploy.local.ed25519 import public_key
from deploy.local.link_keys import STEPS, NotNowError, change
from deploy.local.locations import ROOT, service_names
from deploy.local.principals import ADMIN as ADMIN_OF_KAFKA
from deploy.local.principals import BROKER, OPERATOR, principal, principals

FOLDER = ROOT / "secrets"
ADMIN = "postgres"
KAFKA_SUPER_USERS = {ADMIN_OF_KAFKA: "kafka_admin_password", BROKER: "kafka_broker_password"}
"""In which file the password of each lies; the others' are in `kafka_passwords`, and each by itself as well."""
KAFKA_CERTIFICATES = ("kafka_broker.pem", "kafka_ca.pem")
"""For TLS, if somebody puts them there: the broker's key and certificate, and whoever signed it."""
OIDC_CLIENT_SECRET = "oidc_client_secret"  # noqa: S105 # a file's name
SESSION_KEY, SESSION_PUBLIC_KEYS = "session_key", "session_public_keys"
"""What signs the badges of whoever has signed in, which enrollment alone gets, and what reads them."""
NEXT_SESSION_KEY = "next_session_key"
"""While it is changed: the one to come, which is mounted nowhere."""
"""What the provider that staff sign in at has given this installation."""
TOKEN_NAME = "compose"  # noqa: S105 # whose token it is, not the token


def write_secrets(folder: Path, services: tuple[str, ...]) -> None:
    """Every file of `file_names`, and `api_token`, which is for people and never mounted."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    roles = [ADMIN, *(role for service in services for role in (service, f"{service}_owner"))]
    passwords = _passwords(folder / "role_passwords", roles)
    _write(folder / "role_passwords", "".join(f"{role}={password}\n" for role, password in passwords.items()))
    _write(folder / "postgres_password", passwords[ADMIN])
    for service in services:
        for name, role in (("database_url", service), ("migration_url", f"{service}_owner")):
            url = f"postgresql://{role}:{passwords[role]}@postgres:5432/tovholder_{service}"
            _write(folder / f"{service}_{name}", url)
    in_kafka = _passwords(folder / "kafka_passwords", list(principals(services)))
    _write(folder / "kafka_passwords", "".join(f"{who}={password}\n" for who, password in in_kafka.items()))
    _write(folder / "kafka_operator_password", in_kafka[OPERATOR])
    for service in services:
        _write(folder / f"{service}_kafka_password", in_kafka[principal(service)])
    for name in ("api_token", "link_key", "mail_key", SESSION_KEY, *KAFKA_SUPER_USERS.values()):
        if not (folder / name).exists():
            _write(folder / name, secrets.token_hex(32))
    if not (folder / SESSION_PUBLIC_KEYS).exists():
        seed = bytes.fromhex((folder / SESSION_KEY).read_text())
        _write(folder / SESSION_PUBLIC_KEYS, f"{public_key(seed).hex()}\n")
    digest = hashlib.sha256((folder / "api_token").read_bytes().strip()).hexdigest()
    # Empty: the link key is not being changed, nobody signs in, and Kafka has no certificate.
    for name in ("other_link_key", OIDC_CLIENT_SECRET, *KAFKA_CERTIFICATES):
        if not (folder / name).exists():
            _write(folder / name, "")
    if not (folder / "api_tokens").exists():
        _write(folder / "api_tokens", f"{TOKEN_NAME}:{digest}")


def file_names(services: tuple[str, ...]) -> tuple[str, ...]:
    """The files that containers get, sorted."""
    own = (f"{service}_{name}" for service in services for name in ("database_url", "migration_url", "kafka_password"))
    kafka = ("kafka_passwords", "kafka_operator_password", *KAFKA_SUPER_USERS.values(), *KAFKA_CERTIFICATES)
    both = ("api_tokens", "link_key", "mail_key", "other_link_key", "postgres_password", "role_passwords")
    signing_in = (OIDC_CLIENT_SECRET, SESSION_KEY, SESSION_PUBLIC_KEYS)
    return tuple(sorted((*both, *signing_in, *kafka, *own)))


def _passwords(file: Path, roles: list[str]) -> dict[str, str]:
    lines = file.read_text().splitlines() if file.exists() else []
    known = {role: password for role, _, password in (line.partition("=") for line in lines) if password}
    return {role: known.get(role) or secrets.token_hex(24) for role in [*known, *roles]}


def _write(path: Path, text: str) -> None:
    unfinished = path.with_suffix(".new")
    unfinished.write_text(text)
    unfinished.chmod(0o444)
    unfinished.replace(path)


def main() -> None:
    """Writes what is missing."""
    parser = argparse.ArgumentParser(prog="python3 -m deploy.compose_secrets", description=main.__doc__)
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where to (default: secrets/)")
    parser.add_argument("--link-key", choices=STEPS, help="a step of changing the key that signs links")
    parser.add_argument(
        "--session-key", choices=session_keys.STEPS, help="a step of changing the key that signs badges"
    )
    parsed = parser.parse_args()
    write_secrets(parsed.folder, service_names())
    if parsed.link_key:
        try:
            change(parsed.folder / "link_key", parsed.folder / "other_link_key", parsed.link_key, _write)
        except NotNowError as why_not:
            parser.error(str(why_not))
    files = session_keys.KeyFiles(
        *(parsed.folder / name for name in (SESSION_KEY, SESSION_PUBLIC_KEYS, NEXT_SESSION_KEY))
    )
    if parsed.session_key:
        try:
            session_keys.change(files, parsed.session_key, _write)
        except session_keys.NotNowError as why_not:
            parser.error(str(why_not))
    if step := session_keys.standing(files):
        sys.stdout.write(f"{session_keys.IN_ENGLISH[step]}\n")


if __name__ == "__main__":
    main()
