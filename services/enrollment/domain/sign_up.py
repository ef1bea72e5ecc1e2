"""How a municipality signs up: what is in order, the form that waits for its confirmation, and the place it gets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from services.enrollment.domain import form
from services.enrollment.domain.address_book import (
    Entry,
    billing_of,
    main_mailbox,
    require_email,
    require_name,
    require_own,
)
from services.enrollment.domain.billing import cleaned, require_billing
from services.enrollment.domain.enrolment import ENDED, Enrolment, Forbehold, Late, about, enrolment_id
from services.enrollment.domain.forbehold import reminding, told_forbehold
from services.enrollment.domain.invoice_details import asking, lacking
from services.enrollment.domain.programme import (
    Programme,
    allots_after,
    deadline_passed,
    holds_place,
    require_going_on,
    require_group,
    require_open_to_municipalities,
    unknown_programme,
)
from services.enrollment.domain.roles import wrong_with
from services.enrollment.domain.speakers import domain_of, mailbox_key
from services.enrollment.domain.team import reminding as reminding_of_team
from services.enrollment.domain.team import team_terms
from services.enrollment.domain.waiting_list import Placed, give_place, may_come_in, prospect
from shared.contracts.danish import long_day
from shared.contracts.decision import Alarm, Decision
from shared.contracts.enrollment import (
    EnrolmentReceived,
    EnrolmentWaitlisted,
    EnrolMunicipality,
    Mailbox,
    MunicipalityEnrolled,
    SignUpAwaitsStaff,
    SignUpDismissed,
)
from shared.contracts.parties import Billing, Contact, Organisation
from shared.contracts.programme import Seller
from shared.contracts.refusal import Refused, Together

Ended = Literal["has_place", "has_ended", "called_off", "taken_back"]
"""Why a form comes to nothing without a word of staff: its organisation is signed up, or has said no since, its
programme is called off, or whoever has its link took it back.
"""
FORM = "form"
"""Who has put in what came by a form: the actor of whoever presses its link."""
CONFIRM_DAYS = 14
"""So long a form waits for its confirmation."""
FORGET = "forget_sign_up"
"""The timer of a form that waits for staff; its key is the form's id."""
FORGET_VOID = "forget_void_sign_ups"
"""The timer of an organisation that has its place, or has said no; its key is the enrolment's id. It rings at once."""
DISMISS_REST = "dismiss_sign_ups"
"""The timer of forms that staff have said no to together, and that found no room; its key is the last form that did."""
LOOK_AGAIN_DAYS = 7
"""So often it is looked at whether anything can still come of a form that waits for staff."""
MAILS_A_DAY = 40
"""To one mailbox, for forms from wherever: each goes to an address that a stranger may have typed."""
MAILS_FOR_ONE_CALLER = 10
"""Of these, for forms that were sent from the same place."""


@dataclass(frozen=True, slots=True)
class Application:
    """A sign-up that is in order: what is left to know is the contact's person_id.

    `received_at` is what counts against the deadline.
    """

    programme: Programme
    organisation: Organisation
    contact_name: str
    contact_email: str
    contact_role: str
    billing: Billing
    answers: Mapping[str, str]
    asked: Mapping[str, str]
    """The words of what was answered, by id."""
    group: str | None
    forbehold: Forbehold
    received_at: datetime
    late: Late | None = None

    @property
    def enrolment_id(self) -> str:
        return enrolment_id(self.programme.id, self.organisation.code)

    def contact(self, person_id: str) -> Contact:
        return Contact(person_id=person_id, name=self.contact_name, email=self.contact_email, role=self.contact_role)


@dataclass(frozen=True, slots=True)
class SignUp:
    """A form. It changes nothing but itself until it is confirmed, and its link is used once.

    `shown_at`: its contact has used the link, so that the mailbox is theirs, and staff are to say who they are.
    `applicant_id` is who the contact is among the organisation's people, or will be if nobody is known by the address
    when they get their place; `caller` marks where the form was sent from.
    `mailbox` is the key of the one that its link goes to: the contact's, or (`by_main_mailbox`) the organisation's main
    one. It was not `mailed` where that had had its mails of the day; any link that was mailed there leads to it.
    """

    id: str
    applicant_id: str
    command: EnrolMunicipality
    received_at: datetime
    caller: str = ""
    mailbox: str = ""
    by_main_mailbox: bool = False
    mailed: bool = True
    shown_at: datetime | None = None
    confirmed_at: datetime | None = None
    dismissed_at: datetime | None = None
    """When it ended without a place, by staff or (`ended_because`) by itself."""
    ended_because: Ended | None = None
    number: int = 0
    asked: Mapping[str, str] = field(default_factory=dict)
    """The words by which it asked what is answered in it, by id."""

    @property
    def enrolment_id(self) -> str:
        return enrolment_id(self.command.programme_id, self.command.organisation_code)

    @property
    def organisation_code(self) -> str:
        return self.command.organisation_code

    @property
    def email(self) -> str:
        return self.command.contact_email

    @property
    def contact(self) -> Contact:
        said = self.command
        return Contact(
            person_id=self.applicant_id, name=said.contact_name, email=said.contact_email, role=said.contact_role
        )

    @property
    def waits_for_staff(self) -> bool:
        return self.shown_at is not None and self.confirmed_at is None and self.dismissed_at is None


@dataclass(frozen=True, slots=True)
class Mails:
    """Those of the last day to one mailbox, for forms: in all, and for those sent from the same place."""

    to_mailbox: int
    for_caller: int

    @property
    def enough(self) -> bool:
        """Whether one more would be too many, be the mailbox known to us or not."""
        return self.to_mailbox >= MAILS_A_DAY or self.for_caller >= MAILS_FOR_ONE_CALLER


@dataclass(frozen=True, slots=True)
class Wish:
    """To be enrolled: `received_at` counts against the deadline. A form was found in order when it came in."""

    command: EnrolMunicipality
    received_at: datetime
    by_form: bool = False
    asked: Mapping[str, str] = field(default_factory=dict)
    """The words that a form asked by."""
    by_staff: bool = False
    """Whether the address book is for whoever asks."""
    late: Late | None = None
    """Staff let it in if it comes after the deadline."""
    demands_roles: bool = True
    """Whether those that the programme wants are to be named with it; else staff name them afterwards."""


def wish_of(sign_up: SignUp) -> Wish:
    """Of a form that is confirmed, or is to be."""
    return Wish(sign_up.command, sign_up.received_at, by_form=True, asked=sign_up.asked)


def apply(
    programme: Programme | None,
    entry: Entry | None,
    current: Enrolment | None,
    asked: EnrolMunicipality,
    received_at: datetime,
    source: str,
    late: Late | None = None,
    *,
    by_staff: bool = False,
    demands_roles: bool = True,
) -> Application:
    """A sign-up that may have a place, or Refused with all that is wrong. An earlier withdrawal is no hindrance.

    `by_staff`: whether the address book is for whoever asks. `demands_roles` as of a Wish.
    """
    programme = require_offer(programme, current, source)
    is_late = deadline_passed(programme, received_at)
    if is_late and late is None:
        deadline = programme.terms.terms.deadline
        raise Refused("deadline_passed", f"Tilmeldingsfristen var {long_day(deadline)}." if deadline else "")
    plan, said = programme.terms.enrolment, form.read(programme.terms.enrolment, asked.answers)
    all_of_it = Together()
    known = all_of_it.look(_require_organisation, entry, current)
    name = all_of_it.look(require_name, asked.contact_name, "contact_name")
    email = all_of_it.look(require_email, asked.contact_email, "contact_email")
    role = all_of_it.look(require_name, asked.contact_role, "contact_role")
    group = None if known is None else all_of_it.look(group_of, programme, known.organisation, asked.group)
    all_of_it.wrong.extend(wrong_with(plan.roles, asked.roles, demanded=demands_roles))
    all_of_it.wrong.extend(said.wrong)
    all_of_it.look(_require_forbehold, programme, asked)
    billed = all_of_it.look(require_billing, asked.billing)
    pays = None if known is None or billed is None else all_of_it.look(billing_of, known, billed, by_name=by_staff)
    all_of_it.require()
    _require_room(programme)
    if known is None or name is None or email is None or role is None or pays is None:
        raise ValueError("nothing is wrong, and something is missing")
    return Application(
        programme=programme,
        organisation=known.organisation,
        contact_name=name,
        contact_email=email,
        contact_role=role,
        billing=pays,
        answers=said.given,
        asked=form.asked(plan, said.given),
        group=group,
        forbehold=_forbehold(asked),
        received_at=received_at,
        late=late if is_late else None,
    )


def apply_by_form(
    programme: Programme | None, entry: Entry | None, current: Enrolment | None, wish: Wish, source: str
) -> Application:
    """A form that was in order when it came in, and is confirmed now: what the programme asks for may have changed.

    A later version moves no deadline for it and asks it nothing more. It displaces nobody, and does not undo what was
    became of the organisation after it: Refused `sign_up_outdated` when its enrolment has ended since.
    """
    programme = require_offer(programme, current, source)
    # A form came in before its organisation went, and goes on under the name that it was sent with.
    entry = _require_organisation(entry, current, comes_later=False)
    if ended_since(current, wish.received_at):
        raise Refused(
            "sign_up_outdated",
            f"{entry.organisation.name} har takket nej eller er ikke længere tilmeldt; det er sket, efter at "
            "formularen blev sendt. Send den igen, hvis I vil tilmeldes på ny.",
        )
    _require_room(programme)
    asked = wish.command
    there = {one.id for one in programme.terms.groups}
    answers = {key: text.strip() for key, text in asked.answers.items() if text.strip()}
    return Application(
        programme=programme,
        organisation=entry.organisation,
        contact_name=require_name(asked.contact_name, "contact_name"),
        contact_email=require_email(asked.contact_email, "contact_email"),
        contact_role=asked.contact_role,
        billing=billing_of(entry, cleaned(asked.billing)),
        answers=answers,
        asked={**form.asked(programme.terms.enrolment, answers), **wish.asked},
        group=group_of(programme, entry.organisation, asked.group if asked.group in there else None),
        forbehold=_forbehold(asked),
        received_at=wish.received_at,
    )


def ended_since(current: Enrolment | None, received_at: datetime | None) -> bool:
    """Whether it has withdrawn, declined, lapsed or not been approved since a sign-up came in that undoes none of it.

    Who signs up in the very instant in which it ended does so anew. None = nobody says when: before it ended.
    """
    ended_at = current.withdrawn_at if current is not None and current.state in ENDED else None
    return ended_at is not None and (received_at is None or received_at < ended_at)


def require_offer(programme: Programme | None, current: Enrolment | None, source: str) -> Programme:
    """An organisation that has not done so yet may come in here."""
    if programme is None:
        raise unknown_programme()
    if programme.ref.owner != source:
        raise Refused("other_owner", "Tilmeldinger til dette forløb sker i et andet system.", field="programme_id")
    require_going_on(programme)
    require_open_to_municipalities(programme)
    if current is not None and current.is_signed_up:
        raise _already(programme, current)
    return programme


def _require_organisation(entry: Entry | None, current: Enrolment | None, *, comes_later: bool = True) -> Entry:
    """One that was merged into another only where it is known in the programme already, such as by its invitation."""
    if entry is None or entry.member_of is not None:
        raise Refused(
            "unknown_organisation",
            "Vælg en kommune i adressebogen; koden har fire cifre.",
            status=422,
            field="organisation_code",
        )
    return require_own(entry, "organisation_code") if comes_later and current is None else entry


def _require_room(programme: Programme) -> None:
    """Only where nobody waits for a place."""
    if programme.is_full and programme.when_full == "refuse":
        raise Refused("programme_full", f"Alle {programme.places} pladser er taget.")


def _require_forbehold(programme: Programme, asked: EnrolMunicipality) -> None:
    if asked.forbehold and not programme.terms.terms.reservation_allowed:
        raise Refused(
            "no_reservation", "Man kan ikke tilmelde sig dette forløb med forbehold.", status=422, field="forbehold"
        )
    told_of = asked.forbehold_committee.strip() or asked.forbehold_expected_on
    if told_of and not asked.forbehold:
        raise Refused(
            "forbehold_not_taken",
            "Sæt kryds ved forbehold, eller slet udvalget og datoen.",
            status=422,
            field="forbehold",
        )


def _forbehold(asked: EnrolMunicipality) -> Forbehold:
    if not asked.forbehold:
        return Forbehold()
    return Forbehold("open", " ".join(asked.forbehold_committee.split()), asked.forbehold_expected_on)


def received(asked: EnrolMunicipality, now: datetime, *, staff: bool) -> datetime:
    """When it came in: now, or when staff say that it came otherwise. Refused to others, of the time to come, and where
    it does not say in which zone: a sheet's times are Danish, and which those of a program are nobody knows.
    """
    at = asked.received_at
    if at is None:
        return now
    if not staff:
        raise Refused("not_yours_to_say", "Hvornår tilmeldingen kom, siger staben.", status=403, field="received_at")
    if at.tzinfo is None:
        detail = "Tidspunktet mangler sin tidszone. Skriv fx 2023-06-01T10:30:00+02:00."
        raise Refused("no_time_zone", detail, status=422, field="received_at")
    if at > now:
        raise Refused("in_the_future", "Tilmeldingen kan ikke være kommet endnu.", status=422, field="received_at")
    return at


def let_in_late(asked: EnrolMunicipality, actor: str | None, *, staff: bool) -> Late | None:
    """Who lets it in after the deadline, and why; None = it has to be in time. Refused to others than staff."""
    reason = asked.late_reason.strip()
    if not asked.late and not reason:
        return None
    if not staff or actor is None:
        raise Refused("not_yours_to_say", "Hvem der kommer med efter fristen, siger staben.", status=403, field="late")
    if not asked.late:
        raise Refused("late_not_said", "Sig late: true, eller slet begrundelsen.", status=422, field="late_reason")
    if not reason:
        raise Refused("required", "Skriv, hvorfor kommunen optages efter fristen.", status=422, field="late_reason")
    return Late(reason, actor)


def enrol_in_turn(
    programmes: Mapping[str, Programme],
    book: Mapping[str, Entry],
    standing: Mapping[str, Enrolment],
    asked: Iterable[Wish],
    now: datetime,
    source: str,
) -> tuple[Mapping[str, Programme], list[Placed | Refused]]:
    """Many at once, one after the other as they came in: the programmes with the places taken, and one outcome each, in
    the order of the wishes.

    A "no" to one does not touch the others. All maps are by id or code. Whoever waits and may have a place has got it
    before (`waiting_list.promote`). Who a contact is, is said by `welcome`.
    """
    programmes, standing, wishes = dict(programmes), dict(standing), list(asked)
    outcomes: dict[int, Placed | Refused] = {}
    for at, wish in sorted(enumerate(wishes), key=lambda one: one[1].received_at):
        one = wish.command
        this = enrolment_id(one.programme_id, one.organisation_code)
        programme, entry = programmes.get(one.programme_id), book.get(one.organisation_code)
        try:
            if wish.by_form:
                application = apply_by_form(programme, entry, standing.get(this), wish, source)
            else:
                application = apply(
                    programme,
                    entry,
                    standing.get(this),
                    one,
                    wish.received_at,
                    source,
                    wish.late,
                    by_staff=wish.by_staff,
                    demands_roles=wish.demands_roles,
                )
        except Refused as refused:
            outcomes[at] = refused
        else:
            placed = enrol(application, now)
            if (before := standing.get(this)) is not None:
                # Whoever comes back is the same person, and a link that was closed stays so.
                again = replace(placed.enrolment, link_generations=before.link_generations)
                placed = replace(placed, enrolment=again)
            programmes[one.programme_id], standing[this] = placed.programme, placed.enrolment
            outcomes[at] = placed
    return programmes, [outcomes[at] for at in range(len(wishes))]


def enrol(application: Application, now: datetime) -> Placed:
    """With a place, or on the waiting list; the contact has no person_id yet."""
    number = application.programme.next_number
    programme = replace(application.programme, next_number=number + 1)
    enrolment = Enrolment(
        id=application.enrolment_id,
        programme_id=programme.id,
        organisation=application.organisation,
        state="waitlisted",
        group=application.group,
        contact=application.contact(""),
        billing=application.billing,
        answers=application.answers,
        asked=application.asked,
        forbehold=application.forbehold,
        late=application.late,
        number=number,
        linked_number=number,
        received_at=application.received_at,
    )
    if may_come_in(programme, now, forbehold=enrolment.forbehold_open):
        programme, enrolment = give_place(programme, enrolment, now)
    return Placed(enrolment, replace(programme, waits=programme.waits or enrolment.waits))


@dataclass(frozen=True, slots=True)
class Paths:
    """Of the contact's signed links."""

    participants: str
    standing: str


def welcome(
    placed: Placed,
    paths: Paths,
    now: datetime,
    *,
    notify: Mailbox | None = None,
    by_form: bool = False,
    quiet: bool = False,
) -> Decision[Enrolment]:
    """Once it is known who the contact is: the fact that carries all a place brings with it, or that there is none yet.

    `notify` is told of a new sign-up, and not again when it moves up; of a `quiet` one nobody is.
    """
    enrolment, programme = placed.enrolment, placed.programme
    if enrolment.received_at is None or enrolment.number is None:
        raise ValueError(f"enrolment {enrolment.id} is not signed up")
    common: dict[str, Any] = {
        **about(enrolment, programme),
        "contact": enrolment.known_contact,
        "received_at": enrolment.received_at,
        "forbehold_open": enrolment.forbehold_open,
        "forbehold": told_forbehold(enrolment, programme) if enrolment.forbehold_open else None,
        "standing_path": paths.standing,
        "notify": notify,
        "by_form": by_form,
        "quiet": quiet,
    }
    is_new = not placed.from_waiting_list
    alarms: tuple[Alarm, ...] = ()
    if enrolment.forbehold_open and is_new:
        alarms = (reminding(enrolment, programme, now),)
    plan, terms = programme.terms.enrolment, programme.terms.terms
    common |= {
        "billing": enrolment.billing,
        "deadline": terms.deadline,
        "answers": form.answered(plan, enrolment.answers, enrolment.asked),
        "declared": form.declared(plan, enrolment.answers, enrolment.asked),
    }
    if not enrolment.has_place or enrolment.enrolled_at is None:
        waits = EnrolmentWaitlisted(
            **common,
            fees=terms.fees,
            seats=terms.seats,
            withdrawal=plan.withdrawal,
            number=enrolment.number,
            allotted_after=allots_after(programme, now),
            forbehold_holds=holds_place(programme, now),
        )
        return Decision(enrolment, (waits,), alarms)
    if any(one.minimum for one in team_terms(enrolment)):
        alarms = (*alarms, reminding_of_team(enrolment, programme, now))
    enrolled = MunicipalityEnrolled(
        **common,
        group=enrolment.group,
        fees=enrolment.agreed.fees,
        seats=enrolment.agreed.seats,
        enrolled_at=enrolment.enrolled_at,
        participants_path=paths.participants,
        fees_wait=programme.forbehold.fees_wait,
        from_waiting_list=placed.from_waiting_list,
        beyond_usual=programme.is_beyond_usual,
        billing_missing=lacking(enrolment, programme),
        withdrawal=enrolment.leaving,
    )
    asked = asking(enrolment, programme, now)
    return Decision(enrolment, (enrolled,), alarms if asked.due is None else (*alarms, asked))


def receive(
    sign_up: SignUp, application: Application, confirm_path: str, to: Mailbox | None, mails: Mails
) -> Decision[SignUp]:
    """Modtaget: the link goes to the contact, or (`to`) to the main mailbox.

    However many are sent with one address, none is refused: false ones would keep the true one out. Past so many a day
    nothing is told, so that nothing is mailed, and the form is found by a link that the mailbox has already.
    """
    programme = application.programme
    fact = EnrolmentReceived(
        owner=programme.ref.owner,
        programme=programme.ref,
        enrolment_id=application.enrolment_id,
        organisation=application.organisation,
        contact=application.contact(sign_up.applicant_id),
        received_at=application.received_at,
        confirm_path=confirm_path,
        to=to,
        confirmation=programme.terms.enrolment.confirmation,
        prospect=prospect(programme, application.received_at, forbehold=application.forbehold.state == "open"),
    )
    after = replace(sign_up, by_main_mailbox=to is not None, mailed=not mails.enough)
    return Decision(after, (fact,) if after.mailed else ())


def look_again(sign_up: SignUp, now: datetime) -> Alarm:
    """When it is looked at whether anything can still come of a form that waits for staff."""
    return Alarm(FORGET, sign_up.id, now + timedelta(days=LOOK_AGAIN_DAYS), {})


def forgetting_void(one: str, now: datetime, after: int = 0) -> Alarm:
    """Of the forms for this enrolment that wait for staff, and whose numbers come after that."""
    return Alarm(FORGET_VOID, one, now, {"after": after})


def link_goes_to(programme: Programme, entry: Entry) -> Mailbox | None:
    """The main mailbox, where the programme wants it to confirm and there is one; None = the contact."""
    return main_mailbox(entry) if programme.terms.enrolment.confirmation == "main_mailbox" else None


def may_confirm(programme: Programme, entry: Entry, sign_up: SignUp) -> bool:
    """Whether the link is enough, or staff have to say first who the contact is."""
    match programme.terms.enrolment.confirmation:
        case "own_link":
            return True
        case "staff":
            return False
        case _:
            return sign_up.by_main_mailbox or entry.knows(sign_up.email)


@dataclass(frozen=True, slots=True)
class Hopeful:
    """Which waiting forms `let_in` has to look at: all others wait on, however many strangers' there are."""

    mailboxes: frozenset[str]
    domains: frozenset[str]
    programme_ids: frozenset[str]


def hopeful(entries: Sequence[Entry], programmes: Mapping[str, Programme]) -> Hopeful:
    """Of whoever speaks for one of these organisations, and all of programmes where everybody's own link is enough."""
    open_to_all = (one for one, programme in programmes.items() if programme.terms.enrolment.confirmation == "own_link")
    return Hopeful(
        frozenset().union(*(entry.all_mailboxes for entry in entries)),
        frozenset().union(*(entry.domains for entry in entries)),
        frozenset(open_to_all),
    )


def let_in(
    book: Mapping[str, Entry], waiting: Iterable[SignUp], programmes: Mapping[str, Programme], vouched: str | None
) -> list[SignUp]:
    """Those of the forms that wait for staff which need wait no more, in the order they came in.

    `book` says who speaks from now on, by code; `vouched` is the address that staff have just said it of, which counts
    also where they say so of everybody.
    """
    return [
        one
        for one in sorted(waiting, key=lambda one: (one.received_at, one.number))
        if (vouched is not None and mailbox_key(one.email) == mailbox_key(vouched))
        or may_confirm(programmes[one.command.programme_id], book[one.organisation_code], one)
    ]


def await_staff(
    sign_up: SignUp, programme: Programme, entry: Entry, current: Enrolment | None, now: datetime, source: str
) -> Decision[SignUp]:
    """The mailbox is the contact's; who they are is not known. Shown again it changes nothing.

    Refused where staff could not let it in either.
    """
    apply_by_form(programme, entry, current, wish_of(sign_up), source)
    if sign_up.shown_at is not None:
        return Decision(sign_up)
    fact = SignUpAwaitsStaff(
        owner=programme.ref.owner,
        programme=programme.ref,
        enrolment_id=sign_up.enrolment_id,
        organisation=entry.organisation,
        sign_up_id=sign_up.id,
        contact=sign_up.contact,
        received_at=sign_up.received_at,
    )
    return Decision(replace(sign_up, shown_at=now), (fact,), (look_again(sign_up, now),))


def dismiss(
    sign_up: SignUp | None, programme: Programme | None, entry: Entry | None, now: datetime
) -> Decision[SignUp]:
    """It is not the organisation's. Said again it changes nothing."""
    known = sign_up is not None and sign_up.shown_at is not None and sign_up.ended_because is None
    if sign_up is None or programme is None or entry is None or not known:
        raise Refused("unknown_sign_up", "Tilmeldingen venter ikke på jer.", status=404, field="sign_up_id")
    if sign_up.dismissed_at is not None:
        return Decision(sign_up)
    if sign_up.confirmed_at is not None:
        raise Refused("already_enrolled", "Tilmeldingen er bekræftet. Afmeld kommunen i stedet.", field="sign_up_id")
    fact = SignUpDismissed(
        owner=programme.ref.owner,
        programme=programme.ref,
        enrolment_id=sign_up.enrolment_id,
        organisation=entry.organisation,
        sign_up_id=sign_up.id,
    )
    return Decision(replace(sign_up, dismissed_at=now), (fact,))


@dataclass(frozen=True, slots=True)
class Alike:
    """Forms with one address, or with any of its domain."""

    email: str
    whole_domain: bool

    @property
    def key(self) -> str:
        """As the forms' own addresses are compared."""
        return domain_of(self.email) if self.whole_domain else mailbox_key(self.email)


@dataclass(frozen=True, slots=True)
class Counted:
    """So many forms wait for staff; `up_to` is the number of the last of them, 0 when there is none."""

    count: int
    up_to: int


def require_counted(there: Counted, said: int) -> None:
    """Refused 409 `other_count` when whoever decides about all has not seen how many there are."""
    if there.count != said:
        raise Refused(
            "other_count",
            f"Der venter nu {there.count} tilmeldinger. Se på dem, og sig så det tal.",
            field="count",
            count=there.count,
            up_to=there.up_to,
        )


def dismissing_rest(last: SignUp, alike: Alike, up_to: int, now: datetime) -> Alarm:
    """Of those that are alike and no later than `up_to`. No address stands in it: it is that of the `last` one done."""
    told = {"like": last.id, "whole_domain": alike.whole_domain, "up_to": up_to}
    return Alarm(DISMISS_REST, last.id, now, told)


def require_unused(sign_up: SignUp | None) -> SignUp:
    """The form that a link is about; Refused 410 `link_used` when it has done what it is for, or staff said no to it.

    `link_replaced` = its form is not there: a version before this one put a later one in its place.
    """
    if sign_up is None:
        raise Refused("link_replaced", "Linket er erstattet af et nyere. Brug den seneste mail fra os.", status=410)
    if sign_up.confirmed_at is not None or sign_up.dismissed_at is not None:
        raise Refused("link_used", "Linket er brugt. Send formularen igen, hvis I vil tilmeldes på ny.", status=410)
    return sign_up


def group_of(programme: Programme, organisation: Organisation, wanted: str | None) -> str | None:
    """The group that was asked for, else the one of the organisation's region, else none; as it was merged since."""
    groups = programme.terms.groups
    own = next((one.id for one in groups if organisation.region in one.regions), None)
    return programme.group_now(own if wanted is None else require_group(programme.terms, wanted))


def how_to_be_let_in(seller: Seller) -> str:
    """Of an organisation that is signed up. Who the contact is, is told to nobody: it is the same for whoever asks."""
    return (
        "Kommunens kontakt kan lukke jer ind: tilmelde jer til møderne, eller give jer sin rolle. Linket til det står "
        f"i kontaktens kvittering. Ved I ikke, hvem kontakten er, så skriv til {seller.organizer_email}."
    )


def _already(programme: Programme, current: Enrolment) -> Refused:
    return Refused(
        "already_enrolled",
        f"{current.organisation.name} er allerede tilmeldt {programme.ref.title}. "
        f"{how_to_be_let_in(programme.ref.seller)}",
        enrolment_id=current.id,
    )
