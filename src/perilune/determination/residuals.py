"""Observed minus computed, whitened by the observations' errors, with the derivatives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from perilune.astrometry.observations import FloatArray, Kind
from perilune.astrometry.radar import radar_predictions
from perilune.determination.measurements import Measurements
from perilune.determination.trajectory import Trajectory
from perilune.ephemeris import Ephemeris

ARCSEC_RAD: Final = np.pi / 648000.0


@dataclass(frozen=True, slots=True, eq=False)
class Residuals:
    """Residuals of N measurements for m estimated quantities.

    Attributes:
        white: (N, 2) residuals in units of their errors, decorrelated.
        design: (N, 2, m) derivatives of the computed by the estimated, whitened alike.
        factor: (N, 2, 2) the Cholesky factor, in radians, of each place's covariance: by it
            whitened residuals become angles. NaN for radar.
        rate_rad_s: (N,) apparent motion.
    """

    white: FloatArray
    design: FloatArray
    factor: FloatArray
    rate_rad_s: FloatArray

    @property
    def along_ra_rad(self) -> FloatArray:
        """(N,) observed minus computed right ascension times cos(dec)."""
        return np.asarray(self.factor[:, 0, 0] * self.white[:, 0])

    @property
    def along_dec_rad(self) -> FloatArray:
        """(N,) observed minus computed declination."""
        return np.asarray(np.sum(self.factor[:, 1] * self.white, axis=1))

    @property
    def chi2(self) -> FloatArray:
        """(N,) sum of squares of each row's whitened residuals."""
        return np.asarray(np.sum(self.white**2, axis=1))


def residuals(
    measurements: Measurements, trajectory: Trajectory, ephemeris: Ephemeris
) -> Residuals | None:
    """Residuals of a path; None where it ends before the last measurement or begins too late.

    Astrometric places: the direction from the observer at reception to the object at emission,
    without aberration or deflection, as the Minor Planet Center has them. The clock's error
    acts along the apparent motion. A radar measurement has its one residual first, nought second.

    Args:
        ephemeris: for the radar's transmitters and the Sun.
    """
    n, m = len(measurements), trajectory.columns
    found = Residuals(
        white=np.zeros((n, 2)),
        design=np.zeros((n, 2, m)),
        factor=np.full((n, 2, 2), np.nan),
        rate_rad_s=np.full(n, np.nan),
    )
    is_place = measurements.kind == Kind.OPTICAL
    if is_place.all():  # the usual case, without copies
        return found if _places(measurements, trajectory, found, slice(None)) else None
    if is_place.any() and not _places(
        measurements.where(is_place), trajectory, found, np.flatnonzero(is_place)
    ):
        return None
    echoes = np.flatnonzero(~is_place)
    return (
        found
        if _echoes(measurements.where(echoes), trajectory, ephemeris, found, echoes)
        else (None)
    )


def _places(
    measurements: Measurements,
    trajectory: Trajectory,
    found: Residuals,
    rows: NDArray[np.int64] | slice,
) -> bool:
    """Fill in the rows that are places; False where the path does not reach them all."""
    seen = trajectory.received(
        measurements.epoch_mjd_tdb, measurements.observer_km, measurements.observer_km_s
    )
    if not np.isfinite(seen.light_s).all():
        return False
    n, m = len(measurements), trajectory.columns
    x, y, z = seen.position_km.T
    across2 = x**2 + y**2
    across = np.sqrt(across2)
    r2 = across2 + z**2
    ra, dec = np.arctan2(y, x), np.arctan2(z, across)
    # Rows of the derivative of (ra cos(dec), dec) by the relative position.
    zero = np.zeros(n)
    r = np.sqrt(r2)
    east = np.stack([-y / across, x / across, zero], axis=1) / r[:, np.newaxis]
    north = np.stack([-z * x / across, -z * y / across, across], axis=1) / r2[:, np.newaxis]
    basis = np.stack([east, north], axis=1)
    motion = np.einsum("nij,nj->ni", basis, seen.velocity_km_s)
    turn = np.remainder(measurements.ra_rad - ra + np.pi, 2.0 * np.pi) - np.pi
    offset = np.stack([turn * np.cos(measurements.dec_rad), measurements.dec_rad - dec], axis=1)
    factor, whiten = _factors(measurements, motion)
    found.factor[rows] = factor
    found.white[rows] = np.einsum("nij,nj->ni", whiten, offset)
    found.design[rows] = ((whiten @ basis) @ seen.by_start).reshape(n, 2, m)
    found.rate_rad_s[rows] = np.hypot(motion[:, 0], motion[:, 1])
    return True


def _echoes(
    measurements: Measurements,
    trajectory: Trajectory,
    ephemeris: Ephemeris,
    found: Residuals,
    rows: NDArray[np.int64],
) -> bool:
    """Fill in the rows that are radar measurements; False where the path does not reach them."""

    def state(epoch_mjd_tdb: FloatArray) -> tuple[FloatArray, FloatArray]:
        both, _ = trajectory.at(epoch_mjd_tdb)
        return both[:, :3], both[:, 3:]

    expected = radar_predictions(measurements, state, ephemeris)
    if not np.isfinite(expected.value).all():
        return False
    _, variation = trajectory.at(expected.bounce_mjd_tdb)
    design = np.einsum("nk,nkm->nm", expected.by_position, variation[:, :3])
    design += np.einsum("nk,nkm->nm", expected.by_velocity, variation[:, 3:])
    found.white[rows, 0] = (measurements.value - expected.value) / measurements.sigma_value
    found.design[rows, 0] = design / measurements.sigma_value[:, np.newaxis]
    return True


def _factors(
    measurements: Measurements, motion_rad_s: NDArray[np.float64]
) -> tuple[FloatArray, FloatArray]:
    """(N, 2, 2) the Cholesky factor of each row's covariance, and its inverse."""
    ra, dec = measurements.sigma_ra_rad, measurements.sigma_dec_rad
    along_ra, along_dec = motion_rad_s.T * measurements.sigma_time_s
    var_ra = ra**2 + along_ra**2
    both = measurements.correlation * ra * dec + along_ra * along_dec
    first = np.sqrt(var_ra)
    slope = both / var_ra
    # What is left of declination once right ascension is known, without a small difference of
    # large numbers: beside the observer the motion may be 1e8 times the sigmas.
    skew = 2.0 * measurements.correlation * ra * dec * along_ra * along_dec
    left = (1.0 - measurements.correlation**2) * (ra * dec) ** 2
    left += np.maximum((along_ra * dec) ** 2 + (along_dec * ra) ** 2 - skew, 0.0)
    second = np.sqrt(left) / first
    factor = np.zeros((len(measurements), 2, 2))
    factor[:, 0, 0] = first
    factor[:, 1, 0] = slope * first
    factor[:, 1, 1] = second
    inverse = np.zeros((len(measurements), 2, 2))
    inverse[:, 0, 0] = 1.0 / first
    inverse[:, 1, 0] = -slope / second
    inverse[:, 1, 1] = 1.0 / second
    return factor, inverse
