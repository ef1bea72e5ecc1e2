"""After the deadline: a later version of the file moves it, or staff let one municipality in and say why."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest

from services.enrollment.usecases.enrol_municipalities import enrol_municipalities
from services.enrollment.usecases.explain import explain
from services.enrollment.usecases.read_enrolments import read_enrolment
from services.enrollment.usecases.receive_sign_up import ReceiveSignUp, receive_sign_up
from services.enrollment.usecases.withdraw_enrolment import withdraw_enrolment
from shared.base.answers import Answer, Asked
from shared.base.cause import Cause
from shared.contracts.enrollment import EnrolMunicipality, WithdrawEnrolment
from shared.contracts.refusal import Refused
from shared.storage.tx import transaction
from tests.integration.enrollment.test_waiting_list import id_of
from tests.support.enrollment_desk import AARHUS, KOEBENHAVN, Desk, programme_text, sign_up

AFTER = datetime(2020, 8, 25, 8, tzinfo=UTC)
WHY = {"late": True, "late_reason": " Borgmesteren ringede. "}


async def asked_by(desk: Desk, actor: str, command: EnrolMunicipality) -> Answer | Refused:
    cause = Cause("c", None, actor)
    async with transaction(desk.pool, desk, desk.source, cause, desk.links) as tx:
        (outcome,) = await enrol_municipalities(tx, [Asked(command, cause)])
    return outcome


async def shown(desk: Desk, code: str = AARHUS) -> Any:
    return await desk.read(read_enrolment, enrolment_id=await id_of(desk, code))


async def test_staff_let_somebody_in_after_the_deadline_and_it_says_who_and_why(desk: Desk) -> None:
    await desk.publish()
    desk.time = AFTER
    late = await asked_by(desk, "token/sune", sign_up())
    assert isinstance(late, Refused)
    assert late.code == "deadline_passed"
    outcome = await asked_by(desk, "token/sune", sign_up(**WHY))
    assert isinstance(outcome, Answer)
    assert outcome.body["state"] == "enrolled"
    assert (await shown(desk))["late"] == {"reason": "Borgmesteren ringede.", "by": "token/sune"}
    async with transaction(desk.pool, desk, desk.source, Cause("c", None, None), desk.links) as tx:
        effect = await explain(tx, await id_of(desk, AARHUS))
    assert effect is not None
    assert "optaget efter fristen af token/sune: Borgmesteren ringede." in effect.title


@pytest.mark.parametrize(
    ("actor", "wish", "code", "field"),
    [
        ("token/sune", {"late": True}, "required", "late_reason"),
        ("token/sune", {"late": True, "late_reason": "  "}, "required", "late_reason"),
        ("token/sune", {"late_reason": "Fordi."}, "late_not_said", "late_reason"),
        ("client/crm", WHY, "not_yours_to_say", "late"),
        ("person/p-1", WHY, "not_yours_to_say", "late"),
    ],
)
async def test_without_a_reason_or_by_others_than_staff_it_is_refused(
    desk: Desk, actor: str, wish: dict[str, Any], code: str, field: str
) -> None:
    await desk.publish()
    desk.time = AFTER
    refused = await asked_by(desk, actor, sign_up(**wish))
    assert isinstance(refused, Refused)
    assert (refused.code, refused.field) == (code, field)


async def test_a_form_that_says_it_is_let_in_late_is_not(desk: Desk) -> None:
    await desk.publish()
    await desk.knows()
    desk.time = AFTER
    form = ReceiveSignUp(form=sign_up(**WHY), caller="192.0.2.1")
    assert (await desk.refusal(receive_sign_up, form)).code == "deadline_passed"


async def test_whoever_is_in_time_is_not_late_whatever_is_said(desk: Desk) -> None:
    await desk.publish()
    assert isinstance(await asked_by(desk, "token/sune", sign_up(**WHY)), Answer)
    assert (await shown(desk))["late"] is None


async def test_a_later_version_of_the_file_moves_the_deadline_for_everybody(desk: Desk) -> None:
    await desk.publish()
    desk.time = AFTER
    text = programme_text().replace("version: 1", "version: 2", 1)
    moved = text.replace("deadline: 2020-08-21", "deadline: 2020-08-31", 1)
    await desk.publish(moved)
    assert isinstance(await asked_by(desk, "client/crm", sign_up()), Answer)
    assert (await shown(desk))["late"] is None


async def test_the_next_round_knows_nothing_of_it_also_where_a_version_before_this_one_gave_the_place(
    desk: Desk,
) -> None:
    await desk.publish()
    desk.time = AFTER
    for code in (AARHUS, KOEBENHAVN):
        await asked_by(desk, "token/sune", sign_up(code, **WHY))
    await desk.ask(withdraw_enrolment, WithdrawEnrolment(enrolment_id=await id_of(desk, AARHUS)))
    received = datetime(2020, 8, 20, 8, tzinfo=UTC)
    assert isinstance(await asked_by(desk, "token/sune", sign_up(received_at=received)), Answer)
    assert (await shown(desk))["late"] is None
    await desk.pool.execute("UPDATE enrolments SET number = 99 WHERE organisation_code = $1", KOEBENHAVN)
    assert (await shown(desk, KOEBENHAVN))["late"] is None


async def test_a_late_one_without_a_reason_or_a_name_cannot_be_stored(desk: Desk) -> None:
    await desk.publish()
    desk.time = AFTER
    await asked_by(desk, "token/sune", sign_up(**WHY))
    for wrong in ('{"number": 1, "by": "x"}', '{"number": 1, "reason": "x"}', '{"reason": "x", "by": "x"}'):
        with pytest.raises(asyncpg.CheckViolationError):
            await desk.pool.execute("UPDATE enrolments SET late = $1::jsonb", wrong)
