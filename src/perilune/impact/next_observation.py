"""What the next observation would do to an impact probability: by whom, and when.

Each orbit that may be true would be seen at its own place. An observation keeps the orbits near
that place and with them their share of hits; the mean over all orbits that may be true, of how much
is then known, is what the observation is worth (the expected information of Lindley 1956,
doi:10.1214/aoms/1177728069, about the question "does it hit?"). Nothing is linearised. Where
the samples lie farther apart on the sky than the observation's error, the nearest of them stand
for it, so that its worth is understated rather than overstated.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from perilune.astrometry.sites import Observer
from perilune.constants import SPEED_OF_LIGHT_KM_S
from perilune.dynamics import Particles, propagate
from perilune.ephemeris import Ephemeris
from perilune.errors import InputError
from perilune.impact.imminent import Imminent

Array = NDArray[np.float64]

_TRUTHS: Final = 300
_NEIGHBOURS: Final = 20
_LOWEST_RAD: Final = np.radians(20.0)
_DARK_RAD: Final = np.radians(-12.0)


@dataclass(frozen=True, slots=True)
class Prospect:
    """What one observation would tell.

    Attributes:
        observer: its name.
        epoch_mjd_tdb: when.
        visible: the probability that the object is then up in a dark sky (20 degrees high, the
            Sun 12 below the horizon; in space always) and has not yet hit.
        ra_rad, dec_rad: where to look: the mean direction of those visible; NaN if none is.
        spread_rad: the largest standard deviation about it on the sky.
        motion_rad_s: the mean apparent motion's size.
        information_bit: expected gain about whether it hits; 1 at most.
        probability_if_hit: the impact probability to be expected afterwards if it does hit.
        probability_if_miss: the same if it does not.
    """

    observer: str
    epoch_mjd_tdb: float
    visible: float
    ra_rad: float
    dec_rad: float
    spread_rad: float
    motion_rad_s: float
    information_bit: float
    probability_if_hit: float
    probability_if_miss: float


def next_observation(
    imminent: Imminent,
    body: str,
    observers: Sequence[Observer],
    epochs_mjd_tdb: ArrayLike,
    ephemeris: Ephemeris,
    *,
    sigma_rad: float,
    seed: int,
    threads: int | None = None,
) -> tuple[Prospect, ...]:
    """Rate each observer at each epoch, the most telling first.

    Args:
        imminent: the assessment so far.
        body: "earth" or "moon": which impact is asked about.
        observers: sites and orbiters.
        epochs_mjd_tdb: (M,) later than the samples' epoch.
        ephemeris: with the massive asteroids.
        sigma_rad: error of the observation on each axis.
        seed: of the random numbers.
        threads: see `propagate`.

    Raises:
        InputError: no epochs, or one before the samples' own; an error not above nought.
        OutOfRangeError: an epoch outside the ephemeris or an observer's path.
    """
    epochs = np.unique(np.asarray(epochs_mjd_tdb, dtype=np.float64))
    samples = imminent.samples
    if epochs.size == 0 or not epochs[0] >= samples.epoch_mjd_tdb:
        raise InputError(
            "the next observation must come after those that are known",
            field="epochs",
            found=None if epochs.size == 0 else float(epochs[0]),
            expected=f"epochs from MJD {samples.epoch_mjd_tdb:.6f} TDB",
        )
    if not sigma_rad > 0.0:
        raise InputError("an observation has an error", field="sigma_rad", found=sigma_rad)
    run = propagate(
        ephemeris,
        Particles(
            np.full(len(samples.weights), samples.epoch_mjd_tdb),
            np.ascontiguousarray(samples.states[:, :3]),
            np.ascontiguousarray(samples.states[:, 3:]),
        ),
        epochs,
        threads=threads,
    )
    is_hit = np.zeros(len(samples.weights), dtype=np.bool_)
    is_hit[imminent.outcome(body).hits] = True
    rng = np.random.default_rng(seed)
    found = []
    for observer in observers:
        position, velocity = observer.state(epochs)
        for index in range(epochs.size):
            at = np.array([epochs[index]])
            direction, motion = _seen(
                run.position_km[index] - position[index],
                run.velocity_km_s[index],
                velocity[index],
            )
            is_up = np.isfinite(direction[:, 0])
            if observer.site is not None:
                is_up &= _is_up(
                    observer, at, direction, velocity[index], position[index], ephemeris
                )
            found.append(
                _prospect(
                    observer.name, float(at[0]), direction, motion, is_up, is_hit,
                    samples.weights, sigma_rad, rng,
                )
            )  # fmt: skip
    return tuple(sorted(found, key=lambda prospect: -prospect.information_bit))


def _seen(away: Array, velocity: Array, observer_km_s: Array) -> tuple[Array, Array]:
    """Unit vectors (N, 3) with light time, and apparent motion (N,) rad/s; NaN where gone."""
    late = away
    for _ in range(2):
        late = away - np.linalg.norm(late, axis=1, keepdims=True) / SPEED_OF_LIGHT_KM_S * velocity
    distance = np.linalg.norm(late, axis=1, keepdims=True)
    direction = late / distance
    relative = velocity - observer_km_s
    along = np.sum(relative * direction, axis=1, keepdims=True)
    motion = np.linalg.norm(relative - along * direction, axis=1) / distance[:, 0]
    return direction, motion


def _is_up(
    observer: Observer,
    epoch: Array,
    direction: Array,
    observer_km_s: Array,
    observer_km: Array,
    ephemeris: Ephemeris,
) -> NDArray[np.bool_]:
    """Whether directions (N, 3) are high in a dark sky."""
    site = observer.site
    assert site is not None
    sun_km, _ = ephemeris.state("sun", epoch[0])
    sun = (sun_km - observer_km) / np.linalg.norm(sun_km - observer_km)
    every = np.concatenate([np.nan_to_num(direction), sun[np.newaxis]])
    altitude, _ = site.altitude_azimuth(
        np.full(len(every), epoch[0]), every, np.tile(observer_km_s, (len(every), 1))
    )
    # The Moon's sky is dark by day too.
    is_dark = site.body == "moon" or bool(altitude[-1] < _DARK_RAD)
    return np.asarray((altitude[:-1] > _LOWEST_RAD) & is_dark)


def _prospect(
    name: str,
    epoch: float,
    direction: Array,
    motion: Array,
    is_up: NDArray[np.bool_],
    is_hit: NDArray[np.bool_],
    weights: Array,
    sigma_rad: float,
    rng: np.random.Generator,
) -> Prospect:
    now = float(weights[is_hit].sum())
    visible = float(weights[is_up].sum())
    if visible <= 0.0:
        return Prospect(name, epoch, 0.0, np.nan, np.nan, np.nan, np.nan, 0.0, now, now)
    rows = np.flatnonzero(is_up & (weights > 0.0))
    share = weights[rows] / weights[rows].sum()
    places = direction[rows]
    mean = share @ places
    mean /= np.linalg.norm(mean)
    flat = places - (places @ mean)[:, np.newaxis] * mean
    flat = flat - share @ flat
    spread = np.sqrt(np.linalg.eigvalsh((flat * share[:, np.newaxis]).T @ flat)[-1])
    hit = is_hit[rows]
    today = float(share[hit].sum())
    # Hits and misses apart, so that rare ones are heard as well.
    after = [
        _updated(places, share, hit, kind, sigma_rad, rng) if share[kind].sum() > 0.0 else None
        for kind in (hit, ~hit)
    ]
    left = sum(
        weight * float(_entropies(each).mean())
        for weight, each in zip((today, 1.0 - today), after, strict=True)
        if each is not None
    )
    gain = visible * (float(_entropies(np.array(today))) - left)
    up_and_hit = float(weights[is_up & is_hit].sum())
    up_if_hit = up_and_hit / now if now > 0.0 else 0.0
    up_if_miss = (visible - up_and_hit) / (1.0 - now) if now < 1.0 else 0.0
    return Prospect(
        observer=name,
        epoch_mjd_tdb=epoch,
        visible=min(visible, 1.0),
        ra_rad=float(np.mod(np.arctan2(mean[1], mean[0]), 2.0 * np.pi)),
        dec_rad=float(np.arctan2(mean[2], np.hypot(mean[0], mean[1]))),
        spread_rad=float(spread),
        motion_rad_s=float(share @ motion[rows]),
        information_bit=max(gain, 0.0),
        probability_if_hit=_mean(after[0], now, up_if_hit),
        probability_if_miss=_mean(after[1], now, up_if_miss),
    )


def _mean(after: Array | None, now: float, seen: float) -> float:
    """The expected probability where it is seen with probability `seen`, else that of today."""
    return now if after is None else seen * float(after.mean()) + (1.0 - seen) * now


def _updated(
    places: Array,
    share: Array,
    is_hit: NDArray[np.bool_],
    kind: NDArray[np.bool_],
    sigma_rad: float,
    rng: np.random.Generator,
) -> Array:
    """The impact probability (T,) after an observation of each of some true orbits of a kind."""
    some = np.flatnonzero(kind)
    truths = rng.choice(some, _TRUTHS, p=share[some] / share[some].sum())
    true = places[truths]
    noise = sigma_rad * rng.standard_normal(true.shape)
    noise -= np.sum(noise * true, axis=1, keepdims=True) * true
    observed = true + noise
    distance2 = np.sum((observed[:, np.newaxis, :] - places[np.newaxis, :, :]) ** 2, axis=2)
    # An orbit must not vouch for itself.
    distance2[np.arange(truths.size), truths] = np.inf
    near = min(_NEIGHBOURS, places.shape[0] - 1)
    if near < 1:
        return np.full(truths.size, float(share[is_hit].sum()))
    reach2 = np.partition(distance2, near - 1, axis=1)[:, near - 1]
    width2 = np.maximum(sigma_rad**2, 0.25 * reach2)
    close = np.exp(-0.5 * distance2 / width2[:, np.newaxis]) * share
    return np.asarray(close[:, is_hit].sum(axis=1) / np.maximum(close.sum(axis=1), 1e-300))


def _entropies(probability: Array) -> Array:
    p = np.clip(probability, 1e-15, 1.0 - 1e-15)
    return np.asarray(-(p * np.log2(p) + (1.0 - p) * np.log2(1.0 - p)))
