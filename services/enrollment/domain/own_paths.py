"""The links that somebody is mailed of what is their own: each is a secret of theirs."""

from __future__ import annotations

from typing import NamedTuple


class OwnPaths(NamedTuple):
    """`one` is the page of one seat, place or invitation; `all` the page with everything that is theirs."""

    one: str
    all: str
