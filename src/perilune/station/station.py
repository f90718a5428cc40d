"""The station file (YAML) and what it holds."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import Field, model_validator

from perilune.astrometry.sites import Observer
from perilune.errors import UnknownNameError
from perilune.station.build_up.vehicles import Consumable, Crew, Lander, Launcher, Route
from perilune.station.facilities import Facility
from perilune.station.parts import Id, Part
from perilune.station.paths import orbiter_path
from perilune.station.places import Site
from perilune.station.quantities import Moment, wrong
from perilune.station.spacecraft import Orbiter
from perilune.station.trade.section import Trade
from perilune.times import parse_epoch


class Partner(Part):
    """Whoever owns or operates a part of the station."""

    id: Id
    name: str
    country: str | None = None
    since: Moment | None = Field(None, description="The day on which it joined.")


class Phase(Part):
    """A span of the station's life."""

    id: Id
    name: str
    start: Moment
    stop: Moment | None = Field(None, description="Open where not given.")

    @model_validator(mode="after")
    def _forward(self) -> Phase:
        if self.stop is not None and parse_epoch(self.stop) <= parse_epoch(self.start):
            raise wrong(f"a stop after the start, {self.start}", "Swap them.")
        return self


class StationFile(Part):
    """What a station file may hold."""

    name: str
    about: str | None = Field(None, description="A sentence or two about it.")
    assumptions: tuple[str, ...] = Field((), description="What nobody has published.")
    partners: tuple[Partner, ...] = ()
    phases: tuple[Phase, ...] = ()
    sites: tuple[Site, ...] = ()
    orbiters: tuple[Orbiter, ...] = ()
    facilities: tuple[Facility, ...] = ()
    launchers: tuple[Launcher, ...] = ()
    landers: tuple[Lander, ...] = ()
    routes: tuple[Route, ...] = ()
    crews: tuple[Crew, ...] = ()
    consumables: tuple[Consumable, ...] = ()
    trade: Trade | None = None


class Station(StationFile):
    """A station, and the file that it comes from."""

    file: str

    @property
    def folder(self) -> Path:
        """The file's folder, from which other files' paths count."""
        return Path(self.file).parent

    def element(self, name: str) -> Site | Orbiter:
        """A site or an orbiter by its id.

        Raises:
            UnknownNameError: there is none of this id.
        """
        known = self._elements()
        if name not in known:
            near = get_close_matches(name, known, n=3, cutoff=0.5)
            raise UnknownNameError(
                f"element of {self.file}", name, near, f"It has: {', '.join(known) or 'none'}."
            )
        return known[name]

    def observer(self, name: str) -> Observer:
        """A site or an orbiter as an observer.

        Raises:
            UnknownNameError: there is none of this id.
            InputError: an orbiter's file or state cannot be used.
        """
        element = self.element(name)
        if isinstance(element, Site):
            return element.ground()
        return orbiter_path(element, self.folder)

    def observers(self) -> dict[str, Observer]:
        """All sites and orbiters by their id; errors as in `observer`."""
        return {name: self.observer(name) for name in self._elements()}

    def facilities_at(self, element: str) -> tuple[Facility, ...]:
        """The facilities of a site or an orbiter."""
        return tuple(each for each in self.facilities if each.at == element)

    def _elements(self) -> dict[str, Site | Orbiter]:
        return {site.id: site for site in self.sites} | {each.id: each for each in self.orbiters}


def parts_of(content: Any) -> dict[str, list[tuple[int, dict[str, Any]]]]:
    """The lists of the file with their places, as far as they are lists of mappings."""
    lists: Iterable[tuple[str, Any]] = content.items() if isinstance(content, dict) else ()
    return {
        str(name): [(k, each) for k, each in enumerate(entries) if isinstance(each, dict)]
        for name, entries in lists
        if isinstance(entries, list)
    }
