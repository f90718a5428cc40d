"""The report's part on risks: lists, impacts, what would decide them, maps, approaches, alerts."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

from perilune.catalogue import StoredAssessment
from perilune.impact import ImpactorRow
from perilune.impact.corridor import Corridor
from perilune.report import charts, maps
from perilune.report.blocks import Block, Bullets, Heading, Section, Text
from perilune.report.maps import Spot
from perilune.report.tables import (
    Row,
    Source,
    Table,
    number_column,
    other_column,
    rows_at,
    text_column,
)
from perilune.report.typeset import chance, day, interval, minute, odds, one_in, sigma
from perilune.report.watched import Watched
from perilune.station.station import Station
from perilune.times import format_utc
from perilune.watch.site_hazard import ground_km
from perilune.watch.wording import deciding

BODY_NAMES: Final = {"earth": "the Earth", "moon": "the Moon"}
_MOST_ROWS: Final = 40
_MOST_IMPACTS: Final = 30
_MOST_DECIDED: Final = 6
_MOST_CHARTED: Final = 10
_MAP_IMPACTS: Final = 60
_MOST_TROUBLES: Final = 4
_LONGEST_TROUBLE: Final = 160


def risk_section(
    watched: Watched,
    station: Station,
    source: Source,
    corridors: Mapping[str, Corridor | None],
) -> Section:
    """All that the watch found.

    Args:
        watched: what it found.
        station: whose sites stand on the maps.
        source: the command that prints the same.
        corridors: where the likeliest impactor of a body may come down.
    """
    blocks: list[Block] = [Text(_introduction(watched))]
    charted = [each for _, each in watched.open_of("earth") + watched.open_of("moon")]
    charted.sort(key=lambda e: (-e.risk.impact_probability, -e.risk.probability_high))
    if charted:
        blocks.append(charts.chances([each.risk for each in charted], _MOST_CHARTED))
    for body in ("earth", "moon"):
        blocks.append(Heading(f"risk-{body}", f"Risk list for {BODY_NAMES[body]}"))
        blocks.append(_risk_table(watched, body, source))
    blocks.append(Heading("impacts", "Virtual impactors"))
    blocks.append(_impact_table(watched, source))
    decided = _decided(watched)
    if decided:
        blocks += [Heading("deciding", "What would settle it"), Bullets(tuple(decided))]
    for body in ("earth", "moon"):
        blocks.append(Heading(f"where-{body}", f"Where on {BODY_NAMES[body]}"))
        impacts, sites = impact_spots(watched, body), station_spots(station, body)
        blocks.append(maps.impact_map(body, impacts, corridors.get(body), sites))
        near = site_distances(watched, station) if body == "moon" else []
        if near:
            blocks.append(Bullets(tuple(near)))
    blocks += [Heading("approaches", "Next close approaches"), _approach_table(watched, source)]
    blocks += [Heading("alerts", "Open alerts"), _alert_table(watched, source)]
    return Section("risk", "Risks", tuple(blocks))


def first_impact(impactors: Sequence[ImpactorRow]) -> str | None:
    """When the earliest could happen."""
    return min((each.epoch_utc for each in impactors), default=None)


def site_distances(watched: Watched, station: Station) -> list[tuple[str, str]]:
    """How far from each of the station's sites on the Moon the nearest possible impact lies."""
    found = []
    for site in station_spots(station, "moon", named=True):
        here = (math.radians(site.longitude_deg), math.radians(site.latitude_deg))
        near: list[tuple[float, StoredAssessment, ImpactorRow]] = []
        for _, stored in watched.open_of("moon"):
            for each in watched.to_come(stored):
                if each.longitude_deg is not None and each.latitude_deg is not None:
                    there = (math.radians(each.longitude_deg), math.radians(each.latitude_deg))
                    near.append((ground_km("moon", here, there), stored, each))
        if near:
            distance, stored, each = min(near, key=lambda one: one[0])
            found.append(
                (
                    site.name,
                    f"the nearest possible impact, {stored.risk.object} on "
                    f"{day(each.epoch_utc)} (chance {chance(each.impact_probability)}), has its "
                    f"mean place {distance:,.0f} km away.",
                )
            )
    return found


def station_spots(station: Station, body: str, *, named: bool = False) -> list[Spot]:
    """The station's sites on a body, by their ids or their names."""
    spots = []
    for site in station.sites:
        if site.body == body:
            longitude, latitude, _ = site.ground().coordinates()
            east = math.remainder(math.degrees(longitude), 360.0)
            label = (named and site.name) or site.id
            spots.append(Spot(label, east, math.degrees(latitude)))
    return spots


def _introduction(watched: Watched) -> tuple[str, ...]:
    """What was looked for, what is left out, and what went wrong."""
    over = [
        each
        for each in watched.assessments
        if each.risk.impact_probability > 0.0 and watched.is_over(each)
    ]
    said = [
        f"The watch's cycle {watched.cycle_id} counts from "
        f"{format_utc(watched.now_mjd_tdb, 0).replace('T', ' ')} UTC. It looked for impacts over "
        f"{watched.horizon_years:g} years and for approaches within {watched.within_au:g} au. The "
        "chance of an object is that of any impact until then; its interval holds the true value "
        "with 95 % if the orbit's published uncertainty is right. Where nothing was found there "
        "is an upper bound."
    ]
    if over:
        what = "; ".join(
            f"{each.risk.object}, {BODY_NAMES[each.risk.body]}, "
            f"{day(first_impact(each.risk.virtual_impactors))} "
            f"(chance {chance(each.risk.impact_probability)})"
            for each in over
        )
        whose = "its" if len(over) == 1 else "their"
        said.append(
            f"Left out of the lists, since all {whose} possible impacts lie in the past: {what}."
        )
    if watched.failures:
        said.append(_troubles(watched.failures))
    return tuple(said)


def _troubles(failures: Sequence[str]) -> str:
    """What went wrong, the first few by their first words: the watch itself says all of it."""
    shown = [textwrap.shorten(each, _LONGEST_TROUBLE, placeholder=" …") for each in failures]
    more = len(shown) - _MOST_TROUBLES
    rest = f" And {more} more." if more > 0 else ""
    return "What went wrong in that cycle: " + " ".join(shown[:_MOST_TROUBLES]) + rest


def _risk_table(watched: Watched, body: str, source: Source) -> Table:
    found = watched.open_of(body)
    shown = found[:_MOST_ROWS]
    notes = []
    if len(found) > len(shown):
        highest = max(each.risk.probability_high for _, each in found[_MOST_ROWS:])
        notes.append(
            f"{len(found) - len(shown)} further objects are less likely: each below "
            f"{chance(highest)}."
        )
    notes.append(
        "Palermo: hazard against the background of the years until then, powers of ten, all "
        "impacts together. Torino: 0 to 10, the highest of one impact."
    )
    return Table(
        f"risk-list-{body}",
        f"Risk for {BODY_NAMES[body]}, the likeliest first",
        source,
        (
            text_column("Object", "object"),
            other_column("Chance", "impact_probability", text=chance),
            other_column("95 % interval", "probability_low", "probability_high", text=interval),
            other_column("One in", "impact_probability", text=odds),
            number_column("Palermo", "palermo_cumulative", "+.2f"),
            number_column("Torino", "torino_max", "d"),
            text_column("First", text=lambda row: day(row["first"])),
            text_column("Method", text=_method),
            text_column("Orbit", "solution"),
        ),
        tuple(
            Row(
                f"/risk/{place}",
                asdict(each.risk) | {"first": first_impact(watched.to_come(each))},
            )
            for place, each in shown
        ),
        empty="No object has been assessed.",
        notes=tuple(notes),
    )


def _impact_table(watched: Watched, source: Source) -> Table:
    rows = []
    for body in ("earth", "moon"):
        for place, stored in watched.open_of(body):
            to_come = set(watched.to_come(stored))
            rows += [
                Row(
                    f"/risk/{place}/virtual_impactors/{index}",
                    asdict(each) | {"object": stored.risk.object, "body": body},
                )
                for index, each in enumerate(stored.risk.virtual_impactors)
                if each in to_come
            ]
    rows.sort(key=lambda row: -float(row.values["impact_probability"]))
    notes = []
    if len(rows) > _MOST_IMPACTS:
        notes.append(f"{len(rows) - _MOST_IMPACTS} less likely ones are left to the command.")
    notes.append(
        "A virtual impactor is a group of impacts that hang together. Place: the mean; on the "
        "Earth at 100 km altitude. σ: how far along the line of variations from the best orbit."
    )
    return Table(
        "virtual-impactors",
        "Possible impacts, the likeliest first",
        source,
        (
            text_column("Object", text=lambda row: str(row["object"])),
            text_column("On", text=lambda row: BODY_NAMES[row["body"]].removeprefix("the ")),
            text_column("UTC", "epoch_utc", text=minute),
            other_column("Chance", "impact_probability", text=chance),
            other_column("95 % interval", "probability_low", "probability_high", text=interval),
            number_column("σ", "sigma_lov", "+.2f"),
            number_column("km/s", "speed_km_s", ".2f"),
            number_column("Lon °E", "longitude_deg", ".1f"),
            number_column("Lat °", "latitude_deg", ".1f"),
            number_column("Mt TNT", "energy_mt", ".3g"),
            number_column("Torino", "torino", "d"),
        ),
        tuple(rows[:_MOST_IMPACTS]),
        empty="No impact was found.",
        notes=tuple(notes),
    )


def _decided(watched: Watched) -> list[tuple[str, str]]:
    likely = [
        each
        for body in ("earth", "moon")
        for _, each in watched.open_of(body)
        if watched.to_come(each)
    ]
    likely.sort(key=lambda each: -each.risk.impact_probability)
    return [
        (
            f"{each.risk.object}, {BODY_NAMES[each.risk.body]} "
            f"({one_in(each.risk.impact_probability)})",
            f"{deciding(watched.finding(each))} Method: {each.risk.method}, since "
            f"{each.risk.method_reason}.",
        )
        for each in likely[:_MOST_DECIDED]
    ]


def impact_spots(watched: Watched, body: str) -> list[Spot]:
    """The places of possible impacts on a body, the likeliest first; larger rings are likelier."""
    found = [
        (each.impact_probability, stored.risk.object, each)
        for _, stored in watched.open_of(body)
        for each in watched.to_come(stored)
        if each.longitude_deg is not None and each.latitude_deg is not None
    ]
    found.sort(key=lambda one: -one[0])
    return [
        Spot(
            f"{name}, {each.epoch_utc[:4]}",
            float(each.longitude_deg or 0.0),
            float(each.latitude_deg or 0.0),
            max(10.0, 90.0 + 14.0 * math.log10(max(chance_of, 1e-9))),
        )
        for chance_of, name, each in found[:_MAP_IMPACTS]
    ]


def _approach_table(watched: Watched, source: Source) -> Table:
    return Table(
        "next-approaches",
        f"Next approaches within {watched.within_au:g} au",
        source,
        (
            text_column("Object", "object"),
            text_column("To", "body", text=lambda body: str(body).capitalize()),
            text_column("TDB", "epoch_tdb", text=lambda text: text[:16].replace("T", " ")),
            other_column("± s", "epoch_sigma_s", text=sigma),
            number_column("Distance, km", "distance_km", ",.0f"),
            other_column("± km", "distance_sigma_km", text=sigma),
            number_column("km/s", "speed_km_s", ".2f"),
        ),
        rows_at("/approaches", watched.approaches),
        empty="No approach so near is coming.",
        notes=("Distances count from the body's centre; ± is one standard deviation.",),
    )


def _alert_table(watched: Watched, source: Source) -> Table:
    return Table(
        "open-alerts",
        "Alerts that hold",
        source,
        (
            number_column("No", "id", "d"),
            text_column("Raised", "raised_utc", text=day),
            text_column("Severity", "severity"),
            text_column("Release", "release"),
            text_column("Signers", "signers"),
            text_column("What", "title"),
        ),
        rows_at("/alerts", [asdict(each) for each in watched.alerts]),
        empty="No alert is open.",
    )


def _method(row: Mapping[str, Any]) -> str:
    samples = int(row["samples"])
    return f"{row['method']}, {samples:,} orbits" if samples else str(row["method"])
