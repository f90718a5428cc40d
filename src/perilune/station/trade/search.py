"""The search for the designs that none betters: all of a grid, or NSGA-II through pymoo.

NSGA-II (Deb et al. 2002, IEEE Trans. Evol. Comput. 6, 182, doi:10.1109/4235.996017) with pymoo's
operators for mixed variables. Of all designs that it looked at, not of its last population alone,
those stay that none betters.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Final

import numpy as np

from perilune.errors import (
    DataMissingError,
    InputError,
    NotConvergedError,
    OutOfRangeError,
)
from perilune.station.trade.designs import Design, Designer
from perilune.station.trade.goal_checks import limit_of
from perilune.station.trade.measures import Measures
from perilune.station.trade.pareto import Front, spread
from perilune.station.trade.section import Trade
from perilune.times import FloatArray

Told = Callable[[float, str], None]

_IDLE_GENERATIONS: Final = 20  # that bring nothing new end a search
_BAD: Final = 1e30  # the cost of a design that cannot be, for the search alone


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one design comes to.

    Attributes:
        design: its place on each axis.
        goals: their values; None where it has none.
        limits: the values of what the constraints are about.
        broken: which constraints it breaks, by their number.
        is_possible: whether its values go together and all goals have a value.
        reason: why not, where an error says so.
    """

    design: Design
    goals: tuple[float | None, ...]
    limits: tuple[float | None, ...]
    broken: tuple[int, ...]
    is_possible: bool
    reason: str | None = None

    @property
    def is_feasible(self) -> bool:
        """Whether it counts."""
        return self.is_possible and not self.broken


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is looked at.

    Attributes:
        population, generations: of NSGA-II.
        evaluations: designs at most.
        seed: of its random numbers.
    """

    population: int
    generations: int
    evaluations: int
    seed: int


class Search:
    """A search under way: what it has looked at may be read at any time.

    Attributes:
        outcomes: of each design looked at, in order.
        scale: how good the front of NSGA-II is.
    """

    def __init__(self, trade: Trade, designer: Designer, measures: Measures) -> None:
        self.trade = trade
        self.designer = designer
        self.measures = measures
        self.outcomes: list[Outcome] = []
        self.scale = FrontScale()
        self._known: dict[Design, Outcome] = {}
        self._front: Front[Outcome] = Front(len(trade.goals))

    @property
    def grid_size(self) -> int | None:
        """How many designs there are; None where a variable has a range without steps."""
        if not all(axis.is_discrete for axis in self.designer.axes):
            return None
        return math.prod(len(axis.values) for axis in self.designer.axes)

    def run(self, effort: Effort, told: Told) -> str:
        """Search, and say how: all designs where these are no more than the effort allows.

        Raises:
            DataMissingError: pymoo, or rasterio for terrain, is needed and not installed.
        """
        size = self.grid_size
        if size is not None and size <= effort.evaluations:
            self._enumerate(size, told)
            return "enumeration"
        self._evolve(effort, told)
        return "nsga-ii"

    def look_at(self, design: Design) -> Outcome:
        """Judge a design, once; one that cannot be computed is not possible."""
        found = self._known.get(design)
        if found is None:
            found = self._judge(design)
            self._known[design] = found
            self.outcomes.append(found)
            if found.is_feasible:
                self._front.offer(self.costs([found])[0], found)
        return found

    def front(self, count: int | None = None) -> list[Outcome]:
        """Of what was looked at, the designs that count and that none betters.

        The best of the first goal first; so many spread over the front where a count is given.
        """
        costs, found = self._front.sorted()
        if count is not None and count < len(found):
            return [found[k] for k in spread(costs, count)]
        return found

    def _judge(self, design: Design) -> Outcome:
        goals, constraints = self.trade.goals, self.trade.constraints
        nothing = Outcome(design, (None,) * len(goals), (None,) * len(constraints), (), False)
        value = self.measures.value
        try:
            station = self.designer.station(design)
            if station is None:
                return nothing
            limits = tuple(value(station, each, each.quantity) for each in constraints)
            values = tuple(value(station, each, each.quantity) for each in goals)
        except (InputError, NotConvergedError, OutOfRangeError) as error:
            # A place off its map, an orbit that does not close: this design, not the search.
            return replace(nothing, reason=str(error))
        broken = tuple(
            k
            for k, (each, found) in enumerate(zip(constraints, limits, strict=True))
            if not _holds(found, limit_of(each), each.at_least is not None)
        )
        return Outcome(design, values, limits, broken, None not in values)

    def costs(self, outcomes: Sequence[Outcome]) -> FloatArray:
        """Goals (N, M), all to be small; NaN where there is none."""
        signs = np.array([1.0 if goal.minimize else -1.0 for goal in self.trade.goals])
        values = [[np.nan if v is None else v for v in each.goals] for each in outcomes]
        table = np.array(values, dtype=np.float64).reshape(-1, signs.size)
        return np.asarray(table * signs)

    def _enumerate(self, size: int, told: Told) -> None:
        ranges = [range(len(axis.values)) for axis in self.designer.axes]
        for done, design in enumerate(product(*ranges)):
            told(done / size, f"{done} of {size} designs")
            self.look_at(design)

    def _evolve(self, effort: Effort, told: Told) -> None:
        try:
            from perilune.station.trade.nsga import Nsga
        except ImportError:
            raise DataMissingError(
                "What is no small grid needs pymoo: pip install 'perilune[station]'."
            ) from None
        nsga = Nsga(self.designer.axes, self.trade, effort.population, effort.seed)
        scale = self.scale
        generation = idle = 0
        while (
            len(self.outcomes) < effort.evaluations
            and generation < effort.generations
            and idle < _IDLE_GENERATIONS
        ):
            asked = nsga.ask()
            if not asked:
                break
            generation += 1
            known, found = len(self.outcomes), []
            for design in asked:
                if len(self.outcomes) >= effort.evaluations:
                    break
                done = max(
                    len(self.outcomes) / effort.evaluations, (generation - 1) / effort.generations
                )
                told(done, f"{len(self.outcomes)} designs, {scale.shown}")
                found.append(self.look_at(design))
            nsga.tell(self._fitness(found), self._misses(found))
            idle = idle + 1 if len(self.outcomes) == known else 0
            if not idle:
                scale.measure(self.costs([each for each in found if each.is_feasible]), self)

    def _fitness(self, outcomes: Sequence[Outcome]) -> FloatArray:
        costs = self.costs(outcomes)
        return np.where(np.isfinite(costs), costs, _BAD)

    def _misses(self, outcomes: Sequence[Outcome]) -> FloatArray:
        """By how much each constraint is missed, against its limit; and what cannot be."""
        rows = []
        for each in outcomes:
            row = []
            for found, constraint in zip(each.limits, self.trade.constraints, strict=True):
                limit = limit_of(constraint)
                assert limit is not None
                size = max(abs(limit), 1e-9)
                if found is None:
                    row.append(1.0)
                elif constraint.at_least is not None:
                    row.append((limit - found) / size)
                else:
                    row.append((found - limit) / size)
            rows.append([*row, 0.0 if each.is_possible else 1.0])
        return np.array(rows)


class FrontScale:
    """The front's hypervolume, by the box of the first generation that had a feasible design."""

    def __init__(self) -> None:
        self.shown = "none feasible yet"
        self._box: tuple[FloatArray, FloatArray] | None = None

    def measure(self, costs: FloatArray, search: Search) -> None:
        if self._box is None and len(costs):
            self._box = (costs.min(axis=0), costs.max(axis=0))
        if self._box is not None:
            from perilune.station.trade.nsga import hypervolume

            volume = hypervolume(search.costs(search.front()), *self._box)
            self.shown = f"front of {len(search.front())}, hypervolume {volume:.4f}"


def _holds(found: float | None, limit: float | None, is_least: bool) -> bool:
    assert limit is not None
    if found is None:
        return False
    dust = 1e-9 * max(abs(limit), 1e-9)
    return found >= limit - dust if is_least else found <= limit + dust
