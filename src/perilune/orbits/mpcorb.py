"""MPCORB lines of the Minor Planet Center: one orbit a line, without covariance.

https://minorplanetcenter.net/iau/info/MPOrbitFormat.html. Epochs are 0 h TT of a day, here turned
into TDB; angles refer to the ecliptic J2000. The mean motion is read as a check on the semi-major
axis and written from it, so its last digits may differ from the source's. A header down to a line
of dashes is skipped.

`read_mpcorb_table` reads a whole catalogue into columns; `read_mpcorb` gives `Orbit` objects.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from perilune.constants import AU_KM
from perilune.errors import InputError
from perilune.frames.ecliptic import icrf_from_ecliptic
from perilune.orbits.conversion import with_elements
from perilune.orbits.designations import number_of, pack, unpack
from perilune.orbits.element_kernels import keplerian_to_states
from perilune.orbits.elements import GM_SUN_DE440_KM3_S2, KeplerianElements
from perilune.orbits.mpcorb_kernels import parse_lines
from perilune.orbits.orbit import Orbit
from perilune.orbits.reading import SourceText, load_bytes
from perilune.times import mjd_tdb_from_tt, mjd_tt_from_tdb

_PUBLISHER: Final = "MPC"
_HEADER_BYTES: Final = 20_000
_NEWLINE: Final = 10
_RETURN: Final = 13
_LAST_ASCII: Final = 127
_SHORTEST: Final = 103  # columns up to the semi-major axis
_FIELDS: Final = (
    ("H", 8, 13), ("G", 14, 19), ("mean anomaly", 26, 35), ("argument of perihelion", 37, 46),
    ("node", 48, 57), ("inclination", 59, 68), ("eccentricity", 70, 79), ("mean motion", 80, 91),
    ("semi-major axis", 92, 103), ("epoch", 20, 25), ("mean motion", 80, 91),
)  # fmt: skip
_EXPECTED: Final = {
    "epoch": "a packed date such as K1972",
    "inclination": "0 to 180 degrees",
    "eccentricity": "0 or more, and less than 1",
    "semi-major axis": "a distance above 0 au",
}


@dataclass(frozen=True, slots=True)
class OrbitTable:
    """Many orbits in columns of N rows.

    Args:
        designations: "433", "2024 YR4" (N,), text.
        numbers: minor planets' numbers, 0 for the unnumbered (N,).
        epoch_mjd_tdb: epochs (N,).
        states: heliocentric ICRF positions in km and velocities in km/s (N, 6).
        absolute_magnitude_h: H, NaN where none is published (N,).
        slope_g: G, NaN where none is published (N,).
        source: the file.
    """

    designations: NDArray[np.str_]
    numbers: NDArray[np.int64]
    epoch_mjd_tdb: NDArray[np.float64]
    states: NDArray[np.float64]
    absolute_magnitude_h: NDArray[np.float64]
    slope_g: NDArray[np.float64]
    source: str


@dataclass(frozen=True, slots=True)
class _Columns:
    """The file's bytes, where each line starts and ends, its number, and its numbers.

    `values` are those of `parse_lines`.
    """

    data: NDArray[np.uint8]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    line_numbers: NDArray[np.int64]
    values: NDArray[np.float64]
    epoch_mjd_tdb: NDArray[np.float64]
    designations: list[str]
    file: str | None

    def line(self, row: int) -> str:
        """One line's text."""
        return self.data[self.starts[row] : self.ends[row]].tobytes().decode("ascii")


def read_mpcorb_table(source: Path | str) -> OrbitTable:
    """A whole file as columns: 20,060 lines in 0.07 s, a million in 4 s.

    Raises:
        InputError: a line is cut short or damaged: which, and where.
    """
    columns = _columns(*load_bytes(source))
    values = columns.values
    degree = math.pi / 180.0
    elements = np.column_stack(
        [
            values[:, 8] * AU_KM,
            values[:, 6],
            values[:, 5] * degree,
            values[:, 4] * degree,
            values[:, 3] * degree,
            values[:, 2] * degree,
        ]
    )
    states = np.empty_like(elements)
    keplerian_to_states(elements, GM_SUN_DE440_KM3_S2, states)
    states = icrf_from_ecliptic(states.reshape(-1, 2, 3)).reshape(-1, 6)
    names = columns.designations
    return OrbitTable(
        designations=np.array(names),
        numbers=np.array([int(name) if name.isdigit() else 0 for name in names], dtype=np.int64),
        epoch_mjd_tdb=columns.epoch_mjd_tdb,
        states=states,
        absolute_magnitude_h=values[:, 0].copy(),
        slope_g=values[:, 1].copy(),
        source=columns.file or "",
    )


def read_mpcorb(source: Path | str) -> list[Orbit]:
    """Every line of a file as an orbit.

    Raises:
        InputError: a line is cut short or damaged: which, and where.
    """
    columns = _columns(*load_bytes(source))
    return [_orbit(columns, row) for row in range(len(columns.designations))]


def looks_like_mpcorb(text: SourceText) -> bool:
    """Whether the first line is long enough and starts with a packed designation."""
    lines = text.text[:_HEADER_BYTES].split("\n")
    first = next((k + 1 for k, line in enumerate(lines) if line.startswith("-----")), 0)
    line = next((line for line in lines[first:] if line.strip()), "")
    return unpack(line[:7]) is not None and len(line.rstrip()) >= _SHORTEST


def parse_mpcorb(text: SourceText) -> list[Orbit]:
    """`read_mpcorb` for a text already loaded."""
    columns = _columns(text.text.encode("utf-8", errors="surrogatepass"), text.file)
    return [_orbit(columns, row) for row in range(len(columns.designations))]


def _orbit(columns: _Columns, row: int) -> Orbit:
    line = columns.line(row)
    text = SourceText("", columns.file)
    h, g, anomaly, peri, node, inclination, e, _, a, _ = columns.values[row].tolist()
    designation = columns.designations[row]
    readable = line[166:194].strip()
    reference = line[107:116].strip()
    with text.located(int(columns.line_numbers[row])):
        return Orbit(
            designation=designation,
            name=_name(readable, designation),
            number=number_of(designation),
            solution=f"{_PUBLISHER} {reference}".strip(),
            publisher=_PUBLISHER,
            solution_date=None,
            epoch_mjd_tdb=float(columns.epoch_mjd_tdb[row]),
            elements=KeplerianElements(a, e, inclination, node, peri, anomaly),
            absolute_magnitude_h=None if math.isnan(h) else h,
            slope_g=None if math.isnan(g) else g,
            source=text.file or "",
        )


def _name(readable: str, designation: str) -> str | None:
    """ "Eros" of "(433) Eros"; None where only a provisional designation follows the number."""
    rest = readable.partition(")")[2].strip() if readable.startswith("(") else ""
    if not rest or not designation.isdigit() or pack(rest) is not None:
        return None
    return rest


def _columns(raw: bytes, file: str | None) -> _Columns:
    """Parse every line; the first bad one raises. No Python object is made for a good line."""
    text = SourceText("", file)
    data = np.frombuffer(raw, dtype=np.uint8)
    breaks = np.flatnonzero(data == _NEWLINE).astype(np.int64)
    starts = np.concatenate([[0], breaks + 1])
    ends = np.concatenate([breaks, [len(data)]])
    ends -= (ends > starts) & (data[ends - 1] == _RETURN) if len(data) else 0
    numbers = np.arange(1, len(starts) + 1)
    dashes = [k for k in range(min(len(starts), 200)) if raw.startswith(b"-----", starts[k])]
    kept = ends > starts
    kept[: dashes[0] + 1 if dashes else 0] = False
    starts, ends, numbers = starts[kept], ends[kept], numbers[kept]
    wrong = ends - starts < _SHORTEST
    if not wrong.any() and len(data) and data.max() > _LAST_ASCII:
        wrong = np.array([data[a:b].max() > _LAST_ASCII for a, b in zip(starts, ends, strict=True)])
    if wrong.any():
        row = int(np.argmax(wrong))
        raise text.error(
            "a line is not an MPCORB line",
            line=int(numbers[row]),
            found=raw[starts[row] : ends[row]][:60].decode("utf-8", errors="replace"),
            expected=f"at least {_SHORTEST} columns of ASCII text",
        )
    values = np.empty((len(starts), 10))
    status = np.empty(len(starts), dtype=np.int64)
    spans = np.array([field[1:] for field in _FIELDS[:9]], dtype=np.int64)
    parse_lines(data, starts, spans, values, status)
    if (status >= 0).any():
        row = int(np.argmax(status >= 0))
        name, start, stop = _FIELDS[int(status[row])]
        raise text.error(
            "a number is missing, damaged or outside its range"
            if status[row] < 10
            else "the mean motion contradicts the semi-major axis",
            line=int(numbers[row]),
            field=f"{name}, columns {start + 1}-{stop}",
            found=raw[starts[row] + start : starts[row] + stop].decode("ascii").strip(),
            expected=_EXPECTED.get(name, "a decimal number"),
        )
    designations = []
    for row, start in enumerate(starts.tolist()):
        packed = raw[start : start + 7].decode("ascii")
        designation = unpack(packed)
        if designation is None:
            raise text.error(
                "the designation is not a packed one",
                line=int(numbers[row]),
                field="columns 1-7",
                found=packed,
                expected="such as 00433, K24Y04R or PLS2040",
            )
        designations.append(designation)
    epochs, which = np.unique(values[:, 9], return_inverse=True)  # few, and TDB is slow
    return _Columns(
        data=data,
        starts=starts,
        ends=ends,
        line_numbers=numbers,
        values=values,
        epoch_mjd_tdb=np.asarray(mjd_tdb_from_tt(epochs))[which],
        designations=designations,
        file=file,
    )


def write_mpcorb(orbits: Sequence[Orbit]) -> str:
    """One line an orbit: what MPCORB has of it, rounded to MPCORB's digits; no covariance.

    Raises:
        InputError: an orbit that is no ellipse, an epoch that is not 0 h TT or TDB, or a
            designation without a packed form.
    """
    return "".join(_line(orbit) for orbit in orbits)


# 0 h TDB, JPL's epochs, is 0 h TT here: they are at most 1.7 ms apart, in which nothing moves by a
# unit of MPCORB's last digits (1e-5 degrees are 26 km at 1 au).
_SAME_EPOCH_D: Final = 2.1e-8
_COMET: Final = re.compile(r"\d{4}[PDI]", re.ASCII)  # the packed form of a numbered comet


def _line(orbit: Orbit) -> str:
    elements = with_elements(orbit, KeplerianElements, GM_SUN_DE440_KM3_S2).elements
    assert isinstance(elements, KeplerianElements)
    packed = pack(orbit.designation)
    tt = float(mjd_tt_from_tdb(orbit.epoch_mjd_tdb))
    a = elements.semi_major_axis_au
    problems: tuple[tuple[bool, str, object, str], ...] = (
        (
            packed is None or "/" in orbit.designation or _COMET.fullmatch(packed) is not None,
            "designation",
            orbit.designation,
            "a minor planet's, with a packed form",
        ),
        (abs(tt - round(tt)) > _SAME_EPOCH_D, "epoch", f"MJD {tt} TT", "0 h TT of a day"),
        (not 0.0 < a < 1000.0, "semi-major axis", a, "an ellipse below 1000 au"),
    )
    for wrong, field, found, expected in problems:
        if wrong:
            raise InputError(
                "an MPCORB line cannot hold this orbit",
                field=field,
                found=found,
                expected=expected,
                remedy="Write the orbit in Perilune's own format.",
            )
    h = "" if orbit.absolute_magnitude_h is None else f"{orbit.absolute_magnitude_h:5.2f}"
    g = "" if orbit.slope_g is None else f"{orbit.slope_g:5.2f}"
    motion = 0.9856076686 / (a * math.sqrt(a))
    reference = orbit.solution.removeprefix(f"{orbit.publisher} ")[:9]
    readable = orbit.designation
    if orbit.number is not None:
        bracketed = f"({orbit.number})"
        readable = f"{bracketed:>8} {orbit.name or ''}"
    text = (
        f"{packed:7} {h:5} {g:5} {_packed_date(round(tt))} {elements.mean_anomaly_deg:9.5f}"
        f"  {elements.argument_of_perihelion_deg:9.5f}  {elements.node_deg:9.5f}"
        f"  {elements.inclination_deg:9.5f}  {elements.eccentricity:9.7f} {motion:11.8f}"
        f" {a:11.7f}    {reference:9}"
    )
    return f"{text:166}{readable:28}".rstrip() + "\n"


def _packed_date(mjd: int) -> str:
    calendar = np.datetime64("1858-11-17", "D") + mjd
    year, month, day = (int(part) for part in str(calendar).split("-"))
    digits = "0123456789ABCDEFGHIJKLMNOPQRSTUV"
    return f"{digits[year // 100]}{year % 100:02d}{digits[month]}{digits[day]}"
