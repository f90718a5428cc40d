"""An orbiter's first revolutions, in axes that turn with the Earth's direction: for pictures."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from perilune.astrometry.sites import Observer
from perilune.ephemeris import planets
from perilune.station.orbiters import TabulatedOrbiter
from perilune.station.orbits.report import OrbiterRow
from perilune.station.paths import orbiter_path
from perilune.station.spacecraft import Orbiter
from perilune.times import FloatArray, parse_epoch

_REVOLUTIONS: Final = 3.0
_POINTS: Final = 1500
_DAYS: Final = 10.0  # where no period is known


@dataclass(frozen=True, slots=True, eq=False)
class OrbitTrack:
    """Places of an orbiter.

    Attributes:
        orbiter: its id.
        epoch_mjd_tdb: (N,).
        place_km: (N, 3) from the Moon's centre: x to the Earth, z along the normal of the Moon's
            orbit.
    """

    orbiter: str
    epoch_mjd_tdb: FloatArray
    place_km: FloatArray


def orbit_track(orbiter: Orbiter, folder: Path, row: OrbiterRow) -> OrbitTrack:
    """Three revolutions from the orbit's epoch, or as long as it lives or its file reaches.

    Args:
        orbiter: from the station file.
        folder: the file's own.
        row: its report.

    Raises:
        InputError: the orbiter's file or state cannot be used.
        OutOfRangeError: the span leaves the ephemeris.
    """
    path = orbiter_path(orbiter, folder)
    first, last = span_of(orbiter, path, row)
    period_d = row.period_d or _DAYS / _REVOLUTIONS
    epochs = np.linspace(first, min(first + _REVOLUTIONS * period_d, last), _POINTS)
    moon_km, moon_km_s = planets().state("moon", epochs)
    earth_km, earth_km_s = planets().state("earth", epochs)
    to_earth, motion = earth_km - moon_km, earth_km_s - moon_km_s
    x = _unit(to_earth)
    z = _unit(np.cross(to_earth, motion))
    axes = np.stack([x, np.cross(z, x), z], axis=1)
    place = path.state(epochs)[0] - moon_km
    return OrbitTrack(orbiter.id, epochs, np.einsum("nij,nj->ni", axes, place))


def span_of(orbiter: Orbiter, path: Observer, row: OrbiterRow) -> tuple[float, float]:
    """From an orbit's epoch (or its file's start) as long as its report looked and it lives."""
    if isinstance(path, TabulatedOrbiter):
        first = min(piece.first_mjd_tdb for piece in path.segments[path.target])
    else:
        first = parse_epoch(getattr(orbiter, orbiter.family).epoch, "epoch")
    is_steered = orbiter.state is None  # what is kept does not come down
    lived_d = row.span_d if row.lifetime_d is None or is_steered else 0.999 * row.lifetime_d
    return first, first + min(row.span_d, lived_d)


def _unit(vectors: FloatArray) -> FloatArray:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))
