"""Spacecraft in the Moon's neighbourhood: what acts on them, and where they go.

The asteroid engine (`perilune.dynamics.propagator`) carries many particles around the Sun; this is
for one spacecraft at a time under the Moon's gravity field of any degree, by DOP853 with an
explicit error control on position and velocity.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from functools import cache, cached_property
from typing import Final, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from perilune.constants import (
    AU_KM,
    DAY_S,
    EARTH_EQUATORIAL_RADIUS_KM,
    J2000_MJD_TDB,
    MOON_RADIUS_KM,
)
from perilune.dynamics import lunar_orbit_kernels as kernels
from perilune.dynamics.lunar_gravity import GravityField, no_field
from perilune.dynamics.lunar_gravity_kernels import FieldArrays
from perilune.dynamics.lunar_orbit_force_kernels import Attitude, Forces
from perilune.ephemeris import MAJOR_BODIES, planets
from perilune.errors import InputError, NotConvergedError
from perilune.frames.lunar_kernel import lunar_kernel

FloatArray = NDArray[np.float64]
Origin = Literal["moon", "earth"]

TOLERANCE: Final = 1e-12  # of a step, relative to distance and speed
# Radiation pressure at 1 au, N/m²: 1361 W/m² (Kopp & Lean 2011, doi:10.1029/2010GL045777) over c.
_PRESSURE_N_M2: Final = 1361.0 / 299792458.0


class Ending(IntEnum):
    """How a journey ends."""

    REACHED = kernels.REACHED
    ON_MOON = kernels.ON_MOON
    ON_EARTH = kernels.ON_EARTH
    FAILED = kernels.FAILED
    COUNTED = kernels.COUNTED


class Event(IntEnum):
    """What is looked for on the way: r·v = 0, or the rotating frame's xz-plane through the Moon."""

    APSIS = kernels.APSIS
    PLANE = kernels.PLANE


@dataclass(frozen=True, slots=True)
class SunlightPressure:
    """A sphere in sunlight ("cannonball").

    Attributes:
        area_m2: the area that the light meets.
        mass_kg: the spacecraft's mass.
        reflectivity: Cr, 1 for a black sphere.
    """

    area_m2: float
    mass_kg: float
    reflectivity: float

    def __post_init__(self) -> None:
        if not (self.area_m2 >= 0.0 and self.mass_kg > 0.0 and self.reflectivity >= 0.0):
            raise InputError(
                "sunlight needs an area, a mass and a reflectivity that are not negative",
                found=f"{self.area_m2} m², {self.mass_kg} kg, Cr {self.reflectivity}",
            )


@dataclass(frozen=True, slots=True)
class SpacecraftState:
    """Where a spacecraft is: ICRF axes.

    Attributes:
        epoch_mjd_tdb: when.
        origin: "moon" or "earth", from whose centre it counts.
        position_km, velocity_km_s: (3,) each.
    """

    epoch_mjd_tdb: float
    origin: Origin
    position_km: FloatArray
    velocity_km_s: FloatArray

    @property
    def vector(self) -> FloatArray:
        """Position and velocity (6,)."""
        return np.concatenate([self.position_km, self.velocity_km_s])


@dataclass(frozen=True, eq=False)
class SpacecraftForces:
    """What acts on a spacecraft.

    Attributes:
        bodies: what attracts; the origin of the states must be among them.
        lunar_field: the Moon's field, or None for a point mass. Its coefficients count; the
            Moon's GM is the ephemeris', so that one mass moves all.
        earth_zonals: whether the Earth's J2 to J4 act.
        sunlight: pressure of sunlight, shadows of the Moon and the Earth included, or None.
        gm_km3_s2: GMs that replace the ephemeris' own, by body.
    """

    bodies: tuple[str, ...] = ("sun", "earth", "moon", "jupiter")
    lunar_field: GravityField | None = None
    earth_zonals: bool = False
    sunlight: SunlightPressure | None = None
    gm_km3_s2: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in (*self.bodies, *self.gm_km3_s2):
            planets().body_index(name)

    @cached_property
    def _gm(self) -> FloatArray:
        gm = np.array(planets().constants.gm_major_km3_s2)
        for name, value in self.gm_km3_s2.items():
            gm[planets().body_index(name)] = value
        return gm

    @cached_property
    def _by_origin(self) -> dict[str, Forces]:
        return {}

    def arrays(self, origin: str, reference_mjd_tdb: float) -> Forces:
        """What the kernels read.

        Raises:
            InputError: the origin does not attract.
        """
        if origin not in self._by_origin:
            self._by_origin[origin] = self._make(origin)
        return self._by_origin[origin]._replace(reference_mjd=reference_mjd_tdb)

    def _make(self, origin: str) -> Forces:
        ephemeris = planets()
        attracts = np.zeros(len(MAJOR_BODIES), dtype=np.bool_)
        attracts[[ephemeris.body_index(name) for name in self.bodies]] = True
        index = ephemeris.body_index(origin)
        if not attracts[index]:
            raise InputError(
                "the origin of the state is not among the attracting bodies",
                found=origin,
                expected=", ".join(self.bodies),
            )
        needed = attracts.copy()
        light = 0.0
        if self.sunlight is not None:
            needed[[ephemeris.body_index(name) for name in ("sun", "earth", "moon")]] = True
            sphere = self.sunlight
            per_mass = sphere.reflectivity * sphere.area_m2 / sphere.mass_kg
            light = per_mass * _PRESSURE_N_M2 * 1e-3 * AU_KM**2
        gm = self._gm
        moon = no_field()
        if self.lunar_field is not None:
            moon = self.lunar_field.arrays()._replace(gm_km3_s2=float(gm[4]))
        earth = _earth_field()._replace(gm_km3_s2=float(gm[3])) if self.earth_zonals else no_field()
        radius = np.zeros(len(MAJOR_BODIES))
        radius[0] = ephemeris.constants.sun_radius_km
        radius[3] = EARTH_EQUATORIAL_RADIUS_KM
        radius[4] = MOON_RADIUS_KM
        return Forces(
            ephemeris=ephemeris.arrays,
            attitude=_attitude(),
            gm_km3_s2=gm,
            origin=index,
            attracts=attracts,
            is_needed=needed,
            moon=moon,
            earth=earth,
            light_km3_s2=light,
            radius_km=radius,
            reference_mjd=0.0,
        )


@cache
def _attitude() -> Attitude:
    kernel = lunar_kernel()
    order, _, records = kernel.coefficients.shape
    return Attitude(
        coefficients=np.ascontiguousarray(np.transpose(kernel.coefficients, (2, 1, 0))).reshape(-1),
        first_mjd=J2000_MJD_TDB + kernel.start_s / DAY_S,
        days=kernel.interval_s / DAY_S,
        records=records,
        order=order,
    )


@cache
def _earth_field() -> FieldArrays:
    constants = planets().constants
    cosine = np.zeros((5, 5))
    cosine[0, 0] = 1.0
    zonals = (constants.earth_j2, constants.earth_j3, constants.earth_j4)
    for degree, value in zip((2, 3, 4), zonals, strict=True):
        cosine[degree, 0] = -value / np.sqrt(2.0 * degree + 1.0)
    own = GravityField("DE440's Earth", 1.0, constants.earth_radius_km, cosine, np.zeros((5, 5)))
    return own.arrays()


@dataclass(frozen=True, eq=False)
class SpacecraftPath:
    """Where a spacecraft went: ICRF axes, km, km/s, from one origin.

    Attributes:
        origin: "moon" or "earth".
        epoch_mjd_tdb: (M,) as asked for.
        states: (M, 6); NaN after an early end.
        partials: (M, 6, 6) of the states for the first, or None.
        ending: how it ended.
        end_mjd_tdb: when.
        end_state: (6,) then.
        steps: steps of the integrator.
    """

    origin: str
    epoch_mjd_tdb: FloatArray
    states: FloatArray
    partials: FloatArray | None
    ending: Ending
    end_mjd_tdb: float
    end_state: FloatArray
    steps: int

    @property
    def impact_mjd_tdb(self) -> float | None:
        """When it met the Moon's or the Earth's ground, or None."""
        on_ground = self.ending in (Ending.ON_MOON, Ending.ON_EARTH)
        return self.end_mjd_tdb if on_ground else None


def propagate_spacecraft(
    start: SpacecraftState,
    forces: SpacecraftForces,
    epoch_mjd_tdb: ArrayLike,
    *,
    with_partials: bool = False,
    tolerance: float = TOLERANCE,
) -> SpacecraftPath:
    """Carry a spacecraft to epochs, all after its state's or all before, nearest first.

    The ground that ends a journey is the Moon's sphere of 1737.4 km and the Earth's equatorial
    radius, where these bodies attract.

    Args:
        start: the state.
        forces: what acts.
        epoch_mjd_tdb: (M,) or one.
        with_partials: whether the state-transition matrices are wanted.
        tolerance: of a step.

    Raises:
        InputError: a state on the ground or not finite, or epochs out of order.
        OutOfRangeError: an epoch outside the ephemeris.
        NotConvergedError: the integration fails.
    """
    epochs = np.atleast_1d(np.asarray(epoch_mjd_tdb, dtype=np.float64))
    times_s = (epochs - start.epoch_mjd_tdb) * DAY_S
    _check(start, forces, epochs, times_s)
    n = 42 if with_partials else 6
    out = np.full((epochs.size + 1, n), np.nan)
    ending, end_s, steps, rows, _ = kernels.carry(
        forces.arrays(start.origin, start.epoch_mjd_tdb),
        start.vector,
        n,
        times_s,
        tolerance,
        kernels.NOTHING,
        0,
        0,
        np.empty((0, 1 + n)),
        out,
    )
    if ending == kernels.FAILED:
        raise NotConvergedError(
            f"The spacecraft's path cannot be followed past MJD "
            f"{start.epoch_mjd_tdb + end_s / DAY_S:.6f} TDB: it meets a body's centre."
        )
    end = out[rows if ending != kernels.REACHED else rows - 1, :6].copy()
    out[rows:] = np.nan
    states = out[:-1]
    return SpacecraftPath(
        origin=start.origin,
        epoch_mjd_tdb=epochs,
        states=states[:, :6].copy(),
        partials=states[:, 6:].reshape(-1, 6, 6) if with_partials else None,
        ending=Ending(ending),
        end_mjd_tdb=start.epoch_mjd_tdb + end_s / DAY_S,
        end_state=end,
        steps=steps,
    )


def find_events(
    start: SpacecraftState,
    forces: SpacecraftForces,
    until_mjd_tdb: float,
    event: Event,
    *,
    body: str = "moon",
    direction: int = 0,
    count: int = 1000,
    tolerance: float = TOLERANCE,
) -> tuple[FloatArray, FloatArray]:
    """Epochs (E,) and states (E, 6) of events on a spacecraft's way, at most `count`.

    Args:
        start: the state.
        forces: what acts.
        until_mjd_tdb: where the search ends.
        event: what is looked for.
        body: against which an apsis counts.
        direction: 1 where the value rises (a periapsis), -1 where it falls, 0 for both.
        count: after how many the search ends.
        tolerance: of a step.

    Raises:
        InputError, OutOfRangeError, NotConvergedError: as in `propagate_spacecraft`.
    """
    epochs = np.array([until_mjd_tdb])
    times_s = (epochs - start.epoch_mjd_tdb) * DAY_S
    _check(start, forces, epochs, times_s)
    events = np.empty((count, 7))
    ending, end_s, _, _, found = kernels.carry(
        forces.arrays(start.origin, start.epoch_mjd_tdb),
        start.vector,
        6,
        times_s,
        tolerance,
        int(event),
        planets().body_index(body),
        direction,
        events,
        np.empty((2, 6)),
    )
    if ending == kernels.FAILED:
        raise NotConvergedError(
            f"The spacecraft's path cannot be followed past MJD "
            f"{start.epoch_mjd_tdb + end_s / DAY_S:.6f} TDB: it meets a body's centre."
        )
    return start.epoch_mjd_tdb + events[:found, 0] / DAY_S, events[:found, 1:].copy()


def _check(
    start: SpacecraftState,
    forces: SpacecraftForces,
    epochs: FloatArray,
    times_s: FloatArray,
) -> None:
    ephemeris = planets()
    ephemeris.check_span([start.epoch_mjd_tdb, *epochs[[0, -1]]])
    if start.vector.shape != (6,) or not np.isfinite(start.vector).all():
        raise InputError("the spacecraft's state is not six finite numbers", found=start.vector)
    away = np.abs(times_s)
    if (
        not np.isfinite(times_s).all()
        or np.any(np.diff(away) < 0.0)
        or np.ptp(np.sign(times_s)) > 1
    ):
        raise InputError(
            "the epochs do not run away from the state's own",
            expected="epochs after it, ascending, or before it, descending",
        )
    ground = {"earth": EARTH_EQUATORIAL_RADIUS_KM, "moon": MOON_RADIUS_KM}
    origin_km, _ = ephemeris.state(start.origin, start.epoch_mjd_tdb)
    for body, radius_km in ground.items():
        body_km, _ = ephemeris.state(body, start.epoch_mjd_tdb)
        distance_km = float(np.linalg.norm(start.position_km + origin_km - body_km))
        if distance_km <= radius_km and body in forces.bodies:
            raise InputError(
                f"the spacecraft starts inside the {body.capitalize()}",
                found=f"{distance_km:.3f} km from its centre",
                expected=f"more than {radius_km} km",
            )


def states_from(
    origin: str, target: str, epoch_mjd_tdb: FloatArray, states: FloatArray
) -> FloatArray:
    """States (M, 6) against another body: "moon", "earth", "sun" or "ssb"."""
    ours = np.concatenate(planets().state(origin, epoch_mjd_tdb), axis=-1)
    theirs = np.concatenate(planets().state(target, epoch_mjd_tdb), axis=-1)
    return np.asarray(states + ours - theirs)
