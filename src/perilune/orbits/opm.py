"""CCSDS Orbit Parameter Messages in KVN: one state, with its covariance.

Mass, drag and radiation fields are read over: they are no part of an orbit here. A message with
manoeuvres is refused, since the state alone does not describe that trajectory. What an OPM has no
field for, the solution, H and G and the like, stands in user-defined ones.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from perilune.errors import InputError
from perilune.orbits.ccsds import (
    COVARIANCE_KEYS,
    COVARIANCE_UNITS,
    FRAME_NAMES,
    Line,
    center_of,
    check_version,
    epoch_of,
    frame_of,
    in_state_frame,
    lines_of,
    need,
    printed_epoch,
    quantity,
    scale_of,
    symmetric,
)
from perilune.orbits.conversion import with_elements
from perilune.orbits.covariance import DOUBLE_ROUNDING, rounding_of
from perilune.orbits.designations import number_of
from perilune.orbits.elements import CartesianState
from perilune.orbits.orbit import Orbit
from perilune.orbits.reading import SourceText, load

VERSION_KEY: Final = "CCSDS_OPM_VERS"
_STATE: Final = {
    "X": "km", "Y": "km", "Z": "km", "X_DOT": "km/s", "Y_DOT": "km/s", "Z_DOT": "km/s",
}  # fmt: skip
_SOLUTION: Final = "USER_DEFINED_SOLUTION"
_SOLUTION_DATE: Final = "USER_DEFINED_SOLUTION_DATE"
_PHYSICAL: Final = {
    f"USER_DEFINED_{name.upper()}": name
    for name in (
        "absolute_magnitude_h", "slope_g", "total_magnitude_m1", "total_slope_k1", "diameter_km",
        "albedo",
    )
}  # fmt: skip
_READ_OVER: Final = {
    "CREATION_DATE", "ORIGINATOR", "CLASSIFICATION", "MESSAGE_ID", "REF_FRAME_EPOCH",
    "SEMI_MAJOR_AXIS", "ECCENTRICITY", "INCLINATION", "RA_OF_ASC_NODE", "ARG_OF_PERICENTER",
    "TRUE_ANOMALY", "MEAN_ANOMALY", "GM", "MASS", "SOLAR_RAD_AREA", "SOLAR_RAD_COEFF",
    "DRAG_AREA", "DRAG_COEFF",
}  # fmt: skip


def read_opm(source: Path | str) -> Orbit:
    """The orbit of an OPM, given as a path or as its text.

    Raises:
        InputError: the text is cut short or damaged, or holds what Perilune does not read.
        CovarianceError: the covariance is not one.
    """
    return parse_opm(load(source))


def parse_opm(text: SourceText) -> Orbit:
    """`read_opm` for a text already loaded."""
    block: dict[str, Line] = {}
    known = {VERSION_KEY, "OBJECT_NAME", "OBJECT_ID", "CENTER_NAME", "REF_FRAME", "TIME_SYSTEM",
             "EPOCH", "COV_REF_FRAME", *_STATE, *COVARIANCE_KEYS, *_READ_OVER}  # fmt: skip
    last = 1
    for line in lines_of(text):
        if not block:
            check_version(text, line, VERSION_KEY)
        if line.key is None:
            raise text.error("a line is not KEY = VALUE", line=line.number, found=line.value)
        if line.key.startswith("MAN_"):
            raise text.error(
                "the message has manoeuvres, which Perilune does not propagate",
                line=line.number,
                field=line.key,
                found=line.value,
                expected="a free trajectory",
                remedy="Give the state after the last manoeuvre.",
            )
        if line.key not in known and not line.key.startswith("USER_DEFINED_"):
            raise text.error(
                "a field is not known",
                line=line.number,
                field=line.key,
                expected="a field of an OPM",
            )
        if line.key in block:
            raise text.error("a field stands twice", line=line.number, field=line.key)
        block[line.key] = line
        last = line.number
    if VERSION_KEY not in block:
        raise text.error("the file is not an OPM", field=VERSION_KEY, expected="2.0")
    scale = scale_of(text, need(text, block, "TIME_SYSTEM", last))
    frame = frame_of(text, need(text, block, "REF_FRAME", last))
    origin = center_of(text, need(text, block, "CENTER_NAME", last))
    epoch = need(text, block, "EPOCH", last)
    x = [quantity(text, need(text, block, key, last), unit) for key, unit in _STATE.items()]
    covariance, rounding = _covariance(text, block)
    if covariance is not None:
        named = block.get("COV_REF_FRAME")
        covariance = in_state_frame(
            text,
            covariance,
            named.value if named else None,
            frame,
            np.array(x),
            block[COVARIANCE_KEYS[0]].number,
        )
    name = need(text, block, "OBJECT_NAME", last).value
    designation = need(text, block, "OBJECT_ID", last).value
    originator = block["ORIGINATOR"].value if "ORIGINATOR" in block else ""
    created = block["CREATION_DATE"].value if "CREATION_DATE" in block else ""
    solution, date = f"{originator} {created}".strip(), created
    if _SOLUTION in block:
        solution = need(text, block, _SOLUTION, last).value
        date = block[_SOLUTION_DATE].value if _SOLUTION_DATE in block else ""
    physical = {
        name: text.number(block[key].value, key, block[key].number)
        for key, name in _PHYSICAL.items()
        if key in block
    }
    with text.located():
        return Orbit(
            designation=designation,
            name=None if name == designation else name,
            number=number_of(designation, name),
            solution=solution,
            publisher=originator,
            solution_date=date or None,
            epoch_mjd_tdb=epoch_of(text, epoch.value, scale, epoch.number),
            elements=CartesianState((x[0], x[1], x[2]), (x[3], x[4], x[5]), frame, origin),
            non_gravitational=None,
            covariance=covariance,
            covariance_parameters=CartesianState.PARAMETERS if covariance is not None else (),
            covariance_rounding=rounding,
            source=text.file or "",
            **physical,
        )


def _covariance(
    text: SourceText, block: dict[str, Line]
) -> tuple[NDArray[np.float64] | None, float]:
    present = [key for key in COVARIANCE_KEYS if key in block]
    if not present:
        return None, DOUBLE_ROUNDING
    where = block[present[-1]].number
    lines = [need(text, block, key, where) for key in COVARIANCE_KEYS]
    values = [quantity(text, line, COVARIANCE_UNITS[line.key or ""]) for line in lines]
    return symmetric(values), rounding_of(line.value for line in lines)


def write_opm(orbit: Orbit, created_utc: str | None = None) -> str:
    """The orbit as an OPM 2.0 with its covariance, in TDB; numbers give the float64 back.

    Elements of another kind become a heliocentric ICRF state.

    Args:
        orbit: the orbit.
        created_utc: CREATION_DATE; now if None.

    Raises:
        InputError: the orbit has non-gravitational forces, for which an OPM has no place.
    """
    refuse_forces(orbit)
    orbit = with_elements(orbit, CartesianState)
    state = orbit.elements
    assert isinstance(state, CartesianState)
    created = created_utc or datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    rows = [
        (VERSION_KEY, "2.0", ""),
        ("CREATION_DATE", created, ""),
        ("ORIGINATOR", orbit.publisher or "PERILUNE", ""),
        ("OBJECT_NAME", orbit.name or orbit.designation, ""),
        ("OBJECT_ID", orbit.designation, ""),
        ("CENTER_NAME", state.origin, ""),
        ("REF_FRAME", FRAME_NAMES[state.frame], ""),
        ("TIME_SYSTEM", "TDB", ""),
        ("EPOCH", printed_epoch(orbit.epoch_mjd_tdb), ""),
    ]
    values = (*state.position_km, *state.velocity_km_s)
    rows += [
        (key, repr(float(x)), unit) for (key, unit), x in zip(_STATE.items(), values, strict=True)
    ]
    if orbit.covariance is not None:
        order = [orbit.covariance_parameters.index(name) for name in CartesianState.PARAMETERS]
        matrix = orbit.covariance[np.ix_(order, order)]
        for row, column, key in zip(*np.tril_indices(6), COVARIANCE_KEYS, strict=True):
            rows.append((key, repr(float(matrix[row, column])), COVARIANCE_UNITS[key]))
    for key, text in ((_SOLUTION, orbit.solution), (_SOLUTION_DATE, orbit.solution_date)):
        if text:
            rows.append((key, " ".join(text.split()), ""))
    for key, name in _PHYSICAL.items():
        if (value := getattr(orbit, name)) is not None:
            rows.append((key, repr(float(value)), ""))
    return "".join(
        f"{key:<15} = {value}{f' [{unit}]' if unit else ''}\n" for key, value, unit in rows
    )


def refuse_forces(orbit: Orbit) -> None:
    """Raise for an orbit whose force model a CCSDS message cannot hold."""
    if orbit.non_gravitational is not None:
        raise InputError(
            "a CCSDS message has no place for non-gravitational parameters",
            field="non-gravitational parameters",
            found=", ".join(name for name, _ in orbit.non_gravitational.published),
            expected="an orbit under gravity alone",
            remedy="Write the orbit in Perilune's own format.",
        )
