"""The epochs, units and rows of an ephemeris."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from perilune.contract.steps import step_days
from perilune.errors import InputError
from perilune.times import format_utc, mjd_tdb_from_utc, mjd_utc_from_tdb, parse_epoch

if TYPE_CHECKING:
    from perilune.astrometry.observations import FloatArray
    from perilune.determination.sky_path import SkyPath

UNITS: Final = {
    "ra_deg": "deg, astrometric ICRF: with light time, without aberration",
    "dec_deg": "deg, likewise",
    "ra_rate_deg_d": "deg/d, times cos(dec)",
    "dec_rate_deg_d": "deg/d",
    "ra_sigma_arcsec": "arcsec, times cos(dec)",
    "dec_sigma_arcsec": "arcsec",
    "sigma_major_arcsec": "arcsec, of the one-sigma ellipse",
    "sigma_minor_arcsec": "arcsec",
    "position_angle_deg": "deg, of the ellipse's long axis from north through east",
    "distance_au": "au, from the observer, when the light left",
    "sun_distance_au": "au, when the light left",
    "v_mag": "mag: V by H, G, or a comet's total magnitude by M1, K1",
    "elongation_deg": "deg",
    "phase_deg": "deg",
    "altitude_deg": "deg, apparent; null in space",
    "azimuth_deg": "deg, from north through east; null in space",
}
MOST_ROWS: Final = 1_000_000


def sky_epochs(start: str, stop: str, step: str, most: int = MOST_ROWS) -> FloatArray:
    """The epochs, MJD TDB, evenly spaced in UTC.

    Raises:
        InputError: the step is none, or the span is empty or too long.
    """
    step_d = step_days(step)
    first = parse_epoch(start, "--start")
    last = parse_epoch(stop, "--stop")
    if last < first:
        raise InputError(
            "the span ends before it starts",
            field="--stop",
            found=stop,
            expected=f"not before {start}",
        )
    first_utc, last_utc = float(mjd_utc_from_tdb(first)), float(mjd_utc_from_tdb(last))
    count = int(np.floor((last_utc - first_utc) / step_d + 1e-9)) + 1
    if count > most:
        raise InputError(
            "there would be too many rows",
            field="--step",
            found=f"{count} rows",
            expected=f"at most {most}",
            remedy="Take a longer step.",
        )
    return mjd_tdb_from_utc(first_utc + step_d * np.arange(count))


def sky_rows(path: SkyPath) -> list[dict[str, Any]]:
    """The rows of `--json`, in degrees and arcseconds."""

    def degrees(angle: FloatArray | None) -> list[float | None]:
        return [None] * len(path.epoch_mjd_tdb) if angle is None else np.degrees(angle).tolist()

    def arcsec(angle: FloatArray | None) -> list[float | None]:
        return degrees(None if angle is None else angle * 3600.0)

    covariance, ellipse = path.covariance_rad2, path.ellipse()
    major, minor, position_angle = (None, None, None) if ellipse is None else ellipse
    columns: dict[str, list[Any]] = {
        "epoch_utc": [format_utc(epoch) for epoch in path.epoch_mjd_tdb.tolist()],
        "ra_deg": degrees(path.ra_rad),
        "dec_deg": degrees(path.dec_rad),
        "ra_rate_deg_d": degrees(path.ra_rate_rad_d),
        "dec_rate_deg_d": degrees(path.dec_rate_rad_d),
        "ra_sigma_arcsec": arcsec(None if covariance is None else np.sqrt(covariance[:, 0, 0])),
        "dec_sigma_arcsec": arcsec(None if covariance is None else np.sqrt(covariance[:, 1, 1])),
        "sigma_major_arcsec": arcsec(major),
        "sigma_minor_arcsec": arcsec(minor),
        "position_angle_deg": degrees(position_angle),
        "distance_au": path.distance_au.tolist(),
        "sun_distance_au": path.sun_distance_au.tolist(),
        "v_mag": path.magnitude.tolist(),
        "elongation_deg": degrees(path.elongation_rad),
        "phase_deg": degrees(path.phase_rad),
        "altitude_deg": degrees(path.altitude_rad),
        "azimuth_deg": degrees(path.azimuth_rad),
    }
    return [
        {"object": path.object, "observer": path.observer}
        | dict(zip(columns, values, strict=True))
        | {"status": path.status}
        for values in zip(*columns.values(), strict=True)
    ]
