"""The order in which a list stands, as SQL: what it is sorted by, where a row stands, and what comes after a place.

```
_IN_ORDER = Order({"published_at": "timestamptz", "id": "text"})
f"SELECT title, {_IN_ORDER.place} FROM programmes WHERE {_IN_ORDER.after(1)} ORDER BY {_IN_ORDER.by} LIMIT $2"
```
"""

from __future__ import annotations

from collections.abc import Mapping


class Order:
    """`columns`: SQL expression → PostgreSQL type, together unique and none of them ever null.

    All of them ascend, so that an index on them in this order reads as many rows as a page has.
    """

    def __init__(self, columns: Mapping[str, str]) -> None:
        self.by = ", ".join(columns)
        self.place = f"ARRAY[{', '.join(f'({column})::text' for column in columns)}] AS stands_at"
        self._columns = dict(columns)

    def after(self, number: int) -> str:
        """Whether a row comes after the place that the parameter of this number is, a text array; null = anywhere."""
        place = ", ".join(f"(${number}::text[])[{at}]::{kind}" for at, kind in enumerate(self._columns.values(), 1))
        return f"(${number}::text[] IS NULL OR ({self.by}) > ({place}))"
