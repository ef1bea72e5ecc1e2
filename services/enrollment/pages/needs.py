"""What the forms about diet and access have in common."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Protocol

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.enrollment.domain.form import BETWEEN
from services.enrollment.domain.needs import STOOD, Needs, own_fields
from services.enrollment.pages.own_link import Own, refuse, speaker_of, submit, who_changed
from services.enrollment.usecases.read_last_change import Wrote
from shared.base.acts import Act
from shared.contracts.danish import long_day
from shared.contracts.event import Command
from shared.contracts.programme import NeedsTerm
from shared.contracts.seen import version_of
from shared.runtime.service import Host
from shared.web.forms import Form, read_form
from shared.web.ledger import Reply
from shared.web.meanwhile import Stands, begin
from shared.web.safety import SECRET_ADDRESS

LABELS = {
    "diet": "Kost",
    "diet_text": "Andet om kost",
    "access": "Adgang",
    "access_text": "Andet om adgang",
    "consent": "Samtykke",
}
_SEVERAL = ("diet", "access")
_SAID = {"gemt": "Kost og adgang er gemt", "slettet": "Der er ikke gemt noget om kost og adgang"}


class WithNeeds(Own, Protocol):
    """Whoever is shown what is `needs` kept of theirs, and its `mark`."""

    @property
    def needs(self) -> Needs | None: ...

    @property
    def mark(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Field:
    """`choices` and `text` are what it is asked by; empty = not."""

    name: str
    label: str
    choices: list[tuple[str, str]]
    text: str


def fields(term: NeedsTerm | None) -> list[Field]:
    parts = (("diet", term.diet), ("access", term.access)) if term else ()
    return [
        Field(
            name,
            part.label,
            [(one.id, one.title) for one in part.choices],
            (LABELS[f"{name}_text"] if part.choices else part.label) if part.text else "",
        )
        for name, part in parts
        if part
    ]


def showing(needs: Needs | None) -> Form:
    """The form as it was filled in, for whoever it is about."""
    if needs is None:
        return Form(labels=LABELS)
    return Form({**own_fields(needs), "consent": "true"}, labels=LABELS)


def ticked(form: Form) -> None:
    """What was ticked is ticked when the form is shown again."""
    for part in _SEVERAL:
        if part in form.values:
            form.values[part] = BETWEEN.join(form.chosen(part))


def standing_unseen(mark: str, who: str) -> Stands:
    """What is kept by now, for whoever is not shown it: their form says it by a mark."""
    return Stands({STOOD: mark}, who, unseen=UNSEEN)


def _separately(form: Form) -> None:
    """What was chosen of another's, as it stands in one field, is several again."""
    for part in _SEVERAL:
        form.values[part] = [one for text in form.chosen(part) for one in text.split(BETWEEN)]


def said(request: Request) -> str | None:
    """What the page of a link says when something was sent there."""
    return _SAID.get(request.query_params.get("besked", ""))


def kept_at_meeting(term: NeedsTerm | None, ends: str) -> str:
    """`ends`: with what it goes before its days are over, as in "og når …"."""
    return f"Uden krydset gemmes intet. Det slettes {_days(term)} efter mødet, og når {ends}. {_KITCHEN}"


def kept_on_team(term: NeedsTerm | None, last: date | None) -> str:
    """`last`: of their meetings, as far as they have their dates."""
    now = f" (lige nu {long_day(last)})" if last else ""
    return (
        f"Uden krydset gemmes intet. Det slettes {_days(term)} efter det sidste møde, der har en dato{now}, og når "
        f"pladsen opgives eller skifter hænder. {_KITCHEN}"
    )


UNSEEN = {
    STOOD: "Der er gemt eller slettet noget om kost og adgang, siden siden blev åbnet. Hvad der er gemt, vises kun for "
    "personen selv. Sender I nu, træder det, I skriver, i stedet for det."
}
_KITCHEN = "Køkkenet får antal og tekster, aldrig navne."


def _days(term: NeedsTerm | None) -> str:
    days = term.keep_days if term else 0
    return f"{days} dag" if days == 1 else f"{days} dage"


async def say_own(
    host: Host,
    act: Act,
    request: Request,
    own: WithNeeds,
    model: type[Command],
    about: Mapping[str, str],
    show: Callable[[int, Form], Response],
    find: Callable[[], Awaitable[WithNeeds | Response]],
    wrote: tuple[str, Wrote],
    term: NeedsTerm | None,
) -> Response:
    """By a link of one's own. Only here is shown what is kept, and only theirs. Sent without anything it takes back all
    of it. `find` says how it stands by now, `wrote` the programme and what such a form writes.
    """
    form, status = begin(showing(own.needs), _stood(own)), 200
    if request.method == "POST":
        form = await read_form(request, labels=LABELS)
        _separately(form)
        seen = None if form.stood is None else version_of({STOOD: form.stood.get(STOOD, "")})
        command, status = form.command(model, **about, person_id=own.person_id, seen=seen), 422
        ticked(form)
        if command is not None and not form.errors:
            reply = await submit(host, act, request, command, form, speaker_of(own))
            refused = reply.refusal()
            if refused is None:
                done = "gemt" if kept_in(reply) else "slettet"
                return RedirectResponse(f"{own.path}?besked={done}", 303, headers=SECRET_ADDRESS)

            async def stands() -> Stands | None:
                now = await find()
                if isinstance(now, Response):
                    return None
                programme_id, written = wrote
                who = await who_changed(host, programme_id, model, written, own.person_id)
                return Stands(_stood(now), who, as_read=partial(_as_read, term), unseen={STOOD: ""})

            status = await refuse(form, refused, stands)
    return show(status, form)


def _stood(own: WithNeeds) -> dict[str, str]:
    return {**own_fields(own.needs), STOOD: own.mark}


def _as_read(term: NeedsTerm | None, name: str, text: str) -> str:
    titles = {choice: title for one in fields(term) if one.name == name for choice, title in one.choices}
    return ", ".join(titles.get(one, one) for one in text.split(BETWEEN)) if name in _SEVERAL else text


def kept_in(reply: Reply) -> bool:
    return reply.json()["kept"] is True
