"""What the CCSDS orbit data messages share: lines of KEY = VALUE, epochs, frames, covariances.

CCSDS 502.0-B-3, Orbit Data Messages (2023), section 7. Versions 1 to 3 of OPM and OEM are read and
version 2.0 is written. EME2000 is taken to be the ICRF, as SPICE does (they differ by 0.02
arcseconds); GCRF too. A covariance in the local frame RSW, RTN or TNW is turned into the state's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray

from perilune.errors import InputError
from perilune.orbits.elements import Frame
from perilune.orbits.reading import SourceText
from perilune.times import format_tdb, parse_epoch

TIME_SYSTEMS: Final = ("TDB", "TT", "TAI", "UTC")
FRAMES: Final[dict[str, Frame]] = {
    "ICRF": "ICRF",
    "GCRF": "ICRF",
    "EME2000": "EME2000",
    "J2000": "EME2000",
    "ECLIPJ2000": "ecliptic J2000",
}
FRAME_NAMES: Final[dict[Frame, str]] = {
    "ICRF": "ICRF",
    "EME2000": "EME2000",
    "ecliptic J2000": "ECLIPJ2000",
}
CENTERS: Final = (
    "SUN", "SOLAR SYSTEM BARYCENTER", "MERCURY", "VENUS", "EARTH", "MOON", "MARS", "JUPITER",
    "SATURN", "URANUS", "NEPTUNE", "PLUTO",
)  # fmt: skip
_SYSTEMS: Final = CENTERS[6:]  # of these DE440 has the barycentre with their moons
_LOCAL_FRAMES: Final = ("RSW", "RTN", "TNW")
_AXES: Final = ("X", "Y", "Z", "X_DOT", "Y_DOT", "Z_DOT")
COVARIANCE_UNITS: Final = {
    f"C{_AXES[row]}_{_AXES[column]}": ("km**2", "km**2/s", "km**2/s**2")[row // 3 + column // 3]
    for row in range(6)
    for column in range(row + 1)
}
COVARIANCE_KEYS: Final = tuple(COVARIANCE_UNITS)
_DAY_OF_YEAR: Final = re.compile(r"(\d{4})-(\d{3})(T.*)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Line:
    """One line that says something: KEY = VALUE [unit], or words without a key."""

    number: int
    key: str | None
    value: str
    unit: str | None = None


def lines_of(text: SourceText) -> Iterator[Line]:
    """The lines without comments and blank lines."""
    for number, raw in enumerate(text.text.splitlines(), 1):
        line = raw.strip()
        if not line or line.startswith("COMMENT"):
            continue
        key, equals, value = line.partition("=")
        if equals:
            plain, bracket, unit = value.strip().removesuffix("]").rpartition("[")
            if bracket and value.rstrip().endswith("]"):
                yield Line(number, key.strip(), plain.rstrip(), unit)
            else:
                yield Line(number, key.strip(), value.strip())
        else:
            yield Line(number, None, line)


def check_version(text: SourceText, line: Line, key: str) -> None:
    """The first line must be this message's version, 1 to 3."""
    if line.key != key or line.value not in ("1.0", "2.0", "3.0"):
        raise text.error(
            "the message's version is not one that Perilune reads",
            line=line.number,
            field=key,
            found=line.value if line.key == key else line.key,
            expected="1.0, 2.0 or 3.0 on the first line",
        )


def need(text: SourceText, block: Mapping[str, Line], key: str, where: int) -> Line:
    """The line of a key that must be there; `where` is the line to name if it is not."""
    if key not in block or not block[key].value:
        raise text.error("a field is missing", line=where, field=key, expected="a value")
    return block[key]


def quantity(text: SourceText, line: Line, unit: str) -> float:
    """The number of a line; a unit that it names must be the one that CCSDS demands."""
    if line.unit is not None and "".join(line.unit.split()).lower().replace("^", "**") != unit:
        raise text.error(
            "a number has another unit than a CCSDS message allows",
            line=line.number,
            field=line.key,
            found=f"[{line.unit}]",
            expected=f"[{unit}]",
        )
    return text.number(line.value, line.key or "", line.number)


def frame_of(text: SourceText, line: Line) -> Frame:
    """The frame that a REF_FRAME line names."""
    name = line.value.upper()
    if name not in FRAMES:
        raise text.error(
            "the reference frame is not one that Perilune reads",
            line=line.number,
            field=line.key,
            found=line.value,
            expected=", ".join(FRAMES),
            remedy="Turn the state into the ICRF first.",
        )
    return FRAMES[name]


def center_of(text: SourceText, line: Line) -> str:
    """The origin that a CENTER_NAME line names."""
    name = " ".join(line.value.upper().replace("_", " ").split())
    name = "SOLAR SYSTEM BARYCENTER" if name == "SSB" else name
    if name.removesuffix(" BARYCENTER") in _SYSTEMS:
        name = name.removesuffix(" BARYCENTER")
    if name not in CENTERS:
        raise text.error(
            "the centre is not one that Perilune knows",
            line=line.number,
            field=line.key,
            found=line.value,
            expected=", ".join(CENTERS),
        )
    return name


def scale_of(text: SourceText, line: Line) -> str:
    """The time system that a TIME_SYSTEM line names."""
    if line.value.upper() not in TIME_SYSTEMS:
        raise text.error(
            "the time system is not one that Perilune reads",
            line=line.number,
            field=line.key,
            found=line.value,
            expected=", ".join(TIME_SYSTEMS),
        )
    return line.value.upper()


def epoch_of(text: SourceText, token: str, scale: str, line: int) -> float:
    """MJD TDB of an epoch, by calendar date or by day of the year."""
    moment = token.strip().rstrip("Zz")
    ordinal = _DAY_OF_YEAR.fullmatch(moment)
    if ordinal:
        year, day = int(ordinal[1]), int(ordinal[2])
        leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
        if year < 1 or not 1 <= day <= 365 + leap:
            raise text.error("there is no such day", line=line, field="EPOCH", found=token)
        moment = (date(year, 1, 1) + timedelta(days=day - 1)).isoformat() + ordinal[3]
    if "@" in moment or ":" in moment[:4]:
        raise text.error(
            "this is no epoch",
            line=line,
            field="EPOCH",
            found=token,
            expected="YYYY-MM-DDThh:mm:ss or YYYY-DDDThh:mm:ss",
        )
    with text.located(line):
        return parse_epoch(f"{moment}@{scale}", "EPOCH")


def printed_epoch(epoch_mjd_tdb: float) -> str:
    """The TDB calendar date with as few decimals as give the epoch back.

    Raises:
        InputError: no calendar date gives it back.
    """
    for decimals in range(10):
        text = format_tdb(epoch_mjd_tdb, decimals).partition("@")[0].removesuffix(" TDB")
        if parse_epoch(f"{text}@tdb") == epoch_mjd_tdb:
            return text
    raise InputError(
        "an epoch cannot be printed",
        field="EPOCH",
        found=epoch_mjd_tdb,
        expected="a date of the calendar",
    )


def symmetric(triangle: list[float]) -> NDArray[np.float64]:
    """The matrix of a lower triangle given row by row."""
    matrix = np.zeros((6, 6))
    lower = np.tril_indices(6)
    matrix[lower] = triangle
    matrix.T[lower] = triangle
    return matrix


def in_state_frame(
    text: SourceText,
    covariance: NDArray[np.float64],
    name: str | None,
    frame: Frame,
    state: NDArray[np.float64],
    line: int,
) -> NDArray[np.float64]:
    """A covariance given in the frame `name` (None: the state's) turned into the state's frame."""
    upper = (name or FRAME_NAMES[frame]).upper()
    if FRAMES.get(upper) is not None and (
        FRAMES[upper] == frame or "ecliptic J2000" not in (FRAMES[upper], frame)
    ):
        return covariance
    if upper not in _LOCAL_FRAMES:
        raise text.error(
            "the covariance's frame is not one that Perilune reads",
            line=line,
            field="COV_REF_FRAME",
            found=name,
            expected=f"the state's frame, or {', '.join(_LOCAL_FRAMES)}",
        )
    r, v = state[:3], state[3:]
    normal = np.cross(r, v)
    if not np.linalg.norm(normal) > 0.0:
        raise text.error(
            "a state on a line through the centre has no local frame",
            line=line,
            field="COV_REF_FRAME",
            found=name,
        )
    w = normal / np.linalg.norm(normal)
    # T is along the velocity, R (the first axis of RSW and RTN) along the position
    along = v if upper == "TNW" else r
    first = along / np.linalg.norm(along)
    axes = np.column_stack([first, np.cross(w, first), w])
    turn = np.kron(np.eye(2), axes)
    turned = turn @ covariance @ turn.T
    return 0.5 * (turned + turned.T)
