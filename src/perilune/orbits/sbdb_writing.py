"""Writing an orbit as an answer of JPL's SBDB API; `perilune.orbits.sbdb` reads them."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final

import numpy as np

from perilune.constants import AU_KM, DAY_S, MJD_OF_JD
from perilune.orbits.conversion import with_elements
from perilune.orbits.elements import CometaryElements
from perilune.orbits.orbit import Orbit
from perilune.orbits.sbdb import (
    ELEMENT_UNITS,
    G_OF_R,
    LABELS,
    PHYSICAL,
    PHYSICAL_UNITS,
    UNITS,
)

_LOSS: Final = 1e-6  # of a covariance; the thinnest published one, 2024 BX1's, loses 2e-7


def write_sbdb(orbit: Orbit) -> str:
    """The orbit as an SBDB answer with the parts that `read_sbdb` uses, 16 digits a number.

    Elements of another kind are turned into cometary ones first, the covariance with them, and
    force parameters that SBDB does not know into those of A1, A2 and A3 that they drive.

    Raises:
        InputError: cometary elements cannot carry the covariance.
    """
    names = {ours: label for label, ours in LABELS.items()}
    orbit = _known_forces(with_elements(orbit, CometaryElements, loss=_LOSS), names)
    elements = orbit.elements
    assert isinstance(elements, CometaryElements)
    epoch = _jd(Decimal(orbit.epoch_mjd_tdb).normalize())
    printed = {
        "e": sbdb_digits(elements.eccentricity),
        "q": sbdb_digits(elements.perihelion_distance_au),
        "tp": _jd(elements.perihelion_mjd_tdb),
        "om": sbdb_digits(elements.node_deg),
        "w": sbdb_digits(elements.argument_of_perihelion_deg),
        "i": sbdb_digits(elements.inclination_deg),
    }
    e, q_au = elements.eccentricity, elements.perihelion_distance_au
    if e != 1.0:
        a_au = q_au / (1.0 - e)
        motion_rad_s = math.sqrt(orbit.gm_sun_km3_s2 / abs(a_au * AU_KM) ** 3)
        printed["a"] = sbdb_digits(a_au)
        printed["n"] = sbdb_digits(math.degrees(motion_rad_s * DAY_S))
    units = ELEMENT_UNITS | {"a": "au", "n": "deg/d"}
    rows = [{"name": k, "value": v, "units": units.get(k)} for k, v in printed.items()]
    solution: dict[str, Any] = {
        "source": orbit.publisher,
        "orbit_id": orbit.solution.removeprefix(f"{orbit.publisher} "),
        "soln_date": orbit.solution_date,
        "epoch": epoch,
        "equinox": "J2000",
        "elements": rows,
        "model_pars": _model_rows(orbit, names),
        "covariance": None,
    }
    if orbit.covariance is not None:
        solution["covariance"] = {
            "epoch": epoch,
            "labels": [names[name] for name in orbit.covariance_parameters],
            "data": [[sbdb_digits(float(value)) for value in row] for row in orbit.covariance],
        }
    numbered_comet = orbit.designation[-1:] in ("P", "D") and orbit.designation[:-1].isdecimal()
    prefix, slash, rest = orbit.designation.partition("/")
    item: dict[str, Any] = {"des": rest if slash else orbit.designation, "prefix": None}
    if orbit.number is not None:
        item |= {"kind": "an", "shortname": orbit.full_name, "fullname": orbit.full_name}
    elif numbered_comet or slash:
        item |= {
            "kind": "cn" if numbered_comet else "cu",
            "prefix": prefix if slash else orbit.designation[-1],
            "fullname": orbit.full_name,
        }
    else:
        item |= {"kind": "au", "fullname": f"({orbit.designation})"}
    physical = [
        {
            "name": name,
            "value": sbdb_digits(getattr(orbit, field)),
            "units": PHYSICAL_UNITS.get(name),
        }
        for name, field in PHYSICAL.items()
        if getattr(orbit, field) is not None
    ]
    answer = {
        "signature": {"source": "Perilune, in the form of JPL's SBDB API"},
        "object": item,
        "orbit": solution,
        "phys_par": physical,
    }
    return json.dumps(answer, indent=1, ensure_ascii=False) + "\n"


def _known_forces(orbit: Orbit, names: Mapping[str, str]) -> Orbit:
    """The orbit with Marsden's parameters for those that have no name in SBDB, such as OrbFit's."""
    model = orbit.non_gravitational
    if model is None:
        return orbit
    driven = {
        name: effect
        for name, _ in model.published
        if name not in names and (effect := model.effect_of(name)) is not None
    }
    if not driven:
        return orbit
    published = tuple(
        (driven[name][0], value * driven[name][1]) if name in driven else (name, value)
        for name, value in model.published
    )
    model = replace(model, published=published)
    if orbit.covariance is None:
        return replace(orbit, non_gravitational=model)
    parameters = orbit.covariance_parameters
    factors = np.array([driven[name][1] if name in driven else 1.0 for name in parameters])
    return replace(
        orbit,
        non_gravitational=model,
        covariance=orbit.covariance * factors[:, None] * factors,
        covariance_parameters=tuple(
            driven[name][0] if name in driven else name for name in parameters
        ),
    )


def _model_rows(orbit: Orbit, names: Mapping[str, str]) -> list[dict[str, str | None]]:
    model = orbit.non_gravitational
    if model is None:
        return []
    rows: list[dict[str, str | None]] = []
    for parameter, value in model.published:
        label = names[parameter]
        kind = "EST" if parameter in orbit.covariance_parameters else "SET"
        rows.append(
            {"name": label, "value": sbdb_digits(value), "units": UNITS[label], "kind": kind}
        )
    constants = dict(
        zip(
            ("ALN", "R0", "NM", "NN", "NK"),
            (model.alpha, model.r0_au, model.m, model.n, model.k),
            strict=True,
        )
    )
    if constants != G_OF_R:
        rows += [
            {"name": name, "value": sbdb_digits(value), "units": UNITS.get(name), "kind": "SET"}
            for name, value in constants.items()
        ]
    return rows


def _jd(mjd: Decimal) -> str:
    return format(mjd + Decimal(MJD_OF_JD), "f")


def sbdb_digits(value: float) -> str:
    """16 significant digits as SBDB prints them, or 17 where 16 do not give the value back."""
    text = f"{value:.15E}"
    if float(text) != value:
        text = f"{value:.16E}"
    sign = "-" if text.startswith("-") else ""
    digits, _, exponent = text.lstrip("-").partition("E")
    digits = digits.replace(".", "").rstrip("0")
    power = int(exponent)
    if not digits:
        return "0."
    if power < -4 or power > 20:
        return f"{sign}{digits[0]}.{digits[1:]}E{power}"
    if power < 0:
        return f"{sign}.{'0' * (-power - 1)}{digits}"
    digits = digits.ljust(power + 1, "0")
    return f"{sign}{digits[: power + 1]}.{digits[power + 1 :]}"
