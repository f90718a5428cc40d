"""Where on the ground an impact may be: a central line and swaths, as GeoJSON.

Impact points lie along the line of variations and scatter little across it. On the sphere they are
put in coordinates along and across the great circle through their mean in their widest direction;
along it they are counted in standard deviations by their weights (the normal score of the weighted
share), across it by the mean and scatter at that place along. The k-sigma swath is where the two
together are within k: for a normal distribution its ellipse, which holds 39, 86 and 98.9 % for
k = 1, 2 and 3.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from perilune.errors import InputError

Array = NDArray[np.float64]

SIGMAS: Final = (1, 2, 3)
_SMOOTHING: Final = 0.35  # of the scores, over which mean and scatter across are taken
_STEPS: Final = 61  # vertices along each edge
_LEAST_WIDTH_RAD: Final = 1.0e-9


@dataclass(frozen=True, slots=True, eq=False)
class Corridor:
    """Central line and swaths on one body.

    Attributes:
        body: "earth" (geodetic latitudes, at 100 km altitude) or "moon".
        central: (M, 2) east longitude and latitude, rad, from minus three to three sigmas.
        swaths: for 1, 2 and 3 sigmas: a closed ring (K, 2), longitudes and latitudes, rad.
        samples: impacts that it rests on.
    """

    body: str
    central: Array
    swaths: dict[int, Array]
    samples: int

    def geojson(self) -> dict[str, object]:
        """A FeatureCollection (RFC 7946), degrees; cut at the antimeridian, closed over poles."""
        features: list[dict[str, object]] = [
            _feature(_line(self.central), {"kind": "central line", "body": self.body})
        ]
        for sigma, ring in self.swaths.items():
            properties = {"kind": "swath", "sigma": sigma, "body": self.body}
            features.append(_feature(_area(ring), properties))
        return {"type": "FeatureCollection", "features": features}


def corridor(
    body: str, longitude_rad: Array, latitude_rad: Array, weights: Array
) -> Corridor | None:
    """The corridor of weighted impact points; None for fewer than three of any weight.

    Args:
        body: "earth" or "moon".
        longitude_rad, latitude_rad, weights: (n,).

    Raises:
        InputError: a number is not finite, or a weight below nought.
    """
    both = np.stack([longitude_rad, latitude_rad, weights])
    if not np.isfinite(both).all() or (weights < 0.0).any():
        raise InputError("impact points and weights must be finite, no weight below nought")
    some = weights > 0.0
    if np.count_nonzero(some) < 3:
        return None
    share = weights[some] / weights.sum()
    points = _unit(longitude_rad[some], latitude_rad[some])
    frame = _frame(points, share)
    along, across = _to_frame(points, frame)
    order = np.argsort(along, kind="stable")
    along, across, share = along[order], across[order], share[order]
    middle_share = np.cumsum(share) - 0.5 * share
    score = ndtri(np.clip(middle_share, 1e-12, 1.0 - 1e-12))
    grid = np.linspace(-float(SIGMAS[-1]), float(SIGMAS[-1]), _STEPS)
    place = np.interp(ndtr(grid), middle_share, along)
    mean, scatter = _profile(grid, score, place, along, across, share)
    swaths = {}
    for sigma in SIGMAS:
        # Finer towards the ends, where the edge turns round.
        inside = sigma * np.sin(np.linspace(-0.5 * np.pi, 0.5 * np.pi, _STEPS))
        at = np.interp(inside, grid, place)
        centre = np.interp(inside, grid, mean)
        half = np.interp(inside, grid, scatter) * np.sqrt(np.maximum(sigma**2 - inside**2, 0.0))
        ring_along = np.concatenate([at, at[-2::-1]])
        ring_across = np.concatenate([centre - half, (centre + half)[-2::-1]])
        swaths[sigma] = _from_frame(ring_along, ring_across, frame)
    return Corridor(body, _from_frame(place, mean, frame), swaths, int(share.size))


def _profile(
    grid: Array, score: Array, place: Array, along: Array, across: Array, share: Array
) -> tuple[Array, Array]:
    """Mean and scatter (M,) across at each place along, by local straight lines."""
    away = (grid[:, np.newaxis] - score) / _SMOOTHING
    log_close = -0.5 * away**2 + np.log(share)
    close = np.exp(log_close - log_close.max(axis=1, keepdims=True))
    close /= close.sum(axis=1, keepdims=True)
    x = along - place[:, np.newaxis]
    x_mean = np.sum(close * x, axis=1)
    y_mean = close @ across
    xx = np.sum(close * (x - x_mean[:, np.newaxis]) ** 2, axis=1)
    xy = np.sum(close * (x - x_mean[:, np.newaxis]) * across, axis=1)
    slope = np.where(xx > 0.0, xy / np.where(xx > 0.0, xx, 1.0), 0.0)
    mean = y_mean - slope * x_mean
    line = mean[:, np.newaxis] + slope[:, np.newaxis] * x
    scatter = np.sqrt(np.sum(close * (across - line) ** 2, axis=1))
    # The ends rest on few impacts: their scatter is at least the median's half.
    return mean, np.maximum(scatter, max(0.5 * float(np.median(scatter)), _LEAST_WIDTH_RAD))


def _unit(longitude_rad: Array, latitude_rad: Array) -> Array:
    across = np.cos(latitude_rad)
    return np.stack(
        [across * np.cos(longitude_rad), across * np.sin(longitude_rad), np.sin(latitude_rad)],
        axis=-1,
    )


def _frame(points: Array, share: Array) -> Array:
    """Axes (3, 3) as rows: mean direction, widest direction across it, and their normal."""
    mean = share @ points
    mean /= np.linalg.norm(mean)
    flat = points - (points @ mean)[:, np.newaxis] * mean
    flat -= share @ flat
    _, vectors = np.linalg.eigh((flat * share[:, np.newaxis]).T @ flat)
    widest = vectors[:, -1] - (vectors[:, -1] @ mean) * mean
    widest /= np.linalg.norm(widest)
    return np.stack([mean, widest, np.cross(mean, widest)])


def _to_frame(points: Array, frame: Array) -> tuple[Array, Array]:
    x, y, z = frame @ points.T
    return np.arctan2(y, x), np.arcsin(np.clip(z, -1.0, 1.0))


def _from_frame(along: Array, across: Array, frame: Array) -> Array:
    """(K, 2) longitude and latitude, rad."""
    x, y, z = (_unit(along, across) @ frame).T
    return np.stack([np.arctan2(y, x), np.arctan2(z, np.hypot(x, y))], axis=-1)


def _feature(geometry: dict[str, object], properties: dict[str, object]) -> dict[str, object]:
    return {"type": "Feature", "geometry": geometry, "properties": properties}


def _unwrapped(path: Array) -> Array:
    """(K, 2) degrees, longitudes without jumps."""
    return np.degrees(np.stack([np.unwrap(path[:, 0]), path[:, 1]], axis=1))


def _strips(path: Array) -> list[float]:
    """The longitudes, degrees, by which pieces of an unwrapped path are shifted to -180 … 180."""
    first = np.floor((path[:, 0].min() + 180.0) / 360.0)
    last = np.ceil((path[:, 0].max() + 180.0) / 360.0)
    return [360.0 * turn for turn in np.arange(first, max(last, first + 1.0))]


def _line(path: Array) -> dict[str, object]:
    """A line, cut at the antimeridian (RFC 7946, section 3.1.9)."""
    unwrapped = _unwrapped(path)
    pieces: list[list[list[float]]] = []
    for shift in _strips(unwrapped):
        piece: list[list[float]] = []
        for start, end in pairwise(unwrapped):
            kept = _segment_between(start, end, shift - 180.0, shift + 180.0)
            if kept is None:
                if len(piece) > 1:
                    pieces.append(piece)
                piece = []
                continue
            ends = [[float(x) - shift, float(y)] for x, y in kept]
            piece = [*piece, ends[1]] if piece else ends
        if len(piece) > 1:
            pieces.append(piece)
    if len(pieces) == 1:
        return {"type": "LineString", "coordinates": pieces[0]}
    return {"type": "MultiLineString", "coordinates": pieces}


def _segment_between(start: Array, end: Array, low: float, high: float) -> list[Array] | None:
    """The part of a segment with low <= x <= high."""
    change = end - start
    first, last = 0.0, 1.0
    for limit, sign in ((low, 1.0), (high, -1.0)):
        before, after = sign * (start[0] - limit), sign * (end[0] - limit)
        if before < 0.0 and after < 0.0:
            return None
        if before < 0.0:
            first = max(first, before / (before - after))
        elif after < 0.0:
            last = min(last, before / (before - after))
    if first > last:
        return None
    return [start + first * change, start + last * change]


def _area(ring: Array) -> dict[str, object]:
    """A polygon, cut at the antimeridian; one around a pole is closed along it."""
    unwrapped = _unwrapped(ring)
    turns = round((unwrapped[-1, 0] - unwrapped[0, 0]) / 360.0)
    if turns != 0:
        pole = 90.0 if unwrapped[:, 1].mean() > 0.0 else -90.0
        first, last = unwrapped[0, 0], unwrapped[-1, 0]
        over = np.array([[last, pole], [first, pole], unwrapped[0]])
        unwrapped = np.concatenate([unwrapped, over])
    pieces = []
    for shift in _strips(unwrapped):
        cut = _clipped(unwrapped[:-1], shift - 180.0, 1.0)
        cut = _clipped(cut, shift + 180.0, -1.0)
        if len(cut) < 3:
            continue
        cut = cut - np.array([shift, 0.0])
        x, y = cut[:, 0], cut[:, 1]
        twice = float(np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y))
        if twice == 0.0:
            continue
        if twice < 0.0:  # exterior rings run counterclockwise (RFC 7946, section 3.1.6)
            cut = cut[::-1]
        pieces.append([[[float(a), float(b)] for a, b in [*cut, cut[0]]]])
    if len(pieces) == 1:
        return {"type": "Polygon", "coordinates": pieces[0]}
    return {"type": "MultiPolygon", "coordinates": pieces}


def _clipped(ring: Array, limit: float, sign: float) -> Array:
    """An open ring cut to sign (x - limit) >= 0 (Sutherland & Hodgman 1974)."""
    if len(ring) == 0:
        return ring
    kept: list[Array] = []
    for start, end in zip(ring, np.roll(ring, -1, axis=0), strict=True):
        before, after = sign * (start[0] - limit), sign * (end[0] - limit)
        if before >= 0.0:
            kept.append(start)
        if (before < 0.0) != (after < 0.0):
            cut = start + before / (before - after) * (end - start)
            cut[0] = limit
            kept.append(cut)
    return np.array(kept).reshape(-1, 2)
