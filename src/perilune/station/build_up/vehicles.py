"""What a station file says of launchers, landers, ways, crews and what these use."""

from __future__ import annotations

from pydantic import Field, model_validator

from perilune.station.build_up.routes import NODES, Node
from perilune.station.parts import Id, Ids, Part
from perilune.station.quantities import (
    Cost,
    DurationD,
    FractionOfOne,
    IspS,
    MassFlowKgD,
    MassKg,
    Moment,
    RatePerYear,
    SpeedKmS,
    wrong,
)
from perilune.times import parse_epoch


class Reach(Part):
    """The masses that a launcher brings, to each place that it reaches."""

    leo: MassKg | None = Field(None, description="To low Earth orbit.")
    tli: MassKg | None = Field(None, description="To translunar injection.")
    nrho: MassKg | None = Field(None, description="To a near-rectilinear halo orbit.")
    llo: MassKg | None = Field(None, description="To low lunar orbit.")
    surface: MassKg | None = Field(None, description="To the Moon's surface.")

    @model_validator(mode="after")
    def _somewhere(self) -> Reach:
        if all(self.mass_kg(node) is None for node in NODES):
            raise wrong("a mass to one place or more", f"Places are {', '.join(NODES)}.")
        return self

    def mass_kg(self, node: Node) -> float | None:
        """The mass to a place; None where it does not go there."""
        mass: float | None = getattr(self, node)
        return mass


class _Vehicle(Part):
    id: Id
    name: str | None = Field(None, description="What people call it.")
    owner: Ids = Field(description="One partner or several.")
    carries: Ids = Field((), description="Partners whose parts it carries; all if not given.")
    cost: Cost | None = Field(None, description="Of each flight.")
    available: Moment | None = Field(None, description="The first day on which it can fly.")
    until: Moment | None = Field(None, description="The last.")
    seats: int = Field(
        0, ge=0, le=100, description="People that it brings each time, besides its masses."
    )

    @model_validator(mode="after")
    def _forward(self) -> _Vehicle:
        first, last = self.available, self.until
        if first is not None and last is not None and parse_epoch(last) < parse_epoch(first):
            raise wrong(f"until not before available, {first}", "Swap them.")
        return self


class Launcher(_Vehicle):
    """A rocket."""

    to: Reach = Field(description="The masses that it brings, by place.")
    rate: RatePerYear = Field(description="The most launches a year.")


class Lander(_Vehicle):
    """A lander or tug: what brings payload on from where a launcher leaves it.

    Its payload is either given, with its own mass, or follows from the Δv of its way by the rocket
    equation, from dry mass, propellant and specific impulse.
    """

    at: Node = Field(description="Where its launcher leaves it.")
    to: Node = Field(description="Where it brings its payload.")
    payload: MassKg | None = None
    mass: MassKg | None = Field(None, description="Fuelled, without payload; beside payload.")
    dry: MassKg | None = Field(None, description="Without propellant and payload.")
    propellant: MassKg | None = Field(None, description="That its tanks hold.")
    isp: IspS | None = Field(None, description="Specific impulse of its engine.")
    rate: RatePerYear | None = Field(None, description="The most flights a year, if limited.")

    @model_validator(mode="after")
    def _one_way_to_say(self) -> Lander:
        given, computed = (self.payload, self.mass), (self.dry, self.propellant, self.isp)
        whole = [all(each is not None for each in way) for way in (given, computed)]
        part = [any(each is not None for each in way) for way in (given, computed)]
        if sum(whole) != 1 or sum(part) != 1:
            raise wrong("payload and mass, or dry, propellant and isp")
        if NODES.index(self.to) <= NODES.index(self.at):
            raise wrong(f"a place after {self.at} in to", f"The order is {', '.join(NODES)}.")
        return self


class Route(Part):
    """A leg whose Δv is not the table's."""

    at: Node = Field(description="Where it begins.")
    to: Node = Field(description="Where it ends.")
    dv: SpeedKmS

    @model_validator(mode="after")
    def _onward(self) -> Route:
        if NODES.index(self.to) <= NODES.index(self.at):
            raise wrong(f"a place after {self.at} in to", f"The order is {', '.join(NODES)}.")
        return self


class Consumable(Part):
    """What each person uses, and how much of it comes back."""

    id: Id
    name: str | None = Field(None, description="What people call it.")
    rate: MassFlowKgD = Field(description="Used by one person.")
    recycled: FractionOfOne = Field(0.0, description="Of what is used, how much comes back.")
    packaging: FractionOfOne = Field(0.0, description="Containers, of the mass that they hold.")

    @property
    def resupply_kg_d(self) -> float:
        """What has to be brought for a person and day, containers included."""
        return self.rate * (1.0 - self.recycled) * (1.0 + self.packaging)


class Crew(Part):
    """People who come to a site or an orbiter, and come again."""

    id: Id
    name: str | None = Field(None, description="What people call it.")
    at: Id = Field(description="A site or an orbiter.")
    people: int = Field(ge=1, le=1000, description="In each crew.")
    start: Moment = Field(description="When the first comes.")
    stop: Moment | None = Field(None, description="After which no crew comes.")
    stay: DurationD = Field(description="Of each crew.")
    every: DurationD | None = Field(None, description="From one to the next; one only if absent.")
    needs: Ids = Field((), description="Facilities that have to be there before.")
    reserve: DurationD = Field(0.0, description="For which consumables are kept in store.")

    @model_validator(mode="after")
    def _one_after_the_other(self) -> Crew:
        if self.stay <= 0.0:
            raise wrong("a stay of some days")
        if self.every is not None and self.every < self.stay:
            raise wrong("every not shorter than stay", "Write one crew more instead.")
        if self.stop is not None and parse_epoch(self.stop) < parse_epoch(self.start):
            raise wrong(f"a stop not before the start, {self.start}", "Swap them.")
        return self
