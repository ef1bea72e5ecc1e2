"""All meetings of a programme, dated and not, in the order in which they are planned; and one more is planned."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from services.scheduling.domain.advice import MODE_TITLES, lacks, when_text
from services.scheduling.domain.meeting import STATE_TITLES, Standing
from services.scheduling.domain.outline import Outline
from services.scheduling.pages.programme import ELSEWHERE, address, counted, show
from services.scheduling.usecases.read_meetings import read_meetings
from services.scheduling.usecases.read_plan import Plan, read_outline, read_plan
from shared.base.acts import Act
from shared.contracts.event import Command
from shared.contracts.scheduling import PlanMeeting
from shared.contracts.time import day_of
from shared.runtime.service import Host
from shared.web.exports import Format, whole_table
from shared.web.forms import Form
from shared.web.programme_page import cursor_of, following, reader, unheard
from shared.web.staff import badge_in
from shared.web.staff_action import Ask, Doing, carry_out


async def meetings(host: Host, request: Request) -> Response:
    programme_id, group = request.path_params["programme_id"], request.query_params.get("gruppe", "")
    query = {**({"group": group} if group else {}), **cursor_of(request)}
    async with host.transaction(reader(request)) as tx:
        found = await read_plan(tx, programme_id, query)
    if found is None:
        return unheard(host, request)
    return show(
        host,
        request,
        "scheduling/meetings.html",
        found.outline,
        counts=counted(found.counts) if found.counts else (),
        rows=[_row(found, one) for one in found.meetings],
        following=following(request, found.following),
        groups=_groups(request, found.outline, group),
        group=found.outline.groups.get(group),
        more=_more(request, found.outline),
        elsewhere="" if found.outline.ours else ELSEWHERE,
    )


def _row(found: Plan, one: Standing) -> dict[str, Any]:
    meeting = one.meeting
    return {
        "id": meeting.id,
        "title": meeting.title,
        "when": when_text(meeting, one.plan),
        "kind": found.outline.kind(meeting.kind),
        "group": found.outline.group(meeting.group),
        "roles": "kun kontakter" if meeting.roles else "",
        "where": meeting.place or "",
        "link": meeting.link or "",
        "mode": MODE_TITLES[meeting.mode] if meeting.mode != "physical" else "",
        "state": STATE_TITLES[one.state],
        "over": one.over,
        "lacks": lacks(one, day_of(found.now)),
    }


def _groups(request: Request, outline: Outline, group: str) -> list[tuple[str, str, bool]]:
    """Each with the address that shows its meetings, and whether it is shown; none where there is nothing to choose."""
    if not outline.groups:
        return []
    own = [
        (title, f"{request.url.path}?{urlencode({'gruppe': id_})}", id_ == group)
        for id_, title in outline.groups.items()
    ]
    return [("Alle", request.url.path, group not in outline.groups), *own]


def _more(request: Request, outline: Outline) -> list[tuple[str, str]]:
    badge, programme_id = badge_in(request), outline.ref.id
    plans = outline.ours and not outline.cancelled and badge.may("scheduling.PlanMeeting", programme_id)
    return [("Planlæg et møde til", address(request, "/nyt-moede"))] if plans else []


async def plan(host: Host, act: Act, request: Request) -> Response:
    programme_id = request.path_params["programme_id"]
    async with host.transaction(reader(request)) as tx:
        outline = await read_outline(tx, programme_id)
    if outline is None:
        return unheard(host, request)

    def command(form: Form) -> Command | None:
        for name, said in (("title", "Skriv, hvad mødet hedder."), ("kind", "Vælg, hvad det er for et møde.")):
            if not form.value(name):
                form.add_error(name, "required", said)
        if form.errors:
            return None
        # As often as the button is pressed it is the same meeting.
        return form.command(PlanMeeting, programme_id=programme_id, key=f"stab-{form.key[:16]}")

    kinds = list(outline.kinds.items())
    doing = Doing(
        title="Planlæg et møde til",
        about=outline.ref.title,
        button="Planlæg mødet",
        back=address(request),
        crumb="Møder",
        done="planlagt",
        text=("Mødet får ingen dato med det samme, og ingen bliver inviteret, før det har en.",),
        asks=(
            Ask("title", "Mødets titel", maxlength=200),
            Ask("kind", "Slags", type="radio", choices=kinds) if kinds else Ask("kind", "Slags", maxlength=200),
            *(
                (
                    Ask(
                        "group",
                        "Gruppe",
                        type="select",
                        required=False,
                        choices=list(outline.groups.items()),
                        hint="Vælges ingen, er mødet for alle.",
                    ),
                )
                if outline.groups
                else ()
            ),
            Ask("mode", "Hvordan", type="radio", choices=list(MODE_TITLES.items())),
        ),
        start={"mode": "physical"},
        onward=lambda body: address(request, f"/moeder/{body['id']}"),
        why_not=ELSEWHERE if not outline.ours else "Forløbet er aflyst." if outline.cancelled else "",
    )
    return await carry_out(host, request, act, doing, command, partial(show, host, request, outline=outline))


async def as_csv(host: Host, request: Request) -> Response:
    return await _table(host, request, "csv")


async def as_xlsx(host: Host, request: Request) -> Response:
    return await _table(host, request, "xlsx")


async def _table(host: Host, request: Request, kind: Format) -> Response:
    """The same table as the API's list of meetings, of this programme."""
    programme_id = request.path_params["programme_id"]

    async def read(asked: Mapping[str, str]) -> Any:
        async with host.transaction(reader(request)) as tx:
            return await read_meetings(tx, asked)

    async with host.transaction(reader(request)) as tx:
        if await read_outline(tx, programme_id) is None:
            return unheard(host, request)
    return await whole_table(read, {"programme_id": programme_id}, kind, f"moeder-{programme_id}")
