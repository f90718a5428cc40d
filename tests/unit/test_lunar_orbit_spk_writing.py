"""SPK files that Perilune writes, as SPICE and as Perilune read them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from perilune.constants import DAY_S, J2000_MJD_TDB
from perilune.ephemeris import planets
from perilune.errors import InputError
from perilune.orbits.spk_writing import SpkStates, write_spk
from perilune.station.orbiters import spk_orbiter


def _circle(count: int, number: int = -77) -> SpkStates:
    """A circle of 6,000 km about the Moon in 2.3 days, at uneven steps."""
    epochs = 61000.0 + np.arange(count) / 24.0 + 0.01 * np.sin(np.arange(count))
    rate = 2.0 * np.pi / (2.3 * DAY_S)
    phase = rate * (epochs - 61000.0) * DAY_S
    zero = np.zeros(count)
    states = 6000.0 * np.stack(
        [np.cos(phase), np.sin(phase), zero, -rate * np.sin(phase), rate * np.cos(phase), zero],
        axis=1,
    )
    return SpkStates(number, "moon", "a circle", epochs, states)


@pytest.mark.parametrize("count", [8, 100, 101, 250])
def test_spice_reads_it(tmp_path: Path, count: int) -> None:
    """At its states exactly, between them to the interpolation's own error."""
    spice = pytest.importorskip("spiceypy")
    circle, other = _circle(count), _circle(20, -78)
    file = tmp_path / "circle.bsp"
    write_spk(file, [circle, other], "two circles")
    spice.furnsh(str(file))
    try:
        assert sorted(spice.spkobj(str(file))) == [-78, -77]
        for k in range(0, count, 7):
            time_s = (circle.epoch_mjd_tdb[k] - J2000_MJD_TDB) * DAY_S
            state, _ = spice.spkgeo(-77, time_s, "J2000", 301)
            assert np.abs(state - circle.states[k]).max() < 1e-9
        middle = 0.5 * (circle.epoch_mjd_tdb[3] + circle.epoch_mjd_tdb[4])
        state, _ = spice.spkgeo(-77, (middle - J2000_MJD_TDB) * DAY_S, "J2000", 301)
        assert abs(np.linalg.norm(state[:3]) - 6000.0) < 1e-6
    finally:
        spice.kclear()


def test_we_read_it(tmp_path: Path) -> None:
    circle = _circle(150)
    file = tmp_path / "circle.bsp"
    write_spk(file, [circle])
    epochs = circle.epoch_mjd_tdb[5:50:9]
    moon_km, _ = planets().state("moon", epochs)
    place_km, _ = spk_orbiter("circle", file, -77).state(epochs)
    assert np.abs(place_km - moon_km - circle.states[5:50:9, :3]).max() < 1e-6
    assert not list(tmp_path.glob("*.part"))


def test_what_cannot_be_written(tmp_path: Path) -> None:
    circle = _circle(20)
    with pytest.raises(InputError, match="1 to 25"):
        write_spk(tmp_path / "none.bsp", [])
    with pytest.raises(InputError, match="60 ASCII"):
        write_spk(tmp_path / "title.bsp", [circle], "x" * 61)
    with pytest.raises(InputError, match="cannot be written"):
        write_spk(tmp_path / "no" / "folder.bsp", [circle])
    parts = (circle.naif_id, circle.center, circle.name)
    with pytest.raises(InputError, match="ascend"):
        SpkStates(*parts, circle.epoch_mjd_tdb[::-1], circle.states)
    with pytest.raises(InputError, match="fit their epochs"):
        SpkStates(*parts, circle.epoch_mjd_tdb, circle.states[:-1])
    with pytest.raises(InputError, match="interpolation"):
        SpkStates(*parts, circle.epoch_mjd_tdb, circle.states, 5)
    with pytest.raises(InputError, match="centre is not known"):
        SpkStates(-77, "vulcan", "name", circle.epoch_mjd_tdb, circle.states)
    with pytest.raises(InputError, match="40 printable"):
        SpkStates(-77, "moon", "é", circle.epoch_mjd_tdb, circle.states)
