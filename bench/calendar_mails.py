"""Calendar mails: from a letter as it is stored to the bytes that go to the mail server, on one core."""

from __future__ import annotations

import resource
import statistics
import time

from bench.harness import Row
from services.notifications.adapters.composer import Composer
from services.notifications.adapters.messages import as_stored
from services.notifications.adapters.texts import Words
from services.notifications.domain.calendar import Mailbox
from services.notifications.domain.letter import Letter
from services.notifications.domain.samples import calendar_letters
from shared.storage.tx import Cause

TARGET = 300
ROUNDS = 7
EACH = 40
MANY = 10_000
_BY_HAND = Cause("", None, None)


def run() -> list[Row]:
    """Mails per second of CPU, over all kinds in turn; and what 10,000 of them leave behind in memory."""
    composer = Composer(Words("https://tovholder.example"), Mailbox("", ""))
    letters = tuple(calendar_letters().values())
    write(composer, letters, 1)
    runs = []
    for _ in range(ROUNDS):
        begun = time.process_time()
        count = write(composer, letters, EACH)
        runs.append(count / (time.process_time() - begun))
    rate = statistics.median(runs)
    before = _kilobytes()
    count = write(composer, letters, -(-MANY // len(letters)))
    grown = _kilobytes() - before
    return [
        Row(
            "calendar mails",
            rate,
            "mails/s",
            target=f"≥ {TARGET}/s per core",
            reached=rate >= TARGET,
            note=f"letter to bytes; {count:,} more: {grown / 1024:.1f} MB",
            runs=runs,
        )
    ]


def write(composer: Composer, letters: tuple[Letter, ...], times: int) -> int:
    """Each letter so many times; how many mails."""
    for _ in range(times):
        for letter in letters:
            assert composer.mail(as_stored(letter, _BY_HAND)).content
    return times * len(letters)


def _kilobytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
