"""The station file (YAML) and what it holds: sites and orbiters."""

from __future__ import annotations

import math
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError, model_validator

from perilune.astrometry.sites import Observer
from perilune.astrometry.sites import Site as GroundSite
from perilune.errors import InputError, UnknownNameError
from perilune.frames.geodetic import itrs_from_geodetic
from perilune.frames.selenographic import fixed_from_selenographic
from perilune.station.orbiters import oem_orbiter, propagated_orbiter, spk_orbiter
from perilune.station.quantities import AngleRad, LengthKm, PositionKm, VelocityKmS
from perilune.times import parse_epoch

_Id: TypeAlias = Annotated[str, BeforeValidator(lambda value: _identifier(value))]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Site(_Part):
    """A place on the ground: WGS84 on the Earth; mean-Earth axes, 1737.4 km sphere on the Moon."""

    id: _Id
    body: Literal["earth", "moon"]
    longitude: AngleRad
    latitude: AngleRad
    height: LengthKm

    @model_validator(mode="after")
    def _on_the_sphere(self) -> Site:
        if abs(self.latitude) > math.pi / 2:
            raise ValueError("a latitude between -90 and 90 deg")
        return self

    def observer(self, _folder: Path) -> Observer:
        """The site as an observer."""
        to_fixed = itrs_from_geodetic if self.body == "earth" else fixed_from_selenographic
        fixed_km = to_fixed(self.longitude, self.latitude, self.height)
        return GroundSite(self.id, self.body, fixed_km)


class SpkSource(_Part):
    """An SPK file and the body's number in it."""

    file: str
    naif_id: int


class StateSource(_Part):
    """A state that Perilune's own engine carries on."""

    epoch: str
    center: Literal["earth", "moon", "sun"]
    frame: Literal["icrf", "ecliptic"]
    position: PositionKm
    velocity: VelocityKmS


class Orbiter(_Part):
    """A spacecraft: by a CCSDS OEM file, an SPK file or a state."""

    id: _Id
    oem: str | None = None
    spk: SpkSource | None = None
    state: StateSource | None = None

    @model_validator(mode="after")
    def _one_source(self) -> Orbiter:
        if sum(source is not None for source in (self.oem, self.spk, self.state)) != 1:
            raise ValueError("exactly one of oem, spk and state")
        return self

    def observer(self, folder: Path) -> Observer:
        """The orbiter as an observer.

        Args:
            folder: of the station file, from which the other files' paths count.

        Raises:
            InputError: its file or state cannot be used.
        """
        if self.oem is not None:
            return oem_orbiter(self.id, folder / self.oem)
        if self.spk is not None:
            return spk_orbiter(self.id, folder / self.spk.file, self.spk.naif_id)
        assert self.state is not None
        return propagated_orbiter(
            self.id,
            parse_epoch(self.state.epoch, "epoch"),
            self.state.center,
            self.state.frame,
            (*self.state.position, *self.state.velocity),
        )


class _File(_Part):
    name: str
    sites: tuple[Site, ...] = ()
    orbiters: tuple[Orbiter, ...] = ()


class Station(_File):
    """A station: its name, sites and orbiters, and the file that they come from."""

    file: str

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
        """A site or an orbiter as an observer; errors as in `element` and `Orbiter.observer`."""
        return self.element(name).observer(Path(self.file).parent)

    def observers(self) -> dict[str, Observer]:
        """All sites and orbiters by their id; errors as in `Orbiter.observer`."""
        return {name: self.observer(name) for name in self._elements()}

    def _elements(self) -> dict[str, Site | Orbiter]:
        return {site.id: site for site in self.sites} | {each.id: each for each in self.orbiters}


def read_station(path: Path | str) -> Station:
    """Read a station file.

    Raises:
        InputError: the file cannot be read or does not hold what it should; with its line.
    """
    file = str(path)
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            "the station file cannot be read",
            file=file,
            found=getattr(error, "strerror", None) or str(error),
            remedy="Check the path.",
        ) from None
    try:
        # Every scalar stays a text: YAML would make dates of epochs and numbers of ids.
        root = yaml.compose(text, Loader=yaml.BaseLoader)
        _check_keys(root, file)
        content = yaml.load(text, Loader=yaml.BaseLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else None
        raise InputError(
            "the file is not YAML", file=file, line=line, found=error.problem
        ) from None
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise InputError("the file is not YAML", file=file, found=str(error)[:80]) from None
    try:
        held = _File.model_validate(content)
    except ValidationError as error:
        faults = error.errors(include_url=False)
        # A misspelt field is missing as well: the misspelling says more.
        first = next((each for each in faults if each["type"] == "extra_forbidden"), faults[0])
        place = tuple(first["loc"])
        raise InputError(
            "a field of the station file is wrong",
            file=file,
            line=_line_of(root, place),
            field=".".join(str(step) for step in place) or "the file",
            found=_shown(first["input"]),
            expected=str(first["msg"]).removeprefix("Value error, "),
        ) from None
    ids = [*(site.id for site in held.sites), *(orbiter.id for orbiter in held.orbiters)]
    for name in ids:
        if ids.count(name) > 1:
            raise InputError("an id stands twice", file=file, field="id", found=name)
    return Station(name=held.name, sites=held.sites, orbiters=held.orbiters, file=file)


def _identifier(value: object) -> object:
    if not isinstance(value, str) or not value or ":" in value or value != value.strip():
        raise ValueError("a name, without colons and outer blanks")
    return value


def _check_keys(node: Any, file: str) -> None:
    """YAML takes the last of two equal keys; here that is an error."""
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if str(key.value) in seen:
                raise InputError(
                    "a key stands twice",
                    file=file,
                    line=key.start_mark.line + 1,
                    field=str(key.value),
                )
            seen.add(str(key.value))
            _check_keys(value, file)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            _check_keys(value, file)


def _line_of(root: Any, place: Sequence[int | str]) -> int:
    """The line, from 1, of the innermost node on the way to a place."""
    node, line = root, 1
    for step in place:
        inner = None
        if isinstance(node, yaml.MappingNode):
            inner = next((value for key, value in node.value if key.value == step), None)
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int):
            inner = node.value[step] if step < len(node.value) else None
        if inner is None:
            break
        node = inner
        line = node.start_mark.line + 1
    return line


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:80]}..."
