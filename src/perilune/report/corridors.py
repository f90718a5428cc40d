"""Where the likeliest impactor of a body may come down: clones flown to it, and their band."""

from __future__ import annotations

from typing import Final

import numpy as np

from perilune.catalogue import Database, StoredAssessment, orbit_by_id
from perilune.constants import JULIAN_YEAR_D
from perilune.dynamics import Progress, solar_system
from perilune.impact import ImpactorRow
from perilune.impact.clones import ground_of, run_clones
from perilune.impact.corridor import Corridor, corridor
from perilune.times import parse_epoch

CLONES: Final = 10_000
SEED: Final = 1
LEAST_PROBABILITY: Final = 3e-3  # some thirty of the clones
_LONGEST_D: Final = 30.0 * JULIAN_YEAR_D
_SAME_D: Final = 3.0


def impactor_corridor(
    database: Database,
    stored: StoredAssessment,
    impactor: ImpactorRow,
    *,
    threads: int | None = None,
    progress: Progress | None = None,
) -> Corridor | None:
    """The band on the ground; None for what so many clones would hardly hit.

    Args:
        database: which has the assessment's orbit.
        stored: the assessment.
        impactor: one of its virtual impactors.
        threads, progress: see `propagate`.

    Raises:
        PeriluneError: the orbit cannot be carried there.
    """
    if impactor.impact_probability < LEAST_PROBABILITY:
        return None
    with database.read() as connection:
        orbit = orbit_by_id(connection, stored.orbit_id).orbit
    epoch = parse_epoch(impactor.epoch_utc)
    if not 0.0 < epoch - orbit.epoch_mjd_tdb < _LONGEST_D:
        return None
    ephemeris = solar_system(progress)
    body = stored.risk.body
    width = 6 + len(orbit.cartesian().parameters)
    clones = run_clones(
        ephemeris, orbit, np.eye(width)[0], [body], epoch + _SAME_D, CLONES, SEED, threads, progress
    )
    passes = clones.passes(ephemeris.body_index(body))
    hits = passes.where(passes.is_impact & (np.abs(passes.epoch_mjd_tdb - epoch) < _SAME_D))
    if len(hits) == 0:
        return None
    ground = ground_of(body, hits)
    return corridor(
        body, ground.longitude_rad, ground.latitude_rad, np.full(len(hits), 1.0 / CLONES)
    )
