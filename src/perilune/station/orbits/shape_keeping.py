"""What it costs to keep a low lunar orbit round: its eccentricity vector put back once a month.

The Moon's mascons move the eccentricity vector of a low orbit along a path that nearly closes with
the Moon's turn beneath; what does not close is put back by two burns half a revolution apart, each
by a quarter of the speed times the gap (Beckman & Lamb 2007, "Stationkeeping for the Lunar
Reconnaissance Orbiter", 20th ISSFD: 11 m/s a month at 50 km). Errors of the burns and of the orbit
are small beside this and left out; the spread is that of the months.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from perilune.constants import DAY_S, JULIAN_YEAR_D
from perilune.dynamics.lunar_orbit import SpacecraftForces, SpacecraftState, propagate_spacecraft
from perilune.ephemeris import planets
from perilune.errors import InputError
from perilune.station.kept_orbits import KeptOrbiter

FloatArray = NDArray[np.float64]
Progress = Callable[[float, str], None]

MONTH_D: Final = 27.321661  # sidereal
_SAMPLES: Final = 60  # of a revolution, over which the vector is averaged
_MOST_ECCENTRIC: Final = 0.1


@dataclass(frozen=True, eq=False)
class ShapeKeeping:
    """What months of a low orbit cost.

    Attributes:
        m_s_year: (months,) each month's cost, as a year of such months; NaN where the orbit would
            meet the ground within the month.
    """

    m_s_year: FloatArray

    @property
    def lost(self) -> int:
        """Months in which the orbit would meet the ground."""
        return int(np.count_nonzero(np.isnan(self.m_s_year)))

    @property
    def mean_m_s_year(self) -> float:
        """The mean of the months survived, NaN if there are none."""
        kept = self.m_s_year[np.isfinite(self.m_s_year)]
        return float(kept.mean()) if kept.size else math.nan

    @property
    def sigma_m_s_year(self) -> float:
        """Their standard deviation, NaN if there are fewer than two."""
        kept = self.m_s_year[np.isfinite(self.m_s_year)]
        return float(kept.std(ddof=1)) if kept.size > 1 else math.nan


def keep_shape(
    path: KeptOrbiter,
    forces: SpacecraftForces,
    months: int = 4,
    progress: Progress | None = None,
) -> ShapeKeeping:
    """The cost of some months, spread over a year, of a nearly circular orbit.

    Args:
        path: the orbit as it is to be.
        forces: what moves it: a field of a degree that suits its height.
        months: how many.
        progress: told the part done.

    Raises:
        InputError: no months, or an eccentricity over 0.1.
    """
    if months < 1:
        raise InputError("keeping a shape needs months", found=months, expected="1 or more")
    if path.eccentricity > _MOST_ECCENTRIC:
        raise InputError(
            "this way of keeping an orbit is for nearly circular ones",
            field=path.name,
            found=path.eccentricity,
            expected=f"an eccentricity up to {_MOST_ECCENTRIC}",
        )
    costs = []
    for k in range(months):
        costs.append(_month(path, forces, path.epoch_mjd_tdb + k * JULIAN_YEAR_D / months))
        if progress is not None:
            progress((k + 1) / months, "keeping the shape")
    return ShapeKeeping(np.array(costs))


def _month(path: KeptOrbiter, forces: SpacecraftForces, epoch: float) -> float:
    gm = planets().constants.gm_major_km3_s2[4]
    axis = path.semi_major_axis_km
    period_d = 2.0 * math.pi * math.sqrt(axis**3 / gm) / DAY_S
    part = period_d * np.arange(_SAMPLES) / _SAMPLES
    own = path.from_moon(np.array([epoch]))[0]
    start = SpacecraftState(epoch, "moon", own[:3], own[3:])
    run = propagate_spacecraft(start, forces, epoch + np.concatenate([part, MONTH_D + part]))
    if run.impact_mjd_tdb is not None:
        return math.nan
    vectors = _eccentricity_vectors(run.states @ np.kron(np.eye(2), path.axes.T), gm)
    gap = float(np.linalg.norm(vectors[_SAMPLES:].mean(axis=0) - vectors[:_SAMPLES].mean(axis=0)))
    burns_km_s = 0.5 * math.sqrt(gm / axis) * gap
    return burns_km_s * 1e3 * JULIAN_YEAR_D / MONTH_D


def _eccentricity_vectors(states: FloatArray, gm_km3_s2: float) -> FloatArray:
    """(M, 2): e cos ω and e sin ω, the argument counted from the node on the axes' equator."""
    place, velocity = states[:, :3], states[:, 3:]
    momentum = np.cross(place, velocity)
    radius = np.linalg.norm(place, axis=1)[:, np.newaxis]
    vector = np.cross(velocity, momentum) / gm_km3_s2 - place / radius
    unit = momentum / np.linalg.norm(momentum, axis=1)[:, np.newaxis]
    node = np.stack([-unit[:, 1], unit[:, 0], np.zeros(len(unit))], axis=1)
    length = np.linalg.norm(node, axis=1)[:, np.newaxis]
    # An orbit in the equator has no node: the axes' first serves as well.
    node = np.where(length > 1e-9, node / np.maximum(length, 1e-9), np.array([1.0, 0.0, 0.0]))
    across = np.cross(unit, node)
    return np.stack([np.sum(vector * node, axis=1), np.sum(vector * across, axis=1)], axis=1)
