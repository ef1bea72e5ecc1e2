"""The environment is read once, strictly, and its secrets are shown to nobody."""

from __future__ import annotations

import hashlib
import os
import ssl
from pathlib import Path
from typing import Any

import pytest
from faststream.kafka.security import parse_security
from faststream.security import SASLPlaintext, SASLScram512
from pydantic import ValidationError

from shared.messaging.kafka import broker_options, client_options
from shared.runtime.settings import ServiceSettings, read_keys
from shared.web.tokens import read_tokens

HASH = hashlib.sha256(b"token").hexdigest()
OTHER = hashlib.sha256(b"other").hexdigest()


@pytest.fixture(autouse=True)
def _nothing_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever runs the tests may have an installation in the environment."""
    for name in [name for name in os.environ if name.startswith("TOVHOLDER_")]:
        monkeypatch.delenv(name)


def settings(**values: Any) -> ServiceSettings:
    return ServiceSettings(**({"database_url": "postgresql://r:hemmeligt@h/d"} | values))


def test_the_environment_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOVHOLDER_DATABASE_URL", "postgresql://r:p@h/d")
    monkeypatch.setenv("TOVHOLDER_PUBLIC_URL", "https://tovholder.example/")
    monkeypatch.setenv("TOVHOLDER_SIMULATED_START", "2020-08-01T08:00:00Z")
    monkeypatch.setenv("TOVHOLDER_LINK_KEY_FILE", "")
    read = ServiceSettings()

    assert read.public_url == "https://tovholder.example"
    assert read.simulated
    assert read.link_key_file is None


def test_settings_never_change_and_never_show_a_secret() -> None:
    read = settings(api_tokens=f"crm:{HASH}")

    with pytest.raises(ValidationError):
        read.http_port = 1  # type: ignore[misc]  # that it is frozen is the point
    assert "hemmeligt" not in repr(read)
    assert HASH not in repr(read)


@pytest.mark.parametrize(
    "wrong",
    [
        {"http_port": 70_000},
        {"public_url": "tovholder.example"},
        {"simulated_start": "2020-08-01T08:00:00"},
        {"api_tokens": "crm:hemmeligt"},
        {"api_tokens": f"crm:{HASH},crm:{OTHER}"},
        {"api_tokens": f"crm:{HASH},cms:{HASH}"},
        {"api_tokens": f"CRM:{HASH}"},
        {"api_tokens": f"crm:{HASH}:a b"},
        {"accessibility_statement": "javascript:hemmeligt"},
        {"accessibility_contact": "hjaelp"},
    ],
)
def test_a_wrong_setting_is_refused_without_repeating_it(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as refused:
        settings(**wrong)
    assert "hemmeligt" not in str(refused.value)
    assert HASH not in str(refused.value)


def test_keys_of_badges_are_32_bytes_each_or_an_error_that_shows_nothing(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    for wrong in ("", "hemmeligt", "ab" * 31, f"{'ab' * 32}\n{'cd' * 33}", "æ" * 64):
        file.write_text(wrong)
        with pytest.raises(ValueError, match="TOVHOLDER_SESSION_PUBLIC_KEYS_FILE") as refused:
            _ = settings(session_public_keys_file=file).badges
        assert not wrong or wrong not in str(refused.value)
    file.write_text(f"{'ab' * 32}\n{'cd' * 32}\n")
    assert read_keys(file, "X") == (b"\xab" * 32, b"\xcd" * 32)
    assert not settings().badges.can_read


def test_a_token_without_scopes_may_do_all_and_one_with_scopes_only_those() -> None:
    tokens = read_tokens(f"crm:{HASH}, site:{OTHER}:enrol+look")
    crm, site = tokens.principal("token"), tokens.principal("other")

    assert crm is not None
    assert site is not None
    assert (crm.name, crm.may("anything")) == ("token/crm", True)
    assert [site.may(scope) for scope in ("enrol", "look", "staff", "intake")] == [True, True, False, False]
    assert tokens.principal("") is tokens.principal("nobody's") is tokens.principal("\ud800") is None


def test_a_link_key_is_long_or_an_error(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("x" * 31)
    with pytest.raises(ValueError, match="fewer than 32"):
        _ = settings(link_key_file=file).link_key
    with pytest.raises(ValueError, match="not set"):
        _ = settings().link_key
    file.write_text("x" * 64 + "\n")
    assert settings(link_key_file=file).link_key == b"x" * 64


def test_the_other_link_key_is_there_only_while_the_key_is_changed(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("")
    assert settings(other_link_key_file=file).other_link_key is settings().other_link_key is None
    file.write_text("x" * 31)
    with pytest.raises(ValueError, match="TOVHOLDER_OTHER_LINK_KEY_FILE holds fewer than 32"):
        _ = settings(other_link_key_file=file).other_link_key
    file.write_text("x" * 64 + "\n")
    assert settings(other_link_key_file=file).other_link_key == b"x" * 64


@pytest.fixture
def password_file(tmp_path: Path) -> Path:
    file = tmp_path / "kafka.password"
    file.write_text("hemmeligt ord\n", encoding="utf-8")
    return file


def test_a_broker_that_is_open_to_everybody_needs_no_more_than_its_address() -> None:
    kafka = settings(kafka="k:9092", kafka_sasl_mechanism="", kafka_username=" ", kafka_ca_file="").kafka_access
    assert client_options(kafka) == {"bootstrap_servers": "k:9092", "security_protocol": "PLAINTEXT"}
    assert client_options("k:9092") == {"bootstrap_servers": "k:9092"}


@pytest.mark.parametrize(("mechanism", "kind"), [("SCRAM-SHA-512", SASLScram512), ("PLAIN", SASLPlaintext)])
def test_clients_log_in_with_the_password_from_the_file(password_file: Path, mechanism: str, kind: type) -> None:
    read = settings(
        kafka_security_protocol="SASL_SSL",
        kafka_sasl_mechanism=mechanism,
        kafka_username="tovholder",
        kafka_password_file=password_file,
    )
    options = client_options(read.kafka_access)
    assert options.pop("ssl_context").verify_mode is ssl.CERT_REQUIRED
    assert options == {
        "bootstrap_servers": "127.0.0.1:9092",
        "security_protocol": "SASL_SSL",
        "sasl_mechanism": mechanism,
        "sasl_plain_username": "tovholder",
        "sasl_plain_password": "hemmeligt ord",
    }
    security = broker_options(read.kafka_access)["security"]
    assert isinstance(security, kind)
    assert parse_security(security) == {
        name: value for name, value in client_options(read.kafka_access).items() if name != "bootstrap_servers"
    }
    for shown in (repr(read), repr(read.kafka_access), str(read.kafka_access), repr(security)):
        assert "hemmeligt" not in shown


@pytest.mark.parametrize("protocol", ["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"])
def test_fast_stream_and_aiokafka_are_told_the_same(password_file: Path, protocol: str) -> None:
    login = {"kafka_sasl_mechanism": "PLAIN", "kafka_username": "t", "kafka_password_file": password_file}
    read = settings(kafka_security_protocol=protocol, **(login if "SASL" in protocol else {}))
    theirs = parse_security(broker_options(read.kafka_access)["security"])
    ours = client_options(read.kafka_access)
    assert {name: value for name, value in theirs.items() if value is not None} == {
        name: value for name, value in ours.items() if name != "bootstrap_servers"
    }


@pytest.mark.parametrize(
    "wrong",
    [
        {"kafka_security_protocol": "TLS"},
        {"kafka_security_protocol": "SASL_SSL"},
        {"kafka_security_protocol": "SASL_SSL", "kafka_sasl_mechanism": "PLAIN", "kafka_username": "t"},
        {"kafka_sasl_mechanism": "GSSAPI"},
        {"kafka_username": "tovholder"},
        {"kafka_security_protocol": "SSL", "kafka_password_file": "/secrets/kafka"},
        {"kafka_ca_file": "/secrets/ca.pem"},
        {"kafka_security_protocol": "SSL", "kafka_certificate_file": "/secrets/us.pem"},
        {"kafka_security_protocol": "SSL", "kafka_key_file": "/secrets/us.key"},
    ],
)
def test_kafka_settings_that_would_be_ignored_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        settings(**wrong)


@pytest.mark.parametrize("content", [b"", b"\n", b"hemmeligt \xe6"])
def test_a_password_file_that_is_no_good_is_named_and_not_shown(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "kafka.password"
    file.write_bytes(content)
    login = {"kafka_sasl_mechanism": "PLAIN", "kafka_username": "t", "kafka_password_file": file}
    read = settings(kafka_security_protocol="SASL_SSL", **login)
    with pytest.raises(ValueError, match="TOVHOLDER_KAFKA_PASSWORD_FILE") as refused:
        _ = read.kafka_access
    assert "hemmeligt" not in str(refused.value)
    assert refused.value.__cause__ is None


def test_a_file_of_tls_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        _ = settings(kafka_security_protocol="SSL", kafka_ca_file=tmp_path / "ca.pem").kafka_access
