"""Constrained fits along the line of variations."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from synthetic import measured

from perilune.determination.least_squares import fit_orbit
from perilune.dynamics import solar_system
from perilune.dynamics.orbit_paths import covariance_factor
from perilune.impact.fitted_line import FittedCorrector
from perilune.orbits import resolve_target


def test_a_point_one_sigma_away_costs_one() -> None:
    """Held one sigma off along the weak direction, χ² rises by 1; the held combination stays.

    A week of 2024 YR4: linear to a percent or so at one sigma.
    """
    ephemeris = solar_system()
    orbit = replace(
        resolve_target("2024 YR4")[0].cartesian(),
        covariance=None, parameters=(), non_gravitational=None,
    )  # fmt: skip
    epochs = orbit.epoch_mjd_tdb + np.linspace(-4.0, 4.0, 30)
    rows = measured(ephemeris, orbit, epochs, seed=4)
    nominal = fit_orbit(ephemeris, orbit, None, rows, np.ones(30, dtype=np.bool_))
    assert nominal is not None
    assert nominal.orbit.covariance is not None
    factor = covariance_factor(nominal.orbit.covariance)
    weak = factor[:, 0]
    functional = np.linalg.solve(nominal.orbit.covariance, weak)
    correct = FittedCorrector(ephemeris, nominal, None, rows)
    for sigma in (-1.0, 1.0):
        found = correct(sigma * weak, functional)
        assert abs(functional @ found.deviation - sigma) < 1e-6
        assert abs(found.excess_chi2 - 1.0) < 0.05
