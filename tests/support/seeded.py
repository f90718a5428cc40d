"""A small catalogue with made assessments, so that the API and the page have something to show."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from perilune.catalogue import (
    ApproachSearch,
    add_assessments,
    add_orbits,
    find_object,
    open_database,
    preferred_orbit,
    put_station,
    replace_approaches,
)
from perilune.impact import assess_risk, find_approaches
from perilune.orbits import catalogue as builtin
from perilune.times import parse_epoch

if TYPE_CHECKING:
    from perilune.catalogue import Database

ASSESSED: Final = parse_epoch("2026-11-01")
UNTIL: Final = parse_epoch("2033-01-01")
SAMPLES: Final = 2_000
STATIONS: Final = Path(__file__).resolve().parents[2] / "stations"


def seeded_database(file: Path) -> Database:
    """2024 YR4 with its chance of hitting the Moon, Apophis without one, others unassessed."""
    database = open_database(str(file))
    with database.write() as connection:
        add_orbits(connection, builtin.orbits(), by="test")
        for station in STATIONS.glob("*.yaml"):
            text = station.read_text(encoding="utf-8")
            put_station(connection, station.stem, station.stem.upper(), text, "test")
    for name, method in (("2024 YR4", "monte-carlo"), ("Apophis", "linear")):
        with database.read() as connection:
            held = preferred_orbit(connection, find_object(connection, name).id)
        assert held is not None
        risk = assess_risk(
            [held.orbit],
            ["earth", "moon"],
            UNTIL,
            method=method,  # type: ignore[arg-type]
            samples=SAMPLES,
            assessed_mjd_tdb=ASSESSED,
            threads=1,
        )
        met = find_approaches([held.orbit], ["earth", "moon"], ASSESSED, UNTIL, 7.5e6, threads=1)
        search = ApproachSearch(held.object_id, held.id, ASSESSED, UNTIL, 7.5e6, "0")
        with database.write() as connection:
            add_assessments(
                connection,
                held.id,
                risk,
                inputs_sha256=np.full(32, len(name), dtype=np.uint8).tobytes(),
                assessed_mjd_tdb=ASSESSED,
                software_version="0",
                ephemeris="DE440",
            )
            replace_approaches(connection, search, met)
    return database
