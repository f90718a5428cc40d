"""Named places on the Moon, as figures.

Maria: middle and diameter after the IAU/USGS Gazetteer of Planetary Nomenclature, the round ones
(Oceanus Procellarum has no such shape). Craters about the south pole: the same source, rounded to a
tenth of a degree and a kilometre; the rim of a crater so near the pole is uncertain by as much.
"""

from __future__ import annotations

from typing import Final, NamedTuple

SOURCE: Final = (
    "IAU and USGS, Gazetteer of Planetary Nomenclature, planetarynames.wr.usgs.gov "
    "(middles and diameters, rounded)"
)


class Place(NamedTuple):
    """A round feature: east longitude and latitude of its middle, deg; diameter, km."""

    name: str
    latitude_deg: float
    longitude_deg: float
    diameter_km: float


MARIA: Final = (
    Place("Imbrium", 34.7, -14.9, 1146.0),
    Place("Serenitatis", 27.3, 18.4, 674.0),
    Place("Tranquillitatis", 8.3, 30.8, 876.0),
    Place("Crisium", 16.2, 59.1, 556.0),
    Place("Fecunditatis", -7.8, 53.7, 840.0),
    Place("Nectaris", -15.2, 34.6, 340.0),
    Place("Humorum", -24.5, -38.6, 420.0),
    Place("Nubium", -20.6, -17.3, 715.0),
    Place("Orientale", -19.9, -94.7, 294.0),
    Place("Moscoviense", 27.3, 148.1, 276.0),
    Place("Ingenii", -33.3, 163.5, 282.0),
)
SOUTH_POLAR: Final = (
    Place("Shackleton", -89.7, 129.8, 21.0),
    Place("de Gerlache", -88.5, -87.1, 32.0),
    Place("Sverdrup", -88.5, -152.0, 35.0),
    Place("Slater", -88.1, 111.3, 25.0),
    Place("Shoemaker", -88.1, 45.9, 52.0),
    Place("Haworth", -87.4, -5.2, 51.0),
    Place("Faustini", -87.2, 85.0, 42.0),
    Place("Cabeus", -85.3, -41.8, 101.0),
    Place("Nobile", -85.2, 53.7, 74.0),
    Place("Malapert", -84.8, 12.3, 70.0),
    Place("Amundsen", -84.4, 83.1, 103.0),
    Place("Scott", -82.4, 48.5, 108.0),
)
