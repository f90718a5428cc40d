"""Where rasterio and we put the cells of LOLA's LDEM_80S_20M, by its published label.

The label (PDS, LRO-L-LOLA-4-GDR-V1.0, V2.0 of 2017): 30,400 lines and samples, MAP_SCALE 20 m,
LINE_ and SAMPLE_PROJECTION_OFFSET 15199.5, SCALING_FACTOR 0.5, OFFSET 1737400, polar stereographic,
true at the pole, radius 1737.4 km, pixel registered: cell (line, sample), from 0, has its centre at
x = (sample - 15199.5) 20 m, y = (15199.5 - line) 20 m. The image here is a hole in the disk with
some cells written, since the file itself (1.85 GB) is not at hand.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from lunar_terrain import global_label, lola_label

from perilune.frames.selenographic import fixed_from_selenographic
from perilune.station.terrain_files import covers, read_terrain

SIZE = 30_400
R_M = 1_737_400.0


def direction(x_m: float, y_m: float) -> np.ndarray:
    """The unit vector, ME axes, of a place on the map, by the inverse projection (Snyder 1987)."""
    c = 2.0 * math.atan(math.hypot(x_m, y_m) / (2.0 * R_M))
    longitude = math.atan2(x_m, y_m)
    return np.array(
        [math.sin(c) * math.cos(longitude), math.sin(c) * math.sin(longitude), -math.cos(c)]
    )


@pytest.fixture(scope="module")
def label(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A label and an image of the published size, nearly all of it a hole."""
    folder = tmp_path_factory.mktemp("lola")
    (folder / "LDEM_80S_20M.LBL").write_text(lola_label("LDEM_80S_20M", SIZE, 20.0), newline="")
    with (folder / "LDEM_80S_20M.IMG").open("wb") as file:
        file.truncate(2 * SIZE * SIZE)
        for line, sample, half_metres in CELLS:
            file.seek(2 * (line * SIZE + sample))
            file.write(np.array(half_metres, dtype="<i2").tobytes())
    return folder / "LDEM_80S_20M.LBL"


# The first and the last cell, one beside the pole, and one on the meridian of 90 E.
CELLS = [(0, 0, -14594), (30_399, 30_399, 14054), (15_199, 15_200, -5000), (15_199, 20_000, 777)]


def test_cells_lie_where_the_label_puts_them(label: Path) -> None:
    rasterio = pytest.importorskip("rasterio")
    with rasterio.open(label) as file:
        assert (file.height, file.width) == (SIZE, SIZE)
        assert file.crs.to_dict()["proj"] == "stere"
        assert file.crs.to_dict()["lat_0"] == -90
        assert file.crs.to_dict()["R"] == R_M
        assert (file.scales[0], file.offsets[0]) == (0.5, 1_737_400.0)
        for line, sample, half_metres in CELLS:
            x, y = file.xy(line, sample)
            assert x == pytest.approx((sample - 15199.5) * 20.0, abs=1e-6)
            assert y == pytest.approx((15199.5 - line) * 20.0, abs=1e-6)
            window = rasterio.windows.Window(sample, line, 1, 1)
            assert file.read(1, window=window)[0, 0] == half_metres


def test_the_map_ends_304_km_from_the_pole_s_lines(label: Path) -> None:
    """Half of 30,400 cells of 20 m; along an axis that is 80.0 S and a little more."""
    pytest.importorskip("rasterio")
    for x, y, inside in [
        (0.0, 0.0, True),
        (303_999.0, 0.0, True),
        (304_001.0, 0.0, False),
        (0.0, -303_999.0, True),
        (0.0, -304_001.0, False),
        (-303_999.0, 303_999.0, True),
        (-304_001.0, 303_999.0, False),
    ]:
        assert covers(label, direction(x, y)) is inside
    edge = 90.0 - math.degrees(2.0 * math.atan(304_000.0 / (2.0 * R_M)))
    assert edge == pytest.approx(80.0, abs=0.01)


# The scale of LDEM_4 is 2 pi 1737.4 / 1440 = 7.5808376 km; labels round it.
@pytest.mark.parametrize("scale_km", [7.58083, 7.581, 7.5808376])
def test_a_map_all_around_closes_at_its_seam(tmp_path: Path, scale_km: float) -> None:
    """Hills by a formula, and the same turned by half a circle: the horizon from the map's seam
    (0 deg) is that from its middle (180 deg), to the rounding of heights to half metres.
    """
    pytest.importorskip("rasterio")
    row, column = np.mgrid[0:720, 0:1440]
    latitude, longitude = np.radians(89.875 - row / 4), np.radians(0.125 + column / 4)
    horizons = []
    for turn_deg in (0.0, 180.0):
        east = longitude - np.radians(turn_deg)
        heights = 3000.0 * np.sin(60.0 * east) * np.cos(50.0 * latitude) + 500.0 * np.sin(latitude)
        folder = tmp_path / str(turn_deg)
        folder.mkdir()
        np.asarray(2.0 * heights, dtype="<i2").tofile(folder / "LDEM_4.IMG")
        (folder / "LDEM_4.LBL").write_text(global_label("LDEM_4", 4, scale_km), newline="")
        terrain = read_terrain(folder / "LDEM_4.LBL")
        assert terrain.cell_km == pytest.approx(2.0 * math.pi * 1737.4 / 1440, rel=1e-12)
        place = fixed_from_selenographic(np.radians(turn_deg), np.radians(10.0), 0.0)
        place = place / np.linalg.norm(place)
        middle = terrain.height_km(place)
        assert middle == pytest.approx(0.5 * math.sin(math.radians(10.0)), abs=0.4)
        horizons.append(np.degrees(terrain.horizon(place, 0.01).altitude_rad))
    assert horizons[1].max() > 2.0
    assert np.abs(horizons[0] - horizons[1]).max() < 0.005
