"""The units of what a cycle says of the station."""

from __future__ import annotations

from typing import Final

UNITS: Final = {
    "station.light.sun_fraction": "visible share of the Sun's disc, 0 to 1",
    "station.light.sun_altitude_deg": "deg over the level, of the centre; null in orbit",
    "station.light.earth_altitude_deg": "deg over the level, of the centre; null in orbit",
    "station.light.sun_changes_utc": "when the Sun next rises or sets; null if not within 200 "
    "days, in orbit a day",
    "station.light.earth_changes_utc": "when the Earth's centre next rises or sets",
    "station.links.changes_utc": "when sight next begins or ends; null if not within a day",
    "station.sightings.v_mag": "mag, V now",
    "station.sightings.limit_mag": "mag, as the station file has it; null where it has none",
    "station.sightings.altitude_deg": "deg over the level, apparent, now; null in orbit",
    "station.sightings.horizon_deg": "deg, the lowest altitude there; null in orbit",
    "station.sightings.elongation_deg": "deg from the Sun, now",
    "station.sightings.sun_altitude_deg": "deg over the level, now; null in orbit",
    "station.sightings.from_utc": "the first time within a day when it can be seen",
    "station.sightings.to_utc": "the last time of that stretch",
    "station.hazards.distance_km": "km along the ground, from the impact's mean place to the "
    "nearest site",
    "station.hazards.impact_probability": "of this virtual impactor, 0 to 1",
    "station.hazards.energy_mt": "Mt of TNT",
}
