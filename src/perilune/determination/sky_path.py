"""Where an observer sees an object, how fast it moves, how bright it is, and how sure that is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from perilune.astrometry.observations import FloatArray
from perilune.astrometry.photometry import magnitude
from perilune.astrometry.sites import Observer
from perilune.constants import AU_KM, DAY_S, SPEED_OF_LIGHT_KM_S
from perilune.determination.least_squares import shifted
from perilune.determination.trajectory import Trajectory, fly
from perilune.dynamics.orbit_paths import covariance_factor
from perilune.ephemeris import Ephemeris
from perilune.errors import InputError
from perilune.orbits.orbit import Orbit

# What is known better than this has a linear map.
_STRAIGHT_RAD: Final = np.radians(0.1)


@dataclass(frozen=True, slots=True, eq=False)
class SkyPath:
    """N places of one object; NaN where the object has ended.

    Places are astrometric: ICRF, with light time, without aberration or bending.

    Attributes:
        object: its full name. observer: the observer's name.
        epoch_mjd_tdb: of reception.
        ra_rad, dec_rad: (N,).
        ra_rate_rad_d, dec_rate_rad_d: (N,); the first times cos(dec).
        covariance_rad2: (N, 2, 2) of right ascension times cos(dec) and declination, see
            `_bend`; None where the orbit has no covariance.
        distance_au: from the observer, at emission; sun_distance_au: from the Sun.
        magnitude: V, or a comet's total magnitude; NaN where no H or M1 is published.
        elongation_rad: from the Sun as the observer sees it; phase_rad: Sun-object-observer.
        altitude_rad, azimuth_rad: apparent; None in space.
        status: "reached", or what ended the object.
    """

    object: str
    observer: str
    epoch_mjd_tdb: FloatArray
    ra_rad: FloatArray
    dec_rad: FloatArray
    ra_rate_rad_d: FloatArray
    dec_rate_rad_d: FloatArray
    covariance_rad2: FloatArray | None
    distance_au: FloatArray
    sun_distance_au: FloatArray
    magnitude: FloatArray
    elongation_rad: FloatArray
    phase_rad: FloatArray
    altitude_rad: FloatArray | None
    azimuth_rad: FloatArray | None
    status: str

    def ellipse(self) -> tuple[FloatArray, FloatArray, FloatArray] | None:
        """Semi-axes of the one-sigma ellipse, rad, and the long one's position angle, rad.

        The angle runs from north through east, 0 to pi. None without a covariance.
        """
        if self.covariance_rad2 is None:
            return None
        finite = np.asarray(np.isfinite(self.covariance_rad2).all(axis=(1, 2)))
        values, vectors = np.linalg.eigh(
            np.where(finite[:, np.newaxis, np.newaxis], self.covariance_rad2, 0.0)
        )
        sigma = np.where(finite[:, np.newaxis], np.sqrt(np.maximum(values, 0.0)), np.nan)
        angle = np.mod(np.arctan2(vectors[:, 0, 1], vectors[:, 1, 1]), np.pi)
        return sigma[:, 1], sigma[:, 0], np.where(finite, angle, np.nan)


def sky_path(
    ephemeris: Ephemeris,
    orbit: Orbit,
    observer: Observer,
    epoch_mjd_tdb: FloatArray,
    *,
    refraction: bool = False,
    flown: Trajectory | None = None,
) -> SkyPath:
    """The path of an object over an observer's sky.

    Args:
        ephemeris: with the massive asteroids (`perilune.dynamics.solar_system`).
        epoch_mjd_tdb: of reception, (N,).
        refraction: lift altitudes by the air's refraction; see `Site.altitude_azimuth`.
        flown: the orbit's own trajectory over these epochs (`fly`, with variations where it has a
            covariance), for many observers of one object; flown here if None.

    Raises:
        InputError: the object starts inside a body.
        OutOfRangeError: an epoch outside the ephemeris, or what is known of the observer.
    """
    cartesian = orbit.cartesian()
    place_km, place_km_s = observer.state(epoch_mjd_tdb)
    path = flown or fly(
        ephemeris,
        cartesian,
        orbit.number,
        float(epoch_mjd_tdb.min()),
        float(epoch_mjd_tdb.max()),
        with_variations=cartesian.covariance is not None,
    )
    seen = path.received(epoch_mjd_tdb, place_km, place_km_s)
    range_km = np.linalg.norm(seen.position_km, axis=1)
    direction = seen.position_km / range_km[:, np.newaxis]
    ra = np.mod(np.arctan2(direction[:, 1], direction[:, 0]), 2.0 * np.pi)
    dec = np.arctan2(direction[:, 2], np.hypot(direction[:, 0], direction[:, 1]))
    east, north = _east_north(ra, dec)
    # The moment of emission passes more slowly (or faster) than that of reception.
    emitter_km_s = seen.velocity_km_s + place_km_s
    closing = SPEED_OF_LIGHT_KM_S + np.sum(direction * emitter_km_s, axis=1)
    light_rate = np.sum(direction * seen.velocity_km_s, axis=1) / closing
    moving_km_s = seen.velocity_km_s - light_rate[:, np.newaxis] * emitter_km_s
    covariance = None
    if cartesian.covariance is not None:
        across = np.stack([east, north], axis=1) / range_km[:, np.newaxis, np.newaxis]
        by_start = across @ seen.by_start
        covariance = by_start @ cartesian.covariance @ by_start.transpose(0, 2, 1)
        bend = _bend(ephemeris, orbit, by_start, direction, epoch_mjd_tdb, place_km)
        if bend is not None:
            off = np.stack([np.sum(bend * each, axis=1) for each in (east, north)], axis=1)
            covariance = covariance + 0.75 * off[:, :, np.newaxis] * off[:, np.newaxis, :]
    emitted = np.where(np.isfinite(seen.light_s), seen.light_s, 0.0)
    object_km = place_km + seen.position_km
    from_sun_km = object_km - _sun_before(ephemeris, epoch_mjd_tdb, emitted, object_km)
    sun_km = _sun_before(ephemeris, epoch_mjd_tdb, np.zeros_like(emitted), place_km) - place_km
    phase = _angle(from_sun_km, seen.position_km)
    distance_au = range_km / AU_KM
    sun_distance_au = np.linalg.norm(from_sun_km, axis=1) / AU_KM
    altitude, azimuth = None, None
    if observer.site is not None:
        altitude, azimuth = observer.site.altitude_azimuth(
            epoch_mjd_tdb, direction, place_km_s, refraction=refraction
        )
    return SkyPath(
        object=orbit.full_name,
        observer=observer.name,
        epoch_mjd_tdb=epoch_mjd_tdb,
        ra_rad=ra,
        dec_rad=dec,
        ra_rate_rad_d=np.sum(moving_km_s * east, axis=1) / range_km * DAY_S,
        dec_rate_rad_d=np.sum(moving_km_s * north, axis=1) / range_km * DAY_S,
        covariance_rad2=covariance,
        distance_au=distance_au,
        sun_distance_au=sun_distance_au,
        magnitude=magnitude(orbit, distance_au, sun_distance_au, phase),
        elongation_rad=_angle(sun_km, seen.position_km),
        phase_rad=phase,
        altitude_rad=altitude,
        azimuth_rad=azimuth,
        status=path.status if not np.isfinite(range_km).all() else "reached",
    )


def _bend(
    ephemeris: Ephemeris,
    orbit: Orbit,
    by_start: FloatArray,
    direction: FloatArray,
    epoch_mjd_tdb: FloatArray,
    place_km: FloatArray,
) -> FloatArray | None:
    """Second derivatives (N, 3) of the directions along the worst known combination, per sigma.

    None where the sky is known so well that the linear map holds. Of 876 predictions from arcs of
    days of real asteroids those with a linear sigma below 0.3 deg came out as it says; beyond it
    the uncertainty is a bent line, and they lay beside its ellipse by up to a thousand sigmas.
    With y = J x + h x^2 / 2 the mean square about the nominal place grows by 3/4 h h^T.

    Args:
        by_start: (N, 2, m) derivatives of the place by the orbit.
        direction: (N, 3) of the nominal orbit.
    """
    cartesian = orbit.cartesian()
    assert cartesian.covariance is not None
    factor = covariance_factor(cartesian.covariance)
    whitened = by_start @ factor
    size = np.where(np.isfinite(whitened), whitened, 0.0)
    widest = int(np.argmax(np.sum(size**2, axis=(1, 2))))
    if not np.sum(size[widest] ** 2) > _STRAIGHT_RAD**2:
        return None
    weakest = factor @ np.linalg.svd(size[widest])[2][0]
    ends = float(epoch_mjd_tdb.min()), float(epoch_mjd_tdb.max())
    bend = -2.0 * direction
    for side in (-1.0, 1.0):
        clone = shifted(cartesian, side * weakest)
        try:
            flown = fly(ephemeris, clone, orbit.number, *ends, with_variations=False)
        except InputError:
            return None  # it starts inside a body: the linear map is all there is
        beside = flown.received(epoch_mjd_tdb, place_km, np.zeros_like(place_km)).position_km
        bend = bend + beside / np.linalg.norm(beside, axis=1)[:, np.newaxis]
    return np.where(np.isfinite(bend), bend, 0.0)


def _east_north(ra_rad: FloatArray, dec_rad: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Unit vectors (N, 3) along growing right ascension and declination."""
    sin_ra, cos_ra = np.sin(ra_rad), np.cos(ra_rad)
    sin_dec, cos_dec = np.sin(dec_rad), np.cos(dec_rad)
    east = np.stack([-sin_ra, cos_ra, np.zeros_like(ra_rad)], axis=-1)
    return east, np.stack([-sin_dec * cos_ra, -sin_dec * sin_ra, cos_dec], axis=-1)


def _sun_before(
    ephemeris: Ephemeris, epoch_mjd_tdb: FloatArray, earlier_s: FloatArray, place_km: FloatArray
) -> FloatArray:
    """The Sun's position (N, 3) when it sent the light that is at a place so long before epochs."""
    sun_km, _ = ephemeris.state("sun", epoch_mjd_tdb, -earlier_s / DAY_S)
    light_s = np.linalg.norm(sun_km - place_km, axis=1) / SPEED_OF_LIGHT_KM_S
    light_s = np.where(np.isfinite(light_s), light_s, 0.0)
    return ephemeris.state("sun", epoch_mjd_tdb, -(earlier_s + light_s) / DAY_S)[0]


def _angle(a: FloatArray, b: FloatArray) -> FloatArray:
    """Angles (N,) between vectors, exact for small ones too."""
    return np.asarray(np.arctan2(np.linalg.norm(np.cross(a, b), axis=-1), np.sum(a * b, axis=-1)))
