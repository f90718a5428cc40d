"""The rotating, pulsating frame of the Earth and the Moon as DE440 moves them.

x points from the Earth to the Moon, z along the Moon's orbital momentum about the Earth, and the
unit of length is their distance at the moment: the three-body problem's frame, laid over the real
ephemeris. Gómez, Masdemont & Mondelo (2002), in "Libration Point Orbits and Applications".
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from perilune.constants import DAY_S
from perilune.ephemeris import planets

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class RotatingFrame:
    """The frame at epochs (M,).

    Attributes:
        distance_km: (M,) from the Earth to the Moon.
        distance_rate_km_s: (M,) its slope.
        spin_rad_s: (M,) about z; what the axes turn about x is left out (1e-4 of it).
        axes: (M, 3, 3), the frame's axes in ICRF as rows.
        gm_km3_s2: of both bodies.
    """

    distance_km: FloatArray
    distance_rate_km_s: FloatArray
    spin_rad_s: FloatArray
    axes: FloatArray
    gm_km3_s2: float

    @property
    def rate_rad_s(self) -> FloatArray:
        """The mean motion of a circular orbit at the distance of the moment, (M,)."""
        return np.asarray(np.sqrt(self.gm_km3_s2 / self.distance_km**3))

    def from_moon_icrf(self, states: FloatArray) -> FloatArray:
        """States (M, 6) against the frame, km and km/s, the Moon at its origin."""
        turned = np.einsum("kij,kpj->kpi", self.axes, states.reshape(-1, 2, 3))
        place, velocity = turned[:, 0], turned[:, 1].copy()
        velocity[:, 0] += self.spin_rad_s * place[:, 1]
        velocity[:, 1] -= self.spin_rad_s * place[:, 0]
        return np.concatenate([place, velocity], axis=1)

    def moon_icrf_of(self, states: FloatArray, mass_ratio: float) -> FloatArray:
        """ICRF states (M, 6) from the Moon, of states in the three-body problem's own units.

        Lengths by the distance of the moment, times by the mean motion of the moment.
        """
        place = states[:, :3] - np.array([1.0 - mass_ratio, 0.0, 0.0])
        across = np.stack([-place[:, 1], place[:, 0], np.zeros(len(place))], axis=1)
        distance = self.distance_km[:, np.newaxis]
        velocity = (
            self.distance_rate_km_s[:, np.newaxis] * place
            + distance * self.rate_rad_s[:, np.newaxis] * states[:, 3:]
            + distance * self.spin_rad_s[:, np.newaxis] * across
        )
        both = np.stack([distance * place, velocity], axis=1)
        return np.asarray(np.einsum("kji,kpj->kpi", self.axes, both).reshape(-1, 6))


def rotating_frame(epoch_mjd_tdb: ArrayLike) -> RotatingFrame:
    """The frame at epochs (M,), MJD TDB.

    Raises:
        OutOfRangeError: an epoch outside the ephemeris.
    """
    epochs = np.atleast_1d(np.asarray(epoch_mjd_tdb, dtype=np.float64))
    ephemeris = planets()
    earth_km, earth_km_s = ephemeris.state("earth", epochs)
    moon_km, moon_km_s = ephemeris.state("moon", epochs)
    line, motion = moon_km - earth_km, moon_km_s - earth_km_s
    distance = np.linalg.norm(line, axis=1)
    momentum = np.cross(line, motion)
    size = np.linalg.norm(momentum, axis=1)
    x = line / distance[:, np.newaxis]
    z = momentum / size[:, np.newaxis]
    gm_earth, gm_moon = ephemeris.constants.gm_major_km3_s2[3:5]
    return RotatingFrame(
        distance_km=distance,
        distance_rate_km_s=np.sum(x * motion, axis=1),
        spin_rad_s=size / distance**2,
        axes=np.stack([x, np.cross(z, x), z], axis=1),
        gm_km3_s2=gm_earth + gm_moon,
    )


def epochs_of_phase(start_mjd_tdb: float, days: float, phase: FloatArray) -> FloatArray:
    """Epochs (M,) at which given parts (M,) of the mean motion's angle over a span have passed.

    The frame's unit of time pulsates with its unit of length; over the span as a whole the days
    are as given.
    """
    count = max(200, int(days * 40.0))
    grid = np.linspace(0.0, days, count)
    rate = rotating_frame(start_mjd_tdb + grid).rate_rad_s * DAY_S
    angle = np.concatenate([[0.0], np.cumsum(0.5 * (rate[1:] + rate[:-1]) * np.diff(grid))])
    return np.asarray(start_mjd_tdb + np.interp(phase * angle[-1], angle, grid))
