"""The colours of a letter: the programme's where it has some that can be read, else the house's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from shared.contracts.colours import ENOUGH, contrast, is_colour
from shared.contracts.programme import LookTerm

_INKS = {"white": "#ffffff", "black": "#000000"}
_WORDS = "#1a1a1a"


class Colours(NamedTuple):
    """`ink` is written on `colour`. A button has an `edge`, and a link a colour, that are seen on white."""

    colour: str
    ink: str
    edge: str
    link: str


HOUSE = Colours("#0059b3", "#ffffff", "#0059b3", "#0059b3")


def readable(look: LookTerm | None) -> LookTerm | None:
    """The same look; None unless what stands on its colour can be read."""
    if look is None or look.text not in _INKS or not is_colour(look.colour):
        return None
    return look if contrast(look.colour, _INKS[look.text]) >= ENOUGH else None


def shown_in(says: Any) -> Colours:
    """Of the look that a letter was written with: nothing but colours comes out, whatever stands there."""
    if not isinstance(says, Mapping):
        return HOUSE
    look = readable(LookTerm.model_construct(colour=str(says.get("colour")), text=str(says.get("text"))))
    if look is None:
        return HOUSE
    seen = look.colour if look.text == "white" else _WORDS
    return Colours(look.colour, _INKS[look.text], seen, seen)
