"""What can be asked of scheduling over HTTP."""

from __future__ import annotations

from services.scheduling.entrypoints import acts
from services.scheduling.usecases.forget_people import FORGETTING
from services.scheduling.usecases.read_audit import read_audit
from services.scheduling.usecases.read_meetings import read_changes, read_meeting, read_meetings
from services.scheduling.usecases.read_steps import read_steps
from shared.web.routes import listing, read, write

_PROGRAMME = "/api/scheduling/programmes/{programme_id}"
_MEETINGS = "/api/scheduling/meetings"
_MEETING = f"{_MEETINGS}/{{meeting_id}}"

ROUTES = (
    listing(_MEETINGS, read_meetings, filters=("programme_id", "group", "state")),
    read(_MEETING, read_meeting),
    listing(f"{_PROGRAMME}/meeting-changes", read_changes),
    listing(f"{_PROGRAMME}/steps", read_steps, filters=("enrolment_id", "track")),
    listing(f"{_PROGRAMME}/audit", read_audit),
    write("POST", _MEETINGS, acts.PLAN),
    write("POST", f"{_MEETING}/date", acts.SET_DATE),
    write("POST", f"{_MEETING}/cancel", acts.CANCEL),
    write("POST", f"{_MEETING}/held", acts.MARK_HELD),
    write("POST", f"{_PROGRAMME}/rehearsal", acts.REHEARSE),
    write("POST", f"{_PROGRAMME}/steps", acts.COMPLETE_STEP),
    write("POST", "/api/scheduling/people/forget", acts.FORGET),
    write("POST", "/api/scheduling/people/search", acts.FIND_PEOPLE),
    listing("/api/scheduling/people/erased", FORGETTING.read_erased),
    write("POST", "/api/scheduling/people/erased", acts.KEEP_ERASED),
    read("/api/scheduling/people/{person_id}", FORGETTING.read),
)
