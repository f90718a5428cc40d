"""Axes from a trade's variables, with the faults of those that cannot be used."""

from __future__ import annotations

from dataclasses import replace

from perilune.errors import InputError
from perilune.station.faults import fault, fields_at, near_names
from perilune.station.quantities import number_and_unit, units_per
from perilune.station.station import StationFile
from perilune.station.trade.axes import Axis, Place, discrete, find_place, known_paths, ranged
from perilune.station.trade.section import Trade, Variable
from perilune.station.yaml_text import YamlText


def trade_axes(text: YamlText, trade: Trade) -> tuple[list[Axis], list[InputError]]:
    """The axes of a trade, and what is wrong with its variables."""
    axes: list[Axis] = []
    faults: list[InputError] = []
    for k, variable in enumerate(trade.variables):
        found = _count(text, variable, k) if variable.count else _axis(text, variable, k)
        if isinstance(found, Axis) and variable.mass is not None:
            found = _weighed(text, found, k)
        if isinstance(found, Axis):
            axes.append(found)
        else:
            faults.append(found)
    return axes, faults


def _count(text: YamlText, variable: Variable, k: int) -> Axis | InputError:
    place: Place = ("trade", "variables", k, "count")
    known = [each for each in _ids(text, "sites", "orbiters", "facilities") if each]
    for name in variable.count:
        if name not in known:
            return fault(
                text, place, "there is no such site, orbiter or facility", found=name,
                remedy=near_names(name, known),
            )  # fmt: skip
    low, high = 0, len(variable.count)
    if variable.range is not None:
        ends = [number_and_unit(each) for each in variable.range]
        whole = [int(each[0]) for each in ends if each and each[0].is_integer() and not each[1]]
        if len(whole) != 2 or not 0 <= whole[0] < whole[1] <= high:
            return fault(
                text, (*place[:-1], "range"), "this is no range of their number",
                found=" to ".join(variable.range), expected=f"two numbers within 0 to {high}",
            )  # fmt: skip
        low, high = whole
    return discrete(variable, place[:-1], (), [str(each) for each in range(low, high + 1)])


def _axis(text: YamlText, variable: Variable, k: int) -> Axis | InputError:
    place: Place = ("trade", "variables", k)
    assert variable.path is not None
    target = find_place(text.content, variable.path)
    is_part = target is not None and isinstance(target[-1], int)
    is_field = target is not None and target[-1] in fields_at(StationFile, target[:-1])
    if target is None or not (is_part or is_field) or target[0] == "trade" or target[-1] == "id":
        return fault(
            text, (*place, "path"), "this path leads to no field that may vary",
            found=variable.path, expected="a path like sites.base.mast",
            remedy=near_names(variable.path, _paths_near(text, variable.path)),
        )  # fmt: skip
    if variable.choices:
        return discrete(variable, place, target, variable.choices)
    return _range(text, variable, target, (*place, "range"))


def _range(text: YamlText, variable: Variable, target: Place, place: Place) -> Axis | InputError:
    assert variable.range is not None
    ends = [number_and_unit(each) for each in variable.range]
    shown = " to ".join(variable.range)
    if ends[0] is None or ends[1] is None:
        return fault(
            text, place, "this is no range", found=shown,
            expected="two quantities with their unit, like 10 kW and 80 kW",
        )  # fmt: skip
    (low, unit), (high, other) = ends[0], ends[1]
    if unit != other:
        return fault(
            text, place, "both ends of a range need one unit", found=shown,
            remedy=f"Write both in {unit or other}.",
        )  # fmt: skip
    if not low < high:
        return fault(
            text, place, "a range goes from the least to the largest", found=shown,
            remedy="Swap them." if low > high else "Take the variable out.",
        )  # fmt: skip
    step: float | None = None
    if variable.step is not None:
        given = number_and_unit(variable.step)
        if given is None or given[1] != unit or given[0] <= 0.0:
            return fault(
                text, (*place[:-1], "step"), "the step does not fit the range",
                found=variable.step, expected=f"more than nothing, in {unit or 'no unit'}",
            )  # fmt: skip
        step = given[0]
    axis = ranged(variable, place[:-1], target, (low, high), unit, step)
    return axis or fault(text, (*place[:-1], "step"), "the range has too many steps", found=shown)


def _weighed(text: YamlText, axis: Axis, k: int) -> Axis | InputError:
    """The axis with what it weighs."""
    variable = axis.variable
    place: Place = ("trade", "variables", k)
    assert variable.mass is not None
    head, _, per = variable.mass.partition("/")
    if not axis.unit and (axis.numbers or not axis.is_discrete):
        field = "choices" if variable.range is None else "range"
        return fault(
            text, (*place, field), "these numbers have no unit",
            found=str(text.content["trade"]["variables"][k].get(field)),
            remedy=f"Add it, as {variable.mass} has it: {per}.",
        )  # fmt: skip
    mass = number_and_unit(head)
    ratio = None if not axis.unit else units_per(axis.unit, per.strip())
    to_kg = None if mass is None else units_per(mass[1], "kg")
    numeric = not axis.is_discrete or bool(axis.numbers)
    if mass is None or to_kg is None or ratio is None or not numeric:
        return fault(
            text, (*place, "mass"), "this is no mass of a unit of the variable",
            found=variable.mass, expected=f"like 12 kg/{axis.unit or 'kW'}",
        )  # fmt: skip
    own = axis.place[1] if axis.place[:1] == ("facilities",) else None
    heavier = variable.mass_of or (_ids(text, "facilities")[int(own)] if own is not None else None)
    if heavier not in _ids(text, "facilities"):
        return fault(
            text, (*place, "mass_of" if variable.mass_of else "mass"),
            "the mass belongs to no facility", found=heavier,
            remedy="Name the facility that grows heavier: mass_of.",
        )  # fmt: skip
    return replace(axis, mass_kg=mass[0] * to_kg * ratio, heavier=str(heavier))


def _ids(text: YamlText, *lists: str) -> list[str | None]:
    return [
        each.get("id") if isinstance(each, dict) else None
        for name in lists
        for each in text.content.get(name) or ()
    ]


def _paths_near(text: YamlText, path: str) -> list[str]:
    """The file's paths, and the fields that the part of a path may have."""
    known = set(known_paths(text.content))
    before = path.rpartition(".")[0]
    target = find_place(text.content, before) if before else None
    if target is not None and before in known:
        known |= {f"{before}.{name}" for name in fields_at(StationFile, target)}
    return sorted(known)
