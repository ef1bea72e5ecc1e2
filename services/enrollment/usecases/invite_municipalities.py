"""An invitation round: each municipality is written to at its own addresses, and once more if it stays silent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from services.enrollment.adapters import enrolments, invitations, links, organisations, programmes
from services.enrollment.domain.address_book import Entry
from services.enrollment.domain.enrolment import Enrolment, Programme, deadline_passed, enrolment_id, is_answered
from services.enrollment.domain.invitation import OFFICE_OPENS, mailboxes
from shared.base.answers import Answer
from shared.base.cause import Cause
from shared.contracts.enrollment import InviteMunicipalities, MunicipalityInvited
from shared.contracts.refusal import Refused
from shared.contracts.time import local
from shared.storage.tx import Tx

REMINDER = "invitation_reminder"


async def invite_municipalities(tx: Tx, command: InviteMunicipalities) -> Answer:
    """Left out is whoever has answered, has no address in the book, or was invited to the programme before, in
    whatever round: nobody gets two invitations. The silent ones get the reminder.
    """
    programme = _require_open(
        (await programmes.lock(tx, [command.programme_id])).get(command.programme_id), command, tx
    )
    book = await _named(tx, command)
    if command.remind_on is not None and local(command.remind_on, OFFICE_OPENS) <= tx.now:
        raise Refused("reminder_in_the_past", "Påmindelsens dag er gået.", status=422, field="remind_on")
    remind_on = command.remind_on or programme.terms.enrolment.remind_on
    sent = await send_round(tx, programme, command.round_id, book, remind_on, tx.cause)
    return Answer(
        {
            "programme_id": programme.id,
            "round_id": command.round_id,
            "invited": sent.invited,
            "remind_on": sent.remind_on.isoformat() if sent.remind_on else None,
            "without_address": sent.without_address,
            "already_answered": sent.already_answered,
            "already_invited": sent.already_invited,
        }
    )


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of a round; the lists hold organisation codes. `remind_on` is None when nobody will be reminded."""

    invited: int
    remind_on: date | None
    without_address: list[str]
    already_answered: list[str]
    already_invited: list[str]


async def send_round(
    tx: Tx, programme: Programme, round_id: str, book: Sequence[Entry], remind_on: date | None, because: Cause
) -> Sent:
    """Invite those of `book` that can be; the programme is locked, so that two rounds never meet the same one."""
    known = await enrolments.lock(tx, [enrolment_id(programme.id, one.organisation.code) for one in book])
    silent = [one for one in book if not _has_answered(known, programme, one)]
    reachable = {enrolment_id(programme.id, one.organisation.code): one for one in silent if mailboxes(one)}
    remind_at = None if remind_on is None else local(remind_on, OFFICE_OPENS)
    reminds = remind_at is not None and remind_at > tx.now

    await invitations.start(tx, programme.id, round_id, remind_on, because)
    new = [
        (Enrolment(id=key, programme_id=programme.id, organisation=one.organisation), because)
        for key, one in reachable.items()
        if key not in known
    ]
    await enrolments.save(tx, new)
    invited = await invitations.add(tx, programme.id, round_id, list(reachable))
    if reminds and remind_at is not None:
        tx.arm(
            REMINDER,
            f"{programme.id}/{round_id}",
            remind_at,
            {"programme_id": programme.id, "round_id": round_id},
            because=because,
        )

    for key, one in reachable.items():
        if key in invited:
            tx.publish(
                MunicipalityInvited(
                    owner=programme.ref.owner,
                    programme=programme.ref,
                    enrolment_id=key,
                    organisation=one.organisation,
                    round_id=round_id,
                    to=mailboxes(one),
                    deadline=programme.terms.terms.deadline,
                    sign_up_path=links.sign_up_path(tx.links, programme.id, key),
                ),
                because=because,
            )
    return Sent(
        invited=len(invited),
        remind_on=remind_on if reminds else None,
        without_address=[one.organisation.code for one in silent if not mailboxes(one)],
        already_answered=[one.organisation.code for one in book if _has_answered(known, programme, one)],
        already_invited=[one.organisation.code for key, one in reachable.items() if key not in invited],
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
