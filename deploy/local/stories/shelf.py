"""The stories that come with the product: files in `stories/`, and programs there that write one while it is played."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from deploy.local.errors import StackError
from deploy.local.locations import ROOT
from deploy.local.stories.checking import Checked, check_file, check_story
from deploy.local.stories.player import Telling
from deploy.local.stories.theatre import callers

SHELF = ROOT / "stories"


@dataclass(frozen=True, slots=True)
class Tale:
    """A story, and what tells it if it is not told by its own steps."""

    checked: Checked
    telling: Callable[[], Telling] | None = None
    callers: tuple[str, ...] = ()
    """By whom something is done, as far as that is known beforehand; the others ask as the installation."""

    def begin(self) -> Telling | None:
        return self.telling() if self.telling else None


def of_programme(programme_id: str, shelf: Path = SHELF) -> Tale:
    """A programme's whole life: `<id>.yaml`, or `<id>.py` with underscores, which has STORY and `telling()`, and
    may have CALLERS: everybody who is a `by` in it.

    Raises StackError when there is none, and UnreadableError when it cannot be played.
    """
    written = shelf / f"{programme_id}.yaml"
    if written.exists():
        checked = check_file(written)
        return Tale(checked, callers=tuple(callers(checked.story)))
    program = shelf / f"{programme_id.replace('-', '_')}.py"
    if not program.exists():
        raise StackError(
            f"Der er ingen historie om {programme_id} i {shelf}. Der er: {', '.join(programmes(shelf)) or 'ingen'}."
        )
    spec = importlib.util.spec_from_file_location(f"stories.{program.stem}", program)
    if spec is None or spec.loader is None:
        raise StackError(f"{program} kan ikke læses.")
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return Tale(check_story(module.STORY, str(program), shelf), module.telling, tuple(getattr(module, "CALLERS", ())))


def programmes(shelf: Path = SHELF) -> list[str]:
    """Ids of the programmes that have a story."""
    known = {file.stem for file in (ROOT / "programmes").glob("*.yaml")}
    return sorted(known & {file.stem.replace("_", "-") for kind in ("*.yaml", "*.py") for file in shelf.glob(kind)})
