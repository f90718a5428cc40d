"""Variational equations against central differences of the propagator itself.

Differences are taken of runs a hundred times tighter than the default. The figure compared is the
largest error of a column over that column's own size, both weighted alike (km and km/s × the time
scale on which the state changes).
"""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from perilune.constants import AU_KM, DAY_S
from perilune.dynamics.chunk import Parameter, Watch
from perilune.dynamics.particles import Particles
from perilune.dynamics.propagator import DEFAULT_OPTIONS, propagate
from perilune.ephemeris import planets

Floats = NDArray[np.float64]
TIGHT = DEFAULT_OPTIONS._replace(epsilon=1.0e-9, convergence=1.0e-13)
AU_D2_KM_S2 = AU_KM / DAY_S**2
NONE = np.zeros((0, 9))
# A1, A2, A3 (km/s²), delay (s), alpha, r0 (km), m, n, k: water ice, as for comets.
COMET = np.array(
    [
        2.0e-8 * AU_D2_KM_S2, -3.0e-9 * AU_D2_KM_S2, 1.0e-9 * AU_D2_KM_S2, 30.0 * DAY_S,
        0.1112620426, 2.808 * AU_KM, 2.15, 5.093, 4.6142,
    ]
)  # fmt: skip
PARAMETERS = [
    Parameter(0, 1.0e-8 * AU_D2_KM_S2),
    Parameter(1, 1.0e-8 * AU_D2_KM_S2),
    Parameter(2, 1.0e-8 * AU_D2_KM_S2),
    Parameter(3, DAY_S),
]
# What one moves in a central difference: km, km/s, units of the parameters.
MOVES = np.array([50.0, 50.0, 50.0, 1e-5, 1e-5, 1e-5, 1e-2, 1e-2, 1e-2, 0.05])


def _around_sun(
    epoch_mjd: float, position_au: Floats, velocity_km_s: Floats
) -> tuple[Floats, Floats]:
    sun_km, sun_km_s = planets().state("sun", epoch_mjd)
    return position_au * AU_KM + sun_km, velocity_km_s + sun_km_s


def _moved(position: Floats, velocity: Floats, nongrav: Floats, columns: int, share: float):
    """The orbit with each column moved up, then down: 2 `columns` particles."""
    x = np.tile(position, (2 * columns, 1))
    v = np.tile(velocity, (2 * columns, 1))
    g = np.tile(nongrav, (2 * columns, 1)) if nongrav.size else NONE
    for column in range(columns):
        for row, sign in ((2 * column, 1.0), (2 * column + 1, -1.0)):
            step = sign * share * MOVES[column]
            if column < 3:
                x[row, column] += step
            elif column < 6:
                v[row, column - 3] += step
            else:
                parameter = PARAMETERS[column - 6]
                g[row, parameter.column] += step * parameter.unit
    return x, v, g


def _worst_error(
    epoch: float, position: Floats, velocity: Floats, nongrav: Floats, until: float, share: float
) -> float:
    """Largest relative error of a column of the matrix at `until`."""
    columns = 10 if nongrav.size else 6
    parameters = PARAMETERS if nongrav.size else []
    one = propagate(
        planets(),
        Particles(
            np.array([epoch]), position[None], velocity[None],
            nongrav=nongrav[None] if nongrav.size else NONE,
        ),
        [until],
        variations=parameters,
        options=TIGHT,
        threads=1,
    )  # fmt: skip
    x, v, g = _moved(position, velocity, nongrav, columns, share)
    many = propagate(
        planets(), Particles(np.full(len(x), epoch), x, v, nongrav=g), [until],
        options=TIGHT, threads=1,
    )  # fmt: skip
    states = np.hstack([many.position_km[0], many.velocity_km_s[0] * 1.0e6])
    worst = 0.0
    for column in range(columns):
        difference = (states[2 * column] - states[2 * column + 1]) / (2.0 * share * MOVES[column])
        found = one.variation[0, 0, :, column] * np.repeat([1.0, 1.0e6], 3)
        worst = max(worst, float(np.linalg.norm(found - difference) / np.linalg.norm(difference)))
    return worst


@pytest.mark.parametrize("days", [250.0, -250.0])
@pytest.mark.parametrize("nongrav", [NONE, COMET], ids=["gravity", "comet"])
def test_variations_equal_finite_differences(days: float, nongrav: Floats) -> None:
    epoch = 60000.5
    position, velocity = _around_sun(
        epoch, np.array([0.7, -0.9, 0.2]), np.array([21.0, 14.0, -6.0])
    )
    worst = _worst_error(epoch, position, velocity, nongrav, epoch + days, 1.0)
    # Seen: 3e-8; the differences' own third-order term and rounding make it.
    assert worst < 1.0e-6


@pytest.mark.parametrize("body", ["earth", "moon"])
@pytest.mark.parametrize("backwards", [False, True])
def test_variations_hold_through_a_close_encounter(body: str, backwards: bool) -> None:
    """A pass at three radii, where every small force acts and the matrix grows a thousandfold."""
    at = 60010.25
    centre, speed = planets().state(body, at)
    radius = 19000.0 if body == "earth" else 5200.0
    relative = np.array([0.6, 0.0, 0.8]) * radius
    passing = np.array([-8.0, 6.0, 6.0])
    sign = -1.0 if backwards else 1.0
    nearby = Particles(np.array([at]), (centre + relative)[None], (speed + passing)[None])
    before = propagate(planets(), nearby, [at - sign * 12.0], options=TIGHT, threads=1)
    start = at - sign * 12.0
    worst = _worst_error(
        start, before.position_km[0, 0], before.velocity_km_s[0, 0], NONE, at + sign * 9.0, 1.0e-2
    )
    # Seen: 2e-6; the second derivatives are large here, and steps small enough for them lose
    # digits to rounding.
    assert worst < 1.0e-4


def test_an_encounter_carries_its_own_variation() -> None:
    """The matrix of a closest approach is that of a propagation to its very time."""
    at = 60010.25
    centre, speed = planets().state("earth", at)
    nearby = Particles(
        np.array([at]),
        (centre + np.array([0.0, 31000.0, 9000.0]))[None],
        (speed + np.array([9.0, 1.0, 0.5]))[None],
    )
    before = propagate(planets(), nearby, [at - 8.0], threads=1)
    start = Particles(np.array([at - 8.0]), before.position_km[0], before.velocity_km_s[0])
    run = propagate(
        planets(), start, [at + 3.0], watches=[Watch("earth", 1.0e6)], variations=[], threads=1
    )
    assert len(run.encounters) == 1
    direct = propagate(
        planets(), start, [float(run.encounters.epoch_mjd_tdb[0])], variations=[], threads=1
    )
    found, expected = run.encounters.variation[0], direct.variation[0, 0]
    for block in (slice(0, 3), slice(3, 6)):
        error = np.abs(found[block] - expected[block]).max() / np.abs(expected[block]).max()
        # Seen: 2e-10, what a microsecond (the resolution of one float's MJD) makes at 9 km/s.
        assert error < 1.0e-7


def test_parameters_leave_the_orbit_itself_alone() -> None:
    epoch = 60000.0
    position, velocity = _around_sun(epoch, np.array([1.1, 0.3, 0.1]), np.array([-7.0, 26.0, 3.0]))
    particles = Particles(
        np.array([epoch]), position[None], velocity[None], nongrav=COMET[None].copy()
    )
    plain = propagate(planets(), particles, [epoch + 300.0], threads=1)
    varied = propagate(planets(), particles, [epoch + 300.0], variations=PARAMETERS, threads=1)
    assert np.array_equal(plain.position_km, varied.position_km)
