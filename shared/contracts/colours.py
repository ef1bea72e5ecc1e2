"""Colours that can be read: contrast as WCAG 2.2 defines it."""

import re

ENOUGH = 4.5
"""The least contrast of a text and what it stands on (WCAG 2.2, success criterion 1.4.3, level AA)."""
COLOUR = r"^#[0-9a-f]{6}$"


def is_colour(text: str) -> bool:
    """#rrggbb of small letters, in sRGB."""
    return re.fullmatch(COLOUR, text) is not None


def contrast(one: str, other: str) -> float:
    """From 1 (the same) to 21 (black and white); both are colours."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    red, green, blue = (_linear(int(colour[at : at + 2], 16) / 255) for at in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4  # noqa: PLR2004 # of the definition
