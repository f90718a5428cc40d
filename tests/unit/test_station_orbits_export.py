"""Orbits written as OEM and SPK, read again by us and by SPICE."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from perilune.cli.main import main
from perilune.constants import DAY_S, J2000_MJD_TDB
from perilune.dynamics.three_body_families import family, member
from perilune.ephemeris import planets
from perilune.errors import InputError
from perilune.station.orbiters import oem_orbiter, spk_orbiter
from perilune.station.orbits.export import write_path
from perilune.station.orbits.flown import tabulated
from perilune.station.orbits.reference import ReferenceOrbit
from perilune.station.orbits.shooting import carry_into_ephemeris
from perilune.station.reading import read_station
from perilune.times import parse_epoch


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
    assert np.abs(place_km - moon_km - own[:, :3]).max() < 1e-3
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


def test_a_station_s_orbits_are_written_for_others(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`station orbits --output`: each path as OEM and SPK, read by SPICE and by us.

    Against the orbiter's own path: millimetres seen low over the Moon, 0.3 m on the NRHO.
    """
    spice = pytest.importorskip("spiceypy")
    file = tmp_path / "station.yaml"
    file.write_text("""\
name: Orbits
orbiters:
  - {id: "луна", llo: {altitude: 100 km, inclination: 90 deg, epoch: 2030-01-01}}
  - id: free
    state:
      {epoch: 2030-01-01, center: moon, frame: icrf, position: 1900 0 0 km, velocity: 0 1.6 0 km/s}
  - {id: nrho, nrho: {point: L2, branch: south, resonance: "9:2", epoch: 2030-01-01}}
""")
    out = tmp_path / "paths"
    command = ["station", "orbits", str(file), "--samples", "0", "--days", "9"]
    assert main([*command, "--output", str(out)]) == 0
    assert "as body -9000003" in capsys.readouterr().err
    assert len(list(out.iterdir())) == 6
    held = read_station(file)
    epochs = parse_epoch("2030-01-01") + np.linspace(0.1, 8.8, 300)
    moon = np.concatenate(planets().state("moon", epochs), axis=1)
    for number, orbiter in enumerate(held.orbiters, start=9_000_001):
        own = np.concatenate(held.observer(orbiter.id).state(epochs), axis=1) - moon
        oem = oem_orbiter(orbiter.id, out / f"{orbiter.id}.oem").state(epochs)
        spk = str(out / f"{orbiter.id}.bsp")
        spice.furnsh(spk)
        try:
            times = (epochs - J2000_MJD_TDB) * DAY_S
            theirs = np.array([spice.spkgeo(-number, time, "J2000", 301)[0] for time in times])
        finally:
            spice.unload(spk)
        for found in (theirs, np.concatenate(oem, axis=1) - moon):
            assert np.abs(found[:, :3] - own[:, :3]).max() < 1e-3
            assert np.abs(found[:, 3:] - own[:, 3:]).max() < 1e-6


def test_an_id_that_names_no_file_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "station.yaml"
    orbit = "llo: {altitude: 100 km, inclination: 90 deg, epoch: 2030-01-01}"
    file.write_text(f"name: Orbits\norbiters: [{{id: ../up, {orbit}}}]\n")
    command = ["station", "orbits", str(file), "--samples", "0", "--days", "1"]
    assert main([*command, "--output", str(tmp_path / "paths")]) == 2
    assert "makes no file's name" in capsys.readouterr().err
    assert not (tmp_path / "paths").exists()
