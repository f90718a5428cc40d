"""What `perilune station show` says of a station file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from perilune.cli.numbers import ABSENT, number
from perilune.cli.output import show_table
from perilune.contract.station import summary

if TYPE_CHECKING:
    from perilune.station.station import Station


def print_summary(station: Station) -> None:
    """The station in tables of 80 columns."""
    held = summary(station)
    print(station.name)
    if station.about:
        print()
        show_lines(station.about)
    print()
    show_table(
        "Partners",
        ("id", "since", ">owns", ">runs", "name"),
        [
            (
                each["id"],
                each["since"] or ABSENT,
                str(len(each["owns"])),
                str(len(each["operates"])),
                each["name"],
            )
            for each in held["partners"]
        ],
        empty="none named",
    )
    print()
    show_table(
        "Phases, with what is there by their ends",
        ("id", "from", "to", ">t", ">kW used", ">kW made", ">crew"),
        [
            (
                each["id"],
                each["start"],
                each["stop"] or ABSENT,
                number(each["mass_kg"] * 1e-3, ".1f"),
                number(each["power_w"] * 1e-3, ".1f"),
                number(each["source_w"] * 1e-3, ".1f"),
                str(each["crew"]),
            )
            for each in held["phases"]
        ],
        empty="none named",
    )
    print()
    show_table(
        "Sites and orbiters",
        ("id", "where", "name"),
        [
            *(
                (
                    each["id"],
                    f"{each['body']} {each['latitude_deg']:+.2f} {each['longitude_deg']:+.2f} deg",
                    each["name"] or ABSENT,
                )
                for each in held["sites"]
            ),
            *((each["id"], each["family"], each["name"] or ABSENT) for each in held["orbiters"]),
        ],
    )
    print()
    show_table(
        "Facilities",
        ("id", "kind", "at", ">t", ">kW", "owner"),
        [
            (
                each["id"],
                each["kind"],
                each["at"],
                number(None if each["mass_kg"] is None else each["mass_kg"] * 1e-3, ".1f"),
                number(None if each["power_w"] is None else each["power_w"] * 1e-3, ".1f"),
                ", ".join(each["owner"]),
            )
            for each in held["facilities"]
        ],
    )
    _print_build_up(held)
    if station.assumptions:
        print("\nAssumptions\n")
        for text in station.assumptions:
            show_lines(text, "- ")


def _print_build_up(held: dict[str, Any]) -> None:
    """Launchers, landers, crews and consumables, as far as the file has them."""

    def vehicle_cells(each: dict[str, Any]) -> tuple[str, ...]:
        money = number(each["cost_million"], ".1f")
        price = ABSENT if each["currency"] is None else f"{money} M{each['currency']}"
        rate = number(each["rate_per_year"], "g")
        return rate, str(each["seats"]), price, ", ".join(each["owner"])

    vehicles = (">a year", ">seats", ">cost", "owner")
    if held["launchers"]:
        print()
        rows = [
            (
                each["id"],
                ", ".join(f"{node} {1e-3 * kg:g}" for node, kg in each["brings_kg"].items()),
                *vehicle_cells(each),
            )
            for each in held["launchers"]
        ]
        show_table("Launchers", ("id", "brings t", *vehicles), rows)
    if held["landers"]:
        print()
        rows = [
            (
                each["id"],
                f"{each['at']} to {each['to']}",
                number(None if each["payload_kg"] is None else 1e-3 * each["payload_kg"], ".2f"),
                *vehicle_cells(each),
            )
            for each in held["landers"]
        ]
        show_table("Landers, with full tanks", ("id", "way", ">t", *vehicles), rows)
    if held["crews"]:
        print()
        rows = [
            (
                each["id"],
                each["at"],
                str(each["people"]),
                each["start"],
                number(each["stay_d"], "g"),
                number(each["every_d"], "g"),
            )
            for each in held["crews"]
        ]
        show_table("Crews", ("id", "at", ">people", "from", ">days", ">every days"), rows)
    if held["consumables"]:
        print()
        rows = [
            (
                each["id"],
                number(each["rate_kg_d"], ".3f"),
                number(100.0 * each["recycled"], "g"),
                number(each["resupply_kg_d"], ".3f"),
            )
            for each in held["consumables"]
        ]
        columns = ("id", ">used kg", ">recycled %", ">to bring kg")
        show_table("Consumables, a person and day", columns, rows)


def show_lines(text: str, mark: str = "") -> None:
    """Text in lines of at most 80 columns."""
    from textwrap import fill

    print(fill(text, 80, initial_indent=mark, subsequent_indent=" " * len(mark)))
