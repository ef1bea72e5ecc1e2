"""Invented people and addresses: nobody real, and every address ends in `.example` (RFC 2606)."""

from __future__ import annotations

from random import Random
from typing import NamedTuple

from deploy.local.stories.programmes import domain_of

_FIRST = (
    *("Asta", "Bo", "Carla", "Ditlev", "Ebbe", "Fie", "Gorm", "Hanne", "Ib", "Jytte", "Kaj", "Liva", "Mads", "Nanna"),
    *("Otto", "Pia", "Rune", "Sif", "Tove", "Ulla", "Viggo", "Yrsa", "Ærø", "Øjvind", "Åse"),
)
_LAST = (
    *("Prøvesen", "Eksempelsen", "Mønstergaard", "Skitsesen", "Øvelund", "Testrup", "Udkastsen", "Kladdeby"),
    *("Forbilledsen", "Påfundsen", "Ordnegaard", "Åkladde"),
)
_ASCII = str.maketrans({"æ": "ae", "ø": "oe", "å": "aa", " ": "-"})


class Named(NamedTuple):
    name: str
    email: str


class People:
    """Hands out invented people, each address once."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._given: set[str] = set()

    def one_of(self, municipality: str) -> Named:
        while True:
            first, last = self._random.choice(_FIRST), self._random.choice(_LAST)
            local = f"{first}.{last}".lower().translate(_ASCII)
            email = f"{local}@{domain_of(municipality)}"
            if email in self._given:
                email = f"{local}{len(self._given)}@{domain_of(municipality)}"
            self._given.add(email)
            return Named(f"{first} {last}", email)
