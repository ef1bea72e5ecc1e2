"""Pages of scheduling, all of them for staff: what they have to do about meetings, and the meetings of a programme."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from starlette.responses import Response
from starlette.routing import BaseRoute

from services.scheduling.entrypoints import acts
from services.scheduling.pages import meeting, meetings, publication, today, tracks
from services.scheduling.usecases.explain import explain
from services.scheduling.usecases.forget_people import FORGETTING
from shared.base.acts import Act
from shared.runtime.erasure_page import erasure_pages
from shared.runtime.service import Host
from shared.runtime.why_page import why_page
from shared.web.carried import ROOM
from shared.web.scopes import of_command
from shared.web.staff import staff_page
from shared.web.token_use import use_page

_PROGRAMME = "/scheduling/stab/forloeb/{programme_id}"
_MEETING = f"{_PROGRAMME}/moeder/{{meeting_id}}"
_TRACK = f"{_PROGRAMME}/spor/{{enrolment_id}}"


def pages(host: Host) -> Sequence[BaseRoute]:
    """The first path that fits counts."""
    shows = partial(staff_page, host)

    def does(path: str, shown: Callable[..., Awaitable[Response]], act: Act, room: int = 0) -> BaseRoute:
        """A page that says what will come of the act and then does it: for whoever may do it alone."""
        return shows(path, shown, act, opens=of_command(act.command, host.service.name), room=room)

    return (
        shows("/scheduling/stab/i-dag", today.today, opens=""),
        does("/scheduling/stab/udgivelse", publication.publication, acts.REHEARSE, room=ROOM),
        shows(f"{_PROGRAMME}/moeder", meetings.meetings, opens="scheduling.meetings"),
        shows(f"{_PROGRAMME}/moeder.csv", meetings.as_csv, opens="scheduling.meetings"),
        shows(f"{_PROGRAMME}/moeder.xlsx", meetings.as_xlsx, opens="scheduling.meetings"),
        does(f"{_PROGRAMME}/nyt-moede", meetings.plan, acts.PLAN),
        shows(_MEETING, meeting.meeting, opens="scheduling.meetings"),
        does(f"{_MEETING}/dato", meeting.set_date, acts.SET_DATE),
        does(f"{_MEETING}/sted", meeting.set_place, acts.SET_DATE),
        does(f"{_MEETING}/afholdt", meeting.mark_held, acts.MARK_HELD),
        does(f"{_MEETING}/aflys", meeting.cancel, acts.CANCEL),
        shows(f"{_PROGRAMME}/spor", tracks.tracks, opens="scheduling.programmes.steps"),
        shows(_TRACK, tracks.track, opens="scheduling.programmes.steps"),
        does(f"{_TRACK}/faerdigt", tracks.complete, acts.COMPLETE_STEP),
        *erasure_pages(host, FORGETTING, acts.FIND_PEOPLE, acts.FORGET),
        use_page(host),
        why_page(host, explain, "scheduling.meetings"),
    )
