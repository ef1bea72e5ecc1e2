"""The municipalities: official names, regions and CVR numbers, read from a CSV text."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from io import StringIO
from typing import Literal, get_args

from services.enrollment.domain.billing import is_cvr
from shared.contracts.danish import danish_sort_key

Region = Literal[
    "Region Hovedstaden", "Region Sjælland", "Region Syddanmark", "Region Midtjylland", "Region Nordjylland"
]
REGIONS: tuple[str, ...] = get_args(Region)

COLUMNS = ("code", "name", "region", "cvr")
CODE_DIGITS = 4

_OWN_FORM = {"København": "Københavns Kommune", "Bornholm": "Bornholms Regionskommune"}


class MunicipalityFileError(ValueError):
    """The CSV text cannot be used; the message names the line."""


@dataclass(frozen=True, slots=True)
class Municipality:
    """`code` has four digits and a leading zero; `name` is the official one; `cvr` passes modulus 11."""

    code: str
    name: str
    region: str
    cvr: str

    @property
    def sort_key(self) -> str:
        return danish_sort_key(self.name)


def official_name(name: str) -> str:
    """Aarhus Kommune, Københavns Kommune, Bornholms Regionskommune."""
    return _OWN_FORM.get(name, f"{name} Kommune")


def parse_municipalities(text: str) -> tuple[Municipality, ...]:
    """The municipalities of a CSV text with the columns code;name;region;cvr, in Danish order of their names.

    Raises MunicipalityFileError, naming the line, for a missing column, a wrong code, region or CVR number, or a
    municipality named twice. A byte order mark, as spreadsheets write it, is ignored.
    """
    reader = csv.reader(StringIO(text.removeprefix("\ufeff"), newline=""), delimiter=";", strict=True)
    found: dict[str, Municipality] = {}
    try:
        header = tuple(next(reader, ()))
        if header != COLUMNS:
            raise MunicipalityFileError(f"line 1: the columns are {';'.join(header)}, not {';'.join(COLUMNS)}")
        for row in reader:
            if row:
                one = _municipality(row, reader.line_num)
                if one.code in found:
                    raise MunicipalityFileError(f"line {reader.line_num}: {one.code} stands twice")
                found[one.code] = one
    except csv.Error as error:
        raise MunicipalityFileError(f"line {reader.line_num}: {error}") from error
    return tuple(sorted(found.values(), key=lambda one: one.sort_key))


def _municipality(row: list[str], line: int) -> Municipality:
    if len(row) != len(COLUMNS):
        raise MunicipalityFileError(f"line {line}: {len(row)} fields instead of {len(COLUMNS)}")
    code, name, region, cvr = (field.strip() for field in row)
    if len(code) != CODE_DIGITS or not (code.isascii() and code.isdigit()):
        raise MunicipalityFileError(f"line {line}: {code!r} is no municipality code of four digits")
    if not name:
        raise MunicipalityFileError(f"line {line}: the name is missing")
    if region not in REGIONS:
        raise MunicipalityFileError(f"line {line}: {region!r} is no region")
    if not is_cvr(cvr):
        raise MunicipalityFileError(f"line {line}: {cvr!r} is no CVR number (modulus 11)")
    return Municipality(code=code, name=official_name(name), region=region, cvr=cvr)
