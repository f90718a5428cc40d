"""Links of a station: who sees whom, when, and how much data goes over it.

Lines of sight are geometrical: light time (1.3 s to the Earth, in which it turns by 0.006 deg) and
refraction are left out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final, TypeAlias

import numpy as np

from perilune.constants import EARTH_EQUATORIAL_RADIUS_KM, MOON_RADIUS_KM
from perilune.errors import InputError
from perilune.station.link_budget import links_between
from perilune.station.link_ends import LinkEnd, earth_end, link_ends
from perilune.station.link_kernels import (
    BITS,
    BITS_BACK,
    GAP_D,
    LONGEST_D,
    PASSES,
    SEEN_D,
    STATE_SIZE,
    gather,
    link_rates,
    lower_by_ground,
    lower_margins,
    relay,
)
from perilune.station.side_by_side import side_by_side
from perilune.station.station import Station
from perilune.times import FloatArray

STEP_D: Final = 1.0 / 1440.0
EARTH: Final = "Earth (any)"
_CHUNK: Final = 16384
_MOST_STEPS: Final = 4_000_000

Progress = Callable[[float, str], None]


@dataclass(frozen=True, slots=True)
class Link:
    """A link over a span.

    Attributes:
        a, b: its ends.
        via: the relays over which it may go besides the direct way; none for a direct link.
        visible_fraction: of the time.
        passes: stretches of sight.
        longest_gap_d: without sight, as far as it lies within the span.
        rate_bit_s, rate_back_bit_s: from a to b and back, mean over the time of sight; None where
            no terminals fit.
        volume_bit_d, volume_back_bit_d: a day, mean over the span.
    """

    a: str
    b: str
    via: tuple[str, ...]
    visible_fraction: float
    passes: int
    longest_gap_d: float
    rate_bit_s: float | None
    rate_back_bit_s: float | None
    volume_bit_d: float | None
    volume_back_bit_d: float | None


@dataclass(frozen=True, slots=True, eq=False)
class _Way:
    """One row of the result: pairs of ends, each seen directly or over one of several relays.

    `direct` and both parts of `relayed` are indices of pairs; True where the pair is to be read
    from its second end to its first.
    """

    a: str
    b: str
    via: tuple[str, ...]
    direct: tuple[int, ...]
    relayed: tuple[tuple[int, tuple[int, bool]], ...]


def station_links(
    station: Station,
    start_mjd_tdb: float,
    stop_mjd_tdb: float,
    *,
    step_d: float = STEP_D,
    progress: Progress | None = None,
) -> list[Link]:
    """All links between the station's sites and orbiters over a span.

    Direct ones of each pair (stations on the Earth among themselves left out), then those of the
    Moon's sites over relays, and those to the Earth as a whole.

    Args:
        step_d: between times; sights and gaps shorter than it may be missed.
        progress: told the fraction done and a label.

    Raises:
        InputError: the span is empty or has too many steps; or a file cannot be used.
        OutOfRangeError: an orbiter's path does not cover the span.
        NotConvergedError: an orbiter meets a body within the span.
    """
    check_span(start_mjd_tdb, stop_mjd_tdb, step_d)
    ends = link_ends(station, start_mjd_tdb, stop_mjd_tdb)
    return links_of(ends, start_mjd_tdb, stop_mjd_tdb, step_d=step_d, progress=progress)


def check_span(start_mjd_tdb: float, stop_mjd_tdb: float, step_d: float) -> int:
    """The number of times of a span.

    Raises:
        InputError: the span is empty or has too many steps.
    """
    count = round((stop_mjd_tdb - start_mjd_tdb) / step_d) + 1
    if stop_mjd_tdb <= start_mjd_tdb or count > _MOST_STEPS:
        raise InputError(
            "the span is empty" if stop_mjd_tdb <= start_mjd_tdb else "the span has too many steps",
            field="--stop",
            found=f"{stop_mjd_tdb - start_mjd_tdb:.6g} days",
            expected=f"after the start, and at most {_MOST_STEPS} steps",
            remedy="Take a longer step.",
        )
    return count


def links_of(
    ends: Sequence[LinkEnd],
    start_mjd_tdb: float,
    stop_mjd_tdb: float,
    *,
    step_d: float = STEP_D,
    progress: Progress | None = None,
) -> list[Link]:
    """All links between ends that cover a span: the Moon's sites, orbiters, the Earth's sites.

    Rows and errors as in `station_links`.
    """
    count = check_span(start_mjd_tdb, stop_mjd_tdb, step_d)
    step_d = (stop_mjd_tdb - start_mjd_tdb) / (count - 1)
    earth = earth_end(start_mjd_tdb, stop_mjd_tdb)
    pairs, budgets, ways = _pairs(ends)
    states = np.zeros((len(ways), STATE_SIZE))
    for first in range(0, count, _CHUNK):
        if progress is not None:
            progress(first / count, "Links")
        size = min(_CHUNK, count - first)
        times = (start_mjd_tdb + first * step_d, step_d, size)
        margins, rates = _stretch(ends, pairs, budgets, earth, times)
        for way, state in zip(ways, states, strict=True):
            margin, both = _of_way(way, margins, rates)
            gather(margin, both, step_d, first == 0, state)
    span_d = stop_mjd_tdb - start_mjd_tdb
    return [_link(way, state, budgets, span_d) for way, state in zip(ways, states, strict=True)]


def sights(
    ends: Sequence[LinkEnd], start_mjd_tdb: float, stop_mjd_tdb: float, *, step_d: float = STEP_D
) -> list[tuple[Link, FloatArray]]:
    """All links over a short span, each with its margin (T,) over what hides it, rad.

    Above nothing is sight; times go from the start to the stop in even steps of about `step_d`.

    Raises:
        InputError: the span is empty, or has more steps than are held at once.
    """
    count = check_span(start_mjd_tdb, stop_mjd_tdb, step_d)
    if count > _CHUNK:
        raise InputError("the span has too many steps", field="--stop", found=count)
    step_d = (stop_mjd_tdb - start_mjd_tdb) / (count - 1)
    pairs, budgets, ways = _pairs(ends)
    earth = earth_end(start_mjd_tdb, stop_mjd_tdb)
    margins, rates = _stretch(ends, pairs, budgets, earth, (start_mjd_tdb, step_d, count))
    found = []
    for way in ways:
        margin, both = _of_way(way, margins, rates)
        state = np.zeros(STATE_SIZE)
        gather(margin, both, step_d, True, state)
        found.append((_link(way, state, budgets, stop_mjd_tdb - start_mjd_tdb), margin))
    return found


_Budgets: TypeAlias = list[tuple[FloatArray, FloatArray]]


def _pairs(ends: Sequence[LinkEnd]) -> tuple[list[tuple[int, int]], _Budgets, list[_Way]]:
    """The pairs of ends that may see each other, their budgets, and the rows of the result."""
    pairs = [
        (a, b)
        for a, b in combinations(range(len(ends)), 2)
        if not ends[a].body == ends[b].body == "earth"
    ]
    budgets = [
        (
            links_between(ends[a].facilities, ends[b].facilities),
            links_between(ends[b].facilities, ends[a].facilities),
        )
        for a, b in pairs
    ]
    return pairs, budgets, _ways(ends, pairs)


def _ways(ends: Sequence[LinkEnd], pairs: Sequence[tuple[int, int]]) -> list[_Way]:
    """The rows of the result."""
    index = {pair: k for k, pair in enumerate(pairs)}
    moon = [k for k, end in enumerate(ends) if end.body == "moon"]
    space = [k for k, end in enumerate(ends) if end.body == ""]
    ground = [k for k, end in enumerate(ends) if end.body == "earth"]
    relays = [k for k in space if ends[k].is_relay]
    names = tuple(ends[k].name for k in relays)
    ways = [_Way(ends[a].name, ends[b].name, (), (k,), ()) for k, (a, b) in enumerate(pairs)]

    def over_relays(a: int, targets: Sequence[int]) -> tuple[tuple[int, tuple[int, bool]], ...]:
        # Pairs stand in the order of the ends: the Moon's sites, orbiters, the Earth's sites.
        return tuple(
            (index[a, r], (index[min(r, b), max(r, b)], b < r)) for r in relays for b in targets
        )

    if relays:
        for a, b in combinations([*moon, *ground], 2):
            if a in moon:
                relayed = over_relays(a, [b])
                ways.append(_Way(ends[a].name, ends[b].name, names, (index[a, b],), relayed))
    if len(ground) > 1:
        for a in [*moon, *space]:
            direct = tuple(index[a, b] for b in ground)
            ways.append(_Way(ends[a].name, EARTH, (), direct, ()))
            if a in moon and relays:
                ways.append(_Way(ends[a].name, EARTH, names, direct, over_relays(a, ground)))
    return ways


def _stretch(
    ends: Sequence[LinkEnd],
    pairs: Sequence[tuple[int, int]],
    budgets: Sequence[tuple[FloatArray, FloatArray]],
    earth: LinkEnd,
    times: tuple[float, float, int],
) -> tuple[FloatArray, FloatArray]:
    """Margins (P, T) and rates (P, 2, T) of all pairs over a stretch of times."""
    places = [end.places_km(*times) for end in ends]
    axes = [end.axes(*times) if end.body else np.zeros((0, 9)) for end in ends]
    earth_km, moon_km = earth.places_km(*times), np.zeros((times[2], 3))
    margins, rates = np.full((len(pairs), times[2]), 10.0), np.zeros((len(pairs), 2, times[2]))

    def fill(k: int) -> None:
        a, b = pairs[k]
        bodies = (ends[a].body, ends[b].body)
        for own, other in ((a, b), (b, a)):
            end = ends[own]
            if end.body:
                lower_by_ground(
                    places[own], places[other], axes[own], end.horizon_rad, end.mask_rad, margins[k]
                )
        if "moon" not in bodies:
            lower_margins(moon_km, places[a], places[b], MOON_RADIUS_KM, margins[k])
        if "earth" not in bodies:
            lower_margins(earth_km, places[a], places[b], EARTH_EQUATORIAL_RADIUS_KM, margins[k])
        for back, links in enumerate(budgets[k]):
            if links.size:
                link_rates(places[a], places[b], margins[k], links, rates[k, back])

    side_by_side(fill, range(len(pairs)))
    return margins, rates


def _of_way(way: _Way, margins: FloatArray, rates: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Margin (T,) and rates (2, T) of a way: the best of its pairs and relays at each time."""
    margin = margins[list(way.direct)].max(axis=0)
    both = rates[list(way.direct)].max(axis=0)
    for up, (down, is_reversed) in way.relayed:
        onward = rates[down, ::-1] if is_reversed else rates[down]
        relay(margin, both, margins[up], rates[up], margins[down], np.ascontiguousarray(onward))
    return margin, both


def _link(
    way: _Way,
    state: FloatArray,
    budgets: Sequence[tuple[FloatArray, FloatArray]],
    span_d: float,
) -> Link:
    def fits(back: int) -> bool:
        direct = any(budgets[k][back].size for k in way.direct)
        return direct or any(
            budgets[up][back].size and budgets[down][1 - back if is_reversed else back].size
            for up, (down, is_reversed) in way.relayed
        )

    seen_s = float(state[SEEN_D]) * 86400.0
    rates, volumes = [], []
    for back, bits in enumerate((float(state[BITS]), float(state[BITS_BACK]))):
        rate = bits / seen_s if seen_s > 0.0 else 0.0
        rates.append(rate if fits(back) else None)
        volumes.append(bits / span_d if fits(back) else None)
    return Link(
        way.a,
        way.b,
        way.via,
        float(state[SEEN_D]) / span_d,
        int(state[PASSES]),
        max(float(state[LONGEST_D]), float(state[GAP_D])),
        rates[0],
        rates[1],
        volumes[0],
        volumes[1],
    )
