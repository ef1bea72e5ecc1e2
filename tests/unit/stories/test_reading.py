"""YAML is read without guessing, and every value knows where it stands."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.local.stories.reading import Fault, UnreadableError, read_file, read_text, trail_text


def faults(text: str) -> list[str]:
    with pytest.raises(UnreadableError) as refused:
        read_text(text, "a.yaml")
    return str(refused.value).splitlines()


def test_a_number_is_one_only_as_json_writes_it() -> None:
    text = "a: 8000\nb: 0751\nc: 09:30\nd: 9.5\ne: -3\nf: 2020-11-12\ng: '8000'\nh: true\ni: ja\nj: ~\nk:\nl: 1e3"
    assert read_text(text, "a.yaml").value == {
        "a": 8000,
        "b": "0751",
        "c": "09:30",
        "d": 9.5,
        "e": -3,
        "f": "2020-11-12",
        "g": "8000",
        "h": True,
        "i": "ja",
        "j": None,
        "k": None,
        "l": "1e3",
    }


def test_a_reference_needs_no_quotation_marks() -> None:
    read = read_text("a: {navn.felt}\nb: [{x}, {y: 1}]\nc: {meeting: vest-1}\nd: {a: , b: }", "a.yaml").value
    assert read == {
        "a": "{navn.felt}",
        "b": ["{x}", {"y": 1}],
        "c": {"meeting": "vest-1"},
        "d": {"a": None, "b": None},
    }


def test_every_value_and_field_has_its_place() -> None:
    document = read_text("a: 1\nb:\n  - c: x\n    d: y\n", "a.yaml")
    place = document.place(("b", 0, "d"))
    assert (place.line, place.column) == (4, 5)
    assert document.place(("b", 0, "not-there")) == document.place(("b", 0))
    assert document.written == {("a",): "1"}
    assert trail_text(("b", 0, "d")) == "b[0].d"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: &x 1\nb: *x", "1:4: a: Genveje med & og * er ikke tilladt."),
        ("a: !!python/object:os.system x", "1:4: a: Mærker med udråbstegn er ikke tilladt."),
        ("a: 1\n---\nb: 2", "2:1: Skriv kun én historie i filen"),
        ("a: b: c", "1:5: Her står et kolon"),
        ("\tx: 1", "1:1: Brug mellemrum til indrykning"),
        ("- a", "1:1: Filen skal bestå af felter"),
        ("a: {x} y", "Indrykningen passer ikke"),
        ('a: "\\ud800"', "1:4: a: Teksten indeholder et tegn, der ikke findes."),
        ("a: \x07", "1:1: Filen indeholder tegn"),
        ("? [a]\n: 1", "1:3: Her skal stå et feltnavn."),
        ("a: " + "[" * 40 + "]" * 40, "lag dybt"),
    ],
)
def test_what_is_no_story_is_refused_with_its_place(text: str, said: str) -> None:
    (line,) = faults(text)
    assert said in line, line
    assert line.startswith("a.yaml:")


def test_a_field_that_stands_twice_is_a_fault_and_reading_goes_on() -> None:
    document = read_text("a: 1\nb: 2\na: {c: 3}\n", "a.yaml")
    assert document.value == {"a": 1, "b": 2}
    assert document.faults == [Fault(3, 1, ("a",), "Feltet står også på linje 1. Slet det ene.")]


def test_a_file_that_is_not_there_or_no_text_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnreadableError, match=r"no\.yaml:1:1: Filen kan ikke læses"):
        read_file(tmp_path / "no.yaml")
    (tmp_path / "b.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UnreadableError, match="ikke ren tekst"):
        read_file(tmp_path / "b.yaml")
