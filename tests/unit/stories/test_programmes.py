"""A story publishes copies of programme files with other values, and brings an address book."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
import yaml

from deploy.local.locations import ROOT
from deploy.local.stories.programmes import (
    NoSuchPathError,
    address_book,
    changed_copy,
    domain_of,
    municipalities,
    programme_file,
)

FILE = (ROOT / "programmes" / "netvaerk-kommunal-ungeindsats.yaml").read_text(encoding="utf-8")


def test_a_copy_has_other_values_at_the_paths_and_is_the_same_elsewhere() -> None:
    change = {
        "id": "et-andet",
        "enrolment.deadline": "2020-06-12",
        "enrolment.capacity": {"usual": 10, "hard": 12},
        "fees.instalments.deltagergebyr.invoice_on": "2020-06-15",
        "meetings.vest-heldag-1": {"key": "vest-heldag-1", "precision": "month"},
        "groups.0.expected": 3,
    }
    before, after = yaml.safe_load(FILE), yaml.safe_load(changed_copy(FILE, change))
    assert (after.pop("id"), before.pop("id")) == ("et-andet", "netvaerk-kommunal-ungeindsats")
    assert after["enrolment"].pop("deadline") == "2020-06-12"
    assert after["enrolment"].pop("capacity") == {"usual": 10, "hard": 12}
    assert after["fees"]["instalments"][0].pop("invoice_on") == "2020-06-15"
    assert after["meetings"].pop(0) == {"key": "vest-heldag-1", "precision": "month"}
    assert after["groups"][0].pop("expected") == 3
    del before["enrolment"]["deadline"], before["fees"]["instalments"][0]["invoice_on"]
    del before["meetings"][0], before["groups"][0]["expected"]
    assert after == before
    assert changed_copy(FILE, {}) == FILE


@pytest.mark.parametrize(
    "path", ["enrolment.dedline.x", "meetings.vest-9.title", "meetings.99", "id.x", "groups.vest.a.b"]
)
def test_a_path_that_the_file_does_not_have_is_named(path: str) -> None:
    with pytest.raises(NoSuchPathError, match="Filen har ikke noget"):
        changed_copy(FILE, {path: 1})


def test_a_file_is_named_by_its_programme_or_lies_beside_the_story() -> None:
    assert programme_file("x", Path("/s")) == ROOT / "programmes" / "x.yaml"
    assert programme_file("x.yaml", Path("/s")) == Path("/s/x.yaml")
    assert programme_file("../y/x.yaml", Path("/s")) == Path("/s/../y/x.yaml")


def rows(codes: list[str] | None) -> list[str]:
    return base64.b64decode(address_book(codes)["content"]).decode().splitlines()[1:]


def test_the_shipped_address_book_is_invented_and_a_part_of_it_is_the_same_part() -> None:
    assert len(municipalities()) == len(rows(None)) == 98
    assert rows(["0751", "0101"]) == [row for row in rows(None) if row[:4] in ("0751", "0101")]
    assert all(address.endswith(".example") for row in rows(None) for address in row.split(";") if "@" in address)
    assert domain_of("Lyngby-Taarbæk") == "lyngby-taarbaek.example"
    assert domain_of("Høje-Taastrup") == "hoeje-taastrup.example"
