"""Orbits written as OEM and SPK, read again by us and by SPICE."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from perilune.constants import DAY_S, J2000_MJD_TDB
from perilune.dynamics.three_body_families import family, member
from perilune.ephemeris import planets
from perilune.errors import InputError
from perilune.station.orbiters import oem_orbiter, spk_orbiter
from perilune.station.orbits.export import write_path
from perilune.station.orbits.flown import tabulated
from perilune.station.orbits.reference import ReferenceOrbit
from perilune.station.orbits.shooting import carry_into_ephemeris


@pytest.fixture(scope="module")
def nrho() -> ReferenceOrbit:
    return carry_into_ephemeris(member(family("nrho"), resonance=(9, 2)), 61000.0, 2)


@pytest.mark.parametrize("ending", [".oem", ".bsp"])
def test_the_path_comes_back(tmp_path: Path, nrho: ReferenceOrbit, ending: str) -> None:
    """To a metre, perilunes included: what the table's spacing promises."""
    table = tabulated(nrho)
    file = tmp_path / f"nrho{ending}"
    write_path(file, "NRHO", table.epoch_mjd_tdb, table.states, -60000)
    read = oem_orbiter("n", file) if ending == ".oem" else spk_orbiter("n", file, -60000)
    epochs = np.linspace(table.epoch_mjd_tdb[0] + 0.01, table.epoch_mjd_tdb[-1] - 0.01, 500)
    place_km, speed_km_s = read.state(epochs)
    moon_km, moon_km_s = planets().state("moon", epochs)
    own = nrho.at(epochs)
    assert np.abs(place_km - moon_km - own[:, :3]).max() < 2e-3
    assert np.abs(speed_km_s - moon_km_s - own[:, 3:]).max() < 2e-6


def test_spice_flies_it(tmp_path: Path, nrho: ReferenceOrbit) -> None:
    spice = pytest.importorskip("spiceypy")
    table = tabulated(nrho)
    file = tmp_path / "nrho.bsp"
    write_path(file, "NRHO", table.epoch_mjd_tdb, table.states, -60000)
    epochs = np.linspace(table.epoch_mjd_tdb[0] + 0.01, table.epoch_mjd_tdb[-1] - 0.01, 200)
    spice.furnsh(str(file))
    try:
        times = (epochs - J2000_MJD_TDB) * DAY_S
        theirs = np.array([spice.spkgeo(-60000, time, "J2000", 301)[0] for time in times])
    finally:
        spice.kclear()
    assert np.abs(theirs[:, :3] - nrho.at(epochs)[:, :3]).max() < 2e-3


def test_what_cannot_be_written(tmp_path: Path, nrho: ReferenceOrbit) -> None:
    with pytest.raises(InputError, match="ending"):
        write_path(tmp_path / "nrho.txt", "NRHO", nrho.epoch_mjd_tdb, nrho.states)
    with pytest.raises(InputError, match="cannot be written"):
        write_path(tmp_path / "no" / "nrho.oem", "NRHO", nrho.epoch_mjd_tdb, nrho.states)
