"""docker-compose.yml means what `tovholder up` does. No engine is needed: it is read as every YAML reader reads it."""

from __future__ import annotations

import importlib
import re
import stat
import subprocess
import sys
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic_settings import BaseSettings

from deploy import compose, compose_secrets
from deploy.local import caddy, databases, tokens, topics
from deploy.local.broker import Broker
from deploy.local.kafka import MAX_MESSAGE_BYTES
from deploy.local.locations import ROOT, service_names
from deploy.local.principals import principals
from deploy.local.stack import Addresses, service_environment
from shared.runtime.settings import SECRETS_DIR, ServiceSettings
from tests.support import dockerfile, servers
from tests.support.composed import filled

TEXT = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
CONTAINERS: dict[str, Any] = COMPOSE["services"]
SERVICES = service_names()
MIGRATIONS = tuple(f"{name}-migrate" for name in SERVICES)
OPERATORS = tuple(f"{name}-operator" for name in SERVICES)
JOBS = ("topics", "databases", "token", "producer", *MIGRATIONS, *OPERATORS)
TLS = {"TOVHOLDER_KAFKA_TLS": "SSL"}
"""What the shell says when Kafka is to be spoken to over TLS."""
STAGES = dockerfile.read((ROOT / "deploy" / "Dockerfile").read_text(encoding="utf-8"))


def mounted_secrets(container: dict[str, Any]) -> dict[str, str]:
    """File name below /run/secrets → the secret's name."""
    found = {}
    for secret in container.get("secrets", []):
        if isinstance(secret, str):
            found[secret] = secret
        else:
            found[secret["target"]] = secret["source"]
    return found


def settings_of(service: str) -> type[BaseSettings]:
    found = getattr(importlib.import_module(f"services.{service}.settings"), "Settings", None)
    assert isinstance(found, type)
    assert issubclass(found, ServiceSettings)
    return found


def told(service: str) -> set[str]:
    """The settings that the container of a service gets: from compose, from its secrets, from the image."""
    container = CONTAINERS[service]
    secrets = {name.upper() for name in mounted_secrets(container) if name.startswith("tovholder_")}
    image = {
        word.partition("=")[0]
        for stage in ("application", "tovholder")
        for step in STAGES[stage].all("ENV")
        for word in step.words()
        if word.startswith("TOVHOLDER_")
    }
    return {*container["environment"], *secrets, *image} - {SECRETS_DIR}


@pytest.mark.parametrize("name", sorted(compose.generate()))
def test_generated_files_are_not_stale(name: str) -> None:
    assert (ROOT / name).read_text(encoding="utf-8") == compose.generate()[name], "run: python -m deploy.compose"


def test_the_gateway_understands_its_file(tmp_path: Path) -> None:
    caddy = str(Path(sys.executable).with_name("caddy"))
    command = [caddy, "validate", "--config", str(ROOT / "deploy" / "Caddyfile"), "--adapter", "caddyfile"]
    homes = dict.fromkeys(("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"), str(tmp_path))
    done = subprocess.run(command, env=homes, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_there_is_a_container_for_each_part_and_no_other() -> None:
    assert set(CONTAINERS) == {"kafka", "postgres", "mail", "gateway", *JOBS, *SERVICES}


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_is_run_and_migrated_by_its_own_module(service: str) -> None:
    assert CONTAINERS[service]["command"] == ["python", "-m", f"services.{service}"]
    assert CONTAINERS[f"{service}-migrate"]["command"] == ["python", "-m", f"services.{service}", "migrate"]


@pytest.mark.parametrize("service", SERVICES)
def test_what_a_service_is_told_are_names_of_its_settings(service: str) -> None:
    known = {f"TOVHOLDER_{name.upper()}" for name in settings_of(service).model_fields}
    assert told(service) <= known
    migration = {name.upper() for name in mounted_secrets(CONTAINERS[f"{service}-migrate"])}
    assert migration == {"TOVHOLDER_MIGRATION_URL", "TOVHOLDER_DATABASE_URL"}
    assert migration <= known


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_is_told_all_that_it_must_know(service: str) -> None:
    required = {f"TOVHOLDER_{name.upper()}" for name, f in settings_of(service).model_fields.items() if f.is_required()}
    assert required <= told(service)


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_is_told_what_it_is_told_on_one_machine(service: str, tmp_path: Path) -> None:
    (tmp_path / "kafka-tls").mkdir()
    addresses = Addresses(
        data_dir="/d",
        gateway="",
        mail="",
        smtp="",
        kafka="",
        postgres="",
        api_token_file="",
        services={service: "http://h:1"},
        databases={service: ""},
        api_token="",
        link_key_file="",
        simulated_start=None,
        seed=0,
        kafka_secrets=str(tmp_path),
    )
    # The image has no saxonche: the rules are not ours to ship.
    only_there = {"TOVHOLDER_PREFIX", "TOVHOLDER_SEED", "TOVHOLDER_EINVOICE_RULES"}
    assert set(service_environment(service, addresses)) - only_there == told(service)


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_waits_for_its_tables_the_topics_and_the_servers(service: str) -> None:
    assert CONTAINERS[service]["depends_on"] == {
        f"{service}-migrate": {"condition": "service_completed_successfully"},
        "topics": {"condition": "service_completed_successfully"},
        "kafka": {"condition": "service_healthy"},
        "postgres": {"condition": "service_healthy"},
    }


def test_everything_waited_for_exists_and_can_become_what_is_waited_for() -> None:
    for container in CONTAINERS.values():
        for name, how in container.get("depends_on", {}).items():
            other = CONTAINERS[name]
            if how["condition"] == "service_completed_successfully":
                assert other["restart"] == "no"
            if how["condition"] == "service_healthy":
                assert "healthcheck" in other


def test_nobody_waits_in_a_circle() -> None:
    done: set[str] = set()
    left = {name: set(container.get("depends_on", {})) for name, container in CONTAINERS.items()}
    while left:
        free = {name for name, needs in left.items() if needs <= done}
        assert free, f"these wait for each other: {sorted(left)}"
        done |= free
        left = {name: needs for name, needs in left.items() if name not in free}


def test_images_are_the_official_ones_in_a_named_version() -> None:
    images = {name: container["image"] for name, container in CONTAINERS.items() if "build" not in container}
    assert images == {"kafka": "apache/kafka:4.3.1", "postgres": "postgres:18", "gateway": "caddy:2"}
    assert images["kafka"] == servers.KAFKA_IMAGE
    assert images["postgres"] == servers.POSTGRES_IMAGE


def test_our_containers_are_built_by_the_dockerfile() -> None:
    for container in CONTAINERS.values():
        if "build" in container:
            assert (ROOT / container["build"]["context"] / container["build"]["dockerfile"]).is_file()
            assert container["build"]["target"] in STAGES


def test_the_broker_has_the_settings_that_the_topics_need() -> None:
    settings = CONTAINERS["kafka"]["environment"]
    assert settings["KAFKA_AUTO_CREATE_TOPICS_ENABLE"] == "false"
    assert int(settings["KAFKA_MESSAGE_MAX_BYTES"]) == MAX_MESSAGE_BYTES == 4 * 1024 * 1024
    assert topics.SETTINGS["max.message.bytes"] == settings["KAFKA_MESSAGE_MAX_BYTES"]
    assert int(settings["KAFKA_LOG_RETENTION_HOURS"]) == topics.RETENTION_DAYS * 24
    assert settings["KAFKA_ADVERTISED_LISTENERS"] == "CLIENTS://kafka:9092"


@pytest.mark.parametrize("shell", [{}, TLS], ids=["login", "TLS"])
def test_the_broker_asks_everybody_who_they_are_as_it_does_on_one_machine(
    tmp_path: Path, shell: dict[str, str]
) -> None:
    secrets = Path(compose.SECRETS)
    ports = {"port": 9092, "controller_port": 9093}
    broker = Broker(tmp_path / "kafka", **ports, logs=tmp_path, secrets=secrets, tls=secrets if shell else None)
    here = dict(line.split("=", 1) for line in broker.settings(tmp_path / "data").splitlines())
    environment = CONTAINERS["kafka"]["environment"]
    there = {_property(name): filled(value, **shell) for name, value in environment.items()}
    where = {"listeners", "advertised.listeners", "controller.quorum.voters", "log.dirs", "heap.opts"}
    where |= {"ssl.keystore.location", "ssl.truststore.location"}
    logins = {name for name in here if name.endswith("jaas.config")}
    assert len(logins) == 3
    for name in here.keys() - where - logins:
        assert there[name] == here[name], name
    for name in logins:
        assert re.sub(r"\$+\{[^}]*\}", "…", there[name]) == re.sub(r"\$\{[^}]*\}", "…", here[name])
    for name in here.keys() & {"ssl.keystore.location", "ssl.truststore.location"}:
        assert Path(there[name]) == secrets / Path(here[name]).name
    certificates = {name for name in there if name.startswith("ssl.")}
    assert set(there) - set(here) == {"heap.opts", *(() if shell else certificates)}
    assert there["allow.everyone.if.no.acl.found"] == "false"
    assert "PLAINTEXT:PLAINTEXT" not in there["listener.security.protocol.map"]


def _property(variable: str) -> str:
    return variable.removeprefix("KAFKA_").lower().replace("___", "-").replace("_", ".")


def test_topics_users_and_rights_are_made_by_the_job_that_makes_them_on_one_machine() -> None:
    command = CONTAINERS["topics"]["command"]
    assert command[:3] == ["python", "-m", "deploy.local.access"]
    assert f"--passwords={compose.SECRETS}/kafka_passwords" in command
    mounted = mounted_secrets(CONTAINERS["topics"])
    as_admin = {"kafka_password": "kafka_admin_password", "ca.pem": "kafka_ca.pem"}
    assert mounted == {"kafka_passwords": "kafka_passwords", **as_admin}
    told = CONTAINERS["topics"]["environment"]
    assert told["TOVHOLDER_KAFKA_PASSWORD_FILE"] == f"{compose.SECRETS}/kafka_password"


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_comes_to_kafka_as_itself_and_whoever_gives_commands_as_the_operator(service: str) -> None:
    for name, who, secret in (
        (service, service, f"{service}_kafka_password"),
        (f"{service}-operator", "operator", "kafka_operator_password"),
    ):
        assert CONTAINERS[name]["environment"]["TOVHOLDER_KAFKA_USERNAME"] == who
        assert mounted_secrets(CONTAINERS[name])["kafka_password"] == secret
    assert CONTAINERS[f"{service}-operator"]["profiles"] == ["operator"]


@pytest.mark.parametrize("name", [name for name in CONTAINERS if name != "kafka"])
def test_whoever_speaks_to_kafka_does_so_over_tls_where_the_shell_says_so(name: str) -> None:
    """The broker does then, too: see above. Without, nothing is said of a certificate, for that would be refused."""
    told = CONTAINERS[name].get("environment", {})
    if "TOVHOLDER_KAFKA" not in told:
        assert "kafka_ca.pem" not in mounted_secrets(CONTAINERS[name]).values()
        return
    asked = [told[f"TOVHOLDER_KAFKA_{what}"] for what in ("SECURITY_PROTOCOL", "CA_FILE")]
    assert [filled(value, **TLS) for value in asked] == ["SASL_SSL", f"{compose.SECRETS}/ca.pem"]
    assert [filled(value) for value in asked] == ["SASL_PLAINTEXT", ""]
    assert mounted_secrets(CONTAINERS[name])["ca.pem"] == "kafka_ca.pem"


def test_whoever_lets_other_systems_in_reaches_kafka_and_every_database(tmp_path: Path) -> None:
    tool = CONTAINERS["producer"]
    assert tool["profiles"] == ["operator"]
    assert tool["entrypoint"] == ["python", "-m", "deploy.local.producers"]
    assert tool["environment"] == {**CONTAINERS["topics"]["environment"], "TOVHOLDER_DATABASES": compose.SECRETS}
    compose_secrets.write_secrets(tmp_path / "secrets", SERVICES)
    for target, source in mounted_secrets(tool).items():
        (tmp_path / target).write_bytes((tmp_path / "secrets" / source).read_bytes())
    assert set(tokens.read_databases(tmp_path)) == set(SERVICES)
    assert not any("owner" in secret or "migration" in secret for secret in mounted_secrets(tool).values())


def test_databases_are_made_by_the_same_sql_as_on_one_machine() -> None:
    command = CONTAINERS["databases"]["command"]
    assert command[:3] == ["python", "-m", "deploy.local.databases"]
    assert f"--passwords={compose.SECRETS}/role_passwords" in command
    assert mounted_secrets(CONTAINERS["databases"]) == {"role_passwords": "role_passwords"}


@pytest.mark.parametrize("name", [name for name in CONTAINERS if name not in JOBS])
def test_what_goes_on_running_says_whether_it_is_well_and_comes_back(name: str) -> None:
    assert CONTAINERS[name]["healthcheck"]["test"][0] == "CMD"
    assert CONTAINERS[name]["restart"] == "unless-stopped"


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_is_well_when_it_is_ready(service: str) -> None:
    assert f"http://127.0.0.1:{compose.SERVICE_PORT}/readyz" in CONTAINERS[service]["healthcheck"]["test"][-1]
    assert CONTAINERS[service]["environment"]["TOVHOLDER_HTTP_PORT"] == str(compose.SERVICE_PORT)


def test_only_the_gateway_and_the_mail_page_are_published_and_only_on_loopback() -> None:
    published = {name: container["ports"] for name, container in CONTAINERS.items() if "ports" in container}
    assert set(published) == {"gateway", "mail"}
    assert mounted_secrets(CONTAINERS["mail"]) == {"mail_key": "mail_key"}
    for (port,) in published.values():
        assert re.fullmatch(r"127\.0\.0\.1:\$\{[A-Z_]+:-\d+\}:\d+", port)
    assert not any("network_mode" in container for container in CONTAINERS.values())


def test_the_tool_for_tokens_is_not_started_with_the_rest_and_reaches_every_database(tmp_path: Path) -> None:
    tool = CONTAINERS["token"]
    assert tool["profiles"] == ["operator"]
    assert tool["entrypoint"][-1] == "token"
    compose_secrets.write_secrets(tmp_path / "secrets", SERVICES)
    for target, source in mounted_secrets(tool).items():
        (tmp_path / target).write_bytes((tmp_path / "secrets" / source).read_bytes())
    assert tool["environment"] == {"TOVHOLDER_DATABASES": compose.SECRETS}
    assert set(tokens.read_databases(tmp_path)) == set(SERVICES)
    # As the runtime role: whoever makes tokens changes no tables.
    assert not any("owner" in secret or "migration" in secret for secret in mounted_secrets(tool).values())


def test_services_believe_the_gateway_alone_and_the_gateway_nobody_unless_it_is_told_to() -> None:
    (network,) = COMPOSE["networks"]["default"]["ipam"]["config"]
    named = {name: filled(value) for name, value in network.items()}
    gateway = CONTAINERS["gateway"]["networks"]["default"]["ipv4_address"]
    for service in SERVICES:
        assert CONTAINERS[service]["environment"]["TOVHOLDER_TRUSTED_PROXIES"] == gateway
        assert "networks" not in CONTAINERS[service]
    address = ip_address(filled(gateway))
    # No container that is started earlier can be given the gateway's address.
    assert address in ip_network(named["subnet"])
    assert address not in ip_network(named["ip_range"])
    assert str(address) != named["gateway"]
    assert CONTAINERS["gateway"]["environment"] == {caddy.TRUSTED_PROXIES: f"${{{caddy.TRUSTED_PROXIES}:-}}"}


@pytest.mark.parametrize("name", CONTAINERS)
def test_containers_can_do_no_more_than_they_need(name: str) -> None:
    container = CONTAINERS[name]
    assert container["cap_drop"] == ["ALL"]
    assert container["security_opt"] == ["no-new-privileges:true"]
    assert container.get("read_only", False) == (name != "kafka")
    assert container.get("cap_add", []) == (["NET_BIND_SERVICE"] if name == "gateway" else [])
    assert not container.get("privileged", False)
    assert container.get("user", "0") != "0" or "build" in container or name == "kafka"


def test_no_secret_stands_in_the_file() -> None:
    for name, secret in COMPOSE["secrets"].items():
        assert secret == {"file": f"./secrets/{name}"}
    for container in CONTAINERS.values():
        for name, value in container.get("environment", {}).items():
            assert name.endswith("_FILE") or not re.search(r"PASSWORD|TOKEN|SECRET(?!S_DIR)|KEY(?!STORE_)", name)
            assert not re.search(r"://[^/@]*:[^/@]*@", str(value))
        assert not re.search(r"://[^/@]*:[^/@]*@", " ".join(container.get("command", [])))
    assert "/secrets/" in (ROOT / ".gitignore").read_text().splitlines()


def test_every_secret_is_declared_used_and_written(tmp_path: Path) -> None:
    used = {secret for container in CONTAINERS.values() for secret in mounted_secrets(container).values()}
    assert used == set(COMPOSE["secrets"])
    compose_secrets.write_secrets(tmp_path / "secrets", SERVICES)
    assert {path.name for path in (tmp_path / "secrets").iterdir()} == {*used, "api_token"}


def test_the_written_secrets_fit_together_and_stay_as_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "secrets"
    compose_secrets.write_secrets(folder, SERVICES[:1])
    passwords = databases.read_passwords(folder / "role_passwords")
    compose_secrets.write_secrets(folder, SERVICES)
    again = databases.read_passwords(folder / "role_passwords")
    assert passwords.items() <= again.items()
    assert set(again) == {"postgres", *(role for service in SERVICES for role in databases.roles(service))}
    assert (folder / "postgres_password").read_text() == again["postgres"]
    in_kafka = databases.read_passwords(folder / "kafka_passwords")
    assert set(in_kafka) == set(principals(SERVICES))
    assert len({*in_kafka.values(), (folder / "kafka_admin_password").read_text()}) == len(in_kafka) + 1
    for service in SERVICES:
        assert (folder / f"{service}_kafka_password").read_text() == in_kafka[service]
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()} == {0o444}

    service = SERVICES[0]
    mounted = tmp_path / "run"
    mounted.mkdir()
    for target, source in mounted_secrets(CONTAINERS[service]).items():
        (mounted / target).write_bytes((folder / source).read_bytes())
    monkeypatch.setenv(SECRETS_DIR, str(mounted))
    for name, value in CONTAINERS[service]["environment"].items():
        if name != SECRETS_DIR:
            monkeypatch.setenv(name, filled(value).replace(compose.SECRETS, str(mounted)))
    settings = settings_of(service)()
    assert isinstance(settings, ServiceSettings)
    owner, runtime = databases.roles(service)
    expected = f"postgresql://{runtime}:{again[runtime]}@postgres:5432/{databases.database_name(service)}"
    assert settings.database_url.get_secret_value() == expected
    assert settings.public_url == f"http://127.0.0.1:{compose.GATEWAY_PORT}"
    assert settings.smtp == f"mail:{compose.SMTP_PORT}"
    assert len(settings.link_key) >= 32
    assert settings.kafka_access.username == service
    assert settings.kafka_access.password == in_kafka[service]
    token = (folder / "api_token").read_text()
    assert settings.tokens.principal(token) is not None
    monkeypatch.setenv("TOVHOLDER_DATABASE_URL", "postgresql://other@elsewhere/x")
    other = settings_of(service)()
    assert isinstance(other, ServiceSettings)
    assert other.database_url.get_secret_value() == "postgresql://other@elsewhere/x"
    assert owner not in repr(settings)


def test_volumes_are_declared_and_cover_the_folders_of_the_image() -> None:
    named = {
        volume.partition(":")[0]
        for container in CONTAINERS.values()
        for volume in container.get("volumes", [])
        if not volume.startswith("./")
    }
    assert named == set(COMPOSE["volumes"])
    made = STAGES["application"].all("RUN")[0].words()
    for name in ("documents", "mail"):
        assert f"/var/lib/tovholder/{name}" in made


def test_an_admin_password_is_taken_from_the_file_when_the_url_has_none() -> None:
    with_it = databases._with_password("postgresql://postgres@postgres:5432/postgres", {"postgres": "p@ss"})
    assert with_it == "postgresql://postgres:p%40ss@postgres:5432/postgres"
    given = "postgresql://postgres:x@postgres:5432/postgres"
    assert databases._with_password(given, {"postgres": "y"}) == given


def test_no_container_fills_the_disk_with_its_log_or_is_held_up_by_it() -> None:
    for name, container in CONTAINERS.items():
        told = container["logging"]["options"]
        assert (told["max-size"], told["max-file"], told["mode"]) == ("20m", "5", "non-blocking"), name
