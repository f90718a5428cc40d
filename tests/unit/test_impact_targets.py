"""The linear map of an orbit that comes to a body, and the probability read from it."""

from __future__ import annotations

import math

import numpy as np
import pytest

from perilune.impact.importance import _Proposal
from perilune.impact.linear import UncertaintyEllipse, probability_in_disc
from perilune.impact.local_samples import _follow_ridges, _straight_sheet
from perilune.impact.targets import Target


def _target(map_km: np.ndarray, z: np.ndarray, point_km: np.ndarray, radius_km: float) -> Target:
    n = z.size
    return Target("earth", 0.5, 6.2e4, np.zeros(n), np.eye(n), z, point_km, map_km, radius_km)


def test_a_narrow_line_through_the_disc_is_a_chord_times_a_density() -> None:
    """Stretch 1e11 km, width 100 km, passing 2,000 km off at 1.2 sigma: 2 half chords a stretch."""
    turn = np.array([[0.6, -0.8], [0.8, 0.6]])
    map_km = turn @ np.diag([1.0e11, 100.0]) @ np.eye(2, 6)
    z = np.zeros(6)
    z[0] = 1.2
    target = _target(map_km, z, turn @ np.array([0.0, 2000.0]), 7000.0)
    chord = 2.0 * math.sqrt(7000.0**2 - 2000.0**2)
    density = math.exp(-0.5 * 1.2**2) / math.sqrt(2.0 * math.pi)
    # The width's own share of the chord: second order, 2e-4.
    assert target.probability == pytest.approx(chord / 1.0e11 * density, rel=1e-3)
    assert target.ellipse.stretch_km == pytest.approx(1.0e11)
    assert target.ellipse.width_km == pytest.approx(100.0)


def test_it_does_not_matter_about_which_orbit_the_map_is_taken() -> None:
    rng = np.random.default_rng(4)
    map_km = rng.standard_normal((2, 7)) * 1.0e4
    z = rng.standard_normal(7)
    point = np.array([3000.0, -2000.0])
    move = 0.1 * rng.standard_normal(7)
    one = _target(map_km, z, point, 6500.0)
    other = _target(map_km, z + move, point + map_km @ move, 6500.0)
    assert one.probability == pytest.approx(other.probability, rel=1e-9)
    covariance = map_km @ map_km.T
    values, vectors = np.linalg.eigh(covariance)
    ellipse = UncertaintyEllipse(math.sqrt(values[1]), math.sqrt(values[0]), vectors[:, 1])
    mean = point - map_km @ z
    assert one.probability == pytest.approx(probability_in_disc(mean, ellipse, 6500.0), rel=1e-9)


@pytest.mark.parametrize("stretch_km", [3.0e3, 1.0e5, 1.0e9])
def test_the_impact_as_an_observation_draws_without_bias(stretch_km: float) -> None:
    """Draws on the linear map itself: their weights add up to the disc's probability.

    20,000 draws; four standard deviations of the mean of their weights.
    """
    map_km = np.diag([stretch_km, 800.0]) @ np.eye(2, 7)
    z = np.zeros(7)
    z[:2] = 0.7, -0.4
    target = _target(map_km, z, np.array([500.0, 1500.0]), 6500.0)
    proposal = _Proposal(target)
    y = proposal.draw(np.random.default_rng(1), 20_000)
    points = target.point_km + (proposal.deviations(y) - target.deviation) @ map_km.T
    weights = proposal.weights(y) * (np.hypot(*points.T) < 6500.0)
    error = weights.std() / math.sqrt(weights.size)
    assert weights.mean() == pytest.approx(target.probability, abs=4.0 * error)
    assert error < 0.02 * target.probability


def test_a_bent_sheet_is_followed() -> None:
    """The move along is off by a quadratic function of the rest; the fit to a batch takes it."""
    map_km = np.diag([1.0e10, 500.0]) @ np.eye(2, 7)
    target = _target(map_km, np.zeros(7), np.zeros(2), 6500.0)
    proposal = _Proposal(target)
    rng = np.random.default_rng(2)

    def bend(y: np.ndarray) -> np.ndarray:
        return 1e5 * y[:, 1] ** 2 - 3e4 * y[:, 3] * y[:, 5] + 2e4 * y[:, 4]

    first = proposal.draw(rng, 96)
    seen = first[:, :2] * [1.0e10, 500.0]
    seen[:, 0] += bend(first)
    proposal.bend(first, seen)
    y = proposal.draw(rng, 4000)
    along = y[:, 0] * 1.0e10 + bend(y)
    hits = np.hypot(along, 500.0 * y[:, 1]) < 6500.0
    weights = proposal.weights(y) * hits
    assert hits.mean() > 0.5
    assert weights.mean() == pytest.approx(target.probability, rel=0.05)


class _Bent:
    """A map to the plane that is bent: a move across brings the object early, to second order."""

    def __init__(self, target: Target, bend_km: float) -> None:
        self.target = target
        self.bend_km = bend_km

    def fly(self, deviations: list[np.ndarray]) -> list[np.ndarray]:
        points = []
        for each in deviations:
            point = self.target.point_km + each @ self.target.map_km.T
            point[:, 0] += self.bend_km * each[:, 1] ** 2
            points.append(point)
        return points

    def points_km(self, _: Target, found: np.ndarray, count: int) -> np.ndarray:
        assert len(found) == count
        return found


@pytest.mark.parametrize("radii", [0.1, 3.0, 200.0])
def test_a_bent_sheet_is_followed_between_its_nodes(radii: float) -> None:
    """Bent by hundreds of radii over five sigma, it lies on the disc's middle all along.

    1979 XB in 2117 bends by 190 radii; straight chords between the nodes passed the disc by 2.9
    radii, and the probability came out 3.6 times too small.
    """
    map_km = np.diag([1.0e12, 370.0]) @ np.eye(2, 6)
    target = _target(map_km, np.zeros(6), np.array([1000.0, -2000.0]), 7000.0)
    field = _Bent(target, radii * 7000.0 / 25.0)
    (sheet,) = _follow_ridges(field, [_straight_sheet(target)])  # type: ignore[arg-type]
    across = np.linspace(sheet.low[1], sheet.high[1], 101)
    middle = np.full(101, 0.5 * (sheet.low[0] + sheet.high[0]))
    aims = np.stack([middle, across], axis=1)
    (points,) = field.fly([sheet.deviations(sheet.moves(aims))])
    assert np.abs(points[:, 0] - middle).max() < 0.02 * 7000.0
    assert np.abs(points[:, 1] - across).max() < 1e-6
