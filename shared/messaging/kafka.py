"""How to reach Kafka: where it is and, unless it is open to everybody, how it is encrypted and who we are there."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from faststream.security import BaseSecurity, SASLPlaintext, SASLScram512

Protocol = Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]
"""Kafka's `security.protocol`."""
Mechanism = Literal["SCRAM-SHA-512", "PLAIN"]


@dataclass(frozen=True, slots=True)
class Kafka:
    """Bootstrap servers and what they ask for. Its repr shows no secret."""

    bootstrap: str
    protocol: Protocol = "PLAINTEXT"
    tls: ssl.SSLContext | None = field(default=None, repr=False)
    mechanism: Mechanism | None = None
    username: str | None = None
    password: str | None = field(default=None, repr=False)


Address = str | Kafka
"""A plain `host:port,…` is a broker that is open to everybody."""


def client_options(kafka: Address) -> dict[str, Any]:
    """What every client of aiokafka (producer, consumer, admin) is given to connect."""
    if isinstance(kafka, str):
        return {"bootstrap_servers": kafka}
    options: dict[str, Any] = {"bootstrap_servers": kafka.bootstrap, "security_protocol": kafka.protocol}
    if kafka.tls is not None:
        options["ssl_context"] = kafka.tls
    if kafka.mechanism is not None:
        options |= {
            "sasl_mechanism": kafka.mechanism,
            "sasl_plain_username": kafka.username,
            "sasl_plain_password": kafka.password,
        }
    return options


def broker_options(kafka: Address) -> dict[str, Any]:
    """The same for FastStream's broker, which passes it on to its clients in its own words."""
    if isinstance(kafka, str):
        return {"bootstrap_servers": kafka}
    encrypted = kafka.tls is not None
    security = BaseSecurity(ssl_context=kafka.tls, use_ssl=encrypted)
    if kafka.mechanism is not None:
        kind = SASLPlaintext if kafka.mechanism == "PLAIN" else SASLScram512
        security = kind(
            username=kafka.username or "", password=kafka.password or "", ssl_context=kafka.tls, use_ssl=encrypted
        )
    return {"bootstrap_servers": kafka.bootstrap, "security": security}


def tls_context(ca_file: Path | None, certificate_file: Path | None, key_file: Path | None) -> ssl.SSLContext:
    """Checks the broker's certificate and name, by `ca_file` or else by the machine's own authorities.

    With a certificate and key (PEM, without a passphrase) we say who we are. Raises OSError (ssl.SSLError is one) for a
    file that cannot be used.
    """
    context = ssl.create_default_context(cafile=ca_file)
    if certificate_file is not None:
        context.load_cert_chain(certificate_file, key_file)
    return context
