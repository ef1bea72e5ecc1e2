"""Whatever is asked for, in any order, twice and at any time: never a place too many, and nobody passed over."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, seed, settings
from hypothesis import strategies as st

from services.enrollment.usecases.change_capacity import change_capacity
from services.enrollment.usecases.read_waiting_list import read_waiting_list
from services.enrollment.usecases.resolve_reservation import resolve_reservation
from services.enrollment.usecases.withdraw_enrolment import withdraw_enrolment
from shared.contracts.enrollment import ChangeCapacity, ResolveReservation, WithdrawEnrolment
from shared.contracts.refusal import Refused
from tests.integration.enrollment.test_waiting_list import codes_of
from tests.support.enrollment_desk import P1, Desk, programme_text, sign_up

KOMMUNER = 7
DEADLINE = datetime(2020, 8, 21, 22, tzinfo=UTC)
POLICIES = ("holds: always", "holds: until, until: 2020-08-25", 'holds: "no"')
WHO = st.integers(0, KOMMUNER - 1)
STEPS = st.one_of(
    st.tuples(st.just("sign up"), WHO, st.booleans(), st.sampled_from((None, 3, 90))),
    st.tuples(st.just("withdraw"), WHO),
    st.tuples(st.just("answer"), WHO, st.booleans()),
    st.tuples(st.just("places"), st.integers(1, 5)),
    st.tuples(st.just("wait"), st.sampled_from((1, 24, 24 * 40))),
)
LIVES = st.tuples(
    st.sampled_from(POLICIES),
    st.sampled_from(("at_once", "at_deadline")),
    st.sampled_from(("waiting_list", "refuse")),
    st.integers(1, 3),
    st.lists(STEPS, min_size=5, max_size=25),
)


def lives() -> list[Any]:
    found: list[Any] = []

    @seed(11)
    @settings(max_examples=40, database=None, deadline=None)
    @given(LIVES)
    def tell(life: Any) -> None:
        found.append(life)

    tell()
    return found


@dataclass
class Life:
    """One programme, from its publication on."""

    desk: Desk
    programme_id: str
    given: str
    codes: list[str]
    agreed: dict[str, str] = field(default_factory=dict)
    placed: frozenset[str] = frozenset()

    async def go(self, step: tuple[Any, ...]) -> None:
        desk = self.desk
        try:
            match step:
                case ("sign up", who, forbehold, ago):
                    received_at = None if ago is None else desk.time - timedelta(minutes=ago)
                    await desk.enrol(
                        sign_up(
                            self.codes[who],
                            programme_id=self.programme_id,
                            forbehold=forbehold,
                            received_at=received_at,
                        )
                    )
                case ("withdraw", who):
                    await desk.ask(withdraw_enrolment, WithdrawEnrolment(enrolment_id=await self.id_of(who)))
                case ("answer", who, approved):
                    command = ResolveReservation(enrolment_id=await self.id_of(who), approved=approved)
                    await desk.ask(resolve_reservation, command)
                case ("places", hard):
                    command = ChangeCapacity(programme_id=self.programme_id, usual=1, hard=hard)
                    await desk.ask(change_capacity, command)
                case ("wait", hours):
                    desk.time += timedelta(hours=hours)
        except Refused:
            pass
        while await desk.ring():
            pass

    async def id_of(self, who: int) -> str:
        row = await self.desk.pool.fetchrow(
            "SELECT id FROM enrolments WHERE programme_id = $1 AND organisation_code = $2",
            self.programme_id,
            self.codes[who],
        )
        return "nobody" if row is None else str(row["id"])

    async def standings(self) -> list[Any]:
        return await self.desk.pool.fetch(
            "SELECT id, state, number FROM enrolments WHERE programme_id = $1 ORDER BY id", self.programme_id
        )

    async def look(self) -> None:
        pool = self.desk.pool
        programme = await pool.fetchrow("SELECT * FROM programmes WHERE id = $1", self.programme_id)
        assert programme is not None
        hard = json.loads(programme["terms"])["enrolment"]["capacity"]["hard"]
        rows = await pool.fetch("SELECT * FROM enrolments WHERE programme_id = $1", self.programme_id)
        placed = [row for row in rows if row["state"] == "enrolled"]
        assert programme["taken"] == len(placed)
        have = frozenset(row["id"] for row in placed)
        assert len(have) <= hard or have <= self.placed, "more places were given than there are"
        self.placed = have
        waiting = sorted((row for row in rows if row["state"] == "waitlisted"), key=in_order)
        shown = await self.desk.read(read_waiting_list, programme_id=self.programme_id)
        assert [one["enrolment_id"] for one in shown["waiting"]] == [row["id"] for row in waiting]
        assert [one["position"] for one in shown["waiting"]] == list(range(1, len(waiting) + 1))
        given = self.given == "at_once" or self.desk.time >= DEADLINE
        passed = [one for one in shown["waiting"] if one["would_have_place"] and given]
        assert passed == [], "a place is free, and somebody waits"
        assert all(row["state"] in {"enrolled", "waitlisted"} for row in rows if row["forbehold_open"])
        numbers = [row["number"] for row in rows if row["number"] is not None]
        assert len(set(numbers)) == len(numbers)
        for row in placed:
            key = f"{row['id']} {row['number']}"
            assert self.agreed.setdefault(key, row["agreed"]) == row["agreed"]


def in_order(row: Any) -> tuple[datetime, int]:
    return row["received_at"], row["number"]


@pytest.mark.timeout(240)
async def test_never_a_place_too_many_and_nobody_is_passed_over(desk: Desk) -> None:
    codes = await codes_of(desk, KOMMUNER)
    for number, (policy, given_when, when_full, hard, steps) in enumerate(lives()):
        desk.time = datetime(2020, 6, 1, 8, tzinfo=UTC)
        await desk.pool.execute("DELETE FROM timers")
        life = Life(desk, f"{P1}-{number}", given_when, codes)
        capacity = (
            f"  capacity: {{usual: 1, hard: {hard}, when_full: {when_full}, given: {given_when}}}\n"
            f"  reservation_allowed: true\n  forbehold: {{{policy}}}\n"
        )
        text = programme_text().replace(f"id: {P1}", f"id: {life.programme_id}", 1)
        await desk.publish(text.replace("  contact_label:", f"{capacity}  contact_label:", 1))
        for step in steps:
            desk.time += timedelta(seconds=1)
            await life.go(step)
            before = await life.standings()
            if step[0] != "wait":
                await life.go(step)
                assert await life.standings() == before, "asked twice it changes nothing"
            await life.look()
    gaps = await desk.pool.fetch(
        "SELECT key FROM outbox GROUP BY key HAVING max(sequence) - min(sequence) + 1 <> count(*)"
    )
    assert gaps == []
