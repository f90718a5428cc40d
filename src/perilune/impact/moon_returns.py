"""Where the line of variations meets the Moon: beside its returns to the Earth.

An orbit that hits the Moon passes the Earth at a lunar distance. Around every return to the Earth
so near, the line is followed through the last days as a straight piece of states (the century
before has made it long, and so straight), orbit by orbit across the Moon's path, until the delay
at the Moon changes its sign.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from perilune.constants import MOON_RADIUS_KM
from perilune.dynamics import Encounters, Particles, Watch, propagate
from perilune.dynamics.orbit_paths import particle
from perilune.ephemeris import Ephemeris
from perilune.impact.b_plane import target_plane_points
from perilune.impact.line_samples import LineFlight
from perilune.impact.returns import Return

Array = NDArray[np.float64]

# The Moon's greatest distance, and what the Earth's pull adds on the target plane.
REACH_KM: Final = 4.3e5
_GATE_D: Final = 4.0
_TWIN_KM: Final = 2.0e5
_STEPS: Final = np.linspace(-2.4, 2.4, 65)  # of _TWIN_KM: 15,000 km apart
_FINE: Final = np.linspace(-0.08, 0.08, 9)
_WATCHED_KM: Final = 6.0e4


def moon_passes(
    flight: LineFlight, returns: Sequence[Return], within_km: float
) -> list[tuple[float, float]]:
    """Sigma and date of every orbit of the line that passes the Moon's centre in time and near.

    Args:
        flight: what carries orbits of the line.
        returns: to the Earth.
        within_km: beyond the Moon's radius, on its target plane.
    """
    near = [one for one in returns if one.nearest_km < REACH_KM + within_km]
    if not near:
        return []
    gates = np.array([one.epoch_mjd_tdb - _GATE_D for one in near])
    near = [one for one, gate in zip(near, gates, strict=True) if gate > flight.orbit.epoch_mjd_tdb]
    gates = gates[gates > flight.orbit.epoch_mjd_tdb]
    middle = np.array([one.nearest_sigma for one in near])
    half = _TWIN_KM / np.array([one.stretch_km for one in near])
    states = _states_at(flight, np.concatenate([middle - half, middle + half]), gates)
    early, late = states[: gates.size], states[gates.size :]
    found = []
    for k, gate in enumerate(gates):
        if not np.isfinite(early[k] + late[k]).all():
            continue
        centre, slope = 0.5 * (early[k] + late[k]), 0.5 * (late[k] - early[k])
        for step, _, _ in _crossings(flight, gate, centre, slope, _STEPS):
            for fine, xi_km, epoch in _crossings(flight, gate, centre, slope, step + _FINE):
                if abs(xi_km) < 1.5 * MOON_RADIUS_KM + within_km:
                    found.append((float(middle[k] + fine * half[k]), epoch))
    return found


def _states_at(flight: LineFlight, sigma: Array, gates: Array) -> Array:
    """(2 K, 6) barycentric states of two orbits for each gate, each at its own gate."""
    epochs = np.unique(gates)
    result = propagate(
        flight.ephemeris,
        particle(flight.ephemeris, flight.orbit, flight.number, flight.line.deviations(sigma)),
        epochs,
        threads=flight.threads,
        progress=flight.progress,
        label="orbits that pass the Moon",
    )
    row = np.searchsorted(epochs, np.concatenate([gates, gates]))
    lane = np.arange(sigma.size)
    return np.concatenate([result.position_km[row, lane], result.velocity_km_s[row, lane]], axis=1)


def _crossings(
    flight: LineFlight, gate: float, centre: Array, slope: Array, steps: Array
) -> list[tuple[float, float, float]]:
    """Step, xi and date where the delay at the Moon changes its sign between two steps."""
    states = centre + steps[:, None] * slope
    end = min(gate + 3.0 * _GATE_D, flight.until)
    if end <= gate:
        return []
    found = propagate(
        flight.ephemeris,
        Particles(np.full(steps.size, gate), states[:, :3], states[:, 3:]),
        [end],
        watches=[Watch("moon", _WATCHED_KM)],
        threads=1,
    ).encounters
    found = found.where(found.body == flight.ephemeris.body_index("moon"))
    if len(found) == 0:
        return []
    points = _on_plane(flight.ephemeris, found)
    epochs = found.epoch_mjd_tdb
    results = []
    for i in range(steps.size - 1):
        here, there = np.flatnonzero(found.particle == i), np.flatnonzero(found.particle == i + 1)
        for a in here:
            for b in there:
                if abs(epochs[a] - epochs[b]) > 0.5 or points[a, 1] * points[b, 1] > 0.0:
                    continue
                share = points[a, 1] / (points[a, 1] - points[b, 1]) if points[a, 1] else 0.0
                at = [x[a] + share * (x[b] - x[a]) for x in (points[:, 0], epochs)]
                step = steps[i] + share * (steps[i + 1] - steps[i])
                results.append((float(step), float(at[0]), float(at[1])))
    return results


def _on_plane(ephemeris: Ephemeris, found: Encounters) -> Array:
    _, velocity = ephemeris.state("moon", found.epoch_mjd_tdb)
    _, sun_velocity = ephemeris.state("sun", found.epoch_mjd_tdb)
    gm = float(ephemeris.arrays.gm_km3_s2[ephemeris.body_index("moon")])
    points, _ = target_plane_points(
        found.state[:, :3], found.state[:, 3:], gm, velocity - sun_velocity
    )
    return points
