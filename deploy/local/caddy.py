"""The gateway: one address for people and other systems, and which service answers which path.

The Caddyfile follows from the names in `services/`: `/<service>/…` and `/api/<service>/…` go to that service, their
paths unchanged; everything else is the front service's. What is for operators only (`NOT_PUBLIC`) stays inside.
`python -m deploy.local.caddy` prints the file for containers, where each service is a host of its own name.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from deploy.local.errors import StackError
from deploy.local.locations import service_names
from deploy.local.process import Command
from shared.web.proxies import read_networks

FRONT = "enrollment"
"""Answers `/`, `/tilmeld`, `/login`, `/deltagere`, `/static`, `POST /events` and whatever no other service owns."""

TRUSTED_PROXIES = "TOVHOLDER_GATEWAY_TRUSTED_PROXIES"
"""Variable of the gateway: the proxies before it, as addresses and networks with spaces between; read at its start."""

NOT_PUBLIC = ("/_clock", "/_clock/*", "/livez", "/readyz", "/metrics")


@dataclass(frozen=True, slots=True)
class Route:
    """Paths that go to one service. `{service}` in a pattern stands for its name."""

    patterns: tuple[str, ...]
    service: str


PER_SERVICE = ("/{service}", "/{service}/*", "/api/{service}", "/api/{service}/*")
SPECIAL: tuple[Route, ...] = ()
"""Paths outside a service's own prefixes that are not the front service's; add a line here."""

HEAD_SECONDS = 10
BODY_SECONDS = 60
"""From the head's last byte on. Longer than a service's own (`shared.web.connections`), whose answer then ends it: when
one is cut off here first, caddy 2.11 closes its side towards the service, and now and then keeps the sender's open.
"""
ANSWER_SECONDS = 120
"""From the head's last byte until the answer is taken: a service may take 30 s for its transaction, and try again."""
IDLE_SECONDS = 120
LARGEST_HEAD = "16KiB"
LARGEST_BODY = "5MiB"
"""A little more than the largest that a service takes: a batch of 4 MiB. Its refusal says more than the gateway's."""

HEAD = """\
{
	admin off
	persist_config off
	auto_https off
	# A link in a mail carries a secret, so no address of a request is ever logged.
	log {
		output stderr
		level WARN
		format filter {
			request>uri delete
			request>headers delete
		}
	}
	# Who sends or takes byte by byte holds a place that others want.
	servers {
		timeouts {
			read_header %(head)ds
			read_body %(body)ds
			write %(answer)ds
			idle %(idle)ds
		}
		max_header_size %(largest_head)s
		# What a service says of a body that it has had enough of is passed on at once, not when the rest has come.
		enable_full_duplex
		# Only a proxy that is named may say who it asks for; of its X-Forwarded-For the last address that is no such
		# proxy counts. None is named: whoever connects is the caller, whatever the headers say.
		trusted_proxies static {$TOVHOLDER_GATEWAY_TRUSTED_PROXIES}
		trusted_proxies_strict
		client_ip_headers X-Forwarded-For
	}
}

# What is the gateway's own answer loads nothing and is framed by nobody; a service says of its own what it may (?).
(safe) {
	header {
		?X-Content-Type-Options nosniff
		?Content-Security-Policy "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
		?Referrer-Policy no-referrer
		-Server
	}
}
"""

COMPRESSED = """\
	# Files that are the same for everybody, and no page: a page has a secret in it beside what its reader has typed.
	@files path /static/*
	encode @files gzip
"""

AWAY = """\
	handle_errors 502 503 504 {
		import safe
		@machine path /api/* /events
		header Retry-After 5
		header Cache-Control no-store
		handle @machine {
			header Content-Type "application/problem+json"
			respond `{"type":"about:blank","title":"Tjenesten svarer ikke lige nu","status":503,"code":"service_away"}` 503
		}
		handle {
			header Content-Type "text/html; charset=utf-8"
			respond `<!doctype html><html lang="da"><meta charset="utf-8"><title>Svarer ikke lige nu</title><p>Denne del af Tovholder svarer ikke lige nu. Prøv igen om et øjeblik.</p></html>` 503
		}
	}
"""  # noqa: E501 # a line of the Caddyfile can't be broken


def routes(services: tuple[str, ...]) -> tuple[Route, ...]:
    """Which paths go where, the front service's last; a path that fits two goes to the first."""
    own = tuple(
        Route(tuple(pattern.format(service=name) for pattern in PER_SERVICE), name)
        for name in services
        if name != FRONT
    )
    return (*SPECIAL, *own, Route(("/*",), FRONT if FRONT in services else services[0]))


def caddyfile(listen: str, upstreams: Mapping[str, str], bind: str | None = None) -> str:
    """The whole file. `listen` is Caddy's site address, `upstreams` each service's `host:port`."""
    limits = {
        "head": HEAD_SECONDS,
        "body": BODY_SECONDS,
        "answer": ANSWER_SECONDS,
        "idle": IDLE_SECONDS,
        "largest_head": LARGEST_HEAD,
    }
    lines = [HEAD % limits, f"{listen} {{\n"]
    if bind:
        lines.append(f"\tbind {bind}\n")
    lines.append("\timport safe\n")
    lines.append(COMPRESSED)
    lines.append(f"\trequest_body {{\n\t\tmax_size {LARGEST_BODY}\n\t}}\n")
    lines.append(f"\t@inside path {' '.join(NOT_PUBLIC)}\n\thandle @inside {{\n\t\trespond 404\n\t}}\n")
    for number, route in enumerate(routes(tuple(sorted(upstreams)))):
        lines.append(f"\t@route{number} path {' '.join(route.patterns)}\n")
        lines.append(f"\thandle @route{number} {{\n\t\treverse_proxy {upstreams[route.service]} {{\n")
        # A service knows its gateway and nobody before it: it is told the one address that counts.
        lines.append("\t\t\theader_up X-Forwarded-For {client_ip}\n")
        # Server-sent events must not wait for a buffer to fill.
        lines.append("\t\t\tflush_interval -1\n\t\t}\n\t}\n")
    lines.append(AWAY)
    lines.append("}\n")
    return "".join(lines)


def command(
    folder: Path, port: int, host: str, upstreams: Mapping[str, str], log: Path, trusted_proxies: str = ""
) -> Command:
    """Writes the Caddyfile into `folder` and returns what runs it. StackError for proxies that are no networks."""
    try:
        known = " ".join(map(str, read_networks(trusted_proxies)))
    except ValueError as error:
        raise StackError(f"The proxies before the gateway must be addresses or networks: {error}") from None
    binary = Path(sys.executable).with_name("caddy")
    found = str(binary) if binary.exists() else shutil.which("caddy")
    if found is None:
        raise StackError("The gateway (caddy) is not installed. Run `make install`.")
    file = folder / "Caddyfile"
    file.write_text(caddyfile(f"http://:{port}", upstreams, bind=host))
    home = {name: str(folder) for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "HOME")}
    return Command(
        argv=(found, "run", "--config", str(file), "--adapter", "caddyfile"),
        log=log,
        env={**home, TRUSTED_PROXIES: known},
        cwd=folder,
        stop_timeout_s=5.0,
    )


def main() -> None:
    """Prints the Caddyfile for containers."""
    parser = argparse.ArgumentParser(prog="python -m deploy.local.caddy", description=main.__doc__)
    parser.add_argument("--listen", default=":8080", help="Caddy's site address")
    parser.add_argument("--service-port", type=int, default=8000, help="the port of each service's container")
    options = parser.parse_args()
    upstreams = {name: f"{name}:{options.service_port}" for name in service_names()}
    sys.stdout.write(caddyfile(options.listen, upstreams))


if __name__ == "__main__":
    main()
