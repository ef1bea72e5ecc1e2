"""A batch that unpacks to more than a process should hold is known by its packed bytes, whatever packed it."""

from __future__ import annotations

import gzip
import struct

import cramjam
import pytest
from aiokafka.record.default_records import DefaultRecordBatchBuilder

from shared.messaging.lenient import Records
from shared.messaging.packed import HEADER, LARGEST, MOST, end_of, look_at

CODECS = {1: "gzip", 2: "snappy", 3: "lz4", 4: "zstd"}
LARGE = LARGEST + 1


def batch(codec: int, *values: bytes) -> bytes:
    builder = DefaultRecordBatchBuilder(
        magic=2, compression_type=codec, is_transactional=0, producer_id=-1, producer_epoch=-1, base_sequence=-1,
        batch_size=10**9,
    )  # fmt: skip
    for number, value in enumerate(values):
        builder.append(number, timestamp=number, key=b"k", value=value, headers=[])
    return bytes(builder.build())


def with_records(codec: int, packed: bytes) -> memoryview:
    """A batch that holds these bytes as its records."""
    head = bytearray(batch(0, b"x")[:61])
    struct.pack_into(">i", head, 8, 61 - 12 + len(packed))
    struct.pack_into(">h", head, 21, codec)
    return memoryview(bytes(head) + packed)


@pytest.mark.parametrize("codec", [0, *CODECS])
def test_what_is_not_too_large_is_read_as_ever(codec: int) -> None:
    sent = [b"a", b"b" * 2_000_000, bytes(range(256)) * 4_000, b""]
    data = batch(codec, *sent) + batch(codec, b"next")
    records, found = Records(data), []
    while records.has_next():
        found += [record.value for record in records.next_batch()]
    assert found == [*sent, b"next"]


@pytest.mark.parametrize("codec", CODECS)
def test_what_is_too_large_stands_packed_in_the_place_of_its_last_record_and_the_next_batch_is_read(codec: int) -> None:
    large = batch(codec, b"a", b"x" * LARGE)
    assert len(large) < LARGEST / 8
    records = Records(large + batch(codec, b"next"))
    (packed,) = records.next_batch()
    assert (packed.offset, packed.timestamp, packed.value) == (1, 1, large[61:])
    assert packed.headers == [(HEADER, f"{CODECS[codec]}, 2 records".encode())]
    (record,) = records.next_batch()
    assert record.value == b"next"
    assert not records.has_next()


@pytest.mark.parametrize("codec", [0, *CODECS])
def test_a_batch_of_more_records_than_events_would_fit_into_it_is_left_packed_too(codec: int) -> None:
    """A million empty ones weigh a few bytes each, and hundreds of megabytes once each is an object."""
    many = batch(codec, *[b""] * (MOST + 1))
    assert len(many) < 2_000_000
    (packed,) = Records(many).next_batch()
    assert (packed.offset, packed.value) == (MOST, many[61:])


def test_of_many_batches_that_are_small_packed_a_few_are_read_at_a_time_and_none_is_left_out() -> None:
    """As aiokafka does: when an answer is at its end the next one begins where it got to."""
    sent = [batch(4, bytes([number]) * (LARGEST // 4 * 3)) for number in range(10)]
    rounds, found = 0, []
    while len(found) < len(sent):
        records = Records(b"".join(sent[len(found) :]))
        some = []
        while records.has_next():
            some += [record.value[:1] for record in records.next_batch()]
        assert len(some) <= 2
        rounds, found = rounds + 1, found + some
    assert (rounds, found) == (5, [bytes([number]) for number in range(10)])


def test_a_batch_of_as_many_records_as_a_batch_may_have_is_read() -> None:
    assert len(list(Records(batch(4, *[b""] * MOST)).next_batch())) == MOST


HIDDEN = {
    "unknown": (7, b"of a codec that nobody knows"),
    "gzip of two members": (1, gzip.compress(b"x", mtime=0) + gzip.compress(b"y" * LARGE, mtime=0)),
    "gzip cut off": (1, gzip.compress(b"x" * 100, mtime=0)[:-9]),
    "snappy of less than nothing": (2, b"\x82SNAPPY\0" + bytes(8) + struct.pack(">i", -4)),
    "snappy cut off": (2, b"\x82SNAPPY\0" + bytes(8) + struct.pack(">i", 900) + b"x"),
    "lz4 of two frames": (3, bytes(cramjam.lz4.compress(b"x")) + bytes(cramjam.lz4.compress(b"y" * LARGE))),
    "zstd of two frames": (4, bytes(cramjam.zstd.compress(b"x")) + bytes(cramjam.zstd.compress(b"y" * LARGE))),
    **{f"{CODECS[codec]} junk": (codec, b"no such thing") for codec in (1, 3, 4)},
    **{f"{CODECS[codec]} of nothing": (codec, b"") for codec in (1, 3, 4)},
}


@pytest.mark.parametrize(("codec", "packed"), HIDDEN.values(), ids=HIDDEN)
def test_what_hides_its_size_or_unpacks_to_nothing_is_left_packed(codec: int, packed: bytes) -> None:
    whole = with_records(codec, packed)
    assert end_of(whole, 0) == len(whole)
    found = look_at(whole).left
    assert found is not None
    assert found.value == packed
