"""Horizons over a map of heights: rays from a point, on the curved Moon.

A map has levels: level 0 is the map itself, each further level has cells of twice the size that
hold the mean of four. A ray looks at level 0 all the way, or takes coarser cells farther out.
"""

from __future__ import annotations

import math
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from perilune.jit import kernel
from perilune.station.sky_kernels import between_nodes, disc_over_horizon

SOUTH: Final = 0  # polar stereographic about the south pole
NORTH: Final = 1  # and about the north pole
CYLINDER: Final = 2  # equidistant cylindrical
_DUST: Final = 1e-6  # of a cell: by which a place on the map's edge may seem to lie off it


class MapArrays(NamedTuple):
    """A map's plain arrays.

    `cells` are the heights of level 0, row by row, `coarse` those of the further levels, one after
    the other; a height in km is `cells * unit_km + base_km`, NaN where there is none. `tops` are
    the greatest heights of each further level's cells and their neighbours, in `coarse`'s order.

    The centre of cell (row, column) of level 0 lies at x = left_km + column * cell_km,
    y = top_km - row * cell_km. x and y are those of the projection about longitude `turn_rad`:
    `spread` is 2 R k for the stereographic ones, and R for the cylinder, whose x counts from there
    times `squeeze`. A map that `closes` goes all around: its last column lies beside its first.
    """

    cells: NDArray[Any]
    coarse: NDArray[np.float32]
    tops: NDArray[np.float32]
    starts: NDArray[np.int64]  # of each level in its array
    rows: NDArray[np.int64]
    columns: NDArray[np.int64]
    unit_km: float
    base_km: float
    left_km: float
    top_km: float
    cell_km: float
    kind: int
    closes: bool
    turn_rad: float
    turn_cos: float
    turn_sin: float
    spread: float
    squeeze: float
    highest_km: float
    radius_km: float


class RayArrays(NamedTuple):
    """The steps of a ray, (S,) each: distance from the eye's foot, rad, level, and the step to
    which a look at the tops of the level `top_level` can skip; the step itself for none."""

    away_rad: NDArray[np.float64]
    away_cos: NDArray[np.float64]
    away_sin: NDArray[np.float64]
    level: NDArray[np.int64]
    top_level: NDArray[np.int64]
    skip_to: NDArray[np.int64]


@kernel
def map_place(m: MapArrays, x: float, y: float, z: float) -> tuple[float, float]:
    """Row and column (fractions) of a unit vector's place in level 0."""
    if m.kind == CYLINDER:
        longitude = math.atan2(y, x) - m.turn_rad
        # The turn that puts it on the map, if there is one.
        span_rad = m.columns[0] * m.cell_km / (m.spread * m.squeeze)
        middle = (m.left_km - 0.5 * m.cell_km) / (m.spread * m.squeeze) + 0.5 * span_rad
        longitude -= 2.0 * math.pi * math.floor((longitude - middle) / (2.0 * math.pi) + 0.5)
        east = m.spread * m.squeeze * longitude
        north = m.spread * math.atan2(z, math.hypot(x, y))
    else:
        turned_x = x * m.turn_cos + y * m.turn_sin
        turned_y = y * m.turn_cos - x * m.turn_sin
        if m.kind == SOUTH:
            factor = m.spread / (1.0 - z)
            east, north = factor * turned_y, factor * turned_x
        else:
            factor = m.spread / (1.0 + z)
            east, north = factor * turned_y, -factor * turned_x
    return (m.top_km - north) / m.cell_km, (east - m.left_km) / m.cell_km


@kernel
def place_direction(m: MapArrays, row: float, column: float, out: NDArray[np.float64]) -> None:
    """The unit vector of a place of level 0."""
    east = m.left_km + column * m.cell_km
    north = m.top_km - row * m.cell_km
    if m.kind == CYLINDER:
        longitude = m.turn_rad + east / (m.spread * m.squeeze)
        latitude = north / m.spread
        out[0] = math.cos(latitude) * math.cos(longitude)
        out[1] = math.cos(latitude) * math.sin(longitude)
        out[2] = math.sin(latitude)
        return
    side = -1.0 if m.kind == SOUTH else 1.0
    turned_y = east
    turned_x = north if m.kind == SOUTH else -north
    # tan(colatitude / 2) = rho / spread.
    square = (east * east + north * north) / (m.spread * m.spread)
    shrink = 2.0 / (1.0 + square) / m.spread
    turned_x *= shrink
    turned_y *= shrink
    out[0] = turned_x * m.turn_cos - turned_y * m.turn_sin
    out[1] = turned_y * m.turn_cos + turned_x * m.turn_sin
    out[2] = side * (1.0 - square) / (1.0 + square)


@kernel
def height_at(m: MapArrays, level: int, row: float, column: float) -> float:
    """The height, km, at a place of level 0, bilinear in a level; NaN off the map."""
    size = 1 << level
    r = (row + 0.5) / size - 0.5
    c = (column + 0.5) / size - 0.5
    rows, columns = m.rows[level], m.columns[level]
    # Within half a cell of the edge the edge's own cells count.
    low = -0.5 - _DUST
    if r < low or c < low or r > rows - 0.5 + _DUST or c > columns - 0.5 + _DUST:
        return math.nan
    r = min(max(r, 0.0), rows - 1.0)
    r0 = min(int(r), rows - 2)
    if m.closes and (columns << level) == m.columns[0]:
        c0 = math.floor(c)
        left, right = c0 % columns, (c0 + 1) % columns
    else:
        c = min(max(c, 0.0), columns - 1.0)
        c0 = min(int(c), columns - 2)
        left, right = c0, c0 + 1
    fr, fc = r - r0, c - c0
    first = m.starts[level] + r0 * columns
    if level == 0:
        h00, h01 = float(m.cells[first + left]), float(m.cells[first + right])
        first += columns
        h10, h11 = float(m.cells[first + left]), float(m.cells[first + right])
    else:
        h00, h01 = float(m.coarse[first + left]), float(m.coarse[first + right])
        first += columns
        h10, h11 = float(m.coarse[first + left]), float(m.coarse[first + right])
    height = (h00 * (1.0 - fc) + h01 * fc) * (1.0 - fr) + (h10 * (1.0 - fc) + h11 * fc) * fr
    return float(height * m.unit_km + m.base_km)


@kernel
def top_at(m: MapArrays, level: int, row: float, column: float) -> float:
    """The greatest height, km, in and around the cell of a further level at a place of level 0."""
    size = 1 << level
    r = min(int((row + 0.5) / size), m.rows[level] - 1)
    c = min(int((column + 0.5) / size), m.columns[level] - 1)
    return float(m.tops[m.starts[level] + r * m.columns[level] + c]) * m.unit_km + m.base_km


@kernel
def halve(
    cells: NDArray[Any],
    highest: NDArray[Any],
    mean: NDArray[np.float32],
    top: NDArray[np.float32],
) -> None:
    """Means and maxima of four cells each; an odd last row or column counts twice."""
    for r in range(mean.shape[0]):
        r0, r1 = 2 * r, min(2 * r + 1, cells.shape[0] - 1)
        for c in range(mean.shape[1]):
            c0, c1 = 2 * c, min(2 * c + 1, cells.shape[1] - 1)
            a, b = float(cells[r0, c0]), float(cells[r0, c1])
            d, e = float(cells[r1, c0]), float(cells[r1, c1])
            mean[r, c] = 0.25 * ((a + b) + (d + e))
            best = float(highest[r0, c0])
            for other in (highest[r0, c1], highest[r1, c0], highest[r1, c1]):
                # What is no number hides nothing.
                if not best >= other:
                    best = float(other) if other == other else best
            top[r, c] = best


@kernel
def widened(top: NDArray[np.float32], out: NDArray[np.float32]) -> None:
    """The greatest of each cell and its eight neighbours; -1e30 where there are no heights."""
    for r in range(top.shape[0]):
        for c in range(top.shape[1]):
            best = -1e30
            for i in range(max(r - 1, 0), min(r + 2, top.shape[0])):
                for j in range(max(c - 1, 0), min(c + 2, top.shape[1])):
                    if top[i, j] > best:
                        best = top[i, j]
            out[r, c] = best


@kernel
def point_horizon(
    m: MapArrays,
    rays: RayArrays,
    up: NDArray[np.float64],
    eye_km: float,
    enough_rad: float,
    horizon_rad: NDArray[np.float64],
) -> None:
    """The altitudes of the horizon at evenly spaced azimuths.

    Args:
        up: (3,) unit vector of the point.
        eye_km: the eye's distance from the Moon's centre.
        enough_rad: rays end where the ground stands this high; what lies farther is not looked at.
        horizon_rad: (H,) out; from north through east.

    A ray ends where not even the map's highest point could rise over what it has met. Beyond the
    map's edge the ground goes on at the height of the edge.
    """
    flat = math.hypot(up[0], up[1])
    # At a pole north is along the meridian 0, as for a longitude of 0.
    east_x, east_y = (-up[1] / flat, up[0] / flat) if flat > 0.0 else (0.0, 1.0)
    north_x, north_y = -up[2] * east_y, up[2] * east_x
    north_z = up[0] * east_y - up[1] * east_x
    summit_km = m.radius_km + m.highest_km
    # The distance to which a summit below the eye can rise by the eye's dip.
    dip_rad = math.acos(summit_km / eye_km) if eye_km > summit_km else 0.0
    first, last_row, last_column = -0.5 - _DUST, m.rows[0] - 0.5 + _DUST, m.columns[0] - 0.5 + _DUST
    enough = math.tan(min(enough_rad, 1.57))
    for k in range(horizon_rad.size):
        azimuth = 2.0 * math.pi * k / horizon_rad.size
        sa, ca = math.sin(azimuth), math.cos(azimuth)
        tx, ty, tz = sa * east_x + ca * north_x, sa * east_y + ca * north_y, ca * north_z
        # The steepest slope met: of the line of sight against the level.
        best = -1e9
        last_km = math.nan
        i = -1
        while i + 1 < rays.away_rad.size:
            i += 1
            cos_d, sin_d = rays.away_cos[i], rays.away_sin[i]
            if (
                cos_d * summit_km - eye_km <= best * sin_d * summit_km
                and rays.away_rad[i] > dip_rad
            ):
                break
            row, column = map_place(
                m,
                up[0] * cos_d + tx * sin_d,
                up[1] * cos_d + ty * sin_d,
                up[2] * cos_d + tz * sin_d,
            )
            if row < first or column < first or row > last_row or column > last_column:
                if last_km == last_km and m.radius_km + last_km < eye_km:
                    beyond_rad = math.acos((m.radius_km + last_km) / eye_km)
                    if beyond_rad > rays.away_rad[i]:
                        best = max(best, -math.tan(beyond_rad))
                break
            if rays.skip_to[i] > i:
                top_km = m.radius_km + top_at(m, rays.top_level[i], row, column)
                # The tops stand highest where they are nearest; those under the eye at their dip.
                if top_km >= eye_km:
                    is_hidden = cos_d * top_km - eye_km <= best * sin_d * top_km
                else:
                    is_hidden = best >= 0.0 or best**2 <= (eye_km / top_km) ** 2 - 1.0
                if is_hidden:
                    last_km = top_km - m.radius_km
                    i = rays.skip_to[i] - 1
                    continue
            height_km = height_at(m, rays.level[i], row, column)
            if height_km == height_km:
                last_km = height_km
                ground_km = m.radius_km + height_km
                rise = cos_d * ground_km - eye_km
                if rise > best * sin_d * ground_km:
                    best = rise / (sin_d * ground_km)
                    if best >= enough:
                        break
        horizon_rad[k] = math.atan(best)


@kernel
def light_map(
    m: MapArrays,
    rays: RayArrays,
    first_row: int,
    first_column: int,
    stride: int,
    mast_km: float,
    nodes: NDArray[np.float64],
    first_step: float,
    step: float,
    times: int,
    sun_radius_km: float,
    azimuths: int,
    out: NDArray[np.float64],
) -> None:
    """The mean share of the Sun's disc that each cell of a part of the map sees.

    Args:
        first_row, first_column, stride: the cells of level 0: every stride-th from the first.
        nodes, first_step, step, times: of the Sun, as for `sky_over`; (N, 1, 3).
        azimuths: of each cell's horizon.
        out: (rows, columns); NaN where the map has no height.
    """
    suns = np.empty((times, 3))
    place = np.empty((1, 3))
    for i in range(times):
        between_nodes(nodes, first_step + i * step, place)
        suns[i] = place[0]
    horizon = np.empty(azimuths)
    up = np.empty(3)
    for r in range(out.shape[0]):
        for c in range(out.shape[1]):
            row, column = first_row + r * stride, first_column + c * stride
            ground_km = height_at(m, 0, float(row), float(column))
            if ground_km != ground_km:
                out[r, c] = math.nan
                continue
            place_direction(m, float(row), float(column), up)
            eye_km = m.radius_km + ground_km + mast_km
            # Ground over the Sun's highest place hides it, however high it is.
            highest = -1.0
            for i in range(times):
                x, y, z = suns[i, 0], suns[i, 1], suns[i, 2]
                sine = (x * up[0] + y * up[1] + z * up[2]) / math.sqrt(x * x + y * y + z * z)
                highest = max(highest, sine)
            enough_rad = math.asin(min(highest, 1.0)) + 0.006
            point_horizon(m, rays, up, eye_km, enough_rad, horizon)
            lowest, top = horizon.min(), horizon.max()
            flat = math.hypot(up[0], up[1])
            ex, ey = (-up[1] / flat, up[0] / flat) if flat > 0.0 else (0.0, 1.0)
            nx, ny = -up[2] * ey, up[2] * ex
            nz = up[0] * ey - up[1] * ex
            total = 0.0
            for i in range(times):
                x = suns[i, 0] - eye_km * up[0]
                y = suns[i, 1] - eye_km * up[1]
                z = suns[i, 2] - eye_km * up[2]
                distance_km = math.sqrt(x * x + y * y + z * z)
                altitude = math.asin((x * up[0] + y * up[1] + z * up[2]) / distance_km)
                radius = sun_radius_km / distance_km
                if altitude + radius > lowest:
                    azimuth = math.atan2(x * ex + y * ey, x * nx + y * ny + z * nz)
                    total += disc_over_horizon(horizon, lowest, top, azimuth, altitude, radius)
            out[r, c] = total / times
