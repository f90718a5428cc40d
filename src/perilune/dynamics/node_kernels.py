"""A batch of lanes in a step: its scratch, and the solar system at the step's nodes."""

from __future__ import annotations

from typing import NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from perilune.dynamics.force_kernels import body_acceleration
from perilune.dynamics.radau_kernels import RadauTables
from perilune.ephemeris.body_kernels import EphemerisArrays, asteroid_places, major_states
from perilune.jit import lean_kernel

# Not a plain integer, for which numba would compile what is called once more.
_SUN = cast(int, np.int64(0))


class StepWorkspace(NamedTuple):
    """Scratch for one batch; `w` lanes at most. Packed arrays hold x, y, z one after another."""

    offset_d: NDArray[np.float64]  # (8,) the nodes' times
    bodies: NDArray[np.float64]  # (8, 11, 6) the major bodies at the nodes
    places: NDArray[np.float64]  # (8, 33) their positions: x of all, y, z
    small: NDArray[np.float64]  # (8, 3 n_asteroids) the asteroids' positions likewise
    own: NDArray[np.float64]  # (8, 11, 4) body_acceleration at the nodes
    pole: NDArray[np.float64]  # (8, 3) the Earth's pole at the nodes
    axes: NDArray[np.float64]  # (8, 3, 3) the Moon's axes at the nodes
    x: NDArray[np.float64]  # (9, 3w) positions at the nodes and at the end
    v: NDArray[np.float64]  # (9, 3w)
    a: NDArray[np.float64]  # (8, 3w) accelerations at the nodes
    far: NDArray[np.float64]  # (8, 3w) asteroids and small forces
    base: NDArray[np.float64]  # (8, 3w) the same with the planets that are not near
    old: NDArray[np.float64]  # (3w,)
    x0: NDArray[np.float64]  # (3w,)
    v0: NDArray[np.float64]  # (3w,)
    power: NDArray[np.float64]  # (8, 3w) acceleration as a power series of the step's fraction
    last_h: NDArray[np.float64]  # (w,)
    ratio: NDArray[np.float64]  # (w,)
    steepest: NDArray[np.float64]  # (11, w)
    steepest_of_all: NDArray[np.float64]  # (11,) the largest of all lanes
    change: NDArray[np.float64]  # (w,) of the last sweep, in units of what is allowed
    error: NDArray[np.float64]  # (w,) last term in units of the allowed; inf: not converged
    noise: NDArray[np.float64]  # (w,) rounding of the acceleration, relative
    own_body: NDArray[np.int64]  # (w,) the body that the lane is, or -1
    nongrav: NDArray[np.float64]  # (w, 9)
    is_near: NDArray[np.bool_]  # (11,) evaluated in every sweep
    has_figure: NDArray[np.bool_]  # (11,) the Earth and the Moon where their figures act
    is_relativistic: NDArray[np.bool_]  # (11,) acts with its own relativity
    centre: NDArray[np.float64]  # (8, 3) see `plan_expansion`, with the next three
    series: NDArray[np.float64]  # (8, 19)
    is_expanded: NDArray[np.bool_]  # (n_bodies,)
    gradient: NDArray[np.float64]  # (n_bodies,)
    moved: NDArray[np.float64]  # (3, 39) scratch of `add_small_linear`
    pull: NDArray[np.float64]  # (4 max(11, n_asteroids),) scratch of `add_point_masses`


@lean_kernel
def prepare_nodes(
    eph: EphemerisArrays,
    tables: RadauTables,
    reference_mjd: float,
    start_s: float,
    h_s: float,
    ws: StepWorkspace,
) -> None:
    """Everything that depends on the time alone, at the nodes of the step."""
    for i in range(8):
        ws.offset_d[i] = (start_s + tables.nodes[i] * h_s) / 86400.0
        asteroid_places(eph, reference_mjd, ws.offset_d[i], ws.small[i])
    major_states(eph, reference_mjd, ws.offset_d, ws.bodies)
    for i in range(8):
        for k in range(3):
            for j in range(11):
                ws.places[i, 11 * k + j] = ws.bodies[i, j, k]
        body_acceleration(ws.bodies[i], eph.gm_km3_s2, _SUN, ws.own[i, 0])
