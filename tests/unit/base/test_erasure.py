"""What is left of JSON, of a text and of bytes when a person is forgotten: all but the person."""

from __future__ import annotations

import json

import pytest
from pydantic_core import from_json

from shared.base.erasure import ErasureList, Sought, forget_in_bytes, words_in
from shared.contracts.enrollment import ErasePerson, ReplaceTeamMember
from shared.contracts.event import COMMANDS
from shared.contracts.parties import ERASED_NAME, erased_email

ANNA = Sought(("p1",)).and_words(["Anna Prøvesen"], ["Anna@By.example", "anna.p@by.example"])
FIRST, SECOND = erased_email("p1"), erased_email("p1", 1)


def test_an_object_that_names_the_person_keeps_the_id_and_loses_the_rest() -> None:
    fact = {"person": {"person_id": "p1", "name": "Anna", "email": "other@by.example"}, "size": 3}
    assert ANNA.in_json(fact) == {"person": {"person_id": "p1", "name": ERASED_NAME, "email": FIRST}, "size": 3}


def test_somebody_else_of_the_same_name_is_not_touched() -> None:
    raw = json.dumps({"person_id": "p2", "name": "Anna Prøvesen", "email": "anna@elsewhere.example"}).encode()
    assert forget_in_bytes(raw, ANNA) is raw


def test_whoever_has_the_address_by_now_and_another_id_is_somebody_new() -> None:
    several = Sought(("p1", "p7"), ("anna@by.example", "bo@by.example"), ("Anna Prøvesen", "Bo"), by_id=True)
    new = {"person_id": "p2", "name": "Anna Prøvesen", "email": "anna@by.example"}
    raw = json.dumps(new).encode()
    assert forget_in_bytes(raw, several) is raw
    assert forget_in_bytes(b"to anna@by.example", several) == b"to anna@by.example"
    both = {"people": [{"person_id": "p1", "name": "Anna", "email": "anna@by.example"}, new], "text": "Anna og Bo"}
    left = json.loads(forget_in_bytes(json.dumps(both).encode(), several) or b"")
    gone = {"person_id": "p1", "name": ERASED_NAME, "email": FIRST}
    assert left == {"people": [gone, new], "text": f"{ERASED_NAME} og Bo"}, "and Bo of p7 is not meant here"
    assert several.and_words([], []).by_id


def test_each_address_gets_an_address_of_its_own_so_that_no_two_rows_fall_together() -> None:
    assert ANNA.in_json(["anna@by.example", "ANNA.P@BY.EXAMPLE"]) == [FIRST, SECOND]
    assert FIRST != SECOND != erased_email("p2")


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Skriv til anna@by.example.", f"Skriv til {FIRST}."),
        ("<anna.p@by.example>", f"<{SECOND}>"),
        ("anna@by.example.dk", "anna@by.example.dk"),
        ("hanna@by.example", "hanna@by.example"),
        ("Anna Prøvesen: ekstra", f"{ERASED_NAME}: ekstra"),
        ("Johanna Prøvesen", "Johanna Prøvesen"),
    ],
)
def test_words_are_found_whole_and_no_others(text: str, left: str) -> None:
    assert ANNA.in_text(text) == left


def test_a_reference_of_invoices_that_named_them_is_nobodys() -> None:
    billing = {"person_reference": "Att. Anna Prøvesen", "ean": "5798009800015"}
    assert ANNA.in_json(billing) == {"person_reference": None, "ean": "5798009800015"}


def test_a_command_names_them_by_the_address_alone() -> None:
    said = {"contact_name": "A. Prøvesen", "contact_email": "anna@by.example", "programme_id": "p"}
    assert ANNA.in_json(said) == {"contact_name": ERASED_NAME, "contact_email": FIRST, "programme_id": "p"}


def test_whoever_comes_instead_of_somebody_who_is_erased_keeps_their_own_name() -> None:
    def replacing(person_id: str, name: str, email: str) -> bytes:
        said = ReplaceTeamMember(enrolment_id="e", person_id=person_id, name=name, email=email)
        return json.dumps({"specversion": "1.0", "type": said.type, "data": said.model_dump()}).encode()

    gone = ErasureList()
    gone.add(1, "p1")
    new = replacing("p1", "Bo Prøvesen", "bo@by.example")
    assert gone.without_the_erased(new) is new
    assert forget_in_bytes(new, ANNA) is new
    left = forget_in_bytes(replacing("p2", "Anna Prøvesen", "anna@by.example"), ANNA)
    assert from_json(left or b"") == from_json(replacing("p2", ERASED_NAME, FIRST)), (
        "and who is erased is not brought in again"
    )


def test_a_command_that_names_a_person_and_words_says_whose_they_are() -> None:
    beside = {
        name
        for name, one in COMMANDS.items()
        if {"person_id"} < one.model_fields.keys() & {"person_id", "name", "email"}
    }
    assert beside - {name for name, one in COMMANDS.items() if one.names_another} == {ErasePerson.type}


def test_what_nobody_can_read_is_emptied_and_a_text_is_left_without_them() -> None:
    assert forget_in_bytes(b"to anna@by.example \xe6", ANNA) is None
    assert forget_in_bytes(b"to anna@by.example", ANNA) == f"to {FIRST}".encode()


def test_what_nobody_can_read_and_is_about_somebody_else_stays_as_it_came() -> None:
    for raw in ('{"navn": "Søren å"}'.encode("latin-1"), b"\xff\xfebinary"):
        assert forget_in_bytes(raw, ANNA) is raw
    for said in ("p1", "ANNA@by.example"):
        assert forget_in_bytes(f"å {said}".encode("latin-1"), ANNA) is None


@pytest.mark.parametrize("name", ["data", "enrollment", "tovholder", "heldag"])
def test_somebody_who_is_called_as_a_word_of_ours_changes_no_fact(name: str) -> None:
    person = {"person_id": "p1", "name": name, "email": "a@by.example"}
    event = {
        "specversion": "1.0",
        "source": "/tovholder/enrollment",
        "type": "tovholder.enrollment.ParticipantRegistered.v1",
        "data": {"person": person, "meeting": {"kind": "heldag"}, "text": f"Hej {name}!"},
    }
    left = json.loads(forget_in_bytes(json.dumps(event).encode(), Sought(("p1",))) or b"")
    assert left["data"]["person"] == {"person_id": "p1", "name": ERASED_NAME, "email": FIRST}
    assert left["data"]["text"] == f"Hej {ERASED_NAME}!"
    del event["data"]["person"], left["data"]["person"], event["data"]["text"], left["data"]["text"]  # type: ignore[attr-defined]
    assert left == event


def test_a_name_of_two_letters_is_found_in_a_text_and_not_inside_others() -> None:
    bo = Sought(("p2",)).and_words(["Bo"], [])
    assert bo.in_text("Bo Prøvesen, Bodil og bo") == f"{ERASED_NAME} Prøvesen, Bodil og bo"


def test_what_stands_beside_an_id_is_what_they_are_called() -> None:
    said = {"people": [{"person_id": "p1", "name": "Anna", "email": "a@by.example"}, {"person_id": "p2", "name": "Bo"}]}
    assert words_in(said, {"p1"}) == (["Anna"], ["a@by.example"])


@pytest.mark.parametrize("escape", [False, True])
def test_what_is_read_names_nobody_who_is_on_the_list(escape: bool) -> None:  # noqa: FBT001  (a parameter of the test)
    known = ErasureList()
    said = {"data": {"person": {"person_id": "p1", "name": "Ånna", "email": "a@by.example"}, "text": "Hej Ånna!"}}
    raw = json.dumps(said, ensure_ascii=escape).encode()
    if escape:
        raw = raw.replace(b'"p1"', b'"\\u0070\\u0031"')
    assert known.without_the_erased(raw) is raw, "nothing is looked at as long as nobody is erased"
    known.add(1, "p1")
    left = json.loads(known.without_the_erased(raw) or b"")
    assert left["data"]["person"] == {"person_id": "p1", "name": ERASED_NAME, "email": FIRST}
    assert left["data"]["text"] == f"Hej {ERASED_NAME}!"
    other = raw.replace(b"p1", b"p2").replace(b"\\u0031", b"\\u0032")
    assert known.without_the_erased(other) is other
