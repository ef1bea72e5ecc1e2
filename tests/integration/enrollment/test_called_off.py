"""A programme is called off: once, for good, and whoever is concerned is told once, whatever comes beside it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from services.enrollment.adapters.links import confirm_path
from services.enrollment.domain.calling_off import CALL_OFF
from services.enrollment.domain.sign_up import CONFIRM_DAYS, MAILS_FOR_ONE_CALLER
from services.enrollment.usecases.cancel_participant import cancel_participant
from services.enrollment.usecases.cancel_programme import cancel_programme
from services.enrollment.usecases.change_capacity import change_capacity
from services.enrollment.usecases.change_contact import change_contact
from services.enrollment.usecases.change_group import change_group
from services.enrollment.usecases.change_role import change_role
from services.enrollment.usecases.confirm_sign_up import ConfirmSignUp, confirm_sign_up
from services.enrollment.usecases.decline_invitation import DeclineInvitation, decline_invitation
from services.enrollment.usecases.enrol_municipalities import enrol_municipalities
from services.enrollment.usecases.invite_guest import invite_guest
from services.enrollment.usecases.invite_municipalities import invite_municipalities
from services.enrollment.usecases.name_team_member import name_team_member
from services.enrollment.usecases.order_option import order_option
from services.enrollment.usecases.publish_programme import PublishProgramme, publish_programme
from services.enrollment.usecases.quote_option import quote_option
from services.enrollment.usecases.read_enrolments import read_enrolments
from services.enrollment.usecases.read_programmes import read_programme
from services.enrollment.usecases.receive_sign_up import ReceiveSignUp, receive_sign_up
from services.enrollment.usecases.register_participant import register_participant
from services.enrollment.usecases.register_walk_in import register_walk_in
from services.enrollment.usecases.remove_guest import remove_guest
from services.enrollment.usecases.resolve_reservation import resolve_reservation
from services.enrollment.usecases.save_draft import SaveDraft, save_draft
from services.enrollment.usecases.withdraw_enrolment import withdraw_enrolment
from shared.base.answers import Asked
from shared.contracts.enrollment import (
    CancelParticipant,
    CancelProgramme,
    ChangeCapacity,
    ChangeContact,
    ChangeGroup,
    ChangeRole,
    EnrolmentCalledOff,
    EnrolmentReceived,
    ExtraParticipantAdded,
    GuestInvited,
    InviteGuest,
    InviteMunicipalities,
    MunicipalityEnrolled,
    NameTeamMember,
    OptionWithdrawn,
    OrderOption,
    ParticipantRegistered,
    ProgrammeCancelled,
    QuoteOption,
    RegisterParticipant,
    RegisterWalkIn,
    RemoveGuest,
    ResolveReservation,
    RoleAppointed,
    SignUpDraftSaved,
    SignUpEnded,
    WithdrawEnrolment,
)
from shared.contracts.refusal import Refused
from shared.contracts.scheduling import MeetingCancelled, MeetingHeld
from shared.storage import tx as storage
from tests.integration.enrollment.test_options import PRICE, with_options
from tests.integration.enrollment.test_roles import BILLING, with_roles
from tests.integration.enrollment.test_team import chosen
from tests.integration.enrollment.test_waiting_list import codes_of, enrolled, id_of, line, waiting
from tests.support.enrollment_desk import AARHUS, CAUSE, KOEBENHAVN, P1, Desk, programme_text, sign_up
from tests.support.enrollment_web import Town
from tests.support.facts import MEETINGS_OWNER, PROGRAMME
from tests.support.meeting_point import meet

OFF = CancelProgramme(programme_id=P1, reason=" For få tilmeldte. ")
BO = {"name": "Bo Prøvesen", "email": "bo@kommune.example"}
POLICY = "holds: always, remind_before: [7], remind_after: [7]"


async def five(desk: Desk) -> list[str]:
    """Two with a place, the first with an open forbehold, an order and a quote; one waits, one is silent, one left."""
    await desk.publish(with_options(2, 2, more=", when_full: waiting_list", forbehold=POLICY))
    codes = await codes_of(desk, 5)
    for code in codes:
        await desk.knows(code, main_email=f"post@k{code}.example")
    invited = InviteMunicipalities(
        programme_id=P1, round_id="r1", organisation_codes=tuple(codes), remind_on=date(2020, 8, 1)
    )
    await desk.ask(invite_municipalities, invited)
    first = sign_up(codes[0], forbehold=True, forbehold_expected_on=date(2020, 9, 15))
    await enrolled(desk, first, *map(sign_up, codes[1:3]), sign_up(codes[4]))
    await desk.ask(withdraw_enrolment, WithdrawEnrolment(enrolment_id=await id_of(desk, codes[4])))
    place = await id_of(desk, codes[0])
    await desk.ask(order_option, OrderOption(enrolment_id=place, option_id="sagsgennemgang", accepted_price_ore=PRICE))
    await desk.ask(
        quote_option,
        QuoteOption(
            enrolment_id=place, option_id="analyse", price_ore=1, includes="Tre grupper.", good_until=date(2020, 9, 30)
        ),
    )
    await desk.told()
    return codes


async def call_off(desk: Desk) -> list[Any]:
    """And everybody is told; what was told."""
    assert (await desk.ask(cancel_programme, OFF))["changed"] is True
    while await desk.ring():
        pass
    return await desk.told()


async def test_everybody_who_has_not_ended_is_told_once_and_nothing_rings_any_more(desk: Desk) -> None:
    codes = await five(desk)
    told = await call_off(desk)
    (ended,) = [one for one in told if isinstance(one, ProgrammeCancelled)]
    assert (ended.reason, ended.some_held) == ("For få tilmeldte.", False)
    letters = {one.organisation.code: one for one in told if isinstance(one, EnrolmentCalledOff)}
    assert {code: one.standing for code, one in letters.items()} == {
        codes[0]: "enrolled",
        codes[1]: "enrolled",
        codes[2]: "waitlisted",
        codes[3]: "invited",
    }
    assert len([one for one in told if isinstance(one, EnrolmentCalledOff)]) == len(letters)
    assert letters[codes[3]].contact is None
    assert [one.email for one in letters[codes[3]].to] == [f"post@k{codes[3]}.example"]
    assert [letters[code].fee for code in codes[:4]] == ["withdrawn", "withdrawn", "none", "none"]
    assert letters[codes[0]].contact is not None
    assert letters[codes[0]].to == ()
    off = [(one.option_id, one.ordered, one.reason) for one in told if isinstance(one, OptionWithdrawn)]
    assert sorted(off) == [("analyse", False, "enrolment_ended"), ("sagsgennemgang", True, "enrolment_ended")]
    assert await desk.pool.fetch("SELECT timer, key FROM timers") == []

    shown = (await desk.read(read_enrolments, programme_id=P1))["enrolments"]
    assert {one["organisation"]["code"]: one["status"] for one in shown} == {
        **dict.fromkeys(codes[:4], "Aflyst"),
        codes[4]: "Afmeldt",
    }
    assert await line(desk) == []
    assert (await waiting(desk))["why_no_more"].endswith("er aflyst.")
    assert (await desk.read(read_programme, programme_id=P1))["cancelled"] is True

    # Once more, and at any later time: nobody hears anything.
    assert (await desk.ask(cancel_programme, OFF))["changed"] is False
    desk.time = datetime(2021, 6, 1, tzinfo=UTC)
    await desk.ring()
    assert await desk.told() == []


async def test_whoever_has_sent_a_form_is_told_once_and_its_link_says_so(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = town.desk
    await desk.publish()
    await desk.publish(programme_text().replace(f"id: {P1}", "id: andet", 1))
    old = await desk.form(AARHUS, contact_email="gammel@elsewhere.example")
    desk.time += timedelta(days=CONFIRM_DAYS, hours=1)
    await town.move_to(desk.time)
    waits = await desk.form(AARHUS, contact_email="frode@elsewhere.example")
    assert (await desk.press(waits))["state"] == "received"
    again = await desk.form(KOEBENHAVN, contact_email="Frode@elsewhere.example")
    unused = [await desk.form(AARHUS, contact_email=f"nr{nr}@elsewhere.example", caller=f"nr{nr}") for nr in range(4)]
    other = await desk.form(AARHUS, programme_id="andet", contact_email="frode@elsewhere.example")
    await desk.told()
    monkeypatch.setattr(storage, "AT_ONCE", 2)

    told = [one for one in await call_off(desk) if isinstance(one, SignUpEnded)]
    assert [one.sign_up_id for one in told] == [waits, again, *unused]
    assert {one.because for one in told} == {"called_off"}
    mailed = [one.contact.email for one in told if one.contact]
    assert mailed == ["frode@elsewhere.example", *(f"nr{nr}@elsewhere.example" for nr in range(4))]
    for one in (waits, again, *unused):
        answer = await town.client.get(confirm_path(desk.links, one, desk.time))
        assert answer.status_code == 200
        assert "Tilmeldingen bliver ikke til noget" in answer.text
        assert "er aflyst" in answer.text
        assert (await desk.refusal(confirm_sign_up, ConfirmSignUp(sign_up_id=one))).code == "link_used"
    # Nobody reads of a form whose link has ended, nor is another programme touched.
    rows = await desk.pool.fetch("SELECT id FROM sign_ups WHERE dismissed_at IS NULL ORDER BY number")
    assert [row["id"] for row in rows] == [old, other]


async def test_a_mailbox_that_was_sent_no_link_is_told_of_nothing(desk: Desk) -> None:
    await desk.publish()
    for number in range(MAILS_FOR_ONE_CALLER + 1):
        form = sign_up((await codes_of(desk, MAILS_FOR_ONE_CALLER + 1))[number], contact_email="x@elsewhere.example")
        await desk.ask(receive_sign_up, ReceiveSignUp(form=form, caller="192.0.2.1"))
    assert await desk.pool.fetchval("SELECT count(*) FROM sign_ups WHERE NOT mailed") == 1
    await desk.told()
    told = [one for one in await call_off(desk) if isinstance(one, SignUpEnded)]
    assert len(told) == MAILS_FOR_ONE_CALLER
    assert len([one for one in told if one.contact]) == 1


async def test_nothing_new_begins_in_it_and_its_contact_still_speaks_for_it(desk: Desk) -> None:
    codes = await five(desk)
    meeting = await desk.has_meeting(group=None)
    place, waits, silent = [await id_of(desk, code) for code in (codes[0], codes[2], codes[3])]
    await call_off(desk)
    newer = with_options(3, 3, version=2, more=", when_full: waiting_list", forbehold=POLICY)
    late = sign_up(codes[4], late=True, late_reason="Aftalt.")
    wishes: list[tuple[Callable[..., Awaitable[Any]], Any]] = [
        (publish_programme, PublishProgramme(file=newer)),
        (change_capacity, ChangeCapacity(programme_id=P1, usual=3, hard=3)),
        (invite_municipalities, InviteMunicipalities(programme_id=P1, round_id="r2")),
        (receive_sign_up, ReceiveSignUp(form=sign_up(codes[4]), caller="192.0.2.1")),
        (save_draft, SaveDraft(programme_id=P1, typed={"contact_email": "ny@kommune.example"}, caller="192.0.2.1")),
        (decline_invitation, DeclineInvitation(enrolment_id=silent)),
        (resolve_reservation, ResolveReservation(enrolment_id=place, approved=True)),
        (withdraw_enrolment, WithdrawEnrolment(enrolment_id=waits)),
        (change_group, ChangeGroup(enrolment_id=place, group="oest")),
        (register_participant, RegisterParticipant(enrolment_id=place, meeting_id=meeting.id, **BO)),
        (cancel_participant, CancelParticipant(enrolment_id=place, meeting_id=meeting.id, person_id="p")),
        (order_option, OrderOption(enrolment_id=place, option_id="sagsgennemgang", accepted_price_ore=PRICE)),
    ]
    refused = {type(wish): (await desk.refusal(usecase, wish)).code for usecase, wish in wishes}
    assert len(refused) == len(wishes)
    assert set(refused.values()) == {"programme_cancelled"}, refused
    (outcome,) = await desk.enrol(late)
    assert isinstance(outcome, Refused)
    assert outcome.code == "programme_cancelled"
    assert await desk.told() == []

    # Invoices for what was held, or delivered, may still be to come.
    somebody = ChangeContact(enrolment_id=place, name="Ny Kontakt", email="ny@kommune.example")
    assert (await desk.ask(change_contact, somebody))["changed"] is True


@pytest.mark.parametrize("told", [True, False], ids=["as told", "by the clock"])
async def test_whoever_came_to_what_was_held_is_entered_all_the_same_and_billed(desk: Desk, *, told: bool) -> None:
    place = await desk.has_enrolled()
    meeting = await desk.has_meeting(day="2021-04-15")
    ahead = await desk.has_meeting(day="2021-06-16", group=None)
    for name in ("Anna", "Bo", "Carl"):
        await desk.register(place, meeting.id, name)
    desk.time = datetime(2021, 4, 15, 21, 59, tzinfo=UTC)
    came = RegisterWalkIn(enrolment_id=place, meeting_id=meeting.id, name="Dorte", email="dorte@kommune.example")
    if told:
        await desk.hear(
            MeetingHeld(owner=MEETINGS_OWNER, programme=PROGRAMME, meeting=meeting, held_on=date(2021, 4, 15))
        )
    await desk.ask(cancel_programme, OFF)
    if not told:
        # It is under way, and may be cancelled with the programme.
        assert (await desk.refusal(register_walk_in, came)).code == "programme_cancelled"
        desk.time += timedelta(minutes=1)
    await desk.told()
    answer = await desk.ask(register_walk_in, came)
    assert (answer["extra"], answer["registered"]) == (True, 4)
    registered, added = await desk.told()
    assert isinstance(registered, ParticipantRegistered)
    assert isinstance(added, ExtraParticipantAdded)
    assert (registered.walked_in, added.terms.price_ore) == (True, 100_000)
    not_held = came.model_copy(update={"meeting_id": ahead.id})
    assert (await desk.refusal(register_walk_in, not_held)).code == "programme_cancelled"
    off = MeetingCancelled(owner=MEETINGS_OWNER, programme=PROGRAMME, meeting=ahead, reason="", with_programme=True)
    await desk.hear(off)
    desk.time = datetime(2021, 6, 18, tzinfo=UTC)
    assert (await desk.refusal(register_walk_in, not_held)).code == "programme_cancelled"
    another = {"enrolment_id": place, "meeting_id": meeting.id, **BO}
    assert (await desk.refusal(register_participant, RegisterParticipant(**another))).code == "programme_cancelled"


async def test_what_was_held_by_the_clock_counts_and_what_was_not_is_named(desk: Desk) -> None:
    await desk.has_enrolled()
    held = await desk.has_meeting(day="2021-04-15")
    ahead = await desk.has_meeting(kind="digital", day="2021-04-16")
    await desk.has_meeting(kind="heldag", day="2021-06-16", group="oest")
    desk.time = datetime(2021, 4, 15, 22, tzinfo=UTC)
    told = await call_off(desk)
    (letter,) = [one for one in told if isinstance(one, EnrolmentCalledOff)]
    assert ([one.id for one in letter.meetings], letter.fee) == ([ahead.id], "undecided")
    assert held.id not in {one.id for one in letter.meetings}
    assert [one.some_held for one in told if isinstance(one, ProgrammeCancelled)] == [True]


async def test_a_group_is_told_of_its_own_meetings_however_many_others_meet_before(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is named two of three, and the timer holds two of each group."""
    monkeypatch.setattr("services.enrollment.domain.calling_off.MOST_MEETINGS", 2)
    await desk.has_enrolled()
    for day, kind in enumerate(("heldag", "digital", "temadag"), 10):
        await desk.has_meeting(kind=kind, day=f"2021-04-{day}", group="oest")
    theirs = [
        await desk.has_meeting(day="2021-04-15"),
        await desk.has_meeting(kind="digital", day="2021-04-16", group=None),
        await desk.has_meeting(kind="temadag", day="2021-04-17"),
    ]
    await desk.ask(cancel_programme, OFF)
    held = await desk.pool.fetchval("SELECT data ->> 'meetings' FROM timers WHERE timer = $1", CALL_OFF)
    assert [json.loads(one)["group"] for one in json.loads(held)] == ["oest", "oest", "vest", None, "vest"]
    await desk.ring()
    (letter,) = [one for one in await desk.told() if isinstance(one, EnrolmentCalledOff)]
    assert [one.id for one in letter.meetings] == [one.id for one in theirs[:2]]


async def test_a_meeting_that_was_told_to_be_held_counts_before_its_day_is_over(desk: Desk) -> None:
    await desk.has_enrolled()
    meeting = await desk.has_meeting(day="2021-04-15")
    desk.time = datetime(2021, 4, 15, 14, tzinfo=UTC)
    await desk.hear(
        MeetingHeld(owner=MEETINGS_OWNER, programme=PROGRAMME, meeting=meeting, held_on=date(2021, 4, 15)),
        sequences=[2],
    )
    assert [one.some_held for one in await call_off(desk) if isinstance(one, ProgrammeCancelled)] == [True]


async def test_many_are_told_in_slices_each_once(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    await desk.publish()
    codes = await codes_of(desk, 7)
    await enrolled(desk, *map(sign_up, codes))
    await desk.told()
    monkeypatch.setattr("shared.storage.tx.AT_ONCE", 3)
    told = [one.organisation.code for one in await call_off(desk) if isinstance(one, EnrolmentCalledOff)]
    assert sorted(told) == sorted(codes)
    slices = await desk.pool.fetchval("SELECT count(DISTINCT xmin::text) FROM enrolments")
    assert slices == 3


@pytest.mark.parametrize("registered_first", [True, False])
async def test_whoever_registers_somebody_at_the_same_moment_comes_before_or_is_refused(
    desk: Desk, *, registered_first: bool
) -> None:
    enrolment = await desk.has_enrolled()
    meeting = await desk.has_meeting()

    def registering(tx: Any) -> Awaitable[Any]:
        return register_participant(tx, RegisterParticipant(enrolment_id=enrolment, meeting_id=meeting.id, **BO))

    def cancelling(tx: Any) -> Awaitable[Any]:
        return cancel_programme(tx, OFF)

    both = (registering, cancelling) if registered_first else (cancelling, registering)
    _, second = await meet(desk, *both)
    kinds = [type(one) for one in await desk.told()]
    if registered_first:
        assert kinds == [ParticipantRegistered, ProgrammeCancelled]
    else:
        assert isinstance(second, Refused)
        assert second.code == "programme_cancelled"
        assert kinds == [ProgrammeCancelled]


@pytest.mark.parametrize("enrolled_first", [True, False])
async def test_whoever_signs_up_at_the_same_moment_is_told_of_it_or_refused(
    desk: Desk, *, enrolled_first: bool
) -> None:
    await desk.publish()
    await desk.told()

    async def enrolling(tx: Any) -> Any:
        (outcome,) = await enrol_municipalities(tx, [Asked(sign_up(), CAUSE)])
        return outcome

    def cancelling(tx: Any) -> Awaitable[Any]:
        return cancel_programme(tx, OFF)

    _, second = await meet(desk, *((enrolling, cancelling) if enrolled_first else (cancelling, enrolling)))
    while await desk.ring():
        pass
    kinds = [type(one) for one in await desk.told()]
    if enrolled_first:
        assert kinds == [MunicipalityEnrolled, ProgrammeCancelled, EnrolmentCalledOff]
    else:
        assert isinstance(second, Refused)
        assert second.code == "programme_cancelled"
        assert kinds == [ProgrammeCancelled]


def a_guest(meeting_id: str, name: str = "Lærke Prøvesen") -> InviteGuest:
    return InviteGuest(programme_id=P1, meeting_id=meeting_id, name=name, email="laerke@fgu.example")


def a_draft(draft_id: str = "", revision: int = 0) -> SaveDraft:
    typed = {"contact_email": "ny@kommune.example"}
    return SaveDraft(programme_id=P1, typed=typed, draft_id=draft_id, revision=revision, caller="192.0.2.1")


Begins = Callable[[Desk], Awaitable[tuple[Callable[..., Awaitable[Any]], Any]]]


async def inviting_a_guest(desk: Desk) -> tuple[Callable[..., Awaitable[Any]], Any]:
    return invite_guest, a_guest((await desk.has_meeting()).id)


async def sending_a_form(_: Desk) -> tuple[Callable[..., Awaitable[Any]], Any]:
    return receive_sign_up, ReceiveSignUp(form=sign_up(), caller="192.0.2.1")


async def beginning_a_draft(_: Desk) -> tuple[Callable[..., Awaitable[Any]], Any]:
    return save_draft, a_draft()


async def going_on_with_a_draft(desk: Desk) -> tuple[Callable[..., Awaitable[Any]], Any]:
    await desk.ask(save_draft, a_draft())
    (fact,) = [one for one in await desk.told() if isinstance(one, SignUpDraftSaved)]
    return save_draft, a_draft(fact.draft_id, 1)


@pytest.mark.parametrize("begun_first", [True, False])
@pytest.mark.parametrize(
    ("begins", "told", "rows"),
    [
        (inviting_a_guest, [GuestInvited], "SELECT count(*) FROM guests"),
        (sending_a_form, [EnrolmentReceived], "SELECT count(*) FROM sign_ups"),
        (beginning_a_draft, [SignUpDraftSaved], "SELECT count(*) FROM drafts"),
        (going_on_with_a_draft, [], "SELECT count(*) FROM drafts WHERE revision = 2"),
    ],
)
async def test_whatever_begins_without_an_enrolment_at_the_same_moment_comes_before_or_is_refused(
    desk: Desk, begins: Begins, told: list[type], rows: str, *, begun_first: bool
) -> None:
    await desk.publish()
    usecase, wish = await begins(desk)
    await desk.told()
    done: list[str] = []

    async def beginning(tx: Any) -> Any:
        answer = await usecase(tx, wish)
        done.append("begun")
        return answer

    async def cancelling(tx: Any) -> Any:
        answer = await cancel_programme(tx, OFF)
        # Whoever began before has been waited for: all of it is there.
        done.append(f"cancelled with {await desk.pool.fetchval(rows)}")
        return answer

    _, second = await meet(desk, *((beginning, cancelling) if begun_first else (cancelling, beginning)))
    kinds = [type(one) for one in await desk.told()]
    if begun_first:
        assert done == ["begun", "cancelled with 1"]
        assert kinds == [*told, ProgrammeCancelled]
    else:
        assert isinstance(second, Refused)
        assert second.code == "programme_cancelled"
        assert done == ["cancelled with 0"]
        assert kinds == [ProgrammeCancelled]
        assert await desk.pool.fetchval(rows) == 0


async def test_a_guest_is_taken_off_a_meeting_of_what_is_called_off(desk: Desk) -> None:
    await desk.publish()
    meeting = await desk.has_meeting()
    guest = (await desk.ask(invite_guest, a_guest(meeting.id)))["person_id"]
    await desk.ask(cancel_programme, OFF)
    assert (await desk.refusal(invite_guest, a_guest(meeting.id, "Magne Prøvesen"))).code == "programme_cancelled"
    await desk.ask(remove_guest, RemoveGuest(programme_id=P1, meeting_id=meeting.id, person_id=guest))
    assert await desk.pool.fetchval("SELECT count(*) FROM guests") == 0


@pytest.mark.parametrize("off_first", [True, False])
async def test_a_role_is_given_on_while_and_after_it_is_called_off_and_its_holder_told_once(
    desk: Desk, *, off_first: bool
) -> None:
    """As the contact is: somebody has to get the invoice of what was held. Nothing else begins by it."""
    await desk.publish(with_roles(BILLING))
    await enrolled(desk, sign_up())
    place = await id_of(desk, AARHUS)
    await desk.told()

    def giving(tx: Any) -> Awaitable[Any]:
        return change_role(tx, ChangeRole(enrolment_id=place, role_id="faktura", **BO))

    def cancelling(tx: Any) -> Awaitable[Any]:
        return cancel_programme(tx, OFF)

    _, second = await meet(desk, *((cancelling, giving) if off_first else (giving, cancelling)))
    assert not isinstance(second, Refused)
    while await desk.ring():
        pass
    kinds = Counter(type(one) for one in await desk.told())
    assert kinds == {ProgrammeCancelled: 1, RoleAppointed: 1, EnrolmentCalledOff: 1}
    assert (await desk.ask(change_role, ChangeRole(enrolment_id=place, role_id="faktura", **BO)))["changed"] is False


async def test_two_who_call_it_off_at_once_do_it_once(desk: Desk) -> None:
    await desk.has_enrolled()
    first, second = await meet(desk, *[lambda tx: cancel_programme(tx, OFF)] * 2)
    assert not isinstance(second, Refused)
    assert (first.body["changed"], second.body["changed"]) == (True, False)
    assert [type(one) for one in await desk.told()] == [ProgrammeCancelled]
    assert await desk.pool.fetchval("SELECT count(*) FROM timers WHERE timer = $1", CALL_OFF) == 1


async def test_another_owners_programme_is_called_off_there_and_an_unknown_one_nowhere(desk: Desk) -> None:
    await desk.publish()
    await desk.pool.execute("UPDATE programmes SET terms = jsonb_set(terms, '{ref,owner}', '\"/crm\"')")
    assert (await desk.refusal(cancel_programme, OFF)).code == "other_owner"
    unknown = CancelProgramme(programme_id="findes-ikke")
    assert (await desk.refusal(cancel_programme, unknown)).code == "unknown_programme"


async def test_a_team_is_named_no_more(desk: Desk) -> None:
    await desk.publish(chosen())
    declared = dict.fromkeys(("politisk-opbakning", "samarbejdspartnere", "tovholder"), "true")
    await desk.enrol(sign_up(programme_id="gode-overgange", answers=declared))
    place = await id_of(desk, "0751")
    await desk.ask(cancel_programme, CancelProgramme(programme_id="gode-overgange"))
    refused = await desk.refusal(name_team_member, NameTeamMember(enrolment_id=place, **BO))
    assert refused.code == "programme_cancelled"


@pytest.mark.parametrize(
    "wrong",
    [
        "UPDATE programmes SET state = 'cancelled'",
        "UPDATE programmes SET cancelled_at = now()",
        "UPDATE programmes SET state = 'cancelled', cancelled_at = now()",
    ],
)
async def test_half_an_end_cannot_be_stored(desk: Desk, wrong: str) -> None:
    await desk.publish()
    with pytest.raises(asyncpg.CheckViolationError):
        await desk.pool.execute(wrong)


async def test_the_pages_say_it_and_offer_nothing(town: Town) -> None:
    desk = town.desk
    await desk.publish()
    await desk.knows()
    form = await desk.form()
    await desk.press(form)
    (place,) = [one for one in await desk.told() if isinstance(one, MunicipalityEnrolled)]
    meeting = await desk.has_meeting()
    answer = await town.api("POST", f"/programmes/{P1}/cancellation", {"reason": "For få tilmeldte."})
    assert answer.status_code == 200, answer.text

    assert place.participants_path is not None
    assert place.standing_path is not None
    for path, said, gone in (
        (f"/tilmeld/{P1}", "Der kan ikke tilmeldes flere", "<form"),
        (place.standing_path, "For få tilmeldte.", "/afmeld"),
        (place.participants_path, "er aflyst", "afmeld-kommunen"),
        (f"{place.participants_path}/{meeting.id}", "er aflyst", "Tilmeld deltageren"),
    ):
        page = await town.client.get(path)
        assert page.status_code == 200, path
        assert said in page.text, path
        assert gone not in page.text, path
    assert P1 not in (await town.client.get("/")).text
    again = await town.client.post(f"{place.participants_path}/afmeld-kommunen", data={"_key": "k" * 32})
    assert again.status_code == 409
    assert "er aflyst" in again.text
    desk.time += timedelta(minutes=1)
