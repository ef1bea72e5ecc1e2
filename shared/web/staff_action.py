"""Whatever staff do: a page that first says what will come of it, from a rehearsal, and then a button that does it.

What is typed is shown again with what it would come to, and only then is there a button that does it. A "no" is said
right there, before anybody presses it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from shared.base.acts import Act
from shared.base.cause import Cause, new_correlation
from shared.contracts.catalogue import IN_DANISH
from shared.contracts.danish import long_day
from shared.contracts.event import Command
from shared.web.door import Rehearsal
from shared.web.forms import EDIT, LOOK, Form, read_form
from shared.web.ledger import load_answer
from shared.web.meanwhile import CHANGED, Stands, begin, met
from shared.web.programme_page import DONE, UNDO
from shared.web.staff import badge_in, staff_form

BETWEEN = "; "
"""Stands between those that are chosen of several, as in the macro `felt`."""
Show = Callable[..., Response]
"""`show(template, status=…, **values)`: a page below the head that its service shows."""


@dataclass(frozen=True, slots=True)
class Ask:
    """One thing that the page asks for, as the macro `felt` has it."""

    name: str
    label: str
    type: str = "text"
    hint: str = ""
    required: bool = True
    choices: Sequence[tuple[str, str]] = ()
    maxlength: int = 0
    rows: int = 0
    width: str = ""
    inputmode: str = ""
    found: bool = False
    """Nobody types it: it is found before it is said what will come of it."""

    def said(self, form: Form) -> str:
        """As it is shown before it is done."""
        return self.read(form.value(self.name))

    def read(self, typed: str) -> str:
        """What was typed as somebody reads it."""
        if self.type == "checkbox":
            return "Ja" if typed == "true" else "Nej"
        if self.choices:
            known = dict(self.choices)
            return ", ".join(known.get(one, one) for one in typed.split(BETWEEN))
        if self.type == "date":
            try:
                return long_day(date.fromisoformat(typed))
            except ValueError:
                return typed
        return typed


@dataclass(frozen=True, slots=True)
class Doing:
    """`title` asks the question, `button` names the deed. `text` is what holds whatever is typed; `warns`: of something
    that is not taken back. `back` is the page after it (and `cancel` without it), `done` the word of what was done.
    """

    title: str
    about: str
    button: str
    back: str
    done: str
    text: Sequence[str] = ()
    asks: Sequence[Ask] = ()
    start: Mapping[str, str] | None = None
    warns: bool = False
    sentences: Callable[[Mapping[str, Any]], Sequence[str]] | None = None
    """More sentences, from the answer's body."""
    warnings: Callable[[Mapping[str, Any]], Sequence[str]] | None = None
    """What whoever presses the button should have seen; nothing is refused for it."""
    crumb: str = ""
    """What the page after it is called on the way there; empty = `about`."""
    links: Sequence[tuple[str, str]] = ()
    """Where more is to be seen of whom it reaches: label and address."""
    onward: Callable[[Mapping[str, Any]], str] | None = None
    """The page after it, from the answer's body, where that is not `back`."""
    why_not: str = ""
    """Why nobody can do it here at all; empty = they can."""
    undo: str = ""
    """How it is undone, or that it cannot be; said before it is done."""

    stands: Callable[[], Awaitable[Stands]] | None = None
    """How the thing stands that is changed; asked again for whoever was not the first."""

    undone: Callable[[Mapping[str, Any], str], str] | None = None
    """The page that undoes it, from the answer's body and the key of the wish; empty = nobody undoes it."""

    @property
    def typed(self) -> Sequence[Ask]:
        """What whoever does it is asked for."""
        return [one for one in self.asks if not one.found]


@dataclass(frozen=True, slots=True)
class Preview:
    """What would come of it: sentences about it, and what is told, how often each."""

    sentences: tuple[str, ...]
    told: tuple[tuple[str, int], ...]
    warnings: tuple[str, ...] = ()


async def stood_before(host: Any, request: Request) -> Mapping[str, str] | None:
    """What stood before a wish of whoever is signed in, which this page undoes; None = it undoes none, or that is not
    kept any more.
    """
    key = request.query_params.get(UNDO, "")
    if not key:
        return None
    async with host.transaction(Cause(new_correlation(), None, badge_in(request).actor)) as tx:
        body = await load_answer(tx, badge_in(request).actor, key)
    was = body.get("was") if isinstance(body, dict) else None
    return was if isinstance(was, dict) else None


async def carry_out(
    host: Any,
    request: Request,
    act: Act,
    doing: Doing,
    command: Callable[[Form], Command | None],
    show: Show,
    *,
    prepare: Callable[[Form], Awaitable[None]] | None = None,
    also: Callable[[Rehearsal], Sequence[str]] | None = None,
) -> Response:
    """GET and POST of the page. `command` makes it of what was typed; None, and errors, when it is none. `prepare`
    finds what nobody types, before it is said what will come of it. `also` says more of any rehearsal of the service.
    """
    labels = {one.name: one.label for one in doing.asks}
    one = _Asked(host, request, act, doing, command, prepare, also)
    form, preview, status = staff_form(host, request, labels=labels), None, 200
    if doing.why_not:
        status = 403 if request.method == "POST" else 200
    elif request.method == "GET":
        preview = await one.begin(form)
    else:
        form = await read_form(request, labels=labels)
        after = await one.send(form)
        if isinstance(after, Response):
            return after
        status, preview = after
    return show(
        "web/staff_action.html",
        status=status,
        form=form,
        doing=doing,
        preview=preview,
        look=LOOK,
        edit=EDIT,
    )


@dataclass(frozen=True, slots=True)
class _Asked:
    """What `carry_out` was asked for."""

    host: Any
    request: Request
    act: Act
    doing: Doing
    command: Callable[[Form], Command | None]
    prepare: Callable[[Form], Awaitable[None]] | None
    also: Callable[[Rehearsal], Sequence[str]] | None

    async def begin(self, form: Form) -> Preview | None:
        """The form as it is shown first; what would come of it at once, where nothing is asked for."""
        form.values.update(self.doing.start or {})
        if self.doing.stands is not None:
            begin(form, (await self.doing.stands()).fields)
        if self.doing.typed:
            return None
        await self._prepared(form)
        wish = self.command(form)
        return None if wish is None else await self._look(wish, form)

    async def send(self, form: Form) -> Response | tuple[int, Preview | None]:
        """The page after it; or the same page, by status, with what would come of it."""
        for name in [name for name in form.values if len(form.chosen(name)) > 1]:
            form.values[name] = BETWEEN.join(form.chosen(name))
        if LOOK in form.own:
            await self._prepared(form)
        if form.errors:
            return 422, None
        if EDIT in form.own:
            return 200, None
        wish = self.command(form)
        if wish is None:
            return 422, None
        if LOOK in form.own:
            preview = await self._look(wish, form)
            refused = 422
        else:
            reply = await self.host.door.submit(
                self.act, wish, form.key, actor=badge_in(self.request).actor, patient=True
            )
            no = reply.refusal()
            if no is None:
                doing = self.doing
                after = doing.onward(reply.json()) if doing.onward else doing.back
                undo = doing.undone(reply.json(), form.key) if doing.undone else ""
                more = f"&{UNDO}={quote(undo, safe='/')}" if undo else ""
                return RedirectResponse(f"{after}?{DONE}={doing.done}{more}", 303)
            form.refuse(no)
            preview, refused = None, no.status
        if preview is None and form.refused_by == CHANGED and self.doing.stands is not None:
            preview, refused = await self._meet(form, self.doing.stands), 409
        return refused if preview is None or form.met else 200, preview

    async def _meet(self, form: Form, stands: Callable[[], Awaitable[Stands]]) -> Preview | None:
        """Somebody else was faster: what they have changed is in the form then. Where they did what is wished, or
        nothing is asked for, there is nothing to choose, and it is said what would come of it now.
        """
        form.errors.clear()
        if met(form, await stands()) and self.doing.typed:
            return None
        wish = self.command(form)
        return None if wish is None else await self._look(wish, form)

    async def _prepared(self, form: Form) -> None:
        if self.prepare is not None:
            await self.prepare(form)

    async def _look(self, wish: Command, form: Form) -> Preview | None:
        """None when it would be refused, which is among the errors of the form then."""
        found = await self.host.door.rehearse(self.act, wish, actor=badge_in(self.request).actor)
        if found.refused is not None:
            form.refuse(found.refused)
            return None
        doing, also = self.doing, self.also
        return Preview(
            (*(doing.sentences(found.body) if doing.sentences else ()), *(also(found) if also else ())),
            told_by(found),
            tuple(doing.warnings(found.body)) if doing.warnings else (),
        )


def told_by(found: Rehearsal) -> tuple[tuple[str, int], ...]:
    """What would be told, in sentences."""
    return tuple(
        (_capitalised(IN_DANISH.get(name, name)), number) for name, number in sorted(found.told.items()) if number
    )


def _capitalised(text: str) -> str:
    return text[:1].upper() + text[1:]
