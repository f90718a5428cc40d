"""Orbiters by SPK files: Chebyshev series as DE440 has them, and discrete states."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from perilune.constants import DAY_S, J2000_MJD_TDB
from perilune.ephemeris import de440_path, planets
from perilune.errors import InputError, OutOfRangeError
from perilune.station.orbiters import spk_orbiter

EPOCHS = 61000.0 + np.linspace(0.0, 3.0, 13)


def test_a_chain_of_chebyshev_segments() -> None:
    """The Moon by DE440's own file, through the Earth-Moon barycentre, as our kernels have it.

    jplephem and our kernels round the time differently, by 2.5 microseconds: 8 cm at 30 km/s.
    """
    moon = spk_orbiter("moon", de440_path(), 301)
    position_km, velocity_km_s = moon.state(EPOCHS)
    expected_km, expected_km_s = planets().state("moon", EPOCHS)
    assert np.abs(position_km - expected_km).max() < 2e-4
    assert np.abs(velocity_km_s - expected_km_s).max() < 1e-9


@pytest.mark.parametrize("kind", [9, 13])
@pytest.mark.parametrize("frame", ["J2000", "ECLIPJ2000"])
def test_discrete_states_as_spice_evaluates_them(tmp_path: Path, kind: int, frame: str) -> None:
    """A file written by SPICE, against SPICE's own evaluation of it: to a millimetre."""
    spice = pytest.importorskip("spiceypy")
    file = tmp_path / "relay.bsp"
    nodes = (60999.0 - J2000_MJD_TDB) * DAY_S + np.arange(0.0, 6.0 * DAY_S, 7200.0)
    phase = nodes * 2.0 * np.pi / (2.3 * DAY_S)
    rate = 2.0 * np.pi / (2.3 * DAY_S)
    zero = np.zeros_like(phase)
    states = 6000.0 * np.stack(
        [np.cos(phase), np.sin(phase), zero, -rate * np.sin(phase), rate * np.cos(phase), zero],
        axis=1,
    )
    handle = spice.spkopn(str(file), "test", 0)
    write = {9: spice.spkw09, 13: spice.spkw13}[kind]
    write(handle, -77, 301, frame, nodes[0], nodes[-1], "relay", 7, nodes.size, states, nodes)
    spice.spkcls(handle)
    relay = spk_orbiter("relay", file, -77)
    position_km, velocity_km_s = relay.state(EPOCHS)
    moon_km, moon_km_s = planets().state("moon", EPOCHS)
    spice.furnsh(str(file))
    try:
        times = (EPOCHS - J2000_MJD_TDB) * DAY_S
        theirs = np.array([spice.spkgeo(-77, time, "J2000", 301)[0] for time in times])
    finally:
        spice.kclear()
    assert np.abs(position_km - moon_km - theirs[:, :3]).max() < 1e-6
    assert np.abs(velocity_km_s - moon_km_s - theirs[:, 3:]).max() < 1e-9
    with pytest.raises(OutOfRangeError, match=r"relay\.bsp"):
        relay.state(np.array([62000.0]))


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not hold this body"):
        spk_orbiter("x", de440_path(), -999)
    with pytest.raises(InputError, match="cannot be read"):
        spk_orbiter("x", tmp_path / "absent.bsp", -77)
    file = tmp_path / "text.bsp"
    file.write_text("no kernel\n" * 200)
    with pytest.raises(InputError, match="cannot be read"):
        spk_orbiter("x", file, -77)
