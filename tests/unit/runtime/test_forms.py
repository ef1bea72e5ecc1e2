"""What people type becomes what a command wants."""

from __future__ import annotations

from datetime import date
from typing import ClassVar

from pydantic import Field

from shared.base.problems import problem_of, refused_of
from shared.contracts.event import Command
from shared.contracts.parties import Billing
from shared.contracts.refusal import Refused, together
from shared.web.forms import Form


class Order(Command):
    type: ClassVar[str] = "tovholder.toy.Order.v1"
    service: ClassVar[str] = "toy"

    programme_id: str
    name: str
    seats: int = 1
    day: date | None = None
    forbehold: bool = False
    billing: Billing = Field(default_factory=Billing)
    codes: tuple[str, ...] = ()
    answers: dict[str, str] = Field(default_factory=dict)


def typed(**values: str | list[str]) -> Form:
    return Form({name.replace("__", "."): value for name, value in values.items()})


def test_texts_become_numbers_days_and_answers() -> None:
    form = typed(
        name="Asta",
        seats="3",
        day="2021-04-15",
        forbehold="true",
        billing__ean="5798009800015",
        codes=["0101", "0751"],
        answers__mad="ja",
    )
    order = form.command(Order, programme_id="unge")

    assert order is not None
    assert (order.seats, order.day, order.forbehold) == (3, date(2021, 4, 15), True)
    assert order.billing.ean == "5798009800015"
    assert order.codes == ("0101", "0751")
    assert order.answers == {"mad": "ja"}


def test_one_choice_of_several_is_a_list_of_one() -> None:
    order = typed(name="Asta", codes="0101").command(Order, programme_id="unge")

    assert order is not None
    assert order.codes == ("0101",)


def test_a_blank_field_is_not_filled_in() -> None:
    order = typed(name="Asta", seats="", day="", billing__ean="").command(Order, programme_id="unge")

    assert order is not None
    assert (order.seats, order.day, order.billing.ean) == (1, None, None)


def test_a_day_may_be_typed_the_danish_way() -> None:
    for text in ("15/04/2021", "15.4.2021", "15-04-2021"):
        order = typed(name="Asta", day=text).command(Order, programme_id="unge")
        assert order is not None
        assert order.day == date(2021, 4, 15)
    form = typed(name="Asta", day="31/02/2021")
    assert form.command(Order, programme_id="unge") is None
    assert form.error("day") == "Skal være en dato, for eksempel 2021-04-15."


def test_what_is_given_is_never_taken_from_the_form() -> None:
    order = typed(name="Asta", programme_id="another").command(Order, programme_id="unge")

    assert order is not None
    assert order.programme_id == "unge"


def test_a_text_stays_a_text_even_if_it_looks_like_a_day() -> None:
    order = typed(name="15/04/2021").command(Order, programme_id="unge")

    assert order is not None
    assert order.name == "15/04/2021"


def test_a_field_in_the_way_of_another_is_an_error_and_no_crash() -> None:
    form = Form({"billing": "x", "billing.ean": "y", "name": "Asta"})

    assert form.command(Order, programme_id="unge") is None
    assert form.errors


def test_everything_that_a_refusal_says_is_wrong_is_shown_at_its_field() -> None:
    wrong = Refused("invalid_ean", "Ret EAN.", status=422, field="ean")
    both = together([wrong, Refused("required", "Skriv.", field="x")])
    for refused in (both, refused_of(problem_of(both))):
        form = typed(ean="1").refuse(refused)
        assert [(one.field, one.code) for one in form.errors] == [("ean", "invalid_ean"), ("x", "required")]
    alone = together([Refused("invalid_ean", "Ret EAN.", status=422, field="ean")])
    assert [(one.field, one.code) for one in typed().refuse(refused_of(problem_of(alone))).errors] == [
        ("ean", "invalid_ean")
    ]


def test_a_refusal_spends_the_key() -> None:
    form = typed(name="Asta")
    before = form.key
    form.refuse(Refused("no_seat", "Der er ikke plads.", field="name"))

    assert form.error("name") == "Der er ikke plads."
    assert form.key != before
