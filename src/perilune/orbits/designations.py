"""Minor planets' designations: the Minor Planet Center's packed form, and numbers.

https://minorplanetcenter.net/iau/info/PackedDes.html
"""

from __future__ import annotations

import re
from typing import Final

_DIGITS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_PROVISIONAL: Final = re.compile(r"([A-Z]?\d{3,4}) ([A-HJ-Y])([A-HJ-Z])(\d{0,6})", re.ASCII)
_SURVEY: Final = re.compile(r"(\d{4}) (P-L|T-[123])", re.ASCII)
_EXTENDED_FROM: Final = 620  # cycles from here on do not fit two characters
_NUMBERED: Final = re.compile(r"\(?(\d{1,9})\)?(?: +\D.*)?", re.ASCII)

# The 16 massive asteroids by name, for files that give a name only: their number tells the
# propagator not to let them attract themselves.
_MASSIVE: Final = {
    "ceres": 1, "pallas": 2, "juno": 3, "vesta": 4, "iris": 7, "hygiea": 10, "eunomia": 15,
    "psyche": 16, "euphrosyne": 31, "europa": 52, "cybele": 65, "sylvia": 87, "thisbe": 88,
    "camilla": 107, "davida": 511, "interamnia": 704,
}  # fmt: skip


def number_of(*names: str | None) -> int | None:
    """The minor planet's number by any of an object's names; None for the unnumbered.

    "99942", "(99942)", "99942 Apophis", "Ceres", and SPICE's 2000001 and 20000001 for Ceres.
    A name of a massive asteroid counts only if no other name says otherwise: Psyche and Juno
    are spacecraft too, which come with an international designator such as 2023-157A.
    """
    given = [name.strip() for name in names if name and name.strip()]
    for name in given:
        match = _NUMBERED.fullmatch(name)
        if match and not _PROVISIONAL.fullmatch(name) and not _SURVEY.fullmatch(name):
            number = int(match[1])
            if 20_000_000 < number < 50_000_000:
                return number - 20_000_000
            if 2_000_000 < number < 3_000_000:
                return number - 2_000_000
            return number if 0 < number < 2_000_000 else None
    plain = {name.casefold() for name in given}
    if len(plain) == 1:
        return _MASSIVE.get(plain.pop())
    return None


def unpack(packed: str) -> str | None:
    """A number ("433") or a provisional designation ("2024 YR4") from its packed form.

    None for what is no packed designation.
    """
    text = packed.strip()
    if len(text) == 5:
        return _unpack_number(text)
    if len(text) != 7 or not text.isascii():
        return None
    if text[:3] in ("PLS", "T1S", "T2S", "T3S") and text[3:].isdigit():
        return f"{text[3:]} {'P-L' if text[0] == 'P' else 'T-' + text[1]}"
    if text[0] == "_":
        year, half, rest = text[1], text[2], text[3:]
        if any(char not in _DIGITS for char in text[1:]) or not half.isalpha():
            return None
        count = 0
        for char in rest:
            count = 62 * count + _DIGITS.index(char)
        cycle, letter = divmod(count, 25)
        return f"{2000 + _DIGITS.index(year)} {half}{_LETTERS[letter]}{cycle + _EXTENDED_FROM}"
    century = _DIGITS.find(text[0])
    if not (10 <= century <= 22 and text[1:3].isdigit() and text[3].isalpha()):
        return None
    tens, ones = _DIGITS.find(text[4]), text[5]
    if tens < 0 or not ones.isdigit() or not text[6].isalpha():
        return None
    cycle = 10 * tens + int(ones)
    return f"{century}{text[1:3]} {text[3]}{text[6]}{cycle or ''}"


_LETTERS: Final = "ABCDEFGHJKLMNOPQRSTUVWXYZ"  # 25, without I


def _unpack_number(text: str) -> str | None:
    if text[0] == "~":
        if any(char not in _DIGITS for char in text[1:]):
            return None
        number = 0
        for char in text[1:]:
            number = 62 * number + _DIGITS.index(char)
        return str(number + 620_000)
    leading = _DIGITS.find(text[0])
    if leading < 0 or not text[1:].isdigit() or not text.isascii():
        return None
    return str(10_000 * leading + int(text[1:])) if leading or int(text[1:]) else None


def pack(designation: str) -> str | None:
    """The packed form of a number or a provisional designation; None if it has none."""
    if designation.isascii() and designation.isdigit():
        return _pack_number(int(designation))
    survey = _SURVEY.fullmatch(designation)
    if survey:
        return ("PLS" if survey[2] == "P-L" else f"T{survey[2][2]}S") + survey[1]
    match = _PROVISIONAL.fullmatch(designation)
    if not match or len(match[1]) != 4 or not match[1].isdigit():
        return None
    year, half, letter, cycle = int(match[1]), match[2], match[3], int(match[4] or 0)
    if match[4].startswith("0") or not 1000 <= year < 2300:
        return None
    if cycle < _EXTENDED_FROM:
        return (
            f"{_DIGITS[year // 100]}{year % 100:02d}{half}"
            f"{_DIGITS[cycle // 10]}{cycle % 10}{letter}"
        )
    count = 25 * (cycle - _EXTENDED_FROM) + _LETTERS.index(letter)
    if not 2000 <= year <= 2061 or count >= 62**4:
        return None
    return f"_{_DIGITS[year - 2000]}{half}{_base62(count)}"


def _pack_number(number: int) -> str | None:
    if 0 < number < 620_000:
        return f"{_DIGITS[number // 10_000]}{number % 10_000:04d}"
    if 620_000 <= number < 620_000 + 62**4:
        return "~" + _base62(number - 620_000)
    return None


def _base62(count: int) -> str:
    digits = ""
    for _ in range(4):
        count, digit = divmod(count, 62)
        digits = _DIGITS[digit] + digits
    return digits
