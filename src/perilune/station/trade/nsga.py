"""pymoo's NSGA-II over axes of mixed kinds, asked for designs and told of their costs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from pymoo.algorithms.moo.nsga2 import (
    RankAndCrowdingSurvival,
    binary_tournament,
)
from pymoo.config import Config
from pymoo.core.evaluator import Evaluator
from pymoo.core.mixed import (
    MixedVariableDuplicateElimination,
    MixedVariableGA,
    MixedVariableMating,
)
from pymoo.core.problem import Problem
from pymoo.core.variable import Choice, Integer, Real
from pymoo.indicators.hv import HV
from pymoo.operators.selection.tournament import (
    TournamentSelection,
)
from pymoo.problems.static import StaticProblem

from perilune.station.trade.axes import Axis, Key
from perilune.station.trade.designs import Design
from perilune.station.trade.section import Trade
from perilune.times import FloatArray

Config.warnings["not_compiled"] = False  # which it would print on stdout


class Nsga:
    """One run; the same seed asks for the same designs."""

    def __init__(self, axes: Sequence[Axis], trade: Trade, population: int, seed: int) -> None:
        self._axes = axes
        self._problem = Problem(
            vars={str(k): _variable(axis) for k, axis in enumerate(axes)},
            n_obj=len(trade.goals),
            n_ieq_constr=len(trade.constraints) + 1,
        )
        self._algorithm = MixedVariableGA(
            pop_size=population,
            survival=RankAndCrowdingSurvival(),
            advance_after_initial_infill=True,  # so that the first generation is ranked as well
            mating=MixedVariableMating(
                selection=TournamentSelection(func_comp=binary_tournament),
                eliminate_duplicates=MixedVariableDuplicateElimination(),
            ),
        )
        self._algorithm.tournament_type = "comp_by_dom_and_crowding"
        # When to stop is the caller's affair.
        self._algorithm.setup(self._problem, termination=("n_gen", 10**9), seed=seed, verbose=False)
        self._asked: Any = None

    def ask(self) -> list[Design]:
        """The next generation; none where there is nothing new to look at."""
        self._asked = self._algorithm.ask()
        if self._asked is None:
            return []
        return [self._design(individual.X) for individual in self._asked]

    def tell(self, costs: FloatArray, misses: FloatArray) -> None:
        """What the first N of the designs asked for come to: costs (N, M) and misses (N, C)."""
        asked = self._asked[: len(costs)]
        Evaluator().eval(StaticProblem(self._problem, F=costs, G=misses), asked)
        self._algorithm.tell(infills=asked)

    def _design(self, values: dict[str, Any]) -> Design:
        def key(k: int, axis: Axis) -> Key:
            value = values[str(k)]
            return int(value) if axis.is_discrete else axis.key(float(value))

        return tuple(key(k, axis) for k, axis in enumerate(self._axes))


def hypervolume(costs: FloatArray, ideal: FloatArray, nadir: FloatArray) -> float:
    """What a front dominates before its nadir, in boxes from the ideal to the nadir."""
    wide = np.where(nadir > ideal, nadir - ideal, 1.0)
    return float(HV(ref_point=np.ones(ideal.size))((costs - ideal) / wide))


def _variable(axis: Axis) -> Any:
    """Numbers in their order; choices without."""
    if not axis.is_discrete:
        return Real(bounds=(axis.low, axis.high))
    if axis.numbers:
        return Integer(bounds=(0, len(axis.values) - 1))
    return Choice(options=list(range(len(axis.values))))
