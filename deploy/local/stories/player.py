"""Plays one story: comes to each instant when all is quiet, does what stands there, and looks at what is expected."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import asyncpg
import httpx
from aiokafka.errors import KafkaError
from pydantic import ValidationError

from deploy.local.errors import StackError
from deploy.local.simulation import NeverQuietError
from deploy.local.stories.checking import Checked, Published
from deploy.local.stories.client import Answer, Problem
from deploy.local.stories.expectations import Line, Result, Verdict, about, judge_refusal, judge_value
from deploy.local.stories.eyes import Eyes
from deploy.local.stories.hands import Hands
from deploy.local.stories.matching import matches
from deploy.local.stories.pages import CannotDoError
from deploy.local.stories.programmes import address_book
from deploy.local.stories.stage import Stage
from deploy.local.stories.story import (
    STEP,
    Address,
    Call,
    Command,
    Expect,
    Kill,
    Link,
    Part,
    Redeliver,
    Step,
    Steps,
    TellFact,
    Together,
)
from deploy.local.stories.values import Here, Memory
from shared.contracts.event import FACTS, event_uid
from shared.contracts.time import COPENHAGEN

Telling = Generator[Mapping[str, Any], Any, None]
"""A story that is written while it is played: yields steps as a file would hold them, and is sent each one's answer."""

PUBLISH = "/api/enrollment/programmes"
ADDRESSES = "/api/enrollment/organisations"


OUTSIDE = (OSError, httpx.HTTPError, asyncpg.PostgresError, asyncpg.InterfaceError, KafkaError)
"""What those raise who talk to an installation that has come to harm."""


class StopStory(Exception):  # noqa: N818  (what happened, for the player)
    """A step did not come out as it should; the steps after it build on it."""


@dataclass(slots=True)
class Played:
    """What a play came to. `results` and `facts` are the same in every play; `seconds` is not.

    Results stand in the order in which they were looked at; those of a `together` by their place in the story.
    """

    checked: Checked
    results: list[Result] = field(default_factory=list)
    facts: list[dict[str, Any]] = field(default_factory=list)
    seconds: float = 0.0
    jumps: int = 0
    ended: str | None = None
    """Why the story was not told to its end: a Danish sentence, behind which an error may stand in its own words."""

    @property
    def holds(self) -> bool:
        return self.ended is None and all(result.holds for result in self.results)


Notice = Callable[[datetime, str], Awaitable[None]]


async def nothing(_now: datetime, _what: str) -> None:
    """For who does not want to be told."""


class Player:
    """Plays one story on a stage that was empty when it was set."""

    def __init__(self, stage: Stage, checked: Checked, notice: Notice = nothing) -> None:
        """`notice` is called with the instant and what is done then, before it is done and when all before is."""
        self.stage = stage
        self.checked = checked
        self.played = Played(checked)
        self._memory = Memory(stage.client)
        self._hands = Hands(stage, self._memory)
        self._eyes = Eyes(stage, self._memory)
        self._notice = notice
        self._asked: list[tuple[Here, Command, str]] = []
        """What was asked for over the intake since the last rest, and the subject of its refusal if there is one."""

    async def play(self, telling: Telling | None = None) -> Played:
        """The whole story; what a program tells instead of the steps in the file, if that is given."""
        began = time.monotonic()
        story = self.checked.story
        try:
            await self._prepare()
            await self._tell(telling)
            if story.until is not None:
                await self._come_to(story.until)
            await self._rest()
            await self._expect(story.expect, Here(("expect",)))
            self._judged("ingen andre dead letters", Here(("expect",)), await self._eyes.no_other_dead_letters())
        except (StopStory, StackError, Problem, *OUTSIDE) as stopped:
            self.played.ended = broken(stopped)
        try:
            self.played.facts = [one.event for one in await self.stage.events() if one.type in FACTS]
        except OUTSIDE as stopped:
            self.played.ended = self.played.ended or broken(stopped)
        self.played.seconds = time.monotonic() - began
        self.played.jumps = self.stage.simulation.jumps
        return self.played

    @property
    def now(self) -> datetime:
        return self.stage.simulation.now or self.checked.story.clock

    # What there is from the beginning

    async def _prepare(self) -> None:
        book = self.checked.story.addresses
        codes = None if book is None else [one for one in book if isinstance(one, str)]
        here = Here(("addresses",))
        if codes is None or codes:
            await self._must("POST", f"{ADDRESSES}/import", address_book(codes), here)
        for number, one in enumerate(book or ()):
            if isinstance(one, Address):
                await self._must(
                    "PUT", f"{ADDRESSES}/{one.code}", one.model_dump(exclude={"code"}), here.inside(number)
                )
        for published in self.checked.published:
            if published.at is None:
                await self._publish(published)

    async def _publish(self, published: Published) -> None:
        await self._notice(self.now, "offentliggør et forløb")
        await self._must("POST", PUBLISH, {"file": published.text}, Here(published.trail))

    async def _must(self, method: str, path: str, body: Mapping[str, Any], here: Here) -> None:
        answer = await self.stage.client.ask(method, path, body, key=here.key)
        if answer.refused:
            self._judged(f"{method} {path}", here, judge_refusal(None, answer.refused, answer.detail))
            raise StopStory(f"{self.checked.where(here.trail)}: {answer.detail}")

    # Time

    async def _tell(self, telling: Telling | None) -> None:
        later = sorted((one for one in self.checked.published if one.at), key=lambda one: one.at or self.now)
        answer: Any = None
        number = 0
        while (step := self._next(telling, number, answer)) is not None:
            at = step.at or self.now
            while later and (later[0].at or at) <= at:
                await self._come_to(later[0].at or at)
                await self._publish(later.pop(0))
            await self._come_to(at)
            answer = await self._do(step, Here(("steps", number)), quiet=True)
            number += 1
        for published in later:
            await self._come_to(published.at or self.now)
            await self._publish(published)

    def _next(self, telling: Telling | None, number: int, answer: Any) -> Step | None:
        if telling is None:
            steps = self.checked.story.steps
            return steps[number] if number < len(steps) else None
        try:
            written = telling.send(answer)
        except StopIteration:
            return None
        try:
            return STEP.validate_python(written)
        except ValidationError as error:
            raise StopStory(f"{self.checked.file}: trin {number} er ikke et trin: {error}") from None

    async def _come_to(self, at: datetime) -> None:
        """To this instant, and to rest there."""
        if at > self.now:
            await self.stage.simulation.advance(at)
            await self._refused_over_intake()
        else:
            await self._rest()

    async def _rest(self) -> None:
        await self.stage.simulation.quiet()
        await self._refused_over_intake()

    # Steps

    async def _do(self, step: Step, here: Here, *, quiet: bool) -> Any:
        """What was answered. `quiet`: the system comes to rest between steps inside this one, and between turns."""
        if step.for_each is None:
            return await self._once(step, here, quiet=quiet)
        answers: list[Any] = []
        for once, inner in await self._turns(step, here):
            if answers and quiet:
                await self._rest()
            answers.append(await self._once(once, inner, quiet=quiet))
        return answers

    async def _turns(self, step: Step, here: Here) -> list[tuple[Step, Here]]:
        """The step once for each of its list."""
        if step.for_each is None:
            return [(step, here)]
        once = step.model_copy(update={"for_each": None, "at": None})
        ((name, items),) = ((name, items) for name, items in step.for_each.items() if name != "where")
        try:
            where = await self._memory.resolved(step.for_each.get("where", {}), here)
            listed = await self._memory.resolved(items, here)
        except CannotDoError as cannot:
            raise self._stopped(step, here, str(cannot)) from None
        if not isinstance(listed, list):
            raise self._stopped(step, here, f"{name} er ikke en liste.")
        chosen = [one for one in listed if matches(where, one)]
        return [(once, here.turn(number, name, item)) for number, item in enumerate(chosen)]

    async def _once(self, step: Step, here: Here, *, quiet: bool) -> Any:
        try:
            if step.by is not None:
                here = here.done_by(await self._memory.text(step.by, here))
            await self._notice(self.now, _doing(step, here))
            return await self._act(step, here, quiet=quiet)
        except CannotDoError as cannot:
            raise self._stopped(step, here, str(cannot)) from None

    async def _act(self, step: Step, here: Here, *, quiet: bool) -> Any:
        answer: Any = None
        match step:
            case Together():
                answer = await self._together(step, here)
            case Steps():
                answer = await self._one_by_one(step, here, quiet=quiet)
            case Expect():
                await self._expect(step.expect, here.inside("expect"))
            case Command() | Call() | Link():
                answer = await self._ask(step, here)
            case TellFact():
                answer = await self._hands.tell(step, here)
                await self._memory.remember(step.name, answer, here)
            case Redeliver():
                answer = await self._hands.redeliver(step, here)
            case Kill():
                await self._hands.kill(step.kill)
            case _:
                raise StackError(f"{type(step).__name__} kan ikke spilles.")
        return answer

    async def _together(self, step: Together, here: Here) -> list[Any]:
        """Each turn of a loop is a step of its own. All have ended when this returns, also when one went wrong."""
        listed = [
            turn
            for number, inner in enumerate(step.together)
            for turn in await self._turns(inner, here.inside("together", number))
        ]
        acts = [self._once(once, inner, quiet=False) for once, inner in listed]
        before = len(self.played.results)
        ended = await asyncio.gather(*acts, return_exceptions=True)
        self.played.results[before:] = sorted(self.played.results[before:], key=lambda one: one.place)
        for one in ended:
            if isinstance(one, BaseException):
                raise one
        return ended

    async def _one_by_one(self, step: Steps, here: Here, *, quiet: bool) -> list[Any]:
        answers: list[Any] = []
        for number, inner in enumerate(step.steps):
            if answers and quiet:
                await self._rest()
            answers.append(await self._do(inner, here.inside("steps", number), quiet=quiet))
        return answers

    async def _ask(self, step: Command | Call | Link, here: Here) -> Any:
        """The answer's body, which later steps know by the step's name."""
        match step:
            case Command():
                found = await self._hands.command(step, here)
            case Call():
                found = await self._hands.call(step, here)
            case Link():
                found = await self._hands.follow(step, here)
        if not isinstance(found, Answer):
            self._asked.append((here, step, f"intake/{event_uid(*found)}"))  # type: ignore[arg-type]  # a Command's
            return None
        verdict = judge_refusal(step.refused, found.refused, found.detail)
        if verdict.holds and step.answer is not None:
            inside = judge_value(found.body, await self._memory.resolved(step.answer, here))
            verdict = Verdict((*verdict.lines, *inside.lines), inside.notes)
        self._judged(_doing(step, here), here, verdict)
        if found.refused != step.refused:
            what = "blev afvist" if found.refused else "blev ikke afvist"
            raise StopStory(f"{self.checked.where(here.trail)}: {_doing(step, here)} {what}. {found.detail}")
        await self._memory.remember(step.name, found.body, here)
        return found.body

    async def _refused_over_intake(self) -> None:
        """Whether what was asked for over the intake was refused; called at rest."""
        asked, self._asked = sorted(self._asked, key=lambda one: one[0].place), []
        if not asked:
            return
        refusals = await self._eyes.refusals()
        for here, step, subject in asked:
            problem = refusals.get(subject, {})
            verdict = judge_refusal(step.refused, problem.get("code"), problem.get("detail", ""))
            self._judged(_doing(step, here), here, verdict)
            if not verdict.holds:
                what = "blev afvist" if problem else "blev ikke afvist"
                detail = problem.get("detail", "")
                raise StopStory(f"{self.checked.where(here.trail)}: {_doing(step, here)} {what}. {detail}")

    # What came of it

    async def _expect(self, expected: Sequence[Part], here: Here) -> None:
        """One that fails does not stop the story."""
        for number, one in enumerate(expected):
            inner = here.inside(number)
            try:
                self._judged(*await self._seen(one, inner))
            except (CannotDoError, ValidationError) as cannot:
                self._judged("forventningen", inner, _cannot(str(cannot)))

    async def _seen(self, expected: Part, here: Here) -> tuple[str, Here, Verdict]:
        title, verdict = await self._eyes.look(expected, here)
        return title, here, verdict

    def _judged(self, title: str, here: Here, verdict: Verdict) -> None:
        at = self.now.astimezone(COPENHAGEN).strftime("%Y-%m-%d %H:%M")
        where = self.checked.where(here.trail)
        self.played.results.append(Result(title, where, self.checked.line(here.trail), at, verdict, here.place))

    def _stopped(self, step: Step, here: Here, why: str) -> StopStory:
        self._judged(_doing(step, here), here, _cannot(why))
        return StopStory(f"{self.checked.where(here.trail)}: {why}")


def _cannot(why: str) -> Verdict:
    return Verdict((Line("", "kan gøres", "kan ikke gøres", holds=False),), (why,))


def broken(error: Exception) -> str:
    """Why a story ended, in Danish; what went wrong beneath it stands behind, as it was said."""
    if isinstance(error, StopStory):
        return str(error)
    if isinstance(error, Problem):
        return f"Et opslag blev afvist. {error}"
    if isinstance(error, NeverQuietError):
        return f"Systemet faldt ikke til ro, så resten kunne ikke spilles: {error}"
    return f"Installationen svarer ikke, som den skal: {said(error)}"


def said(error: Exception) -> str:
    """An error of ours in its own words; another with its kind."""
    return str(error) if isinstance(error, StackError) else f"{type(error).__name__}: {error}"


def _doing(step: Step, here: Here) -> str:
    """One line on what a step does."""
    turn = f" {here.turns[-1] + 1}" if here.turns else ""
    return f"{_what(step)}{turn}{f' ({here.by})' if here.by else ''}"


def _what(step: Step) -> str:
    what = ""
    match step:
        case Command():
            what = step.command.split(".")[-2] + (" over intake" if step.via == "intake" else "")
        case Call():
            what = step.call.partition("?")[0]
        case Link():
            what = (
                f"link: {step.link if isinstance(step.link, str) else about(step.link.model_dump(exclude_none=True))}"
            )
        case TellFact():
            what = f"{step.fact.split('.')[-2]} fra {step.source}"
        case Kill():
            what = f"kill: {step.kill}"
        case Redeliver():
            what = f"redeliver: {step.redeliver}"
        case Together():
            what = "flere på én gang"
        case Steps():
            what = "flere efter hinanden"
        case Expect():
            what = "ser efter"
        case _:
            what = type(step).__name__
    return what
