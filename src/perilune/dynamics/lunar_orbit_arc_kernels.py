"""Many arcs of a spacecraft's path at once, as multiple shooting wants them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from perilune.dynamics.lunar_orbit_force_kernels import Forces, make_room, slope
from perilune.dynamics.lunar_orbit_kernels import APSIS, carry
from perilune.jit import kernel


@kernel
def slopes_at(
    forces: Forces,
    times_s: NDArray[np.float64],
    states: NDArray[np.float64],
    out: NDArray[np.float64],
) -> None:
    """Time derivatives of states (N, 6) at times (N,) into (N, 6)."""
    room = make_room(6)
    for k in range(times_s.size):
        slope(forces, room, times_s[k], states[k], 6, out[k])


@kernel
def carry_arcs(
    forces: Forces,
    times_s: NDArray[np.float64],
    states: NDArray[np.float64],
    tolerance: float,
    body: int,
    ends: NDArray[np.float64],
    apses: NDArray[np.float64],
) -> int:
    """Carry each of N + 1 nodes but the last to the time of the next.

    Times count from the forces' reference epoch. States and partials at the ends go into `ends`,
    (N, 42); time, state and partials at each arc's first periapsis against a body into `apses`,
    (N, 43), NaN where an arc has none. Returns the number of arcs carried: fewer than N where one
    meets the ground.
    """
    reference = forces.reference_mjd
    later = np.empty(1)
    event = np.empty((8, 43))  # wide loops far out have several apses in an arc
    out = np.empty((2, 42))
    for k in range(times_s.size - 1):
        # A journey counts from its own start.
        own = Forces(
            forces.ephemeris,
            forces.attitude,
            forces.gm_km3_s2,
            forces.origin,
            forces.attracts,
            forces.is_needed,
            forces.moon,
            forces.earth,
            forces.light_km3_s2,
            forces.radius_km,
            reference + times_s[k] / 86400.0,
        )
        later[0] = times_s[k + 1] - times_s[k]
        ending, _, _, _, found = carry(
            own, states[k], 42, later, tolerance, APSIS, body, 1, event, out
        )
        if ending != 0:
            return k
        ends[k] = out[0]
        apses[k] = np.nan
        if found > 0:
            apses[k] = event[0]
            apses[k, 0] += times_s[k]
    return times_s.size - 1
