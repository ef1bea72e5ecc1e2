"""A programme file becomes a published programme, or a newer version of one."""

from __future__ import annotations

from datetime import datetime

from services.enrollment.adapters import organisations, programmes
from services.enrollment.domain import publication
from services.enrollment.domain.invitation import invites_at, is_over
from services.enrollment.domain.programme_file.check import CheckResult, SeriesOwner, check
from services.enrollment.domain.programme_file.municipality import Municipality
from services.enrollment.domain.programme_file.terms import terms as terms_of
from services.enrollment.usecases.invite_by_itself import plan_invitation
from shared.base.answers import Answer
from shared.contracts.danish import short_day
from shared.contracts.enrollment import ProgrammeChanged, ProgrammePublished
from shared.contracts.event import Command
from shared.contracts.programme import ProgrammeTerms
from shared.contracts.refusal import Refused
from shared.storage.tx import Tx


class PublishProgramme(Command):
    """`file` is the text of the YAML file."""

    file: str


async def publish_programme(tx: Tx, command: PublishProgramme) -> Answer:
    """Refused 422 `programme_not_publishable` with every finding of the check; the same file again changes nothing."""
    known = [
        Municipality(one.organisation.code, one.organisation.name, one.organisation.region, one.organisation.cvr)
        for one in await organisations.municipalities_in_danish_order(tx)
        if one.organisation.region and one.organisation.cvr
    ]
    result = check(command.file, municipalities=known)
    if result.programme is None or not result.publishable:
        raise _not_publishable(result)
    terms = terms_of(result.programme)

    current = (await programmes.lock(tx, [terms.ref.id])).get(terms.ref.id)
    outcome = publication.decide(None if current is None else current.terms, terms, tx.source)

    if outcome != "unchanged":
        await _own_series(tx, command.file, terms)
        await programmes.publish(tx, terms)
        told = ProgrammePublished if outcome == "published" else ProgrammeChanged
        tx.publish(told(owner=terms.ref.owner, terms=terms))
    plan_invitation(tx, terms)
    at = invites_at(terms.enrolment, tx.now)
    return Answer(
        {
            "programme_id": terms.ref.id,
            "version": terms.ref.version,
            "outcome": outcome,
            "invites_at": at.isoformat() if at else None,
            "findings": [f"linje {one.line}: {one.message}" for one in result.findings] + _too_late(terms, tx.now),
        },
        status=201 if outcome == "published" else 200,
        location=f"/api/enrollment/programmes/{terms.ref.id}",
    )


async def _own_series(tx: Tx, file: str, terms: ProgrammeTerms) -> None:
    series = terms.ref.seller.series
    if not series:
        return
    owner = SeriesOwner(*await programmes.take_series(tx, terms))
    if owner.cvr != terms.ref.seller.cvr:
        raise _not_publishable(check(file, series={series: owner}))


def _too_late(terms: ProgrammeTerms, now: datetime) -> list[str]:
    day = terms.enrolment.invite_on
    if day is None or not is_over(day, now):
        return []
    return [f"Dagen for invitationen ({short_day(day)}) er gået: der inviteres først, når staben starter en runde."]


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
