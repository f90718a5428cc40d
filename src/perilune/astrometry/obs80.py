"""The Minor Planet Center's 80-column records: optical, from spacecraft, roving, radar.

https://minorplanetcenter.net/iau/info/ObsFormat.html and the pages that it leads to. Records of
spacecraft (S), roving observers (V) and radar (R) are two lines, which must follow each other.
A day's fraction counts 86400 s, as the MPC's own converter takes it. The date of a radar record
is the whole second to which radar normal points refer, where six decimals of a day allow it.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from perilune.astrometry.ades_columns import ARCSEC_RAD, SECOND_RAD, Parsed, radar_seconds
from perilune.astrometry.codes import CATALOGS, MODES
from perilune.astrometry.lines import Lines
from perilune.astrometry.obs80_kernels import (
    DATE,
    DECLINATION,
    MAGNITUDE,
    RIGHT_ASCENSION,
    parse_dates,
    parse_places,
)
from perilune.astrometry.obs80_second import Seconds, read_radar, read_seconds
from perilune.astrometry.observations import Observations, empty
from perilune.astrometry.records import distinct, spread
from perilune.astrometry.rejections import Faults, RejectedLine
from perilune.constants import DAY_S
from perilune.orbits.designations import is_natural_satellite, unpack

LENGTH: Final = 80
_CHUNK: Final = 1 << 16
_HEADERS: Final = frozenset(
    b"COD CON OBS MEA TEL NET BND COM NUM ACK AC2 FRM".split()
)  # of reports to the MPC
_FIRST: Final = np.frombuffer(b"SVR", dtype=np.uint8)
_SECOND: Final = np.frombuffer(b"svr", dtype=np.uint8)
_FAULTS: Final = (
    (DATE, (15, 32), "columns 16-32", "there is no such date", "UTC as YYYY MM DD.dddddd"),
    (RIGHT_ASCENSION, (32, 44), "columns 33-44", "this is no right ascension", "HH MM SS.ddd"),
    (DECLINATION, (44, 56), "columns 45-56", "this is no declination", "sDD MM SS.dd"),
    (MAGNITUDE, (65, 70), "columns 66-70", "this is no magnitude", "a number or blanks"),
)
_COLUMNS: Final = {field: columns for _, columns, field, _, _ in _FAULTS} | {
    "column 15": (14, 15), "columns 1-12": (0, 12), "columns 78-80": (77, 80),
    "column 33": (32, 33), "columns 35-69": (34, 69), "columns 35-61": (34, 61),
    "columns 33-68": (32, 68), "columns 69-71": (68, 71),
}  # fmt: skip


def read_obs80(lines: Lines) -> tuple[list[Parsed], list[RejectedLine]]:
    """Read all records.

    Returns:
        The observations by chunk, with the rows that were set aside; and the lines that are no
        records at all.
    """
    rejected: list[RejectedLine] = []
    lines = _records(lines, rejected)
    parts = []
    for start in range(0, len(lines), _CHUNK):
        # A pair that a chunk's end cuts in two goes to the next chunk as a whole.
        head = start + (start > 0 and _is_cut(lines, start))
        stop = min(start + _CHUNK, len(lines))
        stop += stop < len(lines) and _is_cut(lines, stop)
        parts += _read(lines.where(slice(head, stop)))
    return parts, rejected


def is_record(line: bytes) -> bool:
    """Whether a line has the shape of an 80-column record: its length, and digits in the date."""
    return len(line) == LENGTH and line[15:19].isdigit() and line[19:20] == b" "


def _is_cut(lines: Lines, row: int) -> bool:
    before, after = (lines.buffer[lines.begin[k] + 14] for k in (row - 1, row))
    return bool(np.any((before == _FIRST) & (after == _SECOND)))


def _records(lines: Lines, rejected: list[RejectedLine]) -> Lines:
    """The lines of 80 ASCII characters; others are set aside, and headers of reports skipped."""
    size = lines.end - lines.begin
    is_good = size == LENGTH
    has_odd = np.zeros(len(lines), dtype=np.bool_)
    odd = np.flatnonzero((lines.buffer > 126) | ((lines.buffer < 32) & (lines.buffer != 10)))
    if odd.size:
        inside = np.searchsorted(lines.begin, odd, side="right") - 1
        inside, odd = inside[inside >= 0], odd[inside >= 0]
        has_odd[inside[odd < lines.end[inside]]] = True
    good = is_good & ~has_odd
    # A header of a report may be 80 characters long, but has no year in columns 16-19.
    no_year = np.zeros(len(lines), dtype=np.bool_)
    digit = lines.buffer[lines.begin[good] + 15]
    no_year[good] = (digit < ord("0")) | (digit > ord("9"))
    for row in np.flatnonzero(~good | no_year).tolist():
        line = lines.bytes_of(row)
        if (line[:3] in _HEADERS and line[3:4] in (b" ", b"")) or line.startswith(b"#"):
            good[row] = False
        elif not good[row]:
            rejected.append(lines.rejected(row, *_misfit(line, bool(has_odd[row]))))
    return lines.where(good)


def _misfit(line: bytes, has_odd: bool) -> tuple[str, str | None]:
    """Why a line is no record, and the columns concerned."""
    if b"\t" in line:
        return "the line holds a tab where blanks are needed", None
    if has_odd:
        return "the line holds bytes that are not printable ASCII", None
    if 56 <= len(line) <= 77 and line[15:19].isdigit():
        return f"the line ends in column {len(line)}, before the station's code", "columns 78-80"
    return f"the line has {len(line)} characters instead of 80", None


def _read(lines: Lines) -> list[Parsed]:
    cells = lines.buffer[lines.begin[:, np.newaxis] + np.arange(LENGTH)]
    kind = cells[:, 14]
    faults = Faults(np.zeros(len(lines), dtype=np.bool_))
    is_second = np.isin(kind, _SECOND)
    is_paired = _pair(cells, kind, is_second, faults)
    fault = np.zeros(len(lines), dtype=np.int64)
    day_mjd = np.zeros(len(lines), dtype=np.int64)
    seconds, decimals = np.zeros(len(lines)), np.zeros(len(lines), dtype=np.int64)
    parse_dates(lines.buffer, lines.begin, day_mjd, seconds, decimals, fault)
    values = np.full((5, len(lines)), np.nan)
    is_radar = kind == ord("R")
    optical = np.flatnonzero(~is_second & ~is_radar)
    found, optical_fault = np.full((5, optical.size), np.nan), fault[optical]
    parse_places(lines.buffer, lines.begin[optical], found, optical_fault)
    values[:, optical], fault[optical] = found, optical_fault
    _set_aside(cells, kind, faults)
    for code, _, field, reason, expected in _FAULTS:
        faults.flag((fault == code) & ~is_second, field, reason, expected)
    faults.flag((cells[:, 77:80] == 32).all(axis=1), "columns 78-80", "the station is missing")
    faults.flag((cells[:, 77:80] == 32).any(axis=1), "columns 78-80", "this is no station's code")
    designation = _designations(cells, faults)
    second = read_seconds(lines, cells, np.flatnonzero(is_paired & ~is_radar), faults)
    radar = read_radar(lines, cells, np.flatnonzero(is_paired & is_radar), faults)
    keep = np.flatnonzero(~faults.is_bad & ~is_second & ~is_radar)
    table = _optical_columns(cells, values, decimals, second, keep)
    table["designation"], table["line"] = designation[keep], lines.number[keep]
    base = empty(keep.size)
    columns = {name: getattr(base, name) for name in base.__slots__} | table
    rejected = faults.lines(
        lines.number,
        lambda row: lines.bytes_of(row).decode("ascii"),
        lambda field, row: lines.bytes_of(row)[slice(*_COLUMNS[field])].decode("ascii"),
    )
    parts = [Parsed(Observations(**columns), day_mjd[keep], seconds[keep], rejected)]
    rows = np.array([row for row, _ in radar if not faults.is_bad[row]], dtype=np.int64)
    if rows.size:
        entries = [entry for row, entry in radar if not faults.is_bad[row]]
        base = empty(rows.size)
        columns = {name: getattr(base, name) for name in base.__slots__}
        for name in entries[0]:
            columns[name] = np.array([entry[name] for entry in entries])
        columns["kind"] = columns["kind"].astype(np.int8)
        columns["designation"], columns["line"] = designation[rows], lines.number[rows]
        columns["precision_time_s"] = np.ones(rows.size)
        radar_part = Parsed(
            Observations(**columns), day_mjd[rows], radar_seconds(seconds[rows]), []
        )
        parts.append(radar_part)
    return parts


def _optical_columns(
    cells: NDArray[np.uint8],
    values: NDArray[np.float64],
    decimals: NDArray[np.int64],
    second: Seconds,
    keep: NDArray[np.int64],
) -> dict[str, object]:
    cells, values = cells[keep], values[:, keep]
    table: dict[str, object] = {
        "ra_rad": values[0] * SECOND_RAD,
        "precision_ra_rad": values[1] * SECOND_RAD,
        "dec_rad": values[2] * ARCSEC_RAD,
        "precision_dec_rad": values[3] * ARCSEC_RAD,
        "precision_time_s": DAY_S * 10.0 ** -decimals[keep],
        "magnitude": values[4],
        "is_discovery": cells[:, 12] == ord("*"),
        "position": second.position[keep],
        "position_system": second.system[keep],
        "position_center": second.center[keep],
    }
    for name, columns, names in (
        ("station", slice(77, 80), None),
        ("program", slice(13, 14), None),
        ("band", slice(70, 71), None),
        ("catalog", slice(71, 72), CATALOGS),
        ("mode", slice(14, 15), MODES),
    ):
        texts, which = distinct(np.ascontiguousarray(cells[:, columns]))
        if names is None:
            table[name] = spread([text.strip() for text in texts], which)
        else:
            table[name] = spread([names.get(text, "") for text in texts], which)
    return table


def _pair(
    cells: NDArray[np.uint8],
    kind: NDArray[np.uint8],
    is_second: NDArray[np.bool_],
    faults: Faults,
) -> NDArray[np.bool_]:
    """Which records are followed by the second line that belongs to them (N,)."""
    is_first = np.isin(kind, _FIRST)
    is_paired = np.zeros(kind.size, dtype=np.bool_)
    rows = np.flatnonzero(is_first[:-1])
    rows = rows[kind[rows + 1] == kind[rows] + 32]
    same = [*range(12), *range(15, 32), *range(77, 80)]
    rows = rows[(cells[rows][:, same] == cells[rows + 1][:, same]).all(axis=1)]
    is_paired[rows] = True
    belongs = np.zeros(kind.size, dtype=np.bool_)
    belongs[rows + 1] = True
    faults.flag(
        is_first & ~is_paired, "column 15", "the second line of this record is missing",
        "the observer's position, or the errors of radar, on the next line",
    )  # fmt: skip
    faults.flag(
        is_second & ~belongs, "column 15", "this second line follows no first line of its record"
    )
    return is_paired


def _set_aside(cells: NDArray[np.uint8], kind: NDArray[np.uint8], faults: Faults) -> None:
    replaced = (kind == ord("X")) | (kind == ord("x"))
    faults.flag(replaced, "column 15", "the publisher has replaced this observation")
    faults.flag(kind == ord("O"), "column 15", "an offset from a planet is not used")
    unknown = ~np.isin(kind, np.array([ord(letter) for letter in MODES], dtype=np.uint8))
    unknown &= ~np.isin(kind, _SECOND) & (kind != ord("R"))
    # Letters without a published meaning are taken as optical, their mode as not known.
    is_letter = ((kind >= 65) & (kind <= 90)) | ((kind >= 97) & (kind <= 122))
    faults.flag(
        unknown & ~is_letter, "column 15", "this is no kind of observation", "a letter or a blank"
    )


def _designations(cells: NDArray[np.uint8], faults: Faults) -> NDArray[np.str_]:
    texts, which = distinct(np.ascontiguousarray(cells[:, :12]))
    plain = [_designation(text) for text in texts]
    moons = np.array([is_natural_satellite(name) for name in plain])[which]
    faults.flag(moons, "columns 1-12", "a planet's satellite has no orbit about the Sun")
    column = spread(plain, which)
    faults.flag(column == "", "columns 1-12", "the object is not named", "a designation")
    return column


def _designation(columns: str) -> str:
    """The object of columns 1 to 12: its number, else its provisional or temporary designation."""
    columns = columns.ljust(12)
    if columns[:5].strip():
        whole = unpack(columns)
        if whole is None and len(columns[:5].strip()) == 5:
            # A number beside a temporary designation.
            whole = unpack(columns[:5])
        return whole or unpack(columns.strip()) or columns.strip()
    # A temporary designation of five characters is no number, however it looks.
    name = columns.strip()
    return (unpack(name) if len(name) == 7 else None) or name
