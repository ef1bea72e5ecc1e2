"""Batches of records as they come packed: how large they are when they are unpacked, found out without unpacking them.

The broker bounds what a batch weighs packed. A few thousand bytes of zstd may be a hundred megabytes: who unpacks that
is dead before it can say so, and again after each start. Format: Kafka's documentation, "Record Batch" (version 2).
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import cramjam

LARGEST = 8 * 1024 * 1024
"""Twice what a topic takes packed. A reader goes on within a second of this much, not of much more."""
MOST = 100_000
"""Records in a batch, which are all read at once; LARGEST is room for no more events, which have at least 160 bytes."""
HEADER = "kafka-batch"

_RECORD_BYTES = 200
"""What a record takes as an object, whatever is in it."""
_BATCH = struct.Struct(">qiibIhiqqqhii")
_LENGTH_AT, _LENGTH_FROM = 8, 12
_VERSION_AT, _VERSION = 16, 2
_CODEC = 0b111
_NAMES = {0: "not compressed", 1: "gzip", 2: "snappy", 3: "lz4", 4: "zstd"}
_FIRST_TRY = 64 * 1024
_LARGER = 8
_XERIAL = b"\x82SNAPPY\0"
_XERIAL_HEAD = 16


@dataclass(frozen=True, slots=True)
class Packed:
    """A batch that is left as it came, in the place of its records. The names are those of aiokafka's records."""

    offset: int
    """Of its last record: whoever has this one has all of them."""
    timestamp: int
    value: bytes
    headers: Sequence[tuple[str, bytes]]
    timestamp_type: int = 0
    key: bytes | None = None
    checksum: int | None = None


class Look(NamedTuple):
    """How much a batch will take in memory, about; `left`: it stays packed."""

    size: int
    left: Packed | None


def end_of(data: bytes | memoryview, start: int) -> int:
    """Where the batch ends that begins there."""
    length: int = struct.unpack_from(">i", data, start + _LENGTH_AT)[0]
    return start + _LENGTH_FROM + length


def look_at(batch: memoryview) -> Look:
    """It stays packed if it has more than MOST records, unpacks to more than LARGEST, or not at all."""
    if batch[_VERSION_AT] != _VERSION:
        # No broker of today's sends another one.
        return Look(len(batch), None)
    base, _, _, _, _, attributes, last, _, newest, _, _, _, count = _BATCH.unpack_from(batch)
    name = _NAMES.get(attributes & _CODEC, "unknown codec")
    packed = batch[_BATCH.size :]
    size = _unpacked(name, packed)
    if size is not None and count <= MOST:
        return Look(size + count * _RECORD_BYTES, None)
    left = Packed(base + last, newest, bytes(packed), [(HEADER, f"{name}, {count} records".encode())])
    return Look(len(packed), left)


def _unpacked(name: str, packed: memoryview) -> int | None:
    """In bytes; None = more than LARGEST, or it cannot be unpacked."""
    match name:
        case "not compressed":
            return len(packed)
        case "gzip":
            return _unpacked_gzip(packed)
        case "snappy":
            return _unpacked_snappy(packed)
        case "lz4":
            return _unpacked_in_tries(cramjam.lz4, packed)
        case "zstd":
            return _unpacked_in_tries(cramjam.zstd, packed)
    return None


def _unpacked_in_tries(codec: Any, packed: memoryview) -> int | None:
    """It does not say how large it is: the room is made larger until it fits."""
    size = _FIRST_TRY + _LARGER * len(packed)
    while True:
        size = min(size, LARGEST)
        try:
            found: int = codec.decompress_into(packed, bytearray(size))
        except cramjam.DecompressionError:
            if size == LARGEST:
                return None
        else:
            return found
        size *= _LARGER


def _unpacked_gzip(packed: memoryview) -> int | None:
    # No producer writes several members; each of millions would be copied.
    member = zlib.decompressobj(wbits=31)
    try:
        size = len(member.decompress(packed, LARGEST + 1))
    except zlib.error:
        return None
    return size if size <= LARGEST and member.eof and not member.unused_data else None


def _unpacked_snappy(packed: memoryview) -> int | None:
    """Each block says how large it is; what Java writes has several, each with its length before it."""
    try:
        if packed[: len(_XERIAL)] != _XERIAL:
            whole: int = cramjam.snappy.decompress_raw_len(packed)
            return whole if whole <= LARGEST else None
        at, size = _XERIAL_HEAD, 0
        while at < len(packed) and size <= LARGEST:
            (length,) = struct.unpack_from(">i", packed, at)
            at += 4
            if length <= 0 or at + length > len(packed):
                return None
            size += cramjam.snappy.decompress_raw_len(packed[at : at + length])
            at += length
    except (cramjam.DecompressionError, struct.error):
        return None
    return size if size <= LARGEST else None
