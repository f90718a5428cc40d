"""The built-in catalogue: notable objects as figures with publisher, solution and date."""

from __future__ import annotations

import difflib
from functools import cache
from pathlib import Path
from typing import Final

from perilune.errors import InputError, UnknownNameError
from perilune.orbits.designations import pack
from perilune.orbits.files import read_orbits
from perilune.orbits.orbit import Orbit
from perilune.orbits.perilune_json import read_perilune

BUILTIN: Final = Path(__file__).parent / "builtin" / "orbits.json"


@cache
def orbits() -> tuple[Orbit, ...]:
    """Every orbit of the catalogue, in its order."""
    return tuple(read_perilune(BUILTIN))


def names() -> tuple[str, ...]:
    """The objects' full names, in the catalogue's order: "2024 YR4", "99942 Apophis", ..."""
    return tuple(orbit.full_name for orbit in orbits())


def find(name: str) -> Orbit:
    """The orbit of an object by its designation, number, name or full name.

    Case, blanks and brackets do not matter: "2024YR4", "(99942)", "apophis", "99942 Apophis",
    "1P", "1P/Halley", "Halley". The Minor Planet Center's packed form ("K24Y04R") and SPICE's
    numbers (2000001 and 20000001 for Ceres) are understood too.

    Raises:
        UnknownNameError: no such object; near names are offered.
    """
    known = _keys()
    key = _key(name)
    if key in known:
        return known[key]
    close = difflib.get_close_matches(key, known, n=3, cutoff=0.6)
    near = list(dict.fromkeys(known[match].full_name for match in close))
    raise UnknownNameError(
        "object in the catalogue",
        name,
        near,
        remedy=f"Known: {', '.join(names())}. A file with an orbit can be named as well.",
    )


def resolve_target(text: str) -> list[Orbit]:
    """The orbit of a catalogue name, or all orbits of a file of any format that is read.

    A name of the catalogue comes first; `./Apophis` names a file of that name.

    Raises:
        UnknownNameError: neither a name nor a file.
        InputError: a file that cannot be read.
    """
    try:
        return [find(text)]
    except UnknownNameError:
        path = Path(text)
        try:
            is_file = bool(text.strip()) and path.exists()
        except (OSError, ValueError):
            is_file = False
        if is_file:
            return read_orbits(path)
        if "/" in text or "\\" in text or path.suffix.lower() in _SUFFIXES:
            raise InputError(
                "there is no such file, and no object of that name",
                file=text,
                expected="a readable orbit file, or a name of the catalogue",
                remedy=f"Known names: {', '.join(names())}.",
            ) from None
        raise


_SUFFIXES: Final = (".json", ".ke0", ".ke1", ".oef", ".oem", ".opm", ".txt", ".kvn", ".dat")


def _key(name: str) -> str:
    return "".join(char for char in name.casefold() if char not in " ()_\t")


@cache
def _keys() -> dict[str, Orbit]:
    keys: dict[str, Orbit] = {}
    for orbit in orbits():
        spellings = [orbit.designation, orbit.full_name]
        spellings += [orbit.name] if orbit.name else []
        if orbit.number is not None:
            spellings += [str(orbit.number + offset) for offset in (0, 2_000_000, 20_000_000)]
        spellings += [packed] if (packed := pack(orbit.designation)) is not None else []
        for spelling in spellings:
            keys.setdefault(_key(spelling), orbit)
    return keys
