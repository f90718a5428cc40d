"""Observations as columns: what was measured, when, from where, and how well."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from enum import IntEnum
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from perilune.errors import InputError

FloatArray: TypeAlias = NDArray[np.float64]
TextArray: TypeAlias = NDArray[np.str_]


class Kind(IntEnum):
    """What an observation measures."""

    OPTICAL = 0
    RADAR_DELAY = 1
    RADAR_DOPPLER = 2


@dataclass(frozen=True, slots=True, eq=False)
class Observations:
    """N observations, one a row; NaN or an empty text where a field was not given.

    Epochs are those of reception, TDB. Right ascension and declination are astrometric, ICRF.
    Sigmas are those that came with the observation, not yet weights.

    Attributes:
        designation: the object, unpacked where it could be: "2024 YR4", "99942", "A11pl3Z".
        kind: a `Kind`.
        epoch_mjd_tdb: of reception.
        ra_rad, dec_rad: optical.
        delay_s: radar round-trip time (two-way); doppler_hz: its shift at `frequency_hz`.
        frequency_hz: transmitter frequency; transmitter: MPC code of the transmitting station.
        is_surface: radar: whether the delay is to the leading edge (the surface) rather than to
            the centre of mass.
        station: MPC code of the (receiving) observer.
        position_system: how `position` is given: "" (not given), "ICRF_KM" (km from the centre,
            ICRF axes), "ITRF" (km, body-fixed axes of the centre), "WGS84" or "IAU" (longitude
            rad, latitude rad, height km over the centre's ellipsoid or sphere).
        position_center: NAIF number of the body from which it counts: 399, 301, 10; 0 if none.
        position: shape (N, 3).
        sigma_ra_rad: along the right ascension times cos(dec); sigma_dec_rad; correlation between
            the two; sigma_time_s; sigma_delay_s; sigma_doppler_hz.
        bias_ra_rad, bias_dec_rad: subtracted by whoever reduced the file (`.rwo`): observed minus
            this is the unbiased place; the first along RA times cos(dec).
        precision_ra_rad, precision_dec_rad, precision_time_s: the unit of the last digit given.
        magnitude, band, sigma_magnitude: as reported.
        catalog: the star catalogue, ADES `astCat` code.
        mode: ADES `mode`: "CCD", "PHO", "CMO", "OCC", ...
        program: the observer's program code (80-column column 14 where it is one).
        is_discovery: the discovery asterisk.
        is_excluded: the file itself excludes the row (`.rwo` selection flag 0).
        line: the line (or record) of the file, from 1.
        file: the file that it came from.
    """

    designation: TextArray
    kind: NDArray[np.int8]
    epoch_mjd_tdb: FloatArray
    ra_rad: FloatArray
    dec_rad: FloatArray
    delay_s: FloatArray
    doppler_hz: FloatArray
    frequency_hz: FloatArray
    transmitter: TextArray
    is_surface: NDArray[np.bool_]
    station: TextArray
    position_system: TextArray
    position_center: NDArray[np.int64]
    position: FloatArray
    sigma_ra_rad: FloatArray
    sigma_dec_rad: FloatArray
    correlation: FloatArray
    sigma_time_s: FloatArray
    sigma_delay_s: FloatArray
    sigma_doppler_hz: FloatArray
    bias_ra_rad: FloatArray
    bias_dec_rad: FloatArray
    precision_ra_rad: FloatArray
    precision_dec_rad: FloatArray
    precision_time_s: FloatArray
    magnitude: FloatArray
    band: TextArray
    sigma_magnitude: FloatArray
    catalog: TextArray
    mode: TextArray
    program: TextArray
    is_discovery: NDArray[np.bool_]
    is_excluded: NDArray[np.bool_]
    line: NDArray[np.int64]
    file: TextArray

    def __post_init__(self) -> None:
        n = self.epoch_mjd_tdb.shape[0]
        for item in fields(self):
            shape = (n, 3) if item.name == "position" else (n,)
            if getattr(self, item.name).shape != shape:
                raise InputError(
                    "wrong shape",
                    field=item.name,
                    found=getattr(self, item.name).shape,
                    expected=f"{shape}",
                )

    def __len__(self) -> int:
        return int(self.epoch_mjd_tdb.shape[0])

    def where(self, rows: NDArray[np.bool_] | NDArray[np.int64]) -> Observations:
        """The rows that a mask or indices pick."""
        return Observations(**{item.name: getattr(self, item.name)[rows] for item in fields(self)})

    def objects(self) -> list[str]:
        """The designations in the order of their first appearance."""
        names, first = np.unique(self.designation, return_index=True)
        return [str(name) for name in names[np.argsort(first)]]


def empty(n: int) -> Observations:
    """N rows of which nothing is given yet: NaN, empty texts, False, kind optical."""
    columns: dict[str, object] = {}
    for item in fields(Observations):
        if item.type == "FloatArray":
            shape = (n, 3) if item.name == "position" else (n,)
            columns[item.name] = np.full(shape, np.nan)
        elif item.type == "TextArray":
            columns[item.name] = np.full(n, "", dtype="U1")
        elif "bool" in str(item.type):
            columns[item.name] = np.zeros(n, dtype=np.bool_)
        elif "int8" in str(item.type):
            columns[item.name] = np.zeros(n, dtype=np.int8)
        else:
            columns[item.name] = np.zeros(n, dtype=np.int64)
    return Observations(**columns)  # type: ignore[arg-type]


def concatenate(parts: Sequence[Observations]) -> Observations:
    """One table of several, in their order."""
    return Observations(
        **{
            item.name: np.concatenate([getattr(part, item.name) for part in parts])
            for item in fields(Observations)
        }
    )
