"""`perilune risk`: the chance that objects hit the Earth or the Moon."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from perilune.cli.ending import EXIT_LIMIT_PASSED
from perilune.cli.envelope import print_envelope
from perilune.cli.numbers import ABSENT, chance, interval, minute, number
from perilune.cli.observed import (
    digest_of,
    next_observations,
    objects_of,
    observed_rows,
    show_prospects,
    tell_rejected,
    write_corridors,
)
from perilune.cli.options import (
    ImpactBody,
    Json,
    Targets,
    Threads,
    announce_compilation,
    horizon_mjd_tdb,
    now_mjd_tdb,
    split_targets,
)
from perilune.cli.output import progress_bar, say, show_table
from perilune.contract.envelope import without_place
from perilune.errors import InputError

if TYPE_CHECKING:
    from perilune.impact import RiskAssessment
    from perilune.impact.risk import Method as OrbitMethod


BODY_NAMES = {"earth": "the Earth", "moon": "the Moon"}


class Method(StrEnum):
    """How the probability is found."""

    AUTO = "auto"
    LINEAR = "linear"
    LOV = "lov"
    RANGING = "ranging"
    MONTE_CARLO = "monte-carlo"
    IMPORTANCE = "importance"


Bodies = Annotated[
    list[ImpactBody], typer.Option("--body", help="Body that may be hit; may be repeated.")
]


def risk(
    targets: Targets,
    body: Bodies = [ImpactBody.EARTH, ImpactBody.MOON],  # noqa: B006  (typer copies it)
    until: Annotated[
        str | None, typer.Option(metavar="DATE", help="End of the search; 100 years on by default.")
    ] = None,
    method: Annotated[Method, typer.Option(help="How to find the probability.")] = Method.AUTO,
    samples: Annotated[int, typer.Option(min=1, help="Clones for monte-carlo.")] = 10_000,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the samples.")] = 1,
    least: Annotated[
        float,
        typer.Option(
            metavar="PROBABILITY",
            min=1e-12,
            max=1.0,
            help="How small a chance to look for along the line of variations.",
        ),
    ] = 1e-8,
    fail_on: Annotated[
        float | None,
        typer.Option(
            metavar="PROBABILITY", min=0.0, max=1.0, help="Exit 5 if any probability is above it."
        ),
    ] = None,
    palermo_from: Annotated[
        str | None,
        typer.Option(metavar="DATE", help="Date from which the scales count; now by default."),
    ] = None,
    corridor: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Write where it may hit as GeoJSON (from observations only)."
        ),
    ] = None,
    observer: Annotated[
        list[str] | None,
        typer.Option(
            "--observer",
            metavar="CODE|FILE:ELEMENT",
            help="Say when this observer's next observation would tell most; may be repeated.",
        ),
    ] = None,
    threads: Threads = None,
    json: Json = False,
) -> None:
    """Assess the chance of an impact.

    TARGET may also be a file of observations: an orbit is fitted first, or, where the arc is too
    short for one, orbits are drawn from all that fit.
    """
    from perilune.contract.risk import UNITS
    from perilune.dynamics import solar_system
    from perilune.impact import assess_risk
    from perilune.impact.observed import assess_observed
    from perilune.times import parse_epoch

    assessed = (
        now_mjd_tdb() if palermo_from is None else parse_epoch(palermo_from, "--palermo-from")
    )
    bodies = list(dict.fromkeys(b.value for b in body))
    until_mjd_tdb = horizon_mjd_tdb(until)
    orbits, readings = split_targets(targets)
    if orbits and method is Method.RANGING:
        raise InputError(
            "ranging takes observations",
            field="--method",
            found=method.value,
            expected="another method for an orbit, or a file of observations",
        )
    announce_compilation()
    with progress_bar("Assessing") as progress:
        assessments = assess_risk(
            orbits,
            bodies,
            until_mjd_tdb,
            method=_of_orbits(method),
            samples=samples,
            seed=seed,
            least_probability=least,
            assessed_mjd_tdb=assessed,
            threads=threads,
            progress=progress,
        )
        observed = [
            assess_observed(
                table,
                solar_system(),
                bodies=tuple(bodies),
                until_mjd_tdb=until_mjd_tdb,
                method=method.value,
                samples=samples,
                seed=seed,
                least_probability=least,
                assessed_mjd_tdb=None if palermo_from is None else assessed,
                threads=threads,
                progress=progress,
            )
            for table in objects_of(readings)
        ]
    for each in observed:
        assessments += each.assessments
    prospects = next_observations(observed, observer or [], seed, threads)
    if json:
        inputs = {
            "verb": "risk",
            "orbits": without_place(orbits),
            "observations": {reading.file: digest_of(reading) for reading in readings},
            "observers": observer,
            "bodies": bodies,
            "until_mjd_tdb": until_mjd_tdb,
            "method": method,
            "samples": samples,
            "seed": seed,
            "least_probability": least,
            "assessed_mjd_tdb": assessed,
        }
        rows = [*assessments[: len(assessments) - sum(len(o.assessments) for o in observed)]]
        data = [*rows, *(row for each in observed for row in observed_rows(each, prospects))]
        print_envelope(data, units=UNITS, inputs=inputs)
    else:
        for wanted in bodies:
            show_risk_list(wanted, [a for a in assessments if a.body == wanted])
            print()
        show_impactors(assessments)
        show_prospects(prospects)
    if corridor is not None:
        write_corridors(corridor, observed)
    tell_rejected(readings)
    highest = max((a.impact_probability for a in assessments), default=0.0)
    if fail_on is not None and highest > fail_on:
        say(f"The highest probability, {highest:.3g}, is above the limit of {fail_on:g}.")
        raise typer.Exit(EXIT_LIMIT_PASSED)


def _of_orbits(method: Method) -> OrbitMethod:
    return "auto" if method is Method.RANGING else cast("OrbitMethod", method.value)


def show_risk_list(body: str, assessments: Sequence[RiskAssessment]) -> None:
    """Print one body's risk list, the likeliest impact first.

    PS and TS are the Palermo (cumulative) and Torino scales; `clones` is their number, or the
    method that needed none.
    """
    ordered = sorted(assessments, key=lambda a: (-a.impact_probability, -a.probability_high))
    rows = [
        (
            a.object,
            chance(a.impact_probability),
            interval(a.probability_low, a.probability_high),
            number(a.palermo_cumulative, "+.2f"),
            number(a.torino_max, "d"),
            _first_date(a),
            number(a.samples, ",d") if a.method == "monte-carlo" else a.method,
        )
        for a in ordered
    ]
    columns = ("object", ">chance", ">95 %", ">PS", ">TS", "first", ">clones")
    until = assessments[0].until_utc[:10]
    title = f"Risk for {BODY_NAMES[body]} until {until} (PS Palermo, TS Torino scale)"
    show_table(title, columns, rows)


def show_impactors(assessments: Sequence[RiskAssessment]) -> None:
    """Print where, when and how hard each virtual impactor hits, if there are any."""
    from perilune.times import parse_epoch

    rows = [
        (
            a.object,
            a.body,
            minute(parse_epoch(v.epoch_utc)),
            chance(v.impact_probability),
            number(v.speed_km_s, ".2f"),
            number(v.longitude_deg, ".1f"),
            number(v.latitude_deg, ".1f"),
            number(v.energy_mt, ".3g"),
        )
        for a in assessments
        for v in a.virtual_impactors
    ]
    if rows:
        columns = ("object", "body", "when (UTC)", ">chance", ">km/s", ">lon", ">lat", ">Mt")
        show_table("Virtual impactors", columns, rows)


def _first_date(assessment: RiskAssessment) -> str:
    impactors = assessment.virtual_impactors
    return min(v.epoch_utc for v in impactors)[:10] if impactors else ABSENT
