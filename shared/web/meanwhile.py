"""Two people change the same thing: the second is shown what the first has changed, with all that they typed, and
chooses.

A form that changes a thing carries how that stood when it was shown (`begin`), and its command the version of it
(`seen_in`); the use case refuses when it stands otherwise by then (`shared.contracts.seen`), and whoever was second
meets what it has become (`met`). The macro `skjulte` shows that in any form, and `read_form` reads what was chosen.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from shared.contracts.seen import CHANGED, Clash, Fields, merged, said, version_of
from shared.web.forms import Form, Met, new_key

__all__ = ["CHANGED", "Stands", "begin", "changes", "met", "seen_in"]


def _as_it_is(_: str, text: str) -> str:
    return text


@dataclass(frozen=True, slots=True)
class Stands:
    """How a thing stands that a form changes. `who` changed it last, and when, in words; empty = nobody knows.

    `together` are fields that are one thing. `blank_stays`: what is not filled in stays as it is.
    """

    fields: Fields
    who: str = ""
    together: Sequence[tuple[str, ...]] = ()
    blank_stays: bool = False
    labels: Mapping[str, str] = field(default_factory=dict)
    """What fields are called that the form does not ask for."""
    as_read: Callable[[str, str], str] = _as_it_is
    """A field's text as somebody reads it."""
    unseen: Mapping[str, str] = field(default_factory=dict)
    """Fields that stand for what whoever sends the form is not shown: what is said when one has changed; empty =
    nothing.
    """


def begin(form: Form, fields: Fields) -> Form:
    form.stood = said(fields)
    return form


def seen_in(form: Form) -> str | None:
    """The version that was shown; None = the form was one of the version before this one."""
    return None if form.stood is None else version_of(form.stood)


def changes(form: Form, together: Sequence[tuple[str, ...]] = ()) -> dict[str, str | list[str]]:
    """What was typed, without what is as it stood and says nothing new; of fields that are one thing, all or none."""
    if form.stood is None:
        return form.values
    stood = form.stood
    changed = {name for name in form.values if form.value(name) != stood.get(name, "")}
    for one in together:
        if changed & set(one):
            changed |= set(one)
    return {name: text for name, text in form.values.items() if name in changed}


def met(form: Form, stands: Stands) -> bool:
    """The form as it is shown to whoever was second; False where there is nothing to show them, as what they typed is
    what stands there now. Its next wish is a new one.
    """
    base = form.stood or {}
    typed = {name: form.value(name) for name in form.labels}
    asked = {name: base.get(name, "") if stands.blank_stays and not text else text for name, text in typed.items()}
    heard = merged(base, stands.fields, {**base, **asked}, stands.together)
    for name, text in typed.items():
        # Of a form that leaves a field empty for "as it is", that one says nothing and goes on saying nothing.
        left = stands.blank_stays and not text and base.get(name)
        if name in form.values and not left:
            form.values[name] = heard.values.get(name, "")
    labels = {**stands.labels, **form.labels}
    form.key, form.stood, form.met_who = new_key(), said(stands.fields), stands.who
    form.met = [
        Met(one.fields, stands.unseen[one.field], "", "", "", both=False)
        if one.field in stands.unseen
        else Met(
            one.fields,
            ", ".join(labels.get(name, name) for name in _filled(one)),
            one.shown(one.before, stands.as_read),
            one.shown(one.theirs, stands.as_read),
            one.shown(one.mine, stands.as_read),
            one.both,
        )
        for one in heard.clashes
        if stands.unseen.get(one.field) != ""
    ]
    return bool(form.met)


def _filled(one: Clash) -> list[str]:
    """Of fields that are one thing those in which anybody had something."""
    return [name for name, *said in zip(one.fields, one.before, one.theirs, one.mine, strict=True) if any(said)]
