"""A programme file becomes a published programme."""

from __future__ import annotations

from pathlib import Path

from services.enrollment.usecases.publish_programme import PublishProgramme, publish_programme
from services.enrollment.usecases.read_programmes import read_programmes
from shared.base.answers import Answer
from shared.contracts.enrollment import ProgrammeChanged, ProgrammePublished
from shared.storage.tx import transaction
from tests.support.enrollment_desk import AARHUS, HVIDOVRE, KOEBENHAVN, P1, Desk, programme_text, sign_up

MIGRATIONS = Path(__file__).parents[3] / "services" / "enrollment" / "migrations"
OPENED_AGAIN = (MIGRATIONS / "0005_programmes_without_a_capacity.sql").read_text(encoding="utf-8")


async def test_a_programme_is_published_once(desk: Desk) -> None:
    assert (await desk.publish())["outcome"] == "published"
    assert (await desk.publish())["outcome"] == "unchanged"
    (fact,) = await desk.told()
    assert isinstance(fact, ProgrammePublished)
    assert fact.terms.terms.fees[0].amount_ore == 1_950_000
    assert (await desk.read(read_programmes))["programmes"][0]["programme_id"] == P1


async def test_a_higher_version_is_a_change(desk: Desk) -> None:
    await desk.publish()
    await desk.told()
    newer = (
        programme_text().replace("version: 1", "version: 2").replace("closes_days_before: 3", "closes_days_before: 5")
    )
    assert (await desk.publish(newer))["outcome"] == "changed"
    (fact,) = await desk.told()
    assert isinstance(fact, ProgrammeChanged)
    assert (fact.terms.ref.version, fact.terms.terms.registration_closes_days) == (2, 5)


async def test_a_programme_without_a_capacity_takes_the_next_one_in_after_a_change(desk: Desk) -> None:
    await desk.has_enrolled(AARHUS)
    await desk.publish(programme_text().replace("version: 1", "version: 2"))
    (answer,) = await desk.enrol(sign_up(HVIDOVRE))
    assert isinstance(answer, Answer), answer

    # As an earlier version left such a programme; the same file opens it, at the start of this one.
    async with transaction(desk.pool, desk, "test") as tx:
        await tx.execute("UPDATE programmes SET hard_capacity = taken")
        await tx.execute(OPENED_AGAIN)
    (answer,) = await desk.enrol(sign_up(KOEBENHAVN))
    assert isinstance(answer, Answer), answer


async def test_other_content_under_the_same_version_is_refused(desk: Desk) -> None:
    await desk.publish()
    other = programme_text().replace("closes_days_before: 3", "closes_days_before: 5")
    refused = await desk.refusal(publish_programme, PublishProgramme(file=other))
    assert refused.code == "version_not_higher"


async def test_a_wrong_weekday_is_refused_with_its_line_until_a_person_has_chosen(desk: Desk) -> None:
    refused = await desk.refusal(publish_programme, PublishProgramme(file=programme_text("gode-overgange")))
    assert refused.code == "programme_not_publishable"
    assert [error["code"] for error in refused.extra["errors"]] == ["weekday_mismatch"]  # type: ignore[index,union-attr]
    assert await desk.told() == []


async def test_another_systems_programme_is_not_published_here(desk: Desk) -> None:
    foreign = programme_text().replace("enrolments: /tovholder/enrollment", "enrolments: /kl/crm")
    assert (await desk.refusal(publish_programme, PublishProgramme(file=foreign))).code == "other_owner"


async def test_an_invoice_series_stays_with_its_first_seller(desk: Desk) -> None:
    await desk.publish()
    await desk.told()
    text = programme_text().replace("id: netvaerk-kommunal-ungeindsats", "id: andet")
    same_seller = await desk.publish(text)
    assert same_seller["outcome"] == "published"
    other = text.replace("id: andet", "id: tredje").replace('"90000012"', '"99000112"')
    refused = await desk.refusal(publish_programme, PublishProgramme(file=other))
    assert refused.code == "programme_not_publishable"
    (error,) = refused.extra["errors"]  # type: ignore[misc,union-attr]
    line = text.splitlines().index("  invoice_series: ungenetvaerk") + 1
    assert (error["code"], error["field"].split(":")[1]) == ("series_taken", str(line))  # type: ignore[call-overload,index]
    assert "CVR 90000012 (netvaerk-kommunal-ungeindsats)" in error["detail"]  # type: ignore[call-overload,index]
    own = other.replace("invoice_series: ungenetvaerk", "invoice_series: tredje")
    assert (await desk.publish(own))["outcome"] == "published"


async def test_a_series_that_a_programme_has_left_is_still_its_sellers(desk: Desk) -> None:
    await desk.publish()
    moved = programme_text().replace("version: 1", "version: 2").replace("series: ungenetvaerk", "series: nyt")
    await desk.publish(moved)
    other = programme_text().replace("id: netvaerk-kommunal-ungeindsats", "id: andet")
    refused = await desk.refusal(publish_programme, PublishProgramme(file=other.replace('"90000012"', '"99000112"')))
    assert refused.code == "programme_not_publishable"
