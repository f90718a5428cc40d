"""`yr4-clones`: 10,000 clones of 2024 YR4 to 2033, with their Earth and Moon encounters."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from benchmarks.memory import peak_memory_mb
from benchmarks.ours import CLONES_SCREEN_KM, carry, yr4_clones
from benchmarks.peers.assist_peer import FAST, TIGHT, Assist
from benchmarks.peers.encounters import minima
from benchmarks.race import Row, Target, alternate, ratio_of, require
from perilune.dynamics.particles import Propagation
from perilune.ephemeris import MAJOR_BODIES

Array = NDArray[np.float64]
CLONES = 10_000
PEER_CLONES = 200
JUDGED = 21
ROUNDS = 3
BEFORE_MJD_TDB = 63588.0  # half a day before the Moon
UNTIL_MJD_TDB = 63600.0

TARGET = Target(
    name="yr4-clones",
    work="2024 YR4 (JPL 78), 10,000 clones over 7.93 years to 3 January 2033, every Earth and Moon "
    f"encounter within {CLONES_SCREEN_KM:,.0f} km found, as `perilune risk` does; one core",
    at_least="12 ×",
    goal="30 ×",
)


def fly(states: Array, epoch_mjd_tdb: float, until_mjd_tdb: Sequence[float]) -> Propagation:
    """Our side, screened as `perilune risk` screens clones."""
    return carry(states, epoch_mjd_tdb, until_mjd_tdb, within_km=CLONES_SCREEN_KM)


def our_work() -> None:
    """Our side alone."""
    epoch, states = yr4_clones(CLONES)
    fly(states, epoch, [UNTIL_MJD_TDB])


def run() -> list[Row]:
    """Race ASSIST with many clones in one simulation, and judge both by ASSIST singly."""
    peer = Assist.open()
    epoch, states = yr4_clones(CLONES)
    all_ours = fly(states, epoch, [UNTIL_MJD_TDB])
    # A clone that hits ends for us; ASSIST has no surfaces and would crawl past the Moon's centre,
    # so it is spared those.
    whole = np.flatnonzero(all_ours.status == 0)
    for_peer = states[whole[:PEER_CLONES]]
    seconds = alternate(
        {
            "ours": lambda: fly(states, epoch, [UNTIL_MJD_TDB]),
            "peer": lambda: peer.propagate(for_peer, epoch, UNTIL_MJD_TDB, FAST),
        },
        ROUNDS,
        warm=False,
    )
    scale = CLONES / len(for_peer)
    accuracy = judge(peer, epoch, states[whole[:JUDGED]], for_peer)
    accuracy["clones_that_hit_the_moon"] = int(np.count_nonzero(all_ours.status == 1))
    return [
        Row(
            name=TARGET.name,
            ours_s=statistics.median(seconds["ours"]),
            peer=f"ASSIST, adaptive_mode 2, {len(for_peer)} clones in one simulation, "
            f"scaled to {CLONES}",
            peer_s=scale * statistics.median(seconds["peer"]),
            ratio=ratio_of(seconds["ours"], seconds["peer"], scale),
            accuracy=accuracy,
            memory_mb=peak_memory_mb("yr4_clones"),
        )
    ]


def judge(peer: Assist, epoch: float, states: Array, for_peer: Array) -> dict[str, object]:
    """Errors of both against ASSIST singly at its tightest, asserted.

    Compared half a day before the Moon, and as the miss distance there; after it, errors of
    metres grow to kilometres for everyone. Our force model is another one: the Moon's figure, the
    Earth's moving pole and our own integrated asteroids (24 m of the distance before the Moon
    stay at any epsilon).
    """
    times = np.arange(BEFORE_MJD_TDB, BEFORE_MJD_TDB + 1.5, 0.002)
    truth = np.concatenate([peer.sample(state, epoch, times, TIGHT) for state in states], axis=1)
    fast = peer.sample(for_peer, epoch, times, FAST)[:, : len(states)]
    ours = fly(states, epoch, [BEFORE_MJD_TDB, UNTIL_MJD_TDB])
    moon = np.array([peer.body_state("moon", t) for t in times])
    miss = np.array([_miss(times, truth[:, i] - moon) for i in range(len(states))])
    fast_miss = np.array([_miss(times, fast[:, i] - moon) for i in range(len(states))])
    found = ours.encounters
    of_moon = (found.body == MAJOR_BODIES.index("moon")) & (found.epoch_mjd_tdb > BEFORE_MJD_TDB)
    our_miss = np.array(
        [found.distance_km[of_moon & (found.particle == i)].min() for i in range(len(states))]
    )
    our_error = np.linalg.norm(ours.position_km[0] - truth[0, :, :3], axis=1).max()
    fast_error = np.linalg.norm((fast - truth)[0, :, :3], axis=1).max()
    require(our_error <= 0.1, f"0.1 km before the Moon: {our_error:.4f} km off")
    miss_error = np.abs(our_miss - miss).max()
    require(miss_error <= 0.5, f"0.5 km in the miss distance: {miss_error:.4f} km off")
    return {
        "judged_by": f"ASSIST, {len(states)} clones singly, adaptive_mode 2, epsilon 1e-12",
        "before_the_moon_km": float(our_error),
        "peer_before_the_moon_km": float(fast_error),
        "miss_distance_km": float(miss_error),
        "peer_miss_distance_km": float(np.abs(fast_miss - miss).max()),
    }


def _miss(times: Array, relative: Array) -> float:
    return float(minima(times, relative, np.inf)[1].min())
