"""What a design comes to in each quantity; what designs have in common is computed once."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Final, TypeVar

import numpy as np

from perilune.errors import InputError
from perilune.station.horizon import Horizon
from perilune.station.light import site_sky
from perilune.station.link_ends import LinkEnd, orbiter_end, site_end
from perilune.station.links import EARTH, Link, links_of
from perilune.station.orbits.report import OrbiterRow, orbiter_report
from perilune.station.places import Site
from perilune.station.power import (
    ElementLight,
    PowerBalance,
    orbiter_light,
    power_balance,
    present,
    site_light,
)
from perilune.station.sky_track import sky_track
from perilune.station.spacecraft import Orbiter
from perilune.station.station import Station
from perilune.station.surroundings import site_horizon
from perilune.station.trade.delta_v import arrival_dv_km_s, surface_dv_km_s
from perilune.station.trade.designs import Designer
from perilune.station.trade.quantities import KINDS
from perilune.station.trade.section import Measure

ANY_EARTH: Final = "earth"
_SERIES_KEPT: Final = 64  # with a number for each step
_MOST_STEPS: Final = 1_000_000

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Span:
    """When light, links and power count, and how orbits are looked at.

    Attributes:
        start_mjd_tdb, stop_mjd_tdb, step_d: the times.
        phase: whose facilities count; all if None.
        samples, seed: of station-keeping's Monte Carlo.
    """

    start_mjd_tdb: float
    stop_mjd_tdb: float
    step_d: float
    phase: str | None = None
    samples: int = 8
    seed: int = 1


class _Kept:
    """Results by what they depend on; the oldest go where there are too many."""

    def __init__(self, most: int = 100_000) -> None:
        self._found: dict[Hashable, Any] = {}
        self._most = most

    def get(self, key: Hashable, make: Callable[[], _T]) -> _T:
        if key not in self._found:
            made = make()
            if len(self._found) >= self._most:
                del self._found[next(iter(self._found))]
            self._found[key] = made
        return self._found[key]  # type: ignore[no-any-return]


class Measures:
    """Measures designs over a span.

    Raises:
        InputError: the span has no or too many steps.
        OutOfRangeError: it leaves the ephemeris.
    """

    def __init__(self, designer: Designer, span: Span) -> None:
        self.designer = designer
        self.span = span
        count = int(np.floor((span.stop_mjd_tdb - span.start_mjd_tdb) / span.step_d)) + 1
        if count < 2 or count > _MOST_STEPS:
            raise InputError(
                "the span has too few or too many steps",
                field="--stop",
                found=f"{span.stop_mjd_tdb - span.start_mjd_tdb:.6g} days",
                expected=f"2 to {_MOST_STEPS} steps of {1440.0 * span.step_d:.4g} min",
            )
        self._epoch = span.start_mjd_tdb + span.step_d * np.arange(float(count))
        self._track = sky_track(span.start_mjd_tdb, float(self._epoch[-1]) + span.step_d)
        self._numbers = _Kept()
        self._series = _Kept(_SERIES_KEPT)
        self._horizon = lru_cache(maxsize=4096)(self._horizon_of)

    def value(self, station: Station, measure: Measure, quantity: str) -> float | None:
        """A quantity of a design's station, in the unit of its kind; None where it has none.

        Raises:
            PeriluneError: it cannot be computed: a file that cannot be used, an orbit that does
                not converge, a span that it does not cover.
        """
        group = KINDS[quantity].group
        if group == "mass":
            own = present(station, self.span.phase)
            return sum(each.mass or 0.0 for each in own if measure.at in (None, each.at))
        if group == "link":
            link = self._link(station, measure)
            found = {
                "visible_fraction": link.visible_fraction,
                "longest_gap_h": 24.0 * link.longest_gap_d,
                "data_rate_mbit_s": _scaled(link.rate_bit_s, 1e-6),
                "data_volume_gbit_day": _scaled(link.volume_bit_d, 1e-9),
            }
            return found[quantity]
        assert measure.at is not None
        element = station.element(measure.at)
        if group == "light":
            assert isinstance(element, Site)
            return self._light_numbers(element)[quantity]
        if group == "power":
            number: float | None = getattr(self._balance(station, element), quantity)
            return number
        if group == "way":
            if quantity == "arrival_dv_km_s":
                return arrival_dv_km_s(element)
            assert isinstance(element, Orbiter)
            return surface_dv_km_s(element)
        assert isinstance(element, Orbiter)
        row = self._orbit(element, quantity)
        if quantity == "lifetime_d" and row.lifetime_d is None:
            return row.span_d
        value: float | None = getattr(row, quantity)
        return value

    def _horizon_of(self, site: Site) -> Horizon:
        return site_horizon(site, self.designer.folder, self.designer.terrain)

    def _light(self, site: Site) -> ElementLight:
        place = _bare(site)

        def make() -> ElementLight:
            horizon = self._horizon(place)
            return site_light(place, horizon, self._epoch, self.span.step_d, self._track)

        return self._series.get(("light", place), make)

    def _light_numbers(self, site: Site) -> dict[str, float]:
        place = _bare(site)

        def make() -> dict[str, float]:
            span = self.span
            sky = site_sky(
                place.ground(),
                place.mast,
                self._horizon(place),
                span.start_mjd_tdb,
                span.stop_mjd_tdb,
                step_d=span.step_d,
                track=self._track,
            )
            return {
                "sun_fraction": sky.sun_fraction,
                "longest_night_h": 24.0 * sky.longest_night_d,
                "earth_fraction": sky.earth_fraction,
                "sky_fraction": sky.sky_fraction,
            }

        return self._numbers.get(("sky", place), make)

    def _balance(self, station: Station, element: Site | Orbiter) -> PowerBalance:
        own = tuple(each for each in present(station, self.span.phase) if each.at == element.id)
        powers = tuple(
            (f.phase, f.power, f.priority, f.solar, f.battery, f.radioisotope, f.fission)
            for f in own
        )
        key = ("power", _bare(element), powers, station.phases)

        def make() -> PowerBalance:
            if isinstance(element, Site):
                light = self._light(element)
            else:
                light = self._series.get(
                    ("orbit light", _bare(element)),
                    lambda: orbiter_light(
                        station, element, self._epoch, self.span.step_d, self._track
                    ),
                )
            whole = power_balance(station, element.id, own, light)
            none = np.zeros(0)
            return replace(
                whole, history=replace(whole.history, supply_w=none, used_w=none, held_wh=none)
            )

        return self._numbers.get(key, make)

    def _orbit(self, orbiter: Orbiter, quantity: str) -> OrbiterRow:
        """Its report, without what costs most and is not asked for."""
        span = self.span
        with_keeping = quantity == "station_keeping_m_s_year"
        with_lifetime = quantity == "lifetime_d"
        key = ("orbit", _bare(orbiter), with_keeping, with_lifetime)
        return self._numbers.get(
            key,
            lambda: orbiter_report(
                orbiter,
                self.designer.folder,
                days=span.stop_mjd_tdb - span.start_mjd_tdb,
                samples=span.samples if with_keeping else 0,
                seed=span.seed,
                with_lifetime=with_lifetime,
            ),
        )

    def _end(self, station: Station, element: Site | Orbiter) -> LinkEnd:
        """Where an end is over the span; its facilities are the design's."""
        times = (self.span.start_mjd_tdb, self.span.stop_mjd_tdb)
        around = (
            self._horizon(_bare(element))
            if isinstance(element, Site) and element.body == "moon"
            else None
        )
        end = self._series.get(
            ("end", _bare(element)),
            lambda: (
                site_end(station, element, times, around)
                if isinstance(element, Site)
                else orbiter_end(station, element, times)
            ),
        )
        own = tuple(each for each in present(station, self.span.phase) if each.at == element.id)
        return replace(end, name=element.id, facilities=own)

    def _link(self, station: Station, measure: Measure) -> Link:
        assert measure.between is not None
        a, b = measure.between
        wanted = _ends_of(station, measure)
        there = present(station, self.span.phase)
        radios = tuple(
            (_bare(each), tuple((f.kind, f.terminals) for f in there if f.at == each.id))
            for each in wanted
        )

        def make() -> Link:
            ends = [self._end(station, each) for each in wanted]
            span = self.span
            rows = links_of(ends, span.start_mjd_tdb, span.stop_mjd_tdb, step_d=span.step_d)
            ground = [end.name for end in ends if end.body == "earth"]
            any_earth = EARTH if len(ground) > 1 else ground[0] if ground else ""
            own = {end.name for end in ends}
            names = {name if name in own else any_earth for name in (a, b)}
            # The last one is that over relays, where there are any.
            row = [each for each in rows if {each.a, each.b} == names][-1]
            return _turned(row) if row.a == b or row.b == a else row

        return self._numbers.get(("link", a, b, radios), make)


def _ends_of(station: Station, measure: Measure) -> list[Site | Orbiter]:
    """What takes part in a link: its ends, and what may relay; Moon, orbiters, Earth."""
    assert measure.between is not None
    moon = [site for site in station.sites if site.body == "moon"]
    earth = [site for site in station.sites if site.body == "earth"]
    known = {site.id for site in station.sites} | {each.id for each in station.orbiters}
    names = {name for name in measure.between if name in known}
    if len(names) < 2:
        names |= {site.id for site in earth}
    on_ground = not names & {each.id for each in station.orbiters}
    if on_ground and not measure.direct:
        names |= {each.id for each in station.orbiters}
    ordered: list[Site | Orbiter] = [*moon, *station.orbiters, *earth]
    return [each for each in ordered if each.id in names]


def _turned(link: Link) -> Link:
    return replace(
        link,
        a=link.b,
        b=link.a,
        rate_bit_s=link.rate_back_bit_s,
        rate_back_bit_s=link.rate_bit_s,
        volume_bit_d=link.volume_back_bit_d,
        volume_back_bit_d=link.volume_bit_d,
    )


def _bare(element: Any) -> Any:
    """An element without what is for people only, so that two of one kind are one."""
    return element.model_copy(update={"name": None})


def _scaled(value: float | None, factor: float) -> float | None:
    return None if value is None else value * factor
