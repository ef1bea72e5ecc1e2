"""What is owed, in whatever order it becomes known."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.invoicing.domain.claim import (
    ASKED_OF_FEE,
    ASKED_OF_INVOICED,
    NOT_ENDED,
    Appointed,
    Billed,
    Claim,
    MeetingEnd,
    address_to,
    asked_about,
    bill_as_told,
    correct,
    end_with_programme,
    extra_claim,
    fee_claims,
    fee_due,
    follow_meeting,
    hold,
    invoice_run,
    invoiced,
    invoiced_after,
    owe,
    release,
    resolve,
    said_again,
    settle,
    state_named,
    waive,
    withdraw,
)
from shared.contracts.decision import Alarm, Decision
from shared.contracts.invoicing import ClaimHeldBack
from shared.contracts.programme import ExtraTerm, FeeTerm
from shared.contracts.refusal import Refused
from tests.support.facts import (
    BILLING,
    CONTACT,
    PROGRAMME,
    SELLER,
    a_person,
    a_programme,
    an_enrolment,
    an_extra_participant,
)

OWNER = "/tovholder/invoicing"
TOLD = datetime(2020, 6, 15, 9, 30, tzinfo=UTC)
HELD = MeetingEnd(held_on=date(2021, 4, 15))
CANCELLED = MeetingEnd(cancelled=True)


def a_fee(**changes: Any) -> FeeTerm:
    values: dict[str, Any] = {
        "id": "rate-1",
        "text": "Deltagergebyr, rate 1 af 2",
        "amount_ore": 8_500_000,
        "vat_percent": 25,
        "invoice_on": date(2020, 9, 1),
    }
    return FeeTerm(**(values | changes))


def an_extra(end: MeetingEnd = NOT_ENDED, **changes: Any) -> Claim:
    return extra_claim(an_extra_participant(**changes), TOLD, end)


def test_a_fee_is_due_at_eight_in_the_morning_danish_time_of_its_day() -> None:
    assert fee_due(date(2020, 9, 1), None) == datetime(2020, 9, 1, 6, tzinfo=UTC)
    assert fee_due(date(2020, 12, 1), None) == datetime(2020, 12, 1, 7, tzinfo=UTC)


@pytest.mark.parametrize("deadline", [date(2020, 9, 1), date(2020, 9, 10)])
def test_a_fee_is_never_due_before_the_deadline_has_passed(deadline: date) -> None:
    assert fee_due(date(2020, 9, 1), deadline) == invoiced_after(deadline)


@pytest.mark.parametrize("day", [date.min, date.max])
def test_no_day_of_the_calendar_is_too_far_away(day: date) -> None:
    (claim,) = fee_claims(an_enrolment(fees=(a_fee(invoice_on=day),), deadline=day), TOLD)
    assert claim.state == "ready"
    assert settle(an_extra(), MeetingEnd(held_on=day)).state == "ready"


def test_each_instalment_is_a_claim_of_its_own() -> None:
    enrolled = an_enrolment(fees=(a_fee(), a_fee(id="rate-2", invoice_on=date(2021, 9, 1))))
    first, second = fee_claims(enrolled, TOLD)
    assert first.id != second.id
    assert (first.state, second.state) == ("ready", "ready")
    assert [claim.due_at for claim in (first, second)] == [
        datetime(2020, 9, 1, 6, tzinfo=UTC),
        datetime(2021, 9, 1, 6, tzinfo=UTC),
    ]


def test_an_open_forbehold_holds_the_fee_until_it_is_resolved() -> None:
    (held,) = fee_claims(an_enrolment(forbehold_open=True), TOLD)
    assert (held.state, held.due_at) == ("waiting", None)
    assert resolve(held, approved=True).after == fee_claims(an_enrolment(), TOLD)[0]
    assert resolve(held, approved=False).after.state == "withdrawn"


def test_an_extra_participant_is_billed_the_morning_after_the_meeting_was_held_and_not_before() -> None:
    assert an_extra().state == "waiting"
    assert settle(an_extra(), HELD) == an_extra(HELD)
    assert an_extra(HELD).due_at == datetime(2021, 4, 16, 6, tzinfo=UTC)


def test_an_extra_participant_of_a_cancelled_meeting_is_not_billed_whichever_is_heard_first() -> None:
    assert settle(an_extra(), CANCELLED) == an_extra(CANCELLED)
    assert an_extra(CANCELLED).state == "withdrawn"


def test_removed_and_added_again_is_billed_once_on_the_newest_terms() -> None:
    removed = withdraw(an_extra(), "Deltageren er meldt fra.").after
    assert removed.state == "withdrawn"
    dearer = an_extra(terms=ExtraTerm(price_ore=120_000, vat_percent=25, text="Ekstra deltager"))
    back = said_again(removed, dearer, HELD)
    assert (back.id, back.state, back.amount_ore) == (removed.id, "ready", 120_000)


def test_a_claim_that_stands_keeps_the_terms_it_was_made_on_when_it_is_told_again() -> None:
    dearer = an_extra(terms=ExtraTerm(price_ore=120_000, vat_percent=25, text="Ekstra deltager"))
    assert said_again(an_extra(), dearer) == an_extra()


def test_removed_after_it_was_invoiced_is_for_the_staff_to_see_and_added_again_is_not_billed_twice() -> None:
    billed = invoiced(an_extra(HELD), "N-1")
    removed = withdraw(billed, "Deltageren er meldt fra.").after
    assert (removed.state, removed.invoice_id) == ("invoiced_then_removed", "N-1")
    again = said_again(removed, an_extra(HELD), HELD)
    assert (again.state, again.invoice_id, again.due_at) == ("invoiced", "N-1", None)


def test_a_claim_that_is_waived_stays_so_whatever_is_said_later() -> None:
    waived = waive(an_extra(), "Aftalt med kommunen.").after
    assert settle(waived, HELD).state == "waived"
    assert said_again(withdraw(waived, "").after, an_extra(HELD), HELD).state == "waived"
    assert waive(waived, "Igen.") == Decision(waived)


@pytest.mark.parametrize(
    ("claim", "because", "code"),
    [
        (invoiced(an_extra(HELD), "N-1"), "Fejl.", "already_invoiced"),
        (withdraw(an_extra(), "").after, "Fejl.", "claim_withdrawn"),
        (an_extra(), "  ", "required"),
    ],
)
def test_waiving_is_refused_when_it_is_too_late_or_has_no_reason(claim: Claim, because: str, code: str) -> None:
    with pytest.raises(Refused) as refused:
        waive(claim, because)
    assert refused.value.code == code


def test_only_a_claim_that_is_ready_can_be_invoiced() -> None:
    with pytest.raises(ValueError, match="waiting"):
        invoiced(an_extra(), "N-1")


def test_without_a_series_nothing_falls_due_and_the_claim_says_why() -> None:
    nameless = a_programme(seller=SELLER.model_copy(update={"series": ""}))
    (claim,) = fee_claims(an_enrolment(programme=nameless), TOLD)
    assert (claim.state, claim.reason) == ("waiting", "Sælgeren har ingen fakturaserie.")


def test_claims_of_a_series_that_fall_due_together_share_one_alarm() -> None:
    (fee,) = fee_claims(an_enrolment(), TOLD)
    (other,) = fee_claims(an_enrolment(enrolment_id="another"), TOLD)
    alarms = owe(fee, None, PROGRAMME, OWNER).alarms
    assert alarms == owe(other, None, PROGRAMME, OWNER).alarms
    key, data = "N/62532416/2020-09-01T06:00Z", {"series": "N", "organiser": "62532416"}
    assert alarms == (Alarm("invoice_run", key, datetime(2020, 9, 1, 6, tzinfo=UTC), data),)


def test_the_alarm_is_set_when_a_claim_falls_due_and_not_again_while_it_stands() -> None:
    assert owe(an_extra(), None, PROGRAMME, OWNER).alarms == ()
    held = follow_meeting(an_extra(), HELD)
    assert held.alarms == (invoice_run("N", SELLER.cvr, datetime(2021, 4, 16, 6, tzinfo=UTC)),)
    assert owe(an_extra(HELD), held.after, PROGRAMME, OWNER) == follow_meeting(held.after, HELD) == Decision(held.after)
    other = BILLING.model_copy(update={"order_reference": "UNGE-2021"})
    assert correct(held.after, other, PROGRAMME, OWNER, HELD).alarms == ()
    assert hold(held.after, "Vent.").alarms == ()


def test_staff_hear_of_what_cannot_be_invoiced_while_it_is_owed_and_is_not_invoiced() -> None:
    wrong = BILLING.model_copy(update={"ean": "5798009800010"})
    claim = an_extra(billing=wrong)
    decided = owe(claim, None, PROGRAMME, OWNER)
    (fact,) = decided.facts
    assert isinstance(fact, ClaimHeldBack)
    assert (fact.claim_id, fact.finding, fact.owner) == (claim.id, claim.finding, OWNER)
    assert owe(claim, claim, PROGRAMME, OWNER).facts == ()
    assert correct(claim, wrong, PROGRAMME, OWNER).facts == ()
    still = correct(claim, wrong.model_copy(update={"ean": "5798009800011"}), PROGRAMME, OWNER)
    assert [type(fact) for fact in still.facts] == [ClaimHeldBack]
    right = correct(claim, BILLING, PROGRAMME, OWNER, HELD)
    assert (right.facts, len(right.alarms)) == ((), 1)
    gone = withdraw(claim, "Deltageren er meldt fra.")
    assert (gone.facts, correct(gone.after, BILLING.model_copy(update={"ean": "1"}), PROGRAMME, OWNER).facts) == (
        (),
        (),
    )
    billed = invoiced(an_extra(HELD), "N-1")
    assert correct(billed, wrong, PROGRAMME, OWNER, HELD) == Decision(billed)


def test_an_invoice_goes_to_the_contact_that_was_appointed_last() -> None:
    newer = CONTACT.model_copy(update={"name": "Dorte Prøvesen"})
    claim = an_extra(HELD)
    assert address_to(claim, Appointed(newer, TOLD), PROGRAMME, OWNER, HELD) == Decision(claim)
    later = TOLD + timedelta(days=1)
    assert address_to(claim, Appointed(newer, later), PROGRAMME, OWNER, HELD).after.contact == newer
    billed = invoiced(claim, "N-1")
    assert address_to(billed, Appointed(newer, later), PROGRAMME, OWNER, HELD) == Decision(billed)


def test_staff_hear_that_a_new_contact_holds_an_invoice_back_and_not_again_of_what_was_wrong_before() -> None:
    demanding = BILLING.model_copy(update={"demands": ("contact",)})
    nameless = Appointed(CONTACT.model_copy(update={"name": " "}), TOLD + timedelta(days=1))
    decided = address_to(an_extra(HELD, billing=demanding), nameless, PROGRAMME, OWNER, HELD)
    assert ([type(fact) for fact in decided.facts], decided.after.state) == ([ClaimHeldBack], "waiting")
    wrong = an_extra(HELD, billing=demanding.model_copy(update={"ean": "1"}))
    again = address_to(wrong, nameless, PROGRAMME, OWNER, HELD)
    assert (again.facts, again.after == wrong) == ((), False)


def test_a_claim_is_billed_as_was_told_since_unless_it_is_invoiced_or_somebody_else_pays() -> None:
    job = BILLING.model_copy(update={"unit": "job", "unit_name": "Jobcentret"})
    later, earlier = Billed(job, TOLD + timedelta(days=1)), Billed(job, TOLD - timedelta(days=1))
    claim = an_extra(HELD)
    assert bill_as_told(claim, later, PROGRAMME, OWNER, HELD).after.billing == job
    assert bill_as_told(claim, Billed(job, TOLD), PROGRAMME, OWNER, HELD).after.billing == job
    assert bill_as_told(claim, earlier, PROGRAMME, OWNER, HELD) == Decision(claim)
    for kept in (invoiced(claim, "N-1"), claim._replace(own_billing=True)):
        assert bill_as_told(kept, later, PROGRAMME, OWNER, HELD) == Decision(kept)


def test_an_extra_participant_that_is_heard_of_late_is_billed_as_was_told_meanwhile() -> None:
    job = BILLING.model_copy(update={"unit": "job"})
    later, earlier = Billed(job, TOLD + timedelta(days=1)), Billed(job, TOLD - timedelta(days=1))
    assert extra_claim(an_extra_participant(), TOLD, HELD, later).billing == job
    assert extra_claim(an_extra_participant(), TOLD, HELD, earlier).billing == BILLING
    assert extra_claim(an_extra_participant(own_billing=True), TOLD, HELD, later).billing == BILLING


def test_only_the_fees_of_a_cancelled_programme_fall_away() -> None:
    (fee,) = fee_claims(an_enrolment(), TOLD)
    assert end_with_programme(fee, {PROGRAMME.id: None}).after.state == "withdrawn"
    for claim, cancelled in ((fee, {"another": None}), (an_extra(HELD), {PROGRAMME.id: True})):
        assert end_with_programme(claim, cancelled) == Decision(claim)


def test_the_fee_of_a_programme_of_which_something_was_held_waits_for_a_person() -> None:
    (fee,) = fee_claims(an_enrolment(), TOLD)
    asked = end_with_programme(fee, {PROGRAMME.id: True}).after
    assert (asked.state, asked.due_at, asked.reason) == ("waiting", None, ASKED_OF_FEE)
    assert [type(one) for one in asked_about(fee, asked, PROGRAMME, "/tovholder/invoicing")] == [ClaimHeldBack]
    assert asked_about(asked, asked, PROGRAMME, "/tovholder/invoicing") == ()
    assert resolve(asked, approved=True).after.state == "waiting", "an answer to a forbehold decides nothing here"

    billed = release(asked).after
    assert (billed.state, billed.due_at) == (fee.state, fee.due_at)
    assert end_with_programme(billed, {PROGRAMME.id: True}) == Decision(billed)
    assert release(billed) == Decision(billed)
    with pytest.raises(Refused, match="nothing_to_decide"):
        release(fee)
    with pytest.raises(Refused, match="claim_waived"):
        release(waive(asked, "Aftalt.").after)


def test_an_invoiced_fee_of_such_a_programme_is_listed_and_can_stand() -> None:
    (fee,) = fee_claims(an_enrolment(), TOLD)
    asked = end_with_programme(invoiced(fee, "N-1"), {PROGRAMME.id: True}).after
    assert (asked.state, asked.reason) == ("invoiced_then_removed", ASKED_OF_INVOICED)
    assert release(asked).after.state == "invoiced"


def test_a_state_that_no_claim_can_be_in_is_refused() -> None:
    assert state_named("ready") == "ready"
    with pytest.raises(Refused, match="unknown_state"):
        state_named("bogus")


# Any interleaving of streams whose own order is kept must lead to the same claims.

PEOPLE = {name: a_person(name, f"{name.lower()}@kobenhavn.example") for name in ("Asta", "Bo", "Carl")}
Step = tuple[str, str]


def _ended(claim: Claim, end: MeetingEnd) -> Claim:
    return follow_meeting(claim, end).after


def play(steps: list[Step]) -> dict[str, Claim]:
    """What the use cases do with these facts, on one table of claims."""
    claims: dict[str, Claim] = {}
    end = NOT_ENDED

    def keep(fresh: Claim, its_end: MeetingEnd) -> None:
        claims[fresh.id] = owe(fresh, claims.get(fresh.id), PROGRAMME, OWNER, its_end).after

    def change(kind: str, how: Callable[[Claim], Claim]) -> None:
        claims.update({claim.id: how(claim) for claim in claims.values() if claim.kind == kind})

    for what, whom in steps:
        match what:
            case "enrolled" | "enrolled with forbehold":
                keep(fee_claims(an_enrolment(forbehold_open=what != "enrolled"), TOLD)[0], NOT_ENDED)
            case "approved":
                change("fee", lambda claim: resolve(claim, approved=True).after)
            case "withdrawn":
                change("fee", lambda claim: withdraw(claim, "Kommunen er afmeldt.").after)
            case "added":
                keep(extra_claim(an_extra_participant(person=PEOPLE[whom]), TOLD, end), end)
            case "removed":
                person = extra_claim(an_extra_participant(person=PEOPLE[whom]), TOLD, end).id
                if person in claims:
                    claims[person] = withdraw(claims[person], "Deltageren er meldt fra.").after
            case _:
                end = HELD if what == "held" else CANCELLED
                change("extra", partial(_ended, end=end))
    return claims


@st.composite
def streams(draw: st.DrawFn) -> list[list[Step]]:
    """One list per key: the enrolment, the roster and the meeting, each in the order in which its owner tells it."""
    enrolled = draw(st.sampled_from(["enrolled", "enrolled with forbehold"]))
    enrolment = [enrolled, *draw(st.lists(st.sampled_from(["approved", "withdrawn", enrolled]), max_size=4))]
    roster = draw(st.lists(st.tuples(st.sampled_from(["added", "removed"]), st.sampled_from([*PEOPLE])), max_size=10))
    meeting = draw(st.lists(st.sampled_from(["held", "cancelled"]), max_size=2))
    return [[(step, "") for step in enrolment], roster, [(step, "") for step in meeting]]


@st.composite
def interleaving(draw: st.DrawFn, parts: list[list[Step]]) -> list[Step]:
    queues = [list(part) for part in parts if part]
    woven: list[Step] = []
    while queues:
        queue = draw(st.sampled_from(queues))
        woven.append(queue.pop(0))
        queues = [other for other in queues if other]
    return woven


@given(data=st.data(), parts=streams())
def test_every_interleaving_leads_to_the_same_claims_and_the_same_sums(
    data: st.DataObject, parts: list[list[Step]]
) -> None:
    one_after_the_other = play([step for part in parts for step in part])
    woven = play(data.draw(interleaving(parts)))
    assert woven == one_after_the_other
    assert sum(claim.amount_ore for claim in woven.values() if claim.state == "ready") == sum(
        claim.amount_ore for claim in one_after_the_other.values() if claim.state == "ready"
    )


@given(parts=streams())
def test_telling_the_last_fact_of_each_key_twice_changes_nothing(parts: list[list[Step]]) -> None:
    once = [step for part in parts for step in part]
    twice = [step for part in parts for step in [*part, *part[-1:]]]
    assert play(once) == play(twice)


@given(parts=streams())
def test_a_claim_is_due_when_it_is_ready_and_only_then(parts: list[list[Step]]) -> None:
    for claim in play([step for part in parts for step in part]).values():
        assert (claim.due_at is not None) == (claim.state == "ready")


def test_what_somebody_else_pays_for_is_not_corrected_with_the_rest_unless_it_cannot_be_invoiced() -> None:
    job = BILLING.model_copy(update={"ean": "5798009800022"})
    own = an_extra(HELD)._replace(own_billing=True)
    assert correct(own, job, PROGRAMME, OWNER, HELD) == Decision(own)
    stuck = correct(own._replace(finding="mangler"), job, PROGRAMME, OWNER, HELD).after
    assert (stuck.billing, stuck.finding) == (job, "")
