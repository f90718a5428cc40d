"""The axes of a search: each variable's values, as texts that stand in a station file."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from perilune.station.quantities import number_and_unit
from perilune.station.trade.section import Variable

Place: TypeAlias = tuple[int | str, ...]
# What one axis holds: the number of a choice, or the text of a value in a range.
Key: TypeAlias = int | str

_FINENESS: Final = 10_000  # values of a range differ by a so-manieth of it, or more
_MOST_STEPS: Final = 100_000


@dataclass(frozen=True, slots=True)
class Axis:
    """A variable as the search sees it.

    Attributes:
        variable: as the file has it.
        origin: where that stands in the file.
        place: of what it sets, in the file; () for a count.
        unit: of its numbers; "" where it has none.
        values: what may stand there, texts or fields; () for a range without steps.
        numbers: of the values; () where they are no numbers.
        low, high, decimals: of a range without steps.
        mass_kg: that one unit of it weighs.
        heavier: the facility that weighs it.
    """

    variable: Variable
    origin: Place
    place: Place
    unit: str
    values: tuple[Any, ...]
    numbers: tuple[float, ...]
    low: float = 0.0
    high: float = 0.0
    decimals: int = 0
    mass_kg: float = 0.0
    heavier: str = ""

    @property
    def is_discrete(self) -> bool:
        """Whether its values can be counted."""
        return bool(self.values)

    @property
    def is_fixed(self) -> bool:
        """Whether it has but one value."""
        return len(self.values) == 1

    def key(self, number: float) -> str:
        """A number of its range, as the text that stands in the file."""
        shown = f"{number:.{self.decimals}f}"
        return f"{shown} {self.unit}".rstrip()

    def value(self, key: Key) -> Any:
        """What stands in the file."""
        return self.values[key] if isinstance(key, int) else key

    def number(self, key: Key) -> float | None:
        """Its number, in its unit; None where its values are no numbers."""
        if isinstance(key, int):
            return self.numbers[key] if self.numbers else None
        found = number_and_unit(key)
        assert found is not None
        return found[0]

    def shown(self, key: Key) -> float | int | str:
        """The value for people: its number, else its name or text."""
        number = self.number(key)
        if number is None:
            return _name(self.value(key))
        return int(number) if self.variable.count else number


def find_place(content: Any, path: str) -> Place | None:
    """Where in the file's content a path leads; None where it leads nowhere.

    Parts of lists go by their ids. What is not there yet may follow a part that is.
    """
    node, rest = content, path
    steps: list[int | str] = []
    while rest:
        if isinstance(node, list):
            found = next(
                (
                    (k, own)
                    for k, own in enumerate(_ids(node))
                    if own and (rest == own or rest.startswith(f"{own}."))
                ),
                None,
            )
            if found is None:
                return None
            index, own = found
            steps.append(index)
            node, rest = node[index], rest[len(own) + 1 :]
        else:
            name, _, rest = rest.partition(".")
            steps.append(name)
            node = node.get(name) if isinstance(node, Mapping) else None
    return tuple(steps) if steps else None


def known_paths(content: Any, before: str = "") -> Iterator[str]:
    """All paths of what the file holds."""
    if isinstance(content, Mapping):
        for name, inner in content.items():
            if before or name != "trade":
                yield f"{before}{name}"
                yield from known_paths(inner, f"{before}{name}.")
    elif isinstance(content, list):
        for own, inner in zip(_ids(content), content, strict=True):
            if own:
                yield f"{before}{own}"
                yield from known_paths(inner, f"{before}{own}.")


def discrete(variable: Variable, origin: Place, place: Place, values: Sequence[Any]) -> Axis:
    """An axis of values that are given one by one."""
    split = [number_and_unit(each) for each in values]
    units = {None if each is None else each[1] for each in split}
    numbers: tuple[float, ...] = ()
    unit = ""
    if len(units) == 1 and None not in units:
        unit = str(next(iter(units)))
        numbers = tuple(each[0] for each in split if each is not None)
    return Axis(variable, origin, place, unit, tuple(values), numbers)


def ranged(
    variable: Variable,
    origin: Place,
    place: Place,
    bounds: tuple[float, float],
    unit: str,
    step: float | None,
) -> Axis | None:
    """An axis from one number to another; None where it would have too many steps."""
    assert variable.range is not None
    low, high = bounds
    if step is None:
        decimals = max(0, math.ceil(-math.log10((high - low) / _FINENESS)))
        return Axis(variable, origin, place, unit, (), (), low, high, decimals)
    count = math.floor((high - low) / step + 1e-9) + 1
    if count > _MOST_STEPS:
        return None
    decimals = max(_decimals(text) for text in (variable.range[0], variable.step or ""))
    texts = [f"{low + k * step:.{decimals}f} {unit}".rstrip() for k in range(count)]
    return discrete(variable, origin, place, texts)


def _decimals(text: str) -> int:
    found = number_and_unit(text)
    if found is None:
        return 0
    number = f"{found[0]:.12f}".rstrip("0")
    return len(number.partition(".")[2])


def _ids(parts: Sequence[Any]) -> list[str | None]:
    return [
        each["id"] if isinstance(each, Mapping) and isinstance(each.get("id"), str) else None
        for each in parts
    ]


def _name(value: Any) -> str:
    if isinstance(value, Mapping):
        named = value.get("name") or value.get("id")
        return str(named) if named else ", ".join(_name(each) for each in value.values())
    if isinstance(value, list):
        return " ".join(_name(each) for each in value)
    return str(value)
