"""The circular restricted three-body problem: its units, its points, its periodic orbits."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from perilune.constants import DAY_S
from perilune.dynamics.three_body_kernels import carry
from perilune.errors import InputError, NotConvergedError

FloatArray = NDArray[np.float64]

TOLERANCE: Final = 1e-14  # of a step; every JPL halo then closes as with 1e-13


@dataclass(frozen=True, slots=True)
class ThreeBodySystem:
    """Two bodies on circles and the units in which their distance and mean motion are 1.

    Attributes:
        name: what it is called.
        mass_ratio: the smaller body's part of the mass.
        length_km: the bodies' distance.
        time_s: the reciprocal of their mean motion.
        synodic_d: the month against the Sun, by which resonances are counted.
    """

    name: str
    mass_ratio: float
    length_km: float
    time_s: float
    synodic_d: float

    @property
    def time_d(self) -> float:
        """The unit of time in days."""
        return self.time_s / DAY_S

    @property
    def speed_km_s(self) -> float:
        """The unit of speed."""
        return self.length_km / self.time_s

    def lagrange_x(self, point: int) -> float:
        """Where on the x-axis the collinear point 1 (between), 2 (beyond the smaller) or 3 lies.

        Raises:
            InputError: another point.
        """
        mu = self.mass_ratio
        brackets = {
            1: (-mu + 0.1, 1.0 - mu - 1e-6),
            2: (1.0 - mu + 1e-6, 2.0),
            3: (-2.0, -mu - 0.1),
        }
        if point not in brackets:
            raise InputError("there is no such collinear point", found=point, expected="1, 2 or 3")

        def pull(x: float) -> float:
            near, far = x - 1.0 + mu, x + mu
            return float(x - (1.0 - mu) * far / abs(far) ** 3 - mu * near / abs(near) ** 3)

        return float(brentq(pull, *brackets[point], xtol=1e-15, rtol=1e-15))

    def jacobi(self, state: FloatArray) -> FloatArray:
        """Jacobi's constant of states (..., 6) in the system's units."""
        mu = self.mass_ratio
        x, y, z = state[..., 0], state[..., 1], state[..., 2]
        far = np.sqrt((x + mu) ** 2 + y * y + z * z)
        near = np.sqrt((x + mu - 1.0) ** 2 + y * y + z * z)
        speed2 = np.sum(state[..., 3:] ** 2, axis=-1)
        return np.asarray(x * x + y * y + 2.0 * ((1.0 - mu) / far + mu / near) - speed2)


_SIDEREAL_MONTH_D: Final = 27.321661
_SYNODIC_MONTH_D: Final = 29.530588
_MASS_RATIO: Final = 0.01215058560962404
EARTH_MOON: Final = ThreeBodySystem(
    "Earth-Moon",
    _MASS_RATIO,
    384400.0,
    _SIDEREAL_MONTH_D * DAY_S / (2.0 * np.pi),
    _SYNODIC_MONTH_D,
)
# The unit of time that Kepler's third law gives for this distance and DE440's masses: near the
# Moon, days and kilometres are then those of its mass. The published 9:2 NRHO (period 1.5111,
# 6.562 d) is in these; by the month's unit it would last 6.571 d.
EARTH_MOON_KEPLER: Final = ThreeBodySystem(
    "Earth-Moon (Kepler)",
    _MASS_RATIO,
    384400.0,
    float(np.sqrt(384400.0**3 / 403503.2355)),
    _SYNODIC_MONTH_D,
)
# JPL's Three-Body Periodic Orbits API, ssd-api.jpl.nasa.gov/doc/periodic_orbits.html: the same
# mass ratio in other units, in which the same days or kilometres are another orbit.
EARTH_MOON_JPL: Final = ThreeBodySystem(
    "Earth-Moon (JPL)", _MASS_RATIO, 389703.264829278, 382981.289129055, _SYNODIC_MONTH_D
)


def carry_three_body(system: ThreeBodySystem, state: FloatArray, times: FloatArray) -> FloatArray:
    """States (M, 6) at times (M,), all in the system's units, from a state (6,) at time 0.

    Raises:
        NotConvergedError: the orbit meets a body.
    """
    out = np.empty((times.size, 6))
    start = np.ascontiguousarray(state, dtype=np.float64)
    if not carry(system.mass_ratio, start, 6, np.ascontiguousarray(times), TOLERANCE, out):
        raise NotConvergedError("The orbit meets a body. Start elsewhere.")
    return out


def carry_with_partials(
    system: ThreeBodySystem, state: FloatArray, time: float
) -> tuple[FloatArray, FloatArray]:
    """The state (6,) at a time and its partials (6, 6) for the start; errors as above."""
    out = np.empty((1, 42))
    start = np.ascontiguousarray(state, dtype=np.float64)
    if not carry(system.mass_ratio, start, 42, np.array([time]), TOLERANCE, out):
        raise NotConvergedError("The orbit meets a body. Start elsewhere.")
    return out[0, :6], out[0, 6:].reshape(6, 6)


@dataclass(frozen=True, eq=False)
class PeriodicOrbit:
    """A periodic orbit that crosses the xz-plane at a right angle.

    Attributes:
        system: its units.
        family: "halo", "lyapunov", "dro" or "butterfly".
        state: where it starts, (x, 0, z, 0, vy, 0), rotating axes, the system's units.
        period: in the system's unit of time.
    """

    system: ThreeBodySystem
    family: str
    state: FloatArray
    period: float

    @property
    def period_d(self) -> float:
        """The period in days."""
        return self.period * self.system.time_d

    @property
    def jacobi(self) -> float:
        """Jacobi's constant."""
        return float(self.system.jacobi(self.state))

    @cached_property
    def monodromy(self) -> FloatArray:
        """The partials (6, 6) over a period."""
        return carry_with_partials(self.system, self.state, self.period)[1]

    @property
    def stability(self) -> float:
        """The index (|λ| + 1/|λ|)/2 of the monodromy's largest eigenvalue: 1 is stable.

        The pair at 1 that every periodic orbit has is split off first (Broucke 1969, AIAA J. 7,
        1003, doi:10.2514/3.5267): as a double root it would come out with half the digits.
        """
        half_sum, gap = _half_traces(self.monodromy)
        if gap < 0.0:  # a complex quadruple
            pair = half_sum + 1j * np.sqrt(-gap)
        else:
            root = np.sqrt(gap)
            pair = half_sum + root if half_sum >= 0.0 else half_sum - root
        inner = complex(pair) ** 2 - 1.0
        size = max(abs(pair + np.sqrt(inner)), abs(pair - np.sqrt(inner)))
        return float(0.5 * (size + 1.0 / size))

    @cached_property
    def moon_range_km(self) -> tuple[float, float]:
        """Least and largest distance from the smaller body's centre."""
        times = np.linspace(0.0, self.period, 361)
        states = carry_three_body(self.system, self.state, times)
        radius, rate = _from_moon(self.system, states)
        # Between samples at which the distance turns, the moment when it does.
        extremes = list(radius)
        for k in np.flatnonzero(rate[:-1] * rate[1:] < 0.0):
            start = states[k]

            def rate_at(after: float, start: FloatArray = start) -> float:
                state = carry_three_body(self.system, start, np.array([after]))
                return float(_from_moon(self.system, state)[1][0])

            until = times[k + 1] - times[k]
            if rate_at(0.0) * rate_at(until) >= 0.0:
                continue  # it turns at a sample, to rounding
            after = brentq(rate_at, 0.0, until, xtol=1e-12)
            state = carry_three_body(self.system, start, np.array([after]))
            extremes.append(float(_from_moon(self.system, state)[0][0]))
        scale_km = self.system.length_km
        return float(min(extremes)) * scale_km, float(max(extremes)) * scale_km

    @property
    def perilune_km(self) -> float:
        """Least distance from the Moon's centre."""
        return self.moon_range_km[0]

    @property
    def apolune_km(self) -> float:
        """Largest distance from the Moon's centre."""
        return self.moon_range_km[1]

    def states(self, phase: FloatArray) -> FloatArray:
        """States (M, 6) in the system's units at ascending parts (M,) of the period, from 0."""
        return carry_three_body(self.system, self.state, phase * self.period)


def _half_traces(monodromy: FloatArray) -> tuple[float, float]:
    """Of the two pairs' (λ + 1/λ)/2: their mean, and the square of half their difference."""
    first = float(np.trace(monodromy)) - 2.0
    second = float(np.trace(monodromy @ monodromy)) - 2.0
    # k1 + k2 = first and k1² + k2² - 4 = second, for k = λ + 1/λ.
    return first / 4.0, (2.0 * (second + 4.0) - first * first) / 16.0


def _from_moon(system: ThreeBodySystem, states: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Distances (M,) of states (M, 6) from the smaller body; half the slopes of their squares."""
    position = states[:, :3] - np.array([1.0 - system.mass_ratio, 0.0, 0.0])
    return np.linalg.norm(position, axis=1), np.sum(position * states[:, 3:], axis=1)
