"""Invoicing as a process of its own: Kafka and HTTP in, Kafka, HTTP and files out; no other service runs."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import pytest

from deploy.local.locations import ROOT
from deploy.local.mail_guard import bearer
from shared.contracts.event import INTAKE_TOPIC
from shared.contracts.invoicing import CreditInvoice, LineToCredit
from tests.support.eventually import eventually
from tests.support.external_producer import Producer, enrolled, held, with_extra
from tests.support.facts import cloud_event
from tests.support.official_rules import MustPass
from tests.support.oracle import read_topics
from tests.support.servers import Templates
from tests.support.stack import Installation

FEES_FALL_DUE = datetime(2020, 9, 1, 6, tzinfo=UTC)


@pytest.fixture
async def office(kafka: str, _templates: Templates) -> AsyncIterator[Installation]:
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


async def fee_and_guest(office: Installation, producer: Producer) -> list[dict[str, Any]]:
    """The two invoices of a municipality that somebody else enrolled, and that brought one more to a meeting."""
    await producer.tell(held(sequence=1), enrolled("0101", sequence=1), with_extra("0101", sequence=1))
    await claims(office, "ready", 2)
    await office.move_clock(datetime(2022, 6, 1, 8, tzinfo=UTC))
    return sorted(await invoices(office, 2), key=lambda one: -int(one["net_ore"]))


async def test_another_systems_facts_become_invoices_files_and_answers(
    office: Installation, must_pass: MustPass
) -> None:
    async with Producer(office.kafka, office.prefix) as producer:
        fee, guest = await fee_and_guest(office, producer)
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


async def test_credit_is_asked_for_over_http_and_intake_and_done_once(
    office: Installation, must_pass: MustPass
) -> None:
    async with Producer(office.kafka, office.prefix) as producer:
        fee, guest = await fee_and_guest(office, producer)

        path = f"/api/invoicing/invoices/{guest['id']}/credit-notes"
        body = {"credit_id": "desk-1", "reason": "Deltageren var syg."}
        first = await office.request("invoicing", "POST", path, body, "key-1")
        assert (first.status_code, first.headers["location"]) == (201, "/api/invoicing/credit-notes/crm-3")
        assert (await office.request("invoicing", "POST", path, body, "key-1")).json() == first.json()
        assert (await office.request("invoicing", "POST", path, body, "key-2")).json() == first.json()
        refused = await office.request("invoicing", "POST", path, body | {"credit_id": "desk-2"})
        assert (refused.status_code, refused.json()["code"]) == (409, "nothing_left")
        unknown = await office.request("invoicing", "POST", "/api/invoicing/invoices/crm-9/credit-notes", body)
        assert (unknown.status_code, unknown.json()["code"]) == (404, "unknown_invoice")
        misspelt = await office.request("invoicing", "POST", path, body | {"lines": [{"claim_id": "x", "ore": 1}]})
        assert misspelt.status_code == 422

        whole = await office.call("invoicing", "GET", f"/api/invoicing/invoices/{fee['id']}")
        half = LineToCredit(claim_id=whole["lines"][0]["claim_id"], net_ore=975_000)
        command = CreditInvoice(
            invoice_id=fee["id"], credit_id="crm-1", reason="Kommunen kom først med fra andet halvår.", lines=(half,)
        )
        ask, again = cloud_event(command, event_id="ask-1"), cloud_event(command, event_id="ask-2")
        too_much = cloud_event(command.model_copy(update={"credit_id": "crm-2", "reason": ""}), event_id="ask-3")
        for event in (ask, ask, again, too_much):
            await producer.put(INTAKE_TOPIC, json.dumps(event).encode(), key=event["subject"].encode())

    async def listed() -> list[str]:
        found = await office.call("invoicing", "GET", "/api/invoicing/credit-notes")
        return [one["id"] for one in found["credit_notes"] if len(found["credit_notes"]) == 2]

    assert await eventually(listed, 20.0) == ["crm-3", "crm-4"]
    folder = office.folder / "documents" / "invoices"
    await eventually(lambda: len(list(folder.glob("*.html"))) == 4)
    for note in ("crm-3", "crm-4"):
        must_pass((folder / f"{note}.xml").read_bytes())
        told = await office.call("invoicing", "GET", f"/api/invoicing/credit-notes/{note}")
        written = json.loads((folder / f"{note}.json").read_text(encoding="utf-8"))
        assert written == {key: value for key, value in told.items() if key in written}
        page = await office.request("invoicing", "GET", f"/api/invoicing/credit-notes/{note}.html")
        assert page.text == (folder / f"{note}.html").read_text(encoding="utf-8")
        assert await on_the_command_line(office, "document", "show", note) == (0, page.text)
        assert (folder / f"{note}.pdf").read_bytes().startswith(b"%PDF-1.7")
    known, address = await on_the_command_line(office, "document", "page", fee["id"])
    assert known == 0
    shown = await office.http.get(f"{office.running['invoicing'].url}{urlsplit(address.strip()).path}")
    assert "9.750,00 kr. tilbage af 19.500,00 kr." in shown.text

    await office.settled()
    assert await office.broken() == []
    kinds = [one.event["type"].split(".")[2] for one in await read_topics(office.where) if one.topic == "invoicing"]
    assert sorted(kinds) == [*["CreditNoteIssued"] * 2, "IntakeRejected", *["InvoiceIssued"] * 2]


async def test_a_kill_between_a_credit_note_and_its_files_loses_none_of_them(office: Installation) -> None:
    async with Producer(office.kafka, office.prefix) as producer:
        await producer.tell(enrolled("0101", sequence=1))
        await claims(office, "ready", 1)
    await office.move_clock(FEES_FALL_DUE)
    (invoice,) = await invoices(office, 1)
    folder = office.folder / "documents" / "invoices"
    await eventually((folder / f"{invoice['id']}.html").is_file, 30.0)

    # A folder is in the way of the third file, so that the process is killed with some written and some not.
    in_the_way = folder / "crm-2.xml"
    in_the_way.mkdir()
    body = {"credit_id": "desk-1", "reason": "Aftalt med kommunen."}
    await office.call("invoicing", "POST", f"/api/invoicing/invoices/{invoice['id']}/credit-notes", body)
    await eventually((folder / "crm-2.html").is_file, 30.0)
    office.running["invoicing"].kill()
    in_the_way.rmdir()
    assert not list(folder.glob("crm-2.pdf"))
    await office.start("invoicing")
    await eventually((folder / "crm-2.pdf").is_file, 30.0)
    await office.settled()
    # A kill may leave an unfinished file, under a hidden name that nobody reads.
    assert sorted(path.name for path in folder.glob("[!.]*")) == [
        f"crm-{number}.{suffix}" for number in (1, 2) for suffix in ("html", "json", "pdf", "xml")
    ]


async def test_a_state_that_no_claim_can_be_in_is_refused(office: Installation) -> None:
    answer = await office.request("invoicing", "GET", "/api/invoicing/claims?state=bogus")
    assert (answer.status_code, answer.json()["code"]) == (422, "unknown_state")
    assert "invoiced_then_removed" in answer.json()["detail"]


async def test_an_invoice_is_shown_to_nobody_without_a_token(office: Installation) -> None:
    url = office.running["invoicing"].url
    for path in (
        "/api/invoicing/invoices",
        "/api/invoicing/invoices/K-1.html",
        "/api/invoicing/invoices/K-1/page",
        "/api/invoicing/credit-notes",
        "/api/invoicing/credit-notes/K-1.html",
        "/api/invoicing/claims",
    ):
        assert (await office.http.get(f"{url}{path}")).status_code == 401
    for path in ("/api/invoicing/invoices/K-1.html", "/api/invoicing/credit-notes/K-1.html"):
        assert (await office.request("invoicing", "GET", path)).status_code == 404


async def test_a_folder_that_cannot_be_written_stops_no_invoice_and_is_filled_when_it_can(office: Installation) -> None:
    folder = office.folder / "documents"
    folder.write_text("in the way", encoding="utf-8")
    async with Producer(office.kafka, office.prefix) as producer:
        await producer.tell(enrolled("0101", sequence=1))
        await claims(office, "ready", 1)
    await office.move_clock(FEES_FALL_DUE)
    (invoice,) = await invoices(office, 1)

    async def left() -> int:
        asked = await office.http.get(f"{office.running['invoicing'].url}/_clock", headers=bearer(office.token))
        return int(asked.json()["pending"])

    assert await eventually(left, because="the service says that files are left to write") == 1
    folder.unlink()
    written = folder / "invoices" / f"{invoice['id']}.html"
    await eventually(written.is_file, 30.0)
