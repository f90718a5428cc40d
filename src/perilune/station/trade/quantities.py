"""The quantities that may be goals: their units, and what they are quantities of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

Group = Literal["light", "link", "power", "orbit", "way", "mass"]


@dataclass(frozen=True, slots=True)
class Kind:
    """A quantity.

    Attributes:
        group: which computation gives it.
        unit: of its numbers, as results have them.
        limits: the units that a constraint may use, and how many of its own each is.
        short: for the heads of tables.
    """

    group: Group
    unit: str
    limits: Mapping[str, float]
    short: str


_SHARE: Final = {"%": 0.01}
_HOURS: Final = {"h": 1.0, "d": 24.0, "min": 1.0 / 60.0}
_POWER: Final = {"W": 1.0, "kW": 1e3, "MW": 1e6}
_KM: Final = {"km": 1.0, "m": 1e-3}
_DV: Final = {"km/s": 1.0, "m/s": 1e-3}
_DAYS: Final = {"d": 1.0, "h": 1.0 / 24.0}

KINDS: Final[Mapping[str, Kind]] = {
    "sun_fraction": Kind("light", "0 to 1", _SHARE, "Sun"),
    "longest_night_h": Kind("light", "h", _HOURS, "night h"),
    "earth_fraction": Kind("light", "0 to 1", _SHARE, "Earth"),
    "sky_fraction": Kind("light", "0 to 1", _SHARE, "sky"),
    "visible_fraction": Kind("link", "0 to 1", _SHARE, "in sight"),
    "longest_gap_h": Kind("link", "h", _HOURS, "gap h"),
    "data_rate_mbit_s": Kind("link", "Mbit/s", {"Mbit/s": 1.0, "kbit/s": 1e-3}, "Mbit/s"),
    "data_volume_gbit_day": Kind("link", "Gbit a day", {"Gbit": 1.0, "Mbit": 1e-3}, "Gbit/d"),
    "served_fraction": Kind("power", "0 to 1", _SHARE, "served"),
    "margin_w": Kind("power", "W", _POWER, "margin W"),
    "supply_w": Kind("power", "W", _POWER, "made W"),
    "storage_needed_wh": Kind("power", "Wh", {"Wh": 1.0, "kWh": 1e3, "MWh": 1e6}, "need Wh"),
    "period_d": Kind("orbit", "d", _DAYS, "period d"),
    "perilune_km": Kind("orbit", "km from the Moon's centre", _KM, "from km"),
    "apolune_km": Kind("orbit", "km from the Moon's centre", _KM, "to km"),
    "jacobi": Kind("orbit", "Jacobi's constant", {"": 1.0}, "Jacobi"),
    "stability": Kind("orbit", "index; 1 is stable", {"": 1.0}, "index"),
    "eclipse_max_h": Kind("orbit", "h", _HOURS, "dark h"),
    "station_keeping_m_s_year": Kind("orbit", "m/s a year", {"m/s": 1.0}, "m/s/y"),
    "lifetime_d": Kind("orbit", "d; the span where it outlives that", _DAYS, "life d"),
    "arrival_dv_km_s": Kind("way", "km/s from the way to the Moon", _DV, "there km/s"),
    "surface_dv_km_s": Kind("way", "km/s from the orbit to the surface", _DV, "down km/s"),
    "mass_kg": Kind("mass", "kg", {"kg": 1.0, "t": 1e3}, "kg"),
}
THREE_BODY_ONLY: Final = ("jacobi", "stability")
KEPT_ONLY: Final = ("station_keeping_m_s_year",)
