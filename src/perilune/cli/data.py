"""`perilune data`: the data sets that are fetched on request."""

from __future__ import annotations

from typing import Annotated

import typer

from perilune.cli.envelope import print_envelope
from perilune.cli.options import Json
from perilune.cli.output import progress_bar, say, show_table

data = typer.Typer(no_args_is_help=True, help="List and get the data sets fetched on request.")


@data.command("list")
def list_(json: Json = False) -> None:
    """Say which data sets there are, and which are here."""
    from perilune.datasets import DATASETS

    rows = [
        {
            "name": item.name,
            "about": item.about,
            "is_installed": item.is_installed,
            "path": str(item.path) if item.is_installed else None,
            "size_bytes": item.size_bytes,
            "url": item.url,
            "source": item.source,
            "sha256": item.sha256,
        }
        for item in DATASETS.values()
    ]
    if json:
        print_envelope(
            rows, units={"size_bytes": "bytes, of the download"}, inputs={"verb": "data list"}
        )
        return
    table = [
        (
            str(row["name"]),
            "here" if row["is_installed"] else "not here",
            f"{item.size_bytes / 1e6:.0f} MB",
            str(row["path"] or f"{item.about}; get it: perilune data get {item.name}"),
        )
        for row, item in zip(rows, DATASETS.values(), strict=True)
    ]
    show_table("Data sets", ("name", "state", ">size", "where"), table)


@data.command("get")
def get(
    name: Annotated[str, typer.Argument(metavar="NAME", help="As `perilune data list` has it.")],
    again: Annotated[bool, typer.Option("--again", help="Fetch it even if it is here.")] = False,
    sha256: Annotated[
        str | None,
        typer.Option(metavar="DIGEST", help="Accept a file of this digest, not the recorded one."),
    ] = None,
) -> None:
    """Fetch a data set from its publisher, check it and keep it."""
    from perilune.datasets import dataset, fetch

    wanted = dataset(name)
    if wanted.is_installed and not again:
        say(f"{name} is here: {wanted.path}")
        return
    say(f"Fetching {name} from {wanted.url}")
    with progress_bar(name) as progress:
        path = fetch(wanted, progress, sha256=sha256)
    say(f"{name} is here now: {path}")
    if wanted.label is not None:
        say(f"A site of a station file stands on it with  terrain: {path}")
