"""Where the line of variations meets the Moon: beside its returns to the Earth.

An orbit that hits the Moon passes the Earth at a lunar distance. Around every return to the Earth
so near, and between neighbours that both pass so near, the line is followed through the last days
as a straight piece of states (the century before has made it long, and so straight), orbit by
orbit across the Moon's path, until the delay at the Moon changes its sign.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from perilune.constants import MOON_RADIUS_KM
from perilune.dynamics import Encounters, Particles, Watch, propagate
from perilune.dynamics.orbit_paths import nongrav_row, own_body, particle
from perilune.ephemeris import Ephemeris
from perilune.impact.b_plane import target_plane_points
from perilune.impact.line_samples import LineFlight, LineSamples
from perilune.impact.returns import Return, same_encounters

Array = NDArray[np.float64]

# The Moon's greatest distance, and what the Earth's pull adds on the target plane.
REACH_KM: Final = 4.3e5
_GATE_D: Final = 4.0
_TWIN_KM: Final = 2.0e5
_STEP_KM: Final = 15_000.0
_FINE: Final = 9
# What the straight piece leaves out.
_STRAIGHT_KM: Final = 4_000.0
_WATCHED_KM: Final = 6.0e4


@dataclass(frozen=True, slots=True, eq=False)
class _Piece:
    """A straight piece of the line through one encounter, by two of its orbits."""

    gate_mjd_tdb: float
    sigma: tuple[float, float]
    shares: Array  # where to look, 0 at the first orbit and 1 at the second


def moon_passes(
    flight: LineFlight, samples: LineSamples, returns: Sequence[Return], within_km: float
) -> list[tuple[float, float]]:
    """Sigma and date of every orbit of the line that passes the Moon's centre in time and near.

    Args:
        flight: what carries orbits of the line.
        samples: the sampled line.
        returns: to the Earth.
        within_km: beyond the Moon's radius, on its target plane.
    """
    pieces = _around(returns, within_km) + _between(samples, within_km)
    pieces = [piece for piece in pieces if piece.gate_mjd_tdb > flight.orbit.epoch_mjd_tdb]
    if not pieces:
        return []
    states = _states_at(flight, pieces)
    found: list[tuple[float, float]] = []
    for piece, (first, second) in zip(pieces, states, strict=True):
        if not np.isfinite(first + second).all():
            continue
        low, high = piece.sigma
        step = piece.shares[1] - piece.shares[0]
        for rough, _, _ in _crossings(flight, piece, first, second, piece.shares):
            shares = rough + step * np.linspace(-1.0, 1.0, _FINE)
            for share, xi_km, epoch in _crossings(flight, piece, first, second, shares):
                if abs(xi_km) < MOON_RADIUS_KM + _STRAIGHT_KM + within_km:
                    found.append((low + share * (high - low), epoch))
    return found


def _around(returns: Sequence[Return], within_km: float) -> list[_Piece]:
    """Pieces about the returns that pass the Earth at a lunar distance or nearer."""
    pieces = []
    count = int(np.ceil(2.4 * 2.0 * _TWIN_KM / _STEP_KM))
    for one in returns:
        # A line that is not stretched at all has its neighbours for pieces, see `_between`.
        if one.nearest_km < REACH_KM + within_km and one.stretch_km > 0.0:
            half = _TWIN_KM / one.stretch_km
            ends = one.nearest_sigma - half, one.nearest_sigma + half
            shares = 0.5 + 0.5 * np.linspace(-2.4, 2.4, count + 1)
            pieces.append(_Piece(one.epoch_mjd_tdb - _GATE_D, ends, shares))
    return pieces


def _between(samples: LineSamples, within_km: float) -> list[_Piece]:
    """Pieces between neighbours both so near: a line that is stretched little may end there."""
    passes, rows = samples.passes, samples.passes.of_orbits(samples.sigma.size)
    reach = REACH_KM + within_km
    pieces = []
    for i in range(samples.sigma.size - 1):
        here, there = rows[i], rows[i + 1]
        for a, b in zip(*np.nonzero(same_encounters(samples, here, there)), strict=True):
            first, second = passes.points_km[here[a]], passes.points_km[there[b]]
            length = float(np.hypot(*(second - first)))
            if np.abs([first, second]).max() > reach + length or length > reach:
                continue
            if first[1] * second[1] <= 0.0 and length > 2.0 * _STEP_KM:
                continue  # there is a return between them
            ends = float(samples.sigma[i]), float(samples.sigma[i + 1])
            shares = np.linspace(0.0, 1.0, 2 + int(length / _STEP_KM))
            gate = float(passes.epoch_mjd_tdb[here[a]]) - _GATE_D
            pieces.append(_Piece(gate, ends, shares))
    return pieces


def _states_at(flight: LineFlight, pieces: Sequence[_Piece]) -> list[tuple[Array, Array]]:
    """Barycentric states (6,) of each piece's two orbits at its gate."""
    gates = np.array([piece.gate_mjd_tdb for piece in pieces])
    sigma = np.array([piece.sigma for piece in pieces])
    epochs = np.unique(gates)
    result = propagate(
        flight.ephemeris,
        particle(
            flight.ephemeris, flight.orbit, flight.number, flight.line.deviations(sigma.ravel())
        ),
        epochs,
        threads=flight.threads,
        progress=flight.progress,
        label="orbits that pass the Moon",
    )
    row, lane = np.searchsorted(epochs, np.repeat(gates, 2)), np.arange(sigma.size)
    states = np.concatenate(
        [result.position_km[row, lane], result.velocity_km_s[row, lane]], axis=1
    )
    return [(states[2 * k], states[2 * k + 1]) for k in range(len(pieces))]


def _crossings(
    flight: LineFlight, piece: _Piece, first: Array, second: Array, shares: Array
) -> list[tuple[float, float, float]]:
    """Share, xi and date where the delay at the Moon changes its sign between two shares."""
    states = first + shares[:, None] * (second - first)
    gate = piece.gate_mjd_tdb
    end = min(gate + 3.0 * _GATE_D, flight.until)
    if end <= gate:
        return []
    count = shares.size
    model = flight.orbit.non_gravitational
    found = propagate(
        flight.ephemeris,
        Particles(
            np.full(count, gate),
            states[:, :3],
            states[:, 3:],
            np.full(count, own_body(flight.ephemeris, flight.number), dtype=np.int64),
            np.tile(nongrav_row(model), (count, 1)) if model is not None else np.zeros((0, 9)),
        ),
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
    for i in range(count - 1):
        here, there = np.flatnonzero(found.particle == i), np.flatnonzero(found.particle == i + 1)
        for a in here:
            for b in there:
                if abs(epochs[a] - epochs[b]) > 0.5 or not points[a, 1] * points[b, 1] <= 0.0:
                    continue
                span = points[a, 1] - points[b, 1]
                share = points[a, 1] / span if span else 0.0
                at = [x[a] + share * (x[b] - x[a]) for x in (points[:, 0], epochs)]
                where = shares[i] + share * (shares[i + 1] - shares[i])
                results.append((float(where), float(at[0]), float(at[1])))
    return results


def _on_plane(ephemeris: Ephemeris, found: Encounters) -> Array:
    _, velocity = ephemeris.state("moon", found.epoch_mjd_tdb)
    _, sun_velocity = ephemeris.state("sun", found.epoch_mjd_tdb)
    gm = float(ephemeris.arrays.gm_km3_s2[ephemeris.body_index("moon")])
    points, _ = target_plane_points(
        found.state[:, :3], found.state[:, 3:], gm, velocity - sun_velocity
    )
    return points
