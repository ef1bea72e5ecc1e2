"""How long a story takes once the installation is up: ten municipalities, sixteen meetings, two years.

Played three times on one installation, each time from nothing, which is measured too. What it comes to is expected at
its end, so that a figure of a story that went wrong is none.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from datetime import time as at_clock
from pathlib import Path
from typing import Any

from bench.harness import Row, median
from deploy.local.stories.checking import check_story
from deploy.local.stories.player import Played, Telling
from deploy.local.stories.story import Story
from deploy.local.stories.theatre import Theatre
from shared.contracts.time import local

PROGRAMME = "netvaerk-kommunal-ungeindsats"
WEST = ["0461", "0561", "0607", "0630", "0751", "0851"]
EAST = ["0101", "0147", "0151", "0153"]
ROUNDS = 3
TARGET_S = 20.0
COME = 3
"""Of four municipalities, so many come to a meeting."""
FEE_ORE, EXTRA_ORE = 1_950_000, 100_000
MEETINGS = (
    *(("heldag-1", date(2020, 11, 12)), ("digital-1", date(2021, 2, 4)), ("heldag-2", date(2021, 4, 15))),
    *(("digital-2", date(2021, 9, 2)), ("heldag-3", date(2021, 11, 11)), ("digital-3", date(2022, 2, 3))),
    *(("heldag-4", date(2022, 5, 5)), ("digital-4", date(2022, 9, 1))),
)
Dated = tuple[datetime, dict[str, Any]]


def story() -> Story:
    extras = sum(len(coming(number, codes)) for number in range(1, 9, 2) for codes in (WEST, EAST))
    return Story.model_validate(
        {
            "story": "Ti kommuner i to år",
            "clock": local(date(2020, 6, 2), at_clock(8)),
            "until": local(date(2022, 12, 1), at_clock(9)),
            "programmes": [PROGRAMME],
            "addresses": [*WEST, *EAST],
            "expect": [
                {"facts": "tovholder.scheduling.MeetingHeld.v1", "count": 16},
                {
                    "facts": "tovholder.invoicing.InvoiceIssued.v1",
                    "count": 10 + extras,
                    "sum": {"invoice.net_ore": 10 * FEE_ORE + extras * EXTRA_ORE},
                },
                {"facts": "tovholder.invoicing.InvoiceOverdue.v1", "none": True},
            ],
        }
    )


def coming(number: int, codes: list[str]) -> list[str]:
    """Who comes to the meeting of this number: in turns."""
    return [code for place, code in enumerate(codes) if (place + number) % 4 < COME]


def telling() -> Telling:
    """In the order of time."""
    for at, step in sorted(steps(), key=lambda dated: dated[0]):
        yield {"at": at, **step}


def steps() -> Iterator[Dated]:
    enrol = {
        "programme_id": PROGRAMME,
        "organisation_code": "{kode}",
        "contact_name": "Karen Kontakt",
        "contact_email": "karen@k{kode}.example",
    }
    everybody = {
        "for_each": {"kode": [*WEST, *EAST]},
        "command": "tovholder.enrollment.EnrolMunicipality.v1",
        "data": enrol,
    }
    yield local(date(2020, 6, 17), at_clock(9)), everybody
    for number, (key, day) in enumerate(MEETINGS, start=1):
        for group, codes, later in (("vest", WEST, 0), ("oest", EAST, 5)):
            yield from meeting(number, f"{group}-{key}", day + timedelta(days=later), coming(number, codes))
    for month in range(9, 9 + 27):
        yield from payments(date(2020 + (month - 1) // 12, (month - 1) % 12 + 1, 24))


def meeting(number: int, key: str, day: date, codes: list[str]) -> Iterator[Dated]:
    """Its date nine weeks before; a month before, three people of each municipality, four at every other meeting."""
    when = {"day": day.isoformat(), "starts": "09:30", "ends": "15:30", "place": "Mødehuset"}
    about = {"meeting_id": {"meeting": key}}
    yield (
        local(day - timedelta(weeks=9), at_clock(10)),
        {
            "command": "tovholder.scheduling.SetMeetingDate.v1",
            "data": {**about, **when},
        },
    )
    person = {"name": "Deltager {nr}", "email": "d{nr}@k{kode}.example", "accepted_price_ore": EXTRA_ORE}
    register = {
        "for_each": {"nr": [1, 2, 3, 4][: 3 + number % 2]},
        "command": "tovholder.enrollment.RegisterParticipant.v1",
        "data": {"enrolment_id": {"enrolment": "{kode}"}, **about, **person},
    }
    together = {"together": [{"for_each": {"kode": codes}, "steps": [register]}]}
    yield local(day - timedelta(days=30), at_clock(11)), together


def payments(day: date) -> Iterator[Dated]:
    """All that is owed is paid."""
    at, name = local(day, at_clock(11)), f"owed-{day.isoformat()}"
    yield at, {"call": f"GET /api/invoicing/invoices?programme_id={PROGRAMME}", "as": name}
    yield (
        at,
        {
            "for_each": {"owed": f"{{{name}.invoices}}", "where": {"outstanding_ore": {"at_least": 1}}},
            "command": "tovholder.invoicing.RegisterPayment.v1",
            "data": {
                "invoice_id": "{owed.id}",
                "payment_id": "bank-{owed.id}",
                "amount_ore": "{owed.outstanding_ore}",
                "paid_on": day.isoformat(),
            },
        },
    )


async def _play() -> tuple[list[Played], list[float]]:
    checked = check_story(story(), __file__, Path())
    played: list[Played] = []
    between: list[float] = []
    with tempfile.TemporaryDirectory(prefix="tovholder-bench-", ignore_cleanup_errors=True) as folder:
        async with Theatre(Path(folder) / "data") as theatre:
            for _ in range(ROUNDS):
                began = time.monotonic()
                played.append(await theatre.play(checked, telling()))
                between.append(time.monotonic() - began - played[-1].seconds)
                assert played[-1].holds, played[-1].results
    return played, between[1:]


def run() -> list[Row]:
    played, between = asyncio.run(_play())
    seconds = [one.seconds for one in played]
    figure = median(seconds)
    mails = sum(fact["type"].endswith(".MessageSent.v1") for fact in played[0].facts)
    note = f"{len(played[0].facts)} facts, {mails} mails, {played[0].jumps} jumps"
    return [
        Row(
            "a story of ten municipalities and two years", figure, "s", target=f"≤ {TARGET_S:.0f} s",
            reached=figure <= TARGET_S, note=note, runs=seconds,
        ),
        Row("from the end of one story to the next", median(between), "s", note="emptied and started", runs=between),
    ]  # fmt: skip
