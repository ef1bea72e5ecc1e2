"""What the forms about diet and access have in common."""

from __future__ import annotations

from dataclasses import dataclass

from services.enrollment.domain.needs import Needs
from shared.contracts.programme import NeedsTerm
from shared.web.forms import Form
from shared.web.ledger import Reply

LABELS = {
    "diet": "Kost",
    "diet_text": "Andet om kost",
    "access": "Adgang",
    "access_text": "Andet om adgang",
    "consent": "Samtykke",
}
_BETWEEN = "; "


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


def kept_in(reply: Reply) -> bool:
    return reply.json()["kept"] is True
