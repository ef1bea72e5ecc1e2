"""What this service does when a time has come."""

from __future__ import annotations

from datetime import datetime

from services.enrollment.domain.calling_off import CALL_OFF
from services.enrollment.domain.ended_forms import CALL_OFF_FORMS
from services.enrollment.domain.enrolment import ANSWER, DETAILS
from services.enrollment.domain.forbehold import LAPSE
from services.enrollment.domain.invitation import INVITATION, REMINDER
from services.enrollment.domain.keeping import ARCHIVE_AWAITED, FORGET_PAST, nightly
from services.enrollment.domain.merging import MOVE_GROUP
from services.enrollment.domain.needs import FORGET_NEEDS, FORGET_SEATED
from services.enrollment.domain.options import QUOTE_ANSWER, QUOTE_LAPSE
from services.enrollment.domain.sheet_import import IMPORT, IMPORTS_AT_ONCE
from services.enrollment.domain.sign_up import DISMISS_REST, FORGET, FORGET_VOID
from services.enrollment.domain.team import SHORT
from services.enrollment.domain.waiting_list import PLACES
from services.enrollment.usecases.ask_for_archive import ask_for_archive
from services.enrollment.usecases.call_off_enrolments import call_off_enrolments
from services.enrollment.usecases.call_off_sign_ups import call_off_sign_ups
from services.enrollment.usecases.dismiss_sign_ups import dismiss_the_rest
from services.enrollment.usecases.erase_person import FORGETTING
from services.enrollment.usecases.forget_needs import forget_needs
from services.enrollment.usecases.forget_past import forget_past
from services.enrollment.usecases.forget_sign_ups import forget_sign_ups, forget_void_sign_ups
from services.enrollment.usecases.give_waiting_places import give_waiting_places
from services.enrollment.usecases.import_in_steps import go_on_importing
from services.enrollment.usecases.invite_by_itself import invite_by_itself
from services.enrollment.usecases.lapse_quotes import lapse_quotes
from services.enrollment.usecases.lapse_reservations import lapse_reservations
from services.enrollment.usecases.move_group import move_the_rest
from services.enrollment.usecases.remind_of_answers import remind_of_details, remind_of_forbehold
from services.enrollment.usecases.remind_of_quotes import remind_of_quotes
from services.enrollment.usecases.remind_of_team import remind_of_team
from services.enrollment.usecases.remind_silent import remind_silent
from shared.contracts.decision import Alarm
from shared.runtime.erasure import FORGET_PERSON
from shared.runtime.timers import at

ROUNDS_AT_ONCE = 3
"""Each writes to as many municipalities as there are."""

TIMERS = (
    at(INVITATION, invite_by_itself, at_once=ROUNDS_AT_ONCE),
    at(REMINDER, remind_silent, at_once=ROUNDS_AT_ONCE),
    at(PLACES, give_waiting_places, at_once=ROUNDS_AT_ONCE),
    at(IMPORT, go_on_importing, at_once=IMPORTS_AT_ONCE),
    at(CALL_OFF, call_off_enrolments, at_once=1),
    at(CALL_OFF_FORMS, call_off_sign_ups, at_once=1),
    at(MOVE_GROUP, move_the_rest, at_once=1),
    at(LAPSE, lapse_reservations, at_once=ROUNDS_AT_ONCE),
    at(ANSWER, remind_of_forbehold),
    at(QUOTE_LAPSE, lapse_quotes),
    at(QUOTE_ANSWER, remind_of_quotes),
    at(DETAILS, remind_of_details),
    at(SHORT, remind_of_team),
    at(FORGET, forget_sign_ups),
    at(DISMISS_REST, dismiss_the_rest, at_once=1),
    at(FORGET_NEEDS, forget_needs, at_once=1),
    at(FORGET_SEATED, forget_needs, at_once=1),
    at(FORGET_VOID, forget_void_sign_ups),
    at(FORGET_PERSON, FORGETTING.go_on, at_once=1),
    at(FORGET_PAST, forget_past, at_once=1),
    at(ARCHIVE_AWAITED, ask_for_archive),
)


def standing(keep_people_days: int, now: datetime) -> tuple[Alarm, ...]:
    """Those that ring whatever happens."""
    return (nightly(keep_people_days, now),)
