"""The Earth-fixed frame: ITRS from ICRF by IAU 2006/2000A (IERS Conventions 2010, chapter 5).

The CIO-based chain of SOFA: W (polar motion) R3(ERA) Q(X, Y, s), with UT1, polar motion and the
pole's measured offsets from `earth_parameters`. Left out, each about a centimetre or two on the
ground: sub-daily tides in the pole and UT1. Positions keep the ephemeris' TDB-compatible length
(1.6e-8 against the ITRS, 10 cm on the ground) and no Lorentz contraction (5 cm).
"""

from __future__ import annotations

from typing import Final

import erfa
import erfa.ufunc
import numpy as np
from numpy.typing import ArrayLike

from perilune.frames.earth_parameters import parameters_at
from perilune.frames.orientation import Orientation
from perilune.times import FloatArray, smooth_at, tai_from_tt, tt_from_tdb, two_part

ITRS: Final = "ITRS"
# d ERA / d UT1, rad per UT1 second: IERS Conventions 2010, equation 5.15.
EARTH_SPIN_RAD_S: Final = 2.0 * np.pi * 1.00273781191135448 / 86400.0
_DAY_S: Final = 86400.0
# Cubic interpolation of the pole over this step is good to 6e-12 rad, 0.04 mm on the ground.
_POLE_STEP_D: Final = 0.25


def earth_orientation(epoch_mjd_tdb: ArrayLike) -> Orientation:
    """The rotation from ICRF axes to ITRS axes, both through the geocentre.

    `source` is "measured", "rapid", "predicted" or "held", as in `earth_parameters`. The spin
    leaves out the drift of the pole itself (under 0.1 mm/s on the ground).

    Args:
        epoch_mjd_tdb: epochs, days, any shape S.

    Raises:
        InputError: an epoch is not finite.
        OutOfRangeError: an epoch lies outside the calendar.
        DataMissingError: the Earth orientation tables are absent or damaged.
    """
    epoch = np.asarray(epoch_mjd_tdb, dtype=np.float64)
    jd_tt = tt_from_tdb(two_part(epoch))
    jd_tai = tai_from_tt(jd_tt)
    eop = parameters_at(jd_tai)
    x, y, s = smooth_at(_celestial_pole, jd_tt, _POLE_STEP_D)
    celestial = erfa.ufunc.c2ixys(x + eop.offset_x_rad, y + eop.offset_y_rad, s)
    angle = erfa.ufunc.era00(jd_tai[0], jd_tai[1] + eop.ut1_minus_tai_s / _DAY_S)
    polar = erfa.ufunc.pom00(eop.pole_x_rad, eop.pole_y_rad, erfa.ufunc.sp00(*jd_tt))
    rate_rad_s = EARTH_SPIN_RAD_S * eop.ut1_rate
    return Orientation(
        frame=ITRS,
        epoch_mjd_tdb=epoch,
        matrix=erfa.ufunc.c2tcio(celestial, angle, polar),
        spin_rad_s=polar[..., :, 2] * rate_rad_s[..., np.newaxis],
        source=np.asarray(eop.source),
    )


def _celestial_pole(whole: FloatArray, rest: FloatArray) -> FloatArray:
    """X, Y and s of IAU 2006/2000A, rad, shape (3, N)."""
    return np.stack(erfa.ufunc.xys06a(whole, rest))
