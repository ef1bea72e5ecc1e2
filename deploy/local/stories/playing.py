"""`tovholder play`: stories from files, one after another on one installation, and what came of each."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from rich.console import Console
from rich.status import Status
from rich.text import Text

from deploy.local.datadir import Ports
from deploy.local.stories import report
from deploy.local.stories.checking import Checked, check_file
from deploy.local.stories.player import Played, broken
from deploy.local.stories.reading import ENDINGS, UnreadableError
from deploy.local.stories.theatre import NotEmptiedError, Theatre
from shared.contracts.danish import clock, short_day
from shared.contracts.time import COPENHAGEN, day_of

ROOM_FOR_SPINNER = 4
_ENDINGS = " eller ".join(ENDINGS)
AS_EXPECTED, OTHERWISE, UNREADABLE = 0, 1, 2


def run(
    files: Sequence[Path],
    console: Console,
    ports: Ports = "auto",
    *,
    data_dir: Path | None = None,
    junit: Path | None = None,
    as_json: Path | None = None,
) -> int:
    """The exit status. Nothing is started unless every story can be read."""
    checked, wrong = _read(files)
    if wrong:
        for error in wrong:
            console.print(error, style="red", markup=False, highlight=False, soft_wrap=True)
        return UNREADABLE
    with _folder(data_dir) as folder, _shown(console) as status:
        played = asyncio.run(_play(checked, folder, ports, console, status))
    for file, text in ((junit, report.as_junit(played)), (as_json, report.as_json(played))):
        if file is not None:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
    console.print(report.sentence(played))
    if data_dir is not None:
        console.print(f"Se den sidste: ./tovholder demo --look --data-dir {data_dir}", soft_wrap=True)
    return AS_EXPECTED if all(one.holds for one in played) else OTHERWISE


def _read(files: Sequence[Path]) -> tuple[list[Checked], list[str]]:
    """The stories, and what is wrong with those that cannot be read and with folders that hold none."""
    checked: list[Checked] = []
    wrong: list[str] = []
    for named in files:
        found = _stories(named)
        if not found:
            wrong.append(f"{named}: I mappen ligger ingen historier. Der er ledt efter filer, der ender på {_ENDINGS}.")
        for file in found:
            try:
                checked.append(check_file(file))
            except UnreadableError as error:
                wrong.append(str(error))
    return checked, wrong


def _stories(named: Path) -> list[Path]:
    """A folder stands for the stories in it."""
    return sorted(file for file in named.iterdir() if file.suffix in ENDINGS) if named.is_dir() else [named]


async def _play(
    stories: Sequence[Checked], folder: Path, ports: Ports, console: Console, status: Status | None
) -> list[Played]:
    played: list[Played] = []
    shown = 0
    async with Theatre(folder, ports, on_step=status.update if status else lambda _step: None) as theatre:
        for one in stories:
            title = one.story.story

            async def show(now: datetime, what: str, title: str = title) -> None:
                if status is not None:
                    there = now.astimezone(COPENHAGEN)
                    said = f"{title}: {short_day(day_of(now))} kl. {clock(there.time())}  {what}"
                    status.update(Text(said[: console.width - ROOM_FOR_SPINNER]))

            try:
                played.append(await theatre.play(one, notice=show))
            except NotEmptiedError as error:
                played += [Played(rest, ended=f"Den blev ikke spillet. {error}") for rest in stories[len(played) :]]
            except Exception as error:  # whatever it is, what the other stories came to must still be told
                if not theatre.started:
                    raise
                played.append(Played(one, ended=broken(error)))
            for each in played[shown:]:
                report.show(console, each)
            shown = len(played)
            if shown == len(stories):
                break
    return played


@contextmanager
def _folder(named: Path | None) -> Iterator[Path]:
    """Where the installation lives; nothing is left of one that nobody named."""
    if named is not None:
        yield named
        return
    with tempfile.TemporaryDirectory(prefix="tovholder-play-", ignore_cleanup_errors=True) as made:
        yield Path(made) / "data"


@contextmanager
def _shown(console: Console) -> Iterator[Status | None]:
    """What is going on, where somebody watches."""
    if not console.is_terminal:
        yield None
        return
    with console.status("Starter") as status:
        yield status
