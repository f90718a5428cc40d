"""The units and rows of close approaches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from perilune.times import format_tdb

if TYPE_CHECKING:
    from perilune.impact import Approach

UNITS: Final = {
    "epoch_tdb": "ISO 8601, TDB",
    "epoch_sigma_s": "s",
    "distance_km": "km, from the body's centre",
    "distance_sigma_km": "km",
    "speed_km_s": "km/s, relative to the body",
    "b_plane.xi_km": "km",
    "b_plane.zeta_km": "km",
    "b_plane.covariance_km2": "km^2, in the order xi zeta",
}


def approach_row(approach: Approach) -> dict[str, Any]:
    """One approach as `--json` gives it."""
    return {
        "object": approach.object,
        "body": approach.body,
        "epoch_tdb": format_tdb(approach.epoch_mjd_tdb, 3),
        "epoch_sigma_s": approach.epoch_sigma_s,
        "distance_km": approach.distance_km,
        "distance_sigma_km": approach.distance_sigma_km,
        "speed_km_s": approach.speed_km_s,
        "b_plane": approach.b_plane,
        "is_impact": approach.is_impact,
    }
