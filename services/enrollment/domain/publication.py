"""When a programme file becomes a published programme, and when a later one takes its place."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime

from services.enrollment.domain.address_book import Entry
from services.enrollment.domain.forbehold import lapsing
from services.enrollment.domain.invitation import is_over, own_round
from services.enrollment.domain.programme import Programme, require_going_on
from services.enrollment.domain.programme_file.check import CheckResult, SeriesOwner, check
from services.enrollment.domain.programme_file.municipality import Municipality
from services.enrollment.domain.programme_file.terms import terms as terms_of
from services.enrollment.domain.waiting_list import giving
from shared.contracts.danish import short_day
from shared.contracts.decision import Decision
from shared.contracts.enrollment import ProgrammeChanged, ProgrammePublished
from shared.contracts.programme import ProgrammeTerms
from shared.contracts.refusal import Refused


@dataclass(frozen=True, slots=True)
class Draft:
    """A file that can be published. `findings`: what to look at again all the same, with its line, in Danish."""

    text: str
    terms: ProgrammeTerms
    findings: tuple[str, ...]


def draft(text: str, book: Iterable[Entry]) -> Draft:
    """Refused 422 `programme_not_publishable` with every finding of the check. `book` are the municipalities."""
    known = [
        Municipality(one.organisation.code, one.organisation.name, one.organisation.region, one.organisation.cvr)
        for one in book
        if one.organisation.region and one.organisation.cvr
    ]
    result = check(text, municipalities=known)
    if result.programme is None or not result.publishable:
        raise _not_publishable(result)
    findings = tuple(f"linje {one.line}: {one.message}" for one in result.findings)
    return Draft(text, terms_of(result.programme), findings)


def publish(
    current: Programme | None,
    new: ProgrammeTerms,
    source: str,
    now: datetime,
    agreed: Collection[date] = (),
    *,
    seen: int | None = None,
) -> Decision[Programme]:
    """The first version, or a higher one in the place of the one there is. The same content again changes nothing.

    Refused `version_not_higher` for other content under a version that is already published, and whatever it says once
    it is cancelled. The owner of a programme never changes: others have bound its facts to it. The programme's own
    round goes out on the day that it says now. `agreed`: up to which days open forbehold hold their places. `seen`: the
    version that held when somebody looked at what changes (0 = none); `published_meanwhile` when another one does now.
    """
    if new.ref.owner != source:
        raise Refused(
            "other_owner", f"Filen siger, at {new.ref.owner} ejer tilmeldingerne; så skal den udgives dér.", status=422
        )
    if current is not None:
        _require_merged_groups(require_going_on(current), new)
    after = (
        replace(current, terms=new, hard=_hard(new, current.taken)) if current else Programme(new, hard=_hard(new, 0))
    )
    alarms = (own_round(new, now), giving(new), lapsing(after, agreed, now))
    if current is None:
        return Decision(after, (ProgrammePublished(owner=new.ref.owner, terms=new),), alarms)
    if current.terms == new:
        return Decision(current, (), alarms)
    if seen is not None and seen != current.ref.version:
        raise Refused(
            "published_meanwhile",
            f"Version {current.ref.version} er udgivet imens. Intet er overskrevet: se, hvad der er ændret mod den.",
            version=current.ref.version,
        )
    if new.ref.version <= current.ref.version:
        raise Refused(
            "version_not_higher",
            f"Version {current.ref.version} er udgivet. Giv filen en højere version, når noget er ændret.",
            version=current.ref.version,
        )
    changed = ProgrammeChanged(owner=new.ref.owner, terms=new)
    return Decision(after, (changed,), alarms)


def _require_merged_groups(current: Programme, new: ProgrammeTerms) -> None:
    """Whoever was moved into a group stays there: a later version names it still."""
    there = {one.id for one in new.groups}
    for group in current.merged:
        now = current.group_now(group)
        if now not in there:
            raise Refused(
                "merged_group_missing",
                f"Gruppen {group} er lagt sammen med {now}, som ikke står i filen. Skriv {now} under groups.",
                status=422,
            )


def capacity_fields(programme: Programme) -> dict[str, str]:
    """What a form about the places has in it."""
    known = programme.terms.enrolment.capacity
    return {"hard": str(known.hard), "usual": str(known.usual)} if known else {}


def with_capacity(current: Programme, usual: int, hard: int, source: str) -> Decision[Programme]:
    """The next version, in which nothing else is changed. Refused where places are without number, or not ours."""
    if current.ref.owner != source:
        raise Refused("other_owner", f"{current.ref.owner} ejer tilmeldingerne; pladserne siges dér.", status=422)
    require_going_on(current)
    capacity = current.terms.enrolment.capacity
    if capacity is None:
        raise Refused("no_capacity", "Forløbet har plads til alle; skriv capacity i filen, hvis det skal være slut.")
    if usual > hard:
        raise Refused("capacity_mismatch", "usual kan ikke være større end hard.", status=422, field="usual")
    changed = capacity.model_copy(update={"usual": usual, "hard": hard})
    if changed == capacity:
        return Decision(current)
    terms = current.terms.model_copy(
        update={
            "ref": current.ref.model_copy(update={"version": current.ref.version + 1}),
            "enrolment": current.terms.enrolment.model_copy(update={"capacity": changed}),
        }
    )
    fact = ProgrammeChanged(owner=terms.ref.owner, terms=terms)
    return Decision(replace(current, terms=terms, hard=_hard(terms, current.taken)), (fact,))


def require_own_series(draft: Draft, cvr: str, where: str) -> None:
    """Refused when the invoice series belongs to another seller: `cvr`, since it published the programme `where`."""
    seller = draft.terms.ref.seller
    if cvr != seller.cvr:
        raise _not_publishable(check(draft.text, series={seller.series: SeriesOwner(cvr, where)}))


def too_late(terms: ProgrammeTerms, now: datetime) -> tuple[str, ...]:
    """That the day of the invitation has gone by, in Danish; nothing when it has not."""
    day = terms.enrolment.invite_on
    if day is None or not is_over(day, now):
        return ()
    return (f"Dagen for invitationen ({short_day(day)}) er gået: der inviteres først, når staben starter en runde.",)


def _hard(terms: ProgrammeTerms, taken: int) -> int | None:
    """How many places there are, never fewer than are given; None = as many as sign up."""
    capacity = terms.enrolment.capacity
    return None if capacity is None else max(capacity.hard, taken)


def _not_publishable(result: CheckResult) -> Refused:
    errors = [
        {"field": f"file:{one.line}:{one.column}", "code": one.code, "detail": one.message}
        for one in result.findings
        if one.severity == "error"
    ]
    return Refused(
        "programme_not_publishable",
        f"Filen kan ikke udgives: {len(errors)} ting skal rettes først.",
        status=422,
        errors=errors,
    )
