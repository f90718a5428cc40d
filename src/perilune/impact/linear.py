"""The probability that a bivariate normal point lies in a disc, and the ellipse's two widths.

On the target plane the linear impact probability is the mass of the normal distribution of
(xi, zeta) within the disc of the impact cross-section. The density may be stretched by 1e7:
across the narrow axis the integral is done numerically, along the wide one it is a difference of
normal distribution functions (the 1-D form of Alfano 2005, J. Astronaut. Sci. 53, 103, here
with adaptive panels instead of a fixed rule).

Widths follow Milani, Chesley, Sansaturio, Tommei and Valsecchi 2005, Icarus 173, 362,
doi:10.1016/j.icarus.2004.09.002: `stretch` is the length on the plane of one sigma along the
wide axis, `width` the one-sigma half-width across it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import erfc

from perilune.errors import CovarianceError, InputError, NotConvergedError

_PANEL_NODES, _PANEL_WEIGHTS = np.polynomial.legendre.leggauss(16)
_RELATIVE_TOLERANCE = 1e-12
_MAX_HALVINGS = 60
_MAX_SEARCH = 150
# Beyond this many standard deviations below its peak an integrand adds nothing to 16 digits.
_CUT_NATS = 45.0


@dataclass(frozen=True)
class UncertaintyEllipse:
    """One-sigma ellipse of a bivariate normal distribution on a target plane.

    Attributes:
        stretch_km: one-sigma semi-axis along the wide direction.
        width_km: one-sigma semi-axis across it.
        direction: unit vector of the wide direction in (xi, zeta), shape (2,).
    """

    stretch_km: float
    width_km: float
    direction: NDArray[np.float64]


def ellipse_from_covariance(covariance_km2: ArrayLike) -> UncertaintyEllipse:
    """Semi-axes and direction of a 2x2 covariance.

    The determinant is taken exactly, so the width is as good as the covariance itself; but a
    covariance in float64 cannot hold an axis ratio beyond about 1e7. `ellipse_from_factor` can.

    Args:
        covariance_km2: symmetric matrix, shape (2, 2).

    Raises:
        CovarianceError: if it is not finite, not symmetric or has a negative eigenvalue.
    """
    c = np.asarray(covariance_km2, dtype=np.float64)
    if c.shape != (2, 2) or not np.isfinite(c).all():
        raise CovarianceError(
            "a target plane's covariance must be a finite 2x2 matrix", found=covariance_km2
        )
    a, b, d = float(c[0, 0]), float(c[0, 1]), float(c[1, 1])
    if abs(b - float(c[1, 0])) > 1e-12 * max(abs(a), abs(d)):
        raise CovarianceError("the covariance is not symmetric", found=(b, float(c[1, 0])))
    larger = 0.5 * (a + d) + math.hypot(0.5 * (a - d), b)
    determinant = float(Fraction(a) * Fraction(d) - Fraction(b) * Fraction(b))
    if larger < 0.0 or determinant < 0.0 or a < 0.0 or d < 0.0:
        smaller = 0.5 * (a + d) - math.hypot(0.5 * (a - d), b)
        raise CovarianceError(
            "the covariance on the target plane is not positive",
            found=f"eigenvalue {determinant / larger if larger > 0.0 else smaller:.6g} km^2",
            expected="no eigenvalue below 0",
            remedy="Map a factor of the orbit's covariance instead of the covariance.",
        )
    angle = 0.5 * math.atan2(2.0 * b, a - d)
    width = math.sqrt(determinant / larger) if larger > 0.0 else 0.0
    direction = np.array([math.cos(angle), math.sin(angle)])
    return UncertaintyEllipse(math.sqrt(larger), width, direction)


def ellipse_from_factor(factor_km: ArrayLike) -> UncertaintyEllipse:
    """Semi-axes and direction of the covariance F F^T from its factor.

    With a plane's Jacobian J and a Cholesky factor L of the orbit's covariance, F = J L keeps
    the width right at axis ratios up to 1e15, where J C J^T has lost it.

    Args:
        factor_km: shape (2, k), k >= 1.

    Raises:
        CovarianceError: if it is not finite or not of two rows.
    """
    factor = np.asarray(factor_km, dtype=np.float64)
    if factor.ndim != 2 or factor.shape[0] != 2 or not np.isfinite(factor).all():
        raise CovarianceError("a factor on the target plane must be finite with two rows")
    left, singular, _ = np.linalg.svd(factor, full_matrices=False)
    width = float(singular[1]) if singular.size > 1 else 0.0
    return UncertaintyEllipse(float(singular[0]), width, left[:, 0].copy())


def ellipse_from_clones(points_km: ArrayLike, sigma_lov: ArrayLike) -> UncertaintyEllipse:
    """Local stretch and width from clones that pass near the body.

    A straight line point = base + direction * stretch * sigma is fitted; the width is the scatter
    across it. Give all clones of a stretch of the line of variations: the hits alone, cut out by
    the disc, would show too little of both.

    Args:
        points_km: (xi, zeta) of the clones, shape (n, 2), n >= 3.
        sigma_lov: their positions along the line of variations, shape (n,).

    Raises:
        InputError: if there are fewer than three clones, a number is not finite, or all have
            the same sigma.
    """
    points = np.asarray(points_km, dtype=np.float64)
    sigma = np.asarray(sigma_lov, dtype=np.float64)
    if points.ndim != 2 or points.shape != (sigma.size, 2) or sigma.size < 3:
        raise InputError(
            "a line through clones needs at least three points with a sigma each",
            found=(points.shape, sigma.shape),
        )
    if not (np.isfinite(points).all() and np.isfinite(sigma).all()):
        raise InputError("a clone's point or sigma is not finite", field="points_km")
    offsets = sigma - sigma.mean()
    spread = float(offsets @ offsets)
    if spread == 0.0:
        raise InputError("all clones have the same sigma", field="sigma_lov", found=sigma[0])
    centred = points - points.mean(axis=0)
    slope = offsets @ centred / spread
    stretch = float(np.hypot(slope[0], slope[1]))
    direction = slope / stretch if stretch > 0.0 else np.array([1.0, 0.0])
    across = direction[0] * centred[:, 1] - direction[1] * centred[:, 0]
    # Mean, slope and direction are fitted: two of them across the line.
    width = math.sqrt(float(across @ across) / (sigma.size - 2))
    return UncertaintyEllipse(stretch, width, direction)


def probability_in_disc(mean_km: ArrayLike, ellipse: UncertaintyEllipse, radius_km: float) -> float:
    """Probability of a bivariate normal point within `radius_km` of the origin.

    A width of 0 is a line, a stretch of 0 a point (which is in the disc or not). Relative error
    about 1e-11 down to the smallest numbers that float64 holds.

    Args:
        mean_km: centre of the distribution in (xi, zeta), shape (2,).
        ellipse: its one-sigma ellipse.
        radius_km: radius of the disc.

    Raises:
        InputError: if the mean is not finite or the radius not above 0.
        NotConvergedError: if the panels do not converge.
    """
    mean = np.asarray(mean_km, dtype=np.float64)
    if mean.shape != (2,) or not np.isfinite(mean).all():
        raise InputError("the mean must be two finite numbers", field="mean_km", found=mean_km)
    if not (math.isfinite(radius_km) and radius_km > 0.0):
        raise InputError(
            "the radius must be finite and above 0", field="radius_km", found=radius_km
        )
    along = float(mean @ ellipse.direction) / radius_km
    across = float(ellipse.direction[0] * mean[1] - ellipse.direction[1] * mean[0]) / radius_km
    wide, narrow = ellipse.stretch_km / radius_km, ellipse.width_km / radius_km
    # By symmetry the mean may be taken in the first quadrant of the axes.
    along, across = abs(along), abs(across)
    if wide == 0.0:
        return 1.0 if math.hypot(along, across) <= 1.0 else 0.0
    if narrow == 0.0:
        if across >= 1.0:
            return 0.0
        half = math.sqrt((1.0 - across) * (1.0 + across))
        chord = _normal_between((-half - along) / wide, np.array([2.0 * half / wide]))
        return float(chord[0])
    return min(1.0, _integrate_across(along, across, wide, narrow))


def _normal_between(
    low: float | NDArray[np.float64], length: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Standard normal mass between `low` and `low + length`, without cancellation."""
    start = np.asarray(low, dtype=np.float64) + np.zeros_like(length)
    end = start + length
    # Mirror so that both tails are taken on the side where erfc is small.
    mirror = start + end < 0.0
    near = np.where(mirror, -end, start)
    far = np.where(mirror, -start, end)
    tails = 0.5 * (erfc(near / math.sqrt(2.0)) - erfc(far / math.sqrt(2.0)))
    # For short intervals the difference of tails loses digits: integrate the density instead.
    points = near[..., None] + 0.5 * length[..., None] * (1.0 + _PANEL_NODES)
    density = np.exp(-0.5 * points**2) @ _PANEL_WEIGHTS
    quadrature = 0.5 * length * density / math.sqrt(2.0 * math.pi)
    return np.where(length < 1.0, quadrature, tails)


def _integrate_across(along: float, across: float, wide: float, narrow: float) -> float:
    """Integral over the unit disc of the narrow Gaussian times the mass along each chord.

    With t the offset in narrow sigmas, t = middle + half sin(phi) takes away the square root
    with which the chords end at the disc's edge, and keeps 1 - |y| exact there.
    """
    low, high = _support(along, across, wide, narrow)
    middle, half = 0.5 * (low + high), 0.5 * (high - low)
    below_top = max(0.0, (1.0 - across) - narrow * high)
    above_bottom = max(0.0, (1.0 + across) + narrow * low)

    def integrand(phi: NDArray[np.float64]) -> NDArray[np.float64]:
        from_top = 2.0 * np.sin(0.25 * math.pi - 0.5 * phi) ** 2
        from_bottom = 2.0 * np.sin(0.25 * math.pi + 0.5 * phi) ** 2
        chord = np.sqrt(
            (below_top + narrow * half * from_top) * (above_bottom + narrow * half * from_bottom)
        )
        mass = _normal_between((-chord - along) / wide, 2.0 * chord / wide)
        t = middle + half * np.sin(phi)
        weight = half * np.cos(phi) * np.exp(-0.5 * t**2) / math.sqrt(2.0 * math.pi)
        return np.asarray(mass * weight)

    edges = np.linspace(-0.5 * math.pi, 0.5 * math.pi, 5)
    starts, ends = edges[:-1], edges[1:]
    whole = _panels(integrand, starts, ends)
    settled = 0.0
    for _ in range(_MAX_HALVINGS):
        middles = 0.5 * (starts + ends)
        left, right = _panels(integrand, starts, middles), _panels(integrand, middles, ends)
        halves = left + right
        total = settled + float(halves.sum())
        open_ = np.abs(halves - whole) > _RELATIVE_TOLERANCE * total
        settled += float(halves[~open_].sum())
        if not open_.any():
            return settled
        starts = np.concatenate((starts[open_], middles[open_]))
        ends = np.concatenate((middles[open_], ends[open_]))
        whole = np.concatenate((left[open_], right[open_]))
    raise NotConvergedError(
        f"The probability in the disc did not converge: mean ({along}, {across}), one-sigma "
        f"axes ({wide}, {narrow}) disc radii."
    )


def _support(along: float, across: float, wide: float, narrow: float) -> tuple[float, float]:
    """Range of t, in narrow sigmas from the mean, that holds all but 1e-19 of the integral.

    The integrand falls as exp(-g) times powers, with g convex: half the squared offset across
    plus half the squared distance along from the mean to the chord's near end.
    """
    bottom, top = (-1.0 - across) / narrow, (1.0 - across) / narrow

    def exponent(t: float) -> float:
        y = min(1.0, max(-1.0, across + narrow * t))
        gap = max(0.0, along - math.sqrt((1.0 - y) * (1.0 + y))) / wide
        return 0.5 * t * t + 0.5 * gap * gap

    # Ternary search for the least exponent, then bisection to either side of it.
    a, b = bottom, min(top, max(bottom, 0.0))
    for _ in range(_MAX_SEARCH):
        third = (b - a) / 3.0
        if exponent(a + third) > exponent(b - third):
            a += third
        else:
            b -= third
    peak = 0.5 * (a + b)
    limit = exponent(peak) + _CUT_NATS
    bounds = []
    for end in (bottom, top):
        if exponent(end) <= limit:
            bounds.append(end)
            continue
        inside, outside = peak, end
        for _ in range(_MAX_SEARCH):
            centre = 0.5 * (inside + outside)
            if exponent(centre) <= limit:
                inside = centre
            else:
                outside = centre
        bounds.append(outside)
    return bounds[0], bounds[1]


def _panels(
    integrand: Callable[[NDArray[np.float64]], NDArray[np.float64]],
    starts: NDArray[np.float64],
    ends: NDArray[np.float64],
) -> NDArray[np.float64]:
    """16-point Gauss-Legendre integrals over panels, shape (n,)."""
    half = 0.5 * (ends - starts)
    phi = starts[:, None] + half[:, None] * (1.0 + _PANEL_NODES)
    return np.asarray(half * (integrand(phi) @ _PANEL_WEIGHTS))
