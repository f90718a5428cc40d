"""The ends of links: where sites and orbiters are, from the Moon, at evenly spaced times."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, Literal

import numpy as np

from perilune.astrometry.sites import Observer
from perilune.ephemeris import planets
from perilune.frames.earth import earth_orientation
from perilune.frames.moon import MOON_ME, moon_orientation
from perilune.frames.orientation import Orientation
from perilune.station.facilities import Facility
from perilune.station.free_orbits import lowest_time_d
from perilune.station.horizon import AZIMUTHS, Horizon
from perilune.station.light import local_axes
from perilune.station.link_kernels import evenly_between
from perilune.station.orbiters import PropagatedOrbiter, Segment, TabulatedOrbiter
from perilune.station.places import Site
from perilune.station.spacecraft import Orbiter
from perilune.station.station import Station
from perilune.station.surroundings import Surroundings, site_horizon
from perilune.station.tabulated import TabulatedStates
from perilune.times import FloatArray

# Nodes between which places are interpolated, days: six of them leave less than a metre on the
# turning Earth and Moon, and 10 m on a circle 100 km over the Moon.
_NODE_D: Final = {"moon": 0.125, "earth": 10.0 / 1440.0, "orbit": 2.0 / 1440.0}


@dataclass(frozen=True, slots=True, eq=False)
class LinkEnd:
    """An end of links over a span.

    Attributes:
        name: its id.
        body: "moon" or "earth" for a site; "" in space.
        facilities: with its terminals.
        horizon_rad: (H,) of a site, else empty.
        mask_rad: the lowest elevation at which a site's links work.
        first_mjd_tdb, node_d: its nodes.
        nodes_km: (N, 3), ICRF axes, from the Moon's centre.
        axes_nodes: three times (N, 3): a site's east, north and up.
    """

    name: str
    body: str
    facilities: tuple[Facility, ...]
    horizon_rad: FloatArray
    mask_rad: float
    first_mjd_tdb: float
    node_d: float
    nodes_km: FloatArray
    axes_nodes: tuple[FloatArray, ...] = field(default=())

    @property
    def is_relay(self) -> bool:
        """Whether it passes on what it receives: an orbiter with a relay or with terminals."""
        if self.body:
            return False
        terminals = [each for facility in self.facilities for each in facility.terminals]
        return any(each.kind == "relay" for each in self.facilities) or (
            any(each.eirp is not None for each in terminals)
            and any(each.g_over_t is not None for each in terminals)
        )

    def places_km(self, first_mjd_tdb: float, step_d: float, count: int) -> FloatArray:
        """Positions (T, 3) at evenly spaced times."""
        return self._between(self.nodes_km, first_mjd_tdb, step_d, count)

    def axes(self, first_mjd_tdb: float, step_d: float, count: int) -> FloatArray:
        """A site's east, north and up (T, 9)."""
        parts = [self._between(each, first_mjd_tdb, step_d, count) for each in self.axes_nodes]
        return np.concatenate(parts, axis=1)

    def _between(self, nodes: FloatArray, first: float, step_d: float, count: int) -> FloatArray:
        out = np.empty((count, 3))
        start = (first - self.first_mjd_tdb) / self.node_d
        evenly_between(nodes, start, step_d / self.node_d, out)
        return out


def link_ends(station: Station, start_mjd_tdb: float, stop_mjd_tdb: float) -> list[LinkEnd]:
    """All sites on the Moon, then the orbiters, then the sites on the Earth.

    Raises:
        InputError: a site's terrain or an orbiter's file cannot be used.
        OutOfRangeError: an orbiter's path does not cover the span.
        NotConvergedError: an orbiter meets a body.
    """
    span = (start_mjd_tdb, stop_mjd_tdb)
    around = Surroundings(station.folder)
    moon = [
        site_end(station, site, span, around.horizon(site))
        for site in station.sites
        if site.body == "moon"
    ]
    earth = [site_end(station, site, span) for site in station.sites if site.body == "earth"]
    return [*moon, *(orbiter_end(station, each, span) for each in station.orbiters), *earth]


def earth_end(start_mjd_tdb: float, stop_mjd_tdb: float) -> LinkEnd:
    """The Earth's centre."""
    epoch, node_d = _nodes((start_mjd_tdb, stop_mjd_tdb), _NODE_D["moon"])
    away = planets().state("earth", epoch)[0] - planets().state("moon", epoch)[0]
    return LinkEnd("earth", "", (), np.zeros(0), 0.0, float(epoch[0]), node_d, away)


def _nodes(span: tuple[float, float], node_d: float, outside: int = 3) -> tuple[FloatArray, float]:
    """Epochs of nodes and their step: some outside of the span, or none."""
    count = max(math.ceil((span[1] - span[0]) / node_d), 6)
    step_d = (span[1] - span[0]) / count
    return span[0] + step_d * np.arange(-float(outside), count + outside + 1.0), step_d


def site_end(
    station: Station, site: Site, span: tuple[float, float], around: Horizon | None = None
) -> LinkEnd:
    """A site over a span; its horizon may be known already. Errors as in `link_ends`."""
    ground = site.ground()
    axes = local_axes(*ground.coordinates()[:2])
    if site.body == "moon":
        horizon = (around or site_horizon(site, station.folder)).altitude_rad
    else:
        horizon = np.full(AZIMUTHS, -0.5 * math.pi)
    epoch, node_d, orientation, center = _body(site.body, span)
    away = center + orientation.to_icrf(ground.position_fixed_km + site.mast * axes[2])
    turned = tuple(np.ascontiguousarray(orientation.to_icrf(row)) for row in axes)
    lowest = 0.0 if site.body == "earth" else -math.pi
    mask = lowest if site.elevation_mask is None else site.elevation_mask
    facilities = station.facilities_at(site.id)
    return LinkEnd(
        site.id, site.body, facilities, horizon, mask, float(epoch[0]), node_d, away, turned
    )


@lru_cache(maxsize=2)
def _body(
    body: Literal["earth", "moon"], span: tuple[float, float]
) -> tuple[FloatArray, float, Orientation, FloatArray]:
    """What all sites of a body share: nodes, their step, how it is turned, and its centre."""
    epoch, node_d = _nodes(span, _NODE_D[body])
    turned = earth_orientation(epoch) if body == "earth" else moon_orientation(epoch, MOON_ME)
    center = planets().state(body, epoch)[0] - planets().state("moon", epoch)[0]
    return epoch, node_d, turned, center


def orbiter_end(station: Station, orbiter: Orbiter, span: tuple[float, float]) -> LinkEnd:
    """An orbiter over a span; errors as in `link_ends`."""
    path: Observer = station.observer(orbiter.id)
    # A path by a file may end with the span: no nodes outside.
    epoch, node_d = _nodes(span, _NODE_D["orbit"], outside=0)
    if isinstance(path, PropagatedOrbiter):
        path = _table_of(path, span)
    away = path.state(epoch)[0] - planets().state("moon", epoch)[0]
    facilities = station.facilities_at(orbiter.id)
    return LinkEnd(orbiter.id, "", facilities, np.zeros(0), 0.0, float(epoch[0]), node_d, away)


def _table_of(path: PropagatedOrbiter, span: tuple[float, float]) -> TabulatedOrbiter:
    """A propagated path as a table, whose states cost less than the engine's.

    The nodes are half a dynamical time of the lowest point apart: Hermite's polynomial of degree 7
    leaves centimetres in a low orbit.
    """
    rough = _nodes(span, 1.0, outside=0)[0]
    states = np.concatenate(path.state(rough), axis=1)
    states -= np.concatenate(planets().state("moon", rough), axis=1)
    node_d = 0.5 * lowest_time_d(states)
    epoch = _nodes(span, min(node_d, 1.0 / 24.0), outside=0)[0]
    own = np.concatenate(path.state(epoch), axis=1)
    own -= np.concatenate(planets().state("moon", epoch), axis=1)
    table = TabulatedStates(epoch, own, 4, True, path.name)
    segment = Segment(table, "moon", False, float(epoch[0]), float(epoch[-1]))
    return TabulatedOrbiter(path.name, {-1: (segment,)}, -1, path.name)
