"""Maps of the Moon's heights: horizons from their points, and maps of light.

Polar stereographic and equidistant cylindrical projections of a sphere, as the LOLA products have
them, in mean-Earth axes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from perilune.constants import MOON_RADIUS_KM
from perilune.errors import InputError
from perilune.station.horizon import AZIMUTHS, Horizon
from perilune.station.light import SUN_RADIUS_KM
from perilune.station.sky_track import NODE_STEP_D, sky_track
from perilune.station.terrain_kernels import (
    CYLINDER,
    NORTH,
    SOUTH,
    MapArrays,
    RayArrays,
    halve,
    height_at,
    light_map,
    map_place,
    point_horizon,
    widened,
)
from perilune.times import FloatArray

# For maps of light: cells may grow to half a degree, as the horizon's azimuths lie apart.
_COARSENESS_RAD: Final = math.radians(0.5)
_MAP_AZIMUTHS: Final = 360
_DUST: Final = 1e-6  # of a cell, as the kernels have it
_MAP_STEP_D: Final = 2.0 / 24.0


@dataclass(frozen=True, slots=True, eq=False)
class Terrain:
    """A map of heights over the sphere of 1737.4 km.

    Attributes:
        source: the file.
        arrays: what the kernels read.
    """

    source: str
    arrays: MapArrays

    @property
    def cell_km(self) -> float:
        """The size of a cell."""
        return self.arrays.cell_km

    def covers(self, direction: FloatArray) -> bool:
        """Whether a unit vector (3,), ME axes, points to a place on the map."""
        row, column = map_place(self.arrays, *(float(each) for each in direction))
        rows, columns = int(self.arrays.rows[0]), int(self.arrays.columns[0])
        inside = -0.5 - _DUST <= row <= rows - 0.5 + _DUST
        return inside and -0.5 - _DUST <= column <= columns - 0.5 + _DUST

    def height_km(self, direction: FloatArray) -> float:
        """The ground's height under a unit vector (3,), ME axes; NaN where the map has none."""
        row, column = map_place(self.arrays, *(float(each) for each in direction))
        return float(height_at(self.arrays, 0, row, column))

    def horizon(self, direction: FloatArray, mast_km: float) -> Horizon:
        """The horizon from a mast on the map's ground.

        Args:
            direction: (3,) unit vector of the place, ME axes.
            mast_km: how high the eye stands.

        Raises:
            InputError: the place lies off the map.
        """
        ground_km = self.height_km(direction)
        if not math.isfinite(ground_km):
            longitude, latitude = _degrees(direction)
            raise InputError(
                "the site has no terrain under it",
                file=self.source,
                found=f"{latitude:.4f} deg, {longitude:.4f} deg east",
                expected="a place on the map",
            )
        altitude = np.empty(AZIMUTHS)
        eye_km = MOON_RADIUS_KM + ground_km + mast_km
        point_horizon(self.arrays, _rays(self.arrays, 0.0), direction, eye_km, math.pi, altitude)
        return Horizon(altitude, f"{Path(self.source).name}, {1e3 * self.cell_km:g} m cells")

    def light(
        self,
        rows: range,
        columns: range,
        mast_km: float,
        start_mjd_tdb: float,
        stop_mjd_tdb: float,
        *,
        step_d: float = _MAP_STEP_D,
        threads: int = 2,
    ) -> FloatArray:
        """The mean share of the Sun's disc that cells see over a span, (rows, columns).

        Cells farther out are taken coarser, up to half a degree; horizons are a degree apart.

        Args:
            rows, columns: of the map, both with one step.
            step_d: between times.

        Raises:
            InputError: the cells are not on the map, or their steps differ.
            OutOfRangeError: the span leaves the ephemeris.
        """
        arrays = self.arrays
        inside = (
            len(rows) > 0 and len(columns) > 0
            and min(rows) >= 0 and max(rows) < arrays.rows[0]
            and min(columns) >= 0 and max(columns) < arrays.columns[0]
        )  # fmt: skip
        if not inside or rows.step != columns.step or rows.step < 1:
            raise InputError(
                "these are no cells of the map",
                file=self.source,
                found=f"{rows}, {columns}",
                expected=f"within {arrays.rows[0]} x {arrays.columns[0]}, with one step",
            )
        track = sky_track(start_mjd_tdb, stop_mjd_tdb)
        levels = _with_levels(arrays)
        rays = _rays(levels, _COARSENESS_RAD)
        suns = np.ascontiguousarray(track.places_km[:, :1])
        out = np.empty((len(rows), len(columns)))
        times = math.floor((stop_mjd_tdb - start_mjd_tdb) / step_d) + 1

        def one(k: int) -> None:
            light_map(
                levels, rays, rows[k], columns[0], rows.step, mast_km, suns,
                (start_mjd_tdb - track.first_mjd_tdb) / NODE_STEP_D, step_d / NODE_STEP_D, times,
                SUN_RADIUS_KM, _MAP_AZIMUTHS, out[k : k + 1],
            )  # fmt: skip

        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(one, range(len(rows))))
        return out


def terrain_of(
    heights: NDArray[Any],
    projection: Mapping[str, Any],
    left_top_cell: tuple[float, float, float],
    *,
    unit_km: float,
    base_km: float = 0.0,
    source: str,
) -> Terrain:
    """A map of heights in memory.

    Args:
        heights: (rows, columns), int16 or float32, north up; NaN where there is none.
        projection: as PROJ names it: proj "stere" or "eqc", lat_0, lon_0, k or lat_ts, R in m.
        left_top_cell: x of the first column's left edge, y of the first row's upper edge, and the
            cells' size, all km.
        unit_km: of the heights.
        base_km: what is added to them.
        source: the file, for errors and results.

    Raises:
        InputError: the projection is not one of these, or the map has no two cells each way.
    """
    frame = map_frame(heights.shape, projection, left_top_cell, unit_km, base_km, source)
    # Blocks, so that no second map of floats is needed.
    blocks = [heights[k : k + 1024] for k in range(0, heights.shape[0], 1024)]
    tops = [float(np.nanmax(block)) for block in blocks if not np.isnan(block).all()]
    if not tops:
        raise InputError("the map holds no heights", file=source)
    return Terrain(
        source,
        frame.arrays._replace(
            cells=np.ascontiguousarray(heights).reshape(-1),
            highest_km=max(tops) * unit_km + base_km,
        ),
    )


def map_frame(
    shape: tuple[int, ...],
    projection: Mapping[str, Any],
    left_top_cell: tuple[float, float, float],
    unit_km: float,
    base_km: float,
    source: str,
) -> Terrain:
    """A map without its heights: where it lies. Arguments and errors as in `terrain_of`."""
    kind, spread, squeeze, turn = _projection(projection, source)
    rows, columns = shape
    if rows < 2 or columns < 2:
        raise InputError("the map is too small", file=source, found=f"{rows} x {columns} cells")
    left, top, cell = left_top_cell
    closes = False
    if kind == CYLINDER:
        # A map all around the Moon closes, although its label rounds the scale.
        around = 2.0 * math.pi * spread * squeeze / (columns * cell)
        closes = abs(around - 1.0) * columns < 1.0
        if closes:
            left, top, cell = around * left, around * top, around * cell
    return Terrain(
        source,
        MapArrays(
            cells=np.zeros(0, dtype=np.float32),
            coarse=np.zeros(0, dtype=np.float32),
            tops=np.zeros(0, dtype=np.float32),
            starts=np.zeros(1, dtype=np.int64),
            rows=np.array([rows]),
            columns=np.array([columns]),
            unit_km=unit_km,
            base_km=base_km,
            left_km=left + 0.5 * cell,
            top_km=top - 0.5 * cell,
            cell_km=cell,
            kind=kind,
            closes=closes,
            turn_rad=turn,
            turn_cos=math.cos(turn),
            turn_sin=math.sin(turn),
            spread=spread,
            squeeze=squeeze,
            highest_km=-MOON_RADIUS_KM,
            radius_km=MOON_RADIUS_KM,
        ),
    )


def _projection(projection: Mapping[str, Any], source: str) -> tuple[int, float, float, float]:
    """Kind, spread, squeeze and turn, as `MapArrays` has them."""
    name = projection.get("proj")
    radius_km = float(projection.get("R", projection.get("a", 1e3 * MOON_RADIUS_KM))) * 1e-3
    turn = math.radians(float(projection.get("lon_0", 0.0)))
    if abs(radius_km - MOON_RADIUS_KM) > 5.0:
        raise InputError(
            "the map is not one of the Moon", file=source, found=f"a sphere of {radius_km:.1f} km"
        )
    shifted = any(float(projection.get(key, 0.0)) for key in ("x_0", "y_0"))
    latitude = float(projection.get("lat_0", 0.0))
    if not shifted and name == "stere" and abs(latitude) == 90.0:
        true_scale = abs(float(projection.get("lat_ts", latitude)))
        factor = float(projection.get("k", projection.get("k_0", 1.0)))
        factor *= 0.5 * (1.0 + math.sin(math.radians(true_scale)))
        return SOUTH if latitude < 0.0 else NORTH, 2.0 * radius_km * factor, 1.0, turn
    if not shifted and name in ("eqc", "longlat") and latitude == 0.0:
        squeeze = math.cos(math.radians(float(projection.get("lat_ts", 0.0))))
        return CYLINDER, MOON_RADIUS_KM if name == "longlat" else radius_km, squeeze, turn
    raise InputError(
        "the map's projection is not known",
        file=source,
        found=str(dict(projection))[:120],
        expected="polar stereographic or simple cylindrical, without false origin",
    )


def _rays(arrays: MapArrays, coarseness_rad: float) -> RayArrays:
    """The steps of rays: half a cell each; or cells of up to a share of their distance."""
    cell_rad = arrays.cell_km / arrays.radius_km
    # As far as the map can reach from any of its points.
    reach_rad = min(3.0, 2.0 * cell_rad * math.hypot(int(arrays.rows[0]), int(arrays.columns[0])))
    away, level, steps = 0.0, 0, []
    while away < reach_rad:
        while (
            level + 1 < arrays.starts.size
            and cell_rad * 2.0 ** (level + 1) <= coarseness_rad * away
        ):
            level += 1
        away += cell_rad * (2.0**level if coarseness_rad else 0.5)
        steps.append((away, level))
    away_rad = np.array([step[0] for step in steps])
    levels = np.array([step[1] for step in steps])
    # Tops are those of a cell eight times as large and its neighbours, which hold all that lies
    # within seven cells; on a cylinder cells shrink towards the poles.
    top_level = levels + 3
    last_rad = away_rad + 6.8 * cell_rad * 2.0**levels
    skip_to = np.searchsorted(away_rad, last_rad, side="right")
    here = np.arange(levels.size)
    can = (top_level < arrays.starts.size) & (arrays.kind != CYLINDER)
    return RayArrays(
        away_rad,
        np.cos(away_rad),
        np.sin(away_rad),
        levels,
        top_level,
        np.where(can, skip_to, here),
    )


def _with_levels(arrays: MapArrays) -> MapArrays:
    """The map with coarser levels, down to a few cells."""
    below = highest = arrays.cells.reshape(int(arrays.rows[0]), int(arrays.columns[0]))
    means: list[NDArray[np.float32]] = []
    tops: list[NDArray[np.float32]] = []
    while min(below.shape) >= 16:
        shape = (-(-below.shape[0] // 2), -(-below.shape[1] // 2))
        mean, top = np.empty(shape, dtype=np.float32), np.empty(shape, dtype=np.float32)
        halve(below, highest, mean, top)
        below, highest = mean, top
        means.append(mean)
        wide = np.empty_like(top)
        # The finest tops, which are many, are not looked at.
        if len(tops) >= 2:
            widened(top, wide)
        tops.append(wide)
    sizes = [mean.size for mean in means]
    none = np.zeros(0, dtype=np.float32)
    return arrays._replace(
        coarse=np.concatenate([none, *(mean.reshape(-1) for mean in means)]),
        tops=np.concatenate([none, *(top.reshape(-1) for top in tops)]),
        starts=np.concatenate([[0, 0], np.cumsum(sizes[:-1])]).astype(np.int64)[: len(sizes) + 1],
        rows=np.array([arrays.rows[0], *(mean.shape[0] for mean in means)]),
        columns=np.array([arrays.columns[0], *(mean.shape[1] for mean in means)]),
    )


def _degrees(direction: FloatArray) -> tuple[float, float]:
    longitude = math.degrees(math.atan2(direction[1], direction[0]))
    return longitude, math.degrees(math.asin(max(-1.0, min(1.0, float(direction[2])))))
