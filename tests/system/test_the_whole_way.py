"""The whole installation as `tovholder up` starts it: from a request to the mail and the invoice line, and back."""

from __future__ import annotations

import asyncio
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
from tests.support import new_version, oracle
from tests.support.eventually import eventually
from tests.support.modes import open_to_others
from tests.system.test_staff_at_the_gateway import browser, enters

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


@dataclass(frozen=True, slots=True)
class Command:
    """What a command of `tovholder` said, and how it ended."""

    status: int
    out: str
    errors: str


async def publishes(whole: Whole, file: Path, *words: str, said: str = "") -> Command:
    """`tovholder publish`, as somebody types it."""
    command = [sys.executable, "-m", "deploy.local.cli", "publish", str(file), *words]
    at = () if "--at" in words else ("--data-dir", str(whole.stack.data_dir))
    asked = await asyncio.to_thread(
        subprocess.run, [*command, *at], cwd=ROOT, capture_output=True, text=True, check=False, input=said
    )
    return Command(asked.returncode, asked.stdout, asked.stderr)


def written(folder: Path, text: str) -> Path:
    """The file, which is called as its programme is."""
    place = folder / hashlib.sha256(text.encode()).hexdigest()[:8]
    place.mkdir(exist_ok=True)
    file = place / f"{text.partition(chr(10) + 'id: ')[2].partition(chr(10))[0]}.yaml"
    file.write_text(text, encoding="utf-8")
    return file


async def new_mails(whole: Whole, before: int) -> list[tuple[str, str]]:
    """To whom, and about what; the digest of staff comes in the morning and is not among them."""
    await whole.simulation.quiet()
    return [(one["to"][0], str(one["subject"])) for one in (await whole.client.mails())[before:]]


async def said_and_sent(whole: Whole, folder: Path, text: str) -> tuple[new_version.Said, list[tuple[str, str]], str]:
    """What the pages say of a version, and the command, before it is published; and what is mailed then."""
    file = written(folder, text)
    before = len(await whole.client.mails())
    async with browser(whole.stack) as client:
        assert (await enters(whole.stack, client, "konsulent")).status_code in {200, 403}
        said = await new_version.said_by_the_pages(client, text)
    looked = await publishes(whole, file, said="n\n")
    assert (looked.status, looked.errors) == (6, "Intet er udgivet. Skriv --yes, når det skal ske.\n"), looked
    assert await new_mails(whole, before) == [], "nothing is sent by looking"
    done = await publishes(whole, file, "--yes")
    assert done.status == 0, done
    assert done.out.splitlines()[:-1] == looked.out.splitlines()[:-1], "it is the same a moment later"
    return said, await new_mails(whole, before), done.out


async def test_as_many_mails_are_sent_by_a_new_version_as_were_said(whole: Whole, tmp_path: Path) -> None:
    """Contacts, participants, a guest, whoever waits and moves up, one who left, and a meeting nobody is invited to."""
    programme = new_version.NETWORK
    first = await publishes(whole, written(tmp_path, new_version.FIRST), "--yes")
    assert (first.status, first.errors) == (0, ""), first
    assert f"{programme}, version 1: udgivet" in first.out
    await whole.simulation.quiet()
    places = {code: (await whole.sign_up(code, programme))["enrolment_id"] for code in ("0101", "0147", "0167", "0151")}
    await whole.withdraw(places.pop("0147"))
    places["0153"] = (await whole.sign_up("0153", programme))["enrolment_id"]
    await whole.simulation.quiet()
    meetings = (await whole.client.get("/api/scheduling/meetings", programme_id=programme))["meetings"]
    ids = {one["key"]: one["id"] for one in meetings}
    for number, (code, email) in enumerate(
        (("0101", "et@k0101.example"), ("0101", "karen@k0167.example"), ("0167", "to@k0167.example"))
    ):
        path = f"/api/enrollment/enrolments/{places[code]}/meetings/{ids['oest-1']}/participants"
        await whole.client.send("POST", path, {"name": f"Deltager {number}", "email": email})
    guests = f"/api/enrollment/programmes/{programme}/meetings/{ids['oest-1']}/guests"
    await whole.client.send("POST", guests, {"name": "Gerda Gæst", "email": "gerda@gaest.example"})
    await whole.simulation.quiet()

    said, sent, told = await said_and_sent(whole, tmp_path, new_version.SECOND)

    assert (said.mails, said.mailboxes) == (len(sent), len({to for to, _ in sent}))
    assert f"{said.mails} mails til {said.mailboxes} postkasser" in told
    # Not only as many: contacts, of whom one takes part for somebody else, participants, and a guest.
    moved = {to for to, subject in sent if "oest-1" in subject}
    assert {"et@k0101.example", "to@k0167.example", "gerda@gaest.example", "karen@k0101.example"} <= moved
    assert "karen@k0147.example" not in {to for to, _ in sent}, "whoever left hears nothing"
    assert not [subject for _, subject in sent if "vest-1" in subject]
    waited = [subject for to, subject in sent if to == "karen@k0153.example"]
    assert [one for one in waited if one.startswith("Plads bekræftet")], waited
    for line in (
        "Fristen",
        "19500 → 20500",
        "Mødet »oest-1« flyttes",
        "Mødet »oest-2« aflyses",
        "Mødet »vest-1« flyttes",
    ):
        assert line in told, line
    assert await whole.broken() == []


async def test_the_command_says_how_it_ended_and_writes_over_nobody(whole: Whole, tmp_path: Path) -> None:
    """After the second version of the network."""
    same = await publishes(whole, written(tmp_path, new_version.SECOND))
    assert (same.status, same.errors) == (0, "")
    assert "uændret" in same.out
    wrong = new_version.SECOND.replace("total: 20500", "total: 1").replace("usual: 4", "usual: 5")
    faulty = await publishes(whole, written(tmp_path, wrong), "--yes")
    found = {code for code in ("fees_do_not_add_up", "capacity_mismatch") if f"[{code}]" in faulty.out}
    assert (faulty.status, len(found)) == (1, 2), faulty.out
    low = await publishes(whole, written(tmp_path, new_version.SECOND.replace("usual: 4", "usual: 2")))
    assert (low.status, "[version_not_higher]" in low.errors) == (1, True), low
    other = new_version.FIRST.replace(new_version.NETWORK, "et-andet").replace("90000012", "55606617")
    taken = await publishes(whole, written(tmp_path, other))
    assert (taken.status, "[series_taken]" in taken.errors) == (1, True), taken

    gateway = whole.stack.addresses.gateway
    token = tmp_path / "token"
    token.write_text("not-a-token-of-anybodys")
    third = written(tmp_path, new_version.THIRD)
    stranger = await publishes(whole, third, "--yes", "--at", gateway, "--token-file", str(token))
    assert (stranger.status, "Nøglen gælder ikke" in stranger.errors) == (3, True), stranger
    none = await publishes(whole, third, "--yes", "--at", gateway, "--token-file", str(tmp_path / "none"))
    assert (none.status, "kan ikke læses" in none.errors) == (3, True), none
    away = await publishes(
        whole, third, "--yes", "--at", "http://127.0.0.1:1", "--token-file", whole.stack.addresses.api_token_file
    )
    assert (away.status, "Intet er udgivet" in away.errors) == (4, True), away

    # Somebody else publishes the third version while it is looked at.
    command = [sys.executable, "-m", "deploy.local.cli", "publish", str(third), "--data-dir", str(whole.stack.data_dir)]
    pipe = asyncio.subprocess.PIPE
    sits = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdin=pipe, stdout=pipe, stderr=pipe)
    assert sits.stdout is not None
    looked = b""
    while b"[j/N]" not in looked:
        looked += await asyncio.wait_for(sits.stdout.read(1000), 60)
    theirs = new_version.THIRD.replace("title: Det fjerde møde", "title: Et fjerde møde")
    await whole.client.send("POST", "/api/enrollment/programmes", {"file": theirs})
    _, errors = await asyncio.wait_for(sits.communicate(b"j\n"), 60)
    assert (sits.returncode, "[published_meanwhile]" in errors.decode()) == (5, True), errors
    path = f"/api/enrollment/programmes/{new_version.NETWORK}/versions/3"
    assert "Et fjerde møde" in (await whole.client.get(path))["yaml"]
    await whole.simulation.quiet()


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


async def test_members_and_their_people_are_counted_as_they_are_mailed(whole: Whole, tmp_path: Path) -> None:
    """Behind whatever asks the oracle, which knows of no members without a mailbox."""
    programme = new_version.PARTNERS
    first = await publishes(whole, written(tmp_path, new_version.PARTNERS_FIRST), "--yes")
    assert first.status == 0, first
    for code in ("uu-center", "vuc"):
        path = f"/api/enrollment/organisations/{programme}.{code}"
        await whole.client.send("PUT", path, {"main_email": f"kontor@{code}.example"})
    await whole.simulation.quiet()
    listed = await whole.client.get("/api/enrollment/enrolments", programme_id=programme)
    places = {one["organisation"]["code"]: one["enrolment_id"] for one in listed["enrolments"]}
    team = f"/api/enrollment/enrolments/{places[f'{programme}.vuc']}/team"
    await whole.client.send("POST", team, {"name": "Vibe Vuc", "email": "vibe@vuc.example"})
    await whole.simulation.quiet()

    said, sent, _ = await said_and_sent(whole, tmp_path, new_version.PARTNERS_SECOND)

    assert (said.mails, said.mailboxes) == (len(sent), len({to for to, _ in sent}))
    assert {to for to, _ in sent} == {"kontor@uu-center.example", "kontor@vuc.example", "vibe@vuc.example"}


async def test_after_all_of_it_nobody_else_can_read_a_file_or_enter_a_folder(whole: Whole) -> None:
    """Last, so that mails, invoices, logs and secrets are there."""
    folder = whole.stack.data_dir
    for there in ("mails/*.eml", "calendar/*.ics", "invoices/*.pdf", "logs/*.log", "secrets/*", "caddy/*"):
        assert list(folder.glob(there)), there
    assert open_to_others(folder) == []
