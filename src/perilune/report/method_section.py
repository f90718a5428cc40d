"""How the report's numbers were got, what they rest on, and how to get them again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from perilune import __version__
from perilune.report.blocks import Block, Bullets, Heading, Listing, Section, Text
from perilune.report.corridors import CLONES, SEED
from perilune.report.places import SOURCE
from perilune.report.tables import Row, Source, Table, text_column
from perilune.report.typeset import power
from perilune.report.watched import Watched
from perilune.station.station import Station
from perilune.watch.reassess import LEAST_PROBABILITY

_METHODS: Final = (
    (
        "Orbits",
        "Each object's preferred solution in the catalogue with its published covariance, carried "
        "with the Sun, the planets, the Moon, sixteen massive asteroids, relativity and "
        "non-gravitational forces where the orbit has them.",
    ),
    (
        "Chance of an impact",
        "linear: the nominal orbit with its state-transition matrix, enough where no encounter "
        "lies within six standard deviations. lov: orbits along the line of variations, and "
        "orbits flown around each virtual impactor. importance: random orbits steered to impacts, "
        "and draws around each. monte-carlo: clones from the full covariance.",
    ),
    (
        "What the intervals leave out",
        "All take the published covariance for the truth. An error of the observations' weights, "
        "or a force that the orbit does not know, is in no interval.",
    ),
    (
        "Light",
        "The Sun's disc over the site's horizon, by terrain where the file has it, else over a "
        "smooth sphere with the mast's height; each table says which.",
    ),
    (
        "Orbits of the station",
        "Three-body orbits carried into the real ephemeris by multiple shooting; low and frozen "
        "orbits under the Moon's gravity to degree 20, the Earth, the Sun and its pressure.",
    ),
)


def method_section(
    watched: Watched, station: Station, sources: Sequence[Source], references: Sequence[str]
) -> Section:
    """Method, software, inputs, the commands, and sources.

    Args:
        watched: what the watch found.
        station: the station.
        sources: of the tables, each once.
        references: published works, as lines.
    """
    blocks: list[Block] = [
        Heading("methods", "How the numbers were got"),
        Bullets(_METHODS),
        Heading("reproduce", "How to reproduce"),
        Text(
            (
                f"Software: perilune {__version__}. Ephemeris: DE440. Each table names the command "
                "that prints the same numbers with all their digits; its envelope carries the "
                "digest below, which is that of everything the result depends on. The watch looks "
                f"for chances down to {power(LEAST_PROBABILITY)}; run at the same moment on the "
                "same catalogue it assesses nothing anew and prints what it has. The bands on the "
                f"maps are of {CLONES:,} clones (seed {SEED}) of the orbit with the likeliest "
                "impact; the rings are the table's.",
            )
        ),
        _commands(sources),
        _assessments(watched),
        Heading("sources", "Sources"),
        Text(
            (
                "Published works and data on which the results rest (perilune cite prints them "
                "for a bibliography); of the station's figures the sources stand in its file, "
                "which follows.",
            )
        ),
        Bullets(tuple(("", each) for each in (*references, SOURCE))),
    ]
    return Section("method", "Method, reproduction and sources", tuple(blocks))


def file_section(station: Station, lines: tuple[str, ...]) -> Section:
    """The station file as it was read, with the sources of its figures in its comments."""
    marked = sum("assumption" in line.partition("#")[2] for line in lines)
    return Section(
        "file",
        "The station file",
        (
            Text(
                (
                    f"As it was read, with the sources of its figures in its comments; {marked} of "
                    "its lines are marked as assumptions there.",
                )
            ),
            Listing(station.file, lines),
        ),
    )


def _commands(sources: Sequence[Source]) -> Table:
    return Table(
        "commands",
        "Commands and the digests of their inputs",
        None,
        (
            text_column("Command", text=lambda row: str(row["command"])),
            text_column("SHA-256 of the inputs", text=lambda row: str(row["inputs_sha256"])),
        ),
        tuple(
            Row("", {"command": each.command, "inputs_sha256": each.inputs_sha256})
            for each in sources
        ),
    )


def _assessments(watched: Watched) -> Table:
    rows = [
        Row(
            "",
            {
                "object": each.risk.object,
                "body": each.risk.body,
                "solution": each.risk.solution,
                "assessed": each.assessed_utc[:16].replace("T", " "),
                "software": each.software_version,
                "sha256": each.inputs_sha256,
            },
        )
        for each in watched.assessments
        if each.risk.impact_probability > 0.0
    ]
    return Table(
        "assessments",
        "Assessments that found an impact: when, with what, and the digest of their inputs",
        None,
        (
            text_column("Object", text=lambda row: str(row["object"])),
            text_column("On", text=lambda row: str(row["body"]).capitalize()),
            text_column("Orbit", text=lambda row: str(row["solution"])),
            text_column("Assessed, UTC", text=lambda row: str(row["assessed"])),
            text_column("Version", text=lambda row: str(row["software"])),
            text_column("SHA-256 of the inputs", text=lambda row: str(row["sha256"])),
        ),
        tuple(rows),
        empty="None found one.",
    )
