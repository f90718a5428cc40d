"""The stages of a risk assessment: what they refuse, and that their parts agree."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from perilune.dynamics import DEFAULT_OPTIONS, propagate, solar_system
from perilune.dynamics.orbit_paths import covariance_factor, particle
from perilune.errors import InputError, NotConvergedError, OutOfRangeError
from perilune.impact import assess_risk, find_approaches
from perilune.impact.approaches import NominalRun
from perilune.impact.line_of_variations import Corrected
from perilune.orbits import catalogue
from perilune.orbits.elements import CartesianState
from perilune.orbits.non_gravitational import NonGravitational
from perilune.orbits.orbit import Orbit
from perilune.times import parse_epoch

UNTIL = parse_epoch("2033-01-01")


def test_an_orbit_without_covariance_has_no_probability() -> None:
    bare = replace(catalogue.find("2024 YR4"), covariance=None, covariance_parameters=())
    with pytest.raises(InputError, match="no covariance"):
        assess_risk([bare], ["moon"], UNTIL)


@pytest.mark.parametrize(
    ("bodies", "method", "until", "error"),
    [
        (["mars"], "auto", UNTIL, InputError),
        (["moon"], "guess", UNTIL, InputError),
        (["moon"], "auto", 50000.0, InputError),
        (["moon"], "auto", 4.0e5, OutOfRangeError),
    ],
)
def test_wrong_questions_are_refused(
    bodies: list[str], method: str, until: float, error: type[Exception]
) -> None:
    with pytest.raises(error):
        assess_risk([catalogue.find("2024 YR4")], bodies, until, method=method)  # type: ignore[arg-type]


def test_the_same_seed_gives_the_same_answer_and_another_seed_another() -> None:
    orbit = catalogue.find("2024 YR4")
    first, again, other = (
        assess_risk([orbit], ["moon"], UNTIL, samples=2000, seed=seed, assessed_mjd_tdb=61000.0)[0]
        for seed in (1, 1, 2)
    )
    assert first == again
    assert first.impact_probability != other.impact_probability


def test_linear_method_and_clones_cross_check_each_other() -> None:
    """2024 YR4 and the Moon: the linear map holds, so 4,000 clones agree within their interval."""
    orbit = catalogue.find("2024 YR4")
    (linear,) = assess_risk([orbit], ["moon"], UNTIL, method="linear")
    (clones,) = assess_risk([orbit], ["moon"], UNTIL, method="monte-carlo", samples=4000, seed=3)
    assert linear.samples == 0
    assert clones.linear_probability == pytest.approx(linear.impact_probability, rel=1e-12)
    # Three standard deviations of 4,000 draws at 4 %: 0.0093.
    assert clones.impact_probability == pytest.approx(linear.impact_probability, abs=0.0093)
    (impactor,) = clones.virtual_impactors
    (passing,) = linear.virtual_impactors
    assert impactor.stretch == pytest.approx(passing.stretch, rel=0.02)
    assert impactor.sigma_lov == pytest.approx(passing.sigma_lov, abs=0.1)


def test_what_cannot_be_reached_needs_no_clones_and_keeps_an_upper_bound() -> None:
    for assessment in assess_risk([catalogue.find("433")], ["earth", "moon"], UNTIL):
        assert assessment.method == "linear"
        assert assessment.impact_probability == 0.0
        assert 0.0 < assessment.probability_high < 1e-8
        assert not assessment.virtual_impactors


def test_an_orbit_that_may_be_anywhere_is_not_declared_safe() -> None:
    """2022 AP7 with 100,000 times its sigmas meets nothing nominally; random orbits must look."""
    known = catalogue.find("2022 AP7")
    assert known.covariance is not None
    lost = replace(known, covariance=known.covariance * 1.0e10)
    (safe,) = assess_risk([known], ["earth"], UNTIL)
    (open_case,) = assess_risk([lost], ["earth"], UNTIL, samples=50)
    assert (safe.method, open_case.method) == ("linear", "importance")
    assert "wide" in open_case.method_reason
    # Fifty scouts leave encounters of 7 % unseen, in which the Earth is 2e-4 of the way.
    assert open_case.probability_high > 1e-5


def test_sigmas_count_all_along_the_way() -> None:
    """An orbit known well at the end of the search may have been anywhere before."""
    sigmas = [1.0e3, 9.0e7, np.nan, 2.0e3]
    factors = np.array([sigma * np.eye(3) for sigma in sigmas])
    assert NominalRun([], np.arange(4.0), factors).largest_sigma_km == pytest.approx(9.0e7)
    assert NominalRun([], np.arange(4.0), np.zeros((4, 3, 0))).largest_sigma_km == 0.0


def test_the_choice_of_a_method_says_why() -> None:
    """A pass far outside six sigmas, a line that reaches the Moon, an orbit that hits."""
    reasons = {}
    for name, until in (("433", UNTIL), ("2024 YR4", UNTIL), ("2024 BX1", UNTIL)):
        found, _ = assess_risk([catalogue.find(name)], ["earth", "moon"], until, samples=200)
        reasons[found.method] = found.method_reason
    assert set(reasons) == {"linear", "lov", "monte-carlo"}
    assert "six standard deviations" in reasons["linear"]
    assert "line" in reasons["lov"]
    assert "nominal orbit hits" in reasons["monte-carlo"]


def test_a_corrector_belongs_to_one_orbit() -> None:
    orbits = [catalogue.find("433"), catalogue.find("Apophis")]

    def never(deviation: np.ndarray, functional: np.ndarray) -> Corrected:
        raise AssertionError

    with pytest.raises(InputError, match="one orbit"):
        assess_risk(orbits, ["earth"], UNTIL, correct=never)


def test_approaches_are_the_same_from_either_side_of_the_epoch() -> None:
    """2023 DZ2's pass of 25 March 2023 lies before its epoch; a later start leaves it out."""
    orbit = catalogue.find("2023 DZ2")
    start, stop = parse_epoch("2023-03-01"), parse_epoch("2023-04-30")
    found = find_approaches([orbit], ["earth"], start, stop, 1.0e6)
    assert [round(a.distance_km) for a in found] == [174643]
    assert find_approaches([orbit], ["earth"], stop, stop + 100.0, 1.0e6) == []
    with pytest.raises(InputError, match="empty"):
        find_approaches([orbit], ["earth"], stop, start, 1.0e6)


def test_a_minimum_at_the_own_epoch_is_listed_once() -> None:
    """It ends the way back and begins the way on: once both told it."""
    epoch = parse_epoch("2030-01-01")
    passing = CartesianState((60_000.0, 0.0, 0.0), (0.0, 9.0, 0.0), "ICRF", "EARTH")
    orbit = Orbit("2030 AA1", None, None, "1", "test", None, epoch, passing)
    found = find_approaches([orbit], ["earth"], epoch - 5.0, epoch + 5.0, 1.0e6)
    assert [(round(a.distance_km), a.epoch_mjd_tdb - epoch) for a in found] == [
        (60_000, pytest.approx(0.0, abs=1e-4))
    ]


def test_an_orbit_that_cannot_be_followed_is_no_orbit_without_approaches() -> None:
    """A push of 1e200 au/d2: once the answer was "none"."""
    pushed = NonGravitational(a1_au_d2=1e200)
    orbit = replace(catalogue.find("433"), non_gravitational=pushed, covariance=None)
    epoch = orbit.epoch_mjd_tdb
    with pytest.raises(NotConvergedError, match=r"Eros.*the propagation failed: "):
        find_approaches([orbit], ["earth"], epoch, epoch + 50.0, 1.0e6)


def test_clones_in_company_fly_as_they_would_alone() -> None:
    """The shared expansion of the far field moves no clone of 2024 YR4 by more than 10 m.

    Before the encounter of 2032 the cloud is 1e5 km long. Seen: 3 cm at most; the bound allows
    for the step sizes that company changes.
    """
    orbit = catalogue.find("2024 YR4").cartesian()
    assert orbit.covariance is not None
    draws = np.random.default_rng(5).standard_normal((64, 6))
    deviations = draws @ covariance_factor(orbit.covariance).T
    ephemeris = solar_system()
    end = [parse_epoch("2032-12-01")]
    together = propagate(ephemeris, particle(ephemeris, orbit, None, deviations), end)
    for row in (0, 20, 63):
        alone = propagate(
            ephemeris, particle(ephemeris, orbit, None, deviations[row : row + 1]), end,
            options=DEFAULT_OPTIONS,
        )  # fmt: skip
        apart = np.linalg.norm(together.position_km[0, row] - alone.position_km[0, 0])
        assert apart < 0.01
