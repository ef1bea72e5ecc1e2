"""What comes again is the newest of its kind, wherever it lies on the topics."""

from __future__ import annotations

from typing import Any

from deploy.local.stories.hands import to_come_again
from deploy.local.stories.log import Told


def told(time: str | None, *, partition: int = 0, offset: int = 0, **data: Any) -> Told:
    return Told("t", partition, None, None, (), {"time": time, "data": data}, offset)


OLD = told("2020-06-02T07:00:00Z", partition=3, offset=9, id=1)
NEW = told("2020-06-02T10:00:00+02:00", partition=0, offset=1, id=2)
NEWER = told("2020-06-02T10:00:00+02:00", partition=0, offset=2, id=3)
NEVER = told(None, partition=9, offset=99, id=4)


def test_the_newest_comes_again_whichever_was_read_last() -> None:
    assert to_come_again([NEWER, NEW, OLD, NEVER], None) == [NEWER]
    assert to_come_again([NEW, OLD], None) == [NEW]
    assert to_come_again([], None) == []


def test_all_that_fit_come_again_oldest_first() -> None:
    assert to_come_again([NEWER, NEW, OLD, NEVER], {}) == [NEVER, OLD, NEW, NEWER]
    assert to_come_again([NEWER, NEW, OLD], {"id": {"at_most": 2}}) == [OLD, NEW]
