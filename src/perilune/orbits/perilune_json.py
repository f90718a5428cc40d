"""Perilune's own orbit file: every field of every orbit, floats to their last bit.

A JSON object `{"format": "perilune orbits", "version": 1, "orbits": [...]}`. Numbers are JSON
numbers in the shortest form that gives the float64 back; the time of perihelion, which has more
digits than a float64, is a number with all of them.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import fields
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, get_args

import numpy as np
from numpy.typing import NDArray

from perilune.orbits.covariance import DOUBLE_ROUNDING
from perilune.orbits.designations import number_of
from perilune.orbits.elements import (
    CartesianState,
    CartesianStateAu,
    CometaryElements,
    Elements,
    EquinoctialElements,
    Frame,
    KeplerianElements,
)
from perilune.orbits.non_gravitational import NonGravitational
from perilune.orbits.orbit import Orbit
from perilune.orbits.reading import JsonNumber, SourceText, get, get_optional, load

FORMAT: Final = "perilune orbits"
VERSION: Final = 1

_KINDS: Final[dict[str, type[Elements]]] = {
    "keplerian": KeplerianElements,
    "cometary": CometaryElements,
    "equinoctial": EquinoctialElements,
    "cartesian": CartesianState,
    "cartesian-au": CartesianStateAu,
}
_NUMBERS: Final = (
    "absolute_magnitude_h",
    "slope_g",
    "total_magnitude_m1",
    "total_slope_k1",
    "diameter_km",
    "albedo",
)


def read_perilune(source: Path | str) -> list[Orbit]:
    """The orbits of a file in Perilune's own format, given as a path or as its text.

    Raises:
        InputError: the text is cut short or damaged, or something needed is missing.
        CovarianceError: a covariance is not one.
    """
    return parse_perilune(load(source))


def parse_perilune(text: SourceText) -> list[Orbit]:
    """`read_perilune` for a text already loaded."""
    document = text.json()
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise text.error("the file is not Perilune's", field="format", expected=FORMAT)
    if document.get("version") != str(VERSION):
        raise text.error(
            "the file has another version of the format",
            field="version",
            found=document.get("version"),
            expected=str(VERSION),
            remedy="Read it with the Perilune that wrote it.",
        )
    entries = get(text, document, "orbits", list)
    return [_orbit(text, entry, f"orbits[{index}]") for index, entry in enumerate(entries)]


def _orbit(text: SourceText, entry: Any, where: str) -> Orbit:
    if not isinstance(entry, dict):
        raise text.error("an orbit is damaged", field=where, found=entry, expected="an object")
    designation = get(text, entry, "designation", str, where)
    name = get_optional(text, entry, "name", str, where)
    number = get_optional(text, entry, "number", JsonNumber, where)
    if number is not None and not number.isdecimal():
        raise text.error(
            "a minor planet's number is not whole", field=f"{where}.number", found=number
        )
    covariance = get_optional(text, entry, "covariance", dict, where)
    matrix: NDArray[np.float64] | None = None
    names: tuple[str, ...] = ()
    if covariance is not None:
        names = _texts(text, covariance, "parameters", f"{where}.covariance")
        matrix = _matrix(text, covariance, len(names), f"{where}.covariance")
    rounding = DOUBLE_ROUNDING
    if covariance is not None:
        rounding = _float(text, covariance, "rounding", f"{where}.covariance")
    with text.located():
        return Orbit(
            designation=designation,
            name=name,
            number=number_of(designation, name) if number is None else int(number),
            solution=get_optional(text, entry, "solution", str, where) or "",
            publisher=get_optional(text, entry, "publisher", str, where) or "",
            solution_date=get_optional(text, entry, "solution_date", str, where),
            epoch_mjd_tdb=_float(text, entry, "epoch_mjd_tdb", where),
            elements=_elements(text, get(text, entry, "elements", dict, where), where),
            non_gravitational=_model(text, entry, where),
            covariance=matrix,
            covariance_parameters=names,
            covariance_rounding=rounding,
            gm_sun_km3_s2=_float(text, entry, "gm_sun_km3_s2", where),
            source=get_optional(text, entry, "source", str, where) or text.file or "",
            **{
                name: _float(text, entry, name, where)
                for name in _NUMBERS
                if entry.get(name) is not None
            },
        )


def _float(text: SourceText, entry: dict[str, Any], key: str, where: str) -> float:
    return text.number(get(text, entry, key, JsonNumber, where), f"{where}.{key}")


def _texts(text: SourceText, entry: dict[str, Any], key: str, where: str) -> tuple[str, ...]:
    items = get(text, entry, key, list, where)
    for item in items:
        if not isinstance(item, str) or isinstance(item, JsonNumber):
            raise text.error(
                "a name is missing", field=f"{where}.{key}", found=item, expected="a text"
            )
    return tuple(items)


def _matrix(text: SourceText, entry: dict[str, Any], n: int, where: str) -> NDArray[np.float64]:
    rows = get(text, entry, "matrix", list, where)
    if len(rows) != n or any(not isinstance(row, list) or len(row) != n for row in rows):
        raise text.error(
            "the covariance's rows do not fit its parameters",
            field=f"{where}.matrix",
            expected=f"{n} rows of {n} numbers",
        )
    return np.array(
        [[text.number(value, f"{where}.matrix") for value in row] for row in rows]
    ).reshape(n, n)


def _elements(text: SourceText, entry: dict[str, Any], where: str) -> Elements:
    kind = get(text, entry, "kind", str, f"{where}.elements")
    if kind not in _KINDS:
        raise text.error(
            "the kind of elements is not known",
            field=f"{where}.elements.kind",
            found=kind,
            expected=", ".join(_KINDS),
        )
    values: dict[str, Any] = {}
    for field in fields(_KINDS[kind]):
        at = f"{where}.elements.{field.name}"
        value = entry.get(field.name)
        if field.name in ("frame", "origin"):
            values[field.name] = get(text, entry, field.name, str, f"{where}.elements")
            if field.name == "frame" and value not in get_args(Frame):
                raise text.error(
                    "the frame is not known",
                    field=at,
                    found=value,
                    expected=", ".join(get_args(Frame)),
                )
        elif field.name.startswith(("position", "velocity")):
            items = get(text, entry, field.name, list, f"{where}.elements")
            values[field.name] = tuple(text.number(item, at) for item in items)
        elif field.name == "perihelion_mjd_tdb":
            values[field.name] = text.decimal(value, at)
        else:
            values[field.name] = text.number(value, at)
    with text.located():
        return _KINDS[kind](**values)


def _model(text: SourceText, entry: dict[str, Any], where: str) -> NonGravitational | None:
    model = get_optional(text, entry, "non_gravitational", dict, where)
    if model is None:
        return None
    where = f"{where}.non_gravitational"
    published = get(text, model, "published", dict, where)
    return NonGravitational(
        **{
            field.name: _float(text, model, field.name, where)
            for field in fields(NonGravitational)
            if field.name not in ("estimated", "published")
        },
        estimated=_texts(text, model, "estimated", where),
        published=tuple(
            (name, text.number(value, f"{where}.published.{name}"))
            for name, value in published.items()
        ),
    )


def write_perilune(orbits: Sequence[Orbit]) -> str:
    """The orbits in Perilune's own format; reading them gives the same orbits to the last bit."""
    body = ",\n".join(_lines(_entry(orbit)) for orbit in orbits)
    return f'{{"format": "{FORMAT}", "version": {VERSION}, "orbits": [\n{body}\n]}}\n'


def _entry(orbit: Orbit) -> dict[str, Any]:
    kind = next(key for key, cls in _KINDS.items() if isinstance(orbit.elements, cls))
    entry: dict[str, Any] = {
        "designation": orbit.designation,
        "name": orbit.name,
        "number": orbit.number,
        "solution": orbit.solution,
        "publisher": orbit.publisher,
        "solution_date": orbit.solution_date,
        "source": orbit.source,
        "epoch_mjd_tdb": orbit.epoch_mjd_tdb,
        "gm_sun_km3_s2": orbit.gm_sun_km3_s2,
        "elements": {"kind": kind}
        | {f.name: getattr(orbit.elements, f.name) for f in fields(orbit.elements)},
    }
    entry |= {name: getattr(orbit, name) for name in _NUMBERS}
    model = orbit.non_gravitational
    if model is not None:
        entry["non_gravitational"] = {f.name: getattr(model, f.name) for f in fields(model)} | {
            "published": dict(model.published)
        }
    if orbit.covariance is not None:
        entry["covariance"] = {
            "parameters": orbit.covariance_parameters,
            "rounding": orbit.covariance_rounding,
            "matrix": orbit.covariance.tolist(),
        }
    return {key: value for key, value in entry.items() if value not in (None, "")}


def _lines(entry: dict[str, Any]) -> str:
    """One line a field, one a row of the covariance: a reader of the file can find a number."""
    lines = []
    for key, value in entry.items():
        if key == "covariance":
            rows = ",\n   ".join(_json(row) for row in value["matrix"])
            head = f'"parameters": {_json(value["parameters"])}, "rounding": {value["rounding"]!r}'
            lines.append(f'"covariance": {{{head}, "matrix": [\n   {rows}]}}')
        else:
            lines.append(f"{_json(key)}: {_json(value)}")
    return "{" + ",\n ".join(lines) + "}"


def _json(value: Any) -> str:
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_json(k)}: {_json(v)}" for k, v in value.items()) + "}"
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
