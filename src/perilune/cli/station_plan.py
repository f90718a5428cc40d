"""`perilune station plan`: the launch manifest that builds a station up."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING, Annotated, Any

import typer

from perilune.cli.envelope import print_envelope
from perilune.cli.numbers import ABSENT, number
from perilune.cli.options import Json
from perilune.cli.output import progress_bar, show_table
from perilune.cli.station_options import File, Parquet, Plot, station_inputs

if TYPE_CHECKING:
    from perilune.station.build_up.plan import Plan


def plan(
    file: File,
    until: Annotated[
        str | None,
        typer.Option(
            metavar="DATE", help="The last day of launch; the end of the phases if not given."
        ),
    ] = None,
    slot: Annotated[
        int, typer.Option(metavar="MONTHS", min=1, max=120, help="Between days of launch.")
    ] = 3,
    time_limit: Annotated[
        float,
        typer.Option(
            metavar="SECONDS", min=1.0, help="Then give the best so far, and how good it is."
        ),
    ] = 120.0,
    plot: Plot = None,
    parquet: Parquet = None,
    json: Json = False,
) -> None:
    """Pack facilities and crews' supplies into launches: at least cost, then soonest."""
    from perilune.contract.station_plan import PLAN_UNITS, launch_rows, plan_rows
    from perilune.station.build_up.plan import plan_build_up
    from perilune.station.reading import read_station

    held = read_station(file)
    with progress_bar("Plan") as progress:
        found = plan_build_up(
            held, until=until, months=slot, time_limit_s=time_limit, progress=progress
        )
    rows = plan_rows(found)
    # The time limit is an input only where it was met: else the answer does not depend on it.
    limit = None if found.is_optimal else time_limit
    inputs = {**station_inputs("plan", held), "until": until, "slot": slot, "time_limit": limit}
    if plot is not None:
        from perilune.cli.station_plan_plots import draw_plan

        draw_plan(plot, found)
    if parquet is not None:
        from perilune.cli.station_tables import write_parquet

        units = {
            name.removeprefix("launches."): unit
            for name, unit in PLAN_UNITS.items()
            if name.startswith("launches.")
        }
        write_parquet(parquet, launch_rows(found), units=units, inputs=inputs)
    if json:
        print_envelope(rows, units=PLAN_UNITS, inputs=inputs)
    else:
        _print(found, rows)


def _print(found: Plan, rows: dict[str, Any]) -> None:
    money = rows["currency"]
    prices = (f">M{money}",) if money else ()
    show_table(
        f"Launches of {rows['station']}",
        ("date", "to", ">t", ">spare t", *prices, "launch"),
        [
            (
                each["date_utc"],
                each["destination"],
                number(1e-3 * each["mass_kg"], ".2f"),
                number(1e-3 * each["spare_kg"], ".2f"),
                *((number(each["cost_million"], ".1f"),) if money else ()),
                _launch_words(each),
            )
            for each in rows["launches"]
        ],
    )
    print()
    show_table(
        "Facilities",
        ("facility", ">t", "not before", "not after", "launched", "owner"),
        [
            (
                each["facility"],
                number(None if each["mass_kg"] is None else 1e-3 * each["mass_kg"], ".2f"),
                each["not_before_utc"] or ABSENT,
                each["not_after_utc"] or ABSENT,
                each["launched_utc"],
                ", ".join(each["owner"]),
            )
            for each in rows["facilities"]
        ],
    )
    print()
    show_table(
        "Phases",
        (">launches", ">t new", ">t there", ">supplies kg", *prices, ">crew", ">crew d", "phase"),
        [
            (
                str(each["launches"]),
                number(1e-3 * each["facilities_kg"], ".2f"),
                number(1e-3 * each["mass_kg"], ".2f"),
                number(each["supplies_kg"], ".0f"),
                *((number(each["cost_million"], ".1f"),) if money else ()),
                str(each["people"]),
                number(each["crew_days"], ".0f"),
                each["phase"] or ABSENT,
            )
            for each in rows["phases"]
        ],
    )
    _print_consumables(rows)
    print()
    show_table(
        "Mass by partner, over time",
        ("date", ">t new", ">t there", "phase", "partner"),
        [
            (
                each["date_utc"],
                number(1e-3 * each["added_kg"], ".2f"),
                number(1e-3 * each["mass_kg"], ".2f"),
                each["phase"] or ABSENT,
                each["partner"],
            )
            for each in rows["mass_over_time"]
        ],
    )
    print()
    show_table(
        "Partners",
        ("partner", ">launches", ">t launched", ">t owned", *prices),
        [
            (
                each.partner,
                number(each.launches, ".3g"),
                number(1e-3 * each.launched_kg, ".2f"),
                number(1e-3 * each.owned_kg, ".2f"),
                *((number(each.cost_million, ".1f"),) if money else ()),
            )
            for each in rows["partners"]
        ],
    )
    print()
    print("\n".join(_verdict(found)))


def _print_consumables(rows: dict[str, Any]) -> None:
    table = [
        (
            each["phase"] or ABSENT,
            number(use["used_kg"], ".0f"),
            number(use["recycled_kg"], ".0f"),
            number(use["packaging_kg"], ".0f"),
            number(use["resupply_kg"], ".0f"),
            use["consumable"],
        )
        for each in rows["phases"]
        if each["crew_days"] > 0.0
        for use in each["consumables"]
    ]
    if table:
        columns = ("phase", ">used kg", ">back kg", ">containers kg", ">to bring kg", "consumable")
        print()
        show_table("Consumables", columns, table)


def _launch_words(row: dict[str, Any]) -> str:
    words = row["launcher"] + (f" with {row['lander']}" if row["lander"] else "")
    loads = [each["facility"] for each in row["payloads"] if each["facility"]]
    loads += [
        f"{each['mass_kg']:.0f} kg for crews at {each['consumables_for']}"
        for each in row["payloads"]
        if each["consumables_for"]
    ]
    if row["people"]:
        loads.append(f"{row['people']} people")
    return f"{words}: {', '.join(loads)}" if loads else words


def _verdict(found: Plan) -> list[str]:
    """How good the plan is, in sentences."""
    count = len(found.launches)
    if found.cost_million is not None:
        head = f"{count} launches for {found.cost_million:,.1f} M{found.currency}"
    else:
        names = ", ".join(found.unpriced)
        head = f"{count} launches, the fewest, as these have no cost: {names}"
    lines = wrap(f"{head}.", 80)
    if found.is_optimal:
        lines.append("Proven best: first by this, then by the last date, then by all dates.")
    else:
        lines.append(
            f"The time was up: the best possible may be {100.0 * found.gap:.2g} % lower"
            + (", and dates may be earlier." if found.dates_gap else ".")
        )
    if found.demands.visits and not found.crews_carried:
        lines.append("No launcher or lander has seats: how crews travel is not planned.")
    return lines
