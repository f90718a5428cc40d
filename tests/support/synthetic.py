"""Synthetic measurements of known orbits, for tests of the fit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from perilune.astrometry.observations import FloatArray, Observations, empty
from perilune.astrometry.observers import observer_states
from perilune.determination.measurements import Measurements
from perilune.determination.residuals import ARCSEC_RAD
from perilune.determination.trajectory import fly
from perilune.dynamics import solar_system
from perilune.ephemeris import Ephemeris
from perilune.orbits import CartesianOrbit


def measured(
    ephemeris: Ephemeris,
    orbit: CartesianOrbit,
    epoch_mjd_tdb: FloatArray,
    *,
    sigma_arcsec: float = 0.3,
    seed: int | None = None,
    observer_km: FloatArray | None = None,
) -> Measurements:
    """Places of an orbit at epochs in order, with Gaussian errors where a seed is given.

    The observer is the Earth's centre unless positions (N, 3), barycentric, are given.
    """
    epoch = np.sort(epoch_mjd_tdb)
    n = epoch.size
    centre_km, centre_km_s = ephemeris.state("earth", epoch)
    place_km = centre_km if observer_km is None else observer_km
    path = fly(ephemeris, orbit, None, float(epoch[0]), float(epoch[-1]), with_variations=False)
    x, y, z = path.received(epoch, place_km, centre_km_s).position_km.T
    ra, dec = np.arctan2(y, x), np.arctan2(z, np.hypot(x, y))
    sigma = sigma_arcsec * ARCSEC_RAD
    if seed is not None:
        noise = np.random.default_rng(seed).standard_normal((2, n)) * sigma
        ra, dec = ra + noise[0] / np.cos(dec), dec + noise[1]
    nothing = np.full(n, np.nan)
    return Measurements(
        row=np.arange(n),
        kind=np.zeros(n, dtype=np.int8),
        epoch_mjd_tdb=epoch,
        ra_rad=ra,
        dec_rad=dec,
        sigma_ra_rad=np.full(n, sigma),
        sigma_dec_rad=np.full(n, sigma),
        correlation=np.zeros(n),
        sigma_time_s=np.zeros(n),
        value=nothing,
        sigma_value=nothing,
        frequency_hz=nothing,
        is_surface=np.zeros(n, dtype=np.bool_),
        transmitter=np.full(n, ""),
        station=np.full(n, ""),
        observer_km=place_km,
        observer_km_s=centre_km_s,
    )


def blank(epoch_mjd_tdb: FloatArray, station: str) -> Observations:
    """Rows of a station at epochs, with nothing measured yet."""
    n = epoch_mjd_tdb.size
    return replace(empty(n), epoch_mjd_tdb=epoch_mjd_tdb, station=np.full(n, station))


def seen(
    observer: Observations,
    orbit: CartesianOrbit,
    *,
    name: str = "2024 YR4",
    sigma_arcsec: float = 0.4,
    seed: int = 1,
) -> Observations:
    """What the rows' observers measure of an orbit, with Gaussian errors and reported sigmas."""
    ephemeris = solar_system()
    epoch = observer.epoch_mjd_tdb
    states = observer_states(observer, ephemeris)
    assert states.is_known.all()
    path = fly(ephemeris, orbit, None, float(epoch.min()), float(epoch.max()),
               with_variations=False)  # fmt: skip
    x, y, z = path.received(epoch, states.position_km, states.velocity_km_s).position_km.T
    sigma = sigma_arcsec * ARCSEC_RAD
    noise = np.random.default_rng(seed).standard_normal((2, epoch.size)) * sigma
    dec = np.arctan2(z, np.hypot(x, y)) + noise[1]
    n = epoch.size
    return replace(
        observer,
        ra_rad=np.mod(np.arctan2(y, x) + noise[0] / np.cos(dec), 2.0 * np.pi),
        dec_rad=dec,
        sigma_ra_rad=np.full(n, sigma),
        sigma_dec_rad=np.full(n, sigma),
        mode=np.full(n, "CCD"),
        designation=np.full(n, name),
    )
