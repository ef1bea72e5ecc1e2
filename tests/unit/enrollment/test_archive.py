"""Papers come to their archive before anybody in them is erased; what was changed since has not come there."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.enrollment.domain.archive import Archived, Stood, record, require_archived, what_stays
from services.enrollment.domain.papers import in_words
from services.enrollment.domain.programme import Programme
from shared.contracts.enrollment import ProgrammeArchived
from shared.contracts.refusal import Refused
from tests.support.facts import OWNER, PROGRAMME_TERMS

NOW = datetime(2021, 6, 1, 8, tzinfo=UTC)
P3 = Stood("p3", "Ungepartnerskabet", "Prøveby Kommune", archives=True, changed_at=NOW)
ARCHIVED = Archived(NOW, "0" * 64, 12)
PROGRAMME = Programme(PROGRAMME_TERMS)
HOURS = st.integers(-100, 100).map(lambda hours: NOW + timedelta(hours=hours))


@given(HOURS, st.none() | HOURS, st.booleans())
def test_only_what_was_read_after_the_last_change_is_in_the_archive(
    changed: datetime,
    read: datetime | None,
    archives: bool,  # noqa: FBT001  (drawn)
) -> None:
    stood = replace(P3, archives=archives, changed_at=changed, read_at=read)
    if not archives or (read is not None and read >= changed):
        assert require_archived([stood]) == []
    else:
        with pytest.raises(Refused) as refused:
            require_archived([stood])
        assert (refused.value.code, refused.value.extra["programmes"]) == ("archive_first", ["p3"])


def test_a_refusal_names_each_programme_and_no_other() -> None:
    others = (replace(P3, programme_id="p1", archives=False), replace(P3, programme_id="p2", read_at=NOW))
    with pytest.raises(Refused, match="archive_first") as refused:
        require_archived([*others, P3, replace(P3, programme_id="p4", title="Et andet")])
    assert refused.value.extra["programmes"] == ["p3", "p4"]
    assert "Ungepartnerskabet, Et andet" in refused.value.detail


def test_staff_may_decide_that_a_person_weighs_more_and_say_why() -> None:
    for because in ("", "  \n"):
        with pytest.raises(Refused) as refused:
            require_archived([P3], also_unarchived=True, reason=because)
        assert (refused.value.code, refused.value.field) == ("reason_missing", "reason")
    assert require_archived([P3], also_unarchived=True, reason="Adressen er beskyttet.") == [P3]
    assert require_archived([replace(P3, read_at=NOW)], also_unarchived=True) == [], "no reason is needed for nothing"


def test_what_stays_is_said_of_those_who_stand_somewhere_and_of_each_archive_that_has_them() -> None:
    assert what_stays([]) == []
    (topics,) = what_stays([P3])
    assert "90 dage" in topics
    copy, topics = what_stays([replace(P3, read_at=NOW), replace(P3, programme_id="p4")])
    assert "Ungepartnerskabet" in copy
    assert "Prøveby Kommune, som de stod den tirsdag den 1. juni 2021" in copy


def test_an_archive_is_recorded_once() -> None:
    first = record(PROGRAMME, ARCHIVED, (), OWNER, NOW)
    (fact,) = first.facts
    assert isinstance(fact, ProgrammeArchived)
    assert (fact.programme, fact.read_at, fact.sha256, fact.files) == (PROGRAMME.ref, NOW, "0" * 64, 12)
    again = record(PROGRAMME, ARCHIVED, (ARCHIVED,), OWNER, NOW)
    assert (again.after, again.facts) == (None, ())
    later = replace(ARCHIVED, read_at=NOW + timedelta(hours=1))
    assert record(PROGRAMME, later, (ARCHIVED,), OWNER, NOW + timedelta(hours=1)).after == later


@pytest.mark.parametrize(
    ("wanted", "source", "code"),
    [
        (replace(ARCHIVED, read_at=NOW + timedelta(seconds=1)), OWNER, "read_in_future"),
        (replace(ARCHIVED, sha256="A" * 64), OWNER, "not_a_sha256"),
        (replace(ARCHIVED, sha256="0" * 63), OWNER, "not_a_sha256"),
        (ARCHIVED, "/somebody-else", "other_owner"),
    ],
)
def test_what_cannot_be_is_not_recorded(wanted: Archived, source: str, code: str) -> None:
    with pytest.raises(Refused) as refused:
        record(PROGRAMME, wanted, (), source, NOW)
    assert refused.value.code == code


def test_an_archive_reads_words_and_no_codes() -> None:
    assert in_words("state", "lapsed") == "Bortfaldet"
    assert in_words("forbehold", "refused") == "ikke godkendt"
    assert in_words("move", "took_over") == "overtog pladsen"
    assert in_words("order", "something of a later version") == "something of a later version"
