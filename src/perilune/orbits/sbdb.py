"""Orbits as JPL's Small-Body Database API answers them (`full-prec=1&cov=mat&phys-par=1`).

Where the covariance comes with its own epoch and elements, these are the orbit: SBDB's other
elements belong to an epoch to which the covariance was not carried. Elements refer to the ecliptic
of the IAU 1976 obliquity; times are TDB. The GM of the Sun behind the elements, which the answer
does not name, follows from its `n` and `a`: solutions made with older ephemerides have the
Gaussian one. See https://ssd-api.jpl.nasa.gov/doc/sbdb.html.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from perilune.orbits.covariance import DOUBLE_ROUNDING, rounding_of
from perilune.orbits.elements import (
    GM_SUN_DE440_KM3_S2,
    CometaryElements,
    published_gm_sun,
)
from perilune.orbits.non_gravitational import DRIFT_M_YR, NonGravitational, from_published
from perilune.orbits.orbit import Orbit
from perilune.orbits.reading import SourceText, get, get_optional, load, mjd_of_jd

# SBDB's covariance labels and ours, in SBDB's own order.
LABELS: Final = {
    "e": "e",
    "q": "q_au",
    "tp": "tp_d",
    "node": "node_deg",
    "peri": "peri_deg",
    "i": "i_deg",
    "A1": "a1_au_d2",
    "A2": "a2_au_d2",
    "A3": "a3_au_d2",
    "DT": "dt_d",
    "RHO": "rho_kg_m3",
    "AMRAT": "amrat_m2_kg",
    "S0": "s0_km",
}
UNITS: Final = {
    "A1": "au/d^2",
    "A2": "au/d^2",
    "A3": "au/d^2",
    "DT": "d",
    "RHO": "kg/m^3",
    "AMRAT": "m^2/kg",
    "S0": "km",
    "R0": "au",
}
ELEMENT_UNITS: Final = {
    "e": None, "q": "au", "tp": "TDB", "om": "deg", "w": "deg", "i": "deg"
}  # fmt: skip
PHYSICAL_UNITS: Final = {"diameter": "km"}
G_OF_R: Final = {"ALN": 0.1112620426, "R0": 2.808, "NM": 2.15, "NN": 5.093, "NK": 4.6142}
_INVERSE_SQUARE: Final = {"ALN": 1.0, "R0": 1.0, "NM": 2.0, "NN": 5.093, "NK": 0.0}
PHYSICAL: Final = {
    "H": "absolute_magnitude_h",
    "G": "slope_g",
    "M1": "total_magnitude_m1",
    "K1": "total_slope_k1",
    "diameter": "diameter_km",
    "albedo": "albedo",
}


def read_sbdb(source: Path | str) -> Orbit:
    """The orbit in an SBDB API answer, given as a path or as its text.

    Raises:
        InputError: the text is cut short or damaged, or something needed is missing.
        CovarianceError: the covariance is not one.
    """
    return parse_sbdb(load(source))


def parse_sbdb(text: SourceText) -> Orbit:
    """`read_sbdb` for a text already loaded."""
    answer = text.json()
    if not isinstance(answer, dict):
        raise text.error("the file is not an SBDB answer", found=type(answer).__name__)
    if "object" not in answer and isinstance(answer.get("message"), str):
        raise text.error(
            "the answer holds no orbit but a message",
            field="message",
            found=answer["message"],
            expected="an object and its orbit",
            remedy="Ask the API for one object, with cov=mat&full-prec=1&phys-par=1.",
        )
    item = get(text, answer, "object", dict)
    solution = get(text, answer, "orbit", dict)
    if solution.get("equinox") != "J2000":
        raise text.error(
            "the elements refer to another equinox",
            field="orbit.equinox",
            found=solution.get("equinox"),
            expected="J2000",
        )
    kind = get(text, item, "kind", str, "object")
    designation = get(text, item, "des", str, "object")
    if kind == "cu" and item.get("prefix"):
        designation = f"{item['prefix']}/{designation}"
    covariance = solution.get("covariance")
    epoch = get(text, solution, "epoch", str, "orbit")
    printed = get(text, solution, "elements", list, "orbit")
    where = "orbit"
    matrix: NDArray[np.float64] | None = None
    labels: tuple[str, ...] = ()
    rounding = DOUBLE_ROUNDING
    if covariance is not None:
        if not isinstance(covariance, dict):
            raise text.error(
                "the covariance is damaged", field="orbit.covariance", found=covariance
            )
        matrix, labels = _matrix(text, covariance)
        rounding = rounding_of(value for row in covariance["data"] for value in row)
        if covariance.get("elements"):
            where = "orbit.covariance"
            printed = get(text, covariance, "elements", list, where)
        covariance_epoch = get(text, covariance, "epoch", str, "orbit.covariance")
        if where == "orbit" and text.decimal(
            covariance_epoch, "orbit.covariance.epoch"
        ) != text.decimal(epoch, "orbit.epoch"):
            raise text.error(
                "the covariance has another epoch than the elements and none of its own",
                field="orbit.covariance.epoch",
                found=covariance_epoch,
                expected=epoch,
            )
        epoch = covariance_epoch
    elements = _elements(text, printed, where)
    gm = _gm(text, get(text, solution, "elements", list, "orbit"))
    model = _model(text, solution, labels, designation, elements, gm)
    with text.located():
        return Orbit(
            designation=designation,
            name=_name(item, kind),
            number=int(designation) if kind == "an" and designation.isdecimal() else None,
            solution=f"{_publisher(solution)} {get(text, solution, 'orbit_id', str, 'orbit')}",
            publisher=_publisher(solution),
            solution_date=get_optional(text, solution, "soln_date", str, "orbit"),
            epoch_mjd_tdb=float(mjd_of_jd(text.decimal(epoch, f"{where}.epoch"))),
            elements=elements,
            non_gravitational=model,
            covariance=matrix,
            covariance_parameters=tuple(LABELS[label] for label in labels),
            covariance_rounding=rounding,
            gm_sun_km3_s2=gm,
            source=text.file or "",
            **_physical(text, answer.get("phys_par")),
        )


def _publisher(solution: dict[str, Any]) -> str:
    source = solution.get("source")
    return source if isinstance(source, str) and source else "JPL"


def _name(item: dict[str, Any], kind: str) -> str | None:
    """ "Apophis" of "99942 Apophis", "Halley" of "1P/Halley", "ZTF" of "C/2022 E3 (ZTF)"."""
    full = item.get("fullname")
    short = item.get("shortname")
    if kind == "an":
        return short.partition(" ")[2] or None if isinstance(short, str) else None
    if kind == "cn" and isinstance(full, str):
        return full.partition("/")[2] or None
    if kind == "cu" and isinstance(full, str) and full.endswith(")"):
        return full[full.rindex("(") + 1 : -1] if "(" in full else None
    return None


def _matrix(
    text: SourceText, covariance: dict[str, Any]
) -> tuple[NDArray[np.float64], tuple[str, ...]]:
    where = "orbit.covariance"
    labels = get(text, covariance, "labels", list, where)
    for label in labels:
        if not isinstance(label, str) or label not in LABELS:
            raise text.error(
                "the covariance has a parameter that Perilune does not know",
                field=f"{where}.labels",
                found=label,
                expected=", ".join(LABELS),
                remedy="Perilune would have to leave its force out, so it refuses the orbit.",
            )
    rows = get(text, covariance, "data", list, where)
    n = len(labels)
    if len(rows) != n or any(not isinstance(row, list) or len(row) != n for row in rows):
        raise text.error(
            "the covariance's rows do not fit its labels",
            field=f"{where}.data",
            found=f"{len(rows)} rows",
            expected=f"{n} rows of {n} numbers",
        )
    matrix = np.array(
        [
            [
                text.number(value, f"{where}.data({labels[r]}, {labels[c]})")
                for c, value in enumerate(row)
            ]
            for r, row in enumerate(rows)
        ]
    )
    return matrix, tuple(labels)


def _named(text: SourceText, items: list[Any], where: str) -> dict[str, dict[str, Any]]:
    named: dict[str, dict[str, Any]] = {}
    for item in items:
        if not isinstance(item, dict):
            raise text.error(
                "an entry is damaged", field=where, found=item, expected="name and value"
            )
        name = get(text, item, "name", str, where)
        if name in named:
            raise text.error("an entry stands twice", field=f"{where}.{name}", found=name)
        named[name] = item
    return named


def _check_unit(text: SourceText, item: dict[str, Any], unit: str | None, where: str) -> None:
    """A unit that stands there must be the one that SBDB documents; answers cut down have none."""
    if item.get("units", unit) != unit:
        raise text.error(
            "a value has another unit", field=where, found=item.get("units"), expected=str(unit)
        )


def _elements(text: SourceText, items: list[Any], where: str) -> CometaryElements:
    named = _named(text, items, f"{where}.elements")
    values = {}
    for key in ELEMENT_UNITS:
        if key not in named:
            raise text.error("an element is missing", field=f"{where}.elements.{key}")
        _check_unit(text, named[key], ELEMENT_UNITS[key], f"{where}.elements.{key}")
        values[key] = text.decimal(named[key].get("value"), f"{where}.elements.{key}")
    with text.located():
        return CometaryElements(
            eccentricity=float(values["e"]),
            perihelion_distance_au=float(values["q"]),
            perihelion_mjd_tdb=mjd_of_jd(values["tp"]),
            node_deg=float(values["om"]),
            argument_of_perihelion_deg=float(values["w"]),
            inclination_deg=float(values["i"]),
        )


def _gm(text: SourceText, items: list[Any]) -> float:
    """The GM behind the elements: older solutions have another one than those of today."""
    named = _named(text, items, "orbit.elements")
    if any(named.get(name, {}).get("value") is None for name in ("a", "n")):
        return GM_SUN_DE440_KM3_S2
    a_au = text.number(named["a"]["value"], "orbit.elements.a")
    motion = text.number(named["n"]["value"], "orbit.elements.n")
    gm = published_gm_sun(a_au, math.radians(motion), GM_SUN_DE440_KM3_S2)
    if gm is None:
        raise text.error(
            "the mean motion contradicts the semi-major axis",
            field="orbit.elements.n",
            found=motion,
            expected="n = sqrt(GM / a³) in degrees a day",
        )
    return gm


def _model(
    text: SourceText,
    solution: dict[str, Any],
    labels: tuple[str, ...],
    designation: str,
    elements: CometaryElements,
    gm_sun_km3_s2: float,
) -> NonGravitational | None:
    where = "orbit.model_pars"
    items = solution.get("model_pars") or []
    if not isinstance(items, list):
        raise text.error("the force model is damaged", field=where, found=items)
    published: list[tuple[str, float]] = []
    g_of_r: dict[str, float] = {}
    for name, item in _named(text, items, where).items():
        value = text.number(item.get("value"), f"{where}.{name}")
        if name not in UNITS and name not in G_OF_R:
            raise text.error(
                "the orbit has a force parameter that Perilune does not know",
                field=where,
                found=name,
                expected=", ".join([*UNITS, *G_OF_R]),
                remedy="Perilune would have to leave its force out, so it refuses the orbit.",
            )
        _check_unit(text, {"units": None} | item, UNITS.get(name), f"{where}.{name}")
        if name in G_OF_R:
            g_of_r[name] = value
        else:
            published.append((LABELS[name], value))
    known = dict(published)
    estimated = tuple(LABELS[label] for label in labels[:] if LABELS[label] in known)
    for label in labels:
        if label in list(LABELS)[6:] and LABELS[label] not in known:
            raise text.error(
                "the covariance has a parameter whose value is missing", field=f"{where}.{label}"
            )
    if not published:
        return None
    sunlight = known.keys() <= {"rho_kg_m3", "amrat_m2_kg", "s0_km"}
    constants = {**(_INVERSE_SQUARE if sunlight else G_OF_R), **g_of_r}
    e, q_au = elements.eccentricity, elements.perihelion_distance_au
    with text.located():
        return from_published(
            tuple(published),
            estimated,
            g_of_r=(
                constants["ALN"],
                constants["R0"],
                constants["NM"],
                constants["NN"],
                constants["NK"],
            ),
            drift_m_yr=DRIFT_M_YR.get(designation),
            semi_major_axis_au=q_au / (1.0 - e) if e < 1.0 else math.inf,
            eccentricity=e,
            gm_sun_km3_s2=gm_sun_km3_s2,
        )


def _physical(text: SourceText, items: Any) -> dict[str, float]:
    if items is None:
        return {}
    if not isinstance(items, list):
        raise text.error("the physical parameters are damaged", field="phys_par", found=items)
    named = _named(text, items, "phys_par")
    found = [name for name in PHYSICAL if name in named]
    for name in found:
        _check_unit(text, named[name], PHYSICAL_UNITS.get(name), f"phys_par.{name}")
    return {
        PHYSICAL[name]: text.number(named[name].get("value"), f"phys_par.{name}") for name in found
    }
