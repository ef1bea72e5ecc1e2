"""What a story publishes and who is in its address book: the shipped files, and changes to copies of them."""

from __future__ import annotations

import base64
import csv
import io
import unicodedata
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from deploy.local.locations import ROOT
from deploy.local.stories.reading import ENDINGS

_ASCII = str.maketrans({"æ": "ae", "ø": "oe", "å": "aa", " ": "-"})


class NoSuchPathError(Exception):
    """A change names a path that the file does not have; the sentence says how far it led."""


def programme_file(named: str, beside: Path) -> Path:
    """A programme's id is a file in `programmes/`; anything with a slash or an ending lies beside the story."""
    return beside / named if "/" in named or named.endswith(ENDINGS) else ROOT / "programmes" / f"{named}.yaml"


def changed_copy(text: str, change: Mapping[str, Any]) -> str:
    """The file with other values at these paths, the rest as it is written. Raises NoSuchPathError."""
    if not change:
        return text
    root = yaml.compose(text, Loader=yaml.SafeLoader) or yaml.MappingNode("tag:yaml.org,2002:map", [])
    for path, value in change.items():
        _put(root, path, yaml.SafeDumper(io.StringIO()).represent_data(value))
    return str(yaml.serialize(root, Dumper=yaml.SafeDumper, allow_unicode=True, width=100_000))


def _put(root: yaml.Node, path: str, new: yaml.Node) -> None:
    """The last part of a path may be new in a mapping; all before it must be there."""
    *way, last = path.split(".")
    node, seen = root, ""
    for part in way:
        seen += part
        place = _find(node, part)
        if place is None:
            raise NoSuchPathError(f"Filen har ikke noget {seen}.")
        node, seen = place[1], seen + "."
    place = _find(node, last)
    if isinstance(node, yaml.MappingNode):
        if place:
            node.value = [(key, new if key is place[0] else value) for key, value in node.value]
        else:
            node.value.append((yaml.ScalarNode("tag:yaml.org,2002:str", last), new))
    elif isinstance(node, yaml.SequenceNode) and place:
        node.value = [new if item is place[1] else item for item in node.value]
    else:
        raise NoSuchPathError(f"Filen har ikke noget {path}.")


def _find(node: yaml.Node, part: str) -> tuple[yaml.Node, yaml.Node] | None:
    """The key and the value; in a list the item twice."""
    if isinstance(node, yaml.MappingNode):
        return next((pair for pair in node.value if pair[0].value == part), None)
    if not isinstance(node, yaml.SequenceNode):
        return None
    for item in node.value:
        if isinstance(item, yaml.MappingNode) and any(
            key.value in ("id", "key") and value.value == part for key, value in item.value
        ):
            return item, item
    number = int(part) if part.isdecimal() else len(node.value)
    return (node.value[number], node.value[number]) if number < len(node.value) else None


# The address book


def domain_of(municipality: str) -> str:
    """`koebenhavn.example` of København; every address ends in `.example` (RFC 2606)."""
    plain = unicodedata.normalize("NFD", municipality.lower().translate(_ASCII))
    return "".join(mark for mark in plain if mark.isascii() and (mark.isalnum() or mark == "-")) + ".example"


@cache
def municipalities() -> tuple[Mapping[str, str], ...]:
    """The 98, as in `programmes/municipalities.csv`."""
    text = (ROOT / "programmes" / "municipalities.csv").read_text(encoding="utf-8")
    return tuple(csv.DictReader(io.StringIO(text), delimiter=";"))


def address_book(codes: Sequence[str] | None = None) -> dict[str, Any]:
    """The shipped one as `…/organisations/import` takes it; all, or some.

    Invented addresses: two mailboxes each, and a domain whose people speak for the municipality.
    """
    sheet = io.StringIO()
    heading = (
        "Kommunekode",
        "Hovedpostkasse",
        "EAN-nummer",
        "Adresse",
        "Postnummer",
        "By",
        "Rolle: ungechef",
        "Domæner",
    )
    writer = csv.writer(sheet, delimiter=";")
    writer.writerow(heading)
    for number, one in enumerate(municipalities()):
        if codes is not None and one["code"] not in codes:
            continue
        domain = domain_of(one["name"])
        ean = _with_check_digit(f"57980{number:07d}")
        where = (f"Rådhuspladsen {number + 1}", f"{1000 + 83 * number:04d}", one["name"])
        writer.writerow((one["code"], f"post@{domain}", ean, *where, f"ungechef@{domain}", domain))
    return {"content": base64.b64encode(sheet.getvalue().encode()).decode(), "dry_run": False}


def _with_check_digit(twelve: str) -> str:
    """A GLN's thirteenth digit: modulus 10 with weights 1 and 3 (GS1 General Specifications § 7.9)."""
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(twelve))
    return twelve + str(-total % 10)
