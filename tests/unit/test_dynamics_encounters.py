"""Closest approaches and impacts: none stepped over, each where brute force finds it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

from perilune.constants import AU_KM, DAY_S
from perilune.dynamics.chunk import Watch
from perilune.dynamics.encounter_kernels import DenseStep, dense_state
from perilune.dynamics.particles import Particles, Propagation, Status
from perilune.dynamics.propagator import propagate
from perilune.ephemeris import MAJOR_BODIES, planets
from perilune.frames.earth import earth_orientation
from perilune.frames.geodetic import geodetic_from_itrs

Floats = NDArray[np.float64]
SEED = 20321222


class Minimum(NamedTuple):
    """A least distance found by sampling."""

    particle: int
    time_mjd_tdb: float
    distance_km: float


def _states(run: Propagation, particle: int, times: Floats) -> Floats:
    """Barycentric states (N, 6) of one particle from the kept steps."""
    steps = run.steps[run.steps[:, 0] == particle]
    ends = np.stack([steps[:, 2], steps[:, 2] + steps[:, 3]]) / DAY_S + steps[:, 1]
    low, high = ends.min(axis=0), ends.max(axis=0)
    out = np.full((times.size, 6), np.nan)
    for row, first, last in zip(steps, low, high, strict=True):
        for i in np.flatnonzero((times >= first) & (times <= last)):
            fraction = ((times[i] - row[1]) * DAY_S - row[2]) / row[3]
            dense_state(DenseStep(row[4:10], row[10:].reshape(8, 3)), row[3], fraction, out[i])
    return out


def _brute_force(
    run: Propagation, particle: int, body: str, times: Floats, within_km: float
) -> list[Minimum]:
    """Minima of the sampled distance, each refined on a grid a thousand times finer."""
    distance = np.linalg.norm(
        _states(run, particle, times)[:, :3] - planets().state(body, times)[0], axis=1
    )
    inner = (distance[1:-1] < distance[:-2]) & (distance[1:-1] <= distance[2:])
    found = []
    for i in np.flatnonzero(inner) + 1:
        fine = np.linspace(times[i - 1], times[i + 1], 801)
        away = np.linalg.norm(
            _states(run, particle, fine)[:, :3] - planets().state(body, fine)[0], axis=1
        )
        k = int(np.argmin(away))
        if away[k] < within_km:
            found.append(Minimum(particle, float(fine[k]), float(away[k])))
    return found


def _agree(run: Propagation, expected: list[Minimum], body: str, time_d: float) -> None:
    index = MAJOR_BODIES.index(body)
    rows = np.flatnonzero((run.encounters.body == index) & ~run.encounters.is_impact)
    found = sorted(
        (int(run.encounters.particle[k]), float(run.encounters.epoch_mjd_tdb[k]),
         float(run.encounters.distance_km[k])) for k in rows
    )  # fmt: skip
    expected = sorted(expected)
    assert [f[0] for f in found] == [e.particle for e in expected]
    for (_, time, distance), minimum in zip(found, expected, strict=True):
        assert abs(time - minimum.time_mjd_tdb) <= time_d
        # The sampled minimum lies above the true one by the curvature over half a sample.
        assert minimum.distance_km - 5.0 <= distance <= minimum.distance_km + 1.0e-3


def _around(body: str, epoch: float, relative: Floats, speed: Floats) -> Particles:
    centre, velocity = planets().state(body, epoch)
    n = len(relative)
    return Particles(np.full(n, epoch), relative + centre, speed + velocity)


@pytest.mark.parametrize("backwards", [False, True])
def test_random_objects_meet_nothing_unseen(backwards: bool) -> None:
    """Orbits that start near the Earth and come back: every minimum within 0.3 au of both."""
    rng = np.random.default_rng(SEED)
    epoch, sign = 60300.0, -1.0 if backwards else 1.0
    n = 12
    relative = rng.normal(0.0, 4.0e6, (n, 3))
    speed = rng.normal(0.0, 4.0, (n, 3))
    particles = _around("earth", epoch, relative, speed)
    until = epoch + sign * 500.0
    limit = 0.3 * AU_KM
    watches = [Watch("earth", limit), Watch("moon", limit)]
    run = propagate(planets(), particles, [until], watches=watches, keep_steps=True, threads=1)
    assert (run.status == Status.REACHED).all()
    times = np.arange(min(epoch, until), max(epoch, until), 0.25)
    for body in ("earth", "moon"):
        expected = [
            minimum
            for i in range(n)
            for minimum in _brute_force(run, i, body, times, limit)
        ]  # fmt: skip
        assert len(expected) >= 8
        _agree(run, expected, body, 0.002)


@pytest.mark.parametrize(
    ("radius_km", "eccentricity", "days", "step_d"),
    [(380000.0, 0.05, 120.0, 0.1), (380000.0, 0.0, 120.0, 0.1), (42164.0, 0.01, 6.0, 0.005),
     (20000.0, 0.45, 5.0, 0.002), (9000.0, 0.2, 2.0, 0.001)],
)  # fmt: skip
def test_satellites_of_the_earth_have_every_perigee(
    radius_km: float, eccentricity: float, days: float, step_d: float
) -> None:
    """Bound orbits from low ones to the Moon's own distance, where perturbations make dips."""
    gm = planets().constants.gm_major_km3_s2[3]
    epoch = 60300.3
    speed = np.sqrt(gm / radius_km * (1.0 + eccentricity))
    particles = _around(
        "earth",
        epoch,
        np.array([[radius_km, 0.0, 0.0], [0.0, -radius_km, 0.0]]),
        np.array([[0.0, 0.3 * speed, np.sqrt(0.91) * speed], [speed, 0.0, 0.0]]),
    )
    run = propagate(
        planets(), particles, [epoch + days], watches=[Watch("earth", 1.0e6)], keep_steps=True,
        threads=1,
    )  # fmt: skip
    times = np.arange(epoch + 1e-3 * step_d, epoch + days, step_d)
    expected = [m for i in range(2) for m in _brute_force(run, i, "earth", times, 1.0e6)]
    assert len(expected) > 4
    _agree(run, expected, "earth", 0.5 * step_d)


def _shot(
    body: str, epoch: float, outwards: Floats, height_km: float, speed_km_s: float, steep: float
) -> Particles:
    """A particle `height_km` over `body`'s sphere that falls with sin(angle) = `steep`."""
    radius = 6478.137 if body == "earth" else 1737.4
    sideways = np.cross(outwards, [0.0, 0.6, 0.8])
    sideways /= np.linalg.norm(sideways)
    velocity = speed_km_s * (-steep * outwards + np.sqrt(1.0 - steep * steep) * sideways)
    return _around(body, epoch, ((radius + height_km) * outwards)[None], velocity[None])


@pytest.mark.parametrize("body", ["earth", "moon"])
@pytest.mark.parametrize("steep", [0.999, 0.7, 0.25])
@pytest.mark.parametrize("seed", range(3))
def test_an_impact_is_where_its_path_began(body: str, steep: float, seed: int) -> None:
    """A path traced back from just above the surface ends there again, at the surface's height."""
    outwards = np.random.default_rng(seed).normal(size=3)
    outwards /= np.linalg.norm(outwards)
    epoch = 60310.123
    height = 60.0 if body == "earth" else 20.0
    shot = _shot(body, epoch, outwards, height, 14.0, steep)
    back = propagate(planets(), shot, [epoch - 15.0], threads=1)
    start = Particles(np.array([epoch - 15.0]), back.position_km[0], back.velocity_km_s[0])
    run = propagate(planets(), start, [epoch + 1.0], threads=1)
    assert run.status[0] == Status.IMPACTED
    assert MAJOR_BODIES[run.body[0]] == body
    assert np.isnan(run.position_km).all()
    assert run.encounters.is_impact.tolist() == [True]
    at = run.encounters.epoch_mjd_tdb[0]
    assert run.stop_mjd_tdb[0] == pytest.approx(at, abs=1e-11)
    assert 0.0 < (at - epoch) * DAY_S < height / (14.0 * steep) + 8.0
    relative = run.encounters.state[0, :3]
    if body == "moon":
        assert np.linalg.norm(relative) == pytest.approx(1737.4, abs=1e-4)
    else:
        # The Earth-fixed frame with nutation and polar motion; the kernel's pole of date leaves
        # out what is below a tenth of an arc second, 3 mm in height. Seen: 1e-5 km.
        turned = earth_orientation(np.array([at])).matrix[0] @ relative
        _, _, height = geodetic_from_itrs(turned)
        assert float(height) == pytest.approx(100.0, abs=1e-3)


@pytest.mark.parametrize("miss_km", [0.5, 4.0, 25.0])
@pytest.mark.parametrize("body", ["earth", "moon"])
def test_grazing_paths_hit_or_miss_by_kilometres(body: str, miss_km: float) -> None:
    """Perigees just above the surface pass as minima, just below it they are impacts."""
    epoch = 60310.0
    # In the equator's plane, where the ellipsoid's radius is its largest.
    outwards = np.array([np.cos(0.4), np.sin(0.4), 0.0])
    along = np.array([-np.sin(0.4), np.cos(0.4), 0.0])
    radius = (6478.137 if body == "earth" else 1737.4) + miss_km
    level = _around(body, epoch, radius * outwards[None], 12.0 * along[None])
    back = propagate(planets(), level, [epoch - 2.0], threads=1)
    start = Particles(np.array([epoch - 2.0]), back.position_km[0], back.velocity_km_s[0])
    watch = [Watch(body, 1.0e5)]
    run = propagate(planets(), start, [epoch + 2.0], watches=watch, threads=1)
    assert run.status[0] == Status.REACHED
    near = run.encounters.where(run.encounters.distance_km < 9000.0)
    assert near.epoch_mjd_tdb[0] == pytest.approx(epoch, abs=2e-5)
    # Twice as much off the impact parameter makes the perigee at least that much lower.
    centre, velocity = planets().state(body, epoch - 2.0)
    relative, speed = start.position_km[0] - centre, start.velocity_km_s[0] - velocity
    away = relative - speed * (relative @ speed) / (speed @ speed)
    moved = start.position_km - 2.0 * (miss_km + 1.0) * away / np.linalg.norm(away)
    lower = Particles(start.epoch_mjd_tdb, moved, start.velocity_km_s)
    hit = propagate(planets(), lower, [epoch + 2.0], watches=watch, threads=1)
    assert hit.status[0] == Status.IMPACTED
    assert abs(hit.stop_mjd_tdb[0] - epoch) < 0.01


def test_the_nearest_of_two_bodies_ends_a_particle() -> None:
    """A path aimed through the Moon at the Earth ends at the Moon."""
    epoch = 60310.0
    earth, _ = planets().state("earth", epoch)
    moon, moon_speed = planets().state("moon", epoch)
    line = (moon - earth) / np.linalg.norm(moon - earth)
    start = Particles(
        np.array([epoch]), (moon + 3000.0 * line)[None], (moon_speed - 30.0 * line)[None]
    )
    run = propagate(planets(), start, [epoch + 1.0], watches=[Watch("earth", 1e6)], threads=1)
    assert run.status[0] == Status.IMPACTED
    assert MAJOR_BODIES[run.body[0]] == "moon"
    # Nothing after the impact is recorded.
    assert (run.encounters.epoch_mjd_tdb <= run.stop_mjd_tdb[0]).all()


def test_impacts_on_every_body_are_noticed_unwatched() -> None:
    epoch = 60310.0
    for body in MAJOR_BODIES:
        centre, velocity = planets().state(body, epoch)
        away = np.array([0.36, 0.48, 0.8])
        # Near enough that the tides of the Sun do not turn the aim away.
        far = 3.0e6 if body == "sun" else 1.5e5
        start = Particles(
            np.array([epoch]),
            (centre + far * away)[None],
            (velocity - 40.0 * away)[None],
        )
        run = propagate(planets(), start, [epoch + 4.0], threads=1)
        assert run.status[0] == Status.IMPACTED, body
        assert MAJOR_BODIES[run.body[0]] == body


def test_buffers_grow_and_nothing_is_lost() -> None:
    """More closest approaches than the first buffer holds: the block is run again, once each."""
    gm = planets().constants.gm_major_km3_s2[3]
    epoch, n = 60300.0, 40
    rng = np.random.default_rng(SEED)
    radius = 9000.0 + 100.0 * np.arange(n)
    speed = np.sqrt(gm / radius * 1.3)
    turn = rng.uniform(0.0, 2.0 * np.pi, n)
    relative = radius[:, None] * np.stack([np.cos(turn), np.sin(turn), 0.0 * turn], axis=1)
    velocity = speed[:, None] * np.stack([-np.sin(turn), np.cos(turn), 0.3 + 0.0 * turn], axis=1)
    particles = _around("earth", epoch, relative, velocity)
    watch = [Watch("earth", 1.0e6)]
    together = propagate(planets(), particles, [epoch + 12.0], watches=watch, threads=1)
    assert len(together.encounters) > 1100
    for row in (0, n - 1):
        one = Particles(
            particles.epoch_mjd_tdb[[row]], particles.position_km[[row]],
            particles.velocity_km_s[[row]],
        )  # fmt: skip
        alone = propagate(planets(), one, [epoch + 12.0], watches=watch, threads=1)
        mine = together.encounters.where(together.encounters.particle == row)
        assert len(mine) == len(alone.encounters)
        assert np.abs(mine.epoch_mjd_tdb - alone.encounters.epoch_mjd_tdb).max() < 1e-8
    assert (np.diff(together.encounters.particle) >= 0).all()
