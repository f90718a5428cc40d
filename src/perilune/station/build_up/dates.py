"""The second aim of a launch manifest: at the cost that was found, the earliest dates."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Final

import numpy as np

from perilune.station.build_up.demands import Demands
from perilune.station.build_up.manifest import Manifest, flying
from perilune.station.build_up.options import Option
from perilune.station.build_up.program import Solution, Told, solve

_KEPT: Final = 1e-7  # relative: the cost may not grow again while dates are improved


def soonest(
    manifest: Manifest,
    demands: Demands,
    options: Sequence[Option],
    first: Solution,
    left_s: float,
    told: Told,
) -> Solution:
    """The earliest days at the cost that was found; that solution itself if the time is up.

    Args:
        manifest: the program, with the cost that was minimised; it is changed.
        demands: what is brought.
        options: the ways to bring it.
        first: the solution of least cost.
        left_s: the time left.
        told: called from time to time.
    """
    program = manifest.program
    known = {k: cost for k, cost in enumerate(program.cost) if cost}
    program.row(known, upper=first.objective * (1.0 + _KEPT) + 1e-6)
    count = len(flying(manifest, first.values))
    cost = _cost(manifest, demands, options, count)
    program.cost = cost
    start = np.concatenate([first.values, np.zeros(len(cost) - first.values.size)])
    start[first.values.size :] = len(demands.slots)  # the last slot, as late as may be
    found = solve(program, time_limit_s=max(left_s, 1.0), start=start, gap_absolute=1e-3, told=told)
    if found.values.size:
        return found
    return Solution("feasible", start, float("nan"), float("inf"))


def _cost(
    manifest: Manifest, demands: Demands, options: Sequence[Option], count: int
) -> list[float]:
    """The cost of dates: the last facility's, then all facilities'; small flights, late supplies.

    It adds columns and rows to the program, and is to replace its cost. What is small or late never
    outweighs a slot: `count` flights of it come to less.
    """
    program, slots = manifest.program, demands.slots
    by_item: defaultdict[int, dict[int, float]] = defaultdict(dict)
    for (item, launch), column in manifest.placed.items():
        by_item[item][column] = float(manifest.launches[launch].slot)
    finish = program.column(float(len(slots)))
    for terms in by_item.values():
        # The last slot is none earlier than any item's.
        program.row({finish: 1.0, **{c: -slot for c, slot in terms.items()}}, lower=0.0)
    cost = [0.0] * len(program.upper)
    cost[finish] = float(len(demands.items) * len(slots) + 1)
    for terms in by_item.values():
        for column, slot in terms.items():
            cost[column] = slot
    largest_kg = max(1.0, *(option.capacity_kg for option in options))
    for flight in manifest.launches:
        share = max(0.0, options[flight.option].capacity_kg) / largest_kg
        cost[flight.column] = 0.2 * (1.0 + share) / max(count, 20)
    for (store, place), column in manifest.brought.items():
        early = len(slots) - manifest.launches[place].slot
        cost[column] = 0.1 * early / len(slots) / max(demands.stores[store].needed_kg[-1], 1.0)
    return cost
