"""From a station file to a search through its trade."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from perilune.errors import InputError
from perilune.station.reading import read_station
from perilune.station.station import Station
from perilune.station.trade.designs import Designer
from perilune.station.trade.measures import Measures, Span
from perilune.station.trade.search import Search
from perilune.station.trade.variables import trade_axes
from perilune.station.yaml_text import YamlText
from perilune.times import parse_epoch

STEP_D: Final = 10.0 / 1440.0
SPAN_D: Final = 365.25


def open_trade(
    path: Path,
    *,
    now_mjd_tdb: float,
    start_mjd_tdb: float | None = None,
    stop_mjd_tdb: float | None = None,
    step_d: float | None = None,
    samples: int = 8,
    seed: int = 1,
) -> tuple[Station, Search]:
    """The station of a file, and the search through its trade.

    Args:
        path: of the station file.
        now_mjd_tdb: where the span starts that neither the caller nor the file names.
        start_mjd_tdb, stop_mjd_tdb, step_d: go before the file's own.
        samples, seed: of station-keeping's Monte Carlo.

    Raises:
        InputError: the file cannot be read or has no trade, or the span is empty.
        StationFileError: it does not hold what it should: all its faults, with their lines.
        OutOfRangeError: the span leaves the ephemeris.
    """
    station = read_station(path)
    trade = station.trade
    if trade is None:
        raise InputError(
            "the file has no trade",
            file=station.file,
            field="trade",
            expected="variables and goals",
            remedy="docs/station.md has an example.",
        )
    text = YamlText(path)
    axes, _ = trade_axes(text, trade)
    starts = {phase.id: phase.start for phase in station.phases}
    named = trade.start or (None if trade.phase is None else starts[trade.phase])
    start = start_mjd_tdb
    if start is None:
        start = now_mjd_tdb if named is None else parse_epoch(named, "trade.start")
    stop = stop_mjd_tdb
    if stop is None:
        stop = start + SPAN_D if trade.stop is None else parse_epoch(trade.stop, "trade.stop")
    if stop <= start:
        raise InputError(
            "the span ends before it starts",
            file=station.file,
            field="trade.stop",
            found=trade.stop,
            expected="a date after the start",
        )
    step = step_d or trade.step or STEP_D
    designer = Designer(station.file, text.content, axes)
    span = Span(start, stop, step, trade.phase, samples, seed)
    return station, Search(trade, designer, Measures(designer, span))
