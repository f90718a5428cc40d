"""Where an orbiter of a station file goes: its path as an observer."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from perilune.astrometry.sites import Observer
from perilune.constants import MOON_RADIUS_KM
from perilune.ephemeris import planets
from perilune.errors import InputError
from perilune.frames.moon import MOON_ME, moon_orientation
from perilune.orbits.element_kernels import keplerian_to_state
from perilune.station.orbiters import oem_orbiter, propagated_orbiter, spk_orbiter
from perilune.station.spacecraft import FrozenOrbit, LowOrbit, Orbiter
from perilune.times import FloatArray, parse_epoch


def orbiter_path(orbiter: Orbiter, folder: Path) -> Observer:
    """The path of an orbiter.

    Args:
        folder: of the station file, from which the other files' paths count.

    Raises:
        InputError: its file or state cannot be used.
    """
    if orbiter.oem is not None:
        return oem_orbiter(orbiter.id, folder / orbiter.oem)
    if orbiter.spk is not None:
        return spk_orbiter(orbiter.id, folder / orbiter.spk.file, orbiter.spk.naif_id)
    if orbiter.state is not None:
        state = orbiter.state
        return propagated_orbiter(
            orbiter.id,
            parse_epoch(state.epoch, "epoch"),
            state.center,
            state.frame,
            (*state.position, *state.velocity),
        )
    for source in (orbiter.llo, orbiter.frozen):
        if source is not None:
            epoch = parse_epoch(source.epoch, "epoch")
            state_km = tuple(lunar_orbit_state(source, epoch).tolist())
            return propagated_orbiter(orbiter.id, epoch, "moon", "icrf", state_km)
    raise InputError(
        "the path of this family is not computed",
        field=orbiter.id,
        found=orbiter.family,
        remedy="Give it by an OEM, an SPK or a state.",
    )


def lunar_orbit_state(orbit: LowOrbit | FrozenOrbit, epoch_mjd_tdb: float) -> FloatArray:
    """The state (6,), km and km/s, from the Moon's centre in ICRF axes, of a lunar orbit.

    Inclination and node refer to the Moon's equator and prime meridian (ME axes as they stand at
    the epoch), or to the plane of the Earth's motion about the Moon and the Earth's direction.
    """
    gm = planets().constants.gm_major_km3_s2[4]
    if isinstance(orbit, LowOrbit):
        elements = [MOON_RADIUS_KM + orbit.altitude, 0.0, orbit.inclination, orbit.node, 0.0]
    else:
        low, high = MOON_RADIUS_KM + orbit.perilune, MOON_RADIUS_KM + orbit.apolune
        shape = [0.5 * (low + high), (high - low) / (high + low)]
        elements = [*shape, orbit.inclination, orbit.node, orbit.argument]
    own, jacobian = np.empty(6), np.empty((6, 6))
    keplerian_to_state(np.array([*elements, orbit.anomaly]), gm, own, jacobian)
    if isinstance(orbit, FrozenOrbit) and orbit.plane == "earth-orbit":
        axes = _earth_orbit_axes(epoch_mjd_tdb)
    else:
        axes = moon_orientation(epoch_mjd_tdb, MOON_ME).matrix
    return np.concatenate([own[:3] @ axes, own[3:] @ axes])


def _earth_orbit_axes(epoch_mjd_tdb: float) -> FloatArray:
    """Axes (rows) from the Moon: to the Earth, along its motion, and normal to its orbit."""
    earth_km, earth_km_s = planets().state("earth", epoch_mjd_tdb)
    moon_km, moon_km_s = planets().state("moon", epoch_mjd_tdb)
    to_earth, motion = earth_km - moon_km, earth_km_s - moon_km_s
    x = to_earth / np.linalg.norm(to_earth)
    normal = np.cross(to_earth, motion)
    z = normal / np.linalg.norm(normal)
    return np.stack([x, np.cross(z, x), z])
