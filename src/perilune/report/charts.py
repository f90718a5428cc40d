"""Charts: chances with their intervals, phases and facilities, light, links, orbits."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from perilune.constants import JULIAN_YEAR_D, MOON_RADIUS_KM
from perilune.impact import RiskAssessment
from perilune.report.pictures import (
    BODY_COLOUR,
    LIGHT,
    SERIES,
    WIDTH_IN,
    Picture,
    drawing,
    svg_of,
)
from perilune.report.typeset import ten_to
from perilune.station.light import Sky
from perilune.station.station import Station
from perilune.times import format_utc, parse_epoch

Array = NDArray[np.float64]

_LEAST_SHOWN: Final = 1e-10
_NAMES: Final = {"earth": "Earth", "moon": "Moon"}
_ROW_IN: Final = 0.21
_LUNAR_DAY_D: Final = 29.53  # each has one round of the Sun


@dataclass(frozen=True, slots=True)
class Path:
    """An orbiter's path: its name, and positions (N, 3) from the Moon, mean-Earth axes, km."""

    name: str
    position_km: Array


def chances(every: Sequence[RiskAssessment], most: int) -> Picture:
    """Impact probabilities with their 95 % intervals on a logarithmic scale; so many at most."""
    risks = every[:most]
    which = "" if len(risks) == len(every) else f", the {most} highest of {len(every)}"
    with drawing(WIDTH_IN, 0.8 + _ROW_IN * len(risks)) as figure:
        axes = figure.subplots()
        axes.set_xscale("log")
        for row, risk in enumerate(risks):
            colour = BODY_COLOUR[risk.body]
            low = max(risk.probability_low, _LEAST_SHOWN)
            if risk.impact_probability > 0.0:
                axes.plot([low, risk.probability_high], [row, row], color=colour, linewidth=3.0)
                axes.plot(risk.impact_probability, row, "o", color=colour, markersize=5.0)
            else:
                axes.plot(risk.probability_high, row, "<", color=colour, markersize=4.5, alpha=0.7)
        axes.set_yticks(
            range(len(risks)), [f"{risk.object}, {_NAMES[risk.body]}" for risk in risks]
        )
        axes.set_xlim(_LEAST_SHOWN, 1.5)
        axes.set_ylim(len(risks) - 0.4, -0.6)
        powers = range(round(math.log10(_LEAST_SHOWN)), 1, 2)
        axes.set_xticks([10.0**each for each in powers], [ten_to(each) for each in powers])
        axes.minorticks_off()
        axes.set_xlabel("chance of an impact")
        axes.grid(axis="x")
        axes.tick_params(axis="y", length=0.0)
        svg = svg_of(figure)
    top = risks[0]
    return Picture(
        "chances",
        f"Chances of an impact with their 95 % intervals{which}: a dot where impacts were found, "
        "an arrowhead at the upper bound where none was. Blue: the Earth; orange: the Moon.",
        f"Chart of {len(risks)} impact probabilities; the highest is that of {top.object} for the "
        f"{_NAMES[top.body]}, {top.impact_probability:.2g}.",
        svg,
    )


def gantt(station: Station, start_mjd_tdb: float, launched: Mapping[str, str]) -> Picture:
    """Phases as bands, and each facility from when it is there, coloured by its first owner.

    Args:
        station: with phases.
        start_mjd_tdb: the report's date, marked by a line.
        launched: the days of launch, by facility, where they are planned.
    """
    first = min(_year(phase.start) for phase in station.phases)
    ends = [_year(phase.stop) for phase in station.phases if phase.stop is not None]
    last = max([*ends, *(_year(phase.start) + 5.0 for phase in station.phases)])
    starts = {phase.id: phase.start for phase in station.phases}
    begins = {
        each.id: _year(launched.get(each.id) or starts[each.phase])
        for each in station.facilities
        if each.phase is not None
    }
    dated = [each for each in station.facilities if each.id in begins]
    dated.sort(key=lambda each: begins[each.id])
    owners = list(dict.fromkeys(owner for each in dated for owner in each.owner[:1]))
    colours = {owner: SERIES[k % len(SERIES)] for k, owner in enumerate(owners)}
    rows = len(station.phases) + len(dated)
    with drawing(WIDTH_IN, 0.9 + _ROW_IN * rows) as figure:
        axes = figure.subplots()
        for row, phase in enumerate(station.phases):
            begin = _year(phase.start)
            end = last if phase.stop is None else _year(phase.stop)
            axes.barh(row, end - begin, left=begin, height=0.62, color=LIGHT["ink"], alpha=0.75)
        for row, each in enumerate(dated, len(station.phases)):
            begin = begins[each.id]
            colour = colours.get(each.owner[0] if each.owner else "", LIGHT["muted"])
            axes.barh(row, last - begin, left=begin, height=0.62, color=colour, alpha=0.8)
        labels = [phase.name for phase in station.phases]
        labels += [each.name or each.id for each in dated]
        axes.set_yticks(range(rows), labels)
        axes.set_ylim(rows - 0.4, -0.6)
        axes.set_xlim(first, last)
        axes.axvline(_year_of(start_mjd_tdb), color=LIGHT["ink"], linewidth=0.8, linestyle=":")
        axes.grid(axis="x")
        axes.set_axisbelow(True)
        axes.tick_params(axis="y", length=0.0)
        for owner in owners:
            axes.barh(0, 0, color=colours[owner], label=owner)
        if owners:
            axes.legend(loc="upper center", bbox_to_anchor=(0.4, -0.06), ncols=6)
        svg = svg_of(figure)
    return Picture(
        "gantt",
        "Phases (dark) and facilities, coloured by the first owner named, from their "
        + ("planned launch" if launched else "phase")
        + " on. The dotted line is the date of this report.",
        "Gantt chart: "
        + "; ".join(f"{p.name} {p.start[:4]} to {(p.stop or 'open')[:4]}" for p in station.phases),
        svg,
    )


def masses(phases: Sequence[Mapping[str, Any]]) -> Picture:
    """What stands and flies by the end of each phase: mass and power."""
    with drawing(WIDTH_IN, 2.1) as figure:
        mass, power = figure.subplots(1, 2)
        places = np.arange(len(phases))
        names = [str(phase["id"]) for phase in phases]
        bars = mass.bar(places, [1e-3 * phase["mass_kg"] for phase in phases], color=SERIES[0])
        mass.bar_label(bars, fmt="%.1f", fontsize=7, padding=1)
        mass.set_ylabel("mass, t")
        power.bar(
            places - 0.2, [1e-3 * p["source_w"] for p in phases], 0.4, color=SERIES[2], label="made"
        )
        power.bar(
            places + 0.2, [1e-3 * p["power_w"] for p in phases], 0.4, color=SERIES[1], label="drawn"
        )
        power.set_ylabel("power, kW")
        power.legend(loc="upper left")
        mass.margins(y=0.18)
        power.margins(y=0.3)
        for axes in (mass, power):
            axes.set_xticks(places, names, rotation=30, ha="right", fontsize=6.5)
            axes.grid(axis="y")
            axes.set_axisbelow(True)
        svg = svg_of(figure)
    return Picture(
        "masses",
        "Mass, and power of sources (when new and in full sunlight) and loads, by the end of each "
        "phase, as far as the file gives them.",
        "Bars of mass and power by phase: "
        + "; ".join(f"{p['name']} {1e-3 * p['mass_kg']:.1f} t" for p in phases),
        svg,
    )


def light(skies: Sequence[Sky]) -> Picture:
    """The Sun's disc by months, and how high the Earth stands, at the station's sites."""
    with drawing(WIDTH_IN, 3.2) as figure:
        sun, earth = figure.subplots(2, 1, sharex=True)
        for k, sky in enumerate(skies):
            size = max(1, round(_LUNAR_DAY_D / sky.step_d))
            count = max(1, len(sky.sun) // size)
            days = sky.first_mjd_tdb + (np.arange(count) + 0.5) * size * sky.step_d
            years = _years(np.asarray(days))
            mean = sky.sun[: count * size, 0].reshape(count, -1).mean(axis=1)
            colour = SERIES[k % len(SERIES)]
            sun.plot(years, 100.0 * mean, color=colour, linewidth=0.9, label=sky.site)
            altitude = np.degrees(sky.earth[: count * size, 1]).reshape(count, -1)
            low, high = altitude.min(axis=1), altitude.max(axis=1)
            earth.fill_between(
                _years(np.asarray(days)), low, high, color=colour, alpha=0.45, linewidth=0.0
            )
        sun.set_ylabel("Sun's disc seen, %")
        sun.set_ylim(-3.0, 103.0)
        earth.set_ylabel("Earth's altitude, °")
        earth.axhline(0.0, color=LIGHT["muted"], linewidth=0.6)
        earth.set_xlabel("year")
        earth.locator_params(axis="x", integer=True)
        for axes in (sun, earth):
            axes.grid()
        if len(skies) > 1:
            sun.legend(loc="upper right", ncols=4)
        svg = svg_of(figure)
    return Picture(
        "light",
        "Light at the station's sites on the Moon: the share of the Sun's disc that is seen, by "
        "lunar days, and between which altitudes over the level the Earth's centre goes in each.",
        "Curves of light: "
        + "; ".join(f"{s.site} sees {100.0 * s.sun_fraction:.0f} % of the Sun" for s in skies),
        svg,
    )


def links(rows: Sequence[Mapping[str, Any]]) -> Picture:
    """How much of the time each link is there."""
    with drawing(WIDTH_IN, 0.6 + 0.17 * len(rows)) as figure:
        axes = figure.subplots()
        names = [_link_name(row) for row in rows]
        colours = [SERIES[1] if row["via"] else SERIES[0] for row in rows]
        places = np.arange(len(rows))
        axes.barh(places, [100.0 * row["visible_fraction"] for row in rows], color=colours)
        axes.set_yticks(places, names, fontsize=7)
        axes.set_ylim(len(rows) - 0.4, -0.6)
        axes.set_xlim(0.0, 100.0)
        axes.set_xlabel("% of the time in sight")
        axes.grid(axis="x")
        axes.set_axisbelow(True)
        axes.tick_params(axis="y", length=0.0)
        svg = svg_of(figure)
    return Picture(
        "links",
        "How much of the time two elements see each other, directly (blue) or over a relay as well "
        "(orange).",
        f"Bars of {len(rows)} links: "
        + "; ".join(f"{_link_name(r)} {100.0 * r['visible_fraction']:.0f} %" for r in rows[:8]),
        svg,
    )


def orbits(paths: Sequence[Path]) -> Picture:
    """The orbiters' paths from the Earth's side and from over the north pole."""
    with drawing(WIDTH_IN, 3.5) as figure:
        front, above = figure.subplots(1, 2)
        turn = np.linspace(0.0, 2.0 * np.pi, 181)
        for axes in (front, above):
            axes.fill(
                MOON_RADIUS_KM * np.cos(turn), MOON_RADIUS_KM * np.sin(turn), color=LIGHT["fill"],
                zorder=1,
            )  # fmt: skip
            axes.set_aspect("equal", adjustable="datalim")
            axes.grid()
            axes.set_axisbelow(True)
            axes.tick_params(labelsize=6.5)
        for k, path in enumerate(paths):
            x, y, z = path.position_km.T
            front.plot(y, z, color=SERIES[k % len(SERIES)], label=path.name)
            above.plot(y, -x, color=SERIES[k % len(SERIES)])
        front.set_title("from the Earth, north up", fontsize=7.5, color=LIGHT["muted"])
        above.set_title("from over the north pole, the Earth below", fontsize=7.5,
                        color=LIGHT["muted"])  # fmt: skip
        front.set_xlabel("km, east")
        above.set_xlabel("km, east")
        figure.legend(loc="outside lower center", ncols=4)
        svg = svg_of(figure)
    return Picture(
        "orbits",
        "One revolution of each orbiter from its epoch, in the Moon's mean-Earth axes as they "
        "stand then. The disc is the Moon.",
        "Paths about the Moon of " + ", ".join(path.name for path in paths),
        svg,
    )


def _link_name(row: Mapping[str, Any]) -> str:
    return f"{row['a']} – {row['b']}{' or by relay' if row['via'] else ''}"


def _year(text: str) -> float:
    return _year_of(parse_epoch(text))


def _year_of(epoch_mjd_tdb: float) -> float:
    return float(_years(np.array([epoch_mjd_tdb]))[0])


def _years(epoch_mjd_tdb: Array) -> Array:
    first = int(format_utc(float(epoch_mjd_tdb[0]), 0)[:4])
    return np.asarray(first + (epoch_mjd_tdb - parse_epoch(f"{first}-01-01")) / JULIAN_YEAR_D)
