"""Observed minus computed of an object's last fit, row by row.

The catalogue keeps the fit's orbit and figures, not its residuals: the fit is made again from its
own orbit and observations, which takes a step or two and rejects what it rejected.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

import numpy as np

from perilune.astrometry.observations import FloatArray, Kind, Observations
from perilune.catalogue import (
    Database,
    find_object,
    object_by_id,
    observations_digest,
    observations_of,
    orbit_by_id,
)
from perilune.catalogue.fits import StoredFit, fits_of
from perilune.determination.fit import Fit, fit_observations
from perilune.determination.result import rms_arcsec
from perilune.dynamics import solar_system
from perilune.errors import UnknownNameError
from perilune.times import format_utc

UNITS: Final = {
    "rows.epoch_mjd_tdb": "d, of reception",
    "rows.ra_residual_arcsec": "arcsec, observed minus computed, times cos(dec)",
    "rows.dec_residual_arcsec": "arcsec, observed minus computed",
    "rows.ra_sigma_arcsec": "arcsec, of the weight, the clock's error in",
    "rows.dec_sigma_arcsec": "arcsec, likewise",
    "rows.delay_residual_us": "µs",
    "rows.delay_sigma_us": "µs",
    "rows.doppler_residual_hz": "Hz",
    "rows.doppler_sigma_hz": "Hz",
    "rows.chi2": "1, of one or two residuals",
    "rows.magnitude": "mag, in the band given",
    "fit.rms_arcsec": "arcsec, of the used places",
    "fit.arc_d": "d",
}
_KINDS: Final = {
    Kind.OPTICAL: "optical",
    Kind.RADAR_DELAY: "radar delay",
    Kind.RADAR_DOPPLER: "radar doppler",
}


def residual_scene(database: Database, name: str) -> tuple[dict[str, Any], StoredFit]:
    """The residuals of an object's last fit, and the fit.

    Raises:
        UnknownNameError: no such object, or no fit of its observations has converged.
    """
    with database.read() as connection:
        found = find_object(connection, name)
        fit = next((f for f in fits_of(connection, found.id) if f.orbit_id is not None), None)
        if fit is None:
            raise UnknownNameError(
                "fitted orbit of an object",
                name,
                remedy="It has none of its own observations, or they fit no orbit.",
            )
        digest = observations_digest(connection, found.id)
    parts = _computed(database, fit.object_id, fit.orbit_id or 0, fit.last_observation_id)
    known = {
        "status": fit.status,
        "reason": fit.reason,
        "rms_arcsec": fit.rms_arcsec,
        "chi2_reduced": fit.chi2_reduced,
        "used": fit.used,
        "rejected": fit.rejected,
        "arc_d": fit.arc_d,
        "fitted_utc": fit.fitted_utc,
        "software_version": fit.software_version,
        "is_current": digest is not None and digest.hex() == fit.observations_sha256,
    }
    return {"object": found.full_name, "fit": known} | parts, fit


@lru_cache(maxsize=64)
def _computed(
    database: Database, object_id: int, orbit_id: int, last_observation_id: int
) -> dict[str, Any]:
    """The fit made again."""
    with database.read() as connection:
        known = object_by_id(connection, object_id)
        orbit = orbit_by_id(connection, orbit_id).orbit
        table = observations_of(
            connection, object_id, known.designation, last_id=last_observation_id
        )
    fit = fit_observations(table, solar_system(), start=orbit.cartesian())
    return {
        "solution": orbit.solution,
        "repeated": {"rms_arcsec": rms_arcsec(fit), "status": fit.verdict.status},
        "rows": _rows(fit, table),
        "set_aside": [
            {
                "epoch_utc": format_utc(float(table.epoch_mjd_tdb[one.row])),
                "station": one.station,
                "reason": one.reason,
            }
            for one in fit.set_aside
        ],
    }


def _rows(fit: Fit, table: Observations) -> list[dict[str, Any]]:
    solution = fit.solution
    if solution is None:
        return []
    seen, found = fit.measurements, solution.residuals
    sigma = np.sqrt(np.sum(found.factor**2, axis=2))
    is_delay = seen.kind == Kind.RADAR_DELAY
    is_doppler = seen.kind == Kind.RADAR_DOPPLER
    value = found.white[:, 0] * seen.sigma_value
    columns: dict[str, list[Any]] = {
        "epoch_utc": [format_utc(epoch) for epoch in seen.epoch_mjd_tdb.tolist()],
        "epoch_mjd_tdb": seen.epoch_mjd_tdb.tolist(),
        "station": seen.station.tolist(),
        "kind": [_KINDS[Kind(kind)] for kind in seen.kind.tolist()],
        "ra_residual_arcsec": _arcsec(found.along_ra_rad),
        "dec_residual_arcsec": _arcsec(found.along_dec_rad),
        "ra_sigma_arcsec": _arcsec(sigma[:, 0]),
        "dec_sigma_arcsec": _arcsec(sigma[:, 1]),
        "delay_residual_us": np.where(is_delay, 1e6 * value, np.nan).tolist(),
        "delay_sigma_us": np.where(is_delay, 1e6 * seen.sigma_value, np.nan).tolist(),
        "doppler_residual_hz": np.where(is_doppler, value, np.nan).tolist(),
        "doppler_sigma_hz": np.where(is_doppler, seen.sigma_value, np.nan).tolist(),
        "chi2": found.chi2.tolist(),
        "is_used": solution.used.tolist(),
        "magnitude": table.magnitude[seen.row].tolist(),
        "band": table.band[seen.row].tolist(),
        "catalog": table.catalog[seen.row].tolist(),
    }
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _arcsec(angle_rad: FloatArray) -> list[float]:
    found: list[float] = np.degrees(3600.0 * angle_rad).tolist()
    return found
