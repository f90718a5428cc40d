"""`perilune report`: the station and the risks as a printed report."""

from __future__ import annotations

import hashlib
import os
import shlex
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from perilune.cli.envelope import print_envelope
from perilune.cli.options import Json, Threads, announce_compilation
from perilune.cli.output import progress_bar, say, show_table, write_atomically
from perilune.cli.station_options import File, station_inputs
from perilune.cli.watch import DatabaseOption
from perilune.errors import DataMissingError, InputError

if TYPE_CHECKING:
    from perilune.report.document import Report
    from perilune.report.watched import Watched

_PRINTING = 0.95
_KINDS = (".html", ".pdf")


def report(
    file: File,
    output: Annotated[
        Path | None,
        typer.Option(
            metavar="PATH",
            help="A folder for both, or one file: .html or .pdf; this folder by default.",
        ),
    ] = None,
    database: DatabaseOption = None,
    start: Annotated[
        str | None,
        typer.Option(
            metavar="DATE", help="From when the station's light, power and links are looked at."
        ),
    ] = None,
    threads: Threads = None,
    json: Json = False,
) -> None:
    """Write a report of a station and of the risks that the watch found, as HTML and PDF."""
    from perilune.cli.references import REFERENCES
    from perilune.report.document import make_report, render
    from perilune.report.pdf import printer, to_pdf
    from perilune.station.reading import read_station
    from perilune.times import parse_epoch

    wanted = _files(output, file)
    created = _created()
    first = parse_epoch(created[:10] if start is None else start, "--start")
    held = read_station(file)
    unprintable = None
    if any(path.suffix.lower() == ".pdf" for path in wanted):
        try:
            printer()
        except DataMissingError as error:
            if len(wanted) == 1:
                raise
            unprintable = error
    opened = _open(database)
    try:
        announce_compilation()
        with progress_bar("Report") as progress:
            from perilune.report.watched import read_watched

            watched = read_watched(opened, held.file)
            made = make_report(
                held,
                opened,
                watched,
                watch_command=_watch_command(database, watched, held.file),
                created_utc=created,
                start_mjd_tdb=first,
                inputs=station_inputs,
                references=[_line(each) for each in REFERENCES],
                threads=threads,
                progress=lambda part, label: progress(_PRINTING * part, label),
            )
            contents = {}
            for path in wanted:
                if path.suffix.lower() == ".html":
                    contents[path] = render(made, for_paper=False).encode()
                elif unprintable is None:
                    progress(_PRINTING, "PDF")
                    contents[path] = to_pdf(render(made, for_paper=True))
    finally:
        opened.close()
    for path, content in contents.items():
        write_atomically(path, content)
    files = [_described(path, content) for path, content in contents.items()]
    if json:
        inputs = {
            "verb": "report",
            "station_sha256": made.station_sha256,
            "tables": [source.inputs_sha256 for source in made.sources()],
            "start_mjd_tdb": first,
        }
        print_envelope({"files": files, "sections": _sections(made)}, units=_UNITS, inputs=inputs)
    else:
        rows = [(each["kind"], f"{each['bytes'] / 1024:,.0f}", each["file"]) for each in files]
        show_table(f"Report of {held.name}", ("kind", ">kB", "file"), rows)
    if unprintable is not None:
        say(f"The HTML is written: {', '.join(str(path) for path in contents)}.")
        raise unprintable


_UNITS = {"bytes": "B", "rows": "rows of the table"}


def _files(output: Path | None, station: Path) -> list[Path]:
    """The files to write.

    Raises:
        InputError: a name that ends otherwise, and is no folder.
    """
    if output is not None and output.suffix.lower() in _KINDS and not output.is_dir():
        return [output]
    folder = output or Path()
    if not folder.is_dir():
        raise InputError(
            "there is no such folder",
            field="--output",
            found=str(folder),
            expected="a folder, or a name that ends in .html or .pdf",
        )
    return [folder / f"{station.stem}-report{kind}" for kind in _KINDS]


def _created() -> str:
    """Now, or SOURCE_DATE_EPOCH (reproducible-builds.org), by which a report can be made again.

    Raises:
        InputError: that is no count of seconds.
    """
    given = os.environ.get("SOURCE_DATE_EPOCH")
    if given is None:
        return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    try:
        return datetime.fromtimestamp(int(given), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError, OSError):
        raise InputError(
            "this is no time", field="SOURCE_DATE_EPOCH", found=given, expected="seconds since 1970"
        ) from None


def _open(database: str | None) -> Any:
    """The database; one that is not there is not made.

    Raises:
        DataMissingError: there is none.
        DatabaseError: it cannot be opened.
    """
    from perilune.catalogue import database_url, open_database
    from perilune.report.watched import no_cycle

    url = database_url(database)
    if url.get_backend_name() == "sqlite":
        place = Path(url.database or "").expanduser()
        if not place.exists():
            raise no_cycle(str(place))
    return open_database(database)


def _watch_command(database: str | None, watched: Watched, station_file: str) -> str:
    """What prints the same risks again."""
    from perilune.catalogue import database_url

    words = ["perilune", "watch"]
    if watched.station is not None:
        words.append(shlex.quote(station_file))
    if database is not None:
        place = database
        if "://" in database:
            place = database_url(database).render_as_string(hide_password=True)
        words += ["--database", shlex.quote(place)]
    words += ["--now", f"mjd:{watched.now_mjd_tdb!r}@tdb"]
    if watched.horizon_years != 100.0:
        words += ["--years", f"{watched.horizon_years:g}"]
    return " ".join([*words, "--json"])


def _line(reference: Any) -> str:
    """A published work on one line."""
    authors = ", ".join(each.strip("{}") for each in reference.authors)
    doi = f", doi:{reference.doi}" if reference.doi else ""
    return (
        f"{authors} ({reference.year}), {reference.title}, {reference.where}{doi}: "
        f"{reference.used_for}."
    )


def _described(path: Path, content: bytes) -> dict[str, Any]:
    return {
        "file": str(path),
        "kind": path.suffix.lower().removeprefix("."),
        "bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
    }


def _sections(made: Report) -> list[dict[str, Any]]:
    return [
        {
            "id": section.id,
            "title": section.title,
            "tables": [
                {
                    "id": table.id,
                    "title": table.title,
                    "rows": len(table.rows),
                    "command": table.source.command if table.source else None,
                    "inputs_sha256": table.source.inputs_sha256 if table.source else None,
                }
                for table in section.tables()
            ],
        }
        for section in made.sections
    ]
