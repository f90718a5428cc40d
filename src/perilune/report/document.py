"""The whole report: its sections, and their rendering as one HTML page without outside requests."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from perilune import __version__
from perilune.catalogue import Database
from perilune.dynamics import Progress
from perilune.errors import DataMissingError
from perilune.impact.corridor import Corridor
from perilune.report.blocks import Section
from perilune.report.corridors import impactor_corridor
from perilune.report.method_section import file_section, method_section
from perilune.report.risk_section import impact_spots, risk_section
from perilune.report.station_figures import station_figures
from perilune.report.station_section import station_section
from perilune.report.summary_section import facts, summary_section
from perilune.report.tables import Source
from perilune.report.watch_section import watch_blocks
from perilune.report.watched import Watched
from perilune.station.station import Station
from perilune.times import parse_epoch

TITLE: Final = "Station and risk report"
_BODIES: Final = ("earth", "moon")


@dataclass(frozen=True, slots=True)
class Report:
    """A report, ready to be rendered.

    Attributes:
        name: the station's.
        created_utc: ISO 8601.
        facts: labels and values for a glance.
        sections: in their order.
        station_sha256: of the station file's bytes.
        watched: what it says of risks.
    """

    name: str
    created_utc: str
    facts: tuple[tuple[str, str], ...]
    sections: tuple[Section, ...]
    station_sha256: str
    watched: Watched

    def sources(self) -> tuple[Source, ...]:
        """Each table's source once."""
        return tuple(
            dict.fromkeys(
                table.source
                for section in self.sections
                for table in section.tables()
                if table.source is not None
            )
        )


def make_report(
    station: Station,
    database: Database,
    watched: Watched,
    *,
    watch_command: str,
    created_utc: str,
    start_mjd_tdb: float,
    inputs: Callable[[str, Station], dict[str, Any]],
    references: Sequence[str],
    threads: int | None,
    progress: Progress,
) -> Report:
    """Compute everything.

    Args:
        station: what `read_station` gave.
        database: the catalogue.
        watched: what it holds.
        watch_command: what prints that.
        created_utc: the report's date.
        start_mjd_tdb: from when the station's light, power and links are looked at.
        inputs: what the station's commands take as their results' inputs, by verb.
        references: published works, as lines.
        threads: worker threads.
        progress: told the part done and what is being done.

    Raises:
        PeriluneError: something that the report needs cannot be computed.
    """
    text = Path(station.file).read_bytes()
    corridors = {
        body: _corridor(database, watched, body, threads, _part(progress, 0.02 + 0.14 * k, 0.14))
        for k, body in enumerate(_BODIES)
    }
    figures = station_figures(station, start_mjd_tdb, inputs, _part(progress, 0.3, 0.6))
    progress(0.9, "pictures")
    watch = Source(watch_command, watched.inputs_sha256)
    sources = [watch, *figures.sources.values()]
    now = watch_blocks(watched, station, watch)
    sections = (
        summary_section(watched, figures, parse_epoch(created_utc)),
        risk_section(watched, station, watch, corridors),
        station_section(figures, impact_spots(watched, "moon"), now),
        method_section(watched, station, sources, references),
        file_section(station, tuple(text.decode("utf-8").splitlines())),
    )
    return Report(
        name=station.name,
        created_utc=created_utc,
        facts=tuple(facts(watched, figures)),
        sections=sections,
        station_sha256=hashlib.sha256(text).hexdigest(),
        watched=watched,
    )


def render(report: Report, *, for_paper: bool) -> str:
    """The report as HTML: for the browser in its theme, or as the PDF is made from.

    Raises:
        DataMissingError: jinja2 is not installed.
    """
    try:
        from jinja2 import Environment, PackageLoader, StrictUndefined
    except ImportError:
        raise DataMissingError(
            "The report needs jinja2. Install it: pip install 'perilune[report]'."
        ) from None
    environment = Environment(
        loader=PackageLoader("perilune.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style = files("perilune.report").joinpath("templates/report.css").read_text(encoding="utf-8")
    template = environment.get_template("report.html.j2")
    return template.render(
        report=report,
        title=TITLE,
        style=style,
        version=__version__,
        for_paper=for_paper,
        kind=lambda block: type(block).__name__,
    )


def _corridor(
    database: Database,
    watched: Watched,
    body: str,
    threads: int | None,
    progress: Progress,
) -> Corridor | None:
    progress(0.0, f"where the likeliest impactor may hit the {body.capitalize()}")
    found = [
        (each, stored) for _, stored in watched.open_of(body) for each in watched.to_come(stored)
    ]
    if not found:
        return None
    impactor, stored = max(found, key=lambda one: one[0].impact_probability)
    return impactor_corridor(database, stored, impactor, threads=threads, progress=progress)


def _part(progress: Progress, begin: float, share: float) -> Progress:
    return lambda part, label: progress(begin + share * part, label)
