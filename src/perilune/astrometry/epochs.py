"""UTC days and seconds of the day, as observers write them, as MJD TDB and back."""

from __future__ import annotations

import erfa.ufunc
import numpy as np
from numpy.typing import NDArray

from perilune.astrometry.observations import FloatArray
from perilune.constants import DAY_S, MJD_OF_JD
from perilune.times import leap_seconds, mjd_of, tai_from_utc, tdb_from_tai, two_part, utc_from_tdb


def day_lengths_s(day_mjd: NDArray[np.int64]) -> FloatArray:
    """The length of UTC days, s: 86400, or 86401 where a leap second ends the day.

    Before 1972 some days are longer or shorter by SOFA's tabulated steps.
    """
    leap_seconds()
    days, inverse = np.unique(day_mjd, return_inverse=True)
    year, month, day, _, _ = erfa.ufunc.jd2cal(np.full(days.size, MJD_OF_JD), days.astype(float))
    start, _ = erfa.ufunc.dat(year, month, day, 0.0)
    noon, _ = erfa.ufunc.dat(year, month, day, 0.5)
    year, month, day, _, _ = erfa.ufunc.jd2cal(np.full(days.size, MJD_OF_JD), days + 1.0)
    end, _ = erfa.ufunc.dat(year, month, day, 0.0)
    # What the offset gains over the day beyond its steady drift is the step at the day's end.
    return np.asarray((DAY_S + (end - (2.0 * noon - start)))[inverse], dtype=np.float64)


def mjd_tdb_of_utc(day_mjd: NDArray[np.int64], seconds: FloatArray) -> FloatArray:
    """MJD TDB of UTC days and the seconds passed in them (N,)."""
    if not day_mjd.size:
        return np.empty(0)
    fraction = seconds / day_lengths_s(day_mjd)
    midnight = np.asarray(MJD_OF_JD + day_mjd, dtype=np.float64)
    return mjd_of(tdb_from_tai(tai_from_utc((midnight, fraction))))


def utc_of_mjd_tdb(mjd_tdb: FloatArray) -> tuple[NDArray[np.int64], FloatArray]:
    """UTC days and the seconds passed in them from MJD TDB (N,)."""
    if not mjd_tdb.size:
        return np.empty(0, dtype=np.int64), np.empty(0)
    jd1, jd2 = utc_from_tdb(two_part(mjd_tdb))
    whole = np.floor((jd1 - MJD_OF_JD) + jd2)
    fraction = (jd1 - MJD_OF_JD - whole) + jd2
    day = whole.astype(np.int64)
    return day, fraction * day_lengths_s(day)
