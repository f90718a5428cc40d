"""The one envelope of `--json` and the API: signature, units, data; never NaN."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from enum import Enum
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, cast

from perilune import __version__

if TYPE_CHECKING:
    from perilune.orbits.orbit import Orbit


def envelope(data: object, *, units: Mapping[str, str], inputs: object) -> dict[str, Any]:
    """The envelope in JSON's own types.

    Args:
        data: what was found.
        units: the unit of each field of `data` that has one.
        inputs: everything that the result depends on: the question, its options and the orbits.
    """
    return {
        "signature": {
            "software": "perilune",
            "version": __version__,
            "ephemeris": "DE440",
            "created_utc": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "inputs_sha256": inputs_sha256(inputs),
        },
        "units": dict(units),
        "data": plain(data),
    }


def inputs_sha256(inputs: object) -> str:
    """SHA-256 of the inputs as JSON with sorted keys: the same question has the same digest.

    Floats enter with all their digits, so that any change of an orbit changes the digest. How many
    threads worked, or whether JSON was asked for, is no input.
    """
    text = json.dumps(plain(inputs), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


_AS_THEY_ARE: Final = frozenset((str, int, bool, type(None)))


@lru_cache(maxsize=256)
def _field_names(kind: type[Any]) -> tuple[str, ...]:
    return tuple(each.name for each in dataclasses.fields(kind))


def plain(value: object) -> Any:
    """The value in JSON's own types: dataclasses and arrays opened, NaN and infinity as null."""
    kind = type(value)  # the usual ones first: a risk list has tens of thousands of values
    if kind is float:
        return value if math.isfinite(cast(float, value)) else None
    if kind in _AS_THEY_ARE:
        return value
    if isinstance(value, Enum):
        return plain(value.value)
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {name: plain(getattr(value, name)) for name in _field_names(type(value))}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if hasattr(value, "tolist"):  # numpy's arrays and numbers, without importing numpy here
        return plain(value.tolist())
    return str(value)


def without_place(orbits: Sequence[Orbit]) -> list[dict[str, Any]]:
    """The orbits as inputs for the envelope's digest: all but where they were read from."""
    return [{k: v for k, v in plain(orbit).items() if k != "source"} for orbit in orbits]
