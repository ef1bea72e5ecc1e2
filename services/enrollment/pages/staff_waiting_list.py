"""The waiting list as staff see it: who would get a place if there were so many, and then so many there are."""

from __future__ import annotations

from datetime import datetime

from starlette.requests import Request
from starlette.responses import Response

from services.enrollment.domain.confirmation_text import sent_at
from services.enrollment.domain.publication import capacity_fields
from services.enrollment.pages.staff_action import Ask, Doing, carry_out
from services.enrollment.pages.staff_deeds import in_words
from services.enrollment.pages.staff_programme import address, cursor_of, following, head_of, reader, show
from services.enrollment.usecases.read_last_change import Wrote, read_last_change
from services.enrollment.usecases.read_waiting_list import read_waiting_list
from shared.base.acts import Act
from shared.contracts.enrollment import ChangeCapacity
from shared.contracts.event import Command
from shared.runtime.service import Host
from shared.web.forms import Form
from shared.web.meanwhile import Stands, seen_in

ON_A_PAGE = "100"
PLACES = "pladser"
MOST_DIGITS = 6


async def waiting_list(host: Host, request: Request) -> Response:
    """A GET: to suppose so many places changes nothing."""
    typed = request.query_params.get(PLACES, "").strip()
    supposed = int(typed) if typed.isascii() and typed.isdecimal() and len(typed) <= MOST_DIGITS else None
    supposed = supposed or None
    asked = {"programme_id": request.path_params["programme_id"], "limit": ON_A_PAGE, **cursor_of(request)}
    if supposed:
        asked["hard"] = str(supposed)
    async with host.transaction(reader(request)) as tx:
        head = await head_of(tx, request)
        found = await read_waiting_list(tx, asked)
    words = {"open": "Åbent", "approved": "Godkendt", "refused": "Ikke godkendt", "none": "–"}
    return show(
        host,
        request,
        "staff_waiting_list.html",
        head,
        rows=[
            {
                **one,
                "received": sent_at(datetime.fromisoformat(one["received_at"])) if one["received_at"] else "–",
                "word": words[one["forbehold"]],
            }
            for one in found["waiting"]
        ],
        following=following(request, found["next"]),
        typed=typed,
        wrong=bool(typed) and supposed is None,
        supposed=supposed,
        counted=sum(one["would_have_place"] for one in found["waiting"]),
        why=found["why_no_more"],
        has_places=head.programme.places is not None,
    )


async def change_capacity(host: Host, act: Act, request: Request) -> Response:
    async with host.transaction(reader(request)) as tx:
        head = await head_of(tx, request)
    capacity = head.programme.terms.enrolment.capacity

    def command(form: Form) -> Command | None:
        if not form.value("usual"):
            form.values["usual"] = form.value("hard")
        return form.command(ChangeCapacity, programme_id=head.programme.id, seen=seen_in(form))

    async def stands() -> Stands:
        async with host.transaction(reader(request)) as tx:
            newest = (await head_of(tx, request)).programme
            changed = await read_last_change(tx, newest.id, ChangeCapacity, Wrote.programme(newest.id))
        return Stands(capacity_fields(newest), in_words(changed))

    hard = request.query_params.get(PLACES, "")
    usual = str(capacity.usual) if capacity else ""
    if hard.isdecimal() and capacity and capacity.usual == capacity.hard:
        usual = hard
    doing = Doing(
        title="Skift antallet af pladser",
        about=f"Nu: {head.places}",
        button="Skift antallet",
        back=address(request, "/venteliste"),
        crumb="Venteliste",
        done="pladser",
        text=("Det, der er givet, bliver givet. Er der flere pladser, rykker de første på ventelisten op.",),
        asks=(
            Ask("hard", "Pladser i alt", width="m", inputmode="numeric", maxlength=6),
            Ask(
                "usual",
                "Sig til os, når der er givet flere end",
                width="m",
                inputmode="numeric",
                maxlength=6,
                required=False,
                hint="Staben får besked ved hver plads ud over det. Tomt betyder først, når alle er givet.",
            ),
        ),
        start={"hard": hard if hard.isdecimal() else str(head.programme.places or ""), "usual": usual},
        stands=stands,
        sentences=lambda body: [_left(head.waiting, len(body["moved_up"]))],
    )
    return await carry_out(host, request, act, head, doing, command)


def _left(waiting: int, moved: int) -> str:
    got = "1 får plads" if moved == 1 else f"{moved} får plads"
    return f"{got}, {waiting - moved} står tilbage på ventelisten."
