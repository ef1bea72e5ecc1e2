"""The colours of a letter: the programme's where it has some that can be read, else the house's."""

from __future__ import annotations

from typing import Any, NamedTuple

from shared.contracts.colours import ENOUGH, contrast, is_colour

_BLACK, _WHITE, _WORDS = "#000000", "#ffffff", "#1a1a1a"


class Colours(NamedTuple):
    """`ink` is written on `colour`. A button has an `edge`, and a link a colour, that are seen on white."""

    colour: str
    ink: str
    edge: str
    link: str


HOUSE = Colours("#0059b3", _WHITE, "#0059b3", "#0059b3")


def shown_in(look: Any) -> Colours:
    """Of the look that a letter was written with. Nothing but a colour that can be read comes out, whatever it says."""
    if not isinstance(look, dict):
        return HOUSE
    colour, on_it = look.get("colour"), look.get("text", "white")
    if not isinstance(colour, str) or not is_colour(colour) or on_it not in ("white", "black"):
        return HOUSE
    ink = _WHITE if on_it == "white" else _BLACK
    if contrast(colour, ink) < ENOUGH:
        return HOUSE
    return Colours(colour, ink, colour, colour) if ink == _WHITE else Colours(colour, ink, _WORDS, _WORDS)
