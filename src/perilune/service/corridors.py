"""Where on the ground an object may hit: the orbits of one virtual impactor, and their corridor."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

import numpy as np

from perilune.catalogue import (
    Database,
    StoredAssessment,
    assessments_of,
    find_object,
    orbit_by_id,
)
from perilune.errors import UnknownNameError
from perilune.impact.impact_points import ImpactPoints, impact_points
from perilune.times import format_utc, parse_epoch

UNITS: Final = {
    "points": "deg east, deg north, likelihood ratio; geodetic at 100 km altitude on the Earth",
    "corridor": "GeoJSON: a central line, and swaths of 1, 2 and 3 sigma (39, 86 and 98.9 %)",
    "entry": "UTC: 2.5 %, 50 % and 97.5 % of the probability have hit by then",
}
_SHOWN: Final = 500
_FEW: Final = "fewer than three orbits hit: there is no line through them"


def corridor_scene(
    database: Database, name: str, body: str, epoch: str | None
) -> tuple[dict[str, Any], StoredAssessment]:
    """The corridor of one virtual impactor, and the assessment that it belongs to.

    Args:
        database: the catalogue.
        name: the object's.
        body: "earth" or "moon".
        epoch: near the impact that is meant; the likeliest if None.

    Raises:
        UnknownNameError: no such object, or it has no virtual impactor on that body.
        NotConvergedError: no impact was found again.
        InputError: the epoch is none.
    """
    with database.read() as connection:
        found = find_object(connection, name)
        held = assessments_of(connection, found.id, body=body)
        impactors = held[0].risk.virtual_impactors if held else ()
        if not impactors:
            raise UnknownNameError(
                f"object with a possible impact on the {body.capitalize()}",
                found.full_name,
                remedy="There are corridors where /risk has virtual impactors.",
            )
        orbit = orbit_by_id(connection, held[0].orbit_id).orbit
    if epoch is None:
        index = max(range(len(impactors)), key=lambda k: impactors[k].impact_probability)
    else:
        wanted = parse_epoch(epoch, "epoch")
        index = min(
            range(len(impactors)), key=lambda k: abs(parse_epoch(impactors[k].epoch_utc) - wanted)
        )
    impactor = impactors[index]
    points = _points(database, held[0].id, held[0].orbit_id, found.id, body, index)
    drawn = points.corridor()
    low, median, high = (format_utc(moment, 0) for moment in points.entry_mjd_tdb())
    data = {
        "object": found.full_name,
        "solution": orbit.solution,
        "body": body,
        "epoch_utc": impactor.epoch_utc,
        "impact_probability": impactor.impact_probability,
        "method": held[0].risk.method,
        "orbits": points.orbits,
        "hits": int(points.weights.size),
        "seed": held[0].risk.seed,
        "points": _shown(points),
        "entry": {"low": low, "median": median, "high": high},
        "corridor": None if drawn is None else drawn.geojson(),
        "reason": _FEW if drawn is None else "",
    }
    return data, held[0]


@lru_cache(maxsize=64)
def _points(
    database: Database, assessment_id: int, orbit_id: int, object_id: int, body: str, index: int
) -> ImpactPoints:
    with database.read() as connection:
        held = assessments_of(connection, object_id, body=body, history=True)
        orbit = orbit_by_id(connection, orbit_id).orbit
    risk = next(each.risk for each in held if each.id == assessment_id)
    return impact_points(orbit, risk, risk.virtual_impactors[index], threads=1)


def _shown(points: ImpactPoints) -> list[list[float]]:
    """At most some hundreds of the hits, evenly picked."""
    count = int(points.weights.size)
    rows = np.unique(np.linspace(0, count - 1, min(count, _SHOWN)).astype(int))
    places = np.stack(
        [
            np.degrees(points.ground.longitude_rad[rows]),
            np.degrees(points.ground.latitude_rad[rows]),
            points.weights[rows],
        ],
        axis=1,
    )
    found: list[list[float]] = places.tolist()
    return found
