"""`tovholder demo`: plays a programme's years, shows them, counts what came of them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from icalendar import Calendar
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from deploy.local.blocking import run_blocking
from deploy.local.datadir import Ports
from deploy.local.demo.timeline import Timeline
from deploy.local.errors import StackError
from deploy.local.locations import DEMO_DATA_DIR, made_by
from deploy.local.stack import Addresses, Stack
from deploy.local.stories import shelf
from deploy.local.stories.client import Client
from deploy.local.stories.player import Played, Player
from deploy.local.stories.report import show
from deploy.local.stories.shelf import Tale
from deploy.local.stories.stage import Stage, token_names
from deploy.local.stories.theatre import SEED
from shared.contracts.danish import kroner, short_day
from shared.contracts.time import day_of

PROGRAMME = "netvaerk-kommunal-ungeindsats"
"""The one that is played when nobody names another."""
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
"""A clock goes on where it stood, when that is later."""

COUNTED = {
    "participants": {
        "registered": "ParticipantRegistered",
        "extra": "ExtraParticipantAdded",
        "extra_removed": "ExtraParticipantRemoved",
    },
    "teams": {"named": "TeamMemberNamed", "replaced": "TeamMemberReplaced", "removed": "TeamMemberRemoved"},
    "guests": {"invited": "GuestInvited", "removed": "GuestRemoved"},
    "options": {
        "quoted": "QuoteGiven",
        "ordered": "OptionOrdered",
        "withdrawn": "OptionWithdrawn",
        "delivered": "OptionDelivered",
    },
}
"""What the summary says how often of, and the facts that are counted."""
_WHERE_THERE_ARE_ANY = (
    ("teams", "named", "Navngivet på faste hold"),
    ("teams", "replaced", "  skiftet"),
    ("teams", "removed", "  taget af holdet"),
    ("guests", "invited", "Gæster inviteret"),
    ("guests", "removed", "  taget af listen"),
    ("options", "quoted", "Tilkøb: tilbud givet"),
    ("options", "ordered", "Tilkøb: bestilt"),
    ("options", "withdrawn", "Tilkøb: trukket tilbage"),
    ("options", "delivered", "Tilkøb: leveret"),
)
"""Rows of the table that a programme without them does without."""


@dataclass(frozen=True, slots=True)
class Demo:
    """What a play came to. `summary` is the same in every play."""

    played: Played
    summary: dict[str, Any]


def stack(
    data_dir: Path,
    ports: Ports,
    start: datetime,
    console: Console,
    *,
    keep: bool = False,
    callers: Iterable[str] = (),
) -> Stack:
    """`callers` are those who do something in what is played, by their names there."""
    return Stack(
        data_dir,
        ports=ports,
        simulated_start=start,
        seed=SEED,
        made_by="demo",
        keep=keep,
        callers=token_names(callers),
        on_step=lambda step: console.print(step, style="dim"),
    )


async def play(running: Stack, programme_id: str, tale: Tale, console: Console) -> Demo:
    """Play on a stack that has just been started on an empty data directory."""
    story, timeline = tale.checked.story, Timeline()
    addresses = running.addresses
    async with Stage(addresses, running.kill_and_wait) as stage:
        with Progress(
            TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"), TimeElapsedColumn(),
            console=console,
        ) as progress:  # fmt: skip
            task = progress.add_task(story.story, total=((story.until or story.clock) - story.clock).total_seconds())
            shown = day_of(story.clock)

            async def look(now: datetime, _what: str = "") -> None:
                nonlocal shown
                if day_of(now) <= shown:
                    return
                shown = day_of(now)
                timeline.take(await stage.events())
                for line in timeline.lines_before(shown):
                    progress.console.print(line, highlight=False, soft_wrap=True)
                done = (now - story.clock).total_seconds()
                progress.update(task, completed=done, description=f"{short_day(shown):>18}")

            player = Player(stage, tale.checked, look)
            played = await player.play(tale.begin())
            await look(player.now + timedelta(days=1))
        return Demo(played, await _count(stage.client, programme_id, timeline, Path(addresses.data_dir)))


async def _count(client: Client, programme_id: str, timeline: Timeline, data_dir: Path) -> dict[str, Any]:
    """The numbers, from the services' own lists and from the files that people find."""
    enrolments = (await client.get("/api/enrollment/enrolments", programme_id=programme_id))["enrolments"]
    meetings = (await client.get("/api/scheduling/meetings", programme_id=programme_id))["meetings"]
    invoices = (await client.get("/api/invoicing/invoices", programme_id=programme_id))["invoices"]
    given_back = (await client.get("/api/invoicing/credit-notes", programme_id=programme_id))["credit_notes"]
    claims = (await client.get("/api/invoicing/claims", programme_id=programme_id))["claims"]
    kinds = {claim["invoice_id"]: claim["kind"] for claim in claims}

    def invoiced(kind: str) -> dict[str, int]:
        return _sums([one for one in invoices if kinds[one["id"]] == kind])

    return {
        "programme": programme_id,
        "enrolments": _tally(one["status"] for one in enrolments),
        "meetings": _tally(one["state_title"] for one in meetings),
        **{what: {name: timeline.counts[fact] for name, fact in told.items()} for what, told in COUNTED.items()},
        "invoices": {
            "fees": invoiced("fee"),
            "extra_participants": invoiced("extra"),
            "options": invoiced("option"),
            "all": _sums(invoices),
        },
        "credit_notes": _sums(given_back),
        "outstanding_ore": sum(one["outstanding_ore"] for one in invoices),
        "reminders": {
            "invitation": timeline.counts["InvitationReminderDue"],
            "payment": timeline.counts["InvoiceOverdue"],
        },
        "mails": {
            "sent": timeline.counts["MessageSent"],
            "failed": timeline.counts["MessageFailed"],
            "files": sum(1 for _ in (data_dir / "mails").glob("*.eml")),
        },
        "calendar": _calendar(data_dir / "calendar"),
    }


def _tally(values: Any) -> dict[str, int]:
    counted: dict[str, int] = {}
    for value in sorted(values):
        counted[value] = counted.get(value, 0) + 1
    return counted


def _sums(documents: list[dict[str, Any]]) -> dict[str, int]:
    return {
        "count": len(documents),
        "net_ore": sum(one["net_ore"] for one in documents),
        "vat_ore": sum(one["vat_ore"] for one in documents),
        "gross_ore": sum(one["gross_ore"] for one in documents),
    }


def _calendar(folder: Path) -> dict[str, int]:
    """Calendar mails by what they do: invitation, update (SEQUENCE above 0), cancellation."""
    counted = {"invitations": 0, "updates": 0, "cancellations": 0}
    for file in folder.glob("*.ics"):
        calendar = Calendar.from_ical(file.read_bytes())
        sequence = int(str(next(iter(calendar.walk("VEVENT")))["SEQUENCE"]))
        if str(calendar["METHOD"]) == "CANCEL":
            counted["cancellations"] += 1
        elif sequence > 0:
            counted["updates"] += 1
        else:
            counted["invitations"] += 1
    return counted


def table(demo: Demo) -> Table:
    """The same numbers for people."""
    summary = demo.summary
    shown = Table(title=demo.played.checked.story.story, show_header=False)
    shown.add_column("Hvad")
    shown.add_column("Tal", justify="right")
    for status, count in summary["enrolments"].items():
        shown.add_row(f"Kommuner: {status}", str(count))
    for state, count in summary["meetings"].items():
        shown.add_row(f"Møder: {state}", str(count))
    shown.add_row("Deltagere tilmeldt", str(summary["participants"]["registered"]))
    for what, name, title in _WHERE_THERE_ARE_ANY:
        if summary[what][name]:
            shown.add_row(title, str(summary[what][name]))
    titles = {"fees": "Deltagergebyr", "extra_participants": "Ekstra deltagere", "options": "Tilkøb", "all": "I alt"}
    for name, title in titles.items():
        sums = summary["invoices"][name]
        if name == "options" and not sums["count"]:
            continue
        shown.add_row(f"Fakturaer: {title}", str(sums["count"]))
        shown.add_row("  ekskl. moms", kroner(sums["net_ore"]))
        shown.add_row("  inkl. moms", kroner(sums["gross_ore"]))
    given_back = summary["credit_notes"]
    shown.add_row("Kreditnotaer", str(given_back["count"]))
    shown.add_row("  inkl. moms", kroner(given_back["gross_ore"]))
    shown.add_row("Mangler at blive betalt", kroner(summary["outstanding_ore"]))
    shown.add_row("Betalingspåmindelser", str(summary["reminders"]["payment"]))
    shown.add_row("Påmindelser om invitationen", str(summary["reminders"]["invitation"]))
    shown.add_row("Mails sendt", str(summary["mails"]["sent"]))
    calendar = summary["calendar"]
    shown.add_row("Kalenderinvitationer", str(calendar["invitations"]))
    shown.add_row("Kalenderopdateringer", str(calendar["updates"]))
    shown.add_row("Kalenderaflysninger", str(calendar["cancellations"]))
    return shown


def write_summary(file: Path, demo: Demo) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(demo.summary, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def run(
    data_dir: Path, ports: Ports, programme_id: str, summary: Path | None, console: Console, *, leave: bool
) -> bool:
    """Play; write the numbers to `summary`; then keep everything running until Ctrl-C, or leave at once.

    Whether all came out as the story says.
    """
    tale = shelf.of_programme(programme_id)
    with stack(data_dir, ports, tale.checked.story.clock, console, callers=tale.callers) as running:
        demo = asyncio.run(play(running, programme_id, tale, console))
        if not demo.played.holds:
            show(console, demo.played)
            return False
        console.print(table(demo))
        console.print(
            f"Spillet på {demo.played.seconds:.0f} sekunder. Alt ligger som filer i {running.addresses.data_dir}"
        )
        if summary is not None:
            write_summary(summary, demo)
        if leave:
            console.print(f"Se det igen: ./tovholder demo --look{_where(data_dir)}", soft_wrap=True)
        else:
            _stay(running, data_dir, console)
        return True


def look(data_dir: Path, ports: Ports, console: Console) -> None:
    """Start what was played before, as it was left, and keep it running until Ctrl-C."""
    if made_by(data_dir) != "demo" or not (data_dir / "postgres").exists():
        raise StackError(
            f"{data_dir} holds no demo that was played. Play it with `tovholder demo --data-dir {data_dir}`."
        )
    with stack(data_dir, ports, LONG_AGO, console, keep=True) as running:
        _stay(running, data_dir, console)


async def _what_is_there(addresses: Addresses) -> tuple[list[str], list[str]]:
    """Ids of the programmes that have a form, and of the invoices in the order they were issued."""
    async with Client(addresses.gateway, addresses.mail, addresses.api_token, mail_key=addresses.mail_key) as client:
        programmes = (await client.get("/api/enrollment/programmes"))["programmes"]
        shown = [await client.get(f"/api/enrollment/programmes/{one['programme_id']}") for one in programmes]
        invoices = (await client.get("/api/invoicing/invoices"))["invoices"]
    return [one["programme_id"] for one in shown if has_form(one["terms"])], [one["id"] for one in invoices]


def has_form(terms: Mapping[str, Any]) -> bool:
    """Whether municipalities sign up on a page; else there is no such page to open."""
    return (terms["enrolment"]["who"], terms["enrolment"]["how"]) == ("municipalities", "sign_up")


def _stay(running: Stack, data_dir: Path, console: Console) -> None:
    """Until Ctrl-C, with what a person may look at meanwhile."""
    addresses = running.addresses
    where = _where(data_dir)
    programmes, invoices = run_blocking(_what_is_there(addresses))
    console.print()
    for programme_id in programmes:
        console.print(f"Tilmelding   {addresses.gateway}/tilmeld/{programme_id}", soft_wrap=True)
    console.print(f"Mails        {addresses.mail_link}", soft_wrap=True)
    console.print(f"Fakturaer    {addresses.data_dir}/invoices", soft_wrap=True)
    console.print(f"API-nøgle    {addresses.api_token_file}", soft_wrap=True)
    for invoice in invoices[:1]:
        console.print(f"Prøv         ./tovholder document show {invoice} --out {invoice}.pdf{where}", soft_wrap=True)
        console.print(f"             ./tovholder why {invoice}{where}", soft_wrap=True)
    console.print(f"Senere       ./tovholder demo --look{where}", soft_wrap=True)
    console.print("\nAlt kører videre. Ctrl-C stopper det.")
    running.wait()


def _where(data_dir: Path) -> str:
    """What a command must be given to find the folder."""
    return "" if data_dir == DEMO_DATA_DIR else f" --data-dir {data_dir}"
