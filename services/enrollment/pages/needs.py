"""What the forms about diet and access have in common."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.enrollment.domain.needs import Needs
from services.enrollment.pages.own_link import Own, speaker_of, submit
from shared.base.acts import Act
from shared.contracts.danish import long_day
from shared.contracts.event import Command
from shared.contracts.programme import NeedsTerm
from shared.runtime.service import Host
from shared.web.forms import Form, read_form
from shared.web.ledger import Reply
from shared.web.safety import SECRET_ADDRESS

LABELS = {
    "diet": "Kost",
    "diet_text": "Andet om kost",
    "access": "Adgang",
    "access_text": "Andet om adgang",
    "consent": "Samtykke",
}
_BETWEEN = "; "
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
        return Form(labels=LABELS)
    values: dict[str, str | list[str]] = {
        "diet": _BETWEEN.join(needs.diet),
        "diet_text": needs.diet_text,
        "access": _BETWEEN.join(needs.access),
        "access_text": needs.access_text,
        "consent": "true",
    }
    return Form(values, labels=LABELS)


def ticked(form: Form) -> None:
    """What was ticked is ticked when the form is shown again."""
    for part in ("diet", "access"):
        if part in form.values:
            form.values[part] = _BETWEEN.join(form.chosen(part))


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
    model: type[Command],
    about: Mapping[str, str],
    show: Callable[[int, Form], Response],
) -> Response:
    """By a link of one's own. Only here is shown what is kept, and only theirs. Sent without anything it takes back all
    of it.
    """
    form, status = showing(kept), 200
    if request.method == "POST":
        form = await read_form(request, labels=LABELS)
        command, status = form.command(model, **about, person_id=own.person_id), 422
        if command is not None:
            reply = await submit(host, act, request, command, form, speaker_of(own))
            refused = reply.refusal()
            if refused is None:
                done = "gemt" if kept_in(reply) else "slettet"
                return RedirectResponse(f"{own.path}?besked={done}", 303, headers=SECRET_ADDRESS)
            form.refuse(refused)
            status = refused.status
        ticked(form)
    return show(status, form)


def kept_in(reply: Reply) -> bool:
    return reply.json()["kept"] is True
