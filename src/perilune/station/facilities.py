"""Facilities of a station file: what stands at a site or flies on an orbiter."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from perilune.station.build_up.routes import Node
from perilune.station.parts import Id, Ids, Part
from perilune.station.quantities import (
    DurationD,
    ElongationRad,
    EnergyWh,
    FractionOfOne,
    FrequencyHz,
    GainOverNoiseDbK,
    LatitudeRad,
    LossDb,
    MagnitudeV,
    MassKg,
    Moment,
    PowerDbw,
    PowerW,
    Priority,
    RateBitS,
    wrong,
)

Kind = Literal[
    "command", "power", "telescope", "dish", "relay", "laboratory", "habitat", "rover-base",
    "airlock", "arm", "propulsion", "logistics",
]  # fmt: skip


class Terminal(Part):
    """One end of radio or laser links: it sends (eirp), receives (g_over_t), or both.

    Ends of one band talk to each other. What the code and the modulation need stands with the
    sender, what the place costs (rain, pointing) with either.
    """

    band: str = Field(description="Only ends of the same band talk, like X or Ka.")
    frequency: FrequencyHz | None = Field(None, description="At which it sends.")
    eirp: PowerDbw | None = None
    eb_n0: LossDb | None = Field(None, description="Required of each bit at the receiver.")
    bandwidth: FrequencyHz | None = Field(None, description="Shannon's limit of the rate.")
    data_rate: RateBitS | None = Field(None, description="The most that it sends.")
    g_over_t: GainOverNoiseDbK | None = None
    losses: LossDb = Field(0.0, description="Rain margin, pointing and the like at this end.")

    @model_validator(mode="after")
    def _sends_or_receives(self) -> Terminal:
        if self.eirp is None and self.g_over_t is None:
            raise wrong("eirp (it sends), g_over_t (it receives) or both")
        sending = (self.frequency, self.eb_n0)
        if self.eirp is not None and any(each is None for each in sending):
            raise wrong("frequency and eb_n0 beside eirp")
        return self


class Solar(Part):
    """Solar panels that face the Sun."""

    power: PowerW = Field(description="In full sunlight at 1 au, when new.")
    loss_per_year: FractionOfOne = Field(0.0, description="Of its power, by age.")


class Battery(Part):
    """Storage: a battery or a regenerative fuel cell."""

    energy: EnergyWh = Field(description="When full.")
    depth: FractionOfOne = Field(description="Of the energy, how much may be taken.")
    efficiency: FractionOfOne = Field(description="Of the energy stored, how much comes back.")


class Radioisotope(Part):
    """A radioisotope generator."""

    power: PowerW = Field(description="Electric, when new.")
    half_life: DurationD | None = Field(None, description="Of its power; 87.7 years for Pu-238.")


class Fission(Part):
    """A fission reactor."""

    power: PowerW = Field(description="Electric.")


class Telescope(Part):
    """What a telescope can point at."""

    limit: MagnitudeV | None = Field(None, description="The faintest V that it detects.")
    sun_elongation: ElongationRad | None = Field(
        None, description="Off the Earth: how near the Sun it may point; 45 deg if not given."
    )
    sun_altitude: LatitudeRad | None = Field(
        None, description="On the Earth: how high the Sun may stand; -12 deg if not given."
    )
    elevation: LatitudeRad | None = Field(
        None, description="Its lowest; the horizon if not given, on the Earth 20 deg."
    )


class Facility(Part):
    """Something that somebody owns and operates, at a site or on an orbiter."""

    id: Id
    name: str | None = Field(None, description="What people call it.")
    kind: Kind
    at: Id = Field(description="A site or an orbiter.")
    owner: Ids = Field((), description="One partner or several.")
    operator: Ids = Field((), description="The owner, where not given.")
    phase: Id | None = Field(None, description="The phase from which it is there.")
    needs: Ids = Field((), description="Facilities without which it does not work.")
    mass: MassKg | None = None
    launched: Moment | None = Field(None, description="Where it has been: it needs no launch.")
    together: Ids = Field((), description="Facilities that are launched with it, as one.")
    left_at: Node | None = Field(
        None, description="Where its launch leaves it: from there it goes on by itself."
    )
    power: PowerW | None = Field(None, description="What it draws.")
    priority: Priority = Field(5, description="Loads of 9 are shed first, of 1 last.")
    data: RateBitS | None = Field(None, description="What it has to send, on average.")
    crew: int = Field(0, ge=0, le=1000, description="How many people it carries.")
    terminals: tuple[Terminal, ...] = ()
    solar: Solar | None = None
    battery: Battery | None = None
    radioisotope: Radioisotope | None = None
    fission: Fission | None = None
    telescope: Telescope | None = None

    @property
    def operators(self) -> tuple[str, ...]:
        """Who operates it."""
        return self.operator or self.owner
