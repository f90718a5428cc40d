"""When a spacecraft is in the shadow of the Moon or the Earth, and how deep.

Conical umbra and penumbra of spheres: the Moon's of 1737.4 km, the Earth's of its equatorial
radius (its air, which reddens and widens the shadow by a few tens of kilometres, is left out). The
Sun's light needs eight minutes, but the Sun stands nearly still against the barycentre: places of
one moment, counted from there, are right to a hundredth of a second.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from perilune.constants import DAY_S, EARTH_EQUATORIAL_RADIUS_KM, MOON_RADIUS_KM
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
    sun_km = np.ascontiguousarray(ephemeris.state("sun", epochs)[0] - moon_km)
    hidden = np.zeros(epochs.size)
    for name in _RADIUS_KM if body is None else (body,):
        body_km = np.ascontiguousarray(ephemeris.state(name, epochs)[0] - moon_km)
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

    def seen(epoch: float) -> float:
        place = _between(epochs, states, epoch)
        return float(sun_fraction(np.array([epoch]), place, body)[0])

    partly = _spells(epochs, fraction < 1.0, lambda epoch: seen(epoch) < 1.0)
    wholly = _spells(epochs, fraction <= 0.0, lambda epoch: seen(epoch) <= 0.0)
    result = []
    for start, end in partly:
        inside = (epochs >= start) & (epochs <= end)
        total = sum(min(b, end) - max(a, start) for a, b in wholly if a < end and b > start)
        least = float(fraction[inside].min(initial=1.0))
        result.append(Eclipse(body, start, end, total * 24.0, least))
    return result


def _spells(
    epochs: FloatArray, holds: NDArray[np.bool_], at: Callable[[float], bool]
) -> list[tuple[float, float]]:
    """Begin and end of each run of samples in which something holds, found between samples."""
    edges = np.flatnonzero(np.diff(holds.astype(np.int8)))
    bounds = [_edge(float(epochs[k]), float(epochs[k + 1]), bool(holds[k]), at) for k in edges]
    if holds[0]:
        bounds.insert(0, float(epochs[0]))
    if holds[-1]:
        bounds.append(float(epochs[-1]))
    return list(zip(bounds[::2], bounds[1::2], strict=True))


def _edge(low: float, high: float, at_low: bool, at: Callable[[float], bool]) -> float:
    while (high - low) * DAY_S > _RESOLVED_S:
        middle = 0.5 * (low + high)
        if at(middle) == at_low:
            low = middle
        else:
            high = middle
    return 0.5 * (low + high)


def _between(epochs: FloatArray, states: FloatArray, epoch: float) -> FloatArray:
    """The place (1, 3) by Hermite's cubic between the neighbouring samples."""
    k = int(np.clip(np.searchsorted(epochs, epoch, side="right") - 1, 0, epochs.size - 2))
    span_s = (epochs[k + 1] - epochs[k]) * DAY_S
    u = (epoch - epochs[k]) * DAY_S / span_s
    first, second = states[k], states[k + 1]
    place = (
        (1.0 + 2.0 * u) * (1.0 - u) ** 2 * first[:3]
        + u * (1.0 - u) ** 2 * span_s * first[3:]
        + u * u * (3.0 - 2.0 * u) * second[:3]
        - u * u * (1.0 - u) * span_s * second[3:]
    )
    return np.asarray(place[np.newaxis])
