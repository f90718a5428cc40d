"""What is computed of a station for its report: the rows of the commands, and orbiters' paths."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from perilune.contract.envelope import inputs_sha256, plain
from perilune.contract.station import light_row, link_row, power_row, summary
from perilune.contract.station_plan import plan_rows
from perilune.contract.steps import step_days
from perilune.dynamics import Progress
from perilune.ephemeris import planets
from perilune.errors import PeriluneError
from perilune.frames.moon import MOON_ME, moon_orientation
from perilune.report.charts import Path
from perilune.report.tables import Source
from perilune.station.build_up.plan import plan_build_up
from perilune.station.light import Sky, site_sky
from perilune.station.links import station_links
from perilune.station.orbits.report import orbiter_report
from perilune.station.power import station_power
from perilune.station.sky_track import sky_track
from perilune.station.station import Station
from perilune.station.surroundings import site_horizon
from perilune.times import format_utc, parse_epoch

Rows = tuple[Mapping[str, Any], ...]
Inputs = Callable[[str, Station], dict[str, Any]]

LIGHT_YEARS: Final = 18.6  # a turn of the Moon's nodes
POWER_D: Final = 365.0
LINKS_D: Final = 28.0
LIGHT_STEP: Final = "1h"
POWER_STEP: Final = "10m"
LINKS_STEP: Final = "5m"
ORBIT_DAYS: Final = 180.0
_POINTS: Final = 721
PLAN_S: Final = 30.0
_SHARES: Final = {"light": 0.1, "power": 0.15, "links": 0.15, "orbits": 0.4, "plan": 0.2}


@dataclass(frozen=True, slots=True)
class StationFigures:
    """All rows of a station, and where each comes from.

    Attributes:
        station: the station.
        start_mjd_tdb: from when light, power and links were looked at.
        summary, light, power, links, orbits: `data` of the commands, and what prints them.
        skies: what the sites on the Moon see.
        plan: `data` of the launch manifest; None where there are no launchers, or no manifest.
        paths: a revolution of each orbiter whose path is known at its epoch.
        missing: what could not be computed, and why.
    """

    station: Station
    start_mjd_tdb: float
    summary: Mapping[str, Any]
    light: Rows
    power: Rows
    links: Rows
    orbits: Rows
    plan: Mapping[str, Any] | None
    sources: Mapping[str, Source]
    skies: tuple[Sky, ...]
    paths: tuple[Path, ...]
    missing: tuple[str, ...]


def station_figures(
    station: Station, start_mjd_tdb: float, inputs: Inputs, progress: Progress
) -> StationFigures:
    """Compute what the report says of a station.

    Args:
        station: the station.
        start_mjd_tdb: midnight UTC, from which light, power and links are looked at.
        inputs: what the commands take as their results' inputs, by verb.
        progress: told the part done and what is being done.

    Raises:
        InputError: a file that the station names cannot be used.
        OutOfRangeError: a span leaves the ephemeris.
    """
    told = _told(progress)
    missing: list[str] = []
    start = format_utc(start_mjd_tdb, 0)[:10]
    first = parse_epoch(start)
    spans = {
        "light": _last(first, LIGHT_YEARS * 365.25),
        "power": _last(first, POWER_D),
        "links": _last(first, LINKS_D),
    }
    steps = {"light": LIGHT_STEP, "power": POWER_STEP, "links": LINKS_STEP}
    sources = {"show": _source(station, "show", "", inputs, {})}
    for verb, stop in spans.items():
        options = f" --start {start} --stop {stop} --step {steps[verb]}"
        extra: dict[str, Any] = {"span": [first, parse_epoch(stop), step_days(steps[verb])]}
        if verb == "power":
            extra["phase"] = None
        sources[verb] = _source(station, verb, options, inputs, extra)
    extra = {"days": ORBIT_DAYS, "samples": 0, "seed": 1}
    sources["orbits"] = _source(
        station, "orbits", f" --days {ORBIT_DAYS:g} --samples 0", inputs, extra
    )

    told("light")(0.0, "light")
    skies = _skies(station, first, parse_epoch(spans["light"]))
    told("power")(0.0, "power")
    power = station_power(station, first, parse_epoch(spans["power"]), step_d=step_days(POWER_STEP))
    links = station_links(
        station, first, parse_epoch(spans["links"]), step_d=step_days(LINKS_STEP),
        progress=told("links"),
    )  # fmt: skip
    orbits, paths = [], []
    for done, orbiter in enumerate(station.orbiters):
        told("orbits")(done / len(station.orbiters), f"orbit of {orbiter.id}")
        try:
            row = orbiter_report(orbiter, station.folder, days=ORBIT_DAYS, samples=0).as_dict()
        except PeriluneError as error:
            missing.append(f"The orbit of {orbiter.id} could not be computed: {error}")
            continue
        orbits.append(row)
        path = _path(station, orbiter.id, row["period_d"])
        if path is not None:
            paths.append(path)
    told("plan")(0.0, "launches")
    plan = None
    if station.launchers:
        try:
            found = plan_build_up(station, time_limit_s=PLAN_S, progress=told("plan"))
        except PeriluneError as error:
            missing.append(f"There is no launch manifest: {error}")
        else:
            plan = plain(plan_rows(found))
            # The time limit is an input only where it was met.
            limit = None if found.is_optimal else PLAN_S
            extra = {"until": None, "slot": 3, "time_limit": limit}
            sources["plan"] = _source(station, "plan", f" --time-limit {PLAN_S:g}", inputs, extra)
    return StationFigures(
        station=station,
        start_mjd_tdb=first,
        summary=summary(station),
        light=tuple(light_row(sky) for sky in skies),
        power=tuple(power_row(each) for each in power),
        links=tuple(link_row(each) for each in links),
        orbits=tuple(orbits),
        plan=plan,
        sources=sources,
        skies=tuple(skies),
        paths=tuple(paths),
        missing=tuple(missing),
    )


def _told(progress: Progress) -> Callable[[str], Progress]:
    """Progress of one of the parts."""
    begins: dict[str, float] = {}
    total = 0.0
    for verb, share in _SHARES.items():
        begins[verb] = total
        total += share

    def of(verb: str) -> Progress:
        return lambda part, label: progress(begins[verb] + part * _SHARES[verb], label)

    return of


def _source(
    station: Station, verb: str, options: str, inputs: Inputs, extra: dict[str, Any]
) -> Source:
    return Source(
        f"perilune station {verb} {shlex.quote(station.file)}{options} --json",
        inputs_sha256(inputs(verb, station) | extra),
    )


def _last(first_mjd_tdb: float, days: float) -> str:
    return format_utc(first_mjd_tdb + days, 0)[:10]


def _skies(station: Station, first: float, last: float) -> list[Sky]:
    sites = [site for site in station.sites if site.body == "moon"]
    if not sites:
        return []
    track = sky_track(first, last)
    return [
        site_sky(
            site.ground(),
            site.mast,
            site_horizon(site, station.folder),
            first,
            last,
            step_d=step_days(LIGHT_STEP),
            track=track,
        )
        for site in sites
    ]


def _path(station: Station, name: str, period_d: float | None) -> Path | None:
    """A revolution from an orbiter's epoch; None where it has none."""
    orbiter = next(each for each in station.orbiters if each.id == name)
    epoch_text = getattr(getattr(orbiter, orbiter.family), "epoch", None)
    if epoch_text is None or period_d is None:
        return None
    epoch = parse_epoch(epoch_text)
    epochs = epoch + np.linspace(0.0, period_d, _POINTS)
    try:
        away_km = station.observer(name).state(epochs)[0] - planets().state("moon", epochs)[0]
    except PeriluneError:
        return None
    return Path(orbiter.name or name, moon_orientation(epoch, MOON_ME).to_fixed(away_km))
