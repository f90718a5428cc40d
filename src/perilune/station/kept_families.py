"""Periodic orbits of the three-body problem that are kept: a family's member, round after round.

A family in a station file (`nrho`, `halo`, `dro`, `butterfly`) is a design. The periodic orbit is
laid into the frame that rotates and pulsates with the Earth and the Moon of DE440, and runs through
it in its own period of days, so that a resonance holds for ever. What flies departs from it by some
hundred kilometres (`perilune.station.orbits` carries orbits into the ephemeris).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from perilune.constants import DAY_S
from perilune.dynamics.lunar_orbit_rotating import rotating_frame
from perilune.dynamics.three_body import PeriodicOrbit
from perilune.dynamics.three_body_families import family, member
from perilune.ephemeris import planets
from perilune.station.spacecraft import Butterfly, DistantRetrograde, Halo, Nrho
from perilune.station.tabulated import TabulatedStates
from perilune.times import FloatArray, parse_epoch

_SAMPLES: Final = 2048  # of a round; four of them leave metres where an NRHO is fastest

ThreeBodySource = Nrho | Halo | DistantRetrograde | Butterfly


@dataclass(frozen=True, slots=True, eq=False)
class PeriodicOrbiter:
    """An orbiter on a periodic orbit of the Earth and the Moon.

    Attributes:
        name: its id.
        epoch_mjd_tdb: of a passage through the point farthest from the Moon.
        orbit: the periodic orbit.
        farthest: where that point lies, as a part of the period from the orbit's own start.
        table: the orbit's states over a period, in its own units; of its time as if in seconds.
    """

    name: str
    epoch_mjd_tdb: float
    orbit: PeriodicOrbit
    farthest: float
    table: TabulatedStates

    @property
    def site(self) -> None:
        """None: it stands on no ground."""
        return

    def state(self, epoch_mjd_tdb: FloatArray) -> tuple[FloatArray, FloatArray]:
        """See `perilune.astrometry.sites.Observer.state`.

        Velocities are those of the three-body problem in the frame's units of the moment, good to
        some 5 %.

        Raises:
            OutOfRangeError: an epoch outside the ephemeris.
        """
        rounds = (epoch_mjd_tdb - self.epoch_mjd_tdb) / self.orbit.period_d + self.farthest
        phase = rounds - np.floor(rounds)
        own = self.table.at(phase * (self.orbit.period / DAY_S))
        frame = rotating_frame(epoch_mjd_tdb)
        states = frame.moon_icrf_of(own, self.orbit.system.mass_ratio)
        moon_km, moon_km_s = planets().state("moon", epoch_mjd_tdb)
        return states[:, :3] + moon_km, states[:, 3:] + moon_km_s


def periodic_orbiter(name: str, source: ThreeBodySource) -> PeriodicOrbiter:
    """The orbiter of a family's member.

    Raises:
        InputError: several members are such.
        NotConvergedError: no member is such.
    """
    point: int | None = None
    branch: Literal["north", "south"] | None = None
    kind: Literal["nrho", "halo", "dro", "butterfly"] = "dro"
    if isinstance(source, Halo):
        kind = "nrho" if isinstance(source, Nrho) else "halo"
        point, branch = int(source.point[1]), source.branch
    elif isinstance(source, Butterfly):
        kind, branch = "butterfly", source.branch
    members = family(kind, point, branch)
    if source.resonance is not None:
        turns, months = (int(part) for part in source.resonance.split(":"))
        orbit = member(members, resonance=(turns, months))
    else:
        orbit = member(members, period_d=source.period)
    phase = np.linspace(0.0, 1.0, _SAMPLES + 1)
    states = orbit.states(phase)
    away = np.linalg.norm(states[:, :3] - [1.0 - orbit.system.mass_ratio, 0.0, 0.0], axis=1)
    times = phase * orbit.period
    return PeriodicOrbiter(
        name=name,
        epoch_mjd_tdb=parse_epoch(source.epoch, "epoch"),
        orbit=orbit,
        farthest=float(phase[np.argmax(away[:-1])]),
        table=TabulatedStates(times / DAY_S, states, 4, True, name),
    )
