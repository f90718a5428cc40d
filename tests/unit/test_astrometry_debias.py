"""Star catalogues' biases: the sky's tiles, the table, and what is done without it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from perilune.astrometry.debias import CATALOGS, bias_table, biases, ring_tile
from perilune.astrometry.observations import Kind, Observations, empty
from perilune.datasets import DEBIAS_2018
from perilune.determination.preparing import measure
from perilune.ephemeris import planets
from perilune.errors import DataMissingError

ARCSEC = np.pi / 648000.0
TILES = 12 * 2**2


def centres(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Right ascension and sin(dec) of the tiles in order: Gorski et al. 2005, equations 2 to 9."""
    ra, z = [], []
    for ring in range(1, 4 * n):
        i = min(ring, 4 * n - ring)
        if i < n:
            height = 1.0 - i**2 / (3.0 * n**2)
            height, count, shift = (height if ring < 2 * n else -height), 4 * i, 0.5
        else:
            height, count = 4.0 / 3.0 - 2.0 * ring / (3.0 * n), 4 * n
            shift = 0.5 * ((ring - n + 1) % 2)
        ra += [2.0 * np.pi * (j + shift) / count for j in range(count)]
        z += [height] * count
    return np.array(ra), np.array(z)


def write_table(path: Path) -> Path:
    """A table for 48 tiles in which each number tells where it stands."""
    path.parent.mkdir(parents=True, exist_ok=True)
    cells = np.arange(TILES)[:, None, None] + 0.01 * np.arange(len(CATALOGS))[None, :, None]
    cells = cells * np.array([1e-3, -1e-3, 1.0, -1.0])
    with path.open("w") as file:
        file.write("! BIAS_VERSION= test\n! a b c\n")
        np.savetxt(file, cells.reshape(TILES, -1), fmt="%.6f")
    return path


def seen(**columns: object) -> Observations:
    blank = replace(
        empty(1),
        designation=np.array(["x"]),
        station=np.array(["500"]),
        epoch_mjd_tdb=np.array([51544.5 + 3652.5]),
        ra_rad=np.array([0.4]),
        dec_rad=np.array([0.9]),
        catalog=np.array(["UCAC4"]),
        mode=np.array(["CCD"]),
    )
    return replace(blank, **columns)  # type: ignore[arg-type]


@pytest.mark.parametrize("n", [1, 2, 4, 64])
def test_centres_of_tiles_lie_in_their_tiles(n: int) -> None:
    ra, z = centres(n)
    assert np.array_equal(ring_tile(n, ra, np.arcsin(z)), np.arange(12 * n**2))


def test_tiles_known_from_healpy() -> None:
    """The example in healpy's documentation of ang2pix, n_side 16.

    Its first direction is the corner of four tiles, where rounding decides; it is left out.
    """
    colatitude = np.array([np.pi / 4, np.pi / 2, 0.0, np.pi])
    longitude = np.array([np.pi / 4, np.pi / 2, 0.0, 0.0])
    found = ring_tile(16, longitude, np.pi / 2 - colatitude)
    assert found.tolist() == [427, 1520, 0, 3068]


def test_tiles_have_equal_areas_and_none_is_out_of_range() -> None:
    """A million directions: 21,000 a tile, to 5 sigma."""
    random = np.random.default_rng(7)
    ra = random.uniform(-4.0 * np.pi, 4.0 * np.pi, 1_000_000)
    dec = np.arcsin(random.uniform(-1.0, 1.0, ra.size))
    counts = np.bincount(ring_tile(2, ra, dec), minlength=TILES)
    assert counts.size == TILES
    assert np.abs(counts - ra.size / TILES).max() < 5.0 * np.sqrt(ra.size / TILES)


def test_bias_is_the_tiles_offset_and_motion(tmp_path: Path) -> None:
    file = write_table(tmp_path / "bias.dat")
    table = bias_table(file)
    assert np.array_equal(bias_table.__wrapped__(file).offset_rad, table.offset_rad)  # kept beside
    ra, z = centres(2)
    k, catalog = 17, CATALOGS.index("UCAC4")
    epoch = np.array([51544.5 + 20 * 365.25])
    found = table.at(ra[k : k + 1], np.arcsin(z[k : k + 1]), epoch, catalog) / ARCSEC
    cell = k + 0.01 * catalog
    # 1e-3 cell arcsec at J2000 and cell mas a year over twenty years.
    assert found[0] == pytest.approx([1e-3 * cell * 21.0, -1e-3 * cell * 21.0])


def test_places_are_freed_of_the_bias(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Observed minus bias, the first coordinate divided by cos(dec)."""
    monkeypatch.setenv("PERILUNE_CACHE", str(tmp_path))
    write_table(DEBIAS_2018.path)
    row = seen()
    bias = biases(row)
    assert bias.note == ""
    assert bias.ra_rad[0] > 0.0
    with_, _ = measure(row, planets())
    without, _ = measure(row, planets(), debias=False)
    moved = (without.ra_rad - with_.ra_rad) * np.cos(0.9)
    assert moved[0] == pytest.approx(bias.ra_rad[0])
    assert (without.dec_rad - with_.dec_rad)[0] == pytest.approx(bias.dec_rad[0])


def test_without_the_table_it_says_so_and_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PERILUNE_CACHE", str(tmp_path))
    bias = biases(seen())
    assert bias.ra_rad[0] == 0.0
    assert "perilune data get debias-2018" in bias.note
    # Nothing to be said where nothing would be done: Gaia DR2 is the reference.
    assert biases(seen(catalog=np.array(["Gaia2"]))).note == ""
    assert biases(seen(catalog=np.array([""]))).note == ""
    assert biases(seen(kind=np.array([Kind.RADAR_DELAY], dtype=np.int8))).note == ""


def test_biases_that_came_with_the_row_are_used() -> None:
    bias = biases(
        seen(bias_ra_rad=np.array([0.1 * ARCSEC]), bias_dec_rad=np.array([-0.2 * ARCSEC]))
    )
    assert bias.note == ""
    assert (bias.ra_rad[0], bias.dec_rad[0]) == (0.1 * ARCSEC, -0.2 * ARCSEC)


@pytest.mark.parametrize("text", ["", "1 2 3\n", "a b\n", "\n".join(["1 " * 104] * 47)])
def test_damaged_tables_are_refused(text: str, tmp_path: Path) -> None:
    file = tmp_path / "bias.dat"
    file.write_text(text)
    with pytest.raises(DataMissingError, match="perilune data get debias-2018"):
        bias_table(file)
