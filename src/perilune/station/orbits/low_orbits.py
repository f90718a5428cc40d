"""Orbits that the Moon's own gravity rules: from elements, frozen ones, and how long they last."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq, minimize_scalar

from perilune.constants import MOON_RADIUS_KM
from perilune.dynamics.lunar_orbit import (
    Ending,
    SpacecraftForces,
    SpacecraftState,
    propagate_spacecraft,
)
from perilune.dynamics.lunar_orbit_rotating import rotating_frame
from perilune.ephemeris import planets
from perilune.errors import InputError, NotConvergedError
from perilune.frames.moon import moon_orientation

FloatArray = NDArray[np.float64]
Plane = Literal["moon equator", "earth orbit"]


@dataclass(frozen=True, slots=True)
class LunarElements:
    """Osculating elements about the Moon.

    Attributes:
        axis_km: semi-major axis.
        eccentricity: 0 up to 1.
        inclination_rad, node_rad, argument_rad, anomaly_rad: the inclination, the ascending node,
            the argument of perilune and the true anomaly.
        plane: from which the angles count: "moon equator", by the mean-Earth axes of the moment
            (the node from longitude 0), or "earth orbit", by the Earth's path about the Moon (the
            node from the direction to the Earth), as frozen orbits under its pull are given.
    """

    axis_km: float
    eccentricity: float
    inclination_rad: float
    node_rad: float
    argument_rad: float
    anomaly_rad: float
    plane: Plane

    def __post_init__(self) -> None:
        if not (0.0 <= self.eccentricity < 1.0 and self.axis_km > 0.0):
            raise InputError(
                "the elements are not those of an ellipse",
                found=f"axis {self.axis_km} km, eccentricity {self.eccentricity}",
                expected="a positive axis and an eccentricity from 0 to below 1",
            )
        if self.perilune_km <= MOON_RADIUS_KM:
            raise InputError(
                "the orbit goes through the Moon",
                found=f"perilune {self.perilune_km:.1f} km from its centre",
                expected=f"more than {MOON_RADIUS_KM} km",
            )

    @property
    def perilune_km(self) -> float:
        """Least distance from the Moon's centre."""
        return self.axis_km * (1.0 - self.eccentricity)

    @property
    def apolune_km(self) -> float:
        """Largest distance from the Moon's centre."""
        return self.axis_km * (1.0 + self.eccentricity)

    @property
    def period_d(self) -> float:
        """Kepler's period."""
        return float(2.0 * np.pi * np.sqrt(self.axis_km**3 / _gm_km3_s2()) / 86400.0)


def _gm_km3_s2() -> float:
    return float(planets().constants.gm_major_km3_s2[4])


def _axes(plane: Plane, epoch_mjd_tdb: float) -> FloatArray:
    """The plane's axes in ICRF as rows."""
    if plane == "moon equator":
        return np.asarray(moon_orientation(epoch_mjd_tdb).matrix)
    if plane == "earth orbit":
        # The frame's x points away from the Earth; turned by half a turn about z.
        return np.asarray(rotating_frame(epoch_mjd_tdb).axes[0] * np.array([[-1.0], [-1.0], [1.0]]))
    raise InputError(
        "there is no such plane", found=plane, expected='"moon equator" or "earth orbit"'
    )


def state_of(elements: LunarElements, epoch_mjd_tdb: float) -> SpacecraftState:
    """The state at an epoch, MJD TDB.

    Raises:
        OutOfRangeError: an epoch outside the ephemeris.
    """
    gm = _gm_km3_s2()
    cosine, sine = np.cos(elements.anomaly_rad), np.sin(elements.anomaly_rad)
    parameter = elements.axis_km * (1.0 - elements.eccentricity**2)
    radius = parameter / (1.0 + elements.eccentricity * cosine)
    speed = np.sqrt(gm / parameter)
    perifocal = np.array(
        [
            [radius * cosine, radius * sine, 0.0],
            [-speed * sine, speed * (elements.eccentricity + cosine), 0.0],
        ]
    )
    turn = _turn(elements.node_rad, elements.inclination_rad, elements.argument_rad)
    both = perifocal @ turn.T @ _axes(elements.plane, epoch_mjd_tdb)
    return SpacecraftState(epoch_mjd_tdb, "moon", both[0], both[1])


def _turn(node: float, inclination: float, argument: float) -> FloatArray:
    """From perifocal axes to the plane's."""
    cn, sn = np.cos(node), np.sin(node)
    ci, si = np.cos(inclination), np.sin(inclination)
    cw, sw = np.cos(argument), np.sin(argument)
    return np.array(
        [
            [cn * cw - sn * sw * ci, -cn * sw - sn * cw * ci, sn * si],
            [sn * cw + cn * sw * ci, -sn * sw + cn * cw * ci, -cn * si],
            [sw * si, cw * si, ci],
        ]
    )


def elements_of(state: SpacecraftState, plane: Plane) -> LunarElements:
    """The osculating elements of a state from the Moon's centre.

    Raises:
        InputError: it is no ellipse, or goes through the Moon.
    """
    gm = _gm_km3_s2()
    axes = _axes(plane, state.epoch_mjd_tdb)
    place, velocity = axes @ state.position_km, axes @ state.velocity_km_s
    radius = float(np.linalg.norm(place))
    momentum = np.cross(place, velocity)
    lrl = np.cross(velocity, momentum) / gm - place / radius
    axis = 1.0 / (2.0 / radius - float(velocity @ velocity) / gm)
    unit = momentum / np.linalg.norm(momentum)
    node = np.arctan2(unit[0], -unit[1])
    towards = np.array([np.cos(node), np.sin(node), 0.0])
    across = np.cross(unit, towards)
    argument = np.arctan2(lrl @ across, lrl @ towards)
    latitude = np.arctan2(place @ across, place @ towards)
    return LunarElements(
        axis_km=axis,
        eccentricity=float(np.linalg.norm(lrl)),
        inclination_rad=float(np.arccos(np.clip(unit[2], -1.0, 1.0))),
        node_rad=float(node % (2.0 * np.pi)),
        argument_rad=float(argument % (2.0 * np.pi)),
        anomaly_rad=float((latitude - argument) % (2.0 * np.pi)),
        plane=plane,
    )


def frozen_inclination(axis_km: float, eccentricity: float) -> float:
    """The inclination to the Earth's orbit, rad, at which perilune stays at 90 or 270 degrees.

    Averaged over the orbit and the month, the Earth's pull (to second degree, on a circle) and the
    Moon's J2 turn the argument of perilune in opposite senses; here they cancel, and at 90 and 270
    degrees the eccentricity does not change either. Broucke (2003), J. Guid. Control Dyn. 26, 27,
    doi:10.2514/2.5041; Ely (2005), J. Astronaut. Sci. 53, 301. The Moon's equator, 6.7 degrees off
    the Earth's orbit, is taken as that orbit's plane in J2's part. Low over the ground, where
    further terms of the field rule, the formula tends to the critical inclination and says little.

    Raises:
        InputError: no ellipse outside the Moon.
    """
    LunarElements(axis_km, eccentricity, 0.0, 0.0, 0.0, 0.0, "earth orbit")
    constants = planets().constants
    gm_earth, gm_moon = constants.gm_major_km3_s2[3:5]
    distance_km = 384400.0
    motion2 = gm_moon / axis_km**3
    shrink = 1.0 - eccentricity**2
    pull = 3.0 / 8.0 * gm_earth / distance_km**3 / motion2 / np.sqrt(shrink)
    ratio = constants.moon_radius_km / (axis_km * shrink)
    bulge = 0.75 * constants.moon_j2 * ratio**2

    def drift(cosine: float) -> float:
        c2 = cosine * cosine
        return float(pull * (10.0 * c2 - 6.0 * shrink) + bulge * (5.0 * c2 - 1.0))

    return float(np.arccos(brentq(drift, 0.0, 1.0)))


@dataclass(frozen=True, eq=False)
class Drift:
    """How the shape of an orbit wandered: osculating elements at epochs.

    Attributes:
        epoch_mjd_tdb: (M,).
        eccentricity, inclination_rad, argument_rad: (M,).
        perilune_km: (M,) of the osculating ellipse.
        lifetime_d: days until the ground, None if it lived through.
    """

    epoch_mjd_tdb: FloatArray
    eccentricity: FloatArray
    inclination_rad: FloatArray
    argument_rad: FloatArray
    perilune_km: FloatArray
    lifetime_d: float | None


def drift_of(
    start: SpacecraftState, forces: SpacecraftForces, days: float, samples: int, plane: Plane
) -> Drift:
    """Carry an orbit freely and take its elements at equal steps of time.

    Raises:
        InputError, OutOfRangeError, NotConvergedError: as in `propagate_spacecraft`.
    """
    epochs = start.epoch_mjd_tdb + np.linspace(0.0, days, samples)
    path = propagate_spacecraft(start, forces, epochs)
    rows = []
    for epoch, state in zip(epochs, path.states, strict=True):
        if not np.isfinite(state).all():
            break
        try:
            each = elements_of(SpacecraftState(float(epoch), "moon", state[:3], state[3:]), plane)
        except InputError:
            continue  # on its last revolution
        rows.append(
            [epoch, each.eccentricity, each.inclination_rad, each.argument_rad, each.perilune_km]
        )
    table = np.array(rows)
    impact = path.impact_mjd_tdb
    epoch_column, eccentricity, inclination, argument, perilune = table.T.copy()
    return Drift(
        epoch_mjd_tdb=epoch_column,
        eccentricity=eccentricity,
        inclination_rad=inclination,
        argument_rad=argument,
        perilune_km=perilune,
        lifetime_d=None if impact is None else impact - start.epoch_mjd_tdb,
    )


def lifetime_d(
    start: SpacecraftState,
    forces: SpacecraftForces,
    longest_d: float,
    progress: Callable[[float, str], None] | None = None,
) -> float | None:
    """Days until an orbit left alone meets the ground, None if it outlives `longest_d`.

    Raises:
        InputError, OutOfRangeError, NotConvergedError: as in `propagate_spacecraft`.
    """
    state, parts = start, max(1, int(np.ceil(longest_d / 30.0)))
    for part in range(parts):
        until = start.epoch_mjd_tdb + longest_d * (part + 1) / parts
        path = propagate_spacecraft(state, forces, until)
        if path.ending != Ending.REACHED:
            return path.end_mjd_tdb - start.epoch_mjd_tdb
        end = path.end_state
        state = SpacecraftState(path.end_mjd_tdb, "moon", end[:3], end[3:])
        if progress is not None:
            progress((part + 1) / parts, "carrying the orbit")
    return None


def freeze(
    elements: LunarElements,
    epoch_mjd_tdb: float,
    forces: SpacecraftForces,
    days: float = 120.0,
) -> LunarElements:
    """The same orbit at the inclination where its shape wanders least under the real forces.

    The search goes 8 degrees to either side of `frozen_inclination`; what is made least is the
    range of the eccentricity vector, (e cos ω, e sin ω), over the days.

    Raises:
        InputError: the argument of perilune is neither 90 nor 270 degrees.
        NotConvergedError: it meets the ground everywhere.
    """
    if abs(np.cos(elements.argument_rad)) > 1e-6:
        raise InputError(
            "a frozen orbit has its perilune at 90 or 270 degrees",
            field="argument",
            found=float(np.degrees(elements.argument_rad)),
        )
    middle = frozen_inclination(elements.axis_km, elements.eccentricity)

    def wander(inclination: float) -> float:
        start = state_of(replace(elements, inclination_rad=inclination), epoch_mjd_tdb)
        drift = drift_of(start, forces, days, int(days * 4.0), elements.plane)
        if drift.lifetime_d is not None:
            return 2.0 + days / drift.lifetime_d
        x = drift.eccentricity * np.cos(drift.argument_rad)
        y = drift.eccentricity * np.sin(drift.argument_rad)
        return float(np.hypot(np.ptp(x), np.ptp(y)))

    width = np.radians(8.0)
    best = minimize_scalar(
        wander, bounds=(middle - width, middle + width), method="bounded", options={"xatol": 1e-3}
    )
    if best.fun >= 2.0:
        raise NotConvergedError(
            "The orbit meets the ground at every inclination that might freeze it. Raise it."
        )
    return replace(elements, inclination_rad=float(best.x))


_CIRCULAR: Final = 1e-4


def lifetimes_by_inclination(
    height_km: float,
    inclination_rad: FloatArray,
    epoch_mjd_tdb: float,
    forces: SpacecraftForces,
    longest_d: float,
    progress: Callable[[float, str], None] | None = None,
) -> list[float | None]:
    """Lifetimes, d, of nearly circular orbits of one height by inclination to the equator (N,).

    Raises:
        InputError, OutOfRangeError, NotConvergedError: as in `lifetime_d`.
    """
    found = []
    for k, inclination in enumerate(inclination_rad):
        axis = (MOON_RADIUS_KM + height_km) / (1.0 - _CIRCULAR)
        elements = LunarElements(axis, _CIRCULAR, float(inclination), 0.0, 0.0, 0.0, "moon equator")
        found.append(lifetime_d(state_of(elements, epoch_mjd_tdb), forces, longest_d))
        if progress is not None:
            progress((k + 1) / len(inclination_rad), "lifetimes")
    return found
