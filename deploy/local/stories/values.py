"""What a step's texts mean when it is done: earlier answers, the turn of a loop, ids by the keys that people know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from deploy.local.stories.client import Client
from deploy.local.stories.pages import CannotDoError
from deploy.local.stories.paths import select
from deploy.local.stories.reading import Trail
from deploy.local.stories.references import LOOKUPS, Sought, UnknownReferenceError, lookups_in, resolve


@dataclass(frozen=True, slots=True)
class Here:
    """Which step is being done: its place in the file, its turns in loops, the names that loops give, and by whom."""

    trail: Trail
    turns: tuple[int, ...] = ()
    names: Mapping[str, Any] = field(default_factory=dict)
    by: str | None = None

    @property
    def key(self) -> str:
        """The same in every play, and of this step alone."""
        return ".".join(map(str, (*self.trail, *(f"n{turn}" for turn in self.turns))))

    @property
    def place(self) -> tuple[Any, ...]:
        """In the order of the story: by where it stands, then by the turns of its loops."""
        return self.trail, self.turns

    def inside(self, *parts: str | int) -> Here:
        return Here((*self.trail, *parts), self.turns, self.names, self.by)

    def done_by(self, by: str) -> Here:
        return Here(self.trail, self.turns, self.names, by)

    def turn(self, number: int, name: str, item: Any) -> Here:
        return Here(self.trail, (*self.turns, number), {**self.names, name: item}, self.by)


class Memory:
    """What steps have been answered, by the names they gave it, and which ids were found."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._names: dict[str, Any] = {}
        self._ids: dict[Sought, str] = {}

    async def remember(self, name: str | None, answer: Any, here: Here) -> None:
        """Under this name, in which the turn of a loop may stand."""
        if name is not None:
            self._names[await self.text(name, here)] = answer

    async def text(self, value: str, here: Here) -> str:
        return str(await self.resolved(value, here))

    async def resolved(self, value: Any, here: Here) -> Any:
        """The same with every reference replaced. Raises CannotDoError for one that leads nowhere."""
        names = {**self._names, **here.names}
        try:
            for sought in lookups_in(value, names):
                if sought not in self._ids:
                    self._ids[sought] = await self._look_up(sought)
            return resolve(value, names, self._ids)
        except UnknownReferenceError as unknown:
            raise CannotDoError(str(unknown)) from None

    async def _look_up(self, sought: Sought) -> str:
        word, key = sought
        lookup = LOOKUPS[word]
        programme, _, inner = key.rpartition("/")
        rows = (await self._client.get(lookup.path))[lookup.rows]
        found = [
            row for row in rows if select(row, lookup.key) == [inner] and programme in ("", row.get("programme_id"))
        ]
        if len(found) == 1:
            return str(found[0][lookup.id])
        if found:
            raise CannotDoError(f"Der er mere end {lookup.noun} med nøglen {key}. Skriv forløb/{inner}.")
        keys = ", ".join(sorted({str(select(row, lookup.key)[0]) for row in rows}))
        raise CannotDoError(f"Der er ikke {lookup.noun} med nøglen {key}. Der er: {keys or 'ingen'}.")
