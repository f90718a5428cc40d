"""Orbits about the Moon that are left alone: by a state, under the Moon's field, Earth and Sun."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np

from perilune.constants import DAY_S, MOON_RADIUS_KM
from perilune.dynamics.lunar_gravity import lunar_field
from perilune.dynamics.lunar_orbit import SpacecraftForces, SpacecraftState, propagate_spacecraft
from perilune.ephemeris import planets
from perilune.errors import InputError, NotConvergedError
from perilune.frames.ecliptic import ecliptic_from_icrf_matrix
from perilune.station.spacecraft import StateSource
from perilune.station.tabulated import TabulatedStates
from perilune.times import FloatArray, format_utc, parse_epoch

_MOON_ORBIT_KM: Final = 66_000.0  # the Moon's sphere of influence: within, an orbit is the Moon's
_LONGEST_D: Final = 1000.0  # after which nobody can say where a low orbit has got to
_NODE: Final = 0.15  # of a dynamical time at the lowest point: the field has waves of 18 degrees
_POINTS: Final = 6


def state_from_moon(source: StateSource) -> SpacecraftState:
    """A station file's state, counted from the Moon's centre in ICRF axes."""
    epoch = parse_epoch(source.epoch, "epoch")
    own = np.array((*source.position, *source.velocity))
    if source.frame == "ecliptic":
        own = np.reshape(own.reshape(2, 3) @ ecliptic_from_icrf_matrix(), 6)
    origin = np.concatenate(planets().state(source.center, epoch))
    away = own + origin - np.concatenate(planets().state("moon", epoch))
    return SpacecraftState(epoch, "moon", away[:3], away[3:])


def moon_axis_km(state: SpacecraftState) -> float | None:
    """The semi-major axis of an orbit of the Moon; None where a state is on none."""
    gm = planets().constants.gm_major_km3_s2[4]
    radius_km = float(np.linalg.norm(state.position_km))
    inverse = 2.0 / radius_km - float(state.velocity_km_s @ state.velocity_km_s) / gm
    return 1.0 / inverse if inverse * _MOON_ORBIT_KM > 1.0 else None


def lowest_time_d(states: FloatArray) -> float:
    """The dynamical time, days, at the lowest point over the ground that states (N, 6) lead to.

    As if the Moon alone attracted, as a point.
    """
    gm = planets().constants.gm_major_km3_s2[4]
    place, velocity = states[:, :3], states[:, 3:]
    momentum2 = np.sum(np.cross(place, velocity) ** 2, axis=1)
    energy = 0.5 * np.sum(velocity**2, axis=1) - gm / np.linalg.norm(place, axis=1)
    shape = np.sqrt(np.maximum(1.0 + 2.0 * energy * momentum2 / gm**2, 0.0))
    lowest_km = max(float((momentum2 / gm / (1.0 + shape)).min()), MOON_RADIUS_KM)
    return math.sqrt(lowest_km**3 / gm) / DAY_S


@dataclass(frozen=True, slots=True, eq=False)
class FreeOrbiter:
    """An orbiter of the Moon that nobody steers."""

    name: str
    start: SpacecraftState

    @property
    def site(self) -> None:
        """None: it stands on no ground."""
        return

    def state(self, epoch_mjd_tdb: FloatArray) -> tuple[FloatArray, FloatArray]:
        """See `perilune.astrometry.sites.Observer.state`.

        Raises:
            InputError: an epoch is too far from the state's.
            NotConvergedError: it meets the ground before an epoch.
            OutOfRangeError: an epoch outside the ephemeris.
        """
        epochs = np.asarray(epoch_mjd_tdb, dtype=np.float64)
        start = self.start.epoch_mjd_tdb
        states = np.empty((epochs.size, 6))
        for side in (epochs < start, epochs >= start):
            if side.any():
                farthest = epochs[side][np.argmax(np.abs(epochs[side] - start))]
                states[side] = self._table(float(farthest)).at(epochs[side])
        moon_km, moon_km_s = planets().state("moon", epochs)
        return states[:, :3] + moon_km, states[:, 3:] + moon_km_s

    def _table(self, farthest_mjd_tdb: float) -> TabulatedStates:
        start = self.start.epoch_mjd_tdb
        away_d = farthest_mjd_tdb - start
        if abs(away_d) > _LONGEST_D:
            raise InputError(
                "the span is too far from the state's epoch",
                field=f"orbiters.{self.name}.state",
                found=f"{abs(away_d):.0f} days",
                expected=f"up to {_LONGEST_D:.0f} days: nobody knows a low orbit for longer",
                remedy="Give a state nearer to the span.",
            )
        # In whole tens of days, so that spans asked for share their work.
        reach_d = math.copysign(10.0 * math.ceil(max(abs(away_d), 1e-9) / 10.0), away_d)
        states = (*self.start.position_km.tolist(), *self.start.velocity_km_s.tolist())
        epochs, rows, impact = _flown(start, states, reach_d)
        if impact is not None and abs(away_d) > abs(impact - start):
            raise NotConvergedError(
                f"The orbiter {self.name} meets the ground on {format_utc(impact, 0)}, "
                f"{abs(impact - start):.1f} days from its state. Give it another state, or ask "
                "for a span in which it flies."
            )
        return TabulatedStates(epochs, rows, min(_POINTS, epochs.size), True, self.name)


@lru_cache(maxsize=64)
def _flown(
    start: float, state: tuple[float, ...], reach_d: float
) -> tuple[FloatArray, FloatArray, float | None]:
    """Epochs (N,) ascending and states (N, 6) to one side of a state; when it met the ground."""
    own = np.array(state)
    node_d = _NODE * lowest_time_d(own[np.newaxis])
    count = math.ceil(abs(reach_d) / node_d) + _POINTS
    steps = np.arange(1.0, count + 1.0) * math.copysign(node_d, reach_d)
    forces = SpacecraftForces(lunar_field=lunar_field())
    begin = SpacecraftState(start, "moon", own[:3], own[3:])
    path = propagate_spacecraft(begin, forces, start + steps)
    lived = np.isfinite(path.states[:, 0])
    epochs = np.concatenate([[start], path.epoch_mjd_tdb[lived]])
    states = np.concatenate([own[np.newaxis], path.states[lived]])
    impact = path.impact_mjd_tdb
    if impact is not None and abs(impact - epochs[-1]) * DAY_S > 1e-3:
        epochs, states = np.append(epochs, impact), np.vstack([states, path.end_state])
    order = np.argsort(epochs)
    return np.ascontiguousarray(epochs[order]), np.ascontiguousarray(states[order]), impact
