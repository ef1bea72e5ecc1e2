"""Who an invitation round is for, when it goes out, and whom it reminds."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from services.enrollment.domain.address_book import Entry
from services.enrollment.domain.enrolment import Enrolment, enrolment_id
from services.enrollment.domain.invitation import (
    INVITATION,
    REMINDER,
    Round,
    day_of_own_round,
    invite,
    own_round,
    remind,
    require_round,
)
from services.enrollment.domain.programme import Programme
from services.enrollment.domain.status import ANSWERED, State
from shared.contracts.decision import Alarm, Decision
from shared.contracts.enrollment import InvitationReminderDue, InviteMunicipalities, MunicipalityInvited
from shared.contracts.parties import Organisation
from shared.contracts.programme import EnrolmentPlan, ProgrammeTerms, Terms
from shared.contracts.refusal import Refused
from tests.support.facts import a_programme

NOW = datetime(2020, 6, 1, 8, tzinfo=UTC)
DAY = date(2020, 6, 15)
REMIND_ON = date(2020, 8, 10)
CODES = ("0101", "0167", "0751")
IDS = {code: enrolment_id("p", code) for code in CODES}
PATHS = {one: f"/tilmeld/p?invitation={one}" for one in IDS.values()}
ASKED = InviteMunicipalities(programme_id="p", round_id="foraar")


def programme(**plan: Any) -> Programme:
    enrolment = EnrolmentPlan(**{"who": "municipalities", "how": "sign_up", "invite_on": DAY, **plan})
    terms = ProgrammeTerms(ref=a_programme("p"), enrolment=enrolment, terms=Terms(deadline=date(2020, 8, 21)))
    return Programme(terms)


def entry(code: str, email: str | None = "post@k.example") -> Entry:
    return Entry(Organisation(code=code, name=f"Kommune {code}"), main_email=email)


def standing(code: str, state: State) -> dict[str, Enrolment]:
    return {IDS[code]: Enrolment(id=IDS[code], programme_id="p", organisation=entry(code).organisation, state=state)}


def invited(
    book: list[Entry], known: dict[str, Enrolment] | None = None, before: set[str] | None = None
) -> Decision[Round]:
    return invite(programme(), "foraar", book, known or {}, before or set(), PATHS, REMIND_ON, NOW)


def whom(decided: Decision[Any]) -> list[str]:
    facts = [one for one in decided.facts if isinstance(one, MunicipalityInvited | InvitationReminderDue)]
    assert [one.sign_up_path for one in facts] == [PATHS[one.enrolment_id] for one in facts]
    return [one.organisation.code for one in facts]


def test_everybody_is_invited_in_the_order_of_the_book() -> None:
    decided = invited([entry(code) for code in reversed(CODES)])
    assert whom(decided) == ["0751", "0167", "0101"]
    assert [one.state for one in decided.after.invited] == ["invited"] * 3


@pytest.mark.parametrize("state", sorted(ANSWERED))
def test_whoever_has_answered_whatever_it_was_is_not_asked_again(state: State) -> None:
    decided = invited([entry("0751"), entry("0101")], standing("0751", state))
    assert (whom(decided), decided.after.already_answered) == (["0101"], ("0751",))


def test_whom_the_book_has_no_address_of_cannot_be_written_to() -> None:
    decided = invited([entry("0751", None), entry("0101")])
    assert (whom(decided), decided.after.without_address) == (["0101"], ("0751",))


def test_nobody_gets_two_invitations_in_whatever_round() -> None:
    decided = invited([entry("0751"), entry("0101")], standing("0751", "invited"), {IDS["0751"]})
    assert (whom(decided), decided.after.already_invited) == (["0101"], ("0751",))


def test_the_silent_ones_are_reminded_unless_that_day_has_gone_by() -> None:
    at_nine = datetime(2020, 8, 10, 7, tzinfo=UTC)
    alarm = Alarm(REMINDER, "p/foraar", at_nine, {"programme_id": "p", "round_id": "foraar"})
    assert (invited([]).alarms, invited([]).after.remind_on) == ((alarm,), REMIND_ON)
    late = invite(programme(), "foraar", [entry("0751")], {}, set(), PATHS, REMIND_ON, at_nine)
    assert (late.alarms, late.after.remind_on, whom(late)) == ((), None, ["0751"])
    never = invite(programme(), "foraar", [], {}, set(), PATHS, None, NOW)
    assert (never.alarms, never.after.remind_on) == ((), None)


def test_only_those_who_are_silent_are_reminded_in_the_order_of_the_book() -> None:
    known = {**standing("0101", "invited"), **standing("0167", "declined"), **standing("0751", "invited")}
    decided = remind(programme(), "foraar", {code: entry(code) for code in reversed(CODES)}, known, PATHS)
    assert whom(decided) == ["0751", "0101"]
    assert [one.organisation.code for one in decided.after] == ["0751", "0101"]


@pytest.mark.parametrize(
    ("found", "asked", "now", "code"),
    [
        (None, {}, NOW, "unknown_programme"),
        (programme(), {"round_id": " "}, NOW, "round_missing"),
        (replace(programme(), open=False), {}, NOW, "programme_cancelled"),
        (programme(), {}, datetime(2020, 8, 21, 22, tzinfo=UTC), "deadline_passed"),
        (programme(), {"organisation_codes": ("0751", "9999")}, NOW, "unknown_organisation"),
        (programme(), {"remind_on": date(2020, 6, 1)}, NOW, "reminder_in_the_past"),
    ],
)
def test_a_round_that_cannot_be_sent_says_why(
    found: Programme | None, asked: dict[str, Any], now: datetime, code: str
) -> None:
    with pytest.raises(Refused, match=code):
        require_round(found, ASKED.model_copy(update=asked), {"0751": entry("0751")}, now)


def test_a_round_that_can_be_sent_is_sent() -> None:
    asked = ASKED.model_copy(update={"organisation_codes": ("0751",), "remind_on": date(2020, 6, 2)})
    assert require_round(programme(), asked, {"0751": entry("0751")}, NOW) == programme()


@pytest.mark.parametrize(
    ("found", "now", "due"),
    [
        (programme(), NOW, datetime(2020, 6, 15, 7, tzinfo=UTC)),
        (programme(), datetime(2020, 6, 15, 12, tzinfo=UTC), datetime(2020, 6, 15, 12, tzinfo=UTC)),
        (programme(), datetime(2020, 6, 15, 22, tzinfo=UTC), None),
        (programme(invite_on=None), NOW, None),
        (programme(how="invited"), NOW, None),
        (programme(who="invited"), NOW, None),
    ],
)
def test_the_programmes_own_round_waits_for_nine_on_its_day(
    found: Programme, now: datetime, due: datetime | None
) -> None:
    assert own_round(found.terms, now) == Alarm(INVITATION, "p", due, {"programme_id": "p"})


def test_nobody_is_invited_to_what_takes_no_sign_ups() -> None:
    assert day_of_own_round(programme(), NOW) == DAY
    assert day_of_own_round(None, NOW) is None
    assert day_of_own_round(replace(programme(), open=False), NOW) is None
    assert day_of_own_round(programme(), datetime(2020, 8, 21, 22, tzinfo=UTC)) is None
