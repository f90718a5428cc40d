"""Size, mass and impact energy; the Palermo and Torino scales for the Earth and for the Moon.

Earth. Palermo technical scale: Chesley, Chodas, Milani, Valsecchi and Yeomans 2002, Icarus 159,
423, doi:10.1006/icar.2002.6910. Torino scale: Binzel 2000, Planet. Space Sci. 48, 297,
doi:10.1016/S0032-0633(00)00006-4, figure 2, with the words of Morrison et al. 2004 (Mitigation
of Hazardous Comets and Asteroids, Cambridge, ch. 16).

Moon. The scales have no published form for it. Perilune's Palermo scale for the Moon is the same
logarithm against the Moon's own background, the Earth's f_B times `MOON_BACKGROUND_RATIO`: the
rate of impacts of at least the same *energy* on the Moon over that on the Earth. Öpik's
probabilities over the 5,000 near-Earth objects drawn from Granvik et al. 2018
(doi:10.1016/j.icarus.2018.04.018), each spread a little in a, e and i, give 1/23.8 with the
cross-sections pi R^2 (1 + v_escape^2 / v_infinity^2) and the number above a mass going as
mass^-0.8, as f_B does; 1/21.9 for bodies of the same *size*; mean impact speeds of 20.1 km/s on
the Earth and 18.7 km/s on the Moon (Gallant, Gladman and Cuk 2009,
doi:10.1016/j.icarus.2009.03.025, find 20 km/s on the Moon from integrations of an older model).
The truth test repeats it. Left out: the Moon's own orbital speed and the Earth's focusing at its
distance, some 2 %; 10 % in the ratio is 0.04 in the Palermo scale.

Torino's regions are taken for the Moon as they are, in probability and energy. Its words about
damage do not hold there: read the number as "how likely and how large" only.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from perilune.constants import TNT_MEGATON_J
from perilune.errors import InputError

SENTRY_ALBEDO: Final = 0.154  # CNEOS Sentry, notes to an object's table ("Diameter")
SENTRY_DENSITY_KG_M3: Final = 2600.0  # the same notes ("Mass")
DIAMETER_AT_H0_KM: Final = 1329.0  # Pravec & Harris 2007, doi:10.1016/j.icarus.2007.02.023

MOON_BACKGROUND_RATIO: Final = 1.0 / 23.8
MOON_TO_EARTH_IMPACTS_SAME_SIZE: Final = 1.0 / 21.9

TORINO_HORIZON_YEARS: Final = 100.0


@dataclass(frozen=True)
class ImpactBackground:
    """Yearly number of impacts of at least an energy on a body: rate times E/Mt to a power."""

    body: Literal["earth", "moon"]
    rate_per_year: float
    exponent: float

    def frequency_per_year(self, energy_mt: ArrayLike) -> NDArray[np.float64]:
        """Impacts a year of at least `energy_mt` (Mt of TNT), elementwise."""
        return np.asarray(self.rate_per_year * _positive(energy_mt, "energy_mt") ** self.exponent)


EARTH_BACKGROUND: Final = ImpactBackground("earth", 0.03, -0.8)  # Chesley et al. 2002
MOON_BACKGROUND: Final = ImpactBackground("moon", 0.03 * MOON_BACKGROUND_RATIO, -0.8)

BACKGROUNDS: Final = {"earth": EARTH_BACKGROUND, "moon": MOON_BACKGROUND}


def diameter_km(
    absolute_magnitude: ArrayLike, albedo: ArrayLike = SENTRY_ALBEDO
) -> NDArray[np.float64]:
    """Diameter of a sphere from H and the geometric albedo, elementwise.

    Raises:
        InputError: if H is not finite or the albedo not above 0.
    """
    h = np.asarray(absolute_magnitude, dtype=np.float64)
    if not np.isfinite(h).all():
        raise InputError("H must be finite", field="absolute_magnitude", found=absolute_magnitude)
    return np.asarray(DIAMETER_AT_H0_KM / np.sqrt(_positive(albedo, "albedo")) * 10.0 ** (-0.2 * h))


def mass_kg(
    diameter_km: ArrayLike, density_kg_m3: ArrayLike = SENTRY_DENSITY_KG_M3
) -> NDArray[np.float64]:
    """Mass of a homogeneous sphere, elementwise.

    Raises:
        InputError: if a diameter or density is not finite and above 0.
    """
    radius_m = 500.0 * _positive(diameter_km, "diameter_km")
    return np.asarray(4.0 / 3.0 * math.pi * radius_m**3 * _positive(density_kg_m3, "density_kg_m3"))


def impact_energy_mt(mass_kg: ArrayLike, speed_km_s: ArrayLike) -> NDArray[np.float64]:
    """Kinetic energy in megatons of TNT (4.184e15 J) at an impact speed, elementwise.

    Raises:
        InputError: if a mass or speed is not finite and above 0.
    """
    speed_m_s = 1e3 * _positive(speed_km_s, "speed_km_s")
    return np.asarray(0.5 * _positive(mass_kg, "mass_kg") * speed_m_s**2 / TNT_MEGATON_J)


def palermo_scale(
    probability: ArrayLike,
    energy_mt: ArrayLike,
    years_ahead: ArrayLike,
    background: ImpactBackground = EARTH_BACKGROUND,
) -> NDArray[np.float64]:
    """Palermo technical scale, log10(probability / (f_B * years ahead)), elementwise.

    Years of 365.25 days count from the day of the assessment (Chesley et al. 2002; NEOCC's table
    for 1979 XB, computed in 2019, counts from the last observation in 1979). Probability 0 gives
    minus infinity.

    Raises:
        InputError: if a probability is not in 0..1, or an energy or time is not above 0.
    """
    p = _probability(probability)
    expected = background.frequency_per_year(energy_mt) * _positive(years_ahead, "years_ahead")
    with np.errstate(divide="ignore"):
        return np.asarray(np.log10(p / expected))


def palermo_cumulative(palermo: ArrayLike) -> float:
    """log10 of the sum of 10^PS over all potential impacts; minus infinity for none.

    Source: Chesley et al. 2002; CNEOS Sentry, "Palermo scale".
    """
    values = np.asarray(palermo, dtype=np.float64).ravel()
    total = math.fsum(10.0**values)
    return math.log10(total) if total > 0.0 else -math.inf


def torino_scale(probability: float, energy_mt: float, years_ahead: float) -> int | None:
    """Torino scale of one potential impact, 0 to 10.

    With x = log10 p, y = log10 E/Mt, the regions of Binzel 2000, figure 2, are bounded by
    p = 1 % and 99 %, E = 1, 100 and 1e5 Mt and three lines of slope -3/2 through p = 1 % at
    E = 0.1, 100 and 1e5 Mt. The same lines stand in the public source of OrbFit
    (`eval_risk`, University of Pisa). A point on a bound belongs to the region of the
    greater probability or energy ("1 % or greater chance").

    Returns:
        The number, or None for an impact over 100 years ahead, where the scale is not defined.

    Raises:
        InputError: if the probability is not in 0..1, or the energy or time is not above 0.
    """
    p = float(_probability(probability))
    energy = float(_positive(energy_mt, "energy_mt"))
    if float(_positive(years_ahead, "years_ahead")) > TORINO_HORIZON_YEARS:
        return None
    if p == 0.0 or energy < 1.0:
        return 0
    x, y = math.log10(p), math.log10(energy)
    if p >= 0.99:
        return 8 if energy < 1e2 else 9 if energy < 1e5 else 10

    def beyond_line(log_energy_at_one_percent: float) -> bool:
        return y - log_energy_at_one_percent + 1.5 * (x + 2.0) >= 0.0

    if p >= 0.01:
        if energy >= 1e5:
            return 7
        if beyond_line(5.0):
            return 5
        return 4 if energy >= 1e2 else 3
    if beyond_line(5.0):
        return 6
    if beyond_line(2.0):
        return 2
    return 1 if beyond_line(-1.0) else 0


def _positive(value: ArrayLike, field: str) -> NDArray[np.float64]:
    array = np.asarray(value, dtype=np.float64)
    if not (np.isfinite(array) & (array > 0.0)).all():
        raise InputError("a value must be finite and above 0", field=field, found=value)
    return array


def _probability(value: ArrayLike) -> NDArray[np.float64]:
    array = np.asarray(value, dtype=np.float64)
    if not ((array >= 0.0) & (array <= 1.0)).all():
        raise InputError("a probability must lie between 0 and 1", field="probability", found=value)
    return array
