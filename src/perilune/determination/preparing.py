"""From observations to measurements: observers placed, biases taken off, weights given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from perilune.astrometry.debias import biases
from perilune.astrometry.duplicates import find_duplicates
from perilune.astrometry.observations import Kind, Observations
from perilune.astrometry.observers import observer_states
from perilune.astrometry.sites import Observer
from perilune.astrometry.weights import weights
from perilune.determination.measurements import Measurements
from perilune.ephemeris import Ephemeris


@dataclass(frozen=True, slots=True)
class SetAside:
    """A row that no fit can use.

    Attributes:
        row: index into the observations.
        station: its MPC code.
        reason: why, in words.
    """

    row: int
    station: str
    reason: str


def measure(
    observations: Observations,
    ephemeris: Ephemeris,
    *,
    debias: bool = True,
    observers: Mapping[str, Observer] | None = None,
) -> tuple[Measurements, tuple[SetAside, ...]]:
    """The measurements of observations in order of time, and the rows that cannot be used.

    Set aside are rows that their file excludes, that lack a value or (radar) a sigma, whose
    observer cannot be placed, or that repeat another row. Weights count only what is left.

    Args:
        observations: of one object.
        ephemeris: for the observers.
        observers: by `station`, as `observer_states` takes them.
        debias: whether to take off the star catalogues' errors (`perilune.astrometry.debias`).

    Raises:
        DataMissingError: a table of the package's data is damaged.
    """
    reason = np.full(len(observations), "", dtype=object)
    _without_value(observations, reason)
    states = observer_states(observations, ephemeris, observers)
    lost = (reason == "") & ~states.is_known
    reason[lost] = states.reason[lost]
    repeated = find_duplicates(observations)
    useful = reason == ""
    for row in np.flatnonzero(useful & repeated.is_duplicate).tolist():
        # A row whose twin is of no use takes its place.
        if useful[repeated.of_row[row]]:
            reason[row] = f"it repeats line {observations.line[repeated.of_row[row]]}"
    used = np.flatnonzero(reason == "")
    used = used[np.argsort(observations.epoch_mjd_tdb[used], kind="stable")]
    seen = observations.where(used)
    sigmas = weights(seen)
    optical = seen.kind == Kind.OPTICAL
    delay = seen.kind == Kind.RADAR_DELAY
    ra_rad, dec_rad = seen.ra_rad, seen.dec_rad
    if debias:
        bias = biases(seen)
        ra_rad = np.mod(ra_rad - bias.ra_rad / np.cos(dec_rad), 2.0 * np.pi)
        dec_rad = dec_rad - bias.dec_rad
    measurements = Measurements(
        row=used,
        kind=seen.kind,
        station=seen.station,
        epoch_mjd_tdb=seen.epoch_mjd_tdb,
        ra_rad=np.where(optical, ra_rad, np.nan),
        dec_rad=np.where(optical, dec_rad, np.nan),
        sigma_ra_rad=sigmas.sigma_ra_rad,
        sigma_dec_rad=sigmas.sigma_dec_rad,
        correlation=sigmas.correlation,
        sigma_time_s=sigmas.sigma_time_s,
        value=np.where(optical, np.nan, np.where(delay, seen.delay_s, seen.doppler_hz)),
        sigma_value=np.where(
            optical, np.nan, np.where(delay, seen.sigma_delay_s, seen.sigma_doppler_hz)
        ),
        frequency_hz=seen.frequency_hz,
        is_surface=seen.is_surface,
        transmitter=np.where(
            optical, "", np.where(seen.transmitter == "", seen.station, seen.transmitter)
        ),
        observer_km=states.position_km[used],
        observer_km_s=states.velocity_km_s[used],
    )
    aside = tuple(
        SetAside(int(row), str(observations.station[row]), str(reason[row]))
        for row in np.flatnonzero(reason != "")
    )
    return measurements, aside


def _without_value(observations: Observations, reason: NDArray[np.object_]) -> None:
    """Rows that their file excludes or that do not say what was measured."""
    kind = observations.kind
    place = np.isfinite(observations.ra_rad) & (np.abs(observations.dec_rad) <= np.pi / 2)
    reason[(kind == Kind.OPTICAL) & ~place] = "right ascension or declination is missing"
    odd = np.abs(observations.correlation) >= 1.0
    reason[(kind == Kind.OPTICAL) & odd] = "the correlation is not between -1 and 1"
    for which, value, sigma in (
        (Kind.RADAR_DELAY, observations.delay_s, observations.sigma_delay_s),
        (Kind.RADAR_DOPPLER, observations.doppler_hz, observations.sigma_doppler_hz),
    ):
        given = np.isfinite(value) & np.isfinite(sigma) & (sigma > 0.0)
        reason[(kind == which) & ~given] = "the radar value or its sigma is missing"
    sent = np.isfinite(observations.frequency_hz) & (observations.frequency_hz > 0.0)
    reason[(kind == Kind.RADAR_DOPPLER) & ~sent] = "the transmitter's frequency is missing"
    reason[observations.is_excluded] = "the file excludes it"
