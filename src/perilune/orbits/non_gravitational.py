"""Accelerations other than gravity, as a comet's gas or an asteroid's heat and light cause them.

The acceleration is g(r) (A1 R + A2 T + A3 N) along the heliocentric radial, transverse and normal
directions, with g(r) = alpha (r/r0)^-m (1 + (r/r0)^n)^-k of Marsden, Sekanina and Yeomans 1973
(doi:10.1086/111402), taken at the time t - DT where a delay DT is given (Yeomans and Chodas 1989,
doi:10.1086/115186).

Some publishers estimate other quantities, which become A1 or A2 here:

* area-to-mass ratio: sunlight pushes with Phi/c (A/m) / r^2. OrbFit, and so NEOCC, takes
  Phi = 1370 W/m^2 (`radpast` in OrbFit's `non_grav.f90`) and prints m^2/t. For JPL's AMRAT, in
  m^2/kg, 1367 W/m^2 is used; its own uncertainty, 7 % for Bennu, exceeds what the choice matters.
* Yarkovsky parameter: OrbFit prints A2 in 1e-10 au/d^2, with g = 1/r^2.
* bulk density RHO: JPL's thermal model of Bennu. The push goes with 1/RHO; its size at the
  nominal density follows from the published drift of the semi-major axis. See `a2_of_drift`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Final

from perilune.constants import AU_KM, DAY_S, JULIAN_YEAR_D, SPEED_OF_LIGHT_KM_S
from perilune.errors import InputError

PARAMETERS: Final = ("a1_au_d2", "a2_au_d2", "a3_au_d2", "dt_d")

_TO_AU_D2: Final = 1e-3 * DAY_S**2 / AU_KM  # from m/s^2
A1_PER_M2_T_ORBFIT_AU_D2: Final = 1370.0 / (SPEED_OF_LIGHT_KM_S * 1e3) * 1e-3 * _TO_AU_D2
A1_PER_M2_KG_JPL_AU_D2: Final = 1367.0 / (SPEED_OF_LIGHT_KM_S * 1e3) * _TO_AU_D2

# da/dt of orbits for which JPL estimates RHO, m per Julian year. Farnocchia et al. 2021,
# doi:10.1016/j.icarus.2021.114594: -284.6 +- 0.2 m/yr at 2011 January 1, the epoch of SBDB's orbit.
DRIFT_M_YR: Final = {"101955": -284.6}


@dataclass(frozen=True, slots=True)
class NonGravitational:
    """Marsden's parameters, what of them was estimated, and the published quantities behind them.

    Args:
        a1_au_d2: radial acceleration at g = 1.
        a2_au_d2: transverse acceleration at g = 1.
        a3_au_d2: normal acceleration at g = 1.
        dt_d: delay; g is taken at t - DT.
        alpha: ALN, the normalising factor.
        r0_au: the scale distance.
        m: NM, the first exponent.
        n: NN, the inner exponent.
        k: NK, the outer exponent.
        estimated: the parameters with rows in the orbit's Cartesian covariance, a subset of
            `PARAMETERS` in that order.
        published: every parameter as published, name (with its unit) and value, in the order of
            the source. Those that do not act on the orbit (S0, an offset of the centre of
            light in km) stand here as well.

    Raises:
        InputError: a number is not finite, or `estimated` is no ordered subset of `PARAMETERS`.
    """

    a1_au_d2: float = 0.0
    a2_au_d2: float = 0.0
    a3_au_d2: float = 0.0
    dt_d: float = 0.0
    alpha: float = 1.0
    r0_au: float = 1.0
    m: float = 2.0
    n: float = 5.093
    k: float = 0.0
    estimated: tuple[str, ...] = ()
    published: tuple[tuple[str, float], ...] = ()

    def __post_init__(self) -> None:
        for field in fields(self)[:9]:
            value = getattr(self, field.name)
            if not math.isfinite(value):
                raise InputError(
                    "a non-gravitational parameter is not a finite number",
                    field=field.name,
                    found=str(value),
                    expected="a finite number",
                )
        if self.r0_au <= 0.0:
            raise InputError(
                "the scale distance of g(r) is not positive",
                field="r0_au",
                found=self.r0_au,
                expected="a distance above 0 au",
            )
        if self.estimated != tuple(name for name in PARAMETERS if name in self.estimated):
            raise InputError(
                "the estimated parameters are not known, repeated or out of order",
                field="estimated",
                found=self.estimated,
                expected=f"some of {', '.join(PARAMETERS)}, in this order",
            )
        for name, value in self.published:
            if not math.isfinite(value):
                raise InputError(
                    "a published parameter is not a finite number",
                    field=name,
                    found=str(value),
                    expected="a finite number",
                )

    def effect_of(self, parameter: str) -> tuple[str, float] | None:
        """The Marsden parameter that a published one drives, and the derivative of the former.

        None for a parameter that does not act on the orbit.

        Raises:
            InputError: no such parameter, or a density without its value.
        """
        if parameter in PARAMETERS:
            return parameter, 1.0
        if parameter == "area_to_mass_m2_t":
            return "a1_au_d2", A1_PER_M2_T_ORBFIT_AU_D2
        if parameter == "amrat_m2_kg":
            return "a1_au_d2", A1_PER_M2_KG_JPL_AU_D2
        if parameter == "yarkovsky_1e10_au_d2":
            return "a2_au_d2", 1e-10
        if parameter == "rho_kg_m3" and dict(self.published).get(parameter, 0.0) > 0.0:
            return "a2_au_d2", -self.a2_au_d2 / dict(self.published)[parameter]
        if parameter == "s0_km":
            return None
        raise InputError(
            "a non-gravitational parameter is not known, or has no value",
            field="covariance parameter",
            found=parameter,
            expected="A1, A2, A3, DT, AMRAT, RHO, S0, or OrbFit's area-to-mass and Yarkovsky",
        )


def from_published(
    published: tuple[tuple[str, float], ...],
    estimated: tuple[str, ...],
    *,
    g_of_r: tuple[float, float, float, float, float],
    drift_m_yr: float | None = None,
    semi_major_axis_au: float = math.nan,
    eccentricity: float = math.nan,
    gm_sun_km3_s2: float = math.nan,
) -> NonGravitational:
    """Marsden's parameters from the published ones.

    Args:
        published: name and value of each, in the order of the source.
        estimated: which of them have rows in the covariance.
        g_of_r: alpha, r0 (au), m, n, k.
        drift_m_yr: da/dt, needed with RHO only, as are the next three.
        semi_major_axis_au: of the orbit.
        eccentricity: of the orbit.
        gm_sun_km3_s2: of the orbit.

    Raises:
        InputError: two published parameters drive one of Marsden's, an unknown one, RHO without
            a known drift, or sunlight together with a g(r) other than 1/r^2.
    """
    values = dict.fromkeys(PARAMETERS, 0.0)
    driven: dict[str, str] = {}
    for name, value in published:
        if name == "rho_kg_m3":
            if drift_m_yr is None or value <= 0.0:
                raise InputError(
                    "the orbit estimates a bulk density, and no drift is known to go with it",
                    field="RHO",
                    found=value,
                    expected="an object whose thermal drift Perilune knows: "
                    + ", ".join(DRIFT_M_YR),
                    remedy="Use an orbit of this object that estimates A2.",
                )
            target = "a2_au_d2"
            values[target] = a2_of_drift(
                drift_m_yr, semi_major_axis_au, eccentricity, gm_sun_km3_s2
            )
        else:
            effect = NonGravitational().effect_of(name)
            if effect is None:
                continue
            target = effect[0]
            values[target] = value * effect[1]
        if target in driven:
            raise InputError(
                f"two parameters drive {target}",
                field=name,
                found=f"{driven[target]} and {name}",
                expected="one of them",
            )
        driven[target] = name
    radiation = {"area_to_mass_m2_t", "amrat_m2_kg", "rho_kg_m3", "yarkovsky_1e10_au_d2"}
    alpha, r0_au, m, _, k = g_of_r
    if radiation & set(driven.values()) and (alpha, r0_au, m, k) != (1.0, 1.0, 2.0, 0.0):
        raise InputError(
            "sunlight and heat need g(r) = 1/r², and the orbit has another g(r)",
            field="g(r)",
            found=g_of_r,
            expected="ALN = 1, R0 = 1, NM = 2, NK = 0",
        )
    acting = {target for target, name in driven.items() if name in estimated}
    return NonGravitational(
        **values,
        alpha=g_of_r[0],
        r0_au=g_of_r[1],
        m=g_of_r[2],
        n=g_of_r[3],
        k=g_of_r[4],
        estimated=tuple(name for name in PARAMETERS if name in acting),
        published=published,
    )


def a2_of_drift(
    drift_m_yr: float, semi_major_axis_au: float, eccentricity: float, gm_sun_km3_s2: float
) -> float:
    """A2 in au/d^2 with g = 1/r^2 that drifts the semi-major axis so, averaged over a revolution.

    da/dt = 2 A2 (1 - e^2) / (n p^2), p = a (1 - e^2): Farnocchia et al. 2013, eq. 2 with d = 2,
    doi:10.1016/j.icarus.2013.02.004.
    """
    gm_au3_d2 = gm_sun_km3_s2 * DAY_S**2 / AU_KM**3
    motion_rad_d = math.sqrt(gm_au3_d2 / semi_major_axis_au**3)
    p_au = semi_major_axis_au * (1.0 - eccentricity**2)
    drift_au_d = drift_m_yr * 1e-3 / AU_KM / JULIAN_YEAR_D
    return drift_au_d * motion_rad_d * p_au**2 / (2.0 * (1.0 - eccentricity**2))
