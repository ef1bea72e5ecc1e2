"""What is expected and what is there stand side by side, with what comes nearest."""

from __future__ import annotations

from typing import Any

import pytest

from deploy.local.stories.expectations import (
    Line,
    Row,
    Verdict,
    fits,
    judge_answer,
    judge_mails,
    judge_refusal,
    judge_rows,
    judge_value,
    shown,
)
from deploy.local.stories.story import ExpectAnswer, ExpectMails, Mail, Rows

INVOICES = [
    Row("faktura 1", {"buyer": {"code": "0751"}, "net_ore": 1_950_000}),
    Row("faktura 2", {"buyer": {"code": "0751"}, "net_ore": 100_000}),
    Row("faktura 3", {"buyer": {"code": "0101"}, "net_ore": 1_950_000}),
]


def judged(**said: Any) -> Verdict:
    return judge_rows(INVOICES, Rows.model_validate(said))


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"count": 3},
        {"where": {"buyer.code": "0751"}, "count": 2, "sum": {"net_ore": 2_050_000}},
        {"where": {"buyer.code": "0999"}, "none": True},
        {"where": {"buyer.code": "0999"}, "count": 0},
        {"each": {"net_ore": {"at_least": 100_000}}, "count": {"at_least": 2}},
        {"sum": {"net_ore": {"at_most": 4_000_000}}},
    ],
)
def test_what_is_so_holds(said: dict[str, Any]) -> None:
    assert judged(**said).holds


@pytest.mark.parametrize(
    ("said", "line"),
    [
        ({"count": 2}, Line("antal", "2", "3", holds=False)),
        ({"where": {"buyer.code": "0999"}}, Line("antal", "mindst 1", "0", holds=False)),
        ({"where": {"buyer.code": "0999"}, "each": {"x": 1}}, Line("antal", "mindst 1", "0", holds=False)),
        ({"none": True}, Line("antal", "ingen", "3", holds=False)),
        ({"sum": {"net_ore": 1}}, Line("summen af net_ore", "1", "4000000", holds=False)),
        ({"sum": {"buyer": 1}}, Line("summen af buyer", "1", "(findes ikke)", holds=False)),
        ({"each": {"net_ore": 1_950_000}}, Line("faktura 2: net_ore", "1950000", "100000", holds=False)),
    ],
)
def test_what_is_not_so_shows_both_sides(said: dict[str, Any], line: Line) -> None:
    verdict = judged(**said)
    assert line in verdict.lines
    assert not verdict.holds


def test_those_that_come_nearest_say_what_differs() -> None:
    notes = judged(where={"buyer.code": "0751", "net_ore": 1_950_000}, count=2).notes
    assert notes == (
        "passer: faktura 1",
        "passer ikke: faktura 2 (net_ore er 100000, ikke 1950000)",
        "passer ikke: faktura 3 (buyer.code er 0101, ikke 0751)",
    )
    assert judge_rows([], Rows()).notes == ("der er ingen",)


def test_an_answer_is_looked_at_by_paths() -> None:
    verdict = judge_value({"id": 1, "lines": []}, {"id": 1, "lines.0.id": "x"})
    assert verdict.lines == (Line("lines.0.id", "x", "(findes ikke)", holds=False),)
    assert verdict.notes == ('svaret er {"id": 1, "lines": []}',)
    assert judge_value({"id": 1}, {"id": 1}).holds


BODY = {"total": 3, "invoices": [{"id": 1, "kind": "fee", "credit": None, "lines": [{"net_ore": 5}, {"net_ore": 7}]}]}


def answered(**said: Any) -> Verdict:
    return judge_answer(BODY, ExpectAnswer.model_validate({"get": "/api/x", **said}))


def test_the_whole_answer_and_a_list_in_it_are_both_looked_at() -> None:
    assert answered(**{"in": "invoices", "count": 1, "answer": {"total": 3}}).holds
    wrong = answered(**{"in": "invoices", "count": 1, "answer": {"total": 4}})
    assert Line("total", "4", "3", holds=False) in wrong.lines
    wrong = answered(**{"in": "invoices", "count": 2, "answer": {"total": 3}})
    assert Line("antal", "2", "1", holds=False) in wrong.lines


def test_the_lists_of_a_list_are_one_list() -> None:
    assert answered(**{"in": "invoices.*.lines", "count": 2, "sum": {"net_ore": 12}}).holds
    assert answered(**{"in": "invoces.*.lines", "none": True}).lines == (
        Line("invoces.*.lines", "en liste", "intet", holds=False),
    )
    assert answered(**{"in": "total", "none": True}).lines[0].found == "ingen liste"


def test_a_field_that_no_row_has_is_said_whatever_is_expected_of_it() -> None:
    for said in (
        {"where": {"knd": "extra"}, "none": True},
        {"where": {"knd": "extra"}, "count": 0},
        {"where": {"knd": None}},
        {"each": {"knd": None}},
        {"each": {"knd": {"not": "extra"}}},
    ):
        verdict = answered(**{"in": "invoices", **said})
        assert Line("feltet knd", "findes i listen", "findes ikke", holds=False) in verdict.lines, said
    assert answered(**{"in": "invoices", "where": {"credit.id": 7, "kind": "fee"}, "none": True}).holds
    assert answered(**{"in": "invoices", "each": {"credit": None}}).holds


def test_two_that_differ_only_in_type_are_told_apart() -> None:
    for said, line in (
        ({"total": "3"}, Line("total", '"3" (tekst)', "3", holds=False)),
        ({"invoices.0.credit": "null"}, Line("invoices.0.credit", '"null" (tekst)', "null", holds=False)),
    ):
        assert line in answered(answer=said).lines
    notes = judge_rows([Row("a", {"n": "3"})], Rows(where={"n": 3})).notes
    assert notes == ('passer ikke: a (n er "3" (tekst), ikke 3)',)


def test_a_no_must_be_the_no_that_was_expected() -> None:
    assert judge_refusal(None, None).holds
    assert judge_refusal("no_place", "no_place").holds
    for expected, found in ((None, "no_place"), ("no_place", None), ("no_place", "deadline_passed")):
        assert not judge_refusal(expected, found).holds
    (line,) = judge_refusal("no_place", "deadline_passed", "Fristen er udløbet.").lines
    assert (line.expected, line.found) == ("afvist: no_place", "afvist: deadline_passed")


def mail(subject: str, **more: Any) -> dict[str, Any]:
    return {"to": ["bo@k.example"], "subject": subject, "calendar": None, "attachments": [], **more}


MAILS = [
    mail("Tilmeldt: 1. møde", calendar="REQUEST", attachments=["invitation.ics"]),
    mail("Aflyst: 1. møde", calendar="CANCEL"),
    mail("Tilmeldt: 1. møde", to=["fie@k.example"]),
]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (Mail(), 3),
        (Mail(to="BO@k.example"), 2),
        (Mail(to="k.example"), 0),
        (Mail(subject="Tilmeldt"), 2),
        (Mail(calendar="CANCEL"), 1),
        (Mail(attachment="*.ics"), 1),
        (Mail(to="bo@k.example", subject="Aflyst", calendar="REQUEST"), 0),
    ],
)
def test_a_mail_is_known_by_all_that_is_said(wanted: Mail, found: int) -> None:
    assert sum(fits(one, wanted) for one in MAILS) == found


def mails_judged(**said: Any) -> Verdict:
    wanted = ExpectMails.model_validate({"mails": {"to": "bo@k.example"}, **said})
    return judge_mails(MAILS, [one for one in MAILS if fits(one, wanted.mails)], wanted)


def test_mails_come_in_the_order_that_is_said_and_no_others() -> None:
    assert mails_judged(order=["Tilmeldt", "Aflyst"]).holds
    assert mails_judged(order=[{"calendar": "REQUEST"}, {"subject": {"contains": "Aflyst"}}]).holds
    assert mails_judged(count=2).holds
    for order in (["Aflyst", "Tilmeldt"], ["Tilmeldt"], ["Tilmeldt", "Aflyst", "Tilmeldt"]):
        assert not mails_judged(order=order).holds
    assert [(line.expected, line.found) for line in mails_judged(order=["Tilmeldt"]).lines] == [
        ("Tilmeldt", "«Tilmeldt: 1. møde» REQUEST"),
        ("(ikke flere)", "«Aflyst: 1. møde» CANCEL"),
    ]
    assert mails_judged(order=["Tilmeldt", "Aflyst", "Husk"]).lines[2].found == "(ikke flere)"


def test_a_mail_that_did_not_come_is_looked_for_among_the_recipients_others() -> None:
    wanted = ExpectMails(mails=Mail(to="bo@k.example", subject="Husk"))
    verdict = judge_mails(MAILS, [], wanted)
    assert verdict.lines == (Line("antal", "mindst 1", "0", holds=False),)
    assert verdict.notes == ("fik også: «Tilmeldt: 1. møde» REQUEST", "fik også: «Aflyst: 1. møde» CANCEL")


def test_values_are_shown_as_people_read_them() -> None:
    assert shown({"at_least": 1, "at_most": 3}) == "mindst 1 og højst 3"
    assert shown({"not": {"contains": "x"}}) == "ikke indeholder x"
    assert shown({"a": None}) == '{"a": null}'
    assert shown("") == '""'
