"""The balance of energy over evenly spaced times."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from perilune.jit import kernel


@kernel
def reserves(
    supply_w: NDArray[np.float64],
    load_w: float,
    step_h: float,
    storage_wh: float,
    efficiency: float,
    out: NDArray[np.float64],
) -> None:
    """What the store must hold after each step (T,), so that a load runs on to the span's end.

    At most the whole store: what comes before a longer night cannot help it any more.
    """
    needed = 0.0
    for i in range(supply_w.size - 1, -1, -1):
        out[i] = needed
        rest = supply_w[i] - load_w
        needed -= rest * step_h * (efficiency if rest > 0.0 else 1.0)
        needed = min(max(needed, 0.0), storage_wh)


@kernel
def balance(
    supply_w: NDArray[np.float64],
    loads_w: NDArray[np.float64],
    reserve_wh: NDArray[np.float64],
    step_h: float,
    storage_wh: float,
    efficiency: float,
    served_h: NDArray[np.float64],
    used_w: NDArray[np.float64],
    held_wh: NDArray[np.float64],
) -> None:
    """Run the loads from the supply and a store that starts full.

    Args:
        supply_w: (T,).
        loads_w: (L,) the most important first.
        reserve_wh: (L, T) what each load must leave in the store after each step: the reserve of
            all that are more important.
        storage_wh: what may be taken from the store.
        efficiency: of what is stored, how much comes back.
        served_h: (L,) out: how long each load ran.
        used_w: (T,) out: what the loads drew.
        held_wh: (T,) out: what the store held after each step.
    """
    held = storage_wh
    served_h[:] = 0.0
    dust = 1e-9 * storage_wh
    for i in range(supply_w.size):
        drawn = 0.0
        for k in range(loads_w.size):
            rest = supply_w[i] - drawn - loads_w[k]
            after = min(held + rest * step_h * (efficiency if rest > 0.0 else 1.0), storage_wh)
            if after >= reserve_wh[k, i] - dust:
                drawn += loads_w[k]
                served_h[k] += step_h
        rest = supply_w[i] - drawn
        held += rest * step_h * (efficiency if rest > 0.0 else 1.0)
        held = min(max(held, 0.0), storage_wh)
        used_w[i] = drawn
        held_wh[i] = held


@kernel
def storage_needed(
    supply_w: NDArray[np.float64], load_w: float, step_h: float, efficiency: float
) -> float:
    """The store, Wh, that serves a load at all times, starting full; infinite where none does."""
    lacking = 0.0
    worst = 0.0
    for i in range(supply_w.size):
        rest = supply_w[i] - load_w
        lacking = max(0.0, lacking - rest * step_h * (efficiency if rest > 0.0 else 1.0))
        worst = max(worst, lacking)
    return worst
