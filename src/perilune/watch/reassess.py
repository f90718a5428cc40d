"""Risk and approaches of the objects whose orbits are new, or were looked at too long ago."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Connection, select

from perilune.catalogue import (
    ApproachSearch,
    add_assessments,
    orbit_by_id,
    replace_approaches,
)
from perilune.catalogue.records import digest, to_json
from perilune.catalogue.tables import approach_searches, assessments, orbits
from perilune.constants import AU_KM, JULIAN_YEAR_D
from perilune.errors import PeriluneError
from perilune.impact import assess_risk, find_approaches
from perilune.impact.risk import DEFAULT_SAMPLES
from perilune.times import format_utc
from perilune.watch.tally import approach_tally, risk_tally
from perilune.watch.work import BODIES, EPHEMERIS, VERSION, Progress, Work

SEED: Final = 1
# A cycle is to come round: `perilune risk` looks for a hundredth of this.
LEAST_PROBABILITY: Final = 1.0e-6
NEAR_EARTH_AU: Final = 1.3  # perihelion distance of a near-Earth object, at most
_SEARCH_AGAIN_AFTER_D: Final = 30.0  # the end of a search may lie this much nearer than asked


def reassess(work: Work) -> dict[str, Any]:
    """Assess every preferred orbit with a covariance; each result is kept as it comes."""
    with work.database.read() as connection:
        pending = _to_assess(work, connection)
    failed = assess_orbits(work, pending)
    with work.database.read() as connection:
        return {"assessed": risk_tally(connection, work.cycle.started_utc), "failed": failed}


def assess_orbits(work: Work, pending: Sequence[int]) -> int:
    """Assess orbits by their numbers; how many could not be."""
    failed = 0
    for done, orbit_id in enumerate(pending):
        with work.database.read() as connection:
            stored = orbit_by_id(connection, orbit_id)
        name = stored.orbit.full_name
        question = {
            "orbit": stored.sha256,
            "bodies": list(BODIES),
            "now_mjd_tdb": work.cycle.now_mjd_tdb,
            "until_mjd_tdb": work.cycle.until_mjd_tdb,
            "samples": DEFAULT_SAMPLES,
            "seed": SEED,
            "least_probability": LEAST_PROBABILITY,
            "software_version": VERSION,
            "ephemeris": EPHEMERIS,
        }
        try:
            found = assess_risk(
                [stored.orbit],
                list(BODIES),
                work.cycle.until_mjd_tdb,
                samples=DEFAULT_SAMPLES,
                seed=SEED,
                least_probability=LEAST_PROBABILITY,
                assessed_mjd_tdb=work.cycle.now_mjd_tdb,
                threads=work.settings.threads,
                progress=_share(work, done, len(pending)),
            )
        except PeriluneError as error:
            failed += 1
            work.fail("risk", f"The risk of {name} cannot be assessed: {error}", {"object": name})
            continue
        with work.commit() as connection:
            add_assessments(
                connection,
                orbit_id,
                found,
                inputs_sha256=digest(to_json(question)),
                assessed_mjd_tdb=work.cycle.now_mjd_tdb,
                software_version=VERSION,
                ephemeris=EPHEMERIS,
            )
        for risk in found:
            work.told(
                "risk",
                {
                    "object": name,
                    "body": risk.body,
                    "impact_probability": risk.impact_probability,
                    "torino_max": risk.torino_max,
                },
            )
    return failed


def search_approaches(work: Work) -> dict[str, Any]:
    """Find the approaches of every orbit preferred that has a covariance or is near the Earth's."""
    stop = work.cycle.now_mjd_tdb + work.settings.approach_years * JULIAN_YEAR_D
    within_km = work.settings.within_au * AU_KM
    with work.database.read() as connection:
        pending = _to_search(work, connection, stop, within_km)
    failed = search_orbits(work, pending)
    with work.database.read() as connection:
        return {"searched": approach_tally(connection, work.cycle.started_utc), "failed": failed}


def search_orbits(work: Work, pending: Sequence[int]) -> int:
    """Find the approaches of orbits by their numbers; how many could not be followed."""
    start = work.cycle.now_mjd_tdb
    stop = start + work.settings.approach_years * JULIAN_YEAR_D
    within_km = work.settings.within_au * AU_KM
    failed = 0
    for done, orbit_id in enumerate(pending):
        with work.database.read() as connection:
            stored = orbit_by_id(connection, orbit_id)
        name = stored.orbit.full_name
        try:
            found = find_approaches(
                [stored.orbit],
                list(BODIES),
                start,
                stop,
                within_km,
                threads=work.settings.threads,
                progress=_share(work, done, len(pending)),
            )
        except PeriluneError as error:
            failed += 1
            work.fail("approaches", f"No approaches of {name}: {error}", {"object": name})
            continue
        search = ApproachSearch(stored.object_id, orbit_id, start, stop, within_km, VERSION)
        with work.commit() as connection:
            replace_approaches(connection, search, found)
        work.told("approaches", {"object": name, "found": len(found)})
    return failed


def _share(work: Work, done: int, count: int) -> Progress:
    def part(fraction: float, label: str) -> None:
        work.progress((done + fraction) / count, label)

    return part


def _to_assess(work: Work, connection: Connection) -> list[int]:
    """Preferred orbits that lack an assessment of theirs that is young enough."""
    allowed_d = work.settings.reassess_after_d
    oldest = work.cycle.now_mjd_tdb - allowed_d
    until = work.cycle.until_mjd_tdb
    fresh = (
        select(assessments.c.orbit_id)
        .where(
            assessments.c.is_current,
            assessments.c.orbit_id == orbits.c.id,
            assessments.c.software_version == VERSION,
            assessments.c.assessed_mjd_tdb >= oldest,
            assessments.c.assessed_mjd_tdb <= work.cycle.now_mjd_tdb,
            assessments.c.until_utc >= format_utc(until - allowed_d, 0),
            assessments.c.until_utc <= format_utc(until + allowed_d, 0),
        )
        .exists()
    )
    query = select(orbits.c.id).where(orbits.c.is_preferred, orbits.c.has_covariance, ~fresh)
    return [int(row[0]) for row in connection.execute(query.order_by(orbits.c.object_id))]


def _to_search(work: Work, connection: Connection, stop: float, within_km: float) -> list[int]:
    searched = approach_searches.c
    fresh = (
        select(searched.object_id)
        .where(
            searched.object_id == orbits.c.object_id,
            searched.orbit_id == orbits.c.id,
            searched.software_version == VERSION,
            searched.within_km == within_km,
            searched.start_mjd_tdb <= work.cycle.now_mjd_tdb,
            searched.stop_mjd_tdb > stop - _SEARCH_AGAIN_AFTER_D,
        )
        .exists()
    )
    near = orbits.c.perihelion_distance_au <= NEAR_EARTH_AU
    query = select(orbits.c.id).where(orbits.c.is_preferred, orbits.c.has_covariance | near, ~fresh)
    return [int(row[0]) for row in connection.execute(query.order_by(orbits.c.object_id))]
