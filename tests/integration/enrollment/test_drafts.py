"""A form that somebody has begun is kept as it stands, found by its mailed link alone, and gone when it is sent."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime, timedelta

import pytest

from services.enrollment.adapters.forgetting import DRAFTS
from services.enrollment.domain.draft import DRAFT_DAYS
from services.enrollment.domain.sign_up import MAILS_FOR_ONE_CALLER
from services.enrollment.usecases.read_draft import read_draft
from services.enrollment.usecases.receive_sign_up import ReceiveSignUp, receive_sign_up
from services.enrollment.usecases.save_draft import SaveDraft, save_draft
from shared.contracts.enrollment import EnrolmentReceived, SignUpDraftSaved
from shared.contracts.refusal import Refused
from shared.storage.retention import keep_to
from shared.storage.tx import transaction
from tests.integration.enrollment.test_team import chosen
from tests.support.enrollment_desk import AARHUS, CAUSE, P1, Desk, sign_up
from tests.support.enrollment_web import Town

TYPED = {"organisation_code": AARHUS, "contact_email": "karen@k0751.example", "billing.ean": "ikke færdig"}


def saving(draft_id: str = "", revision: int = 0, **more: str) -> SaveDraft:
    return SaveDraft(programme_id=P1, typed={**TYPED, **more}, draft_id=draft_id, revision=revision, caller="192.0.2.1")


async def begun(desk: Desk) -> SignUpDraftSaved:
    await desk.ask(save_draft, saving())
    (fact,) = await desk.told()
    assert isinstance(fact, SignUpDraftSaved)
    return fact


async def found(desk: Desk, fact: SignUpDraftSaved) -> dict[str, str] | None:
    async with transaction(desk.pool, desk, desk.source, CAUSE, desk.links) as tx:
        seen = await read_draft(tx, fact.draft_path.rpartition("/")[2])
    assert seen is not None
    assert seen.programme_id == P1
    return dict(seen.draft.typed) if seen.draft else None


async def test_a_draft_is_kept_as_it_was_typed_and_its_link_is_mailed_once(desk: Desk) -> None:
    await desk.publish()
    await desk.told()
    fact = await begun(desk)
    assert (fact.contact.email, fact.contact.name) == (TYPED["contact_email"], "")
    assert await found(desk, fact) == TYPED
    desk.time += timedelta(days=3)
    await desk.ask(save_draft, saving(fact.draft_id, 1, contact_name="Karen"))
    assert await found(desk, fact) == {**TYPED, "contact_name": "Karen"}
    assert await desk.told() == []
    assert await desk.pool.fetchval("SELECT count(*) FROM enrolments") == 0
    assert await desk.pool.fetchval("SELECT count(*) FROM people") == 0


async def test_a_draft_that_was_saved_elsewhere_meanwhile_is_not_overwritten(desk: Desk) -> None:
    await desk.publish()
    await desk.told()
    fact = await begun(desk)
    await desk.ask(save_draft, saving(fact.draft_id, 1, contact_name="Karen"))
    refused = await desk.refusal(save_draft, saving(fact.draft_id, 1, contact_name="Kurt"))
    assert (refused.code, refused.status) == ("draft_changed", 409)
    assert await found(desk, fact) == {**TYPED, "contact_name": "Karen"}


async def test_a_draft_is_of_one_programme(desk: Desk) -> None:
    await desk.publish()
    await desk.publish(chosen())
    await desk.told()
    fact = await begun(desk)
    for other in ("gode-overgange", "findes-ikke"):
        wish = saving(fact.draft_id, 1, contact_name="Karen").model_copy(update={"programme_id": other})
        assert (await desk.refusal(save_draft, wish)).code == "unknown_programme"
    assert await found(desk, fact) == TYPED


async def test_of_two_who_save_at_once_one_is_told(desk: Desk) -> None:
    await desk.publish()
    await desk.told()
    fact = await begun(desk)
    done = await asyncio.gather(
        *(desk.ask(save_draft, saving(fact.draft_id, 1, contact_name=name)) for name in ("Karen", "Kurt")),
        return_exceptions=True,
    )
    assert sorted(one.code if isinstance(one, Refused) else "saved" for one in done) == ["draft_changed", "saved"]
    assert await desk.pool.fetchval("SELECT revision FROM drafts") == 2


async def test_a_draft_is_gone_when_it_is_sent_and_not_when_it_is_refused(desk: Desk) -> None:
    await desk.publish()
    await desk.told()
    fact = await begun(desk)
    wrong = ReceiveSignUp(form=sign_up(contact_name=" "), draft_id=fact.draft_id)
    assert (await desk.refusal(receive_sign_up, wrong)).code == "invalid_name"
    assert await found(desk, fact) == TYPED
    await desk.ask(receive_sign_up, ReceiveSignUp(form=sign_up(), draft_id=fact.draft_id))
    assert [type(one) for one in await desk.told()] == [EnrolmentReceived]
    assert await found(desk, fact) is None
    refused = await desk.refusal(save_draft, saving(fact.draft_id, 1))
    assert (refused.code, refused.status) == ("draft_gone", 410)


async def test_a_draft_is_forgotten_a_month_after_it_was_saved(desk: Desk) -> None:
    await desk.publish()
    await desk.told()
    fact = await begun(desk)
    desk.time += timedelta(days=DRAFT_DAYS)
    assert await found(desk, fact) == TYPED
    desk.time += timedelta(days=1)
    assert await found(desk, fact) is None
    assert (await desk.refusal(save_draft, saving(fact.draft_id, 1))).code == "draft_gone"
    await keep_to(DRAFTS, desk.pool)
    assert await desk.pool.fetchval("SELECT count(*) FROM drafts") == 1
    await desk.pool.execute("UPDATE drafts SET stored_at = now() - make_interval(days => $1)", DRAFT_DAYS + 2)
    await keep_to(DRAFTS, desk.pool)
    assert await desk.pool.fetchval("SELECT count(*) FROM drafts") == 0


async def test_links_to_drafts_fill_no_mailbox_and_take_no_form_its_mail(desk: Desk) -> None:
    await desk.publish()
    for _ in range(MAILS_FOR_ONE_CALLER):
        await desk.ask(save_draft, saving())
    refused = await desk.refusal(save_draft, saving())
    assert (refused.code, refused.status) == ("too_many_mails", 429)
    await desk.told()
    await desk.ask(receive_sign_up, ReceiveSignUp(form=sign_up(), caller="192.0.2.1"))
    assert [type(one) for one in await desk.told()] == [EnrolmentReceived]


@pytest.mark.parametrize(
    ("typed", "code"), [({"contact_email": "karen"}, "invalid_email"), ({"contact_email": ""}, "invalid_email")]
)
async def test_without_an_address_there_is_nowhere_to_send_the_link(
    desk: Desk, typed: dict[str, str], code: str
) -> None:
    await desk.publish()
    refused = await desk.refusal(save_draft, saving(**typed))
    assert (refused.code, refused.field) == (code, "contact_email")
    assert await desk.pool.fetchval("SELECT count(*) FROM drafts") == 0


async def test_after_the_deadline_nothing_is_begun_and_what_was_begun_is_still_kept(desk: Desk) -> None:
    await desk.publish()
    await desk.told()
    desk.time = datetime(2020, 8, 20, 8, tzinfo=UTC)
    fact = await begun(desk)
    desk.time += timedelta(days=3)
    assert (await desk.refusal(save_draft, saving())).code == "deadline_passed"
    assert await found(desk, fact) == TYPED


def typed_into(page: str) -> dict[str, str]:
    """The form's own fields, as a browser has them; it was not filled in faster than a person can."""
    return dict(re.findall(r'name="(_key|_started|_udgave)" value="([^"]*)"', page))


@pytest.fixture
def people_are_as_fast_as_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.web.gate.FASTEST_SECONDS", 0)


@pytest.mark.usefixtures("people_are_as_fast_as_tests")
async def test_whoever_saves_and_goes_back_can_save_more_and_send(town: Town) -> None:
    await town.desk.publish()
    await town.desk.told()
    page = (await town.client.get(f"/tilmeld/{P1}")).text
    said = {**typed_into(page), **TYPED, "contact_name": "Karen", "billing.ean": ""}
    for more, told in (({}, 1), ({}, 0), ({"contact_name": "Karen Kontakt"}, 1)):
        saved = await town.client.post(f"/tilmeld/{P1}", data={**said, **more, "_gem": "1"})
        assert (saved.status_code, saved.headers["location"]) == (303, f"/tilmeld/{P1}/gemt")
        assert len(await town.desk.told()) == told
    sent = await town.client.post(f"/tilmeld/{P1}", data=said)
    assert (sent.status_code, sent.headers["location"]) == (303, f"/tilmeld/{P1}/modtaget")


@pytest.mark.usefixtures("people_are_as_fast_as_tests")
async def test_an_old_tab_of_a_draft_that_was_sent_says_so_and_keeps_what_is_typed(town: Town) -> None:
    await town.desk.publish()
    await town.desk.told()
    fact = await begun(town.desk)
    said = typed_into((await town.client.get(fact.draft_path)).text)
    await town.desk.ask(receive_sign_up, ReceiveSignUp(form=sign_up(), draft_id=fact.draft_id))
    await town.desk.told()
    again = await town.client.post(fact.draft_path, data={**said, **TYPED, "contact_name": "Kurt", "_gem": "1"})
    assert again.status_code == 410
    assert "Kladden er ikke gemt længere" in again.text
    assert 'value="Kurt"' in again.text
    assert await town.desk.pool.fetchval("SELECT count(*) FROM drafts") == 0
    assert await town.desk.told() == []
