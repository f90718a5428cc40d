"""Designs: a station file's content with each variable at one of its values."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from pydantic import ValidationError

from perilune.station.quantities import number_and_unit, units_per
from perilune.station.station import Station, StationFile
from perilune.station.terrain import Terrain
from perilune.station.terrain_files import read_terrain
from perilune.station.trade.axes import Axis, Key

Design: TypeAlias = tuple[Key, ...]


class Designer:
    """Makes stations of designs.

    Attributes:
        axes: the variables.
    """

    def __init__(self, file: str, content: Any, axes: Sequence[Axis]) -> None:
        """For a station file and its content (texts, as `YamlText` has them)."""
        self.file = file
        self.axes = tuple(axes)
        self._content = {name: part for name, part in content.items() if name != "trade"}
        self._terrains: dict[Path, Terrain] = {}
        moved = {axis.place[1] for axis in self.axes if _moves(axis)}
        levelled = {axis.place[1] for axis in self.axes if "height" in _fields(axis)}
        self._on_terrain = sorted(int(each) for each in moved - levelled)

    @property
    def folder(self) -> Path:
        """The file's own, from which other files' paths count."""
        return Path(self.file).parent

    def content(self, design: Design) -> dict[str, Any]:
        """What the station file of a design holds, without its trade.

        A site that moves over a map of heights stands on its ground.
        """
        content = copy.deepcopy(self._content)
        for axis, key in zip(self.axes, design, strict=True):
            put(content, axis, key)
        # Only now, since a variable may be the mass of what does not vary.
        for axis, key in zip(self.axes, design, strict=True):
            weigh(content, axis, key)
        for row in self._on_terrain:
            site = content["sites"][row]
            if site.get("terrain"):
                height_km = self._ground_km(site)
                if height_km is not None:
                    site["height"] = f"{1e3 * height_km:.1f} m"
        for axis, key in zip(self.axes, design, strict=True):
            if axis.variable.count:
                number = axis.number(key)
                assert number is not None
                leave_out(content, axis.variable.count[int(number) :])
        return content

    def station(self, design: Design) -> Station | None:
        """The station of a design; None where its values do not go together."""
        try:
            held = StationFile.model_validate(self.content(design))
        except ValidationError:
            return None
        return as_station(held, self.file)

    def terrain(self, path: Path) -> Terrain:
        """A map, read once.

        Raises:
            InputError, DataMissingError: as in `read_terrain`.
        """
        if path not in self._terrains:
            self._terrains[path] = read_terrain(path)
        return self._terrains[path]

    def _ground_km(self, site: dict[str, Any]) -> float | None:
        from perilune.frames.selenographic import fixed_from_selenographic

        angles = [number_and_unit(site.get(name)) for name in ("longitude", "latitude")]
        rad = [each[0] * (units_per(each[1], "rad") or 0.0) for each in angles if each is not None]
        if len(rad) != 2:
            return None
        place = fixed_from_selenographic(rad[0], rad[1], 0.0)
        height = self.terrain(self.folder / site["terrain"]).height_km(
            place / np.linalg.norm(place)
        )
        return height if np.isfinite(height) else None


def as_station(held: StationFile, file: str) -> Station:
    """The station of a file's valid content, without checking it again."""
    fields = {name: getattr(held, name) for name in StationFile.model_fields}
    return Station.model_construct(None, **fields, file=file)


def put(content: dict[str, Any], axis: Axis, key: Key) -> None:
    """Set one variable; a count is left to `leave_out`."""
    if axis.place:
        node: Any = content
        for step in axis.place[:-1]:
            node = node.setdefault(step, {}) if isinstance(node, dict) else node[step]
        last, value = axis.place[-1], axis.value(key)
        inner = node.get(last) if isinstance(node, dict) else node[last]
        if isinstance(value, dict) and isinstance(inner, dict):
            inner.update(copy.deepcopy(value))
        else:
            node[last] = copy.deepcopy(value)


def weigh(content: dict[str, Any], axis: Axis, key: Key) -> None:
    """Add what a variable weighs to its facility."""
    number = axis.number(key)
    if axis.heavier and number is not None:
        for facility in content.get("facilities", ()):
            if facility.get("id") == axis.heavier:
                own = number_and_unit(facility.get("mass")) or (0.0, "kg")
                own_kg = own[0] * (units_per(own[1], "kg") or 0.0)
                facility["mass"] = f"{own_kg + axis.mass_kg * number:.8g} kg"


def leave_out(content: dict[str, Any], ids: Sequence[str]) -> None:
    """Take sites, orbiters and facilities out, with the facilities that are there."""
    for name in ("sites", "orbiters"):
        if name in content:
            content[name] = [each for each in content[name] if each.get("id") not in ids]
    if "facilities" in content:
        content["facilities"] = [
            each
            for each in content["facilities"]
            if each.get("id") not in ids and each.get("at") not in ids
        ]


def _fields(axis: Axis) -> set[str]:
    """The fields that a variable sets, of a site or anything else."""
    if len(axis.place) > 2:
        return {str(axis.place[2])}
    return {name for value in axis.values if isinstance(value, dict) for name in value}


def _moves(axis: Axis) -> bool:
    return axis.place[:1] == ("sites",) and bool(_fields(axis) & {"longitude", "latitude"})
