"""The arguments and options that several commands share, and their reading."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from perilune.cli.output import say
from perilune.errors import InputError

if TYPE_CHECKING:
    from perilune.astrometry import Reading
    from perilune.orbits.orbit import Orbit


class ImpactBody(StrEnum):
    """A body whose impacts are assessed."""

    EARTH = "earth"
    MOON = "moon"


class ApproachBody(StrEnum):
    """A body whose close approaches are found."""

    MERCURY = "mercury"
    VENUS = "venus"
    EARTH = "earth"
    MOON = "moon"
    MARS = "mars"
    JUPITER = "jupiter"
    SATURN = "saturn"
    URANUS = "uranus"
    NEPTUNE = "neptune"


Targets = Annotated[
    list[str],
    typer.Argument(metavar="TARGET", help="A name in the catalogue, or a file of orbits."),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON envelope on stdout.")]
Threads = Annotated[
    int | None, typer.Option("--threads", min=1, metavar="N", help="Cores to use; all by default.")
]

_EPOCH = re.compile(r"(mjd:|jd:)\S+|\d{4}-\d{2}-\d{2}(T\S*)?(@\S+)?", re.IGNORECASE)


def looks_like_epoch(text: str) -> bool:
    """Whether a word can only be an epoch: no object is named so, and no such file is here."""
    return _EPOCH.fullmatch(text) is not None and not os.path.exists(text)


def resolve_targets(targets: Sequence[str]) -> list[Orbit]:
    """The orbits of all targets, in the order given.

    Raises:
        UnknownNameError: a target is neither in the catalogue nor a file.
        InputError: a file does not hold what it should.
    """
    from perilune.orbits.catalogue import resolve_target

    if not targets:
        raise InputError("no object is named", field="TARGET", expected="a name or a file")
    return [orbit for target in targets for orbit in resolve_target(target)]


def split_targets(targets: Sequence[str]) -> tuple[list[Orbit], list[Reading]]:
    """The orbits of the targets that are orbits, and the contents of files of observations.

    Raises:
        UnknownNameError: a target is neither in the catalogue nor a file.
        InputError: a file holds neither orbits nor observations.
    """
    from perilune.orbits.catalogue import resolve_target

    if not targets:
        raise InputError("no object is named", field="TARGET", expected="a name or a file")
    orbits: list[Orbit] = []
    readings: list[Reading] = []
    for target in targets:
        try:
            orbits += resolve_target(target)
        except InputError:
            reading = _observations(target)
            if reading is None:
                raise
            readings.append(reading)
    return orbits, readings


def _observations(path: str) -> Reading | None:
    """What a file of observations holds; None if it is none."""
    from perilune.astrometry import read_observations

    try:
        return read_observations(path)
    except InputError:
        return None


def announce_compilation() -> None:
    """Say on stderr that the first use of this version compiles the propagator's kernels."""
    from perilune.jit import kernel_cache

    folder = kernel_cache("perilune.dynamics.schedule_kernels")
    # numba keeps the kernels of a folder of the package in a folder of that name.
    if not any(folder.glob("dynamics_*/*.nbi")):
        say(f"First use of this version: compiling the kernels, once; they stay in {folder}.")


def horizon_mjd_tdb(until: str | None) -> float:
    """The end of a search, MJD TDB: a date that was given, or 100 years from now."""
    from perilune.constants import JULIAN_YEAR_D
    from perilune.times import parse_epoch

    if until is not None:
        return parse_epoch(until, "--until")
    return now_mjd_tdb() + 100.0 * JULIAN_YEAR_D


def now_mjd_tdb() -> float:
    """This moment, MJD TDB."""
    from datetime import UTC, datetime

    from perilune.times import parse_epoch

    return parse_epoch(datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))
