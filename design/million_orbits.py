"""A million orbits in the catalogue: how long they take to load, and the page's questions on them.

    python design/million_orbits.py [DATABASE-URL]

Made-up orbits of asteroids with a name for every fourth; an assessment for both bodies and one
approach each, 2 % of the assessments with a chance of an impact. The questions are asked five
times: first and median are printed. Wall time and processor time: on a busy machine they differ.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import Connection, text

from perilune.catalogue import (
    Database,
    approaches_of,
    assessments_of,
    audit_entries,
    count_objects,
    find_object,
    names_of,
    next_approaches,
    open_database,
    orbits_of,
    risk_list,
    search_objects,
)
from perilune.catalogue.parquet import load_parquet, save_parquet
from perilune.catalogue.records import insert_rows, next_id
from perilune.catalogue.tables import approaches, assessments

COUNT = 1_000_000
QUESTIONS: dict[str, Callable[[Connection], object]] = {
    "how many objects": count_objects,
    "names from 'name12'": lambda c: search_objects(c, "name12"),
    "names from '9', 100": lambda c: search_objects(c, "9", limit=100),
    "object 'Name777776'": lambda c: find_object(c, "Name777776"),
    "all of one object": lambda c: (
        names_of(c, 777776),
        orbits_of(c, 777776),
        assessments_of(c, 777776, history=True),
        approaches_of(c, 777776),
    ),
    "risk, by chance": lambda c: risk_list(c, "moon"),
    "risk, page 50": lambda c: risk_list(c, "moon", offset=5000),
    "risk over 1e-6": lambda c: risk_list(c, "moon", min_probability=1e-6),
    "risk, by Palermo": lambda c: risk_list(c, "earth", sort="palermo"),
    "risk, by Torino": lambda c: risk_list(c, "earth", sort="torino"),
    "risk from Torino 1": lambda c: risk_list(c, "earth", min_torino=1),
    "risk, by date": lambda c: risk_list(c, "earth", sort="date"),
    "risk over 1e-3, by date": lambda c: risk_list(c, "earth", sort="date", min_probability=1e-3),
    "risk before a date": lambda c: risk_list(c, "earth", before_mjd_tdb=62100.0),
    "next approaches": lambda c: next_approaches(c, 62000.0),
    "next to the Moon within 200,000 km": lambda c: next_approaches(
        c, 62000.0, body="moon", within_km=2e5
    ),
    "audit log": audit_entries,
}


def _orbits(path: Path) -> None:
    chance = np.random.default_rng(1)
    number = np.arange(1, COUNT + 1)
    columns = {
        "designation": [str(k) for k in number],
        "number": number,
        "name": [f"Name{k}" if k % 4 == 0 else None for k in number],
        "publisher": ["MPC"] * COUNT,
        "solution": ["MPC E2026"] * COUNT,
        "epoch_mjd_tdb": np.full(COUNT, 61000.0),
        "semi_major_axis_au": chance.uniform(1.5, 3.5, COUNT),
        "eccentricity": chance.uniform(0.0, 0.4, COUNT),
        "inclination_deg": chance.uniform(0.0, 30.0, COUNT),
        "absolute_magnitude_h": chance.uniform(10.0, 22.0, COUNT),
        "slope_g": np.full(COUNT, 0.15),
    }
    for name in ("node_deg", "argument_of_perihelion_deg", "mean_anomaly_deg"):
        columns[name] = chance.uniform(0.0, 360.0, COUNT)
    pq.write_table(pa.table(columns), path)


def _assess(database: Database) -> None:
    chance = np.random.default_rng(2)
    columns = (
        "id", "object_id", "orbit_id", "body", "is_current", "impact_probability",
        "probability_low", "probability_high", "method", "method_reason", "samples",
        "palermo_cumulative", "torino_max", "first_impact_mjd_tdb", "until_utc",
        "assessed_mjd_tdb", "assessed_utc", "software_version", "ephemeris", "inputs_sha256",
    )  # fmt: skip
    with database.write() as connection:
        known = connection.execute(text("SELECT id, object_id FROM orbits WHERE is_preferred"))
        pairs = [(int(row[0]), int(row[1])) for row in known]
        first = next_id(connection, assessments)
        rows = []
        for k, (orbit_id, object_id) in enumerate(pairs):
            for j, body in enumerate(("earth", "moon")):
                p = 10.0 ** chance.uniform(-12.0, -1.0) if k % 50 == 0 else 0.0
                rows.append(
                    (first + 2 * k + j, object_id, orbit_id, body, True, p, 0.5 * p, 2.0 * p,
                     "linear", "made up", 0, float(np.log10(p)) if p else None,
                     1 if p > 0.03 else 0, 62000.0 + k % 30000 if p else None,
                     "2126-01-01T00:00:00Z", 61000.0, "2026-01-01T00:00:00Z", "0", "DE440",
                     (2 * k + j).to_bytes(32, "little"))
                )  # fmt: skip
        insert_rows(connection, assessments, columns, rows)
        first = next_id(connection, approaches)
        found = [
            (first + k, object_id, orbit_id, ("earth", "moon")[k % 2],
             61000.0 + chance.uniform(0.0, 7300.0), 1e5 + chance.uniform(0.0, 7e6), 10.0, 1.0, 1.0,
             False)
            for k, (orbit_id, object_id) in enumerate(pairs)
        ]  # fmt: skip
        columns = (
            "id", "object_id", "orbit_id", "body", "epoch_mjd_tdb", "distance_km", "speed_km_s",
            "xi_km", "zeta_km", "is_impact",
        )  # fmt: skip
        insert_rows(connection, approaches, columns, found)
    if not database.is_sqlite:
        with database.write() as connection:
            connection.execute(text("ANALYZE"))


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _orbits(folder / "orbits.parquet")
        database = open_database(sys.argv[1] if sys.argv[1:] else str(folder / "catalogue.db"))
        wall_s, work_s = time.monotonic(), time.process_time()
        added = load_parquet(database, folder / "orbits.parquet", by="design")
        print(
            f"{added.new:,} orbits loaded in {time.monotonic() - wall_s:.1f} s, "
            f"{time.process_time() - work_s:.1f} s of it this process's work"
        )
        wall_s, work_s = time.monotonic(), time.process_time()
        saved = save_parquet(database, folder / "out.parquet")
        print(
            f"{saved:,} orbits saved in {time.monotonic() - wall_s:.1f} s, "
            f"{time.process_time() - work_s:.1f} s of it this process's work"
        )
        _assess(database)
        for question, ask in QUESTIONS.items():
            took_ms = []
            for _ in range(5):
                began_s = time.perf_counter()
                with database.read() as connection:
                    ask(connection)
                took_ms.append(1e3 * (time.perf_counter() - began_s))
            print(
                f"{question:36s} {took_ms[0]:8.1f} ms first, "
                f"{statistics.median(took_ms):8.1f} ms median"
            )
        database.close()


if __name__ == "__main__":
    main()
