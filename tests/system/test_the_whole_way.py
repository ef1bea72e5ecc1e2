"""The whole installation as `tovholder up` starts it: from a request to the mail and the invoice line, and back."""

from __future__ import annotations

import csv
import hashlib
import io
import subprocess
import sys
import zipfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

import pytest

from deploy.local.locations import ROOT
from deploy.local.simulation import Simulation
from deploy.local.stack import Stack, kafka_as
from deploy.local.stories.client import Client, Problem
from shared.contracts.time import local
from shared.messaging.kafka import client_options
from tests.support import oracle
from tests.support.eventually import eventually
from tests.support.modes import open_to_others

PROGRAMME = "netvaerk-kommunal-ungeindsats"
START = datetime(2020, 6, 2, 8, tzinfo=UTC)
AARHUS, KOEBENHAVN, HVIDOVRE, VEJLE = "0751", "0101", "0167", "0630"

pytestmark = pytest.mark.timeout(300)


@dataclass(slots=True)
class Whole:
    stack: Stack
    client: Client
    simulation: Simulation

    async def sign_up(self, code: str, programme: str = PROGRAMME) -> dict[str, Any]:
        body = {
            "programme_id": programme,
            "organisation_code": code,
            "contact_name": "Karen Kontakt",
            "contact_email": f"karen@k{code}.example",
            "billing": {"address": {"street": "Rådhuspladsen 1", "postcode": "9000", "city": "Prøveby"}},
        }
        return await self.client.send("POST", "/api/enrollment/enrolments", body)

    async def mails_to(self, address: str) -> list[dict[str, Any]]:
        return [mail for mail in await self.client.mails() if address in mail["to"]]

    async def withdraw(self, enrolment_id: str) -> None:
        await self.client.send("POST", f"/api/enrollment/enrolments/{enrolment_id}/withdrawal", {"reason": "Travlt"})

    async def claims_of(self, enrolment_id: str, programme: str = PROGRAMME) -> list[dict[str, Any]]:
        found = await self.client.get("/api/invoicing/claims", programme_id=programme)
        return [claim for claim in found["claims"] if claim["enrolment_id"] == enrolment_id]

    def why(self, what: str) -> str:
        return self.command("why", what)

    def command(self, *words: str) -> str:
        """What a command of `tovholder` prints."""
        command = [sys.executable, "-m", "deploy.local.cli", *words, "--data-dir", str(self.stack.data_dir)]
        asked = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        assert asked.returncode == 0, asked.stdout + asked.stderr
        return asked.stdout

    async def broken(self) -> list[oracle.Broken]:
        admin = self.stack.addresses.postgres.rpartition("/")[0]
        urls = {name: f"{admin}/tovholder_{name}" for name in self.stack.addresses.services}
        kafka = client_options(kafka_as(self.stack.addresses))
        return await oracle.examine(oracle.Where(kafka, "", urls, self.stack.data_dir / "mails"))


@pytest.fixture(scope="module")
async def whole(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Whole]:
    data_dir: Path = tmp_path_factory.mktemp("whole") / "data"
    async with Stack(data_dir, simulated_start=START) as stack:
        at = stack.addresses
        async with (
            Client(at.gateway, at.mail, at.api_token, mail_key=at.mail_key) as client,
            Simulation(at.services, kafka_as(at), token=at.api_token) as simulation,
        ):
            text = (ROOT / "programmes" / f"{PROGRAMME}.yaml").read_text(encoding="utf-8")
            await client.send("POST", "/api/enrollment/programmes", {"file": text})
            await simulation.quiet()
            yield Whole(stack, client, simulation)


async def test_a_sign_up_becomes_a_claim_and_a_receipt(whole: Whole) -> None:
    answer = await whole.sign_up(AARHUS)
    await eventually(lambda: whole.mails_to("karen@k0751.example"), 30, because="the receipt is there")
    await whole.simulation.quiet()
    (claim,) = await whole.claims_of(answer["enrolment_id"])
    assert claim["net_ore"] == 1_950_000
    assert [mail["calendar"] for mail in await whole.mails_to("karen@k0751.example")] == [None]
    with pytest.raises(Problem) as refused:
        await whole.sign_up(AARHUS)
    assert refused.value.status == 409
    await whole.simulation.quiet()
    assert await whole.broken() == []


async def test_who_left_and_came_back_is_billed_once_and_who_stayed_away_never(
    whole: Whole,
) -> None:
    soon = "ungenetvaerk-i-juni"
    text = (ROOT / "programmes" / f"{PROGRAMME}.yaml").read_text(encoding="utf-8")
    for old, new in (
        (PROGRAMME, soon),
        ("invite_on: 2020-06-15, remind_on: 2020-08-10", "invite_on: 2020-06-03, remind_on: 2020-06-08"),
        ("deadline: 2020-08-21", "deadline: 2020-06-12"),
        ("invoice_on: 2020-09-01", "invoice_on: 2020-06-15"),
    ):
        assert old in text
        text = text.replace(old, new)
    await whole.client.send("POST", "/api/enrollment/programmes", {"file": text})
    back = (await whole.sign_up(HVIDOVRE, soon))["enrolment_id"]
    away = (await whole.sign_up(VEJLE, soon))["enrolment_id"]
    await whole.simulation.quiet()
    (first,) = await whole.claims_of(back, soon)
    assert first["state"] == "ready"

    await whole.withdraw(back)
    await whole.withdraw(away)
    await whole.simulation.quiet()
    assert [(one["id"], one["state"]) for one in await whole.claims_of(back, soon)] == [(first["id"], "withdrawn")]

    await whole.simulation.advance(local(date(2020, 6, 4), time(12)))
    assert (await whole.sign_up(HVIDOVRE, soon))["enrolment_id"] == back
    await whole.simulation.quiet()
    assert [(one["id"], one["state"]) for one in await whole.claims_of(back, soon)] == [(first["id"], "ready")]
    receipts = [str(mail["subject"]).partition(":")[0] for mail in await whole.mails_to("karen@k0167.example")]
    assert receipts == ["Plads bekræftet", "Afmeldt", "Plads bekræftet"]
    for _ in range(3):  # faster than anybody reads it
        await whole.withdraw(back)
        await whole.sign_up(HVIDOVRE, soon)
    await whole.simulation.quiet()
    assert [(one["id"], one["state"]) for one in await whole.claims_of(back, soon)] == [(first["id"], "ready")]

    await whole.simulation.advance(local(date(2020, 6, 16), time(12)))
    (claim,) = await whole.claims_of(back, soon)
    (invoice,) = (await whole.client.get("/api/invoicing/invoices", programme_id=soon))["invoices"]
    assert claim["invoice_id"] == invoice["id"]
    assert invoice["net_ore"] == 1_950_000
    assert [one["invoice_id"] for one in await whole.claims_of(away, soon)] == [None]
    assert await whole.broken() == []


async def test_a_fourth_participant_becomes_an_invoice_line_and_both_lead_back_to_who_asked(whole: Whole) -> None:
    enrolment_id = (await whole.sign_up(KOEBENHAVN))["enrolment_id"]
    await whole.simulation.advance(local(date(2020, 9, 3), time(9)))
    planned = (await whole.client.get("/api/scheduling/meetings", programme_id=PROGRAMME))["meetings"]
    meeting_id = next(one["id"] for one in planned if one["key"] == "oest-heldag-1")
    when = {"day": "2020-11-17", "starts": "09:30", "ends": "15:30", "place": "Mødehuset, København"}
    await whole.client.send("POST", f"/api/scheduling/meetings/{meeting_id}/date", when)
    await whole.simulation.quiet()
    path = f"/api/enrollment/enrolments/{enrolment_id}/meetings/{meeting_id}/participants"
    for number in range(1, 4):
        await whole.client.send("POST", path, {"name": f"Deltager {number}", "email": f"d{number}@k0101.example"})
    fourth: dict[str, Any] = {"name": "Fjerde Deltager", "email": "d4@k0101.example"}
    with pytest.raises(Problem) as refused:
        await whole.client.send("POST", path, fourth)
    assert refused.value.details["price_ore"] == 100_000
    await whole.client.send("POST", path, {**fourth, "accepted_price_ore": 100_000})
    await whole.simulation.quiet()
    assert [mail["calendar"] for mail in await whole.mails_to("d4@k0101.example")] == ["REQUEST"]
    extra = next(one for one in await whole.claims_of(enrolment_id) if one["kind"] == "extra")
    assert extra["invoice_id"] is None

    await whole.simulation.advance(local(date(2020, 11, 17), time(23)))
    assert [one["invoice_id"] for one in await whole.claims_of(enrolment_id) if one["kind"] == "extra"] == [None]
    await whole.simulation.advance(local(date(2020, 11, 19), time(12)))
    (extra,) = [one for one in await whole.claims_of(enrolment_id) if one["kind"] == "extra"]
    invoice = await whole.client.get(f"/api/invoicing/invoices/{extra['invoice_id']}")
    assert (invoice["net_ore"], invoice["gross_ore"]) == (100_000, 125_000)
    assert [line["claim_id"] for line in invoice["lines"]] == [extra["id"]]
    assert await whole.broken() == []

    line = whole.why(extra["id"])
    assert "en ekstra deltager kom til" in line
    assert "bag det står  API-nøglen local" in line
    sent = await whole.client.get("/api/notifications/messages", about=f"enrolment/{enrolment_id}")
    mail = whole.why(sent["messages"][0]["id"])
    assert "kommunen fik sin plads" in mail
    assert "bag det står  API-nøglen local" in mail


async def test_the_papers_of_a_programme_are_one_file_and_whoever_is_erased_reads_what_stays(
    whole: Whole, tmp_path: Path
) -> None:
    first, second = tmp_path / "a.zip", tmp_path / "b.zip"
    said = whole.command("archive", PROGRAMME, "--out", str(first))
    digest = hashlib.sha256(first.read_bytes()).hexdigest()
    assert digest in said
    whole.command("archive", PROGRAMME, "--out", str(second))
    assert second.read_bytes() == first.read_bytes()
    kept = await whole.client.get(f"/api/enrollment/programmes/{PROGRAMME}/archive")
    assert {one["sha256"] for one in kept["archived"]} == {digest}
    with zipfile.ZipFile(first) as book:
        tables = {
            name: list(csv.DictReader(io.StringIO(book.read(name).decode("utf-8-sig"), newline=""), delimiter=";"))
            for name in book.namelist()
            if name.endswith(".csv")
        }
        invoices = {one["Fil"] for one in tables["manifest.csv"] if one["Fil"].startswith("fakturaer/")}
        issued = whole.stack.data_dir / "invoices"
        assert invoices
        for name in invoices:
            assert book.read(name) == (issued / Path(name).name).read_bytes(), f"{name} is as it was issued"
        assert book.read("programfil/version-1.yaml") == (ROOT / "programmes" / f"{PROGRAMME}.yaml").read_bytes()
    assert "Fjerde Deltager" in {one["Navn"] for one in tables["lister/deltagere.csv"]}
    assert {one["Tilstand"] for one in tables["lister/afgoerelser.csv"]} == {"Plads bekræftet"}
    assert "d4@k0101.example" in {one["E-mail"] for one in tables["lister/mails.csv"]}
    assert {one["Titel"] for one in tables["lister/moedernes-aendringer.csv"]} > {"1. heldagsmøde i Øst"}
    asked = {one["Handling"] for name, rows in tables.items() if "handlinger" in name for one in rows}
    assert {"PublishProgramme", "tovholder.enrollment.RegisterParticipant.v1"} <= asked
    # Before anybody is erased: the oracle compares mails by the addresses that they went to.
    assert await whole.broken() == []

    said = whole.command("person", "erase", "d4@k0101.example")
    assert "Én faktura, som personen står på" in said
    assert "sendt til personen" in said
    assert "Arkivets kopi af papirerne for Netværk om den kommunale ungeindsats bliver hos" in said


async def test_after_all_of_it_nobody_else_can_read_a_file_or_enter_a_folder(whole: Whole) -> None:
    """Last, so that mails, invoices, logs and secrets are there."""
    folder = whole.stack.data_dir
    for there in ("mails/*.eml", "calendar/*.ics", "invoices/*.pdf", "logs/*.log", "secrets/*", "caddy/*"):
        assert list(folder.glob(there)), there
    assert open_to_others(folder) == []
