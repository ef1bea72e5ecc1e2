"""Numbers with check digits: what a document may say, and the FIK reference that we make ourselves.

CVR: modulus 11. GLN: GS1 modulus 10. IBAN: ISO 13616, modulus 97. FIK references: modulus 10 (Luhn), 2 and 1 from the
right.
"""

from __future__ import annotations

import re
from functools import lru_cache
from zlib import crc32

from stdnum import ean, iban, luhn
from stdnum.dk import cvr

from services.invoicing.domain.document.model import FikCard

FIK_DIGITS: dict[FikCard, int] = {"71": 15, "73": 0, "75": 16}
"""How long the reference of a card is, check digit included."""
_NUMBER_DIGITS = 9


@lru_cache(maxsize=4096)
def is_cvr(text: str) -> bool:
    return re.fullmatch("[0-9]{8}", text) is not None and cvr.is_valid(text)


@lru_cache(maxsize=4096)
def is_gln(text: str) -> bool:
    """Thirteen digits: a twelve-digit number can have a fitting check digit too, and is none."""
    return re.fullmatch("[0-9]{13}", text) is not None and ean.is_valid(text)


@lru_cache(maxsize=4096)
def is_iban(text: str) -> bool:
    return re.fullmatch("[A-Z]{2}[0-9]{2}[A-Z0-9]{1,30}", text) is not None and iban.is_valid(text)


def is_bic(text: str) -> bool:
    """ISO 9362: bank, country, place, and a branch if there is one."""
    return re.fullmatch("[A-Z]{6}[A-Z0-9]{2}(?:[A-Z0-9]{3})?", text) is not None


def is_p_number(text: str) -> bool:
    return re.fullmatch("[1-9][0-9]{9}", text) is not None


def is_fik_reference(card: FikCard, text: str) -> bool:
    """Right length and check digit; a +73 has no reference."""
    digits = FIK_DIGITS[card]
    if not digits:
        return not text
    return re.fullmatch(f"[0-9]{{{digits}}}", text) is not None and luhn.is_valid(text)


def is_fik_creditor(text: str) -> bool:
    return re.fullmatch("8[0-9]{7}", text) is not None


@lru_cache(maxsize=256)
def _series_digits(series: str, digits: int) -> str:
    return f"{crc32(series.encode()) % 10**digits:0{digits}d}" if series else "0" * digits


def fik_reference(card: FikCard, series: str, number: int) -> str:
    """The reference of an invoice: digits that stand for its series, its number, check digit.

    A seller has several series, each of which begins with 1: without the series two invoices would share a reference.
    """
    digits = FIK_DIGITS[card]
    if not digits:
        return ""
    if not 0 < number < 10**_NUMBER_DIGITS:
        raise ValueError(f"number: {number} has more than {_NUMBER_DIGITS} digits")
    payload = f"{_series_digits(series, digits - 1 - _NUMBER_DIGITS)}{number:0{_NUMBER_DIGITS}d}"
    return payload + luhn.calc_check_digit(payload)
