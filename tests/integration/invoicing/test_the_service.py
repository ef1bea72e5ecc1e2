"""Invoicing as a process of its own: Kafka and HTTP in, Kafka, HTTP and files out; no other service runs."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest

from deploy.local.locations import ROOT
from tests.support.eventually import eventually
from tests.support.external_producer import Producer, enrolled, held, with_extra
from tests.support.official_rules import MustPass
from tests.support.servers import _Templates
from tests.support.stack import Installation

FEES_FALL_DUE = datetime(2020, 9, 1, 6, tzinfo=UTC)


@pytest.fixture
async def office(kafka: str, _templates: _Templates) -> AsyncIterator[Installation]:
    async with Installation(kafka, _templates, services=("invoicing",)) as installation:
        await installation.start("invoicing")
        yield installation


async def invoices(office: Installation, count: int) -> list[dict[str, Any]]:
    async def listed() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await office.call("invoicing", "GET", "/api/invoicing/invoices"))["invoices"]
        return found if len(found) >= count else []

    return await eventually(listed, 20.0, because=f"{count} invoices")


async def claims(office: Installation, state: str, count: int) -> list[dict[str, Any]]:
    async def listed() -> list[dict[str, Any]]:
        path = f"/api/invoicing/claims?state={state}"
        found: list[dict[str, Any]] = (await office.call("invoicing", "GET", path))["claims"]
        return found if len(found) == count else []

    return await eventually(listed, 20.0, because=f"{count} claims that are {state}")


async def on_the_command_line(office: Installation, *args: str) -> tuple[int | None, str]:
    """Exit status and what was printed."""
    running = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "services.invoicing", *args),
        env={**os.environ, **office.environment("invoicing", 0)},
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    printed, _ = await running.communicate()
    return running.returncode, printed.decode()


async def test_another_systems_facts_become_invoices_files_and_answers(
    office: Installation, must_pass: MustPass
) -> None:
    async with Producer(office.kafka, office.prefix) as producer:
        await producer.tell(held(sequence=1), enrolled("0101", sequence=1), with_extra("0101", sequence=1))
        await claims(office, "ready", 2)
        await office.move_clock(datetime(2022, 6, 1, 8, tzinfo=UTC))
        fee, guest = sorted(await invoices(office, 2), key=lambda one: -one["net_ore"])
        assert (fee["net_ore"], fee["gross_ore"]) == (1_950_000, 2_437_500)
        assert (guest["net_ore"], guest["gross_ore"]) == (100_000, 125_000)

        folder = office.folder / "documents" / "invoices"
        await eventually(lambda: len(list(folder.glob("*.html"))) == 2)
        whole = await office.call("invoicing", "GET", f"/api/invoicing/invoices/{guest['id']}")
        written = json.loads((folder / f"{guest['id']}.json").read_text(encoding="utf-8"))
        assert written == {key: value for key, value in whole.items() if key in written}
        page = await office.request("invoicing", "GET", f"/api/invoicing/invoices/{guest['id']}.html")
        assert page.text == (folder / f"{guest['id']}.html").read_text(encoding="utf-8")
        assert "1.250,00 kr." in page.text
        must_pass((folder / f"{guest['id']}.xml").read_bytes())
        assert (folder / f"{guest['id']}.pdf").read_bytes().startswith(b"%PDF-1.7")
        assert "script-src" not in page.headers["Content-Security-Policy"]
        assert "default-src 'none'" in page.headers["Content-Security-Policy"]

        assert await on_the_command_line(office, "document", "show", guest["id"]) == (0, page.text)
        assert await on_the_command_line(office, "document", "show", "N-99") == (1, "")
        known, why = await on_the_command_line(office, "why", f"{guest['id']}/1")
        assert known == 0
        assert json.loads(why)["effect"]["title"].startswith(f"Faktura {guest['id']}, linje 1: Ekstra deltager")

        path = f"/api/invoicing/invoices/{guest['id']}/payments"
        paid = {"payment_id": "bank-1", "amount_ore": 125_000, "paid_on": "2022-06-01"}
        assert (await office.call("invoicing", "POST", path, paid))["outstanding_ore"] == 0
        refused = await office.request("invoicing", "POST", path, paid | {"amount_ore": 1})
        assert (refused.status_code, refused.json()["code"]) == (409, "payment_differs")
    await office.settled()
    assert await office.broken() == []


async def test_an_invoice_is_shown_to_nobody_without_a_token(office: Installation) -> None:
    url = office.running["invoicing"].url
    for path in ("/api/invoicing/invoices", "/api/invoicing/invoices/K-1.html", "/api/invoicing/claims"):
        assert (await office.http.get(f"{url}{path}")).status_code == 401
    assert (await office.request("invoicing", "GET", "/api/invoicing/invoices/K-1.html")).status_code == 404


async def test_a_folder_that_cannot_be_written_stops_no_invoice_and_is_filled_when_it_can(office: Installation) -> None:
    folder = office.folder / "documents"
    folder.write_text("in the way", encoding="utf-8")
    async with Producer(office.kafka, office.prefix) as producer:
        await producer.tell(enrolled("0101", sequence=1))
        await claims(office, "ready", 1)
    await office.move_clock(FEES_FALL_DUE)
    (invoice,) = await invoices(office, 1)

    async def left() -> int:
        return int((await office.http.get(f"{office.running['invoicing'].url}/_clock")).json()["pending"])

    assert await eventually(left, because="the service says that files are left to write") == 1
    folder.unlink()
    written = folder / "invoices" / f"{invoice['id']}.html"
    await eventually(written.is_file, 30.0)
