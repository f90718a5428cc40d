"""Power of a station's elements: sources against light and eclipse, stores, loads by priority.

Nights are known beforehand, so that loads are shed with foresight: one may draw only what leaves
enough in the store for all that are more important, to the next time that the store fills.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from perilune.constants import AU_KM, JULIAN_YEAR_D
from perilune.errors import InputError, UnknownNameError
from perilune.station.facilities import Facility
from perilune.station.horizon import Horizon
from perilune.station.light import longest_run, site_sky
from perilune.station.link_ends import orbiter_end
from perilune.station.orbits.eclipses import sun_fraction
from perilune.station.places import Site
from perilune.station.power_kernels import balance, reserves, storage_needed
from perilune.station.sky_track import NODE_STEP_D, SkyTrack, sky_track
from perilune.station.spacecraft import Orbiter
from perilune.station.station import Station
from perilune.station.surroundings import Surroundings
from perilune.times import FloatArray, parse_epoch

STEP_D: Final = 5.0 / 1440.0
_MOST_STEPS: Final = 4_000_000


@dataclass(frozen=True, slots=True)
class Shed:
    """A load that was off for some time.

    Attributes:
        facility: its id.
        priority: as the file says; 9 goes first.
        off_fraction: of the span.
    """

    facility: str
    priority: int
    off_fraction: float


@dataclass(frozen=True, slots=True, eq=False)
class ElementLight:
    """The sunlight of an element at evenly spaced times.

    Attributes:
        source: what it rests on, for people.
        epoch_mjd_tdb: (T,).
        step_d: between them.
        share: (T,) of the Sun's disc that is seen.
        strength: (T,) of full light against that at 1 au.
    """

    source: str
    epoch_mjd_tdb: FloatArray
    step_d: float
    share: FloatArray
    strength: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class PowerHistory:
    """How a balance went, at evenly spaced times (T,).

    Attributes:
        first_mjd_tdb, step_d: the times.
        supply_w: of all sources.
        used_w: what the loads drew.
        held_wh: what the stores held after each step, of what may be taken.
    """

    first_mjd_tdb: float
    step_d: float
    supply_w: FloatArray
    used_w: FloatArray
    held_wh: FloatArray


@dataclass(frozen=True, slots=True)
class PowerBalance:
    """An element's energy over a span.

    Attributes:
        element: a site or an orbiter.
        terrain: what its light rests on.
        sun_fraction: mean share of the Sun's disc.
        worst_night_d: the longest time without any part of it.
        supply_w: mean power of all sources.
        load_w: what all its facilities draw.
        storage_wh: what may be taken from its stores.
        storage_needed_wh: what would serve the load at all times, starting full.
        storage_least_wh: the least that the stores held.
        margin_w: how much more (or less, if negative) the loads may draw, all in proportion, so
            that none is ever shed; None without load.
        served_fraction: of the energy that the loads want.
        shed: the loads that were off at times, the least important first.
        history: how it went.
    """

    element: str
    terrain: str
    sun_fraction: float
    worst_night_d: float
    supply_w: float
    load_w: float
    storage_wh: float
    storage_needed_wh: float
    storage_least_wh: float
    margin_w: float | None
    served_fraction: float
    shed: tuple[Shed, ...]
    history: PowerHistory


def station_power(
    station: Station,
    start_mjd_tdb: float,
    stop_mjd_tdb: float,
    *,
    phase: str | None = None,
    step_d: float = STEP_D,
) -> list[PowerBalance]:
    """The balance of each element that has sources or loads; the Earth's sites are left out.

    Args:
        phase: the phase whose facilities are there, with those of earlier ones; all by default.
        step_d: between times.

    Raises:
        InputError: the span is empty or too long, or a file cannot be used.
        UnknownNameError: there is no such phase.
        OutOfRangeError: an orbiter's path does not cover the span.
    """
    count = math.floor((stop_mjd_tdb - start_mjd_tdb) / step_d) + 1
    if stop_mjd_tdb <= start_mjd_tdb or count > _MOST_STEPS:
        raise InputError(
            "the span is empty or has too many steps",
            field="--stop",
            found=f"{stop_mjd_tdb - start_mjd_tdb:.6g} days",
            expected=f"after the start, and at most {_MOST_STEPS} steps",
        )
    there = present(station, phase)
    epoch = start_mjd_tdb + step_d * np.arange(float(count))
    track = sky_track(start_mjd_tdb, float(epoch[-1]) + step_d)
    found = []
    around = Surroundings(station.folder)
    elements: list[Site | Orbiter] = [*station.sites, *station.orbiters]
    for element in elements:
        if isinstance(element, Site) and element.body == "earth":
            continue
        own = [each for each in there if each.at == element.id]
        if not any(has_power(each) for each in own):
            continue
        if isinstance(element, Site):
            light = site_light(element, around.horizon(element), epoch, step_d, track)
        else:
            light = orbiter_light(station, element, epoch, step_d, track)
        found.append(power_balance(station, element.id, own, light))
    return found


def site_light(
    site: Site, horizon: Horizon, epoch: FloatArray, step_d: float, track: SkyTrack
) -> ElementLight:
    """The sunlight of a site on the Moon, over its horizon; the track covers the times."""
    sky = site_sky(
        site.ground(),
        site.mast,
        horizon,
        float(epoch[0]),
        float(epoch[-1]) + step_d,
        step_d=step_d,
        track=track,
    )
    share = sky.sun[: epoch.size, 0]
    return ElementLight(horizon.source, epoch, step_d, share, _strength(epoch, track))


def orbiter_light(
    station: Station, orbiter: Orbiter, epoch: FloatArray, step_d: float, track: SkyTrack
) -> ElementLight:
    """The sunlight of an orbiter, past the Moon and the Earth.

    Raises:
        OutOfRangeError: its path does not cover the times.
    """
    span = (float(epoch[0]), float(epoch[-1]) + step_d)
    end = orbiter_end(station, orbiter, span)
    places = end.places_km(span[0], step_d, epoch.size)
    share = sun_fraction(epoch, places)
    return ElementLight("its orbit", epoch, step_d, share, _strength(epoch, track))


def _strength(epoch: FloatArray, track: SkyTrack) -> FloatArray:
    node = track.first_mjd_tdb + NODE_STEP_D * np.arange(len(track.places_km))
    distance = np.linalg.norm(track.places_km[:, 0], axis=1) / AU_KM
    return np.asarray(1.0 / np.interp(epoch, node, distance) ** 2)


def present(station: Station, phase: str | None) -> list[Facility]:
    """The facilities of a phase and of those that start no later; all without a phase.

    Raises:
        UnknownNameError: there is no such phase.
    """
    starts = {each.id: parse_epoch(each.start) for each in station.phases}
    if phase is None:
        return list(station.facilities)
    if phase not in starts:
        raise UnknownNameError("phase", phase, remedy=f"There are: {', '.join(starts)}.")
    return [
        each
        for each in station.facilities
        if each.phase is None or starts[each.phase] <= starts[phase]
    ]


def has_power(facility: Facility) -> bool:
    """Whether it makes, keeps or draws power."""
    parts = (facility.power, facility.solar, facility.battery, facility.radioisotope)
    return any(part is not None for part in parts) or facility.fission is not None


def _supply_w(station: Station, facilities: Sequence[Facility], light: ElementLight) -> FloatArray:
    """The power of all sources: panels by light, distance from the Sun and age; decay."""
    starts = {each.id: parse_epoch(each.start) for each in station.phases}
    epoch = light.epoch_mjd_tdb
    sunlight = light.share * light.strength
    supply = np.zeros(epoch.size)
    for each in facilities:
        since = starts[each.phase] if each.phase is not None else float(epoch[0])
        age_d = np.maximum(epoch - since, 0.0)
        if each.solar is not None:
            kept = (1.0 - each.solar.loss_per_year) ** (age_d / JULIAN_YEAR_D)
            supply += each.solar.power * sunlight * kept
        if each.radioisotope is not None:
            life_d = each.radioisotope.half_life
            supply += each.radioisotope.power * (0.5 ** (age_d / life_d) if life_d else 1.0)
        if each.fission is not None:
            supply += each.fission.power
    return supply


def power_balance(
    station: Station, element: str, facilities: Sequence[Facility], light: ElementLight
) -> PowerBalance:
    """The balance of facilities in the light of their element; phases tell their age."""
    epoch, step_d = light.epoch_mjd_tdb, light.step_d
    supply = _supply_w(station, facilities, light)
    users = sorted((each for each in facilities if each.power), key=lambda each: each.priority)
    loads = np.array([each.power for each in users], dtype=np.float64)
    stores = [each.battery for each in facilities if each.battery is not None]
    storage = sum(store.energy * store.depth for store in stores)
    useful = sum(store.energy * store.depth * store.efficiency for store in stores)
    efficiency = useful / storage if storage else 1.0
    step_h, load = 24.0 * step_d, float(loads.sum())
    served, reserve = np.zeros(loads.size), np.zeros((loads.size, epoch.size))
    for k in range(1, loads.size):
        reserves(supply, float(loads[:k].sum()), step_h, storage, efficiency, reserve[k])
    used, held = np.empty(epoch.size), np.empty(epoch.size)
    balance(supply, loads, reserve, step_h, storage, efficiency, served, used, held)
    whole_h = step_h * epoch.size
    denied = float(np.sum(load - used)) * step_h
    return PowerBalance(
        element=element,
        terrain=light.source,
        sun_fraction=float(light.share.mean()),
        worst_night_d=longest_run(light.share <= 0.0) * step_d,
        supply_w=float(supply.mean()),
        load_w=load,
        storage_wh=storage,
        storage_needed_wh=storage_needed(supply, load, step_h, efficiency),
        storage_least_wh=min(storage, float(held.min())),
        margin_w=_margin_w(supply, load, step_h, storage, efficiency) if load else None,
        served_fraction=1.0 - denied / (load * whole_h) if load else 1.0,
        shed=tuple(
            Shed(each.id, each.priority, 1.0 - hours / whole_h)
            for each, hours in reversed(list(zip(users, served.tolist(), strict=True)))
            if hours < whole_h * (1.0 - 1e-9)
        ),
        history=PowerHistory(float(epoch[0]), step_d, supply, used, held),
    )


def _margin_w(
    supply: FloatArray, load: float, step_h: float, storage: float, efficiency: float
) -> float:
    """How far the load is from the largest one that the store carries, by bisection to 0.1 W."""
    low, high = 0.0, float(supply.max()) + storage / step_h
    while high - low > 0.1:
        middle = 0.5 * (low + high)
        if storage_needed(supply, middle, step_h, efficiency) <= storage:
            low = middle
        else:
            high = middle
    return low - load
