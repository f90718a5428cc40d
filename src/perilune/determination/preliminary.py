"""Preliminary orbits: from optical observations alone to starts for differential corrections.

Segments of the arc are tried one after another: those nights first whose number and span suit a
conic about the Sun. In each, Gauss' method with several triplets gives starts, and where these
fail Herget's search; all are fitted to the segment by robust least squares, so that a blunder in
one triplet spoils one start and blunders in the arc weigh little. What survives is screened,
fitted again with the planets' attraction over the segment and then over the whole apparition, and
compared. Solutions that differ are all kept, best first.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from perilune.astrometry.observations import FloatArray
from perilune.constants import AU_KM
from perilune.determination.gauss import gauss
from perilune.determination.herget import herget
from perilune.determination.measurements import Measurements
from perilune.determination.segments import apparitions, segments, triplets
from perilune.determination.two_body_fit import (
    Arc,
    ConicFit,
    arc_of,
    fit,
    fit_all,
    moved_conic,
    residuals_of,
    with_planets,
)
from perilune.ephemeris import Ephemeris

ARCSEC_RAD: Final = np.pi / 648000.0
Method = Literal["gauss", "herget", "vaisala"]

# Settled solutions after which no further segment is tried: the second is there for when the first
# should rest on another object's observations.
_ENOUGH: Final = 2
_MOST_IN_SEGMENT: Final = 3
_THIN: Final = 24
_ROUGH_ITERATIONS: Final = 12
_SEARCH_ITERATIONS: Final = 6
# A median residual of this many sigmas is a fit; one sigma is expected, the rest is for sigmas that
# are too small and for what the planets do within the segment.
_FITS_SIGMA: Final = 2.5
# A range known better than this is no assumption.
_KNOWN: Final = 0.3
# An arc is done with a range known so well; no second orbit fits with one known to the latter.
_SETTLED: Final = 0.03
_TOLD: Final = 0.01
# Radial speed over the circular one, where perihelion is assumed.
_AT_PERIHELION: Final = 1.0e-3
# Below this no doubt remains that the fit is a fit; above it other methods are tried as well.
_FITS_WELL_SIGMA: Final = 1.3
# Solutions whose median residual is so much larger than the best one's are no solutions.
_AS_GOOD: Final = 1.8
_MOST_ECCENTRIC: Final = 10.0
_SUN_RADIUS_KM: Final = 696000.0
_SATELLITE_KM: Final = 5.0e5


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """A preliminary orbit.

    Attributes:
        epoch_mjd_tdb: of the state.
        state: (6,) barycentric ICRF, km and km/s.
        rms_arcsec: root mean square residual over the rows, those beyond the robust fit's
            reach left out.
        rows: indices into the measurements that it was fitted to.
        method: how its start was found. "vaisala" (Väisälä 1939) assumes that the object is at
            perihelion or aphelion, where the observations do not tell: an orbit to find the object
            again, not one to believe.
        range_sigma: one-sigma uncertainty of the range from the first observer of the rows,
            relative to the range; above about 0.3 the arc does not constrain the orbit; infinite
            where the perihelion is assumed.
    """

    epoch_mjd_tdb: float
    state: FloatArray
    rms_arcsec: float
    rows: NDArray[np.int64]
    method: Method
    range_sigma: float


@dataclass(frozen=True, slots=True, eq=False)
class _Found:
    """A fit on its way to a candidate."""

    arc: Arc
    rows: NDArray[np.int64]
    fit: ConicFit
    method: Method
    score: float
    is_assumed: bool


def preliminary_orbits(
    measurements: Measurements,
    ephemeris: Ephemeris,
    *,
    number: int | None = None,
    keep: int = 4,
    most_segments: int | None = None,
) -> list[Candidate]:
    """Orbits that a differential correction may start from, best first.

    Args:
        measurements: of one object, in order of time; only optical rows with
            sigmas are used.
        ephemeris: the attracting bodies.
        number: the minor planet's number: a massive asteroid does not attract itself.
        keep: how many different solutions at most.
        most_segments: of the arc that are tried; all, where it is not given.

    Returns:
        None at all where the observations are fewer than three, or no conic about the Sun fits
        them, or they lie so close together that the range stays unknown within a factor.

    Raises:
        OutOfRangeError: an epoch outside the ephemeris.
    """
    sigma = measurements.sigma_ra_rad + measurements.sigma_dec_rad
    usable = np.isfinite(measurements.ra_rad + measurements.dec_rad) & np.isfinite(sigma)
    optical = np.flatnonzero(usable)
    rows = measurements.where(optical)
    found: list[_Found] = []
    settled: list[_Found] = []
    for segment in islice(segments(rows), most_segments):
        if any(np.isin(segment, solution.rows).all() for solution in settled):
            continue
        fresh = _solve_segment(rows, segment, ephemeris, number, ("gauss", "herget"))
        found.extend(_extended(rows, solution, ephemeris, number) for solution in fresh)
        settled = [solution for solution in found if _is_settled(solution)]
        if len(settled) >= _ENOUGH:
            break
    if not any(_range_sigma(item) < _KNOWN and item.score < _FITS_WELL_SIGMA for item in found):
        for segment in islice(segments(rows), most_segments):
            assumed = _solve_segment(rows, segment, ephemeris, number, ("vaisala",))
            if assumed:
                found.extend(
                    _extended(rows, solution, ephemeris, number) for solution in assumed[:1]
                )
                break
    best = min((solution.score for solution in found), default=0.0)
    found = [solution for solution in found if solution.score < max(1.0, _AS_GOOD * best)]
    found.sort(key=_rank)
    different: list[_Found] = []
    for solution in found:
        if not any(_is_same(solution, other) for other in different):
            different.append(solution)
    return [_candidate(solution, optical) for solution in different[:keep]]


def _solve_segment(
    rows: Measurements,
    segment: NDArray[np.int64],
    ephemeris: Ephemeris,
    number: int | None,
    methods: tuple[Method, ...],
) -> list[_Found]:
    """Fits of one segment that pass the screening, best first, no two alike."""
    part = rows.where(segment)
    epochs = part.epoch_mjd_tdb
    arc = arc_of(part, ephemeris, float(np.round(0.5 * (epochs[0] + epochs[-1]), 3)))
    thin = arc.thinned(_THIN)
    found: list[_Found] = []
    for method in methods:
        radial_sigma = _AT_PERIHELION if method == "vaisala" else np.inf
        starts = _gauss_starts(arc) if method == "gauss" else _herget_starts(thin)
        if starts.shape[0] == 0:
            continue
        if method != "gauss":
            starts, scores = fit_all(thin, starts, _SEARCH_ITERATIONS, radial_sigma)
            starts = starts[np.argsort(scores)[:12]]
        states, scores = fit_all(thin, starts, _ROUGH_ITERATIONS, radial_sigma)
        order = np.argsort(scores)
        # Fits much worse than the best one, or bad in themselves even without the planets, go.
        worst = max(4.0 * scores[order[0]], _FITS_SIGMA)
        chosen = [states[index] for index in order[:12] if scores[index] <= worst]
        for solution in _refined(arc, chosen, segment, ephemeris, number, method):
            if not any(_alike(solution.fit.state, other.fit.state) for other in found):
                found.append(solution)
        # A short arc may fit more than one orbit well: both methods, unless one tells the range.
        if any(_fits_well(solution) and _range_sigma(solution) < _TOLD for solution in found):
            break
    return sorted(found, key=lambda solution: solution.score)[:_MOST_IN_SEGMENT]


def _refined(
    arc: Arc,
    states: list[FloatArray],
    segment: NDArray[np.int64],
    ephemeris: Ephemeris,
    number: int | None,
    method: Method,
) -> list[_Found]:
    """Fits of all observations of a segment with the planets' attraction."""
    assumed = method == "vaisala"
    radial_sigma = _AT_PERIHELION if assumed else np.inf
    found: list[_Found] = []
    for state in states:
        if len(found) == _MOST_IN_SEGMENT:
            break
        if any(_alike(state, other.fit.state) for other in found):
            continue
        if not _is_physical(arc, state, ephemeris):
            continue
        solution = fit(arc, state, radial_sigma)
        if solution is None:
            continue
        fitted_arc = with_planets(arc, solution.state, ephemeris, number)
        if fitted_arc is None:
            continue
        solution = fit(fitted_arc, solution.state, radial_sigma)
        if solution is None or any(_alike(solution.state, other.fit.state) for other in found):
            continue
        score = _score(fitted_arc, solution.residual_rad)
        if score <= _FITS_SIGMA and _is_physical(fitted_arc, solution.state, ephemeris):
            found.append(_Found(fitted_arc, segment, solution, method, score, assumed))
    return found


def _gauss_starts(arc: Arc) -> FloatArray:
    """(K, 6) at the arc's epoch."""
    sight = arc.sight
    starts = []
    for triplet in triplets(arc.measurements.epoch_mjd_tdb):
        pick = list(triplet)
        for moment, state in gauss(
            sight.axes[pick, 0], sight.observer_km[pick], sight.since_s[pick], arc.gm_km3_s2
        ):
            starts.append(moved_conic(state, -moment, arc.gm_km3_s2))
    usable = [start for start in starts if np.isfinite(start).all()]
    return np.array(usable).reshape(-1, 6)


def _herget_starts(arc: Arc) -> FloatArray:
    """(K, 6) at the arc's epoch."""
    sight = arc.sight
    moment, states = herget(
        sight.axes[[0, -1], 0], sight.observer_km[[0, -1]], sight.since_s[[0, -1]], arc.gm_km3_s2
    )
    moved = np.array([moved_conic(state, -moment, arc.gm_km3_s2) for state in states])
    usable: FloatArray = moved[np.isfinite(moved).all(axis=1)]
    return usable.reshape(-1, 6)


def _score(arc: Arc, residual_rad: FloatArray) -> float:
    """Median residual in sigmas."""
    size = np.sqrt(0.5 * np.sum(residual_rad**2, axis=1)) / arc.sight.sigma_rad
    return float(np.median(size))


def _is_physical(arc: Arc, state: FloatArray, ephemeris: Ephemeris) -> bool:
    """Whether a heliocentric state may be an object of the Solar System or a visitor.

    Not one inside the Sun or at wild speed, and not the spurious root of Gauss' equations that
    follows the observer: a companion of the Earth, bound to it and near.
    """
    position, velocity = state[:3], state[3:]
    gm = arc.gm_km3_s2
    r = float(np.linalg.norm(position))
    momentum = np.cross(position, velocity)
    eccentric = np.cross(velocity, momentum) / gm - position / r
    e = float(np.linalg.norm(eccentric))
    q = float(momentum @ momentum) / gm / (1.0 + e)
    if not (e < _MOST_ECCENTRIC and q > _SUN_RADIUS_KM and r < 1e4 * AU_KM):
        return False
    earth_km, earth_km_s = ephemeris.state("earth", arc.epoch_mjd_tdb)
    away = position + arc.sun_km - earth_km
    speed = velocity + arc.sun_km_s - earth_km_s
    distance = float(np.linalg.norm(away))
    gm_earth = float(ephemeris.arrays.gm_km3_s2[ephemeris.body_index("earth")])
    energy = 0.5 * float(speed @ speed) - gm_earth / max(distance, 1.0)
    return not (distance < _SATELLITE_KM and energy < 0.0)


def _extended(
    rows: Measurements, solution: _Found, ephemeris: Ephemeris, number: int | None
) -> _Found:
    """The solution fitted over more and more of its apparition, as far as it holds."""
    epochs = rows.epoch_mjd_tdb
    first, last = solution.rows[0], solution.rows[-1]
    apparition = np.concatenate(
        [part for part in apparitions(epochs) if part[-1] >= first and part[0] <= last]
    )
    for factor in (2.0, 4.0, np.inf):
        middle = solution.arc.epoch_mjd_tdb
        reach = factor * max(float(np.ptp(epochs[solution.rows])), 1.0)
        near = np.abs(epochs[apparition] - middle) <= 0.5 * reach
        within = (apparition >= first) & (apparition <= last)
        wider = apparition[near | within]
        if wider.size == solution.rows.size:
            if factor == np.inf or wider.size == apparition.size:
                break
            continue
        fitted = _refit(rows, wider, solution, ephemeris, number)
        if fitted is None:
            break
        solution = fitted
    return solution


def _refit(
    rows: Measurements,
    wider: NDArray[np.int64],
    solution: _Found,
    ephemeris: Ephemeris,
    number: int | None,
) -> _Found | None:
    state = solution.fit.state
    fitted: ConicFit | None = None
    arc = arc_of(rows.where(wider), ephemeris, solution.arc.epoch_mjd_tdb)
    for _ in range(2):
        shifted = with_planets(arc, state, ephemeris, number)
        if shifted is None:
            return None
        fitted = fit(shifted, state)
        if fitted is None:
            return None
        arc, state = shifted, fitted.state
    assert fitted is not None
    score = _score(arc, fitted.residual_rad)
    if score > _FITS_SIGMA or not _is_physical(arc, state, ephemeris):
        return None
    return _Found(arc, wider, fitted, solution.method, score, False)


def _range_sigma(solution: _Found) -> float:
    if solution.is_assumed:
        return np.inf
    arc, fitted = solution.arc, solution.fit
    away = fitted.state[:3] - arc.sight.observer_km[0]
    distance = float(np.linalg.norm(away))
    along = away / distance
    variance = float(along @ fitted.covariance()[:3, :3] @ along)
    return float(np.sqrt(variance)) / distance if np.isfinite(variance) else np.inf


def _fits_well(solution: _Found) -> bool:
    return solution.score < _FITS_WELL_SIGMA


def _is_settled(solution: _Found) -> bool:
    return _range_sigma(solution) < _SETTLED and solution.score < _FITS_SIGMA


def _rank(solution: _Found) -> tuple[int, float]:
    if _is_settled(solution):
        return 0, _range_sigma(solution)
    return 1 + (not _range_sigma(solution) < _KNOWN), solution.score


def _candidate(solution: _Found, optical: NDArray[np.int64]) -> Candidate:
    arc = solution.arc
    size = np.sqrt(np.sum(residuals_of(arc, solution.fit.state) ** 2, axis=1))
    held = size <= 5.0 * max(float(np.median(size)), ARCSEC_RAD)
    sun = np.concatenate([arc.sun_km, arc.sun_km_s])
    return Candidate(
        epoch_mjd_tdb=arc.epoch_mjd_tdb,
        state=solution.fit.state + sun,
        rms_arcsec=float(np.sqrt(np.mean(size[held] ** 2))) / ARCSEC_RAD,
        rows=optical[solution.rows],
        method=solution.method,
        range_sigma=_range_sigma(solution),
    )


def _is_same(one: _Found, other: _Found) -> bool:
    """Whether two fits are of one orbit about the Sun, by its size, form and plane."""
    shape, other_shape = _shape(one), _shape(other)
    tolerance = 0.02 + 2.0 * max(_range_sigma(one), _range_sigma(other))
    return bool(np.linalg.norm(shape - other_shape) < min(tolerance, 0.3))


def _shape(solution: _Found) -> FloatArray:
    """(6,) the vector of eccentricity and that of angular momentum over its value at 1 au."""
    position, velocity = solution.fit.state[:3], solution.fit.state[3:]
    gm = solution.arc.gm_km3_s2
    momentum = np.cross(position, velocity)
    eccentric = np.cross(velocity, momentum) / gm - position / np.linalg.norm(position)
    scaled = momentum / np.linalg.norm(momentum) * np.log(momentum @ momentum / (gm * 1e6))
    return np.concatenate([eccentric, scaled])


def _alike(one: FloatArray, other: FloatArray) -> bool:
    scale = np.repeat([np.linalg.norm(other[:3]), np.linalg.norm(other[3:])], 3)
    return bool(np.abs((one - other) / scale).max() < 1e-3)
