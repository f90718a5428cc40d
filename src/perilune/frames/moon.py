"""The Moon-fixed frames: principal axes (PA) and mean Earth / polar axis (ME).

Within 1900-2050 both come from DE421's integrated librations; ME, the frame of maps, is DE421's
own constant rotation of PA. Beyond, out to the span of DE440, the closed series of IAU 2015
(Archinal et al. 2018, doi:10.1007/s10569-017-9805-5) gives ME. On the ground the series is at most
163 m off DE421 (77 m rms) within 1900-2050; outside, its mean drifts from DE440's Moon by at most
90 m more until 1600 and 2600. The result says for each epoch which was used.
"""

from __future__ import annotations

from typing import Final, Literal

import numpy as np
from numpy.typing import ArrayLike

from perilune.constants import DAY_S
from perilune.errors import InputError, OutOfRangeError
from perilune.frames.lunar_kernel import lunar_kernel
from perilune.frames.orientation import Orientation
from perilune.frames.orientation_kernels import moon_me_axes_many, pa_from_me_matrix
from perilune.times import FloatArray

MOON_PA: Final = "MOON_PA"
MOON_ME: Final = "MOON_ME"
MoonFrame = Literal["MOON_PA", "MOON_ME"]

DE421: Final = "DE421"
IAU_2015: Final = "IAU 2015"

# The series has no span of its own: it is used, and was checked (tests/truth/test_frames_moon.py),
# over DE440's, 1549-12-31 to 2650-01-25.
_SERIES_FIRST_MJD_TDB: Final = -112816.0
_SERIES_LAST_MJD_TDB: Final = 288976.0


def moon_orientation(epoch_mjd_tdb: ArrayLike, frame: MoonFrame = MOON_ME) -> Orientation:
    """The rotation from ICRF axes to the Moon's, both through its centre.

    `source` is "DE421" or "IAU 2015" for each epoch.

    Args:
        epoch_mjd_tdb: epochs, days, any shape S.
        frame: "MOON_ME" or "MOON_PA".

    Raises:
        InputError: an epoch is not finite.
        OutOfRangeError: an epoch lies outside 1549-2650.
        DataMissingError: the lunar kernel is absent or damaged.
    """
    epoch = np.asarray(epoch_mjd_tdb, dtype=np.float64)
    flat = np.ascontiguousarray(epoch.reshape(-1))
    if not np.all(np.isfinite(flat)):
        raise InputError("an epoch is not finite", expected="MJD TDB in days")
    outside = (flat < _SERIES_FIRST_MJD_TDB) | (flat > _SERIES_LAST_MJD_TDB)
    if np.any(outside):
        raise OutOfRangeError(
            "Epoch MJD TDB",
            float(flat[outside][0]),
            _SERIES_FIRST_MJD_TDB,
            _SERIES_LAST_MJD_TDB,
            "the Moon's orientation",
        )
    kernel = lunar_kernel()
    inside = (flat >= kernel.first_mjd_tdb) & (flat <= kernel.last_mjd_tdb)
    matrix = np.empty((flat.size, 3, 3))
    spin_rad_s = np.empty((flat.size, 3))
    pa_from_me = pa_from_me_matrix()
    pa, pa_spin = _de421_pa(flat[inside])
    me, me_spin = _iau_me(flat[~inside])
    if frame == MOON_PA:
        matrix[inside], spin_rad_s[inside] = pa, pa_spin
        matrix[~inside], spin_rad_s[~inside] = pa_from_me @ me, me_spin @ pa_from_me.T
    else:
        matrix[inside], spin_rad_s[inside] = pa_from_me.T @ pa, pa_spin @ pa_from_me
        matrix[~inside], spin_rad_s[~inside] = me, me_spin
    return Orientation(
        frame=frame,
        epoch_mjd_tdb=epoch,
        matrix=matrix.reshape(*epoch.shape, 3, 3),
        spin_rad_s=spin_rad_s.reshape(*epoch.shape, 3),
        source=np.where(inside, DE421, IAU_2015).reshape(epoch.shape),
    )


def _de421_pa(epoch_mjd_tdb: FloatArray) -> tuple[FloatArray, FloatArray]:
    """PA matrices, shape (N, 3, 3), and spins, rad/s, shape (N, 3), from the kernel."""
    (phi, theta, psi), (phi_rate, theta_rate, psi_rate) = lunar_kernel().angles(epoch_mjd_tdb)
    cos_phi, sin_phi = np.cos(phi), np.sin(phi)
    cos_theta, sin_theta = np.cos(theta), np.sin(theta)
    cos_psi, sin_psi = np.cos(psi), np.sin(psi)
    matrix = np.empty((epoch_mjd_tdb.size, 3, 3))
    matrix[:, 0, 0] = cos_psi * cos_phi - sin_psi * cos_theta * sin_phi
    matrix[:, 0, 1] = cos_psi * sin_phi + sin_psi * cos_theta * cos_phi
    matrix[:, 0, 2] = sin_psi * sin_theta
    matrix[:, 1, 0] = -sin_psi * cos_phi - cos_psi * cos_theta * sin_phi
    matrix[:, 1, 1] = -sin_psi * sin_phi + cos_psi * cos_theta * cos_phi
    matrix[:, 1, 2] = cos_psi * sin_theta
    matrix[:, 2, 0] = sin_theta * sin_phi
    matrix[:, 2, 1] = -sin_theta * cos_phi
    matrix[:, 2, 2] = cos_theta
    spin_rad_s = np.stack(
        [
            phi_rate * sin_theta * sin_psi + theta_rate * cos_psi,
            phi_rate * sin_theta * cos_psi - theta_rate * sin_psi,
            phi_rate * cos_theta + psi_rate,
        ],
        axis=-1,
    )
    return matrix, spin_rad_s


def _iau_me(epoch_mjd_tdb: FloatArray) -> tuple[FloatArray, FloatArray]:
    """ME matrices, shape (N, 3, 3), and spins, rad/s, shape (N, 3), from the IAU series."""
    matrix = np.empty((epoch_mjd_tdb.size, 3, 3))
    spin_rad_d = np.empty((epoch_mjd_tdb.size, 3))
    if epoch_mjd_tdb.size:
        moon_me_axes_many(np.ascontiguousarray(epoch_mjd_tdb), matrix, spin_rad_d)
    return matrix, spin_rad_d / DAY_S
