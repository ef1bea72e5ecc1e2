"""Batches of records as they come packed: how large they are when they are unpacked, found out without unpacking them.

The broker bounds what a batch weighs packed. A few thousand bytes of zstd may be a hundred megabytes: who unpacks that
is dead before it can say so, and again after each start. Format: Kafka's documentation, "Record Batch" (version 2).
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import cramjam

LARGEST = 16 * 1024 * 1024
"""Four times what a topic takes unpacked. A reader goes on within a second or two of this much, not of much more."""
MOST = 100_000
"""Records in a batch, which are all read at once; LARGEST is room for no more events, which have at least 160 bytes."""
HEADER = "kafka-batch"

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


def end_of(data: bytes | memoryview, start: int) -> int:
    """Where the batch ends that begins there."""
    length: int = struct.unpack_from(">i", data, start + _LENGTH_AT)[0]
    return start + _LENGTH_FROM + length


def left_packed(batch: memoryview) -> Packed | None:
    """The batch as it came, if it has more than MOST records or unpacks to more than LARGEST, or not at all; None = its
    records can be read.
    """
    if batch[_VERSION_AT] != _VERSION:
        # No broker of today's sends another one.
        return None
    base, _, _, _, _, attributes, last, _, newest, _, _, _, count = _BATCH.unpack_from(batch)
    name = _NAMES.get(attributes & _CODEC)
    packed = batch[_BATCH.size :]
    if name is None or (count <= MOST and _fits(name, packed)):
        return None
    return Packed(base + last, newest, bytes(packed), [(HEADER, f"{name}, {count} records".encode())])


def _fits(name: str, packed: memoryview) -> bool:
    match name:
        case "not compressed":
            return True
        case "gzip":
            return _fits_gzip(packed)
        case "snappy":
            return _fits_snappy(packed)
    codec = cramjam.lz4 if name == "lz4" else cramjam.zstd
    size = _FIRST_TRY + _LARGER * len(packed)
    while True:
        size = min(size, LARGEST)
        try:
            codec.decompress_into(packed, bytearray(size))
        except cramjam.DecompressionError:
            if size == LARGEST:
                return False
        else:
            return True
        size *= _LARGER


def _fits_gzip(packed: memoryview) -> bool:
    # No producer writes several members; each of millions would be copied.
    member = zlib.decompressobj(wbits=31)
    try:
        size = len(member.decompress(packed, LARGEST + 1))
    except zlib.error:
        return False
    return size <= LARGEST and member.eof and not member.unused_data


def _fits_snappy(packed: memoryview) -> bool:
    """Each block says how large it is; what Java writes has several, each with its length before it."""
    try:
        if packed[: len(_XERIAL)] != _XERIAL:
            return bool(cramjam.snappy.decompress_raw_len(packed) <= LARGEST)
        at, size = _XERIAL_HEAD, 0
        while at < len(packed) and size <= LARGEST:
            (length,) = struct.unpack_from(">i", packed, at)
            at += 4
            if length <= 0 or at + length > len(packed):
                return False
            size += cramjam.snappy.decompress_raw_len(packed[at : at + length])
            at += length
    except (cramjam.DecompressionError, struct.error):
        return False
    return size <= LARGEST
