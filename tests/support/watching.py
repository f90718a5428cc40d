"""What tests of the watch share: an inbox, and what a database holds whatever its clock said."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import text
from synthetic import blank, seen

from perilune.astrometry import write_ades_psv
from perilune.catalogue import Database
from perilune.orbits import catalogue, write_perilune

# Everything but numbers of rows, times of the office and the digest of the database's own state.
_HELD = {
    "objects": "designation, name, number, full_name",
    "orbits": "sha256, is_preferred, added_by",
    "submissions": "sha256, kind, file, submitted_by",
    "observations": "sha256, text",
    "fits": "observations_sha256, status, reason, used, rejected, rms_arcsec",
    "assessments": "body, is_current, impact_probability, probability_high, method, samples, "
    "inputs_sha256, until_utc, assessed_mjd_tdb",
    "virtual_impactors": "epoch_utc, impact_probability, longitude_deg, latitude_deg",
    "approaches": "body, epoch_mjd_tdb, distance_km, distance_sigma_km",
    "approach_searches": "start_mjd_tdb, stop_mjd_tdb, within_km",
    "alerts": "rule, body, event, is_open, sha256, release",
    "deliveries": "channel, state",
    "audit_log": "actor, action",
    "cycles": "state, now_mjd_tdb, until_mjd_tdb",
    "cycle_steps": "step, state, detail_json",
    "leases": "name",
}


def held(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    """Every table's rows without their numbers and times, in an order of their own."""
    with database.read() as connection:
        return {
            table: sorted(
                (
                    tuple(int(cell) if isinstance(cell, bool) else cell for cell in row)
                    for row in connection.execute(text(f"SELECT {columns} FROM {table}"))
                ),
                key=repr,
            )
            for table, columns in _HELD.items()
        }


def fill_inbox(folder: Path) -> Path:
    """Two orbits in one file, and a month of observations of a third object; the folder."""
    folder.mkdir(exist_ok=True)
    orbits = [catalogue.find("2024 YR4"), catalogue.find("1 Ceres")]
    (folder / "orbits.json").write_text(write_perilune(orbits))
    (folder / "night.psv").write_text(observed("2030 AB1", 5))
    return folder


def rules_for(folder: Path) -> Path:
    """A file of rules that the inbox's objects meet, with a file of alerts beside it."""
    file = folder / "rules.yaml"
    file.write_text(
        "channels: {log: {kind: file, path: alerts.jsonl}}\n"
        "rules: [{name: near, when: {distance_km: 5000000}, channels: [log]}]\n"
    )
    return file


def observed(name: str, nights: int) -> str:
    """Made-up places of an object on the orbit of 2023 DZ2, as ADES."""
    orbit = dataclasses.replace(
        catalogue.find("2023 DZ2").cartesian(),
        covariance=None,
        parameters=(),
        non_gravitational=None,
    )
    epochs = np.array([59990.2 + 6.0 * k + j / 48.0 for k in range(nights) for j in range(3)])
    return write_ades_psv(seen(blank(epochs, "W84"), orbit, name=name))
