"""What other producers may tell: how it is read, and how an event is held against it."""

from __future__ import annotations

import json

import pytest
from structlog.testing import capture_logs

from deploy.local import producers
from deploy.local.errors import StackError
from shared.base.cloudevents import Arrival
from shared.contracts.enrollment import MunicipalityEnrolled
from shared.messaging.grants import Grant, Granted, beside, topic_from
from shared.messaging.records import StoredRecord

ENROLLMENT, INTAKE = "tovholder.enrollment", "tovholder.intake"
ENROLLED, LAPSED = MunicipalityEnrolled.type, "tovholder.enrollment.EnrolmentLapsed.v1"
PAY = "tovholder.invoicing.RegisterPayment.v1"
CRM = Grant(producer="crm", topics=(ENROLLMENT,), may=(ENROLLED,), sources=("/crm", "/crm/test"))
BANK = Grant(producer="bank", topics=(INTAKE,), may=("intake",), sources=("/bank",))


def arrival(source: str | None, kind: str = ENROLLED, *, offset: int = 0, partition: int = 0) -> Arrival:
    record = StoredRecord("", partition, offset, 0, None, b"", ())
    return Arrival(record, source=source, id="1", type=kind)


def granted(*grants: Grant, closed: dict[str, list[int]] | None = None) -> Granted:
    found = Granted()
    for grant in grants:
        found = found.after(f"producer/{grant.producer}", grant.model_dump_json().encode())
    for topic, offsets in (closed or {}).items():
        found = found.after(f"plain/{topic}", json.dumps(offsets).encode())
    return found


@pytest.mark.parametrize(
    ("topic", "source", "kind", "said"),
    [
        (f"{ENROLLMENT}.from.crm", "/crm", ENROLLED, None),
        (f"{ENROLLMENT}.from.crm", "/crm/test", ENROLLED, None),
        (f"{ENROLLMENT}.from.crm", "/tovholder/enrollment", ENROLLED, "source"),
        (f"{ENROLLMENT}.from.crm", "/bank", ENROLLED, "source"),
        (f"{ENROLLMENT}.from.crm", "/crm", LAPSED, "type"),
        (f"{ENROLLMENT}.from.crm", None, ENROLLED, None),
        (f"{ENROLLMENT}.from.bank", "/bank", ENROLLED, "nothing here"),
        (f"{ENROLLMENT}.from.nobody", "/nobody", ENROLLED, "nothing here"),
        (f"{INTAKE}.from.bank", "/bank", PAY, None),
        (f"{INTAKE}.from.bank", "/crm", PAY, "source"),
        (f"{INTAKE}.from.crm", "/crm", PAY, "nothing here"),
        (ENROLLMENT, "/crm", ENROLLED, "its own service"),
        (ENROLLMENT, "/tovholder/scheduling", ENROLLED, "its own service"),
        (ENROLLMENT, "/tovholder/enrollment", ENROLLED, None),
        (INTAKE, "/anybody", PAY, None),
    ],
)
def test_a_topic_takes_what_was_granted_to_who_may_write_there(
    topic: str, source: str | None, kind: str, said: str | None
) -> None:
    refused = granted(CRM, BANK, closed={ENROLLMENT: [0] * 12}).refuses(topic, arrival(source, kind))
    assert (refused is None) == (said is None)
    if refused is not None and said is not None:
        assert refused.reason == "not_granted"
        assert said in refused.detail


def test_what_others_told_on_a_plain_topic_before_it_was_closed_is_believed_still() -> None:
    known = granted(closed={ENROLLMENT: [7, 0]})
    assert known.refuses(ENROLLMENT, arrival("/crm", offset=6)) is None
    for late in (arrival("/crm", offset=7), arrival("/crm", partition=1), arrival("/crm", partition=2)):
        assert known.refuses(ENROLLMENT, late) is not None
    assert Granted().refuses(ENROLLMENT, arrival("/crm")) is None


def test_no_grant_makes_anybody_one_of_our_services() -> None:
    bold = Grant(producer="bold", topics=(ENROLLMENT,), may=("enrollment",), sources=("/tovholder/enrollment",))
    topic = topic_from(ENROLLMENT, "bold")
    assert granted(bold).refuses(topic, arrival("/tovholder/enrollment")) is not None


def test_the_newest_record_holds_and_what_cannot_be_read_grants_nothing() -> None:
    first = granted(CRM, BANK)
    assert first.topics([ENROLLMENT, "tovholder.scheduling"]) == [f"{ENROLLMENT}.from.crm"]
    assert first.topics([ENROLLMENT, INTAKE]) == [f"{ENROLLMENT}.from.crm", f"{INTAKE}.from.bank"]
    wider = CRM.model_copy(update={"may": ("enrollment",)})
    assert granted(CRM, wider).refuses(f"{ENROLLMENT}.from.crm", arrival("/crm", LAPSED)) is None
    assert set(first.after("producer/crm", None).producers) == {"bank"}
    with capture_logs() as logs:
        for value in (b"{", b"{}", CRM.model_dump_json().encode().replace(b'"crm"', b'"other"', 1)):
            assert set(first.after("producer/crm", value).producers) == {"bank"}
        closed = first.after(f"plain/{ENROLLMENT}", b'"all"')
    assert [one["event"] for one in logs] == ["grant_unreadable"] * 4
    assert closed.refuses(ENROLLMENT, arrival("/crm", offset=0)) is not None
    assert first.after("something/else", b"{}") == first


def test_a_grant_of_words_lies_beside_the_topics_that_they_belong_on() -> None:
    made = producers.grant("crm", ["scheduling", ENROLLED, PAY])
    assert made.topics == (ENROLLMENT, INTAKE, "tovholder.scheduling")
    assert made.sources == ("/crm",)
    assert [beside(topic) for topic in made.own_topics] == [(topic, "crm") for topic in made.topics]


@pytest.mark.parametrize(
    ("name", "may", "source", "said"),
    [
        ("CRM", ["intake"], "/crm", "et navn har"),
        ("crm.", ["intake"], "/crm", "et navn har"),
        ("crm", [], "/crm", "mindst én"),
        ("crm", ["tovholder.enrollment.Nothing.v1"], "/crm", "docs/events.md"),
        ("crm", ["intake"], "/tovholder/enrollment", "vore egne"),
        ("crm", ["intake"], "/cr\nm", "styretegn"),
        ("crm", ["intake"], "", "højst 255"),
    ],
)
def test_a_word_that_says_nothing_is_named(name: str, may: list[str], source: str, said: str) -> None:
    with pytest.raises(StackError, match=said):
        producers.grant(name, may, [source])
