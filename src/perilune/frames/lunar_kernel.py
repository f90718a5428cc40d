"""The Moon's orientation as DE421 integrated it, from the binary kernel in lunarsky's wheel.

`moon_pa_de421_1900-2050.bpc` (NAIF, 2008) holds Chebyshev series of the three Euler angles that
turn ICRF into DE421's principal axes (PA). lunarsky itself is not imported: it is heavy.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from struct import error as StructError
from typing import Final

import numpy as np
from jplephem.daf import DAF
from numpy.polynomial.chebyshev import chebder, chebval

from perilune.constants import DAY_S, J2000_MJD_TDB
from perilune.errors import DataMissingError
from perilune.times import FloatArray

KERNEL_NAME: Final = "moon_pa_de421_1900-2050.bpc"
_PA_DE421: Final = 31006  # NAIF's class id of the frame MOON_PA_DE421
_CHEBYSHEV_ANGLES: Final = 2  # the only type of binary PCK that holds series of angles


@dataclass(frozen=True, slots=True)
class LunarKernel:
    """The series: one record for each interval of `interval_s` from `start_s`.

    Args:
        first_mjd_tdb, last_mjd_tdb: the span that the kernel claims.
        start_s: the first interval's start, TDB seconds from J2000.
        interval_s: an interval's length.
        coefficients: Chebyshev coefficients, radians, shape (order, 3 angles, records).
        derivatives: those of the derivative against the interval's -1..1, one order fewer.
    """

    first_mjd_tdb: float
    last_mjd_tdb: float
    start_s: float
    interval_s: float
    coefficients: FloatArray
    derivatives: FloatArray

    def angles(self, epoch_mjd_tdb: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Euler angles (phi, theta, psi), rad, and their rates, rad/s; both shape (3, N).

        PA = R3(psi) R1(theta) R3(phi) ICRF, with R the rotations of axes. The epochs, shape (N,),
        must lie within the span.
        """
        seconds = (epoch_mjd_tdb - J2000_MJD_TDB) * DAY_S - self.start_s
        records = self.coefficients.shape[2]
        record = np.clip((seconds // self.interval_s).astype(np.int64), 0, records - 1)
        x = 2.0 * (seconds - record * self.interval_s) / self.interval_s - 1.0
        angles = chebval(x, self.coefficients[:, :, record], tensor=False)
        slopes = chebval(x, self.derivatives[:, :, record], tensor=False)
        return np.asarray(angles), np.asarray(slopes * (2.0 / self.interval_s))


def lunar_kernel_path() -> Path:
    """Where the kernel lies, found without importing lunarsky.

    Raises:
        DataMissingError: lunarsky is not installed.
    """
    spec = find_spec("lunarsky")
    if spec is None or not spec.submodule_search_locations:
        raise DataMissingError(
            f"The lunar orientation kernel {KERNEL_NAME} is not installed. "
            "Install the package lunarsky, which carries it."
        )
    return Path(spec.submodule_search_locations[0]) / "data" / "pck" / KERNEL_NAME


@cache
def lunar_kernel(path: Path | None = None) -> LunarKernel:
    """Read the kernel into memory (1.8 MB).

    Raises:
        DataMissingError: the kernel is absent, cut short or of another kind.
    """
    path = path or lunar_kernel_path()
    try:
        with path.open("rb") as file:
            daf = DAF(file)
            ((_, summary),) = list(daf.summaries())
            first_s, last_s, frame, reference, kind, start, end = summary
            if (frame, reference, kind) != (_PA_DE421, 1, _CHEBYSHEV_ANGLES):
                raise ValueError(f"its segment is of frame {frame}, type {kind}")
            words = np.asarray(daf.read_array(start, end), dtype=np.float64)
        start_s, interval_s, row_size, records = words[-4:]
        rows = words[:-4].reshape(int(records), int(row_size))
    except (OSError, ValueError, IndexError, TypeError, StructError) as error:
        raise DataMissingError(
            f"The lunar orientation kernel {path} cannot be read ({error}). "
            "Reinstall the package lunarsky."
        ) from error
    # Each row starts with its middle and half length, which the interval already tells.
    series = rows[:, 2:].reshape(rows.shape[0], 3, -1)
    coefficients = np.ascontiguousarray(np.moveaxis(series, 2, 0).swapaxes(1, 2))
    return LunarKernel(
        first_mjd_tdb=J2000_MJD_TDB + float(first_s) / DAY_S,
        last_mjd_tdb=J2000_MJD_TDB + float(last_s) / DAY_S,
        start_s=float(start_s),
        interval_s=float(interval_s),
        coefficients=coefficients,
        derivatives=np.asarray(chebder(coefficients, axis=0), dtype=np.float64),
    )
