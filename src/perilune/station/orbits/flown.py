"""Orbiters on orbits of the three-body problem, as they fly in the real ephemeris."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from perilune.constants import MOON_RADIUS_KM
from perilune.dynamics.lunar_orbit import Event
from perilune.dynamics.three_body import PeriodicOrbit
from perilune.dynamics.three_body_families import family, member
from perilune.ephemeris import planets
from perilune.errors import InputError, NotConvergedError
from perilune.station.orbits.reference import ReferenceOrbit
from perilune.station.orbits.shooting import carry_into_ephemeris
from perilune.station.spacecraft import (
    THREE_BODY,
    Butterfly,
    DistantRetrograde,
    Halo,
    Lyapunov,
    Nrho,
    Orbiter,
)
from perilune.station.tabulated import TabulatedStates, spaced_by_distance
from perilune.times import parse_epoch

FloatArray = NDArray[np.float64]
ThreeBodyFamily = Nrho | Halo | DistantRetrograde | Lyapunov | Butterfly

# Gateway's perilunes, Lee (2019), "Gateway Destination Orbit Model", NASA.
_GATEWAY_BAND_KM: Final = (3196.0, 3557.0)
_BLOCK: Final = 14  # revolutions are computed by so many, so that spans asked for share their work
_MOST_REVOLUTIONS: Final = 1200
_OFF_D: Final = 0.1  # how far from its epoch the apolune may be
_OTHER_PHASE: Final = 0.2  # of a period
_POINTS: Final = 6


def periodic_orbit(orbiter: Orbiter) -> PeriodicOrbit:
    """The periodic orbit that an orbiter's family and resonance or period mean.

    Raises:
        InputError: the orbiter has no such family, or several members fit.
        NotConvergedError: no member fits.
    """
    chosen = _chosen(orbiter)
    point = None
    if isinstance(chosen, Halo | Lyapunov):
        point = 1 if chosen.point == "L1" else 2
    branch = chosen.branch if isinstance(chosen, Halo | Butterfly) else None
    table = family(orbiter.family, point, branch)  # type: ignore[arg-type]
    try:
        if chosen.perilune is not None:
            return member(table, perilune_km=MOON_RADIUS_KM + chosen.perilune)
        if chosen.resonance is not None:
            revolutions, months = chosen.resonance.split(":")
            return member(table, resonance=(int(revolutions), int(months)))
        return member(table, period_d=chosen.period)
    except NotConvergedError as error:
        raise NotConvergedError(f"The orbiter {orbiter.id}: {error}") from None
    except InputError as error:
        raise InputError(
            error.problem,
            field=f"orbiters.{orbiter.id}.{orbiter.family}",
            found=error.found,
            expected=error.expected,
            remedy="Choose it by its perilune, an altitude, instead of resonance or period.",
        ) from None


def reference_orbit(orbiter: Orbiter, first_mjd_tdb: float, last_mjd_tdb: float) -> ReferenceOrbit:
    """The orbit in the ephemeris, over a span at least, farthest from the Moon about its epoch.

    The epoch is met to some hours; where only another phase closes, or keeps it in a band, to half
    a period.
    The 9:2 NRHO is kept to Gateway's perilunes. Computed once per process and span.

    Raises:
        InputError: no three-body family, or a span of more than 1,200 revolutions.
        NotConvergedError: the orbit could not be carried into the ephemeris.
        OutOfRangeError: a span outside the ephemeris.
    """
    orbit = periodic_orbit(orbiter)
    chosen = _chosen(orbiter)
    epoch = parse_epoch(chosen.epoch, "epoch")
    before = _blocks(epoch - first_mjd_tdb, orbit.period_d)
    after = _blocks(last_mjd_tdb - epoch, orbit.period_d)
    if before + after > _MOST_REVOLUTIONS:
        raise InputError(
            "the span is too long for this orbit",
            field=orbiter.id,
            found=f"{before + after} revolutions",
            expected=f"up to {_MOST_REVOLUTIONS}",
        )
    try:
        return _reference(orbiter, epoch, before, max(after, _BLOCK))
    except NotConvergedError as error:
        raise NotConvergedError(
            f"The orbiter {orbiter.id}: {error} A shorter span, or another period or resonance, "
            "may do."
        ) from None


def _chosen(orbiter: Orbiter) -> ThreeBodyFamily:
    chosen = orbiter.three_body
    if chosen is None:
        raise InputError(
            "the orbiter is on no orbit of the three-body problem",
            field=orbiter.id,
            found=orbiter.family,
            expected=", ".join(THREE_BODY),
        )
    return chosen


def _blocks(days: float, period_d: float) -> int:
    """Revolutions that cover some days and one more, in whole blocks; 0 for none."""
    return _BLOCK * int(np.ceil((days / period_d + 1.0) / _BLOCK)) if days > 0.0 else 0


@cache
def _reference(orbiter: Orbiter, epoch: float, before: int, after: int) -> ReferenceOrbit:
    orbit = periodic_orbit(orbiter)
    phases = np.arange(400) / 400.0
    place = orbit.states(phases)[:, :3] - np.array([1.0 - orbit.system.mass_ratio, 0.0, 0.0])
    farthest = float(phases[int(np.argmax(np.linalg.norm(place, axis=1)))])
    band = _GATEWAY_BAND_KM if orbiter.nrho and orbiter.nrho.resonance == "9:2" else None
    # One revolution more than asked for on either side, for what the start moves.
    start = epoch - (farthest + before + 1.0) * orbit.period_d
    revolutions = before + after + 2
    found = carry_into_ephemeris(orbit, start, revolutions, perilune_band_km=band)
    apolune, _ = found.events(Event.APSIS, -1)
    off_d = float(apolune[np.argmin(np.abs(apolune - epoch))]) - epoch
    # Further off it is where no nearer phase closed.
    if _OFF_D < abs(off_d) < _OTHER_PHASE * orbit.period_d:
        found = carry_into_ephemeris(orbit, start - off_d, revolutions, perilune_band_km=band)
    return found


@dataclass(frozen=True, slots=True, eq=False)
class FlownOrbiter:
    """An orbiter that flies an orbit of the three-body problem."""

    name: str
    orbiter: Orbiter

    @property
    def site(self) -> None:
        """None: it stands on no ground."""
        return

    def state(self, epoch_mjd_tdb: FloatArray) -> tuple[FloatArray, FloatArray]:
        """See `perilune.astrometry.sites.Observer.state`; errors as in `reference_orbit`."""
        epochs = np.asarray(epoch_mjd_tdb, dtype=np.float64)
        first, last = float(epochs.min()), float(epochs.max())
        own = tabulated(reference_orbit(self.orbiter, first, last)).at(epochs)
        moon_km, moon_km_s = planets().state("moon", epochs)
        return own[:, :3] + moon_km, own[:, 3:] + moon_km_s


@cache
def tabulated(reference: ReferenceOrbit) -> TabulatedStates:
    """A reference as a table, dense near the Moon, that interpolates to a metre."""
    first, last = float(reference.epoch_mjd_tdb[0]), float(reference.epoch_mjd_tdb[-1])
    step = reference.period_d / 400.0
    grid = np.linspace(first, last, int((last - first) / step) + 2)
    radius_km = np.linalg.norm(reference.at(grid)[:, :3], axis=1)
    gm = planets().constants.gm_major_km3_s2[4]
    epochs = spaced_by_distance(grid, radius_km, gm, 0.15, reference.period_d / 100.0)
    return TabulatedStates(epochs, reference.at(epochs), _POINTS, True, reference.name)
