"""Designations: numbers, and the packed forms of the Minor Planet Center, both ways.

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
    """The plain form of a packed designation; None for what is none.

    Minor planets: "00433" -> "433", "K24Y04R" -> "2024 YR4", "PLS2040" -> "2040 P-L",
    "J24U00B" -> "A924 UB" (so are those of before 1925 written). Comets, with their kind:
    "0073P" -> "73P", "0073P      c" -> "73P-C", "CJ95O010" -> "C/1995 O1", "PJ94P01b" ->
    "P/1994 P1-B", "0003I" -> "3I", and without it: "J95A010" -> "1995 A1".
    Natural satellites: "J013S" -> "Jupiter 13", "SK03J010" -> "S/2003 J 1". Of the 12 columns of
    an observation the permanent designation is given where there is one.
    """
    text = packed.strip()
    if not text.isascii() or len(packed) > 12:
        return None
    if len(text) == 5:
        return _unpack_number(text) or _unpack_permanent(text)
    if len(text) == 7:
        return _unpack_provisional(text)
    if len(text) == 8:
        return _unpack_prefixed(text[0], text[1:])
    if len(text) == 12:
        return _unpack_columns(text)
    return None


def tidy(designation: str) -> str:
    """A designation as files write it, in the form that this package uses.

    Packed provisional forms are unpacked ("K14X00X"), a blank that is left out is put back
    ("2020BX12", "C2017K2", "2040P-L"), brackets and a name after a number go; anything else is
    returned as it is.
    """
    text = " ".join(designation.split())
    if len(text) in (7, 8) and (plain := unpack(text)) is not None:
        return plain
    if match := _COMPACT.fullmatch(text):
        prefix = f"{match[1]}/" if match[1] else ""
        return f"{prefix}{match[2]} {match[3]}"
    if match := _NAMED.fullmatch(text):
        return match[1] or match[2]
    return text


def is_permanent(designation: str) -> bool:
    """Whether this is a number: "433", "73P", "73P-C", "3I", "Jupiter 13"."""
    return _PERMANENT.fullmatch(designation) is not None


def is_natural_satellite(designation: str) -> bool:
    """Whether this is a planet's moon: "Jupiter 13", "S/2003 J 1"."""
    return bool(_MOON.fullmatch(designation) or _MOON_PROVISIONAL.fullmatch(designation))


def pack(designation: str) -> str | None:
    """The packed form of a designation; None if it has none.

    5 characters for what is permanent (12 with a fragment: "73P-C" -> "0073P      c"), 7 for
    minor planets' provisional ones, 8 for comets ("C/1995 O1" -> "CJ95O010") and natural
    satellites. The inverse of `unpack`.
    """
    if not designation.isascii():
        return None
    if designation.isdigit():
        return _pack_number(int(designation)) if designation[0] != "0" else None
    if match := _COMET.fullmatch(designation):
        number, fragment = int(match[1]), (match[3] or "").lower()
        if not 0 < number < 10_000 or match[1][0] == "0":
            return None
        permanent = f"{number:04d}{match[2]}"
        return f"{permanent}{fragment:>7}" if fragment else permanent
    if match := _MOON.fullmatch(designation):
        return f"{match[1][0]}{int(match[2]):03d}S" if 0 < int(match[2]) < 1000 else None
    if match := _MOON_PROVISIONAL.fullmatch(designation):
        order = _pack_order(match[3])
        century = _pack_year(match[1])
        return f"S{century}{match[2]}{order}0" if order and century else None
    if _SURVEY.fullmatch(designation):
        return _pack_provisional(designation)
    if match := _COMET_PROVISIONAL.fullmatch(designation):
        return _pack_comet(match)
    return _pack_provisional(designation)


_LETTERS: Final = "ABCDEFGHJKLMNOPQRSTUVWXYZ"  # 25, without I
_HALF_MONTHS: Final = _LETTERS[:-1]
_PLANETS: Final = {"J": "Jupiter", "S": "Saturn", "U": "Uranus", "N": "Neptune"}
_KINDS: Final = "PCDXAI"
_NEW_STYLE: Final = 1925  # earlier designations in today's style have A for their first digit

_PACKED: Final = re.compile(r"([I-M])(\d\d)([A-HJ-Y])([0-9A-Za-z])(\d)([A-HJ-Za-z0])", re.ASCII)
_PACKED_COMET: Final = re.compile(r"([A-M])" + _PACKED.pattern[7:], re.ASCII)
_PACKED_MOON: Final = re.compile(r"([I-M])(\d\d)([JSUN])([0-9A-Za-z])(\d)0", re.ASCII)
_PACKED_PERMANENT: Final = re.compile(r"(\d{4})([PDI])", re.ASCII)
_PACKED_MOON_PERMANENT: Final = re.compile(r"([JSUN])(\d{3})S", re.ASCII)
_PERMANENT: Final = re.compile(
    r"[1-9]\d*|[1-9]\d*[PDI](-[A-Z]{1,2})?|(Jupiter|Saturn|Uranus|Neptune) [1-9]\d*", re.ASCII
)
_COMET: Final = re.compile(r"(\d+)([PDI])(?:-([A-Z]{1,2}))?", re.ASCII)
_MOON: Final = re.compile(r"(Jupiter|Saturn|Uranus|Neptune) (\d+)", re.ASCII)
_MOON_PROVISIONAL: Final = re.compile(r"S/(\d{4}) ([JSUN]) (\d+)", re.ASCII)
_COMET_PROVISIONAL: Final = re.compile(
    r"(?:([PCDXAI])/)?(\d{4}) ([A-HJ-Y])([A-HJ-Z]?)(\d*)(?:-([A-Z]))?", re.ASCII
)
_COMPACT: Final = re.compile(
    r"(?:([PCDXAI])/?(?=\d{4}))?((?:1[0-9]|2[0-2])\d\d|A[89]\d\d|\d{4}(?=P-L|T-))"
    r"([A-HJ-Y](?:[A-HJ-Z]\d{0,6}|\d{1,6})(?:-[A-Z]{1,2})?|P-L|T-[123])",
    re.ASCII,
)
_NAMED: Final = re.compile(r"\((\d+)\)(?: .*)?|(\d+[PDI])/\D.*", re.ASCII)


def _unpack_number(text: str) -> str | None:
    if text[0] == "~":
        if any(char not in _DIGITS for char in text[1:]):
            return None
        number = 0
        for char in text[1:]:
            number = 62 * number + _DIGITS.index(char)
        return str(number + 620_000)
    leading = _DIGITS.find(text[0])
    if leading < 0 or not text[1:].isdigit():
        return None
    return str(10_000 * leading + int(text[1:])) if leading or int(text[1:]) else None


def _unpack_permanent(text: str) -> str | None:
    if (match := _PACKED_PERMANENT.fullmatch(text)) and int(match[1]):
        return f"{int(match[1])}{match[2]}"
    if (match := _PACKED_MOON_PERMANENT.fullmatch(text)) and int(match[2]):
        return f"{_PLANETS[match[1]]} {int(match[2])}"
    return None


def _unpack_provisional(text: str) -> str | None:
    if text[:3] in ("PLS", "T1S", "T2S", "T3S") and text[3:].isdigit():
        return f"{text[3:]} {'P-L' if text[0] == 'P' else 'T-' + text[1]}"
    if text[0] == "_":
        return _unpack_extended(text)
    match = _PACKED.fullmatch(text)
    plain = _unpack_style(match) if match else None
    if match is None or plain is None:
        return None
    is_early = match[6] in _LETTERS and _year(match) < _NEW_STYLE
    return f"A{_year(match) % 1000:03d} {plain}" if is_early else f"{_year(match)} {plain}"


def _year(match: re.Match[str]) -> int:
    return 100 * _DIGITS.index(match[1]) + int(match[2])


def _unpack_style(match: re.Match[str]) -> str | None:
    """What follows the year, as minor planets have it (YR4) or as comets have it (P1-B)."""
    count, last = 10 * _DIGITS.index(match[4]) + int(match[5]), match[6]
    if last in _LETTERS:
        return f"{match[3]}{last}{count or ''}"
    if not count:
        return None
    return f"{match[3]}{count}" + ("" if last == "0" else f"-{last.upper()}")


def _unpack_extended(text: str) -> str | None:
    year, half, rest = text[1], text[2], text[3:]
    if any(char not in _DIGITS for char in text[1:]) or half not in _HALF_MONTHS:
        return None
    count = 0
    for char in rest:
        count = 62 * count + _DIGITS.index(char)
    cycle, letter = divmod(count, 25)
    return f"{2000 + _DIGITS.index(year)} {half}{_LETTERS[letter]}{cycle + _EXTENDED_FROM}"


def _unpack_prefixed(kind: str, text: str) -> str | None:
    if kind == "S":
        match = _PACKED_MOON.fullmatch(text)
        if not match:
            return None
        count = 10 * _DIGITS.index(match[4]) + int(match[5])
        return f"S/{_year(match)} {match[3]} {count}" if count else None
    if kind not in _KINDS or not (match := _PACKED_COMET.fullmatch(text)):
        return None
    plain = _unpack_style(match)
    # A comet's year is written in full, however early: C/1490 Y1, P/1892 AB.
    return None if plain is None else f"{kind}/{_year(match)} {plain}"


def _unpack_columns(text: str) -> str | None:
    permanent = _unpack_permanent(text[:5])
    if permanent is None:
        return _unpack_number(text[:5]) if _unpack_provisional(text[5:].strip()) else None
    rest = text[5:]
    if rest[:5].isspace() and permanent[-1] in "PDI":
        fragment = rest[5:].strip()
        ok = fragment.isalpha() and fragment.islower() and not rest[-1].isspace()
        return f"{permanent}-{fragment.upper()}" if ok else None
    if permanent[-1] not in "PDI":
        return permanent if _PACKED_MOON.fullmatch(rest) else None
    if not _PACKED.fullmatch(rest):
        return None
    # A fragment is named in the last column: 0073PJ95... with a small letter there.
    return f"{permanent}-{rest[-1].upper()}" if rest[-1].islower() else permanent


def _pack_year(year: str) -> str | None:
    """Three characters of a year from 1000 to 2299."""
    full = 1000 + int(year[1:]) if year[0] == "A" else int(year)
    return f"{_DIGITS[full // 100]}{full % 100:02d}" if 1000 <= full < 2300 else None


def _pack_order(count: str) -> str | None:
    if not count or count[0] == "0" or int(count) >= _EXTENDED_FROM:
        return None
    return f"{_DIGITS[int(count) // 10]}{int(count) % 10}"


def _pack_comet(match: re.Match[str]) -> str | None:
    """A comet's provisional designation, or a bare one in a comet's or minor planet's style."""
    kind, year, half, letter, count, fragment = match.groups()
    if not letter and not count:
        return None
    if not kind and int(year) < 1800:
        return None
    if not letter:
        century, order = _pack_year(year), _pack_order(count)
        seven = f"{century}{half}{order}{(fragment or '0').lower()}" if century and order else None
    elif fragment:  # the last column holds the second letter, so there is no place for it
        return None
    elif kind:
        century, order = _pack_year(year), "00" if not count else _pack_order(count)
        seven = f"{century}{half}{order}{letter}" if century and order else None
    else:
        return _pack_provisional(f"{year} {half}{letter}{count}")
    return f"{kind or ''}{seven}" if seven else None


def _pack_provisional(designation: str) -> str | None:
    if survey := _SURVEY.fullmatch(designation):
        return ("PLS" if survey[2] == "P-L" else f"T{survey[2][2]}S") + survey[1]
    match = _PROVISIONAL.fullmatch(designation)
    if not match or len(match[1]) != 4 or not (match[1].isdigit() or match[1][0] == "A"):
        return None
    half, letter, count = match[2], match[3], match[4]
    century = _pack_year(match[1])
    if century is None or (match[1][0] == "A" and not "A800" <= match[1] < "A925"):
        return None
    if match[1][0] != "A" and int(match[1]) < _NEW_STYLE:
        return None  # an old-style designation such as 1892 AB, which has no packed form
    if count.startswith("0"):
        return None
    cycle = int(count or 0)
    if cycle < _EXTENDED_FROM:
        return f"{century}{half}{_DIGITS[cycle // 10]}{cycle % 10}{letter}"
    year = int(match[1])
    order = 25 * (cycle - _EXTENDED_FROM) + _LETTERS.index(letter)
    if not 2000 <= year <= 2061 or order >= 62**4:
        return None
    return f"_{_DIGITS[year - 2000]}{half}{_base62(order)}"


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
