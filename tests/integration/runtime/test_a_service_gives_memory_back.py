"""A service asks its allocator to give memory back: before there are threads, and as long as it runs."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from shared.base import memory
from shared.runtime import commands
from shared.runtime.commands import main
from shared.runtime.running import Running
from shared.runtime.service import open_host
from tests.support.eventually import eventually
from tests.support.servers import Database
from tests.support.toy import SERVICE, settings_for


def test_the_allocator_is_told_before_anything_else_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    monkeypatch.setattr(commands, "give_memory_back", lambda: done.append("told"))
    monkeypatch.setattr(commands, "run_command", lambda *_: done.append("run") or 0)
    with pytest.raises(SystemExit):
        main(SERVICE, ["scopes"])
    assert done == ["told", "run"]


async def test_it_is_asked_again_and_again_until_the_service_stops(
    toy_database: Database, link_key_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = 0

    def count() -> None:
        nonlocal asked
        asked += 1

    monkeypatch.setattr(memory, "TRIM_EVERY_S", 0.01)
    monkeypatch.setattr(memory, "trim", count)
    running = Running(await open_host(SERVICE, settings_for(toy_database, link_key_file, http_port=0)), "web")
    await running.start()
    await eventually(lambda: asked > 1)
    await asyncio.wait_for(running.stop(), 30)
