"""A trade's front in tables of 80 columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeAlias

from perilune.cli.numbers import ABSENT
from perilune.cli.output import PLAIN_WIDTH, plain_table, show_table

if TYPE_CHECKING:
    from perilune.station.trade.axes import Axis
    from perilune.station.trade.search import Outcome, Search

Column: TypeAlias = tuple[str, list[str]]

_ROWS_SHOWN = 40
_GAP = 2


def show_front(search: Search, front: Sequence[Outcome]) -> None:
    """Print the points: variables, then goals; in several tables where one is too wide."""
    for k, (title, heads, rows) in enumerate(_tables(search, front)):
        if k:
            print()
        show_table(title, heads, rows)


def front_lines(search: Search, front: Sequence[Outcome]) -> list[str]:
    """The same as lines of plain text."""
    return [line for each in _tables(search, front) for line in ("", *plain_table(*each))]


def _tables(
    search: Search, front: Sequence[Outcome]
) -> list[tuple[str, list[str], list[list[str]]]]:
    whole = len(search.front())
    title = f"Designs that none betters: {len(front)}" + (
        f" of {whole}" if whole > len(front) else ""
    )
    every = list(range(len(front)))
    if len(front) > _ROWS_SHOWN:
        every = [round(k * (len(front) - 1) / (_ROWS_SHOWN - 1)) for k in range(_ROWS_SHOWN)]
        title += f"; {_ROWS_SHOWN} of them here, all by --json"
    shown = [front[k] for k in every]
    columns = [*_variable_columns(search.designer.axes, shown), *_goal_columns(search, shown)]
    points = [str(k + 1) for k in every]
    tables = []
    for k, block in enumerate(_blocks(columns, len("point"))):
        heads = [">point", *(head for head, _ in block)]
        rows = [list(cells) for cells in zip(points, *(each for _, each in block), strict=True)]
        tables.append((title if k == 0 else "The same points", heads, rows))
    return tables


def _blocks(columns: Sequence[Column], first: int) -> list[list[Column]]:
    """Columns in blocks that fit 80 columns beside the first one."""
    blocks: list[list[Column]] = []
    width = PLAIN_WIDTH + 1
    for head, cells in columns:
        own = _GAP + max(len(head.removeprefix(">")), *(len(cell) for cell in cells))
        if width + own > PLAIN_WIDTH:
            blocks.append([])
            width = first
        blocks[-1].append((head, cells))
        width += own
    return blocks


def variable_heads(axes: Sequence[Axis]) -> list[str]:
    """Short names of variables: their own, or their path's end with as much as tells them apart."""
    heads = []
    ends = [(axis.variable.path or "").rpartition(".")[2] for axis in axes]
    for axis, end in zip(axes, ends, strict=True):
        variable = axis.variable
        if variable.name:
            head = variable.name
        elif variable.path is None:
            head = "number"
        elif ends.count(end) > 1:
            head = variable.path.partition(".")[2]
        else:
            head = end
        heads.append(f"{head} {axis.unit}".rstrip())
    return heads


def goal_heads(search: Search) -> list[str]:
    """Short names of goals with their units, and of what where two are alike."""
    from perilune.station.trade.quantities import KINDS

    goals = search.trade.goals
    shorts = [goal.name or KINDS[goal.quantity].short for goal in goals]
    return [
        short
        if shorts.count(short) == 1
        else f"{goal.at or '-'.join(goal.between or ('all',))} {short}"
        for goal, short in zip(goals, shorts, strict=True)
    ]


def _variable_columns(axes: Sequence[Axis], front: Sequence[Outcome]) -> list[Column]:
    columns = []
    for k, (axis, head) in enumerate(zip(axes, variable_heads(axes), strict=True)):
        if axis.is_fixed:
            continue
        shown = [axis.shown(each.design[k]) for each in front]
        numeric = not any(isinstance(each, str) for each in shown)
        cells = [each[:24] if isinstance(each, str) else f"{each:.7g}" for each in shown]
        columns.append((f">{head}" if numeric else head, cells))
    return columns


def _goal_columns(search: Search, front: Sequence[Outcome]) -> list[Column]:
    columns = []
    for k, head in enumerate(goal_heads(search)):
        values = [each.goals[k] for each in front]
        columns.append((f">{head}", [ABSENT if v is None else _digits(v) for v in values]))
    return columns


def _digits(value: float) -> str:
    """Six digits: they set neighbours on a front apart."""
    return f"{value:.0f}" if abs(value) >= 1e5 else f"{value:.6g}"
