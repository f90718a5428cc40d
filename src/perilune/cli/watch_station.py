"""What `perilune watch FILE` prints of the station: light, links, telescopes, hazard."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from perilune.cli.numbers import ABSENT, chance, kilometres, number
from perilune.cli.output import show_table
from perilune.station.links import EARTH

_ROWS_SHOWN = 12
_NAME = 16  # letters of a name that fit beside the rest

Row = Mapping[str, Any]


def show_station(found: Mapping[str, Any]) -> None:
    """Print the station's part of a cycle in tables of 80 columns."""
    print()
    _show_light(f"{found['name']}: light (UTC)", found["light"])
    print()
    _show_links(found["links"])
    print()
    _show_sightings(found["sightings"])
    print()
    _show_hazards(found["hazards"])


def _show_light(title: str, rows: Sequence[Row]) -> None:
    table = []
    for row in rows:
        earth = ABSENT
        if row["earth_is_up"] is not None:
            earth = f"{'up' if row['earth_is_up'] else 'down'} {row['earth_altitude_deg']:+.1f}"
        table.append(
            (
                number(100.0 * row["sun_fraction"], ".0f"),
                number(row["sun_altitude_deg"], "+.1f"),
                _minute(row["sun_changes_utc"]),
                earth,
                _minute(row["earth_changes_utc"]),
                row["element"],
            )
        )
    columns = (">Sun %", ">deg", "until", ">Earth deg", "until", "element")
    show_table(title, columns, table, empty="no sites on the Moon and no orbiters")


def _show_links(rows: Sequence[Row]) -> None:
    """Those to the Earth as a whole in the place of those to each of its stations."""
    wholes = {row["a"] for row in rows if row["b"] == EARTH}
    inner = {row["a"] for row in rows} | {row["b"] for row in rows if row["b"] == EARTH}
    table = [
        (
            "in sight" if row["in_sight"] else "hidden",
            _minute(row["changes_utc"]),
            f"{row['a']} - {row['b']}{' or by relay' if row['via'] else ''}",
        )
        for row in rows
        if row["a"] not in wholes or row["b"] in inner
    ]
    show_table("Links (UTC)", ("now", "until", "link"), table, empty="no two elements")


def _show_sightings(rows: Sequence[Row]) -> None:
    ordered = sorted(rows, key=lambda row: (not row["is_visible"], row["from_utc"] is None))
    table = [
        (
            row["object"][:_NAME],
            row["telescope"][:_NAME],
            f"{number(row['v_mag'], '.1f')}/{number(row['limit_mag'], '.1f')}",
            number(row["altitude_deg"], "+.0f"),
            number(row["elongation_deg"], ".0f"),
            _when(row),
        )
        for row in ordered[:_ROWS_SHOWN]
    ]
    columns = ("object", "telescope", ">V/limit", ">alt", ">Sun", "within a day")
    show_table("Who can see what", columns, table, empty="no telescopes, or nothing to look at")
    if len(rows) > _ROWS_SHOWN:
        print(f"{_ROWS_SHOWN} of {len(rows)}; all by --json.")
    planned = {
        f"{row['telescope']} at {row['element']}": row["planned_from"]
        for row in rows
        if row["planned_from"]
    }
    for name, start in planned.items():
        print(f"Not there yet: {name}, from {start}.")


def _when(row: Row) -> str:
    if row["from_utc"] is None:
        return str(row["reason"])
    start = "now" if row["is_visible"] else f"from {row['from_utc'][11:16]}"
    return f"{start} to {row['to_utc'][11:16]}"


def _show_hazards(rows: Sequence[Row]) -> None:
    table = [
        (
            row["object"],
            row["epoch_utc"][:10],
            chance(row["impact_probability"]),
            kilometres(row["distance_km"]),
            row["site"],
        )
        for row in rows[:_ROWS_SHOWN]
    ]
    columns = ("object", "impact", ">chance", ">km off", "nearest site")
    title = "Possible impacts on the station's ground, by chance"
    show_table(title, columns, table, empty="none")
    if len(rows) > _ROWS_SHOWN:
        print(f"{_ROWS_SHOWN} of {len(rows)}; all by --json.")


def _minute(text: str | None) -> str:
    """Month, day and minute, UTC: what is told lies within a year."""
    return ABSENT if text is None else text[5:16].replace("T", " ")
