"""Radar delay and Doppler shift: what a station receives of what another one sent.

The transmission leaves at t1, bounces at t2 and is received at t3, the time of the observation.
Both legs are solved for with the Sun's relativistic delay (Shapiro; Moyer 2003, "Formulation for
Observed and Computed Values of Deep Space Network Data Types", equation 8-54 with gamma = 1;
Yeomans et al. 1992, AJ 103, 303, doi:10.1086/116062). The delay is counted by the stations' own
clocks, of which TDB differs by 1.7 ms with the year and 2 microseconds with the day (Moyer,
chapter 2); the Doppler shift is the same delay's exact derivative by the time of reception.

Left out: the troposphere (0.02 microseconds at the zenith, 0.1 near the horizon), the ionosphere
and the solar corona (0.1 microseconds within some degrees of the Sun only), and the rotation of
the body: an echo's centre is taken for that of mass. Stations stand where the MPC's list has them
(4 m off their surveyed places at Goldstone and Arecibo: 0.02 microseconds).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from perilune.astrometry.observations import FloatArray, Kind
from perilune.astrometry.observers import station_states
from perilune.constants import DAY_S, SPEED_OF_LIGHT_KM_S
from perilune.ephemeris import Ephemeris
from perilune.times import tdb_minus_tt_s, two_part

StateAt: TypeAlias = Callable[[FloatArray], tuple[FloatArray, FloatArray]]
_Point: TypeAlias = tuple[FloatArray, FloatArray]  # position, velocity
_Sun: TypeAlias = tuple[FloatArray, FloatArray, float]  # position, velocity, GM

_C: Final = SPEED_OF_LIGHT_KM_S
_CLOCK_STEP_D: Final = 0.25


class RadarRows(Protocol):
    """The columns of radar measurements; `determination.Measurements` has them."""

    @property
    def kind(self) -> NDArray[np.int8]: ...
    @property
    def epoch_mjd_tdb(self) -> FloatArray: ...
    @property
    def frequency_hz(self) -> FloatArray: ...
    @property
    def is_surface(self) -> NDArray[np.bool_]: ...
    @property
    def transmitter(self) -> NDArray[np.str_]: ...
    @property
    def observer_km(self) -> FloatArray: ...
    @property
    def observer_km_s(self) -> FloatArray: ...


@dataclass(frozen=True, slots=True, eq=False)
class RadarPrediction:
    """What N radar measurements should be.

    Attributes:
        value: (N,) delay in s, or Doppler shift (received minus sent) in Hz.
        bounce_mjd_tdb: (N,) t2.
        by_position: (N, 3) derivatives of the value by the object's barycentric position at t2,
            per km; by_velocity: by its velocity, per km/s (noughts for a delay). To first order
            in v/c for the Doppler shift.
    """

    value: FloatArray
    bounce_mjd_tdb: FloatArray
    by_position: FloatArray
    by_velocity: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class _Leg:
    """A way of light between two moving points, in the direction of travel.

    Attributes:
        time_s: travel time, Shapiro's delay included.
        along: (N, 3) unit vectors. length_km: (N,).
        shapiro_rate: (N,) growth of Shapiro's delay, s/s.
    """

    time_s: FloatArray
    along: FloatArray
    length_km: FloatArray
    shapiro_rate: FloatArray


def radar_predictions(
    rows: RadarRows, state: StateAt, ephemeris: Ephemeris, *, radius_km: float = 0.0
) -> RadarPrediction:
    """Delays and Doppler shifts of an object.

    Args:
        rows: radar measurements only; epochs are those of reception.
        state: the object's barycentric ICRF position and velocity, (N, 3) each, at N epochs
            (MJD TDB); it is asked near the bounces.
        ephemeris: of the Sun and for the stations.
        radius_km: the object's, for delays to its leading edge.

    Raises:
        InputError: a transmitter's code has no fixed place.
    """
    received = rows.epoch_mjd_tdb
    sun = (*ephemeris.state("sun", received), ephemeris.constants.gm_major_km3_s2[0])
    down, target = _fall(rows, state, sun)
    up, sender = _rise(rows, down, target, sun, ephemeris)
    bounce = received - down.time_s / DAY_S
    velocity_km_s, sender_km_s = target[1], sender[1]
    clock_received_s, tick_received = _clock(
        received, rows.observer_km, rows.observer_km_s, ephemeris
    )
    sent = bounce - up.time_s / DAY_S
    clock_sent_s, tick_sent = _clock(sent, *sender, ephemeris)
    delay_s = down.time_s + up.time_s - (clock_received_s - clock_sent_s)
    delay_s = delay_s - np.where(rows.is_surface, 2.0 * radius_km / _C, 0.0)
    # d t2 / d t3 and d t1 / d t2 from the derivatives of both light-time equations.
    closing = _C - _dot(down.along, velocity_km_s)
    fall = (_C * (1.0 - down.shapiro_rate) - _dot(down.along, rows.observer_km_s)) / closing
    leaving = _C - _dot(up.along, sender_km_s)
    rise = (_C * (1.0 - up.shapiro_rate) - _dot(up.along, velocity_km_s)) / leaving
    shift_hz = rows.frequency_hz * (rise * fall * tick_sent / tick_received - 1.0)
    is_delay = rows.kind == Kind.RADAR_DELAY
    by_position, by_velocity = _partials(
        rows, down, up, velocity_km_s, sender_km_s, closing, leaving
    )
    return RadarPrediction(
        np.where(is_delay, delay_s, shift_hz),
        bounce,
        by_position,
        np.where(is_delay[:, np.newaxis], 0.0, by_velocity),
    )


def _fall(rows: RadarRows, state: StateAt, sun: _Sun) -> tuple[_Leg, _Point]:
    """The way down, and the object at the bounce."""
    received = rows.epoch_mjd_tdb
    observer = (rows.observer_km, rows.observer_km_s)
    asked = received

    def settle() -> tuple[_Leg, _Point]:
        """The bounce with the object's state of `asked`, from where it moves on linearly."""
        position_km, velocity_km_s = state(asked)
        at_s = (asked - received) * DAY_S
        target = (position_km, velocity_km_s)
        leg = _leg(target, observer, sun)
        for _ in range(3):
            late_s = -leg.time_s - at_s
            target = (position_km + late_s[:, np.newaxis] * velocity_km_s, velocity_km_s)
            leg = _leg(target, observer, sun)
        return leg, target

    # The third guess is off by (v/c)^3 of the light time, 1e-9 s, where acceleration is nothing.
    for _ in range(3):
        asked = received - settle()[0].time_s / DAY_S
    return settle()


def _rise(
    rows: RadarRows, down: _Leg, target: _Point, sun: _Sun, ephemeris: Ephemeris
) -> tuple[_Leg, _Point]:
    """The way up, and the transmitter at t1; it moves on linearly over the error of a guess."""
    asked = rows.epoch_mjd_tdb - 2.0 * down.time_s / DAY_S
    ended = ~np.isfinite(asked)  # the object's path ends before: the result is NaN
    asked = np.where(ended, rows.epoch_mjd_tdb, asked)
    position_km, velocity_km_s = station_states(rows.transmitter, asked, ephemeris)
    at_s = (asked - rows.epoch_mjd_tdb) * DAY_S
    sender = (position_km, velocity_km_s)
    up = _leg(sender, target, sun)
    for _ in range(3):
        late_s = -down.time_s - up.time_s - at_s
        sender = (position_km + late_s[:, np.newaxis] * velocity_km_s, velocity_km_s)
        up = _leg(sender, target, sun)
    return up, sender


def _leg(start: _Point, end: _Point, sun: _Sun) -> _Leg:
    """The light's way between points given at its own start and end; the Sun as at reception.

    The Sun's motion over a light time (13 m/s) changes Shapiro's delay by under 1e-12 s.
    """
    sun_km, sun_km_s, gm_km3_s2 = sun
    way = end[0] - start[0]
    length = np.sqrt(_dot(way, way))
    along = way / length[:, np.newaxis]
    radius, growth = np.zeros(length.size), np.zeros(length.size)
    for position, velocity in (start, end):
        from_sun = position - sun_km
        distance = np.sqrt(_dot(from_sun, from_sun))
        radius = radius + distance
        growth = growth + _dot(from_sun, velocity - sun_km_s) / distance
    stretch = _dot(along, end[1] - start[1])
    scale_s = 2.0 * gm_km3_s2 / _C**3
    # Moyer's 8-54 adds the bending of the ray: 2 GM/c^2 in both terms of the logarithm.
    bend = scale_s * _C
    more, less = radius + length + bend, radius - length + bend
    return _Leg(
        length / _C + scale_s * np.log(more / less),
        along,
        length,
        scale_s * ((growth + stretch) / more - (growth - stretch) / less),
    )


def _clock(
    epoch_mjd_tdb: FloatArray,
    position_km: FloatArray,
    velocity_km_s: FloatArray,
    ephemeris: Ephemeris,
) -> tuple[FloatArray, FloatArray]:
    """TDB minus the station's clock, s (but for a constant), and the clock's ticks per TDB.

    Moyer's chapter 2: TDB - TT at the geocentre, and (velocity of the Earth).(station)/c^2.
    """
    earth_km, earth_km_s = ephemeris.state("earth", epoch_mjd_tdb)
    arm_km, turning_km_s = position_km - earth_km, velocity_km_s - earth_km_s
    ahead_s = tdb_minus_tt_s(two_part(epoch_mjd_tdb))
    later_s = tdb_minus_tt_s(two_part(epoch_mjd_tdb + _CLOCK_STEP_D))
    earlier_s = tdb_minus_tt_s(two_part(epoch_mjd_tdb - _CLOCK_STEP_D))
    drift = (later_s - earlier_s) / (2.0 * _CLOCK_STEP_D * DAY_S)
    drift = drift + _dot(earth_km_s, turning_km_s) / _C**2
    return ahead_s + _dot(earth_km_s, arm_km) / _C**2, 1.0 - drift


def _partials(
    rows: RadarRows,
    down: _Leg,
    up: _Leg,
    velocity_km_s: FloatArray,
    sender_km_s: FloatArray,
    closing: FloatArray,
    leaving: FloatArray,
) -> tuple[FloatArray, FloatArray]:
    """Derivatives of the values by position and by velocity at the bounce, (N, 3) each."""
    # The object moved by dx: t2 moves by u.dx / (c - u.v), and t1 as the up leg then demands.
    bounce_s = down.along / closing[:, np.newaxis]
    moved = bounce_s * _dot(up.along, velocity_km_s)[:, np.newaxis] + up.along
    delay = -(_C * bounce_s - moved) / leaving[:, np.newaxis]
    scale = (-rows.frequency_hz / _C)[:, np.newaxis]
    falling = rows.observer_km_s - velocity_km_s
    rising = velocity_km_s - sender_km_s
    shift = scale * (
        _across(rising, up.along) / up.length_km[:, np.newaxis]
        - _across(falling, down.along) / down.length_km[:, np.newaxis]
    )
    is_delay = (rows.kind == Kind.RADAR_DELAY)[:, np.newaxis]
    return np.where(is_delay, delay, shift), scale * (up.along - down.along)


def _across(vector: FloatArray, along: FloatArray) -> FloatArray:
    return vector - _dot(vector, along)[:, np.newaxis] * along


def _dot(a: FloatArray, b: FloatArray) -> FloatArray:
    return np.asarray(np.sum(a * b, axis=-1))
