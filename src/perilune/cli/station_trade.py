"""`perilune station trade`: the designs of a station that no other design betters."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from perilune.cli.ending import stop_with
from perilune.cli.options import Json, now_mjd_tdb
from perilune.cli.output import progress_bar, say, write_atomically
from perilune.cli.station_options import File, Parquet, Plot, station_inputs
from perilune.errors import InputError, NotConvergedError

if TYPE_CHECKING:
    from perilune.station.trade.search import Outcome, Search

_GENERATIONS = 50


def trade(
    file: File,
    start: Annotated[
        str | None, typer.Option(metavar="DATE", help="The span's start; else the file's.")
    ] = None,
    stop: Annotated[
        str | None, typer.Option(metavar="DATE", help="Its end; else the file's, or a year later.")
    ] = None,
    step: Annotated[
        str | None, typer.Option(metavar="STEP", help="Between times; else the file's, or 10m.")
    ] = None,
    evaluations: Annotated[
        int | None,
        typer.Option(
            min=1, metavar="N", help="Designs at most; a grid of no more is looked at whole."
        ),
    ] = None,
    population: Annotated[int, typer.Option(min=4, metavar="N", help="Of NSGA-II.")] = 40,
    generations: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Of NSGA-II; 50, or what --evaluations takes."),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, metavar="S", help="Of all random numbers.")] = 1,
    samples: Annotated[
        int, typer.Option(metavar="N", min=1, help="Of station-keeping's Monte Carlo.")
    ] = 8,
    points: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="So many points, spread over the whole set."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="A new folder for a station file of each point."),
    ] = None,
    plot: Plot = None,
    parquet: Parquet = None,
    json: Json = False,
) -> None:
    """Search designs by the file's trade, and give those that none betters in all goals."""
    from perilune.contract.station_trade import trade_rows
    from perilune.contract.steps import step_days
    from perilune.station.trade.opening import open_trade
    from perilune.station.trade.search import Effort
    from perilune.times import parse_epoch

    if output is not None:
        _check_folder(output)
    station, search = open_trade(
        file,
        now_mjd_tdb=float(int(now_mjd_tdb())),
        start_mjd_tdb=None if start is None else parse_epoch(start, "--start"),
        stop_mjd_tdb=None if stop is None else parse_epoch(stop, "--stop"),
        step_d=None if step is None else step_days(step),
        samples=samples,
        seed=seed,
    )
    if generations is None:
        generations = _GENERATIONS if evaluations is None else evaluations
    effort = Effort(population, generations, evaluations or population * generations, seed)
    _tell_when_stopped(search)
    with progress_bar("Trade") as progress:
        method = search.run(effort, progress)
    if method == "nsga-ii":
        say(f"NSGA-II: {search.scale.shown}, by the box of the first generation.")
    front = search.front(points)
    if not front:
        raise NotConvergedError(_why_none(search))
    rows = trade_rows(search, front)
    if output is not None:
        for row, name in zip(rows, _write_files(output, file, search, front), strict=True):
            row["file"] = name
    if plot is not None:
        from perilune.cli.station_trade_plot import draw_trade

        draw_trade(plot, search, front)
    span = search.measures.span
    inputs = {**station_inputs("trade", station), "span": span, "effort": effort, "points": points}
    _give(search, method, front, rows, inputs, parquet, json)


def _give(
    search: Search,
    method: str,
    front: Sequence[Outcome],
    rows: list[dict[str, Any]],
    inputs: dict[str, Any],
    parquet: Path | None,
    json: bool,
) -> None:
    from perilune.cli.envelope import print_envelope
    from perilune.cli.station_trade_tables import show_front
    from perilune.contract.station_trade import constraint_text, trade_data, trade_units

    units = trade_units(search)
    data = trade_data(search, method, front, rows)
    if parquet is not None:
        from perilune.cli.station_tables import write_parquet

        write_parquet(parquet, rows, units=units, inputs=inputs)
    if json:
        print_envelope(data, units=units, inputs=inputs)
        return
    show_front(search, front)
    print()
    looked = (
        f"All {len(search.outcomes)} designs were looked at: the set is exact."
        if data["is_exact"]
        else f"NSGA-II looked at {len(search.outcomes)} designs: others may be better."
    )
    print(looked)
    for k, constraint in enumerate(search.trade.constraints):
        broken = sum(k in each.broken for each in search.outcomes)
        print(f"Asked for: {constraint_text(constraint)}; {broken} designs break it.")
    if data["impossible"]:
        print(f"{data['impossible']} designs cannot be: their values do not go together.")
        for reason in [each.reason for each in search.outcomes if each.reason][:1]:
            say(f"Note: one of them: {reason}")
    if "file" in rows[0]:
        say(f"A station file of each point is in {Path(rows[0]['file']).parent}.")


def _tell_when_stopped(search: Search) -> None:
    """On Ctrl-C: say how far the search came and what was best, then break off."""

    def stopped() -> None:
        found = search.front() if search.outcomes else []
        say(f"\nLooked at {len(search.outcomes)} designs; {len(found)} of them none betters.")
        if found:
            from perilune.cli.station_trade_tables import front_lines

            say("\n".join(front_lines(search, found)))
        raise KeyboardInterrupt

    stop_with(stopped)


def _why_none(search: Search) -> str:
    """Which constraint the designs break, and by how little."""
    from perilune.contract.station_trade import constraint_text, measure_name

    outcomes = search.outcomes
    parts = [f"None of the {len(outcomes)} designs looked at meets all that is asked for."]
    impossible = sum(not each.is_possible for each in outcomes)
    if impossible:
        parts.append(f"{impossible} cannot be: their values do not go together or have no result.")
        parts += [each.reason for each in outcomes if each.reason][:1]
    for k, constraint in enumerate(search.trade.constraints):
        broken = sum(k in each.broken for each in outcomes)
        values = [v for each in outcomes if (v := each.limits[k]) is not None]
        if not broken:
            continue
        text = f"{constraint_text(constraint)}: {broken} break it"
        if values:
            best = max(values) if constraint.at_least is not None else min(values)
            name = measure_name(constraint, constraint.quantity).rpartition(".")[2]
            text += f", the best has {name} {best:.6g}"
        parts.append(f"{text}.")
    return " ".join(parts)


def _check_folder(folder: Path) -> None:
    """Refuse what is there already, before the search rather than after it.

    Raises:
        InputError: it is a file or holds something, or its parent is not there.
    """
    problem = None
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        problem = "there is something already"
    elif not folder.absolute().parent.is_dir():
        problem = "there is no such folder to put it in"
    if problem is not None:
        raise InputError(
            problem, field="--output", found=str(folder), expected="a new or an empty folder"
        )


def _write_files(folder: Path, file: Path, search: Search, front: Sequence[Outcome]) -> list[str]:
    """Write a station file of each point; the folder appears with all of them or not at all.

    Raises:
        InputError: it cannot be written.
    """
    from perilune.station.trade.files import design_text, shown_design

    original = file.read_text(encoding="utf-8")
    digits = len(str(len(front)))
    names = [f"{file.stem}-{k + 1:0{digits}d}.yaml" for k in range(len(front))]
    try:
        made = Path(tempfile.mkdtemp(dir=folder.absolute().parent, prefix=f".{folder.name}."))
        try:
            for k, (name, outcome) in enumerate(zip(names, front, strict=True)):
                head = [
                    f"Point {k + 1} of {len(front)} of `perilune station trade {file.name}`:",
                    *(f"  {line}" for line in shown_design(search.designer.axes, outcome.design)),
                ]
                text = design_text(search.designer, outcome.design, original, head, folder)
                write_atomically(made / name, text)
            made.chmod(0o755)
            if folder.exists():
                folder.rmdir()
            os.replace(made, folder)
        finally:
            shutil.rmtree(made, ignore_errors=True)
    except OSError as error:
        raise InputError(
            "the files cannot be written", field="--output", found=f"{folder} ({error.strerror})"
        ) from None
    return [str(folder / name) for name in names]
