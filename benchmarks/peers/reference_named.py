"""Reference: Apophis to its 2029 encounter and Bennu over a century with ASSIST.

    python -m benchmarks.peers.reference_named --data ../shared/data --output named_assist.npz

Apophis flies with the A1 and A2 of JPL's solution 220. Bennu's solution 118 has a thermal model
in place of A2, so it flies twice: by gravity alone, and with a round figure for A2 that tests the
force and is no prediction.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from benchmarks.peers.assist_peer import DEFAULT, TIGHT, Assist
from benchmarks.peers.encounters import minima
from benchmarks.peers.orbits import read_sbdb, states_of_cometary

APOPHIS_TIMES_MJD_TDB = np.union1d(
    np.arange(59300.0, 62200.0, 100.0), np.arange(62239.0, 62241.5, 0.002)
)
BENNU_DAYS = np.arange(0.0, 36525.1, 1826.25)
BENNU_A2_AU_D2 = -4.6e-14


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    options = parser.parse_args()
    peer = Assist.open()

    orbit = read_sbdb(options.data / "sbdb/Apophis.json")
    assert orbit.labels[6:] == ("A1", "A2")
    push = np.array([[orbit.elements[6], orbit.elements[7], 0.0]])
    epoch = orbit.epoch_mjd_tdb
    heliocentric = states_of_cometary(orbit.elements, epoch)
    apophis = heliocentric + peer.body_state("sun", epoch)
    times = APOPHIS_TIMES_MJD_TDB
    tight = peer.sample(apophis, epoch, times, TIGHT, push)[:, 0]
    default = peer.sample(apophis, epoch, times, DEFAULT, push)[:, 0]
    ballistic = peer.sample(apophis, epoch, times, TIGHT)[:, 0]
    earth = np.array([peer.body_state("earth", t) for t in times])
    moon = np.array([peer.body_state("moon", t) for t in times])
    fine = times > 62238.0
    for label, path in (("tight", tight), ("default", default), ("no A1, A2", ballistic)):
        for body, track in (("Earth", earth), ("Moon", moon)):
            at, km = minima(times[fine], (path - track)[fine], 1e6)
            print(f"Apophis, {label}, {body}: {km} km at MJD {at} TDB")
    print("Apophis tight against default, m:", 1e3 * np.linalg.norm((tight - default)[-1, :3]))
    at, km = minima(times[fine], (tight - earth)[fine], 1e6)

    orbit = read_sbdb(options.data / "sbdb/Bennu.json")
    bennu_epoch = orbit.epoch_mjd_tdb
    bennu_heliocentric = states_of_cometary(orbit.elements, bennu_epoch)
    bennu = bennu_heliocentric + peer.body_state("sun", bennu_epoch)
    bennu_times = bennu_epoch + BENNU_DAYS
    paths = {
        "gravity": peer.sample(bennu, bennu_epoch, bennu_times, TIGHT)[:, 0],
        "gravity_default": peer.sample(bennu, bennu_epoch, bennu_times, DEFAULT)[:, 0],
        "a2": peer.sample(
            bennu, bennu_epoch, bennu_times, TIGHT, np.array([[0.0, BENNU_A2_AU_D2, 0.0]])
        )[:, 0],
    }
    for label, path in paths.items():
        apart_km = np.linalg.norm((path - paths["gravity"])[[4, 10, -1], :3], axis=1)
        print(f"Bennu, {label} against gravity after 20, 50, 100 years, km:", apart_km)
    np.savez(
        options.output,
        apophis_epoch_mjd_tdb=epoch,
        apophis_heliocentric=heliocentric[0],
        apophis_barycentric=apophis[0],
        apophis_a1_a2_a3_au_d2=push[0],
        apophis_times_mjd_tdb=times,
        apophis=tight,
        apophis_default=default,
        apophis_no_push=ballistic,
        apophis_earth_minimum_mjd_tdb=at,
        apophis_earth_minimum_km=km,
        earth=earth,
        moon=moon,
        bennu_epoch_mjd_tdb=bennu_epoch,
        bennu_heliocentric=bennu_heliocentric[0],
        bennu_barycentric=bennu[0],
        bennu_times_mjd_tdb=bennu_times,
        bennu_a2_au_d2=BENNU_A2_AU_D2,
        bennu_gravity=paths["gravity"],
        bennu_gravity_default=paths["gravity_default"],
        bennu_a2=paths["a2"],
    )


if __name__ == "__main__":
    main()
