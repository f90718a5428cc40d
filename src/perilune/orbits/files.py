"""Orbit files of any format, told apart by what stands in them, not by how they are called."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from perilune.orbits.mpcorb import looks_like_mpcorb, parse_mpcorb
from perilune.orbits.oef import parse_oef
from perilune.orbits.oem import VERSION_KEY as OEM
from perilune.orbits.oem import parse_oem
from perilune.orbits.opm import VERSION_KEY as OPM
from perilune.orbits.opm import parse_opm
from perilune.orbits.orbit import Orbit
from perilune.orbits.perilune_json import FORMAT, parse_perilune
from perilune.orbits.reading import SourceText, load
from perilune.orbits.sbdb import parse_sbdb

_FORMATS: Final = (
    "Perilune's own JSON, SBDB JSON, OEF (.ke0, .ke1), MPCORB lines, CCSDS OPM or OEM (KVN)"
)


def read_orbits(source: Path | str) -> list[Orbit]:
    """All orbits of a file, given as a path or as its text; at least one.

    Raises:
        InputError: no format that is read, or a file that is cut short or damaged.
        CovarianceError: a covariance is not one.
    """
    return parse_orbits(load(source))


def parse_orbits(text: SourceText) -> list[Orbit]:
    """`read_orbits` for a text already loaded."""
    orbits = _parse(text)
    if not orbits:
        raise text.error("the file holds no orbit", expected="at least one")
    return orbits


def _parse(text: SourceText) -> list[Orbit]:
    start = text.text.lstrip("\ufeff \t\r\n")
    if start.startswith("{"):
        if FORMAT in start[:200]:
            return parse_perilune(text)
        return [parse_sbdb(text)]
    head = start[:4000]
    if OPM in head:
        return [parse_opm(text)]
    if OEM in head:
        return [segment.orbit(text.file or "") for segment in parse_oem(text)]
    if "OEF" in head or "END_OF_HEADER" in head:
        return parse_oef(text)
    if looks_like_mpcorb(text):
        return parse_mpcorb(text)
    raise text.error(
        "the file's format is not recognised",
        found=start.partition("\n")[0][:60] or "an empty file",
        expected=_FORMATS,
        remedy="Check that the file is what you meant.",
    )
