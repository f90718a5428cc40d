"""What a fit sees of the observations: places, errors and the observer's own state."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from perilune.astrometry.observations import FloatArray, Kind


@dataclass(frozen=True, slots=True, eq=False)
class Measurements:
    """N measurements in order of time, ready for computing.

    An optical row has two residuals (right ascension times cos(dec), declination), a radar row
    one. States are barycentric, ICRF, at the epoch of reception.

    Attributes:
        row: index into the `Observations` that they come from.
        kind: a `Kind`.
        station: the (receiving) observer's code: its rows of one night share errors.
        epoch_mjd_tdb: of reception.
        ra_rad, dec_rad: debiased place; NaN for radar.
        sigma_ra_rad, sigma_dec_rad, correlation: weights; the first along RA times cos(dec).
        sigma_time_s: uncertainty of the clock; 0 where it is not known.
        value: delay in s or Doppler shift in Hz; NaN for optical rows. sigma_value: its sigma.
        frequency_hz: radar transmitter.
        is_surface: a delay to the leading edge rather than to the centre of mass.
        transmitter: the transmitter's code, "" for optical rows.
        observer_km, observer_km_s: (N, 3).
    """

    row: NDArray[np.int64]
    kind: NDArray[np.int8]
    station: NDArray[np.str_]
    epoch_mjd_tdb: FloatArray
    ra_rad: FloatArray
    dec_rad: FloatArray
    sigma_ra_rad: FloatArray
    sigma_dec_rad: FloatArray
    correlation: FloatArray
    sigma_time_s: FloatArray
    value: FloatArray
    sigma_value: FloatArray
    frequency_hz: FloatArray
    is_surface: NDArray[np.bool_]
    transmitter: NDArray[np.str_]
    observer_km: FloatArray
    observer_km_s: FloatArray

    def __len__(self) -> int:
        return int(self.epoch_mjd_tdb.shape[0])

    def where(self, rows: NDArray[np.bool_] | NDArray[np.int64]) -> Measurements:
        """The rows that a mask or indices pick."""
        return Measurements(**{item.name: getattr(self, item.name)[rows] for item in fields(self)})

    def optical(self) -> Measurements:
        """The optical rows."""
        return self.where(self.kind == Kind.OPTICAL)

    @property
    def arc_d(self) -> float:
        """Days from the first to the last."""
        return float(np.ptp(self.epoch_mjd_tdb)) if len(self) else 0.0

    @property
    def direction(self) -> FloatArray:
        """(N, 3) unit vectors towards the places; NaN for radar."""
        return np.stack(
            [
                np.cos(self.dec_rad) * np.cos(self.ra_rad),
                np.cos(self.dec_rad) * np.sin(self.ra_rad),
                np.sin(self.dec_rad),
            ],
            axis=-1,
        )
