"""`million`: the memory that a catalogue of a million objects takes."""

from __future__ import annotations

import sys

import numpy as np
from numpy.typing import NDArray

from benchmarks.memory import run_measured
from benchmarks.ours import carry, sun
from benchmarks.peers.orbits import states_of_cometary
from benchmarks.race import Row, Target, require
from perilune.constants import MJD_OF_JD

OBJECTS = 1_000_000
EPOCH_MJD_TDB = 61000.0
DAYS = 64.0

TARGET = Target(
    name="million",
    work=f"a million made-up main-belt and near-Earth orbits for {DAYS:.0f} days, screened for the "
    "Earth and the Moon, all cores; the peak memory of the process counts",
    at_least="≤ 2 GB",
    goal="≤ 1 GB",
)


def our_work() -> None:
    """Make the catalogue part by part, lest its making takes more memory than its propagation."""
    states = np.empty((OBJECTS, 6))
    random = np.random.default_rng(1)
    for part in np.array_split(states, 20):
        part[:] = made_up(random, len(part)) + sun(EPOCH_MJD_TDB)
    final = carry(states, EPOCH_MJD_TDB, [EPOCH_MJD_TDB + DAYS], threads=None)
    require(len(final.status) == OBJECTS, "a row for each object")
    require(bool((final.status <= 1).all()), "every object reached the end or hit a body")


def made_up(random: np.random.Generator, count: int) -> NDArray[np.float64]:
    """Heliocentric states (count, 6): nine main-belt orbits for each near-Earth one."""
    near = random.random(count) < 0.1
    a_au = np.where(near, random.uniform(0.8, 3.0, count), random.uniform(2.1, 3.4, count))
    e = np.where(near, random.uniform(0.0, 0.7, count), random.uniform(0.0, 0.25, count))
    period_d = 365.25 * a_au**1.5
    tp_jd = EPOCH_MJD_TDB + MJD_OF_JD + period_d * random.uniform(-0.5, 0.5, count)
    turns_deg = random.uniform(0.0, 360.0, (2, count))
    i_deg = np.abs(random.normal(0.0, 10.0, count))
    elements = np.stack([e, a_au * (1.0 - e), tp_jd, *turns_deg, i_deg], axis=1)
    return states_of_cometary(elements, EPOCH_MJD_TDB)


def run() -> list[Row]:
    """Measure; there is no peer that takes a million at once."""
    seconds, memory_mb = run_measured([sys.executable, "-m", "benchmarks.memory", "million"])
    return [
        Row(
            name=TARGET.name,
            ours_s=seconds,
            peer=None,
            peer_s=None,
            ratio=None,
            accuracy={"objects": OBJECTS, "days": DAYS},
            memory_mb=memory_mb,
        )
    ]
