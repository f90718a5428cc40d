"""The report's part on the station: partners, phases, elements, facilities, light, power, links."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from perilune.report import charts, maps
from perilune.report.blocks import Block, Bullets, Heading, Section, Text
from perilune.report.build_up_section import build_up_blocks, launch_days
from perilune.report.maps import Spot
from perilune.report.risk_section import station_spots
from perilune.report.station_figures import StationFigures
from perilune.report.tables import (
    Row,
    Table,
    number_column,
    rows_at,
    text_column,
)
from perilune.report.typeset import day, number, words

_POLAR_DEG: Final = 60.0
_KILO: Final = 1e-3
_PERCENT: Final = 100.0


def station_section(
    figures: StationFigures, impacts: Sequence[Spot], now: Sequence[Block]
) -> Section:
    """All that the report says of the station.

    Args:
        figures: what was computed.
        impacts: possible impacts on the Moon, for the map of the pole.
        now: what the watch said of it.
    """
    held = figures.summary
    blocks: list[Block] = []
    if held["about"]:
        blocks.append(Text((held["about"],)))
    blocks += [Heading("partners", "Partners"), _partners(figures)]
    blocks += [Heading("phases", "Phases"), _phases(figures)]
    if held["phases"]:
        launched = launch_days(figures.plan)
        blocks.append(charts.gantt(figures.station, figures.start_mjd_tdb, launched))
        blocks.append(charts.masses(held["phases"]))
    blocks += build_up_blocks(figures)
    blocks += [Heading("elements", "Sites and orbiters"), _sites(figures)]
    sites = station_spots(figures.station, "moon", named=True)
    for south in (True, False):
        there = [s for s in sites if (s.latitude_deg < 0.0) == south]
        there = [s for s in there if abs(s.latitude_deg) >= _POLAR_DEG]
        if there:
            blocks.append(maps.polar_map(there, impacts, south=south))
    blocks.append(_orbits(figures))
    if figures.paths:
        blocks.append(charts.orbits(figures.paths))
    if figures.missing:
        blocks.append(Text(figures.missing))
    blocks += [Heading("facilities", "Facilities by partner"), _facilities(figures)]
    blocks += [Heading("light-and-power", "Light and power"), _light(figures)]
    if figures.skies:
        blocks.append(charts.light(figures.skies))
    blocks.append(_power(figures))
    blocks += [Heading("links", "Links"), _links(figures)]
    if figures.links:
        blocks.append(charts.links(figures.links))
    blocks += [Heading("now", "At the watch's last cycle"), *now]
    blocks.append(Heading("assumptions", "Assumptions"))
    if held["assumptions"]:
        blocks.append(Text(("The station file names as assumptions, which nobody has published:",)))
        blocks.append(Bullets(tuple(("", each) for each in held["assumptions"])))
    else:
        blocks.append(Text(("The station file names no assumptions.",)))
    return Section("station", "The station", tuple(blocks))


def _partners(figures: StationFigures) -> Table:
    return Table(
        "partner-list",
        "Partners, and how many facilities each owns and operates",
        figures.sources["show"],
        (
            text_column("Partner", "name"),
            text_column("Id", "id"),
            text_column("Country", "country"),
            text_column("Since", "since", text=day),
            text_column("Owns", text=lambda row: str(len(row["owns"]))),
            text_column("Operates", text=lambda row: str(len(row["operates"]))),
        ),
        rows_at("/partners", figures.summary["partners"]),
        empty="The file names none.",
    )


def _phases(figures: StationFigures) -> Table:
    return Table(
        "phase-list",
        "Phases, with what is there by their ends",
        figures.sources["show"],
        (
            text_column("Phase", "name"),
            text_column("Id", "id"),
            text_column("From", "start", text=day),
            text_column("To", "stop", text=day),
            number_column("Facilities", "facilities", "d"),
            number_column("Mass, t", "mass_kg", ",.1f", _KILO),
            number_column("Drawn, kW", "power_w", ",.1f", _KILO),
            number_column("Sources, kW", "source_w", ",.1f", _KILO),
            number_column("Crew", "crew", "d"),
        ),
        rows_at("/phases", figures.summary["phases"]),
        empty="The file names none.",
    )


def _sites(figures: StationFigures) -> Table:
    return Table(
        "site-list",
        "Sites",
        figures.sources["show"],
        (
            text_column("Site", "name"),
            text_column("Id", "id"),
            text_column("On", "body", text=lambda body: str(body).capitalize()),
            number_column("Latitude °", "latitude_deg", "+.3f"),
            number_column("Longitude °E", "longitude_deg", ".3f"),
            number_column("Height, km", "height_km", ".2f"),
        ),
        rows_at("/sites", figures.summary["sites"]),
        empty="The file names none.",
        notes=("On the Moon: mean-Earth axes, heights over the sphere of 1737.4 km.",),
    )


def _orbits(figures: StationFigures) -> Table:
    return Table(
        "orbit-list",
        "Orbiters",
        figures.sources["orbits"],
        (
            text_column("Orbiter", "orbiter"),
            text_column("Family", "family"),
            number_column("Period, d", "period_d", ".3f"),
            number_column("Perilune, km", "perilune_km", ",.0f"),
            number_column("Apolune, km", "apolune_km", ",.0f"),
            number_column("Jacobi", "jacobi", ".6f"),
            number_column("Stability", "stability", ".3f"),
            number_column("Eclipse, h", "eclipse_max_h", ".2f"),
            number_column("Lifetime, d", "lifetime_d", ".0f"),
        ),
        rows_at("", figures.orbits),
        empty="The file names none.",
        notes=(
            "Perilune and apolune are distances from the Moon's centre. Eclipse: the longest over "
            "the span. Lifetime: until the ground if left alone; a dash where it outlives the "
            "span. Station-keeping takes minutes; the same command with --samples 20 gives it.",
        ),
    )


def _facilities(figures: StationFigures) -> Table:
    names = {each["id"]: each["name"] for each in figures.summary["partners"]}
    known = {each.id: each.name for each in figures.station.facilities}
    rows = [
        Row(row.at, dict(row.values) | {"name": known[row.values["id"]] or row.values["id"]})
        for row in rows_at("/facilities", figures.summary["facilities"])
    ]
    rows.sort(key=lambda row: [names.get(each, each) for each in row.values["owner"]])
    return Table(
        "facility-list",
        "Facilities, by their owners",
        figures.sources["show"],
        (
            text_column("Facility", text=lambda row: str(row["name"])),
            text_column("Owner", "owner"),
            text_column("Operator", "operator"),
            text_column("Kind", "kind"),
            text_column("At", "at"),
            text_column("Phase", "phase"),
            text_column("Needs", "needs"),
            number_column("t", "mass_kg", ",.1f", _KILO),
            number_column("kW drawn", "power_w", ",.1f", _KILO),
            number_column("kW made", "source_w", ",.1f", _KILO),
            number_column("Crew", "crew", "d"),
        ),
        tuple(rows),
        empty="The file names none.",
    )


def _light(figures: StationFigures) -> Table:
    return Table(
        "light-list",
        "Light and sky of the sites on the Moon over 18.6 years",
        figures.sources["light"],
        (
            text_column("Site", "site"),
            number_column("Sun, %", "sun_fraction", ".2f", _PERCENT),
            number_column("Longest night, h", "longest_night_h", ",.1f"),
            number_column("Sun up to °", "sun_elevation_max_deg", ".2f"),
            number_column("Earth up, %", "earth_fraction", ".2f", _PERCENT),
            number_column("Earth from °", "earth_elevation_min_deg", ".2f"),
            number_column("to °", "earth_elevation_max_deg", ".2f"),
            number_column("Sky, %", "sky_fraction", ".1f", _PERCENT),
            text_column("Horizon", "terrain"),
        ),
        rows_at("", figures.light),
        empty="The station has no site on the Moon.",
        notes=(
            "Sun: mean visible share of its disc. Sky: the share of the whole sky that comes over "
            "the horizon within a month. Without terrain the ground is a smooth sphere, which "
            "knows neither shadows of ridges nor the view from a peak.",
        ),
    )


def _power(figures: StationFigures) -> Table:
    shed = [
        f"{row['element']}: {each.facility} (priority {each.priority}) is off "
        f"{_PERCENT * each.off_fraction:.1f} % of the time."
        for row in figures.power
        for each in row["shed"]
    ]
    return Table(
        "power-list",
        "Power with all facilities there, over a year",
        figures.sources["power"],
        (
            text_column("Element", "element"),
            number_column("Sun, %", "sun_fraction", ".1f", _PERCENT),
            number_column("Worst night, h", "worst_night_h", ",.1f"),
            number_column("Made, kW", "supply_w", ",.2f", _KILO),
            number_column("Drawn, kW", "load_w", ",.2f", _KILO),
            number_column("Margin, kW", "margin_w", "+,.2f", _KILO),
            number_column("Stored, kWh", "storage_wh", ",.1f", _KILO),
            number_column("Needed, kWh", "storage_needed_wh", ",.1f", _KILO),
            number_column("Served, %", "served_fraction", ".2f", _PERCENT),
        ),
        rows_at("", figures.power),
        empty="Nothing there makes or draws power.",
        notes=(
            *shed,
            "Made: mean of all sources. Margin: what the loads may draw more so that none is ever "
            "shed. Needed: the store that would serve all loads at all times.",
        ),
    )


def _links(figures: StationFigures) -> Table:
    relays = next((row["via"] for row in figures.links if row["via"]), ())
    return Table(
        "link-list",
        "Links between the elements over four weeks",
        figures.sources["links"],
        (
            text_column("From", "a"),
            text_column("To", "b"),
            text_column("Way", text=lambda row: "or by relay" if row["via"] else "direct"),
            number_column("In sight, %", "visible_fraction", ".2f", _PERCENT),
            number_column("Passes", "passes", ",d"),
            number_column("Longest gap, h", "longest_gap_h", ",.1f"),
            number_column("Mbit/s", "data_rate_mbit_s", ",.3g"),
            number_column("Gbit/day", "data_volume_gbit_day", ",.4g"),
            number_column("back Gbit/day", "return_volume_gbit_day", ",.4g"),
        ),
        rows_at("", figures.links),
        empty="There are no two elements to link.",
        notes=(
            *((f"Relays: {words(relays)}.",) if relays else ()),
            "Rates are means over the time of sight, volumes over the whole span; a dash where no "
            "terminals fit.",
        ),
    )


def power_in_words(rows: Sequence[Mapping[str, Any]]) -> str:
    """Whether the loads are served, in a sentence."""
    if not rows:
        return "The file gives no sources and no loads."
    worst = min(rows, key=lambda row: row["served_fraction"])
    if worst["served_fraction"] >= 1.0:
        margins = [row for row in rows if row["margin_w"] is not None]
        if not margins:
            return "Nothing there draws power."
        least = min(margins, key=lambda row: row["margin_w"])
        return (
            "All loads are served at all times; the smallest margin is "
            f"{number(_KILO * least['margin_w'], ',.2f')} kW, at {least['element']}."
        )
    return (
        f"At {worst['element']} only {_PERCENT * worst['served_fraction']:.1f} % of the energy "
        "that its loads want can be served; the least important are switched off in the night."
    )


def light_in_words(rows: Sequence[Mapping[str, Any]]) -> str:
    """The light of the sites, in a sentence."""
    if not rows:
        return ""
    return " ".join(
        f"At {row['site']} {_PERCENT * row['sun_fraction']:.0f} % of the Sun's disc is seen on "
        f"average over 18.6 years, the longest night lasts {row['longest_night_h'] / 24.0:.1f} "
        f"days, and the Earth stands over the horizon {_PERCENT * row['earth_fraction']:.0f} % of "
        f"the time{_ground_in_words(row['terrain'])}."
        for row in rows
    )


def _ground_in_words(terrain: str) -> str:
    if terrain.startswith("sphere"):
        return (
            "; the file names no terrain there, so this is a smooth sphere: a ridge or peak sees "
            "more of the Sun, a hollow less"
        )
    return f" (horizon: {terrain})"
