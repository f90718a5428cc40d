"""Periodic orbits of the Earth-Moon three-body problem against published ones."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from perilune.dynamics.three_body import (
    EARTH_MOON,
    EARTH_MOON_JPL,
    PeriodicOrbit,
    carry_three_body,
)
from perilune.dynamics.three_body_correction import correct, start_state, with_value
from perilune.dynamics.three_body_families import family, member


def _jpl_halos(shared_data: Path) -> np.ndarray:
    text = (shared_data / "cr3bp" / "earth-moon_L2_southern_halos.json").read_text()
    content = json.loads(text)
    assert float(content["system"]["mass_ratio"]) == EARTH_MOON_JPL.mass_ratio
    return np.array([[float(value) for value in row] for row in content["data"]])


def test_every_jpl_halo_closes_with_its_jacobi_constant_and_stability(shared_data: Path) -> None:
    """JPL Three-Body Periodic Orbits, L2 southern halos, 1,535 rows, as published.

    Seen: they close to 8.2e-10 (the worst is unstable by 606, and JPL's own digits end there;
    median 2e-13), Jacobi to 5e-15, stability to 1.6e-5 relative (where a
    pair meets at 1, so that half the digits go; 1e-8 elsewhere). Bar of the issue: 1e-8.
    """
    rows = _jpl_halos(shared_data)
    assert rows.shape == (1535, 9)
    gaps, stability = [], []
    for row in rows:
        orbit = PeriodicOrbit(EARTH_MOON_JPL, "halo", row[:6], row[7])
        end = carry_three_body(EARTH_MOON_JPL, row[:6], row[7:8])[0]
        gaps.append(np.abs(end - row[:6]).max())
        stability.append(orbit.stability / row[8] - 1.0)
    assert max(gaps) < 2e-9
    assert np.median(gaps) < 1e-12
    assert np.abs(EARTH_MOON_JPL.jacobi(rows[:, :6]) - rows[:, 6]).max() < 2e-14
    assert np.abs(stability).max() < 5e-5
    assert np.quantile(np.abs(stability), 0.9) < 1e-7


def test_corrected_jpl_halos_keep_their_period(shared_data: Path) -> None:
    """Our corrector, from JPL's crossing held in z, finds JPL's x, vy and period again.

    Only orbits that stay outside the Moon: passing its centre at 30 km, rounding alone grows
    beyond what the corrector accepts.
    """
    rows = [row for row in _jpl_halos(shared_data)[::10] if row[7] > 1.4]
    worst = 0.0
    for row in rows:
        guess = np.array([row[0], row[2], row[4], 0.5 * row[7]])
        found, _ = correct(EARTH_MOON_JPL, guess, with_value(1, row[2]))
        worst = max(worst, float(np.abs(found - guess).max()))
    assert worst < 1e-8


def test_our_halo_family_is_jpls(shared_data: Path) -> None:
    """Members by Jacobi constant and perilune, against JPL's rows outside the Moon.

    The family is ours from the Lyapunov orbits' bifurcation on; nothing of JPL's starts it.
    """
    table = family("halo", 2, "south", EARTH_MOON_JPL)
    rows = _jpl_halos(shared_data)
    rows = rows[np.argsort(rows[:, 7])][::60]
    checked = 0
    for row in rows:
        period_d = row[7] * EARTH_MOON_JPL.time_d
        if not table.period_d.min() < period_d < table.period_d.max():
            continue
        ours = member(table, period_d=period_d)
        assert np.abs(ours.state - row[:6]).max() < 1e-7
        assert ours.jacobi == pytest.approx(row[6], abs=1e-9)
        checked += 1
    assert checked > 15


def test_the_published_nine_to_two_nrho() -> None:
    """Validation table: x0 1.02202067, z0 -0.18209620, vy0 -0.10325452, T 1.5111.

    Jacobi 3.046501, radius 3,248-71,220 km (LU 384,400 km), stability 1.32: all digits agree. By
    Kepler's unit of time 1.5111 is 6.5619 d and 9:2 is 1.5112: the published digits, to 1e-4.
    """
    guess = np.array([1.02, -0.18, -0.10, 0.7555])
    found, _ = correct(EARTH_MOON, guess, with_value(-1, 0.5 * 1.5111))
    orbit = PeriodicOrbit(EARTH_MOON, "halo", start_state(found), 2.0 * found[-1])
    assert found[0] == pytest.approx(1.02202067, abs=1e-8)
    assert found[1] == pytest.approx(-0.18209620, abs=1e-8)
    assert found[2] == pytest.approx(-0.10325452, abs=1e-8)
    assert orbit.jacobi == pytest.approx(3.046501, abs=5e-7)
    assert orbit.stability == pytest.approx(1.32, abs=5e-3)
    assert orbit.perilune_km == pytest.approx(3248.0, abs=0.5)
    assert orbit.apolune_km == pytest.approx(71220.0, abs=0.5)
    ours = member(family("nrho"), resonance=(9, 2))
    assert ours.period == pytest.approx(1.5111, abs=1.1e-4)
    assert ours.jacobi == pytest.approx(3.046501, abs=1e-5)
    assert ours.perilune_km == pytest.approx(3248.0, abs=2.0)
    assert ours.period_d == pytest.approx(29.530588 * 2.0 / 9.0, abs=1e-9)


def test_the_published_two_to_one_dro() -> None:
    """Validation table: x0 0.79593031, vy0 0.53152231, T 3.39559 (14.77 d), Jacobi 2.922538."""
    orbit = member(family("dro"), resonance=(2, 1))
    assert orbit.state[0] == pytest.approx(0.79593031, abs=1e-8)
    assert orbit.state[4] == pytest.approx(0.53152231, abs=1e-8)
    assert orbit.period == pytest.approx(3.39559, abs=5e-6)
    assert orbit.period_d == pytest.approx(14.77, abs=5e-3)
    assert orbit.jacobi == pytest.approx(2.922538, abs=5e-7)
    assert orbit.stability == pytest.approx(1.0, abs=1e-6)


def test_collinear_points_are_jpls() -> None:
    """The same service's L1, L2, L3: all its digits."""
    published = {1: 0.836915125772357, 2: 1.15568216544488, 3: -1.00506264581028}
    for point, x in published.items():
        assert EARTH_MOON_JPL.lagrange_x(point) == pytest.approx(x, abs=5e-15)
