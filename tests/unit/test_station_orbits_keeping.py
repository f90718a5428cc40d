"""Station-keeping: seeded, cheap without errors, honest about what is lost."""

from __future__ import annotations

import numpy as np
import pytest

from perilune.dynamics.three_body_families import family, member
from perilune.errors import InputError
from perilune.station.orbits import station_keeping as keeping
from perilune.station.orbits.reference import ReferenceOrbit
from perilune.station.orbits.shooting import carry_into_ephemeris
from perilune.station.orbits.station_keeping import KeepingErrors, keep_station

NONE = KeepingErrors(0.0, 0.0, 0.0, 0.0, 0.0, 0.0)


@pytest.fixture(scope="module")
def nrho() -> ReferenceOrbit:
    return carry_into_ephemeris(member(family("nrho"), resonance=(9, 2)), 61000.0, 12)


def test_the_aim_is_a_derivative(nrho: ReferenceOrbit) -> None:
    plan = keeping._plan(nrho, 1.32, KeepingErrors(), None)
    epoch, state = float(plan.epoch_mjd_tdb[1]), plan.states[1]
    target = int(np.flatnonzero(plan.crossing_mjd_tdb > epoch + 4.3 * nrho.period_d)[0])
    reached = keeping._cross(plan, epoch, state, target, 0.0, with_partials=True)
    assert reached is not None
    speed, late_d, gradient = reached
    assert speed == pytest.approx(plan.crossing_km_s[target], abs=1e-5)
    assert abs(late_d) < 1e-4
    assert gradient is not None
    for k in range(3):
        step = np.zeros(6)
        step[3 + k] = 1e-6
        ends = [
            keeping._cross(plan, epoch, state + sign * step, target, 0.0, with_partials=False)
            for sign in (1.0, -1.0)
        ]
        assert ends[0] is not None
        assert ends[1] is not None
        difference = (ends[0][0] - ends[1][0]) / 2e-6
        assert difference == pytest.approx(gradient[k], abs=1e-3 * np.abs(gradient).max())


def test_without_errors_nothing_is_spent(nrho: ReferenceOrbit) -> None:
    kept = keep_station(nrho, 1.32, samples=1, errors=NONE)
    assert kept.lost == 0
    assert kept.mean_m_s_year < 1e-3
    assert kept.deviation_km < 1.0


def test_the_same_seed_gives_the_same_answer(nrho: ReferenceOrbit) -> None:
    told: list[float] = []
    first = keep_station(nrho, 1.32, samples=2, seed=5, progress=lambda part, _: told.append(part))
    again = keep_station(nrho, 1.32, samples=2, seed=5)
    other = keep_station(nrho, 1.32, samples=2, seed=6)
    assert np.array_equal(first.m_s_year, again.m_s_year)
    assert not np.array_equal(first.m_s_year, other.m_s_year)
    assert told[-1] == 1.0
    shorter = keep_station(nrho, 1.32, samples=1, seed=5, revolutions=3)
    assert shorter.days == pytest.approx(3.0 * nrho.period_d, rel=0.05)
    assert first.lost == 0
    assert np.isfinite(first.sigma_m_s_year)


def test_what_cannot_be_asked_for(nrho: ReferenceOrbit) -> None:
    with pytest.raises(InputError, match="needs samples"):
        keep_station(nrho, 1.32, samples=0)
    short = carry_into_ephemeris(member(family("nrho"), resonance=(9, 2)), 61000.0, 5)
    with pytest.raises(InputError, match="too short"):
        keep_station(short, 1.32)
