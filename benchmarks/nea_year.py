"""`nea-year`: 20,060 real near-Earth asteroids for a year, with an encounter screen."""

from __future__ import annotations

import multiprocessing
import os
import statistics
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.memory import ROOT, peak_memory_mb
from benchmarks.ours import carry, sun
from benchmarks.peers.assist_peer import DEFAULT, FAST, FULL_RELATIVITY, Assist
from benchmarks.peers.kete_peer import Kete
from benchmarks.peers.orbits import GM_SUN_KM3_S2, read_mpcorb
from benchmarks.race import Row, Target, alternate, ratio_of, require
from perilune.dynamics.particles import Propagation

Array = NDArray[np.float64]
POPULATION = ROOT.parent / "shared/data/population/NEA_2019_mpcorb.txt"
EPOCH_MJD_TDB = 58666.0  # K1972: 2019-07-02, TT taken as TDB
UNTIL_MJD_TDB = EPOCH_MJD_TDB + 365.25
TOGETHER = 30  # objects in one of ASSIST's simulations, its fastest arrangement
EVERY = 10  # each tenth simulation is timed
ROUNDS = 3
TOLERANCE_KM = 0.1
DEEP_KM = 1.5e6  # the Earth's Hill sphere

TARGET = Target(
    name="nea-year",
    work="20,060 real near-Earth asteroids (MPC, July 2019) for a year, every Earth and Moon "
    "encounter within 0.05 au found; one core",
    at_least="12 ×",
    goal="30 ×",
)
KETE_TARGET = Target(
    name="nea-year-kete",
    work="the same against kete, without its asteroids and without a screen; one core",
    at_least="5 ×",
    goal="",
)


def read_states(path: Path = POPULATION) -> tuple[list[str], Array, Array]:
    """Packed designations, barycentric states (N, 6) and perihelia (N,) in km."""
    names, heliocentric = read_mpcorb(path)
    position, velocity = heliocentric[:, :3], heliocentric[:, 3:]
    distance = np.linalg.norm(position, axis=1)
    momentum = np.cross(position, velocity)
    eccentricity = np.linalg.norm(
        np.cross(velocity, momentum) / GM_SUN_KM3_S2 - position / distance[:, None], axis=1
    )
    perihelion_km = np.sum(momentum**2, axis=1) / GM_SUN_KM3_S2 / (1.0 + eccentricity)
    return names, heliocentric + sun(EPOCH_MJD_TDB), perihelion_km


def our_work() -> None:
    """Our side alone."""
    carry(read_states()[1], EPOCH_MJD_TDB, [UNTIL_MJD_TDB])


def run() -> list[Row]:
    """Race ASSIST and kete; judge all of our objects by ASSIST's default, each singly."""
    if not POPULATION.exists():
        return []
    names, states, perihelion_km = read_states()
    by_perihelion = np.argsort(perihelion_km, kind="stable")
    groups = [
        by_perihelion[low : low + TOGETHER]
        for low in range((EVERY // 2) * TOGETHER, len(states), EVERY * TOGETHER)
    ]
    timed = np.concatenate(groups)
    peer, kete = Assist.open(), Kete()
    kete_states = kete.states(states[timed], EPOCH_MJD_TDB)

    def ours() -> Propagation:
        return carry(states, EPOCH_MJD_TDB, [UNTIL_MJD_TDB])

    def assist() -> Array:
        return np.concatenate(
            [peer.propagate(states[rows], EPOCH_MJD_TDB, UNTIL_MJD_TDB, FAST) for rows in groups]
        )

    seconds = alternate(
        {
            "ours": ours,
            "assist": assist,
            "kete": lambda: kete.propagate(kete_states, UNTIL_MJD_TDB),
        },
        ROUNDS,
    )
    truth = singly(states)
    final = ours()
    accuracy = judge(peer, names, states, final, truth)
    assist_km = np.linalg.norm((assist() - truth[timed])[:, :3], axis=1)
    kete_km = np.linalg.norm(
        kete.positions_km(kete.propagate(kete_states, UNTIL_MJD_TDB)) - truth[timed, :3], axis=1
    )
    scale = len(states) / len(timed)
    memory_mb = peak_memory_mb("nea_year")
    ours_s = statistics.median(seconds["ours"])
    return [
        Row(
            name=TARGET.name,
            ours_s=ours_s,
            peer=f"ASSIST, adaptive_mode 2, sorted by perihelion, {TOGETHER} a simulation; each "
            f"{EVERY}th simulation timed, scaled",
            peer_s=scale * statistics.median(seconds["assist"]),
            ratio=ratio_of(seconds["ours"], seconds["assist"], scale),
            accuracy=accuracy | _spread(assist_km, "peer_"),
            memory_mb=memory_mb,
        ),
        Row(
            name=KETE_TARGET.name,
            ours_s=ours_s,
            peer=f"kete, one thread, no asteroids, no screen; {len(timed)} objects timed, scaled",
            peer_s=scale * statistics.median(seconds["kete"]),
            ratio=ratio_of(seconds["ours"], seconds["kete"], scale),
            accuracy=_spread(kete_km, "peer_"),
            memory_mb=memory_mb,
        ),
    ]


def singly(states: Array) -> Array:
    """Final states (N, 6) by ASSIST's default, each object alone; on all cores, not timed."""
    workers = os.cpu_count() or 1
    parts = np.array_split(states, 8 * workers)
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        return np.concatenate(list(pool.map(_singly, parts)))


def _singly(states: Array) -> Array:
    peer = Assist.open()
    return np.concatenate(
        [peer.propagate(state, EPOCH_MJD_TDB, UNTIL_MJD_TDB, DEFAULT) for state in states]
    )


def judge(
    peer: Assist, names: list[str], states: Array, final: Propagation, truth: Array
) -> dict[str, object]:
    """Our errors; whoever is off by more than 0.1 km is named with its closest approach.

    ASSIST's default has the Sun's relativity only. Ours has the Earth's and the Moon's as well, so
    those that it moves are judged by ASSIST with all of them. An encounter magnifies what the
    force models still differ by (the Moon's figure, the Earth's pole, the asteroids' places): those
    inside the Earth's Hill sphere are excused by name, and no others.
    """
    require(bool((final.status == 0).all()), "every object reaches the end, as with ASSIST")
    position_km = final.position_km[-1]
    error_km = np.linalg.norm(position_km - truth[:, :3], axis=1)
    closest_km = np.full(len(names), np.inf)
    np.minimum.at(closest_km, final.encounters.particle, final.encounters.distance_km)
    named: dict[str, dict[str, float | None]] = {}
    astray = []
    for i in np.flatnonzero(~(error_km <= TOLERANCE_KM)):
        full = peer.propagate(states[i], EPOCH_MJD_TDB, UNTIL_MJD_TDB, FULL_RELATIVITY)[0, :3]
        full_km = float(np.linalg.norm(position_km[i] - full))
        near = closest_km[i] < np.inf
        named[names[i]] = {
            "error_km": float(error_km[i]),
            "error_with_all_relativity_km": full_km,
            "closest_km": float(closest_km[i]) if near else None,
        }
        if full_km > TOLERANCE_KM and closest_km[i] > DEEP_KM:
            astray.append(names[i])
    figures = {name: named[name] for name in astray}
    require(not astray, f"{TOLERANCE_KM} km without a deep encounter: {figures}")
    return {
        "judged_by": "ASSIST, all objects singly, adaptive_mode 1",
        **_spread(error_km, ""),
        "over_0.1_km": named,
    }


def _spread(error_km: Array, prefix: str) -> dict[str, object]:
    return {
        f"{prefix}median_km": float(np.nanmedian(error_km)),
        f"{prefix}p99_km": float(np.nanpercentile(error_km, 99)),
        f"{prefix}largest_km": float(np.nanmax(error_km)),
        f"{prefix}objects_over_0.1_km": int(np.count_nonzero(~(error_km <= TOLERANCE_KM))),
    }
