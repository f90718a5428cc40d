"""Maps of heights by formulae, for tests: in memory, as GeoTIFF and as PDS image with label."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from perilune.constants import MOON_RADIUS_KM
from perilune.station.terrain import Terrain, terrain_of

Heights = Callable[[NDArray[np.float64], NDArray[np.float64]], NDArray[np.float64]]
SOUTH = {"proj": "stere", "lat_0": -90, "lon_0": 0, "R": 1737400.0}
POLE = np.array([0.0, 0.0, -1.0])


def polar_heights(size: int, cell_km: float, heights: Heights) -> NDArray[np.float64]:
    """Heights, km, by distance along the ground from the south pole, km, and longitude, rad."""
    edge = (np.arange(size) + 0.5) * cell_km - 0.5 * size * cell_km
    x, y = np.meshgrid(edge, -edge)
    away_km = 2.0 * MOON_RADIUS_KM * np.arctan(np.hypot(x, y) / (2.0 * MOON_RADIUS_KM))
    return np.asarray(heights(away_km, np.arctan2(x, y)), dtype=np.float64)


def polar_terrain(size: int, cell_km: float, heights: Heights) -> Terrain:
    """The map of these heights about the south pole."""
    half = 0.5 * size * cell_km
    cells = polar_heights(size, cell_km, heights).astype(np.float32)
    return terrain_of(cells, SOUTH, (-half, half, cell_km), unit_km=1.0, source="test")


def pds_label(size: int, cell_m: float, *, cylinder: bool = False, unit: str = "METER") -> str:
    """The label of a square image T.IMG of int16, as LOLA's products have it."""
    offset = 1737.4 if unit == "KILOMETER" else 1737400.0
    kind = "SIMPLE CYLINDRICAL" if cylinder else "POLAR STEREOGRAPHIC"
    latitude, longitude = (0.0, 180.0) if cylinder else (-90.0, 0.0)
    return "\r\n".join(
        [
            'PDS_VERSION_ID = "PDS3"', "RECORD_TYPE = FIXED_LENGTH", f"RECORD_BYTES = {2 * size}",
            f"FILE_RECORDS = {size}", '^IMAGE = "T.IMG"', "TARGET_NAME = MOON", "OBJECT = IMAGE",
            f"  LINES = {size}", f"  LINE_SAMPLES = {size}", "  SAMPLE_TYPE = LSB_INTEGER",
            "  SAMPLE_BITS = 16", f"  UNIT = {unit}", "  SCALING_FACTOR = 0.5",
            f"  OFFSET = {offset}", "END_OBJECT = IMAGE", "OBJECT = IMAGE_MAP_PROJECTION",
            f'  MAP_PROJECTION_TYPE = "{kind}"', "  A_AXIS_RADIUS = 1737.4 <km>",
            "  B_AXIS_RADIUS = 1737.4 <km>", "  C_AXIS_RADIUS = 1737.4 <km>",
            '  POSITIVE_LONGITUDE_DIRECTION = "EAST"', f"  CENTER_LATITUDE = {latitude} <deg>",
            f"  CENTER_LONGITUDE = {longitude} <deg>", f"  MAP_SCALE = {cell_m} <m/pix>",
            f"  LINE_PROJECTION_OFFSET = {size / 2 - 0.5}",
            f"  SAMPLE_PROJECTION_OFFSET = {size / 2 - 0.5}",
            "END_OBJECT = IMAGE_MAP_PROJECTION", "END", "",
        ]
    )  # fmt: skip


def write_pds(folder: Path, half_metres: NDArray[np.int16], label: str) -> Path:
    """Write T.IMG and T.LBL."""
    half_metres.astype("<i2").tofile(folder / "T.IMG")
    (folder / "T.LBL").write_text(label, newline="")
    return folder / "T.LBL"


def global_label(product: str, cells_a_degree: int, scale_km: float) -> str:
    """A label of LOLA's maps all around the Moon (LDEM_4, LDEM_16): from 0 to 360 deg east."""
    rows, columns = 180 * cells_a_degree, 360 * cells_a_degree
    polar = lola_label(product, rows, 20.0)
    for old, new in (
        (f"  LINE_SAMPLES            = {rows}", f"  LINE_SAMPLES            = {columns}"),
        (f"RECORD_BYTES              = {2 * rows}", f"RECORD_BYTES              = {2 * columns}"),
        ("POLAR STEREOGRAPHIC", "SIMPLE CYLINDRICAL"),
        ("= -90.00000 <deg>", "= 0.00000 <deg>"),
        (" CENTER_LONGITUDE             = 0.0", " CENTER_LONGITUDE             = 180.0"),
        (f"SAMPLE_LAST_PIXEL            = {rows}", f"SAMPLE_LAST_PIXEL            = {columns}"),
        ("= 20. <m/pix>", f"= {scale_km} <km/pix>"),
        (f"SAMPLE_PROJECTION_OFFSET     = {rows / 2 - 0.5}",
         f"SAMPLE_PROJECTION_OFFSET     = {columns / 2 - 0.5}"),
    ):  # fmt: skip
        assert old in polar, old
        polar = polar.replace(old, new)
    return polar


def lola_label(product: str, size: int, cell_m: float) -> str:
    """A label with the fields and units of LOLA's polar products (LDEM_80S_20M, V2.0 of 2017)."""
    offset = size / 2 - 0.5
    lines = f"""\
PDS_VERSION_ID            = "PDS3"
PRODUCT_VERSION_ID        = "V2.0"
DATA_SET_ID               = "LRO-L-LOLA-4-GDR-V1.0"
PRODUCT_ID                = "{product}"
TARGET_NAME               = MOON
RECORD_TYPE               = FIXED_LENGTH
RECORD_BYTES              = {2 * size}
FILE_RECORDS              = {size}
^IMAGE                    = "{product}.IMG"
OBJECT                    = IMAGE
  NAME                    = HEIGHT
  LINES                   = {size}
  LINE_SAMPLES            = {size}
  SAMPLE_TYPE             = LSB_INTEGER
  SAMPLE_BITS             = 16
  UNIT                    = METER
  SCALING_FACTOR          = 0.5
  OFFSET                  = 1737400.
END_OBJECT                = IMAGE
OBJECT                    = IMAGE_MAP_PROJECTION
 MAP_PROJECTION_TYPE          = "POLAR STEREOGRAPHIC"
 A_AXIS_RADIUS                = 1737.4 <km>
 B_AXIS_RADIUS                = 1737.4 <km>
 C_AXIS_RADIUS                = 1737.4 <km>
 POSITIVE_LONGITUDE_DIRECTION = "EAST"
 CENTER_LATITUDE              = -90.00000 <deg>
 CENTER_LONGITUDE             = 0.00000 <deg>
 LINE_FIRST_PIXEL             = 1 <pix>
 LINE_LAST_PIXEL              = {size} <pix>
 SAMPLE_FIRST_PIXEL           = 1 <pix>
 SAMPLE_LAST_PIXEL            = {size} <pix>
 MAP_PROJECTION_ROTATION      = 0.0 <deg>
 MAP_SCALE                    = {cell_m:g}. <m/pix>
 LINE_PROJECTION_OFFSET       = {offset} <pix>
 SAMPLE_PROJECTION_OFFSET     = {offset} <pix>
 COORDINATE_SYSTEM_TYPE       = "BODY-FIXED ROTATING"
 COORDINATE_SYSTEM_NAME       = "MEAN EARTH/POLAR AXIS OF DE421"
END_OBJECT                    = IMAGE_MAP_PROJECTION
END
"""
    return lines.replace("\n", "\r\n")
