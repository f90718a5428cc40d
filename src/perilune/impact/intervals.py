"""Probabilities that come with a method, a sample count and an interval.

Binomial counts get the interval of Clopper and Pearson (1934, doi:10.1093/biomet/26.4.404:
coverage never below the level asked for) or of Wilson (1927,
doi:10.1080/01621459.1927.10502953: shorter, its mean coverage close to the level).
Importance-sampled sums get the gamma interval of Fay and Feuer (1997, Statistics in Medicine
16, 791), which becomes the exact Poisson interval when all weights are equal.
All are two-sided and equal-tailed; no hits give the lower end 0 and a finite upper bound,
1 - (alpha/2)^(1/n) for Clopper-Pearson, about 3.7/n at 95 %.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betaincinv, gammaincinv, ndtri

from perilune.errors import InputError

CONFIDENCE = 0.95

BinomialMethod = Literal["clopper-pearson", "wilson"]


@dataclass(frozen=True)
class ProbabilityEstimate:
    """A probability, how it was found, and how sure it is.

    Attributes:
        probability: the estimate.
        low: lower end of the 95 % interval.
        high: upper end of the 95 % interval.
        method: how the estimate and its interval were found.
        samples: number of samples drawn, 0 where none were (linear method).
        hits: number of samples that hit.
    """

    probability: float
    low: float
    high: float
    method: str
    samples: int
    hits: int

    def __post_init__(self) -> None:
        if not 0.0 <= self.low <= self.probability <= self.high <= 1.0:
            raise InputError(
                "a probability must lie in its interval, and the interval between 0 and 1",
                found=(self.low, self.probability, self.high),
                expected="0 <= low <= probability <= high <= 1",
            )
        if not 0 <= self.hits <= self.samples:
            raise InputError(
                "the number of hits must lie between 0 and the number of samples",
                found=(self.hits, self.samples),
            )


def clopper_pearson_interval(
    hits: ArrayLike, samples: ArrayLike, confidence: float = CONFIDENCE
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Exact binomial interval, elementwise.

    Args:
        hits: number of successes, any shape.
        samples: number of trials, at least 1, broadcast against `hits`.
        confidence: two-sided level.

    Returns:
        Lower and upper ends, arrays of the broadcast shape.

    Raises:
        InputError: if hits are not between 0 and samples, or samples are not positive.
    """
    k, n = _counts(hits, samples)
    tail = 0.5 * (1.0 - _level(confidence))
    # The beta function's arguments must stay positive; np.where puts in the exact ends.
    low = np.where(k == 0, 0.0, betaincinv(np.maximum(k, 1), n - k + 1, tail))
    high = np.where(k == n, 1.0, betaincinv(k + 1, np.maximum(n - k, 1), 1.0 - tail))
    return low, high


def wilson_interval(
    hits: ArrayLike, samples: ArrayLike, confidence: float = CONFIDENCE
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Wilson's score interval without continuity correction, elementwise.

    Arguments, result and errors as for `clopper_pearson_interval`.
    """
    k, n = _counts(hits, samples)
    z2 = float(ndtri(0.5 + 0.5 * _level(confidence))) ** 2
    centre = k + 0.5 * z2
    half = np.sqrt(z2 * (k * (n - k) / n + 0.25 * z2))
    low = np.where(k == 0, 0.0, (centre - half) / (n + z2))
    high = np.where(k == n, 1.0, (centre + half) / (n + z2))
    return low, high


def weighted_interval(
    hit_weights: ArrayLike,
    samples: int,
    largest_weight: float,
    confidence: float = CONFIDENCE,
) -> tuple[float, float]:
    """Interval of an importance-sampled probability, the sum of hit weights over `samples`.

    Each hit is a Poisson count with its weight (Fay and Feuer 1997). `largest_weight` stands for
    the hit that was not seen: without hits the upper end is `largest_weight` times the Poisson
    bound of 3.69 over `samples`.

    Args:
        hit_weights: likelihood ratio of each sample that hit, shape (hits,).
        samples: number of samples drawn, hits or not.
        largest_weight: largest likelihood ratio of any sample drawn.
        confidence: two-sided level.

    Returns:
        Lower and upper end; the upper one at most 1.

    Raises:
        InputError: if a weight is not finite and positive, or exceeds `largest_weight`.
    """
    weights = np.asarray(hit_weights, dtype=np.float64).ravel()
    _counts(weights.size, samples)
    if not (np.isfinite(weights).all() and (weights > 0.0).all()):
        raise InputError("every weight must be finite and above 0", field="hit_weights")
    if not (math.isfinite(largest_weight) and largest_weight > 0.0):
        raise InputError(
            "the largest weight must be finite and above 0",
            field="largest_weight",
            found=largest_weight,
        )
    if weights.size and weights.max() > largest_weight:
        raise InputError(
            "no hit may weigh more than the largest weight",
            field="hit_weights",
            found=float(weights.max()),
            expected=f"at most {largest_weight!r}",
        )
    tail = 0.5 * (1.0 - _level(confidence))
    total = math.fsum(weights)
    squares = math.fsum(weights**2)
    low = 0.0
    if weights.size:
        low = squares / total * float(gammaincinv(total**2 / squares, tail))
    total_up = total + largest_weight
    squares_up = squares + largest_weight**2
    high = squares_up / total_up * float(gammaincinv(total_up**2 / squares_up, 1.0 - tail))
    return low / samples, min(1.0, high / samples)


def estimate_from_counts(
    hits: int, samples: int, method: BinomialMethod = "clopper-pearson"
) -> ProbabilityEstimate:
    """The share of hits with its 95 % binomial interval.

    Raises:
        InputError: if hits are not between 0 and samples, or samples are not positive.
    """
    interval = clopper_pearson_interval if method == "clopper-pearson" else wilson_interval
    low, high = interval(hits, samples)
    return ProbabilityEstimate(hits / samples, float(low), float(high), method, samples, hits)


def estimate_from_weights(
    hit_weights: ArrayLike, samples: int, largest_weight: float
) -> ProbabilityEstimate:
    """The importance-sampled probability with its 95 % gamma interval.

    Arguments and errors as for `weighted_interval`; also InputError where even the interval's
    lower end is above 1, since the weights then are no likelihood ratios over `samples`.
    """
    weights = np.asarray(hit_weights, dtype=np.float64).ravel()
    low, high = weighted_interval(weights, samples, largest_weight)
    probability = math.fsum(weights) / samples
    if probability > 1.0:
        # A sum over a finite sample may pass 1 by chance when the impact is nearly certain.
        if low > 1.0:
            raise InputError(
                "the weights of the hits add up to significantly more than 1",
                field="hit_weights",
                found=probability,
                expected="likelihood ratios, whose mean over all samples is 1",
            )
        probability = 1.0
    return ProbabilityEstimate(
        probability, min(low, probability), high, "importance", samples, weights.size
    )


def _level(confidence: float) -> float:
    if not 0.0 < confidence < 1.0:
        raise InputError(
            "the confidence level must lie between 0 and 1", field="confidence", found=confidence
        )
    return confidence


def _counts(hits: ArrayLike, samples: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    k, n = np.broadcast_arrays(
        np.asarray(hits, dtype=np.float64), np.asarray(samples, dtype=np.float64)
    )
    if not (n >= 1.0).all():
        raise InputError("at least one sample is needed", field="samples", found=samples)
    if not ((k >= 0.0) & (k <= n)).all():
        raise InputError(
            "the number of hits must lie between 0 and the number of samples",
            field="hits",
            found=hits,
            expected=f"0 to {samples!r}",
        )
    return k, n
