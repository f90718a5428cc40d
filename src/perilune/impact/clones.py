"""Clones of one orbit drawn from its covariance, and where they hit: seeded Monte Carlo."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, cast

import numpy as np
from numpy.typing import NDArray

from perilune.dynamics import (
    DEFAULT_OPTIONS,
    Encounters,
    Progress,
    Propagation,
    Status,
    Watch,
    propagate,
)
from perilune.dynamics.orbit_paths import covariance_factor, particle
from perilune.ephemeris import Ephemeris
from perilune.errors import InputError, NotConvergedError
from perilune.frames.earth import earth_orientation
from perilune.frames.moon import moon_orientation
from perilune.impact.ground import GroundPoints, ground_points
from perilune.impact.virtual_impactors import ImpactSamples
from perilune.orbits.orbit import CartesianOrbit, Orbit

# Passes within this distance are kept, to measure stretch and width around virtual impactors.
_KEEP_WITHIN_KM: Final = 3.0e5


@dataclass(frozen=True, slots=True, eq=False)
class Clones:
    """Clones of one orbit after the propagation.

    Attributes:
        sigma_lov: (N,) position along the line of variations, in standard deviations.
        propagation: what became of them.
    """

    sigma_lov: NDArray[np.float64]
    propagation: Propagation

    @property
    def samples(self) -> int:
        """How many were drawn."""
        return int(self.sigma_lov.size)

    def passes(self, body: int) -> Encounters:
        """All recorded encounters with a body."""
        found = self.propagation.encounters
        return found.where(found.body == body)


def run_clones(
    ephemeris: Ephemeris,
    orbit: Orbit,
    direction: NDArray[np.float64],
    bodies: Sequence[str],
    until_mjd_tdb: float,
    samples: int,
    seed: int,
    threads: int | None,
    progress: Progress | None,
) -> Clones:
    """Draw and propagate clones.

    Args:
        ephemeris: the attracting bodies.
        orbit: with a covariance.
        direction: (6 + p,) unit vector of the line of variations in the coordinates of
            `covariance_factor`'s columns.
        bodies: whose encounters are recorded.
        until_mjd_tdb: end of the propagation.
        samples: clones.
        seed: of the random numbers: the same seed gives the same clones.
        threads, progress: see `propagate`.

    Raises:
        InputError: the orbit has no covariance.
        NotConvergedError: a clone could not be propagated.
    """
    cartesian = orbit.cartesian()
    factor = covariance_factor(_covariance(orbit, cartesian))
    draws = np.random.default_rng(seed).standard_normal((samples, factor.shape[1]))
    result = propagate(
        ephemeris,
        particle(ephemeris, cartesian, orbit.number, draws @ factor.T),
        [until_mjd_tdb],
        watches=[Watch(body, _KEEP_WITHIN_KM) for body in bodies],
        options=DEFAULT_OPTIONS,
        threads=threads,
        progress=progress,
        label=f"{samples} clones of {orbit.full_name}",
    )
    failed = result.status > Status.IMPACTED
    if failed.any():
        raise NotConvergedError(
            f"{int(failed.sum())} of {samples} clones of {orbit.full_name} could not be carried "
            f"to MJD {until_mjd_tdb:.1f} TDB: no probability is given. "
            "Use an earlier end or the linear method."
        )
    return Clones(draws @ direction, result)


def _covariance(orbit: Orbit, cartesian: CartesianOrbit) -> NDArray[np.float64]:
    if cartesian.covariance is None:
        raise InputError(
            f"the orbit of {orbit.full_name} ({orbit.solution}) has no covariance",
            file=orbit.source or None,
            field="covariance",
            expected="a covariance, since a probability needs one",
            remedy="Take an orbit with covariance (SBDB with cov=mat, NEOCC OEF) or fit one.",
        )
    return cartesian.covariance


def largest_stretch(
    factor: NDArray[np.float64], jacobian: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Unit vector (k,) of the draw that moves farthest on a target plane.

    Args:
        factor: (6, k) of the body-centred state at an encounter.
        jacobian: (2, 6) of the target plane's coordinates.
    """
    _, _, right = np.linalg.svd(jacobian @ factor)
    direction = right[0] * np.sign(right[0][np.argmax(np.abs(right[0]))])
    return np.asarray(direction)


def ground_of(body: str, encounters: Encounters) -> GroundPoints:
    """Where on the body's surface the impacts among `encounters` lie."""
    epochs = encounters.epoch_mjd_tdb
    orientation = (
        earth_orientation(epochs) if body == "earth" else moon_orientation(epochs, "MOON_ME")
    )
    position, velocity = encounters.state[:, :3], encounters.state[:, 3:]
    return ground_points(
        cast(Literal["earth", "moon"], body),
        orientation.to_fixed(position),
        orientation.velocity_to_fixed(position, velocity),
        orientation.spin_rad_s,
    )


def impact_samples(
    body: str, hits: Encounters, sigma: NDArray[np.float64], samples: int
) -> ImpactSamples:
    """The impacts on one body out of `samples` clones; `sigma` (K,) goes with `hits`."""
    return ImpactSamples(
        epoch_mjd_tdb=hits.epoch_mjd_tdb,
        sigma_lov=sigma,
        ground=ground_of(body, hits),
        samples=samples,
    )
