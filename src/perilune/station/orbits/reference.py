"""A path in the real ephemeris that returns and returns: nodes that arcs join."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from perilune.constants import DAY_S
from perilune.dynamics.lunar_orbit import (
    Event,
    SpacecraftForces,
    SpacecraftState,
    find_events,
    propagate_spacecraft,
)
from perilune.errors import OutOfRangeError
from perilune.station.side_by_side import side_by_side

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ReferenceOrbit:
    """A path about the Moon, ICRF, km, km/s, from the Moon's centre.

    Attributes:
        name: the family or the orbiter.
        revolutions: how many it was made for.
        epoch_mjd_tdb: (N + 1,) of its nodes.
        states: (N + 1, 6) there.
        forces: what acts.
        gap_km, gap_m_s: the largest jump of position and velocity between arcs.
    """

    name: str
    revolutions: int
    epoch_mjd_tdb: FloatArray
    states: FloatArray
    forces: SpacecraftForces
    gap_km: float
    gap_m_s: float

    @property
    def days(self) -> float:
        """Its length."""
        return float(self.epoch_mjd_tdb[-1] - self.epoch_mjd_tdb[0])

    @property
    def period_d(self) -> float:
        """The mean length of a revolution."""
        return self.days / self.revolutions

    def at(self, epoch_mjd_tdb: FloatArray) -> FloatArray:
        """States (M, 6) at epochs (M,), each carried from the node before it.

        Raises:
            OutOfRangeError: an epoch outside the nodes'.
        """
        epochs = np.atleast_1d(np.asarray(epoch_mjd_tdb, dtype=np.float64))
        first, last = float(self.epoch_mjd_tdb[0]), float(self.epoch_mjd_tdb[-1])
        outside = (epochs < first) | (epochs > last)
        if outside.any():
            raise OutOfRangeError(
                "Epoch MJD TDB", float(epochs[outside][0]), first, last, f"the orbit {self.name}"
            )
        out = np.empty((epochs.size, 6))
        arc = np.clip(
            np.searchsorted(self.epoch_mjd_tdb, epochs, side="right") - 1,
            0,
            self.epoch_mjd_tdb.size - 2,
        )

        def fill(k: int) -> None:
            rows = np.flatnonzero(arc == k)
            wanted, back = np.unique(epochs[rows], return_inverse=True)
            path = propagate_spacecraft(self._node(k), self.forces, wanted)
            out[rows] = path.states[back]

        side_by_side(fill, np.unique(arc).tolist())
        return out

    def events(self, event: Event, direction: int = 0) -> tuple[FloatArray, FloatArray]:
        """Epochs (E,) and states (E, 6) of events against the Moon; see `find_events`."""
        found = [
            find_events(
                self._node(k),
                self.forces,
                float(self.epoch_mjd_tdb[k + 1]),
                event,
                direction=direction,
            )
            for k in range(self.epoch_mjd_tdb.size - 1)
        ]
        epochs = np.concatenate([each[0] for each in found])
        states = np.concatenate([each[1] for each in found])
        # An event on a node may show on both sides of it.
        keep = np.append(True, np.diff(epochs) * DAY_S > 1.0)[: epochs.size]
        return epochs[keep], states[keep]

    @cached_property
    def perilunes_km(self) -> FloatArray:
        """The Moon distances of its perilunes."""
        return np.asarray(np.linalg.norm(self.events(Event.APSIS, 1)[1][:, :3], axis=1))

    @cached_property
    def apolunes_km(self) -> FloatArray:
        """The Moon distances of its apolunes."""
        return np.asarray(np.linalg.norm(self.events(Event.APSIS, -1)[1][:, :3], axis=1))

    def _node(self, k: int) -> SpacecraftState:
        state = self.states[k]
        return SpacecraftState(float(self.epoch_mjd_tdb[k]), "moon", state[:3], state[3:])
