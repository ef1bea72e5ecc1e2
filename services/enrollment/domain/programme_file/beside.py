"""Programme files that lie beside each other: each is checked by itself, and against what the others say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Literal

from services.enrollment.domain.programme_file.check import CheckResult, SeriesOwner, check
from services.enrollment.domain.programme_file.municipality import Municipality

Verdict = Literal["publishable", "blocked", "unreadable"]


@dataclass(frozen=True, slots=True)
class Written:
    """A programme file as it was read. `trouble` says in Danish why it could not be; then there is no text."""

    path: PurePath
    text: str = ""
    municipalities: tuple[Municipality, ...] = ()
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Checked:
    """`result` is None for a file that could not be read; `trouble` says why."""

    path: PurePath
    result: CheckResult | None
    trouble: str = ""

    @property
    def verdict(self) -> Verdict:
        if self.result is None or not self.result.readable:
            return "unreadable"
        return "publishable" if self.result.publishable else "blocked"


def check_together(files: Sequence[Written]) -> list[Checked]:
    """In the same order. Where two sellers use one invoice series, both files say so."""
    alone = [_checked(one) for one in files]
    sellers = [
        (file.path, programme.organiser.invoice_series, programme.organiser.cvr)
        for file, one in zip(files, alone, strict=True)
        if one.result and (programme := one.result.programme) and programme.organiser.invoice_series
    ]
    again = []
    for file, one in zip(files, alone, strict=True):
        mine = next(((series, cvr) for path, series, cvr in sellers if path == file.path), None)
        taken = {
            series: SeriesOwner(cvr, path.name)
            for path, series, cvr in reversed(sellers)
            if mine and series == mine[0] and cvr != mine[1]
        }
        again.append(_checked(file, taken) if taken else one)
    return again


def _checked(file: Written, series: Mapping[str, SeriesOwner] | None = None) -> Checked:
    if file.trouble:
        return Checked(file.path, None, file.trouble)
    result = check(file.text, file_name=file.path.name, municipalities=file.municipalities, series=series)
    return Checked(file.path, result)
