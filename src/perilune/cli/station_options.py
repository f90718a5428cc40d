"""The arguments that the commands about a station share, and what their results depend on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from perilune.station.station import Station

File = Annotated[Path, typer.Argument(metavar="FILE", help="A station file (YAML).")]
Plot = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Draw a picture (PNG, PDF or SVG).")
]
Parquet = Annotated[
    Path | None, typer.Option("--parquet", metavar="FILE", help="Write the rows as Parquet.")
]


def station_inputs(verb: str, held: Station) -> dict[str, Any]:
    """What a result depends on: all that the file says, but not what it is called."""
    return {"verb": f"station {verb}", "station": held.model_dump(exclude={"file"}, mode="json")}
