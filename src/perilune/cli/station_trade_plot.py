"""A picture of a trade: its front among all designs, by matplotlib, which is optional."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from perilune.cli.station_plots import new_figure, save_figure
from perilune.cli.station_trade_tables import goal_heads, variable_heads
from perilune.contract.station_trade import goal_name

if TYPE_CHECKING:
    from perilune.station.trade.axes import Axis, Key
    from perilune.station.trade.search import Outcome, Search
    from perilune.times import FloatArray

_MOST_LINES = 300


def draw_trade(path: Path, search: Search, front: Sequence[Outcome]) -> None:
    """Two or three goals as a scatter, more as parallel lines; below, the front's variables.

    Lines go by the first goal, from dark (least) to light.

    Raises:
        DataMissingError: matplotlib is not installed.
        InputError: the file cannot be written.
    """
    figure = new_figure(8.0, 7.0)
    top, below = figure.subplots(2, 1, height_ratios=(3, 2))
    goals = np.array([each.goals for each in front], dtype=np.float64)
    if goals.shape[1] in (2, 3):
        _scatter(figure, top, search, goals)
    else:
        senses = [goal.minimize is not None for goal in search.trade.goals]
        _parallel(top, goals, goal_heads(search), goals[:, 0], senses=senses)
    top.set_title(f"{len(front)} designs that none betters, of {len(search.outcomes)} looked at",
                  fontsize="medium")  # fmt: skip
    varying = [k for k, axis in enumerate(search.designer.axes) if not axis.is_fixed]
    axes = [search.designer.axes[k] for k in varying]
    table = np.array(
        [
            [_number(axis, each.design[k]) for k, axis in zip(varying, axes, strict=True)]
            for each in front
        ]
    )
    labelled = [not axis.is_discrete or bool(axis.numbers) for axis in axes]
    bounds = [_bounds(axis) for axis in axes]
    _parallel(below, table, variable_heads(axes), goals[:, 0], bounds=bounds, labelled=labelled)
    for k, axis in enumerate(axes):
        if axis.is_discrete and not axis.numbers:
            for j in range(len(axis.values)):
                at = j / max(len(axis.values) - 1, 1)
                box = {"fc": "white", "ec": "none", "pad": 0.6, "alpha": 0.8}
                shown = str(axis.shown(j))
                below.annotate(shown, (k, at), fontsize="x-small", ha="center", bbox=box)
    save_figure(figure, path)


def _number(axis: Axis, key: Key) -> float:
    """Its number; of a choice without one its place."""
    number = axis.number(key)
    return float(key) if number is None else number


def _bounds(axis: Axis) -> tuple[float, float]:
    if not axis.is_discrete:
        return axis.low, axis.high
    numbers = axis.numbers or tuple(map(float, range(len(axis.values))))
    return min(numbers), max(numbers)


def _scatter(figure: Any, axes: Any, search: Search, goals: FloatArray) -> None:
    names = [goal_name(goal) for goal in search.trade.goals]
    others = np.array(
        [each.goals for each in search.outcomes if each.is_possible], dtype=np.float64
    )
    axes.scatter(others[:, 0], others[:, 1], s=5, color="0.8", label="all looked at", zorder=1)
    if goals.shape[1] == 3:
        shown = axes.scatter(
            goals[:, 0], goals[:, 1], s=22, c=goals[:, 2], cmap="viridis", zorder=2
        )
        figure.colorbar(shown, ax=axes, label=_sense(search, 2, names))
    else:
        axes.plot(goals[:, 0], goals[:, 1], "o", markersize=4, color="tab:blue", zorder=2,
                  label="none betters these")  # fmt: skip
        axes.legend(fontsize="small")
    axes.set_xlabel(_sense(search, 0, names))
    axes.set_ylabel(_sense(search, 1, names))


def _sense(search: Search, k: int, names: Sequence[str]) -> str:
    return f"{names[k]} ({'small' if search.trade.goals[k].minimize else 'large'} is good)"


def _parallel(
    axes: Any,
    table: FloatArray,
    heads: Sequence[str],
    colour_by: FloatArray,
    *,
    senses: Sequence[bool] | None = None,
    bounds: Sequence[tuple[float, float]] | None = None,
    labelled: Sequence[bool] | None = None,
) -> None:
    """Each row a line over the columns, each column from its least to its largest.

    Args:
        senses: whether small is good in each column; unknown if None.
        bounds: of each column; its own if None.
        labelled: whether a column's bounds are written under it.
    """
    from matplotlib import colormaps

    low = table.min(axis=0) if bounds is None else np.array([each[0] for each in bounds])
    high = table.max(axis=0) if bounds is None else np.array([each[1] for each in bounds])
    scaled = (table - low) / np.where(high > low, high - low, 1.0)
    at = np.arange(table.shape[1])
    every = max(1, len(table) // _MOST_LINES)
    colour = _ranks(colour_by)
    for k in range(0, len(table), every):
        axes.plot(at, scaled[k], "-o", markersize=2, linewidth=0.7, alpha=0.7,
                  color=colormaps["viridis"](colour[k]))  # fmt: skip
    labels = []
    for k, head in enumerate(heads):
        sense = "" if senses is None else (" ↓" if senses[k] else " ↑")
        bounded = labelled is None or labelled[k]
        labels.append(f"{head}{sense}" + (f"\n{low[k]:.4g} to {high[k]:.4g}" if bounded else ""))
    axes.set_xticks(at, labels, fontsize="small")
    axes.set_yticks([])
    axes.set_xlim(-0.3, table.shape[1] - 0.7)
    for spine in ("left", "right", "top"):
        axes.spines[spine].set_visible(False)
    for x in at.tolist():
        axes.axvline(x, color="0.85", linewidth=0.8, zorder=0)


def _ranks(values: FloatArray) -> FloatArray:
    order = np.argsort(np.argsort(values)).astype(np.float64)
    return np.asarray(order / max(len(values) - 1, 1))
