"""What is wrong with a trade's goals and constraints: quantities that the station does not have."""

from __future__ import annotations

from collections.abc import Iterator

from perilune.errors import InputError
from perilune.station.facilities import Facility
from perilune.station.faults import fault, near_names
from perilune.station.power import has_power
from perilune.station.quantities import number_and_unit
from perilune.station.spacecraft import THREE_BODY
from perilune.station.station import StationFile
from perilune.station.trade.axes import Place
from perilune.station.trade.delta_v import FAMILIES
from perilune.station.trade.measures import ANY_EARTH
from perilune.station.trade.quantities import KEPT_ONLY, KINDS, THREE_BODY_ONLY
from perilune.station.trade.section import Constraint, Measure, Trade
from perilune.station.yaml_text import YamlText


def goal_faults(text: YamlText, trade: Trade, held: StationFile) -> Iterator[InputError]:
    """Goals and constraints that cannot be judged, or of what is not there."""
    for k, goal in enumerate(trade.goals):
        field = "minimize" if goal.minimize else "maximize"
        yield from _measure(text, trade, held, goal, goal.quantity, ("trade", "goals", k), field)
    for k, constraint in enumerate(trade.constraints):
        place: Place = ("trade", "constraints", k)
        yield from _measure(text, trade, held, constraint, constraint.quantity, place, "quantity")
        if limit_of(constraint) is None:
            name = "at_least" if constraint.at_least is not None else "at_most"
            units = list(KINDS[constraint.quantity].limits)
            yield fault(
                text, (*place, name), "this is no limit for it",
                found=constraint.at_least or constraint.at_most,
                expected=f"a number with a unit ({' or '.join(units)})" if units[0] else "a number",
            )  # fmt: skip


def limit_of(constraint: Constraint) -> float | None:
    """A constraint's limit in its quantity's unit; None where it is none."""
    found = number_and_unit(constraint.at_least or constraint.at_most)
    if found is None:
        return None
    size = KINDS[constraint.quantity].limits.get(found[1])
    return None if size is None else found[0] * size


def _measure(
    text: YamlText,
    trade: Trade,
    held: StationFile,
    measure: Measure,
    quantity: str,
    place: Place,
    field: str,
) -> Iterator[InputError]:
    """Whether the station has such a quantity, in all designs."""
    group = KINDS[quantity].group
    moon = [site.id for site in held.sites if site.body == "moon"]
    earth = [site.id for site in held.sites if site.body == "earth"]
    orbiters = {each.id: each for each in held.orbiters}
    counted = {name for variable in trade.variables for name in variable.count}
    if group == "link":
        ends = [*moon, *orbiters, *earth, *([ANY_EARTH] if earth else [])]
        if measure.between is None or measure.at is not None:
            yield fault(
                text, (*place, field), f"{quantity} is one of a link", found=quantity,
                expected="between: [one end, the other]",
            )  # fmt: skip
            return
        for j, name in enumerate(measure.between):
            if name not in ends:
                yield fault(
                    text, (*place, "between", j), "this is no end of a link", found=name,
                    expected=", ".join(ends), remedy=near_names(name, ends),
                )  # fmt: skip
        names = set(measure.between)
        if len(names) == 1 or names <= {*earth, ANY_EARTH}:
            yield fault(
                text, (*place, "between"), "there is no link between these",
                found=" and ".join(measure.between),
            )  # fmt: skip
        gone = sorted(names & counted)
    else:
        known = {
            "light": moon,
            "power": [*moon, *orbiters],
            "orbit": list(orbiters),
            "way": [*moon, *orbiters] if quantity == "arrival_dv_km_s" else list(orbiters),
            "mass": [*moon, *orbiters, *earth],
        }[group]
        of = {
            "light": "a site on the Moon",
            "orbit": "an orbiter",
            "mass": "a site or an orbiter",
        }.get(group, "a site on the Moon or an orbiter")
        if quantity == "surface_dv_km_s":
            of = "an orbiter"
        if measure.between is not None or (measure.at is None and group != "mass"):
            yield fault(
                text, (*place, field), f"{quantity} is one of {of}", found=quantity,
                expected=f"at: {' or '.join(known) or of}",
            )  # fmt: skip
            return
        if measure.at is None:
            return
        if measure.at not in known:
            yield fault(
                text, (*place, "at"), f"this is not the id of {of}", found=measure.at,
                expected=", ".join(known) or f"{of} in this file",
                remedy=near_names(measure.at, known),
            )  # fmt: skip
            return
        yield from _possible(text, held, measure.at, quantity, place)
        gone = sorted({measure.at} & counted)
    for name in gone:
        yield fault(
            text, (*place, field), "a variable may leave this out", found=name,
            remedy="Take it off the variable's count, or name another.",
        )  # fmt: skip


def _possible(
    text: YamlText, held: StationFile, at: str, quantity: str, place: Place
) -> Iterator[InputError]:
    """Whether this element has this quantity."""
    own = [each for each in held.facilities if each.at == at]
    orbiter = next((each for each in held.orbiters if each.id == at), None)
    problem = None
    if KINDS[quantity].group == "power" and not any(has_power(each) for each in own):
        problem = "it has neither sources nor loads"
    elif quantity in ("margin_w", "served_fraction") and not any(_draws(each) for each in own):
        problem = "it has no loads"
    elif orbiter is not None:
        family = orbiter.family
        three_body = family in THREE_BODY
        if quantity in THREE_BODY_ONLY and not three_body:
            problem = f"orbits of the family {family} have none"
        elif quantity in KEPT_ONLY and not three_body and family != "llo":
            problem = f"none is computed for the family {family}"
        elif KINDS[quantity].group == "way" and family not in FAMILIES:
            problem = f"no legs lead to orbits of the family {family}"
    if problem is not None:
        yield fault(text, (*place, "at"), f"{at} has no {quantity}: {problem}", found=at)


def _draws(facility: Facility) -> bool:
    return bool(facility.power)
