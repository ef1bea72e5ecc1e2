"""The broker as docker-compose.yml sets it, which needs no engine: it starts with TLS, and without a certificate."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from aiokafka.errors import KafkaError

from deploy import compose, compose_secrets
from deploy.local import process, topics
from deploy.local.broker import Broker
from deploy.local.kafka import wait_until_usable
from deploy.local.locations import ROOT, service_names
from deploy.local.ports import HOST, free_ports
from shared.runtime.settings import KafkaSettings
from tests.support.certificates import make_certificates
from tests.support.composed import filled

CONTAINERS = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))["services"]
ADMIN = CONTAINERS["topics"]["environment"]


@pytest.mark.parametrize("tls", [False, True], ids=["login", "TLS"])
async def test_it_starts_and_the_administrator_comes_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, tls: bool
) -> None:
    port, controller_port = free_ports(2)
    shell = {"TOVHOLDER_KAFKA_TLS": "SSL"} if tls else {}
    secrets = tmp_path / "secrets"
    compose_secrets.write_secrets(secrets, service_names())
    if tls:
        make_certificates(tmp_path)
        for name in compose_secrets.KAFKA_CERTIFICATES:
            (secrets / name).unlink()
            (secrets / name).write_bytes((tmp_path / name.removeprefix("kafka_")).read_bytes())
    mounted = tmp_path / "run"
    mounted.mkdir()
    for container in ("kafka", "topics"):
        for one in CONTAINERS[container]["secrets"]:
            source, target = (one, one) if isinstance(one, str) else (one["source"], one["target"])
            (mounted / target).write_bytes((secrets / source).read_bytes())

    def here(value: str) -> str:
        return filled(value, **shell).replace(compose.SECRETS, str(mounted)).replace("kafka:9092", f"{HOST}:{port}")

    broker = Broker(tmp_path / "kafka", port=port, controller_port=controller_port, logs=tmp_path)
    await asyncio.to_thread(broker.prepare)
    settings = tmp_path / "kafka" / "server.properties"
    (data,) = (line for line in settings.read_text().splitlines() if line.startswith("log.dirs="))
    told = {
        name.removeprefix("KAFKA_").lower().replace("___", "-").replace("_", "."): here(value).replace("$$", "$")
        for name, value in CONTAINERS["kafka"]["environment"].items()
    }
    told["listeners"] = f"CLIENTS://{HOST}:{port},CONTROLLER://{HOST}:{controller_port}"
    told["controller.quorum.voters"] = f"1@{HOST}:{controller_port}"
    lines = [f"{name}={value}" for name, value in told.items() if name not in {"log.dirs", "heap.opts"}]
    settings.write_text("\n".join([*lines, data]))
    for name, value in ADMIN.items():
        monkeypatch.setenv(name, here(value))

    command = broker.command()
    running = process.start(command)
    try:
        admin = KafkaSettings().kafka_access
        await wait_until_usable(admin)
        await topics.event_topics(admin)
        with pytest.raises(KafkaError):
            await topics.event_topics(replace(admin, protocol="SASL_PLAINTEXT" if tls else "PLAINTEXT"))
    finally:
        await asyncio.to_thread(process.stop, running, command)
