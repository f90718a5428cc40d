"""When a spacecraft is in the shadow of the Moon or the Earth, and how deep.

Conical umbra and penumbra of spheres: the Moon's of 1737.4 km, the Earth's of its equatorial
radius (its air, which reddens and widens the shadow by a few tens of kilometres, is left out).
Light takes its time: it passed a body where that was when it passed. The Earth goes 38 km while its
light comes to the Moon, which takes 40 s to go as far through the shadow.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from perilune.constants import (
    DAY_S,
    EARTH_EQUATORIAL_RADIUS_KM,
    MOON_RADIUS_KM,
    SPEED_OF_LIGHT_KM_S,
)
from perilune.dynamics.lunar_eclipse_kernels import visible_fractions
from perilune.ephemeris import planets
from perilune.errors import InputError

FloatArray = NDArray[np.float64]
Body = Literal["moon", "earth"]

_RADIUS_KM: Final[dict[Body, float]] = {
    "moon": MOON_RADIUS_KM,
    "earth": EARTH_EQUATORIAL_RADIUS_KM,
}
_RESOLVED_S: Final = 0.01


@dataclass(frozen=True, slots=True)
class Eclipse:
    """A spell in which a body hides part of the Sun, or all of it.

    Attributes:
        body: "moon" or "earth".
        start_mjd_tdb, end_mjd_tdb: when the penumbra begins and ends, or the path does.
        total_h: how much of it is total: in the umbra.
        least_fraction: the least part of the Sun's disc seen at a sample.
    """

    body: Body
    start_mjd_tdb: float
    end_mjd_tdb: float
    total_h: float
    least_fraction: float

    @property
    def hours(self) -> float:
        """From the penumbra's beginning to its end."""
        return (self.end_mjd_tdb - self.start_mjd_tdb) * 24.0


def sun_fraction(
    epoch_mjd_tdb: FloatArray, position_km: FloatArray, body: Body | None = None
) -> FloatArray:
    """The part of the Sun's disc seen, (M,), from places (M, 3): ICRF, from the Moon's centre.

    Args:
        epoch_mjd_tdb: (M,).
        position_km: (M, 3).
        body: what hides it; both if None, as if they never overlapped before the Sun.

    Raises:
        OutOfRangeError: an epoch outside the ephemeris.
    """
    ephemeris = planets()
    epochs = np.ascontiguousarray(epoch_mjd_tdb, dtype=np.float64)
    place = np.ascontiguousarray(position_km, dtype=np.float64)
    moon_km, _ = ephemeris.state("moon", epochs)

    def apparent(name: str) -> FloatArray:
        """Where a body was when it let the light pass that is seen, from the Moon of now."""
        body_km, body_km_s = ephemeris.state(name, epochs)
        away_km = body_km - moon_km
        light_s = np.linalg.norm(away_km - place, axis=1) / SPEED_OF_LIGHT_KM_S
        return np.ascontiguousarray(away_km - body_km_s * light_s[:, np.newaxis])

    sun_km = apparent("sun")
    hidden = np.zeros(epochs.size)
    for name in _RADIUS_KM if body is None else (body,):
        body_km = apparent(name)
        seen = np.empty(epochs.size)
        radius_km = ephemeris.constants.sun_radius_km
        visible_fractions(place, sun_km, body_km, radius_km, _RADIUS_KM[name], seen)
        hidden += 1.0 - seen
    return np.asarray(np.maximum(0.0, 1.0 - hidden))


def find_eclipses(epoch_mjd_tdb: FloatArray, states: FloatArray) -> tuple[Eclipse, ...]:
    """All eclipses along sampled states, in order; edges to a hundredth of a second.

    Between samples the path is Hermite's cubic. An eclipse shorter than the sampling may hide
    between two samples: sample each revolution some two hundred times.

    Args:
        epoch_mjd_tdb: (M,) ascending.
        states: (M, 6) ICRF, km and km/s, from the Moon's centre.

    Raises:
        InputError: fewer than two samples, or epochs that do not ascend.
    """
    epochs = np.asarray(epoch_mjd_tdb, dtype=np.float64)
    if epochs.size < 2 or np.any(np.diff(epochs) <= 0.0) or states.shape != (epochs.size, 6):
        raise InputError(
            "eclipses need a sampled path", expected="ascending epochs (M,) and states (M, 6)"
        )
    found = [each for body in _RADIUS_KM for each in _of_body(epochs, states, body)]
    return tuple(sorted(found, key=lambda each: each.start_mjd_tdb))


def longest_eclipse_h(eclipses: tuple[Eclipse, ...]) -> float:
    """The longest eclipse, penumbra included, h; 0 if there is none."""
    return max((each.hours for each in eclipses), default=0.0)


def _of_body(epochs: FloatArray, states: FloatArray, body: Body) -> list[Eclipse]:
    fraction = sun_fraction(epochs, states[:, :3], body)

    def seen(moments: FloatArray) -> FloatArray:
        return sun_fraction(moments, _between(epochs, states, moments), body)

    partly = _spells(epochs, fraction < 1.0, lambda moments: seen(moments) < 1.0)
    wholly = _spells(epochs, fraction <= 0.0, lambda moments: seen(moments) <= 0.0)
    first = np.searchsorted(epochs, partly[:, 0])
    last = np.searchsorted(epochs, partly[:, 1], side="right")
    # Every total spell lies in one partial spell.
    owner = np.searchsorted(partly[:, 0], wholly[:, 0], side="right") - 1
    total = np.bincount(owner, wholly[:, 1] - wholly[:, 0], minlength=len(partly))
    return [
        Eclipse(
            body,
            float(start),
            float(end),
            float(total[k]) * 24.0,
            float(fraction[first[k] : last[k]].min(initial=1.0)),
        )
        for k, (start, end) in enumerate(partly)
    ]


def _spells(
    epochs: FloatArray,
    holds: NDArray[np.bool_],
    at: Callable[[FloatArray], NDArray[np.bool_]],
) -> FloatArray:
    """Begin and end (K, 2) of each run of samples in which something holds."""
    edges = np.flatnonzero(np.diff(holds.astype(np.int8)))
    low, high = epochs[edges].copy(), epochs[edges + 1].copy()
    while edges.size and np.max(high - low) * DAY_S > _RESOLVED_S:
        middle = 0.5 * (low + high)
        is_before = at(middle) == holds[edges]
        low, high = np.where(is_before, middle, low), np.where(is_before, high, middle)
    bounds = list(0.5 * (low + high))
    if holds[0]:
        bounds.insert(0, epochs[0])
    if holds[-1]:
        bounds.append(epochs[-1])
    return np.array(bounds).reshape(-1, 2)


def _between(epochs: FloatArray, states: FloatArray, moments: FloatArray) -> FloatArray:
    """Places (K, 3) at moments (K,), by Hermite's cubic between the neighbouring samples."""
    k = np.clip(np.searchsorted(epochs, moments, side="right") - 1, 0, epochs.size - 2)
    span_s = (epochs[k + 1] - epochs[k])[:, np.newaxis] * DAY_S
    u = (moments - epochs[k])[:, np.newaxis] * DAY_S / span_s
    first, second = states[k], states[k + 1]
    return np.asarray(
        (1.0 + 2.0 * u) * (1.0 - u) ** 2 * first[:, :3]
        + u * (1.0 - u) ** 2 * span_s * first[:, 3:]
        + u * u * (3.0 - 2.0 * u) * second[:, :3]
        - u * u * (1.0 - u) * span_s * second[:, 3:]
    )
