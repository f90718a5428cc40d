"""Gravity fields of the Moon: the one in the package, and files of higher degree."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from perilune.dynamics import lunar_gravity_figures as figures
from perilune.dynamics.lunar_gravity_kernels import (
    FieldArrays,
    accelerations,
    field_gradient,
)
from perilune.errors import InputError

FloatArray = NDArray[np.float64]

_M3_PER_KM3: Final = 1e9
_HIGHEST: Final = 2000  # beyond, the recursion's diagonal would underflow
_SHADR_ROW: Final = re.compile(
    r"RECOEF\s*(\d{1,4})\s+(\d{1,4})\s+([-+]?[\d.]+[EDed][-+]?\d+)\s+([-+]?[\d.]+[EDed][-+]?\d+)"
)


@dataclass(frozen=True, eq=False)
class GravityField:
    """A field of fully normalised coefficients in the Moon's principal axes (MOON_PA).

    Attributes:
        name: of the model.
        gm_km3_s2: the Moon's GM that the coefficients go with.
        radius_km: their reference radius.
        cosine, sine: C and S, (degree + 1, degree + 1), row the degree, column the order; C[0, 0]
            is 1.
    """

    name: str
    gm_km3_s2: float
    radius_km: float
    cosine: FloatArray
    sine: FloatArray

    @property
    def degree(self) -> int:
        """The highest degree."""
        return int(self.cosine.shape[0]) - 1

    def truncated(self, degree: int) -> GravityField:
        """The same field without the degrees above one.

        Raises:
            InputError: the field does not reach this degree.
        """
        if not 0 <= degree <= self.degree:
            raise InputError(
                f"the gravity field {self.name} does not reach the degree",
                found=degree,
                expected=f"0 to {self.degree}",
                remedy="Give a file of a higher degree, or fewer degrees.",
            )
        if degree == self.degree:
            return self
        size = degree + 1
        return GravityField(
            f"{self.name}, degree {degree}",
            self.gm_km3_s2,
            self.radius_km,
            self.cosine[:size, :size].copy(),
            self.sine[:size, :size].copy(),
        )

    def arrays(self) -> FieldArrays:
        """The series that the kernels sum."""
        once = [_derivative(self.cosine, self.sine, axis) for axis in range(3)]
        pairs = [(0, 0), (0, 1), (0, 2), (1, 1), (1, 2)]
        twice = [_derivative(*once[first], second) for first, second in pairs]
        degree = self.degree + 1
        return FieldArrays(
            degree=degree,
            gm_km3_s2=self.gm_km3_s2,
            radius_km=self.radius_km,
            sectoral=_sectoral_factors(degree + 1),
            first=_column_factors(degree),
            gradient=_in_order(once),
            second=_column_factors(degree + 1),
            hessian=_in_order(twice),
        )

    def acceleration(self, position_fixed_km: FloatArray) -> FloatArray:
        """Accelerations (N, 3), km/s², at Moon-fixed places (N, 3), both in principal axes."""
        place = np.ascontiguousarray(position_fixed_km, dtype=np.float64)
        out = np.empty_like(place)
        accelerations(self.arrays(), place, out)
        return out

    def gradient(self, position_fixed_km: FloatArray) -> FloatArray:
        """The partials (3, 3) of the acceleration, 1/s², at one Moon-fixed place (3,)."""
        out = np.empty((3, 3))
        x, y, z = (float(value) for value in position_fixed_km)
        field_gradient(self.arrays(), x, y, z, out)
        return out


def no_field() -> FieldArrays:
    """The arrays of no field at all."""
    none = np.zeros((0, 2))
    return FieldArrays(-1, 0.0, 1.0, np.zeros(1), none, np.zeros((0, 6)), none, np.zeros((0, 10)))


def _derivative(cosine: FloatArray, sine: FloatArray, axis: int) -> tuple[FloatArray, FloatArray]:
    """A series' derivative along an axis, times the radius: a series one degree higher.

    Cunningham's rules (Montenbruck & Gill, equations 3.33) with the normalising factors taken in.
    """
    size = cosine.shape[0]
    n, m = np.tril_indices(size)
    c, s = cosine[n, m], sine[n, m]
    out_c, out_s = np.zeros((size + 1, size + 1)), np.zeros((size + 1, size + 1))
    grown = np.sqrt((2.0 * n + 1.0) / (2.0 * n + 3.0))
    if axis == 2:
        factor = -grown * np.sqrt((n + m + 1.0) * (n - m + 1.0))
        out_c[n + 1, m] = factor * c
        out_s[n + 1, m] = factor * s
        return out_c, out_s
    # To the next order: half for m > 0; m = 0 carries its smaller norm and counts whole.
    up = grown * np.sqrt((n + m + 2.0) * (n + m + 1.0)) * np.where(m == 0, math.sqrt(0.5), 0.5)
    down = grown * np.sqrt((n - m + 2.0) * (n - m + 1.0)) * np.where(m == 1, math.sqrt(0.5), 0.5)
    has_below = m > 0
    below = np.where(has_below, m - 1, 0)
    down = np.where(has_below, down, 0.0)
    if axis == 0:
        np.add.at(out_c, (n + 1, m + 1), -up * c)
        np.add.at(out_s, (n + 1, m + 1), -up * s)
        np.add.at(out_c, (n + 1, below), down * c)
        np.add.at(out_s, (n + 1, below), down * s)
    else:
        np.add.at(out_s, (n + 1, m + 1), -up * c)
        np.add.at(out_c, (n + 1, m + 1), up * s)
        np.add.at(out_s, (n + 1, below), -down * c)
        np.add.at(out_c, (n + 1, below), down * s)
    out_s[:, 0] = 0.0
    return out_c, out_s


def _in_order(series: list[tuple[FloatArray, FloatArray]]) -> FloatArray:
    """Series side by side, order by order with rising degrees: (terms, 2 series)."""
    size = series[0][0].shape[0]
    order, degree = np.triu_indices(size)
    columns = [part[degree, order] for pair in series for part in pair]
    return np.ascontiguousarray(np.stack(columns, axis=1))


def _sectoral_factors(degree: int) -> FloatArray:
    """Factors from one diagonal term to the next, (degree + 1,)."""
    m = np.arange(degree + 1, dtype=np.float64)
    factors = np.sqrt((2.0 * m + 1.0) / np.maximum(2.0 * m, 1.0))
    if degree >= 1:
        factors[1] = math.sqrt(3.0)
    return factors


def _column_factors(degree: int) -> FloatArray:
    """Factors of the two earlier terms in the term one degree up, in `_in_order`'s order."""
    m, below = np.triu_indices(degree + 1)
    n = below + 1.0
    both = (n - m) * (n + m)
    one = np.sqrt((2.0 * n + 1.0) * (2.0 * n - 1.0) / both)
    two = np.sqrt(
        (2.0 * n + 1.0)
        * (n + m - 1.0)
        * np.maximum(n - m - 1.0, 0.0)
        / (np.maximum(2.0 * n - 3.0, 1.0) * both)
    )
    return np.ascontiguousarray(np.stack([one, two], axis=1))


@cache
def lunar_field(degree: int = 20) -> GravityField:
    """The field in the package, GRAIL's to degree 20, or its first degrees.

    Raises:
        InputError: more than 20.
    """
    rows = np.array(figures.COEFFICIENTS.split(), dtype=np.float64).reshape(-1, 4)
    whole = _field(figures.NAME, figures.GM_KM3_S2, figures.RADIUS_KM, rows)
    return whole.truncated(degree)


def read_gravity_field(path: Path | str) -> GravityField:
    """A field from a file: PDS SHADR (`RECOEF` rows) or plain `degree order C S` rows.

    The first line that has them gives GM, m³/s², and the radius, m.

    Raises:
        InputError: the file cannot be read or does not hold a field; with its line.
    """
    file = str(path)
    try:
        lines = Path(path).read_text(encoding="ascii").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            "the gravity file cannot be read",
            file=file,
            found=getattr(error, "strerror", None) or str(error),
            remedy="Check the path.",
        ) from None
    header: tuple[str, float, float] | None = None
    rows: list[tuple[float, float, float, float]] = []
    seen: set[tuple[int, int]] = set()
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.lstrip().startswith("("):
            continue  # SHADR's own FORTRAN formats
        if header is None:
            header = _header(line, file, number)
            continue
        row = _row(line, file, number)
        key = (int(row[0]), int(row[1]))
        if key in seen:
            raise InputError(
                "a coefficient stands twice", file=file, line=number, found=f"{key[0]} {key[1]}"
            )
        seen.add(key)
        rows.append(row)
    if header is None or not rows:
        raise InputError("the file holds no gravity field", file=file, remedy="Check the file.")
    table = np.array(rows)
    degree = int(table[:, 0].max())
    missing = [(n, m) for n in range(2, degree + 1) for m in range(n + 1) if (n, m) not in seen]
    if missing:
        raise InputError(
            "coefficients are missing",
            file=file,
            found=f"none of degree {missing[0][0]}, order {missing[0][1]}",
            expected=f"all of degrees 2 to {degree}",
            remedy="The file may be cut short: fetch it again.",
        )
    return _field(header[0] or Path(path).stem, header[1], header[2], table)


def _field(name: str, gm_km3_s2: float, radius_km: float, rows: FloatArray) -> GravityField:
    size = int(rows[:, 0].max()) + 1
    cosine, sine = np.zeros((size, size)), np.zeros((size, size))
    n, m = rows[:, 0].astype(np.int64), rows[:, 1].astype(np.int64)
    cosine[n, m], sine[n, m] = rows[:, 2], rows[:, 3]
    cosine[0, 0] = 1.0
    return GravityField(name, gm_km3_s2, radius_km, cosine, sine)


def _header(line: str, file: str, number: int) -> tuple[str, float, float]:
    """Name, GM in km³/s² and radius in km."""
    found = re.findall(r"[-+]?\d*\.\d+[EDed][-+]?\d+", line)
    if len(found) >= 2:
        gm, radius = (float(text.replace("D", "E").replace("d", "e")) for text in found[:2])
        if 1e11 < gm < 1e22 and 1e5 < radius < 1e9:
            name = line[: line.index(found[0])].strip()
            return " ".join(name.split()), gm / _M3_PER_KM3, radius / 1e3
    raise InputError(
        "the first line of the gravity field is wrong",
        file=file,
        line=number,
        found=line[:60],
        expected="GM in m³/s² and the reference radius in m",
    )


def _row(line: str, file: str, number: int) -> tuple[float, float, float, float]:
    shadr = _SHADR_ROW.match(line)
    parts = list(shadr.groups()) if shadr else line.replace(",", " ").split()[:4]
    try:
        n, m = int(parts[0]), int(parts[1])
        c, s = (float(text.replace("D", "E").replace("d", "e")) for text in parts[2:4])
        if len(parts) == 4 and 0 <= m <= n <= _HIGHEST and abs(c) < 1.1 and abs(s) < 1.1:
            return float(n), float(m), c, s
    except (ValueError, IndexError):
        pass
    raise InputError(
        "a row of the gravity field is wrong",
        file=file,
        line=number,
        found=line[:60],
        expected=f"degree and order up to {_HIGHEST} and the normalised C and S",
    )
