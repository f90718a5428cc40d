"""Six numbers that observers like: place and motion on the sky, range and range rate.

The attributable of Milani & Gronchi (2010), Theory of Orbit Determination, chapter 8, on the plane
that touches the sphere at one observation, and what ranges and rates an object of the Solar
System may have with it (the admissible region, ibid.).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from perilune.astrometry.observations import FloatArray
from perilune.constants import AU_KM
from perilune.determination.measurements import Measurements
from perilune.dynamics.system import surface_arrays
from perilune.ephemeris import MAJOR_BODIES, Ephemeris

# An orbit about the Earth smaller than this (the radius of its Hill sphere) is a satellite's.
_HILL_KM: Final = 0.01 * AU_KM


@dataclass(frozen=True, slots=True, eq=False)
class SkyFrame:
    """An observer's view at one epoch.

    Attributes:
        epoch_mjd_tdb: of the states; geometric, without light time.
        observer_km, observer_km_s: (3,) barycentric ICRF.
        axes: (3, 3) rows: an observed direction, towards east, towards north.
    """

    epoch_mjd_tdb: float
    observer_km: FloatArray
    observer_km_s: FloatArray
    axes: FloatArray

    def states(self, sky: FloatArray, range_km: FloatArray, rate_km_s: FloatArray) -> FloatArray:
        """Barycentric states (L, 6).

        Args:
            sky: (L, 4) east and north of the frame's direction (tangents), and their rates in
                rad/s.
            range_km, rate_km_s: (L,).
        """
        towards = self.axes[0] + sky[:, :2] @ self.axes[1:]
        towards /= np.linalg.norm(towards, axis=1, keepdims=True)
        away = range_km[:, np.newaxis]
        velocity = rate_km_s[:, np.newaxis] * towards + away * (sky[:, 2:] @ self.axes[1:])
        return np.hstack([self.observer_km + away * towards, self.observer_km_s + velocity])


def sky_frame(measurements: Measurements) -> tuple[SkyFrame, FloatArray]:
    """The frame of the optical observation nearest to the middle, and a first attributable (4,).

    The attributable is that of a motion along a straight line on the plane.
    """
    epochs = measurements.epoch_mjd_tdb
    middle = int(np.argmin(np.abs(epochs - epochs.mean())))
    ra = measurements.ra_rad[middle]
    east = np.array([-np.sin(ra), np.cos(ra), 0.0])
    direction = measurements.direction
    axes = np.stack([direction[middle], east, np.cross(direction[middle], east)])
    frame = SkyFrame(
        float(epochs[middle]),
        measurements.observer_km[middle],
        measurements.observer_km_s[middle],
        axes,
    )
    seen = direction @ axes.T
    plane = seen[:, 1:] / seen[:, :1]
    since_s = (epochs - frame.epoch_mjd_tdb) * 86400.0
    # Medians, so that a blunder does not spoil the start.
    span = max(float(np.ptp(since_s)), 1.0)
    pairs = since_s[np.newaxis, :] - since_s[:, np.newaxis]
    far = pairs > 0.3 * span
    rate = np.array(
        [
            np.median((plane[np.newaxis, :, k] - plane[:, np.newaxis, k])[far] / pairs[far])
            for k in range(2)
        ]
    )
    place = np.median(plane - since_s[:, np.newaxis] * rate, axis=0)
    return frame, np.concatenate([place, rate])


def rate_limits(
    ephemeris: Ephemeris, frame: SkyFrame, sky: FloatArray, range_km: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Range rates (L,), lowest and highest, that leave the object bound to the Sun; NaN if none."""
    rest = frame.states(np.tile(sky, (range_km.size, 1)), range_km, np.zeros(range_km.size))
    sun_km, sun_km_s = ephemeris.state("sun", frame.epoch_mjd_tdb)
    towards = rest[:, :3] - frame.observer_km
    towards /= np.linalg.norm(towards, axis=1, keepdims=True)
    relative = rest[:, 3:] - sun_km_s
    gm = ephemeris.constants.gm_sun_km3_s2
    escape2 = 2.0 * gm / np.linalg.norm(rest[:, :3] - sun_km, axis=1)
    along = np.sum(relative * towards, axis=1)
    inside = along**2 - np.sum(relative**2, axis=1) + escape2
    half = np.sqrt(np.where(inside > 0.0, inside, np.nan))
    return -along - half, -along + half


def is_admissible(
    ephemeris: Ephemeris, epoch_mjd_tdb: float, states: FloatArray
) -> NDArray[np.bool_]:
    """Which states (L, 6) are outside all bodies, bound to the Sun, no satellites of the Earth."""
    sun_km, sun_km_s = ephemeris.state("sun", epoch_mjd_tdb)
    earth_km, earth_km_s = ephemeris.state("earth", epoch_mjd_tdb)
    gm_sun = ephemeris.constants.gm_sun_km3_s2
    gm_earth = float(ephemeris.arrays.gm_km3_s2[ephemeris.body_index("earth")])
    good = np.isfinite(states).all(axis=1)
    good &= _energy(states, sun_km, sun_km_s, gm_sun) < 0.0
    about_earth = _energy(states, earth_km, earth_km_s, gm_earth)
    good &= ~(about_earth < -0.5 * gm_earth / _HILL_KM)
    radii = surface_arrays(ephemeris.constants.sun_radius_km).radius_km
    for name, radius in zip(MAJOR_BODIES, radii, strict=True):
        centre, _ = ephemeris.state(name, epoch_mjd_tdb)
        good &= np.linalg.norm(states[:, :3] - centre, axis=1) > radius
    return good


def _energy(
    states: FloatArray, centre_km: FloatArray, centre_km_s: FloatArray, gm: float
) -> FloatArray:
    speed2 = np.sum((states[:, 3:] - centre_km_s) ** 2, axis=1)
    distance = np.linalg.norm(states[:, :3] - centre_km, axis=1)
    return np.asarray(0.5 * speed2 - gm / np.maximum(distance, 1.0))
