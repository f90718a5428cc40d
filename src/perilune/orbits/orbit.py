"""An orbit as its publisher gives it, and the Cartesian form that everything computes with."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, fields
from typing import Final

import numpy as np
from numpy.typing import NDArray

from perilune.ephemeris import planets
from perilune.errors import InputError
from perilune.frames.ecliptic import ecliptic_from_icrf_matrix
from perilune.orbits.covariance import DOUBLE_ROUNDING, check_covariance, map_covariance
from perilune.orbits.elements import (
    GM_SUN_DE440_KM3_S2,
    CartesianState,
    CartesianStateAu,
    Elements,
)
from perilune.orbits.non_gravitational import NonGravitational

SUN: Final = "SUN"


@dataclass(frozen=True, slots=True, eq=False)
class CartesianOrbit:
    """A heliocentric state in the ICRF with its covariance.

    Args:
        epoch_mjd_tdb: the epoch.
        position_km: shape (3,), from the Sun's centre, ICRF.
        velocity_km_s: shape (3,), relative to the Sun's centre, ICRF.
        parameters: the p estimated non-gravitational parameters, in the order of the
            covariance's rows after the six of the state: some of `a1_au_d2`, `a2_au_d2`,
            `a3_au_d2`, `dt_d`, in this order.
        covariance: shape (6 + p, 6 + p), in km, km/s, au/d^2 and d; None where none is published.
        non_gravitational: the force model that goes with the orbit, if any.
    """

    epoch_mjd_tdb: float
    position_km: NDArray[np.float64]
    velocity_km_s: NDArray[np.float64]
    parameters: tuple[str, ...]
    covariance: NDArray[np.float64] | None
    non_gravitational: NonGravitational | None


@dataclass(frozen=True, slots=True, eq=False)
class Orbit:
    """One published solution for one object.

    Args:
        designation: as the publisher's primary one: "2024 YR4", "99942", "1P", "C/2022 E3".
        name: "Apophis", if there is one.
        number: the minor planet's number; None for comets and the unnumbered.
        solution: "JPL 78".
        publisher: "JPL", "ESA NEOCC", "MPC".
        solution_date: ISO 8601 as published, if it is.
        epoch_mjd_tdb: of the elements.
        elements: as published.
        non_gravitational: the force model with its values, if any.
        covariance: shape (n, n) in the units of `covariance_parameters`, which end in them: the
            six of the elements (`elements.PARAMETERS`, tp in days), and then the published
            non-gravitational ones. Any order. None where none is published.
        covariance_parameters: the n names.
        covariance_rounding: the relative unit of the last digit with which the covariance was
            printed; the check of its eigenvalues allows for it.
        absolute_magnitude_h: H of the H, G system.
        slope_g: its G.
        total_magnitude_m1: a comet's M1.
        total_slope_k1: a comet's K1.
        diameter_km: if it is published.
        albedo: geometric, V band, if it is published.
        gm_sun_km3_s2: the GM with which the elements were made.
        source: where the orbit was read: a file's name or an address.

    Raises:
        InputError: a number that is not finite, or parameters that do not fit the elements.
        CovarianceError: see `check_covariance`.
    """

    designation: str
    name: str | None
    number: int | None
    solution: str
    publisher: str
    solution_date: str | None
    epoch_mjd_tdb: float
    elements: Elements
    non_gravitational: NonGravitational | None = None
    covariance: NDArray[np.float64] | None = None
    covariance_parameters: tuple[str, ...] = ()
    covariance_rounding: float = field(default=DOUBLE_ROUNDING)
    absolute_magnitude_h: float | None = None
    slope_g: float | None = None
    total_magnitude_m1: float | None = None
    total_slope_k1: float | None = None
    diameter_km: float | None = None
    albedo: float | None = None
    gm_sun_km3_s2: float = GM_SUN_DE440_KM3_S2
    source: str = ""

    def __post_init__(self) -> None:
        for item in fields(self):
            value = getattr(self, item.name)
            if isinstance(value, float) and not math.isfinite(value):
                raise InputError(
                    "a value of the orbit is not a finite number",
                    file=self.source or None,
                    field=item.name,
                    found=str(value),
                    expected="a finite number",
                )
        if self.covariance is None:
            return
        check_covariance(
            self.covariance,
            self.covariance_parameters,
            file=self.source or None,
            rounding=self.covariance_rounding,
        )
        self.covariance.setflags(write=False)
        names = self.covariance_parameters
        missing = [name for name in self.elements.PARAMETERS if name not in names]
        if missing or len(set(names)) != len(names):
            raise InputError(
                "the covariance's parameters do not fit the elements",
                file=self.source or None,
                field="covariance parameters",
                found=", ".join(names),
                expected=f"each of {', '.join(self.elements.PARAMETERS)} once, and others",
            )
        model = self.non_gravitational or NonGravitational()
        effects = [model.effect_of(name) for name in names if name not in self.elements.PARAMETERS]
        driven = [effect[0] for effect in effects if effect is not None]
        if sorted(driven) != sorted(model.estimated):
            raise InputError(
                "the covariance's parameters do not fit the force model",
                file=self.source or None,
                field="estimated",
                found=", ".join(model.estimated) or "none",
                expected=", ".join(driven) or "none, as in the covariance",
            )

    def __eq__(self, other: object) -> bool:
        """Whether every field is the same, arrays to the last bit; where it was read may differ."""
        if not isinstance(other, Orbit):
            return NotImplemented
        for item in fields(self):
            mine, theirs = getattr(self, item.name), getattr(other, item.name)
            if item.name == "covariance":
                if (mine is None) != (theirs is None):
                    return False
                if mine is not None and not np.array_equal(mine, theirs):
                    return False
            elif item.name != "source" and mine != theirs:
                return False
        return True

    def __hash__(self) -> int:
        return hash((self.designation, self.solution, self.epoch_mjd_tdb))

    @property
    def full_name(self) -> str:
        """What a person would call it: "99942 Apophis", "2024 YR4", "1P/Halley"."""
        if self.name is None:
            return self.designation
        if self.number is not None:
            return f"{self.number} {self.name}"
        if self.designation[-1:] in "PD" and self.designation[:-1].isdigit():
            return f"{self.designation}/{self.name}"
        return f"{self.designation} ({self.name})"

    def cartesian(self) -> CartesianOrbit:
        """The heliocentric ICRF state, its covariance mapped by the elements' exact Jacobian.

        Published parameters that do not act on the orbit are dropped from the covariance, which
        is what marginalising over them means.

        Raises:
            InputError: the elements are so extreme that the state overflows.
            OutOfRangeError: an origin other than the Sun at an epoch outside the ephemeris.
            UnknownNameError: an origin that the ephemeris does not know.
        """
        state, jacobian = icrf_state(self.elements, self.epoch_mjd_tdb, self.gm_sun_km3_s2)
        if not (np.isfinite(state).all() and np.isfinite(jacobian).all()):
            raise InputError(
                f"the elements of {self.full_name} give no finite state",
                file=self.source or None,
                field="elements",
                found=str(self.elements),
                expected="elements of an orbit in the solar system",
            )
        model = self.non_gravitational
        parameters = model.estimated if model is not None else ()
        covariance = None
        if self.covariance is not None:
            covariance = map_covariance(self.covariance, self._to_cartesian(jacobian, parameters))
        if isinstance(self.elements, CartesianState | CartesianStateAu):
            state = state + _heliocentric_offset(self.elements.origin, self.epoch_mjd_tdb)
        return CartesianOrbit(
            epoch_mjd_tdb=self.epoch_mjd_tdb,
            position_km=state[:3].copy(),
            velocity_km_s=state[3:].copy(),
            parameters=parameters if covariance is not None else (),
            covariance=covariance,
            non_gravitational=model,
        )

    def _to_cartesian(
        self, jacobian: NDArray[np.float64], parameters: tuple[str, ...]
    ) -> NDArray[np.float64]:
        """Partials of state and parameters for the covariance's parameters, shape (6 + p, n)."""
        full = np.zeros((6 + len(parameters), len(self.covariance_parameters)))
        for column, name in enumerate(self.covariance_parameters):
            if name in self.elements.PARAMETERS:
                full[:6, column] = jacobian[:, self.elements.PARAMETERS.index(name)]
                continue
            effect = (self.non_gravitational or NonGravitational()).effect_of(name)
            if effect is not None:
                full[6 + parameters.index(effect[0]), column] = effect[1]
        return full


def icrf_state(
    elements: Elements, epoch_mjd_tdb: float, gm_km3_s2: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """State (6,) in the ICRF, km and km/s, and its partials (6, 6) for the elements' values."""
    state, jacobian = elements.state(epoch_mjd_tdb, gm_km3_s2)
    if elements.FRAME == "ecliptic J2000":  # EME2000 is taken as the ICRF, as SPICE does
        turn = np.kron(np.eye(2), ecliptic_from_icrf_matrix().T)
        state, jacobian = turn @ state, turn @ jacobian
    return state, jacobian


def _heliocentric_offset(origin: str, epoch_mjd_tdb: float) -> NDArray[np.float64]:
    """The origin's state relative to the Sun, shape (6,), km and km/s, ICRF."""
    if origin == SUN:
        return np.zeros(6)
    body = {"SOLAR SYSTEM BARYCENTER": "ssb", "SSB": "ssb"}.get(origin, origin.lower())
    position_km, velocity_km_s = planets().state(body, epoch_mjd_tdb)
    sun_position_km, sun_velocity_km_s = planets().state("sun", epoch_mjd_tdb)
    return np.concatenate([position_km - sun_position_km, velocity_km_s - sun_velocity_km_s])
