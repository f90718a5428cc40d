"""Reference: 2024 YR4 (JPL solution 78) and 20 clones to 2033 with ASSIST.

python -m benchmarks.peers.reference_yr4 --data ../shared/data --output yr4_assist.npz
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np

from benchmarks.peers.assist_peer import DEFAULT, FAST, TIGHT, Assist
from benchmarks.peers.orbits import read_sbdb, states_of_cometary

UNTIL_MJD_TDB = 63600.0
MOON_ENCOUNTER_MJD_TDB = 63588.5 + 0.01 * np.arange(101)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--clones", type=int, default=20)
    options = parser.parse_args()

    orbit = read_sbdb(options.data / "sbdb/2024YR4.json")
    epoch = orbit.epoch_mjd_tdb
    draws = np.random.default_rng(1).multivariate_normal(
        orbit.elements, orbit.covariance, options.clones, method="cholesky"
    )
    elements = np.vstack([orbit.elements, draws])
    heliocentric = states_of_cometary(elements, epoch)
    peer = Assist.open()
    states = heliocentric + peer.body_state("sun", epoch)

    coarse = np.append(np.arange(epoch, UNTIL_MJD_TDB, 100.0), UNTIL_MJD_TDB)
    times = np.union1d(coarse, MOON_ENCOUNTER_MJD_TDB)
    began = time.perf_counter()
    singly = np.concatenate([peer.sample(state, epoch, times, TIGHT) for state in states], axis=1)
    singly_s = time.perf_counter() - began
    default = np.concatenate([peer.sample(s, epoch, times, DEFAULT) for s in states], axis=1)
    together = peer.sample(states, epoch, times, FAST)
    began = time.perf_counter()
    final = peer.propagate(np.repeat(states[:1], 100, axis=0), epoch, UNTIL_MJD_TDB, FAST)
    clone_s = (time.perf_counter() - began) / len(final)

    moon = np.array([peer.body_state("moon", t) for t in times])
    earth = np.array([peer.body_state("earth", t) for t in times])
    range_km = np.linalg.norm(singly[..., :3] - moon[:, None, :3], axis=-1)
    # Point masses let a clone fly through the Moon; states after that mean nothing.
    inside = np.logical_or.accumulate(range_km < 1737.4, axis=0)
    np.savez(
        options.output,
        epoch_mjd_tdb=epoch,
        elements=elements,
        heliocentric=heliocentric,
        barycentric=states,
        times_mjd_tdb=times,
        singly=singly,
        default=default,
        together=together,
        after_impact=inside,
        moon=moon,
        earth=earth,
        seconds_singly_each=singly_s / len(states),
        seconds_fast_clone=clone_s,
    )
    print(f"singly, tight, with {len(times)} samples: {1e3 * singly_s / len(states):.2f} ms each")
    print(f"100 copies in one simulation, mode 2: {1e3 * clone_s:.2f} ms each")
    safe = ~inside[-1]
    for name, other in (("default singly", default), ("mode 2 together", together)):
        apart_m = 1e3 * np.linalg.norm((singly - other)[..., :3], axis=-1)
        before_m, end_m = apart_m[times < 63588.0].max(), apart_m[-1, safe].max()
        print(f"{name} against tight: {before_m:.3f} m before the Moon, {end_m:.3f} m at the end")
    print(f"nominal, least sampled range to the Moon: {range_km[:, 0].min():.1f} km")
    print("clones that hit the Moon:", int(inside[-1, 1:].sum()))


if __name__ == "__main__":
    main()
