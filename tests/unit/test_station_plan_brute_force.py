"""Small manifests by trying every one: HiGHS finds the same cost and the same dates."""

from __future__ import annotations

import itertools
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from planning import facility, planned

from perilune.station.build_up.conflicts import InfeasiblePlanError
from perilune.station.build_up.plan import plan_build_up

pytest.importorskip("highspy")

YEARS = (2030, 2031, 2032, 2033)


@dataclass(frozen=True)
class Thing:
    mass: int  # t
    phase: str
    needs: tuple[int, ...]


@dataclass(frozen=True)
class Rocket:
    capacity: int  # t
    cost: int
    rate: int
    available: int  # year


@cache
def fewest(masses: tuple[int, ...], capacity: int) -> int:
    """The fewest boxes of a capacity for masses, by putting each into every box or a new one."""

    def put(k: int, boxes: tuple[int, ...]) -> int:
        if k == len(masses):
            return len(boxes)
        found = put(k + 1, (*boxes, masses[k]))
        for b, held in enumerate(boxes):
            if held + masses[k] <= capacity:
                found = min(found, put(k + 1, (*boxes[:b], held + masses[k], *boxes[b + 1 :])))
        return found

    return put(0, ())


def best(things: list[Thing], rockets: list[Rocket]) -> tuple[int, int, int] | None:
    """The least cost, then the least last year, then the least sum of years; None if there is none.

    Every thing is given every rocket and every year that its phase and mass allow.
    """
    choices = [
        [
            (r, year)
            for r, rocket in enumerate(rockets)
            for year in YEARS
            if thing.mass <= rocket.capacity
            and year >= rocket.available
            and (year < 2032) == (thing.phase == "early")
        ]
        for thing in things
    ]
    found = None
    for way in itertools.product(*choices):
        if any(way[need][1] > way[k][1] for k, thing in enumerate(things) for need in thing.needs):
            continue
        cost = 0
        for r, year in set(way):
            masses = tuple(
                sorted(thing.mass for thing, at in zip(things, way, strict=True) if at == (r, year))
            )
            flights = fewest(masses, rockets[r].capacity)
            if flights > rockets[r].rate:
                break
            cost += flights * rockets[r].cost
        else:
            years = [year for _, year in way]
            rank = (cost, max(years), sum(years))
            found = rank if found is None or rank < found else found
    return found


@st.composite
def problems(draw: st.DrawFn) -> tuple[list[Thing], list[Rocket]]:
    things: list[Thing] = []
    for k in range(draw(st.integers(1, 5))):
        needs = draw(st.sets(st.integers(0, k - 1), max_size=2)) if k else set()
        phase = draw(st.sampled_from(["early", "late"]))
        things.append(Thing(draw(st.integers(1, 6)), phase, tuple(sorted(needs))))
    rocket = st.builds(
        Rocket, st.integers(3, 9), st.integers(10, 40), st.integers(1, 2), st.sampled_from(YEARS)
    )
    return things, draw(st.lists(rocket, min_size=1, max_size=2))


@settings(max_examples=60)
@given(problems())
def test_every_small_manifest_is_the_best(problem: tuple[list[Thing], list[Rocket]]) -> None:
    things, rockets = problem
    with tempfile.TemporaryDirectory() as folder:
        station = planned(
            Path(folder),
            [
                facility(
                    f"f{k}", f"{thing.mass} t", phase=thing.phase,
                    more=f"needs: [{', '.join(f'f{need}' for need in thing.needs)}]",
                )
                for k, thing in enumerate(things)
            ],
            [
                f"id: r{k}, owner: one, to: {{surface: {rocket.capacity} t}}, "
                f"cost: {rocket.cost} MUSD, rate: {rocket.rate} /y, "
                f"available: {rocket.available}-01-01"
                for k, rocket in enumerate(rockets)
            ],
        )  # fmt: skip
        expected = best(things, rockets)
        if expected is None:
            with pytest.raises(InfeasiblePlanError):
                plan_build_up(station, until="2033-12-31", months=12)
            return
        plan = plan_build_up(station, until="2033-12-31", months=12)
    assert plan.is_optimal
    years = [
        int(plan.demands.slots.date(plan.demands.slots.first_at(launch.day_mjd_tdb))[:4])
        for launch in plan.launches
        for _ in launch.items
    ]
    assert (plan.cost_million, max(years), sum(years)) == expected
