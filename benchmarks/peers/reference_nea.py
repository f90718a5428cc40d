"""Reference: 20,060 real near-Earth asteroids for one year with ASSIST, and their encounters.

python -m benchmarks.peers.reference_nea --data ../shared/data --output nea_assist.npz
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.peers.assist_peer import DEFAULT, TIGHT, Assist
from benchmarks.peers.encounters import minima
from benchmarks.peers.orbits import AU_KM, read_mpcorb

Array = NDArray[np.float64]
EPOCH_MJD_TDB = 58666.0  # K1972: 2019-07-02, TT taken as TDB
YEAR_D = 365.25
WITHIN_KM = 0.05 * AU_KM
BODIES = ("earth", "moon")


def body_states(peer: Assist, body: str, times: Array) -> Array:
    """Barycentric states (T, 6) of a body."""
    return np.array([peer.body_state(body, t) for t in times])


def close_approaches(
    peer: Assist, state: Array, days: Array, path_of: dict[str, Array]
) -> list[list[float]]:
    """[body, time, distance] of one object's minima; `path_of` holds each body's daily states.

    The coarse path finds who comes near, with a margin for its interpolation; a second
    integration sampled every 173 s gives the minimum.
    """
    found: list[list[float]] = []
    daily = peer.sample(state, EPOCH_MJD_TDB, days, TIGHT)[:, 0]
    for number, body in enumerate(BODIES):
        coarse, _ = minima(days, daily - path_of[body], 2.0 * WITHIN_KM)
        for at in coarse:
            times = np.arange(
                max(at - 2.0, EPOCH_MJD_TDB), min(at + 2.0, EPOCH_MJD_TDB + YEAR_D), 0.002
            )
            path = peer.sample(state, EPOCH_MJD_TDB, times, TIGHT)[:, 0]
            near = minima(times, path - body_states(peer, body, times), WITHIN_KM)
            found += [[number, t, km] for t, km in zip(*near, strict=True)]
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--every", type=int, default=1, help="take each n-th object only")
    options = parser.parse_args()

    names, heliocentric = read_mpcorb(options.data / "population/NEA_2019_mpcorb.txt")
    names, heliocentric = names[:: options.every], heliocentric[:: options.every]
    peer = Assist.open()
    states = heliocentric + peer.body_state("sun", EPOCH_MJD_TDB)
    until = EPOCH_MJD_TDB + YEAR_D
    final, seconds = {}, {}
    for label, step in (("default", DEFAULT), ("tight", TIGHT)):
        began = time.perf_counter()
        rows = [peer.propagate(state, EPOCH_MJD_TDB, until, step) for state in states]
        seconds[label] = (time.perf_counter() - began) / len(states)
        final[label] = np.concatenate(rows)
        print(f"{label}: {1e3 * seconds[label]:.3f} ms each", flush=True)
    np.savez(
        options.output,
        names=np.array(names),
        epoch_mjd_tdb=EPOCH_MJD_TDB,
        until_mjd_tdb=until,
        heliocentric=heliocentric,
        barycentric=states,
        seconds_default_each=seconds["default"],
        final_default=final["default"],
        final_tight=final["tight"],
    )
    apart_km = np.linalg.norm((final["default"] - final["tight"])[:, :3], axis=1)
    worst = np.argsort(apart_km)[::-1][:20]
    print("default against tight, km:", np.percentile(apart_km, [50, 99, 99.9, 100]))
    print("the worst:", [(names[i], round(float(apart_km[i]), 6)) for i in worst], flush=True)

    days = np.append(np.arange(EPOCH_MJD_TDB, until, 1.0), until)
    path_of = {body: body_states(peer, body, days) for body in BODIES}
    approaches = []
    for index, state in enumerate(states):
        approaches += [[index, *row] for row in close_approaches(peer, state, days, path_of)]
    np.savez(
        options.output.with_name(options.output.stem + "_approaches.npz"),
        index=np.array([row[0] for row in approaches]),
        body=np.array([BODIES[int(row[1])] for row in approaches]),
        time_mjd_tdb=np.array([row[2] for row in approaches]),
        distance_km=np.array([row[3] for row in approaches]),
    )
    print(f"{len(approaches)} approaches within {WITHIN_KM:.0f} km")


if __name__ == "__main__":
    main()
