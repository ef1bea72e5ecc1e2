"""What stands above each page of a programme here, and how staff are asked before something is done."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.notifications.usecases.read_programme_mails import read_programme
from shared.base.acts import Act
from shared.base.cause import Cause, new_correlation
from shared.base.problems import Problem
from shared.contracts.event import Command
from shared.contracts.programme import ProgrammeRef
from shared.runtime.service import Host
from shared.storage.tx import Tx
from shared.web.forms import read_form
from shared.web.programme import tabs_of
from shared.web.staff import badge_in, render, staff_form

_DONE = {
    "igen": "Mailen er lagt i kø og sendes nu",
    "afgjort": "Mailen er afgjort og bliver ikke sendt",
    "gemt": "Teksten er gemt. Se den igennem, før I sender",
    "vedhaeftet": "Filen er vedhæftet",
    "fjernet": "Filen er taget af",
    "proevet": "Prøven er på vej til din egen postkasse",
    "sendes": "Mailene sendes nu. I kan roligt forlade siden",
    "virker": "Adressen bruges igen. Mailene til den sendes nu",
}
"""What was done, by the word in the address of the page after it."""


def reader(request: Request) -> Cause:
    return Cause(new_correlation(), None, badge_in(request).actor)


def programme_of(request: Request) -> str:
    programme_id: str = request.path_params["programme_id"]
    return programme_id


def mails_at(request: Request, rest: str = "") -> str:
    return f"/notifications/stab/forloeb/{programme_of(request)}/mails{rest}"


def writings_at(request: Request, rest: str = "") -> str:
    return f"/notifications/stab/forloeb/{programme_of(request)}/skriv{rest}"


async def known(tx: Tx, request: Request) -> ProgrammeRef:
    """Problem 404 where nothing was told of it."""
    found = await read_programme(tx, programme_of(request))
    if found is None:
        raise Problem(404, "not_found")
    return found


def may(request: Request, scope: str) -> bool:
    return badge_in(request).may(scope, programme_of(request))


def show(
    host: Host, request: Request, template: str, programme: ProgrammeRef, *, status: int = 200, **values: Any
) -> Response:
    return render(
        host,
        request,
        f"notifications/{template}",
        status=status,
        title=programme.title,
        base=f"/stab/forloeb/{programme.id}",
        tabs=tabs_of(badge_in(request), programme.id),
        tab_here=mails_at(request),
        said=_DONE.get(request.query_params.get("besked", "")),
        may=lambda scope: may(request, scope),
        **values,
    )


@dataclass(frozen=True, slots=True)
class Doing:
    """`heading` asks the question, `button` names the deed; `warns`: of something that is not taken back. `sentences`
    say what would come of it, from the answer that it would have. `back` is the page after it, `done` the word there.
    """

    heading: str
    about: str
    button: str
    back: str
    done: str
    text: Sequence[str] = ()
    sentences: Callable[[Mapping[str, Any]], Sequence[str]] | None = None
    warns: bool = False


async def carry_out(
    host: Host, request: Request, act: Act, programme: ProgrammeRef, doing: Doing, command: Command
) -> Response:
    """GET says what would come of it, from a rehearsal, and has the button; POST does it."""
    form, status, sentences = staff_form(host, request), 200, list(doing.text)
    can_be = True
    if request.method == "POST":
        form = await read_form(request)
        reply = await host.door.submit(act, command, form.key, actor=badge_in(request).actor, patient=True)
        if (refused := reply.refusal()) is None:
            return RedirectResponse(f"{doing.back}?besked={doing.done}", 303)
        form.refuse(refused)
        status = refused.status
    else:
        found = await host.door.rehearse(act, command, actor=badge_in(request).actor)
        if found.refused is not None:
            form.refuse(found.refused)
            can_be = False
        elif doing.sentences is not None:
            sentences += doing.sentences(found.body)
    return show(
        host,
        request,
        "staff_action.html",
        programme,
        status=status,
        form=form,
        doing=doing,
        sentences=sentences,
        can_be=can_be,
    )
