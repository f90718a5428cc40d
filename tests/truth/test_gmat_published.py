"""Spacecraft paths that NASA's GMAT computed, as published in the validation table."""

from __future__ import annotations

import numpy as np

from perilune.dynamics.lunar_orbit import SpacecraftForces, SpacecraftState, propagate_spacecraft
from perilune.times import mjd_tdb_from_tai


def _error_m(
    epoch_mjd_tai: float,
    position_km: list[float],
    velocity_km_s: list[float],
    gm_km3_s2: dict[str, float],
    expected_km: list[float],
) -> float:
    epoch = float(mjd_tdb_from_tai(epoch_mjd_tai))
    start = SpacecraftState(epoch, "earth", np.array(position_km), np.array(velocity_km_s))
    forces = SpacecraftForces(bodies=tuple(gm_km3_s2), gm_km3_s2=gm_km3_s2)
    path = propagate_spacecraft(start, forces, epoch + 1.0)
    return float(np.linalg.norm(path.states[0, :3] - expected_km)) * 1e3


def test_earth_and_moon() -> None:
    """2020-01-01 00:00 TAI, one day. Seen: 0.106 m (GMAT's ephemeris is another). Bar: 1 m."""
    error_m = _error_m(
        58849.0,
        [333321.004516, -76134.198887, -20873.831939],
        [0.257153712, 0.930284066, 0.346177],
        {"earth": 398600.4415, "moon": 4902.8005821478},
        [345395.2167587544, 5967.890264751025, 7350.734617702599],
    )
    assert error_m < 0.2


def test_earth_moon_sun_and_jupiter() -> None:
    """2002-02-07 00:00 TAI, one day. Seen: 1.0 mm. Bar: 0.1 m."""
    error_m = _error_m(
        52312.0,
        [391986.989, -74930.397, -70226.0511],
        [-0.680260418, 1.99205361, 0.436938994],
        {
            "earth": 398600.4415,
            "moon": 4902.8005821478,
            "sun": 132712440017.99,
            "jupiter": 126712767.8578,
        },
        [322931.8517607412, 97497.69973881113, -30899.3238203672],
    )
    assert error_m < 0.005
