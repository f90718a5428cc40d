"""Where the observer was: barycentric states for rows of observations.

A place is either the record's own (`position_system`) or that of the MPC's code. Nothing is
guessed: a row whose observer cannot be placed is not known, and says why.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from perilune.astrometry.observations import FloatArray, Observations, TextArray, empty
from perilune.astrometry.observatories import observatories
from perilune.astrometry.sites import Observer
from perilune.constants import DAY_S
from perilune.ephemeris import Ephemeris
from perilune.errors import InputError, OutOfRangeError
from perilune.frames.earth import earth_orientation
from perilune.frames.geodetic import itrs_from_geodetic
from perilune.frames.moon import MOON_ME, moon_orientation
from perilune.frames.orientation import Orientation
from perilune.frames.selenographic import fixed_from_selenographic

_CENTERS: Final = {399: "earth", 301: "moon", 10: "sun", 0: "ssb"}
_FIXED: Final = ("ITRF", "WGS84", "IAU")
# Records of one spacecraft within this fraction of its dynamical time sqrt(r^3/GM) give a velocity
# to about 2 % by their difference: 45 s in a low Earth orbit, 6 hours at Sun-Earth L2's distance.
_NEAR: Final = 0.05


@dataclass(frozen=True, slots=True, eq=False)
class ObserverStates:
    """The observers of N observations, barycentric ICRF.

    Attributes:
        position_km, velocity_km_s: (N, 3); NaN where not known.
        is_known: (N,).
        reason: why not; "" where known.
    """

    position_km: FloatArray
    velocity_km_s: FloatArray
    is_known: NDArray[np.bool_]
    reason: TextArray


def observer_states(
    observations: Observations,
    ephemeris: Ephemeris,
    observers: Mapping[str, Observer] | None = None,
) -> ObserverStates:
    """The observer's barycentric state at each row's epoch (of reception).

    A row's own position counts first, then an observer given by its code, then the MPC's list.

    Ground stations turn with the Earth (ITRS) or the Moon (ME); their velocities are good to
    under 1 mm/s. A spacecraft's record carries a position only: its velocity is the difference
    quotient over its neighbouring records, where there are any within 5 % of its dynamical time;
    else the velocity of the centre from which the position counts (off by 7.6 km/s in a low
    Earth orbit: enough for a place, where only the clock's error is multiplied by it).

    Args:
        observations: any rows; radar rows stand for their receiving station.
        ephemeris: of the Earth, the Moon and the Sun.
        observers: by `station`: sites and orbiters of a station file, or a spacecraft under its
            MPC code ("C57" by an SPK file).

    Raises:
        DataMissingError: a table of the package's data is absent or damaged.
    """
    n = len(observations)
    epoch = observations.epoch_mjd_tdb
    reason = np.full(n, "", dtype=object)
    reason[~np.isfinite(epoch)] = "the epoch is missing"
    outside = (epoch < ephemeris.first_mjd_tdb) | (epoch > ephemeris.last_mjd_tdb)
    reason[outside] = f"the epoch lies outside {ephemeris.name}"
    center = np.zeros(n, dtype=np.int64)
    offset_km, velocity_km_s = np.full((n, 3), np.nan), np.zeros((n, 3))
    fixed_km = np.full((n, 3), np.nan)
    given = observers or {}
    by_observer = (observations.position_system == "") & np.isin(observations.station, list(given))
    _place_by_code(observations, ~by_observer, reason, center, fixed_km)
    _place_by_record(observations, reason, center, fixed_km, offset_km)
    known = (reason == "") & ~by_observer
    on_ground = known & np.isfinite(fixed_km[:, 0])
    for body in (399, 301):
        rows = on_ground & (center == body)
        if rows.any():
            orientation = _orientation(body, epoch[rows])
            offset_km[rows] = orientation.to_icrf(fixed_km[rows])
            velocity_km_s[rows] = orientation.velocity_to_icrf(
                fixed_km[rows], np.zeros((int(rows.sum()), 3))
            )
    in_space = known & ~on_ground & (np.abs(offset_km).sum(axis=1) > 0.0)
    _difference_velocities(observations, ephemeris, in_space, center, offset_km, velocity_km_s)
    for body, name in _CENTERS.items():
        rows = known & (center == body)
        if rows.any():
            origin_km, origin_km_s = ephemeris.state(name, epoch[rows])
            offset_km[rows] += origin_km
            velocity_km_s[rows] += origin_km_s
    offset_km[~known] = velocity_km_s[~known] = np.nan
    for code, observer in given.items():
        rows = by_observer & (reason == "") & (observations.station == code)
        try:
            if rows.any():
                offset_km[rows], velocity_km_s[rows] = observer.state(epoch[rows])
        except OutOfRangeError:
            _each(observer, epoch, rows, offset_km, velocity_km_s, reason)
    return ObserverStates(offset_km, velocity_km_s, reason == "", reason.astype(np.str_))


def _each(
    observer: Observer,
    epoch: FloatArray,
    rows: NDArray[np.bool_],
    position_km: FloatArray,
    velocity_km_s: FloatArray,
    reason: NDArray[np.object_],
) -> None:
    """One row after the other, where an observer's path does not cover all of them."""
    for row in np.flatnonzero(rows).tolist():
        try:
            position, velocity = observer.state(epoch[row : row + 1])
        except OutOfRangeError as error:
            reason[row] = f"{observer.name} is not known then: {error}"
        else:
            position_km[row], velocity_km_s[row] = position[0], velocity[0]


def station_states(
    station: TextArray, epoch_mjd_tdb: FloatArray, ephemeris: Ephemeris
) -> tuple[FloatArray, FloatArray]:
    """Barycentric positions and velocities, (N, 3), of MPC codes at epochs.

    Raises:
        InputError: a code has no fixed place, or an epoch lies outside the ephemeris.
    """
    blank = empty(epoch_mjd_tdb.size)
    states = observer_states(
        replace(blank, station=station, epoch_mjd_tdb=epoch_mjd_tdb), ephemeris
    )
    if not states.is_known.all():
        lost = int(np.argmin(states.is_known))
        raise InputError(str(states.reason[lost]), field="station", found=str(station[lost]))
    return states.position_km, states.velocity_km_s


def _place_by_code(
    observations: Observations,
    wanted: NDArray[np.bool_],
    reason: NDArray[np.object_],
    center: NDArray[np.int64],
    fixed_km: FloatArray,
) -> None:
    """Rows without a position of their own: by the MPC's list."""
    without = wanted & (observations.position_system == "") & (reason == "")
    codes, which = np.unique(observations.station[without], return_inverse=True)
    rows = np.flatnonzero(without)
    known = observatories()
    for index, code in enumerate(codes):
        of_code = rows[which == index]
        place = known.get(str(code))
        if place is None:
            reason[of_code] = f"{str(code)!r} is not in the MPC's list of observatory codes"
        elif place.position_itrs_km is None:
            reason[of_code] = place.missing
        else:
            center[of_code] = 399
            fixed_km[of_code] = place.position_itrs_km


def _place_by_record(
    observations: Observations,
    reason: NDArray[np.object_],
    center: NDArray[np.int64],
    fixed_km: FloatArray,
    offset_km: FloatArray,
) -> None:
    """Rows with a position of their own."""
    system, place = observations.position_system, observations.position
    given = (system != "") & (reason == "")
    reason[given & ~np.isfinite(place).all(axis=1)] = "the observer's position is not complete"
    center[given] = observations.position_center[given]
    for body in np.unique(center[given]).tolist():
        if body not in _CENTERS:
            reason[given & (center == body)] = (
                f"positions from body {body} cannot be used; 399, 301, 10 and 0 can"
            )
    for name in np.unique(system[given]).tolist():
        rows = given & (system == name) & (reason == "")
        earth, moon = rows & (center == 399), rows & (center == 301)
        if name == "ICRF_KM":
            offset_km[rows] = place[rows]
            continue
        if name not in _FIXED:
            reason[rows] = f"{name!r} is no system of positions that can be used"
            continue
        on_earth = {"ITRF": earth, "WGS84": earth}.get(name, np.zeros_like(earth))
        on_moon = {"ITRF": moon, "IAU": moon}.get(name, np.zeros_like(moon))
        reason[rows & ~on_earth & ~on_moon] = (
            f"{name} positions do not go with their centre; write ITRF or WGS84 with 399, "
            "IAU or ITRF with 301, ICRF_KM with any"
        )
        if name == "ITRF":
            fixed_km[on_earth | on_moon] = place[on_earth | on_moon]
            continue
        body = on_earth | on_moon
        steep = body & (np.abs(place[:, 1]) > np.pi / 2)
        reason[steep] = "the observer's latitude lies beyond a pole"
        body &= ~steep
        to_fixed = itrs_from_geodetic if name == "WGS84" else fixed_from_selenographic
        fixed_km[body] = to_fixed(place[body, 0], place[body, 1], place[body, 2])


def _orientation(body: int, epoch_mjd_tdb: FloatArray) -> Orientation:
    return (
        earth_orientation(epoch_mjd_tdb)
        if body == 399
        else moon_orientation(epoch_mjd_tdb, MOON_ME)
    )


def _difference_velocities(
    observations: Observations,
    ephemeris: Ephemeris,
    in_space: NDArray[np.bool_],
    center: NDArray[np.int64],
    offset_km: FloatArray,
    velocity_km_s: FloatArray,
) -> None:
    """Velocities against the centre from the positions of near records of one spacecraft."""
    rows = np.flatnonzero(in_space)
    if rows.size == 0:
        return
    gm = ephemeris.constants.gm_major_km3_s2
    of_center = {399: gm[3], 301: gm[4], 10: gm[0], 0: gm[0]}
    keys = np.char.add(observations.station[rows], np.char.add("/", center[rows].astype(np.str_)))
    for key in np.unique(keys):
        mine = rows[keys == key]
        epoch, first = np.unique(observations.epoch_mjd_tdb[mine], return_index=True)
        position_km = offset_km[mine[first]]
        wanted = observations.epoch_mjd_tdb[mine]
        radius_km = np.linalg.norm(offset_km[mine], axis=1)
        reach_d = _NEAR * np.sqrt(radius_km**3 / of_center[int(center[mine[0]])]) / DAY_S
        low = np.searchsorted(epoch, wanted - reach_d)
        high = np.searchsorted(epoch, wanted + reach_d, side="right") - 1
        apart = high > low
        span_s = (epoch[high] - epoch[low])[apart] * DAY_S
        step_km = (position_km[high] - position_km[low])[apart]
        velocity_km_s[mine[apart]] = step_km / span_s[:, np.newaxis]
