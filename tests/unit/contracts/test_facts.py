"""What every fact must say of itself, and that the registry takes no other."""

from __future__ import annotations

from typing import ClassVar

import pytest

from shared.contracts.enrollment import PersonErased
from shared.contracts.event import FACTS, Event, fact


class Homeless(Event):
    """Knows its scope and no subject."""

    type: ClassVar[str] = "tovholder.test.Homeless.v1"
    service: ClassVar[str] = "test"

    @property
    def scope(self) -> str:
        return "test/1"


def test_a_fact_without_a_subject_is_not_taken_into_the_registry() -> None:
    with pytest.raises(TypeError, match=r"tovholder\.test\.Homeless\.v1 lacks subject"):
        fact(Homeless)
    assert Homeless.type not in FACTS


def test_a_fact_without_a_subject_cannot_be_told() -> None:
    with pytest.raises(TypeError, match="abstract"):
        Homeless(owner="/test")  # type: ignore[abstract] # that is what is tested


def test_no_two_facts_have_one_name() -> None:
    with pytest.raises(ValueError, match=f"two facts are called {PersonErased.type}"):
        fact(PersonErased)
