"""The five programmes that ship, and random ones."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.enrollment.domain.programme_file.check import CheckResult, check
from services.enrollment.domain.programme_file.findings import CODES
from services.enrollment.domain.programme_file.municipality import parse_municipalities
from services.enrollment.domain.programme_file.schema import schema_text
from services.enrollment.domain.programme_file.terms import terms
from shared.contracts.programme import ProgrammeTerms

ROOT = Path(__file__).parents[3]
PROGRAMMES = ROOT / "programmes"
FILES = sorted(PROGRAMMES.glob("*.yaml"))
SCHEMA = ROOT / "docs" / "schemas" / "programme.schema.json"
MUNICIPALITIES = parse_municipalities((PROGRAMMES / "municipalities.csv").read_text(encoding="utf-8"))

P1 = "netvaerk-kommunal-ungeindsats"
P2 = "flere-i-arbejde"
P3 = "hvidovre-ungepartnerskab"
P4 = "gode-overgange"
P5 = "sammenhaengende-ungeindsats"


def text_of(name: str) -> str:
    return (PROGRAMMES / f"{name}.yaml").read_text(encoding="utf-8")


def checked(name: str) -> CheckResult:
    return check(text_of(name), file_name=f"{name}.yaml", municipalities=MUNICIPALITIES)


def terms_of(name: str) -> ProgrammeTerms:
    programme = checked(name).programme
    assert programme is not None
    return terms(programme)


def test_five_programmes_ship() -> None:
    assert {path.stem for path in FILES} == {P1, P2, P3, P4, P5}


@pytest.mark.parametrize("name", [P1, P2, P3, P5])
def test_a_shipped_programme_can_be_published(name: str) -> None:
    result = checked(name)
    assert result.publishable
    assert {one.code for one in result.findings} == {"open_reading"}
    assert all(sum(reading.chosen for reading in one.readings) == 1 for one in result.findings)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_no_shipped_address_can_reach_anyone(path: Path) -> None:
    addresses = re.findall(r"\S+@\S+", path.read_text(encoding="utf-8"))
    assert addresses
    assert all(address.endswith(".example") for address in addresses)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_terms_survive_the_wire(path: Path) -> None:
    carried = terms_of(path.stem)
    assert ProgrammeTerms.model_validate_json(carried.model_dump_json()) == carried


def test_the_partnership_with_the_wrong_weekday_waits_for_a_person() -> None:
    text = text_of(P4)
    result = checked(P4)
    (finding,) = [one for one in result.findings if one.severity == "error"]
    assert finding.code == "weekday_mismatch"
    assert text.splitlines()[finding.line - 1].strip() == "weekday: tirsdag"
    assert "date: 2025-10-02" in text.splitlines()[finding.line - 2]
    assert [one.text for one in finding.readings] == [
        "torsdag den 2. oktober 2025",
        "tirsdag den 30. september 2025",
        "tirsdag den 7. oktober 2025",
    ]
    assert not any(one.chosen for one in finding.readings)
    assert not result.publishable


@pytest.mark.parametrize("chosen", ["2025-10-02", "2025-09-30", "2025-10-07"])
def test_once_a_person_has_chosen_a_day_the_partnership_can_be_published(chosen: str) -> None:
    text = text_of(P4).replace("date: 2025-10-02", f"date: 2025-10-02\n    chosen: {chosen}")
    result = check(text)
    assert result.publishable
    assert result.programme is not None
    (meeting,) = [one for one in terms(result.programme).meetings if one.key == "heldag-3"]
    assert meeting.date == date.fromisoformat(chosen)
    (shown,) = [one for one in result.findings if one.path == "meetings[4].weekday"]
    assert [one.value for one in shown.readings if one.chosen] == [chosen]


def test_another_day_than_the_readings_is_not_a_choice() -> None:
    result = check(text_of(P4).replace("date: 2025-10-02", "date: 2025-10-02\n    chosen: 2025-10-01"))
    assert not result.publishable
    assert "chosen_not_a_reading" in {one.code for one in result.findings}


def test_the_network_costs_and_seats_what_its_invitation_says() -> None:
    carried = terms_of(P1)
    (fee,) = carried.terms.fees
    assert (fee.amount_ore, fee.vat_percent) == (19_500_00, 25)
    assert carried.terms.deadline == date(2020, 8, 21)
    assert fee.invoice_on > carried.terms.deadline
    assert {(one.kind, one.included, one.extra.price_ore if one.extra else None) for one in carried.terms.seats} == {
        ("heldag", 3, 1_000_00),
        ("digital", 3, 1_000_00),
    }
    assert carried.ref.owner == "/tovholder/enrollment"
    assert carried.ref.meetings_owner == "/tovholder/scheduling"


def test_the_network_has_two_groups_that_hold_every_municipality() -> None:
    groups = {one.id: one for one in terms_of(P1).groups}
    sizes = {key: sum(one.region in group.regions for one in MUNICIPALITIES) for key, group in groups.items()}
    assert sizes == {"vest": 52, "oest": 46} == {key: group.expected for key, group in groups.items()}


def test_each_group_of_the_network_meets_as_often_and_has_no_date_yet() -> None:
    meetings = terms_of(P1).meetings
    assert {one.precision for one in meetings} == {"undated"}
    counts = {
        (group, kind): sum((one.group, one.kind) == (group, kind) for one in meetings)
        for group in ("vest", "oest")
        for kind in ("heldag", "digital")
    }
    assert set(counts.values()) == {4}
    assert all(one.mode == ("virtual" if one.kind == "digital" else "physical") for one in meetings)


def test_the_partnership_for_work_bills_in_two_years_and_refuses_an_eighth_politician() -> None:
    carried = terms_of(P2)
    assert [(one.amount_ore, one.invoice_on.year) for one in carried.terms.fees] == [
        (85_000_00, 2016),
        (85_000_00, 2017),
    ]
    seats = {one.kind: one for one in carried.terms.seats}
    assert (seats["politisk-seminar"].included, seats["politisk-seminar"].extra) == (7, None)
    assert (seats["netvaerksmoede"].included, seats["workshop"].included) == (2, None)
    assert {one.id: one.price_ore for one in carried.terms.options} == {"sagsgennemgang": 95_000_00, "analyse": None}
    assert carried.enrolment.capacity is not None
    assert (carried.enrolment.capacity.usual, carried.enrolment.capacity.hard) == (10, 12)
    assert carried.terms.reservation_allowed
    review = next(
        step
        for track in carried.tracks
        for phase in track.phases
        for step in phase.steps
        if step.option == "sagsgennemgang"
    )
    assert not review.holds_up


def test_the_local_partnership_invites_by_name_and_bills_nothing() -> None:
    carried = terms_of(P3)
    assert (carried.enrolment.who, carried.terms.fees) == ("invited", ())
    assert sum(one.seats for one in carried.enrolment.invited if not one.ad_hoc) == 13
    assert [one.month for one in carried.meetings] == ["2013-03", "2013-04", "2013-06"]


def test_tovholder_meetings_invite_the_tovholder_role_only() -> None:
    carried = terms_of(P4)
    assert {one.roles for one in carried.meetings if one.kind == "tovholdermoede"} == {("tovholder",)}
    assert {one.roles for one in carried.meetings if one.kind != "tovholdermoede"} == {()}


@pytest.mark.parametrize("how", ["address_book", "staff", "own_link", "main_mailbox"])
def test_how_sign_ups_are_confirmed_is_said_or_goes_by_the_address_book(how: str) -> None:
    text = text_of(P1)
    said = text.replace("  contact_label:", f"  confirmation: {how}\n  contact_label:", 1)
    found = check(said).programme
    assert found is not None
    assert how in json.loads(schema_text())["$defs"]["Enrolment"]["properties"]["confirmation"]["enum"]
    assert terms(found).enrolment.confirmation == how
    silent = check(text).programme
    assert silent is not None
    assert terms(silent).enrolment.confirmation == "address_book"
    # What a version before this one told says nothing of it.
    told = json.loads(terms(found).model_dump_json())
    del told["enrolment"]["confirmation"]
    assert ProgrammeTerms.model_validate_json(json.dumps(told)).enrolment.confirmation == "address_book"


def test_the_schema_for_editors_is_what_the_format_says() -> None:
    assert SCHEMA.read_text(encoding="utf-8") == schema_text(), (
        "python -m services.enrollment.console schema > docs/schemas/programme.schema.json"
    )


class EditorLoader(yaml.SafeLoader):
    """Reads scalars as YAML 1.2 does, and so as editors do: no dates, no sexagesimal numbers."""


EditorLoader.yaml_implicit_resolvers = {}
EditorLoader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("^(?:true|false)$"), list("tf"))
EditorLoader.add_implicit_resolver("tag:yaml.org,2002:int", re.compile("^[0-9]+$"), list("0123456789"))
EditorLoader.add_implicit_resolver("tag:yaml.org,2002:float", re.compile(r"^[0-9]+\.[0-9]+$"), list("0123456789"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_an_editor_finds_nothing_wrong_in_a_shipped_programme(path: Path) -> None:
    content = yaml.load(path.read_text(encoding="utf-8"), Loader=EditorLoader)  # noqa: S506 # a SafeLoader's subclass
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    assert [error.message for error in jsonschema.Draft202012Validator(schema).iter_errors(content)] == []
    assert list(jsonschema.Draft202012Validator(schema).iter_errors({**content, "capasity": 1}))


NETWORK: dict[str, Any] = yaml.load(text_of(P1), Loader=yaml.BaseLoader)  # noqa: S506 # builds text only
# No deadline: other work may hold the processor.
UNHURRIED = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])

ORE = st.integers(min_value=1, max_value=10_000_000_00 // 20)


def kroner_text(ore: int) -> str:
    return f"{ore // 100}.{ore % 100:02d}" if ore % 100 else str(ore // 100)


@st.composite
def programmes(draw: st.DrawFn) -> tuple[dict[str, Any], list[int], list[int | None], list[int | None]]:
    """A programme, and the øre of its instalments, extra participants and options."""
    amounts = draw(st.lists(ORE, min_size=1, max_size=12))
    extras = draw(st.lists(st.none() | ORE, min_size=1, max_size=4))
    options = draw(st.lists(st.none() | ORE, max_size=4))
    content: dict[str, Any] = {
        **{key: NETWORK[key] for key in ("id", "version", "title", "noun", "summary", "organiser", "staff_email")},
        "period": {"starts": "2020-11", "ends": "2022-10"},
        "enrolment": {
            "who": "municipalities",
            "how": "sign_up",
            "deadline": "2020-08-21",
            "billing": {"remind_after": [7]},
        },
        "fees": {
            "total": kroner_text(sum(amounts)),
            "instalments": [
                {"id": f"rate-{at}", "text": f"Rate {at}", "amount": kroner_text(ore), "invoice_on": "2020-09-01"}
                for at, ore in enumerate(amounts)
            ],
        },
        "options": [
            {"id": f"tilkoeb-{at}", "title": "Tilkøb", "text": "Tilkøb"} | ({"price": kroner_text(ore)} if ore else {})
            for at, ore in enumerate(options)
        ],
        "meeting_kinds": [
            {"key": f"slags-{at}", "title": "Slags", "included": 3}
            | ({"extra": "billed", "extra_price": kroner_text(ore)} if ore else {})
            for at, ore in enumerate(extras)
        ],
        "meetings": [{"key": f"moede-{at}", "title": "Møde", "kind": f"slags-{at}"} for at in range(len(extras))],
    }
    return content, amounts, extras, options


@UNHURRIED
@given(programmes())
def test_terms_keep_every_sum(
    programme: tuple[dict[str, Any], list[int], list[int | None], list[int | None]],
) -> None:
    content, amounts, extras, options = programme
    result = check(yaml.safe_dump(content, allow_unicode=True))
    assert result.findings == ()
    assert result.programme is not None
    carried = terms(result.programme).terms
    assert [one.amount_ore for one in carried.fees] == amounts
    assert sum(one.amount_ore for one in carried.fees) == result.programme.fees.total_ore  # type: ignore[union-attr] # it has fees: a None fails here
    assert [one.extra.price_ore if one.extra else None for one in carried.seats] == extras
    assert [one.price_ore for one in carried.options] == options


@UNHURRIED
@given(st.text())
def test_the_check_never_raises_whatever_the_text(text: str) -> None:
    assert not check(text).publishable


LEAVES = st.none() | st.booleans() | st.integers() | st.text(max_size=12) | st.dates().map(str) | st.floats()
ANYTHING = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def replaced(content: Any, at: int, value: Any) -> tuple[Any, int]:
    """`content` with its node number `at` (in document order) replaced, and how many nodes it has."""
    if at == 0:
        return value, 1
    count = 1
    if isinstance(content, (dict, list)):
        pairs = list(content.items()) if isinstance(content, dict) else list(enumerate(content))
        for key, inner in pairs:
            content[key], nodes = replaced(inner, at - count, value)
            count += nodes
    return content, count


@UNHURRIED
@given(st.sampled_from(FILES), st.integers(min_value=0, max_value=400), ANYTHING)
def test_the_check_never_raises_on_a_programme_with_one_odd_value(path: Path, at: int, value: Any) -> None:
    content = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)  # noqa: S506 # builds text only
    odd, _ = replaced(content, at, value)
    for finding in check(yaml.safe_dump(odd, allow_unicode=True)).findings:
        assert finding.line >= 1
        assert finding.message


@UNHURRIED
@given(st.sampled_from(FILES), st.data())
def test_the_check_never_raises_on_a_programme_with_a_piece_torn_out(path: Path, data: st.DataObject) -> None:
    text = path.read_text(encoding="utf-8")
    start = data.draw(st.integers(min_value=0, max_value=len(text)))
    end = data.draw(st.integers(min_value=start, max_value=min(start + 40, len(text))))
    put = data.draw(st.text(alphabet=":-{}[]\"'\n\t &*!|>%@`, a1", max_size=6))
    check(text[:start] + put + text[end:])


PAGE = (ROOT / "docs" / "programmes.md").read_text(encoding="utf-8")


def test_the_page_about_programmes_explains_every_code() -> None:
    assert dict(re.findall(r"^\| `(\w+)` \| (error|open|warning) \|", PAGE, re.MULTILINE)) == CODES


def test_the_smallest_programme_on_the_page_can_be_published() -> None:
    smallest = PAGE.split("## The smallest programme")[1].split("```yaml\n")[1].split("```")[0]
    assert check(smallest).findings == ()


def test_the_page_about_programmes_names_every_part_of_the_format() -> None:
    parts = PAGE.split("## The parts")[1] + PAGE.split("## The smallest programme")[1]
    assert [name for name in json.loads(schema_text())["properties"] if not re.search(rf"\b{name}\b", parts)] == []
