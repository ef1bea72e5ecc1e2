"""A programme file becomes a published programme, or a newer version of one."""

from __future__ import annotations

from pydantic import Field

from services.enrollment.adapters import enrolments, organisations, programmes
from services.enrollment.domain.invitation import invites_at
from services.enrollment.domain.membership import organisations_of
from services.enrollment.domain.publication import draft, publish, require_own_series, too_late
from services.enrollment.usecases.admit_members import admit_members
from services.enrollment.usecases.fill_places import fill_places, what_moved
from shared.base.answers import Answer
from shared.contracts.bounds import LONGEST_FILE
from shared.contracts.event import Command
from shared.storage.tx import Tx


class PublishProgramme(Command):
    """`file` is the text of the YAML file. `seen`: the version that held when somebody looked at what it changes, 0 for
    none; left out, whichever holds is replaced.
    """

    file: str = Field(max_length=LONGEST_FILE)
    seen: int | None = Field(default=None, ge=0, le=10**9)


async def publish_programme(tx: Tx, command: PublishProgramme) -> Answer:
    """Refused 422 `programme_not_publishable` with every finding of the check, 409 `published_meanwhile` where another
    version holds than the one that was `seen`; the same file again changes nothing.
    """
    new = draft(command.file, await organisations.load_municipalities(tx))
    terms = new.terms
    # Whoever writes to a member holds its entry in the address book before its programme.
    await organisations.lock_many(tx, [one.code for one in organisations_of(terms)])
    current = await programmes.lock(tx, terms.ref.id)

    agreed = [] if current is None else await enrolments.load_agreed_forbehold(tx, current)

    decided = publish(current, terms, tx.source, tx.now, agreed, seen=command.seen)

    if decided.after != current:
        if terms.ref.seller.series:
            require_own_series(new, *await programmes.take_series(tx, terms.ref.seller, terms.ref.id))
        await programmes.save(tx, decided.after, tx.cause, command.file)
    tx.tell(decided)
    if current is not None:
        await enrolments.keep_agreed_forbehold(tx, current, decided.after)
    # It may have more places than before, or give those that it has from now on.
    moved = await fill_places(tx, [decided.after], tx.cause)
    members = await admit_members(tx, decided.after)
    at = invites_at(terms.enrolment, tx.now)
    return Answer(
        {
            "programme_id": terms.ref.id,
            "version": terms.ref.version,
            "outcome": "published" if current is None else "changed" if decided.facts else "unchanged",
            "invites_at": at.isoformat() if at else None,
            "findings": [*new.findings, *too_late(terms, tx.now)],
            **members,
            **(await what_moved(tx, moved, terms.ref.id) if decided.after.waits else {}),
        },
        status=201 if current is None else 200,
        location=f"/api/enrollment/programmes/{terms.ref.id}",
    )
