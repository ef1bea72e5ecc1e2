"""Members: organisations and offices that are invited to a programme by name, and are no municipality.

A member has its place as soon as the programme is published: there is no fee, and no number of places. It is written to
at its mailbox in the address book and names its people (`team`). They are invited to the meetings for members; those of
an ad hoc member only to the ones that staff invite it to.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from services.enrollment.domain.enrolment import Agreed, Enrolment, about, enrolment_id
from services.enrollment.domain.meeting_copy import MeetingCopy, require_ahead
from services.enrollment.domain.programme import Programme, require_going_on
from services.enrollment.domain.team import MEMBERS, reminding, team_terms
from shared.contracts.decision import Alarm, Decision
from shared.contracts.enrollment import MemberAdmitted, MemberInvited, MemberMailboxMissing, MemberUninvited
from shared.contracts.event import Event
from shared.contracts.parties import Contact, Organisation
from shared.contracts.programme import InvitedOrganisation, ProgrammeTerms
from shared.contracts.refusal import Refused


@dataclass(frozen=True, slots=True)
class Admission:
    """The programme with the places given; who is new, who is otherwise than before, whom its file names no more."""

    programme: Programme
    admitted: tuple[Enrolment, ...] = ()
    changed: tuple[Enrolment, ...] = ()
    not_in_file: tuple[Enrolment, ...] = ()


def organisations_of(terms: ProgrammeTerms) -> tuple[Organisation, ...]:
    """Of the members that a programme names. The code is their own: none of theirs is a municipality's."""
    return tuple(Organisation(code=_code(terms, one), name=one.title) for one in terms.enrolment.invited)


def admit(
    programme: Programme,
    standing: Sequence[Enrolment],
    sizes: Mapping[str, int],
    paths: Mapping[str, str],
    now: datetime,
) -> Decision[Admission]:
    """Whoever the programme names and is new has a place; the others are as it says now. Nobody else loses theirs.

    `standing`: its members so far; `sizes`: how many people they have named, and `paths`: of their pages, by enrolment.
    Whoever has left stays away.
    """
    known = {one.id: one for one in standing}
    admitted: list[Enrolment] = []
    changed: list[Enrolment] = []
    facts: list[Event] = []
    alarms: list[Alarm] = []
    for entry in programme.terms.enrolment.invited:
        here = enrolment_id(programme.id, _code(programme.terms, entry))
        current = known.pop(here, None)
        if current is None:
            programme, new = _admit(programme, entry, here, now)
            admitted.append(new)
            facts.append(_mailbox_missing(new, programme))
            alarms.append(reminding(new, programme, now))
        elif current.has_place:
            after = _as_it_says(current, programme.terms, entry, sizes.get(here, 0))
            if after != current:
                changed.append(after)
                facts += _admitted(after, programme, paths.get(here))
                alarms.append(reminding(after, programme, now))
    gone = tuple(one for one in known.values() if one.has_place)
    return Decision(Admission(programme, tuple(admitted), tuple(changed), gone), tuple(facts), tuple(alarms))


def mailbox_of(programme: Programme, person_id: str, name: str, email: str) -> Contact:
    """An organisation's mailbox in the role of its contact."""
    return Contact(person_id=person_id, name=name, email=email, role=programme.terms.terms.contact_label)


def written_to_at(
    enrolment: Enrolment, programme: Programme, mailbox: Contact, path: str | None
) -> Decision[Enrolment]:
    """Where a member is written to from now on; the same mailbox again changes nothing. `path`: of its page.

    Nobody is admitted to what is called off.
    """
    if not enrolment.has_place or enrolment.contact == mailbox or not programme.open:
        return Decision(enrolment)
    after = replace(enrolment, contact=mailbox)
    return Decision(after, _admitted(after, programme, path))


def call(
    enrolment: Enrolment, programme: Programme, copy: MeetingCopy | None, called: Collection[str], now: datetime
) -> Decision[bool]:
    """A member that comes to single meetings is invited to this one, if it is not among those `called` already.

    After: whether anything is new.
    """
    require_going_on(programme)
    known = _require_meeting(enrolment, copy)
    if known.meeting.id in called:
        return Decision(after=False)
    require_ahead(known, now)
    fact = MemberInvited(**about(enrolment, programme), contact=enrolment.known_contact, meeting=known.meeting)
    return Decision(after=True, facts=(fact,))


def call_off(
    enrolment: Enrolment, programme: Programme, copy: MeetingCopy | None, called: Collection[str]
) -> Decision[bool]:
    """It is not to come to this meeting after all."""
    known = _require_meeting(enrolment, copy)
    if known.meeting.id not in called:
        return Decision(after=False)
    fact = MemberUninvited(**about(enrolment, programme), contact=enrolment.known_contact, meeting=known.meeting)
    return Decision(after=True, facts=(fact,))


def _code(terms: ProgrammeTerms, entry: InvitedOrganisation) -> str:
    return f"{terms.ref.id}.{entry.id}"


def _admit(programme: Programme, entry: InvitedOrganisation, here: str, now: datetime) -> tuple[Programme, Enrolment]:
    number = programme.next_number
    new = Enrolment(
        id=here,
        programme_id=programme.id,
        organisation=Organisation(code=_code(programme.terms, entry), name=entry.title),
        state="enrolled",
        agreed=_agreed(programme.terms, entry, 0),
        ad_hoc=entry.ad_hoc,
        number=number,
        linked_number=number,
        received_at=now,
        enrolled_at=now,
    )
    return replace(programme, taken=programme.taken + 1, next_number=number + 1), new


def _as_it_says(current: Enrolment, terms: ProgrammeTerms, entry: InvitedOrganisation, size: int) -> Enrolment:
    contact = current.contact and current.contact.model_copy(update={"name": entry.title})
    organisation = current.organisation.model_copy(update={"name": entry.title})
    agreed = _agreed(terms, entry, size)
    return replace(current, organisation=organisation, contact=contact, agreed=agreed, ad_hoc=entry.ad_hoc)


def _agreed(terms: ProgrammeTerms, entry: InvitedOrganisation, size: int) -> Agreed:
    """Nobody who is named is turned away by a smaller number: there are `size` of them."""
    most = max(entry.seats_most or entry.seats, size)
    return Agreed(
        seats=tuple(
            one.model_copy(update={"minimum": entry.seats, "included": most}) if one.attendance == MEMBERS else one
            for one in terms.terms.seats
        )
    )


def _mailbox_missing(enrolment: Enrolment, programme: Programme) -> Event:
    return MemberMailboxMissing(**about(enrolment, programme))


def _admitted(enrolment: Enrolment, programme: Programme, path: str | None) -> tuple[Event, ...]:
    """Nothing is told of whoever cannot be written to."""
    if enrolment.contact is None or enrolment.enrolled_at is None:
        return ()
    fact = MemberAdmitted(
        **about(enrolment, programme),
        contact=enrolment.contact,
        seats=enrolment.agreed.seats,
        ad_hoc=bool(enrolment.ad_hoc),
        inviter=programme.terms.enrolment.inviter,
        admitted_at=enrolment.enrolled_at,
        participants_path=path,
    )
    return (fact,)


def _require_meeting(enrolment: Enrolment, copy: MeetingCopy | None) -> MeetingCopy:
    """One for members of its programme; Refused to whoever comes to all of them anyhow."""
    if enrolment.ad_hoc is None:
        raise Refused("no_member", "Kun medlemmer inviteres til enkelte møder.", field="enrolment_id")
    if not enrolment.ad_hoc:
        raise Refused("not_ad_hoc", f"{enrolment.organisation.name} inviteres til alle møder.", field="enrolment_id")
    if copy is None or copy.programme_id != enrolment.programme_id:
        raise Refused("unknown_meeting", "Mødet findes ikke i forløbet.", status=404, field="meeting_id")
    if all(one.kind != copy.meeting.kind for one in team_terms(enrolment)):
        raise Refused("not_for_members", "Mødet er ikke for medlemmer.", field="meeting_id")
    return copy
