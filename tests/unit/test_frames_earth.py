"""The Earth-fixed frame: round trips, what is held outside the tables, damaged tables."""

from __future__ import annotations

from pathlib import Path

import astropy_iers_data
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perilune.errors import DataMissingError, InputError, OutOfRangeError
from perilune.frames.earth import EARTH_SPIN_RAD_S, earth_orientation
from perilune.frames.earth_parameters import earth_parameters, parameters_at
from perilune.frames.geodetic import geodetic_from_itrs, itrs_from_geodetic
from perilune.times import mjd_tdb_from_utc, tai_from_tdb, two_part

EPOCHS = st.floats(-112816.0, 288976.0)
COORDINATES_KM = st.floats(-1e6, 1e6)
VECTORS = st.tuples(COORDINATES_KM, COORDINATES_KM, COORDINATES_KM).map(np.array)


@given(EPOCHS, VECTORS, VECTORS)
def test_states_come_back(epoch: float, position_km: np.ndarray, velocity: np.ndarray) -> None:
    orientation = earth_orientation(epoch)
    velocity_km_s = velocity * 1e-4
    fixed_km = orientation.to_fixed(position_km)
    fixed_km_s = orientation.velocity_to_fixed(position_km, velocity_km_s)
    # 1e6 km times a few roundings of 1e-16 each.
    assert np.abs(orientation.to_icrf(fixed_km) - position_km).max() < 2e-9
    back_km_s = orientation.velocity_to_icrf(fixed_km, fixed_km_s)
    assert np.abs(back_km_s - velocity_km_s).max() < 1e-12
    assert np.abs(orientation.matrix @ orientation.matrix.T - np.eye(3)).max() < 1e-14
    assert np.linalg.det(orientation.matrix) == pytest.approx(1.0, abs=1e-14)


def test_a_place_on_the_ground_moves_east_by_day() -> None:
    orientation = earth_orientation(60000.0)
    velocity_km_s = orientation.velocity_to_icrf(np.array([6378.137, 0.0, 0.0]), np.zeros(3))
    east = orientation.to_icrf(np.array([0.0, 1.0, 0.0]))
    assert velocity_km_s @ east == pytest.approx(EARTH_SPIN_RAD_S * 6378.137, rel=1e-6)


def test_one_epoch_serves_many_vectors_and_shapes_are_kept() -> None:
    one = earth_orientation(60000.0)
    assert one.matrix.shape == (3, 3)
    assert one.to_fixed(np.ones((5, 3))).shape == (5, 3)
    grid = earth_orientation(np.linspace(60000.0, 60001.0, 6).reshape(2, 3))
    assert grid.matrix.shape == (2, 3, 3, 3)
    assert grid.source.shape == (2, 3)
    assert grid.to_fixed(np.ones(3)).shape == (2, 3, 3)
    assert earth_orientation(np.empty(0)).matrix.shape == (0, 3, 3)


@given(EPOCHS)
def test_many_near_epochs_give_what_each_gives_alone(start: float) -> None:
    mjd = start + np.linspace(0.0, 3.0, 200)
    together = earth_orientation(mjd).matrix[::40]
    alone = np.array([earth_orientation(t).matrix for t in mjd[::40]])
    # 6e-12 rad of interpolated pole: 0.04 mm on the ground.
    assert np.abs(together - alone).max() < 1e-11


def test_the_source_says_where_the_table_ends() -> None:
    table = earth_parameters()
    days = np.array(
        [
            table.first_mjd_utc - 1.0,
            table.first_mjd_utc + 0.5,
            table.last_measured_mjd_utc - 0.5,
            table.last_measured_mjd_utc + 0.5,
            table.last_rapid_mjd_utc + 0.5,
            table.last_mjd_utc - 0.5,
            table.last_mjd_utc + 1.0,
            table.last_mjd_utc + 36525.0,
        ]
    )
    source = earth_orientation(mjd_tdb_from_utc(days)).source
    assert list(source) == [
        "held", "measured", "measured", "rapid", "predicted", "predicted", "held", "held",
    ]  # fmt: skip


def test_parameters_are_held_outside_the_table() -> None:
    table = earth_parameters()
    ends = mjd_tdb_from_utc([table.first_mjd_utc - 1e4, table.last_mjd_utc + 1e4])
    held = parameters_at(tai_from_tdb(two_part(ends)))
    assert list(held.ut1_minus_tai_s) == pytest.approx(list(table.ut1_minus_tai_s[[0, -1]]))
    assert list(held.pole_x_rad) == pytest.approx(list(table.pole_x_rad[[0, -1]]))
    assert list(held.ut1_rate) == [1.0, 1.0]


def test_ut1_has_no_leap_seconds() -> None:
    table = earth_parameters()
    # The length of day is off by at most 4.4 ms since 1962 (1972).
    assert np.abs(np.diff(table.ut1_minus_tai_s)).max() < 0.0045


def _damage(text: bytes, how: str) -> bytes:
    """The table with one thing wrong, 200 lines before its end."""
    lines = text.splitlines(keepends=True)
    row = len(lines) - 200
    match how:
        case "cut short":
            return text[: len(text) // 2 + 17]
        case "a letter in a number":
            # Both tables have digits of UT1 - UTC in these columns.
            lines[row] = lines[row][:59] + b"x" + lines[row][60:]
        case "an empty field":
            lines[row] = lines[row][:50] + b" " * 20 + lines[row][70:]
        case "a day taken out":
            del lines[row]
        case _:
            lines = []
    return b"".join(lines)


@pytest.mark.parametrize(
    "how", ["cut short", "a letter in a number", "an empty field", "a day taken out", "empty"]
)
@pytest.mark.parametrize("which", ["final", "rapid"])
def test_damaged_tables_are_named(tmp_path: Path, which: str, how: str) -> None:
    paths = [astropy_iers_data.IERS_B_FILE, astropy_iers_data.IERS_A_FILE]
    k = ["final", "rapid"].index(which)
    broken = tmp_path / which
    broken.write_bytes(_damage(Path(paths[k]).read_bytes(), how))
    paths[k] = str(broken)
    with pytest.raises(DataMissingError, match="Reinstall the package astropy-iers-data"):
        earth_parameters(*paths)


def test_an_absent_table_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataMissingError, match="nowhere"):
        earth_parameters(str(tmp_path / "nowhere"))


def test_bad_epochs_are_refused() -> None:
    with pytest.raises(InputError, match="not a finite number"):
        earth_orientation(np.nan)
    with pytest.raises(OutOfRangeError, match="calendar"):
        earth_orientation(1e9)


@given(
    st.floats(-np.pi, np.pi),
    st.floats(-np.pi / 2, np.pi / 2),
    st.floats(-6200.0, 1e6),
)
def test_geodetic_coordinates_come_back(
    longitude_rad: float, latitude_rad: float, height_km: float
) -> None:
    position_km = itrs_from_geodetic(longitude_rad, latitude_rad, height_km)
    longitude, latitude, height = geodetic_from_itrs(position_km)
    limit_km = 1e-9 * max(1.0, abs(height_km) / 6400.0)
    assert np.abs(itrs_from_geodetic(longitude, latitude, height) - position_km).max() < limit_km
    assert abs(float(height) - height_km) < limit_km
    assert abs(float(latitude) - latitude_rad) < 1e-13


@pytest.mark.parametrize(
    ("position_km", "expected"),
    [
        ([6378.137, 0.0, 0.0], (0.0, 0.0, 0.0)),
        ([0.0, 0.0, 6456.752314245179], (0.0, np.pi / 2, 100.0)),
        ([0.0, 0.0, -6356.752314245179], (0.0, -np.pi / 2, 0.0)),
        ([0.0, -6478.137, 0.0], (-np.pi / 2, 0.0, 100.0)),
    ],
)
def test_poles_and_equator(position_km: list[float], expected: tuple[float, ...]) -> None:
    assert [float(c) for c in geodetic_from_itrs(position_km)] == pytest.approx(expected, abs=1e-9)


@given(st.tuples(*[st.floats(-200.0, 200.0)] * 3))
def test_near_the_earth_s_centre_geodetic_coordinates_stay_finite(
    position_km: tuple[float, ...],
) -> None:
    longitude, latitude, height = geodetic_from_itrs(position_km)
    assert abs(float(longitude)) <= np.pi
    assert abs(float(latitude)) <= np.pi / 2
    assert -6400.0 < float(height) < -6000.0


def test_bad_places_are_refused() -> None:
    with pytest.raises(InputError, match="beyond a pole"):
        itrs_from_geodetic(0.0, 1.6, 0.0)
    with pytest.raises(InputError, match="not finite"):
        itrs_from_geodetic(0.0, 0.0, np.inf)
    with pytest.raises(InputError, match="not finite"):
        geodetic_from_itrs([np.nan, 0.0, 0.0])
