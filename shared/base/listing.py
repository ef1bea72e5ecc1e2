"""Lists, a page at a time. Where a page begins is an opaque cursor, which the page before it gives as `next`.

A cursor names the last row of its page by what the list is ordered by, so rows that come or go meanwhile move nobody's
place. It holds no personal data: it stands in addresses.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from shared.contracts.refusal import Refused

T = TypeVar("T")

MOST = 500
"""Rows of a page, at most and unless fewer are asked for."""
CURSOR, LIMIT = "cursor", "limit"
"""Parameters of every list."""

Placed = tuple[Sequence[str], T]
"""A row, and its place in the order of the list."""


@dataclass(frozen=True, slots=True)
class Page:
    """`of` is the list; `after` is the place of the last row that was seen, None at the beginning."""

    of: str
    after: Sequence[str] | None = None
    limit: int = MOST

    @property
    def wanted(self) -> int:
        """Rows to look for: one more shows that there is another page."""
        return self.limit + 1

    def cursor(self, place: Sequence[str]) -> str:
        written = json.dumps([self.of, *place], ensure_ascii=False, separators=(",", ":")).encode()
        return base64.urlsafe_b64encode(written).rstrip(b"=").decode()

    def cut(self, found: Sequence[Placed[T]]) -> tuple[list[T], str | None]:
        """What stands on the page, of what was looked for, and the cursor of the next one; None = this is the last."""
        rows = found[: self.limit]
        more = len(found) > self.limit
        return [row for _, row in rows], self.cursor(rows[-1][0]) if more else None

    def answer(self, found: Sequence[Placed[T]], shown: Callable[[T], Any]) -> dict[str, Any]:
        """As the API answers."""
        rows, following = self.cut(found)
        return {self.of: [shown(row) for row in rows], "next": following}


def rows_of(answer: Mapping[str, Any]) -> Sequence[Any]:
    """Those of a page as the API answers it: they stand before the cursor of the next one."""
    names = list(answer)
    rows: Sequence[Any] = answer[names[names.index("next") - 1]]
    return rows


def page_of(query: Mapping[str, str], of: str, *, most: int = MOST) -> Page:
    """The page that is asked for. Refused 422 `invalid_cursor` and `not_a_number`; a larger limit than `most` is it."""
    after = None
    if (cursor := query.get(CURSOR)) is not None:
        after = _place(cursor, of)
        if after is None:
            raise invalid_cursor()
    return Page(of, after, min(number(query, LIMIT) or most, most))


def page_at(cursor: str, lists: Sequence[str]) -> Page:
    """The page of one of these lists that begins there. Refused 422 `invalid_cursor`."""
    for of in lists:
        if (after := _place(cursor, of)) is not None:
            return Page(of, after)
    raise invalid_cursor()


def number(query: Mapping[str, str], name: str) -> int | None:
    text = query.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit()) or len(text) > 18 or int(text) < 1:  # noqa: PLR2004  (digits of a bigint)
        raise Refused("not_a_number", f"{name} skal være et positivt tal.", status=422, field=name)
    return int(text)


def invalid_cursor() -> Refused:
    return Refused("invalid_cursor", "Det er ikke en cursor fra denne liste.", status=422, field=CURSOR)


def _place(cursor: str, of: str) -> Sequence[str] | None:
    try:
        written = json.loads(base64.urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4)))
    except (ValueError, binascii.Error, RecursionError):
        return None
    if not isinstance(written, list) or not all(isinstance(part, str) and "\x00" not in part for part in written):
        return None
    if any("\ud800" <= mark <= "\udfff" for part in written for mark in part):
        return None
    return written[1:] if written and written[0] == of else None
