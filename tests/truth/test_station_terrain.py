"""Horizons over terrains by formulae, whose true horizon is known, to 0.01 deg."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
from lunar_terrain import POLE, SOUTH, pds_label, polar_heights, polar_terrain, write_pds

from perilune.astrometry.sites import Site
from perilune.constants import MOON_RADIUS_KM
from perilune.errors import InputError
from perilune.frames.selenographic import fixed_from_selenographic
from perilune.station.horizon import sphere_horizon
from perilune.station.light import site_sky
from perilune.station.terrain import Terrain, terrain_of
from perilune.station.terrain_files import covers, read_terrain

R = MOON_RADIUS_KM
BAR_DEG = 0.01
FLOAT = np.ndarray


def direction(longitude_deg: float, latitude_deg: float) -> FLOAT:
    return np.asarray(
        fixed_from_selenographic(np.radians(longitude_deg), np.radians(latitude_deg), -R + 1.0)
    )


def sight_deg(eye_km: float, away_km: FLOAT, height_km: FLOAT) -> float:
    """The greatest altitude of points at these distances along the ground, seen from an eye."""
    angle, ground = away_km / R, R + height_km
    slope = (ground * np.cos(angle) - (R + eye_km)) / (ground * np.sin(angle))
    return float(np.degrees(np.arctan(slope.max())))


def test_a_crater_s_rim_from_its_middle() -> None:
    """A ring 1 km high, 10 km away, 0.5 km wide: the same altitude all around."""
    terrain = polar_terrain(1400, 0.02, lambda s, _: np.exp(-(((s - 10.0) / 0.5) ** 2)))
    found = np.degrees(terrain.horizon(POLE, 0.002).altitude_rad)
    away = np.linspace(8.0, 12.0, 400_001)
    exact = sight_deg(0.002, away, np.exp(-(((away - 10.0) / 0.5) ** 2)))
    assert exact == pytest.approx(5.54, abs=0.01)
    assert np.abs(found - exact).max() < BAR_DEG


def test_a_ridge_at_an_angle() -> None:
    """A straight ridge, 1 km high and 8 km away along 0 deg: its altitude falls to the sides."""

    def ridge(away: FLOAT, longitude: FLOAT) -> FLOAT:
        # On the sphere: the great circle whose nearest point lies 8 km from the pole.
        beside = np.arcsin(np.sin(away / R) * np.cos(longitude)) * R
        return np.asarray(np.exp(-(((beside - 8.0) / 0.6) ** 2)))

    terrain = polar_terrain(2000, 0.02, ridge)
    found = np.degrees(terrain.horizon(POLE, 0.0).altitude_rad)
    away = np.linspace(0.02, 19.0, 400_001)
    for azimuth_deg in (0, 20, 45, 60, 300, 340):
        longitude = np.full(away.size, np.radians(azimuth_deg))
        exact = sight_deg(0.0 + ridge(np.zeros(1), np.zeros(1))[0], away, ridge(away, longitude))
        assert found[2 * azimuth_deg] == pytest.approx(exact, abs=BAR_DEG)


def test_a_cone_from_beside_it() -> None:
    """A cone 1 km high, 8 km wide, seen from 7 km away; at a place off the pole.

    The truth is the same formula along great circles in small steps. The cone's point is rounded
    over 100 m: of a sharp one a map of 20 m cells cuts some 3 m.
    """
    summit = direction(40.0, -89.8)

    def cone(away: FLOAT, longitude: FLOAT) -> FLOAT:
        place = np.stack(
            [
                np.sin(away / R) * np.cos(longitude),
                np.sin(away / R) * np.sin(longitude),
                -np.cos(away / R),
            ],
            axis=-1,
        )
        beside = R * np.arccos(np.clip(place @ summit, -1.0, 1.0))
        return np.asarray(np.maximum(1.0 - np.hypot(beside, 0.1) / 4.0, 0.0))

    terrain = polar_terrain(1600, 0.02, cone)
    eye = direction(40.0 + 70.0, -89.8)
    found = np.degrees(terrain.horizon(eye, 0.005).altitude_rad)
    east = np.cross([0.0, 0.0, 1.0], eye)
    east /= np.linalg.norm(east)
    north = np.cross(eye, east)
    peak = 0.5 * np.round(2.0 * np.degrees(np.arctan2(summit @ east, summit @ north))) % 360.0
    away = np.linspace(0.02, 30.0, 60_001)
    for azimuth_deg in (peak - 15.0, peak - 8.0, peak, peak + 5.0, peak + 18.0, peak + 90.0):
        angle = np.radians(azimuth_deg)
        toward = np.sin(angle) * east + np.cos(angle) * north
        places = np.outer(np.cos(away / R), eye) + np.outer(np.sin(away / R), toward)
        height = cone(R * np.arccos(np.clip(-places[:, 2], -1.0, 1.0)),
                      np.arctan2(places[:, 1], places[:, 0]))  # fmt: skip
        exact = sight_deg(0.005, away, height)
        assert found[round(2.0 * azimuth_deg) % 720] == pytest.approx(exact, abs=BAR_DEG)
    assert found.max() > 7.0


@pytest.mark.parametrize("mast_km", [0.002, 0.01, 0.1, 0.5])
def test_a_level_ground_dips_as_the_sphere(mast_km: float) -> None:
    """Within the map, and beyond its edge, where the ground goes on at the edge's height."""
    terrain = polar_terrain(1500, 0.02, lambda s, _: 0.0 * s)
    found = terrain.horizon(POLE, mast_km).altitude_rad
    exact = sphere_horizon(R, mast_km).altitude_rad[0]
    assert np.degrees(np.abs(found - exact)).max() < 1e-5


def fractal(seed: int, size: int, cell_km: float) -> Terrain:
    """Hills on all scales, to 4 km."""
    rng = np.random.default_rng(seed)
    heights = np.zeros((size, size))
    for waves in (4, 9, 20, 45, 100):
        coarse = rng.normal(size=(waves + 1, waves + 1)) * 6.0 / waves
        x = np.linspace(0.0, waves - 1e-9, size)
        k, f = x.astype(int), x - x.astype(int)
        f = f * f * (3.0 - 2.0 * f)
        rows = coarse[k] * (1 - f)[:, None] + coarse[k + 1] * f[:, None]
        heights += rows[:, k] * (1 - f) + rows[:, k + 1] * f
    half = 0.5 * size * cell_km
    return terrain_of(heights.astype(np.float32), SOUTH, (-half, half, cell_km), unit_km=1.0,
                      source="hills")  # fmt: skip


def test_rays_meet_what_a_plain_walk_meets() -> None:
    """Hills on all scales: the kernel's early ends against a walk in numpy without any.

    The walk samples the same steps with its own bilinear interpolation and projection.
    """
    terrain = fractal(3, 1200, 0.1)
    cells = terrain.arrays.cells.reshape(1200, 1200).astype(np.float64)
    eye = direction(33.0, -89.5)
    eye_km = R + terrain.height_km(eye) + 0.002
    found = terrain.horizon(eye, 0.002).altitude_rad
    east = np.cross([0.0, 0.0, 1.0], eye)
    east /= np.linalg.norm(east)
    north = np.cross(eye, east)
    away = 0.05 / R * np.arange(1, 2001)
    for azimuth_deg in range(0, 360, 15):
        angle = np.radians(azimuth_deg)
        toward = np.sin(angle) * east + np.cos(angle) * north
        p = np.outer(np.cos(away), eye) + np.outer(np.sin(away), toward)
        scale = 2.0 * R / (1.0 - p[:, 2])
        column = scale * p[:, 1] / 0.1 + 599.5
        row = 599.5 - scale * p[:, 0] / 0.1
        inside = np.cumprod((row > 0) & (row < 1199) & (column > 0) & (column < 1199)).astype(bool)
        row, column = row[inside], column[inside]
        r, c = row.astype(int), column.astype(int)
        fr, fc = row - r, column - c
        height = (cells[r, c] * (1 - fc) + cells[r, c + 1] * fc) * (1 - fr)
        height += (cells[r + 1, c] * (1 - fc) + cells[r + 1, c + 1] * fc) * fr
        d = away[inside]
        slope = ((R + height) * np.cos(d) - eye_km) / ((R + height) * np.sin(d))
        assert found[2 * azimuth_deg] == pytest.approx(np.arctan(slope.max()), abs=1e-5)


def test_maps_of_light_are_what_single_sites_see() -> None:
    """Cells of a map of light (coarse far cells, a degree of azimuth) against full horizons.

    Over hills whose horizon is 5 to 25 deg the mean light over a month at 80 deg south differs by
    up to 0.006, and by 0.002 on average.
    """
    terrain = fractal(5, 1500, 0.1)
    start = 62502.0
    stop = start + 29.5
    rows, columns = range(100, 1400, 260), range(100, 1400, 260)
    found = terrain.light(rows, columns, 0.002, start, stop, step_d=1.0 / 24.0)
    differences = []
    for i, row in enumerate(rows):
        for j, column in enumerate(columns):
            x = -75.0 + (column + 0.5) * 0.1
            y = 75.0 - (row + 0.5) * 0.1
            colatitude = 2.0 * np.arctan(np.hypot(x, y) / (2.0 * R))
            place = direction(np.degrees(np.arctan2(x, y)), np.degrees(colatitude) - 90.0)
            horizon = terrain.horizon(place, 0.002)
            site = Site("cell", "moon", place * (R + terrain.height_km(place)))
            sky = site_sky(site, 0.002, horizon, start, stop, step_d=1.0 / 24.0)
            differences.append(found[i, j] - sky.sun_fraction)
    assert np.abs(differences).max() < 0.02
    assert np.abs(differences).mean() < 0.005


def test_a_large_map_s_horizon_takes_seconds() -> None:
    """The bar: 5 s for the horizon over a 20 m map from 80 S, whose rays are thrice as long.

    Over the whole of it (30400 x 30400 cells, int16) 0.3 s were measured. A far corner as high as
    10 km keeps the rays from ending early.
    """
    cells = np.zeros((10_000, 10_000), dtype=np.int16)
    cells[0, 0] = 20_000
    terrain = terrain_of(cells, SOUTH, (-100.0, 100.0, 0.02), unit_km=0.0005, source="corner")
    terrain.horizon(POLE, 0.002)
    before = time.process_time()
    terrain.horizon(POLE, 0.002)
    assert time.process_time() - before < 1.6


def half_metres(size: int) -> np.ndarray:
    """A slope that tells rows from columns, in half metres."""
    row, column = np.mgrid[0:size, 0:size]
    return np.asarray(20 * row - 7 * column, dtype=np.int16)


def test_a_pds_image_is_read_by_its_label(tmp_path: Path) -> None:
    pytest.importorskip("rasterio")
    cells = half_metres(64)
    terrain = read_terrain(write_pds(tmp_path, cells, pds_label(64, 240.0)))
    assert terrain.cell_km == pytest.approx(0.24)
    # The centre of cell (10, 40): x east along 90 deg, y along 0 deg.
    x, y = (40 + 0.5 - 32) * 0.24, (32 - 10 - 0.5) * 0.24
    colatitude = np.degrees(2.0 * np.arctan(np.hypot(x, y) / (2.0 * R)))
    place = direction(np.degrees(np.arctan2(x, y)), colatitude - 90.0)
    assert terrain.height_km(place) == pytest.approx(0.0005 * cells[10, 40], abs=1e-6)
    assert covers(tmp_path / "T.LBL", place)
    assert not covers(tmp_path / "T.LBL", direction(0.0, -80.0))


def test_a_pds_image_in_kilometres_and_on_a_cylinder(tmp_path: Path) -> None:
    pytest.importorskip("rasterio")
    cells = np.asarray(half_metres(64) // 100, dtype=np.int16)
    label = pds_label(64, 240.0, cylinder=True, unit="KILOMETER")
    terrain = read_terrain(write_pds(tmp_path, cells, label))
    x, y = (40 + 0.5 - 32) * 0.24, (32 - 10 - 0.5) * 0.24
    place = direction(180.0 + np.degrees(x / R), np.degrees(y / R))
    assert terrain.height_km(place) == pytest.approx(0.5 * cells[10, 40], abs=1e-6)
    with pytest.raises(InputError, match="no terrain under it"):
        terrain.horizon(direction(0.0, 0.0), 0.002)


def test_a_geotiff_is_read(tmp_path: Path) -> None:
    rasterio = pytest.importorskip("rasterio")
    heights = polar_heights(400, 0.1, lambda s, _: np.exp(-(((s - 10.0) / 1.0) ** 2)))
    for north in (False, True):
        file = tmp_path / f"{north}.tif"
        crs = f"+proj=stere +lat_0={90 if north else -90} +lon_0=0 +R=1737400 +units=m +no_defs"
        cells = (1e3 * heights).astype(np.float32)
        cells[0, 0] = -9999.0
        with rasterio.open(
            file, "w", driver="GTiff", height=400, width=400, count=1, dtype="float32", crs=crs,
            transform=rasterio.Affine(100.0, 0.0, -20000.0, 0.0, -100.0, 20000.0), nodata=-9999.0,
        ) as out:  # fmt: skip
            out.write(cells, 1)
        terrain = read_terrain(file)
        pole = -POLE if north else POLE
        found = np.degrees(terrain.horizon(pole, 0.0).altitude_rad)
        away = np.linspace(7.0, 13.0, 60_001)
        exact = sight_deg(0.0, away, np.exp(-((away - 10.0) ** 2)))
        assert np.abs(found - exact).max() < 0.05  # cells of 100 m on a rim 1 km wide
    bare = tmp_path / "bare.tif"
    with pytest.warns(rasterio.errors.NotGeoreferencedWarning), rasterio.open(
        bare, "w", driver="GTiff", height=4, width=4, count=1, dtype="float32"
    ) as out:  # fmt: skip
        out.write(np.zeros((1, 4, 4), dtype=np.float32))
    with pytest.raises(InputError, match="no projection"):
        read_terrain(bare)
    with pytest.raises(InputError, match="cannot be read"):
        read_terrain(tmp_path / "absent.tif")
