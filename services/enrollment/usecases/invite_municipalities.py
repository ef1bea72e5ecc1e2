"""An invitation round: each municipality is written to at its own addresses, and once more if it stays silent."""

from __future__ import annotations

from datetime import time

from services.enrollment.adapters import enrolments, invitations, links, organisations, programmes
from services.enrollment.domain.address_book import Entry
from services.enrollment.domain.enrolment import Enrolment, Programme, deadline_passed, enrolment_id, is_answered
from services.enrollment.domain.invitation import mailboxes
from shared.contracts.enrollment import InviteMunicipalities, MunicipalityInvited
from shared.contracts.refusal import Refused
from shared.contracts.time import local
from shared.runtime.answers import Answer
from shared.storage.tx import Tx

REMINDER = "invitation_reminder"
_OFFICE_OPENS = time(9)


async def invite_municipalities(tx: Tx, command: InviteMunicipalities) -> Answer:
    """Whoever has answered, or has no address in the book, is left out; the same round again reaches only new ones."""
    programme = _require_open(
        (await programmes.lock(tx, [command.programme_id])).get(command.programme_id), command, tx
    )
    book = await _named(tx, command)
    known = await enrolments.lock(tx, [enrolment_id(programme.id, one.organisation.code) for one in book])

    silent = [one for one in book if not _has_answered(known, programme, one)]
    reachable = {enrolment_id(programme.id, one.organisation.code): one for one in silent if mailboxes(one)}
    remind_on = command.remind_on or programme.terms.enrolment.remind_on
    remind_at = None if remind_on is None else local(remind_on, _OFFICE_OPENS)
    if command.remind_on is not None and remind_at is not None and remind_at <= tx.now:
        raise Refused("reminder_in_the_past", "Påmindelsens dag er gået.", status=422, field="remind_on")

    await invitations.start(tx, programme.id, command.round_id, remind_on)
    new = [
        (Enrolment(id=key, programme_id=programme.id, organisation=one.organisation), tx.cause)
        for key, one in reachable.items()
        if key not in known
    ]
    await enrolments.save(tx, new)
    invited = await invitations.add(tx, programme.id, command.round_id, list(reachable))
    if remind_at is not None and remind_at > tx.now:
        tx.arm(
            REMINDER,
            f"{programme.id}/{command.round_id}",
            remind_at,
            {"programme_id": programme.id, "round_id": command.round_id},
        )

    for key, one in reachable.items():
        if key in invited:
            tx.publish(
                MunicipalityInvited(
                    owner=programme.ref.owner,
                    programme=programme.ref,
                    enrolment_id=key,
                    organisation=one.organisation,
                    round_id=command.round_id,
                    to=mailboxes(one),
                    deadline=programme.terms.terms.deadline,
                    sign_up_path=links.sign_up_path(programme.id, key),
                )
            )
    return Answer(
        {
            "programme_id": programme.id,
            "round_id": command.round_id,
            "invited": len(invited),
            "remind_on": remind_on.isoformat() if remind_on and remind_at and remind_at > tx.now else None,
            "without_address": [one.organisation.code for one in silent if not mailboxes(one)],
            "already_answered": [one.organisation.code for one in book if _has_answered(known, programme, one)],
        }
    )


def _require_open(programme: Programme | None, command: InviteMunicipalities, tx: Tx) -> Programme:
    if programme is None:
        raise Refused("unknown_programme", "Forløbet findes ikke.", status=404, field="programme_id")
    if not command.round_id.strip():
        raise Refused("round_missing", "Giv runden et navn.", status=422, field="round_id")
    if not programme.open:
        raise Refused("programme_cancelled", f"{programme.ref.title} er aflyst.", field="programme_id")
    if deadline_passed(programme, tx.now):
        raise Refused("deadline_passed", "Tilmeldingsfristen er overskredet, så der kan ikke inviteres flere.")
    return programme


async def _named(tx: Tx, command: InviteMunicipalities) -> tuple[Entry, ...]:
    if not command.organisation_codes:
        return await organisations.municipalities_in_danish_order(tx)
    found = await organisations.by_code(tx, command.organisation_codes)
    for code in command.organisation_codes:
        if code not in found:
            raise Refused(
                "unknown_organisation",
                f"»{code[:20]}« er ikke i adressebogen.",
                status=422,
                field="organisation_codes",
            )
    return tuple(found.values())


def _has_answered(known: dict[str, Enrolment], programme: Programme, entry: Entry) -> bool:
    enrolment = known.get(enrolment_id(programme.id, entry.organisation.code))
    return enrolment is not None and is_answered(enrolment.state)
