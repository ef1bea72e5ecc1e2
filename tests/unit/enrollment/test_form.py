"""A form's questions: what is asked, what may be answered, and that everything wrong is said at once."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.enrollment.domain.form import (
    LONGEST_IN_ALL,
    WIDTH,
    answered,
    asked,
    characters,
    declared,
    lines,
    read,
    shown_answer,
)
from shared.contracts.enrollment import Answered
from shared.contracts.programme import AskedWhen, Declaration, EnrolmentPlan, FormField


def a_plan(*form: FormField, declarations: tuple[Declaration, ...] = ()) -> EnrolmentPlan:
    return EnrolmentPlan(who="municipalities", how="sign_up", form=form, declarations=declarations)


def wrong(plan: EnrolmentPlan, **said: str) -> list[tuple[str, str | None]]:
    return [(one.code, one.field) for one in read(plan, said).wrong]


def kept(question: FormField, said: str) -> str:
    found = read(a_plan(question), {question.id: said})
    assert not found.wrong, found.wrong
    return found.given[question.id]


def test_a_line_holds_ninety_characters_and_goes_on_in_the_next() -> None:
    assert (lines(""), lines("a"), lines("a" * WIDTH), lines("a" * (WIDTH + 1))) == (0, 1, 1, 2)
    assert lines("\n".join(["a" * 181, "", "b"])) == 3 + 1 + 1


def test_a_character_is_one_however_it_was_typed() -> None:
    assert characters("a\u030angstro\u0308m") == characters("ångström") == 8
    assert lines("a\u030a" * WIDTH) == 1
    assert characters("\U0001f389") == 1


@given(st.text(alphabet=st.sampled_from("aå\u030a \U0001f389\n\u2028"), max_size=400))
def test_no_line_is_counted_twice_and_none_is_left_out(text: str) -> None:
    assert lines(text + "\nx") == (lines(text) or 1) + 1
    assert lines(text) <= text.count("\n") + 1 + characters(text) // WIDTH


TEXT = FormField(id="q", label="Q")
LINES = FormField(id="q", label="Q", kind="lines", max_lines=2, max_chars=120)
CHOICES = FormField(id="q", label="Q", kind="choices", choices=("a", "b", "c"), least=1, most=2)


@pytest.mark.parametrize(
    ("question", "said", "read_as"),
    [
        (TEXT, "  a \n b  ", "a b"),
        (LINES, " a\nb ", "a\nb"),
        (LINES, "a" * 90 + "\r\nb", "a" * 90 + "\nb"),
        (LINES, "a\rb\r\n", "a\nb"),
        (CHOICES, "c; a; c", "c; a"),
        (FormField(id="q", label="Q", kind="yes_no"), "True", "ja"),
        (FormField(id="q", label="Q", kind="yes_no"), "NEJ", "nej"),
        (FormField(id="q", label="Q", format="number"), "007", "7"),
        (FormField(id="q", label="Q", format="day"), "1/5/2021", "2021-05-01"),
        (FormField(id="q", label="Q", format="day"), "2021-05-01", "2021-05-01"),
        (FormField(id="q", label="Q", format="phone"), "+45 12 34 56 78", "+45 12 34 56 78"),
        (FormField(id="q", label="Q", format="email"), "post@kommune.example", "post@kommune.example"),
        (FormField(id="q", label="Q", format="link"), "https://kommune.example/sag", "https://kommune.example/sag"),
        (FormField(id="q", label="Q", format="of a later version"), "hvad som helst", "hvad som helst"),
    ],
)
def test_an_answer_is_kept_as_it_is_meant(question: FormField, said: str, read_as: str) -> None:
    assert kept(question, said) == read_as
    assert kept(question, read_as) == read_as


@pytest.mark.parametrize(
    ("question", "said", "code"),
    [
        (FormField(id="q", label="Q", max_chars=3), "abcd", "answer_too_long"),
        (TEXT, "x" * 4001, "answer_too_long"),
        (LINES, "a\nb\nc", "too_many_lines"),
        (LINES, "a" * 91 + "\nb", "too_many_lines"),
        (LINES, "a" * 121, "answer_too_long"),
        (CHOICES, "a; d", "unknown_choice"),
        (CHOICES, "a; b; c", "too_many_choices"),
        (FormField(id="q", label="Q", kind="choices", choices=("a", "b"), least=2), "a", "too_few_choices"),
        (FormField(id="q", label="Q", kind="yes_no"), "måske", "unknown_choice"),
        (FormField(id="q", label="Q", format="number"), "12,5", "not_an_integer"),
        (FormField(id="q", label="Q", format="number"), "\u0663", "not_an_integer"),
        (FormField(id="q", label="Q", format="number"), "9" * 5000, "answer_too_long"),
        (FormField(id="q", label="Q", format="number", least=1, most=5), "6", "too_large"),
        (FormField(id="q", label="Q", format="number", least=1, most=5), "0", "too_small"),
        (FormField(id="q", label="Q", format="day"), "31/2/2021", "not_a_date"),
        (FormField(id="q", label="Q", format="day"), "1/5/1821", "not_a_date"),
        (FormField(id="q", label="Q", format="phone"), "ring til mig", "invalid_phone"),
        (FormField(id="q", label="Q", format="phone"), "1234567", "invalid_phone"),
        (FormField(id="q", label="Q", format="email"), "post@", "invalid_email"),
        (FormField(id="q", label="Q", format="link"), "javascript:alert(1)", "not_a_link"),
    ],
)
def test_what_does_not_fit_is_refused_by_its_field(question: FormField, said: str, code: str) -> None:
    assert wrong(a_plan(question), q=said) == [(code, "answers.q")]


HAS = FormField(id="har", label="Har I nogen?", kind="yes_no", required=True)
HOW_MANY = FormField(
    id="antal", label="Hvor mange?", format="number", required=True, when=AskedWhen(field="har", answers=("ja",))
)
MANY = FormField(id="mange", label="Hvem?", required=True, when=AskedWhen(field="antal", answers=("2",)))


def test_a_question_is_asked_when_an_earlier_one_is_answered_so() -> None:
    plan = a_plan(HAS, HOW_MANY)
    assert wrong(plan, har="nej") == []
    assert wrong(plan, har="true") == [("answer_missing", "answers.antal")]
    assert wrong(plan, har="ja", antal="4") == []
    # What was typed is not thrown away unseen.
    assert wrong(plan, har="nej", antal="4") == [("answer_not_asked", "answers.antal")]


def test_what_depends_on_a_question_that_is_not_asked_is_not_asked_either() -> None:
    plan = a_plan(HAS, HOW_MANY, MANY)
    assert wrong(plan, har="nej") == []
    assert wrong(plan, har="ja", antal="2") == [("answer_missing", "answers.mange")]


def test_questions_that_wait_for_each_other_are_both_asked() -> None:
    one = FormField(id="a", label="A", required=True, when=AskedWhen(field="b", answers=("ja",)))
    other = FormField(id="b", label="B", kind="yes_no", required=True, when=AskedWhen(field="a", answers=("x",)))
    assert wrong(a_plan(one, other), a="x", b="ja") == []


def test_all_that_is_wrong_is_said_at_once() -> None:
    plan = a_plan(
        FormField(id="a", label="A", required=True),
        FormField(id="b", label="B", format="number"),
        declarations=(Declaration(id="d", text="Der er opbakning."),),
    )
    assert wrong(plan, b="x", e="y", d="nej") == [
        ("unknown_answer", "answers.e"),
        ("answer_missing", "answers.a"),
        ("not_an_integer", "answers.b"),
        ("declaration_missing", "answers.d"),
    ]


def test_answers_are_no_longer_than_a_fact_can_carry() -> None:
    plan = a_plan(*(FormField(id=f"q{n}", label="Q", kind="lines") for n in range(20)))
    said = {f"q{n}": "x" * 4000 for n in range(20)}
    assert sum(map(len, said.values())) > LONGEST_IN_ALL
    assert wrong(plan, **said) == [("answers_too_long", "answers.q0")]


def test_answers_and_declarations_read_as_they_were_asked_whatever_a_later_version_calls_them() -> None:
    plan = a_plan(
        FormField(id="dag", label="Hvornår?", format="day"),
        declarations=(Declaration(id="d", text="Der er opbakning."),),
    )
    said = read(plan, {"dag": "1/5/2021", "d": "true"}).given
    words = asked(plan, said)
    later = a_plan(
        FormField(id="dag", label="Hvilken dag?", format="day"),
        declarations=(Declaration(id="d", text="Noget andet."),),
    )
    for wanted in (words, {}):
        known = plan if not wanted else later
        assert answered(known, said, wanted) == (Answered(question="Hvornår?", answer="lørdag den 1. maj 2021"),)
        assert declared(known, said, wanted) == ("Der er opbakning.",)
    # A question that the later version does not have is still answered.
    assert answered(a_plan(), {"x": "y"}, {"x": "Hvad?"}) == (Answered(question="Hvad?", answer="y"),)


def test_an_answer_of_a_question_nobody_knows_is_shown_as_it_is() -> None:
    assert shown_answer(None, "2021-05-01") == "2021-05-01"
