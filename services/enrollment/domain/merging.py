"""Two groups of a programme become one, such as two regional networks with too few municipalities in one of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from services.enrollment.domain.enrolment import Enrolment, about
from services.enrollment.domain.programme import Programme, group_title, require_current_group, require_going_on
from shared.contracts.decision import Alarm, Decision
from shared.contracts.enrollment import EnrolmentRegrouped
from shared.contracts.refusal import Refused

MOVE_GROUP = "move_group"
"""The timer of a group that was merged into another, whose enrolments found no room in the transaction before; its key
is `programme/group`. It rings at once.
"""


def merge(programme: Programme, group: str, into: str, reason: str, source: str) -> Programme:
    """The programme in which all of `group` is `into`'s. Said again it changes nothing."""
    if programme.ref.owner != source:
        raise Refused("other_owner", f"{programme.ref.owner} ejer tilmeldingerne; grupperne lægges sammen dér.")
    require_going_on(programme)
    if not reason.strip():
        raise Refused("required", "Skriv, hvorfor grupperne lægges sammen.", status=422, field="reason")
    require_current_group(programme, into)
    if group in programme.merged and programme.group_now(group) == into:
        return programme
    require_current_group(programme, group)
    if group == into:
        raise Refused("same_group", "Det er den samme gruppe.", status=422, field="into")
    return replace(programme, merged={**programme.merged, group: into})


def move(enrolment: Enrolment, programme: Programme, reason: str) -> Decision[Enrolment]:
    """To the group that its own is by now; its contact hears of it, whether it has a place or waits for one."""
    after = replace(enrolment, group=programme.group_now(enrolment.group))
    if after == enrolment:
        return Decision(enrolment)
    fact = EnrolmentRegrouped(
        **about(after, programme),
        previous_group=enrolment.group,
        group=after.group,
        contact=after.known_contact,
        merged=True,
        group_title=group_title(programme, after.group),
        reason=reason,
    )
    return Decision(after, (fact,))


def moving_on(programme: Programme, group: str, reason: str, now: datetime) -> Alarm:
    """With those that found no room."""
    return Alarm(
        MOVE_GROUP,
        f"{programme.id}/{group}",
        now,
        {"programme_id": programme.id, "group": group, "reason": reason},
    )
