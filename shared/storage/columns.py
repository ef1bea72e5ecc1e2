"""Rows on their way to PostgreSQL, by columns: as few and as small arguments as they can be.

One array for each column, unnested, is the usual way to send a thousand rows in one statement. Of many rows two things
make it cheaper: a column in which they all say the same (the programme, the source, a state) goes over the wire once;
and texts go as one text, because the driver looks at each element of an array.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Columns = Mapping[str, Sequence[Any]]
"""Each column's values, all columns in the same order of rows."""

MANY = 20
"""From so many rows on, looking for columns that say the same costs less than sending them."""
_SEPARATOR = "\x1f"
_TEXTS = {"text", "json", "jsonb"}


def sent(columns: Columns, types: Mapping[str, str], *, after: int = 0) -> tuple[str, list[Any]]:
    """SQL of the rows (a FROM item called `new`, numbered from 1 in `"#"`), and its arguments, from `$after + 1` on.

    `types`: PostgreSQL's. `json` and `jsonb` take JSON text, `text[]` a JSON list. There is at least one row.
    """
    arguments: list[Any] = []
    arrays: list[str] = []
    shown: list[str] = []
    count = len(next(iter(columns.values())))
    for name, values in columns.items():
        kind = types[name]
        plain = "text" if kind in _TEXTS or kind.endswith("[]") else kind
        number = after + len(arguments) + 1
        if count >= MANY and _all_alike(values):
            arguments.append(values[0])
            shown.append(f'{_as(f"${number}::{plain}", kind)} AS "{name}"')
            continue
        joined = _joined(values) if plain == "text" and count >= MANY else None
        arguments.append(values if joined is None else joined)
        arrays.append(f"${number}::{plain}[]" if joined is None else f"string_to_array(${number}, E'\\x1f')")
        shown.append(f'{_as(f"u.c{len(arrays)}", kind)} AS "{name}"')
    if arrays:
        unnested = ", ".join(f"c{place}" for place in range(1, len(arrays) + 1))
        source = f"unnest({', '.join(arrays)}) WITH ORDINALITY AS u ({unnested}, n)"
    else:
        arguments.append(count)
        source = f"generate_series(1, ${after + len(arguments)}::bigint) AS u (n)"
    listed = ", ".join([*shown, 'u.n AS "#"'])
    return f"(SELECT {listed} FROM {source}) AS new", arguments


def _all_alike(values: Sequence[Any]) -> bool:
    return values.count(values[0]) == len(values)


def _joined(values: Sequence[Any]) -> str | None:
    """The texts as one, or None: a null, or a text with a separator in it, cannot be told from others then."""
    try:
        joined = _SEPARATOR.join(values)
    except TypeError:
        # A null; whatever else is no text the driver refuses, and says so.
        return None
    return joined if joined.count(_SEPARATOR) == len(values) - 1 else None


def _as(value: str, kind: str) -> str:
    if kind.endswith("[]"):
        return f"ARRAY(SELECT jsonb_array_elements_text({value}::jsonb))::{kind}"
    return f"{value}::{kind}" if kind in {"json", "jsonb"} else value
