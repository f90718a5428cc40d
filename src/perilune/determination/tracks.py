"""Observations sorted into tracks by their motion in the sky, where one orbit fits not all."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from perilune.determination.measurements import Measurements

# Rows nearer than these belong to one look at one object: 2 degrees in a third of a day is faster
# than all but what passes the Earth this very night.
_LOOK_D: Final = 0.3
_LOOK_RAD: Final = np.radians(2.0)
# How far from the straight continuation a next look may lie: for curvature, which grows with the
# square of the time, and for the error of a rate from a short look.
_START_RAD: Final = np.radians(0.05)
_CURVATURE_RAD_D2: Final = np.radians(0.01)
_RATE_ERROR: Final = 0.1
_FEWEST_LOOKS: Final = 3
# Beyond this many looks the work, which grows with their square, outweighs the hope.
_MOST_LOOKS: Final = 2000


@dataclass(slots=True)
class _Track:
    """Looks that follow one another along a great circle, nearly."""

    epoch_mjd: list[float] = field(default_factory=list)
    direction: list[NDArray[np.float64]] = field(default_factory=list)
    rate: NDArray[np.float64] = field(default_factory=lambda: np.zeros(3))
    rows: list[int] = field(default_factory=list)

    def misses_by(self, epoch_mjd: float, direction: NDArray[np.float64]) -> float:
        """The angle from the continuation, over what is allowed; above 1 is another object."""
        dt = epoch_mjd - self.epoch_mjd[-1]
        expected = self.direction[-1] + dt * self.rate
        away = float(np.linalg.norm(direction - expected / np.linalg.norm(expected)))
        speed = float(np.linalg.norm(self.rate))
        allowed = _START_RAD + _CURVATURE_RAD_D2 * dt**2 + _RATE_ERROR * speed * abs(dt)
        return float(away / allowed)

    def add(
        self,
        epoch_mjd: float,
        direction: NDArray[np.float64],
        rate: NDArray[np.float64],
        rows: list[int],
    ) -> None:
        """Take in the next look."""
        if self.epoch_mjd and epoch_mjd > self.epoch_mjd[-1]:
            rate = (direction - self.direction[-1]) / (epoch_mjd - self.epoch_mjd[-1])
        self.epoch_mjd.append(epoch_mjd)
        self.direction.append(direction)
        self.rate = rate
        self.rows += rows


def tracks(measurements: Measurements) -> list[NDArray[np.int64]]:
    """Rows of each track of at least three looks, the largest first."""
    direction = measurements.direction
    epoch = measurements.epoch_mjd_tdb
    looks = _looks(epoch, direction)
    if len(looks) > _MOST_LOOKS:
        return []
    found: list[_Track] = []
    for rows in looks:
        middle = float(np.mean(epoch[rows]))
        mean = direction[rows].mean(axis=0)
        mean /= np.linalg.norm(mean)
        span = epoch[rows[-1]] - epoch[rows[0]]
        rate = (direction[rows[-1]] - direction[rows[0]]) / span if span > 0.005 else np.zeros(3)
        best = min(found, key=lambda track: track.misses_by(middle, mean), default=None)
        if best is None or best.misses_by(middle, mean) > 1.0:
            best = _Track()
            found.append(best)
        best.add(middle, mean, rate, rows)
    long = [track for track in found if len(track.epoch_mjd) >= _FEWEST_LOOKS]
    long.sort(key=lambda track: -len(track.rows))
    return [np.array(sorted(track.rows), dtype=np.int64) for track in long]


def _looks(epoch_mjd: NDArray[np.float64], direction: NDArray[np.float64]) -> list[list[int]]:
    """Rows that are near in time and place, in the order of their first row."""
    looks: list[list[int]] = []
    open_looks: list[list[int]] = []
    for i in range(epoch_mjd.size):
        if not np.isfinite(direction[i, 0]):
            continue
        open_looks = [look for look in open_looks if epoch_mjd[i] - epoch_mjd[look[0]] < _LOOK_D]
        for look in open_looks:
            if float(np.linalg.norm(direction[i] - direction[look[-1]])) < _LOOK_RAD:
                look.append(i)
                break
        else:
            looks.append([i])
            open_looks.append(looks[-1])
    return looks
