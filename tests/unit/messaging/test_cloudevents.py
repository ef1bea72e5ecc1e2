"""Whatever bytes a record has, reading it gives an arrival and never an exception."""

from __future__ import annotations

import gc
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.base.cause import Cause
from shared.base.cloudevents import Arrival, Reader, passed_on, written
from shared.contracts.invoicing import InvoiceRejected
from shared.contracts.scheduling import MeetingScheduled
from shared.messaging.records import StoredRecord, headers_from_json, headers_to_json
from tests.support.facts import FACT_EXAMPLES, cloud_event

READER = Reader({InvoiceRejected.type: InvoiceRejected})
DATA = {"owner": "/tovholder/invoicing", "invoice_id": "F-1", "reason": "x"}
EVENT: dict[str, Any] = {
    "specversion": "1.0",
    "id": "1",
    "source": "/tovholder/invoicing",
    "type": InvoiceRejected.type,
    "subject": "invoice/F-1",
    "time": "2020-06-01T12:00:00+02:00",
    "data": DATA,
}


def read(value: bytes | None, *headers: tuple[str, bytes | None]) -> Arrival:
    return READER.read(StoredRecord("t", 0, 7, 1_590_000_000_000, None, value, headers))


def reason(value: bytes | None, *headers: tuple[str, bytes | None]) -> str | None:
    defect = read(value, *headers).defect
    return defect.reason if defect else None


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
headers = st.lists(
    st.tuples(
        st.sampled_from(["ce_id", "ce_type", "ce_source", "ce_time", "ce_sequence", "content-type", "other", ""]),
        st.none()
        | st.binary(max_size=20)
        | st.sampled_from([b"1.0", InvoiceRejected.type.encode(), b"application/json"]),
    ),
    max_size=8,
)


@given(value=st.none() | st.binary(max_size=200), given_headers=headers)
def test_any_bytes_are_read(value: bytes | None, given_headers: list[tuple[str, bytes | None]]) -> None:
    arrival = read(value, *given_headers)
    assert (arrival.data is None) or (arrival.defect is None)


@given(changed=st.dictionaries(st.sampled_from([*EVENT, "sequence", "actor", "correlationid"]), json_values))
def test_any_json_in_any_attribute_is_read(changed: dict[str, Any]) -> None:
    arrival = read(json.dumps({**EVENT, **changed}).encode("utf-8", "surrogatepass"))
    if arrival.data is not None:
        assert arrival.defect is None
        assert arrival.received().cause.causation_id == arrival.id
    if arrival.stream is not None and arrival.defect is None:
        assert arrival.time is not None


@pytest.mark.parametrize(
    ("sequence", "found"),
    [("7", 7), (7, 7), ("007", 7), (None, None), ("seven", None), (str(2**63 - 1), 2**63 - 1)],
)
def test_a_sequence_is_digits_in_text_or_a_number(sequence: object, found: int | None) -> None:
    arrival = read(json.dumps({**EVENT, "sequence": sequence}).encode())
    assert arrival.sequence == found
    assert arrival.data is not None


@pytest.mark.parametrize("sequence", ["9" * 5000, 10**30, -1, str(2**63)])
def test_a_sequence_that_no_table_can_hold_is_a_defect(sequence: object) -> None:
    assert reason(json.dumps({**EVENT, "sequence": sequence}).encode()) == "bad_envelope"


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (None, "no_value"),
        (b"", "no_value"),
        (b"{", "bad_json"),
        (b"\xff\xfe", "bad_json"),
        (b"\xef\xbb\xbf" + json.dumps(EVENT).encode(), "bad_json"),
        (b'{"a":' * 10_000, "bad_json"),
        (b"[]", "bad_envelope"),
        (json.dumps({**EVENT, "specversion": "0.3"}).encode(), "bad_envelope"),
        (json.dumps({**EVENT, "id": "a\x00b"}).encode(), "bad_envelope"),
        (json.dumps({**EVENT, "time": "2020-06-01T12:00:00"}).encode(), "bad_envelope"),
        (json.dumps({**EVENT, "time": "0001-01-01T00:00:00+14:00"}).encode(), "bad_envelope"),
        (json.dumps({**EVENT, "data": None}).encode(), "bad_data"),
        (json.dumps({**EVENT, "type": "tovholder.invoicing.InvoiceRejected.v2"}).encode(), "unsupported"),
        (json.dumps({**EVENT, "type": "tovholder.invoicing.Unknown.v2"}).encode(), None),
    ],
)
def test_what_is_wrong_is_named(value: bytes | None, found: str | None) -> None:
    assert reason(value) == found


def test_of_a_repeated_key_the_last_value_counts_in_both_ways_of_reading() -> None:
    text = json.dumps({**EVENT, "data": {**DATA, "reason": "first"}})
    twice = text.replace('"reason": "first"', '"reason": "first", "reason": "last"')
    quick, slow = read(twice.encode()), read(twice.replace('"type"', '"\\u0074ype"').encode())
    assert isinstance(quick.data, InvoiceRejected)
    assert quick.data == slow.data
    assert quick.data.reason == "last"


def test_a_type_named_inside_the_data_does_not_mislead_the_reader() -> None:
    event = {
        "data": {**DATA, "type": "tovholder.invoicing.Unknown.v1"},
        **{k: v for k, v in EVENT.items() if k != "data"},
    }
    assert read(json.dumps(event).encode()).data is not None
    event = {"data": {"type": InvoiceRejected.type}, **{k: v for k, v in EVENT.items() if k not in {"data", "type"}}}
    arrival = read(json.dumps({**event, "type": "tovholder.invoicing.Unknown.v1"}).encode())
    assert arrival.type == "tovholder.invoicing.Unknown.v1"
    assert arrival.data is None
    assert arrival.defect is None


BINARY = [
    ("ce_specversion", b"1.0"),
    ("ce_id", b"1"),
    ("ce_source", b"/crm"),
    ("ce_type", InvoiceRejected.type.encode()),
    ("ce_subject", b"invoice/F-1"),
    ("ce_sequence", b"3"),
]


def test_binary_mode_reads_headers_and_passes_over_those_of_others() -> None:
    arrival = read(json.dumps(DATA).encode(), *BINARY, ("trace", None), ("trace", b"\xff"))
    assert isinstance(arrival.data, InvoiceRejected)
    assert (arrival.source, arrival.sequence) == ("/crm", 3)
    assert arrival.time is not None
    assert arrival.time.timestamp() == 1_590_000_000


@pytest.mark.parametrize("bad", [("ce_id", b"2"), ("ce_time", None), ("ce_actor", b"\xff")])
def test_an_ambiguous_or_unreadable_ce_header_is_a_defect(bad: tuple[str, bytes | None]) -> None:
    assert reason(json.dumps(DATA).encode(), *BINARY, bad) == "bad_header"


def test_what_is_wrong_with_data_is_said_without_its_values() -> None:
    event = {**EVENT, "data": {"owner": 5, "invoice_id": ["Hemmelig Hansen"], "Hemmelig Hansen": 1}}
    defect = read(json.dumps(event).encode()).defect
    assert defect is not None
    assert defect.detail == "owner: string_type; invoice_id: string_type; reason: missing"


@given(st.lists(st.tuples(st.text(), st.none() | st.binary())))
def test_headers_are_kept_byte_for_byte(given_headers: list[tuple[str, bytes | None]]) -> None:
    assert headers_from_json(headers_to_json(given_headers)) == tuple(given_headers)


WORDS = st.text(st.characters(exclude_categories=("Cc", "Cs")), min_size=1, max_size=255)


@given(
    *(WORDS, WORDS, WORDS, st.one_of(st.none(), WORDS), st.one_of(st.none(), WORDS)),
    st.integers(0, 2**63 - 1),
    st.datetimes(datetime(1900, 1, 1), datetime(2299, 12, 31), timezones=st.just(UTC)),  # noqa: DTZ001
)
def test_what_we_write_we_read(
    event_id: str,
    source: str,
    correlation: str,
    causation: str | None,
    actor: str | None,
    sequence: int,
    moment: datetime,
) -> None:
    cause = Cause(correlation, causation, actor)
    head, tail = written(event_id, source, InvoiceRejected.type, "invoice/F-1", moment, cause)

    arrival = read(head + str(sequence).encode() + tail + json.dumps(DATA).encode() + b"}")

    assert arrival.defect is None
    assert (arrival.id, arrival.source, arrival.subject) == (event_id, source, "invoice/F-1")
    assert (arrival.sequence, arrival.time) == (sequence, moment)
    assert (arrival.correlation_id, arrival.causation_id, arrival.actor) == (correlation, causation, actor)


@given(WORDS, WORDS, WORDS)
def test_what_we_pass_on_we_read(event_id: str, source: str, subject: str) -> None:
    now = datetime(2020, 6, 1, tzinfo=UTC)
    sender_says = {"specversion": "1.0", "id": event_id, "source": source, "type": InvoiceRejected.type, "data": DATA}

    arrival = read(passed_on(sender_says | {"actor": "somebody else"}, subject, now, Cause("c", None, "token/crm")))

    assert arrival.defect is None
    assert (arrival.id, arrival.source, arrival.subject, arrival.time) == (event_id, source, subject, now)
    assert arrival.actor == "token/crm"


def test_nothing_of_an_event_is_kept_that_a_rule_of_ours_refused() -> None:
    """Python's collector does not see into pydantic's errors: whoever keeps one keeps all that led to it, for good."""
    (example,) = [one for one in FACT_EXAMPLES if isinstance(one, MeetingScheduled)]
    scheduled = cloud_event(example, sequence=None)
    scheduled["data"]["meeting"]["when"]["starts_at"] = "0001-01-01T00:00:00Z"
    reader = Reader({scheduled["type"]: MeetingScheduled})
    record = StoredRecord("t", 0, 7, 1_590_000_000_000, None, json.dumps(scheduled).encode(), ())
    gc.collect()
    before = _arrivals()
    for _ in range(3):
        arrival = reader.read(record)
        assert arrival.defect is not None
        assert arrival.defect.detail.startswith("meeting.when.starts_at: value_error")
        assert [error.field for error in arrival.invalid] == ["meeting.when.starts_at"]
        del arrival
    gc.collect()
    assert _arrivals() == before


def _arrivals() -> int:
    return sum(isinstance(one, Arrival) for one in gc.get_objects())
