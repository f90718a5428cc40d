"""The line of variations: the one-dimensional spine of an orbit's uncertainty.

Monitoring down to 1e-8 cannot draw random orbits; it follows the line along which the orbit is
least known (Milani, Chesley, Chodas and Valsecchi 2002, Asteroids III, p. 55; Milani, Sansaturio,
Tommei, Arratia and Chesley 2005, A&A 431, 729, doi:10.1051/0004-6361:20041737). There the weak
direction is the largest axis of the confidence ellipsoid, which depends on the elements and
scales chosen. Here it is the direction that moves the object farthest at the end of the search,
among those equally likely: it depends on no units, holds non-gravitational parameters as well,
and leaves the least uncertainty across. For an arc of days the two agree.

With a covariance alone the line is straight in the Cartesian state at the orbit's epoch, as the
clones of `clones.py` are normal in it. Where the observations are at hand a `Corrector` bends it
to where they want it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline

from perilune.dynamics.orbit_paths import covariance_factor
from perilune.ephemeris import planets
from perilune.errors import InputError, NotConvergedError
from perilune.orbits.orbit import CartesianOrbit

Array = NDArray[np.float64]

# Beyond it on either side lies 2e-9 of a normal distribution.
SIGMA_MAX: Final = 6.0
_KNOT_SIGMA: Final = 0.25


@dataclass(frozen=True, slots=True, eq=False)
class Corrected:
    """A point of the line as the observations have it.

    Attributes:
        deviation: (n,) from the nominal orbit, in the rows of `CartesianOrbit.covariance`.
        excess_chi2: the sum of squared weighted residuals above the nominal orbit's.
        covariance: (n, n) of an unconstrained fit linearised here.
    """

    deviation: Array
    excess_chi2: float
    covariance: Array


class Corrector(Protocol):
    """Least squares with one combination of the parameters held."""

    def __call__(self, deviation: Array, functional: Array) -> Corrected:
        """The best fit near `deviation` with `functional @ deviation` as it is.

        Args:
            deviation: (n,) where to start, from the nominal orbit, in the rows of
                `CartesianOrbit.covariance` (km, km/s, au/d^2, d, at the orbit's epoch).
            functional: (n,) the combination that is held.

        Raises:
            NotConvergedError: there is no such fit; the line ends before this point.
        """
        ...


@dataclass(frozen=True, slots=True, eq=False)
class LineOfVariations:
    """Deviations from the nominal orbit along the line, by the number of standard deviations.

    Attributes:
        sigma: (K,) knots, ascending; the line exists between the first and the last.
        deviation: (K, n) at the knots.
        factor: (K, n, n) F with F F^T the covariance at each knot.
        tangent: (K, n) unit vectors e: the line runs along F e.
    """

    sigma: Array
    deviation: Array
    factor: Array
    tangent: Array

    @property
    def ends(self) -> tuple[float, float]:
        """First and last sigma."""
        return float(self.sigma[0]), float(self.sigma[-1])

    def deviations(self, sigma: Array) -> Array:
        """(N, n) deviations at `sigma` (N,)."""
        if self.sigma.size == 2:
            slope = (self.deviation[1] - self.deviation[0]) / (self.sigma[1] - self.sigma[0])
            return np.asarray(sigma[:, None] * slope)
        return np.asarray(CubicSpline(self.sigma, self.deviation)(sigma))

    def frame(self, sigma: float) -> tuple[Array, Array]:
        """F (n, n) and the unit tangent (n,) at the knot next to `sigma`."""
        knot = int(np.argmin(np.abs(self.sigma - sigma)))
        return self.factor[knot], self.tangent[knot]


def weakest_direction(position_factors: Array, orbit: CartesianOrbit) -> Array:
    """The unit vector in whitened coordinates that moves the object farthest in the end.

    Positive sigmas are larger orbits, whose objects come late: so the sign of an impactor's sigma
    does not depend on how far a search goes.

    Args:
        position_factors: (K, 3, n) derivatives of the position by the whitened coordinates at
            epochs in order; NaN where the nominal orbit has ended.
        orbit: the nominal orbit, with its covariance.
    """
    assert orbit.covariance is not None
    known = position_factors[np.isfinite(position_factors).all(axis=(1, 2))]
    if known.size == 0:
        return np.asarray(np.eye(orbit.covariance.shape[0])[0])
    return toward_larger_orbits(np.linalg.svd(known[-1])[2][0], orbit)


def toward_larger_orbits(direction: Array, orbit: CartesianOrbit) -> Array:
    """A direction (n,) in whitened coordinates, or its opposite, if that raises the energy."""
    assert orbit.covariance is not None
    gm = float(planets().arrays.gm_km3_s2[0])
    r3 = float(np.linalg.norm(orbit.position_km)) ** 3
    by_energy = np.concatenate([gm / r3 * orbit.position_km, orbit.velocity_km_s])
    gain = float(by_energy @ (covariance_factor(orbit.covariance)[:6] @ direction))
    return np.asarray(-direction if gain < 0.0 else direction, dtype=np.float64)


def straight_line(factor: Array, direction: Array, sigma_max: float) -> LineOfVariations:
    """The line of a covariance: through the nominal orbit along F times `direction`.

    Args:
        factor: (n, n) F with F F^T the covariance.
        direction: (n,) unit vector.
        sigma_max: where the line ends on both sides.
    """
    ends = np.array([-sigma_max, sigma_max])
    return LineOfVariations(
        sigma=ends,
        deviation=ends[:, None] * (factor @ direction),
        factor=np.stack([factor, factor]),
        tangent=np.stack([direction, direction]),
    )


def corrected_line(
    factor: Array, direction: Array, correct: Corrector, sigma_max: float
) -> LineOfVariations:
    """The line through the best fits for each value of the combination known worst.

    The combination held is the one whose conditional mean runs along `direction` at the nominal
    orbit. Sigma is the root of the excess of chi square, with the side's sign.

    Args:
        factor: (n, n) of the nominal orbit.
        direction: (n,) unit vector.
        correct: constrained least squares.
        sigma_max: where the line ends on either side, if fits exist so far.

    Raises:
        InputError: the covariance is singular, so that no combination goes with the direction.
    """
    functional = np.asarray(np.linalg.lstsq(factor.T, direction, rcond=None)[0], dtype=np.float64)
    if not np.isfinite(functional).all():
        raise InputError("the covariance is singular: the line cannot be corrected")
    zero = (0.0, np.zeros(factor.shape[0]), factor, direction)
    knots = [zero]
    for side in (-1.0, 1.0):
        sigma, deviation, local, _ = zero
        while abs(sigma) < sigma_max:
            variance = local @ (local.T @ functional)
            size = math.sqrt(float(functional @ variance))
            step: Array = _KNOT_SIGMA * side / size * variance
            try:
                point = correct(np.asarray(deviation + step), functional)
            except NotConvergedError:
                break
            reached = math.sqrt(max(point.excess_chi2, 0.0))
            if not (math.isfinite(reached) and reached > abs(sigma)):
                break
            sigma, deviation = side * reached, point.deviation
            local = covariance_factor(point.covariance)
            along = local.T @ functional
            knots.append((sigma, deviation, local, along / np.linalg.norm(along)))
    knots.sort(key=lambda knot: knot[0])
    return LineOfVariations(
        sigma=np.array([knot[0] for knot in knots]),
        deviation=np.stack([knot[1] for knot in knots]),
        factor=np.stack([knot[2] for knot in knots]),
        tangent=np.stack([knot[3] for knot in knots]),
    )
