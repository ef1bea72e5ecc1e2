"""What any producer may write and aiokafka cannot read: names of headers that are no text, and batches that unpack to
more than a process should hold.

Its parser decodes the names strictly; one record with another one made every fetch of its partition fail, for good. The
fast parser is asked first. A batch that it gives up is parsed again by aiokafka's parser in Python, which decodes what
we hand it: bytes that are no UTF-8 stand in the name as `\\xff`.

A batch that would be too large is handed on as it came, in one record (`packed.py`), which becomes a dead letter.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from aiokafka.consumer import fetcher
from aiokafka.errors import CorruptRecordException
from aiokafka.record.default_records import _DefaultRecordBatchPy
from aiokafka.record.memory_records import MemoryRecords, _MemoryRecordsPy

from shared.messaging.packed import LARGEST, end_of, look_at


class _Name(bytearray):
    def decode(self, *_: Any) -> str:
        return bytes(self).decode("utf-8", "backslashreplace")


class _Buffer(bytearray):
    def __getitem__(self, at: Any) -> Any:
        found = super().__getitem__(at)
        return _Name(found) if isinstance(found, bytearray) else found


class _Batch:
    """Of aiokafka, as its fetcher knows it."""

    def __init__(self, of: Records, batch: Any, data: bytes, number: int, start: int) -> None:
        self._of = of
        self._batch = batch
        self._data = data
        self._number = number
        self._start = start

    def __getattr__(self, name: str) -> Any:
        return getattr(self._batch, name)

    def __iter__(self) -> Iterator[Any]:
        whole = memoryview(self._data)[self._start : end_of(self._data, self._start)]
        size, left = look_at(whole)
        self._of.given += size
        if left is not None:
            return iter([left])
        try:
            # All of them before the first is given out: none is given out twice.
            records = list(self._batch)
        except (CorruptRecordException, UnicodeDecodeError):
            records = list(self._again())
        return iter(records)

    def _again(self) -> Any:
        batches = _MemoryRecordsPy(self._data)
        for _ in range(self._number):
            batches.next_batch()
        slice_ = batches._next_slice  # noqa: SLF001  (there is no other way to its bytes)
        batch = _DefaultRecordBatchPy(slice_)
        batch._maybe_uncompress()  # noqa: SLF001
        batch._buffer = _Buffer(batch._buffer)  # noqa: SLF001
        return batch


class Records:
    """The batches of one answer to a fetch, so many that they take LARGEST: then it is as if it held no more, and the
    others are fetched again. Five hundred that are small packed would be gigabytes at once.
    """

    def __init__(self, data: bytes) -> None:
        self.given = 0
        self._data = data
        self._records = MemoryRecords(data)
        self._number = 0
        self._start = 0

    def size_in_bytes(self) -> int:
        size: int = self._records.size_in_bytes()
        return size

    def has_next(self) -> bool:
        more: bool = self.given < LARGEST and self._records.has_next()
        return more

    def next_batch(self) -> _Batch:
        batch = _Batch(self, self._records.next_batch(), self._data, self._number, self._start)
        self._number += 1
        self._start = end_of(self._data, self._start)
        return batch


def read_any_name() -> None:
    """From now on every consumer of this process reads such records."""
    fetcher.MemoryRecords = Records
