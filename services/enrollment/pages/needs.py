"""What the forms about diet and access have in common."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import date

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.enrollment.domain.form import BETWEEN
from services.enrollment.domain.needs import Needs
from services.enrollment.pages.own_link import Own, refuse, speaker_of, submit
from shared.base.acts import Act
from shared.contracts.danish import long_day
from shared.contracts.event import Command
from shared.contracts.programme import NeedsTerm
from shared.runtime.service import Host
from shared.web.forms import Form, read_form
from shared.web.ledger import Reply
from shared.web.meanwhile import Stands, begin, seen_in
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
        return begin(Form(labels=LABELS), {})
    return begin(Form({**needs.fields, "consent": "true"}, labels=LABELS), needs.fields)


def ticked(form: Form) -> None:
    """What was ticked is ticked when the form is shown again."""
    for part in _SEVERAL:
        if part in form.values:
            form.values[part] = BETWEEN.join(form.chosen(part))


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


_KITCHEN = "Køkkenet får antal og tekster, aldrig navne."


def _days(term: NeedsTerm | None) -> str:
    days = term.keep_days if term else 0
    return f"{days} dag" if days == 1 else f"{days} dage"


async def say_own(
    host: Host,
    act: Act,
    request: Request,
    own: Own,
    kept: Needs | None,
    term: NeedsTerm | None,
    model: type[Command],
    about: Mapping[str, str],
    show: Callable[[int, Form], Response],
    again: Callable[[], Awaitable[Needs | None]],
) -> Response:
    """By a link of one's own. Only here is shown what is kept, and only theirs. Sent without anything it takes back all
    of it. `again` is what is `kept` by now, where it was changed meanwhile.
    """
    form, status = showing(kept), 200
    if request.method == "POST":
        form = await read_form(request, labels=LABELS)
        _apart(form)
        command, status = form.command(model, **about, person_id=own.person_id, seen=seen_in(form)), 422
        if command is not None:
            reply = await submit(host, act, request, command, form, speaker_of(own))
            refused = reply.refusal()
            if refused is None:
                done = "gemt" if kept_in(reply) else "slettet"
                return RedirectResponse(f"{own.path}?besked={done}", 303, headers=SECRET_ADDRESS)
            ticked(form)

            async def stands() -> Stands:
                now = await again()
                return Stands(now.fields if now else {}, as_read=_as_read(term))

            status = await refuse(form, refused, stands)
        ticked(form)
    return show(status, form)


def _apart(form: Form) -> None:
    """What was chosen of several, where it comes as one text from a form that two have changed."""
    for part in _SEVERAL:
        if part in form.values:
            form.values[part] = [one for text in form.chosen(part) for one in text.split(BETWEEN)]


def _as_read(term: NeedsTerm | None) -> Callable[[str, str], str]:
    """The titles of what was chosen."""
    known = {one.name: dict(one.choices) for one in fields(term)}

    def read(name: str, text: str) -> str:
        titles = known.get(name)
        return ", ".join(titles.get(one, one) for one in text.split(BETWEEN)) if titles else text

    return read


def kept_in(reply: Reply) -> bool:
    return reply.json()["kept"] is True
