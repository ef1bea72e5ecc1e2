"""The command line of every service: run, migrate, dlq, outbox, replay, why, and what the service adds."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Sequence
from typing import NoReturn, get_args
from urllib.parse import urlsplit

from aiokafka.errors import KafkaError
from pydantic import ValidationError
from pydantic_core import to_json

from shared.base import log as logs
from shared.base.files import for_its_owner_alone
from shared.base.memory import give_memory_back
from shared.contracts.catalogue import BUNDLES
from shared.contracts.event import COMMANDS
from shared.messaging.relay import TopicMissing
from shared.messaging.replay import ReadersAhead
from shared.runtime.operations import add_parsers, operate
from shared.runtime.running import Role, serve
from shared.runtime.service import Service, streams_of
from shared.runtime.why import why_route
from shared.storage.migrate import MigrationError, migrate
from shared.storage.pool import AWAY
from shared.web.scopes import STAFF, of_command

USAGE_ERROR = 2


def _parser(service: Service) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=f"python -m services.{service.name}", allow_abbrev=False)
    parser.add_argument("--role", choices=get_args(Role), default="all", help="what this process does (default: all)")
    commands = parser.add_subparsers(dest="command", metavar="command")
    run = commands.add_parser("run", help="run the service (the default)")
    run.add_argument("--role", choices=get_args(Role), default=argparse.SUPPRESS)
    commands.add_parser("migrate", help="bring the database up to this version (needs TOVHOLDER_MIGRATION_URL)")
    commands.add_parser("scopes", help="what tokens can open here, as JSON")
    add_parsers(commands)
    for name in service.commands:
        commands.add_parser(name, add_help=False)
    return parser


def run_command(service: Service, argv: Sequence[str]) -> int:
    """The exit status. What is wrong with the surroundings is one sentence on stderr, without a trace."""
    logs.configure(service.name)
    try:
        if argv and argv[0] in service.commands:
            return service.commands[argv[0]](argv[1:]) or 0
        parsed = _parser(service).parse_args(argv)
        if parsed.command == "migrate":
            return asyncio.run(_migrate(service))
        if parsed.command == "scopes":
            sys.stdout.buffer.write(to_json(scopes_of(service)) + b"\n")
            return 0
        if parsed.command in {None, "run"}:
            return asyncio.run(serve(service, parsed.role))
        return asyncio.run(operate(service, parsed))
    except ValidationError as error:
        if error.title != service.settings.__name__:
            raise
        wrong = "; ".join(f"TOVHOLDER_{'_'.join(map(str, e['loc'])).upper()}: {e['msg']}" for e in error.errors())
        sys.stderr.write(f"{service.name}: the environment is not right: {wrong}\n")
    except (MigrationError, TopicMissing, ReadersAhead, KafkaError, OSError, *AWAY) as error:
        sys.stderr.write(f"{service.name}: {logs.redact(str(error) or type(error).__name__)}\n")
    return 1


def main(service: Service, argv: Sequence[str] | None = None) -> NoReturn:
    """`python -m services.<name> [--role …]` and its other commands; ends the process."""
    for_its_owner_alone()
    give_memory_back()
    sys.exit(run_command(service, sys.argv[1:] if argv is None else list(argv)))


async def _migrate(service: Service) -> int:
    settings = service.settings()
    owner = (settings.migration_url or settings.database_url).get_secret_value()
    runtime = urlsplit(settings.database_url.get_secret_value()).username
    role = runtime if runtime != urlsplit(owner).username else None
    for name in await migrate(owner, streams_of(service), role):
        sys.stdout.write(f"applied {name}\n")
    return 0


def scopes_of(service: Service) -> dict[str, list[str]]:
    """Each scope that opens something here, and the routes that it opens; of a bundle, its scopes."""
    found: dict[str, list[str]] = {}
    for route in (*service.routes, why_route(service.name, service.explain)):
        found.setdefault(route.scope, []).append(route.name)
    for wire_name, command in COMMANDS.items():
        found.setdefault(of_command(command), []).append(f"POST /events {wire_name}")
    for bundle, scopes in BUNDLES.items():
        found[bundle] = list(scopes)
    return {**dict(sorted(found.items())), STAFF: ["*"]}
