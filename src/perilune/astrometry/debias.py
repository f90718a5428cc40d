"""Star catalogues' own errors, to be taken from the places that were measured with them.

Eggl, Farnocchia, Chamberlin & Chesley (2020, Icarus 339, 113596,
doi:10.1016/j.icarus.2019.113596) give, for each catalogue and each tile of the sky, its offset
from Gaia DR2 at J2000 and its proper motion's. The table is fetched once by
`perilune data get debias-2018`; without it places are used as they are.
"""

from __future__ import annotations

import os
import tempfile
import warnings
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from perilune.astrometry.observations import FloatArray, Kind, Observations
from perilune.constants import J2000_MJD_TDB, JULIAN_YEAR_D
from perilune.datasets import DEBIAS_2018
from perilune.errors import DataMissingError

# The table's catalogues in the order of its columns (its header names them by the MPC's letters
# a b c d e g i j l m n o p q r t u v w L N Q R S U Y), as ADES `astCat` codes.
CATALOGS: Final = (
    "USNOA1", "USNOSA1", "USNOA2", "USNOSA2", "UCAC1", "Tyc2", "GSC1.1", "GSC1.2", "ACT",
    "GSCACT", "SDSS8", "USNOB1", "PPM", "UCAC4", "UCAC2", "PPMXL", "UCAC3", "NOMAD", "CMC14",
    "2MASS", "SDSS7", "CMC15", "SSTRC4", "URAT1", "Gaia1", "UCAC5",
)  # fmt: skip
_PER_CATALOG: Final = 4
_ARCSEC: Final = np.pi / 648000.0


@dataclass(frozen=True, slots=True, eq=False)
class BiasTable:
    """The table.

    Attributes:
        n_side: of its HEALPix tiles.
        offset_rad: (tiles, catalogues, 2): of right ascension times cos(dec) and of declination
            at J2000, catalogue minus Gaia DR2.
        motion_rad_yr: (tiles, catalogues, 2), a Julian year.
    """

    n_side: int
    offset_rad: FloatArray
    motion_rad_yr: FloatArray

    def at(
        self, ra_rad: FloatArray, dec_rad: FloatArray, epoch_mjd_tdb: FloatArray, catalog: int
    ) -> FloatArray:
        """Biases (N, 2), rad, of places measured with one catalogue."""
        tile = ring_tile(self.n_side, ra_rad, dec_rad)
        years = (epoch_mjd_tdb - J2000_MJD_TDB) / JULIAN_YEAR_D
        found: FloatArray = (
            self.offset_rad[tile, catalog]
            + years[:, np.newaxis] * self.motion_rad_yr[tile, catalog]
        )
        return found


@dataclass(frozen=True, slots=True, eq=False)
class Biases:
    """What to subtract from N places.

    Attributes:
        ra_rad: (N,), of right ascension times cos(dec). dec_rad: (N,).
        note: why the table was not used, or "" if it was.
    """

    ra_rad: FloatArray
    dec_rad: FloatArray
    note: str


def biases(observations: Observations) -> Biases:
    """The biases of places: those that came with the row (`.rwo`), else by the table.

    Rows without a catalogue, and catalogues that the table does not know, have none.

    Raises:
        DataMissingError: the table is there but damaged.
    """
    own = np.isfinite(observations.bias_ra_rad) & np.isfinite(observations.bias_dec_rad)
    found = np.zeros((len(observations), 2))
    found[own, 0], found[own, 1] = observations.bias_ra_rad[own], observations.bias_dec_rad[own]
    note = ""
    pending = (
        ~own
        & (observations.kind == Kind.OPTICAL)
        & np.isin(observations.catalog, CATALOGS)
        & np.isfinite(observations.ra_rad + observations.dec_rad + observations.epoch_mjd_tdb)
    )
    if pending.any():
        if DEBIAS_2018.is_installed:
            table = bias_table(DEBIAS_2018.path)
            for name in np.unique(observations.catalog[pending]).tolist():
                rows = pending & (observations.catalog == name)
                found[rows] = table.at(
                    observations.ra_rad[rows],
                    observations.dec_rad[rows],
                    observations.epoch_mjd_tdb[rows],
                    CATALOGS.index(name),
                )
        else:
            note = (
                f"{int(pending.sum())} places are not freed of their star catalogues' errors: "
                f"the table is not installed. Get it: perilune data get {DEBIAS_2018.name}"
            )
    return Biases(found[:, 0], found[:, 1], note)


@cache
def bias_table(path: Path) -> BiasTable:
    """Read the table: comment lines start with "!", then one line a tile.

    The text takes two seconds to read, so its numbers are kept beside it.

    Raises:
        DataMissingError: the file is absent, cut short or damaged.
    """
    again = f"Get it again: perilune data get {DEBIAS_2018.name} --again"
    parsed = path.with_suffix(".npy")
    try:
        if parsed.is_file() and parsed.stat().st_mtime_ns >= path.stat().st_mtime_ns:
            values = np.load(parsed)
        else:
            with warnings.catch_warnings():
                warnings.simplefilter("error")  # numpy warns of an empty file
                values = np.loadtxt(path, comments="!", ndmin=2)
            _keep(values, parsed)
    except (OSError, ValueError, UserWarning) as error:
        parsed.unlink(missing_ok=True)
        raise DataMissingError(f"The table {path} cannot be read ({error}). {again}") from error
    tiles, columns = values.shape
    n_side = round(np.sqrt(tiles / 12.0))
    if tiles == 0 or 12 * n_side**2 != tiles or columns != _PER_CATALOG * len(CATALOGS):
        raise DataMissingError(
            f"The table {path} has {tiles} rows of {columns} columns, not 12 n^2 rows of "
            f"{_PER_CATALOG * len(CATALOGS)}. {again}"
        )
    cells = values.reshape(tiles, len(CATALOGS), _PER_CATALOG)
    return BiasTable(n_side, cells[:, :, :2] * _ARCSEC, cells[:, :, 2:] * (1e-3 * _ARCSEC))


def _keep(values: FloatArray, parsed: Path) -> None:
    """Write an array in one piece; a folder that cannot be written to is no fault."""
    try:
        handle, name = tempfile.mkstemp(dir=parsed.parent, suffix=".part")
        with os.fdopen(handle, "wb") as file:
            np.save(file, values)
        os.replace(name, parsed)
    except OSError:
        return


def ring_tile(n_side: int, ra_rad: FloatArray, dec_rad: FloatArray) -> NDArray[np.int64]:
    """The HEALPix tile (ring order, from 0 at the north pole) in which a direction lies.

    Górski et al. (2005, ApJ 622, 759, doi:10.1086/427976), section 5: tiles are bounded by lines
    on which z +- (longitude) is constant in the belt |z| <= 2/3, and by the like of them, squeezed,
    in the caps.
    """
    z = np.sin(dec_rad)
    quarter = np.mod(ra_rad, 2.0 * np.pi) / (0.5 * np.pi)  # [0, 4)
    quarter = np.where(quarter >= 4.0, 0.0, quarter)
    height = np.abs(z)
    last = np.int64(12 * n_side**2)
    # In the belt: the numbers of the rising and of the falling edge line to the left.
    rising = np.floor(n_side * (0.5 + quarter - 0.75 * z)).astype(np.int64)
    falling = np.floor(n_side * (0.5 + quarter + 0.75 * z)).astype(np.int64)
    ring = n_side + 1 + rising - falling  # from 1, at z = 2/3
    along = (rising + falling - n_side + 2 - ring % 2) // 2 % (4 * n_side)
    belt = 2 * n_side * (n_side - 1) + 4 * n_side * (ring - 1) + along
    # In the caps: the same within a quarter turn, rings counted from the pole.
    part = quarter - np.floor(quarter)
    width = n_side * np.sqrt(3.0 * (1.0 - height))
    ring = (
        np.floor(part * width).astype(np.int64)
        + np.floor((1.0 - part) * width).astype(np.int64)
        + 1
    )
    along = np.floor(quarter * ring).astype(np.int64) % (4 * ring)
    north, south = 2 * ring * (ring - 1) + along, last - 2 * ring * (ring + 1) + along
    tile: NDArray[np.int64] = np.where(height <= 2.0 / 3.0, belt, np.where(z > 0.0, north, south))
    return tile
