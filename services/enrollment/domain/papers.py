"""The words in which an archive reads of what was kept by codes: it is read without the system, in many years."""

from __future__ import annotations

from collections.abc import Mapping

from services.enrollment.domain.status import status

FORBEHOLD: Mapping[str, str] = {"none": "intet", "open": "åbent", "approved": "godkendt", "refused": "ikke godkendt"}
MOVES: Mapping[str, str] = {"came": "kom til", "took_over": "overtog pladsen", "left": "gik fra"}
ORDERS: Mapping[str, str] = {
    "quoted": "tilbud givet",
    "ordered": "bestilt",
    "delivered": "leveret",
    "declined": "takket nej",
    "lapsed": "tilbuddet udløb",
    "replaced": "afløst af et nyt tilbud",
    "withdrawn": "trukket tilbage",
}
_IN_WORDS: Mapping[str, Mapping[str, str]] = {
    "forbehold": FORBEHOLD,
    "move": MOVES,
    "order": ORDERS,
}


def in_words(kind: str, code: str) -> str:
    """A state of an enrolment (`state`) or a code of one of the kinds; what nobody has a word for stays as it is."""
    if kind == "state":
        return status(code)  # type: ignore[arg-type]  # as the database checks
    return _IN_WORDS[kind].get(code, code)
