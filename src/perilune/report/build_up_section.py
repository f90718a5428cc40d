"""The report's part on the launches that build the station up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from perilune.report.blocks import Block, Heading
from perilune.report.station_figures import StationFigures
from perilune.report.tables import Table, number_column, rows_at, text_column
from perilune.report.typeset import number, words

_TONNES: Final = 1e-3


def build_up_blocks(figures: StationFigures) -> tuple[Block, ...]:
    """The launch manifest; nothing where there is none."""
    plan = figures.plan
    if plan is None:
        return ()
    money = plan["currency"]
    price = (number_column(f"M{money}", "cost_million", ",.1f"),) if money else ()
    source = figures.sources["plan"]
    launches = Table(
        "launch-list",
        "Launches that bring all facilities and the crews' supplies",
        source,
        (
            text_column("Date", "date_utc"),
            text_column("Launcher", "launcher"),
            text_column("Lander or tug", "lander"),
            text_column("To", "destination"),
            number_column("t", "mass_kg", ",.2f", _TONNES),
            number_column("Spare t", "spare_kg", ",.2f", _TONNES),
            *price,
            text_column("Loads", text=_loads),
        ),
        rows_at("/launches", plan["launches"]),
        empty="All is there already.",
        notes=(_verdict(plan),),
    )
    partners = Table(
        "launch-partners",
        "Launches and masses by partner; several owners share equally",
        source,
        (
            text_column("Partner", "partner"),
            number_column("Launches", "launches", ".3g"),
            number_column("Launched, t", "launched_kg", ",.2f", _TONNES),
            number_column("Owned, t", "owned_kg", ",.2f", _TONNES),
            *price,
        ),
        rows_at("/partners", plan["partners"]),
    )
    return (Heading("build-up", "Build-up"), launches, partners)


def build_up_in_words(plan: Mapping[str, Any] | None) -> str:
    """How many launches and when, in a sentence; nothing where there is no manifest."""
    if plan is None or not plan["launches"]:
        return ""
    days = [row["date_utc"] for row in plan["launches"]]
    return f"The launch manifest of {min(days)} to {max(days)} has {_verdict(plan)}"


def launch_days(plan: Mapping[str, Any] | None) -> dict[str, str]:
    """The day on which each facility is launched, by its id."""
    rows = () if plan is None else plan["facilities"]
    return {row["facility"]: row["launched_utc"] for row in rows if row["launched_utc"]}


def _loads(row: Mapping[str, Any]) -> str:
    loads = [
        each["facility"] or f"{each['mass_kg']:,.0f} kg for crews at {each['consumables_for']}"
        for each in row["payloads"]
    ]
    if row["people"]:
        loads.append(f"{row['people']} people")
    return words(loads)


def _verdict(plan: Mapping[str, Any]) -> str:
    count = len(plan["launches"])
    cost = plan["cost_million"]
    what = f"{count} launches"
    if cost is not None:
        what += f" for {cost:,.1f} million {plan['currency']}"
    if plan["optimal"]:
        return f"{what}: proven best for the file's launchers, masses and dates."
    return (
        f"{what}: the best that was found in the time given; the best possible lies at most "
        f"{number(100.0 * plan['gap'], '.2g')} % below."
    )
