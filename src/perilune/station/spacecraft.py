"""Orbiters of a station file: by their orbit's family, by a state, or by an OEM or SPK file."""

from __future__ import annotations

import math
import re
from typing import Annotated, Final, Literal

import numpy as np
from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from perilune.constants import EARTH_EQUATORIAL_RADIUS_KM, MOON_RADIUS_KM
from perilune.ephemeris import planets
from perilune.station.parts import Id, Part
from perilune.station.quantities import (
    AltitudeKm,
    AngleRad,
    DurationD,
    InclinationRad,
    Moment,
    PositionKm,
    VelocityKmS,
    wrong,
)

_RADIUS_KM: Final = {
    "moon": MOON_RADIUS_KM, "earth": EARTH_EQUATORIAL_RADIUS_KM, "sun": 695_700.0,
}  # fmt: skip
_RESONANCE: Final = r"^[1-9]\d?:[1-9]\d?$"


def _resonance(value: object) -> str:
    if not isinstance(value, str) or re.fullmatch(_RESONANCE, value) is None:
        raise wrong("revolutions to synodic months, like '9:2'")
    return value


Resonance = Annotated[
    str,
    BeforeValidator(_resonance),
    WithJsonSchema({"type": "string", "pattern": _RESONANCE, "examples": ["9:2"]}),
]
Plane = Literal["moon-equator", "earth-orbit"]


class LowOrbit(Part):
    """A circular orbit low over the Moon (LLO)."""

    altitude: AltitudeKm = Field(description="Over the sphere of 1737.4 km.")
    inclination: InclinationRad = Field(description="To the Moon's equator at the epoch.")
    node: AngleRad = Field(0.0, description="Ascending, from the prime meridian at the epoch.")
    anomaly: AngleRad = Field(0.0, description="At the epoch, from the node.")
    epoch: Moment


class FrozenOrbit(Part):
    """An elliptical orbit whose shape the Earth's tide leaves nearly alone."""

    perilune: AltitudeKm = Field(description="Altitude over the sphere of 1737.4 km.")
    apolune: AltitudeKm = Field(description="Altitude over the sphere of 1737.4 km.")
    inclination: InclinationRad
    argument: AngleRad = Field(description="Of perilune; 90 or 270 deg where it stays.")
    node: AngleRad = Field(
        0.0,
        description="Ascending: from the prime meridian at the epoch, or in the Earth's orbit "
        "from the Earth's direction at the epoch.",
    )
    anomaly: AngleRad = Field(0.0, description="Mean anomaly at the epoch.")
    plane: Plane = Field("moon-equator", description="What inclination and node refer to.")
    epoch: Moment

    @model_validator(mode="after")
    def _one_before_the_other(self) -> FrozenOrbit:
        if self.apolune < self.perilune:
            raise wrong("an apolune not below the perilune")
        return self


class _ThreeBody(Part):
    epoch: Moment = Field(description="Of a passage through the point farthest from the Moon.")
    resonance: Resonance | None = Field(
        None, description="Revolutions to synodic months (29.53 d), like 9:2."
    )
    period: DurationD | None = None
    perilune: AltitudeKm | None = Field(
        None, description="Its least altitude over the sphere of 1737.4 km."
    )

    @model_validator(mode="after")
    def _one_member(self) -> _ThreeBody:
        given = (self.resonance, self.period, self.perilune)
        if sum(each is not None for each in given) != 1:
            raise wrong(
                "exactly one of resonance, period and perilune: which member of the family it is"
            )
        return self


class Halo(_ThreeBody):
    """A halo orbit about L1 or L2 of the Earth and the Moon."""

    point: Literal["L1", "L2"]
    branch: Literal["north", "south"] = Field(
        description="The hemisphere over which its apolune lies."
    )


class Nrho(Halo):
    """A near-rectilinear halo orbit."""


class DistantRetrograde(_ThreeBody):
    """A distant retrograde orbit (DRO) in the Moon's orbit plane."""


class Lyapunov(_ThreeBody):
    """A Lyapunov orbit about L1 or L2, in the Moon's orbit plane."""

    point: Literal["L1", "L2"]


class Butterfly(_ThreeBody):
    """A butterfly orbit, which bifurcates from the L2 halos."""

    branch: Literal["north", "south"]


class SpkSource(Part):
    """An SPK file and the body's number in it."""

    file: str
    naif_id: int


class StateSource(Part):
    """A state that Perilune's own engine carries on."""

    epoch: Moment
    center: Literal["earth", "moon", "sun"]
    frame: Literal["icrf", "ecliptic"]
    position: PositionKm
    velocity: VelocityKmS

    @model_validator(mode="after")
    def _outside_the_body(self) -> StateSource:
        radius_km = _RADIUS_KM[self.center]
        name = {"moon": "Moon", "earth": "Earth", "sun": "Sun"}[self.center]
        r_km, v_km_s = np.array(self.position), np.array(self.velocity)
        distance_km = float(np.linalg.norm(r_km))
        if distance_km <= radius_km:
            raise wrong(f"a position outside the {name} ({radius_km:.1f} km)")
        constants = planets().constants
        gm = constants.gm_major_km3_s2[{"sun": 0, "earth": 3, "moon": 4}[self.center]]
        energy = 0.5 * float(v_km_s @ v_km_s) - gm / distance_km
        momentum2 = float(np.sum(np.cross(r_km, v_km_s) ** 2))
        eccentricity = math.sqrt(max(0.0, 1.0 + 2.0 * energy * momentum2 / gm**2))
        lowest_km = momentum2 / gm / (1.0 + eccentricity)
        if energy < 0.0 and lowest_km <= radius_km:
            raise wrong(
                f"an orbit outside the {name}: this one comes within {lowest_km:.0f} km of its "
                f"centre, inside its radius of {radius_km:.1f} km"
            )
        return self


THREE_BODY: Final = ("nrho", "halo", "dro", "lyapunov", "butterfly")
_SOURCES: Final = ("llo", "frozen", *THREE_BODY, "state", "oem", "spk")


class Orbiter(Part):
    """A spacecraft: by its orbit's family, by a state, by a CCSDS OEM file or by an SPK file."""

    id: Id
    name: str | None = Field(None, description="What people call it.")
    llo: LowOrbit | None = None
    frozen: FrozenOrbit | None = None
    nrho: Nrho | None = None
    halo: Halo | None = None
    dro: DistantRetrograde | None = None
    lyapunov: Lyapunov | None = None
    butterfly: Butterfly | None = None
    state: StateSource | None = None
    oem: str | None = Field(None, description="A CCSDS OEM file.")
    spk: SpkSource | None = None

    @model_validator(mode="after")
    def _one_source(self) -> Orbiter:
        if sum(getattr(self, source) is not None for source in _SOURCES) != 1:
            raise wrong(f"exactly one of {', '.join(_SOURCES[:-1])} and {_SOURCES[-1]}")
        return self

    @property
    def three_body(self) -> Nrho | Halo | DistantRetrograde | Lyapunov | Butterfly | None:
        """Its orbit of the three-body problem, if it is on one."""
        return self.nrho or self.halo or self.dro or self.lyapunov or self.butterfly

    @property
    def family(self) -> str:
        """Which of the sources it has."""
        return next(source for source in _SOURCES if getattr(self, source) is not None)
