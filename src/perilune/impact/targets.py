"""Orbits that come to a body, with the map from the orbit's uncertainty to its target plane.

In whitened coordinates z, in which the orbit's distribution is a standard normal one, the target
plane's point is b + G (z - z0) about an orbit z0 that comes near. G's singular values are the
stretch and the width of Milani et al. 2005 (Icarus 173, 362, doi:10.1016/j.icarus.2004.09.002);
along its first right singular vector the object comes early or late, along the second it passes
to one side, and the others do not matter.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from perilune.constants import DAY_S
from perilune.dynamics import Watch, propagate
from perilune.dynamics.orbit_paths import engine_parameters, particle
from perilune.dynamics.system import surface_arrays
from perilune.ephemeris import MAJOR_BODIES, Ephemeris
from perilune.impact.b_plane import target_plane
from perilune.impact.linear import UncertaintyEllipse, probability_in_disc
from perilune.orbits.orbit import CartesianOrbit

Array = NDArray[np.float64]

# Parts at most for orbits with different ends, and orbits at least in one.
_PARTS: Final = 16
_LEAST_OF_PART: Final = 2


@dataclass(frozen=True, slots=True, eq=False)
class Target:
    """One orbit that comes near a body.

    Attributes:
        body: "earth" or "moon".
        sigma: on the line of variations.
        epoch_mjd_tdb: of closest approach or impact.
        deviation: (n,) from the nominal orbit.
        factor: (n, n) F, with which a move dz changes the deviation by F dz.
        z: (n,) whitened coordinates of the orbit.
        point_km: (xi, zeta) on the target plane.
        map_km: (2, n) G.
        radius_km: of the disc on the plane whose points hit.
    """

    body: str
    sigma: float
    epoch_mjd_tdb: float
    deviation: Array
    factor: Array
    z: Array
    point_km: Array
    map_km: Array
    radius_km: float

    @property
    def axes(self) -> tuple[Array, Array, Array]:
        """Left vectors (2, 2) as columns, singular values (2,), right vectors (2, n) as rows."""
        left, sizes, right = np.linalg.svd(self.map_km, full_matrices=False)
        return left, sizes, right

    @property
    def side(self) -> float:
        """Which way along the line a move along the first axis leads: 1 or -1."""
        return 1.0 if float(self.axes[2][0] @ self.z) * self.sigma >= 0.0 else -1.0

    @property
    def ellipse(self) -> UncertaintyEllipse:
        """Stretch, width and direction."""
        left, sizes, _ = self.axes
        return UncertaintyEllipse(float(sizes[0]), float(sizes[1]), left[:, 0].copy())

    @property
    def mean_km(self) -> Array:
        """(2,) where the distribution is centred on the plane, along and across its axes.

        The coordinates are taken along each axis by itself: their sizes may differ by 1e9.
        """
        left, sizes, right = self.axes
        return np.asarray(left.T @ self.point_km - sizes * (right @ self.z))

    @property
    def probability(self) -> float:
        """The mass of the normal distribution in the disc."""
        along, across = self.mean_km
        straight = UncertaintyEllipse(
            self.ellipse.stretch_km, self.ellipse.width_km, np.array([1.0, 0.0])
        )
        return probability_in_disc(np.array([along, across]), straight, self.radius_km)


def targets_of(
    ephemeris: Ephemeris,
    orbit: CartesianOrbit,
    number: int | None,
    wanted: Sequence[tuple[str, float, float, Array, Array, Array]],
    threads: int | None,
    within_km: float = 2.0e6,
    within_d: float = 3.0,
) -> list[Target | None]:
    """Fly orbits with their variational equations to the encounters expected.

    Args:
        ephemeris: the attracting bodies.
        orbit: the nominal orbit.
        number: the object's.
        wanted: body, sigma, date expected, deviation (n,), factor (n, n), z (n,) of each.
        threads: worker threads.
        within_km, within_d: how near in distance and time an encounter is the one expected.

    Returns:
        One for each; None where no such encounter was met.
    """
    results: list[Target | None] = [None] * len(wanted)
    for part in by_date([one[2] for one in wanted]):
        some = [wanted[k] for k in part]
        found = _targets_of_part(ephemeris, orbit, number, some, threads, within_km, within_d)
        for k, target in zip(part, found, strict=True):
            results[k] = target
    return results


def by_date(epoch_mjd_tdb: Sequence[float]) -> list[list[int]]:
    """Indices in a few parts of like dates, so that few orbits are flown far beyond their own."""
    order = np.argsort(np.asarray(epoch_mjd_tdb, dtype=np.float64), kind="stable")
    parts = np.array_split(order, max(1, min(_PARTS, order.size // _LEAST_OF_PART)))
    return [part.tolist() for part in parts if part.size]


def _targets_of_part(
    ephemeris: Ephemeris,
    orbit: CartesianOrbit,
    number: int | None,
    wanted: Sequence[tuple[str, float, float, Array, Array, Array]],
    threads: int | None,
    within_km: float,
    within_d: float,
) -> list[Target | None]:
    """`targets_of` without splitting."""
    radius = surface_arrays(ephemeris.constants.sun_radius_km).radius_km
    found = propagate(
        ephemeris,
        particle(ephemeris, orbit, number, np.stack([one[3] for one in wanted])),
        [min(max(one[2] for one in wanted) + within_d, ephemeris.last_mjd_tdb)],
        watches=[Watch(body, within_km) for body in {one[0] for one in wanted}],
        variations=engine_parameters(orbit.parameters),
        threads=threads,
    ).encounters
    results: list[Target | None] = []
    for row, (body, sigma, expected, deviation, factor, z) in enumerate(wanted):
        index = MAJOR_BODIES.index(body)
        gap = np.abs(found.epoch_mjd_tdb - expected)
        gap[(found.particle != row) | (found.body != index)] = math.inf
        if gap.size == 0 or not gap.min() < within_d:
            results.append(None)
            continue
        best = int(np.argmin(gap))
        time = float(found.reference_mjd_tdb[best]), float(found.offset_s[best]) / DAY_S
        _, velocity = ephemeris.state(body, *time)
        _, sun_velocity = ephemeris.state("sun", *time)
        gm = float(ephemeris.arrays.gm_km3_s2[index])
        state = found.state[best]
        plane = target_plane(state[:3], state[3:], gm, velocity - sun_velocity)
        results.append(
            Target(
                body=body,
                sigma=sigma,
                epoch_mjd_tdb=float(found.epoch_mjd_tdb[best]),
                deviation=deviation,
                factor=factor,
                z=z,
                point_km=plane.coordinates_km,
                map_km=plane.coordinates_jacobian @ found.variation[best] @ factor,
                radius_km=plane.impact_radius_km(float(radius[index])),
            )
        )
    return results
