"""The fit against orbits that are known: derivatives, statistics, safeguards."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import chi2
from synthetic import measured

from perilune.determination.forces import FORCES
from perilune.determination.least_squares import (
    evaluate,
    fit_orbit,
    shifted,
    with_parameters,
)
from perilune.determination.rejection import fit_and_reject
from perilune.determination.verdict import verdict
from perilune.dynamics import solar_system
from perilune.orbits import CartesianOrbit, resolve_target


def _orbit(name: str = "2024 YR4") -> CartesianOrbit:
    cartesian = resolve_target(name)[0].cartesian()
    return replace(cartesian, covariance=None, parameters=(), non_gravitational=None)


def _arc(orbit: CartesianOrbit, days: float, n: int, seed: int = 5) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.sort(orbit.epoch_mjd_tdb + days * (rng.random(n) - 0.5))


@pytest.mark.parametrize("days", [0.5, 900.0])
def test_the_derivatives_are_those_of_finite_differences(days: float) -> None:
    """Both signs of a shift, for state and A2: differences to a few 1e-6 of the column's norm.

    The shifts (30 km, 3 mm/s; A2 by as much as moves the place) make the second-order remainder
    of that size over 900 days.
    """
    ephemeris = solar_system()
    orbit = with_parameters(_orbit(), ("a2_au_d2",), FORCES["a2"].model)
    rows = measured(ephemeris, orbit, _arc(orbit, days, 40))
    found = evaluate(ephemeris, orbit, None, rows)
    assert found is not None
    for k, step in enumerate([30.0] * 3 + [3.0e-6] * 3 + [1e-12 * (900.0 / days) ** 2]):
        change = np.zeros(7)
        change[k] = step
        high = evaluate(ephemeris, shifted(orbit, change), None, rows)
        low = evaluate(ephemeris, shifted(orbit, -change), None, rows)
        assert high is not None
        assert low is not None
        # Observed minus computed: the residual falls where the computed grows.
        difference = (low.white - high.white) / (2.0 * step)
        scale = np.linalg.norm(found.design[:, :, k])
        assert np.linalg.norm(difference - found.design[:, :, k]) < 2e-5 * scale, k


def test_the_covariance_holds_what_it_promises() -> None:
    """The squared error in units of the covariance follows χ² with six degrees of freedom.

    Forty fits with noise: the sum has 240 degrees, and lies within its 99.9 % interval.
    """
    ephemeris = solar_system()
    orbit = _orbit()
    epochs = _arc(orbit, 60.0, 30)
    start = shifted(orbit, np.array([2e4, -3e4, 1e4, 2e-3, 1e-3, -2e-3]))
    total = 0.0
    for seed in range(40):
        rows = measured(ephemeris, orbit, epochs, seed=seed)
        solution = fit_orbit(ephemeris, start, None, rows, np.ones(30, dtype=np.bool_))
        assert solution is not None
        assert solution.has_converged
        assert solution.degrees_of_freedom == 54
        error = np.concatenate(
            [
                solution.orbit.position_km - orbit.position_km,
                solution.orbit.velocity_km_s - orbit.velocity_km_s,
            ]
        )
        covariance = solution.orbit.covariance
        assert covariance is not None
        scale = np.sqrt(np.diag(covariance))
        scaled = error / scale
        total += scaled @ np.linalg.solve(covariance / np.outer(scale, scale), scaled)
    low, high = chi2.interval(0.999, 240)
    assert low < total < high


def test_a_far_start_comes_home() -> None:
    ephemeris = solar_system()
    orbit = _orbit("Apophis")
    rows = measured(ephemeris, orbit, _arc(orbit, 200.0, 40), seed=1)
    start = shifted(orbit, np.array([4e6, -3e6, 2e6, 0.3, -0.2, 0.2]))
    solution = fit_orbit(ephemeris, start, None, rows, np.ones(40, dtype=np.bool_))
    assert solution is not None
    assert solution.has_converged
    assert 0.6 < solution.chi2_reduced < 1.5


def test_blunders_go_and_honest_rows_stay() -> None:
    ephemeris = solar_system()
    orbit = _orbit()
    rows = measured(ephemeris, orbit, _arc(orbit, 90.0, 60), seed=3)
    blunders = np.array([4, 17, 30, 45, 58])
    rows.dec_rad[blunders] += np.array([2.0, -30.0, 4000.0, 5.0, -3.0]) / 206264.8
    everything = np.ones(60, dtype=np.bool_)
    solution = fit_and_reject(ephemeris, orbit, None, rows, everything, everything)
    assert solution is not None
    assert not solution.used[blunders].any()
    # 1.8 % of honest rows lie beyond the limit: of 55, more than four would be 0.4 % likely.
    assert int((~solution.used).sum()) <= 5 + 4


def test_a_row_left_out_at_first_is_taken_back() -> None:
    ephemeris = solar_system()
    orbit = _orbit()
    rows = measured(ephemeris, orbit, _arc(orbit, 90.0, 40), seed=8)
    everything = np.ones(40, dtype=np.bool_)
    begin = everything.copy()
    begin[::2] = False
    solution = fit_and_reject(ephemeris, orbit, None, rows, begin, everything)
    assert solution is not None
    assert int(solution.used.sum()) >= 38


def test_a_known_push_is_found_within_its_sigma() -> None:
    """A2 of -1e-13 au/d² in 4,000 days of 0.05" places."""
    ephemeris = solar_system()
    gravity = _orbit("Apophis")
    truth = with_parameters(gravity, ("a2_au_d2",), FORCES["a2"].model)
    truth = shifted(truth, np.array([0, 0, 0, 0, 0, 0, -1e-13]))
    rows = measured(ephemeris, truth, _arc(truth, 4000.0, 400), seed=2, sigma_arcsec=0.05)
    start = with_parameters(gravity, ("a2_au_d2",), FORCES["a2"].model)
    solution = fit_orbit(ephemeris, start, None, rows, np.ones(400, dtype=np.bool_))
    assert solution is not None
    assert solution.orbit.covariance is not None
    assert solution.orbit.non_gravitational is not None
    sigma = np.sqrt(solution.orbit.covariance[6, 6])
    assert sigma < 1e-14
    assert abs(solution.orbit.non_gravitational.a2_au_d2 + 1e-13) < 3.5 * sigma


def test_an_arc_of_an_hour_is_not_called_an_orbit() -> None:
    ephemeris = solar_system()
    orbit = _orbit("Apophis")
    rows = measured(ephemeris, orbit, _arc(orbit, 0.04, 6), seed=4)
    solution = fit_orbit(ephemeris, orbit, None, rows, np.ones(6, dtype=np.bool_))
    assert verdict(solution, (), rows).status != "converged"


def test_a_clock_error_weighs_along_the_motion_only() -> None:
    ephemeris = solar_system()
    orbit = _orbit()
    rows = measured(ephemeris, orbit, _arc(orbit, 2.0, 10))
    slow = replace(rows, sigma_time_s=np.full(10, 5.0))
    sharp = evaluate(ephemeris, orbit, None, rows)
    blunt = evaluate(ephemeris, orbit, None, slow)
    assert sharp is not None
    assert blunt is not None
    for i in range(10):
        # The information matrix of a place: across the motion it stays, along it falls to
        # 1 / (sigma² + (rate t)²). Seen from the design, whose rows carry it.
        gain = sharp.design[i].T @ sharp.design[i]
        loss = blunt.design[i].T @ blunt.design[i]
        ratio = np.linalg.eigvals(np.linalg.pinv(gain) @ loss).real
        rate_arcsec_s = sharp.rate_rad_s[i] * 206264.8
        expected = 0.3**2 / (0.3**2 + (5.0 * rate_arcsec_s) ** 2)
        top = np.sort(ratio)[-2:]
        assert top[1] == pytest.approx(1.0, abs=1e-6)
        assert top[0] == pytest.approx(expected, rel=1e-6)


def test_a_trial_orbit_that_grazes_the_observer_does_not_break_the_arithmetic() -> None:
    """Motion times the clock's sigma was 1e8 sigmas and more: the variance left came out below 0,
    its root was NaN, and the fit of a short arc ended with LAPACK's "SVD did not converge"."""
    ephemeris = solar_system()
    orbit = _orbit()
    rows = measured(ephemeris, orbit, _arc(orbit, 2.0, 10))
    found = evaluate(ephemeris, orbit, None, replace(rows, sigma_time_s=np.full(10, 1e12)))
    sharp = evaluate(ephemeris, orbit, None, rows)
    assert found is not None
    assert sharp is not None
    for i in range(10):
        kept = np.linalg.norm(found.design[i] @ np.linalg.pinv(sharp.design[i]), 2)
        assert kept == pytest.approx(1.0, rel=1e-6)


@pytest.mark.parametrize(
    ("body", "distance_km", "speed_km_s", "bound_to"),
    [("earth", 2.5e5, 1.2, "earth"), ("moon", 1.2e4, 0.6, "moon"), ("earth", 2.5e5, 3.0, None)],
)
def test_what_circles_the_earth_or_the_moon_is_said_to(
    body: str, distance_km: float, speed_km_s: float, bound_to: str | None
) -> None:
    """A satellite's heliocentric elements look like a near-Earth object's."""
    ephemeris, epoch = solar_system(), 60500.0
    body_km, body_km_s = ephemeris.state(body, epoch)
    sun_km, sun_km_s = ephemeris.state("sun", epoch)
    orbit = CartesianOrbit(
        epoch,
        body_km - sun_km + distance_km * np.array([0.8, 0.6, 0.0]),
        body_km_s - sun_km_s + speed_km_s * np.array([-0.48, 0.64, 0.6]),
        (),
        None,
        None,
    )
    rows = measured(ephemeris, orbit, epoch + np.linspace(-0.5, 0.5, 20), seed=3)
    solution = fit_orbit(ephemeris, orbit, None, rows, np.ones(20, dtype=np.bool_))
    judged = verdict(solution, (), rows)
    assert judged.status == "converged"
    assert judged.bound_to == bound_to
    assert ("in orbit about" in judged.reason) == (bound_to is not None)


@pytest.mark.parametrize(("days", "status"), [(0.04, "unconstrained"), (400.0, "failed")])
def test_corrections_that_do_not_settle_in_a_short_arc_are_its_fault(
    days: float, status: str
) -> None:
    """Such an arc was "failed", and its risk an error instead of what ranging leaves possible."""
    ephemeris = solar_system()
    orbit = _orbit("Apophis")
    rows = measured(ephemeris, orbit, _arc(orbit, days, 8), seed=4)
    solution = fit_orbit(ephemeris, orbit, None, rows, np.ones(8, dtype=np.bool_), max_steps=1)
    assert solution is not None
    assert not solution.has_converged
    assert verdict(solution, (), rows).status == status
