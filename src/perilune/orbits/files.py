"""Orbit files of any format, told apart by what stands in them, not by how they are called."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from perilune.orbits.oef import parse_oef
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
    text = load(source)
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
    if "OEF" in head or "END_OF_HEADER" in head:
        return parse_oef(text)
    raise text.error(
        "the file's format is not recognised",
        found=start.partition("\n")[0][:60] or "an empty file",
        expected=_FORMATS,
        remedy="Check that the file is what you meant.",
    )
