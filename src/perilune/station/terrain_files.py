"""Files of the Moon's heights: GeoTIFF, or PDS images by their label, through rasterio.

rasterio is optional: `pip install perilune[station]`.
"""

from __future__ import annotations

import math
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import numpy as np

from perilune.constants import MOON_RADIUS_KM
from perilune.errors import DataMissingError, InputError
from perilune.station.terrain import Terrain, map_frame, terrain_of
from perilune.times import FloatArray

_UNITS_KM: Final = {"": 1e-3, "m": 1e-3, "meter": 1e-3, "metre": 1e-3, "km": 1.0, "kilometer": 1.0}


def read_terrain(path: Path | str) -> Terrain:
    """Read a map.

    Raises:
        DataMissingError: rasterio is not installed.
        InputError: the file is no map of the Moon that can be used.
    """
    with _opened(path) as file:
        layout = _layout(file, str(path))
        heights, nodata = file.read(1), file.nodata
    if heights.dtype not in (np.dtype(np.int16), np.dtype(np.float32)):
        heights = heights.astype(np.float32)
    if nodata is not None and np.isfinite(nodata) and bool((heights == nodata).any()):
        heights = np.where(heights == nodata, np.float32(np.nan), heights.astype(np.float32))
    return terrain_of(heights, **layout)


def covers(path: Path | str, direction: FloatArray) -> bool:
    """Whether a unit vector (3,), ME axes, points to a place on a map; reads no heights.

    Raises:
        DataMissingError, InputError: as in `read_terrain`.
    """
    with _opened(path) as file:
        return map_frame((file.height, file.width), **_layout(file, str(path))).covers(direction)


@contextmanager
def _opened(path: Path | str) -> Iterator[Any]:
    """The opened file, with rasterio's errors as ours."""
    try:
        import rasterio
        from rasterio.errors import NotGeoreferencedWarning, RasterioError
    except ImportError:
        raise DataMissingError(
            "Terrain needs rasterio. Install it: pip install 'perilune[station]'."
        ) from None
    try:
        # A map without a place gets its error later.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            file = rasterio.open(path)
        with file:
            yield file
    except (RasterioError, OSError, ValueError, MemoryError) as error:
        raise InputError("the map cannot be read", file=str(path), found=str(error)) from None


def _layout(file: Any, source: str) -> dict[str, Any]:
    """Projection, edges and units, as `terrain_of` takes them."""
    crs, transform = file.crs, file.transform
    if crs is None:
        raise InputError("the map has no projection", file=source, expected="a georeferenced map")
    unit = (file.units[0] or "").strip().lower()
    unit = unit or (_label_unit(Path(source)) if file.driver == "PDS" else "")
    if unit not in _UNITS_KM:
        raise InputError(
            "the unit of heights is not known", file=source, found=unit, expected="m or km"
        )
    size = abs(transform.a)
    square = math.isclose(size, abs(transform.e), rel_tol=1e-6)
    if transform.b or transform.d or transform.e >= 0 or not square:
        raise InputError("the map is not north up with square cells", file=source)
    projection = crs.to_dict()
    degrees = projection.get("proj") == "longlat"
    to_km = math.radians(MOON_RADIUS_KM) if degrees else 1e-3
    unit_km = _UNITS_KM[unit]
    base_km = float(file.offsets[0]) * unit_km
    # PDS labels give radii: an offset of the sphere's own.
    base_km -= MOON_RADIUS_KM if base_km > 0.5 * MOON_RADIUS_KM else 0.0
    return {
        "projection": projection,
        "left_top_cell": (transform.c * to_km, transform.f * to_km, size * to_km),
        "unit_km": float(file.scales[0]) * unit_km,
        "base_km": base_km,
        "source": source,
    }


def _label_unit(path: Path) -> str:
    """The unit of heights that a PDS label names, which rasterio does not pass on."""
    head = path.read_bytes()[:65536].decode("latin-1")
    match = re.search(r"^\s*UNIT\s*=\s*\"?(\w+)", head, re.MULTILINE)
    return match[1].lower() if match else ""
