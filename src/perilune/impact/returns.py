"""Returns: where the line of variations comes nearest to the Earth at one encounter.

Neighbouring orbits on the line that meet the Earth at the same date are points of one trail on
the target plane (Milani, Chesley, Chodas and Valsecchi 2002, Asteroids III, p. 55; Milani et al.
2005, Icarus 173, 362, doi:10.1016/j.icarus.2004.09.002). Where the delay zeta changes its sign
between two of them, an orbit in between is neither early nor late, and it is looked for there.
An orbit without such a neighbour, where the line is pulled far apart, gets a twin beside it,
which tells the way (their "singletons"). All returns are looked for side by side.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from perilune.constants import AU_KM, JULIAN_YEAR_D
from perilune.impact.line_samples import APART_KM, LineSamples, Rows, refine

Array = NDArray[np.float64]

# Passes belong to one encounter if their dates are so near: the delay itself at 0.4 au, and what
# a slow encounter adds to it.
_SAME_ENCOUNTER_D: Final = 60.0
# How far xi may be from where the trail's last two points put it, and how far from a single
# point's: shares of the delay, and what two-body crossings leave out. (For 600 brackets of
# 1979 XB's 99 % lay within 2e-4 au of the former, within 7e-4 au of the latter.)
_CURVATURE: Final = 0.005
_INCLINATION: Final = 0.007
_ROUGH_KM: Final = 1.0e-4 * AU_KM
_FOUND_KM: Final = 1000.0
# Passes whose xi differ by more than this, and this share of the delay, are of two encounters.
_OTHER_KM: Final = 0.02 * AU_KM
_OTHER_SHARE: Final = 0.05
# The ends of a step may be so much farther apart at an encounter than at any checkpoint.
_MOVES: Final = 2.0
_MOST_LOOKS: Final = 12
_MOST_ROUNDS: Final = 3
# An encounter so close turns the line by tenths of an au within so many years.
_BENDING_KM: Final = 0.02 * AU_KM
_BENDING_D: Final = 75.0 * JULIAN_YEAR_D
_MOST_OPENINGS: Final = 10
_BENT: Final = 0.3
# Steps in which only one end sees a pass are cut to so much less probability.
_CLOSER: Final = 16.0
_TWIN: Final = 2.0e-3  # of the step
# The widest target that the Earth is: what an impact's probability is at most, from the stretch.
_WIDEST_KM: Final = 3.0e4


@dataclass(frozen=True, slots=True, eq=False)
class Return:
    """An orbit on the line that comes to the Earth in time.

    Attributes:
        sigma: on the line.
        epoch_mjd_tdb: of closest approach or impact.
        point_km: xi and zeta there, shape (2,).
        slope_km: their derivative by sigma, shape (2,).
    """

    sigma: float
    epoch_mjd_tdb: float
    point_km: Array
    slope_km: Array

    @property
    def stretch_km(self) -> float:
        """Length on the target plane of one sigma along the line."""
        return math.hypot(*self.slope_km)

    @property
    def nearest_km(self) -> float:
        """Distance of the straight trail through the point from the Earth's centre."""
        (x, y), (dx, dy) = self.point_km, self.slope_km
        size = self.stretch_km
        return abs(x * dy - y * dx) / size if size > 0.0 else math.hypot(x, y)

    @property
    def nearest_sigma(self) -> float:
        """Sigma where the straight trail is nearest."""
        size = self.stretch_km
        return self.sigma - float(self.point_km @ self.slope_km) / size**2 if size else self.sigma


@dataclass(slots=True, eq=False)
class _Hunt:
    """One return being looked for: the points of its trail seen so far."""

    reach: float  # how far from the first point in sigma it lies at most; its sign says where
    sigma: list[float] = field(default_factory=list)
    xi_km: list[float] = field(default_factory=list)
    zeta_km: list[float] = field(default_factory=list)
    epoch: list[float] = field(default_factory=list)
    lost: bool = False

    def add(self, sigma: float, epoch: float, point_km: Array) -> None:
        self.sigma.append(sigma)
        self.epoch.append(epoch)
        self.xi_km.append(float(point_km[0]))
        self.zeta_km.append(float(point_km[1]))

    def best(self) -> list[int]:
        """The points in the order of their delay."""
        return sorted(range(len(self.sigma)), key=lambda i: abs(self.zeta_km[i]))

    def slope(self) -> tuple[float, float]:
        """Derivatives of xi and zeta by sigma from the two best points.

        Orbits so near on the line that float64 makes them one tell nothing: where all points
        are one, the derivatives are 0.
        """
        i, *others = self.best()
        for j in others:
            xi, zeta = self.xi_km[i] - self.xi_km[j], self.zeta_km[i] - self.zeta_km[j]
            if xi != 0.0 or zeta != 0.0:
                step = self.sigma[i] - self.sigma[j]
                return xi / step, zeta / step
        return 0.0, 0.0

    def next(self) -> tuple[float, float]:
        """Where to look next: sigma, and the date expected."""
        order = self.best()
        i = order[0]
        _, slope = self.slope()
        guess = self.sigma[i] - self.zeta_km[i] / slope if slope else math.inf
        if len(order) > 2:
            guess = self._inverse_quadratic(order[:3], guess)
        late = [k for k in order if (self.zeta_km[k] > 0.0) != (self.zeta_km[i] > 0.0)]
        if late:
            j = min(late, key=lambda k: abs(self.sigma[k] - self.sigma[i]))
            low, high = sorted((self.sigma[i], self.sigma[j]))
            if not low < guess < high:
                share = self.zeta_km[i] / (self.zeta_km[i] - self.zeta_km[j])
                share = min(max(share, 0.02), 0.98) if len(order) < 6 else 0.5
                guess = self.sigma[i] + share * (self.sigma[j] - self.sigma[i])
        else:
            share = (guess - self.sigma[0]) / self.reach
            self.lost = not share > 0.0
            if share > 1.0:
                # The line is pulled apart more and more that way: half of what is left.
                guess = 0.5 * (self.sigma[i] + self.sigma[0] + self.reach)
        # Where float64 holds no orbit in between, there is none to be told from its neighbours.
        self.lost |= guess in self.sigma
        return guess, self.epoch[i]

    def _inverse_quadratic(self, three: list[int], otherwise: float) -> float:
        (a, b, c), (x, y, z) = (
            [self.sigma[k] for k in three],
            [self.zeta_km[k] for k in three],
        )
        if x in (y, z) or y == z:
            return otherwise
        return (
            a * y * z / ((x - y) * (x - z))
            + b * x * z / ((y - x) * (y - z))
            + c * x * y / ((z - x) * (z - y))
        )

    def is_hopeless(self, within_km: float, least: float) -> bool:
        """Whether its trail passes too far, is stretched too much, or does not come nearer."""
        order = self.best()
        i = order[0]
        across, along = self.slope()
        if abs(along) * least > _WIDEST_KM * math.exp(-0.5 * self.sigma[i] ** 2):
            return True
        zeta = abs(self.zeta_km[i])
        straight = self.xi_km[i] - (self.zeta_km[i] * across / along if along else 0.0)
        if abs(straight) > within_km + _CURVATURE * zeta + min(_ROUGH_KM, 0.1 * zeta):
            return True
        seen = len(order)
        return not self.is_bracketed and seen > 4 and i not in (seen - 1, seen - 2)

    def turns_the_line(self, until_mjd_tdb: float) -> bool:
        """Whether the crossing between two ends is so close that the line is bent in the years
        that follow, and neither end lies in its midst."""
        left = min(1.0, (until_mjd_tdb - self.epoch[0]) / _BENDING_D)
        xi = min(abs(x) for x in self.xi_km)
        zeta = min(abs(z) for z in self.zeta_km)
        return xi < left * _BENDING_KM and zeta > max(0.7 * xi, 0.2 * _BENDING_KM)

    @property
    def is_found(self) -> bool:
        return abs(self.zeta_km[self.best()[0]]) < _FOUND_KM

    @property
    def is_bracketed(self) -> bool:
        """Whether both late and early points have been seen."""
        return len({zeta > 0.0 for zeta in self.zeta_km}) == 2

    def crossing(self) -> tuple[float, float]:
        """Sigma and date at which the trail is neither early nor late, as far as is seen."""
        order = self.best()
        i = order[0]
        for j in order[1:]:
            if (self.zeta_km[j] > 0.0) != (self.zeta_km[i] > 0.0):
                share = self.zeta_km[i] / (self.zeta_km[i] - self.zeta_km[j])
                return self.sigma[i] + share * (self.sigma[j] - self.sigma[i]), self.epoch[i]
        return self.sigma[i], self.epoch[i]

    def result(self) -> Return:
        i = self.best()[0]
        point = np.array([self.xi_km[i], self.zeta_km[i]])
        return Return(self.sigma[i], self.epoch[i], point, np.array(self.slope()))


@dataclass(slots=True, eq=False)
class _Settled:
    """What need not be looked at again.

    Attributes:
        crossings: sigma and date of each.
        singles: sigma, date and side of points from which a trail was followed.
    """

    crossings: list[tuple[float, float]] = field(default_factory=list)
    singles: set[tuple[float, float, float]] = field(default_factory=set)


def find_returns(
    samples: LineSamples, within_km: float, least: float, least_mass: float, most: int
) -> list[Return]:
    """Every return whose trail passes within `within_km` of the Earth's centre.

    What is flown on the way is added to the samples, and these are searched again until nothing
    new comes up: close encounters fold the line, and where one return was there may be others.

    Args:
        samples: the sampled line.
        within_km: on the target plane.
        least: impacts less probable than this are not looked for.
        least_mass, most: see `refine`.

    Returns:
        In the order of time.
    """
    found: list[Return] = []
    settled = _Settled()
    _open_at_passes(samples, least_mass, most)
    for _ in range(_MOST_ROUNDS):
        _refine_dangerous(samples, least_mass / _CLOSER, most)
        hunts = _between_neighbours(samples, settled)
        hunts = [hunt for hunt in hunts if not hunt.is_hopeless(within_km, least)]
        hunts += _beside_singles(samples, within_km, least, settled)
        if not hunts:
            break
        found = _without_twins(found + _chase(samples, hunts, within_km, least, settled))
        refine(samples, least_mass, most)
    return [one for one in found if one.nearest_km < within_km]


def _chase(
    samples: LineSamples, hunts: list[_Hunt], within_km: float, least: float, settled: _Settled
) -> list[Return]:
    """Look for all returns at once; give up those that turn out to pass too far."""
    found: list[Return] = []
    for _ in range(_MOST_LOOKS):
        hopeful = []
        for hunt in hunts:
            if hunt.is_hopeless(within_km, least):
                # Without a point on either side there is no crossing, only a line's prolongation.
                if hunt.is_bracketed:
                    settled.crossings.append(hunt.crossing())
            else:
                hopeful.append(hunt)
        hunts = hopeful
        looks = [(hunt, *hunt.next()) for hunt in hunts]
        looks = [look for look in looks if not look[0].lost]
        if not looks:
            break
        hunts = [hunt for hunt, _, _ in looks]
        sigma, expected = np.array([s for _, s, _ in looks]), np.array([t for *_, t in looks])
        _look(samples, hunts, sigma, expected)
        hunts = [hunt for hunt in hunts if not hunt.lost]
        settled.singles |= {
            (hunt.sigma[-1], hunt.epoch[-1], side) for hunt in hunts for side in (-1.0, 1.0)
        }
        settled.crossings += [hunt.crossing() for hunt in hunts if hunt.is_found]
        found += [hunt.result() for hunt in hunts if hunt.is_found]
        hunts = [hunt for hunt in hunts if not hunt.is_found]
    return found


def _look(samples: LineSamples, hunts: list[_Hunt], sigma: Array, expected_mjd_tdb: Array) -> None:
    """Fly one orbit for each hunt and give it the encounter nearest to the date expected."""
    passes = samples.add(sigma)
    rows = passes.of_orbits(sigma.size)
    for hunt, mine, at, expected in zip(hunts, rows, sigma, expected_mjd_tdb, strict=True):
        gap = np.abs(passes.epoch_mjd_tdb[mine] - expected)
        if mine.size == 0 or gap.min() > _SAME_ENCOUNTER_D:
            hunt.lost = True
            continue
        best = int(mine[np.argmin(gap)])
        hunt.add(float(at), float(passes.epoch_mjd_tdb[best]), passes.points_km[best])


def same_encounters(samples: LineSamples, here: Rows, there: Rows) -> NDArray[np.bool_]:
    """(len(here), len(there)) whether two passes are each other's nearest in time."""
    if here.size == 0 or there.size == 0:
        return np.zeros((here.size, there.size), dtype=np.bool_)
    times, (xi, zeta) = samples.passes.epoch_mjd_tdb, samples.passes.points_km.T
    gap = np.abs(times[here, None] - times[None, there])
    # The two places where an orbit crosses the Earth's may lie weeks apart.
    off = np.abs(xi[here, None] - xi[None, there])
    late = np.maximum(np.abs(zeta[here])[:, None], np.abs(zeta[there]))
    gap[off > _OTHER_KM + _OTHER_SHARE * late] = math.inf
    nearest = (gap == gap.min(axis=0)) & (gap == gap.min(axis=1)[:, None])
    return np.asarray(nearest & (gap < _SAME_ENCOUNTER_D))


def _between_neighbours(samples: LineSamples, settled: _Settled) -> list[_Hunt]:
    """Neighbours on either side of the Earth at one encounter, with no crossing known between."""
    passes, rows = samples.passes, samples.passes.of_orbits(samples.sigma.size)
    known = np.array(settled.crossings).reshape(-1, 2)
    hunts = []
    for i in range(samples.sigma.size - 1):
        here, there = rows[i], rows[i + 1]
        for a, b in zip(*np.nonzero(same_encounters(samples, here, there)), strict=True):
            ends = here[a], there[b]
            if passes.points_km[ends[0], 1] * passes.points_km[ends[1], 1] > 0.0:
                continue
            low, high = float(samples.sigma[i]), float(samples.sigma[i + 1])
            if low == high:
                continue
            inside = (known[:, 0] >= low) & (known[:, 0] <= high)
            gap = np.abs(known[:, 1] - passes.epoch_mjd_tdb[ends[0]])
            if (inside & (gap < _SAME_ENCOUNTER_D)).any():
                continue
            hunt = _Hunt(reach=high - low)
            for sigma, row in zip((low, high), ends, strict=True):
                hunt.add(sigma, float(passes.epoch_mjd_tdb[row]), passes.points_km[row])
            hunts.append(hunt)
    return hunts


def _singles(samples: LineSamples, within_km: float) -> dict[int, list[tuple[int, float]]]:
    """For each step, the passes in reach that only one of its ends has.

    With each pass goes the side on which the other end lies. Where the ends are nearer to each
    other than the pass is late, there is no crossing between them.
    """
    passes, rows = samples.passes, samples.passes.of_orbits(samples.sigma.size)
    xi, zeta = np.abs(passes.points_km).T
    in_reach = xi < within_km + _INCLINATION * zeta + _ROUGH_KM
    found = {}
    reach = _MOVES * samples.apart_km()
    reach[reach > _MOVES * APART_KM] = math.inf
    for i in np.flatnonzero(reach > 0.0):
        here, there = rows[i], rows[i + 1]
        if not (in_reach[here].any() or in_reach[there].any()):
            continue
        matched = same_encounters(samples, here, there)
        alone = [(int(row), 1.0) for row in here[~matched.any(axis=1)]]
        alone += [(int(row), -1.0) for row in there[~matched.any(axis=0)]]
        alone = [one for one in alone if in_reach[one[0]] and zeta[one[0]] < reach[i]]
        if alone:
            found[int(i)] = alone
    return found


def _open_at_passes(samples: LineSamples, least_mass: float, most: int) -> None:
    """Put orbits where the line passes the Earth closely.

    Two neighbours on either side of the Earth may fly on side by side, and between them the line
    is thrown far out by the encounter; an orbit in its midst lets `refine` see that.
    """
    for _ in range(_MOST_OPENINGS):
        close = [
            hunt
            for hunt in _between_neighbours(samples, _Settled())
            if hunt.turns_the_line(samples.flight.until)
            and ndtr(hunt.sigma[1]) - ndtr(hunt.sigma[0]) > least_mass / _CLOSER
        ]
        crossings = {hunt.crossing()[0] for hunt in close[: max(0, most - samples.sigma.size)]}
        crossings -= set(samples.sigma.tolist())
        if not crossings:
            return
        samples.add(np.array(sorted(crossings)))
        refine(samples, least_mass, most)


def _folds(samples: LineSamples, within_km: float) -> set[int]:
    """Steps whose ends are both early or both late, and between which the trail is bent.

    Its prolongation from the next orbit on either side misses the other end by a good part of the
    way to the Earth: it may turn back in there, after two crossings or before any.
    """
    passes, rows = samples.passes, samples.passes.of_orbits(samples.sigma.size)
    sigma = samples.sigma
    xi, zeta = passes.points_km.T
    in_reach = np.abs(xi) < within_km + _INCLINATION * np.abs(zeta) + _ROUGH_KM
    partner: list[dict[int, int]] = []  # of each pass of orbit i, the pass of orbit i + 1
    for here, there in pairwise(rows):
        pairs = np.argwhere(same_encounters(samples, here, there))
        partner.append({int(here[a]): int(there[b]) for a, b in pairs})
    found = set()
    for i, own in enumerate(partner):
        back = {after: before for before, after in partner[i - 1].items()} if i else {}
        ahead = partner[i + 1] if i + 1 < len(partner) else {}
        step = sigma[i + 1] - sigma[i]
        for a, b in own.items():
            if zeta[a] * zeta[b] <= 0.0 or not (in_reach[a] or in_reach[b]):
                continue
            if a in back and sigma[i] > sigma[i - 1]:
                slope = (zeta[a] - zeta[back[a]]) / (sigma[i] - sigma[i - 1])
                bend = zeta[a] + slope * step - zeta[b]
                if abs(bend) > _BENT * min(abs(zeta[a]), abs(zeta[b])):
                    found.add(i)
            if b in ahead and sigma[i + 2] > sigma[i + 1]:
                slope = (zeta[ahead[b]] - zeta[b]) / (sigma[i + 2] - sigma[i + 1])
                bend = zeta[b] - slope * step - zeta[a]
                if abs(bend) > _BENT * min(abs(zeta[a]), abs(zeta[b])):
                    found.add(i)
    return found


def _refine_dangerous(samples: LineSamples, least_mass: float, most: int) -> None:
    """Cut steps in four in which a pass is seen from one end only, or a trail may turn back.

    A close encounter pulls a short piece of the line apart; an impact in a later year may lie in
    there though the steps about it are short enough elsewhere.
    """
    sigma = samples.sigma
    open_ = set(_singles(samples, _WIDEST_KM)) | _folds(samples, _WIDEST_KM)
    steps = np.array(sorted(open_), dtype=np.int64)
    mass = ndtr(sigma[steps + 1]) - ndtr(sigma[steps])
    steps = steps[(mass > least_mass) & (sigma[steps + 1] > sigma[steps])]
    steps = steps[: max(0, (most - sigma.size) // 3)]
    if steps.size:
        pieces = [np.linspace(sigma[i], sigma[i + 1], 5)[1:-1] for i in steps]
        samples.add(np.concatenate(pieces))


def _beside_singles(
    samples: LineSamples, within_km: float, least: float, settled: _Settled
) -> list[_Hunt]:
    """Passes that a far neighbour does not share, each with a twin's pass beside it."""
    passes = samples.passes
    apart = samples.apart_km()
    singles: dict[tuple[int, float], float] = {}
    for i, alone in _singles(samples, within_km).items():
        step = float(samples.sigma[i + 1] - samples.sigma[i])
        if step == 0.0:
            continue
        stretch = float(apart[i]) / step
        middle = 0.5 * float(samples.sigma[i] + samples.sigma[i + 1])
        if stretch * least > _WIDEST_KM * math.exp(-0.5 * middle**2):
            continue
        for row, side in alone:
            singles[row, side] = side * step
    hunts, beside = [], []
    for (row, side), reach in singles.items():
        sigma, epoch = float(samples.sigma[passes.orbit[row]]), float(passes.epoch_mjd_tdb[row])
        twin = _TWIN * reach
        if (sigma, epoch, side) in settled.singles or sigma + twin == sigma:
            continue
        settled.singles.add((sigma, epoch, side))
        hunt = _Hunt(reach)
        hunt.add(sigma, epoch, passes.points_km[row])
        hunts.append(hunt)
        beside.append(sigma + twin)
    if hunts:
        _look(samples, hunts, np.array(beside), np.array([hunt.epoch[0] for hunt in hunts]))
    return [hunt for hunt in hunts if not hunt.lost]


def _without_twins(found: list[Return]) -> list[Return]:
    """Each return once: the same date, and points that are the same on the target plane."""
    kept: list[Return] = []
    for one in sorted(found, key=lambda r: (r.epoch_mjd_tdb, r.sigma)):
        apart = [
            abs(one.nearest_sigma - other.nearest_sigma) * min(one.stretch_km, other.stretch_km)
            for other in kept
            if abs(one.epoch_mjd_tdb - other.epoch_mjd_tdb) < 2.0
        ]
        if min(apart, default=math.inf) > 10.0 * _FOUND_KM:
            kept.append(one)
    return kept
