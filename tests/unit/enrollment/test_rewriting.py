"""A programme file that is edited differs where it was edited, and nowhere else."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deploy.local.locations import ROOT
from services.enrollment.domain.programme_file.changes import NOTHING, apply, by_ids, by_numbers, changes, met, together
from services.enrollment.domain.programme_file.check import check
from services.enrollment.domain.programme_file.day_notes import day_notes
from services.enrollment.domain.programme_file.fields import Entries, Part, order_of, shown
from services.enrollment.domain.programme_file.format import ProgrammeFile
from services.enrollment.domain.programme_file.kinds import part_model
from services.enrollment.domain.programme_file.moving import BLANK, copied, moved_text, same_weekday, still_proposed
from services.enrollment.domain.programme_file.places import page_of, path_of, sections, spoken, where_of
from services.enrollment.domain.programme_file.shape import field_types
from services.enrollment.domain.programme_file.splice import rewritten, written
from services.enrollment.domain.programme_file.typed import said_by, with_entries
from services.enrollment.domain.programme_file.words import ONE_OF, has_label
from services.enrollment.domain.programme_file.yaml_lines import read
from shared.contracts.danish import weekday

FILES = {path.stem: path.read_text(encoding="utf-8") for path in sorted((ROOT / "programmes").glob("*.yaml"))}
P2 = FILES["flere-i-arbejde"]
COMMENTED = """\
# Øverst
id: et  # hvad det hedder
title:   "Et: forløb"   # titlen

# Om møderne
meetings:
  # det første
  - key: a
    title: Første   # en titel
    note: >-
      En lang note, der
      går over to linjer.
  # det andet
  - {key: b, title: Andet}   # på én linje

  - key: c
    title: 'Tredje'
tal: [14, 3]  # dage
tom:
sidst: ja"""


def data_of(text: str) -> dict[str, Any]:
    found = read(text).value
    assert found is not None, text
    return found


def differing(before: str, after: str) -> list[tuple[str, str]]:
    old, new = before.split("\n"), after.split("\n")
    assert len(old) == len(new), after
    return [(one, other) for one, other in zip(old, new, strict=True) if one != other]


def leaves(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    if isinstance(value, Mapping):
        for name, one in value.items():
            yield from leaves(one, (*path, name))
    elif isinstance(value, list):
        for number, one in enumerate(value):
            yield from leaves(one, (*path, number))
    else:
        yield path


def with_value(data: Mapping[str, Any], path: tuple[str | int, ...], value: Any) -> dict[str, Any]:
    made = copy.deepcopy(dict(data))
    here: Any = made
    for step in path[:-1]:
        here = here[step]
    here[path[-1]] = value
    return made


@pytest.mark.parametrize("name", FILES)
def test_what_nobody_changed_stays_to_the_character(name: str) -> None:
    assert rewritten(FILES[name], data_of(FILES[name]), order_of) == FILES[name]
    assert data_of(written(data_of(FILES[name]), order_of)) == data_of(FILES[name])


@pytest.mark.parametrize("name", FILES)
def test_one_field_is_one_line_wherever_it_stands(name: str) -> None:
    text, data = FILES[name], data_of(FILES[name])
    for path in list(leaves(data))[::4]:
        assert path != ("summary",), "a folded text of several lines, which is folded anew"
        made = rewritten(text, with_value(data, path, "ny: værdi, [her]"), order_of)
        assert len(differing(text, made)) == 1, path


def test_comments_and_the_way_it_is_written_stay_around_an_edit() -> None:
    data = data_of(COMMENTED)
    for path, value, line in (
        (("id",), "to", "id: to  # hvad det hedder"),
        (("title",), "Nyt", 'title:   "Nyt"   # titlen'),
        (("meetings", 0, "title"), "1. møde", "    title: 1. møde   # en titel"),
        (("meetings", 1, "title"), "Nyt, andet", '  - {key: b, title: "Nyt, andet"}   # på én linje'),
        (("tal",), ["14", "3", "1"], "tal: [14, 3, 1]  # dage"),
        (("tom",), "fyldt", "tom: fyldt"),
    ):
        ((_, now),) = differing(COMMENTED, rewritten(COMMENTED, with_value(data, path, value), order_of))
        assert now == line


def test_entries_go_and_come_and_move_with_their_comments() -> None:
    data = data_of(COMMENTED)
    a, b, c = data["meetings"]
    moved = rewritten(COMMENTED, {**data, "meetings": [b, a, c]}, order_of)
    assert moved.index("# det andet\n  - {key: b") < moved.index("# det første\n  - key: a") < moved.index("- key: c")
    assert sorted(moved.split("\n")) == sorted(COMMENTED.split("\n"))
    gone = rewritten(COMMENTED, {**data, "meetings": [a, c]}, order_of)
    assert "key: b" not in gone
    assert "# det andet" not in gone
    assert "# det første" in gone
    come = rewritten(COMMENTED, {**data, "meetings": [a, {"key": "d", "title": "Ny"}, b, c]}, order_of)
    assert "- key: d\n    title: Ny\n  # det andet\n" in come


def test_a_field_that_comes_stands_where_the_format_has_it() -> None:
    data = data_of(P2)
    made = rewritten(P2, {**data, "organiser": {**data["organiser"], "payment": "bank"}}, order_of)
    lines = made.split("\n")
    assert lines[lines.index('  bank: {registration: "9999", account: "0000234567"}') + 1] == "  payment: bank"
    assert len(lines) == len(P2.split("\n")) + 1


_TEXTS = (
    st.text(st.characters(exclude_categories=["Cs", "Cc"], include_characters="\n"), min_size=1, max_size=30)
    .map(str.strip)
    .filter(bool)
)
_VALUES = st.one_of(
    _TEXTS,
    st.lists(_TEXTS, min_size=1, max_size=3),
    st.dictionaries(st.sampled_from(["id", "title", "note"]), _TEXTS, min_size=1),
)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_whatever_is_wanted_is_what_the_file_says(choose: st.DataObject) -> None:
    text = choose.draw(st.sampled_from([COMMENTED, FILES["gode-overgange"]]))
    data = data_of(text)
    for _ in range(2):
        path = choose.draw(st.sampled_from(sorted(leaves(data), key=str)))
        data = with_value(data, path, choose.draw(_VALUES))
    for name in [name for name, one in data.items() if isinstance(one, list)][:2]:
        data[name] = choose.draw(st.permutations(data[name]))
    assert data_of(rewritten(text, data, order_of)) == data


# Two at once ---------------------------------------------------------------------------------------------------------


def test_a_change_is_about_the_same_entry_wherever_it_stands() -> None:
    data = data_of(P2)
    other = with_value({**data, "meetings": data["meetings"][::-1]}, ("meetings", 1, "title"), "Nyt")
    found = changes(data, other)
    assert [one.where for one in found] == [("meetings", "politisk-seminar", "title"), ("meetings", "#")]
    assert apply(data, found) == other
    assert spoken(found[0].where, data) == "Møder › Politisk seminar › Titel"


def test_what_two_change_comes_together_and_where_both_did_one_is_chosen() -> None:
    base = data_of(P2)
    mine = with_value(with_value(base, ("title",), "Mit"), ("meetings", 2, "title"), "Mit seminar")
    theirs = with_value(with_value(base, ("title",), "Deres"), ("organiser", "city"), "Odense C")
    del theirs["meetings"][2]
    meeting = met(base, theirs, mine)
    assert {one.where for one, _ in meeting.conflicts} == {("title",), ("meetings", "politisk-seminar", "title")}
    kept = together(theirs, mine, meeting, [])
    assert kept == theirs
    both = together(theirs, mine, meeting, [one.where for one, _ in meeting.conflicts])
    assert (both["title"], both["organiser"]["city"]) == ("Mit", "Odense C")
    assert "Mit seminar" in [one["title"] for one in both["meetings"]], "what I wrote in it comes back with it"


def test_a_place_is_the_same_by_ids_and_by_numbers() -> None:
    data = data_of(P2)
    for path in leaves(data):
        where = by_ids(data, path)
        assert by_numbers(data, where) == path
    assert by_numbers(data, ("meetings", "findes-ikke")) is None
    assert changes({"a": "1"}, {}) == changes({"a": "1"}, {})
    assert changes({}, {"a": "1"})[0].before is NOTHING


# A copy --------------------------------------------------------------------------------------------------------------


def test_days_move_by_whole_years_to_the_same_weekday_and_are_proposals() -> None:
    data = data_of(P2)
    made, moved = copied(data, "nyt", "Nyt", 2026)
    assert (made["id"], made["version"], made["title"]) == ("nyt", "1", "Nyt")
    by_place = {one.where: one for one in moved}
    deadline = by_place["enrolment", "deadline"]
    assert (deadline.was, deadline.now) == ("2016-10-14", "2026-10-16")
    assert by_place["meetings", "netvaerksmoede-1", "month"].now == "2027-01"
    assert still_proposed(made, moved) == moved
    made["enrolment"]["deadline"] = "2026-10-09"
    assert deadline not in still_proposed(made, moved)
    assert copied(data, "nyt", "Nyt", 2016)[1] == copied(data, "nyt", "Nyt", None)[1] == []


def test_a_moved_day_is_never_more_than_three_days_off() -> None:
    for year in range(2000, 2090):
        for day in (date(year, 1, 1), date(year, 2, 28), date(year, 12, 31)):
            there = same_weekday(day, 7)
            assert weekday(there) == weekday(day)
            assert abs((there - day.replace(year=year + 7)).days) <= 3
    assert same_weekday(date(2020, 2, 29), 1) == date(2021, 2, 27)
    assert moved_text("2099-01", 1) is None
    assert moved_text("forår", 1) is None


def test_a_blank_programme_can_be_published_once_its_dates_are_there() -> None:
    result = check(BLANK.format(id="nyt", title="Nyt", year=2027))
    assert result.publishable, result.findings


# Forms from the format -----------------------------------------------------------------------------------------------


def parts() -> list[type[Any]]:
    found: list[Any] = [ProgrammeFile]
    for one in found:
        for kind in field_types(one).values():
            for name in str(kind).replace("[", " ").replace("]", " ").replace(",", " ").replace("'", " ").split():
                model = part_model(name.rpartition(".")[2].rstrip(">"))
                if model is not None and model not in found:
                    found.append(model)
    return found


def test_every_field_of_the_format_has_its_word() -> None:
    assert len(parts()) > 30
    lacking = [
        f"{one.__name__}.{name}" for one in parts() for name in field_types(one) if not has_label(one.__name__, name)
    ]
    assert lacking == []


def pages(data: Mapping[str, Any], path: tuple[str | int, ...]) -> Iterator[Part | Entries]:
    page = shown(data, path)
    assert page is not None, path
    yield page
    below = [row.path for row in page.rows] if isinstance(page, Entries) else [one.path for one in page.below]
    for one in below:
        if one not in {section.path for section in sections()}:
            yield from pages(data, one)


@pytest.mark.parametrize("name", FILES)
def test_everything_in_a_file_is_on_a_page_and_sent_as_it_stands_changes_nothing(name: str) -> None:
    data = data_of(FILES[name])
    seen = set()
    for section in sections():
        for page in pages(data, section.path):
            assert path_of(where_of(page.path)) == page.path
            if isinstance(page, Entries):
                assert page.one == ONE_OF[str(page.path[-1])]
                continue
            typed = {
                one.name: [one.value] if one.kind != "checkboxes" else one.value.split("\n")
                for one in page.all_fields()
            }
            assert said_by(page, data, typed) == data, page.path
            seen |= {one.path for one in page.all_fields()}
            assert all(page_of(one.path) == page.path for one in page.all_fields()), page.path
    for path in leaves(data):
        assert path in seen or path[:-1] in seen, path


def test_what_is_typed_the_danish_way_is_written_as_the_file_has_it() -> None:
    data = data_of(P2)
    page = shown(data, ("fees", "instalments", 0))
    assert isinstance(page, Part)
    typed = {"fees.instalments.0.amount": ["85.500,50"], "fees.instalments.0.invoice_on": ["1/12/2016"]}
    made = said_by(page, data, typed)["fees"]["instalments"][0]
    assert (made["amount"], made["invoice_on"]) == ("85500.50", "2016-12-01")


def test_a_group_that_is_emptied_is_gone_and_one_that_is_filled_in_is_there() -> None:
    data = data_of(P2)
    page = shown(data, ("meetings", 0))
    assert isinstance(page, Part)
    names = [one.name for one in page.groups[0].fields]
    made = said_by(page, data, {name: [""] for name in names})
    assert "after" not in made["meetings"][0]
    empty = shown(made, ("meetings", 0))
    assert isinstance(empty, Part)
    again = said_by(empty, made, dict(zip(names, (["kommunespor"], ["opstart"], ["50"]), strict=True)))
    assert again["meetings"][0]["after"] == data["meetings"][0]["after"]


def test_entries_move_within_their_list_and_no_further() -> None:
    data = data_of(P2)
    assert with_entries(data, ("options",), "op", 0) == data
    assert with_entries(data, ("options",), "ned", 1) == data
    assert with_entries(data, ("options",), "fjern", 9) == data
    moved = with_entries(data, ("options",), "ned", 0)["options"]
    assert [one["id"] for one in moved] == ["analyse", "sagsgennemgang"]
    one = with_entries(data, ("options",), "fjern", 0)
    assert "options" not in with_entries(one, ("options",), "fjern", 0)


def test_a_place_that_the_format_does_not_have_has_no_page() -> None:
    data = data_of(P2)
    for where in ("findes-ikke", "meetings.0.title", "period.0", "meetings.x", ""):
        assert path_of(where) is None, where
    assert shown(data, ("meetings", 99)) is None
    new = shown(data, ("meetings", 4))
    assert isinstance(new, Part)
    assert not new.there


def test_a_day_says_its_weekday_and_whether_people_are_away() -> None:
    assert day_notes("2016-10-14") == "fredag den 14. oktober 2016"
    assert day_notes("2023-05-05") == "fredag den 5. maj 2023 · store bededag"
    assert day_notes("2024-04-26") == "fredag den 26. april 2024", "no holiday any more"
    assert day_notes("2027-10-22") == "fredag den 22. oktober 2027 · efterårsferie i uge 42"
    assert day_notes("2027-02-16") == "tirsdag den 16. februar 2027 · vinterferie i uge 7"
    assert day_notes("2027-03") == "marts 2027"
    assert day_notes("2027-13") == day_notes("når som helst") == day_notes("2027-02-30") == ""
