"""What differs between two programme files, field by field, and how two people's changes come together.

An entry of a list is known by its id or key wherever that is the only one, so that a change is about the same meeting
wherever it stands. Values are as `yaml_lines.read` gives them: mappings, lists and texts.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

_ID_KEYS = ("id", "key")
ORDER = "#"
"""Instead of an entry: the order that they stand in."""


class Nothing(Enum):
    """What stands where nothing does."""

    NOTHING = 0


NOTHING = Nothing.NOTHING
Where = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """`behind` is the entry that a new one stands behind; None = first."""

    where: Where
    before: Any
    after: Any
    behind: str | None = None


def ids_of(entries: Any) -> list[str] | None:
    """What the entries of a list are known by; None when it is a list of something else, or two go by one name."""
    if not isinstance(entries, list) or not all(isinstance(one, Mapping) for one in entries):
        return None
    for key in _ID_KEYS:
        ids = [one.get(key) for one in entries]
        if all(isinstance(one, str) and one and one != ORDER for one in ids):
            return None if len(set(ids)) < len(ids) else [str(one) for one in ids]
    return None


def changes(before: Any, after: Any, where: Where = ()) -> list[Change]:
    """In the order of the file."""
    return list(_changes(before, after, where))


def _changes(before: Any, after: Any, where: Where) -> Iterator[Change]:
    if before == after:
        return
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for name in [*before, *(one for one in after if one not in before)]:
            yield from _changes(before.get(name, NOTHING), after.get(name, NOTHING), (*where, name))
        return
    olds, news = ids_of(before), ids_of(after)
    if olds is None or news is None:
        yield Change(where, before, after)
        return
    old, new = dict(zip(olds, before, strict=True)), dict(zip(news, after, strict=True))
    for one in olds:
        yield from _changes(old[one], new.get(one, NOTHING), (*where, one))
    for number, one in enumerate(news):
        if one not in old:
            yield Change((*where, one), NOTHING, new[one], news[number - 1] if number else None)
    kept = [one for one in olds if one in new]
    if kept != [one for one in news if one in old]:
        yield Change((*where, ORDER), olds, news)


def apply(data: Any, wanted: Sequence[Change]) -> Any:
    """A copy in which each of them has been made. What one is about and is not there any more is left out."""
    made = copy.deepcopy(data)
    for one in wanted:
        if one.where:
            _make(made, one)
        else:
            made = copy.deepcopy(one.after)
    return made


def _make(data: Any, change: Change) -> None:
    here = data
    for step in change.where[:-1]:
        here = _inner(here, step)
        if here is None:
            return
    last = change.where[-1]
    if isinstance(here, dict):
        if change.after is NOTHING:
            here.pop(last, None)
        else:
            here[last] = copy.deepcopy(change.after)
    elif isinstance(here, list):
        _make_entry(here, last, change)


def _inner(here: Any, step: str) -> Any:
    if isinstance(here, dict):
        return here.get(step)
    ids = ids_of(here)
    if ids is None:
        return here[int(step)] if isinstance(here, list) and step.isdecimal() and int(step) < len(here) else None
    return here[ids.index(step)] if step in ids else None


def _make_entry(entries: list[Any], last: str, change: Change) -> None:
    ids = ids_of(entries) or []
    if last == ORDER:
        rank = {one: number for number, one in enumerate(change.after)}
        places = [number for number, one in enumerate(ids) if one in rank]
        moved = sorted((entries[number] for number in places), key=lambda one: rank[(ids_of([one]) or [""])[0]])
        for number, one in zip(places, moved, strict=True):
            entries[number] = one
    elif change.after is NOTHING:
        if last in ids:
            del entries[ids.index(last)]
    elif last in ids:
        entries[ids.index(last)] = copy.deepcopy(change.after)
    else:
        at = 0 if change.behind is None else ids.index(change.behind) + 1 if change.behind in ids else len(entries)
        entries.insert(at, copy.deepcopy(change.after))


@dataclass(frozen=True, slots=True)
class Meeting:
    """Two people's changes to one text. `conflicts`: mine, each with theirs about the same."""

    theirs: tuple[Change, ...]
    mine: tuple[Change, ...]
    conflicts: tuple[tuple[Change, Change], ...]


def met(base: Any, theirs: Any, mine: Any) -> Meeting:
    """Both began with `base`."""
    others, own = changes(base, theirs), changes(base, mine)
    conflicts = tuple((one, other) for one in own for other in others if _about_the_same(one, other))
    return Meeting(tuple(others), tuple(own), conflicts)


def _about_the_same(one: Change, other: Change) -> bool:
    shorter = min(len(one.where), len(other.where))
    return one.where[:shorter] == other.where[:shorter] and not (one.where == other.where and one.after == other.after)


def together(theirs: Any, mine: Any, meeting: Meeting, chosen_mine: Sequence[Where]) -> Any:
    """Both, and where they are about the same what is chosen: mine at those places, else theirs."""
    lost = {one.where for one, _ in meeting.conflicts} - set(chosen_mine)
    wanted = []
    for one in meeting.mine:
        if one.where in lost:
            continue
        gone = next(
            (other for each, other in meeting.conflicts if each == one and len(other.where) < len(each.where)), None
        )
        # What I changed inside something that is another thing now, or is gone, comes back as a whole.
        wanted.append(one if gone is None else replace(gone, after=at(mine, gone.where)))
    return apply(theirs, wanted)


def at(data: Any, where: Where) -> Any:
    """What stands there; NOTHING when nothing does."""
    here = data
    for step in where:
        here = _inner(here, step)
        if here is None:
            return NOTHING
    return here


def by_ids(data: Any, path: Sequence[str | int]) -> Where:
    """The same place, with the ids of entries instead of their numbers."""
    where: list[str] = []
    here = data
    for step in path:
        if isinstance(step, int) and isinstance(here, list):
            ids = ids_of(here)
            where.append(ids[step] if ids and step < len(ids) else str(step))
            here = here[step] if step < len(here) else None
        else:
            where.append(str(step))
            here = here.get(step) if isinstance(here, Mapping) else None
    return tuple(where)


def by_numbers(data: Any, where: Sequence[str]) -> tuple[str | int, ...] | None:
    """The other way round; None when it is not there."""
    path: list[str | int] = []
    here = data
    for step in where:
        if isinstance(here, list):
            ids = ids_of(here)
            number = ids.index(step) if ids and step in ids else int(step) if not ids and step.isdecimal() else -1
            if not 0 <= number < len(here):
                return None
            path.append(number)
            here = here[number]
        elif isinstance(here, Mapping) and step in here:
            path.append(step)
            here = here[step]
        else:
            return None
    return tuple(path)
