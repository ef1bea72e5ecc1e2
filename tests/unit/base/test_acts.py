"""What can be asked for is done the same way, for one or for many at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import pytest

from shared.base.acts import act, act_together
from shared.base.answers import Answer, Asked
from shared.base.cause import Cause
from shared.contracts.event import Command
from shared.contracts.refusal import Refused


class Ring(Command):
    type: ClassVar[str] = "tovholder.tower.Ring.v1"
    bell: str


class Look(Command):
    pass


class Transaction:
    cause = Cause("c", None, "token/test")


async def ring(_tx: Transaction, command: Ring) -> Answer:
    if command.bell == "cracked":
        raise Refused("cracked", "Klokken er revnet.")
    return Answer({"rang": command.bell})


async def ring_all(tx: Transaction, asked: Sequence[Asked[Ring]]) -> Sequence[Answer | Refused]:
    assert all(one.cause is tx.cause for one in asked)
    return [
        Refused("cracked", "Klokken er revnet.")
        if one.command.bell == "cracked"
        else Answer({"rang": one.command.bell})
        for one in asked
    ]


@pytest.mark.parametrize("ringing", [act(Ring, ring), act_together(Ring, ring_all)])
async def test_a_yes_is_answered_and_a_no_is_raised(ringing: object) -> None:
    assert (await ringing.do(Transaction(), Ring(bell="north"))).body == {"rang": "north"}  # type: ignore[attr-defined]
    with pytest.raises(Refused, match="cracked"):
        await ringing.do(Transaction(), Ring(bell="cracked"))  # type: ignore[attr-defined]


def test_an_act_is_called_as_on_the_wire_or_else_as_its_command() -> None:
    assert act(Ring, ring).name == "tovholder.tower.Ring.v1"
    assert act(Look, ring).name == "Look"  # type: ignore[arg-type]
