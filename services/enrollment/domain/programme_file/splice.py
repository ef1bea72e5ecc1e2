"""A YAML text in which only that is written anew which is to be something else: all around it stays, to the character.

`rewritten` takes the text and what it is to say; comments, order, quotation marks, blank lines and the way in which a
part is written stay wherever nothing changed. What cannot be done in place is written anew as a whole, the smallest
part of the file that holds it. Whatever comes out says exactly what was asked for, or ValueError.
"""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import yaml

from services.enrollment.domain.programme_file.findings import Path
from services.enrollment.domain.programme_file.yaml_lines import NOTHING, read

WIDTH = 120
_SHORT = 100
_ID_KEYS = ("id", "key")
_DASH = re.compile(r"^[ ]*(-)(?=[ \t\r\n]|\Z)", re.MULTILINE)
_PLAIN = re.compile(r"[A-Za-zÆØÅæøåÉé0-9][A-Za-zÆØÅæøåÉé0-9 ().%/&+'_;-]*(?<! )")
"""Says itself wherever it stands, as far as its signs go."""

Order = Callable[[Path], Sequence[str]]
"""The fields that may stand at a path, in the order in which they are written."""


class _Edit(NamedTuple):
    """What stands from `start` to `end` becomes `text`."""

    start: int
    end: int
    text: str


class _AsAWhole(Exception):  # noqa: N818  (no error: it is done otherwise)
    """This part is not taken apart: it is written anew."""


@dataclass(slots=True)
class _Node:
    """A value and where it stands. `slot` is right after the colon or the dash that it belongs to."""

    start: int
    end: int
    slot: int
    flow: bool = False
    style: str | None = None
    value: str | None = None
    fields: dict[str, _Node] | None = None
    keys: dict[str, int] = field(default_factory=dict)
    """Where the name of each field begins."""
    items: list[_Node] | None = None
    dashes: list[int] = field(default_factory=list)

    def said(self) -> Any:
        if self.fields is not None:
            return {name: one.said() for name, one in self.fields.items()}
        if self.items is not None:
            return [one.said() for one in self.items]
        return self.value


def rewritten(text: str, wanted: Mapping[str, Any], order: Order) -> str:
    """The text as it says `wanted`: mappings, lists and texts, as `yaml_lines.read` gives them.

    ValueError when `text` is no mapping at all, or `wanted` has something that no YAML of ours can say.
    """
    if read(text).value is None:
        raise ValueError("the text is no mapping")
    root = _tree(text)
    edits: list[_Edit] = []
    try:
        _into(root, wanted, edits, _Writing(text, order), ())
        done = _applied(text, edits)
    except _AsAWhole:
        done = ""
    if read(done).value != wanted:
        done = _heading(text) + _block(wanted, 0, order, ()).lstrip("\n") + "\n"
        if read(done).value != wanted:
            raise ValueError("what is wanted cannot be written")
    return done


def written(wanted: Mapping[str, Any], order: Order) -> str:
    """A whole file that says so."""
    return _block(wanted, 0, order, ()).lstrip("\n") + "\n"


def _heading(text: str) -> str:
    """The comments on top."""
    return "".join(f"{line}\n" for line in _leading(text.splitlines()))


def _leading(lines: list[str]) -> Iterator[str]:
    for line in lines:
        if line.strip() and not line.lstrip().startswith("#"):
            return
        yield line


def _applied(text: str, edits: list[_Edit], begin: int = 0, end: int | None = None) -> str:
    """The part of the text from `begin` to `end`, with those of the edits that lie in it."""
    last = len(text) if end is None else end
    out, at = [], begin
    for edit in sorted(edits, key=lambda one: (one.start, one.end)):
        if edit.start < at:
            raise _AsAWhole
        out += [text[at : edit.start], edit.text]
        at = edit.end
    return "".join([*out, text[at:last]])


# Where everything stands ---------------------------------------------------------------------------------------------


def _tree(text: str) -> _Node:
    events = yaml.parse(text, Loader=yaml.SafeLoader)
    for event in events:
        if isinstance(event, yaml.NodeEvent):
            return _node(event, events, text, 0)
    raise ValueError("an empty text")


def _begins(event: yaml.Event) -> int:
    return event.start_mark.index if event.start_mark else 0


def _ends(event: yaml.Event) -> int:
    return event.end_mark.index if event.end_mark else 0


def _node(event: yaml.Event, events: Iterator[yaml.Event], text: str, slot: int) -> _Node:
    start = _begins(event)
    if isinstance(event, yaml.MappingStartEvent):
        return _mapping(_Node(start, start, slot, flow=bool(event.flow_style), fields={}), events, text)
    if isinstance(event, yaml.SequenceStartEvent):
        return _sequence(_Node(start, start, slot, flow=bool(event.flow_style), items=[]), events, text)
    if not isinstance(event, yaml.ScalarEvent):
        raise _AsAWhole
    end = _ends(event)
    if event.style in {"|", ">"}:
        # A block ends where something else begins; the blanks before that are not its own.
        end = start + len(text[start:end].rstrip())
    value = None if event.style is None and event.value in NOTHING else event.value
    return _Node(start, end, slot, style=event.style, value=value)


def _mapping(node: _Node, events: Iterator[yaml.Event], text: str) -> _Node:
    fields = node.fields if node.fields is not None else {}
    for key in events:
        if isinstance(key, yaml.MappingEndEvent):
            node.end = _ends(key) if node.flow else node.end
            return node
        if not isinstance(key, yaml.ScalarEvent):
            raise _AsAWhole
        slot = text.index(":", _ends(key)) + 1
        child = _node(next(events), events, text, slot)
        child.end = max(child.end, slot)
        if key.value in fields:
            raise _AsAWhole
        fields[key.value], node.keys[key.value] = child, _begins(key)
        node.end = child.end
    return node


def _sequence(node: _Node, events: Iterator[yaml.Event], text: str) -> _Node:
    items = node.items if node.items is not None else []
    for event in events:
        if isinstance(event, yaml.SequenceEndEvent):
            node.end = _ends(event) if node.flow else node.end
            return node
        slot = _begins(event)
        if not node.flow:
            begin = text.rfind("\n", 0, node.start) + 1 if not items else items[-1].end
            found = _DASH.search(text, begin, slot + 1)
            if found is None:
                raise _AsAWhole
            node.dashes.append(found.start(1))
            slot = found.end(1)
        child = _node(event, events, text, slot)
        child.end = max(child.end, slot)
        items.append(child)
        node.end = child.end
    return node


# What becomes of it --------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Writing:
    text: str
    order: Order

    def line_start(self, at: int) -> int:
        return self.text.rfind("\n", 0, at) + 1

    def line_end(self, at: int) -> int:
        """Behind the line break, or the end."""
        found = self.text.find("\n", at)
        return len(self.text) if found < 0 else found + 1

    def column(self, at: int) -> int:
        return at - self.line_start(at)

    def is_first(self, at: int) -> bool:
        """Whether nothing stands before it on its line."""
        return not self.text[self.line_start(at) : at].strip()

    def with_comments(self, at: int, least: int) -> int:
        """Where the lines begin that belong to what stands at `at`: its own, and comments right above it."""
        start = self.line_start(at)
        while start > least:
            above = self.line_start(start - 1)
            if above < least or not self.text[above:start].lstrip().startswith("#"):
                break
            start = above
        return start

    def line(self, at: int, text: str) -> _Edit:
        """A line, or several, put in at the beginning of one."""
        broken = at == len(self.text) and not self.text.endswith("\n")
        return _Edit(at, at, ("\n" if broken else "") + text + ("" if broken else "\n"))


def _into(node: _Node, wanted: Any, edits: list[_Edit], at: _Writing, path: Path, flow: bool = False) -> None:  # noqa: FBT001, FBT002  (a recursion)
    if node.said() == wanted:
        return
    try:
        if node.fields and isinstance(wanted, Mapping) and wanted:
            _fields(node, wanted, edits, at, path)
            return
        if node.items and isinstance(wanted, list) and wanted:
            _items(node, wanted, edits, at, path)
            return
    except _AsAWhole:
        pass
    edits.append(_anew(node, wanted, at, path, flow=flow))


def _anew(node: _Node, wanted: Any, at: _Writing, path: Path, *, flow: bool) -> _Edit:
    plain = node.fields is None and node.items is None
    if plain and not isinstance(wanted, Mapping | list) and node.end > node.slot and node.start >= node.slot:
        return _Edit(node.start, node.end, _again(node, wanted, at, flow=flow))
    if flow:
        return _Edit(max(node.start, node.slot), node.end, _flow(wanted, at.order, path))
    first = len(at.text[at.line_start(node.slot) : node.slot]) - len(
        at.text[at.line_start(node.slot) : node.slot].lstrip()
    )
    return _Edit(node.slot, node.end, _value(wanted, first, at.order, path))


def _again(node: _Node, wanted: str | None, at: _Writing, *, flow: bool) -> str:
    """A text in the place of another one, written as that was."""
    if node.style in {"|", ">"} and wanted:
        indent = " " * (len(_indent_of(at.text, node.slot)) + 2)
        if node.style == ">" and "\n" not in wanted:
            lines = textwrap.wrap(wanted, WIDTH - len(indent), break_long_words=False, break_on_hyphens=False)
            if lines and "  " not in wanted:
                return ">-\n" + "\n".join(indent + line for line in lines)
        return _literal(wanted, len(indent))
    if node.style in {'"', "'"} and wanted is not None:
        return json.dumps(wanted, ensure_ascii=False)
    return _scalar(wanted, flow=flow, column=len(_indent_of(at.text, node.slot)))


def _indent_of(text: str, at: int) -> str:
    line = text[text.rfind("\n", 0, at) + 1 :]
    return line[: len(line) - len(line.lstrip(" -"))].replace("-", " ")


def _fields(node: _Node, wanted: Mapping[str, Any], edits: list[_Edit], at: _Writing, path: Path) -> None:
    there = node.fields or {}
    kept = [name for name in there if name in wanted]
    new = [name for name in wanted if name not in there]
    if node.flow:
        _flow_fields(node, wanted, edits, at, path)
        return
    if not kept:
        raise _AsAWhole
    mine: list[_Edit] = []
    for name in kept:
        _into(there[name], wanted[name], mine, at, (*path, name))
    names = list(there)
    for number, name in enumerate(names):
        if name in wanted:
            continue
        start, end = node.keys[name], at.line_end(there[name].end)
        if at.is_first(start):
            least = at.line_end(there[names[number - 1]].end) if number else at.line_start(start)
            mine.append(_Edit(at.with_comments(start, least), end, ""))
        elif number + 1 < len(names):
            mine.append(_Edit(start, node.keys[names[number + 1]], ""))
        else:
            raise _AsAWhole
    column = at.column(node.keys[names[0]])
    for before, name in _placed(new, kept, at.order(path)):
        text = " " * column + name + ":" + _value(wanted[name], column, at.order, (*path, name))
        if before is None:
            first = node.keys[kept[0]]
            mine.append(_Edit(first, first, text.lstrip(" ") + "\n" + " " * column))
        else:
            mine.append(at.line(at.line_end(there[before].end), text))
    edits += mine


def _placed(new: Sequence[str], kept: Sequence[str], order: Sequence[str]) -> list[tuple[str | None, str]]:
    """Behind which of those that are there each new field stands; None = before all of them."""
    rank = {name: number for number, name in enumerate(order)}
    placed = []
    for name in sorted(new, key=lambda one: rank.get(one, len(rank))):
        mine = rank.get(name, len(rank))
        earlier = [one for one in kept if rank.get(one, len(rank)) < mine]
        placed.append((earlier[-1] if earlier else None if name in rank else kept[-1], name))
    return placed


def _flow_fields(node: _Node, wanted: Mapping[str, Any], edits: list[_Edit], at: _Writing, path: Path) -> None:
    there = node.fields or {}
    if set(there) == set(wanted):
        for name, child in there.items():
            _into(child, wanted[name], edits, at, (*path, name), flow=True)
        return
    rank = {name: number for number, name in enumerate(at.order(path))}
    kept = [name for name in there if name in wanted]
    names = list(kept)
    for before, name in _placed([one for one in wanted if one not in there], kept, list(rank)):
        names.insert(0 if before is None else names.index(before) + 1, name)
    parts = []
    for name in names:
        if name in there:
            inner: list[_Edit] = []
            _into(there[name], wanted[name], inner, at, (*path, name), flow=True)
            parts.append(_applied(at.text, inner, node.keys[name], there[name].end).strip())
        else:
            parts.append(f"{name}: {_flow(wanted[name], at.order, (*path, name))}")
    edits.append(_Edit(node.start, node.end, "{" + ", ".join(parts) + "}"))


def _items(node: _Node, wanted: list[Any], edits: list[_Edit], at: _Writing, path: Path) -> None:
    items = node.items or []
    said = [one.said() for one in items]
    pairs = _paired(said, wanted)
    if node.flow:
        parts = []
        for number, (one, old) in enumerate(zip(wanted, pairs, strict=True)):
            if old is None:
                parts.append(_flow(one, at.order, (*path, number)))
            else:
                inner: list[_Edit] = []
                _into(items[old], one, inner, at, (*path, number), flow=True)
                parts.append(_applied(at.text, inner, items[old].start, items[old].end))
        edits.append(_Edit(node.start, node.end, "[" + ", ".join(parts) + "]"))
        return
    if not all(at.is_first(dash) for dash in node.dashes):
        raise _AsAWhole
    column = at.column(node.dashes[0])
    flow = bool(items) and all(one.fields is not None and one.flow for one in items)
    # What stands between two of them stays between them: blank lines, and comments that belong to neither.
    ends = [at.line_end(one.end) for one in items]
    bounds = [
        at.with_comments(node.dashes[0], at.line_end(node.slot)),
        *(at.with_comments(dash, end) for dash, end in zip(node.dashes[1:], ends, strict=False)),
    ]
    gaps = [at.text[ends[number] : bounds[number + 1]] for number in range(len(items) - 1)] + [""]
    olds = [old for old in pairs if old is not None]
    if olds == sorted(olds):
        _in_order(items, wanted, pairs, (bounds, ends, column), edits, at, path, flow=flow)
        return
    chunks = []
    for number, (one, old) in enumerate(zip(wanted, pairs, strict=True)):
        if old is None:
            chunks.append(_dashed(one, column, at.order, (*path, number), flow=flow) + "\n")
            continue
        inner = []
        _into(items[old], one, inner, at, (*path, number))
        chunk = _applied(at.text, inner, bounds[old], ends[old])
        chunks.append(chunk if chunk.endswith("\n") else chunk + "\n")
    text = "".join(chunk + (gaps[number] if number < len(gaps) else "") for number, chunk in enumerate(chunks))
    edits.append(_Edit(bounds[0], ends[-1], text))


def _in_order(
    items: list[_Node],
    wanted: list[Any],
    pairs: list[int | None],
    where: tuple[list[int], list[int], int],
    edits: list[_Edit],
    at: _Writing,
    path: Path,
    *,
    flow: bool,
) -> None:
    bounds, ends, column = where
    kept = {old for old in pairs if old is not None}
    if not kept:
        raise _AsAWhole
    edits.extend(_Edit(bounds[old], ends[old], "") for old in range(len(items)) if old not in kept)
    place = bounds[min(kept)]
    for number, (one, old) in enumerate(zip(wanted, pairs, strict=True)):
        if old is None:
            edits.append(at.line(place, _dashed(one, column, at.order, (*path, number), flow=flow)))
        else:
            _into(items[old], one, edits, at, (*path, number))
            place = ends[old]


def _paired(said: Sequence[Any], wanted: Sequence[Any]) -> list[int | None]:
    """Which of those that are there each of the wanted ones is: by its id, by what it says, else by its place."""
    pairs: list[int | None] = [None] * len(wanted)
    free = set(range(len(said)))
    for alike in (_same_id, lambda one, other: one == other):
        for number, one in enumerate(wanted):
            if pairs[number] is None:
                found = next((old for old in sorted(free) if alike(said[old], one)), None)
                if found is not None:
                    pairs[number] = found
                    free.discard(found)
    if len(said) == len(wanted):
        for number, pair in enumerate(pairs):
            if pair is None and number in free:
                pairs[number] = number
                free.discard(number)
    return pairs


def _same_id(one: Any, other: Any) -> bool:
    return any(
        isinstance(one, Mapping) and isinstance(other, Mapping) and one.get(key) and one.get(key) == other.get(key)
        for key in _ID_KEYS
    )


# How something new is written ----------------------------------------------------------------------------------------


def _value(wanted: Any, column: int, order: Order, path: Path) -> str:
    """What stands behind a colon or a dash, the blank or the line break before it included."""
    if isinstance(wanted, Mapping | list):
        short = _flow(wanted, order, path)
        nested = any(isinstance(one, Mapping) for one in (wanted if isinstance(wanted, list) else wanted.values()))
        if not wanted or (not nested and len(short) + column <= _SHORT):
            return f" {short}"
        if isinstance(wanted, list):
            return "".join(
                "\n" + _dashed(one, column + 2, order, (*path, number), flow=_is_flat(one))
                for number, one in enumerate(wanted)
            )
        return _block(wanted, column + 2, order, path)
    said = _scalar(wanted, flow=False, column=column)
    return f" {said}" if said else ""


def _block(wanted: Mapping[str, Any], column: int, order: Order, path: Path) -> str:
    return "".join(
        f"\n{' ' * column}{name}:{_value(wanted[name], column, order, (*path, name))}"
        for name in _sorted(wanted, order(path))
    )


def _sorted(wanted: Mapping[str, Any], order: Sequence[str]) -> list[str]:
    rank = {name: number for number, name in enumerate(order)}
    return sorted(wanted, key=lambda one: rank.get(one, len(rank)))


def _dashed(wanted: Any, column: int, order: Order, path: Path, *, flow: bool) -> str:
    """An entry of a list, without the line break behind it."""
    if isinstance(wanted, Mapping) and wanted:
        short = _flow(wanted, order, path)
        if flow and _is_flat(wanted) and len(short) + column + 2 <= WIDTH and "\\n" not in short:
            return f"{' ' * column}- {short}"
        return f"{' ' * column}- {_block(wanted, column + 2, order, path).lstrip()}"
    return f"{' ' * column}-{_value(wanted, column, order, path)}"


def _is_flat(wanted: Any) -> bool:
    return isinstance(wanted, Mapping) and not any(isinstance(one, Mapping | list) for one in wanted.values())


def _flow(wanted: Any, order: Order, path: Path) -> str:
    if isinstance(wanted, Mapping):
        parts = [f"{one}: {_flow(wanted[one], order, (*path, one))}" for one in _sorted(wanted, order(path))]
        return "{" + ", ".join(parts) + "}"
    if isinstance(wanted, list):
        return "[" + ", ".join(_flow(one, order, (*path, number)) for number, one in enumerate(wanted)) + "]"
    return _scalar(wanted, flow=True, column=0)


def _scalar(wanted: str | None, *, flow: bool, column: int) -> str:
    if wanted is None:
        return "null"
    if "\n" in wanted and not flow:
        return _literal(wanted, column + 2)
    plain = _PLAIN.fullmatch(wanted) is not None and wanted not in NOTHING
    if plain or (wanted and not flow and read(f"a: {wanted}").value == {"a": wanted}):
        return wanted
    return json.dumps(wanted, ensure_ascii=False)


def _literal(wanted: str, column: int) -> str:
    """A text of several lines as it is; in quotation marks where blanks at its ends would be lost."""
    if wanted != wanted.strip() or any(line != line.rstrip() for line in wanted.split("\n")):
        return json.dumps(wanted, ensure_ascii=False)
    return "|-\n" + "\n".join((" " * column + line) if line else "" for line in wanted.split("\n"))
