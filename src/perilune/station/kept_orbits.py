"""Lunar orbits that are kept: their shape is held, and only their node drifts.

A family in a station file (`llo`, `frozen`) is a design: size, shape, inclination and argument of
perilune are what station-keeping holds. What it lets go is the node, which drifts by the Moon's
oblateness (Kaula 1966, equation 3.74) and by the Earth (doubly averaged, circular: Prado 2003,
J. Guidance 26, 33, doi:10.2514/2.5042, equation 11). A `state`, in contrast, is left to gravity.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from perilune.constants import DAY_S, MOON_RADIUS_KM
from perilune.ephemeris import planets
from perilune.frames.moon import MOON_ME, moon_orientation
from perilune.station.spacecraft import FrozenOrbit, LowOrbit
from perilune.times import FloatArray, parse_epoch

_MONTH_D: Final = 27.321661  # sidereal, which gives the Earth's mean motion about the Moon


@dataclass(frozen=True, slots=True, eq=False)
class KeptOrbiter:
    """An orbiter on a kept orbit about the Moon.

    Attributes:
        name: its id.
        epoch_mjd_tdb: of the elements.
        axes: (3, 3) rows: the axes, in ICRF, to which inclination and node refer; held fixed.
        semi_major_axis_km, eccentricity, inclination_rad, argument_rad: held.
        node_rad, node_rate_rad_d: at the epoch, and its drift.
        anomaly_rad: the mean anomaly at the epoch.
    """

    name: str
    epoch_mjd_tdb: float
    axes: FloatArray
    semi_major_axis_km: float
    eccentricity: float
    inclination_rad: float
    argument_rad: float
    node_rad: float
    node_rate_rad_d: float
    anomaly_rad: float

    @property
    def site(self) -> None:
        """None: it stands on no ground."""
        return

    def state(self, epoch_mjd_tdb: FloatArray) -> tuple[FloatArray, FloatArray]:
        """See `perilune.astrometry.sites.Observer.state`."""
        own = self.from_moon(epoch_mjd_tdb)
        moon_km, moon_km_s = planets().state("moon", epoch_mjd_tdb)
        return own[:, :3] + moon_km, own[:, 3:] + moon_km_s

    def from_moon(self, epoch_mjd_tdb: FloatArray) -> FloatArray:
        """States (N, 6), km and km/s, from the Moon's centre in ICRF axes."""
        gm = planets().constants.gm_major_km3_s2[4]
        a, e = self.semi_major_axis_km, self.eccentricity
        motion = math.sqrt(gm / a**3)
        since_d = epoch_mjd_tdb - self.epoch_mjd_tdb
        mean = np.remainder(self.anomaly_rad + motion * DAY_S * since_d, 2.0 * np.pi)
        eccentric = _eccentric_anomaly(mean, e)
        cosine, sine = np.cos(eccentric), np.sin(eccentric)
        minor = math.sqrt(1.0 - e * e)
        rate = motion / (1.0 - e * cosine)
        in_plane = (a * (cosine - e), a * minor * sine)
        in_plane_rate = (-a * rate * sine, a * minor * rate * cosine)
        node = self.node_rad + self.node_rate_rad_d * since_d
        cn, sn = np.cos(node), np.sin(node)
        cw, sw = math.cos(self.argument_rad), math.sin(self.argument_rad)
        ci, si = math.cos(self.inclination_rad), math.sin(self.inclination_rad)
        p = np.stack([cn * cw - sn * sw * ci, sn * cw + cn * sw * ci, np.full_like(cn, sw * si)], 1)
        q = np.stack(
            [-cn * sw - sn * cw * ci, -sn * sw + cn * cw * ci, np.full_like(cn, cw * si)], 1
        )
        drift = self.node_rate_rad_d / DAY_S
        place = in_plane[0][:, np.newaxis] * p + in_plane[1][:, np.newaxis] * q
        speed = in_plane_rate[0][:, np.newaxis] * p + in_plane_rate[1][:, np.newaxis] * q
        speed += drift * np.stack([-place[:, 1], place[:, 0], np.zeros_like(cn)], 1)
        return np.concatenate([place @ self.axes, speed @ self.axes], axis=1)


def kept_orbiter(name: str, orbit: LowOrbit | FrozenOrbit) -> KeptOrbiter:
    """The orbiter of a family's member."""
    epoch = parse_epoch(orbit.epoch, "epoch")
    if isinstance(orbit, LowOrbit):
        a, e, argument = MOON_RADIUS_KM + orbit.altitude, 0.0, 0.0
        axes = moon_orientation(epoch, MOON_ME).matrix
    else:
        low, high = MOON_RADIUS_KM + orbit.perilune, MOON_RADIUS_KM + orbit.apolune
        a, e, argument = 0.5 * (low + high), (high - low) / (high + low), orbit.argument
        in_orbit = orbit.plane == "earth-orbit"
        axes = _earth_orbit_axes(epoch) if in_orbit else moon_orientation(epoch, MOON_ME).matrix
    return KeptOrbiter(
        name=name,
        epoch_mjd_tdb=epoch,
        axes=axes,
        semi_major_axis_km=a,
        eccentricity=e,
        inclination_rad=orbit.inclination,
        argument_rad=argument,
        node_rad=orbit.node,
        node_rate_rad_d=_node_rate_rad_d(a, e, orbit.inclination, argument),
        anomaly_rad=orbit.anomaly,
    )


def _node_rate_rad_d(
    semi_major_axis_km: float, eccentricity: float, inclination_rad: float, argument_rad: float
) -> float:
    constants = planets().constants
    gm_earth, gm_moon = constants.gm_major_km3_s2[3:5]
    square = 1.0 - eccentricity**2
    motion_d = math.sqrt(gm_moon / semi_major_axis_km**3) * DAY_S
    flattening = constants.moon_j2 * (constants.moon_radius_km / (semi_major_axis_km * square)) ** 2
    by_moon = -1.5 * motion_d * flattening * math.cos(inclination_rad)
    share = gm_earth / (gm_earth + gm_moon)
    shape = 5.0 * eccentricity**2 * math.cos(2.0 * argument_rad) - 3.0 * eccentricity**2 - 2.0
    month = 2.0 * math.pi / _MONTH_D
    strength = 0.375 * share * month**2 / (motion_d * math.sqrt(square))
    return by_moon + strength * shape * math.cos(inclination_rad)


def _eccentric_anomaly(mean_rad: FloatArray, eccentricity: float) -> FloatArray:
    """Kepler's equation by Newton's steps from Danby's start (1987, Celest. Mech. 40, 303)."""
    found = mean_rad + 0.85 * eccentricity * np.sign(np.sin(mean_rad))
    for _ in range(12):
        miss = found - eccentricity * np.sin(found) - mean_rad
        if np.abs(miss).max(initial=0.0) < 1e-14:
            break
        found = found - miss / (1.0 - eccentricity * np.cos(found))
    return found


def _earth_orbit_axes(epoch_mjd_tdb: float) -> FloatArray:
    """Axes (rows) from the Moon: to the Earth, along its motion, and normal to its orbit."""
    earth_km, earth_km_s = planets().state("earth", epoch_mjd_tdb)
    moon_km, moon_km_s = planets().state("moon", epoch_mjd_tdb)
    to_earth, motion = earth_km - moon_km, earth_km_s - moon_km_s
    x = to_earth / np.linalg.norm(to_earth)
    normal = np.cross(to_earth, motion)
    z = normal / np.linalg.norm(normal)
    return np.stack([x, np.cross(z, x), z])
