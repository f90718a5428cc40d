"""Families of periodic orbits about the Moon and its collinear points, by continuation.

Pseudo-arclength (Keller 1977; Doedel et al. 2007, doi:10.1142/S0218127407018671) on the corrected
conditions of `three_body_correction`. Lyapunov orbits start from the linear motion at a point,
halos where a Lyapunov orbit turns unstable out of the plane, distant retrograde orbits from circles
about the Moon, butterflies where a halo's period doubles next to the Moon (Zimovan 2017).
A family ends where its orbits enter the Moon or the Earth, leave the Moon's neighbourhood, or come
back to the plane.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from perilune.constants import EARTH_EQUATORIAL_RADIUS_KM, MOON_RADIUS_KM
from perilune.dynamics.three_body import (
    PeriodicOrbit,
    ThreeBodySystem,
    carry_three_body,
)
from perilune.dynamics.three_body_correction import (
    correct,
    crossing_conditions,
    on_plane,
    start_state,
    tangent,
    with_value,
)
from perilune.errors import NotConvergedError

FloatArray = NDArray[np.float64]

_FIRST_STEP: Final = 1e-3
_LONGEST_STEP: Final = 0.02
_SHORTEST_STEP: Final = 1e-8
_MOST_MEMBERS: Final = 1500
_FROM_THE_PLANE: Final = 5e-3  # the first halo's height
_FARTHEST: Final = 0.55  # from the Moon at a right-angled crossing; the Earth is at 1

GoesOn = Callable[[FloatArray], bool]


def periodic(system: ThreeBodySystem, family: str, unknowns: FloatArray) -> PeriodicOrbit:
    """The orbit of the corrector's unknowns."""
    return PeriodicOrbit(system, family, start_state(unknowns), 2.0 * float(unknowns[-1]))


def follow(
    system: ThreeBodySystem,
    start: FloatArray,
    towards: FloatArray,
    goes_on: GoesOn,
) -> list[FloatArray]:
    """Members from one on, along the side of `towards`, as long as `goes_on` says so.

    The last member is the first of which it does not; the step follows the corrector's effort.
    """
    members = [start]
    direction = tangent(system, start, towards)
    step = _FIRST_STEP
    while len(members) < _MOST_MEMBERS and step > _SHORTEST_STEP:
        guess = members[-1] + step * direction
        try:
            found, iterations = correct(system, guess, on_plane(guess, direction))
            turned = tangent(system, found, direction)
        except NotConvergedError:
            step *= 0.5
            continue
        # Another family crosses here, or a bend is cut.
        if np.linalg.norm(found - members[-1]) > 1.2 * step or turned @ direction < 0.9:
            step *= 0.5
            continue
        members.append(found)
        direction = turned
        if not goes_on(found):
            break
        step = min(step * (1.3 if iterations <= 3 else 0.7), _LONGEST_STEP)
    return members


def between(
    system: ThreeBodySystem,
    first: FloatArray,
    second: FloatArray,
    quantity: Callable[[FloatArray], float],
) -> FloatArray:
    """The member between two neighbours at which a quantity passes zero.

    Raises:
        NotConvergedError: the corrector fails in between.
    """
    gap = second - first
    length = float(np.linalg.norm(gap))
    direction = gap / length

    def at(part: float) -> FloatArray:
        guess = first + part * gap
        return correct(system, guess, on_plane(guess, direction))[0]

    low, high = quantity(first), quantity(second)
    if low == 0.0 or high == 0.0:
        return first if low == 0.0 else second
    part = brentq(lambda part: quantity(at(part)), 0.0, 1.0, xtol=1e-14, rtol=1e-13)
    return at(float(part))


def is_near_moon(system: ThreeBodySystem, unknowns: FloatArray) -> bool:
    """Whether both right-angled crossings lie outside the bodies, in the Moon's neighbourhood."""
    ends = np.array([0.0, unknowns[-1]])
    position = carry_three_body(system, start_state(unknowns), ends)[:, :3]
    from_moon = np.linalg.norm(position - np.array([1.0 - system.mass_ratio, 0.0, 0.0]), axis=1)
    from_earth = np.linalg.norm(position + np.array([system.mass_ratio, 0.0, 0.0]), axis=1)
    return bool(
        from_moon.min() * system.length_km > MOON_RADIUS_KM
        and from_earth.min() * system.length_km > EARTH_EQUATORIAL_RADIUS_KM
        and from_moon.max() < _FARTHEST
    )


def lyapunov_members(
    system: ThreeBodySystem, point: int, goes_on: GoesOn | None = None
) -> list[FloatArray]:
    """Planar Lyapunov orbits of point 1 or 2, from small ones on; they start away from the Moon.

    The first from the linear motion at the point (Szebehely 1967, section 5.3).
    """
    mu = system.mass_ratio
    at = system.lagrange_x(point)
    c = (1.0 - mu) / abs(at + mu) ** 3 + mu / abs(at - 1.0 + mu) ** 3
    half = 1.0 - 0.5 * c
    frequency = np.sqrt(half + np.sqrt(half * half + (1.0 + 2.0 * c) * (c - 1.0)))
    ratio = (frequency**2 + 1.0 + 2.0 * c) / (2.0 * frequency)
    side = 1.0 if point == 2 else -1.0
    amplitude = 1e-3 * side
    guess = np.array([at + amplitude, -ratio * frequency * amplitude, np.pi / frequency])
    start, _ = correct(system, guess, with_value(0, guess[0]))
    outwards = np.array([side, 0.0, 0.0])
    return follow(system, start, outwards, goes_on or (lambda found: is_near_moon(system, found)))


def dro_members(system: ThreeBodySystem) -> list[FloatArray]:
    """Distant retrograde orbits, from a circle of some 8,000 km outwards; they start earthwards."""
    radius = 0.02
    speed = np.sqrt(system.mass_ratio / radius)  # and the axes turn against it
    guess = np.array(
        [1.0 - system.mass_ratio - radius, speed + radius, np.pi / (speed / radius + 1.0)]
    )
    start, _ = correct(system, guess, with_value(0, guess[0]))
    outwards = np.array([-1.0, 0.0, 0.0])
    return follow(system, start, outwards, lambda found: is_near_moon(system, found))


def halo_members(system: ThreeBodySystem, point: int) -> list[FloatArray]:
    """Southern halos of point 1 or 2, from the plane to the Moon; they start away from the Moon."""

    def unstable(unknowns: FloatArray) -> float:
        monodromy = periodic(system, "lyapunov", unknowns).monodromy
        return 0.5 * float(monodromy[2, 2] + monodromy[5, 5]) - 1.0

    planar = lyapunov_members(system, point, lambda found: unstable(found) <= 0.0)
    flat = between(system, planar[-2], planar[-1], unstable)
    guess = np.array([flat[0], -_FROM_THE_PLANE, flat[1], flat[2]])
    start, _ = correct(system, guess, with_value(1, -_FROM_THE_PLANE))
    downwards = np.array([0.0, -1.0, 0.0, 0.0])
    return follow(
        system,
        start,
        downwards,
        lambda found: found[1] < -0.5 * _FROM_THE_PLANE and is_near_moon(system, found),
    )


def butterfly_members(system: ThreeBodySystem) -> list[FloatArray]:
    """Butterflies of point 2, from the southern halo whose period doubles next to the Moon."""

    def doubling(unknowns: FloatArray) -> float:
        orbit = periodic(system, "halo", unknowns)
        first = float(np.trace(orbit.monodromy)) - 2.0
        second = float(np.trace(orbit.monodromy @ orbit.monodromy)) - 2.0
        # (k1 + 2)(k2 + 2) of the pairs' k = λ + 1/λ.
        return 0.5 * (first * first - second - 4.0) + 2.0 * first + 4.0

    halos = halo_members(system, 2)
    values = [doubling(each) for each in halos]
    k = max(k for k in range(1, len(halos)) if values[k - 1] * values[k] < 0.0)
    halo = between(system, halos[k - 1], halos[k], doubling)
    # From which of the two right-angled crossings the doubled orbit starts, its partials tell:
    # there they lose a second rank.
    apart = carry_three_body(system, start_state(halo), halo[-1:])[0]
    starts = [halo * np.array([1.0, 1.0, 1.0, 2.0]), np.array([*apart[[0, 2, 4]], 2.0 * halo[-1]])]
    spaces = [np.linalg.svd(crossing_conditions(system, each)[1]) for each in starts]
    which = int(np.argmin([singular[-1] / singular[0] for _, singular, _ in spaces]))
    doubled, basis = starts[which], spaces[which][2]
    # The branch leaves within the null space, across the halos' own tangent.
    own = tangent(system, halo, np.array([0.0, -1.0, 0.0, 0.0]))
    along = own * np.array([1.0, 1.0, 1.0, 2.0])
    if which == 1:
        ahead = correct(system, halo + 1e-5 * own, on_plane(halo + 1e-5 * own, own))[0]
        other = carry_three_body(system, start_state(ahead), ahead[-1:])[0]
        along = np.array([*other[[0, 2, 4]], 2.0 * ahead[-1]]) - doubled
    inside = np.array([basis[-2] @ along, basis[-1] @ along])
    across = -inside[1] * basis[-2] + inside[0] * basis[-1]
    across /= np.linalg.norm(across)
    guess = doubled + 2.0 * _FIRST_STEP * across
    start, _ = correct(system, guess, on_plane(guess, across))
    return follow(system, start, across, lambda found: is_near_moon(system, found))
