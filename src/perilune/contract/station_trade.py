"""The rows and units of a trade's result."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from perilune.station.trade.quantities import KINDS

if TYPE_CHECKING:
    from perilune.station.trade.search import Outcome, Search
    from perilune.station.trade.section import Constraint, Goal, Measure


def measure_name(measure: Measure, quantity: str) -> str:
    """What results call a quantity: where, and what."""
    if measure.between is not None:
        direct = ", direct" if measure.direct else ""
        return f"{'-'.join(measure.between)}{direct}.{quantity}"
    return quantity if measure.at is None else f"{measure.at}.{quantity}"


def goal_name(goal: Goal) -> str:
    """What results call a goal."""
    return goal.name or measure_name(goal, goal.quantity)


def constraint_text(constraint: Constraint) -> str:
    """A constraint for people."""
    sense = "at least" if constraint.at_least is not None else "at most"
    limit = constraint.at_least or constraint.at_most
    return f"{measure_name(constraint, constraint.quantity)} {sense} {limit}"


def trade_units(search: Search) -> dict[str, str]:
    """The unit of each column."""
    units = {axis.variable.label: axis.unit for axis in search.designer.axes if axis.unit}
    for goal in search.trade.goals:
        sense = "to be small" if goal.minimize else "to be large"
        units[goal_name(goal)] = f"{KINDS[goal.quantity].unit}; {sense}"
    for constraint in search.trade.constraints:
        name = measure_name(constraint, constraint.quantity)
        units.setdefault(name, KINDS[constraint.quantity].unit)
    return units


def trade_rows(search: Search, front: Sequence[Outcome]) -> list[dict[str, Any]]:
    """The points of a front: variables, goals, and what constraints are about."""
    rows = []
    for k, outcome in enumerate(front):
        row: dict[str, Any] = {"point": k + 1}
        for axis, key in zip(search.designer.axes, outcome.design, strict=True):
            row[axis.variable.label] = axis.shown(key)
        for goal, value in zip(search.trade.goals, outcome.goals, strict=True):
            row[goal_name(goal)] = value
        for constraint, value in zip(search.trade.constraints, outcome.limits, strict=True):
            row.setdefault(measure_name(constraint, constraint.quantity), value)
        rows.append(row)
    return rows


def trade_data(
    search: Search, method: str, front: Sequence[Outcome], rows: Sequence[dict[str, Any]]
) -> dict[str, Any]:
    """The result as `--json` gives it."""
    outcomes = search.outcomes
    return {
        "method": method,
        "is_exact": method == "enumeration",
        "designs": len(outcomes),
        "impossible": sum(not each.is_possible for each in outcomes),
        "feasible": sum(each.is_feasible for each in outcomes),
        "nondominated": len(search.front()),
        "goals": [
            {"name": goal_name(goal), "sense": "minimize" if goal.minimize else "maximize"}
            for goal in search.trade.goals
        ],
        "constraints": [constraint_text(each) for each in search.trade.constraints],
        "points": list(rows),
    }
