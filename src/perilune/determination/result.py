"""A fit as an orbit like any published one, and as the figures by which it is judged."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from perilune.astrometry.brightness import absolute_magnitude
from perilune.astrometry.observations import FloatArray, Kind, Observations
from perilune.constants import AU_KM
from perilune.determination.fit import Fit
from perilune.determination.forces import is_comet
from perilune.determination.residuals import ARCSEC_RAD
from perilune.determination.trajectory import fly
from perilune.ephemeris import Ephemeris
from perilune.orbits import CartesianState, Orbit
from perilune.orbits.orbit import SUN


@dataclass(frozen=True, slots=True)
class Row:
    """One observation as the fit saw it.

    Attributes:
        file, line: where it stands.
        station: MPC code.
        epoch_mjd_tdb: of reception.
        ra_arcsec, dec_arcsec: observed minus computed, the first times cos(dec); None for radar.
        value: observed minus computed of a radar measurement, s or Hz; None for places.
        sigmas: the residual in units of its error (root of χ² over its components).
        is_used: whether the fit used it.
        reason: why not, in words.
    """

    file: str
    line: int
    station: str
    epoch_mjd_tdb: float
    ra_arcsec: float | None
    dec_arcsec: float | None
    value: float | None
    sigmas: float | None
    is_used: bool
    reason: str


def rms_arcsec(fit: Fit) -> float | None:
    """Root mean square of the used places' residuals, both coordinates; None without any."""
    if fit.solution is None:
        return None
    found = fit.solution.residuals
    used = fit.solution.used & (fit.measurements.kind == Kind.OPTICAL)
    if not used.any():
        return None
    both = np.concatenate([found.along_ra_rad[used], found.along_dec_rad[used]])
    return float(np.sqrt(np.mean(both**2)) / ARCSEC_RAD)


def rows(fit: Fit, observations: Observations) -> list[Row]:
    """Every observation of the object in the file's order, used or not, with its reason."""
    found: dict[int, Row] = {}
    for aside in fit.set_aside:
        found[aside.row] = _row(observations, aside.row, aside.reason)
    solution = fit.solution
    for i, row in enumerate(fit.measurements.row.tolist()):
        if solution is None:
            found[row] = _row(observations, row, "there is no orbit to compare with")
            continue
        white = solution.residuals.white[i]
        if not np.isfinite(white).all():
            found[row] = _row(observations, row, "the orbit could not be carried to this arc")
            continue
        is_place = fit.measurements.kind[i] == Kind.OPTICAL
        sigmas = float(np.sqrt(np.sum(white**2)))
        reason = "" if solution.used[i] else f"rejected: {sigmas:.1f} sigma from the orbit"
        found[row] = Row(
            file=str(observations.file[row]),
            line=int(observations.line[row]),
            station=str(observations.station[row]),
            epoch_mjd_tdb=float(observations.epoch_mjd_tdb[row]),
            ra_arcsec=_arcsec(solution.residuals.along_ra_rad[i]) if is_place else None,
            dec_arcsec=_arcsec(solution.residuals.along_dec_rad[i]) if is_place else None,
            value=None if is_place else float(white[0] * fit.measurements.sigma_value[i]),
            sigmas=sigmas,
            is_used=bool(solution.used[i]),
            reason=reason,
        )
    return [found[row] for row in sorted(found)]


def _arcsec(angle_rad: float) -> float:
    return float(angle_rad / ARCSEC_RAD)


def _row(observations: Observations, row: int, reason: str) -> Row:
    return Row(
        file=str(observations.file[row]),
        line=int(observations.line[row]),
        station=str(observations.station[row]),
        epoch_mjd_tdb=float(observations.epoch_mjd_tdb[row]),
        ra_arcsec=None,
        dec_arcsec=None,
        value=None,
        sigmas=None,
        is_used=False,
        reason=reason,
    )


def as_orbit(fit: Fit, absolute_magnitude_h: float | None = None) -> Orbit | None:
    """The solution as an `Orbit` with a Cartesian state; None where there is none.

    Args:
        absolute_magnitude_h: H of the H, G system, with G = 0.15, if it is known.
    """
    solution = fit.solution
    if solution is None or (given := solution.orbit.covariance) is None:
        return None
    orbit = solution.orbit
    x, y, z = orbit.position_km.tolist()
    u, v, w = orbit.velocity_km_s.tolist()
    elements = CartesianState((x, y, z), (u, v, w), "ICRF", SUN)
    covariance: FloatArray = 0.5 * (given + given.T)
    return Orbit(
        designation=fit.object,
        name=None,
        number=fit.number,
        solution=f"fit of {int(solution.used.sum())} observations",
        publisher="Perilune",
        solution_date=None,
        epoch_mjd_tdb=orbit.epoch_mjd_tdb,
        elements=elements,
        non_gravitational=orbit.non_gravitational,
        covariance=covariance,
        covariance_parameters=(*elements.PARAMETERS, *orbit.parameters),
        absolute_magnitude_h=absolute_magnitude_h,
        slope_g=None if absolute_magnitude_h is None else 0.15,
    )


def estimated_h(fit: Fit, observations: Observations, ephemeris: Ephemeris) -> float | None:
    """H of the H, G system from the magnitudes of the used places; None from too few.

    See `absolute_magnitude`. A comet's magnitudes are of its coma too: they give no H.
    """
    solution = fit.solution
    if solution is None or is_comet(fit.object):
        return None
    used = solution.used & (fit.measurements.kind == Kind.OPTICAL)
    rows = fit.measurements.where(used)
    given = observations.where(rows.row)
    if int(np.isfinite(given.magnitude).sum()) == 0:
        return None
    epoch = rows.epoch_mjd_tdb
    path = fly(
        ephemeris, solution.orbit, fit.number, float(epoch.min()), float(epoch.max()),
        with_variations=False,
    )  # fmt: skip
    away = path.received(epoch, rows.observer_km, rows.observer_km_s).position_km
    from_sun = away + rows.observer_km - ephemeris.state("sun", epoch)[0]
    distance = np.linalg.norm(away, axis=1)
    sun_distance = np.linalg.norm(from_sun, axis=1)
    cosine = np.sum(away * from_sun, axis=1) / (distance * sun_distance)
    return absolute_magnitude(
        given.magnitude,
        given.band,
        distance / AU_KM,
        sun_distance / AU_KM,
        np.arccos(np.clip(cosine, -1.0, 1.0)),
    )
