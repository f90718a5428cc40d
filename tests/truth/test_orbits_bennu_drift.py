"""Bennu's Yarkovsky drift, made from JPL's bulk density and the published da/dt, on the sky.

JPL's orbit 118 (epoch 2011 January 1) gives a density in place of A2. Moved 15 years by the engine
with the A2 that `perilune.orbits` makes of it, it must arrive where NEOCC's independent orbit, with
an A2 of its own fit, is on 2025 November 21. The drift itself is worth 230 km along the track.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from perilune.dynamics.orbit_paths import propagate_orbits
from perilune.ephemeris import planets
from perilune.orbits import Orbit, catalogue, read_oef


def _along_track_km(orbit: Orbit, target: Orbit) -> float:
    there = target.cartesian()
    epochs = np.array([there.epoch_mjd_tdb])
    (path,) = propagate_orbits([orbit], epochs, threads=1, with_covariance=False)
    sun_km, _ = planets().state("sun", there.epoch_mjd_tdb)
    direction = there.velocity_km_s / np.linalg.norm(there.velocity_km_s)
    return float((path.position_km[0] - sun_km - there.position_km) @ direction)


def test_the_density_gives_the_drift(shared_data: Path) -> None:
    bennu = catalogue.find("Bennu")
    (neocc,) = read_oef(shared_data / "neocc" / "101955.ke1")
    model = bennu.non_gravitational
    assert model is not None
    with_drift = _along_track_km(bennu, neocc)
    without = _along_track_km(replace(bennu, non_gravitational=replace(model, a2_au_d2=0.0)), neocc)
    # Seen: 0.73 km with the drift and 229 km without, so A2 is right to 0.3 %. NEOCC's sigmas
    # are 4 km in each coordinate.
    assert abs(with_drift) < 3.0
    assert 200.0 < abs(without) < 300.0
