"""Orbits written for others: CCSDS OEM and SPICE SPK, from the Moon's centre in ICRF axes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from perilune.errors import InputError
from perilune.orbits.oem import OemSegment, write_oem
from perilune.orbits.spk_writing import SpkStates, write_spk

FloatArray = NDArray[np.float64]

_POINTS = 8  # joined by Hermite's interpolation, of degree 15


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
