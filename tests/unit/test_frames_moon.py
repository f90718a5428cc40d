"""The Moon-fixed frames: round trips, which model was used, ranges, damaged kernels."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perilune.errors import DataMissingError, InputError, OutOfRangeError
from perilune.frames.lunar_kernel import lunar_kernel, lunar_kernel_path
from perilune.frames.moon import MoonFrame, moon_orientation
from perilune.frames.selenographic import fixed_from_selenographic, selenographic_from_fixed

EPOCHS = st.floats(-112816.0, 288976.0)
COORDINATES_KM = st.floats(-1e6, 1e6)
VECTORS = st.tuples(COORDINATES_KM, COORDINATES_KM, COORDINATES_KM).map(np.array)
FRAMES = st.sampled_from(["MOON_PA", "MOON_ME"])


@given(EPOCHS, FRAMES, VECTORS, VECTORS)
def test_states_come_back(
    epoch: float, frame: MoonFrame, position_km: np.ndarray, velocity: np.ndarray
) -> None:
    orientation = moon_orientation(epoch, frame)
    velocity_km_s = velocity * 1e-4
    fixed_km = orientation.to_fixed(position_km)
    fixed_km_s = orientation.velocity_to_fixed(position_km, velocity_km_s)
    # 1e6 km times a few roundings of 1e-16 each.
    assert np.abs(orientation.to_icrf(fixed_km) - position_km).max() < 2e-9
    back_km_s = orientation.velocity_to_icrf(fixed_km, fixed_km_s)
    assert np.abs(back_km_s - velocity_km_s).max() < 1e-12
    assert np.abs(orientation.matrix @ orientation.matrix.T - np.eye(3)).max() < 1e-14
    assert np.linalg.det(orientation.matrix) == pytest.approx(1.0, abs=1e-14)


@given(st.floats(-112815.0, 288975.0), FRAMES)
def test_the_spin_turns_the_axes(epoch: float, frame: MoonFrame) -> None:
    step_s = 200.0
    before, now, after = (moon_orientation(epoch + k * step_s / 86400.0, frame) for k in (-1, 0, 1))
    if len({str(before.source), str(now.source), str(after.source)}) > 1:
        return
    cross = (after.matrix - before.matrix) / (2.0 * step_s) @ now.matrix.T
    spin = np.array([cross[1, 2], cross[2, 0], cross[0, 1]])
    # An MJD in the year 2650 resolves 5 microseconds: 1e-8 of the step's turn.
    assert np.abs(spin - now.spin_rad_s).max() < 2e-7 * 2.66e-6


@given(EPOCHS)
def test_pa_and_me_differ_by_one_constant_rotation(epoch: float) -> None:
    pa, me = moon_orientation(epoch, "MOON_PA"), moon_orientation(epoch, "MOON_ME")
    cosine = (np.trace(pa.matrix @ me.matrix.T) - 1.0) / 2.0
    # NAIF, moon_080317.tf: 0.0288473 degrees, 875 m along a great circle.
    assert np.degrees(np.arccos(cosine)) == pytest.approx(0.0288473, abs=1e-6)


def test_each_epoch_says_which_model_it_has() -> None:
    kernel = lunar_kernel()
    assert (kernel.first_mjd_tdb, kernel.last_mjd_tdb) == (15020.0, 70172.0)
    days = np.array([15019.999999, 15020.0, 60000.0, 70172.0, 70172.000001])
    orientation = moon_orientation(days)
    assert list(orientation.source) == ["IAU 2015", "DE421", "DE421", "DE421", "IAU 2015"]
    # The models meet within the error that the series has: 163 m on the ground, 0.1 mrad.
    assert np.abs(orientation.matrix[0] - orientation.matrix[1]).max() < 1e-3
    assert np.abs(orientation.matrix[4] - orientation.matrix[3]).max() < 1e-3


def test_shapes_are_kept() -> None:
    assert moon_orientation(60000.0).matrix.shape == (3, 3)
    assert moon_orientation(60000.0).to_fixed(np.ones((5, 3))).shape == (5, 3)
    grid = moon_orientation(np.linspace(60000.0, 80000.0, 6).reshape(2, 3), "MOON_PA")
    assert grid.matrix.shape == (2, 3, 3, 3)
    assert grid.spin_rad_s.shape == (2, 3, 3)
    assert moon_orientation(np.empty(0)).matrix.shape == (0, 3, 3)


@pytest.mark.parametrize("epoch", [-112816.1, 288976.1])
def test_epochs_out_of_range_name_the_range(epoch: float) -> None:
    with pytest.raises(OutOfRangeError, match=r"-112816\.0 to 288976\.0"):
        moon_orientation([60000.0, epoch])


def test_epochs_that_are_not_finite_are_refused() -> None:
    with pytest.raises(InputError, match="not finite"):
        moon_orientation([60000.0, np.nan])


@pytest.mark.parametrize(
    "how", ["cut short", "cut to the header", "empty", "another file", "another Moon"]
)
def test_a_damaged_kernel_is_named(tmp_path: Path, how: str) -> None:
    data = lunar_kernel_path().read_bytes()
    broken = tmp_path / "broken.bpc"
    broken.write_bytes(
        {
            "cut short": data[: len(data) // 2],
            "cut to the header": data[:1500],
            "empty": b"",
            # DE403's frame id in place of DE421's
            "another Moon": data.replace(
                (31006).to_bytes(4, "little"), (31002).to_bytes(4, "little")
            ),
            "another file": b"DAF/SPK " + data[8:100] + b"x" * 2000,
        }[how]
    )
    with pytest.raises(DataMissingError, match="Reinstall the package lunarsky"):
        lunar_kernel(broken)


def test_an_absent_kernel_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DataMissingError, match="nowhere"):
        lunar_kernel(tmp_path / "nowhere.bpc")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr("perilune.frames.lunar_kernel.find_spec", lambda name: None)
    with pytest.raises(DataMissingError, match="Install the package lunarsky"):
        lunar_kernel_path()


def test_lunarsky_is_not_imported() -> None:
    code = (
        "import sys; from perilune.frames.moon import moon_orientation; moon_orientation(6e4);"
        "sys.exit('lunarsky' in sys.modules or 'astropy' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@given(st.floats(-np.pi, np.pi), st.floats(-np.pi / 2, np.pi / 2), st.floats(-1700.0, 1e6))
def test_selenographic_coordinates_come_back(
    longitude_rad: float, latitude_rad: float, height_km: float
) -> None:
    position_km = fixed_from_selenographic(longitude_rad, latitude_rad, height_km)
    longitude, latitude, height = selenographic_from_fixed(position_km)
    limit_km = 1e-9 * max(1.0, abs(height_km) / 1000.0)
    assert np.abs(fixed_from_selenographic(longitude, latitude, height) - position_km).max() < (
        limit_km
    )
    assert abs(float(height) - height_km) < limit_km
    assert abs(float(latitude) - latitude_rad) < 1e-13


@pytest.mark.parametrize(
    ("position_km", "expected"),
    [
        ([1737.4, 0.0, 0.0], (0.0, 0.0, 0.0)),
        ([0.0, 1738.4, 0.0], (np.pi / 2, 0.0, 1.0)),
        ([0.0, 0.0, 1737.4], (0.0, np.pi / 2, 0.0)),
        ([-0.0, 0.0, -1737.4], (0.0, -np.pi / 2, 0.0)),
        ([0.0, 0.0, 0.0], (0.0, 0.0, -1737.4)),
    ],
)
def test_poles_equator_and_centre(position_km: list[float], expected: tuple[float, ...]) -> None:
    ours = [float(c) for c in selenographic_from_fixed(position_km)]
    assert ours == pytest.approx(expected, abs=1e-12)


def test_bad_places_are_refused() -> None:
    with pytest.raises(InputError, match="beyond a pole"):
        fixed_from_selenographic(0.0, -1.6, 0.0)
    with pytest.raises(InputError, match="not finite"):
        fixed_from_selenographic(np.nan, 0.0, 0.0)
    with pytest.raises(InputError, match="not finite"):
        selenographic_from_fixed([0.0, np.inf, 0.0])
