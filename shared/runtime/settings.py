"""What a service process is told by its environment; read once, at the start, and never changed."""

import os
from functools import cached_property
from pathlib import Path
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import AwareDatetime, BeforeValidator, Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SecretsSettingsSource, SettingsConfigDict

from shared.base.links import Links
from shared.contracts.addresses import mail_address
from shared.messaging.kafka import Kafka, Mechanism, Protocol, tls_context
from shared.web.badge import KEY_BYTES, Reader
from shared.web.proxies import Network, read_networks
from shared.web.tokens import Tokens, read_tokens


def none_if_blank(value: object) -> object:
    """For settings that an installation may leave empty instead of out."""
    return None if isinstance(value, str) and not value.strip() else value


OptionalPath = Annotated[Path | None, BeforeValidator(none_if_blank)]


SECRETS_DIR = "TOVHOLDER_SECRETS_DIR"
"""Names a folder; what the environment leaves out is read there, from files such as `tovholder_database_url`."""


class KafkaSettings(BaseSettings):
    """How to reach Kafka. What would be ignored, such as a user name without SASL, is refused instead."""

    model_config = SettingsConfigDict(env_prefix="TOVHOLDER_", frozen=True, extra="ignore", hide_input_in_errors=True)

    kafka: str = "127.0.0.1:9092"
    """Bootstrap servers, `host:port` separated by commas."""
    kafka_security_protocol: Protocol = "PLAINTEXT"
    kafka_ca_file: OptionalPath = None
    """PEM with whoever signed the brokers' certificates; unset = the machine's own authorities."""
    kafka_certificate_file: OptionalPath = None
    """PEM with our certificate, where the brokers ask for one; `kafka_key_file` is its key, without a passphrase."""
    kafka_key_file: OptionalPath = None
    kafka_sasl_mechanism: Annotated[Mechanism | None, BeforeValidator(none_if_blank)] = None
    kafka_username: Annotated[str | None, BeforeValidator(none_if_blank)] = None
    kafka_password_file: OptionalPath = None
    """File with the password, and nothing else; a line break at its end does not count."""

    @model_validator(mode="after")
    def _kafka_settings_agree(self) -> Self:
        sasl = (self.kafka_sasl_mechanism, self.kafka_username, self.kafka_password_file)
        if self.kafka_security_protocol.startswith("SASL_"):
            if None in sasl:
                raise ValueError("SASL needs TOVHOLDER_KAFKA_SASL_MECHANISM, _USERNAME and _PASSWORD_FILE")
        elif any(one is not None for one in sasl):
            raise ValueError("TOVHOLDER_KAFKA_SECURITY_PROTOCOL is not SASL_SSL or SASL_PLAINTEXT: nobody would log in")
        own = (self.kafka_certificate_file, self.kafka_key_file)
        if not self.kafka_security_protocol.endswith("SSL") and (self.kafka_ca_file or any(own)):
            raise ValueError("TOVHOLDER_KAFKA_SECURITY_PROTOCOL is not SSL or SASL_SSL: nothing would be encrypted")
        if (own[0] is None) != (own[1] is None):
            raise ValueError("TOVHOLDER_KAFKA_CERTIFICATE_FILE and _KEY_FILE belong together")
        return self

    @cached_property
    def kafka_access(self) -> Kafka:
        """For every client. Reads the files: OSError or ValueError, without their content, for one that is no good."""
        protocol = self.kafka_security_protocol
        encrypted = protocol.endswith("SSL")
        return Kafka(
            self.kafka,
            protocol,
            tls_context(self.kafka_ca_file, self.kafka_certificate_file, self.kafka_key_file) if encrypted else None,
            self.kafka_sasl_mechanism,
            self.kafka_username,
            None if self.kafka_password_file is None else _password(self.kafka_password_file),
        )


def _password(file: Path) -> str:
    try:
        password = file.read_text(encoding="utf-8").removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        raise ValueError("the file in TOVHOLDER_KAFKA_PASSWORD_FILE is not UTF-8") from None
    if not password:
        raise ValueError("the file in TOVHOLDER_KAFKA_PASSWORD_FILE is empty")
    return password


def _link_key(key: bytes, variable: str) -> bytes:
    if len(key) < 32:  # noqa: PLR2004  (256 bits, as the hash has)
        raise ValueError(f"the file in {variable} holds fewer than 32 bytes")
    return key


def read_keys(file: Path, variable: str) -> tuple[bytes, ...]:
    """Ed25519 keys, one on a line. ValueError, without anything of them, for a file that holds anything else."""
    try:
        found = tuple(bytes.fromhex(line) for line in file.read_text(encoding="ascii").split())
    except (UnicodeDecodeError, ValueError):
        found = ()
    if not found or any(len(one) != KEY_BYTES for one in found):
        raise ValueError(f"the file in {variable} holds no keys of {KEY_BYTES} bytes in hex")
    return found


class ServiceSettings(KafkaSettings):
    """`TOVHOLDER_*` of the environment. URLs with passwords and tokens are secrets: neither repr nor log shows them."""

    database_url: SecretStr
    """Of the runtime role: reads and writes rows, changes no tables."""
    migration_url: Annotated[SecretStr | None, BeforeValidator(none_if_blank)] = None
    """Of the role that owns the tables; only `migrate` uses it."""
    prefix: str = ""
    """Before every topic and group name, so that several installations or tests share one broker."""
    http_host: str = "127.0.0.1"
    http_port: int = Field(default=8000, ge=0, le=65535)
    smtp: str = "127.0.0.1:25"
    public_url: str = "http://127.0.0.1:8000"
    """Where people reach the installation, without a slash at the end; links in mails begin with it."""
    accessibility_statement: Annotated[str | None, BeforeValidator(none_if_blank)] = None
    """Address of the tilgængelighedserklæring, the statement that the law on the accessibility of public websites (nr.
    692 of 2018) asks of whoever runs this; unset = a page of ours says what is tried, `/tilgaengelighed`."""
    accessibility_contact: Annotated[str | None, BeforeValidator(none_if_blank)] = None
    """Mail address for whoever meets a barrier; unset = they are told to write to the organiser."""
    api_tokens: SecretStr = SecretStr("")
    """`name:sha256hex[:scope+scope]` separated by commas; without scopes a token is staff's and may do all."""
    trusted_proxies: str = ""
    """The gateways before us, as addresses and networks: only they may say who a request is from. Empty = nobody is."""
    hsts_seconds: int = Field(default=0, ge=0)
    """How long browsers shall come by https only; said only to those who came by https. 0 = nothing is said."""
    link_key_file: OptionalPath = None
    """File with the key that signs links; at least 32 bytes."""
    other_link_key_file: OptionalPath = None
    """While the key is changed: the one before, or the one to come, whose links are good too. Empty = there is none."""
    session_public_keys_file: OptionalPath = None
    """File with the public Ed25519 keys whose badges are good (`shared.web.badge`), each 32 bytes in hex on a line of
    its own. Unset = nobody is signed in here."""
    static_dir: OptionalPath = None
    documents_dir: OptionalPath = None
    simulated_start: Annotated[AwareDatetime | None, BeforeValidator(none_if_blank)] = None
    """Domain time starts here and is moved by `POST /_clock`; unset = domain time is the real time."""
    seed: int = 0

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003  (pydantic's signature)
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003  (as above)
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        folder = os.environ.get(SECRETS_DIR)
        files = (SecretsSettingsSource(settings_cls, secrets_dir=folder),) if folder else ()
        return (init_settings, env_settings, *files)

    @field_validator("public_url")
    @classmethod
    def _no_slash_at_the_end(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in {"http", "https"} or not parts.netloc:
            raise ValueError("must be an http(s) address")
        return value.rstrip("/")

    @field_validator("accessibility_statement")
    @classmethod
    def _statement_is_a_page(cls, value: str | None) -> str | None:
        if value is not None and urlsplit(value).scheme not in {"http", "https"}:
            raise ValueError("must be an http(s) address")
        return value

    @field_validator("accessibility_contact")
    @classmethod
    def _contact_is_an_address(cls, value: str | None) -> str | None:
        return None if value is None else mail_address(value)

    @field_validator("trusted_proxies")
    @classmethod
    def _readable_networks(cls, value: str) -> str:
        read_networks(value)
        return value

    @field_validator("api_tokens")
    @classmethod
    def _readable_tokens(cls, value: SecretStr) -> SecretStr:
        read_tokens(value.get_secret_value())
        return value

    @cached_property
    def gateways(self) -> tuple[Network, ...]:
        return read_networks(self.trusted_proxies)

    @cached_property
    def tokens(self) -> Tokens:
        return read_tokens(self.api_tokens.get_secret_value())

    @cached_property
    def link_key(self) -> bytes:
        """The key that signs links. A missing or short one is an error at the first use, never a weak link."""
        if self.link_key_file is None:
            raise ValueError("TOVHOLDER_LINK_KEY_FILE is not set: links cannot be signed")
        return _link_key(self.link_key_file.read_bytes().strip(), "TOVHOLDER_LINK_KEY_FILE")

    @cached_property
    def other_link_key(self) -> bytes | None:
        """As `link_key`; None where there is no file, or nothing in it."""
        found = b"" if self.other_link_key_file is None else self.other_link_key_file.read_bytes().strip()
        return _link_key(found, "TOVHOLDER_OTHER_LINK_KEY_FILE") if found else None

    @cached_property
    def badges(self) -> Reader:
        """What reads badges; without a file it reads none."""
        file = self.session_public_keys_file
        return Reader(() if file is None else read_keys(file, "TOVHOLDER_SESSION_PUBLIC_KEYS_FILE"))

    @cached_property
    def links(self) -> Links:
        """What signs links; the keys are read, and may be missing, only at the first use."""
        return Links(lambda: self.link_key, self.public_url, lambda: self.other_link_key)

    @property
    def simulated(self) -> bool:
        return self.simulated_start is not None

    def source(self, service: str) -> str:
        return f"/tovholder/{service}"
