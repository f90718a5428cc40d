"""Orbital elements as their publishers print them, and their exact way to a Cartesian state.

The fields keep the published units, named in each field, so that a file that is read and written
again holds the same digits. All elements are heliocentric and refer to the ecliptic and equinox
J2000; a Cartesian state names its frame and its origin.

`state` gives km and km/s with the partial derivatives for the published values.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from decimal import Decimal
from typing import ClassVar, Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from perilune.constants import AU_KM, DAY_S, GAUSS_K2_AU3_D2
from perilune.errors import InputError
from perilune.orbits.element_kernels import (
    cometary_to_state,
    equinoctial_to_state,
    keplerian_to_state,
)

# Publishers make elements with one of two values; they differ by 5.0e-12. Most use that of
# DE440 and DE441 (Park et al. 2021, doi:10.3847/1538-3881/abd414), older ones the Gaussian.
GM_SUN_DE440_KM3_S2: Final = 132712440041.279419
GM_SUN_GAUSS_KM3_S2: Final = GAUSS_K2_AU3_D2 * AU_KM**3 / DAY_S**2

Frame: TypeAlias = Literal["ICRF", "EME2000", "ecliptic J2000"]
StateAndJacobian: TypeAlias = tuple[NDArray[np.float64], NDArray[np.float64]]

_DEGREE: Final = math.pi / 180.0


def published_gm_sun(
    semi_major_axis_au: float, mean_motion_rad_d: float, default_km3_s2: float
) -> float | None:
    """The GM of the Sun with which a publisher's mean motion follows from its semi-major axis.

    With 12 digits or more GM = n^2 |a|^3 tells the two known values apart; with fewer the default
    is as good as either.

    Returns:
        One of the known values in km^3/s^2; None where n and a contradict each other.
    """
    a_km = abs(semi_major_axis_au) * AU_KM
    motion_rad_s = mean_motion_rad_d / DAY_S
    gm = motion_rad_s * motion_rad_s * a_km * a_km * a_km  # powers would raise where this is inf
    known = (GM_SUN_DE440_KM3_S2, GM_SUN_GAUSS_KM3_S2)
    nearest = min(known, key=lambda value: abs(value - gm))
    if abs(gm / nearest - 1.0) < 2e-12:
        return nearest
    return default_km3_s2 if abs(gm / nearest - 1.0) < 0.05 else None


@dataclass(frozen=True, slots=True)
class KeplerianElements:
    """Ellipse or hyperbola (a < 0) by its semi-major axis and mean anomaly; no parabola.

    Raises:
        InputError: not finite, e < 0, e = 1 exactly, a of the wrong sign, i outside 0 ... 180.
    """

    semi_major_axis_au: float
    eccentricity: float
    inclination_deg: float
    node_deg: float
    argument_of_perihelion_deg: float
    mean_anomaly_deg: float

    PARAMETERS: ClassVar = ("a_au", "e", "i_deg", "node_deg", "peri_deg", "m_deg")
    FRAME: ClassVar[Frame] = "ecliptic J2000"

    def __post_init__(self) -> None:
        _check_finite(self)
        _check_shape(self.eccentricity, self.inclination_deg)
        if self.eccentricity == 1.0:
            raise InputError(
                "a parabola has no semi-major axis",
                field="eccentricity",
                found=self.eccentricity,
                expected="e other than 1 with Keplerian elements",
                remedy="Give the orbit by cometary elements (q, e, time of perihelion) instead.",
            )
        a = self.semi_major_axis_au
        if a == 0.0 or (a > 0.0) != (self.eccentricity < 1.0):
            raise InputError(
                "the semi-major axis does not fit the eccentricity",
                field="semi-major axis",
                found=a,
                expected="a > 0 au with e < 1, or a < 0 au with e > 1",
            )

    def state(self, epoch_mjd_tdb: float, gm_km3_s2: float) -> StateAndJacobian:
        """State (6,) in km and km/s, and its Jacobian (6, 6) for `PARAMETERS`."""
        units = np.array([AU_KM, 1.0, _DEGREE, _DEGREE, _DEGREE, _DEGREE])
        elements = np.array(
            [
                self.semi_major_axis_au,
                self.eccentricity,
                self.inclination_deg,
                self.node_deg % 360.0,
                self.argument_of_perihelion_deg % 360.0,
                _reduced_deg(self.mean_anomaly_deg)
                if self.eccentricity < 1.0
                else self.mean_anomaly_deg,
            ]
        )
        state, jacobian = np.empty(6), np.empty((6, 6))
        keplerian_to_state(elements * units, gm_km3_s2, state, jacobian)
        return state, jacobian * units


@dataclass(frozen=True, slots=True)
class CometaryElements:
    """Any conic by its perihelion, parabolas included.

    The time of perihelion is a decimal number, since JPL prints it to 1e-12 day, more than a
    float64 of this size holds.

    Raises:
        InputError: not finite, e < 0, q not above 0, i outside 0 ... 180.
    """

    eccentricity: float
    perihelion_distance_au: float
    perihelion_mjd_tdb: Decimal
    node_deg: float
    argument_of_perihelion_deg: float
    inclination_deg: float

    PARAMETERS: ClassVar = ("e", "q_au", "tp_d", "node_deg", "peri_deg", "i_deg")
    FRAME: ClassVar[Frame] = "ecliptic J2000"

    def __post_init__(self) -> None:
        _check_finite(self)
        _check_shape(self.eccentricity, self.inclination_deg)
        if self.perihelion_distance_au <= 0.0:
            raise InputError(
                "the perihelion distance is not positive",
                field="perihelion distance",
                found=self.perihelion_distance_au,
                expected="q > 0 au",
            )

    def state(self, epoch_mjd_tdb: float, gm_km3_s2: float) -> StateAndJacobian:
        """State (6,) in km and km/s, and its Jacobian (6, 6) for `PARAMETERS`."""
        since_perihelion_d = float(Decimal(epoch_mjd_tdb) - self.perihelion_mjd_tdb)
        elements = np.array(
            [
                self.perihelion_distance_au * AU_KM,
                self.eccentricity,
                self.inclination_deg * _DEGREE,
                self.node_deg % 360.0 * _DEGREE,
                self.argument_of_perihelion_deg % 360.0 * _DEGREE,
                since_perihelion_d * DAY_S,
            ]
        )
        state, jacobian = np.empty(6), np.empty((6, 6))
        cometary_to_state(elements, gm_km3_s2, state, jacobian)
        units = np.array([1.0, AU_KM, -DAY_S, _DEGREE, _DEGREE, _DEGREE])
        return state, jacobian[:, [1, 0, 5, 3, 4, 2]] * units


@dataclass(frozen=True, slots=True)
class EquinoctialElements:
    """An ellipse in elements regular at e = 0 and i = 0 (OrbFit's EQU).

    h = e sin(w + node), k = e cos(w + node), p = tan(i/2) sin node, q = tan(i/2) cos node.

    Raises:
        InputError: not finite, a not above 0, or h^2 + k^2 not below 1.
    """

    semi_major_axis_au: float
    h: float
    k: float
    p: float
    q: float
    mean_longitude_deg: float

    PARAMETERS: ClassVar = ("a_au", "h", "k", "p", "q", "lambda_deg")
    FRAME: ClassVar[Frame] = "ecliptic J2000"

    def __post_init__(self) -> None:
        _check_finite(self)
        if self.semi_major_axis_au <= 0.0 or math.hypot(self.h, self.k) >= 1.0:
            raise InputError(
                "equinoctial elements describe ellipses only",
                field="semi-major axis, h, k",
                found=(self.semi_major_axis_au, self.h, self.k),
                expected="a > 0 au and h² + k² < 1",
                remedy="Give the orbit by cometary elements instead.",
            )

    def state(self, epoch_mjd_tdb: float, gm_km3_s2: float) -> StateAndJacobian:
        """State (6,) in km and km/s, and its Jacobian (6, 6) for `PARAMETERS`."""
        units = np.array([AU_KM, 1.0, 1.0, 1.0, 1.0, _DEGREE])
        longitude_deg = _reduced_deg(self.mean_longitude_deg)
        elements = np.array(
            [self.semi_major_axis_au, self.h, self.k, self.p, self.q, longitude_deg]
        )
        state, jacobian = np.empty(6), np.empty((6, 6))
        equinoctial_to_state(elements * units, gm_km3_s2, state, jacobian)
        return state, jacobian * units


@dataclass(frozen=True, slots=True)
class CartesianState:
    """Position and velocity in km and km/s, in a named frame about a named origin.

    The origin is a name of CCSDS and SPICE: SUN, SOLAR SYSTEM BARYCENTER, EARTH, MOON, ...

    Raises:
        InputError: not finite.
    """

    position_km: tuple[float, float, float]
    velocity_km_s: tuple[float, float, float]
    frame: Frame
    origin: str

    PARAMETERS: ClassVar = ("x_km", "y_km", "z_km", "vx_km_s", "vy_km_s", "vz_km_s")

    def __post_init__(self) -> None:
        _check_vectors(self.position_km, self.velocity_km_s)

    @property
    def FRAME(self) -> Frame:
        return self.frame

    def state(self, epoch_mjd_tdb: float, gm_km3_s2: float) -> StateAndJacobian:
        """State (6,) in km and km/s, and the unit matrix (6, 6)."""
        return np.array([*self.position_km, *self.velocity_km_s]), np.eye(6)


@dataclass(frozen=True, slots=True)
class CartesianStateAu:
    """Position and velocity in au and au/d, as OrbFit and Horizons print them.

    Raises:
        InputError: not finite.
    """

    position_au: tuple[float, float, float]
    velocity_au_d: tuple[float, float, float]
    frame: Frame
    origin: str

    PARAMETERS: ClassVar = ("x_au", "y_au", "z_au", "vx_au_d", "vy_au_d", "vz_au_d")

    def __post_init__(self) -> None:
        _check_vectors(self.position_au, self.velocity_au_d)

    @property
    def FRAME(self) -> Frame:
        return self.frame

    def state(self, epoch_mjd_tdb: float, gm_km3_s2: float) -> StateAndJacobian:
        """State (6,) in km and km/s, and its Jacobian (6, 6) for `PARAMETERS`."""
        units = np.repeat([AU_KM, AU_KM / DAY_S], 3)
        return np.array([*self.position_au, *self.velocity_au_d]) * units, np.diag(units)


Elements: TypeAlias = (
    KeplerianElements | CometaryElements | EquinoctialElements | CartesianState | CartesianStateAu
)


def _reduced_deg(angle_deg: float) -> float:
    """The angle in -180 ... 180; exact, since IEEE remainders are."""
    return math.remainder(angle_deg, 360.0)


def _check_finite(elements: Elements) -> None:
    for field in fields(elements):
        value = getattr(elements, field.name)
        if not math.isfinite(value):
            raise InputError(
                "an element is not a finite number",
                field=field.name,
                found=str(value),
                expected="a finite number",
            )


def _check_vectors(position: tuple[float, ...], velocity: tuple[float, ...]) -> None:
    values = (*position, *velocity)
    if len(position) != 3 or len(velocity) != 3 or not all(map(math.isfinite, values)):
        raise InputError(
            "a state is not six finite numbers",
            field="position and velocity",
            found=values,
            expected="three finite numbers each",
        )


def _check_shape(eccentricity: float, inclination_deg: float) -> None:
    if eccentricity < 0.0:
        raise InputError(
            "the eccentricity is negative",
            field="eccentricity",
            found=eccentricity,
            expected="e of 0 or more",
        )
    if not 0.0 <= inclination_deg <= 180.0:
        raise InputError(
            "the inclination is outside its range",
            field="inclination",
            found=inclination_deg,
            expected="0 to 180 degrees",
        )
