"""The picture of a launch manifest: a Gantt chart, and mass over time by partner."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from perilune.cli.station_plots import new_figure, save_figure
from perilune.constants import JULIAN_YEAR_D
from perilune.times import format_utc, parse_epoch

if TYPE_CHECKING:
    from perilune.station.build_up.plan import Plan


def draw_plan(path: Path, plan: Plan) -> None:
    """Windows and launches of facilities, crews' stays, and each partner's mass.

    Raises:
        DataMissingError: matplotlib is not installed.
        InputError: the file cannot be written.
    """
    from perilune.station.build_up.ledger import arrivals, mass_steps

    here, steps = arrivals(plan), mass_steps(plan)
    crews = list(dict.fromkeys(visit.crew for visit in plan.demands.visits))
    end = _year(plan.demands.slots.stop_mjd_tdb)
    days = [plan.demands.slots.start_mjd_tdb[0], *(each.launched_mjd_tdb for each in here)]
    start = _year(min(days))
    partners = [p.id for p in plan.station.partners if any(s.partner == p.id for s in steps)]
    colours = {name: f"C{k % 10}" for k, name in enumerate(partners)}
    rows = len(here) + len(crews)
    figure = new_figure(9.0, 4.2 + 0.24 * rows)
    gantt, mass = figure.subplots(2, 1, sharex=True, height_ratios=[0.24 * rows + 0.4, 2.6])
    for k, each in enumerate(here):
        if each.first_mjd_tdb is not None and each.last_mjd_tdb is not None:
            first, last = _year(each.first_mjd_tdb), _year(each.last_mjd_tdb)
            gantt.barh(k, last - first, left=first, height=0.75, color="0.9")
        at, owners = _year(each.launched_mjd_tdb), each.facility.owner
        for part, owner in enumerate(owners):  # one stripe an owner
            gantt.barh(
                k - 0.25 + (part + 0.5) * 0.5 / len(owners),
                end - at,
                left=at,
                height=0.5 / len(owners),
                color=colours[owner],
            )
    for k, crew in enumerate(crews):
        for visit in plan.demands.visits:
            if visit.crew == crew:
                first, last = _year(visit.start_mjd_tdb), _year(visit.stop_mjd_tdb)
                gantt.barh(
                    len(here) + k, min(last, end) - first, left=first, height=0.5, color="0.3"
                )
    for launch in plan.launches:
        gantt.axvline(_year(launch.day_mjd_tdb), color="0.5", linewidth=0.5, linestyle=":")
    gantt.set_yticks(
        range(rows),
        [each.facility.id for each in here] + [f"crew: {crew}" for crew in crews],
        fontsize="small",
    )
    gantt.invert_yaxis()
    gantt.set_title(f"{plan.station.name}: {len(plan.launches)} launches", fontsize="medium")
    edges = np.array([start, *sorted({_year(step.day_mjd_tdb) for step in steps}), end])
    series = [
        [sum(s.added_kg for s in steps if s.partner == name and _year(s.day_mjd_tdb) <= at) * 1e-3
         for at in edges]
        for name in partners
    ]  # fmt: skip
    if partners:
        mass.stackplot(
            edges, series, labels=partners, colors=[colours[n] for n in partners], step="post"
        )
        mass.legend(fontsize="small", loc="upper left")
    mass.set_ylabel("facilities launched, t")
    mass.set_xlabel("year")
    mass.set_xlim(start - 0.2, end)
    save_figure(figure, path)


def _year(mjd_tdb: float) -> float:
    year = int(format_utc(mjd_tdb + 1e-6, 0)[:4])
    return year + (mjd_tdb - parse_epoch(f"{year}-01-01")) / JULIAN_YEAR_D
