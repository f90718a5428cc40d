"""The launch manifest of a station: cheapest first, then soonest."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from perilune.errors import InputError, NotConvergedError
from perilune.station.build_up.conflicts import InfeasiblePlanError, conflicts, item_conflicts
from perilune.station.build_up.dates import soonest
from perilune.station.build_up.demands import Demands, make_demands
from perilune.station.build_up.manifest import Manifest, build, flying
from perilune.station.build_up.options import Option, make_options
from perilune.station.build_up.program import Told, solve
from perilune.station.station import Station
from perilune.times import FloatArray

TIME_LIMIT_S: Final = 120.0
_FIRST_SHARE: Final = 0.6  # of the time, for the cost; what is left is for the dates
Progress = Callable[[float, str], None]


@dataclass(frozen=True, slots=True)
class PlannedLaunch:
    """One launch of the manifest.

    Attributes:
        day_mjd_tdb: on which it is launched, 0 h UTC.
        option: launcher, lander and place.
        element: the site or orbiter to which it goes; empty where it leaves its payload on the way.
        items: places of the demands' items that it carries.
        supplies_kg: by element, consumables with their containers.
        crews: ids of the crews that come with it.
        people: how many of them.
        mass_kg: of all that it carries.
    """

    day_mjd_tdb: float
    option: Option
    element: str
    items: tuple[int, ...]
    supplies_kg: tuple[tuple[str, float], ...]
    crews: tuple[str, ...]
    people: int
    mass_kg: float


@dataclass(frozen=True, slots=True)
class Plan:
    """A station's launch manifest.

    Attributes:
        station: the station.
        demands: what is brought, and when launches are.
        launches: in the order of their days.
        objective: what was minimised first: cost, or launches where a cost is not known.
        currency: of the costs, or None.
        cost_million: of all launches; None where a cost is not known.
        is_optimal: whether both cost and dates are proven best.
        gap: of the cost (or number of launches): how far the best possible may lie below.
        dates_gap: the same of the dates, at this cost.
        crews_carried: whether launches bring the crews; no vehicle of the file has seats if not.
        unpriced: launchers and landers whose cost is not known.
    """

    station: Station
    demands: Demands
    launches: tuple[PlannedLaunch, ...]
    objective: str
    currency: str | None
    cost_million: float | None
    is_optimal: bool
    gap: float
    dates_gap: float
    crews_carried: bool
    unpriced: tuple[str, ...]

    def launch_of(self, facility: str) -> PlannedLaunch | None:
        """The launch that carries a facility."""
        for launch in self.launches:
            for item in launch.items:
                if facility in self.demands.items[item].facilities:
                    return launch
        return None


def plan_build_up(
    station: Station,
    *,
    until: str | None = None,
    months: int = 3,
    time_limit_s: float = TIME_LIMIT_S,
    progress: Progress | None = None,
) -> Plan:
    """Pack a station's facilities, and what its crews use, into launches.

    The least cost (the fewest launches, where a cost is not known); with it the earliest end; with
    this the earliest days of all facilities. Launches are on the first day of every `months`.

    Args:
        station: the station.
        until: the last day of launch, by default as the phases end.
        months: between days of launch.
        time_limit_s: after which the best plan so far is given, with its gap.
        progress: called as `(done_fraction, label)`.

    Raises:
        InputError: there is nothing to launch, nothing to launch it with, or a mass is missing.
        InfeasiblePlanError: no manifest holds all constraints; it says which are in the way.
        NotConvergedError: the time was up before any plan was found.
        DataMissingError: highspy is not installed.
    """
    if not station.launchers:
        raise InputError(
            "the station has no launchers",
            file=station.file,
            field="launchers",
            expected="one or more, with the masses that they bring",
        )
    began_s = time.monotonic()
    demands = make_demands(station, until=until, months=months)
    options = make_options(station.launchers, station.landers, station.routes)
    alone = item_conflicts(demands, options)
    if alone:
        raise InfeasiblePlanError(station.file, alone, alternatives=False)

    def told(what: str, ends: float) -> Told:
        def tell(_: float, best: float, bound: float) -> None:
            spent = (time.monotonic() - began_s) / time_limit_s
            if progress is not None:
                found = f"{best:.6g}, at least {bound:.6g}" if np.isfinite(best) else "none yet"
                progress(min(spent, ends), f"{what}: {found}")

        return tell

    manifest = build(demands, options)
    is_priced = all(option.cost_million is not None for option in options)  # as `build` sees it
    objective = "cost" if is_priced else "launches"
    first = solve(
        manifest.program, time_limit_s=_FIRST_SHARE * time_limit_s, told=told(objective, 0.6)
    )
    if first.status == "infeasible":
        left_s = max(time_limit_s - (time.monotonic() - began_s), 0.2 * time_limit_s)
        found, are_alternatives = conflicts(station, demands, options, left_s, progress)
        raise InfeasiblePlanError(station.file, found, alternatives=are_alternatives)
    if first.status == "unknown":
        raise NotConvergedError(
            f"No launch manifest was found within {_FIRST_SHARE * time_limit_s:.0f} s. "
            "Give more time (--time-limit), or fewer days of launch (--slot)."
        )
    left_s = time_limit_s - (time.monotonic() - began_s)
    second = soonest(manifest, demands, options, first, left_s, told("dates", 0.99))
    launches = _launches(manifest, demands, options, second.values)
    currency = next((e.cost[1] for e in station.launchers if e.cost is not None), None)
    return Plan(
        station=station,
        demands=demands,
        launches=launches,
        objective=objective,
        currency=currency if is_priced else None,
        cost_million=sum(launch.option.cost_million or 0.0 for launch in launches)
        if is_priced
        else None,
        is_optimal=first.status == second.status == "optimal",
        gap=first.gap,
        dates_gap=second.gap,
        crews_carried=any(option.seats for option in options),
        unpriced=tuple(e.id for e in (*station.launchers, *station.landers) if e.cost is None),
    )


def _launches(
    manifest: Manifest, demands: Demands, options: Sequence[Option], values: FloatArray
) -> tuple[PlannedLaunch, ...]:
    """The flights that a solution takes; crews take the seats of their slot's flights in order."""
    waiting = {
        slot: [visit for visit in demands.visits if visit.slot == slot]
        for slot in {visit.slot for visit in demands.visits}
    }
    left = {id(visit): visit.people for visits in waiting.values() for visit in visits}
    order = sorted(
        flying(manifest, values),
        key=lambda k: (manifest.launches[k].slot, manifest.launches[k].option, k),
    )
    found = []
    for place in order:
        launch = manifest.launches[place]
        option = options[launch.option]
        element = next(
            (e for (p, e), c in manifest.goes.items() if p == place and values[c] > 0.5), ""
        )
        items = tuple(k for (k, p), c in manifest.placed.items() if p == place and values[c] > 0.5)
        supplies = tuple(
            (demands.stores[e].element, float(values[c]))
            for (e, p), c in manifest.brought.items()
            if p == place and values[c] > 0.5
        )
        seats, crews = option.seats, []
        people = 0
        for visit in waiting.get(launch.slot, ()):
            taken = min(seats, left[id(visit)])
            if visit.element == element and taken > 0:
                left[id(visit)] -= taken
                seats -= taken
                people += taken
                crews.append(visit.crew)
        mass_kg = sum(demands.items[k].mass_kg for k in items) + sum(kg for _, kg in supplies)
        day = demands.slots.start_mjd_tdb[launch.slot]
        found.append(
            PlannedLaunch(day, option, element, items, supplies, tuple(crews), people, mass_kg)
        )
    return tuple(found)
