"""The `trade` section of a station file: what may vary, what counts, and what must hold."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from perilune.station.parts import Id, Ids, Part
from perilune.station.quantities import DurationD, Moment, wrong

Quantity = Literal[
    "sun_fraction", "longest_night_h", "earth_fraction", "sky_fraction",
    "visible_fraction", "longest_gap_h", "data_rate_mbit_s", "data_volume_gbit_day",
    "served_fraction", "margin_w", "supply_w", "storage_needed_wh",
    "period_d", "perilune_km", "apolune_km", "jacobi", "stability", "eclipse_max_h",
    "station_keeping_m_s_year", "lifetime_d",
    "arrival_dv_km_s", "surface_dv_km_s",
    "mass_kg",
]  # fmt: skip


def _pair(value: object) -> Any:
    if not isinstance(value, list) or len(value) != 2:
        raise wrong("two ends, like [base, earth]")
    return value


def _bounds(value: object) -> Any:
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise wrong("two quantities, like [10 kW, 80 kW]")
    if len(value) != 2:
        raise wrong("two quantities, like [10 kW, 80 kW]", "Give the least and the largest.")
    return value


def _choice(value: object) -> Any:
    if not isinstance(value, str | dict | list):
        raise wrong("a value as the field takes it, or fields with their values")
    return value


Pair: TypeAlias = Annotated[tuple[Id, Id], BeforeValidator(_pair)]
Bounds: TypeAlias = Annotated[tuple[str, str], BeforeValidator(_bounds)]
Choice: TypeAlias = Annotated[Any, BeforeValidator(_choice)]
Text: TypeAlias = Annotated[str, WithJsonSchema({"type": ["string", "number"]})]


class Variable(Part):
    """What the search may change: a field, or how many of some elements or facilities there are."""

    path: str | None = Field(
        None, description="Of a field, like sites.base.mast, or of a part, like sites.base."
    )
    count: Ids = Field(
        (), description="In place of a path: ids of which the first so many are kept."
    )
    name: str | None = Field(None, description="What results call it; the path if not given.")
    range: Bounds | None = Field(None, description="From the least to the largest: [2 m, 50 m].")
    step: Text | None = Field(None, description="Only values so far apart from the least on.")
    choices: tuple[Choice, ...] = Field(
        (), description="Values; or, for a part, some of its fields each time."
    )
    mass: Text | None = Field(
        None, description="What its facility weighs besides its `mass`: 12 kg/kW of this."
    )
    mass_of: Id | None = Field(
        None, description="The facility that so grows; that of the path where not given."
    )

    @model_validator(mode="after")
    def _one_kind(self) -> Variable:
        if (self.path is None) == (not self.count):
            raise wrong("exactly one of path and count")
        if self.count:
            if self.choices or self.mass is not None or self.step is not None:
                raise wrong("range, if anything, beside count")
        elif (self.range is None) == (not self.choices):
            raise wrong("exactly one of range and choices")
        if self.step is not None and self.range is None:
            raise wrong("range beside step")
        if self.mass_of is not None and self.mass is None:
            raise wrong("mass beside mass_of")
        return self

    @property
    def label(self) -> str:
        """What results call it."""
        return self.name or self.path or f"number of {', '.join(self.count)}"


class Measure(Part):
    """A quantity that the other commands give, and of what."""

    at: Id | None = Field(None, description="The site or the orbiter; for mass_kg it may lack.")
    between: Pair | None = Field(
        None, description="The ends of a link; earth is any station on the Earth."
    )
    direct: bool = Field(False, description="Without relays.")


class Goal(Measure):
    """What is to be large or small."""

    minimize: Quantity | None = None
    maximize: Quantity | None = None
    name: str | None = Field(None, description="What results call it.")

    @model_validator(mode="after")
    def _one_sense(self) -> Goal:
        if (self.minimize is None) == (self.maximize is None):
            raise wrong("exactly one of minimize and maximize")
        return self

    @property
    def quantity(self) -> Quantity:
        """Which."""
        found = self.minimize or self.maximize
        assert found is not None
        return found


class Constraint(Measure):
    """What must hold."""

    quantity: Quantity
    at_least: Text | None = Field(None, description="With its unit: 99 %, 4 t, 20 h.")
    at_most: Text | None = None

    @model_validator(mode="after")
    def _one_limit(self) -> Constraint:
        if (self.at_least is None) == (self.at_most is None):
            raise wrong("exactly one of at_least and at_most")
        return self


class Trade(Part):
    """What `perilune station trade` searches through."""

    start: Moment | None = Field(
        None, description="Of the span for light, links and power; the phase's, or today."
    )
    stop: Moment | None = Field(None, description="Its end; a year later if not given.")
    step: DurationD | None = Field(None, description="Between times; 10 min if not given.")
    phase: Id | None = Field(None, description="Whose facilities count; all if not given.")
    variables: tuple[Variable, ...] = Field(min_length=1)
    goals: tuple[Goal, ...] = Field(min_length=1, max_length=8)
    constraints: tuple[Constraint, ...] = ()
