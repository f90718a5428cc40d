"""Physical constants that are definitions or that no data file carries, each with its source.

Masses, zonal coefficients and radii used by the ephemeris come from DE440's own comment area:
see `perilune.ephemeris.constants`.
"""

from __future__ import annotations

from typing import Final

SPEED_OF_LIGHT_KM_S: Final = 299792.458  # exact, SI
AU_KM: Final = 149597870.7  # exact, IAU 2012 resolution B2
DAY_S: Final = 86400.0
JULIAN_YEAR_D: Final = 365.25
MJD_OF_JD: Final = 2400000.5
J2000_MJD_TDB: Final = 51544.5
# The Gaussian constant squared, IAU 1976: OrbFit's GM of the Sun.
GAUSS_K2_AU3_D2: Final = 0.01720209895**2

OBLIQUITY_J2000_ARCSEC: Final = 84381.448  # IAU 1976, as JPL's and the MPC's ecliptic J2000 use it

EARTH_EQUATORIAL_RADIUS_KM: Final = 6378.137  # WGS84, NIMA TR8350.2 (2000) table 3.1
EARTH_INVERSE_FLATTENING: Final = 298.257223563  # WGS84, same table
ENTRY_ALTITUDE_KM: Final = 100.0  # an impact on the Earth is counted at this height over WGS84
MOON_RADIUS_KM: Final = 1737.4  # IAU WGCCRE 2015, doi:10.1007/s10569-017-9805-5

TNT_MEGATON_J: Final = 4.184e15
