"""Where the Earth's pole and the Moon's axes point, as numba kernels for the propagator.

Both are closed expressions, good at any date of the ephemeris and cheap enough for a force model.
For places on the ground use `earth_orientation` and `moon_orientation`.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from perilune.jit import lean_kernel

_J2000_MJD_TDB: Final = 51544.5
_CENTURY_D: Final = 36525.0
_DEG: Final = np.pi / 180.0
_ARCSEC: Final = np.pi / 648000.0

# PA -> ME of DE421: Williams, Boggs & Folkner (2008), JPL IOM 335-JW,DB,WF-20080314-001; the
# angles of NAIF's frame kernel moon_080317.tf: v_pa = R3(67.92") R2(78.56") R1(0.30") v_me.
_PA_FROM_ME_ARCSEC: Final = (67.92, 78.56, 0.30)


def pa_from_me_matrix() -> NDArray[np.float64]:
    """The constant rotation of DE421 from the Moon's ME axes to its PA axes, shape (3, 3)."""
    (c3, c2, c1), (s3, s2, s1) = (
        f(np.array(_PA_FROM_ME_ARCSEC) * _ARCSEC) for f in (np.cos, np.sin)
    )
    about_z = np.array([[c3, s3, 0.0], [-s3, c3, 0.0], [0.0, 0.0, 1.0]])
    about_y = np.array([[c2, 0.0, -s2], [0.0, 1.0, 0.0], [s2, 0.0, c2]])
    about_x = np.array([[1.0, 0.0, 0.0], [0.0, c1, s1], [0.0, -s1, c1]])
    return np.asarray(about_z @ about_y @ about_x)


_PA_FROM_ME: Final = pa_from_me_matrix()

# Archinal et al. (2018), Report of the IAU Working Group on Cartographic Coordinates and Rotational
# Elements: 2015, table 2, doi:10.1007/s10569-017-9805-5. One row for each of E1 to E13:
# E at J2000 (deg), its rate (deg/d), and the amplitudes (deg) of sin E in the pole's right
# ascension, of cos E in its declination, of sin E in the prime meridian W.
_SERIES: Final = np.array(
    [
        [125.045, -0.0529921, -3.8787, 1.5419, 3.5610],
        [250.089, -0.1059842, -0.1204, 0.0239, 0.1208],
        [260.008, 13.0120009, 0.0700, -0.0278, -0.0642],
        [176.625, 13.3407154, -0.0172, 0.0068, 0.0158],
        [357.529, 0.9856003, 0.0, 0.0, 0.0252],
        [311.589, 26.4057084, 0.0072, -0.0029, -0.0066],
        [134.963, 13.0649930, 0.0, 0.0009, -0.0047],
        [276.617, 0.3287146, 0.0, 0.0, -0.0046],
        [34.226, 1.7484877, 0.0, 0.0, 0.0028],
        [15.134, -0.1589763, -0.0052, 0.0008, 0.0052],
        [119.743, 0.0036096, 0.0, 0.0, 0.0040],
        [239.961, 0.1643573, 0.0, 0.0, 0.0019],
        [25.053, 12.9590088, 0.0043, -0.0009, -0.0044],
    ]
)


@lean_kernel
def earth_pole(epoch_mjd_tdb: float, out: NDArray[np.float64]) -> None:
    """The unit vector of the Earth's mean pole of date in ICRF, into `out`, shape (3,).

    The polynomial part of the celestial pole's X and Y of IAU 2006 (Capitaine & Wallace 2006,
    A&A 450, 855, doi:10.1051/0004-6361:20054550; IERS Conventions 2010, equation 5.16), frame bias
    included, nutation left out: at most 10.0 arcsec from the true pole (tests/truth).
    """
    t = (epoch_mjd_tdb - _J2000_MJD_TDB) / _CENTURY_D
    x = -0.016617 + t * (
        2004.191898 + t * (-0.4297829 + t * (-0.19861834 + t * (0.000007578 + t * 0.0000059285)))
    )
    y = -0.006951 + t * (
        -0.025896 + t * (-22.4072747 + t * (0.00190059 + t * (0.001112526 + t * 0.0000001358)))
    )
    x *= _ARCSEC
    y *= _ARCSEC
    out[0] = x
    out[1] = y
    out[2] = np.sqrt(1.0 - x * x - y * y)


@lean_kernel
def moon_angles(epoch_mjd_tdb: float) -> tuple[float, float, float, float, float, float]:
    """The Moon's IAU 2015 angles and their rates.

    The pole's right ascension and declination and the prime meridian W in ICRF, radians, then
    their time derivatives, radians a day.
    """
    d = epoch_mjd_tdb - _J2000_MJD_TDB
    ra = 269.9949 + 0.0031 / _CENTURY_D * d
    dec = 66.5392 + 0.0130 / _CENTURY_D * d
    w = 38.3213 + (13.17635815 * d) % 360.0 - 1.4e-12 * d * d
    ra_rate = 0.0031 / _CENTURY_D
    dec_rate = 0.0130 / _CENTURY_D
    w_rate = 13.17635815 - 2.8e-12 * d
    for k in range(_SERIES.shape[0]):
        rate = _SERIES[k, 1] * _DEG
        angle = (_SERIES[k, 0] + _SERIES[k, 1] * d) * _DEG
        sin = np.sin(angle)
        cos = np.cos(angle)
        ra += _SERIES[k, 2] * sin
        dec += _SERIES[k, 3] * cos
        w += _SERIES[k, 4] * sin
        ra_rate += _SERIES[k, 2] * rate * cos
        dec_rate -= _SERIES[k, 3] * rate * sin
        w_rate += _SERIES[k, 4] * rate * cos
    return ra * _DEG, dec * _DEG, w * _DEG, ra_rate * _DEG, dec_rate * _DEG, w_rate * _DEG


@lean_kernel
def moon_me_axes(epoch_mjd_tdb: float, out: NDArray[np.float64], spin: NDArray[np.float64]) -> None:
    """The Moon's IAU 2015 (mean Earth, ME) axes in ICRF and their spin.

    Rows of `out`, shape (3, 3), are the axes: out = R3(W) R1(90 deg - dec) R3(90 deg + ra).
    `spin`, shape (3,), is the angular velocity against ICRF in these axes, radians a day.
    """
    ra, dec, w, ra_rate, dec_rate, w_rate = moon_angles(epoch_mjd_tdb)
    cos_ra, sin_ra = np.cos(ra), np.sin(ra)
    cos_dec, sin_dec = np.cos(dec), np.sin(dec)
    cos_w, sin_w = np.cos(w), np.sin(w)
    # The node of the equator on the ICRF's equator is (-sin ra, cos ra, 0).
    out[0, 0] = -cos_w * sin_ra - sin_w * sin_dec * cos_ra
    out[0, 1] = cos_w * cos_ra - sin_w * sin_dec * sin_ra
    out[0, 2] = sin_w * cos_dec
    out[1, 0] = sin_w * sin_ra - cos_w * sin_dec * cos_ra
    out[1, 1] = -sin_w * cos_ra - cos_w * sin_dec * sin_ra
    out[1, 2] = cos_w * cos_dec
    out[2, 0] = cos_dec * cos_ra
    out[2, 1] = cos_dec * sin_ra
    out[2, 2] = sin_dec
    # ra turns about ICRF's z, -dec about the node, w about the Moon's pole.
    spin[0] = ra_rate * cos_dec * sin_w - dec_rate * cos_w
    spin[1] = ra_rate * cos_dec * cos_w + dec_rate * sin_w
    spin[2] = ra_rate * sin_dec + w_rate


@lean_kernel
def moon_axes(epoch_mjd_tdb: float, out: NDArray[np.float64]) -> None:
    """The Moon's principal axes in ICRF, one a row, into `out`, shape (3, 3).

    IAU 2015's ME axes turned by DE421's constant rotation to the principal axes, in which gravity
    fields are given. Against DE421's own axes the difference is at most 19.3 arcsec, 163 m on the
    ground, 77 m rms (1900-2050, tests/truth).
    """
    ra, dec, w, _, _, _ = moon_angles(epoch_mjd_tdb)
    cos_ra, sin_ra = np.cos(ra), np.sin(ra)
    cos_dec, sin_dec = np.cos(dec), np.sin(dec)
    cos_w, sin_w = np.cos(w), np.sin(w)
    for k in range(3):
        # Row k of PA-from-ME, turned by W into the node's axes, then by the pole into ICRF.
        x = _PA_FROM_ME[k, 0] * cos_w - _PA_FROM_ME[k, 1] * sin_w
        y = _PA_FROM_ME[k, 0] * sin_w + _PA_FROM_ME[k, 1] * cos_w
        z = _PA_FROM_ME[k, 2]
        out[k, 0] = -x * sin_ra - y * sin_dec * cos_ra + z * cos_dec * cos_ra
        out[k, 1] = x * cos_ra - y * sin_dec * sin_ra + z * cos_dec * sin_ra
        out[k, 2] = y * cos_dec + z * sin_dec


@lean_kernel
def moon_me_axes_many(
    epoch_mjd_tdb: NDArray[np.float64], out: NDArray[np.float64], spin: NDArray[np.float64]
) -> None:
    """`moon_me_axes` for epochs of shape (N,) into (N, 3, 3) and (N, 3)."""
    for k in range(epoch_mjd_tdb.size):
        moon_me_axes(epoch_mjd_tdb[k], out[k], spin[k])
