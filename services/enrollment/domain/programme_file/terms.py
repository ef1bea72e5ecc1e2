"""From a programme file to the terms that facts carry. Nothing is rounded and no sum changes on the way."""

from __future__ import annotations

from services.enrollment.domain.programme_file import format as file
from shared.contracts.programme import (
    ActivityTerm,
    AskedWhen,
    BillingTerm,
    CapacityTerm,
    Declaration,
    EnrolmentPlan,
    ExtraTerm,
    FeeTerm,
    ForbeholdTerm,
    FormField,
    GroupTerm,
    InvitedOrganisation,
    LookTerm,
    MeetingPlan,
    Milestone,
    NeedChoice,
    NeedPart,
    NeedsTerm,
    OptionTerm,
    PhaseTerm,
    PhaseTrigger,
    ProgrammeRef,
    ProgrammeTerms,
    RoleTerm,
    SeatTerm,
    Seller,
    StepTerm,
    Terms,
    TrackTerm,
    WithdrawalTerm,
)


def terms(programme: file.ProgrammeFile) -> ProgrammeTerms:
    """The whole programme as ProgrammePublished carries it.

    Meant for a programme whose check is publishable: of a meeting whose weekday and date disagree, the day that a
    person has chosen counts.
    """
    kinds = {kind.key: kind for kind in programme.meeting_kinds}
    return ProgrammeTerms(
        ref=programme_ref(programme),
        summary=programme.summary,
        starts=programme.period.starts,
        ends=programme.period.ends,
        enrolment=_enrolment(programme.enrolment),
        terms=_agreed(programme),
        groups=tuple(
            GroupTerm(id=one.id, title=one.title, regions=one.regions, expected=one.expected)
            for one in programme.groups
        ),
        meetings=tuple(
            _meeting(one, kinds.get(one.kind), programme.enrolment.contact_label) for one in programme.meetings
        ),
        milestones=tuple(Milestone(id=one.id, title=one.title, when=one.when or "") for one in programme.milestones),
        tracks=tuple(_track(one) for one in programme.tracks),
        focus_areas=programme.focus_areas,
        clusters_by=programme.clusters_by or "",
        responsible_label=programme.responsible_label or "",
        activities=tuple(_activity(one) for one in programme.activities),
        outcomes=programme.outcomes,
        needs=_needs(programme.registration.needs),
        look=LookTerm(colour=programme.look.colour.lower(), text=programme.look.text) if programme.look else None,
        archive=programme.organiser.archive,
    )


def _needs(needs: file.Needs | None) -> NeedsTerm | None:
    if needs is None:
        return None
    return NeedsTerm(
        consent=needs.consent,
        keep_days=needs.keep_days,
        diet=_need_part(needs.diet) if needs.diet else None,
        access=_need_part(needs.access) if needs.access else None,
    )


def _need_part(part: file.NeedPart) -> NeedPart:
    choices = tuple(NeedChoice(id=one.id, title=one.title) for one in part.choices)
    return NeedPart(label=part.label, choices=choices, text=part.text)


def programme_ref(programme: file.ProgrammeFile) -> ProgrammeRef:
    return ProgrammeRef(
        id=programme.id,
        version=programme.version,
        title=programme.title,
        noun=programme.noun,
        owner=programme.owners.enrolments,
        meetings_owner=programme.owners.meetings,
        language=programme.language,
        seller=_seller(programme.organiser),
        staff_email=programme.staff_email,
    )


def _seller(organiser: file.Organiser) -> Seller:
    return Seller(
        name=organiser.name,
        cvr=organiser.cvr,
        street=organiser.street,
        postcode=organiser.postcode,
        city=organiser.city,
        bank_registration=organiser.bank.registration if organiser.bank else "",
        bank_account=organiser.bank.account if organiser.bank else "",
        sender_name=organiser.sender_name,
        sender_email=organiser.sender_email,
        organizer_email=organiser.organizer_email,
        phone=organiser.phone or "",
        payment_days=organiser.payment_days,
        series=organiser.invoice_series or "",
        payment=organiser.payment,
        iban=organiser.iban or "",
        bic=organiser.bic or "",
        fik_creditor=organiser.fik_creditor or "",
        vat_exemption=organiser.vat_exemption or "",
        legal_basis=organiser.legal_basis or "",
    )


def _agreed(programme: file.ProgrammeFile) -> Terms:
    fees = programme.fees
    return Terms(
        fees=tuple(
            FeeTerm(
                id=one.id,
                text=one.text,
                amount_ore=one.amount_ore,
                vat_percent=fees.vat_percent,
                invoice_on=one.invoice_on,
            )
            for one in fees.instalments
        )
        if fees
        else (),
        seats=tuple(_seat(kind) for kind in programme.meeting_kinds),
        options=tuple(
            OptionTerm(
                id=one.id,
                title=one.title,
                text=one.text,
                price_ore=one.price_ore,
                vat_percent=one.vat_percent,
                remind_before=tuple(sorted(set(one.remind_before), reverse=True)),
            )
            for one in programme.options
        ),
        deadline=programme.enrolment.deadline,
        reservation_allowed=programme.enrolment.reservation_allowed,
        contact_label=programme.enrolment.contact_label,
        participant_levels=programme.registration.participant_levels,
        registration_closes_days=programme.registration.closes_days_before,
        swap_freeze_days=programme.registration.swap_freeze_days,
        team_remind_days=programme.registration.team_remind_days,
        reminder_days=tuple(sorted(set(programme.registration.reminder_days), reverse=True)),
    )


def _seat(kind: file.MeetingKind) -> SeatTerm:
    extra = None
    if kind.extra == "billed" and kind.extra_price_ore is not None:
        extra = ExtraTerm(
            price_ore=kind.extra_price_ore,
            vat_percent=kind.extra_vat_percent,
            text=kind.extra_text or f"Ekstra deltager, {kind.title}",
            free_until_days=kind.extra_free_until_days,
        )
    return SeatTerm(
        kind=kind.key,
        title=kind.title,
        attendance=kind.attendance,
        included=kind.included,
        minimum=kind.minimum,
        extra=extra,
        full_day=kind.full_day,
        hours=kind.hours,
    )


def _enrolment(plan: file.Enrolment) -> EnrolmentPlan:
    invitation, capacity, forbehold, billing = plan.invitation, plan.capacity, plan.forbehold, plan.billing
    return EnrolmentPlan(
        who=plan.who,
        how=plan.how,
        confirmation=plan.confirmation,
        invite_on=invitation.invite_on if invitation else None,
        remind_on=invitation.remind_on if invitation else None,
        capacity=CapacityTerm(**capacity.model_dump()) if capacity else None,
        forbehold=ForbeholdTerm(
            holds=forbehold.holds,
            until=forbehold.until,
            fees_wait=forbehold.fees_wait,
            remind_before=tuple(sorted(set(forbehold.remind_before), reverse=True)),
            remind_after=tuple(sorted(set(forbehold.remind_after))),
            remind_every=forbehold.remind_every,
        )
        if forbehold
        else None,
        billing=BillingTerm(
            remind_before=tuple(sorted(set(billing.remind_before), reverse=True)),
            remind_after=tuple(sorted(set(billing.remind_after))),
            remind_every=billing.remind_every,
        )
        if billing
        else None,
        form=tuple(_question(one) for one in plan.form),
        declarations=tuple(Declaration(id=one.id, text=one.text, required=one.required) for one in plan.declarations),
        asks_billing=plan.asks_billing,
        invited=tuple(
            InvitedOrganisation(
                id=one.id, title=one.title, seats=one.seats, seats_most=one.seats_most, ad_hoc=one.ad_hoc
            )
            for one in plan.invited
        ),
        inviter=invitation.inviter.title if invitation and invitation.inviter else "",
        withdrawal=WithdrawalTerm(owes=plan.withdrawal.owes, free_until=plan.withdrawal.free_until)
        if plan.withdrawal
        else None,
        roles=tuple(
            RoleTerm(id=one.id, label=one.label, purpose=one.purpose, required=one.wanted == "required")
            for one in plan.roles
        ),
    )


def _question(one: file.FormQuestion) -> FormField:
    """A reader of the version before knows the kinds of then, and refuses others: those since are formats of a text."""
    kind: file.QuestionKind
    match one.kind:
        case "text" | "lines" | "choice" | "choices" | "yes_no" as kind:
            text_format = ""
        case text_format:
            kind = "text"
    return FormField(
        id=one.id,
        label=one.label,
        kind=kind,
        help=one.help or "",
        required=one.required,
        max_lines=one.max_lines,
        choices=one.choices,
        format=text_format,
        max_chars=one.max_chars,
        least=one.least,
        most=one.most,
        when=AskedWhen(field=one.when.field, answers=one.when.answers) if one.when else None,
    )


def _meeting(entry: file.MeetingEntry, kind: file.MeetingKind | None, contact_label: str) -> MeetingPlan:
    dated = entry.precision in {"day", "timed"}
    return MeetingPlan(
        key=entry.key,
        title=entry.title,
        kind=entry.kind,
        group=entry.group,
        precision=entry.precision,
        month=entry.month if entry.precision == "month" else None,
        date=(entry.chosen or entry.date) if dated else None,
        last_date=entry.last_date if dated else None,
        starts=entry.starts if entry.precision == "timed" else None,
        ends=entry.ends if entry.precision == "timed" else None,
        place=entry.place or "",
        mode=entry.mode or (kind.mode if kind else "physical"),
        roles=(contact_label,) if kind and kind.attendance == "contact" else (),
        note=entry.note or "",
        after=PhaseTrigger(
            track=entry.after.track, phase=entry.after.phase, more_than_percent=entry.after.more_than_percent
        )
        if entry.after
        else None,
    )


def _track(track: file.Track) -> TrackTerm:
    return TrackTerm(
        id=track.id,
        title=track.title,
        per=track.per,
        phases=tuple(
            PhaseTerm(
                id=phase.id,
                title=phase.title,
                steps=tuple(
                    StepTerm(
                        id=step.id,
                        title=step.title,
                        planned=step.planned,
                        holds_up=step.holds_up,
                        kind=step.kind,
                        option=step.option,
                    )
                    for step in phase.steps
                ),
            )
            for phase in track.phases
        ),
    )


def _activity(activity: file.Activity) -> ActivityTerm:
    return ActivityTerm(
        id=activity.id,
        kind=activity.kind,
        title=activity.title,
        text=activity.text or "",
        meeting=activity.meeting,
        statements=activity.statements,
        questions=activity.questions,
        levels=activity.levels,
        posts=activity.posts,
        scale_from=activity.scale_from,
        scale_to=activity.scale_to,
        half_steps=activity.half_steps,
        dated=activity.dated,
        send_back=activity.send_back,
    )
