"""The stories that come with the product are played, one after another from nothing, on one installation."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from deploy.local.demo.play import Demo, play, table
from deploy.local.stories import report, shelf
from deploy.local.stories.checking import Checked, check_file, check_text
from deploy.local.stories.player import Played, Player
from deploy.local.stories.stage import Stage
from deploy.local.stories.theatre import Theatre

FILES = sorted(shelf.SHELF.glob("*.yaml"))
PROGRAMME = "netvaerk-kommunal-ungeindsats"

pytestmark = pytest.mark.timeout(300)


class House:
    """Plays; what was played once need not be played again to be looked at."""

    def __init__(self, theatre: Theatre) -> None:
        self._theatre = theatre
        self._played: dict[Path, Played] = {}
        self._demos: dict[str, Demo] = {}

    async def play(self, story: Checked) -> Played:
        return await self._theatre.play(story)

    @asynccontextmanager
    async def stage(self, story: Checked) -> AsyncIterator[Stage]:
        """For several stories that change nothing."""
        addresses = await asyncio.to_thread(self._theatre._begin, story)
        async with Stage(addresses, self._theatre._stack.kill_and_wait) as stage:
            yield stage

    async def has_played(self, file: Path) -> Played:
        """A programme's own story is played as `tovholder demo` plays it."""
        if file.stem in shelf.programmes():
            return (await self.demo(file.stem)).played
        if file not in self._played:
            self._played[file] = await self.play(check_file(file))
        return self._played[file]

    async def demo(self, programme_id: str) -> Demo:
        if programme_id not in self._demos:
            tale = shelf.of_programme(programme_id)
            await asyncio.to_thread(self._theatre._begin, tale.checked)
            stack, console = self._theatre._stack, Console(file=StringIO())
            self._demos[programme_id] = await play(stack, programme_id, tale, console)
        return self._demos[programme_id]


@pytest.fixture(scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    async with Theatre(tmp_path_factory.mktemp("stories") / "data") as theatre:
        yield House(theatre)


def told(body: str) -> Checked:
    return check_text(f"clock: 2020-08-17 08:00\n{body}", "told.yaml", shelf.SHELF)


def what_failed(played: Played) -> str:
    wrong = [report.as_text(result) for result in played.results if not result.holds]
    return "\n".join([*wrong, played.ended or ""])


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
async def test_a_story_goes_as_it_says(house: House, file: Path) -> None:
    played = await house.has_played(file)
    assert played.holds, what_failed(played)


AS_FAR_AS_IT_GOES: dict[str, tuple[dict[str, int], dict[str, int]]] = {
    "flere-i-arbejde": (
        {"Afmeldt": 1, "Inviteret": 2, "Plads bekræftet": 12},
        {"registered": 9, "quoted": 1, "ordered": 2, "delivered": 1, "fees": 24},
    ),
    "gode-overgange": ({"Plads bekræftet": 3}, {"named": 11, "invited": 2, "removed": 1}),
    "hvidovre-ungepartnerskab": ({"Plads bekræftet": 17}, {"named": 7}),
    "sammenhaengende-ungeindsats": ({"Plads bekræftet": 15}, {"registered": 15 * 4 * 4}),
}
"""What enrolments a programme comes to, and how often what is done by them."""


@pytest.mark.parametrize("programme_id", [one for one in shelf.programmes() if one != PROGRAMME])
async def test_each_programme_beside_the_first_is_played_as_a_demo_as_far_as_it_goes(
    house: House, programme_id: str
) -> None:
    demo = await house.demo(programme_id)
    assert demo.played.holds, what_failed(demo.played)
    enrolments, done = AS_FAR_AS_IT_GOES[programme_id]
    assert demo.summary["enrolments"] == enrolments
    counted = Counter[str]({"fees": demo.summary["invoices"]["fees"]["count"]})
    for what in ("participants", "teams", "guests", "options"):
        counted.update(demo.summary[what])
    assert {name: count for name, count in counted.items() if count} == done
    shown = Console(file=StringIO(), width=200)
    shown.print(table(demo))
    assert "Mails sendt" in shown.file.getvalue()  # type: ignore[attr-defined]


def facts(played: Played) -> Counter[str]:
    """All of them, with their sequences, times and data; which of several mails got which event id is a race."""
    drawn = {"id", "causationid", "correlationid"}
    return Counter(
        json.dumps({name: value for name, value in fact.items() if name not in drawn}, sort_keys=True)
        for fact in played.facts
    )


async def test_the_same_story_twice_gives_the_same_facts(house: House) -> None:
    file = shelf.SHELF / "ekstra-deltagere.yaml"
    first, again = await house.has_played(file), await house.play(check_file(file))
    assert len(first.facts) > 40
    assert facts(first) == facts(again)
    assert {fact["id"] for fact in first.facts} == {fact["id"] for fact in again.facts}
    assert [result.title for result in first.results] == [result.title for result in again.results]


async def test_nothing_is_left_of_one_story_in_the_next(house: House) -> None:
    await house.has_played(shelf.SHELF / "andre-systemer.yaml")
    nothing = "\n".join(
        f"  - {{get: '/api/{path}', in: {rows}, none: true}}"
        for path, rows in (
            ("enrollment/programmes", "programmes"),
            ("enrollment/enrolments", "enrolments"),
            ("scheduling/meetings", "meetings"),
            ("invoicing/claims", "claims"),
            ("invoicing/invoices", "invoices"),
            ("notifications/messages?about=enrolment/crm-1", "messages"),
        )
    )
    played = await house.play(
        told(
            "story: Der er intet\naddresses: []\nexpect:\n"
            "  - {mails: {}, none: true}\n"
            "  - {dead_letters: {}, none: true}\n"
            "  - {get: /api/enrollment/organisations/0751, answer: {main_email: null}}\n" + nothing
        )
    )
    assert played.holds, what_failed(played)
    assert played.facts == []


async def test_what_is_not_as_expected_shows_both_sides_and_does_not_stop_the_story(house: House) -> None:
    played = await house.play(
        told(
            f"story: Forkerte forventninger\nprogrammes: [{PROGRAMME}]\naddresses: ['0751']\n"
            "steps:\n"
            "  - command: tovholder.enrollment.EnrolMunicipality.v1\n"
            f"    data: {{programme_id: {PROGRAMME}, organisation_code: '0751', contact_name: Asta,"
            " contact_email: asta@aarhus.example}\n"
            "    answer: {group: oest}\n"
            "    as: aarhus\n"
            "expect:\n"
            "  - {facts: tovholder.enrollment.MunicipalityEnrolled.v1, where: {group: oest}, count: 2}\n"
            "  - {mails: {to: asta@aarhus.example}, order: [Velkommen]}\n"
            "  - {get: '/api/enrollment/enrolments/{aarhus.enrolment_id}', answer: {status: Afmeldt}}\n"
            "  - {get: /api/enrollment/enrolments/nej, refused: no_such}\n"
            "  - {dead_letters: {}, count: 3}\n"
        )
    )
    assert played.ended is None
    said = {
        result.line: [(line.what, line.expected, line.found) for line in result.verdict.lines]
        for result in played.results
        if not result.holds
    }
    receipt = "«Plads bekræftet: Aarhus Kommune i Netværk om den kommunale ungeindsats»"
    assert said == {
        6: [("svaret", "accepteret", "accepteret"), ("group", "oest", "vest")],
        11: [("antal", "2", "0")],
        12: [("mail 1", "Velkommen", receipt)],
        13: [("status", "Afmeldt", "Plads bekræftet")],
        14: [("svaret", "afvist: no_such", "afvist: unknown_enrolment")],
        15: [("antal", "3", "0")],
    }
    assert "passer ikke: 2020-08-17 08:00 enrolment/" in what_failed(played)


async def test_a_step_that_goes_otherwise_stops_the_story(house: House) -> None:
    played = await house.play(
        told(
            "story: Det går anderledes\naddresses: []\n"
            "steps:\n"
            "  - {command: tovholder.scheduling.CancelMeeting.v1, data: {meeting_id: nej}}\n"
            "  - {call: GET /api/enrollment/programmes, as: aldrig}\n"
            "expect:\n"
            "  - {mails: {}, count: 7}\n"
        )
    )
    assert played.ended is not None
    assert played.ended.startswith("told.yaml:5: CancelMeeting blev afvist. ")
    (result,) = played.results
    assert [(line.expected, line.found) for line in result.verdict.lines] == [("accepteret", "afvist: unknown_meeting")]


IMPOSSIBLE = {
    "{link: {to: nobody@x.example}}": "Der er ingen mail, hvor to = nobody@x.example.",
    "{link: /, form: {}}": "har ingen formular.",
    "{link: /, follow: [Ikke her]}": "har intet link «Ikke her»",
    "{redeliver: tovholder.invoicing.InvoiceIssued.v1}": "Der er ingen tovholder.invoicing.InvoiceIssued.v1",
    "{call: 'GET /api/scheduling/meetings/{meeting: vest-9}'}": "Der er ikke et møde med nøglen vest-9.",
    "{for_each: {k: '{alt}'}, call: 'GET /{k}', as: 'x{k}'}": "k er ikke en liste.",
    "{call: 'GET /{alt.findes_ikke}'}": "alt har ikke noget felt findes_ikke. Den har: programmes, next.",
    "{together: [{kill: scheduling}, {call: 'GET /{alt.intet}'}]}": "alt har ikke noget felt intet.",
    "{fact: tovholder.enrollment.PersonErased.v1, source: /a, data: {person_id: p, owner: /b}}": "source: et faktum",
}


async def test_what_nobody_can_do_is_said_and_stops_the_story(house: House) -> None:
    head = "story: Det går ikke\naddresses: []\nsteps:\n  - {call: GET /api/enrollment/programmes, as: alt}\n"
    stories = [told(f"{head}  - {step}\n  - {{call: GET /, as: aldrig}}\n") for step in IMPOSSIBLE]
    async with house.stage(stories[0]) as stage:
        for story, why in zip(stories, IMPOSSIBLE.values(), strict=True):
            played = await Player(stage, story).play()
            assert played.ended is not None
            assert why in played.ended
            assert [result.holds for result in played.results] == [True, False]


async def test_what_is_asked_for_over_the_intake_is_done_or_refused_on_the_terms_of_the_changed_file(
    house: House,
) -> None:
    played = await house.play(
        told(
            "story: Over Kafka\naddresses: ['0751', {code: '0101', main_email: post@kbh.example}]\n"
            f"programmes: [{{file: {PROGRAMME}, at: 2020-08-17 09:00, change: {{enrolment.deadline: 2020-08-18}}}}]\n"
            "steps:\n"
            "  - at: 2020-08-17 10:00\n"
            "    by: kommunens CRM\n"
            "    command: tovholder.enrollment.EnrolMunicipality.v1\n"
            f"    data: {{programme_id: {PROGRAMME}, organisation_code: '0751', contact_name: Asta,"
            " contact_email: asta@aarhus.example}\n"
            "    via: intake\n"
            "  - command: tovholder.enrollment.WithdrawEnrolment.v1\n"
            "    data: {enrolment_id: {enrolment: '0751'}}\n"
            "    via: intake\n"
            "  - command: tovholder.enrollment.WithdrawEnrolment.v1\n"
            "    data: {enrolment_id: {enrolment: '0751'}}\n"
            "    via: intake\n"
            "    refused: already_withdrawn\n"
            "  - redeliver: tovholder.enrollment.EnrolMunicipality.v1 × 2\n"
            "  - at: 2020-08-19 09:00\n"
            "    command: tovholder.enrollment.EnrolMunicipality.v1\n"
            f"    data: {{programme_id: {PROGRAMME}, organisation_code: '0101', contact_name: Bo,"
            " contact_email: bo@kbh.example}\n"
            "    refused: deadline_passed\n"
            "expect:\n"
            "  - {facts: tovholder.enrollment.MunicipalityEnrolled.v1, count: 1}\n"
            "  - {facts: tovholder.enrollment.IntakeRejected.v1, count: 1, each: {refused_source: /stab}}\n"
            "  - {mails: {to: asta@aarhus.example}, order: [Plads bekræftet, Afmeldt]}\n"
            "  - {get: /api/enrollment/organisations/0101, answer: {main_email: post@kbh.example}}\n"
        )
    )
    assert played.holds, what_failed(played)
    (enrolled,) = [one for one in played.facts if one["type"].endswith(".MunicipalityEnrolled.v1")]
    assert enrolled["actor"] == "source//kommunens-crm"


async def test_who_does_something_stands_behind_it(house: House) -> None:
    first = await house.has_played(shelf.SHELF / "ekstra-deltagere.yaml")
    behind = Counter((one["type"].split(".")[2], one.get("actor")) for one in first.facts)
    assert behind["MunicipalityEnrolled", "token/asta-proevesen"] == 1
    assert behind["MeetingScheduled", "token/foreningen"] == 1
