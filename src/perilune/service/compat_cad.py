"""The catalogue's close approaches in the shape of CNEOS' CAD API, version 1.5.

After https://ssd-api.jpl.nasa.gov/doc/cad.html: rows are lists of texts, in the order of `fields`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection

from perilune import __version__
from perilune.catalogue import StoredApproach, find_object, next_approaches
from perilune.catalogue.details import OrbitDetail, orbit_details
from perilune.constants import AU_KM
from perilune.errors import InputError, UnknownNameError
from perilune.service import compat_values as as_cneos

SIGNATURE: Final = {"source": f"Perilune {__version__} in the shape of NASA/JPL SBDB Close "
                    "Approach Data API", "version": "1.5"}  # fmt: skip
LUNAR_DISTANCE_AU: Final = 384_400.0 / AU_KM  # as the page of the API counts it
NEO_PERIHELION_AU: Final = 1.3
SORTS: Final = ("date", "dist", "dist-min", "v-inf", "v-rel", "h", "object")
_MOST: Final = 200_000
_SIGMAS: Final = 3.0  # of the least and largest distance


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked for; None where there is no limit.

    Attributes:
        start_mjd_tdb, stop_mjd_tdb: the span.
        bodies: "earth", "moon" or both.
        dist_max_au, dist_min_au, h_max, h_min, v_inf_max, v_inf_min, v_rel_max, v_rel_min: limits.
        name: only of this object.
        neo: near-Earth objects only.
        sort: one of `SORTS`; descending: the largest first.
        limit, offset: which part of the list.
        diameter, fullname, body: whether these fields are wanted.
    """

    start_mjd_tdb: float
    stop_mjd_tdb: float
    bodies: tuple[str, ...]
    dist_max_au: float | None
    dist_min_au: float | None
    h_max: float | None
    h_min: float | None
    v_inf_max: float | None
    v_inf_min: float | None
    v_rel_max: float | None
    v_rel_min: float | None
    name: str | None
    neo: bool
    sort: str
    descending: bool
    limit: int | None
    offset: int
    diameter: bool
    fullname: bool
    body: bool


@dataclass(frozen=True, slots=True)
class _Row:
    """One approach with what is sorted and limited by."""

    approach: Any
    detail: OrbitDetail
    dist_au: float
    dist_min_au: float | None
    dist_max_au: float | None
    v_inf: float


def approach_table(connection: Connection, question: Question) -> dict[str, Any]:
    """The approaches asked for; only signature and count where there are none."""
    rows = [row for row in _rows(connection, question) if _is_within(row, question)]
    rows.sort(key=_ORDERS[question.sort], reverse=question.descending)
    total = len(rows)
    stop = None if question.limit is None else question.offset + question.limit
    rows = rows[question.offset : stop]
    found: dict[str, Any] = {"signature": SIGNATURE, "count": len(rows)}
    if question.limit is not None:
        found["total"] = total
    if not rows:
        return found
    fields = [
        "des", "orbit_id", "jd", "cd", "dist", "dist_min", "dist_max", "v_rel", "v_inf",
        "t_sigma_f",
    ]  # fmt: skip
    fields += ["body"] if question.body else []
    fields += ["h"]
    fields += ["diameter", "diameter_sigma"] if question.diameter else []
    fields += ["fullname"] if question.fullname else []
    named = [_named(row) for row in rows]
    return found | {"fields": fields, "data": [[each[name] for name in fields] for each in named]}


def _rows(connection: Connection, question: Question) -> list[_Row]:
    wanted: int | None = None
    if question.name is not None:
        try:
            wanted = find_object(connection, question.name).id
        except (UnknownNameError, InputError):  # of several that share a name none is specified
            return []
    only = question.bodies[0] if len(question.bodies) == 1 else None
    within_km = None if question.dist_max_au is None else question.dist_max_au * AU_KM
    held = next_approaches(
        connection, question.start_mjd_tdb, stop_mjd_tdb=question.stop_mjd_tdb, body=only,
        within_km=within_km, limit=_MOST,
    )  # fmt: skip
    held = [each for each in held if wanted is None or each.object_id == wanted]
    details = orbit_details(connection, [each.orbit_id for each in held])
    return [_row(each, details[each.orbit_id]) for each in held]


def _row(held: StoredApproach, detail: OrbitDetail) -> _Row:
    approach = held.approach
    sigma = approach.distance_sigma_km
    least = largest = None
    if sigma is not None:
        least = max(approach.distance_km - _SIGMAS * sigma, 0.0) / AU_KM
        largest = (approach.distance_km + _SIGMAS * sigma) / AU_KM
    infinity = as_cneos.speed_at_infinity(approach.body, approach.speed_km_s, approach.distance_km)
    return _Row(approach, detail, approach.distance_km / AU_KM, least, largest, infinity)


def _is_within(row: _Row, question: Question) -> bool:
    h = row.detail.absolute_magnitude_h
    limits = (
        (row.dist_au, question.dist_min_au, question.dist_max_au),
        (h, question.h_min, question.h_max),
        (row.v_inf, question.v_inf_min, question.v_inf_max),
        (row.approach.speed_km_s, question.v_rel_min, question.v_rel_max),
    )
    for value, least, largest in limits:
        if least is not None and (value is None or value < least):
            return False
        if largest is not None and (value is None or value > largest):
            return False
    return not question.neo or row.detail.perihelion_au <= NEO_PERIHELION_AU


def _named(row: _Row) -> dict[str, str | None]:
    approach, detail = row.approach, row.detail
    name = as_cneos.full_name(detail.number, detail.name, detail.designation)
    return {
        "des": detail.designation,
        "orbit_id": detail.solution,
        "jd": as_cneos.julian(approach.epoch_mjd_tdb, 9),
        "cd": as_cneos.named_month(approach.epoch_mjd_tdb),
        "dist": as_cneos.text(row.dist_au, ".15g"),
        "dist_min": as_cneos.text(row.dist_min_au, ".15g"),
        "dist_max": as_cneos.text(row.dist_max_au, ".15g"),
        "v_rel": as_cneos.text(approach.speed_km_s, ".15g"),
        "v_inf": as_cneos.text(row.v_inf, ".15g"),
        "t_sigma_f": as_cneos.clock_time(approach.epoch_sigma_s),
        "body": approach.body.capitalize(),
        "h": as_cneos.text(detail.absolute_magnitude_h, ".6g"),
        "diameter": as_cneos.text(detail.diameter_km, ".4g"),
        "diameter_sigma": None,
        "fullname": name,
    }


_ORDERS: Final[dict[str, Callable[[_Row], Any]]] = {
    "date": lambda row: row.approach.epoch_mjd_tdb,
    "dist": lambda row: row.dist_au,
    "dist-min": lambda row: row.dist_au if row.dist_min_au is None else row.dist_min_au,
    "v-inf": lambda row: row.v_inf,
    "v-rel": lambda row: row.approach.speed_km_s,
    "h": lambda row: _last(row.detail.absolute_magnitude_h),
    "object": lambda row: (row.detail.number is None, row.detail.number, row.detail.designation),
}


def _last(value: float | None) -> float:
    return math.inf if value is None else value
