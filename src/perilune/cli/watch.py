"""`perilune watch`: one monitoring cycle over the built-in catalogue."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from perilune.cli.approaches import show_approaches
from perilune.cli.envelope import print_envelope
from perilune.cli.options import (
    Json,
    Threads,
    announce_compilation,
    horizon_mjd_tdb,
    now_mjd_tdb,
)
from perilune.cli.output import progress_bar, say
from perilune.cli.risk import BODY_NAMES, show_impactors, show_risk_list
from perilune.contract.envelope import without_place

if TYPE_CHECKING:
    from perilune.impact import RiskAssessment

BODIES = ("earth", "moon")
_NEXT_APPROACHES = 10
_NEXT_YEARS = 20
_WITHIN_AU = 0.05


def watch(threads: Threads = None, json: Json = False) -> None:
    """Run one monitoring cycle over the catalogue."""
    from perilune.constants import AU_KM, JULIAN_YEAR_D
    from perilune.contract.approaches import UNITS as APPROACH_UNITS
    from perilune.contract.approaches import approach_row
    from perilune.contract.risk import UNITS as RISK_UNITS
    from perilune.impact import assess_risk, find_approaches
    from perilune.orbits import catalogue

    now = now_mjd_tdb()
    until = horizon_mjd_tdb(None)
    orbits = list(catalogue.orbits())
    say(f"Assessing the {len(orbits)} objects of the built-in catalogue over 100 years.")
    announce_compilation()
    with progress_bar("Assessing") as progress:
        assessments = assess_risk(
            orbits, list(BODIES), until, assessed_mjd_tdb=now, threads=threads, progress=progress
        )
    with progress_bar("Next approaches") as progress:
        found = find_approaches(
            orbits,
            list(BODIES),
            now,
            now + _NEXT_YEARS * JULIAN_YEAR_D,
            _WITHIN_AU * AU_KM,
            threads=threads,
            progress=progress,
        )
    coming = sorted(found, key=lambda a: a.epoch_mjd_tdb)[:_NEXT_APPROACHES]
    warnings = _warnings(assessments)
    if json:
        data = {
            "risk": assessments,
            "approaches": [approach_row(a) for a in coming],
            "warnings": warnings,
        }
        inputs = {
            "verb": "watch",
            "orbits": without_place(orbits),
            "now_mjd_tdb": now,
            "until_mjd_tdb": until,
        }
        print_envelope(data, units=RISK_UNITS | APPROACH_UNITS, inputs=inputs)
        return
    for body in BODIES:
        show_risk_list(body, [a for a in assessments if a.body == body])
        print()
    show_impactors(assessments)
    print()
    show_approaches(f"Next approaches within {_WITHIN_AU:g} au", coming)
    for warning in warnings:
        say(f"Note: {warning}")


def _warnings(assessments: Sequence[RiskAssessment]) -> list[str]:
    """Objects that are no more: every impact that is likely has already happened."""
    from perilune.times import parse_epoch

    now = now_mjd_tdb()
    return [
        f"{a.object} hit {BODY_NAMES[a.body]} on {a.virtual_impactors[0].epoch_utc[:10]}; "
        "its orbit ends there."
        for a in assessments
        if a.impact_probability > 0.5
        and all(parse_epoch(v.epoch_utc) < now for v in a.virtual_impactors)
    ]
