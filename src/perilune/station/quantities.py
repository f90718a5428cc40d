"""Quantities as a station file writes them: numbers with their unit, "-89.45 deg", "20 kW".

Each type here reads such a text into the domain's own unit, which stands in the type's name, and
tells editors by JSON Schema what the text looks like.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Annotated, Any, Final, TypeAlias

from pydantic import BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from perilune.constants import JULIAN_YEAR_D
from perilune.errors import PeriluneError
from perilune.times import parse_epoch

_NUMBER: Final = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?"
_PLAIN: Final = re.compile(_NUMBER)

_Units: TypeAlias = Mapping[str, float]
_ANGLE: Final = {"deg": math.pi / 180.0, "rad": 1.0}
_LENGTH: Final = {"km": 1.0, "m": 1e-3}
_SPEED: Final = {"km/s": 1.0, "m/s": 1e-3}
_MASS: Final = {"kg": 1.0, "t": 1e3}
_POWER: Final = {"W": 1.0, "kW": 1e3, "MW": 1e6}
_ENERGY: Final = {"Wh": 1.0, "kWh": 1e3, "MWh": 1e6}
_FREQUENCY: Final = {"Hz": 1.0, "kHz": 1e3, "MHz": 1e6, "GHz": 1e9}
_RATE: Final = {"bit/s": 1.0, "kbit/s": 1e3, "Mbit/s": 1e6, "Gbit/s": 1e9}
_TIME: Final = {
    "s": 1.0 / 86400.0, "min": 1.0 / 1440.0, "h": 1.0 / 24.0, "d": 1.0, "y": JULIAN_YEAR_D,
}  # fmt: skip
_FRACTION: Final = {"%": 0.01}
_RATE_OF_LAUNCHES: Final = {"/y": 1.0, "/year": 1.0}
_MASS_FLOW: Final = {"kg/d": 1.0, "g/d": 1e-3}
_CURRENCY: Final = r"([kMG]?)([A-Z]{3})"
_MILLIONS: Final = {"": 1e-6, "k": 1e-3, "M": 1.0, "G": 1e3}


_KINDS: Final = (_ANGLE, _LENGTH, _SPEED, _MASS, _POWER, _ENERGY, _FREQUENCY, _RATE, _TIME)


def units_per(unit: str, other: str) -> float | None:
    """How many of the other unit one unit is; None where they are not of one kind."""
    for kind in _KINDS:
        if unit in kind and other in kind:
            return kind[unit] / kind[other]
    return 1.0 if unit == other else None


def number_and_unit(value: object) -> tuple[float, str] | None:
    """The number and the unit ("" for none) of a text like "20 kW"; None where it is none."""
    pattern = rf"\s*({_NUMBER})\s*([A-Za-z%][\w/%]*)?\s*"
    match = re.fullmatch(pattern, value) if isinstance(value, str) else None
    if match is None or not math.isfinite(float(match[1])):
        return None
    return float(match[1]), match[2] or ""


def wrong(expected: str, remedy: str | None = None) -> PydanticCustomError:
    """The fault that a validator raises: what should stand there, and what the user can do."""
    # The texts go in as context, where braces mean nothing.
    context = {"expected": expected, "remedy": remedy or ""}
    return PydanticCustomError("station", "{expected}", context)


def _numbers(value: object, count: int, units: _Units, example: str) -> list[float]:
    """The numbers of a text in the domain's unit.

    Raises:
        PydanticCustomError: it is no such text; pydantic reports it.
    """
    text = value.strip() if isinstance(value, str) else ""
    pattern = r"\s+".join([f"({_NUMBER})"] * count) + r"\s*([^\s\d.]\S*)"
    match = re.fullmatch(pattern, text)
    if match is None or match[count + 1] not in units:
        words = "a number" if count == 1 else f"{count} numbers"
        bare = text.split()
        remedy = None
        if len(bare) == count and all(_PLAIN.fullmatch(word) for word in bare):
            remedy = f"Add the unit: {' '.join(bare)} {example.split()[-1]}."
        raise wrong(f"{words} with a unit ({' or '.join(units)}), like {example!r}", remedy)
    found = [float(match[k + 1]) * units[match[count + 1]] for k in range(count)]
    if not all(math.isfinite(number) for number in found):
        raise wrong(f"finite numbers, like {example!r}")
    return found


def _schema(count: int, units: _Units, example: str) -> WithJsonSchema:
    names = "|".join(re.escape(unit) for unit in units)
    pattern = r"\s+".join([_NUMBER] * count) + rf"\s*({names})"
    return WithJsonSchema(
        {"type": "string", "pattern": rf"^\s*{pattern}\s*$", "examples": [example]}
    )


def _quantity(
    units: _Units,
    example: str,
    *,
    least: float | None = None,
    most: float | None = None,
    beyond: tuple[str, str] | None = None,
) -> Any:
    """The annotations of a number with a unit, within bounds in the domain's unit if given.

    `beyond` is what a number below and one above the bounds should be.
    """

    def read(value: object) -> float:
        (number,) = _numbers(value, 1, units, example)
        first, size = next(iter(units.items()))
        if (least is not None and number < least) or (most is not None and number > most):
            low = "" if least is None else f"{least / size:g} {first}"
            high = "" if most is None else f"{most / size:g} {first}"
            if beyond is not None:
                raise wrong(beyond[0] if least is not None and number < least else beyond[1])
            raise wrong(
                f"between {low} and {high}" if low and high else f"at least {low}"
                if low else f"at most {high}"
            )  # fmt: skip
        return number

    return BeforeValidator(read), _schema(1, units, example)


def _vector(units: _Units, example: str) -> Any:
    def read(value: object) -> tuple[float, ...]:
        return tuple(_numbers(value, 3, units, example))

    return BeforeValidator(read), _schema(3, units, example)


def _direction(value: object) -> tuple[float, ...]:
    return tuple(_numbers(value, 2, _ANGLE, "120 1.5 deg"))


def _cost(value: object) -> tuple[float, str]:
    text = value.strip() if isinstance(value, str) else ""
    match = re.fullmatch(rf"({_NUMBER})\s*{_CURRENCY}", text)
    if match is None:
        remedy = f"Add the unit: {text} MUSD." if _PLAIN.fullmatch(text) else None
        raise wrong("a cost with a currency's three letters (after k, M or G), like '330 MUSD'",
                    remedy)  # fmt: skip
    millions = float(match[1]) * _MILLIONS[match[2]]
    if not math.isfinite(millions) or millions < 0.0:
        raise wrong("a cost of 0 or more, like '330 MUSD'")
    return millions, match[3]


def _epoch(value: object) -> str:
    try:
        parse_epoch(str(value))
    except PeriluneError:
        raise wrong("a date, like '2035-12-31' or '2029-01-01T00:00:00@tdb'") from None
    return str(value)


AngleRad = Annotated[float, *_quantity(_ANGLE, "-89.45 deg")]
LatitudeRad = Annotated[
    float, *_quantity(_ANGLE, "-89.45 deg", least=-math.pi / 2, most=math.pi / 2)
]
LongitudeRad = Annotated[
    float, *_quantity(_ANGLE, "-137 deg", least=-2.0 * math.pi, most=2.0 * math.pi)
]
ElongationRad = Annotated[float, *_quantity(_ANGLE, "45 deg", least=0.0, most=math.pi)]
InclinationRad = Annotated[float, *_quantity(_ANGLE, "62.4 deg", least=0.0, most=math.pi)]
# The Moon's ground lies between -9.2 and 10.8 km, the Earth's between -0.5 and 8.9 km.
GroundKm = Annotated[float, *_quantity(_LENGTH, "1900 m", least=-12.0, most=12.0)]
MastKm = Annotated[float, *_quantity(_LENGTH, "10 m", least=0.0, most=10.0)]
# Within the Moon's sphere of influence, 66,000 km from its centre.
AltitudeKm = Annotated[
    float,
    *_quantity(
        _LENGTH,
        "100 km",
        least=1e-3,
        most=64_000.0,
        beyond=(
            "an altitude over the sphere of 1737.4 km: the orbit lies inside the Moon",
            "at most 64000 km: the orbit lies outside the Moon's sphere of influence",
        ),
    ),
]
MassKg = Annotated[float, *_quantity(_MASS, "1200 kg", least=0.0)]
PowerW = Annotated[float, *_quantity(_POWER, "20 kW", least=0.0)]
EnergyWh = Annotated[float, *_quantity(_ENERGY, "150 kWh", least=0.0)]
FrequencyHz = Annotated[float, *_quantity(_FREQUENCY, "8 GHz", least=1.0)]
RateBitS = Annotated[float, *_quantity(_RATE, "100 Mbit/s", least=0.0)]
DurationD = Annotated[float, *_quantity(_TIME, "24 h", least=0.0)]
FractionOfOne = Annotated[float, *_quantity(_FRACTION, "90 %", least=0.0, most=1.0)]
IspS = Annotated[float, *_quantity({"s": 1.0}, "315 s", least=1.0)]
SpeedKmS = Annotated[float, *_quantity(_SPEED, "2.18 km/s", least=0.0)]
RatePerYear = Annotated[float, *_quantity(_RATE_OF_LAUNCHES, "2 /y", least=0.01, most=1000.0)]
MassFlowKgD = Annotated[float, *_quantity(_MASS_FLOW, "0.82 kg/d", least=0.0, most=1e6)]
PowerDbw = Annotated[float, *_quantity({"dBW": 1.0}, "30 dBW")]
GainOverNoiseDbK = Annotated[float, *_quantity({"dB/K": 1.0}, "10 dB/K")]
LossDb = Annotated[float, *_quantity({"dB": 1.0}, "3 dB")]
MagnitudeV = Annotated[float, *_quantity({"mag": 1.0}, "22 mag")]
PositionKm = Annotated[tuple[float, float, float], *_vector(_LENGTH, "1838.4 0 0 km")]
VelocityKmS = Annotated[tuple[float, float, float], *_vector(_SPEED, "0 1.63 0 km/s")]
DirectionRad = Annotated[
    tuple[float, float], BeforeValidator(_direction), _schema(2, _ANGLE, "120 1.5 deg")
]
# Millions, and the currency's three letters.
Cost = Annotated[
    tuple[float, str],
    BeforeValidator(_cost),
    WithJsonSchema(
        {"type": "string", "pattern": rf"^\s*{_NUMBER}\s*{_CURRENCY}\s*$", "examples": ["330 MUSD"]}
    ),
]
Moment = Annotated[
    str, BeforeValidator(_epoch), WithJsonSchema({"type": "string", "examples": ["2035-12-31"]})
]
Priority = Annotated[int, Field(ge=1, le=9)]
