"""The units of a risk assessment."""

from typing import Final

UNITS: Final = {
    "impact_probability": "1",
    "probability_low": "1, lower end of the 95 % interval",
    "probability_high": "1, upper end of the 95 % interval",
    "linear_probability": "1",
    "sigma_lov": "standard deviations along the line of variations",
    "stretch": "km per standard deviation",
    "width_km": "km",
    "speed_km_s": "km/s",
    "longitude_deg": "deg, east, body-fixed",
    "latitude_deg": "deg, north, body-fixed; geodetic on the Earth",
    "energy_mt": "Mt TNT",
}
