"""`perilune station`: what the Moon, the Sun and the Earth make of a station file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from perilune.cli.envelope import print_envelope
from perilune.cli.numbers import number
from perilune.cli.options import Json, now_mjd_tdb
from perilune.cli.output import progress_bar, say, show_table
from perilune.cli.station_options import File, Parquet, Plot, station_inputs
from perilune.cli.station_plan import plan
from perilune.cli.station_trade import trade

if TYPE_CHECKING:
    from perilune.station.light import Sky

station = typer.Typer(
    no_args_is_help=True, help="Design a station: its parts, light, links and power."
)

station.command()(trade)

Start = Annotated[
    str | None, typer.Option(metavar="DATE", help="The span's start; today where not given.")
]


@station.command()
def show(file: File, json: Json = False) -> None:
    """Sum up a station file: partners, phases, elements, facilities, assumptions."""
    from perilune.cli.station_summary import print_summary
    from perilune.contract.station import SUMMARY_UNITS, summary
    from perilune.station.reading import read_station

    held = read_station(file)
    if json:
        print_envelope(summary(held), units=SUMMARY_UNITS, inputs=station_inputs("show", held))
    else:
        print_summary(held)


@station.command()
def light(
    file: File,
    start: Start = None,
    stop: Annotated[
        str | None, typer.Option(metavar="DATE", help="Its end; 18.6 years later if not given.")
    ] = None,
    step: Annotated[str, typer.Option(metavar="STEP", help="Between times.")] = "10m",
    plot: Plot = None,
    parquet: Parquet = None,
    json: Json = False,
) -> None:
    """Give the light, nights and Earth of the station's sites on the Moon."""
    from perilune.contract.station import LIGHT_UNITS, light_row
    from perilune.contract.steps import step_days
    from perilune.station.light import SAROS_D, site_sky
    from perilune.station.reading import read_station
    from perilune.station.sky_track import sky_track
    from perilune.station.surroundings import Surroundings

    held = read_station(file)
    first, last = _span(start, stop, SAROS_D)
    step_d = step_days(step)
    sites = [site for site in held.sites if site.body == "moon"]
    skies: list[Sky] = []
    around = Surroundings(held.folder)
    with progress_bar("Light") as progress:
        track = sky_track(first, last) if sites else None
        for done, site in enumerate(sites):
            progress(done / len(sites), site.id)
            horizon = around.horizon(site)
            sky = site_sky(
                site.ground(), site.mast, horizon, first, last, step_d=step_d, track=track
            )
            skies.append(sky)
    rows = [light_row(sky) for sky in skies]
    if plot is not None:
        from perilune.cli.station_plots import draw_light

        draw_light(plot, skies)
    inputs = {**station_inputs("light", held), "span": [first, last, step_d]}
    if _given(rows, LIGHT_UNITS, inputs, parquet, json):
        return
    table = [
        (
            row["site"],
            number(100.0 * row["sun_fraction"], ".2f"),
            number(row["longest_night_h"], ".1f"),
            number(100.0 * row["earth_fraction"], ".2f"),
            number(row["earth_elevation_min_deg"], ".2f"),
            number(row["earth_elevation_max_deg"], ".2f"),
            number(row["sun_elevation_max_deg"], ".2f"),
            row["terrain"],
        )
        for row in rows
    ]
    columns = (
        "site", ">Sun %", ">night h", ">Earth %", ">from deg", ">to deg", ">Sun to", "horizon",
    )  # fmt: skip
    show_table(f"Light at {held.name}", columns, table, empty="no sites on the Moon")


@station.command()
def orbits(
    file: File,
    days: Annotated[
        float, typer.Option(metavar="DAYS", min=1.0, help="How long to look, from their epochs.")
    ] = 365.25,
    samples: Annotated[
        int, typer.Option(metavar="N", min=0, help="Of station-keeping's Monte Carlo; 0 for none.")
    ] = 20,
    seed: Annotated[int, typer.Option(metavar="S", help="Of its random numbers.")] = 1,
    output: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Write each path as CCSDS OEM and as SPICE SPK."),
    ] = None,
    plot: Plot = None,
    parquet: Parquet = None,
    json: Json = False,
) -> None:
    """Give the orbits' shape, stability, eclipses, station-keeping and lifetime."""
    from perilune.contract.station import ORBIT_UNITS
    from perilune.station.orbits.report import orbiter_report
    from perilune.station.reading import read_station

    held = read_station(file)
    found = []
    with progress_bar("Orbits") as progress:
        for done, orbiter in enumerate(held.orbiters):

            def told(part: float, label: str, done: int = done, name: str = orbiter.id) -> None:
                progress((done + part) / len(held.orbiters), f"{name}: {label}")

            found.append(
                orbiter_report(
                    orbiter, held.folder, days=days, samples=samples, seed=seed, progress=told
                )
            )
    if plot is not None:
        from perilune.cli.station_plots import draw_orbits
        from perilune.station.orbits.track import orbit_track

        tracks = [
            orbit_track(orbiter, held.folder, row)
            for orbiter, row in zip(held.orbiters, found, strict=True)
        ]
        draw_orbits(plot, tracks)
    if output is not None:
        from perilune.station.orbits.export import write_orbits

        for name, naif_id, (oem, spk) in write_orbits(held.orbiters, held.folder, found, output):
            say(f"Wrote {name} to {oem} and, as body {naif_id}, to {spk}.")
    rows = [row.as_dict() for row in found]
    inputs = {**station_inputs("orbits", held), "days": days, "samples": samples, "seed": seed}
    if _given(rows, ORBIT_UNITS, inputs, parquet, json):
        return
    table = [
        (
            row["orbiter"],
            row["family"],
            number(row["period_d"], ".3f"),
            number(row["perilune_km"], ".0f"),
            number(row["apolune_km"], ".0f"),
            number(row["stability"], ".3f"),
            number(row["eclipse_max_h"], ".2f"),
            number(row["station_keeping_m_s_year"], ".2f"),
            number(row["lifetime_d"], ".0f"),
        )
        for row in rows
    ]
    columns = (
        "orbiter", "family", ">days", ">from km", ">to km", ">index", ">dark h", ">m/s/y",
        ">life d",
    )  # fmt: skip
    show_table(f"Orbits of {held.name}", columns, table, empty="no orbiters")


@station.command()
def links(
    file: File,
    start: Start = None,
    stop: Annotated[
        str | None, typer.Option(metavar="DATE", help="Its end; a year later if not given.")
    ] = None,
    step: Annotated[
        str, typer.Option(metavar="STEP", help="Between times; shorter passes may be missed.")
    ] = "1m",
    plot: Plot = None,
    parquet: Parquet = None,
    json: Json = False,
) -> None:
    """Give lines of sight, passes, gaps and data rates between all elements."""
    from perilune.contract.station import LINK_UNITS, link_row
    from perilune.contract.steps import step_days
    from perilune.station.links import station_links
    from perilune.station.reading import read_station

    held = read_station(file)
    first, last = _span(start, stop, 365.25)
    step_d = step_days(step)
    with progress_bar("Links") as progress:
        found = station_links(held, first, last, step_d=step_d, progress=progress)
    if plot is not None:
        from perilune.cli.station_plots import draw_links

        draw_links(plot, found)
    rows = [link_row(link) for link in found]
    inputs = {**station_inputs("links", held), "span": [first, last, step_d]}
    if _given(rows, LINK_UNITS, inputs, parquet, json):
        return
    table = [
        (
            number(100.0 * row["visible_fraction"], ".2f"),
            str(row["passes"]),
            number(row["longest_gap_h"], ".1f"),
            number(row["data_rate_mbit_s"], ".3g"),
            number(row["data_volume_gbit_day"], ".4g"),
            f"{row['a']} - {row['b']}{' or by relay' if row['via'] else ''}",
        )
        for row in rows
    ]
    columns = (">seen %", ">passes", ">gap h", ">Mbit/s", ">Gbit/d", "link")
    show_table(f"Links of {held.name}", columns, table, empty="no two elements")
    relays = next((link.via for link in found if link.via), ())
    if relays:
        print(f"\nRelays: {', '.join(relays)}.")


@station.command()
def coverage(
    file: File,
    start: Start = None,
    stop: Annotated[
        str | None, typer.Option(metavar="DATE", help="Its end; a month later if not given.")
    ] = None,
    south: Annotated[
        float, typer.Option(metavar="DEG", min=-90.0, max=90.0, help="The region's south end.")
    ] = -90.0,
    north: Annotated[
        float, typer.Option(metavar="DEG", min=-90.0, max=90.0, help="The region's north end.")
    ] = -80.0,
    mask: Annotated[
        float, typer.Option(metavar="DEG", min=-90.0, max=90.0, help="The lowest elevation.")
    ] = 5.0,
    step: Annotated[str, typer.Option(metavar="STEP", help="Between times.")] = "10m",
    parquet: Parquet = None,
    json: Json = False,
) -> None:
    """Give how the orbiters cover a band of latitudes on the Moon, and their ranging's GDOP."""
    import math

    from perilune.contract.station import COVERAGE_UNITS, coverage_row
    from perilune.contract.steps import step_days
    from perilune.station.coverage import station_coverage
    from perilune.station.reading import read_station

    held = read_station(file)
    first, last = _span(start, stop, 30.0)
    step_d = step_days(step)
    band = (math.radians(south), math.radians(north))
    found = station_coverage(
        held, first, last, band, elevation_mask_rad=math.radians(mask), step_d=step_d
    )
    row = coverage_row(found)
    inputs = {
        **station_inputs("coverage", held),
        "span": [first, last, step_d],
        "region": [*band, mask],
    }
    if parquet is not None:
        from perilune.cli.station_tables import write_parquet

        write_parquet(parquet, [row], units=COVERAGE_UNITS, inputs=inputs)
    if json:
        print_envelope(row, units=COVERAGE_UNITS, inputs=inputs)
        return
    table = [
        ("orbiters", ", ".join(row["orbiters"])),
        ("one or more in sight", f"{100.0 * row['seen_fraction']:.2f} %"),
        ("at the worst point", f"{100.0 * row['worst_fraction']:.2f} %"),
        ("four or more in sight", f"{100.0 * row['fourfold_fraction']:.2f} %"),
        ("median GDOP of four or more", number(row["gdop_median"], ".2f")),
    ]
    title = f"Cover from {south:g} to {north:g} deg, {mask:g} deg over the sphere or more"
    show_table(title, ("what", "how much"), table)


@station.command()
def power(
    file: File,
    start: Start = None,
    stop: Annotated[
        str | None, typer.Option(metavar="DATE", help="Its end; a year later if not given.")
    ] = None,
    phase: Annotated[
        str | None,
        typer.Option(metavar="ID", help="What is there by this phase; everything if not given."),
    ] = None,
    step: Annotated[str, typer.Option(metavar="STEP", help="Between times.")] = "5m",
    plot: Plot = None,
    parquet: Parquet = None,
    json: Json = False,
) -> None:
    """Balance sources, light, stores and loads of sites on the Moon and of orbiters."""
    from perilune.contract.station import POWER_UNITS, power_row
    from perilune.contract.steps import step_days
    from perilune.station.power import station_power
    from perilune.station.reading import read_station

    held = read_station(file)
    first, last = _span(start, stop, 365.25)
    step_d = step_days(step)
    balances = station_power(held, first, last, phase=phase, step_d=step_d)
    if plot is not None:
        from perilune.cli.station_plots import draw_power

        draw_power(plot, balances)
    rows = [power_row(each) for each in balances]
    inputs = {**station_inputs("power", held), "span": [first, last, step_d], "phase": phase}
    if _given(rows, POWER_UNITS, inputs, parquet, json):
        return
    table = [
        (
            row["element"],
            number(row["worst_night_h"], ".1f"),
            number(1e-3 * row["supply_w"], ".2f"),
            number(1e-3 * row["load_w"], ".2f"),
            number(None if row["margin_w"] is None else 1e-3 * row["margin_w"], "+.2f"),
            number(1e-3 * row["storage_wh"], ".4g"),
            number(1e-3 * row["storage_needed_wh"], ".4g"),
            number(100.0 * row["served_fraction"], ".2f"),
        )
        for row in rows
    ]
    columns = (
        "element", ">night h", ">made kW", ">used kW", ">margin kW", ">kWh", ">need kWh",
        ">served %",
    )  # fmt: skip
    show_table(f"Power of {held.name}", columns, table, empty="no sources and no loads")
    for row in rows:
        print(f"{row['element']}: its light is that of {row['terrain']}.")
    for row in rows:
        for each in row["shed"]:
            print(
                f"{row['element']}: {each.facility} (priority {each.priority}) is off "
                f"{100.0 * each.off_fraction:.1f} % of the time."
            )


station.command()(plan)


@station.command()
def schema() -> None:
    """Print the JSON Schema of station files, for editors."""
    import json as json_

    from perilune.station.schema import station_schema

    typer.echo(json_.dumps(station_schema(), indent=2, ensure_ascii=False))


def _given(
    rows: list[dict[str, Any]],
    units: dict[str, str],
    inputs: dict[str, Any],
    parquet: Path | None,
    json: bool,
) -> bool:
    """Write the rows where that was asked for; whether they were printed as JSON."""
    if parquet is not None:
        from perilune.cli.station_tables import write_parquet

        write_parquet(parquet, rows, units=units, inputs=inputs)
    if json:
        print_envelope(rows, units=units, inputs=inputs)
    return json


def _span(start: str | None, stop: str | None, default_d: float) -> tuple[float, float]:
    """The span, MJD TDB.

    Raises:
        InputError: it is empty, or a date is none.
    """
    from perilune.errors import InputError
    from perilune.times import parse_epoch

    first = float(int(now_mjd_tdb())) if start is None else parse_epoch(start, "--start")
    last = first + default_d if stop is None else parse_epoch(stop, "--stop")
    if last <= first:
        raise InputError(
            "the span ends before it starts",
            field="--stop",
            found=stop,
            expected=f"after {start or 'today'}",
        )
    return first, last
