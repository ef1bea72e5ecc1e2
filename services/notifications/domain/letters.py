"""The letters of the product, one function each: a fact in, a letter out. Amounts are øre, days are Danish days."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime

from services.notifications.domain.calendar.entry import Entry, Mailbox
from services.notifications.domain.confirmed import Confirmed
from services.notifications.domain.enrolment import is_own
from services.notifications.domain.invitations import Guest, Standing, Step
from services.notifications.domain.letter import Letter, Recipient, to_mailbox, to_person
from services.notifications.domain.message import CODE
from shared.contracts.danish import clock, day_span, kroner, long_day, short_day
from shared.contracts.enrollment import (
    BillingReminderDue,
    EnrolmentCalledOff,
    EnrolmentFact,
    EnrolmentLapsed,
    EnrolmentReceived,
    EnrolmentRegrouped,
    EnrolmentWaitlisted,
    EnrolmentWithdrawn,
    ExtraParticipantAdded,
    ExtraParticipantRemoved,
    Forbehold,
    InvitationReminderDue,
    LinksRevoked,
    MailboxCodeDrawn,
    MemberAdmitted,
    MunicipalityEnrolled,
    MunicipalityInvited,
    OptionDelivered,
    OptionFact,
    OptionOrdered,
    OptionWithdrawn,
    OwnLinksRevoked,
    ParticipantCancelled,
    ParticipantRegistered,
    ParticipantReplaced,
    QuoteGiven,
    QuoteReminderDue,
    ReservationReminderDue,
    ReservationResolved,
    RoleAppointed,
    RosterFact,
    SignUpDraftSaved,
    SignUpEnded,
    TeamFact,
    TeamMemberRemoved,
    TeamMemberReplaced,
    TeamReminderDue,
    TovholderAppointed,
)
from shared.contracts.invoicing import CreditNoteIssued, HowToPay, Invoice, InvoiceIssued, InvoiceLine, InvoiceOverdue
from shared.contracts.money import moms, with_moms
from shared.contracts.notifications import ArmReminder, SendMessage
from shared.contracts.parties import Billing, Contact, Person, billing_details
from shared.contracts.programme import FeeTerm, LookTerm, ProgrammeRef, SeatTerm
from shared.contracts.scheduling import Meeting
from shared.contracts.time import COPENHAGEN


def invitations(fact: MunicipalityInvited | InvitationReminderDue, at: datetime) -> list[Letter]:
    template = "invited" if isinstance(fact, MunicipalityInvited) else "invitation_reminder"
    asked = [
        _about_enrolment(
            template,
            fact,
            to_mailbox(fact.organisation, mailbox.role, mailbox.email),
            fact.round_id,
            at,
            deadline=_day(fact.deadline),
            path=fact.sign_up_path,
        )
        for mailbox in fact.to
    ]
    return [replace(letter, own=False) for letter in asked]


def draft_saved(fact: SignUpDraftSaved, at: datetime) -> Letter:
    return Letter(
        template="draft_saved",
        to=to_person(fact.contact),
        about=f"draft/{fact.draft_id}",
        occasion="",
        programme=fact.programme,
        written_at=at,
        says={"path": fact.draft_path, "forgotten_after": long_day(fact.forgotten_after)},
        people=(fact.contact.person_id,),
    )


def mailbox_code(fact: MailboxCodeDrawn, at: datetime) -> Letter:
    """To the mailbox alone; nothing of what is about to be changed stands in it."""
    return Letter(
        template=CODE,
        to=to_person(fact.to),
        about=f"code/{fact.code_id}",
        occasion="",
        programme=fact.programme,
        written_at=at,
        says={
            "code": fact.code,
            "good_until": fact.good_until.isoformat(),
            "until": clock(fact.good_until.astimezone(COPENHAGEN).time()),
        },
        people=(fact.to.person_id,),
    )


def sign_up_received(fact: EnrolmentReceived, at: datetime) -> Letter:
    """To the contact, or to the organisation's mailbox that is to confirm it: that one reads who the contact is."""
    contact = f"{fact.contact.name}, {fact.contact.email}" if fact.to else None
    letter = _about_enrolment(
        "sign_up_received",
        fact,
        to_mailbox(fact.organisation, fact.to.role, fact.to.email) if fact.to else to_person(fact.contact),
        fact.received_at.isoformat(),
        at,
        path=fact.confirm_path,
        received_at=fact.received_at.isoformat(),
        contact=contact,
        confirmation=fact.confirmation,
        prospect=fact.prospect,
    )
    return replace(letter, people=(fact.contact.person_id,))


def sign_up_ended(fact: SignUpEnded, at: datetime) -> Letter | None:
    """To whoever confirmed the form, and has waited since; None = nobody is told."""
    if fact.to is not None:
        to = to_mailbox(fact.organisation, fact.to.role, fact.to.email)
    elif fact.contact is not None:
        to = to_person(fact.contact)
    else:
        return None
    letter = _about_enrolment("sign_up_ended", fact, to, fact.sign_up_id, at, because=fact.because)
    return replace(letter, own=False)


def sign_ups_confirmed(
    told: Sequence[Confirmed], programmes: Mapping[str, ProgrammeRef], day: date, at: datetime
) -> Letter:
    """One for an organisation and a day, whatever number of programmes it was signed up for."""
    newest = told[-1]
    code = newest.organisation.code
    return Letter(
        template="sign_ups_confirmed",
        to=to_mailbox(newest.organisation, newest.to.role, newest.to.email),
        about=f"organisation/{code}",
        occasion=day.isoformat(),
        programme=programmes[newest.programme_id],
        written_at=at,
        says={
            "organisation": newest.organisation.name,
            "rows": [(programmes[one.programme_id].title, f"{one.contact.name}, {one.contact.email}") for one in told],
        },
        people=tuple(dict.fromkeys(one.contact.person_id for one in told)),
    )


def place_confirmed(fact: MunicipalityEnrolled, at: datetime) -> Letter:
    letter = _about_enrolment(
        "place_confirmed",
        fact,
        to_person(fact.contact),
        fact.enrolled_at.isoformat(),
        at,
        path=fact.participants_path,
        forbehold_open=fact.forbehold_open,
        forbehold=_forbehold(fact.forbehold),
        from_waiting_list=fact.from_waiting_list,
        standing=fact.standing_path,
        page=fact.standing_path,
        fees=[_fee_row(fee) for fee in fact.fees],
        seats=[_seat_line(seat) for seat in fact.seats if seat.attendance != "none"],
        team=any(seat.attendance == "team" for seat in fact.seats),
        next=_what_happens_next(fact),
        missing=billing_details(fact.billing_missing),
        invoice_on=_day(min((fee.invoice_on for fee in fact.fees), default=None)),
        receipt=_receipt(fact, fact.billing),
    )
    return replace(letter, own=is_own(fact))


def waitlisted(fact: EnrolmentWaitlisted, at: datetime) -> Letter:
    letter = _about_enrolment(
        "waitlisted",
        fact,
        to_person(fact.contact),
        fact.received_at.isoformat(),
        at,
        forbehold_open=fact.forbehold_open,
        forbehold=_forbehold(fact.forbehold),
        allotted_after=_day(fact.allotted_after),
        only_approved=fact.forbehold_open and not fact.forbehold_holds,
        standing=fact.standing_path,
        **_receipt_of_waiting(fact),
    )
    return replace(letter, own=is_own(fact))


def forbehold_awaited(fact: ReservationReminderDue, at: datetime) -> Letter:
    """The occasion is the day it is reminded of: another one when the answer is expected later."""
    expected_on = fact.forbehold.expected_on
    return _about_enrolment(
        "forbehold_awaited",
        fact,
        to_person(fact.contact),
        f"{expected_on.isoformat() if expected_on else ''}/{fact.days}",
        at,
        forbehold=_forbehold(fact.forbehold),
        is_late=fact.days > 0,
        has_place=fact.has_place,
        standing=fact.standing_path,
        **({} if expected_on or fact.forbehold.lapses_after else {"asks_day": True}),
    )


def billing_awaited(fact: BillingReminderDue, at: datetime, to: Contact | None = None) -> Letter:
    """The occasion is the day it is reminded of. Of time alone, and so nobody's own.

    `to` somebody else than the contact it has a link of theirs, if the fact knows of one: the contact's is not theirs.
    """
    reader = to or fact.contact
    key, is_contact = reader.person_id, reader.person_id == fact.contact.person_id
    letter = _about_enrolment(
        "billing_awaited",
        fact,
        to_person(reader),
        f"{fact.invoice_on.isoformat()}/{fact.days}",
        at,
        missing=billing_details(fact.billing_missing),
        invoice_on=fact.invoice_on.isoformat(),
        is_late=fact.days >= 0,
        standing=fact.standing_path if is_contact else None,
        path=None if is_contact else next((one.path for one in fact.billing_links if one.person_id == key), None),
    )
    return replace(letter, own=False)


def forbehold_answered(fact: ReservationResolved, contact: Contact, at: datetime) -> Letter:
    return _about_enrolment(
        "forbehold_answered",
        fact,
        to_person(contact),
        fact.resolved_at.isoformat(),
        at,
        approved=fact.approved,
        has_place=fact.has_place,
    )


def lapsed(fact: EnrolmentLapsed, contact: Contact, at: datetime) -> Letter:
    return _about_enrolment("lapsed", fact, to_person(contact), at.isoformat(), at)


def withdrawn(fact: EnrolmentWithdrawn, enrolled_at: datetime | None, at: datetime) -> Letter:
    """`enrolled_at` of the place that is given up: one receipt for each."""
    occasion = enrolled_at.isoformat() if enrolled_at else ""
    return _about_enrolment(
        "withdrawn", fact, to_person(fact.contact), occasion, at, reason=fact.reason, pays=fact.pays
    )


def called_off(fact: EnrolmentCalledOff, at: datetime) -> list[Letter]:
    """To the contact, or to each mailbox that was invited; once, whatever is told of it again. The organiser's own."""
    to = [to_mailbox(fact.organisation, one.role, one.email) for one in fact.to]
    letters = [
        _about_enrolment(
            "called_off",
            fact,
            one,
            "",
            at,
            standing=fact.standing,
            reason=fact.reason,
            meetings=[
                f"{one.title}, {day_span(one.when.first_day, one.when.last_day)}" for one in fact.meetings if one.when
            ],
            fee=fact.fee,
        )
        for one in ([to_person(fact.contact)] if fact.contact else to)
    ]
    return [replace(letter, own=False) for letter in letters]


def groups_merged(fact: EnrolmentRegrouped, at: datetime) -> Letter:
    """The organiser's own. Once for each group that it came from."""
    letter = _about_enrolment(
        "groups_merged",
        fact,
        to_person(fact.contact),
        fact.previous_group or "",
        at,
        group=fact.group_title or fact.group,
        reason=fact.reason,
    )
    return replace(letter, own=False)


def regrouped(fact: EnrolmentRegrouped, at: datetime) -> Letter:
    """One that staff have moved, and no other of its group."""
    return _about_enrolment(
        "regrouped", fact, to_person(fact.contact), at.isoformat(), at, group=fact.group_title or fact.group
    )


def quote_given(fact: QuoteGiven, contact: Contact, at: datetime) -> Letter:
    """The organiser's own doing: whoever asked for it need not have put the enrolment in, and is not shown its link."""
    letter = _about_option(
        "quote_given",
        fact,
        contact,
        at,
        fact.price_ore,
        fact.vat_percent,
        text=fact.includes,
        good_until=fact.good_until.isoformat(),
        again=fact.replaces is not None,
        path=fact.quote_path,
    )
    return replace(letter, own=False)


def quote_awaited(fact: QuoteReminderDue, contact: Contact, at: datetime) -> Letter:
    """The occasion is the day it is reminded of. Of time alone, and so nobody's own."""
    letter = _about_option(
        "quote_awaited",
        fact,
        contact,
        at,
        fact.price_ore,
        fact.vat_percent,
        text=fact.includes,
        good_until=fact.good_until.isoformat(),
        path=fact.quote_path,
    )
    return replace(letter, own=False, occasion=f"{letter.occasion}/{fact.days}")


def option_ordered(fact: OptionOrdered, contact: Contact, at: datetime) -> Letter:
    return _about_option(
        "option_ordered",
        fact,
        contact,
        at,
        fact.price_ore,
        fact.vat_percent,
        text=fact.includes,
        by_quote=fact.by_quote,
        standing=fact.standing_path,
        unit=fact.billing.unit_name if fact.billing and fact.own_billing else None,
        missing=billing_details(fact.billing_missing),
    )


def option_withdrawn(fact: OptionWithdrawn, contact: Contact, at: datetime) -> Letter:
    return _about_option("option_withdrawn", fact, contact, at, ordered=fact.ordered)


def option_delivered(fact: OptionDelivered, contact: Contact, at: datetime) -> Letter:
    """As `quote_given`."""
    day = fact.delivered_on.isoformat()
    letter = _about_option("option_delivered", fact, contact, at, fact.price_ore, fact.vat_percent, delivered_on=day)
    return replace(letter, own=False)


def contact_appointed(fact: TovholderAppointed, path: str | None, at: datetime) -> Letter:
    return _about_enrolment(
        "contact_appointed",
        fact,
        to_person(fact.contact),
        at.isoformat(),
        at,
        role=fact.contact.role,
        path=path,
        standing=fact.standing_path,
        forbehold=_forbehold(fact.forbehold),
    )


def links_renewed(fact: LinksRevoked, at: datetime) -> Letter:
    return _about_enrolment(
        "links_renewed",
        fact,
        to_person(fact.contact),
        str(fact.generation),
        at,
        path=fact.standing_path,
        participants=fact.participants_path,
    )


def own_links_renewed(fact: OwnLinksRevoked, at: datetime) -> Letter:
    """A seat's link leads to its page, from which all others are reached."""
    letter = _about_enrolment(
        "own_links_renewed",
        fact,
        to_person(fact.person),
        str(fact.generation),
        at,
        path=fact.own_page_path,
        billing=fact.billing_path,
        standing=fact.standing_path,
    )
    return replace(letter, own=False)


def contact_left(fact: TovholderAppointed, former: Contact, path: str | None, at: datetime) -> Letter:
    """What the former contact can no longer open, and where the meetings go. Who it is now is not said."""
    opened = bool(path or fact.standing_path)
    return _about_enrolment(
        "contact_left",
        fact,
        to_person(former),
        at.isoformat(),
        at,
        role=former.role,
        opened=opened,
        reason=fact.reason,
    )


def role_appointed(fact: RoleAppointed, person: Person, at: datetime) -> Letter:
    """With no link: those of the enrolment are the contact's."""
    occasion = f"{fact.role_id}/{at.isoformat()}"
    letter = _about_enrolment(
        "role_appointed", fact, to_person(person), occasion, at, role=fact.label, purpose=fact.purpose
    )
    return replace(letter, own=False)


def role_left(fact: RoleAppointed, former: Person, at: datetime) -> Letter:
    """Who it is now is not said."""
    occasion, vacant = f"{fact.role_id}/{at.isoformat()}", fact.person is None
    letter = _about_enrolment(
        "role_left", fact, to_person(former), occasion, at, role=fact.label, reason=fact.reason, vacant=vacant
    )
    return replace(letter, own=False)


def secretary_appointed(fact: RoleAppointed, person: Person, at: datetime) -> Letter:
    """With the link that is the secretary's own, and no other."""
    letter = _about_enrolment(
        "secretary_appointed", fact, to_person(person), f"{fact.role_id}/{at.isoformat()}", at, path=fact.standing_path
    )
    return replace(letter, own=False)


def secretary_left(fact: RoleAppointed, former: Person, at: datetime) -> Letter:
    """Who has the access now, if anybody has, is not said."""
    letter = _about_enrolment("secretary_left", fact, to_person(former), f"{fact.role_id}/{at.isoformat()}", at)
    return replace(letter, own=False)


def access_given(fact: RoleAppointed, person: Person, contact: Contact, path: str | None, at: datetime) -> Letter:
    """To the contact: who has got access, and from whom. `path` is the contact's own."""
    letter = _about_enrolment(
        "access_given",
        fact,
        to_person(contact),
        f"{fact.role_id}/{at.isoformat()}",
        at,
        name=person.name,
        email=person.email,
        by_staff=fact.by_staff,
        path=path,
    )
    return replace(letter, people=(contact.person_id, person.person_id), own=False)


def to_political(letter: Letter, contact: Contact) -> Letter:
    """A letter about the forbehold, for whoever has that role as well; without the link, which is the contact's."""
    says = {**letter.says, "standing": None} if "standing" in letter.says else letter.says
    return replace(letter, to=to_person(contact), says=says, people=(contact.person_id,), own=False)


def extra_participant(fact: ExtraParticipantAdded, version: int | None, at: datetime) -> Letter:
    price = fact.terms.price_ore
    return _about_roster(
        "extra_participant",
        fact,
        version,
        at,
        price=price,
        vat=moms(price, fact.terms.vat_percent),
        gross=with_moms(price, fact.terms.vat_percent),
        missing=billing_details(fact.billing_missing),
        unit=fact.billing.unit_name if fact.own_billing else None,
        walked_in=fact.walked_in,
        free_until=_day(fact.free_until),
    )


def walked_in(fact: ParticipantRegistered, at: datetime) -> Letter:
    """To somebody who came without being registered, and whom staff have entered since."""
    letter = Letter(
        template="walked_in",
        to=to_person(fact.person),
        about=f"meeting/{fact.meeting.id}",
        occasion="",
        programme=fact.programme,
        written_at=at,
        says={"organisation": fact.organisation.name, "meeting": _meeting(fact.meeting)},
        people=(fact.person.person_id,),
    )
    return replace(letter, own=False)


def seat_passed_on(fact: ParticipantReplaced, version: int | None, at: datetime) -> Letter:
    """To the contact, who did not do it."""
    letter = _about_roster("seat_passed_on", fact, version, at, former=fact.previous.name)
    return replace(letter, people=(*letter.people, fact.previous.person_id))


def seat_left(fact: ParticipantCancelled, version: int | None, at: datetime) -> Letter:
    """To the contact: that they did not do it, or that it is billed all the same."""
    term = fact.still_billed
    return _about_roster(
        "seat_left",
        fact,
        version,
        at,
        by_participant=fact.by_participant,
        price=term.price_ore if term else None,
        gross=with_moms(term.price_ore, term.vat_percent) if term else None,
        free_until=_day(fact.free_until),
    )


def place_passed_on(fact: TeamMemberReplaced, version: int | None, at: datetime) -> Letter:
    """To the contact, who did not do it."""
    letter = _about_team("place_passed_on", fact, fact.person, version, at, former=fact.previous.name)
    return replace(letter, people=(*letter.people, fact.previous.person_id))


def place_left(fact: TeamMemberRemoved, version: int | None, at: datetime) -> Letter:
    """As `place_passed_on`."""
    return _about_team("place_left", fact, fact.person, version, at, size=fact.size, minimum=fact.minimum)


def team_incomplete(fact: TeamReminderDue, at: datetime) -> Letter:
    """Of time alone, and so nobody's own."""
    return Letter(
        template="team_incomplete",
        to=to_person(fact.contact),
        about=fact.subject,
        occasion=at.isoformat(),
        programme=fact.programme,
        written_at=at,
        says={
            "organisation": fact.organisation.name,
            "size": fact.size,
            "minimum": fact.minimum,
            "most": fact.most,
            "of_member": fact.of_member,
            "path": fact.participants_path,
        },
        people=(fact.contact.person_id,),
    )


def member_admitted(fact: MemberAdmitted, at: datetime) -> Letter:
    """Once to each mailbox, whatever else changes."""
    named = [seat for seat in fact.seats if seat.attendance == "members"]
    letter = _about_enrolment(
        "member_admitted",
        fact,
        to_person(fact.contact),
        fact.admitted_at.isoformat(),
        at,
        inviter=fact.inviter or fact.programme.seller.name,
        minimum=max((seat.minimum for seat in named), default=0),
        most=min((seat.included for seat in named if seat.included is not None), default=None),
        ad_hoc=fact.ad_hoc,
        path=fact.participants_path,
    )
    return replace(letter, own=is_own(fact))


def extra_participant_removed(fact: ExtraParticipantRemoved, version: int | None, at: datetime) -> Letter:
    return _about_roster("extra_participant_removed", fact, version, at, moved_in=fact.reason == "moved_in")


WROTE_THEMSELVES = frozenset({"sign_up_received", "sign_up_ended", "draft_saved", "member_admitted"})
"""Letters to whoever has just put in their own name, or to an organisation that was invited by its own."""


HAS_NO_PAGE = {
    **dict.fromkeys(("invited", "invitation_reminder", "draft_saved", "sign_up_received"), "leads to its own form"),
    "sign_up_ended": "nothing came of it",
    "sign_ups_confirmed": "a mailbox, whose enrolment it is not",
    CODE: "whoever asked has the page before them",
    "contact_left": "the page is another one's now",
    **dict.fromkeys(("invoice", "credit_note", "payment_reminder"), "are passed on to whoever pays"),
    "digest": "staff",
}
"""Letters that lead to no enrolment's page, whoever they are to, and why: who has its link can withdraw it."""
_SHOW_IT = frozenset({"waitlisted", "option_ordered", "contact_appointed"})
"""Letters whose words lead there."""
_ENDS = frozenset({"withdrawn", "lapsed", "called_off"})


def leading_home(letter: Letter, page: str | None) -> Letter:
    """With the link to the page of the enrolment whose contact it is written to, where one sees how it stands, changes
    it and leaves. `page` None = there is none that is known. A letter that leads there anyway stays as it is.
    """
    page = letter.says.get("page") or page
    shown = letter.says.get("standing") if letter.template in _SHOW_IT else letter.says.get("path")
    if page is None or page == shown or letter.template in HAS_NO_PAGE:
        return letter
    over = letter.template in _ENDS or letter.says.get("approved") is False
    return replace(letter, says={**letter.says, "page": page, "over": over})


def in_colours(letter: Letter, look: LookTerm | None) -> Letter:
    """With the colours of its programme; None = those of the house."""
    return letter if look is None else replace(letter, says={**letter.says, "look": look.model_dump()})


ONLY_INTRODUCES = frozenset({"walked_in"})
"""Letters that nobody gets who knows already."""
PUBLIC_INTEREST = (
    "Grundlaget er, at forløbet er en opgave i samfundets interesse (databeskyttelsesforordningens artikel 6, stk. 1, "
    "litra e)."
)
"""What is said where a programme says nothing of its own."""


def may_introduce(letter: Letter) -> bool:
    """Whether it may be the first that somebody hears of it that others have put them in; a mailbox is nobody."""
    return (
        letter.to.person
        and letter.template not in WROTE_THEMSELVES
        and letter.programme is not None
        and bool(letter.says.get("organisation"))
    )


def introduce(letter: Letter) -> Letter:
    """With what somebody is told whom a colleague has put in (GDPR art. 14): who has the data, from whom, what for, on
    which basis, how long, what they can ask for, and where they complain.
    """
    if letter.programme is None:
        return letter
    seller, organisation = letter.programme.seller, letter.says["organisation"]
    basis = seller.legal_basis or PUBLIC_INTEREST
    us = f"{seller.sender_name} (CVR-nummer {seller.cvr})"
    # True whatever enrollment's setting says: it is never longer, but where an archive has not got the papers yet.
    how_long = (
        "De bliver slettet af sig selv, senest godt seks år efter at det sidste, I er med i, er slut, og før, hvis I "
        "beder om det. Har arrangøren et offentligt arkiv, får det papirerne først."
    )
    if letter.says.get("as_guest"):
        who = (
            f"{us} har skrevet jeres navn og e-mailadresse op, fordi I er inviteret som gæst. Vi bruger dem til at "
            f"holde {letter.programme.title}: til invitationer og deltagerlister."
        )
    else:
        source = (
            "har skrevet jeres navn og e-mailadresse op, da I kom til mødet"
            if letter.template == "walked_in"
            else f"har fået jeres navn og e-mailadresse af {organisation}"
        )
        who = (
            f"{us} {source}. Vi bruger dem til at holde "
            f"{letter.programme.title}: til invitationer, deltagerlister og afregning med {organisation}."
        )
        how_long += (
            " Står navnet på en udstedt faktura, bliver det dér: bogføringsloven kræver fakturaen i fem år efter "
            "regnskabsårets udløb."
        )
    rights = (
        "I kan bede om at se, rette eller slette oplysningerne, begrænse brugen af dem eller gøre indsigelse: svar på "
        f"denne mail, eller skriv til {seller.organizer_email}. I kan også klage til Datatilsynet."
    )
    return replace(letter, says={**letter.says, "introduction": [who, basis, how_long, rights]}, introduces=True)


def calendar_letter(standing: Standing, step: Step, *, own: bool = False) -> Letter:
    """The invitation, its update or its cancellation, for one recipient; `own` as of a letter."""
    meeting, guest, seller = standing.meeting, step.guest, standing.programme.seller
    shown = meeting if meeting.when else step.previous or meeting
    when = shown.when
    if when is None:
        raise ValueError("a meeting without a day has no calendar entry")
    # Hours that cannot be, as another system may tell them, leave the day.
    hours = when.starts_at is not None and when.ends_at is not None and when.starts_at < when.ends_at
    return Letter(
        template=step.template,
        to=Recipient(guest.person_id, guest.name, guest.email),
        about=f"meeting/{meeting.id}",
        occasion=step.occasion(meeting.date_version),
        programme=standing.programme,
        written_at=step.stamped,
        says={
            "organisation": guest.organisation,
            "name": guest.name,
            "meeting": _meeting(shown),
            "previous": _meeting(step.previous),
            "told": _meeting(step.previous or shown),
            "part": guest.part,
            "path": guest.path,
            "seat_path": guest.seat_path,
            "own_path": guest.own_path,
            "on_team": guest.on_team,
            "by_team": guest.by_team,
            "of_member": guest.of_member,
            "as_guest": guest.as_guest,
            "asks_needs": guest.asks_needs,
            "method": step.method,
            "reason": standing.reason,
        },
        calendar=Entry(
            method=step.method,
            uid=standing.uid,
            sequence=step.sequence,
            stamped=step.stamped,
            title=f"{meeting.title} – {standing.programme.title}",
            first_day=when.first_day,
            last_day=when.last_day,
            starts_at=when.starts_at if hours else None,
            ends_at=when.ends_at if hours else None,
            place=meeting.place or "",
            link=meeting.link or "",
            organizer=Mailbox(seller.sender_name, seller.organizer_email),
            attendee=Mailbox(guest.name, guest.email),
            part=guest.part,
            note=f"{standing.programme.title}\n{seller.sender_name}",
            whole=step.whole,
        ),
        people=(guest.person_id,),
        own=own,
    )


def meeting_reminder(standing: Standing, guest: Guest, agreed: int, left: int, at: datetime) -> Letter:
    """The reminder agreed on so many days before; so many are left when it is written."""
    meeting = standing.meeting
    return Letter(
        template="meeting_reminder",
        to=Recipient(guest.person_id, guest.name, guest.email),
        about=f"meeting/{meeting.id}",
        occasion=f"{meeting.date_version}/{agreed}",
        programme=standing.programme,
        written_at=at,
        says={
            "organisation": guest.organisation,
            "meeting": _meeting(meeting),
            "days": left,
            "seat_path": guest.seat_path,
            "own_path": guest.own_path,
            "on_team": guest.on_team,
            "as_guest": guest.as_guest,
        },
        people=(guest.person_id,),
    )


def nobody_registered(standing: Standing, guest: Guest, agreed: int, left: int, at: datetime) -> Letter:
    reminder = meeting_reminder(standing, guest, agreed, left, at)
    return replace(reminder, template="nobody_registered", says={**reminder.says, "path": guest.path})


def invoice_issued(fact: InvoiceIssued, at: datetime, to: Contact | None = None) -> Letter:
    """`to` somebody else than the contact, whom the invoice itself names."""
    return _about_invoice(
        "invoice",
        fact.invoice.model_copy(update={"contact": to or fact.invoice.contact}),
        fact.subject,
        fact.invoice.issued_on.isoformat(),
        at,
        pay=_pay_rows(fact.invoice, fact.how_to_pay),
        path=_document_path(fact, fact.invoice, to or fact.invoice.contact),
    )


def payment_reminder(fact: InvoiceOverdue, contact: Contact, at: datetime) -> Letter:
    """`contact`: of the enrolment today, as of a credit note. The invoice itself names whoever it was then."""
    return _about_invoice(
        "payment_reminder",
        fact.invoice.model_copy(update={"contact": contact}),
        fact.subject,
        str(fact.level),
        at,
        outstanding=fact.outstanding_ore,
        pay=_pay_rows(fact.invoice, fact.how_to_pay),
        path=_document_path(fact, fact.invoice, contact),
    )


def credit_note(fact: CreditNoteIssued, invoice: Invoice, contact: Contact, at: datetime) -> Letter:
    """`invoice` is what it credits, all of it or a part."""
    sums = [("I alt ekskl. moms", fact.net_ore), ("Moms", fact.vat_ore), ("Øreafrunding", fact.rounding_ore)]
    return _about_invoice(
        "credit_note",
        invoice.model_copy(update={"contact": contact}),
        fact.subject,
        str(fact.number),
        at,
        credit_note_id=fact.id,
        invoiced_on=invoice.issued_on.isoformat(),
        in_part=fact.credited_ore < invoice.gross_ore,
        reason=fact.reason,
        path=_document_path(fact, invoice, contact),
        credited=fact.credited_ore,
        outstanding=fact.outstanding_ore,
        lines=_line_rows(fact.lines),
        sums=[
            *((name, kroner(ore)) for name, ore in sums if ore or name != "Øreafrunding"),
            ("Krediteret inkl. moms", kroner(fact.credited_ore)),
            ("Kreditnotadato", short_day(fact.issued_on)),
        ],
    )


def note(said: SendMessage | ArmReminder, programme: ProgrammeRef | None, at: datetime) -> Letter:
    """What another service or system wants said."""
    person = "/" not in said.recipient
    return Letter(
        template="note",
        to=Recipient(said.recipient, "", said.email, person),
        about=said.about,
        occasion=said.occasion,
        programme=programme,
        written_at=at,
        says={"title": said.title, "text": said.text},
        people=(said.recipient,) if person else (),
        own=True,
    )


def _forbehold(told: Forbehold | None) -> dict[str, object] | None:
    return told.model_dump(mode="json") if told else None


def _about_enrolment(
    template: str, fact: EnrolmentFact, to: Recipient, occasion: str, at: datetime, **says: object
) -> Letter:
    return Letter(
        template=template,
        to=to,
        about=fact.subject,
        occasion=occasion,
        programme=fact.programme,
        written_at=at,
        says={"organisation": fact.organisation.name, **says},
        people=(to.key,) if to.person else (),
        own=True,
    )


def _about_option(
    template: str,
    fact: OptionFact,
    contact: Contact,
    at: datetime,
    price_ore: int = 0,
    vat_percent: int = 0,
    **says: object,
) -> Letter:
    """One of each kind for each round."""
    return _about_enrolment(
        template,
        fact,
        to_person(contact),
        f"{fact.option_id}/{fact.round}",
        at,
        title=fact.title or fact.option_id,
        price=price_ore,
        vat=moms(price_ore, vat_percent),
        gross=with_moms(price_ore, vat_percent),
        **says,
    )


def _about_roster(template: str, fact: RosterFact, version: int | None, at: datetime, **says: object) -> Letter:
    """`version` is the roster's, which the fact carries as its sequence; a producer that counts none tells once."""
    return Letter(
        template=template,
        to=to_person(fact.contact),
        about=fact.subject,
        occasion=f"{fact.person.person_id}/{version or 0}",
        programme=fact.programme,
        written_at=at,
        says={
            "organisation": fact.organisation.name,
            "person": fact.person.name,
            "meeting": _meeting(fact.meeting),
            **says,
        },
        people=(fact.contact.person_id, fact.person.person_id),
        own=True,
    )


def _about_team(
    template: str, fact: TeamFact, person: Person, version: int | None, at: datetime, **says: object
) -> Letter:
    """`version` is the team's, as of `_about_roster`."""
    return Letter(
        template=template,
        to=to_person(fact.contact),
        about=fact.subject,
        occasion=f"{person.person_id}/{version or 0}",
        programme=fact.programme,
        written_at=at,
        says={"organisation": fact.organisation.name, "person": person.name, "of_member": fact.of_member, **says},
        people=(fact.contact.person_id, person.person_id),
        own=True,
    )


def _document_path(
    fact: InvoiceIssued | InvoiceOverdue | CreditNoteIssued, invoice: Invoice, contact: Contact
) -> str | None:
    """The reader's own link; of a fact that knows of nobody's, or to a mailbox, the one that is nobody's.

    None for somebody whom the fact knows nothing of: what another was to open is not theirs.
    """
    if invoice.billing.email or not fact.document_links:
        return fact.document_path
    return next((one.path for one in fact.document_links if one.person_id == contact.person_id), None)


def _about_invoice(template: str, invoice: Invoice, about: str, occasion: str, at: datetime, **says: object) -> Letter:
    contact, email = invoice.contact, invoice.billing.email
    to = to_mailbox(invoice.buyer, "faktura", email) if email else to_person(contact)
    return Letter(
        template=template,
        to=to,
        about=about,
        occasion=occasion,
        programme=invoice.programme,
        written_at=at,
        says={
            "organisation": invoice.buyer.name,
            "invoice_id": invoice.id,
            "issued_on": invoice.issued_on.isoformat(),
            "due_on": invoice.due_on.isoformat(),
            "net": invoice.net_ore,
            "vat": invoice.vat_ore,
            "gross": invoice.gross_ore,
            "lines": _line_rows(invoice.lines),
            **says,
        },
        people=(contact.person_id,) if to.person else (),
    )


def _pay_rows(invoice: Invoice, how_to_pay: HowToPay) -> list[tuple[str, str]]:
    """`how_to_pay` as the invoice has it; a fact of before it could say so, or of others, has the bank account."""
    seller, billing = invoice.programme.seller, invoice.billing
    if not how_to_pay and seller.payment == "bank" and seller.bank_account:
        account = (("Reg.nr.", seller.bank_registration), ("Kontonr.", seller.bank_account))
        how_to_pay = (*account, ("Mærk betalingen", invoice.id))
    known = [
        ("Sælger", f"{seller.name}, CVR {seller.cvr}"),
        ("Enhed", billing.unit_name),
        ("EAN-nummer", billing.ean),
        ("Ordre-/rekvisitionsnummer", billing.order_reference),
        ("Personreference", billing.person_reference),
        ("Kontostreng", billing.account_string),
    ]
    return [*how_to_pay, *((title, said) for title, said in known if said)]


def _line_rows(lines: Sequence[InvoiceLine]) -> list[tuple[str, str]]:
    return [
        (line.text if line.quantity == 1 else f"{line.quantity} × {line.text}", f"{kroner(line.net_ore)} ekskl. moms")
        for line in lines
    ]


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _meeting(meeting: Meeting | None) -> dict[str, object] | None:
    return meeting.model_dump(mode="json") if meeting else None


def _receipt_of_waiting(fact: EnrolmentWaitlisted) -> dict[str, object]:
    """Whoever waits has signed up as well; nothing where nothing was told of what they answered and on which terms."""
    if fact.billing is None:
        return {}
    return {
        "seats": [_seat_line(seat) for seat in fact.seats if seat.attendance != "none"],
        "next": _what_happens_to_whoever_waits(fact),
        "receipt": {**_receipt(fact, fact.billing), "waits": True},
    }


def _what_happens_to_whoever_waits(fact: EnrolmentWaitlisted) -> Sequence[str]:
    order = "i den rækkefølge, tilmeldingerne kom i"
    given = f"Pladser, der bliver ledige, tilbydes {order}."
    if fact.allotted_after:
        given = f"Pladserne gives efter tilmeldingsfristen {long_day(fact.allotted_after)}, {order}."
    approved = "Et forbehold holder ikke en plads her: I kan først få en, når det er godkendt."
    return [
        given,
        *([approved] if fact.forbehold_open and not fact.forbehold_holds else []),
        "Får I en plads, får I besked, og en ny kvittering med det, der er aftalt.",
        *(["I betaler ikke noget, før I har en plads."] if fact.fees else []),
    ]


def _receipt(fact: MunicipalityEnrolled | EnrolmentWaitlisted, billing: Billing) -> dict[str, object]:
    """What the PDF says beside the letter."""
    rows = [
        ("Enhed", billing.unit_name),
        ("CVR-nummer", billing.cvr),
        ("EAN-nummer", billing.ean),
        ("P-nummer", billing.p_number),
        ("Ordre-/rekvisitionsnummer", billing.order_reference),
        ("Personreference", billing.person_reference),
        ("Kontostreng", billing.account_string),
        ("E-mail til fakturaer", billing.email),
    ]
    return {
        **({"enrolled_at": fact.enrolled_at.isoformat()} if isinstance(fact, MunicipalityEnrolled) else {}),
        "role": fact.contact.role,
        "received_at": fact.received_at.isoformat(),
        "version": fact.programme.version,
        "forbehold_until": _day(fact.forbehold.lapses_after if fact.forbehold_open and fact.forbehold else None),
        "extras": [(seat.title, seat.extra.free_until_days) for seat in fact.seats if seat.extra is not None],
        "deadline": fact.deadline.isoformat() if fact.deadline else None,
        "by_form": fact.by_form,
        "answers": [(one.question, one.answer) for one in fact.answers],
        "declared": list(fact.declared),
        "withdrawal": fact.withdrawal.model_dump(mode="json") if fact.withdrawal else None,
        "payment_days": fact.programme.seller.payment_days if fact.fees else None,
        "fees": [
            {
                "text": fee.text,
                "invoice_on": fee.invoice_on.isoformat(),
                "net": fee.amount_ore,
                "gross": with_moms(fee.amount_ore, fee.vat_percent),
            }
            for fee in fact.fees
        ],
        "billing": [row for row in rows if row[1]],
    }


def _fee_row(fee: FeeTerm) -> tuple[str, str]:
    gross = with_moms(fee.amount_ore, fee.vat_percent)
    price = f"{kroner(fee.amount_ore)} ekskl. moms, {kroner(gross)} inkl. moms"
    return fee.text, f"{price}, faktureres {short_day(fee.invoice_on)}"


def _seat_line(seat: SeatTerm) -> str:
    if seat.attendance == "team":
        return f"{seat.title}: jeres faste hold{_size(seat)}"
    if seat.attendance == "contact":
        return f"{seat.title}: jeres kontakt"
    if seat.included is None:
        return f"{seat.title}: så mange, I ønsker"
    included = f"{seat.title}: {seat.included} {'plads' if seat.included == 1 else 'pladser'} er med i prisen"
    if seat.extra is None:
        return included
    gross = with_moms(seat.extra.price_ore, seat.extra.vat_percent)
    price = f"{kroner(seat.extra.price_ore)} ekskl. moms ({kroner(gross)} inkl. moms)"
    return f"{included}. En ekstra deltager koster {price} pr. møde"


def _size(seat: SeatTerm) -> str:
    least, most = seat.minimum, seat.included
    if most is None:
        return f" på mindst {least} personer" if least else ""
    return f" på {least} til {most} personer" if least else f" på højst {most} personer"


def _what_happens_next(fact: MunicipalityEnrolled) -> Sequence[str]:
    coming = ["I får en kalenderinvitation, så snart et møde har en dato."]
    if any(seat.attendance == "registered" for seat in fact.seats):
        coming.append("Deltagere tilmeldes særskilt til hvert møde og får selv invitationen.")
    if any(seat.attendance == "team" for seat in fact.seats):
        coming.append("I navngiver jeres faste hold én gang, og alle på holdet får selv invitationerne til dets møder.")
    if fact.fees and fact.forbehold_open and fact.fees_wait:
        coming.append("Der kommer ingen faktura for deltagelsen, før forbeholdet er godkendt.")
    elif fact.fees:
        deadline = f" og tidligst efter tilmeldingsfristen {long_day(fact.deadline)}" if fact.deadline else ""
        coming.append(f"Fakturaen kommer på den aftalte dato{deadline}.")
    return coming
