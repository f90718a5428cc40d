"""Weighted samples of a density of two variables whose narrow places are not known beforehand.

Adaptive multiple importance sampling (Cornuet et al. 2012, doi:10.1111/j.1467-9469.2011.00756.x)
with tempering: the density is first flattened until the points at hand represent it, new points
are drawn about them, and so on down to the density itself. All generations count together. New
points come from a mixture of Student's t, each with the spread of its centre's neighbours, so that
curved ridges and several peaks are followed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from scipy.spatial import cKDTree
from scipy.special import logsumexp

from perilune.astrometry.observations import FloatArray

_FREEDOM: Final = 5.0  # of Student's t: tails heavier than those of the density
_NEIGHBOURS: Final = 0.15
_LEAST_NEIGHBOURS: Final = 12
# Fewer, and one of several peaks may be lost by chance from one generation to the next.
_ENOUGH_TO_TEMPER: Final = 80.0
_GENERATIONS: Final = 25
_COMPONENTS: Final = 120
_WELL_COVERED: Final = 0.6  # effective points out of all; else as long as it grows


class Proposal(Protocol):
    """A density of two variables from which points can be drawn."""

    def draw(self, rng: np.random.Generator, count: int) -> FloatArray:
        """(count, 2) points."""

    def log_density(self, points: FloatArray) -> FloatArray:
        """(n,) of points (n, 2), normalised."""


@dataclass(frozen=True, slots=True, eq=False)
class Mixture:
    """Equally weighted Student's t of two variables."""

    centre: FloatArray
    factor: FloatArray

    def draw(self, rng: np.random.Generator, count: int) -> FloatArray:
        """(count, 2) points."""
        # As many from each component as may be, the rest at random: less noise than all at random.
        whole = np.repeat(np.arange(len(self.centre)), count // len(self.centre))
        rest = rng.choice(len(self.centre), count - whole.size, replace=False)
        chosen = np.concatenate([whole, rest])
        normal = rng.standard_normal((count, 2))
        stretch = np.sqrt(_FREEDOM / rng.chisquare(_FREEDOM, count))
        moved = np.einsum("nij,nj->ni", self.factor[chosen], normal)
        return np.asarray(self.centre[chosen] + stretch[:, np.newaxis] * moved)

    def log_density(self, points: FloatArray) -> FloatArray:
        """(n,)."""
        inverse = np.linalg.inv(self.factor)
        size = np.log(np.abs(np.linalg.det(self.factor)))
        away = points[:, np.newaxis, :] - self.centre[np.newaxis, :, :]
        white = np.einsum("cij,ncj->nci", inverse, away)
        distance2 = np.sum(white**2, axis=2)
        # Student's t of two variables: the constant is 1 / (2 pi).
        each = -size - 0.5 * (_FREEDOM + 2.0) * np.log1p(distance2 / _FREEDOM)
        return np.asarray(logsumexp(each, axis=1) - np.log(len(self.centre)) - np.log(2.0 * np.pi))


def effective_samples(log_weight: FloatArray) -> float:
    """Kish's effective number of weighted samples; 0 where all weights are nought."""
    if not np.isfinite(log_weight).any():
        return 0.0
    return float(np.exp(2.0 * logsumexp(log_weight) - logsumexp(2.0 * log_weight)))


def adapt(
    everywhere: Proposal,
    first_count: int,
    evaluate: Callable[[FloatArray], FloatArray],
    count: int,
    rng: np.random.Generator,
    guess: Mixture | None = None,
) -> Mixture | None:
    """A mixture that covers a density.

    Args:
        everywhere: covers all places where the density may be; outside it counts as nought.
        first_count: points drawn from it to begin with.
        evaluate: the logarithm of the density at points (n, 2), up to a constant; minus infinity
            is nought.
        count: points a generation.
        rng: random numbers.
        guess: a mixture over much the same density, if there is one.

    Returns:
        None where the density is nought at all points.
    """
    proposals: list[Proposal] = [everywhere]
    counts = [first_count]
    points = everywhere.draw(rng, first_count)
    each = everywhere.log_density(points)[np.newaxis]
    log_density = evaluate(points)
    mixture = guess
    before = 0.0
    for _ in range(_GENERATIONS):
        if mixture is not None:
            new = mixture.draw(rng, count)
            new = new[np.isfinite(everywhere.log_density(new))]
            proposals.append(mixture)
            counts.append(count)
            theirs = np.stack([proposal.log_density(new) for proposal in proposals])
            each = np.hstack([np.vstack([each, mixture.log_density(points)]), theirs])
            points = np.concatenate([points, new])
            log_density = np.concatenate([log_density, evaluate(new)])
        if not np.isfinite(log_density).any():
            return None
        # All generations count, each point with the density of all proposals together: what one
        # generation misses by chance is not lost.
        share = np.log(np.array(counts) / sum(counts))
        log_proposal = logsumexp(each + share[:, np.newaxis], axis=0)
        heat = _heat(log_density, log_proposal)
        log_weight = log_density / heat - log_proposal
        now = effective_samples(log_weight[-count:]) / count if heat == 1.0 else 0.0
        is_last = now > 0.0 and (now > _WELL_COVERED or now < 1.2 * before)
        mixture = _mixture(points, log_weight, rng, _COMPONENTS)
        if is_last:
            break
        before = now
    return mixture


def _heat(log_density: FloatArray, log_proposal: FloatArray) -> float:
    """The least heat, from 1, at which the points represent the density that much flattened."""
    if effective_samples(log_density - log_proposal) >= _ENOUGH_TO_TEMPER:
        return 1.0
    low, high = 0.0, 40.0
    for _ in range(40):
        middle = 0.5 * (low + high)
        if effective_samples(log_density / np.exp(middle) - log_proposal) >= _ENOUGH_TO_TEMPER:
            high = middle
        else:
            low = middle
    return float(np.exp(high))


def _mixture(
    points: FloatArray, log_weight: FloatArray, rng: np.random.Generator, most: int
) -> Mixture:
    """Components at resampled points, each as wide as the neighbourhood's weights say."""
    weight = np.exp(log_weight - logsumexp(log_weight))
    mean = weight @ points
    away = points - mean
    spread = (away * weight[:, np.newaxis]).T @ away
    # Systematic resampling (Kitagawa 1996, doi:10.1080/10618600.1996.10474692).
    places = (rng.random() + np.arange(most)) / most
    chosen = np.minimum(np.searchsorted(np.cumsum(weight), places), points.shape[0] - 1)
    scale = np.linalg.cholesky(spread + 1e-12 * np.diag(np.diag(spread)) + 1e-300 * np.eye(2))
    white = np.linalg.solve(scale, away.T).T
    kept = np.unique(chosen)
    near = max(_LEAST_NEIGHBOURS, int(_NEIGHBOURS * kept.size))
    near = min(near, kept.size)
    _, rows = cKDTree(white[kept]).query(white[chosen], k=near)
    rows = rows.reshape(most, near)
    around = white[kept][rows]
    share = weight[kept][rows]
    share = share / share.sum(axis=1, keepdims=True)
    centre = np.einsum("nk,nki->ni", share, around)
    apart = around - centre[:, np.newaxis, :]
    local = np.einsum("nk,nki,nkj->nij", share, apart, apart)
    # A neighbourhood of one heavy point has no spread of its own: a little of the whole's.
    local = local + np.eye(2) * (0.3 / max(kept.size, 1)) ** 2
    factor = scale @ np.linalg.cholesky(local)
    return Mixture(points[chosen], factor)
