"""A mixed-integer linear program, and HiGHS to solve it."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from perilune.errors import DataMissingError
from perilune.times import FloatArray

_POLL_S: Final = 0.1
_SEED: Final = 1

# Told as it goes: seconds since the start, the best found and the bound on it.
Told = Callable[[float, float, float], None]


@dataclass(slots=True)
class Program:
    """Columns and rows as they are added; all columns are at least zero."""

    upper: list[float] = field(default_factory=list)
    cost: list[float] = field(default_factory=list)
    integer: list[bool] = field(default_factory=list)
    row_lower: list[float] = field(default_factory=list)
    row_upper: list[float] = field(default_factory=list)
    starts: list[int] = field(default_factory=lambda: [0])
    columns: list[int] = field(default_factory=list)
    values: list[float] = field(default_factory=list)

    def column(self, upper: float = math.inf, *, cost: float = 0.0, integer: bool = False) -> int:
        """Add a column from zero to a bound; its number."""
        self.upper.append(upper)
        self.cost.append(cost)
        self.integer.append(integer)
        return len(self.upper) - 1

    def row(
        self, terms: Mapping[int, float], *, lower: float = -math.inf, upper: float = math.inf
    ) -> None:
        """Add a row: a sum of columns with its bounds."""
        self.columns += terms.keys()
        self.values += terms.values()
        self.starts.append(len(self.columns))
        self.row_lower.append(lower)
        self.row_upper.append(upper)


@dataclass(frozen=True, slots=True)
class Solution:
    """What the solver found.

    Attributes:
        status: optimal, feasible (the time was up), infeasible, or unknown (the time was up before
            anything was found).
        values: of the columns; empty without a solution.
        objective: its value.
        gap: between it and the bound, relative to it; 0 where it is proven optimal.
    """

    status: str
    values: FloatArray
    objective: float
    gap: float


def solve(
    program: Program,
    *,
    time_limit_s: float,
    start: FloatArray | None = None,
    gap_absolute: float = 1e-6,
    told: Told | None = None,
) -> Solution:
    """Minimise the program's cost: one thread and a fixed seed, so always the same way.

    Args:
        program: what to solve.
        time_limit_s: after which the best found is taken.
        start: a solution to begin with.
        gap_absolute: at which a solution counts as optimal.
        told: called from time to time.

    Raises:
        DataMissingError: highspy is not installed.
    """
    try:
        import highspy
    except ImportError:
        raise DataMissingError(
            "Launch manifests need highspy. Install it: pip install 'perilune[station]'."
        ) from None
    highs: Any = highspy.Highs()  # type: ignore[no-untyped-call]
    options: dict[str, Any] = {
        "output_flag": False, "threads": 1, "random_seed": _SEED, "mip_rel_gap": 0.0,
        "mip_abs_gap": gap_absolute, "time_limit": max(time_limit_s, 0.01),
    }  # fmt: skip
    for name, value in options.items():
        highs.setOptionValue(name, value)
    highs.passModel(_model(program, highspy))
    if start is not None:
        known = highspy.HighsSolution()
        known.col_value = start.tolist()
        highs.setSolution(known)
    _run(highs, highspy, told)
    info, state = highs.getInfo(), highs.getModelStatus()
    empty = np.zeros(0)
    if state in (
        highspy.HighsModelStatus.kInfeasible,
        highspy.HighsModelStatus.kUnboundedOrInfeasible,
    ):
        return Solution("infeasible", empty, math.nan, math.nan)
    found = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
    if not found:
        return Solution("unknown", empty, math.nan, math.inf)
    values = np.array(highs.getSolution().col_value)
    is_best = state == highspy.HighsModelStatus.kOptimal
    gap = 0.0 if is_best else float(info.mip_gap)
    objective = float(info.objective_function_value)
    return Solution("optimal" if is_best else "feasible", values, objective, gap)


def _model(program: Program, highspy: Any) -> Any:
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = len(program.upper), len(program.row_lower)
    lp.col_cost_ = np.array(program.cost)
    lp.col_lower_ = np.zeros(lp.num_col_)
    lp.col_upper_ = np.array(program.upper)
    lp.row_lower_ = np.array(program.row_lower)
    lp.row_upper_ = np.array(program.row_upper)
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_ = np.array(program.starts, dtype=np.int32)
    lp.a_matrix_.index_ = np.array(program.columns, dtype=np.int32)
    lp.a_matrix_.value_ = np.array(program.values)
    kinds = highspy.HighsVarType
    lp.integrality_ = [kinds.kInteger if each else kinds.kContinuous for each in program.integer]
    return lp


def _run(highs: Any, highspy: Any, told: Told | None) -> None:
    """Solve in a thread of its own, while this one listens: Ctrl-C must not wait for HiGHS."""
    bounds = [0.0, math.inf, -math.inf]
    is_stopped = threading.Event()

    def heard(event: Any) -> None:
        out = event.data_out
        bounds[:] = [out.running_time, out.mip_primal_bound, out.mip_dual_bound]
        event.interrupt(is_stopped.is_set())

    highs.cbMipInterrupt.subscribe(heard)
    failed: list[BaseException] = []

    def work() -> None:
        try:
            highs.run()
            highspy.Highs.resetGlobalScheduler(True)  # it belongs to the thread that used it
        except BaseException as error:
            failed.append(error)

    worker = threading.Thread(target=work, name="highs", daemon=True)
    worker.start()
    try:
        while worker.is_alive():
            worker.join(_POLL_S)
            if told is not None:
                told(bounds[0], bounds[1], bounds[2])
    except BaseException:
        is_stopped.set()
        raise
    if failed:
        raise failed[0]
