"""States between the epochs of a table: Lagrange's and Hermite's interpolation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from perilune.astrometry.observations import FloatArray
from perilune.constants import DAY_S
from perilune.errors import InputError, OutOfRangeError
from perilune.station.table_kernels import hermite_states


@dataclass(frozen=True, slots=True, eq=False)
class TabulatedStates:
    """States at ascending epochs and how to pass between them.

    Attributes:
        epoch_mjd_tdb: (N,) ascending.
        states: (N, 6), km and km/s.
        points: how many neighbouring states are used at once.
        is_hermite: whether their velocities fix the slopes of the positions (degree 2 points - 1);
            else all six numbers are interpolated alike (degree points - 1).
        source: the file, for errors.
    """

    epoch_mjd_tdb: FloatArray
    states: FloatArray
    points: int
    is_hermite: bool
    source: str

    def __post_init__(self) -> None:
        if not 1 <= self.points <= self.epoch_mjd_tdb.size or self.epoch_mjd_tdb.size < 2:
            raise InputError(
                "the table is too short for its interpolation",
                file=self.source,
                found=f"{self.epoch_mjd_tdb.size} states",
                expected=f"at least {max(self.points, 2)}",
            )

    def at(self, epoch_mjd_tdb: FloatArray) -> FloatArray:
        """States (M, 6) at epochs (M,).

        Raises:
            OutOfRangeError: an epoch lies outside the table.
        """
        first, last = float(self.epoch_mjd_tdb[0]), float(self.epoch_mjd_tdb[-1])
        outside = (epoch_mjd_tdb < first) | (epoch_mjd_tdb > last)
        if outside.any():
            raise OutOfRangeError(
                "Epoch MJD TDB", float(epoch_mjd_tdb[outside][0]), first, last, self.source
            )
        above = np.searchsorted(self.epoch_mjd_tdb, epoch_mjd_tdb, side="right")
        start = np.clip(above - (self.points + 1) // 2, 0, self.epoch_mjd_tdb.size - self.points)
        if self.is_hermite:
            out = np.empty((epoch_mjd_tdb.size, 6))
            hermite_states(
                (self.epoch_mjd_tdb - first) * DAY_S,
                np.ascontiguousarray(self.states),
                start,
                self.points,
                (epoch_mjd_tdb - first) * DAY_S,
                out,
            )
            return out
        rows = start[:, np.newaxis] + np.arange(self.points)
        # Seconds from the epoch that is asked for, which is where the polynomial is taken.
        nodes_s = (self.epoch_mjd_tdb[rows] - epoch_mjd_tdb[:, np.newaxis]) * DAY_S
        weights = _lagrange(nodes_s)
        return np.asarray(np.einsum("mp,mpk->mk", weights, self.states[rows]))


def spaced_by_distance(
    grid_mjd_tdb: FloatArray, distance_km: FloatArray, gm_km3_s2: float, share: float, most_d: float
) -> FloatArray:
    """Epochs from a rough grid's first to its last, a share of the dynamical time apart.

    Args:
        grid_mjd_tdb: (N,) ascending.
        distance_km: (N,) from the attracting body.
        share: of the dynamical time there.
        most_d: the widest spacing.
    """
    spacing_d = np.minimum(share * np.sqrt(distance_km**3 / gm_km3_s2) / DAY_S, most_d)
    count = np.concatenate([[0.0], np.cumsum(np.diff(grid_mjd_tdb) / spacing_d[1:])])
    return np.interp(np.linspace(0.0, count[-1], int(count[-1]) + 8), count, grid_mjd_tdb)


def _lagrange(nodes_s: FloatArray) -> FloatArray:
    """Lagrange's weights (M, P) at 0 for nodes (M, P)."""
    count = nodes_s.shape[1]
    weights = np.ones_like(nodes_s)
    for j in range(count):
        for k in range(count):
            if k != j:
                weights[:, j] *= nodes_s[:, k] / (nodes_s[:, k] - nodes_s[:, j])
    return weights
