"""Who a request is from, where gateways stand before us: only those that we know may say.

`X-Forwarded-For` is read from its right end, hop by hop: each gateway that is trusted vouches for the one entry that it
wrote itself. The first address that is no gateway of ours is the caller, and whatever stands to its left is only what
that caller says. An entry that is no address ends it: the last one known to be true counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TypeAlias

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network

ONE_CALLER_V6 = 64
"""Bits of an IPv6 address that tell one subscriber from another; the rest is theirs to choose (RFC 7934 § 6)."""
ONE_SITE_V6 = 48
"""The largest network that one subscriber is given (RFC 6177 § 2); others share one of that size."""


def read_networks(text: str) -> tuple[Network, ...]:
    """From addresses and networks (`10.0.0.0/8`) between spaces or commas; ValueError for anything else.

    A network whose address has bits below its mask, or that holds everybody, is a mistake and no network.
    """
    found = tuple(ip_network(part) for part in text.replace(",", " ").split())
    if any(network.prefixlen == 0 for network in found):
        raise ValueError("a network that holds every address would let anybody name the caller")
    return found


def address_in(text: str) -> Address | None:
    """The address alone: without a port, brackets and zone, an IPv4 address inside an IPv6 one as itself."""
    host = text.strip()
    if host.startswith("["):
        host = host[1:].partition("]")[0]
    elif host.count(":") == 1:
        host = host.partition(":")[0]
    try:
        found = ip_address(host.partition("%")[0])
    except ValueError:
        return None
    return found.ipv4_mapped or found if isinstance(found, IPv6Address) else found


def origin(peer: Address, forwarded_for: Sequence[str], trusted: Iterable[Network]) -> Address:
    """The address that a request came from; `peer` is who connected to us."""
    known = tuple(trusted)
    entries = [entry for line in forwarded_for for entry in line.split(",")]
    while entries and _is_one_of(peer, known):
        named = address_in(entries.pop())
        if named is None:
            break
        peer = named
    return peer


def _is_one_of(address: Address, networks: Iterable[Network]) -> bool:
    return any(address in network for network in networks if network.version == address.version)


def as_caller(host: str) -> str:
    """What tells callers apart: an IPv4 address, or the network that an IPv6 address is one subscriber's of."""
    found = address_in(host)
    if isinstance(found, IPv6Address):
        return str(ip_network((found, ONE_CALLER_V6), strict=False))
    return host if found is None else str(found)


def as_site(host: str) -> str | None:
    """The network that may be all one subscriber's, however many callers it is; None of an IPv4 address."""
    found = address_in(host)
    return str(ip_network((found, ONE_SITE_V6), strict=False)) if isinstance(found, IPv6Address) else None


class BehindGateway:
    """Puts who is really asking, and whether they came by https, into the ASGI scope before anybody reads them."""

    def __init__(self, app: ASGIApp, trusted: Sequence[Network]) -> None:
        self._app = app
        self._trusted = trusted

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        peer = address_in(scope["client"][0]) if scope["type"] == "http" and scope.get("client") else None
        if peer is not None and _is_one_of(peer, self._trusted):
            headers = Headers(scope=scope)
            caller = origin(peer, headers.getlist("x-forwarded-for"), self._trusted)
            scheme = headers.get("x-forwarded-proto", "").rpartition(",")[2].strip().lower()
            scope = {
                **scope,
                "client": (str(caller), 0),
                "scheme": scheme if scheme in {"http", "https"} else scope["scheme"],
            }
        await self._app(scope, receive, send)
