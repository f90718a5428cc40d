"""What is computed side by side equals what is computed one by one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from perilune.dynamics.force_kernels import add_point_mass, add_point_masses
from perilune.dynamics.massive_asteroids import solar_system
from perilune.dynamics.orbit_paths import propagate_orbits
from perilune.dynamics.particles import Particles
from perilune.dynamics.propagator import propagate
from perilune.ephemeris.body_kernels import asteroid_places, body_state, major_states
from perilune.errors import InputError
from perilune.orbits import CartesianState, KeplerianElements, Orbit, catalogue

SEED = 20290413


def test_all_bodies_at_a_steps_nodes_are_where_each_one_is() -> None:
    """Over borders of records too: offsets that span 40 days."""
    arrays = solar_system().arrays
    n = arrays.gm_km3_s2.size - 11
    offsets_d = np.linspace(-3.3, 40.0, 8)
    major = np.zeros((8, 11, 6))
    major_states(arrays, 60033.0, offsets_d, major)
    small = np.zeros(3 * n)
    one = np.zeros((1, 6))
    for i, offset_d in enumerate(offsets_d):
        asteroid_places(arrays, 60033.0, offset_d, small)
        for j in range(11 + n):
            body_state(arrays, j, 60033.0, offset_d, one, 0)
            found = major[i, j] if j < 11 else small.reshape(3, n)[:, j - 11]
            # Bodies at 1e9 km resolve 1e-7 km; what is summed in another order differs by that.
            assert np.abs(found - one[0, : found.size]).max() < 1e-6


def test_many_bodies_attract_a_few_lanes_as_each_one_does() -> None:
    rng = np.random.default_rng(SEED)
    n, m = 3, 16
    x = rng.normal(0.0, 2.0e8, 3 * n)
    places = rng.normal(0.0, 4.0e8, 3 * m)
    gm = 10.0 ** rng.uniform(0.0, 5.0, m)
    own = np.array([-1, 13, -1])  # the second lane is body 2 of these, whose first is 11
    together, steepest = np.zeros(3 * n), np.zeros((m, n))
    add_point_masses(x, n, places, gm, own, 11, np.zeros(4 * m), steepest, together)
    for i in range(n):
        alone = np.zeros(3)
        for j in range(m):
            if own[i] - 11 != j:
                body = places.reshape(3, m)[:, j]
                lane = np.ascontiguousarray(x.reshape(3, n)[:, i])
                add_point_mass(lane, 1, body[0], body[1], body[2], gm[j], alone)
                assert steepest[j, i] * np.linalg.norm(body - lane) ** 3 / gm[j] - 1.0 < 1e-12
        assert np.allclose(together.reshape(3, n)[:, i], alone, rtol=1e-12, atol=0.0)
    assert steepest[2, 1] == 0.0


def test_few_lanes_and_many_agree() -> None:
    """One particle alone and among nine like it: two ways through the forces, one path."""
    epoch = 60000.0
    ephemeris = solar_system()
    sun, speed = ephemeris.state("sun", epoch)
    rng = np.random.default_rng(SEED)
    position = np.array([1.1, 0.4, 0.1]) * 1.495978707e8 + sun + rng.normal(0.0, 1.0e5, (10, 3))
    velocity = np.tile(np.array([-9.0, 25.0, 6.0]) + speed, (10, 1))
    many = Particles(np.full(10, epoch), position, velocity)
    one = Particles(np.array([epoch]), position[:1], velocity[:1])
    until = [epoch + 800.0]
    together = propagate(ephemeris, many, until, threads=1).position_km[0, 0]
    alone = propagate(ephemeris, one, until, threads=1).position_km[0, 0]
    # Company decides when the sweeps end, which is below the tolerance. Seen: 0.4 mm.
    assert np.linalg.norm(together - alone) < 1e-4


def test_epochs_on_the_grid_are_reached() -> None:
    """The common grid has a point each 64 days: an epoch may be one of them."""
    epoch = 64.0 * 930 - 40.0
    ephemeris = solar_system()
    sun, speed = ephemeris.state("sun", epoch)
    start = Particles(
        np.array([epoch]),
        (sun + np.array([1.5e8, 0.0, 3.0e7]))[None],
        (speed + np.array([2.0, 29.0, 1.0]))[None],
    )
    grid = 64.0 * np.arange(930, 934)
    dense = np.sort(np.concatenate([grid, grid - 0.5, grid + 0.5]))
    found = propagate(ephemeris, start, dense, threads=1).position_km
    assert np.isfinite(found).all()
    alone = propagate(ephemeris, start, [grid[-1]], threads=1).position_km[0]
    # More epochs make shorter steps. Seen: 1 cm.
    assert np.abs(found[np.searchsorted(dense, grid[-1])] - alone).max() < 1e-3


def _catalogue_of(count: int) -> list[Orbit]:
    """Made-up asteroids without covariance at two epochs, with Ceres and Apophis' push in between.

    Ceres must not attract itself, and Apophis alone has a force besides gravity.
    """
    rng = np.random.default_rng(SEED)
    base = replace(catalogue.find("Eros"), covariance=None, covariance_parameters=())
    made = [
        replace(
            base,
            designation=str(k),
            number=None,
            epoch_mjd_tdb=60000.0 + 200.0 * (k % 3 == 0),
            elements=KeplerianElements(
                rng.uniform(0.8, 3.0), rng.uniform(0.0, 0.6), *rng.uniform(0.0, 50.0, 4)
            ),
        )
        for k in range(count)
    ]
    for at, name in ((5, "Ceres"), (11, "Apophis")):
        known = catalogue.find(name)
        model = known.non_gravitational
        made[at] = replace(
            known,
            epoch_mjd_tdb=60000.0,
            covariance=None,
            covariance_parameters=(),
            non_gravitational=None if model is None else replace(model, estimated=()),
        )
    return made


def test_a_catalogue_carried_together_is_where_each_object_is() -> None:
    orbits = [*_catalogue_of(60), catalogue.find("2024 YR4")]  # the last with its covariance
    epochs = [60500.0, 59800.0, 60100.0, 60200.0]
    told: list[float] = []
    together = propagate_orbits(
        orbits, epochs, threads=1, progress=lambda part, _: told.append(part)
    )
    assert told[-1] == 1.0
    assert told == sorted(told)
    again = propagate_orbits(orbits, epochs, threads=2)
    for orbit, path, other in zip(orbits, together, again, strict=True):
        (alone,) = propagate_orbits([orbit], epochs, threads=1)
        assert path.object == alone.object == orbit.full_name
        assert path.status == "reached"
        assert np.array_equal(path.position_km, other.position_km)
        # Seen: 30 m. A batch looks at what is far away from its own middle.
        assert np.abs(path.position_km - alone.position_km).max() < 0.2
        assert (path.covariance is None) == (orbit.covariance is None)


def test_one_bad_object_of_a_catalogue_is_named() -> None:
    orbits = _catalogue_of(40)
    state = CartesianState((3000.0, 0.0, 0.0), (0.0, 7.0, 0.0), "ICRF", "EARTH")
    orbits[17] = replace(orbits[17], elements=state, designation="the bad one", name=None)
    with pytest.raises(InputError, match="the bad one: the object starts inside Earth"):
        propagate_orbits(orbits, [61000.0], threads=1)
