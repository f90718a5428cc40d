"""The way of a spacecraft by DOP853, with the events on it; see `lunar_orbit_force_kernels`."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from perilune.dynamics.dop853_kernels import (
    NODES,
    STAGES,
    end_state,
    next_step,
    stage_state,
    step_error,
)
from perilune.dynamics.lunar_orbit_force_kernels import (
    DAY_S,
    EARTH,
    MOON,
    Forces,
    Room,
    make_room,
    slope,
)
from perilune.ephemeris.body_kernels import body_state
from perilune.jit import kernel

# How a journey ends.
REACHED, ON_MOON, ON_EARTH, FAILED, COUNTED = range(5)
# What is watched for on the way, besides the ground.
NOTHING, APSIS, PLANE = range(3)


@kernel
def _part_of_step(
    forces: Forces,
    room: Room,
    time_s: float,
    state: NDArray[np.float64],
    h_s: float,
    n: int,
    out: NDArray[np.float64],
) -> None:
    """A shorter step from the same start, whose first slope is in `room.slopes[0]`."""
    within = room.within
    for i in range(n):
        within[0, i] = room.slopes[0, i]
    for stage in range(1, STAGES):
        stage_state(within, state, h_s, stage, n, room.stage)
        slope(forces, room, time_s + NODES[stage] * h_s, room.stage, n, within[stage])
    end_state(within, state, h_s, n, out)


@kernel
def from_body(
    forces: Forces,
    room: Room,
    body: int,
    time_s: float,
    state: NDArray[np.float64],
    out: NDArray[np.float64],
) -> None:
    """The spacecraft's state against a body, into `out`, (6,)."""
    origin = forces.origin
    if body == origin:
        for i in range(6):
            out[i] = state[i]
        return
    offset_d = time_s / DAY_S
    body_state(forces.ephemeris, body, forces.reference_mjd, offset_d, room.bodies, body)
    body_state(forces.ephemeris, origin, forces.reference_mjd, offset_d, room.bodies, origin)
    for i in range(6):
        out[i] = state[i] + room.bodies[origin, i] - room.bodies[body, i]


@kernel
def watched_value(
    forces: Forces, room: Room, kind: int, body: int, time_s: float, state: NDArray[np.float64]
) -> float:
    """What changes its sign at an event.

    APSIS: r·v against the body. PLANE: the coordinate along the Moon's motion about the Earth
    against the Moon: the rotating frame's y.
    """
    r = room.relative
    from_body(forces, room, body, time_s, state, r)
    if kind == APSIS:
        return float(r[0] * r[3] + r[1] * r[4] + r[2] * r[5])
    offset_d = time_s / DAY_S
    earth = room.bodies[EARTH]
    moon = room.bodies[MOON]
    body_state(forces.ephemeris, EARTH, forces.reference_mjd, offset_d, room.bodies, EARTH)
    body_state(forces.ephemeris, MOON, forces.reference_mjd, offset_d, room.bodies, MOON)
    s2 = 0.0
    sv = 0.0
    for i in range(3):
        s = moon[i] - earth[i]
        s2 += s * s
        sv += s * (moon[3 + i] - earth[3 + i])
    y = 0.0
    for i in range(3):
        s = moon[i] - earth[i]
        y += r[i] * (moon[3 + i] - earth[3 + i] - s * sv / s2)
    return y


@kernel
def _height_km(
    forces: Forces, room: Room, body: int, time_s: float, state: NDArray[np.float64]
) -> float:
    r = room.relative
    from_body(forces, room, body, time_s, state, r)
    return float(math.sqrt(r[0] * r[0] + r[1] * r[1] + r[2] * r[2]) - forces.radius_km[body])


@kernel
def _find(
    forces: Forces,
    room: Room,
    kind: int,
    body: int,
    time_s: float,
    state: NDArray[np.float64],
    low_s: float,
    low_value: float,
    high_s: float,
    high_value: float,
    n: int,
    out: NDArray[np.float64],
) -> float:
    """When within a step a watched value passes zero (kind -1: the height), and the state then.

    Illinois' rule; each trial is a step of its own from the same start.
    """
    at = high_s
    side = 0
    for _ in range(60):
        at = (low_s * high_value - high_s * low_value) / (high_value - low_value)
        _part_of_step(forces, room, time_s, state, at, n, out)
        if kind < 0:
            value = _height_km(forces, room, body, time_s + at, out)
        else:
            value = watched_value(forces, room, kind, body, time_s + at, out)
        if value == 0.0 or abs(high_s - low_s) < 1e-7:
            break
        if (value > 0.0) == (high_value > 0.0):
            if abs(at - high_s) < 1e-7:
                break
            high_s = at
            high_value = value
            if side == 1:
                low_value *= 0.5
            side = 1
        else:
            if abs(at - low_s) < 1e-7:
                break
            low_s = at
            low_value = value
            if side == -1:
                high_value *= 0.5
            side = -1
    return at


@kernel
def _meets_ground(
    forces: Forces,
    room: Room,
    body: int,
    time_s: float,
    state: NDArray[np.float64],
    end: NDArray[np.float64],
    h_s: float,
    n: int,
    out: NDArray[np.float64],
) -> float:
    """How far into a step the spacecraft meets a body's ground, NaN where it does not."""
    r = room.relative
    from_body(forces, room, body, time_s, state, r)
    before = math.sqrt(r[0] * r[0] + r[1] * r[1] + r[2] * r[2]) - forces.radius_km[body]
    rate_before = r[0] * r[3] + r[1] * r[4] + r[2] * r[5]
    speed = math.sqrt(r[3] * r[3] + r[4] * r[4] + r[5] * r[5])
    from_body(forces, room, body, time_s + h_s, end, r)
    after = math.sqrt(r[0] * r[0] + r[1] * r[1] + r[2] * r[2]) - forces.radius_km[body]
    rate_after = r[0] * r[3] + r[1] * r[4] + r[2] * r[5]
    speed = max(speed, math.sqrt(r[3] * r[3] + r[4] * r[4] + r[5] * r[5]))
    if before <= 0.0:
        return math.nan  # it starts there
    lowest = after
    until = h_s
    way = 1.0 if h_s > 0.0 else -1.0
    if after > 0.0:
        # Above at both ends: below in between only past a least distance that is near enough.
        if way * rate_before >= 0.0 or way * rate_after <= 0.0:
            return math.nan
        if min(before, after) > 2.0 * speed * abs(h_s):
            return math.nan
        until = _find(
            forces, room, APSIS, body, time_s, state, 0.0, rate_before, h_s, rate_after, n, out
        )
        lowest = _height_km(forces, room, body, time_s + until, out)
        if lowest > 0.0:
            return math.nan
    return _find(forces, room, -1, body, time_s, state, 0.0, before, until, lowest, n, out)


@kernel
def carry(
    forces: Forces,
    state: NDArray[np.float64],
    n: int,
    times_s: NDArray[np.float64],
    tolerance: float,
    kind: int,
    body: int,
    direction: int,
    events: NDArray[np.float64],
    out: NDArray[np.float64],
) -> tuple[int, float, int, int, int]:
    """Carry a state from time 0 to each of `times_s`, which run away from 0 one way.

    The state at `times_s[k]` goes into `out[k, 0:n]`; for n = 42 the partials start as the unit
    matrix. Events of a kind (see `watched_value`) where the value rises (direction 1), falls (-1)
    or either (0) in time's own sense go into `events`, (E, 1 + n), time and state; the journey
    ends with the last that it has room for.

    Returns how it ended, the time then, the steps, the rows of `out` and of `events` written. At an
    end on the ground `out` holds the state there in the row after the last written, if there is
    one.
    """
    room = make_room(n)
    current = np.zeros(n)
    trial = np.zeros(n)
    inner = np.zeros(n)
    for i in range(6):
        current[i] = state[i]
        if n == 42:
            current[7 * i + 6] = 1.0
    t = 0.0
    row = 0
    steps = 0
    found = 0
    last = times_s[times_s.size - 1]
    way = 1.0 if last >= 0.0 else -1.0
    while row < times_s.size and times_s[row] == 0.0:
        for i in range(n):
            out[row, i] = current[i]
        row += 1
    value = 0.0
    if kind != NOTHING:
        value = watched_value(forces, room, kind, body, 0.0, current)
    speed2 = current[3] ** 2 + current[4] ** 2 + current[5] ** 2
    place2 = current[0] ** 2 + current[1] ** 2 + current[2] ** 2
    h = 0.01 * math.sqrt(place2 / max(speed2, 1e-12))
    while row < times_s.size:
        left = abs(last - t)
        is_last = h >= left
        size = left if is_last else h
        if size < 1e-9 and not is_last:
            return FAILED, t, steps, row, found
        signed = way * size
        for stage in range(STAGES):
            stage_state(room.slopes, current, signed, stage, n, room.stage)
            slope(forces, room, t + NODES[stage] * signed, room.stage, n, room.slopes[stage])
        end_state(room.slopes, current, signed, n, trial)
        error = step_error(room.slopes, current, trial, size, tolerance)
        if error > 1.0:
            h = next_step(size, error)
            continue
        if not error <= 1.0:
            return FAILED, t, steps, row, found
        steps += 1
        until = signed
        ended = REACHED
        for ground in range(3, 5):
            if forces.is_needed[ground]:
                hit = _meets_ground(forces, room, ground, t, current, trial, until, n, inner)
                if not math.isnan(hit):
                    until = hit
                    ended = ON_EARTH if ground == 3 else ON_MOON
                    for i in range(n):
                        trial[i] = inner[i]
        if kind != NOTHING:
            after = watched_value(forces, room, kind, body, t + until, trial)
            # A start on the plane itself is no event.
            if value * after < 0.0 and (direction == 0 or direction * way * after > 0.0):
                at = _find(forces, room, kind, body, t, current, 0.0, value, until, after, n, inner)
                if found < events.shape[0]:
                    events[found, 0] = t + at
                    for i in range(n):
                        events[found, 1 + i] = inner[i]
                    found += 1
                if found == events.shape[0]:
                    ended = COUNTED
                    until = at
                    for i in range(n):
                        trial[i] = inner[i]
            value = after
        while row < times_s.size and way * (times_s[row] - (t + until)) <= 0.0:
            is_end = times_s[row] == t + until or (is_last and times_s[row] == last)
            if is_end and ended == REACHED:
                for i in range(n):
                    out[row, i] = trial[i]
                row += 1
                continue
            _part_of_step(forces, room, t, current, times_s[row] - t, n, inner)
            for i in range(n):
                out[row, i] = inner[i]
            row += 1
        if ended != REACHED:
            if row < out.shape[0]:
                for i in range(n):
                    out[row, i] = trial[i]
            return ended, t + until, steps, row, found
        for i in range(n):
            current[i] = trial[i]
        t = last if is_last else t + signed
        h = max(h, next_step(size, error)) if is_last else next_step(size, error)
    return REACHED, t, steps, row, found
