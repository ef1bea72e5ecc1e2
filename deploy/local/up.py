"""`tovholder up` and `tovholder status`: an installation that lives until it is told to stop."""

from __future__ import annotations

import json
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import httpx
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from deploy.local.datadir import DataDir, Ports
from deploy.local.errors import StackError
from deploy.local.oidc.server import Elsewhere
from deploy.local.session_keys import IN_DANISH
from deploy.local.stack import Addresses, Stack, running


@contextmanager
def interruptible() -> Iterator[threading.Event]:
    """Inside the block the first Ctrl-C, SIGTERM or SIGHUP raises KeyboardInterrupt once; later ones change nothing, so
    that the orderly end that follows is not cut short. Main thread only.
    """
    asked = threading.Event()

    def ask(_number: int, _frame: FrameType | None) -> None:
        if not asked.is_set():
            asked.set()
            raise KeyboardInterrupt

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@dataclass(frozen=True, slots=True)
class Front:
    """What stands before the gateway: the proxies that it may believe, the address that people know, and where staff
    sign in, if not at a provider of the installation's own.
    """

    trusted_proxies: str = ""
    public_url: str = ""
    provider: Elsewhere | None = None


def up(data_dir: Path, ports: Ports, front: Front = Front(), *, as_json: bool) -> None:
    """Runs until interrupted. With `as_json` the only line on stdout is the addresses, once all is ready."""
    console = Console(stderr=as_json)
    with interruptible() as asked:
        try:
            with ExitStack() as ending:
                with console.status("Starter") as shown:
                    stack = ending.enter_context(
                        Stack(
                            data_dir,
                            ports,
                            trusted_proxies=front.trusted_proxies,
                            public_url=front.public_url,
                            provider=front.provider,
                            on_step=shown.update,
                        )
                    )
                if as_json:
                    sys.stdout.write(json.dumps(stack.addresses.public()) + "\n")
                    sys.stdout.flush()
                else:
                    show(console, stack.addresses)
                stack.wait()
        except KeyboardInterrupt:
            if not asked.is_set():
                raise
    console.print("Alt er stoppet.")


def show(console: Console, addresses: Addresses) -> None:
    """The addresses for a person, each on one line, however narrow the screen, so that it can be copied.

    The one of the mails holds its key: it is for whoever may read the data folder, as the files with the others are.
    """
    for name, value in (
        ("[bold]Tovholder[/bold]       ", addresses.gateway),
        ("Sendte mails    ", addresses.mail_link),
        ("API-nøgle       ", f"i filen {addresses.api_token_file}"),
        ("Medarbejdere    ", _signing_in(addresses)),
        ("Kafka           ", addresses.kafka),
        ("PostgreSQL      ", addresses.public()["postgres"]),
        ("SMTP            ", addresses.smtp),
        ("Data og logfiler", addresses.data_dir),
    ):
        console.print(f"{name}  {escape(value)}", soft_wrap=True)
    console.print("Stop med Ctrl-C.")


def _signing_in(addresses: Addresses) -> str:
    if not addresses.oidc:
        return "logger ikke ind"
    login = f"{addresses.public_url or addresses.gateway}/login"
    if addresses.oidc_accounts_file:
        return f"{login}, navne og adgangskoder i filen {addresses.oidc_accounts_file}"
    return f"{login}, hos {addresses.oidc}"


def status(data_dir: Path, *, as_json: bool) -> bool:
    """Says what runs on the data directory and whether each service is ready; True when all are."""
    addresses = running(data_dir)
    own = {"oidc": addresses.oidc} if addresses.oidc_accounts_file else {}
    ready = {name: _ready(url) for name, url in {**addresses.services, "mail": addresses.mail, **own}.items()}
    step = DataDir(data_dir, "up").session_key_step()
    if as_json:
        sys.stdout.write(json.dumps({**addresses.public(), "ready": ready, "session_key": step}) + "\n")
        return all(ready.values())
    console = Console()
    show(console, addresses)
    table = Table("Del", "Tilstand")
    for name, is_ready in ready.items():
        table.add_row(name, "klar" if is_ready else "[red]svarer ikke[/red]")
    console.print(table)
    if step:
        console.print(IN_DANISH[step])
    return all(ready.values())


def _ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/readyz", timeout=5.0, trust_env=False).is_success
    except httpx.HTTPError:
        return False


def parse_ports(text: str) -> Ports:
    """`auto` or the first port's number."""
    if text == "auto":
        return "auto"
    if not text.isdecimal():
        raise StackError(f"--ports {text}: skriv auto eller et tal.")
    return int(text)
