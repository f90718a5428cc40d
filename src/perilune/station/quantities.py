"""Quantities as a station file writes them: numbers with their unit, "-89.45 deg", "10 m"."""

from __future__ import annotations

import math
import re
from typing import Annotated, Final

from pydantic import BeforeValidator

_ANGLE: Final = {"deg": math.pi / 180.0, "rad": 1.0}
_LENGTH: Final = {"km": 1.0, "m": 1e-3}
_SPEED: Final = {"km/s": 1.0, "m/s": 1e-3}
_NUMBER: Final = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?"


def _numbers(value: object, count: int, units: dict[str, float], example: str) -> list[float]:
    """The numbers of a text in the domain's unit.

    Raises:
        ValueError: it is no such text; pydantic reports it.
    """
    pattern = r"\s+".join([f"({_NUMBER})"] * count) + r"\s*(\S+)"
    match = re.fullmatch(pattern, value.strip()) if isinstance(value, str) else None
    if match is None or match[count + 1] not in units:
        raise ValueError(
            f"{'a number' if count == 1 else f'{count} numbers'} with a unit "
            f"({' or '.join(units)}), like {example!r}"
        )
    return [float(match[k + 1]) * units[match[count + 1]] for k in range(count)]


def _angle(value: object) -> float:
    return _numbers(value, 1, _ANGLE, "-89.45 deg")[0]


def _length(value: object) -> float:
    return _numbers(value, 1, _LENGTH, "10 m")[0]


def _position(value: object) -> tuple[float, ...]:
    return tuple(_numbers(value, 3, _LENGTH, "1838.4 0 0 km"))


def _velocity(value: object) -> tuple[float, ...]:
    return tuple(_numbers(value, 3, _SPEED, "0 1.63 0 km/s"))


AngleRad = Annotated[float, BeforeValidator(_angle)]
LengthKm = Annotated[float, BeforeValidator(_length)]
PositionKm = Annotated[tuple[float, float, float], BeforeValidator(_position)]
VelocityKmS = Annotated[tuple[float, float, float], BeforeValidator(_velocity)]
