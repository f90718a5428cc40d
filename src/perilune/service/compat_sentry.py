"""The catalogue's risks in the shape of CNEOS' Sentry API, version 2.0.

After https://ssd-api.jpl.nasa.gov/doc/sentry.html: numbers are texts, but counts; what is not
held is null. The numbers are Perilune's own.
"""

from __future__ import annotations

import math
from typing import Any, Final

from sqlalchemy import Connection

from perilune import __version__
from perilune.catalogue import StoredAssessment, assessments_of, find_object, risk_list
from perilune.catalogue.details import (
    ObservedSpan,
    OrbitDetail,
    observed_spans,
    orbit_details,
    removed_risks,
)
from perilune.errors import InputError, UnknownNameError
from perilune.impact.assessment import ImpactorRow
from perilune.impact.scales import diameter_km, mass_kg
from perilune.service import compat_values as as_cneos

SIGNATURE: Final = {"source": f"Perilune {__version__} in the shape of NASA/JPL Sentry Data API",
                    "version": "2.0"}  # fmt: skip
_MOST: Final = 100_000
_METHODS: Final = {"lov": "LOV", "linear": "LOV", "monte-carlo": "MC"}  # IOBS for the others
_NOT_FOUND: Final = "specified object not found"
_REMOVED: Final = "specified object removed"


def summary_table(
    connection: Connection, body: str, *, ip_min: float, ps_min: float | None, h_max: float | None,
    days: int | None, now_mjd_tdb: float,
) -> dict[str, Any]:  # fmt: skip
    """Mode S: one row an object, the highest Palermo value first."""
    rows = [
        _summary_row(*each)
        for each in _listed(connection, body, ip_min, ps_min, h_max, days, now_mjd_tdb)
    ]
    return {"signature": SIGNATURE, "count": len(rows), "data": rows}


def impactor_table(
    connection: Connection, body: str, *, ip_min: float, ps_min: float | None, h_max: float | None,
    days: int | None, now_mjd_tdb: float,
) -> dict[str, Any]:  # fmt: skip
    """Mode V: one row a virtual impactor; the limits hold for each by itself."""
    rows = []
    for held, detail, _ in _listed(connection, body, 0.0, None, h_max, days, now_mjd_tdb):
        named = {
            "des": detail.designation,
            "id": as_cneos.identifier(detail.number, detail.designation),
            "fullname": as_cneos.full_name(detail.number, detail.name, detail.designation),
        }
        for one in held.risk.virtual_impactors:
            if one.impact_probability < ip_min or one.impact_probability <= 0.0:
                continue
            if ps_min is not None and (one.palermo is None or one.palermo < ps_min):
                continue
            rows.append(named | _impactor_row(one, held.risk.method, body))
    return {"signature": SIGNATURE, "count": len(rows), "data": rows}


def removed_table(connection: Connection, body: str) -> dict[str, Any]:
    """Mode R: what could hit once."""
    rows = [
        {"des": designation, "removed": as_cneos.moment(utc)}
        for designation, utc in removed_risks(connection, body)
    ]
    return {"signature": SIGNATURE, "count": len(rows), "data": rows}


def object_table(connection: Connection, body: str, name: str) -> dict[str, Any]:
    """Mode O: all that is known of one object's impacts, or that there are none (any more)."""
    try:
        found = find_object(connection, name)
    except (UnknownNameError, InputError):  # of several that share a name none is specified
        return {"signature": SIGNATURE, "error": _NOT_FOUND}
    current = assessments_of(connection, found.id, body=body)
    if not current or current[0].risk.impact_probability == 0.0:
        gone = dict(removed_risks(connection, body)).get(found.designation)
        if gone is None:
            return {"signature": SIGNATURE, "error": _NOT_FOUND}
        return {"signature": SIGNATURE, "error": _REMOVED, "removed": as_cneos.moment(gone)}
    held = current[0]
    detail = orbit_details(connection, [held.orbit_id])[held.orbit_id]
    span = observed_spans(connection, [held.object_id]).get(held.object_id)
    risk = held.risk
    return {
        "signature": SIGNATURE,
        "summary": _summary_row(held, detail, span) | _more(held, detail, span),
        "data": [_impactor_row(one, risk.method, body) for one in risk.virtual_impactors],
    }


def _listed(
    connection: Connection,
    body: str,
    ip_min: float,
    ps_min: float | None,
    h_max: float | None,
    days: int | None,
    now_mjd_tdb: float,
) -> list[tuple[StoredAssessment, OrbitDetail, ObservedSpan | None]]:
    """What may hit, with its object and arc."""
    held = risk_list(
        connection, body, min_probability=ip_min, min_palermo=ps_min, sort="palermo", limit=_MOST
    )
    held = [each for each in held if each.risk.impact_probability > 0.0]
    details = orbit_details(connection, [each.orbit_id for each in held])
    spans = observed_spans(connection, [each.object_id for each in held])
    found = []
    for each in held:
        detail, span = details[each.orbit_id], spans.get(each.object_id)
        h = detail.absolute_magnitude_h
        if h_max is not None and (h is None or h > h_max):
            continue
        if days is not None and not _seen_within(span, days, now_mjd_tdb):
            continue
        found.append((each, detail, span))
    return found


def _seen_within(span: ObservedSpan | None, days: int, now_mjd_tdb: float) -> bool:
    """Whether it was seen within so many days; for a negative number, whether it was not."""
    seen = span is not None and now_mjd_tdb - span.last_mjd_tdb <= abs(days)
    return seen if days > 0 else not seen


def _summary_row(
    held: StoredAssessment, detail: OrbitDetail, span: ObservedSpan | None
) -> dict[str, Any]:
    """What modes S and O have in common."""
    risk = held.risk
    last = None if span is None else span.last_mjd_tdb
    return {
        "des": detail.designation,
        "fullname": as_cneos.full_name(detail.number, detail.name, detail.designation),
        "id": as_cneos.identifier(detail.number, detail.designation),
        "h": as_cneos.text(detail.absolute_magnitude_h, ".2f"),
        "diameter": as_cneos.text(_size_km(detail), ".2g"),
        "ip": as_cneos.text(risk.impact_probability, ".7g"),
        "n_imp": len(risk.virtual_impactors),
        "ps_cum": as_cneos.text(risk.palermo_cumulative, ".2f"),
        "ps_max": as_cneos.text(risk.palermo_max, ".2f"),
        "ts_max": None if risk.torino_max is None else str(risk.torino_max),
        "v_inf": as_cneos.text(_mean(held, _infinity(risk.body)), ".2f"),
        "range": as_cneos.years([one.epoch_utc for one in risk.virtual_impactors]),
        "last_obs": None if last is None else as_cneos.observed_day(last),
        "last_obs_jd": None if last is None else as_cneos.julian(last, 5),
    }


def _more(held: StoredAssessment, detail: OrbitDetail, span: ObservedSpan | None) -> dict[str, Any]:
    """What mode O has besides."""
    size = _size_km(detail)
    return {
        "method": _METHODS.get(held.risk.method, "IOBS"),
        "pdate": detail.solution_date,
        "cdate": as_cneos.moment(held.assessed_utc),
        "first_obs": None if span is None else as_cneos.observed_day(span.first_mjd_tdb),
        "darc": None
        if span is None
        else as_cneos.days_between(span.first_mjd_tdb, span.last_mjd_tdb),
        "nobs": None if span is None else span.optical,
        "ndel": None if span is None else span.delays,
        "ndop": None if span is None else span.dopplers,
        "nsat": None,
        "mass": None if size is None else as_cneos.text(float(mass_kg(size)), ".1e"),
        "energy": as_cneos.text(_mean(held, lambda one: one.energy_mt), ".3e"),
        "v_imp": as_cneos.text(_mean(held, lambda one: one.speed_km_s), ".2f"),
    }


def _impactor_row(one: ImpactorRow, method: str, body: str) -> dict[str, Any]:
    """One virtual impactor; the sigma's name tells by which method it was found."""
    row: dict[str, Any] = {
        "date": as_cneos.decimal_day(one.epoch_utc, 2),
        "ip": as_cneos.text(one.impact_probability, ".3e"),
        "ps": as_cneos.text(one.palermo, ".2f"),
        "ts": None if one.torino is None else str(one.torino),
        "energy": as_cneos.text(one.energy_mt, ".3e"),
        "sigma_vi": as_cneos.text(one.sigma_lov, ".4f"),
    }
    kind = _METHODS.get(method, "IOBS")
    if kind == "MC":
        return row | {"sigma_mc": row["sigma_vi"]}
    if kind == "IOBS":
        return row | {"sigma_imp": row["sigma_vi"]}
    return row | {
        "sigma_lov": row["sigma_vi"],
        "sigma_imp": None,
        "dist": None,
        "stretch": as_cneos.text(as_cneos.radii(one.stretch, body), ".3e"),
        "width": as_cneos.text(as_cneos.radii(one.width_km, body), ".3e"),
    }


def _size_km(detail: OrbitDetail) -> float | None:
    if detail.diameter_km is not None or detail.absolute_magnitude_h is None:
        return detail.diameter_km
    return float(diameter_km(detail.absolute_magnitude_h))


def _infinity(body: str) -> Any:
    return lambda one: as_cneos.speed_at_infinity(body, one.speed_km_s)


def _mean(held: StoredAssessment, value: Any) -> float | None:
    """A mean over the virtual impactors by their probabilities; None where there is no value."""
    rows = [(one.impact_probability, value(one)) for one in held.risk.virtual_impactors]
    rows = [(weight, found) for weight, found in rows if found is not None]
    total = math.fsum(weight for weight, _ in rows)
    return math.fsum(weight * found for weight, found in rows) / total if total > 0.0 else None
