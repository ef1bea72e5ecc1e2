"""When a programme file becomes a published programme, and when a later one takes its place."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from services.enrollment.domain.address_book import Entry
from services.enrollment.domain.forbehold import LAPSE
from services.enrollment.domain.invitation import INVITATION
from services.enrollment.domain.programme import Programme
from services.enrollment.domain.publication import draft, publish, require_own_series, too_late
from services.enrollment.domain.waiting_list import PLACES
from shared.contracts.decision import Alarm
from shared.contracts.enrollment import ProgrammeChanged, ProgrammePublished
from shared.contracts.parties import Organisation
from shared.contracts.programme import CapacityTerm, EnrolmentPlan, ProgrammeTerms, Terms
from shared.contracts.refusal import Refused
from tests.support import facts

US = "/tovholder/enrollment"
NOW = datetime(2020, 6, 1, 8, tzinfo=UTC)
TEXT = (Path(__file__).parents[3] / "programmes" / "netvaerk-kommunal-ungeindsats.yaml").read_text(encoding="utf-8")


def terms(version: int = 1, owner: str = US, places: int | None = 12) -> ProgrammeTerms:
    plan = EnrolmentPlan(
        who="municipalities",
        how="sign_up",
        invite_on=date(2020, 6, 15),
        capacity=CapacityTerm(usual=places, hard=places) if places else None,
    )
    return ProgrammeTerms(ref=facts.a_programme("p", version=version, owner=owner), enrolment=plan, terms=Terms())


def test_the_first_version_is_published_and_its_round_armed() -> None:
    decided = publish(None, terms(), US, NOW)
    assert decided.after == Programme(terms(), hard=12)
    assert decided.facts == (ProgrammePublished(owner=US, terms=terms()),)
    due = datetime(2020, 6, 15, 7, tzinfo=UTC)
    assert decided.alarms == tuple(
        Alarm(timer, "p", at, {"programme_id": "p"}) for timer, at in ((INVITATION, due), (PLACES, None), (LAPSE, None))
    )


def test_a_higher_version_takes_its_place_and_the_places_given_stay_given() -> None:
    current = Programme(terms(), taken=7, hard=12, next_number=9)
    decided = publish(current, terms(2, places=8), US, NOW)
    assert decided.after == Programme(terms(2, places=8), taken=7, hard=8, next_number=9)
    assert decided.facts == (ProgrammeChanged(owner=US, terms=terms(2, places=8)),)
    assert publish(current, terms(2, places=5), US, NOW).after.hard == 7


def test_what_holds_by_now_is_not_written_over_by_whoever_looked_before() -> None:
    current = Programme(terms(2), hard=12)
    with pytest.raises(Refused) as refused:
        publish(current, terms(3, places=8), US, NOW, seen=1)
    assert (refused.value.code, refused.value.status, refused.value.extra["version"]) == (
        "published_meanwhile",
        409,
        2,
    )
    with pytest.raises(Refused) as low:
        publish(current, terms(2, places=8), US, NOW, seen=0)
    assert low.value.code == "published_meanwhile", "rather than that its version is too low"
    assert publish(current, terms(3), US, NOW, seen=2).facts
    assert not publish(current, terms(2), US, NOW, seen=1).facts, "the same again is no change, whatever was seen"
    assert publish(None, terms(), US, NOW, seen=0).facts


def test_a_programme_without_a_capacity_stays_open_however_often_it_is_published() -> None:
    current = Programme(terms(places=None), taken=7, hard=None)
    assert publish(current, terms(2, places=None), US, NOW).after.hard is None
    assert publish(Programme(terms(), taken=7, hard=12), terms(2, places=None), US, NOW).after.hard is None


def test_the_same_again_changes_nothing() -> None:
    current = Programme(terms(), taken=7, hard=12)
    decided = publish(current, terms(), US, NOW)
    assert (decided.after, decided.facts) == (current, ())


def test_other_content_needs_a_higher_version() -> None:
    with pytest.raises(Refused, match="version_not_higher"):
        publish(Programme(terms(2)), terms(1), US, NOW)
    with pytest.raises(Refused, match="version_not_higher"):
        publish(Programme(terms()), terms(places=5), US, NOW)


def test_another_systems_programme_is_published_there() -> None:
    with pytest.raises(Refused, match="other_owner"):
        publish(None, terms(owner="/kl/crm"), US, NOW)


def test_a_file_with_errors_is_refused_with_each_at_its_line() -> None:
    with pytest.raises(Refused) as refused:
        draft(TEXT.replace("version: 1", "version: en"), ())
    line = TEXT.splitlines().index("version: 1") + 1
    (error,) = refused.value.extra["errors"]
    assert (refused.value.code, error["field"], error["code"]) == (
        "programme_not_publishable",
        f"file:{line}:10",
        "bad_value",
    )


def test_municipalities_are_counted_where_the_book_knows_their_region() -> None:
    assert draft(TEXT, ()).terms.ref.id == "netvaerk-kommunal-ungeindsats"
    nowhere = Entry(Organisation(code="1", name="Et hus"))
    assert draft(TEXT, [nowhere]).terms == draft(TEXT, ()).terms
    one = Entry(Organisation(code="0751", name="Aarhus Kommune", region="Region Midtjylland", cvr="55133018"))
    with pytest.raises(Refused, match="programme_not_publishable"):
        draft(TEXT, [one])


def test_a_series_is_one_sellers() -> None:
    new = draft(TEXT, ())
    require_own_series(new, new.terms.ref.seller.cvr, "et andet forløb")
    with pytest.raises(Refused) as refused:
        require_own_series(new, "99000112", "et andet forløb")
    (error,) = refused.value.extra["errors"]
    assert (error["code"], "CVR 99000112 (et andet forløb)" in error["detail"]) == ("series_taken", True)


def test_a_day_that_has_gone_by_is_said() -> None:
    assert too_late(terms(), NOW) == ()
    (said,) = too_late(terms(), datetime(2020, 6, 15, 22, tzinfo=UTC))
    assert "15. juni 2020" in said
    without = terms().enrolment.model_copy(update={"invite_on": None})
    assert too_late(terms().model_copy(update={"enrolment": without}), NOW) == ()
