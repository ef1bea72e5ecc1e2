"""What can be seen: facts, mails, what the API answers, dead letters; each against what a story expects of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from deploy.local.errors import StackError
from deploy.local.stories.expectations import (
    Row,
    Verdict,
    about,
    judge_answer,
    judge_mails,
    judge_refusal,
    judge_rows,
)
from deploy.local.stories.hands import mails_that_fit
from deploy.local.stories.log import Told
from deploy.local.stories.matching import matches
from deploy.local.stories.stage import Stage
from deploy.local.stories.story import ExpectAnswer, ExpectDeadLetters, ExpectFacts, ExpectMails, Part, Rows
from deploy.local.stories.values import Here, Memory
from shared.contracts.time import COPENHAGEN

REJECTED = ".IntakeRejected.v1"


class Eyes:
    """Looks when all is at rest."""

    def __init__(self, stage: Stage, memory: Memory) -> None:
        self._stage = stage
        self._memory = memory
        self._expected: list[Mapping[str, Any]] = []
        """Dead letters that an expectation was about."""

    async def look(self, expected: Part, here: Here) -> tuple[str, Verdict]:
        """What was looked at, in one line, and what came of it."""
        match said := await self._said(expected, here):
            case ExpectFacts():
                rows = [
                    Row(_label(one), one.data)
                    for one in await self._stage.events()
                    if one.type == said.facts and said.source in (None, one.event.get("source"))
                ]
                return f"{said.facts}{_where(said.where)}", judge_rows(rows, said)
            case ExpectMails():
                mails = await self._stage.client.mails()
                picked = await mails_that_fit(self._stage, mails, said.mails)
                return f"mails: {about(said.mails.model_dump(exclude_none=True))}", judge_mails(mails, picked, said)
            case ExpectAnswer():
                return f"GET {said.get}{_where(said.where)}", await self._answer(said)
            case ExpectDeadLetters():
                return f"dead letters{_where(said.dead_letters)}", await self._dead_letters(said)
        raise StackError(f"{type(said).__name__} kan ikke ses efter.")

    async def no_other_dead_letters(self) -> Verdict:
        """There is none that no expectation was about, and no other subject waits."""
        rest = [one for one in await self._stage.dead_letters() if one not in self._expected]
        return judge_rows(dead_rows(rest), Rows(none=True))

    async def refusals(self) -> dict[str, Mapping[str, Any]]:
        """The problem details of each refusal that was told, by its subject."""
        facts = await self._stage.events()
        return {one.event["subject"]: one.data["problem"] for one in facts if one.type.endswith(REJECTED)}

    async def _said(self, expected: Part, here: Here) -> Part:
        """With every reference in it resolved."""
        fields = type(expected).model_fields
        said = {one.alias or name: getattr(expected, name) for name, one in fields.items()}
        plain = {
            name: value.model_dump(exclude_none=True) if isinstance(value, Part) else value
            for name, value in said.items()
            if value is not None
        }
        return type(expected).model_validate(await self._memory.resolved(plain, here))

    async def _answer(self, said: ExpectAnswer) -> Verdict:
        answer = await self._stage.client.read(said.get)
        verdict = judge_refusal(said.refused, answer.refused, answer.detail)
        return judge_answer(answer.body, said) if verdict.holds else verdict

    async def _dead_letters(self, said: ExpectDeadLetters) -> Verdict:
        there = await self._stage.dead_letters()
        self._expected += [one for one in there if matches(said.dead_letters, one)]
        return judge_rows(dead_rows(there), Rows(where=said.dead_letters, count=said.count, none=said.none))


def dead_rows(letters: Sequence[Mapping[str, Any]]) -> list[Row]:
    """Each by what a person may say of it."""
    return [Row(about({name: value for name, value in one.items() if name != "id"}), one) for one in letters]


def _where(where: Mapping[str, Any]) -> str:
    return f", hvor {about(where)}" if where else ""


def _label(one: Told) -> str:
    at = datetime.fromisoformat(one.event["time"]).astimezone(COPENHAGEN).strftime("%Y-%m-%d %H:%M")
    return f"{at} {one.event.get('subject')}"
