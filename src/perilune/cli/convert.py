"""`perilune convert`: orbits from one file format to another."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from perilune.cli.envelope import print_envelope
from perilune.cli.options import Json, Targets, resolve_targets
from perilune.cli.output import say, write_atomically
from perilune.contract.envelope import without_place
from perilune.errors import InputError

if TYPE_CHECKING:
    from perilune.orbits import Orbit


class Format(StrEnum):
    """A file format that can be written."""

    PERILUNE = "perilune"
    SBDB = "sbdb"
    OEF = "oef"
    MPCORB = "mpcorb"
    OPM = "opm"


def convert(
    targets: Targets,
    to: Annotated[Format, typer.Option("--to", help="Format to write.")],
    output: Annotated[
        Path | None, typer.Option(metavar="FILE", help="File to write; stdout by default.")
    ] = None,
    json: Json = False,
) -> None:
    """Write orbits in another format."""
    orbits = resolve_targets(targets)
    text = _write(orbits, to)
    if output is not None:
        write_atomically(output, text)
        say(f"Wrote {len(orbits)} orbit{'s' if len(orbits) > 1 else ''} to {output}.")
    if json:
        data = {
            "format": to,
            "objects": [{"object": o.full_name, "solution": o.solution} for o in orbits],
            "file": output,
            "text": text if output is None else None,
        }
        inputs = {"verb": "convert", "orbits": without_place(orbits), "to": to}
        print_envelope(data, units={}, inputs=inputs)
    elif output is None:
        print(text, end="")


def _write(orbits: Sequence[Orbit], to: Format) -> str:
    from perilune.orbits import write_mpcorb, write_oef, write_opm, write_perilune, write_sbdb

    one: dict[Format, Callable[[Orbit], str]] = {Format.SBDB: write_sbdb, Format.OPM: write_opm}
    many: dict[Format, Callable[[Sequence[Orbit]], str]] = {
        Format.MPCORB: write_mpcorb,
        Format.OEF: write_oef,
        Format.PERILUNE: write_perilune,
    }
    if to in many:
        return many[to](orbits)
    if len(orbits) > 1:
        raise InputError(
            f"a file of the format {to.value!r} holds one orbit",
            field="TARGET",
            found=", ".join(orbit.full_name for orbit in orbits),
            expected="one orbit",
            remedy="Convert them one by one.",
        )
    return one[to](orbits[0])
