"""The steps of a track that each organisation runs for itself: which of them an enrolment is through, since which day.

A step is completed once. Days are local in Europe/Copenhagen.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from services.scheduling.domain.meeting import elsewhere
from shared.contracts.danish import long_day
from shared.contracts.decision import Decision
from shared.contracts.event import natural_id
from shared.contracts.programme import PhaseTerm, ProgrammeRef, StepTerm, TrackTerm
from shared.contracts.refusal import Refused
from shared.contracts.scheduling import CompleteStep, StepCompleted

Term = TypeVar("Term", TrackTerm, PhaseTerm, StepTerm)


@dataclass(frozen=True, slots=True)
class Course:
    """What of a programme matters to its tracks. `tracks` None = those of its newest version are not known here."""

    ref: ProgrammeRef
    cancelled: bool
    tracks: tuple[TrackTerm, ...] | None


@dataclass(frozen=True, slots=True)
class Completed:
    """A step that an enrolment is through. `option_id` is the option that it delivers."""

    programme_id: str
    enrolment_id: str
    track: str
    phase: str
    step: str
    option_id: str | None
    completed_on: date

    @property
    def id(self) -> str:
        return step_id(self.programme_id, self.enrolment_id, self.track, self.phase, self.step)


def step_id(programme_id: str, enrolment_id: str, track: str, phase: str, step: str) -> str:
    return natural_id("step", programme_id, enrolment_id, track, phase, step)


def complete(
    course: Course | None, known: Completed | None, asked: CompleteStep, source: str, today: date
) -> Decision[Completed]:
    """Somebody says that an enrolment is through a step. Said again it changes nothing, whatever the programme says by
    then. Whether there is such an enrolment is not known here.
    """
    if course is None:
        raise Refused("unknown_programme", "Forløbet findes ikke.", status=404, field="programme_id")
    if course.ref.meetings_owner != source:
        raise elsewhere("programme_id")
    if known is not None:
        if asked.completed_on not in {None, known.completed_on}:
            raise Refused("step_completed", f"Skridtet blev færdigt {long_day(known.completed_on)}.")
        return Decision(known)
    if course.cancelled:
        raise Refused("programme_cancelled", "Forløbet er aflyst.", field="programme_id")
    if not asked.enrolment_id.strip():
        raise Refused("required", "Feltet skal udfyldes.", status=422, field="enrolment_id")
    step = _step_of(course, asked)
    day = asked.completed_on or today
    if day > today:
        detail = f"{long_day(day).capitalize()} er ikke kommet endnu."
        raise Refused("day_to_come", detail, status=422, field="completed_on")
    after = Completed(
        course.ref.id, asked.enrolment_id, asked.track, asked.phase, asked.step, step.option, completed_on=day
    )
    fact = StepCompleted(
        owner=course.ref.meetings_owner,
        programme=course.ref,
        enrolment_id=after.enrolment_id,
        track=after.track,
        phase=after.phase,
        step=after.step,
        option=after.option_id,
        completed_on=day,
    )
    return Decision(after, (fact,))


def describe(completed: Completed) -> str:
    """The step in one Danish line, for people who ask why."""
    one = completed
    return f"{one.track} / {one.phase} / {one.step}: færdigt {long_day(one.completed_on)}"


def _step_of(course: Course, asked: CompleteStep) -> StepTerm:
    if course.tracks is None:
        detail = "Mødeplanen kender ikke sporene i forløbets udgave. Udgiv en ny udgave af forløbet, og prøv igen."
        raise Refused("tracks_not_known", detail, field="programme_id")
    track = _named(course.tracks, asked.track)
    if track is None:
        raise Refused("unknown_track", "Forløbet har ikke det spor.", status=422, field="track")
    if track.per != "organisation":
        detail = f"{track.title} er ikke et spor, som hver kommune har for sig."
        raise Refused("not_per_organisation", detail, status=422, field="track")
    phase = _named(track.phases, asked.phase)
    if phase is None:
        raise Refused("unknown_phase", "Sporet har ikke den fase.", status=422, field="phase")
    step = _named(phase.steps, asked.step)
    if step is None:
        raise Refused("unknown_step", "Fasen har ikke det skridt.", status=422, field="step")
    return step


def _named(terms: tuple[Term, ...], sought: str) -> Term | None:
    return next((one for one in terms if one.id == sought), None)
