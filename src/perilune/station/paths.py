"""Where an orbiter of a station file goes: its path as an observer."""

from __future__ import annotations

from pathlib import Path

from perilune.astrometry.sites import Observer
from perilune.station.free_orbits import FreeOrbiter, moon_axis_km, state_from_moon
from perilune.station.kept_orbits import kept_orbiter
from perilune.station.orbiters import oem_orbiter, propagated_orbiter, spk_orbiter
from perilune.station.orbits.flown import FlownOrbiter
from perilune.station.spacecraft import Orbiter
from perilune.times import parse_epoch


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
        start = state_from_moon(state)
        if moon_axis_km(start) is not None:
            return FreeOrbiter(orbiter.id, start)
        return propagated_orbiter(
            orbiter.id,
            parse_epoch(state.epoch, "epoch"),
            state.center,
            state.frame,
            (*state.position, *state.velocity),
        )
    kept = orbiter.llo or orbiter.frozen
    if kept is not None:
        return kept_orbiter(orbiter.id, kept)
    return FlownOrbiter(orbiter.id, orbiter)
