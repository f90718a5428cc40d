"""What stands around a site on the Moon: its horizon by terrain, as given, or the sphere's."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from perilune.constants import MOON_RADIUS_KM
from perilune.station.horizon import Horizon, mask_horizon, sphere_horizon
from perilune.station.places import Site
from perilune.station.terrain import Terrain
from perilune.station.terrain_files import read_terrain


def site_horizon(
    site: Site, folder: Path, read: Callable[[Path], Terrain] = read_terrain
) -> Horizon:
    """The horizon from the top of a site's mast.

    Terrain gives the ground's height as well; without terrain the ground is a smooth sphere of the
    site's own height. A horizon that was given is taken as seen from the mast.

    Args:
        folder: of the station file.
        read: how a map is read: a caller may keep those that it has read.

    Raises:
        DataMissingError: terrain needs rasterio, which is not installed.
        InputError: the terrain cannot be used, or does not lie under the site.
    """
    if site.terrain is not None:
        ground = site.ground().position_fixed_km
        direction = ground / np.linalg.norm(ground)
        return read(folder / site.terrain).horizon(direction, site.mast)
    if site.horizon is not None:
        directions = np.array(site.horizon)
        return mask_horizon(directions[:, 0], directions[:, 1])
    assert site.height is not None
    return sphere_horizon(MOON_RADIUS_KM + site.height, site.mast)


class Surroundings:
    """The horizons of a station's sites, each found once, and each map read once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._maps: dict[Path, Terrain] = {}
        self._found: dict[Site, Horizon] = {}

    def horizon(self, site: Site) -> Horizon:
        """Errors as in `site_horizon`."""
        if site not in self._found:
            self._found[site] = site_horizon(site, self._folder, self._read)
        return self._found[site]

    def _read(self, path: Path) -> Terrain:
        if path not in self._maps:
            self._maps[path] = read_terrain(path)
        return self._maps[path]
