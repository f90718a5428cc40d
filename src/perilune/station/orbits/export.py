"""Orbits written for others: CCSDS OEM and SPICE SPK, from the Moon's centre in ICRF axes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from perilune.ephemeris import planets
from perilune.errors import InputError
from perilune.orbits.oem import OemSegment, write_oem
from perilune.orbits.spk_writing import SpkStates, write_spk
from perilune.station.orbits.flown import FlownOrbiter, reference_orbit, tabulated
from perilune.station.orbits.report import OrbiterRow
from perilune.station.orbits.track import span_of
from perilune.station.paths import orbiter_path
from perilune.station.spacecraft import Orbiter
from perilune.station.tabulated import spaced_by_distance

FloatArray = NDArray[np.float64]

_POINTS = 8  # joined by Hermite's interpolation, of degree 15
_FIRST_NUMBER: Final = -9_000_001  # of ours in SPKs: no mission's
_ROUGH: Final = 400  # of a period: where the path is near the Moon
_MOST_ROUGH: Final = 400_000
_SPACING: Final = 0.2  # of a dynamical time


def write_orbits(
    orbiters: Sequence[Orbiter], stations_folder: Path, rows: Sequence[OrbiterRow], folder: Path
) -> list[tuple[str, int, tuple[Path, Path]]]:
    """Write each orbiter's path, over the days of its row, as an OEM and as an SPK.

    Args:
        orbiters: from the station file.
        stations_folder: the station file's own.
        rows: their reports.
        folder: where the files go, named by the orbiters' ids; it is made where it is not there.

    Returns:
        Of each its id, its number in the SPK, and both files.

    Raises:
        InputError: an id makes no file's name, or a file cannot be written.
    """
    for orbiter in orbiters:
        if any(mark in orbiter.id for mark in "/\\\0") or orbiter.id in (".", ".."):
            raise InputError(
                "this id makes no file's name",
                field=f"orbiters.{orbiter.id}.id",
                found=orbiter.id,
                expected="an id without slashes",
            )
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            "the folder cannot be made", file=str(folder), found=error.strerror
        ) from None
    written = []
    for k, (orbiter, row) in enumerate(zip(orbiters, rows, strict=True)):
        epochs, states = _sampled(orbiter, stations_folder, row)
        number = _FIRST_NUMBER - k
        # Both formats are of ASCII.
        name = orbiter.id if orbiter.id.isascii() else f"ORBITER {k + 1}"
        oem, spk = folder / f"{orbiter.id}.oem", folder / f"{orbiter.id}.bsp"
        for file in (oem, spk):
            write_path(file, name, epochs, states, number)
        written.append((orbiter.id, number, (oem, spk)))
    return written


def _sampled(
    orbiter: Orbiter, stations_folder: Path, row: OrbiterRow
) -> tuple[FloatArray, FloatArray]:
    """Epochs (N,) and states (N, 6) from the Moon, dense where it is near."""
    path = orbiter_path(orbiter, stations_folder)
    first, last = span_of(orbiter, path, row)
    if isinstance(path, FlownOrbiter):  # which is a table already, of the arcs' own states
        table = tabulated(reference_orbit(orbiter, first, last))
        rows = (table.epoch_mjd_tdb >= first) & (table.epoch_mjd_tdb <= last)
        return table.epoch_mjd_tdb[rows], table.states[rows]
    period_d = min(row.period_d or last - first, last - first)
    count = min(int((last - first) / period_d * _ROUGH) + _POINTS, _MOST_ROUGH)

    def from_moon(epochs: FloatArray) -> FloatArray:
        states = np.concatenate(path.state(epochs), axis=1)
        return states - np.concatenate(planets().state("moon", epochs), axis=1)

    grid = np.linspace(first, last, count)
    radius_km = np.linalg.norm(from_moon(grid)[:, :3], axis=1)
    gm = planets().constants.gm_major_km3_s2[4]
    epochs = spaced_by_distance(grid, radius_km, gm, _SPACING, period_d / 40.0)
    return epochs, from_moon(epochs)


def write_path(
    path: Path | str,
    name: str,
    epoch_mjd_tdb: FloatArray,
    states: FloatArray,
    naif_id: int = -999,
) -> None:
    """Write a path as the file's ending says: `.oem` or `.bsp`.

    Args:
        path: the file; one that is there is replaced.
        name: of the spacecraft.
        epoch_mjd_tdb: (N,) ascending, at least 8; as dense near the Moon as `flown.tabulated`.
        states: (N, 6) km and km/s from the Moon's centre.
        naif_id: its number in an SPK.

    Raises:
        InputError: another ending, too few states, or a file that cannot be written.
    """
    target = Path(path)
    if target.suffix.lower() == ".bsp":
        segment = SpkStates(naif_id, "moon", name[:40], epoch_mjd_tdb, states, _POINTS)
        write_spk(target, [segment])
        return
    if target.suffix.lower() != ".oem":
        raise InputError(
            "the ending does not say how to write the orbit",
            file=str(path),
            found=target.suffix,
            expected=".oem or .bsp",
        )
    message = OemSegment(
        object_name=name,
        object_id=str(naif_id),
        originator="PERILUNE",
        creation_date="",
        origin="MOON",
        frame="ICRF",
        epoch_mjd_tdb=epoch_mjd_tdb,
        states=states,
        covariance_epoch_mjd_tdb=np.empty(0),
        covariances=np.empty((0, 6, 6)),
        interpolation="HERMITE",
        interpolation_degree=2 * _POINTS - 1,
    )
    try:
        target.write_text(write_oem([message]), encoding="ascii")
    except OSError as error:
        raise InputError(
            "the OEM file cannot be written", file=str(path), found=error.strerror
        ) from None
