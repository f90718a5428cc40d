"""What is wrong with a file's trade: paths to nothing, ranges without unit, goals of nothing."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from perilune.errors import InputError
from perilune.station.checks import reference_faults
from perilune.station.faults import fault, near_names
from perilune.station.station import StationFile, parts_of
from perilune.station.trade.axes import Axis, Key, Place
from perilune.station.trade.designs import leave_out, put
from perilune.station.trade.goal_checks import goal_faults
from perilune.station.trade.section import Trade
from perilune.station.trade.variables import trade_axes
from perilune.station.yaml_text import YamlText

_TRIED: Final = 200  # of an axis' choices


def trade_faults(text: YamlText, held: StationFile) -> list[InputError]:
    """All that is wrong with the trade of a file that holds what it should otherwise."""
    trade = held.trade
    assert trade is not None
    axes, faults = trade_axes(text, trade)
    return [
        *faults,
        *_phase(text, trade, held),
        *_overlaps(text, axes),
        *_values(text, axes),
        *goal_faults(text, trade, held),
    ]


def _overlaps(text: YamlText, axes: Sequence[Axis]) -> Iterator[InputError]:
    """Two variables of one field."""
    for k, axis in enumerate(axes):
        for other in axes[:k]:
            size = min(len(axis.place), len(other.place))
            if not size or axis.place[:size] != other.place[:size]:
                continue
            own, its = _set_below(axis, size), _set_below(other, size)
            if own is None or its is None or own & its:
                yield fault(
                    text,
                    (*axis.origin, "path"),
                    "two variables set the same field",
                    found=axis.variable.path,
                    remedy=f"The other is {other.variable.path}.",
                )


def _set_below(axis: Axis, size: int) -> set[str] | None:
    """Which fields below a place an axis sets; None for the place as a whole."""
    if len(axis.place) > size:
        return {str(axis.place[size])}
    fields = {name for value in axis.values if isinstance(value, dict) for name in value}
    return fields or None


def _values(text: YamlText, axes: Sequence[Axis]) -> Iterator[InputError]:
    """Values that cannot stand where they are to stand, each tried on its own."""
    for axis in axes:
        if axis.variable.count:
            yield from _without(text, axis)
            continue
        for key, place in _tries(axis):
            content = _copy(text)
            put(content, axis, key)
            try:
                StationFile.model_validate(content)
            except ValidationError as error:
                first = error.errors(include_url=False)[0]
                context = first.get("ctx", {})
                unknown = first["type"] == "extra_forbidden"
                yield fault(
                    text,
                    place,
                    "there is no such field" if unknown else "this value cannot stand there",
                    found=str(first["loc"][-1]) if unknown else str(axis.value(key)),
                    expected=None if unknown else str(context.get("expected") or first["msg"]),
                    remedy=context.get("remedy") or None,
                )
                if axis.variable.range is not None:
                    break


def _tries(axis: Axis) -> list[tuple[Key, Place]]:
    """Values to try, with their places in the file: all choices, or both ends of a range."""
    if axis.variable.range is None:
        tried = range(min(len(axis.values), _TRIED))
        return [(k, (*axis.origin, "choices", k)) for k in tried]
    low, high = (*axis.origin, "range", 0), (*axis.origin, "range", 1)
    if axis.is_discrete:
        return [(0, low), (len(axis.values) - 1, high)]
    return [(axis.variable.range[0], low), (axis.variable.range[1], high)]


def _without(text: YamlText, axis: Axis) -> Iterator[InputError]:
    """What would miss the parts that a count leaves out."""
    content = _copy(text)
    leave_out(content, axis.variable.count[int(axis.values[0]) :])
    for each in reference_faults(text, parts_of(content), Path(text.file).parent):
        yield fault(
            text, (*axis.origin, "count"), f"without these something is amiss: {each.problem}",
            found=each.found,
        )  # fmt: skip


def _copy(text: YamlText) -> dict[str, Any]:
    return copy.deepcopy({name: part for name, part in text.content.items() if name != "trade"})


def _phase(text: YamlText, trade: Trade, held: StationFile) -> Iterator[InputError]:
    known = [each.id for each in held.phases]
    if trade.phase is not None and trade.phase not in known:
        yield fault(
            text, ("trade", "phase"), "this is not the id of a phase", found=trade.phase,
            expected=", ".join(known) or "a phase of this file",
            remedy=near_names(trade.phase, known),
        )  # fmt: skip
