"""Problem details say the same to machines and to people, whatever way a "no" took."""

from __future__ import annotations

import typing
from datetime import date, time
from decimal import Decimal
from typing import Literal
from uuid import UUID

import pytest
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic_core import core_schema

from shared.base.problems import _TEXTS, DETAILS, TITLES, Problem, _field_error, field_errors, problem_of, refused_of
from shared.contracts.refusal import Refused


class Everything(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")

    text: str = Field(default="", min_length=0, max_length=3, pattern=r"^[a-z]*$")
    number: int = Field(default=5, ge=1, le=9)
    more: int = Field(default=5, gt=4, lt=6)
    amount: Decimal = Decimal(1)
    real: float = 1.0
    yes: bool = True
    day: date = date(2020, 1, 1)
    at: AwareDatetime | None = None
    clock: time = time(9)
    choice: Literal["a", "b"] = "a"
    several: tuple[int, ...] = Field(default=(1,), min_length=1, max_length=2)
    mapping: dict[str, int] = Field(default_factory=dict)
    id: UUID | None = None
    ean: str = "ok"
    inner: Everything | None = None

    @field_validator("ean")
    @classmethod
    def _ean(cls, value: str) -> str:
        if value == "coded":
            raise ValueError("ean_check_digit: EAN-nummerets sidste ciffer passer ikke.")
        if value == "plain":
            raise ValueError("EAN-nummeret passer ikke.")
        return value


def errors(body: str) -> list[tuple[str, str, str]]:
    with pytest.raises(ValidationError) as found:
        Everything.model_validate_json(body)
    return [(error.field, error.code, error.detail) for error in field_errors(found.value)]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ('{"text": "abcd"}', ("text", "too_long", "Må højst være 3 tegn.")),
        ('{"text": "A"}', ("text", "wrong_format", "Har ikke den rigtige form.")),
        ('{"number": 0}', ("number", "too_small", "Skal være mindst 1.")),
        ('{"more": 4}', ("more", "too_small", "Skal være større end 4.")),
        ('{"more": 6}', ("more", "too_large", "Skal være mindre end 6.")),
        ('{"yes": 1}', ("yes", "not_yes_or_no", "Skal være ja eller nej (true eller false).")),
        ('{"day": "31/12/2020"}', ("day", "not_a_date", "Skal være en dato, for eksempel 2021-04-15.")),
        ('{"day": "2020-02-30"}', ("day", "not_a_date", "Skal være en dato, for eksempel 2021-04-15.")),
        ('{"at": "2020-01-01T00:00:00"}', ("at", "no_time_zone", "Skal have en tidszone, for eksempel Z.")),
        ('{"clock": "25:00"}', ("clock", "not_a_clock_time", "Skal være et klokkeslæt, for eksempel 09:30.")),
        ('{"choice": "c"}', ("choice", "not_an_option", "Skal være 'a' eller 'b'.")),
        ('{"several": []}', ("several", "too_few", "Der skal være mindst 1.")),
        ('{"several": [1, "x"]}', ("several.1", "not_an_integer", "Skal være et helt tal.")),
        ('{"mapping": {"a": "b"}}', ("mapping.a", "not_an_integer", "Skal være et helt tal.")),
        ('{"mapping": []}', ("mapping", "not_an_object", "Skal være et objekt.")),
        ('{"id": "x"}', ("id", "not_an_id", "Skal være et UUID.")),
        ('{"ean": "coded"}', ("ean", "ean_check_digit", "EAN-nummerets sidste ciffer passer ikke.")),
        ('{"ean": "plain"}', ("ean", "invalid", "EAN-nummeret passer ikke.")),
        ('{"inner": {"inner": {"text": 1}}}', ("inner.inner.text", "not_text", "Skal være tekst.")),
        ('{"æble": 1}', ("æble", "unknown_field", "Feltet kendes ikke.")),
    ],
)
def test_what_pydantic_finds_is_said_in_danish(body: str, expected: tuple[str, str, str]) -> None:
    assert errors(body) == [expected]


def test_every_text_can_be_written_with_what_pydantic_tells() -> None:
    told = {"min_length": 1, "max_length": 2, "expected": "x", "gt": 1, "ge": 1, "lt": 1, "le": 1, "error": "Noget."}
    known = typing.get_args(core_schema.ErrorType)
    assert set(_TEXTS) <= set(known), "a type that pydantic does not have"
    for kind in known:
        error = _field_error({"type": kind, "loc": ("x",), "msg": "", "input": 1, "ctx": told})
        assert error.code
        assert error.detail.endswith(".")


def test_a_refusal_survives_being_written_down() -> None:
    refused = Refused("no_seat", "Der er ikke plads.", status=409, field="meeting_id", price_ore=100_000, waiting=None)
    again = refused_of(problem_of(refused, "c-1"))

    assert (again.code, again.detail, again.status, again.field, again.extra) == (
        refused.code,
        refused.detail,
        refused.status,
        refused.field,
        refused.extra,
    )


def test_no_member_of_a_refusal_replaces_one_of_the_standard() -> None:
    body = problem_of(Refused("no", "Nej.", type="x", title="x", instance="x"), "c-1")

    assert body["type"] == "https://tovholder.example/problems/no"
    assert body["instance"] == "urn:uuid:c-1"


def test_every_problem_of_the_kernel_has_its_words() -> None:
    for code, detail in DETAILS.items():
        assert detail.endswith(".")
        for status in TITLES:
            assert Problem(status, code).as_dict("c")["title"] == TITLES[status]
