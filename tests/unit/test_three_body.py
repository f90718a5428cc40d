"""The three-body problem: its kernel, families, members and errors."""

from __future__ import annotations

import numpy as np
import pytest

from perilune.dynamics import dop853_kernels as dop853
from perilune.dynamics.three_body import (
    EARTH_MOON,
    PeriodicOrbit,
    carry_three_body,
    carry_with_partials,
)
from perilune.dynamics.three_body_families import family, member, members
from perilune.errors import InputError, NotConvergedError


def test_the_method_fulfils_its_order_conditions() -> None:
    """Quadrature up to order 8 and row sums: a wrong digit in the tables would show."""
    weights, nodes = dop853._WEIGHTS, dop853.NODES
    for order in range(1, 9):
        assert np.sum(weights * nodes ** (order - 1)) == pytest.approx(1.0 / order, abs=2e-15)
    assert np.abs(dop853._MATRIX.sum(axis=1) - nodes).max() < 5e-15
    assert abs(dop853._ERROR_3.sum()) < 1e-15
    assert abs(dop853._ERROR_5.sum()) < 1e-15


def test_forth_and_back() -> None:
    start = np.array([1.1, 0.02, -0.15, 0.03, -0.2, 0.01])
    end = carry_three_body(EARTH_MOON, start, np.array([0.7, 2.0]))[-1]
    again = carry_three_body(EARTH_MOON, end, np.array([-2.0]))[0]
    assert np.abs(again - start).max() < 1e-11
    assert EARTH_MOON.jacobi(end) == pytest.approx(EARTH_MOON.jacobi(start), abs=1e-13)


def test_partials_are_differences() -> None:
    start = np.array([1.1, 0.02, -0.15, 0.03, -0.2, 0.01])
    _, partials = carry_with_partials(EARTH_MOON, start, 1.3)
    for k in range(6):
        step = np.zeros(6)
        step[k] = 1e-5
        ends = [carry_three_body(EARTH_MOON, start + s * step, np.array([1.3])) for s in (1, -1)]
        assert (
            np.abs((ends[0] - ends[1])[0] / 2e-5 - partials[:, k]).max() < 2e-6
        )  # third derivatives
    # The flow keeps the volume.
    assert np.linalg.det(partials) == pytest.approx(1.0, abs=1e-10)


def test_a_collision_is_an_error() -> None:
    start = np.array([1.0 - EARTH_MOON.mass_ratio, 0.0, 0.0, 0.0, 0.0, 0.0])
    with pytest.raises(NotConvergedError, match="meets a body"):
        carry_three_body(EARTH_MOON, start, np.array([1.0]))


@pytest.mark.parametrize(
    ("name", "point"),
    [("lyapunov", 2), ("halo", 1), ("halo", 2), ("dro", None), ("butterfly", 2)],
)
def test_members_close_and_extremes_bracket_samples(name: str, point: int | None) -> None:
    table = family(name, point)  # type: ignore[arg-type]
    for row in range(0, table.period.size, max(1, table.period.size // 6)):
        orbit = table.orbit(row)
        states = orbit.states(np.linspace(0.0, 1.0, 200))
        # An unstable orbit closes as far as its corrector's 1e-10, grown, allows.
        assert np.abs(states[-1] - states[0]).max() < 1e-9 * max(orbit.stability, 1.0)
        moon = np.array([1.0 - EARTH_MOON.mass_ratio, 0.0, 0.0])
        radius_km = np.linalg.norm(states[:, :3] - moon, axis=1) * EARTH_MOON.length_km
        assert orbit.perilune_km <= radius_km.min() + 1e-6
        assert orbit.apolune_km >= radius_km.max() - 1e-6


def test_a_butterfly_is_born_where_the_halos_period_doubles() -> None:
    first = family("butterfly").orbit(0)
    halo = member(family("halo"), period_d=0.5 * first.period_d)
    assert np.abs(first.state[[0, 2, 4]]).max() > 0.0
    assert first.perilune_km == pytest.approx(halo.perilune_km, rel=0.01)
    assert first.stability == pytest.approx(1.0, abs=0.05)


def test_north_mirrors_south() -> None:
    north, south = (member(family("halo", 1, side), jacobi=3.1) for side in ("north", "south"))
    assert north.state[2] == -south.state[2] > 0.0
    assert north.jacobi == south.jacobi


def test_members_by_each_quantity_agree() -> None:
    table = family("nrho")
    chosen = member(table, resonance=(9, 2))
    for again in (
        member(table, period_d=chosen.period_d),
        member(table, perilune_km=chosen.perilune_km),
        member(table, jacobi=chosen.jacobi),
    ):
        assert np.abs(again.state - chosen.state).max() < 1e-9


def test_what_cannot_be_asked_for() -> None:
    table = family("halo")
    with pytest.raises(InputError, match="exactly one quantity"):
        member(table)
    with pytest.raises(InputError, match="exactly one quantity"):
        member(table, period_d=14.0, jacobi=3.0)
    with pytest.raises(InputError, match="2 members"):
        member(table, jacobi=3.05)
    with pytest.raises(NotConvergedError, match="periods from"):
        member(table, period_d=40.0)
    with pytest.raises(InputError, match="finite"):
        member(table, period_d=float("nan"))
    with pytest.raises(InputError, match="positive whole"):
        member(table, resonance=(9, 0))
    assert members(table, period_d=40.0) == ()
    with pytest.raises(InputError, match="no such family"):
        family("vertical")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="no such point"):
        family("halo", 3)
    with pytest.raises(InputError, match="planar"):
        family("dro", None, "north")
    with pytest.raises(InputError, match="collinear"):
        EARTH_MOON.lagrange_x(4)


def test_stability_of_complex_pairs_and_of_real_ones() -> None:
    """Against the eigenvalues themselves."""
    table = family("butterfly")
    for row in range(0, table.period.size, 25):
        orbit: PeriodicOrbit = table.orbit(row)
        size = np.abs(np.linalg.eigvals(orbit.monodromy)).max()
        expected = 0.5 * (size + 1.0 / size)
        assert orbit.stability == pytest.approx(expected, rel=1e-5)
