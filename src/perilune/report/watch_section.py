"""What the watch's last cycle said of the station: light, links, who can see what, hazards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from perilune.report.blocks import Block, Text
from perilune.report.tables import (
    Row,
    Source,
    Table,
    number_column,
    other_column,
    rows_at,
    text_column,
)
from perilune.report.typeset import ABSENT, chance, minute, words
from perilune.report.watched import Watched
from perilune.station.links import EARTH
from perilune.station.station import Station

_MOST_SIGHTINGS: Final = 24
_MOST_HAZARDS: Final = 12


def watch_blocks(watched: Watched, station: Station, source: Source) -> tuple[Block, ...]:
    """Tables of the station's state, or what to run to have them."""
    found = watched.station
    if found is None:
        return (
            Text(
                (
                    "The watch's last cycle did not look at this station. A cycle with its file "
                    f"does, and then this report has it: perilune watch {station.file}",
                )
            ),
        )
    return (
        _light(found["light"], source),
        _links(found["links"], source),
        _sightings(found["sightings"], source),
        _hazards(found["hazards"], source),
    )


def _light(rows: Sequence[Mapping[str, Any]], source: Source) -> Table:
    return Table(
        "light-now",
        "Light then, and until when",
        source,
        (
            text_column("Element", "element"),
            number_column("Sun, %", "sun_fraction", ".0f", 100.0),
            number_column("Sun's altitude °", "sun_altitude_deg", "+.1f"),
            text_column("Changes, UTC", "sun_changes_utc", text=_minute),
            number_column("Earth's altitude °", "earth_altitude_deg", "+.1f"),
            text_column("Earth", "earth_is_up", text=_up),
            text_column("Changes, UTC", "earth_changes_utc", text=_minute),
        ),
        rows_at("/station/light", rows),
        empty="No site on the Moon and no orbiter.",
    )


def _links(rows: Sequence[Mapping[str, Any]], source: Source) -> Table:
    """Those to the Earth as a whole in the place of those to each of its stations."""
    held = rows_at("/station/links", rows)
    wholes = {row["a"] for row in rows if row["b"] == EARTH}
    inner = {row["a"] for row in rows} | {row["b"] for row in rows if row["b"] == EARTH}
    return Table(
        "links-now",
        "Links then, and until when",
        source,
        (
            text_column("From", "a"),
            text_column("To", "b"),
            text_column("Way", text=lambda row: "or by relay" if row["via"] else "direct"),
            text_column("State", "in_sight", text=lambda seen: "in sight" if seen else "hidden"),
            text_column("Changes, UTC", "changes_utc", text=_minute),
        ),
        tuple(row for row in held if row.values["a"] not in wholes or row.values["b"] in inner),
        empty="There are no two elements to link.",
        notes=("Each station on the Earth by itself is left to the command.",) if wholes else (),
    )


def _sightings(rows: Sequence[Mapping[str, Any]], source: Source) -> Table:
    held = sorted(
        rows_at("/station/sightings", rows),
        key=lambda row: (not row.values["is_visible"], row.values["from_utc"] is None),
    )
    notes = []
    if len(held) > _MOST_SIGHTINGS:
        notes.append(f"{len(held) - _MOST_SIGHTINGS} further rows are left to the command.")
    planned = dict.fromkeys(
        f"Not there yet: {row['telescope']} at {row['element']}, from {row['planned_from']}."
        for row in rows
        if row["planned_from"]
    )
    return Table(
        "sightings",
        "Who of the station's telescopes can see what within a day",
        source,
        (
            text_column("Object", "object"),
            text_column("Telescope", "telescope"),
            text_column("At", "element"),
            number_column("V", "v_mag", ".1f"),
            number_column("Limit", "limit_mag", ".1f"),
            number_column("Altitude °", "altitude_deg", "+.0f"),
            number_column("From Sun °", "elongation_deg", ".0f"),
            text_column("From, UTC", "from_utc", text=_minute),
            text_column("To, UTC", "to_utc", text=_minute),
            text_column("If not now, why", "reason"),
        ),
        tuple(held[:_MOST_SIGHTINGS]),
        empty="The station has no telescope, or there is nothing to look at.",
        notes=(*planned, *notes),
    )


def _hazards(rows: Sequence[Mapping[str, Any]], source: Source) -> Table:
    held: tuple[Row, ...] = rows_at("/station/hazards", rows)
    return Table(
        "hazards",
        "Possible impacts and the nearest of the station's sites, the likeliest first",
        source,
        (
            text_column("Object", "object"),
            text_column("On", "body", text=lambda body: str(body).capitalize()),
            text_column("UTC", "epoch_utc", text=minute),
            other_column("Chance", "impact_probability", text=chance),
            number_column("Mt TNT", "energy_mt", ".3g"),
            text_column("Nearest site", "site"),
            number_column("Distance, km", "distance_km", ",.0f"),
        ),
        held[:_MOST_HAZARDS],
        empty="None.",
        notes=(
            "Distances count along the ground from the impact's mean place; ejecta and blast are "
            "left out.",
        ),
    )


def _minute(text: str | None) -> str:
    return ABSENT if text is None else minute(text)


def _up(is_up: bool | None) -> str:
    return words(None) if is_up is None else "up" if is_up else "down"
